"""The keys that a user chooses instead of the player's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import START, play
from tracer.tui.bindings import BINDINGS, Keymap, displayed, keymap_file, load_keymap
from tracer.tui.player import Player
from tracer.tui.screens import keys_text


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


@pytest.mark.parametrize(
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
def test_a_wrong_entry_is_one_sentence_and_the_player_starts(
    keys: object, said: str, demo: Any, tmp_path: Path
) -> None:
    keymap = written(tmp_path, keys)
    assert [said in str(problem) for problem in keymap.problems] == [True]
    app = Player(demo, "en", START, keymap=keymap)

    async def work(pilot: Pilot[None]) -> None:
        assert [said in note.message for note in app._notifications] == [True]
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
