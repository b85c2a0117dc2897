"""Jobs that record the loads which walkthroughs and exercises describe."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import msgspec

from tracer.bundled import FULL, bundled, fixture_names
from tracer.i18n import N_, Sentence
from tracer.launch.amx_workaround import amx_environment
from tracer.launch.load_options import adapter_folder, prepare_options
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.walkthrough.format import Load, LoadDescription, Walkthrough


class WantedLoad(msgspec.Struct):
    """A load to record.

    Attributes:
        load: its description.
        model: the model directory, absolute.
        bundled: whether that is a directory of ours.
        wanted_by: the walkthroughs that want it, each with its name for the load.
    """

    load: Load
    model: str
    bundled: bool
    wanted_by: set[tuple[str, str]]


def wanted_loads(walkthroughs: Sequence[tuple[Walkthrough, Path | None]]) -> list[WantedLoad]:
    """Return the loads that walkthroughs need, each once. With each walkthrough comes the file that it is from.

    Raises:
        TracerError: there is no such model directory.
    """
    found: dict[str, WantedLoad] = {}
    for walkthrough, file in walkthroughs:
        used = {walkthrough.load_of(note) for note in walkthrough.notes}
        for name, load in walkthrough.loads.items():
            if name in used:
                model, ours = _model(load, walkthrough, file)
                key = msgspec.json.encode([model, load]).decode()
                found.setdefault(key, WantedLoad(load, model, ours, set())).wanted_by.add((walkthrough.id, name))
    return list(found.values())


def load_job(load: LoadDescription, model: str, trace: Path, *, run_in: str | None = None) -> Job:
    """Return the job that records a load.

    Args:
        load: how to load.
        model: the model directory, absolute.
        trace: the trace to write.
        run_in: the folder to run in, unless an adapter needs its own; None for the current one.
    """
    place = adapter_folder(model, seen_from=run_in or "")
    return Job(
        work="load",
        journal=f"{trace}.journal",
        model=model,
        auto_class=load.auto_class,
        kwargs=load.kwargs,
        dtype=load.dtype,
        tokenizer=load.tokenizer,
        trust_remote_code=load.trust,
        forward=load.forward,
        generate=load.generate,
        cwd=place.path if place is not None else run_in,
    )


def walkthrough_job(wanted: WantedLoad, trace: Path) -> Job:
    """Return the job that records a walkthrough's load.

    Raises:
        TracerError: the load's options contradict each other.
    """
    load = wanted.load
    job = load_job(load, wanted.model, trace)
    job.environment = amx_environment() if load.forward else {}
    job.operators = load.operators
    job.peft = _peft(load, trace)
    prepare_options(job)
    return job


def _peft(load: Load, trace: Path) -> str | None:
    """Write a load's LoRA configuration beside its trace, if it has one."""
    if load.peft is None:
        return None
    path = trace.with_suffix(".json")
    path.write_text(json.dumps(load.peft), encoding="utf-8")
    return str(path)


def _model(load: Load, walkthrough: Walkthrough, file: Path | None) -> tuple[str, bool]:
    """Return the directory of a load, and whether it is one of ours."""
    fixtures = bundled("fixtures")
    ours = [name for name in fixture_names(fixtures) if name != FULL]
    if load.fixture in ours:
        return str(fixtures / load.fixture), True
    own = Path(os.path.expanduser(load.fixture))
    for path in (own if file is None else file.parent / own, own):
        if path.is_dir():
            return os.path.abspath(path), False
    near = get_close_matches(load.fixture, ours, n=1)
    hint = (
        Sentence(N_("Did you mean {near}?"), near=visible(near[0]))
        if near
        else Sentence(N_("Name a directory, or one of those that 'glm-trace fixture' lists."))
    )
    raise TracerError(
        N_("The walkthrough {id} loads {fixture}, and there is no such fixture. {hint}"),
        id=visible(str(walkthrough.id)),
        fixture=visible(repr(load.fixture)),
        hint=hint,
    )
