"""The task as a file in the learner's folder, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.exercise.task import Exercise
from tracer.i18n import N_, Lang, Message, tr

SHEETS: Final[dict[str, Lang]] = {"TASK.md": "en", "TASK.zh.md": "zh"}
_COMMANDS: Final[dict[str, Message]] = {
    "check": N_("record a load and judge it"),
    "watch": N_("do so whenever you save a file"),
    "hint": N_("a hint; there are {hints}"),
    "solution": N_("one way to do it, in a folder beside this one"),
    "reset": N_("start over; this folder is kept aside"),
}


def task_sheets(exercise: Exercise) -> dict[str, str]:
    """Return the task's files, as text by name."""
    return {name: task_sheet(exercise, lang) for name, lang in SHEETS.items()}


def task_sheet(exercise: Exercise, lang: Lang) -> str:
    """Return the task as Markdown: what to do, what is asked, which commands there are."""
    return "\n\n".join(_parts(exercise, lang)) + "\n"


def task_heading(exercise: Exercise, lang: Lang) -> str:
    """Return an exercise's number in the course and its title."""
    title = exercise.title.localized(lang).strip()
    return title if exercise.order is None else tr(lang, "Exercise {order}: {title}", order=exercise.order, title=title)


def _parts(exercise: Exercise, lang: Lang) -> Iterator[str]:
    yield f"# {task_heading(exercise, lang)}"
    yield exercise.text.localized(lang).strip()
    if exercise.predictions:
        yield f"## {tr(lang, 'Predict first')}"
        yield tr(lang, "`check` asks you this before it runs anything. Look at the files, think, then answer.")
        for number, one in enumerate(exercise.predictions, 1):
            lines = one.ask.localized(lang).strip().splitlines()
            yield "\n".join([f"{number}. {lines[0]}", *(f"   {line}".rstrip() for line in lines[1:])])
            if one.choices:
                yield "\n".join(
                    f"   {at}. {choice.text.localized(lang).strip()}" for at, choice in enumerate(one.choices, 1)
                )
    yield f"## {tr(lang, 'Working on it')}"
    yield tr(lang, "Edit the files in this folder. In it, or anywhere in the course folder:")
    width = max(map(len, _COMMANDS))
    lines = [
        f"glm-trace exercise {name:<{width}}  # {tr(lang, does, hints=len(exercise.hints))}"
        for name, does in _COMMANDS.items()
    ]
    yield "\n".join(["```sh", *lines, "```"])
