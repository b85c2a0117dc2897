"""Rules for a pass or a generation: inputs that nobody takes, no room to write, a tuple or None instead of more."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.json_rules import READ_BY_THE_LIBRARY
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name, last_name
from tracer.analysis.diagnosis.thrown import in_library, is_own, thrown
from tracer.analysis.syntax import FUNCTIONS
from tracer.trace.events import ModelBuilt, ModelLoaded, Recorded, TracebackFrame

# GenerationMixin._validate_model_kwargs, in 4.44.2 and in 5.23.0
_UNUSED: Final = re.compile(r"^The following `model_kwargs` are not used by the model: \[(?P<names>[^\]]+)\]")
_OF_TOKENIZERS: Final = frozenset(
    {"token_type_ids", "special_tokens_mask", "offset_mapping", "length", "num_truncated_tokens"}
)
"""What a tokenizer can return beside the ids and the mask."""
# GenerationMixin._validate_generated_length, in 4.44.2 and in 5.23.0
_NO_ROOM: Final = re.compile(
    r"^Input length of (?P<name>\w+) is (?P<length>\d+), but `max_length` is set to (?P<most>-?\d+)"
)
_OF_TUPLE: Final = re.compile(r"^'tuple' object has no attribute '(?P<name>\w+)'$")
_OF_NONE: Final = re.compile(r"^'NoneType' object (?:has no attribute '(?P<name>\w+)'|is not subscriptable)")


def inputs_unused(load: RecordedLoad) -> Cause | None:
    """Detect inputs of ``generate`` that the model takes nowhere, as the library itself found."""
    failure = thrown(load)
    match = _UNUSED.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    if failure is None or match is None or (failure.frames and not failure.passes("_validate_model_kwargs")):
        return None
    names = re.findall(r"'(\w+)'", match["names"])
    model = _model(load)
    values: dict[str, Any] = {"names": names, "class": last_name(model.event.class_) if model is not None else "?"}
    values["name"] = names[0] if names else "?"
    seen = Evidence(model.step.number, "model-class", {"class": values["class"]}) if model is not None else None
    remedy = "leave-tokenizer-outputs" if set(names) <= _OF_TOKENIZERS else "leave-generation-inputs"
    certainty: Certainty = "certain" if failure.frames else "likely"
    return Cause("generation-inputs-unused", certainty, load.with_raised(seen), values, remedy)


def no_room(load: RecordedLoad) -> Cause | None:
    """Detect a ``max_length`` that the input alone uses up."""
    failure = thrown(load)
    match = _NO_ROOM.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    if failure is None or match is None:
        return None
    values = {"length": int(match["length"]), "most": int(match["most"])}
    return Cause("generation-no-room", "certain", load.raised(), values, "give-new-tokens")


def tuple_returned(load: RecordedLoad) -> Cause | None:
    """Detect a model of the directory's own whose ``forward`` returns a tuple where ``generate`` reads names."""
    failure = thrown(load)
    match = _OF_TUPLE.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or not failure.frames:
        return None
    reader, model = failure.frames[-1], _model(load)
    if (
        not in_library(reader)
        or "/generation/" not in reader.file.replace("\\", "/")
        or f"outputs.{match['name']}" not in reader.source
    ):
        return None
    if model is None or not is_own(model.event.class_):
        return None
    class_ = last_name(model.event.class_)
    seen = Evidence(model.step.number, "model-class", {"class": class_})
    values = {"class": class_, "name": match["name"], "function": reader.function}
    return Cause("forward-returns-tuple", "certain", load.with_raised(seen), values, "return-output")


def cache_as_tuple(load: RecordedLoad) -> Cause | None:
    """Detect code of the model's own that takes a cache of the library for tuples."""
    failure = thrown(load)
    match = _NO_TUPLE.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    frame = failure.raised_in if failure is not None else None
    if match is None or frame is None or not frame.is_remote or load.release < (5,):
        return None
    values = {
        "class": match["class"],
        "file": file_name(frame.file),
        "line": frame.line,
        "statement": load.statement_of(frame).strip(),
        "release": load.release_text,
    }
    return Cause("cache-as-tuple", "certain", load.raised(), values, "ask-cache")


