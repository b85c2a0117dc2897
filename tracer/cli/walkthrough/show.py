"""``glm-trace walkthrough show``: print a walkthrough, or write it as a document."""

from __future__ import annotations

import os
from contextlib import nullcontext
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.completion import complete_trace, complete_walkthrough
from tracer.cli.console import print_result
from tracer.cli.options import Speak, WalkthroughFolders
from tracer.i18n import N_, Sentence, language, reason_of
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace
from tracer.views.walkthrough.article import render_article
from tracer.views.walkthrough.localized import localize
from tracer.views.walkthrough.terminal import walkthrough_article
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.library import find_walkthrough, library

HELP = """Print a walkthrough with the values of the load that FILE holds; without FILE, with their paths instead.

NAME is a walkthrough's name, its number in the course, or a YAML file. With --format md it becomes a document: text,
the recorded code, values, decisions, questions.
"""


class Format(str, Enum):
    text = "text"
    md = "md"


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A walkthrough.",
            show_default=False,
            autocompletion=complete_walkthrough,
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A trace that glm-trace wrote.", show_default=False, autocompletion=complete_trace
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="For the terminal, or a Markdown document.")] = Format.text,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="Write the document to this file.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="ID", help="Only this note.")] = None,
    walkthroughs: WalkthroughFolders = None,
    lang: Speak = None,
) -> None:
    known = library(walkthroughs or ())
    wanted = find_walkthrough(name, known)
    speak = language(lang.value if lang is not None else None)
    if note is not None:
        _must_have(wanted, note)
    with open_trace(file) if file is not None else nullcontext() as trace:
        binder = Binder(trace) if trace is not None else None
        localized = localize(wanted, known, binder, speak)
        localized = localized if note is None else localized.only(note)
        if form is Format.text and output is None:
            print_result(walkthrough_article(localized, trace, speak, head=note is None))
            return
        document = render_article(localized, trace, speak)
    if output is not None:
        _write(output, document)
        return
    typer.echo(document, nl=False)


def _must_have(walkthrough: Walkthrough, note: str) -> None:
    ids = [one.id for one in walkthrough.notes]
    if note not in ids:
        near = get_close_matches(note, ids, n=1)
        hint = (
            Sentence(N_("Did you mean {near}?"), near=visible(near[0]))
            if near
            else Sentence(N_("Its notes: {names}."), names=visible(", ".join(ids)))
        )
        raise TracerError(
            N_("The walkthrough {id} has no note {note}. {hint}"),
            id=visible(str(walkthrough.id)),
            note=visible(str(note)),
            hint=hint,
        )


def _write(path: Path, document: str) -> None:
    try:
        path.write_text(document, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        where = visible(os.fspath(path))
        raise TracerError(
            N_("The document {where} can't be written: {reason}."), where=where, reason=reason_of(error)
        ) from None
