"""Errors of commands about exercises."""

from __future__ import annotations

from tracer.exercise.errors import ExerciseError
from tracer.i18n import N_, Sentence


def test_an_error_is_told_in_both_languages_and_shows_foreign_text() -> None:
    hint = Sentence(N_("Did you mean {near}?"), near="b")
    error = ExerciseError(N_("There is no exercise {name}. {hint}"), name="a\x1b[2J", hint=hint)
    assert str(error) == error.localized("en") == "There is no exercise a\\x1b[2J. Did you mean b?"
    assert error.localized("zh") == "没有名为 a\\x1b[2J 的练习。是不是 b？"
    assert error.exit_code == 2
