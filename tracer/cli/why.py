"""``glm-trace why``: explain why a load failed or surprised, and what to do."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tracer.analysis.diagnosis import diagnose
from tracer.cli.arguments import trace_file
from tracer.cli.console import print_document, print_result
from tracer.cli.options import Speak, TraceFile, Trust
from tracer.i18n import N_, language
from tracer.trace.reading import open_trace
from tracer.views.why import diagnosis_report

HELP = """Say why the load in FILE failed, and what to do about it.

The failing step, the likely cause, the remedy, and the steps that show it. For a load that went well, what it did that
you may not expect: weights newly initialised, arguments dropped, dtypes changed, warnings.

Where the remedy is mechanical, --patch prints it, and --apply tries it on a copy of the model.
"""
EXAMPLES = (
    ("why", N_("the newest trace in this folder")),
    ("why FILE --patch", N_("the repair, as a diff")),
    ("why --list", N_("every kind of cause")),
)


class Format(str, Enum):
    text = "text"
    md = "md"


def why(
    file: TraceFile = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    form: Annotated[
        Format, typer.Option("--format", help="text; md: an issue to paste, in English unless --lang is given.")
    ] = Format.text,
    patch: Annotated[bool, typer.Option("--patch", help="Print the repair of the model's files as a diff.")] = False,
    apply: Annotated[
        Path | None,
        typer.Option("--apply", metavar="DIR", help="Copy the model to DIR, repair the copy, and load it likewise."),
    ] = None,
    trust_remote_code: Trust = False,
    kinds: Annotated[bool, typer.Option("--list", help="List every kind of cause, with an example.")] = False,
    lang: Speak = None,
) -> None:
    asked = lang.value if lang is not None else None
    if kinds:
        from tracer.views.cause_list import cause_list

        print_result(cause_list(language(asked)))
        return
    with open_trace(trace_file(file)) as trace:
        found = diagnose(trace)
        if apply is not None:
            from tracer.cli.repairing import apply_patch

            apply_patch(trace, found, apply, language(asked), trust_remote_code=trust_remote_code)
        elif patch:
            from tracer.cli.repairing import print_patch

            print_patch(trace, found, language(asked))
        elif json:
            from tracer.export.json_documents import diagnosis_document

            print_document(diagnosis_document(found))
        elif form is Format.md:
            from tracer.views.issue import issue

            typer.echo(issue(trace, found, language(asked or "en")), nl=False)
        else:
            from tracer.analysis.repair import files_to_patch, repair

            repaired = repair(found, files_to_patch(trace)[0]).repaired
            print_result(diagnosis_report(trace, found, language(asked), repaired=repaired))
