"""``glm-trace run``: record what the auto classes do inside the user's own script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.cli import arguments
from tracer.cli.console import needs_terminal
from tracer.cli.job_recording import command_line, record_and_report
from tracer.cli.options import Lines, Output, Speak
from tracer.i18n import N_, Sentence, language
from tracer.text.shell import shell_word
from tracer.trace.errors import TracerError
from tracer.trace.job import Job

HELP = """Run SCRIPT with ARGS as Python does, and record every load that happens in it.

Options of glm-trace go before SCRIPT; everything after it is the script's. A script that passes
trust_remote_code=True has its own consent: nothing is asked.
"""
EXAMPLES = (
    ("run train.py", N_("every load in the script")),
    ("run -o first.glmtrace train.py --epochs 1", N_("what follows the script is its own")),
    ("run --tui train.py", N_("and play the trace")),
)
CONTEXT = {"allow_interspersed_args": False, "ignore_unknown_options": False}


def run(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A Python file.", show_default=False)],
    args: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="The script's own arguments.")] = None,
    output: Output = None,
    lines: Lines = True,
    trust_remote_code: Annotated[bool, typer.Option("--trust-remote-code", hidden=True)] = False,
    tui: Annotated[bool, typer.Option("--tui", help="Play the trace once the script has ended.")] = False,
    lang: Speak = None,
) -> None:
    if trust_remote_code:
        raise TracerError(
            N_(
                "run takes no --trust-remote-code: a script says so itself, with trust_remote_code=True "
                "in each from_pretrained. Leave the option out; the script's own options go after SCRIPT."
            )
        )
    if Path(script).is_dir():
        raise TracerError(
            N_(
                "{script} is a directory, and run takes a Python script. To load the model in it: glm-trace load "
                "{quoted}"
            ),
            script=script,
            quoted=shell_word(script),
        )
    if not Path(script).is_file():
        raise TracerError(
            N_("There is no file {script}. Name a Python script, and after it the script's own arguments."),
            script=script,
        )
    if tui:
        needs_terminal("--tui", lambda: Sentence(N_("Leave it out, and play the trace later with: glm-trace replay")))
    destination = arguments.destination(output, Path(script).stem)
    job = Job(
        work="script",
        command=command_line(),
        lines=lines,
        script=[script, *(args or [])],
    )
    speak = language(lang.value if lang is not None else None)
    record_and_report(job, destination, speak, take_output=False, tui=tui)
