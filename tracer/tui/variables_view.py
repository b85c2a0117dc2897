"""The variables pane: the frame's variables and its callers' as they were at the step, with what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tracer.analysis.locals import FrameState, Local, LocalChange
from tracer.analysis.syntax import header_names
from tracer.i18n import NP_, Lang, tr
from tracer.text.visible import visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.steps import Frame
from tracer.tui.player_state import PinnedValue, PlayerState, VariablePath, inside
from tracer.tui.step_text import local_text, number_text, value_text
from tracer.tui.step_view import StepView

_MOST = 200  # pairs of a container that are listed
_FEW = 12  # of one that opens by itself, because a step changed it: the changed ones are the first
_OTHERS: Final[VariablePath] = ("…",)  # no variable has this name, nor those that follow
_REST: Final = object()  # the data of the line that leads to the rest of a container
_PINNED: Final = "★"
_CALLER: Final = "↑"
_MARKS = {"new": "+", "changed": "~", "deleted": "-", "": " "}


class VariableNode(NamedTuple):
    """What a node of the tree shows: its path, its value, and its change, or for a caller its frame."""

    path: VariablePath
    value: v.Value | None = None
    more: LocalChange | Frame | None = None


class VariablesView(Tree[object], StepView):
    """A tree of the variables, dictionaries key by key.

    First what is pinned; then the frame's variables that the statement at the step names, those that the step changed,
    and the others, folded; then the callers', folded.
    """

    hints = "variables"

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__("", id="variables")
        self.show_root = False
        self.guide_depth = 2
        self._opened: dict[VariablePath, bool] = {}
        self._filling = False
        self._at: VariablePath | None = None
        self._first: tuple[object, list[str]] = (None, [])
        self.begin_with(state, lang)

    def content_key(self) -> Any:
        state = self._state
        here = state.frame_state
        variables = None if here is None else (here.frame, here.variables, here.changed)
        # An open caller shows what it had at the step; folded callers show their names.
        number = self.number if any(self._opened.get(_caller_path(frame)) for frame in state.frames[1:]) else None
        first, pinned = self._names_first(), state.pinned_values()
        return variables, first, pinned, state.frames, state.selected_variable, number, self.lang

    def _names_first(self) -> list[str]:
        """Return the variables that are not folded: first those that the statement names, then those that changed.

        As long as the step is in the same statement, the order stays, and what changes meanwhile is added.
        """
        here, statement = self._state.frame_state, self._state.statement()
        if here is None:
            return []
        key = here.frame, id(statement)
        known, names = self._first
        if key != known or statement is None:
            names = [] if statement is None else header_names(statement.node)
        names = list(dict.fromkeys([*names, *(one.name for one in here.changed)]))
        self._first = key, names
        return [name for name in names if name in here.variables]

    def update_view(self) -> None:
        state = self._state
        self.border_title = Text(f" {tr(self.lang, 'Variables')} ")
        self._filling = True
        self.clear()
        for pinned in state.pinned_values():
            self._add_pinned(pinned)
        self._add_here(state.frame_state)
        for frame in state.frames[1:]:
            title = tr(self.lang, "caller: {function}", function=visible(frame.function))
            node = self.root.add(Text(title, "dim"), data=VariableNode(_caller_path(frame), None, frame))
            self._open_as_left(node, expand=False)
        self._select(state.selected_variable)
        self.call_after_refresh(self._filled)

    def _filled(self) -> None:
        self._filling = False

    def _select(self, name: str | None) -> None:
        """Move the tree's cursor back to where the user left it, or else to the variable that was chosen."""
        nodes = {node.data.path: node for node in self._shown_nodes(self.root) if isinstance(node.data, VariableNode)}
        node = (nodes.get(self._at) if self._at and self.has_focus else None) or nodes.get((name or "",))
        if node is not None:
            self.call_after_refresh(self.move_cursor, node)  # the line is known once the tree is laid out

    def _shown_nodes(self, parent: TreeNode[object]) -> Iterator[TreeNode[object]]:
        """Yield the nodes below one that can be seen."""
        for node in parent.children:
            yield node
            if node.is_expanded:
                yield from self._shown_nodes(node)

    def chosen_path(self) -> VariablePath | None:
        """Return the path of the value that the cursor is on, or that of the chosen variable."""
        node = self.cursor_node
        if node is not None and isinstance(node.data, VariableNode) and (path := _in_frame(node.data.path)):
            return path
        name = self._state.selected_variable
        return None if name is None else (name,)

    def chosen(self) -> tuple[str, v.Value] | None:
        """Return the name and value that the cursor is on, or those of the chosen variable."""
        trace, node = self._state.trace, self.cursor_node
        if node is not None and isinstance(node.data, VariableNode) and node.data.value is not None:
            return ".".join(_in_frame(node.data.path)), node.data.value
        name, frame_state = self._state.selected_variable, self._state.frame_state
        if name is None or frame_state is None or name not in frame_state.variables:
            return None
        return name, frame_state.variables[name].value(trace)

    def _open_as_left(self, node: TreeNode[object], *, expand: bool) -> None:
        """Open or fold a node as the user left it; the first time, as ``expand`` says."""
        assert isinstance(node.data, VariableNode)
        if self._opened.get(node.data.path, expand):
            node.expand()
            self._fill(node, _MOST if node.data.path in self._opened else _FEW)

    def _add_pinned(self, pinned: PinnedValue) -> None:
        name = visible(".".join(pinned.path))
        mark = f"{_MARKS['changed']} " if pinned.changed else ""
        label = Text.assemble((f"{_PINNED} {mark}", "bold yellow"), (name, "bold" if pinned.changed else ""))
        path = _PINNED, *pinned.path
        if pinned.value is None:
            self.root.add_leaf(label + Text(f"  {tr(self.lang, 'not here')}", "dim"), data=VariableNode(path))
            return
        label += Text(" = ") + value_text(self._state.trace, pinned.value, 200)
        if pinned.caller is not None:
            label += Text(f"  {tr(self.lang, 'in {function}', function=visible(pinned.caller.function))}", "dim")
        if inside(pinned.value):
            self._open_as_left(self.root.add(label, data=VariableNode(path, pinned.value)), expand=False)
        else:
            self.root.add_leaf(label, data=VariableNode(path, pinned.value))

    def _add_here(self, here: FrameState | None) -> None:
        """Add the variables of the frame of the step."""
        if here is None or not (here.variables or here.changed):
            self.root.add_leaf(Text(tr(self.lang, "No local variables here."), "dim"))
            return
        first = self._names_first()
        self._add_locals(self.root, here, first)
        for one in here.changed:
            if one.after is None:
                self.root.add_leaf(
                    Text.assemble(("- ", "bold red"), (visible(one.name), "strike"), f" {tr(self.lang, 'deleted')}")
                )
        if others := len(here.variables) - len(first):
            title = tr(self.lang, NP_("{count} other variable", "{count} other variables"), count=others)
            fold = self.root.add(Text(title, "dim"), data=VariableNode(_OTHERS))
            self._open_as_left(fold, expand=not first)

    def _add_locals(self, parent: TreeNode[object], frame_state: FrameState, names: Iterable[str]) -> None:
        changed = {one.name: one for one in frame_state.changed}
        for name in names:
            self._add_local(parent, name, frame_state.variables[name], changed.get(name))

    def _add_local(self, parent: TreeNode[object], name: str, local: Local, change: LocalChange | None) -> None:
        trace = self._state.trace
        how = "" if change is None else "new" if change.before is None else "changed"
        selected = name == self._state.selected_variable
        label = Text.assemble(
            (f"{_MARKS[how]} ", "bold yellow" if how else ""),
            (visible(name), "bold underline" if selected else "bold" if how else ""),
            " = ",
            local_text(trace, local, 200),
        )
        try:
            value = local.value(trace)
        except DanglingNumber:
            parent.add_leaf(label, data=VariableNode((name,)))
            return
        path = (name,) if parent is self.root or _path(parent) == _OTHERS else (*_path(parent), name)
        if inside(value):
            self._open_as_left(
                parent.add(label, data=VariableNode(path, value, change)), expand=change is not None and change.in_place
            )
        else:
            parent.add_leaf(label, data=VariableNode(path, value))

    def _fill(self, node: TreeNode[object], most: int = _MOST) -> None:
        """Add the children of a node, once; of a container no more than ``most``, and a line that leads to more."""
        held = node.data
        if node.children or not isinstance(held, VariableNode):
            return
        if isinstance(held.more, Frame):
            caller = self._state.caller_state(held.more.number)
            if caller is None or not caller.variables:
                node.add_leaf(Text(tr(self.lang, "No local variables here."), "dim"))
            else:
                self._add_locals(node, caller, caller.variables)
            return
        if held.path == _OTHERS:
            here, first = self._state.frame_state, self._names_first()
            if here is not None:
                self._add_locals(node, here, (name for name in here.variables if name not in first))
            return
        assert held.value is not None
        trace = self._state.trace
        change = held.more if isinstance(held.more, LocalChange) else None
        if change is not None:
            for key, number in change.removed.items():
                node.add_leaf(
                    Text.assemble(("- ", "bold red"), (visible(key), "strike"), " = ", number_text(trace, number))
                )
        added, changed = (set(change.added), change.changed) if change is not None else (set(), {})
        pairs = sorted(inside(held.value), key=lambda pair: pair[0] not in added and pair[0] not in changed)
        for key, number in pairs[:most]:
            label = _pair_label(key, "new" if key in added else "changed" if key in changed else "")
            label += number_text(trace, number, 200)
            if key in changed:
                label += Text("  ← ", "dim") + number_text(trace, changed[key][0], 60)
            self._add_item(node, label, (*held.path, key), number)
        if len(pairs) > most:
            node.add_leaf(Text(f"… +{len(pairs) - most}", "dim"), data=_REST if most < _MOST else None)

    def _add_item(self, node: TreeNode[object], label: Text, path: VariablePath, number: v.ValueId) -> None:
        try:
            inner = self._state.trace.value(number)
        except DanglingNumber:
            node.add_leaf(label)
            return
        if inside(inner):
            self._open_as_left(node.add(label, data=VariableNode(path, inner)), expand=False)
        else:
            node.add_leaf(label, data=VariableNode(path, inner))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[object]) -> None:
        self._fill(event.node)
        self._remember(event.node, opened=True)

    def on_tree_node_selected(self, event: Tree.NodeSelected[object]) -> None:
        node = event.node.parent
        if event.node.data is _REST and node is not None:
            self._remember(node, opened=True)
            node.remove_children()
            self._fill(node)

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[object]) -> None:
        self._remember(event.node, opened=False)

    def _remember(self, node: TreeNode[object], *, opened: bool) -> None:
        if isinstance(node.data, VariableNode) and not self._filling:
            self._opened[node.data.path] = opened

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[object]) -> None:
        held = event.node.data
        if not isinstance(held, VariableNode):
            return
        if self.has_focus:
            self._at = held.path
        path = _in_frame(held.path)
        if len(path) == 1 and held.path[0] != _CALLER:
            self._state.selected_variable = path[0]


def _caller_path(frame: Frame) -> VariablePath:
    return _CALLER, str(frame.number)


def _in_frame(path: VariablePath) -> VariablePath:
    """Return the path of a node without what says where in the tree it is; empty for a frame and for the fold."""
    return path[{_PINNED: 1, _CALLER: 2, _OTHERS[0]: 1}.get(path[0], 0) :] if path else ()


def _path(node: TreeNode[object]) -> VariablePath:
    return node.data.path if isinstance(node.data, VariableNode) else ()


def _pair_label(key: str, how: str) -> Text:
    return Text.assemble(
        (f"{_MARKS[how]} ", "bold yellow" if how else ""), (visible(key), "bold" if how else "dim"), " = "
    )
