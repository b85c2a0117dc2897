"""The keys that a user chooses instead of the player's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.trace import made
from tests.tui.conftest import START, notifications, play, settled
from tests.tui.course import reading
from tracer.i18n import Lang
from tracer.trace.reading import open_trace
from tracer.tui.bindings import BINDINGS, Keymap, displayed, keymap_file, load_keymap
from tracer.tui.player import Player
from tracer.tui.screens import HelpScreen, TextScreen, keys_text
from tracer.tui.tabs.notes import NotePage


def written(tmp_path: Path, keys: object) -> Keymap:
    file = tmp_path / "keys.json"
    file.write_text(keys if isinstance(keys, str) else json.dumps(keys), encoding="utf-8")
    return load_keymap(file)


def test_chosen_keys_replace_the_players_own(demo: Any, tmp_path: Path) -> None:
    keymap = written(tmp_path, {"next": "n", "search": ["ctrl+f", "?"], "help": "f1"})
    assert keymap.problems == []
    app = Player(demo, "en", START, keymap=keymap)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("n")
        assert app.state.number == START + 1
        await pilot.press("right", "l")  # no longer of any use
        assert app.state.number == START + 1
        await pilot.press("h")
        assert app.state.number == START
        await pilot.press("ctrl+f")
        assert len(app.screen_stack) == 2
        await pilot.press("escape", "question_mark")
        assert len(app.screen_stack) == 2
        hints = app.screen_stack[0].query_one("#hints").render()
        assert " n  next" in str(hints)
        assert " f1  help" in str(hints)

    play(app, work)


def test_help_lists_the_chosen_keys(tmp_path: Path) -> None:
    lines = keys_text("en", written(tmp_path, {"next": "n", "copy": ["ctrl+y", "Y"]}), 72).plain.split("\n")
    assert "n  next" in [line.strip() for line in lines]
    assert "^Y Y  copy step" in [line.strip() for line in lines]
    assert "next hit" in [line.strip() for line in lines]  # its key was taken


CHOSEN = {
    "help": "f1", "search": "f2", "bookmark": "f3", "breakpoint": "f4", "play": "f5", "answer": "f6", "next-note": "f7",
    "quit": "f8", "value": "f9",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sentences_name_the_chosen_keys(lang: Lang, demo: Any, tmp_path: Path) -> None:
    app = reading(demo, lang, start=1_100, keymap=written(tmp_path, CHOSEN))  # before the first chapter's notes
    own = {key for binding in BINDINGS if binding.id in CHOSEN for key in displayed(binding.key.split(",")).split()}

    async def work(pilot: Pilot[None]) -> None:
        for key, named in {"n": "f2", "apostrophe": "f3", "r": "f4", "f5": "f5"}.items():
            app.clear_notifications()
            await pilot.press(key)
            [sentence] = await notifications(pilot)
            words = set(re.findall(r"[^\s,.，。；]+", sentence))
            assert named in words, sentence
            assert not own & words, sentence
        await pilot.press("f5", "1")
        await settled(pilot)
        assert "f7" in words_of(app)  # the first note
        await pilot.press("f7", "f7")
        await settled(pilot)
        assert {"f6", "f7"} <= words_of(app)  # to answer, and the next note
        assert not own & words_of(app)

    play(app, work)


def words_of(app: Player) -> set[str]:
    """Return the words on the page of the notes."""
    parts = [str(part.content) for part in app.query_one(NotePage).query(Static) if part.display]
    return set(re.findall(r"[^\s,，。]+", "\n".join(parts)))


OTHER_ENDS = ("killed", "refused", "interrupted")


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.slow)])
@pytest.mark.parametrize("status", ["failed", *(pytest.param(one, marks=pytest.mark.slow) for one in OTHER_ENDS)])
def test_the_greeting_names_the_chosen_key(status: str, lang: Lang, tmp_path: Path) -> None:
    records = [
        made.meta_record(),
        made.step_record(made.step(0, frame=None, source=None)),
        made.end_record(status=status),
    ]
    with open_trace(made.sealed(tmp_path, records)) as trace:
        app = Player(trace, lang, keymap=written(tmp_path, CHOSEN))

        async def work(pilot: Pilot[None]) -> None:
            [greeting] = await notifications(pilot)
            assert " f1 " in greeting
            assert "?" not in greeting

        play(app, work)


@pytest.mark.slow
def test_the_chosen_keys_close_what_they_opened(demo: Any, tmp_path: Path) -> None:
    app = Player(demo, "en", START, keymap=written(tmp_path, CHOSEN))

    async def work(pilot: Pilot[None]) -> None:
        app.state.selected_variable = "kwargs"
        for opening, closing, screen in (("f1", "f1", HelpScreen), ("f9", "f9", TextScreen), ("f1", "f8", HelpScreen)):
            await pilot.press(opening)
            assert isinstance(app.screen, screen)
            await pilot.press(closing)
            assert len(app.screen_stack) == 1

    play(app, work)


def test_a_sentence_about_an_action_without_a_key_names_the_palette(tmp_path: Path) -> None:
    keymap = written(tmp_path, {"next": ["slash", "f"]})
    assert keymap.problems == []
    assert (keymap.key("next"), keymap.key("search"), Keymap().key("search")) == ("/", "^P", "/")


WRONG = pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"nxt": "n"}, "keys.json: the player has no action 'nxt'. It has: next."),
        ({"next": "banana"}, "keys.json: 'banana', for next, is not a key."),
        ({"next": "no such key"}, "keys.json: 'no such key', for next, is not a key."),
        ({"next": []}, "keys.json: '', for next, is not a key."),
        ({"next": "n", "over": ["down", "n"]}, "keys.json: n is for next already, and can't be for over too."),
        ({"next": 3}, "has to be a JSON object that gives each action a key or a list of keys."),
        ("{", "has to be a JSON object that gives each action a key or a list of keys."),
    ],
)


@WRONG
def test_a_wrong_entry_is_one_sentence(keys: object, said: str, tmp_path: Path) -> None:
    assert [said in str(problem) for problem in written(tmp_path, keys).problems] == [True]


def test_the_player_starts_and_tells_of_a_wrong_entry(demo: Any, tmp_path: Path) -> None:
    starts_and_tells({"next": "banana"}, "keys.json: 'banana', for next, is not a key.", demo, tmp_path)


@pytest.mark.slow
@WRONG
def test_the_player_starts_and_tells_of_every_wrong_entry(keys: object, said: str, demo: Any, tmp_path: Path) -> None:
    starts_and_tells(keys, said, demo, tmp_path)


def starts_and_tells(keys: object, said: str, demo: Any, tmp_path: Path) -> None:
    keymap = written(tmp_path, keys)
    app = Player(demo, "en", START, keymap=keymap)

    async def work(pilot: Pilot[None]) -> None:
        assert [said in sentence for sentence in await notifications(pilot)] == [True]
        await pilot.press("down")
        assert app.state.number > START

    play(app, work)


def test_without_a_file_the_player_keeps_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keymap_file().name == "keys.json"
    assert load_keymap(tmp_path / "none.json") == Keymap()
    assert all(Keymap().keys(binding) == binding.key.split(",") for binding in BINDINGS)


def test_keys_are_shown_as_a_keyboard_has_them() -> None:
    assert displayed(["right", "ctrl+s", "question_mark", "alt+left", "exclamation_mark"]) == "→ ^S ? alt+← !"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
def test_no_line_of_the_help_is_wrapped(player: Any, lang: str, size: tuple[int, int]) -> None:
    app = player(lang)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        help_screen = app.screen
        assert isinstance(help_screen, HelpScreen)
        text = help_screen.query_one(Static)
        assert text.size.height == str(text.render()).count("\n") + 1

    play(app, work, size)
