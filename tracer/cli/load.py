"""``glm-trace load``: one real load of a model directory becomes one trace file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracer.cli import arguments
from tracer.cli.consent import consented
from tracer.cli.options import (
    AutoClass,
    Device,
    Dtype,
    DtypeName,
    Forward,
    Generate,
    Image,
    Kwargs,
    Language,
    Lines,
    Operators,
    Output,
    Peft,
    Prompt,
    Speak,
    Stage,
    Statistics,
    StepForward,
    StepForwardMode,
    StopAfter,
    Tokenizer,
    Trust,
    Tui,
    Weights,
    WeightsFrom,
)
from tracer.cli.recording import command_line, record_and_report
from tracer.cli.screen import needs_terminal, note
from tracer.cli.wishes import PassWishes
from tracer.i18n import language
from tracer.launch.adapter_folder import adapter_folder
from tracer.launch.bfloat16 import needed_setting
from tracer.trace.job import Job
from tracer.views.phrases import say

HELP = """Load MODEL for real, record every step, and print the journey.

MODEL is a model directory, or the id of a model on the hub. The trace can be looked at with 'glm-trace show' on any
machine, without torch and without the model.
"""


def load(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model directory or hub id.", show_default=False)],
    output: Output = None,
    trust_remote_code: Trust = False,
    auto_class: AutoClass = None,
    kwarg: Kwargs = None,
    dtype: DtypeName = None,
    tokenizer: Tokenizer = True,
    lines: Lines = True,
    stop_after: StopAfter = None,
    device: Device = "cpu",
    weights: WeightsFrom = Weights.checkpoint,
    forward: Forward = True,
    prompt: Prompt = None,
    image: Image = None,
    generate: Generate = 0,
    operators: Operators = False,
    statistics: Statistics = False,
    step_forward: StepForwardMode = StepForward.first,
    peft: Peft = None,
    tui: Tui = False,
    lang: Speak = None,
) -> None:
    record_load(
        arguments.model_argument(model),
        kwargs=arguments.keyword_arguments(kwarg or []),
        output=output,
        trust_remote_code=trust_remote_code,
        auto_class=auto_class,
        dtype=dtype,
        tokenizer=tokenizer,
        lines=lines,
        stop_after=stop_after,
        lang=lang,
        tui=tui,
        wishes=PassWishes(
            device, weights.value, forward, prompt, image, generate, operators, statistics, step_forward.value, peft
        ),
    )


def record_load(
    model: str,
    *,
    kwargs: dict[str, Any],
    output: Path | None,
    trust_remote_code: bool,
    auto_class: str | None,
    dtype: Dtype | None,
    tokenizer: bool,
    lines: bool,
    stop_after: Stage | None,
    lang: Language | None,
    tui: bool,
    wishes: PassWishes,
) -> None:
    """Check the options, ask for consent, record, report; ends the command."""
    speak = language(lang.value if lang is not None else None)
    destination = arguments.destination(output, model)
    if tui:
        needs_terminal("--tui", "Leave it out, and play the trace later with: glm-trace replay")
    arguments.auto_class_argument(auto_class)
    wishes.check()
    folder = adapter_folder(model)
    if folder is not None:
        note(say(speak, "adapter-folder", {"base": folder.base, "folder": folder.path}))
    said = kwargs.pop("trust_remote_code", None)
    trust = said is True or (trust_remote_code and said is None)
    cwd = folder.path if folder is not None else None
    agreed = None if trust else consented(model, speak, tokenizer=tokenizer, cwd=cwd, arguments=kwargs)
    job = Job(
        work="load",
        command=command_line(),
        lines=lines,
        stop_after=stop_after.value if stop_after is not None else None,
        model=model,
        auto_class=auto_class,
        kwargs=kwargs,
        dtype=dtype.value if dtype is not None else None,
        tokenizer=tokenizer,
        trust_remote_code=trust or agreed is not None,
        agreed=agreed,
        cwd=cwd,
        environment=needed_setting() if wishes.forward and wishes.device in ("cpu", "auto") else {},
    )
    wishes.put_into(job)
    record_and_report(job, destination, speak, take_output=True, tui=tui)
