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
from tracer.tui.labels import label
from tracer.tui.playing import Playing

_MOST = 400  # children of one frame that are listed


class CallsView(Tree[int]):
    """The frames from the outermost to the current one, and the steps with a meaning of their own in it."""

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__("", id="calls")
        self.show_root = False
        self.guide_depth = 2
        self._playing = playing
        self._frame: int | None = -1
        self.lang: Lang = lang

    def show(self, playing: Playing, lang: Lang) -> None:
        self.border_title = Text(f" {tr(lang, 'Calls')} ")
        frame = None if playing.empty else playing.step.frame
        if frame != self._frame or lang != self.lang:
            self._frame, self.lang = frame, lang
            self._list_frames(playing)
        self._mark(playing)

    def _list_frames(self, playing: Playing) -> None:
        self.clear()
        node = self.root
        chain = [state.frame for state in reversed(playing.states)]
        for depth, frame in enumerate(chain):
            last = depth == len(chain) - 1
            node = node.add(
                self._label(playing, frame.number, frame.function), data=_first(playing, frame.number), expand=True
            )
            if last:
                node.label = Text.assemble(("▶ ", "bold"), node.label)
                for number, kind, text in _children(playing, frame.number):
                    node.add_leaf(
                        Text.assemble(
                            (f"{number:>6} ", "dim"), (f"{visible(kind)} ", "cyan" if kind != "call" else "bold"), text
                        ),
                        data=number,
                    )

    def _label(self, playing: Playing, frame: int, function: str) -> Text:
        seconds = _seconds(playing, frame)
        return Text.assemble(visible(function), (f"  {seconds}", "dim"))

    def _mark(self, playing: Playing) -> None:
        """Move the tree's own cursor to the last child at or before the step."""
        best = None
        for node in self._every(self.root):
            if node.data is not None and node.data <= playing.number:
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


def _first(playing: Playing, frame: int) -> int | None:
    return playing.trace.nearest(0, frame=frame)


def _seconds(playing: Playing, frame: int) -> str:
    query = "SELECT min(time), max(time) FROM step WHERE frame = ?"
    rows = list(playing.trace.rows(tuple[int | None, int | None], query, frame))
    first, last = rows[0] if rows else (None, None)
    if first is None or last is None:
        return ""
    spent = (last - first) / 1e6
    return f"{spent / 1000:.2f} s" if spent >= 1000 else f"{spent:.1f} ms"


def _children(playing: Playing, frame: int) -> list[tuple[int, str, Text]]:
    """The calls that a frame made, and its steps of a kind of their own, in order."""
    found: list[tuple[int, str, Text]] = []
    rows = playing.trace.rows(
        tuple[int, str],
        "SELECT min(step.number), frame.function FROM frame JOIN step ON step.frame = frame.number"
        f" WHERE frame.parent = ? GROUP BY frame.number ORDER BY 1 LIMIT {_MOST}",
        frame,
    )
    found.extend((number, "call", Text(visible(function))) for number, function in rows)
    told = playing.trace.rows(
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
    return label(kind, read) if isinstance(read, dict) else ""
