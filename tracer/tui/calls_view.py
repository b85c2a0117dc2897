"""The tree of calls around the cursor: the callers, the current function's calls, and the events recorded in it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from rich.text import Text
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.queries import FrameSpan, frame_events, frame_spans
from tracer.tui.player_state import PlayerState
from tracer.tui.step_text import step_summary
from tracer.tui.step_view import StepView

_MOST = 400  # children of one frame that are listed


class CallsView(Tree[int], StepView):
    """The frames from the outermost to the current one, and the calls and events of the current one."""

    hints = "calls"

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__("", id="calls")
        self.show_root = False
        self.guide_depth = 2
        self._frame: int | None = -1
        self.begin_with(state, lang)

    def update_view(self) -> None:
        state = self._state
        self.border_title = Text(f" {tr(self.lang, 'Calls')} ")
        frame = None if state.empty else state.step.frame
        if frame != self._frame:
            self._frame = frame
            self._list_frames(state)
        self._mark(state)

    def _list_frames(self, state: PlayerState) -> None:
        self.clear()
        node = self.root
        frames = state.frames
        spans = frame_spans(state.trace, [frame.number for frame in frames]) if frames else {}
        for frame in reversed(frames):
            span = spans.get(frame.number)
            label = Text.assemble(visible(frame.function), (f"  {_duration(span)}", "dim"))
            node = node.add(label, data=None if span is None else span.first, expand=True)
        if not frames:
            return
        node.label = Text.assemble(("▶ ", "bold"), node.label)
        for event in frame_events(state.trace, frames[0].number, _MOST):
            called = event.kind == "call"
            text = Text(visible(event.function)) if called else Text(_summary(event.kind, event.data), "dim")
            kind = (f"{visible(event.kind)} ", "bold" if called else "cyan")
            node.add_leaf(Text.assemble((f"{event.step:>6} ", "dim"), kind, text), data=event.step)

    def _mark(self, state: PlayerState) -> None:
        """Move the tree's own cursor to the last child at or before the step."""
        best = None
        for node in self._every(self.root):
            if node.data is not None and node.data <= state.number:
                best = node
        if best is not None:
            self.call_after_refresh(self.move_cursor, best)  # the line is known once the tree is laid out

    def _every(self, node: TreeNode[int]) -> Iterator[TreeNode[int]]:
        for child in node.children:
            yield child
            yield from self._every(child)

    def on_tree_node_selected(self, event: Tree.NodeSelected[int]) -> None:
        if event.node.data is not None:
            self.post_message(self.Chosen(event.node.data))


def _duration(span: FrameSpan | None) -> str:
    if span is None:
        return ""
    milliseconds = (span.ended - span.began) / 1e6
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def _summary(kind: str, data: str) -> str:
    try:
        read = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return ""
    return step_summary(kind, read) if isinstance(read, dict) else ""
