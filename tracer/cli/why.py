"""``glm-trace why``: why a load failed, or surprised, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.analysis.diagnosis import diagnose
from tracer.cli.console import results
from tracer.cli.options import Speak
from tracer.export import json_documents as as_json
from tracer.i18n import language
from tracer.trace.reading import open_trace
from tracer.views.why import print_why

HELP = """Say why the load in FILE failed, and what to do about it.

The failing step, the likely cause, the remedy, and the steps that show it. Of a load that went well, what it did that
you may not expect: weights newly initialised, arguments dropped, dtypes changed, warnings.
"""


def why(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that glm-trace wrote.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    with open_trace(file) as trace:
        found = diagnose(trace)
        if not json:
            print_why(trace, found, results(), language(lang.value if lang is not None else None))
            return
        typer.echo(as_json.encode(found, indent=2))
