"""Options shared by several commands."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tracer.trace.vocabulary import STAGES

Stage = Enum("Stage", {name.replace("-", "_"): name for name in STAGES}, type=str)  # type: ignore[misc]


class Language(str, Enum):
    en = "en"
    zh = "zh"


Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The trace file to write. [default: NAME.glmtrace in this folder]"),
]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Consent to running the Python files of the model directory.")
]
Lines = Annotated[
    bool,
    typer.Option(
        "--lines/--no-lines", help="Step through lines, or record only calls (and no single modules and tensors)."
    ),
]
Speak = Annotated[
    Language | None, typer.Option("--lang", help="Language of the report. [default: GLM_TRACE_LANG, or the locale's]")
]
WalkthroughFolders = Annotated[
    list[Path] | None,
    typer.Option("--walkthroughs", metavar="DIR", help="A folder of your own walkthroughs; may be repeated."),
]
