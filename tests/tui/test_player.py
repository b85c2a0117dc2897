"""What each key does, and what is shown for it."""

from __future__ import annotations

import asyncio
import html
import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, TabbedContent
from textual.widgets.tree import TreeNode

from tests.trace.made import end_record, meta_record, sealed
from tests.tui.conftest import START, WIDE, notifications, play, settled
from tracer.analysis.cursor import Cursor
from tracer.analysis.decisions.explanation import explanation
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.search import SORTS
from tracer.i18n import Lang, tr
from tracer.trace.reading import open_trace
from tracer.trace.steps import Frame
from tracer.tui.bindings import BINDINGS, GROUP_LABELS, GROUPS, KEY_LABELS, Keymap, displayed
from tracer.tui.calls_view import CallsView
from tracer.tui.player import Player
from tracer.tui.screens import GotoScreen, HelpScreen, TextScreen, keys_text
from tracer.tui.search_screen import SORT_LABELS, SearchScreen
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.tabs.overview import OverviewTab
from tracer.tui.tabs.table_tab import COLUMN_LABELS, TableTab
from tracer.tui.variables_view import VariableNode, VariablesView
from tracer.views.why import WORDS as WHY

MOVES: dict[str, Callable[[Cursor], int | None]] = {
    "right": Cursor.next, "l": Cursor.next, "left": Cursor.previous, "h": Cursor.previous,
    "down": Cursor.over, "j": Cursor.over, "up": Cursor.over_back, "k": Cursor.over_back,
    "i": Cursor.into, "I": Cursor.into_back, "o": Cursor.out, "u": Cursor.caller,
    "home": Cursor.first, "g": Cursor.first, "end": Cursor.last, "G": Cursor.last,
    "right_square_bracket": Cursor.next_stage, "left_square_bracket": Cursor.previous_stage,
}  # fmt: skip


