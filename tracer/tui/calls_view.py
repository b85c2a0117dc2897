"""The tree of calls around the cursor: the callers, what the current function has called, and what was told there."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from rich.text import Text
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.tui.player_state import PlayerState
from tracer.tui.step_text import step_summary

_MOST = 400  # children of one frame that are listed


class CallsView(Tree[int]):
    """The frames from the outermost to the current one, and the steps with a meaning of their own in it."""

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__("", id="calls")
        self.show_root = False
        self.guide_depth = 2
        self._state = state
        self._frame: int | None = -1
        self.lang: Lang = lang

    def show(self, state: PlayerState, lang: Lang) -> None:
        self.border_title = Text(f" {tr(lang, 'Calls')} ")
        frame = None if state.empty else state.step.frame
        if frame != self._frame or lang != self.lang:
            self._frame, self.lang = frame, lang
            self._list_frames(state)
        self._mark(state)

    def _list_frames(self, state: PlayerState) -> None:
        self.clear()
        node = self.root
        chain = [frame_state.frame for frame_state in reversed(state.states)]
        for depth, frame in enumerate(chain):
            last = depth == len(chain) - 1
            node = node.add(
                self._label(state, frame.number, frame.function), data=_first(state, frame.number), expand=True
            )
            if last:
                node.label = Text.assemble(("▶ ", "bold"), node.label)
                for number, kind, text in _children(state, frame.number):
                    node.add_leaf(
                        Text.assemble(
                            (f"{number:>6} ", "dim"), (f"{visible(kind)} ", "cyan" if kind != "call" else "bold"), text
                        ),
                        data=number,
                    )

    def _label(self, state: PlayerState, frame: int, function: str) -> Text:
        seconds = _seconds(state, frame)
        return Text.assemble(visible(function), (f"  {seconds}", "dim"))

    def _mark(self, state: PlayerState) -> None:
        """Move the tree's own cursor to the last child at or before the step."""
        best = None
        for node in self._every(self.root):
            if node.data is not None and node.data <= state.number:
                best = node
        if best is not None:
            self.call_after_refresh(self.move_cursor, best)  # its line is known once the tree is laid out

    def _every(self, node: TreeNode[int]) -> Iterator[TreeNode[int]]:
        for child in node.children:
            yield child
            yield from self._every(child)

    def on_tree_node_selected(self, event: Tree.NodeSelected[int]) -> None:
        if event.node.data is not None:
            self.post_message(self.Chosen(event.node.data))


def _first(state: PlayerState, frame: int) -> int | None:
    return state.trace.nearest(0, frame=frame)


def _seconds(state: PlayerState, frame: int) -> str:
    query = "SELECT min(time), max(time) FROM step WHERE frame = ?"
    rows = list(state.trace.rows(tuple[int | None, int | None], query, frame))
    first, last = rows[0] if rows else (None, None)
    if first is None or last is None:
        return ""
    spent = (last - first) / 1e6
    return f"{spent / 1000:.2f} s" if spent >= 1000 else f"{spent:.1f} ms"


def _children(state: PlayerState, frame: int) -> list[tuple[int, str, Text]]:
    """The calls that a frame made, and its steps of a kind of their own, in order."""
    found: list[tuple[int, str, Text]] = []
    rows = state.trace.rows(
        tuple[int, str],
        "SELECT min(step.number), frame.function FROM frame JOIN step ON step.frame = frame.number"
        f" WHERE frame.parent = ? GROUP BY frame.number ORDER BY 1 LIMIT {_MOST}",
        frame,
    )
    found.extend((number, "call", Text(visible(function))) for number, function in rows)
    told = state.trace.rows(
        tuple[int, str, str],
        "SELECT number, kind, data FROM step WHERE frame = ?"
        " AND kind NOT IN ('call', 'line', 'return', 'raise', 'unwind')"
        f" ORDER BY number LIMIT {_MOST}",
        frame,
    )
    found.extend((number, kind, Text(_label(kind, data), "dim")) for number, kind, data in told)
    return sorted(found, key=lambda child: child[0])


def _label(kind: str, data: str) -> str:
    try:
        read = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return ""
    return step_summary(kind, read) if isinstance(read, dict) else ""
