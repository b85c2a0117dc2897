"""Tracebacks and chained exceptions as plain data; no frame and no exception is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, Final, NamedTuple, Protocol

from tracer.recorder import safe_inspect
from tracer.recorder.patches import is_wrapper_code
from tracer.recorder.stepping.code_objects import qualified_name
from tracer.recorder.stepping.model_code import is_remote

_HERE: Final = str(Path(__file__).parent)
_IMPORT_SYSTEM: Final = "<frozen importlib"
_FRAMES: Final = 20  # of one traceback, at most
_OUTERMOST: Final = 4  # kept of a longer one, beside the model's own
_INNERMOST: Final = 8
_CHAINED: Final = 5
_DEEPEST: Final = 100_000  # frames walked through
_LINE: Final = 300  # characters of a source line
# An exception that a loop raises and catches thousands of times is described a few times.
_SAME_PLACE: Final = 3
_IN_ALL: Final = 300

_CAUSE: Final = BaseException.__dict__["__cause__"]
_CONTEXT: Final = BaseException.__dict__["__context__"]


class _Texts(Protocol):
    """What is needed of the recording."""

    def clean(self, text: str) -> str: ...

    def source_line(self, filename: str, line: int) -> str: ...

    def message(self, error: BaseException) -> str | None: ...


class _Place(NamedTuple):
    code: CodeType
    line: int


class Tracebacks:
    """Describes exceptions for a trace."""

    def __init__(self, texts: _Texts) -> None:
        self._texts = texts
        self._described: Counter[tuple[int, int, int]] = Counter()

    def first_seen(
        self, error: BaseException, traceback: TracebackType | None, code: CodeType, line: int
    ) -> dict[str, Any]:
        """Return the data for the step at which a stepped function first sees an exception.

        The traceback begins below that function. It is left out where the same place raises again and again.
        """
        place = id(code), line, id(type(error))
        self._described[place] += 1
        if self._described[place] > _SAME_PLACE or len(self._described) > _IN_ALL:
            return {}
        inner = below(traceback or safe_inspect.traceback_of(error))
        facts = self.facts(error, inner)
        if (hidden := _hidden_property(error, inner)) is not None:
            facts["hidden"] = {name: self._texts.clean(text) for name, text in hidden.items()}
        return facts

    def facts(self, error: BaseException, traceback: TracebackType | None) -> dict[str, Any]:
        """Return a traceback, and the exceptions that this one was raised from or while handling."""
        facts: dict[str, Any] = {"traceback": self._frames(traceback)}
        if chained := self._chained(error):
            facts["chained"] = chained
        return facts

    def failure(self, error: BaseException) -> dict[str, Any]:
        """Return everything about an exception that reached the recorder."""
        return {**self._named(error), **self.facts(error, safe_inspect.traceback_of(error))}

    def _named(self, error: BaseException) -> dict[str, Any]:
        name = self._texts.clean(safe_inspect.type_name(type(error)))
        return {"error": name, "message": self._texts.message(error)}

    def _chained(self, error: BaseException) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        seen = {id(error)}
        while len(found) < _CHAINED:
            relation, earlier = "cause", _CAUSE.__get__(error)
            if earlier is None:
                relation, earlier = "context", _CONTEXT.__get__(error)
            if earlier is None or id(earlier) in seen:
                break
            seen.add(id(earlier))
            frames = self._frames(safe_inspect.traceback_of(earlier))
            found.append({"relation": relation, **self._named(earlier), "traceback": frames})
            error = earlier
        return found

    def _frames(self, traceback: TracebackType | None) -> list[list[Any] | None]:
        places = _places(traceback)
        kept = _kept(places)
        frames: list[list[Any] | None] = []
        before = -1
        for index in kept:
            if index > before + 1:
                frames.append(None)
            frames.append(self._frame(places[index]))
            before = index
        return frames

    def _frame(self, place: _Place) -> list[Any]:
        texts, code = self._texts, place.code
        line = texts.source_line(code.co_filename, place.line)
        return [texts.clean(code.co_filename), place.line, texts.clean(qualified_name(code)), line[:_LINE]]


def _hidden_property(error: BaseException, traceback: TracebackType | None) -> dict[str, str] | None:
    """Return the property behind an AttributeError that a module's ``__getattr__`` raised, with the property's class.

    Python drops the AttributeError of a property and asks ``__getattr__``, which says that there is no such attribute.
    """
    if traceback is None or not issubclass(type(error), AttributeError):
        return None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    code = frame.f_code
    if code.co_name != "__getattr__" or code.co_argcount != 2:
        return None
    seen = frame.f_locals  # of a frame that has ended
    owner, name = (seen.get(argument) for argument in code.co_varnames[:2])
    if type(name) is not str:
        return None
    for kind in safe_inspect.mro(type(owner)):
        found = safe_inspect.members(kind).get(name)
        if found is not None:
            named = {"property": name, "class": safe_inspect.type_name(kind)}
            return named if type(found) is property or "cached_property" in safe_inspect.name(type(found)) else None
    return None


def below(traceback: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback below the frame that it begins with, which can be in it several times."""
    if traceback is None:
        return None
    frame = traceback.tb_frame
    while traceback is not None and traceback.tb_frame is frame:
        traceback = traceback.tb_next
    return traceback


def _places(traceback: TracebackType | None) -> list[_Place]:
    """Return code and line of each frame, without those of the recorder and of the import system."""
    places: list[_Place] = []
    while traceback is not None and len(places) < _DEEPEST:
        code = traceback.tb_frame.f_code
        if not (code.co_filename.startswith((_HERE, _IMPORT_SYSTEM)) or is_wrapper_code(code)):
            places.append(_Place(code, traceback.tb_lineno or code.co_firstlineno))
        traceback = traceback.tb_next
    return places


def _kept(places: list[_Place]) -> list[int]:
    """Return the indices of the frames to describe: both ends, and the innermost of the model's own code."""
    count = len(places)
    if count <= _FRAMES:
        return list(range(count))
    kept = {*range(_OUTERMOST), *range(count - _INNERMOST, count)}
    for index in range(count - 1, -1, -1):
        if len(kept) == _FRAMES:
            break
        if is_remote(places[index].code.co_filename):
            kept.add(index)
    for index in range(count - 1, -1, -1):
        if len(kept) == _FRAMES:
            break
        kept.add(index)
    return sorted(kept)