def test_a_key_moves_as_the_cursor_does(player: Any, demo: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        for key, move in MOVES.items():
            app.go(START)
            expected = move(Cursor(demo, START))
            await pilot.press(key)
            assert app.state.number == (START if expected is None else expected), key

    play(app, work)


@pytest.mark.slow
def test_forward_and_back_over_many_steps(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press(*["right"] * 25)
        assert app.state.number == START + 25
        await pilot.press(*["left"] * 25)
        assert app.state.number == START

    play(app, work)


def test_a_move_beyond_an_end_is_reported_and_stays(player: Any) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        for keys, end in (["left"], 0), (["end", "right"], len(app.state.trace) - 1):
            app.clear_notifications()
            await pilot.press(*keys)
            assert app.state.number == end
            assert await notifications(pilot) == ["There is nothing more in that direction."]

    play(app, work)


def test_the_source_shows_the_line_of_the_step(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        assert "auto_factory.py" in str(source.border_title)
        assert f":{app.state.step.line}" in str(source.border_title)
        [current] = [text for y in range(source.size.height) if "▶" in (text := source.render_line(y).text)]
        statement = app.state.source_lines(app.state.step.source)[app.state.step.line - 1].strip()
        assert statement in current

    play(app, work)


def labels(nodes: Iterable[TreeNode[object]]) -> list[str]:
    return [str(node.label) for node in nodes]


def test_variables_and_what_changed(player: Any) -> None:
    """The names and values at three steps of the recording, and of a dictionary which keys changed."""
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        app.go(1045)  # hub_kwargs gets its first pair
        await settled(pilot)
        assert labels(view.root.children) == ["~ hub_kwargs = {revision=None}", "11 other variables"]
        view.root.children[1].expand()
        await settled(pilot)
        assert labels(view.root.children[1].children)[:4] == [
            "  cls = AutoModelForCausalLM",
            "  pretrained_model_name_or_path = '<model>'",
            "  model_args = ()",
            "  kwargs = {trust_remote_code=True, _from_auto=True}",
        ]
        assert labels(view.root.children[0].children) == ["+ revision = None"]
        app.go(1054)  # a variable is set for the first time
        await settled(pilot)
        assert labels(view.root.children)[:2] == ["  model_id = '<model>'", "+ adapter_cached_filename = None"]
        app.go(1092)  # revision = kwargs.pop("revision", None)
        await settled(pilot)
        assert labels(view.root.children)[1] == "+ revision = None"
        assert labels(view.root.children[0].children)[:2] == ["- revision = None", "  return_unused_kwargs = True"]
        assert labels(view.root.children)[2:] == [one for one in labels(view.root.children)[2:] if one[0] not in "+~-"]

    play(app, work)


def test_what_opens_by_itself_leads_to_the_rest(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracer.tui.variables_view._FEW", 1)
    app = player(start=1092)  # revision = kwargs.pop("revision", None)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        [held, *_] = view.root.children
        assert labels(held.children)[0] == "- revision = None"
        assert labels(held.children)[2].startswith("… +")
        assert len(held.children) == 3
        view.focus()
        view.move_cursor(held.children[2])
        await pilot.press("enter")
        await settled(pilot)
        everything = labels(held.children)
        assert len(everything) > 3
        assert not any(label.startswith("… +") for label in everything)
        app.go(1091)
        app.go(1092)
        await settled(pilot)
        assert labels(view.root.children[0].children) == everything  # it stays as the user left it

    play(app, work)


def test_callers_open_in_the_variables(player: Any, demo: Any) -> None:
    number = next(
        step.number for step in demo.steps(START) if step.frame is not None and demo.frame(step.frame).depth > 2
    )
    app = player(start=number)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        caller = next(
            node
            for node in view.root.children
            if isinstance(node.data, VariableNode) and isinstance(node.data.more, Frame)
        )
        assert not caller.children
        caller.expand()
        await settled(pilot)
        assert caller.children

    play(app, work)


@pytest.mark.slow
def test_calls_lead_to_their_steps(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        app.query_one(CallsView).focus()
        await pilot.press("home", "down", "down", "enter")
        await settled(pilot)
        assert app.state.number != START

    play(app, work)


@pytest.mark.slow
def test_search_as_you_type(player: Any) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        assert isinstance(app.screen, SearchScreen)
        await pilot.press(*"query_key_value")
        await pilot.pause(0.3)
        assert app.screen.query_one("#hits", OptionList).option_count > 0
        await pilot.press("enter")
        await settled(pilot)
        first = app.state.number
        assert first in app.state.hits
        await pilot.press("n")
        assert app.state.number == app.state.hits[1]
        await pilot.press("N")
        assert app.state.number == first

    play(app, work)


def test_keys_typed_before_the_search_is_open_go_into_its_field(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        for name, character in (("slash", "/"), ("r", "r"), ("o", "o"), ("p", "p"), ("e", "e")):
            app.post_message(events.Key(name, character))
        await settled(pilot)
        assert isinstance(app.screen, SearchScreen)
        await pilot.press("slash", "colon")  # typed into the field like any character
        assert app.screen.query_one(Input).value == "rope/:"
        assert app.state.number == START

    play(app, work)


@pytest.mark.slow
def test_search_that_finds_nothing(player: Any) -> None:
    app = player(start=7)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"no such thing anywhere", "enter")
        assert isinstance(app.screen, SearchScreen)
        assert str(app.screen.query_one("#found", Static).render()) == "0 found"
        await pilot.press("escape")
        assert not isinstance(app.screen, SearchScreen)
        assert app.state.number == 7

    play(app, work)


@pytest.mark.slow
def test_go_to_a_step(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        for typed, there in {"1200": 1200, "0": 0, "99999999": None, "abc": None, "-3": None}.items():
            app.go(START)
            await pilot.press("colon")
            app.screen.query_one(Input).value = typed
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(app.screen, GotoScreen) == (there is None), typed
            if there is None:
                await pilot.press("escape")
            assert app.state.number == (START if there is None else there), typed

    play(app, work)


def test_decisions_that_explain_one_after_the_other(player: Any, demo: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        explaining = [one.decision.step for one in explanation(demo)]
        ahead = [step for step in explaining if step > START]
        for step in ahead[:4]:
            await pilot.press("d")
            await settled(pilot)
            assert app.state.number == step
        await pilot.press("D", "D")
        assert app.state.number == ahead[1]

    play(app, work)


def test_all_decisions_one_after_the_other(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+d")
        decision = app.state.current_decision()
        assert decision is not None
        assert app.state.number > START
        assert app.state.number not in app.state.explaining_steps
        await pilot.press("ctrl+d", "ctrl+u")
        assert app.state.current_decision() == decision

    play(app, work)


@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_decision_asked_for_before_they_are_known_waits_for_them(
    meanwhile: bool, player: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        ahead = [step for step in app.state.explaining_steps if step > START]
        app.state._explained = None
        app.state._explaining.acquire()  # as if another thread worked them out
        await pilot.press("d", "d")
        await pilot.pause(0.5)
        assert app.state.number == START
        assert await notifications(pilot) == ["Looking for the decisions that explain the load …"]
        if meanwhile:
            await pilot.press("right")
        app.state._explaining.release()
        await settled(pilot)
        assert app.state.number == (START + 1 if meanwhile else ahead[1])  # who has moved on is left in peace

    play(app, work)


@pytest.mark.slow
def test_changes_of_the_chosen_variable(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        app.state.selected_variable = "kwargs"
        await pilot.press("C")
        before = app.state.number
        assert before < START
        assert "kwargs" in {change.name for change in app.state.step.changes}
        await pilot.press("c")
        assert app.state.number > before

    play(app, work)


@pytest.mark.slow
def test_breakpoints(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("r")
        assert app.state.number == START
        assert await notifications(pilot) == ["There are no breakpoints. Press b on a line."]
        await pilot.press("down", "b")
        place = app.state.place()
        assert app.state.breakpoints == {place}
        there = app.state.number
        await pilot.press("home", "r")
        assert app.state.place() == place
        assert app.state.number <= there
        await pilot.press("end", "R")
        assert app.state.place() == place
        await pilot.press("b")
        assert not app.state.breakpoints

    play(app, work)


@pytest.mark.slow
def test_bookmarks(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("apostrophe")
        assert await notifications(pilot) == ["There are no bookmarks. Press m to set one."]
        await pilot.press("m", "right", "right", "m", "home", "apostrophe")
        assert app.state.number == START
        await pilot.press("apostrophe")
        assert app.state.number == START + 2
        await pilot.press("apostrophe")
        assert app.state.number == START
        await pilot.press("m")
        assert app.state.bookmarks == {START + 2}

    play(app, work)


@pytest.mark.slow
def test_automatic_playback(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("plus", "plus", "plus", "space")
        await pilot.pause(0.6)
        await pilot.press("space")
        number = app.state.number
        assert number > START
        await pilot.pause(0.3)
        assert app.state.number == number

    play(app, work)


@pytest.mark.slow
def test_language_and_theme(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("L")
        await settled(pilot)
        assert app.query_one(TabbedContent).get_tab("tab-decisions").label_text == "2 判断"
        assert app.query_one(VariablesView).border_title == " 变量 "
        dark = app.current_theme.dark
        await pilot.press("T")
        assert app.current_theme.dark is not dark

    play(app, work)


@pytest.mark.slow
def test_help_names_every_key(player: Any) -> None:
    app = player()

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)

    play(app, work)
    assert all(callable(getattr(app, f"action_{binding.action.partition('(')[0]}")) for binding in BINDINGS)
    assert {binding.id for binding in BINDINGS} == set(KEY_LABELS)
    names = [name for binding in BINDINGS for name in binding.key.split(",")]
    assert len(names) == len(set(names)), "a key has two meanings"


def test_every_sort_of_hit_has_a_name() -> None:
    assert set(SORTS) == set(SORT_LABELS)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "columns"), [(72, 1), (104, 2)])
def test_help_has_columns_where_there_is_room(lang: Any, width: int, columns: int) -> None:
    lines = keys_text(lang, Keymap(), width).plain.split("\n")
    heads = [tr(lang, GROUP_LABELS[group]) for group in GROUPS]
    parts = [re.split("  +", line.strip()) for line in lines]
    assert sum(any(head in part for head in heads) for part in parts) == len(GROUPS) - columns + 1
    assert all(cell_len(line) <= width for line in lines)
    shown = "\n".join(lines)
    for binding in BINDINGS:
        assert f"{displayed(binding.key.split(','))}  {tr(lang, KEY_LABELS[str(binding.id)])}" in shown


@pytest.mark.slow
def test_help_is_laid_out_again_in_another_size(player: Any) -> None:
    app = player()

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        narrow = app.screen.query_one(Static).virtual_size.height
        await pilot.resize_terminal(140, 40)
        await pilot.pause()
        assert app.screen.query_one(Static).virtual_size.height < narrow * 2 / 3

    play(app, work, (80, 24))


def test_the_first_screen_shows_the_step(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = player(start=START)
    seen: list[str] = []

    async def furnish(unfurnished: Player) -> None:
        seen.append(unfurnished.export_screenshot(simplify=True))

    monkeypatch.setattr(Player, "furnish", furnish)

    async def run() -> None:
        async with app.run_test(size=WIDE) as pilot:
            await pilot.pause()

    asyncio.run(run())
    first = html.unescape(seen[0]).replace("\xa0", " ")
    assert app.state.source_lines(app.state.place()[0])[app.state.step.line - 1].strip() in first
    assert "▶" in first
    assert f"step {START} / " in first


def test_keys_typed_before_the_panes_are_there_are_not_lost(player: Any) -> None:
    app = player(start=START)

    async def run() -> None:
        async with app.run_test(size=WIDE) as pilot:
            await settled(pilot)
            app.furnished = False
            await pilot.press("right", "right", "left")
            assert app.state.number == START
            app.furnished = True
            await app.run_typed_ahead()
            assert app.state.number == START + 1

    asyncio.run(run())


@pytest.mark.slow
def test_a_value_at_full_length(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        app.state.selected_variable = "kwargs"
        await pilot.press("v")
        assert isinstance(app.screen, TextScreen)
        assert "trust_remote_code: True" in shown_text(app.screen.query_one(Static))
        await pilot.press("v")
        assert not isinstance(app.screen, TextScreen)

    play(app, work)


@pytest.mark.slow
def test_copy_and_save(player: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert app.clipboard.startswith(f"step {START} · ")
        await pilot.press("ctrl+s", "ctrl+s")
        await settled(pilot)

    play(app, work)
    assert len(list(tmp_path.glob("*.svg"))) == 2  # the first is not written over
    assert next(tmp_path.glob("*.svg")).read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_tab_opens(lang: Lang, player: Any, demo: Any) -> None:
    app = player(lang, START)

    async def work(pilot: Pilot[None]) -> None:
        explaining = explanation(demo, list(decisions(demo)))
        added = {"en": "10 added by the library", "zh": "库自己加的 10 个"}[lang]
        content: dict[str, tuple[int, set[str]]] = {
            "decisions": (0, {str(one.decision.step) for one in explaining}),
            "kwargs": (1, {f"▸ {path.name}" for path in keyword_paths(demo)} | {f"▾ {added}"}),
            "weights": (1, {step.data["parameter"] for step in demo.steps(kinds=["tensor-loaded"])}),
        }
        for tab, (column, expected) in content.items():
            table = await open_tab(app, tab, pilot)
            assert isinstance(table, TableTab)
            if tab == "kwargs":  # what the library added is folded
                table.focus()
                await pilot.press("end", "space")
            assert {str(cell).strip() for cell in table.get_column_at(column)} == expected, tab
            assert len(expected) > 5, tab
            assert [str(head.label).strip() for head in table.ordered_columns] == [
                tr(lang, COLUMN_LABELS["step"]),
                *map(table.head, table.heads),
            ]
        for tab in ("forward", "tokens"):  # the recording has no pass through the model
            shown = await open_tab(app, tab, pilot)
            table = getattr(shown, "table", shown)
            assert isinstance(table, TableTab)
            assert [str(head.label) for head in table.ordered_columns] == [tr(lang, table.empty)]
        await open_tab(app, "why", pilot)
        assert tr(lang, WHY["headline:loaded"]) in shown_text(app.query_one("#why-text", Static))
        await open_tab(app, "notes", pilot)
        chapter = app.reading and app.reading.chapter
        assert chapter is not None
        assert chapter.walkthrough.title.localized(lang) in str(app.query_one("#notes-text", Static).render())

    play(app, work)


def test_the_tabs_of_a_pass_list_its_modules_and_tokens(passing: Player) -> None:
    async def work(pilot: Pilot[None]) -> None:
        steps = list(passing.state.trace.steps(kinds=["module-entered", "token-generated"]))
        tab = await open_tab(passing, "forward", pilot)
        names = [str(cell).strip(" ▾▸") for cell in tab.table.get_column_at(1)]
        assert names[:3] == ["(model)", "transformer", "vision"]
        assert "layers 0–2 ×3" in names
        table = await open_tab(passing, "tokens", pilot)
        generated = [step for step in steps if step.kind == "token-generated"]
        assert len(generated) == 3
        assert [str(cell) for cell in table.get_column_at(0)][-3:] == [str(step.number) for step in generated]
        assert [str(cell) for cell in table.get_column_at(3)][-3:] == [str(step.data["id"]) for step in generated]

    play(passing, work)


def shown_text(widget: Static) -> str:
    """Return the text of a renderable in a widget, on lines long enough for every sentence."""
    console = Console(file=io.StringIO(), width=300)
    with console.capture() as captured:
        console.print(widget.content)
    return captured.get()


async def open_tab(app: Player, tab: str, pilot: Pilot[None]) -> Any:
    app.query_one(TabbedContent).active = f"tab-{tab}"
    await settled(pilot)
    return app.tabs.tab_shown()


@pytest.mark.slow
def test_a_row_leads_to_its_step(player: Any) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert app.state.step.kind == "tensor-loaded"

    play(app, work)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (60, 16), (140, 42), (220, 70)])
def test_every_size(size: tuple[int, int], player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("right", "d", "right_square_bracket")
        await pilot.resize_terminal(90, 28)
        await settled(pilot)
        assert app.query_one(SourceView).size.height >= 3
        assert app.state.number > START
        assert f"step {app.state.number} /" in str(app.query_one(StageBar).render())

    play(app, work, size)


def test_quit(player: Any) -> None:
    app = player()

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("q")

    play(app, work)
    assert app.return_code == 0


@pytest.mark.slow
def test_a_trace_without_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = sealed(tmp_path, [meta_record(), end_record(status="killed", signal="SIGKILL")])
    with open_trace(made) as trace:
        app = Player(trace, "en")

        async def work(pilot: Pilot[None]) -> None:
            assert "This trace has no steps" in str(app.query_one(StageBar).render())
            keys = [
                name
                for binding in BINDINGS
                if binding.id not in ("quit", "search", "goto", "help")
                for name in binding.key.split(",")
            ]
            for key in keys:
                await pilot.press(key)
                assert app.is_running, key
                assert app.failure is None, key
                assert app.state.number == 0, key

        play(app, work)


def test_a_trace_made_by_hand(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path)) as trace:
        app = Player(trace, "zh")

        async def work(pilot: Pilot[None]) -> None:
            page = app.query_one(OverviewTab)  # which has nothing to say of it
            assert [str(page.get_option_at_index(at).disabled) for at in range(page.option_count)] == ["True"]
            await pilot.press("right", "right")
            assert app.state.number == 2
            assert await notifications(pilot) == []
            for key in ("right", "d", "o", "u", "e"):  # nothing is left to go to
                app.clear_notifications()
                await pilot.press(key)
                assert app.state.number == 2, key
                assert await notifications(pilot) == [tr("zh", "There is nothing more in that direction.")], key
            app.clear_notifications()
            await pilot.press("c")
            assert await notifications(pilot) == [tr("zh", NO_VARIABLE)]

        play(app, work)


@pytest.mark.slow
def test_a_load_that_failed_opens_where_it_failed_and_stays_there(loads: Any, fixtures: Path) -> None:
    with loads.trace(fixtures / "broken" / "misspelt-class", command=["glm-trace", "load"]) as trace:
        app = Player(trace, "en")

        async def work(pilot: Pilot[None]) -> None:
            await settled(pilot)
            assert app.state.number == trace.outcome.step
            assert app.query_one(TabbedContent).active == "tab-why"
            assert "BrokenModle" in shown_text(app.query_one("#why-text", Static))
            await pilot.press("1")  # the walkthrough about failed loads is bound, and shown for this step at most
            await settled(pilot)
            assert app.reading is not None
            assert app.state.number == trace.outcome.step

        play(app, work)


def test_a_bug_of_the_player_is_one_line_and_a_traceback_in_a_file(
    player: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("outcome:[bold]misused")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(VariablesView, "update_view", broken)
    app = player()
    asyncio.run(app.run_async(headless=True))
    said = " ".join(capsys.readouterr().err.split())
    [file] = tmp_path.glob("glm-trace-*.txt")
    assert said.startswith("The player failed because of a bug in glm-trace (KeyError: 'outcome:[bold]misused').")
    assert file.name in said.replace(" ", "")
    assert "Traceback" not in said
    assert 'raise KeyError("outcome:[bold]misused")' in file.read_text(encoding="utf-8")
    assert app.return_code == 1


NO_HITS = "There are no search results. Press / to search."
NO_VARIABLE = "Choose a variable first: Tab goes to the panes, the arrow keys choose."


@pytest.mark.slow
def test_a_key_that_lacks_what_it_needs_says_so(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        for key, said in {"n": NO_HITS, "N": NO_HITS, "c": NO_VARIABLE, "C": NO_VARIABLE}.items():
            app.state.selected_variable = None
            app.clear_notifications()
            await pilot.press(key)
            assert await notifications(pilot) == [said], key
            assert app.state.number == START, key

    play(app, work)
