"""The options that ``glm-trace load`` and ``glm-trace demo`` share, each written once.

An option that only passes a value on to the traced process is a field here and in :class:`tracer.trace.job.Job`, under
the same name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from tracer.cli.options import MODEL, OUTPUT, PASS, RECORDING, Lines, Output, Speak, Stage
from tracer.i18n import N_
from tracer.trace.errors import TracerError
from tracer.trace.job import Job


class Dtype(str, Enum):
    auto = "auto"
    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"
    float64 = "float64"


class Weights(str, Enum):
    checkpoint = "checkpoint"
    random = "random"
    fake = "fake"


class StepForward(str, Enum):
    first = "first"
    all = "all"
    none = "none"


class LoadFlags(NamedTuple):
    """What was given on the command line, in the order of ``--help``."""

    output: Output = None
    auto_class: Annotated[
        str | None,
        typer.Option(
            "--auto-class",
            metavar="NAME",
            help="Auto class, or class of a model, to load with. [default: what config.json says]",
            rich_help_panel=MODEL,
        ),
    ] = None
    kwarg: Annotated[
        list[str] | None,
        typer.Option(
            "--kwarg",
            metavar="NAME=VALUE",
            help="Keyword argument of from_pretrained; may be repeated.",
            rich_help_panel=MODEL,
        ),
    ] = None
    dtype: Annotated[
        Dtype | None,
        typer.Option(
            "--dtype",
            help="Passed as dtype (torch_dtype before 4.56).",
            rich_help_panel=MODEL,
        ),
    ] = None
    tokenizer: Annotated[
        bool,
        typer.Option(
            "--tokenizer/--no-tokenizer", help="Load the tokenizer, or a processor, first.", rich_help_panel=MODEL
        ),
    ] = True
    processor: Annotated[
        bool,
        typer.Option(
            "--processor/--no-processor",
            help="Load the processor, if the directory has one, and not the tokenizer alone.",
            rich_help_panel=MODEL,
        ),
    ] = True
    lines: Lines = True
    stop_after: Annotated[
        Stage | None,
        typer.Option(
            "--stop-after",
            metavar="STAGE",
            help="End the load after this stage.",
            rich_help_panel=RECORDING,
        ),
    ] = None
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="auto|cpu|cuda|cuda:N",
            help="Where the model runs.",
            rich_help_panel=MODEL,
        ),
    ] = "cpu"
    weights: Annotated[
        Weights,
        typer.Option(
            "--weights",
            help="checkpoint; random: seeded, no checkpoint needed; fake: shapes alone, no memory.",
            rich_help_panel=MODEL,
        ),
    ] = Weights.checkpoint
    forward: Annotated[
        bool,
        typer.Option(
            "--forward/--no-forward",
            help="Run a pass after the load.",
            rich_help_panel=PASS,
        ),
    ] = True
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="TEXT",
            help="The input of the pass.",
            rich_help_panel=PASS,
        ),
    ] = None
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            metavar="FILE",
            help="A picture, for a vision model. [default: a built-in one]",
            rich_help_panel=PASS,
        ),
    ] = None
    audio: Annotated[
        Path | None,
        typer.Option(
            "--audio",
            metavar="FILE",
            help="A WAV file, for a model that hears. [default: a built-in tone]",
            rich_help_panel=PASS,
        ),
    ] = None
    ids: Annotated[
        str | None,
        typer.Option(
            "--ids", metavar="N,N", help="Token ids for the pass, in place of a prompt.", rich_help_panel=PASS
        ),
    ] = None
    generate: Annotated[
        int,
        typer.Option(
            "--generate",
            metavar="N",
            min=0,
            help="Generate N tokens after the pass.",
            rich_help_panel=PASS,
        ),
    ] = 0
    operators: Annotated[
        bool,
        typer.Option(
            "--ops",
            help="Record each operator under its module.",
            rich_help_panel=RECORDING,
        ),
    ] = False
    statistics: Annotated[
        bool,
        typer.Option(
            "--stats",
            help="Minimum, maximum, mean, NaN and infinity of outputs.",
            rich_help_panel=RECORDING,
        ),
    ] = False
    step_forward: Annotated[
        StepForward,
        typer.Option(
            "--step-forward",
            help="How many executions of the model's own functions to step through in a pass.",
            rich_help_panel=RECORDING,
        ),
    ] = StepForward.first
    peft: Annotated[
        Path | None,
        typer.Option(
            "--peft", metavar="FILE", help="A LoRA configuration (JSON) to put into the model.", rich_help_panel=MODEL
        ),
    ] = None
    tui: Annotated[
        bool,
        typer.Option(
            "--tui",
            help="Watch the load as it is recorded, then play its trace.",
            rich_help_panel=OUTPUT,
        ),
    ] = False
    lang: Speak = None

    def job_fields(self) -> dict[str, Any]:
        """Return the options that are fields of a job, as a job has them."""
        fields = {name: _plain(value) for name, value in self._asdict().items() if name in Job.__struct_fields__}
        return {**fields, "ids": token_ids(self.ids)}


def token_ids(text: str | None) -> list[int] | None:
    """Return the numbers of ``--ids``.

    Raises:
        TracerError: it is no list of numbers.
    """
    if text is None:
        return None
    if not re.fullmatch(r"\s*\d{1,9}(\s*[,\s]\s*\d{1,9})*\s*", text):
        raise TracerError(N_("--ids {text}: expected token ids, such as 1,5,9."), text=text)
    return [int(number) for number in re.findall(r"\d+", text)]


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else str(value) if isinstance(value, Path) else value


def with_load_flags(
    *, leave_out: Collection[str] = (), **defaults: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of :class:`LoadFlags` to a command, which gets them as its argument ``flags``.

    Args:
        leave_out: names of options that the command does not have; in ``flags`` they have their defaults.
        defaults: defaults that differ from those of :class:`LoadFlags`.
    """

    offered = [name for name in LoadFlags._fields if name not in leave_out]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def parsed(**given: Any) -> None:
            flags = LoadFlags(**{name: given.pop(name) for name in offered})
            command(**given, flags=flags)

        own = inspect.signature(command, eval_str=True).parameters.values()
        types = get_type_hints(LoadFlags, include_extras=True)
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=types[name])
            for name, default in {**LoadFlags._field_defaults, **defaults}.items()
            if name in offered
        ]
        parameters = [*(parameter for parameter in own if parameter.name != "flags"), *shared]
        parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
        return parsed

    return decorate
