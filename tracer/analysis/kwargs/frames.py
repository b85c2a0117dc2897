"""What a frame holds of the followed keyword arguments: in which variable, under which key."""

from __future__ import annotations

import ast

import msgspec

from tracer.analysis.kwargs.call_syntax import assigned, called_name, value_sources, walk
from tracer.analysis.kwargs.hops import Hop
from tracer.analysis.locals import LocalsState
from tracer.analysis.syntax import Function
from tracer.trace.steps import Frame, Step
from tracer.trace.values import Config, Mapping, Text, ValueId


class TrackedArgument(msgspec.Struct, eq=False):
    """A keyword argument that is being followed.

    Attributes:
        error: the message of the exception that refused it.
        readings: what constructors read of it out of the configuration, each followed by itself.
        is_reading: whether it is one of those.
    """

    name: str
    origin: str
    value: ValueId
    hops: list[Hop]
    error: str | None = None
    readings: list[TrackedArgument] = []
    is_reading: bool = False

    @property
    def current(self) -> ValueId:
        """Return its latest value, without the one that an overwritten attribute got."""
        values = (stop.value for stop in reversed(self.hops) if stop.what != "overwritten")
        return next((value for value in values if value is not None), self.value)


class TrackedConfig(msgspec.Struct, eq=False):
    """A configuration object that followed arguments were set on.

    Attributes:
        type: its class.
        items: its attributes as last seen.
        arguments_by_attribute: the followed arguments by the attribute that each was set to.
        stored_as: the attribute that holds what is set by another name, of a property or an ``attribute_map``.
    """

    type: str
    items: dict[str, ValueId]
    arguments_by_attribute: dict[str, TrackedArgument] = {}
    stored_as: dict[str, str] = {}

    def is_in(self, type_: str, items: dict[str, ValueId]) -> bool:
        """Return whether a summary can be of this object or a copy of it."""
        if type_ != self.type or not self.arguments_by_attribute.keys() & items.keys():
            return False
        return all(self.items[key] == items[key] for key in self.items.keys() & items.keys())


HeldArguments = dict[str, TrackedArgument]
"""The followed keys of one dictionary."""


class ReturnedDict(msgspec.Struct):
    """A dictionary that a call returned; ``flow`` says whether it is one of :attr:`LiveFrame.flows`."""

    held: HeldArguments
    flow: bool


