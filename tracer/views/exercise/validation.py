"""What came out of validating, as lines for a person and as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tracer.exercise.choosing import installed_release
from tracer.exercise.library import ExerciseFiles
from tracer.exercise.validating import ValidationResult
from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import Prose
from tracer.views.exercise.words import WORDS


def print_validation(one: ValidationResult, kept: ExerciseFiles, console: Console, lang: Lang) -> None:
    """A line for one exercise, and below it what is wrong."""
    count = len(one.problems)
    order = "" if kept.exercise.order is None else str(kept.exercise.order)
    line = Text(f"{order:>3} ", "dim")
    line.append(visible(one.id), "bold").append(" · ")
    line.append(
        tr(lang, NP_("{count} problem", "{count} problems") if count else N_("ok"), count=count),
        "red" if count else "green",
    )
    told = N_("{attempts} wrong attempts") if one.fits else N_("not for transformers {release}")
    values = {"attempts": len(kept.exercise.wrong), "release": installed_release()}
    line.append(f" · {tr(lang, told, **values)}", "dim")
    if one.fits:
        line.append(f" · {one.seconds:.1f} s", "dim")
    console.print(line, soft_wrap=True)
    for problem in one.problems:
        shown = {name: one_line(str(value), 300) for name, value in problem.values.items()}
        console.print(Padding(Prose(tr(lang, WORDS[f"problem:{problem.what}"], **shown)), (0, 0, 0, 6), expand=False))


def document(validated: list[ValidationResult]) -> dict[str, Any]:
    """``{"transformers", "exercises": [{"id", "fits", "problems": [{"what", "values"}], "seconds"}]}``."""
    return {"transformers": installed_release(), "exercises": [msgspec.to_builtins(one) for one in validated]}
