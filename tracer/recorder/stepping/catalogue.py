"""From a code object to the target it belongs to, asked once for each code object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tracer.recorder import raw
from tracer.recorder.stepping.names import qualified_name
from tracer.recorder.stepping.stepped_frame import Probe
from tracer.recorder.targets import BY_FUNCTION, CONFIG_INIT, NAMES, Target, tail

_REMOTE = "/transformers_modules/"
_NO_PROBES: dict[str, Probe] = {}


class Entry(NamedTuple):
    target: Target
    probes: Mapping[str, Probe]


class Catalogue:
    """Knows the targets that were met.

    Args:
        probes: by the target's function (or simple name) and frame event, what adds meaning.
        on_new_file: called when a target of a file not met before is about to run: that module is loaded now.
    """

    def __init__(self, probes: Mapping[str, Mapping[str, Probe]], on_new_file: Callable[[], None]) -> None:
        self.names = NAMES
        self.files: set[str] = set()
        self._probes = probes
        self._on_new_file = on_new_file
        self._known: dict[int, tuple[CodeType, Entry | None]] = {}  # the code is kept, or its id could be reused

    def find(self, frame: FrameType) -> Entry | None:
        """The entry of the frame's function, or None for one that is not stepped."""
        code = frame.f_code
        known = self._known.get(id(code))
        if known is None:
            entry = self._look_up(code, frame)
            self._known[id(code)] = (code, entry)
            if entry is not None and code.co_filename not in self.files:
                self.files.add(code.co_filename)
                self._on_new_file()
            return entry
        return known[1]

    def _look_up(self, code: CodeType, frame: FrameType) -> Entry | None:
        target = self._target(code, frame)
        if target is None:
            return None
        probes = self._probes.get(target.function) or self._probes.get(code.co_name) or _NO_PROBES
        return Entry(target, probes)

    def _target(self, code: CodeType, frame: FrameType) -> Target | None:
        ending = tail(code.co_filename)
        if ending:
            target = BY_FUNCTION.get((ending, qualified_name(code)))
            if target is not None:
                return target
        if code.co_name != "__init__":
            return None
        remote = _REMOTE in code.co_filename.replace("\\", "/")
        built_in = ending.startswith("transformers/models/") and "/configuration_" in ending
        return _initialiser(code, frame.f_locals) if remote or built_in else None


def _initialiser(code: CodeType, variables: Mapping[str, Any]) -> Target | None:
    """The target for the ``__init__`` of a configuration class."""
    if not code.co_argcount:
        return None
    bases = {raw.name(base) for base in raw.mro(type(variables.get(code.co_varnames[0])))}
    if bases & {"PretrainedConfig", "PreTrainedConfig"}:
        return CONFIG_INIT._replace(file=code.co_filename, function=qualified_name(code))
    return None
