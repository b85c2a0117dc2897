"""What is said of a run that ended badly: over a limit, killed, ended by its own code, or with nothing to run."""

from __future__ import annotations

from tracer.exercise.format import Run
from tracer.exercise.running import Ran
from tracer.i18n import Lang
from tracer.launch.runner import Limits
from tracer.text.visible import one_line
from tracer.views.exercise.words import tell


def broken_told(run: Run, ran: Ran, lang: Lang) -> str:
    """What happened and what to look for, in Markdown."""
    if ran.missing:
        return tell(lang, "broken:missing", {"missing": f"`{one_line(ran.missing, 100)}`"})
    if ran.limit == "seconds":
        return tell(lang, "broken:seconds", {"seconds": run.seconds})
    if ran.limit == "output":
        return tell(lang, "broken:output", {"limit": Limits(run.seconds).bytes >> 20})
    if ran.limit == "memory":
        return tell(lang, "broken:memory", {"limit": Limits(run.seconds).memory >> 30})
    if ran.outcome is not None and ran.outcome.signal:
        return tell(lang, "broken:signal", {"signal": ran.outcome.signal})
    if ran.outcome is not None and ran.outcome.exit_code is not None:
        return tell(lang, "broken:exit", {"code": ran.outcome.exit_code})
    return tell(lang, "broken:unfinished")
