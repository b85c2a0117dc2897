"""``glm-trace check``: look for what makes a model directory fail, without loading it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.analysis.check.directory import check_directory
from tracer.cli.console import print_document, print_result
from tracer.cli.options import Speak
from tracer.export.json_documents import directory_check_document
from tracer.i18n import N_, language
from tracer.releases import installed_release, library
from tracer.remote_code.files import is_hub_id
from tracer.trace.errors import TracerError
from tracer.views.check import check_report

HELP = """Look for what makes loading the model in DIR fail, without loading it or running its code.

Whether its files are complete and sound, whether the code that `auto_map` names is there, what that code imports, and
whether a release of transformers has it. The exit code is 1 if a load would fail.
"""


def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A model directory.", show_default=False)],
    releases: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="RELEASE",
            help="A release of transformers to check for; may be repeated. [default: the installed one]",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    if not directory.is_dir():
        if is_hub_id(str(directory)) and "/" in str(directory):
            raise TracerError(
                N_(
                    "There is no directory {path}. If it is a model on the hub, download it (hf download {path}) and "
                    "name the directory that this prints."
                ),
                path=directory,
            )
        raise TracerError(N_("There is no directory {path}. Name a model directory."), path=directory)
    known = library()
    for release in releases or []:
        if known.index(release) is None:
            raise TracerError(
                N_("--for {release}: expected a release of transformers from {oldest} on, such as {newest}."),
                release=release,
                oldest=known.releases[0],
                newest=known.releases[-1],
            )
        if known.is_newer(release):
            raise TracerError(
                N_("--for {release}: this glm-trace knows transformers from {oldest} to {newest}."),
                release=release,
                oldest=known.releases[0],
                newest=known.releases[-1],
            )
    here = installed_release()
    asked = releases or [here or known.releases[-1]]
    problems = check_directory(directory, asked, installed=not releases and here is not None)
    if json:
        print_document(directory_check_document(problems, asked))
    else:
        print_result(check_report(problems, asked, language(lang.value if lang is not None else None)))
    if any(problem.fails for problem in problems):
        raise typer.Exit(1)
