"""The variables pane: the frame's variables and its callers' as they were at the step, with what it changed."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tracer.analysis.locals import FrameState, Local, LocalChange
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.steps import Frame
from tracer.tui.player_state import PlayerState
from tracer.tui.step_text import local_text, number_text
from tracer.tui.step_view import StepView

VariablePath = tuple[str, ...]
"""The name of a variable and the keys that lead into it."""

_MOST = 200  # pairs of a container that are listed
_MARKS = {"new": "+", "changed": "~", "deleted": "-", "": " "}


class VariableNode(NamedTuple):
    """What a node of the tree shows: its path, its value, and its change, or for a caller its frame."""

    path: VariablePath
    value: v.Value | None = None
    more: LocalChange | Frame | None = None


class VariablesView(Tree[object], StepView):
    """A tree of the frame's variables, dictionaries key by key, then of the callers', folded."""

    hints = "variables"

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__("", id="variables")
        self.show_root = False
        self.guide_depth = 2
        self._opened: dict[VariablePath, bool] = {}
        self._filling = False
        self.begin_with(state, lang)

    def content_key(self) -> Any:
        state = self._state
        here = state.frame_state
        variables = None if here is None else (here.frame, here.variables, here.changed)
        # An open caller shows what it had at the step; folded callers show their names.
        number = self.number if any(self._opened.get(_caller_path(frame)) for frame in state.frames[1:]) else None
        return variables, state.frames, state.selected_variable, number, self.lang

    def update_view(self) -> None:
        state = self._state
        self.border_title = Text(f" {tr(self.lang, 'Variables')} ")
        self._filling = True
        self.clear()
        self._add_frame(self.root, state.frame_state)
        for frame in state.frames[1:]:
            title = tr(self.lang, "caller: {function}", function=visible(frame.function))
            node = self.root.add(Text(title, "dim"), data=VariableNode(_caller_path(frame), None, frame))
            self._open_as_left(node, expand=False)
        self._select(state.selected_variable)
        self.call_after_refresh(self._filled)

    def _filled(self) -> None:
        self._filling = False

    def _select(self, name: str | None) -> None:
        """Move the tree's cursor back to the variable that was chosen."""
        for node in self.root.children:
            if isinstance(node.data, VariableNode) and node.data.path == (name,):
                self.call_after_refresh(self.move_cursor, node)  # the line is known once the tree is laid out
                return

    def chosen(self) -> tuple[str, v.Value] | None:
        """Return the name and value that the cursor is on, or those of the chosen variable."""
        trace, node = self._state.trace, self.cursor_node
        if node is not None and isinstance(node.data, VariableNode) and node.data.value is not None:
            return ".".join(node.data.path), node.data.value
        name, frame_state = self._state.selected_variable, self._state.frame_state
        if name is None or frame_state is None or name not in frame_state.variables:
            return None
        return name, frame_state.variables[name].value(trace)

    def _open_as_left(self, node: TreeNode[object], *, expand: bool) -> None:
        """Open or fold a node as the user left it; the first time, as ``expand`` says."""
        assert isinstance(node.data, VariableNode)
        if self._opened.get(node.data.path, expand):
            node.expand()
            self._fill(node)

    def _add_frame(self, parent: TreeNode[object], frame_state: FrameState | None) -> None:
        if frame_state is None:
            parent.add_leaf(Text(tr(self.lang, "No local variables here."), "dim"))
            return
        changed = {one.name: one for one in frame_state.changed}
        names = sorted(frame_state.variables, key=lambda name: name not in changed)
        for name in names:
            self._add_local(parent, name, frame_state.variables[name], changed.get(name))
        for one in frame_state.changed:
            if one.after is None:
                parent.add_leaf(
                    Text.assemble(("- ", "bold red"), (visible(one.name), "strike"), f" {tr(self.lang, 'deleted')}")
                )
        if not frame_state.variables:
            parent.add_leaf(Text(tr(self.lang, "No local variables here."), "dim"))

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
        path = (name,) if parent is self.root else (*_path(parent), name)
        if _inside(value):
            self._open_as_left(
                parent.add(label, data=VariableNode(path, value, change)), expand=change is not None and change.in_place
            )
        else:
            parent.add_leaf(label, data=VariableNode(path, value))

    def _fill(self, node: TreeNode[object]) -> None:
        """Add the children of a node, once."""
        held = node.data
        if node.children or not isinstance(held, VariableNode):
            return
        if isinstance(held.more, Frame):
            self._add_frame(node, self._state.caller_state(held.more.number))
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
        pairs = _inside(held.value)
        for key, number in sorted(pairs[:_MOST], key=lambda pair: pair[0] not in added and pair[0] not in changed):
            label = _pair_label(key, "new" if key in added else "changed" if key in changed else "")
            label += number_text(trace, number, 200)
            if key in changed:
                label += Text("  ← ", "dim") + number_text(trace, changed[key][0], 60)
            self._add_item(node, label, (*held.path, key), number)
        if len(pairs) > _MOST:
            node.add_leaf(Text(f"… +{len(pairs) - _MOST}", "dim"))

    def _add_item(self, node: TreeNode[object], label: Text, path: VariablePath, number: v.ValueId) -> None:
        try:
            inner = self._state.trace.value(number)
        except DanglingNumber:
            node.add_leaf(label)
            return
        if _inside(inner):
            self._open_as_left(node.add(label, data=VariableNode(path, inner)), expand=False)
        else:
            node.add_leaf(label, data=VariableNode(path, inner))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[object]) -> None:
        self._fill(event.node)
        self._remember(event.node, opened=True)

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[object]) -> None:
        self._remember(event.node, opened=False)

    def _remember(self, node: TreeNode[object], *, opened: bool) -> None:
        if isinstance(node.data, VariableNode) and not self._filling:
            self._opened[node.data.path] = opened

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[object]) -> None:
        held = event.node.data
        if isinstance(held, VariableNode) and event.node.parent is self.root and not isinstance(held.more, Frame):
            self._state.selected_variable = held.path[0]


def _caller_path(frame: Frame) -> VariablePath:
    return "caller", str(frame.number)


def _path(node: TreeNode[object]) -> VariablePath:
    return node.data.path if isinstance(node.data, VariableNode) else ()


def _pair_label(key: str, how: str) -> Text:
    return Text.assemble(
        (f"{_MARKS[how]} ", "bold yellow" if how else ""), (visible(key), "bold" if how else "dim"), " = "
    )


def _inside(value: v.Value) -> list[tuple[str, v.ValueId]]:
    """Return the pairs of a container."""
    if isinstance(value, (v.Mapping, v.Config)):
        return list(value.items)
    if isinstance(value, v.Sequence):
        return [(str(index), number) for index, number in enumerate(value.items)]
    return []
