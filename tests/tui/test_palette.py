"""The palette: only the player's own entries, with keys, in the user's language; choosing one goes there."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.tui.conftest import play
from tracer.i18n import Lang, tr
from tracer.trace.errors import DanglingNumber
from tracer.tui.bindings import BINDINGS, DESCRIPTIONS, KEY_LABELS, Keymap
from tracer.tui.palette import Entry, PaletteScreen, command_entries, find
from tracer.tui.player import Player


async def opened(pilot: Pilot[None]) -> PaletteScreen:
    """Open the palette, and wait for the places of the load and the notes."""
    await pilot.press("ctrl+p")
    for _ in range(600):
        await pilot.pause(0.02)
        await pilot.app.workers.wait_for_complete()
        screen = pilot.app.screen
        if isinstance(screen, PaletteScreen) and screen._places and screen._notes:
            return screen
    raise AssertionError("the palette never has its places")


def rows(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one("#hits", OptionList)
    return [str(options.get_option_at_index(at).prompt).strip() for at in range(options.option_count)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_command_has_its_key_and_its_label(lang: Lang) -> None:
    entries = {entry.also: entry for entry in command_entries(Keymap(), lang)}
    assert set(entries) == {binding.id for binding in BINDINGS}
    assert (entries["next-stage"].key, entries["next-stage"].title) == ("] S", tr(lang, KEY_LABELS["next-stage"]))
    assert entries["zoom"].says == tr(lang, DESCRIPTIONS["zoom"])
    assert set(KEY_LABELS) >= set(DESCRIPTIONS)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_holds_only_our_entries(player: Any, lang: str) -> None:
    async def work(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        sorts = {entry.sort for entry in (*screen._commands, *screen._places, *screen._notes)}
        assert sorts == {"", "theme", "stage", "argument", "function", "note"}
        shown = "\n".join(rows(pilot))
        for of_textual in ("Screenshot", "Maximize", "Show help for the focused"):
            assert of_textual not in shown
        assert any(row.startswith("] S  " + tr("zh" if lang == "zh" else "en", "next stage")) for row in rows(pilot))

    play(player(lang), work)


@pytest.mark.parametrize(
    ("typed", "sort", "title"),
    [
        ("trust", "stage", "Trust"),
        ("trust_rem", "argument", "trust_remote_code = True"),
        ("get_class_from", "function", "get_class_from_dynamic_module"),
        ("gcfdm", "function", "get_class_from_dynamic_module"),
        ("nord", "theme", "nord"),
    ],
)
def test_choosing_goes_there(player: Any, typed: str, sort: str, title: str) -> None:
    async def work(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        for letter in typed:
            await pilot.press(letter if letter.isalnum() else "underscore")
        await pilot.pause()
        matching = [at for at, one in enumerate(screen._found) if (one.sort, one.title) == (sort, title)]
        assert matching, [one[:2] for one in screen._found]
        entry = screen._found[matching[0]]
        await pilot.press(*["down"] * matching[0], "enter")
        await pilot.pause()
        app = pilot.app
        assert isinstance(app, Player)
        assert len(app.screen_stack) == 1
        if entry.theme:
            assert app.theme == "nord"
        else:
            assert app.number == entry.step

    play(player(), work)


def test_a_note_is_opened(player: Any) -> None:
    async def work(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        entry = screen._notes[5]
        screen.dismiss(entry)
        await pilot.pause()
        app = pilot.app
        assert isinstance(app, Player)
        assert app.tabs.active == "tab-notes"
        assert app.reading is not None
        assert app.reading.open == entry.note
        assert app.number == getattr(app.reading.note, "step", None)

    play(player(), work)


def test_a_command_and_a_bookmark(player: Any) -> None:
    async def work(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Player)
        app.go(1200)
        await pilot.press("m", "right", "right")
        await opened(pilot)
        await pilot.press(*"step", "space", *"1200", "enter")
        await pilot.pause()
        assert app.number == 1200
        await opened(pilot)
        await pilot.press(*"quit", "enter")
        await pilot.pause()
        assert app._exit

    play(player(), work)


def test_nothing_of_that_name(player: Any) -> None:
    async def work(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press(*"qqzzxx")
        await pilot.pause()
        assert str(pilot.app.screen.query_one("#found").render()) == "Nothing of that name."
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, PaletteScreen)
        await pilot.press("escape")
        assert len(pilot.app.screen_stack) == 1

    play(player(), work)


def test_the_best_comes_first() -> None:
    titles = ["xaxtxtxn", "self_attn", "attn", "pattern", "other"]
    entries = [Entry("module", title, "attn" if title == "other" else "") for title in titles]
    assert [entry.title for entry in find(entries, "attn")] == ["attn", "self_attn", "other", "pattern", "xaxtxtxn"]
    assert [entry.title for entry in find(entries, "self attn")] == ["self_attn"]
    assert find(entries, "") == []  # modules are too many to be listed unasked


def test_what_is_chosen_stays_chosen_as_more_is_found(player: Any) -> None:
    async def work(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        await pilot.press(*"next", "down", "down")
        chosen = rows(pilot)[2]
        screen._notes = []
        screen.show_notes(pilot.app.reading)  # type: ignore[attr-defined]
        options = screen.query_one("#hits", OptionList)
        assert options.highlighted is not None
        assert rows(pilot)[options.highlighted] == chosen
        await pilot.press("t")
        assert options.highlighted == 0

    play(player(), work)


def test_a_bookmark_where_the_trace_is_damaged(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = player(start=1200)

    def damaged(number: int) -> Any:
        raise DanglingNumber("{path} has no {table} {number}.", path="t", table="frame", number=number)

    async def work(pilot: Pilot[None]) -> None:
        app.state.bookmarks.add(1200)
        monkeypatch.setattr(app.state.trace, "frame", damaged)
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, PaletteScreen)
        assert any("1200" in row for row in rows(pilot))

    play(app, work)
