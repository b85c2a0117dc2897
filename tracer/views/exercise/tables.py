"""Tables of exercises, of a learner's progress, and the report of a validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.exercise.collection import ExerciseFiles, fits_release
from tracer.exercise.progress import CourseProgress, ExerciseProgress, local_day
from tracer.exercise.validator import ValidationResult
from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.releases import installed_release
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import Prose

WORDS: Final[dict[str, Message]] = {
    "column:checks": N_("Checks"),
    "column:hints": N_("Hints"),
    "state:solved": N_("solved"),
    "state:started": N_("started"),
    "state:new": N_("not started"),
    "state:release": N_("needs {releases}"),
    # what is wrong with an exercise
    "problem:start-passes": N_("the untouched start passes"),
    "problem:solution-fails": N_("the solution does not pass; first: {first}"),
    "problem:attempt-passes": N_("the wrong attempt {attempt} passes"),
    "problem:attempt-fails-elsewhere": N_("the wrong attempt {attempt} should fail at {wanted}; it fails at {first}"),
    "problem:few-attempts": NP_(
        "it has {count} wrong attempt; there have to be at least {least}",
        "it has {count} wrong attempts; there have to be at least {least}",
    ),
    "problem:same-reason": N_("the wrong attempts {attempt} and {other} fail for the same reason, {first}"),
    "problem:unlisted": N_("there is a folder wrong/{attempt}, and the task names no such attempt"),
    "problem:no-files": N_("{layer} can't be put together: {message}"),
    "problem:read": N_("there is no walkthrough {name} to read"),
}
_WIDEST: Final = 100
_STYLES = {"solved": "green", "started": "yellow", "new": "dim", "release": "dim"}


def exercise_list(known: Mapping[str, ExerciseFiles], progress: CourseProgress, lang: Lang) -> RenderableType:
    """Return the exercises in their order, each with its state."""
    table = _table()
    table.add_column(tr(lang, "No."), justify="right", no_wrap=True)
    table.add_column(tr(lang, "Name"), style="cyan", no_wrap=True)
    table.add_column(tr(lang, "Title"), overflow="fold", ratio=1)
    table.add_column(tr(lang, "State"), no_wrap=True)
    for name, files in known.items():
        table.add_row(
            _order(files),
            Text(visible(name)),
            Prose(visible(" ".join(files.exercise.title.localized(lang).split()))),
            _state(files, progress.exercises.get(name), lang),
        )
    return Constrain(table, _WIDEST)


def progress_table(known: Mapping[str, ExerciseFiles], progress: CourseProgress, lang: Lang) -> RenderableType:
    """Return how far a learner has come with each exercise."""
    table = _table()
    table.add_column(tr(lang, "No."), justify="right", no_wrap=True)
    table.add_column(tr(lang, "Name"), style="cyan", overflow="fold", ratio=1)
    table.add_column(tr(lang, "State"), no_wrap=True)
    for name in ("checks", "hints"):
        table.add_column(tr(lang, WORDS[f"column:{name}"]), justify="right", no_wrap=True)
    table.add_column(tr(lang, "Solution"), no_wrap=True)
    table.add_column(tr(lang, "When"), no_wrap=True)
    for name, files in known.items():
        entry = progress.exercises.get(name)
        count = len(files.exercise.hints)
        table.add_row(
            _order(files),
            Text(visible(name)),
            _state(files, entry, lang),
            str(entry.attempts) if entry is not None and entry.attempts else "",
            f"{min(max(entry.hints, 0), count)}/{count}" if entry is not None else "",
            tr(lang, "seen") if entry is not None and entry.solution_seen else "",
            local_day(entry.solved or entry.started) if entry is not None else "",
        )
    return Constrain(table, _WIDEST)


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", expand=True)


def _order(files: ExerciseFiles) -> str:
    return "" if files.exercise.order is None else str(files.exercise.order)


def _state(files: ExerciseFiles, entry: ExerciseProgress | None, lang: Lang) -> Text:
    state = "new" if entry is None or not entry.started else "solved" if entry.solved else "started"
    if state == "new" and not fits_release(files):
        state = "release"
    return Text(visible(tr(lang, WORDS[f"state:{state}"], releases=files.exercise.releases)), _STYLES[state])


def validation_report(one: ValidationResult, files: ExerciseFiles, lang: Lang) -> RenderableType:
    """Return a line for one exercise, and below it what is wrong."""
    count = len(one.problems)
    order = "" if files.exercise.order is None else str(files.exercise.order)
    line = Text(f"{order:>3} ", "dim", no_wrap=True, overflow="ignore")
    line.append(visible(one.id), "bold").append(" · ")
    line.append(
        tr(lang, NP_("{count} problem", "{count} problems") if count else N_("ok"), count=count),
        "red" if count else "green",
    )
    told = N_("{attempts} wrong attempts") if one.fits else N_("not for transformers {release}")
    values = {"attempts": len(files.exercise.wrong), "release": installed_release() or "-"}
    line.append(f" · {tr(lang, told, **values)}", "dim")
    if one.fits:
        line.append(f" · {one.seconds:.1f} s", "dim")
    parts: list[RenderableType] = [line]
    for problem in one.problems:
        shown = {name: one_line(str(value), 300) for name, value in problem.values.items()}
        sentence = Prose(tr(lang, WORDS[f"problem:{problem.what}"], **shown))
        parts.append(Padding(sentence, (0, 0, 0, 6), expand=False))
    return Group(*parts)
