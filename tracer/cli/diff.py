"""``glm-trace diff``: show the differences between two recorded loads."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tracer.analysis.diff import TOPICS, compare
from tracer.cli.completion import complete_trace
from tracer.cli.console import print_document, print_result
from tracer.cli.options import Speak
from tracer.i18n import N_, language
from tracer.trace.reading import open_trace
from tracer.views.diff import comparison_report

HELP = """Compare two traces: what came out, and where they diverged.

Functions, statements, decisions and arguments are aligned by what they are, not by step numbers; so two releases of
transformers can be compared, two directories, or a load before and after an edit. Ends with 1 if the loads differ.
"""
EXAMPLES = (
    ("diff A B", N_("what differs")),
    ("diff A B --topic classes", N_("everything on one topic")),
    ("replay A --against B", N_("the same in the player")),
)

Topic = Enum("Topic", {topic: topic for topic in TOPICS}, type=str)  # type: ignore[misc]


def diff(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            help="A trace.",
            show_default=False,
            autocompletion=complete_trace,
        ),
    ],
    b: Annotated[
        Path,
        typer.Argument(
            metavar="B", help="The trace to compare it with.", show_default=False, autocompletion=complete_trace
        ),
    ],
    topic: Annotated[
        list[Topic] | None, typer.Option("--topic", help="Everything on this topic only; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything on every topic.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs: one document with every difference.")] = False,
    lang: Speak = None,
) -> None:
    with open_trace(a) as first, open_trace(b) as second:
        comparison = compare(first, second)
    code = 1 if comparison.differences else 0
    topics = [item.value for item in topic or ()]
    if json:
        from tracer.export.json_documents import comparison_document

        print_document(comparison_document(comparison, topics), code)
    else:
        speak = language(lang.value if lang is not None else None)
        print_result(comparison_report(comparison, speak, topics=topics, everything=everything), code)
    raise typer.Exit(code)
