"""The variables of the frame and its callers, as they were at the step, with what it changed."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tracer.export.phrases import Lang
from tracer.replay.variables import Difference, FrameState, Local
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.visible import visible
from tracer.tui.playing import Playing
from tracer.tui.values_text import local_text, number_text
from tracer.tui.words import say

_MOST = 200  # pairs of a container that are listed
_MARKS = {"new": "+", "changed": "~", "deleted": "-", "": " "}


class VariablesView(Tree[object]):
    """A tree: the frame's variables first, dictionaries key by key, then the callers', folded."""

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__("", id="variables")
        self.show_root = False
        self.guide_depth = 2
        self._playing = playing
        self.lang: Lang = lang
        self._open: set[str] = set()

    def show(self, playing: Playing, lang: Lang) -> None:
        self.lang = lang
        self.border_title = say(lang, "variables")
        self.clear()
        states = playing.states
        if not states:
            self.root.add_leaf(Text(say(lang, "no-variables"), "dim"))
            return
        self._add_state(self.root, states[0])
        for state in states[1:]:
            title = say(lang, "caller", function=visible(state.function))
            node = self.root.add(Text(title, "dim"), expand=False, data=("caller", state))
            node.allow_expand = True

    def _add_state(self, parent: TreeNode[object], state: FrameState) -> None:
        changed = {one.name: one for one in state.changed}
        names = sorted(state.variables, key=lambda name: name not in changed)
        for name in names:
            self._add_local(parent, name, state.variables[name], changed.get(name))
        for one in state.changed:
            if one.after is None:
                parent.add_leaf(
                    Text.assemble(("- ", "bold red"), (visible(one.name), "strike"), f" {say(self.lang, 'deleted')}")
                )
        if not state.variables:
            parent.add_leaf(Text(say(self.lang, "no-variables"), "dim"))

    def _add_local(self, parent: TreeNode[object], name: str, local: Local, change: Difference | None) -> None:
        trace = self._playing.trace
        how = "" if change is None else "new" if change.before is None else "changed"
        selected = name == self._playing.selected_variable
        label = Text.assemble(
            (f"{_MARKS[how]} ", "bold yellow" if how else ""),
            (visible(name), "bold underline" if selected else "bold" if how else ""),
            " = ",
            local_text(trace, local, 200),
        )
        try:
            value = local.value(trace)
        except DanglingNumber:
            parent.add_leaf(label, data=("variable", name))
            return
        if not _inside(value):
            parent.add_leaf(label, data=("variable", name, local))
            return
        node = parent.add(
            label, data=("variable", name, local, value, change), expand=change is not None and change.in_place
        )
        if node.is_expanded:
            self._fill(node)

    def _fill(self, node: TreeNode[object]) -> None:
        """Add what is inside, once."""
        data = node.data
        if node.children or not isinstance(data, tuple):
            return
        if data[0] == "caller":
            self._add_state(node, data[1])
            return
        value, change = data[3], data[4] if len(data) > 4 else None
        marks: dict[str, str] = {}
        if isinstance(change, Difference):
            marks = {**dict.fromkeys(change.added, "new"), **dict.fromkeys(change.changed, "changed")}
            for key, number in change.removed.items():
                node.add_leaf(
                    Text.assemble(
                        ("- ", "bold red"), (visible(key), "strike"), " = ", number_text(self._playing.trace, number)
                    )
                )
        pairs = sorted(_inside(value)[:_MOST], key=lambda pair: pair[0] not in marks)
        for key, number in pairs:
            how = marks.get(key, "")
            label = Text.assemble(
                (f"{_MARKS[how]} ", "bold yellow" if how else ""), (visible(key), "bold" if how else "dim"), " = "
            )
            label += number_text(self._playing.trace, number, 200)
            if isinstance(change, Difference) and key in change.changed:
                label += Text("  ← ", "dim") + number_text(self._playing.trace, change.changed[key][0], 60)
            try:
                inner = self._playing.trace.value(number)
            except DanglingNumber:
                continue
            if _inside(inner):
                node.add(label, data=("item", key, number, inner, None))
            else:
                node.add_leaf(label, data=("item", key, number))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[object]) -> None:
        self._fill(event.node)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[object]) -> None:
        if isinstance(event.node.data, tuple) and event.node.data[0] == "variable":
            self._playing.selected_variable = str(event.node.data[1])


def _inside(value: v.Value) -> list[tuple[str, v.ValueId]]:
    """The pairs of a container."""
    if isinstance(value, (v.Mapping, v.Config)):
        return list(value.items)
    if isinstance(value, v.Sequence):
        return [(str(index), number) for index, number in enumerate(value.items)]
    return []
