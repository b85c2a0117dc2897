"""``glm-trace decisions``: show which way the load went at each choice, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from tracer.analysis.decisions.explanation import explanation, select_decisions
from tracer.cli.arguments import trace_file
from tracer.cli.console import print_document, print_lines, print_result
from tracer.cli.options import Speak, Stage, TraceFile
from tracer.i18n import N_, language
from tracer.trace.reading import open_trace
from tracer.views.decisions import all_decisions, explanation_report

HELP = """Print the decisions that explain the load of FILE: which way it went, and which code was skipped.

With --all, every if, try, loop, conditional expression and early return of every function that was stepped. A number
in front is a step: glm-trace show FILE --steps shows what is around it.
"""
EXAMPLES = (
    ("decisions", N_("the newest trace in this folder")),
    ("decisions FILE --stage trust", N_("of one stage")),
    ("decisions FILE --function from_pretrained", N_("every decision of a function")),
)


def decisions(
    file: TraceFile = None,
    stage: Annotated[Stage | None, typer.Option("--stage", metavar="STAGE", help="Only this stage.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every decision, not only those that explain.")] = False,
    function: Annotated[
        str | None, typer.Option("--function", metavar="NAME", help="Every decision of this function only.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs: one document.")] = False,
    lang: Speak = None,
) -> None:
    with open_trace(trace_file(file)) as trace:
        found = select_decisions(trace, stage=stage.value if stage is not None else None, function=function)
        explained = None if everything or function is not None else explanation(trace, found, whole=stage is None)
        if json:
            from tracer.export.json_documents import decisions_document

            print_document(decisions_document(trace, found, explained))
            return
        speak = language(lang.value if lang is not None else None)
        if explained is None:
            print_lines(all_decisions(trace, found, speak))
        else:
            print_result(explanation_report(trace, explained, len(found), speak))
