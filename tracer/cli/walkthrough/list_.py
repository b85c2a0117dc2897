"""``glm-trace walkthrough list``: list the walkthroughs that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.completion import complete_trace
from tracer.cli.console import print_result
from tracer.cli.options import Speak, WalkthroughFolders
from tracer.i18n import language
from tracer.trace.reading import open_trace
from tracer.views.walkthrough.terminal import walkthrough_list
from tracer.walkthrough.applicability import count_applicable
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.library import library

HELP = """List the walkthroughs in the order of the course.

With a FILE, how many notes of each apply to the load that it holds.
"""


def list_(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A trace that glm-trace wrote.", show_default=False, autocompletion=complete_trace
        ),
    ] = None,
    walkthroughs: WalkthroughFolders = None,
    lang: Speak = None,
) -> None:
    known = library(walkthroughs or ())
    here = None
    if file is not None:
        with open_trace(file) as trace:
            binder = Binder(trace)
            here = {one.id: count_applicable(binder, one) for one in known.values()}
    print_result(walkthrough_list(list(known.values()), here, language(lang.value if lang is not None else None)))