class LiveFrame(msgspec.Struct, eq=False):
    """A frame whose steps are being followed.

    Attributes:
        step: the step of the statement that is running.
        statement: that statement.
        variables: its local variables.
        held: the followed keys of those dictionaries.
        locals: followed arguments in variables of their own.
        flows: dictionaries that carry the user's keyword arguments; a key added to one is a keyword argument too.
        left: keys that were once in a dictionary and were taken out.
        things: of those, the ones that followed arguments were set on.
        loops: loop variables of ``for key, value in d.items()``: value → (d, key).
        answered: calls of the running statement that a stepped frame answered.
        returned: what the latest of those returned, by position; -1 for a value that is not a tuple.
        built: in the constructor of a module, the variable that holds the module.
        configs: the module's attributes that hold what a variable does, a configuration: attribute → variable.
        stored: the followed arguments that are attributes of the module.
        readings: the followed arguments that were read from a configuration's attribute here.
    """

    frame: Frame
    definition: Function | None
    step: Step
    variables: LocalsState
    statement: ast.stmt | None = None
    held: dict[str, HeldArguments] = {}
    locals: HeldArguments = {}
    flows: set[str] = set()
    left: set[tuple[str, str]] = set()
    tracked_configs: dict[str, TrackedConfig] = {}
    loops: dict[str, tuple[str, str]] = {}
    answered: list[ast.Call] = []
    returned: dict[int, ReturnedDict] = {}
    returned_by: ast.Call | None = None
    built: str | None = None
    configs: dict[str, str] = {}
    stored: HeldArguments = {}
    readings: dict[tuple[str, str], TrackedArgument] = {}

    def key_of(self, node: ast.AST | None) -> str | None:
        """Return the text of an expression, if it is a constant or a variable that holds a text."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self.text(node.id) if isinstance(node, ast.Name) else None

    def text(self, name: str) -> str | None:
        """Return the text that a variable holds."""
        value = self.variables.bound(name)
        return value.value if isinstance(value, Text) else None

    def config_type(self, name: str) -> str | None:
        """Return the class of the configuration object that a variable holds."""
        value = self.variables.bound(name)
        return value.type if isinstance(value, Config) else None

    def dictionary(self, name: str) -> dict[str, ValueId] | None:
        """Return the pairs of the dictionary that a variable holds."""
        return self.variables.pairs(name) if isinstance(self.variables.bound(name), Mapping) else None

    def attributes(self, name: str) -> dict[str, ValueId]:
        """Return the attributes of the configuration object that a variable holds; none where it holds none."""
        return self.variables.pairs(name) if self.config_type(name) is not None else {}

    def tracks_in(self, node: ast.AST | None) -> list[TrackedArgument]:
        """Return the followed arguments that an expression reads."""
        found: list[TrackedArgument] = []
        if not isinstance(node, (ast.expr, ast.stmt)):
            return found
        for part in walk(node):
            track = self._track(part)
            if track is not None and track not in found:
                found.append(track)
        return found

    def possible_tracks(self, expression: ast.expr | None) -> list[tuple[TrackedArgument, bool]]:
        """Return the followed arguments that an expression's value can be, each with whether it must be that one."""
        parts = value_sources(expression)
        found = [(track, len(parts) == 1) for part in parts if (track := self._track(part)) is not None]
        return list(dict(found).items())

    def _track(self, node: ast.AST) -> TrackedArgument | None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in self.loops:
                dictionary, key = self.loops[node.id]
                return self.held.get(dictionary, {}).get(self.text(key) or "")
            return self.locals.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and self.built is not None:
            return self._attribute(node)
        container: ast.expr | None = None
        key_node: ast.AST | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            container, key_node = node.value, node.slice
        elif isinstance(node, ast.Call) and called_name(node) in ("pop", "get") and node.args:
            container, key_node = getattr(node.func, "value", None), node.args[0]
        if not isinstance(container, ast.Name):
            return None
        return self.held.get(container.id, {}).get(self.key_of(key_node) or "")

    def _attribute(self, node: ast.Attribute) -> TrackedArgument | None:
        """Return the followed argument that ``config.x``, ``self.config.x`` or ``self.x`` is in a constructor."""
        owner: str | None = None
        if isinstance(node.value, ast.Name):
            if node.value.id == self.built:
                return self.stored.get(node.attr)
            owner = node.value.id
        elif isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            owner = self.configs.get(node.value.attr) if node.value.value.id == self.built else None
        config = self.tracked_configs.get(owner or "")
        if owner is None or config is None:
            return None
        attribute = config.stored_as.get(node.attr, node.attr)
        track, value = config.arguments_by_attribute.get(attribute), self.attributes(owner).get(attribute)
        if track is None or value is None or value != track.current:
            return None
        if track.is_reading:
            return track
        if (reading := self.readings.get((owner, attribute))) is None:
            reading = TrackedArgument(track.name, track.origin, value, [], is_reading=True)
            self.readings[owner, attribute] = reading
            track.readings.append(reading)
        return reading

    def dictionaries_in(self, node: ast.AST | None) -> list[str]:
        """Return the variables in an expression that hold followed keys or carry keyword arguments."""
        if not isinstance(node, (ast.expr, ast.stmt)):
            return []
        names = [part.id for part in walk(node) if isinstance(part, ast.Name)]
        return [name for name in dict.fromkeys(names) if name in self.held or name in self.flows]

    def popped(self, node: ast.AST | None, dictionary: str, key: str) -> bool:
        """Return whether an expression takes a key out of a dictionary."""
        if not isinstance(node, (ast.expr, ast.stmt)):
            return False
        return any(
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr == "pop"
            and isinstance(part.func.value, ast.Name)
            and part.func.value.id == dictionary
            and bool(part.args)
            and self.key_of(part.args[0]) == key
            for part in walk(node)
        )

    def targets(self) -> tuple[list[ast.expr], ast.expr | None]:
        return assigned(self.statement) if self.statement is not None else ([], None)
