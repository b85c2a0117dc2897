"""Options shared by several commands."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from tracer.cli.completion import complete_trace
from tracer.i18n import N_
from tracer.trace.vocabulary import STAGES

Stage = Enum("Stage", {name.replace("-", "_"): name for name in STAGES}, type=str)  # type: ignore[misc]


class Language(str, Enum):
    en = "en"
    zh = "zh"


MODEL: Final = N_("The model")
PASS: Final = N_("The pass")
RECORDING: Final = N_("Recording")
OUTPUT: Final = N_("Output")
PANELS: Final = (MODEL, PASS, RECORDING, OUTPUT, N_("Options"))
"""The panels of the options in the help, in their order; the last is for options that name none."""

Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="The trace file to write. [default: NAME.glmtrace in this folder]",
        metavar="FILE",
        rich_help_panel=OUTPUT,
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust-remote-code", help="Consent to running the Python files of the model directory.", rich_help_panel=MODEL
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="A trace that glm-trace wrote. [default: the newest in this folder]",
        show_default=False,
        autocompletion=complete_trace,
    ),
]
Lines = Annotated[
    bool,
    typer.Option(
        "--lines/--no-lines",
        help="Step through lines, or record only calls (and no single modules and tensors).",
        rich_help_panel=RECORDING,
    ),
]
Speak = Annotated[
    Language | None, typer.Option("--lang", help="Language of the report. [default: GLM_TRACE_LANG, or the locale's]")
]
WalkthroughFolders = Annotated[
    list[Path] | None,
    typer.Option("--walkthroughs", metavar="DIR", help="A folder of your own walkthroughs; may be repeated."),
]