_NO_TUPLE: Final = re.compile(
    r"^'(?P<class>(?:Dynamic|Static|EncoderDecoder|Quantized)Cache)' object is not (?:subscriptable|iterable)$"
)


def argument_given_twice(load: RecordedLoad) -> Cause | None:
    """Detect a constructor of the model's own that gives the library's an argument which comes in ``**kwargs`` too."""
    failure = thrown(load)
    match = _TWICE.search(failure.text) if failure is not None and failure.error == "TypeError" else None
    frame = failure.raised_in if failure is not None else None
    if match is None or frame is None or not frame.is_remote:
        return None
    try:
        tree = ast.parse(load.statement_of(frame).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    keywords = [{one.arg for one in call.keywords} for call in ast.walk(tree) if isinstance(call, ast.Call)]
    if not any({match["name"], None} <= given for given in keywords):
        return None
    meta = load.trace.meta
    files = [name for name in READ_BY_THE_LIBRARY if match["name"] in (meta.json_object(name) or {})]
    files = [name for name in files if name.startswith("tokenizer") == ("tokenization" in file_name(frame.file))]
    values = {
        "name": match["name"],
        "function": frame.function,
        "file": file_name(frame.file),
        "line": frame.line,
        "there": files[0] if files else None,
    }
    kind = "argument-given-twice" if files else "argument-given-twice-somewhere"
    return Cause(kind, "certain", load.raised(), values, "take-out-of-kwargs")


_TWICE: Final = re.compile(r"got multiple values for keyword argument '(?P<name>\w+)'$")


def argument_is_none(load: RecordedLoad) -> Cause | None:
    """Detect a function of the model's own code that uses an argument which was not given, and is None by default."""
    failure = thrown(load)
    match = (
        _OF_NONE.match(failure.text)
        if failure is not None and failure.name in ("AttributeError", "TypeError")
        else None
    )
    frame = failure.raised_in if failure is not None else None
    if failure is None or match is None or frame is None or not frame.is_remote:
        return None
    function = _function(load, frame)
    names = _used_as(frame, load, match["name"]) if function is not None else []
    given = [name for name in names if function is not None and _is_none_by_default(function, name)]
    if len(given) != 1:
        return None
    values = {
        "name": given[0],
        "function": frame.function,
        "file": file_name(frame.file),
        "line": frame.line,
        "statement": load.statement_of(frame).strip(),
    }
    return Cause("argument-is-none", "likely", load.raised(), values, "give-argument")


def _used_as(frame: TracebackFrame, load: RecordedLoad, attribute: str | None) -> list[str]:
    """Return the variables of which the failing statement reads this attribute, or an item, where there is none."""
    try:
        tree = ast.parse(load.statement_of(frame).strip().rstrip(":") if frame.source else "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        if (attribute is not None and isinstance(node, ast.Attribute) and node.attr == attribute) or (
            attribute is None and isinstance(node, ast.Subscript)
        ):
            found.append(node.value)
    return list(dict.fromkeys(node.id for node in found if isinstance(node, ast.Name)))


def _function(load: RecordedLoad, frame: TracebackFrame) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the function of a frame as it is written, if its file is in the trace."""
    number = next((number for number, path in load.trace.source_paths().items() if path == frame.file), None)
    if number is None:
        return None
    around = [
        node
        for node in ast.walk(load.tree(number))
        if isinstance(node, FUNCTIONS) and node.lineno <= frame.line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _is_none_by_default(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Return whether a function has this parameter, with None by default, and never gives it another value."""
    plain = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(plain) - len(function.args.defaults)) + [*function.args.defaults]
    found = dict(zip((one.arg for one in plain), defaults, strict=True))
    found |= dict(zip((one.arg for one in function.args.kwonlyargs), function.args.kw_defaults, strict=True))
    default = found.get(name)
    written = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return isinstance(default, ast.Constant) and default.value is None and name not in written


def _model(load: RecordedLoad) -> Recorded[ModelLoaded | ModelBuilt] | None:
    found: list[Recorded[ModelLoaded | ModelBuilt]] = load.events(ModelLoaded, ModelBuilt)
    return found[-1] if found else None
