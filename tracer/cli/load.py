"""``glm-trace load``: record a real load of a model directory as a trace file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracer.cli import arguments
from tracer.cli.consent import ask_for_consent
from tracer.cli.console import needs_terminal, note
from tracer.cli.job_recording import command_line, record_and_report
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
from tracer.i18n import N_, Sentence, language, tr
from tracer.launch.amx_workaround import amx_environment
from tracer.launch.load_options import LoadOptions, adapter_folder
from tracer.trace.job import Job

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
        options=LoadOptions(
            device=device,
            weights=weights.value,
            forward=forward,
            prompt=prompt,
            image=image,
            generate=generate,
            operators=operators,
            statistics=statistics,
            step_forward=step_forward.value,
            peft=peft,
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
    options: LoadOptions,
) -> None:
    """Check the options, ask for consent, record, report, and end the command."""
    speak = language(lang.value if lang is not None else None)
    destination = arguments.destination(output, model)
    if tui:
        needs_terminal("--tui", Sentence(N_("Leave it out, and play the trace later with: glm-trace replay")))
    arguments.auto_class_argument(auto_class)
    options.check()
    folder = adapter_folder(model)
    if folder is not None:
        note(
            tr(
                speak,
                "The adapter's base '{base}' is a path relative to the adapter, so the load runs in {folder}.",
                base=folder.base,
                folder=folder.path,
            )
        )
    given = kwargs.pop("trust_remote_code", None)
    trust = given is True or (trust_remote_code and given is None)
    cwd = folder.path if folder is not None else None
    agreed = None if trust else ask_for_consent(model, speak, tokenizer=tokenizer, cwd=cwd, arguments=kwargs)
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
        environment=amx_environment() if options.forward and options.device in ("cpu", "auto") else {},
    )
    options.apply_to(job)
    record_and_report(job, destination, speak, take_output=True, tui=tui)
