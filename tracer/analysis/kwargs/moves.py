"""What a statement did to the keyword arguments in its frame, judged by its text and by what changed."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Final, Protocol

from tracer.analysis.kwargs.call_syntax import (
    COPIES,
    always_evaluated,
    assigned,
    called_name,
    calls,
    is_copy_of,
    loop_over_items,
    spread_names,
    target_position,
    walk,
    walrus_value,
)
from tracer.analysis.kwargs.frames import HeldArguments, LiveFrame, TrackedArgument, TrackedConfig
from tracer.analysis.kwargs.hops import HopKind
from tracer.text.visible import one_line
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Items, Step, Unbound
from tracer.trace.values import Class, Config, Mapping, Module, ValueId


class RecordHop(Protocol):
    """Add a hop to the path of an argument."""

    def __call__(
        self, live: LiveFrame, track: TrackedArgument, what: HopKind, where: str = "", value: ValueId | None = None
    ) -> None: ...


class MoveTracker:
    def __init__(
        self, trace: Trace, record_hop: RecordHop, put_in: Callable[[LiveFrame, str, ValueId, str], TrackedArgument]
    ) -> None:
        self._trace = trace
        self._record_hop = record_hop
        self._put_in = put_in
        self._configs: list[TrackedConfig] = []
        self.in_json: set[str] = set()  # the keys of config.json

    def apply(self, live: LiveFrame, step: Step) -> None:
        """Apply what the frame's running statement changed until this step."""
        done = step.event not in ("raise", "unwind")
        in_place = [change for change in step.changes if isinstance(change, Items)]
        removed = {
            (items.name, key): track
            for items in in_place
            for key in items.removed
            if (track := live.held.get(items.name, {}).get(key)) is not None
        }
        live.variables.apply(step.number, in_place)
        if live.statement is not None and done:
            self._into_configs(live, {items.name: {**items.added, **items.changed} for items in in_place})
            self._into_plain_calls(live)
            if live.built is not None:
                self._into_module(live, live.built)
        for items in in_place:
            if items.name in live.tracked_configs:
                self._overwrite(live, live.tracked_configs[items.name], {**items.added, **items.changed})
        puts = [
            (items.name, key, value)
            for items in in_place
            for key, value in (*items.added.items(), *items.changed.items())
        ]
        origins = [self._source_of(live, key, value) for _, key, value in puts]  # before the argument moves
        for change in step.changes:
            if isinstance(change, Bound):
                self._bound(live, step, change, removed)
        for (name, key), track in removed.items():
            self._took(live, name, key, track)
        for (name, key, value), origin in zip(puts, origins, strict=True):
            if live.dictionary(name) is not None:
                self._put(live, name, key, value, origin)
        for change in step.changes:
            if isinstance(change, Unbound):
                self._forget(live, change.name)
                live.variables.apply(step.number, [change])
        if done and live.built is not None:
            self._read_configs(live)
        if done and live.statement is not None and (loop := loop_over_items(live.statement)) is not None:
            dictionary, key_variable, value_variable = loop
            live.loops[value_variable] = (dictionary, key_variable)

    def bind(self, live: LiveFrame, step: Step, change: Bound) -> None:
        """Let a variable have a new value, which is not followed yet."""
        self._forget(live, change.name)
        live.variables.apply(step.number, [change])
        value = self._trace.value(change.value)
        if isinstance(value, Config):
            items = dict(value.items)
            for config in self._configs:
                if config.is_in(value.type, items):
                    live.tracked_configs[change.name] = config

    # ── variables ───────────────────────────────────────────────────────────────────────────────────

    def _bound(
        self, live: LiveFrame, step: Step, change: Bound, removed: dict[tuple[str, str], TrackedArgument]
    ) -> None:
        name = change.name
        expression = self._assigned(live, name)
        was = live.locals.get(name)
        before = live.variables.number(name)
        read, possible = live.tracks_in(expression), live.possible_tracks(expression)
        passed_on = list(live.locals.values())
        if isinstance(self._trace.value(change.value), Mapping):
            held, flow = self._arriving(live, change, removed)
            self.bind(live, step, change)
            if held:
                live.held[name] = held
            if flow:
                live.flows.add(name)
            if was is None or held or not (name == was.name or was in read):
                return  # else a followed argument that became a dictionary, as a device map does
        else:
            self.bind(live, step, change)
        if was is not None and (name == was.name or was in read):
            live.locals[name] = was
            if before != change.value:
                self._record_hop(live, was, "changed-value", name, change.value)
            return
        for track, certain in possible:
            read_only = any(isinstance(node, ast.Call) and called_name(node) == "get" for node in walk(expression))
            known = track in passed_on or track.is_reading
            if (certain and read_only) or (known and change.value == track.current):
                live.locals[name] = track
                what: HopKind = "read" if read_only or track not in passed_on else "renamed"
                self._record_hop(live, track, what, name, change.value)
                return

    @staticmethod
    def _assigned(live: LiveFrame, name: str) -> ast.expr | None:
        """Return the expression that the running statement assigns to a variable."""
        node = live.statement
        if node is None:
            return None
        return assigned(node)[1] or walrus_value(node, name)

    def _arriving(
        self, live: LiveFrame, change: Bound, removed: dict[tuple[str, str], TrackedArgument]
    ) -> tuple[HeldArguments, bool]:
        """Return the followed keys of a dictionary bound to a variable, and whether it carries keyword arguments."""
        value = self._trace.value(change.value)
        content = dict(value.items) if isinstance(value, Mapping) else {}
        node = live.statement
        place = target_position(node, change.name) if node is not None else None
        if place is not None and place in live.returned:
            given = live.returned[place]
            held = {key: track for key, track in given.held.items() if key in content}
            if given.flow:
                for track in held.values():
                    self._record_hop(live, track, "came-back", change.name)
            return held, given.flow
        _, expression = live.targets()
        held, flow = {}, False
        for source in live.dictionaries_in(expression):
            whole = is_copy_of(expression, source)
            flow = flow or (whole and source in live.flows)
            for key, track in live.held.get(source, {}).items():
                if key in content and (whole or (source, key) in removed):
                    held[key] = track
                    self._record_hop(live, track, "taken-out" if (source, key) in removed else "copied", change.name)
        if isinstance(expression, ast.Dict):
            held.update(self._displayed(live, expression, change.name))
        return held, flow

    def _displayed(self, live: LiveFrame, expression: ast.Dict, name: str) -> HeldArguments:
        held: HeldArguments = {}
        for key_node, item in zip(expression.keys, expression.values, strict=False):
            key = live.key_of(key_node)
            if key is not None and isinstance(item, (ast.Name, ast.Subscript)):
                for track in live.tracks_in(item):
                    held[key] = track
                    self._record_hop(live, track, "copied", f'{name}["{key}"]')
        return held

    # ── out of a dictionary, and into one ───────────────────────────────────────────────────────────

    def _took(self, live: LiveFrame, name: str, key: str, track: TrackedArgument) -> None:
        """Record that a key left a dictionary: for a variable, for an attribute, or for nothing."""
        live.left.add((name, key))
        live.held.get(name, {}).pop(key, None)
        if track.hops and track.hops[-1].step == live.step.number and track.hops[-1].what in _TAKEN:
            return  # this hop already records how it left
        node = live.statement
        taker = self._taker(live, name, key)
        if taker is None and not isinstance(node, ast.Delete) and not live.popped(node, name, key):
            self._record_hop(live, track, "taken-out")  # by a function that was given the dictionary itself
        elif taker is None or (isinstance(taker, ast.Name) and taker.id == "_"):
            self._record_hop(live, track, "dropped", name)
        elif isinstance(taker, ast.Subscript):
            return  # recorded where it is put
        elif isinstance(taker, ast.Name):
            if live.variables.number(taker.id) is not None:
                live.locals[taker.id] = track
            self._record_hop(live, track, "taken-out", taker.id, live.variables.number(taker.id))
        else:
            self._record_hop(live, track, "taken-out", ast.unparse(taker))

    @staticmethod
    def _taker(live: LiveFrame, name: str, key: str) -> ast.expr | None:
        """Return the target that the running statement assigns a key to while taking it out."""
        targets, expression = live.targets()
        if targets and live.popped(expression, name, key):
            return targets[0]
        node = live.statement
        for part in walk(node):
            if isinstance(part, ast.NamedExpr) and live.popped(part.value, name, key):
                return part.target
        return None

    def _put(self, live: LiveFrame, name: str, key: str, value: ValueId, read: TrackedArgument | None) -> None:
        present = live.held.get(name, {}).get(key)
        if read is not None and read is not present:
            back = (name, key) in live.left or (name in live.flows and read.name == key)
            what: HopKind = "put-back" if back else "copied" if key == read.name else "renamed"
            self._record_hop(live, read, what, f'{name}["{key}"]', value)
            live.held.setdefault(name, {})[key] = read
        elif present is not None:
            self._record_hop(live, present, "changed-value", f'{name}["{key}"]', value)
        elif name in live.flows:
            live.held.setdefault(name, {})[key] = self._put_in(live, key, value, name)

    @staticmethod
    def _source_of(live: LiveFrame, key: str, value: ValueId) -> TrackedArgument | None:
        """Return the followed argument that a statement put under a key."""
        targets, expression = live.targets()
        node = live.statement
        given = [expression] if targets else []
        for call in calls(node) if not targets else []:
            if called_name(call) == "setdefault" and len(call.args) == 2 and live.key_of(call.args[0]) == key:
                given.append(call.args[1])
            elif called_name(call) == "update":
                given.extend(keyword.value for keyword in call.keywords if keyword.arg == key)
                for source in live.dictionaries_in(call):
                    track = live.held.get(source, {}).get(key)
                    if track is not None and track.current == value:
                        return track
        for expression in given:
            for track, certain in live.possible_tracks(expression):
                if certain or track.current == value:
                    return track
        return None

    # ── into objects, and into functions that are not stepped ───────────────────────────────────────

    def _into_configs(self, live: LiveFrame, changed: dict[str, dict[str, ValueId]]) -> None:
        node = live.statement
        targets, expression = live.targets()
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                self._set_on(live, target.value.id, target.attr, live.possible_tracks(expression), changed)
        for call in calls(node):
            if called_name(call) == "setattr" and len(call.args) == 3 and isinstance(call.args[0], ast.Name):
                key, tracks = live.key_of(call.args[1]), live.possible_tracks(call.args[2])
                self._set_on(live, call.args[0].id, key, tracks, changed)

    def _set_on(
        self,
        live: LiveFrame,
        variable: str,
        attribute: str | None,
        tracks: list[tuple[TrackedArgument, bool]],
        changed: dict[str, dict[str, ValueId]],
    ) -> None:
        config_type = live.config_type(variable)
        if config_type is None or attribute is None:
            return
        value = live.attributes(variable).get(attribute)
        for track, certain in tracks:
            if track is live.readings.get((variable, attribute)):
                continue  # the attribute that it was read from
            if certain or value == track.current:
                owner = config_type.rpartition(".")[2]
                self._record_hop(live, track, "became-config", f"{owner}.{attribute}", value)
                self._follow_on(live, variable, attribute, track, changed.get(variable, {}))
                return

    def _follow_on(
        self, live: LiveFrame, variable: str, attribute: str, track: TrackedArgument, changed: dict[str, ValueId]
    ) -> None:
        """Watch the attribute that it was set to; a property can store it under another name."""
        items = live.attributes(variable)
        thing = live.tracked_configs.get(variable)
        if thing is None:
            thing = live.tracked_configs[variable] = TrackedConfig(live.config_type(variable) or "", dict(items))
            self._configs.append(thing)
        thing.items.update(items)
        for name in (
            [attribute] if attribute in items else [key for key, now in changed.items() if now == track.current]
        ):
            thing.arguments_by_attribute[name] = track
            if name != attribute:
                thing.stored_as[attribute] = name

    def _overwrite(self, live: LiveFrame, thing: TrackedConfig, changed: dict[str, ValueId]) -> None:
        """Record attributes that lost the values which followed arguments had given them."""
        owner = thing.type.rpartition(".")[2]
        read = live.tracks_in(live.statement) if live.statement is not None else []
        for name, value in changed.items():
            track, before = thing.arguments_by_attribute.get(name), thing.items.get(name)
            thing.items[name] = value
            if track is None or track in read or value == before:
                continue  # a value derived from it does not overwrite it
            if value != track.current:
                self._record_hop(live, track, "overwritten", f"{owner}.{name}", value)
                key = self._key_set(live)
                track.hops[-1].by = key if key in self.in_json else ""
            elif track.hops[-1].what == "overwritten":
                self._record_hop(live, track, "became-config", f"{owner}.{name}", value)

    @staticmethod
    def _key_set(live: LiveFrame) -> str:
        """Return the key in ``setattr(object, key, value)``."""
        node = live.statement
        keys = (call.args[1] for call in calls(node) if called_name(call) == "setattr" and len(call.args) == 3)
        return next((text for key in keys if (text := live.key_of(key))), "")

    # ── from the configuration into modules ─────────────────────────────────────────────────────────

    def _into_module(self, live: LiveFrame, module: str) -> None:
        """Record arguments that a constructor made attributes of its module, and where it keeps its configuration."""
        targets, expression = live.targets()
        kind = live.variables.bound(module)
        owner = kind.type.rpartition(".")[2] if isinstance(kind, Module) else "?"
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == module:
                live.stored.pop(target.attr, None)
                live.configs.pop(target.attr, None)
                if isinstance(expression, ast.Name) and expression.id in live.tracked_configs:
                    live.configs[target.attr] = expression.id
                for track, certain in live.possible_tracks(expression):
                    if certain and not isinstance(live.statement, ast.AugAssign):
                        live.stored[target.attr] = track
                        self._record_hop(live, track, "stored", f"{owner}.{target.attr}")
        node = live.statement
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and call not in live.answered and ast.unparse(call.func) == "super().__init__":
            # The library's models keep the configuration that their constructor gets.
            given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "config")]
            if given and isinstance(given[0], ast.Name) and given[0].id in live.tracked_configs:
                live.configs["config"] = given[0].id

    def _read_configs(self, live: LiveFrame) -> None:
        """Record the reads of a configuration's attributes that nothing else has recorded."""
        for node in always_evaluated(live.statement):
            if not isinstance(node, ast.Attribute):
                continue
            for track in live.tracks_in(node):
                here = (live.step.number, live.frame.number)
                if track.is_reading and not any((hop.step, hop.frame) == here for hop in track.hops[-_LATEST:]):
                    self._record_hop(live, track, "read-config", ast.unparse(node))

    def _into_plain_calls(self, live: LiveFrame) -> None:
        """Record arguments passed by ``f(**kwargs)`` and ``f(name=value)`` to functions that are not stepped."""
        node = live.statement
        for call in calls(node):
            if call in live.answered or called_name(call) in COPIES:
                continue
            for name in spread_names(call):
                for key, track in live.held.get(name, {}).items():
                    self._handed(live, call, track, key)
            if called_name(call) not in _BUILT_IN:
                for argument in call.args:
                    if isinstance(argument, ast.Name) and (given := live.locals.get(argument.id)) is not None:
                        self._handed(live, call, given, argument.id)
                    elif isinstance(argument, ast.Attribute):
                        for track in live.tracks_in(argument):
                            self._handed(live, call, track, argument.attr)
            for keyword in call.keywords:
                if keyword.arg is not None and isinstance(keyword.value, (ast.Name, ast.Attribute)):
                    for track in live.tracks_in(keyword.value):
                        self._handed(live, call, track, keyword.arg)

    def _handed(self, live: LiveFrame, call: ast.Call, track: TrackedArgument, parameter: str) -> None:
        if track.is_reading and not any(part is call for part in always_evaluated(live.statement)):
            return
        callee = one_line(ast.unparse(call.func), 80)
        first, dot, rest = callee.partition(".")
        value = live.variables.bound(first)
        constructs = isinstance(value, Class) and not dot
        if isinstance(value, Class):
            callee = f"{value.name}.{rest or '__init__'}"
        elif isinstance(value, (Config, Module)) and dot:
            callee = f"{value.type.rpartition('.')[2]}.{rest}"
        self._record_hop(live, track, "reached-constructor" if constructs else "handed-on", f"{callee}({parameter})")

    @staticmethod
    def _forget(live: LiveFrame, name: str) -> None:
        for followed in (live.held, live.locals, live.tracked_configs, live.loops):
            followed.pop(name, None)
        live.flows.discard(name)


_BUILT_IN: Final = frozenset({*dir(builtins), "get", "pop", "setdefault", "items", "info", "warning", "warning_once"})
_LATEST: Final = 8  # hops of one argument at one statement, at most
_TAKEN: Final = ("taken-out", "became-config", "renamed")
