"""``glm-trace show``: print a trace stage by stage, its steps, or both as JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from tracer.cli.arguments import trace_file
from tracer.cli.console import columns, print_document, print_lines, print_result
from tracer.cli.options import Speak, Stage, TraceFile
from tracer.i18n import N_, Sentence, language
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace, open_trace
from tracer.views.show import load_report, step_lines

HELP = """Print the load that FILE holds, stage by stage.

With --steps, every step on a line of its own. With --json, one object with meta, outcome and stages; with both, one
object a line for each step. A journal left behind by a killed recording is read as well.
"""
EXAMPLES = (
    ("show", N_("the newest trace in this folder")),
    ("show FILE --stage trust --steps", N_("every step of a stage, with what it changed")),
    ("show FILE --json", N_("for programs")),
)


def show(
    file: TraceFile = None,
    stage: Annotated[Stage | None, typer.Option("--stage", metavar="STAGE", help="Only this stage.")] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Every step.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    file = trace_file(file)
    with open_trace(file) as trace:
        wanted = stage.value if stage is not None else None
        if wanted is not None and wanted not in (there := trace.stage_counts()):
            known = ", ".join(there) or Sentence(N_("none"))
            raise TracerError(
                N_("{file} has no steps of stage {wanted}. It has: {known}."), file=file, wanted=wanted, known=known
            )
        if json:
            _print_json(trace, wanted, steps)
        elif steps:
            print_lines(step_lines(trace, stage=wanted, width=columns()))
        else:
            print_result(load_report(trace, language(lang.value if lang is not None else None), stage=wanted))


def _print_json(trace: Trace, stage: str | None, steps: bool) -> None:
    from tracer.export.json_documents import load_document, step_documents

    if steps:
        for step in step_documents(trace, stage=stage):
            print_document(step, indent=0)
    else:
        print_document(load_document(trace, stage=stage))
