"""The sentences of exercises: what a learner is told, asked, and what is wrong."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

WORDS: Final[dict[str, Message]] = {
    # tables
    "column:checks": N_("Checks"),
    "column:hints": N_("Hints"),
    "state:solved": N_("solved"),
    "state:started": N_("started"),
    "state:new": N_("not started"),
    "state:release": N_("needs {releases}"),
    # the sheet
    "sheet:check": N_("record a load and judge it"),
    "sheet:watch": N_("do so whenever you save a file"),
    "sheet:hint": N_("a hint; there are {hints}"),
    "sheet:solution": N_("one way to do it, in a folder beside this one"),
    "sheet:reset": N_("begin anew; this folder is kept aside"),
    # the judgement
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
