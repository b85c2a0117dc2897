"""``glm-trace why``: explain why a load failed or surprised, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.analysis.diagnosis import diagnose
from tracer.cli.console import print_document, print_result
from tracer.cli.options import Speak
from tracer.export.json_documents import diagnosis_document
from tracer.i18n import language
from tracer.trace.reading import open_trace
from tracer.views.why import diagnosis_report

HELP = """Say why the load in FILE failed, and what to do about it.

The failing step, the likely cause, the remedy, and the steps that show it. For a load that went well, what it did that
you may not expect: weights newly initialised, arguments dropped, dtypes changed, warnings.
"""


def why(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that glm-trace wrote.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    with open_trace(file) as trace:
        found = diagnose(trace)
        if json:
            print_document(diagnosis_document(found))
        else:
            print_result(diagnosis_report(trace, found, language(lang.value if lang is not None else None)))
