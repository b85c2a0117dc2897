"""Follow keyword arguments through a call, frame by frame: from each call into its callee and back."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Final

from tracer.analysis.kwargs.call_syntax import (
    arguments,
    call_of,
    calls,
    constant_defaults,
    spread_names,
)
from tracer.analysis.kwargs.frames import HeldArguments, LiveFrame, ReturnedDict, TrackedArgument
from tracer.analysis.kwargs.hops import LIBRARY, USER, Hop, HopKind
from tracer.analysis.kwargs.moves import MoveTracker
from tracer.analysis.loading_calls import LoadingCall
from tracer.analysis.locals import LocalsState
from tracer.analysis.syntax import SyntaxTrees
from tracer.trace.events import ConfigRead, event_of
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Frame, Step
from tracer.trace.values import Class, Config, Exception_, Module, Plain, Text, ValueId

_REFUSALS: Final = re.compile(
    r"([\w.<>]{1,200})\(\) got (?:an unexpected keyword argument|multiple values for (?:keyword )?argument)"
    r" '([^']{1,200})'"
)


class ArgumentFollower:
    """Follow the keyword arguments of one loading call.

    ``before`` is called at each line, with what the frame holds before it runs.
    """

    def __init__(self, trace: Trace, call: LoadingCall, before: Callable[[LiveFrame], None] | None = None) -> None:
        self._before = before
        self._trace = trace
        self._call = call
        self._sources = SyntaxTrees(trace)
        self._paths = trace.source_paths()
        self._frames: dict[int, LiveFrame] = {}
        self._tracks: dict[str, TrackedArgument] = {}
        self._mover = MoveTracker(trace, self.record_hop, self.made_by_library)

    def follow(self) -> list[TrackedArgument]:
        """Return the followed arguments: the user's first, then the library's, each in the order of appearance."""
        for step in self._trace.steps(self._call.step, self._call.last + 1):
            if step.frame is not None and step.event is not None:
                self._take_step(step, step.frame)
        return sorted(self._tracks.values(), key=lambda track: track.origin != USER)

    def record_hop(
        self, live: LiveFrame, track: TrackedArgument, what: HopKind, where: str = "", value: ValueId | None = None
    ) -> None:
        """Add a hop: what the frame's running statement did with an argument."""
        step, syntax = live.step, self._sources(live.step.source)
        text = syntax.one_line(live.statement) if syntax is not None and live.statement is not None else ""
        path = self._paths.get(step.source) if step.source is not None else None
        track.hops.append(
            Hop(
                step.number, live.frame.number, step.stage, live.frame.function, path, step.line, what, where,
                track.current if value is None else value, text,
            )
        )  # fmt: skip

    def made_by_library(self, live: LiveFrame, key: str, value: ValueId, where: str) -> TrackedArgument:
        """Return the keyword argument that the library added; a known one of this name continues."""
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = TrackedArgument(key, LIBRARY, value, [])
        self.record_hop(live, track, "put-in", where, value)
        return track

    def _take_step(self, step: Step, number: int) -> None:
        if (read := event_of(step, ConfigRead)) is not None:
            self._mover.in_json.update(read.keys)
        if step.event == "call":
            frame = self._trace.frame(number)
            if number == self._call.frame:
                self._enter_first(frame, step)
            elif frame.parent is not None and frame.parent in self._frames:
                self._enter(frame, step, self._frames[frame.parent])
            return
        live = self._frames.get(number)
        if live is None:
            return
        self._mover.apply(live, step)
        if step.event == "line":
            live.step = step
            live.statement = self._sources.statement(step.source, step.line)
            live.answered, live.returned, live.returned_by = [], {}, None
            if self._before is not None:
                self._before(live)
        elif step.event == "raise":
            self._raised(live, step)
            live.statement = None  # it did not complete
        elif step.event in ("return", "unwind"):
            self._leave(live, step)

    # ── into a call ─────────────────────────────────────────────────────────────────────────────────

    def _enter_first(self, frame: Frame, step: Step) -> None:
        live = self._live(frame, step)
        name = _keywords_name(live)
        for key, value in (live.dictionary(name) or {}).items():
            track = self._tracks[key] = TrackedArgument(key, USER, value, [])
            self.record_hop(live, track, "given", name, value)
            live.held.setdefault(name, {})[key] = track
        live.flows.add(name)
        for parameter, value in self._named(live, name):
            track = self._tracks[parameter] = TrackedArgument(parameter, USER, value, [])
            self.record_hop(live, track, "given", parameter, value)
            live.locals[parameter] = track

    def _named(self, live: LiveFrame, collects: str) -> list[tuple[str, ValueId]]:
        """Return the named parameters that differ from their constant default, and so were given."""
        defaults = constant_defaults(live.definition)
        found = []
        for name, number in live.variables.numbers().items():
            value = self._trace.value(number)
            known = name != collects and name in defaults
            if known and not (isinstance(value, (Plain, Text)) and value.value == defaults[name]):
                found.append((name, number))
        return found

    def _enter(self, frame: Frame, step: Step, caller: LiveFrame) -> None:
        live = self._live(frame, step)
        node = caller.statement
        call = call_of(node, frame.function)
        if call is not None:
            caller.answered.append(call)
        arrived = False
        made = arguments(call, live.definition) if call is not None else {}
        handed = (
            spread_names(call) if call is not None else [name for inner in calls(node) for name in spread_names(inner)]
        )
        collects = _keywords_name(live)
        label = self._label(live)
        if set(handed) & caller.flows:
            live.flows.add(collects)
        for name, value in live.variables.numbers().items():
            if name != collects and (track := self._given(caller, made, handed, name, value)) is not None:
                live.locals[name] = track
                self._arrived(caller, track, live, label, name, value)
                arrived = True
        for key, value in (live.dictionary(collects) or {}).items():
            track = self._given(caller, made, handed, key, value)
            if track is None and live.flows and key in made:
                track = self.made_by_library(caller, key, value, f"{label}({key})")
            elif track is not None:
                self._arrived(caller, track, live, label, f"**{collects}", value)
                arrived = True
            if track is not None:
                live.held.setdefault(collects, {})[key] = track
        if call is None and arrived:  # by a function that is not stepped
            caller.answered.extend(inner for inner in calls(node) if spread_names(inner))

    def _given(
        self, caller: LiveFrame, made: dict[str, ast.expr], handed: list[str], key: str, value: ValueId
    ) -> TrackedArgument | None:
        """Return the followed argument that arrived under this name, written in the call or inside ``**name``."""
        if key in made:
            found = [track for track in caller.tracks_in(made[key]) if not track.is_reading]
            # What constructors hand on is compared: the expression can be a calculation with it.
            readings = (track for track, _ in caller.possible_tracks(made[key]) if track.is_reading)
            return next(iter([*found, *(track for track in readings if track.current == value)]), None)
        for name in handed:
            track = caller.held.get(name, {}).get(key)
            if track is not None and (caller.dictionary(name) or {}).get(key, value) == value:
                return track
        return None

    def _arrived(
        self, caller: LiveFrame, track: TrackedArgument, callee: LiveFrame, label: str, parameter: str, value: ValueId
    ) -> None:
        what: HopKind = "reached-constructor" if label.endswith(".__init__") else "handed-on"
        self.record_hop(caller, track, what, f"{label}({parameter})", value)
        track.hops[-1].callee = callee.frame.number

    # ── and back ────────────────────────────────────────────────────────────────────────────────────

    def _leave(self, live: LiveFrame, step: Step) -> None:
        self._frames.pop(live.frame.number, None)
        caller = self._frames.get(live.frame.parent) if live.frame.parent is not None else None
        if step.event != "return" or caller is None or live.statement is None:
            return
        node = live.statement
        if not isinstance(node, ast.Return) or node.value is None:
            return
        caller.returned_by = call_of(caller.statement, live.frame.function)
        caller.returned = self._returned(live, node.value)

    def _returned(self, live: LiveFrame, value: ast.expr) -> dict[int, ReturnedDict]:
        if isinstance(value, ast.Call):
            return live.returned if live.returned_by is value else {}
        parts = list(enumerate(value.elts)) if isinstance(value, ast.Tuple) else [(-1, value)]
        return {
            index: ReturnedDict(live.held.get(part.id, {}), part.id in live.flows)
            for index, part in parts
            if isinstance(part, ast.Name) and (part.id in live.held or part.id in live.flows)
        }

    def _raised(self, live: LiveFrame, step: Step) -> None:
        """Record that an exception which names an argument refused it, in the frame that holds the argument."""
        error = self._trace.value(step.value) if step.value is not None else None
        if not isinstance(error, Exception_) or not error.message:
            return
        held: HeldArguments = {key: track for keys in live.held.values() for key, track in keys.items()}
        held.update(live.locals)
        node = live.statement
        refused = _REFUSALS.search(error.message) if error.type == "TypeError" else None
        if refused is not None and not live.answered:
            names = [refused.group(2)]
        elif isinstance(node, ast.Raise):
            names = [name for name in held if re.search(rf"[`'\"]{re.escape(name)}[`'\"=]", error.message)]
        else:
            return
        for name in names:
            track = held.get(name)
            if track is not None and track.error != (message := f"{error.type}: {error.message}"):
                track.error = message
                self.record_hop(
                    live, track, "refused", refused.group(1) if refused is not None else live.frame.function
                )

    # ── frames ──────────────────────────────────────────────────────────────────────────────────────

    def _live(self, frame: Frame, step: Step) -> LiveFrame:
        syntax = self._sources(frame.source)
        live = LiveFrame(frame, syntax.function(frame) if syntax is not None else None, step, LocalsState(self._trace))
        for change in step.changes:
            if isinstance(change, Bound):
                self._mover.bind(live, step, change)
        live.built = _built(live)
        self._frames[frame.number] = live
        return live

    def _label(self, live: LiveFrame) -> str:
        """Return the function's name with the class that it was called on, not the one that defines it."""
        owner, _, name = live.frame.function.rpartition(".")
        for receiver in ("cls", "self"):
            value = live.variables.bound(receiver)
            if isinstance(value, Class):
                owner = value.name
            elif isinstance(value, (Config, Module)):
                owner = value.type.rpartition(".")[2]
        return f"{owner}.{name}" if owner else name


def _built(live: LiveFrame) -> str | None:
    """Return the variable that holds the module which a frame constructs; None if it constructs none."""
    if live.definition is None or live.definition.name != "__init__":
        return None
    parameters = [*live.definition.args.posonlyargs, *live.definition.args.args]
    first = parameters[0].arg if parameters else ""
    return first if isinstance(live.variables.bound(first), Module) else None


def _keywords_name(live: LiveFrame) -> str:
    """Return the name of the parameter that collects keyword arguments; empty if there is none."""
    if live.definition is None:
        return "kwargs" if live.dictionary("kwargs") is not None else ""
    collects = live.definition.args.kwarg
    return collects.arg if collects is not None else ""
