"""Questions before the run: which are open, and what was given on the command line instead."""

from __future__ import annotations

from collections.abc import Iterable

from tracer.exercise.errors import ExerciseError
from tracer.exercise.format import Exercise, Prediction
from tracer.exercise.progress import ExerciseProgress
from tracer.i18n import N_


def open_questions(exercise: Exercise, entry: ExerciseProgress, *, again: bool = False) -> list[Prediction]:
    """The questions that have no answer yet; ``again``, those too whose answer was not right."""
    kept = set(entry.right) if again else set(entry.answers)
    return [one for one in exercise.predictions if one.id not in kept or one.id not in entry.answers]


def given_answers(exercise: Exercise, pairs: Iterable[str]) -> dict[str, str]:
    """Answers that were given as ``ID=TEXT``.

    Raises:
        ExerciseError: one is no such pair, answers no question, or chooses what there is not.
    """
    questions = {one.id: one for one in exercise.predictions}
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not questions:
            raise ExerciseError(N_("{id} asks nothing, so there is nothing to answer."), id=exercise.id)
        if not equals or not text.strip():
            raise ExerciseError(
                N_("--answer {pair} is no ID=TEXT pair. The questions are: {ids}."), pair=pair, ids=", ".join(questions)
            )
        if name not in questions:
            raise ExerciseError(
                N_("{id} has no question {name}. The questions are: {ids}."),
                id=exercise.id,
                name=name,
                ids=", ".join(questions),
            )
        if not is_answer(questions[name], text):
            raise ExerciseError(
                N_("{name} is answered with a number from 1 to {count}, and not with {given}."),
                name=name,
                count=len(questions[name].choices),
                given=text,
            )
        found[name] = text.strip()
    return found


def is_answer(question: Prediction, text: str) -> bool:
    """Whether a text can be an answer at all."""
    text = text.strip()
    if not question.choices:
        return bool(text)
    return text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= len(question.choices)
