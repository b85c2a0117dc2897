"""``glm-trace kwargs``: show where each keyword argument of the load went."""

from __future__ import annotations

from typing import Annotated

import typer

from tracer.analysis.kwargs.paths import find_keyword_path, keyword_paths, select_call
from tracer.analysis.loading_calls import loading_calls
from tracer.cli.arguments import trace_file
from tracer.cli.console import print_document, print_result
from tracer.cli.options import Speak, TraceFile
from tracer.i18n import N_, language
from tracer.trace.reading import open_trace
from tracer.views.kwargs import kwarg_path, kwargs_overview

HELP = """Show what became of the keyword arguments of the load that FILE holds.

Without NAME, one line for each: those the user gave, then those the library made up. With NAME, the path of one: every
call it was handed on to, where it was taken out, copied, renamed or put back, and its end - an attribute of the
config, an argument of a constructor, used up, dropped or refused.
"""
EXAMPLES = (
    ("kwargs", N_("the newest trace in this folder")),
    ("kwargs FILE use_cache", N_("the path of one argument")),
    ("kwargs FILE --json", N_("for programs")),
)


def kwargs(
    file: TraceFile = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A keyword argument.", show_default=False)
    ] = None,
    call: Annotated[
        int | None,
        typer.Option("--call", metavar="STEP", help="The loading call at this step. [default: the model's]"),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also calls that did not use it, and statements in full.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    with open_trace(trace_file(file)) as trace:
        if name is None:
            chosen, found = select_call(trace, call), keyword_paths(trace, call=call)
        else:
            chosen, path = find_keyword_path(trace, name, call=call)
            found = [path]
        if json:
            from tracer.export.json_documents import kwargs_document

            print_document(kwargs_document(trace, chosen, found))
            return
        speak = language(lang.value if lang is not None else None)
        if name is not None and chosen is not None:
            print_result(kwarg_path(trace, chosen, found[0], speak, everything=everything))
        else:
            others = [other for other in loading_calls(trace) if other != chosen]
            print_result(kwargs_overview(trace, chosen, others, found, speak))
