"""From a code object to the target it belongs to, looked up once for each code object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import NamedTuple

from tracer.recorder.stepping.code_objects import (
    arguments_of,
    qualified_name,
    reads_its_locals,
    reads_others_locals,
)
from tracer.recorder.stepping.model_code import ModelCode, is_remote
from tracer.recorder.stepping.stepped_frame import Probe
from tracer.recorder.stepping.targets import BY_FUNCTION, NAMES, Target, tail

_NO_PROBES: dict[str, Probe] = {}


class TargetEntry(NamedTuple):
    """A target with its probes. ``opaque``: whether its local variables must not be read while it runs."""

    target: Target
    probes: Mapping[str, Probe]
    opaque: bool = False


class TargetIndex:
    """Finds the target of a code object, and remembers it.

    Args:
        probes: the probes by the target's function (or simple name) and frame event.
        model_code: the model's own code, which is known only once the model is built.
        on_new_file: called with a file when one of its targets is about to run for the first time: it is loaded now.
        on_opaque: called with a function of which only call and return are stepped, and whether the reason is its file:
            remote code that may read the locals of any function in it. If not, the function reads its own.
    """

    def __init__(
        self,
        probes: Mapping[str, Mapping[str, Probe]],
        model_code: ModelCode,
        on_new_file: Callable[[str], None],
        on_opaque: Callable[[CodeType, bool], None],
    ) -> None:
        self.names = NAMES
        self.model_code = model_code
        self.files: set[str] = set()
        self._probes = probes
        self._on_new_file = on_new_file
        self._on_opaque = on_opaque
        self._known: dict[int, tuple[CodeType, TargetEntry | None]] = {}  # the code is kept, or its id could be reused

    def may_match(self, code: CodeType) -> bool:
        """Return whether the code may be a target; the name alone rules most code out."""
        return code.co_name in self.names or code.co_filename in self.model_code.files

    def lookup(self, frame: FrameType) -> TargetEntry | None:
        """Return the entry of the frame's function, or None for an execution that is not stepped."""
        code = frame.f_code
        known = self._known.get(id(code))
        entry = known[1] if known is not None else self._add(code, frame)
        if entry is not None and entry.target.in_model and not self.model_code.may_step(code):
            return None
        return entry

    def forget_misses(self) -> None:
        """Forget the functions that were no targets: the model's own code has become known."""
        self._known = {key: known for key, known in self._known.items() if known[1] is not None}

    def _add(self, code: CodeType, frame: FrameType) -> TargetEntry | None:
        entry = self._entry_for(code, frame)
        self._known[id(code)] = (code, entry)
        if entry is not None and code.co_filename not in self.files:
            self.files.add(code.co_filename)
            self._on_new_file(code.co_filename)
        return entry

    def _entry_for(self, code: CodeType, frame: FrameType) -> TargetEntry | None:
        ending = tail(code.co_filename)
        target = BY_FUNCTION.get((ending, qualified_name(code))) if ending else None
        needs_arguments = code.co_name in ("__init__", "from_pretrained")  # it matters what they are called on
        target = target or self.model_code.target(code, arguments_of(frame) if needs_arguments else {})
        if target is None:
            return None
        probes = self._probes.get(target.function) or self._probes.get(code.co_name) or _NO_PROBES
        own = reads_its_locals(code)
        opaque = own or (is_remote(code.co_filename) and reads_others_locals(code.co_filename))
        if opaque:
            self._on_opaque(code, not own)
        return TargetEntry(target, probes, opaque)
