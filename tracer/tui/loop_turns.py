"""The turns of the loop that the step is in: list them, choose one, go to the next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracer.analysis.locals import Local
from tracer.analysis.loops import Loop, Turns, turns, values_in_turns
from tracer.i18n import N_, Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.tui.background import in_background, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_text import local_text

if TYPE_CHECKING:
    from tracer.tui.player import Player

_PAGE: Final = 200  # turns whose values are read at once


async def count_turns(state: PlayerState, loop: Loop) -> Turns:
    """Find the turns of a loop in the background, and keep them in the state.

    Raises:
        TracerError: the trace is damaged.
    """
    found = await in_background(state.trace.path, lambda trace: turns(trace, loop))
    state.keep_turns(loop, found)
    return found


def choose_turn(player: Player) -> None:
    """Let the user choose a turn of the loop that the step is in, and go there."""

    def choose(loop: Loop, found: Turns) -> None:
        turn, began = found.at(player.state.number)
        if began:
            player.push_screen(TurnsScreen(player.state, player.lang, loop, began, max(turn, 1)), player.go)
        else:
            player.say(N_("This loop has no turns: there was nothing to go through."), seconds=3)

    _with_turns(player, choose)


def next_turn(player: Player, *, back: bool) -> None:
    """Go to where the next turn begins, or the one before."""

    def go(loop: Loop, found: Turns) -> None:
        number = player.state.number
        turn, began = found.at(number)
        at = bisect_right(began, number)
        if back:  # from the body to the turn before, from the head at the end of a turn to the beginning of that
            at = turn - 2 if _in_body(player.state, loop) else bisect_left(began, number) - 1
        player.moved(player.state.cursor.go(began[at]) if 0 <= at < len(began) else None)

    _with_turns(player, go)


def _in_body(state: PlayerState, loop: Loop) -> bool:
    return not loop.lines.head <= (state.step.line or 0) <= loop.lines.head_end


def _with_turns(player: Player, use: Callable[[Loop, Turns], None]) -> None:
    """Call ``use`` with the loop and its turns, at once or when they are found."""
    state = player.state
    loop = state.loop()
    if loop is None:
        player.say(N_("This line is in no loop."), seconds=3)
    elif (found := state.turns(loop)) is not None:
        use(loop, found)
    else:

        async def work() -> None:
            number = state.number
            try:
                counted = await count_turns(state, loop)
            except TracerError as error:
                player.complain(error)
            else:
                if state.number == number and len(player.screen_stack) == 1:  # the user has not gone on meanwhile
                    use(loop, counted)

        start_worker(player, work, group="turns", exclusive=True)


class TurnsScreen(ModalScreen[int | None]):
    """Lists the turns of a loop since it was entered; Enter goes to the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)"),
        Binding("asterisk", "dismiss(None)", id="turns"),
        Binding("q", "dismiss(None)", id="quit"),
    ]

    def __init__(self, state: PlayerState, lang: Lang, loop: Loop, began: Sequence[int], turn: int) -> None:
        super().__init__()
        self._state = state
        self._lang: Lang = lang
        self._list = TurnList(state, lang, loop, began, turn)
        place = state.place()
        lines = state.source_lines(place[0]) if place is not None else []
        self._head = "".join(lines[loop.lines.head - 1 : loop.lines.head]).strip()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Text(tr(self._lang, "turns of: {loop}", loop=visible(self._head)))
            box.border_subtitle = "↑ ↓ Enter Esc"
            yield self._list

    def on_mount(self) -> None:
        self._list.focus()

    def on_turn_list_chosen(self, message: TurnList.Chosen) -> None:
        self.dismiss(message.step)


class TurnList(ScrollView, can_focus=True, inherit_bindings=False):
    """The turns of a loop, any number of them: the values are read for those that are looked at, a page at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "end(0)", show=False),
        Binding("end,G", "end(1)", show=False),
        Binding("enter", "choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"turns--chosen"}

    chosen: reactive[int] = reactive(1)

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang, loop: Loop, began: Sequence[int], turn: int) -> None:
        super().__init__(id="turns")
        self._state = state
        self._lang: Lang = lang
        self._loop = loop
        self._began = began
        self._here = turn
        self._pages: dict[int, list[dict[str, Local]]] = {}
        self.set_reactive(TurnList.chosen, turn)
        self.virtual_size = Size(1, len(began))

    def on_mount(self) -> None:
        self.call_after_refresh(self._follow)

    def validate_chosen(self, turn: int) -> int:
        return min(max(turn, 1), len(self._began))

    def watch_chosen(self) -> None:
        self._follow()

    def _follow(self) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        row = self.chosen - 1
        if not top <= row < top + height:
            at = row if row == top - 1 else row - height + 1 if row == top + height else row - height // 2
            self.scroll_to(y=max(at, 0), animate=False)

    def render_line(self, y: int) -> Strip:
        turn, width = y + self.scroll_offset.y + 1, self.size.width
        if turn > len(self._began):
            return Strip.blank(width, self.rich_style)
        digits = len(str(len(self._began))), len(str(self._began[-1]))
        line = Text.assemble(
            ("▶ " if turn == self._here else "  ", "bold"),
            (f"{turn:>{digits[0]}}", "bold"),
            (f"  {self._began[turn - 1]:>{digits[1]}}  ", "dim"),
            self._values(turn),
        )
        style = Style()
        if turn == self.chosen:
            style = Style(bold=True, bgcolor=self.get_component_rich_style("turns--chosen").bgcolor)
        segments = [
            Segment(segment.text, (segment.style or Style()) + style)
            for segment in line.render(self.app.console, end="")
            if not segment.control
        ]
        return Strip(segments).adjust_cell_length(width, style).apply_style(self.rich_style)

    def _values(self, turn: int) -> Text:
        """Return what a turn is about; nothing until its page has been read."""
        page, at = divmod(turn - 1, _PAGE)
        if page not in self._pages:
            self._pages[page] = []
            start_worker(self, partial(self._read, page))
        read = self._pages[page]
        if at >= len(read):
            return Text()
        parts = [Text(visible(f"{name} = ")) + local_text(self._state.trace, one) for name, one in read[at].items()]
        return Text(", ").join(parts)

    async def _read(self, page: int) -> None:
        began = self._began[page * _PAGE : page * _PAGE + _PAGE]
        loop = self._loop

        def values(trace: Any) -> list[dict[str, Local]]:
            return values_in_turns(trace, loop, began)

        try:
            self._pages[page] = await in_background(self._state.trace.path, values)
        except TracerError as error:
            self.notify(visible(error.localized(self._lang)), severity="error", markup=False)
        self.refresh()

    def action_move(self, by: int) -> None:
        self.chosen += by

    def action_page(self, by: int) -> None:
        self.chosen += by * max(self.size.height - 1, 1)

    def action_end(self, last: int) -> None:
        self.chosen = len(self._began) if last else 1

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self._began[self.chosen - 1]))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and (turn := at.y + self.scroll_offset.y + 1) <= len(self._began):
            self.chosen = turn
            self.action_choose()
