"""What is said of a run that ended badly: over a limit, killed, ended by its own code, or with nothing to run."""

from __future__ import annotations

from tracer.exercise.format import Run
from tracer.exercise.running import RecordedRun
from tracer.i18n import Lang, tr
from tracer.launch.runner import Limits
from tracer.text.visible import one_line


def run_failure_text(run: Run, ran: RecordedRun, lang: Lang) -> str:
    """What happened and what to look for, in Markdown."""
    if ran.missing:
        return tr(
            lang,
            "There is no {missing} in your folder to run. Was it moved or renamed?",
            missing=f"`{one_line(ran.missing, 100)}`",
        )
    if ran.limit == "seconds":
        return tr(
            lang,
            "It was still running after {seconds} s and was ended. Look for a loop that never ends, "
            "or for work that is far larger than it has to be. The last step that was recorded shows "
            "where it was.",
            seconds=run.seconds,
        )
    if ran.limit == "output":
        return tr(
            lang,
            "It printed, or made the recording hold, more than {limit} MB, and was ended. Look for "
            "printing or calling in a loop that goes round far too often.",
            limit=Limits(run.seconds).bytes >> 20,
        )
    if ran.limit == "memory":
        return tr(
            lang,
            "It wanted more than {limit} GB of memory, and did not get it. Look for sizes that are "
            "far larger than they have to be, or for something that grows in a loop.",
            limit=Limits(run.seconds).memory >> 30,
        )
    if ran.outcome is not None and ran.outcome.signal:
        return tr(
            lang,
            "Its process was killed by {signal}. Python can't report that: it ran out of memory, "
            "native code crashed, or the code sent the signal itself. The last step that was "
            "recorded shows where it was.",
            signal=ran.outcome.signal,
        )
    if ran.outcome is not None and ran.outcome.exit_code is not None:
        return tr(
            lang,
            "The code ended its own process with exit code {code}, in the middle of the load. Look "
            "for `sys.exit`, `os._exit`, `exit` or `quit`: code of a model raises an error and lets "
            "whoever loads it decide.",
            code=ran.outcome.exit_code,
        )
    return tr(lang, "Its process ended without saying how. The last step that was recorded shows where it was.")
