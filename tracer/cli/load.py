"""``glm-trace load``: record a real load of a model directory as a trace file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracer.cli import arguments
from tracer.cli.consent import ask_for_consent
from tracer.cli.console import needs_terminal, note
from tracer.cli.job_recording import command_line, record_and_report
from tracer.cli.load_flags import LoadFlags, with_load_flags
from tracer.cli.options import Trust
from tracer.i18n import N_, Lang, Sentence, language, tr
from tracer.launch.amx_workaround import amx_environment
from tracer.launch.load_options import adapter_folder, prepare_options
from tracer.trace.job import Job

HELP = """Load MODEL for real, record every step, and print a report, stage by stage.

MODEL is a model directory, or the id of a model on the hub. The trace can be looked at with 'glm-trace show' on any
machine, without torch and without the model.
"""
EXAMPLES = (
    ("load path/to/model", N_("the real load, then one pass; writes NAME.glmtrace here")),
    ("load path/to/model --dtype bfloat16 --kwarg use_cache=False", N_("with arguments of from_pretrained")),
    ("load path/to/model --weights fake", N_("shapes alone: any size of model on any machine")),
)


@with_load_flags()
def load(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model directory or hub id.", show_default=False)],
    flags: LoadFlags,
    trust_remote_code: Trust = False,
) -> None:
    kwargs = arguments.keyword_arguments(flags.kwarg or [])
    record_load(arguments.model_argument(model), flags, kwargs=kwargs, trust_remote_code=trust_remote_code)


def record_load(model: str, flags: LoadFlags, *, kwargs: dict[str, Any], trust_remote_code: bool) -> None:
    """Check the options, ask for consent, record, report, and end the command."""
    speak = language(flags.lang.value if flags.lang is not None else None)
    destination = arguments.destination(flags.output, model)
    if flags.tui:
        needs_terminal("--tui", lambda: Sentence(N_("Leave it out, and play the trace later with: glm-trace replay")))
    job = load_job(model, flags, kwargs=kwargs, trust_remote_code=trust_remote_code, lang=speak)
    record_and_report(job, destination, speak, take_output=True, tui=flags.tui)


def load_job(model: str, flags: LoadFlags, *, kwargs: dict[str, Any], trust_remote_code: bool, lang: Lang) -> Job:
    """Check the options, ask for consent, and return the job.

    Raises:
        TracerError: an option is wrong.
        typer.Exit: with code 3, if the user does not agree to remote code.
    """
    arguments.auto_class_argument(flags.auto_class)
    job = Job(work="load", command=command_line(), model=model, kwargs=kwargs, **flags.job_fields())
    prepare_options(job)
    folder = adapter_folder(model)
    if folder is not None:
        note(
            tr(
                lang,
                "The adapter's base '{base}' is a path relative to the adapter, so the load runs in {folder}.",
                base=folder.base,
                folder=folder.path,
            )
        )
        job.cwd = folder.path
    given = kwargs.pop("trust_remote_code", None)
    job.trust_remote_code = given is True or (trust_remote_code and given is None)
    if not job.trust_remote_code:
        consent = ask_for_consent(model, lang, tokenizer=job.tokenizer, cwd=job.cwd, arguments=kwargs)
        if consent is not None:
            consent.apply(job)
    if job.forward and job.device in ("cpu", "auto"):
        job.environment = amx_environment()
    return job
