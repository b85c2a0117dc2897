"""``glm-trace exercise check``: whether an exercise is solved."""

from __future__ import annotations

from typing import Annotated

import typer

from tracer.cli.exercise.checking import ask_questions, print_grades, record_attempt, require_allowed
from tracer.cli.exercise.options import Answers, Folders, Name
from tracer.cli.exercise.session import exercise_context
from tracer.cli.options import Speak
from tracer.exercise.attempting import is_solved
from tracer.exercise.predicting import given_answers
from tracer.exercise.running import run_recorder
from tracer.i18n import N_

HELP = """Record what is in your folder of an exercise, and tell what holds and what does not yet.

A task may ask what you expect before anything runs. Your files are copied, and only the copy runs.
Exit codes: 0 solved, 1 not yet, 2 it can't be checked so, 3 nobody agreed to run its code, 130 left with Ctrl-C.
"""


def check(
    name: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Answer again what was not right.")] = False,
    answer: Answers = None,
    exercises: Folders = None,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        kept = at.current(name, workshop)
        require_allowed(at, workshop, kept)
        given = given_answers(kept.exercise, answer or [])
        if given:
            with workshop.updating_entry(kept) as entry:
                entry.answers.update(given)
        title = kept.exercise.title.localized(at.lang).strip()
        at.printer.say(N_("Checking {id}: {title}"), "bold", id=kept.exercise.id, title=title)
        at.printer.gap()
        if not ask_questions(at, workshop, kept, again=again and not given) and again and not given:
            at.printer.say(
                N_("There is nothing to answer again: this task asks nothing, or every answer was right."), "dim"
            )
        with run_recorder() as recording:
            judgement = record_attempt(at, workshop, kept, recording)
        solved = is_solved(judgement)
        print_grades(at, workshop, kept, judgement)
        if not solved:
            at.printer.gap()
            at.printer.say(N_("A hint: {command}"), "dim", command=at.printer.command("hint"))
    raise typer.Exit(0 if solved else 1)
