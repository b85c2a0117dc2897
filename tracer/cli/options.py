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


class Dtype(str, Enum):
    auto = "auto"
    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"
    float64 = "float64"


Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The trace file to write. [default: NAME.glmtrace in this folder]"),
]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Consent to running the Python files of the model directory.")
]
AutoClass = Annotated[
    str | None,
    typer.Option("--auto-class", metavar="NAME", help="Auto class to load with. [default: what config.json says]"),
]
Kwargs = Annotated[
    list[str] | None,
    typer.Option("--kwarg", metavar="NAME=VALUE", help="Keyword argument of from_pretrained; may be repeated."),
]
DtypeName = Annotated[Dtype | None, typer.Option("--dtype", help="Passed as dtype (torch_dtype before 4.56).")]
Tokenizer = Annotated[bool, typer.Option("--tokenizer/--no-tokenizer", help="Load the tokenizer first.")]
Lines = Annotated[
    bool,
    typer.Option(
        "--lines/--no-lines", help="Step through lines, or record calls alone (and no single modules and tensors)."
    ),
]
StopAfter = Annotated[Stage | None, typer.Option("--stop-after", help="End the load after this stage.")]
Speak = Annotated[
    Language | None, typer.Option("--lang", help="Language of the report. [default: GLM_TRACE_LANG, or the locale's]")
]


class Weights(str, Enum):
    checkpoint = "checkpoint"
    random = "random"
    fake = "fake"


class StepForward(str, Enum):
    first = "first"
    all = "all"
    none = "none"


Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda|cuda:N", help="Where the model runs.")]
WeightsFrom = Annotated[
    Weights,
    typer.Option("--weights", help="checkpoint; random: seeded, no checkpoint needed; fake: shapes alone, no memory."),
]
Prompt = Annotated[str | None, typer.Option("--prompt", metavar="TEXT", help="What the pass is fed with.")]
Image = Annotated[
    Path | None, typer.Option("--image", metavar="FILE", help="A picture, for a model that sees. [default: ours]")
]
Generate = Annotated[int, typer.Option("--generate", metavar="N", min=0, help="Generate N tokens after the pass.")]
Operators = Annotated[bool, typer.Option("--ops", help="Record each operator under its module.")]
Statistics = Annotated[bool, typer.Option("--stats", help="Minimum, maximum, mean, NaN and infinity of outputs.")]
Forward = Annotated[bool, typer.Option("--forward/--no-forward", help="Run a pass after the load.")]
StepForwardMode = Annotated[
    StepForward, typer.Option("--step-forward", help="Executions of the model's own functions to step in a pass.")
]
Peft = Annotated[
    Path | None, typer.Option("--peft", metavar="FILE", help="A LoRA configuration (JSON) to put into the model.")
]
Tui = Annotated[bool, typer.Option("--tui", help="Watch the load as it is recorded, then play its trace.")]

WalkthroughFolders = Annotated[
    list[Path] | None,
    typer.Option("--walkthroughs", metavar="DIR", help="A folder of your own walkthroughs; may be repeated."),
]
