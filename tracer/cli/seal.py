"""``glm-trace seal``: turn the journal of an unfinished recording into a trace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tracer.cli import arguments
from tracer.cli.console import print_result
from tracer.cli.options import Speak
from tracer.i18n import N_, language
from tracer.trace.errors import TracerError
from tracer.trace.held_journal import SUFFIX, HeldJournal
from tracer.trace.reading import open_trace
from tracer.trace.sealing import seal_and_remove
from tracer.views.show import next_commands

HELP = """Turn FILE, the journal of a recording that was killed or ran out of disk space, into a trace.

Every step that was recorded is in the trace. The journal is deleted once the trace is written.
"""


def seal(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.journal", help="A journal that a recording left behind.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The trace file to write. [default: FILE]")
    ] = None,
    lang: Speak = None,
) -> None:
    if not file.exists():
        raise TracerError(
            N_("There is no file {file}. Name the journal of a recording, which ends in {suffix}."),
            file=file,
            suffix=SUFFIX,
        )
    if file.is_file() and not file.name.endswith(SUFFIX) and arguments.is_sealed(file):
        raise TracerError(N_("{file} is a trace already. Read it with: glm-trace show {file}"), file=file)
    with HeldJournal.take_over(file) as held:
        path = _target(file, output)
        seal_and_remove(held, path)
    with open_trace(path) as trace:
        print_result(next_commands(trace, language(lang.value if lang is not None else None)))


def _target(file: Path, output: Path | None) -> Path:
    if output is not None:
        path = Path(os.path.expanduser(output))
    elif file.name.endswith(SUFFIX):
        path = file.with_name(file.name.removesuffix(SUFFIX))
    else:
        path = file.with_name(file.name + arguments.SUFFIX)
    path = Path(os.path.abspath(path))
    if os.path.lexists(path):
        raise TracerError(N_("{path} exists and is not overwritten. Choose another name with -o."), path=path)
    if not path.parent.is_dir():
        raise TracerError(
            N_("The folder {parent} does not exist. Make it, or choose another place with -o."), parent=path.parent
        )
    return path
