"""One load on several releases, as ``across`` prints it: a table, and what changed where the outcome did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.analysis.diff import compare
from tracer.i18n import N_, Lang, Message, path_here, tr
from tracer.launch.across import Bisection, ReleaseRun, Turn
from tracer.launch.environments import Obstacle
from tracer.text.shell import shell_word
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import Prose
from tracer.trace.outcome import GOOD
from tracer.trace.reading import Trace, open_trace
from tracer.views.diff import comparison_report
from tracer.views.outcome import outcome_style, outcome_text
from tracer.views.shell_commands import command_text, program
from tracer.views.stages import stage_name
from tracer.views.why import diagnosis_report, explanation

OBSTACLES: Final[dict[Obstacle, Message]] = {
    "offline": N_("The package index can't be reached, and this release is not in the cache yet. Try again online."),
    "no-release": N_("The package index has no transformers {release}."),
    "python": N_("transformers {release} does not support Python {python}. Install glm-trace on one that it supports."),
    "no-build": N_(
        "{package}, which transformers {release} needs, has no build for Python {python} on this machine. Install "
        "glm-trace on an older Python."
    ),
    "failed": N_("The environment could not be made: {detail}"),
    "interrupted": N_("Interrupted while its environment was made."),
}
_CAUSE: Final = 160  # characters of a cause in the table
_FIRST_SENTENCE: Final = re.compile(r".+?(?:[.!?](?=\s)|[。！？]|$)", re.DOTALL)
_TOPICS: Final = ("outcome", "classes", "keywords", "files", "messages")
"""What is shown of the comparison: the library's own functions and defaults differ between any two releases."""


def across_report(
    runs: Sequence[ReleaseRun], turn: Turn | None, lang: Lang, *, python: str, bisection: Bisection | None = None
) -> RenderableType:
    """Return the table, and for the two releases between which the outcome changes, the diff and the cause.

    ``python`` is the version of Python, as people name it.
    """
    parts: list[RenderableType] = [_table(runs, lang, python)]
    parts += [Prose(sentence) for sentence in _bisected(bisection, turn, lang)]
    if turn is not None:
        parts += _turn(runs, turn, lang)
    elif failing := [run for run in runs if run.good is False and run.trace is not None]:
        parts += _why(failing[0], lang)
    return Group(*parts)


def obstacle_text(run: ReleaseRun, lang: Lang, python: str) -> str:
    """Return why a release could not be tried."""
    assert run.obstacle is not None
    return tr(
        lang,
        OBSTACLES[run.obstacle],
        release=run.release,
        python=python,
        package=visible(run.detail),
        detail=one_line(run.detail, _CAUSE * 2),
    )


def _table(runs: Sequence[ReleaseRun], lang: Lang, python: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("transformers", no_wrap=True)
    table.add_column(tr(lang, "Outcome"), min_width=10)
    table.add_column(tr(lang, "Where"), min_width=8)
    table.add_column(tr(lang, "Seconds"), justify="right", no_wrap=True)
    table.add_column(tr(lang, "Cause"), ratio=1)
    for run in runs:
        outcome = run.outcome
        if outcome is None:
            why = obstacle_text(run, lang, python) if run.obstacle is not None else ""
            table.add_row(run.release, Text(tr(lang, "not tried"), "yellow"), "", "", Prose(why, "yellow"))
            continue
        where, cause = "", visible(one_line(outcome.message or "", _CAUSE))
        if run.trace is not None:
            with open_trace(run.trace) as trace:
                where, cause = _where(trace, lang), _cause(diagnose(trace), lang)
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        ended = Text(outcome_text(outcome, lang), outcome_style(outcome))
        table.add_row(run.release, ended, where, seconds, Prose(cause))
    return table


def _where(trace: Trace, lang: Lang) -> str:
    """Return the step and the stage at which a load failed; empty for one that went well."""
    step = trace.outcome.step
    if trace.outcome.status in GOOD or step is None or not 0 <= step < len(trace):
        return ""
    return tr(lang, "step {number}, {stage}", number=step, stage=stage_name(trace.step(step).stage, lang))


def _cause(found: Diagnosis, lang: Lang) -> str:
    """Return the best cause of a failure as one short text; if none is known, the error itself."""
    if found.causes and found.causes[0].certainty != "unknown":
        sentence = _FIRST_SENTENCE.match(explanation(found.causes[0], lang)[0])
        return one_line(sentence[0], _CAUSE) if sentence is not None else ""
    if found.error is None:
        return ""
    error = found.error.rpartition(".")[2]
    return one_line(f"{error}: {found.message}" if found.message else error, _CAUSE)


def _bisected(bisection: Bisection | None, turn: Turn | None, lang: Lang) -> Iterator[str]:
    """Yield what the search came to, and what keeps it from being exact."""
    if bisection is None:
        return
    runs = bisection.runs
    ends = {"first": runs[0].release, "last": runs[-1].release}
    yield ""
    if bisection.verdict == "all-good":
        yield tr(lang, "It loads on both {first} and {last}, so there is nothing to search for between them.", **ends)
    elif bisection.verdict == "all-bad":
        yield tr(
            lang,
            "It loads neither on {first} nor on {last}. Choose a range with one end on which it loads.",
            **ends,
        )
    elif bisection.verdict == "end-not-run":
        yield tr(lang, "A bisection needs both ends of its range, and one of them could not be tried.")
    elif bisection.verdict == "interrupted":
        yield tr(lang, "The search was interrupted; these are the releases tried so far.")
    elif turn is not None:
        yield tr(
            lang,
            "It loads on {good} and not on {bad}: found with {count} of {all} releases.",
            good=turn.good.release,
            bad=turn.bad.release,
            count=len(runs),
            all=bisection.candidates,
        )
        if runs[0].good is False:
            yield tr(lang, "The older release is the one on which it does not load.")
        if passed := _passed_over(runs, turn):
            yield tr(
                lang, "Between these two, not every release could be tried: {releases}.", releases=", ".join(passed)
            )


def _passed_over(runs: Sequence[ReleaseRun], turn: Turn) -> list[str]:
    """Return the releases between the two that could not be tried."""
    low, high = sorted((runs.index(turn.good), runs.index(turn.bad)))
    return [run.release for run in runs[low + 1 : high]]


def _turn(runs: Sequence[ReleaseRun], turn: Turn, lang: Lang) -> Iterator[RenderableType]:
    if turn.good.trace is None or turn.bad.trace is None:
        return
    good, bad = turn.good.release, turn.bad.release
    yield Text(tr(lang, "\nFrom {good}, which loads it, to {bad}, which does not", good=good, bad=bad), "bold")
    with open_trace(turn.good.trace) as first, open_trace(turn.bad.trace) as second:
        yield comparison_report(compare(first, second), lang, glance=_TOPICS)
    pair = f"{shell_word(path_here(turn.good.trace))} {shell_word(path_here(turn.bad.trace))}"
    yield Text(tr(lang, "\nEverything that differs"), "bold")
    yield command_text(f"  {program()} diff {pair}")
    yield from _why(turn.bad, lang)


def _why(run: ReleaseRun, lang: Lang) -> Iterator[RenderableType]:
    if run.trace is None:
        return
    yield Text(tr(lang, "\nWhy it fails on {release}", release=run.release), "bold")
    with open_trace(run.trace) as trace:
        yield diagnosis_report(trace, diagnose(trace), lang)
