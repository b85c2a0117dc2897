"""Recording the loads that walkthroughs name, each once, into a folder that goes away."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
import typer

from tracer.bundled import FULL, bundled, fixture_names
from tracer.cli.consent import ask_for_consent
from tracer.cli.console import messages
from tracer.cli.recording import Progress
from tracer.i18n import Lang
from tracer.launch.amx_workaround import amx_environment
from tracer.launch.load_options import LoadOptions, adapter_folder
from tracer.launch.runner import run_job
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.walkthrough.format import Load, Walkthrough


class Wanted(msgspec.Struct):
    """A load to record, and who wants it: pairs of a walkthrough and the name of its load."""

    load: Load
    model: str
    ours: bool
    of: set[tuple[str, str]]


def wanted_loads(walkthroughs: Sequence[tuple[Walkthrough, Path | None]]) -> list[Wanted]:
    """The loads of walkthroughs, equal ones together. With each comes the file that it is from.

    Raises:
        TracerError: there is no such model directory.
    """
    found: dict[str, Wanted] = {}
    for walkthrough, file in walkthroughs:
        used = {walkthrough.load_of(note) for note in walkthrough.notes}
        for name, load in walkthrough.loads.items():
            if name in used:
                model, ours = _model(load, walkthrough, file)
                key = msgspec.json.encode([model, load]).decode()
                found.setdefault(key, Wanted(load, model, ours, set())).of.add((walkthrough.id, name))
    return list(found.values())


def record(wanted: Wanted, folder: Path, number: int, lang: Lang) -> Path:
    """Record one load; returns its trace.

    Raises:
        TracerError: the load can't be begun.
        typer.Exit: it was interrupted, or its code was not consented to.
    """
    job = job_of(wanted, folder, number)
    if job.trust_remote_code and not wanted.ours:
        load = wanted.load
        job.agreed = ask_for_consent(wanted.model, lang, tokenizer=load.tokenizer, cwd=job.cwd, arguments=load.kwargs)
        job.trust_remote_code = job.agreed is not None
    path = folder / f"{number}.glmtrace"
    with Progress(messages(), lang) as progress:
        outcome = run_job(job, path, progress=progress).outcome
    if outcome.status == "interrupted":
        raise typer.Exit(130)
    if outcome.status == "misused":
        raise TracerError(f"{visible(wanted.model)} can't be loaded so: {outcome.message}")
    return path


def job_of(wanted: Wanted, folder: Path, number: int) -> Job:
    """What is to be done to record a load as ``NUMBER.glmtrace`` in a folder.

    Raises:
        TracerError: the load asks for what can't be.
    """
    load = wanted.load
    place = adapter_folder(wanted.model)
    peft = None if load.peft is None else _written(folder / f"{number}.json", load.peft)
    options = LoadOptions(forward=load.forward, generate=load.generate, operators=load.operators, peft=peft)
    options.check()
    job = Job(
        work="load",
        journal=str(folder / f"{number}.glmtrace.journal"),
        model=wanted.model,
        auto_class=load.auto_class,
        kwargs=load.kwargs,
        dtype=load.dtype,
        tokenizer=load.tokenizer,
        trust_remote_code=load.trust,
        cwd=place.path if place is not None else None,
        environment=amx_environment() if load.forward else {},
    )
    options.apply_to(job)
    return job


def _model(load: Load, walkthrough: Walkthrough, file: Path | None) -> tuple[str, bool]:
    """The directory of a load, and whether it is one of ours."""
    fixtures = bundled("fixtures")
    ours = [name for name in fixture_names(fixtures) if name != FULL]
    if load.fixture in ours:
        return str(fixtures / load.fixture), True
    own = Path(load.fixture).expanduser()
    for path in (own if file is None else file.parent / own, own):
        if path.is_dir():
            return os.path.abspath(path), False
    near = get_close_matches(load.fixture, ours, n=1)
    hint = f"Did you mean {near[0]}?" if near else "Name a directory, or one of those that 'glm-trace fixture' lists."
    raise TracerError(
        visible(f"The walkthrough {walkthrough.id} loads {load.fixture!r}, and there is no such fixture. {hint}")
    )


def _written(path: Path, config: dict[str, Any]) -> Path:
    path.write_text(json.dumps(config), encoding="utf-8")
    return path
