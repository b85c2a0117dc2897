"""The sentences of exercises."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import tracer.exercise
from tracer.exercise.errors import ERRORS, ExerciseError, pair
from tracer.views.exercise.words import WORDS, tell

FOLDER = Path(tracer.exercise.__file__).parent
FILES = [
    path
    for folder in (FOLDER, FOLDER.parent / "views" / "exercise", FOLDER.parent / "cli" / "exercise")
    for path in folder.glob("*.py")
]


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_both_languages_say_the_same() -> None:
    for key, (english, chinese) in WORDS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        assert placeholders(english) == placeholders(chinese), key


def calls(name: str) -> Iterator[ast.Call]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    yield node


def keys(call: ast.Call, at: int) -> Iterator[str]:
    """The texts that can be an argument: it stands there, or is one of two."""
    for node in ast.walk(call.args[at]) if len(call.args) > at else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_sentence_that_is_asked_for_exists_and_gets_its_values() -> None:
    said = [(call, key) for call in calls("say") for key in keys(call, 0)]
    told = [(call, key) for call in calls("tell") for key in keys(call, 1)]
    whole = [(call, key) for call, key in (*said, *told) if ":" in key and not key.endswith(":")]
    assert len(whole) > 50
    assert {key for _, key in whole} <= WORDS.keys()
    for call, key in said:
        given = {word.arg for word in call.keywords}
        assert set(placeholders(WORDS[key][0])) <= given, key


def test_every_error_exists_and_gets_its_values() -> None:
    raised = [*calls("ExerciseError"), *calls("pair")]
    assert len(raised) > 20
    used = set()
    for call in raised:
        for key in keys(call, 0):
            used.add(f"error:{key}")
            assert set(placeholders(ERRORS[f"error:{key}"][0])) <= {word.arg for word in call.keywords}, key
    assert ERRORS.keys() - used <= {"error:changed", "error:not-agreed"}, "nobody says these"


def test_an_error_is_told_in_both_languages_and_shows_foreign_text() -> None:
    error = ExerciseError("no-exercise", name="a\x1b[2J", hint=pair("near", near="b"))
    assert str(error) == error.told("en") == "There is no exercise a\\x1b[2J. Did you mean b?"
    assert error.told("zh") == "没有名为 a\\x1b[2J 的练习。是不是 b？"
    assert error.exit_code == 2


def test_a_sentence_is_filled_in() -> None:
    assert tell("en", "hint:of", {"number": 1, "count": 3}) == "Hint 1 of 3"
    assert tell("zh", "hint:of", {"number": 1, "count": 3}) == "提示 1/3"
