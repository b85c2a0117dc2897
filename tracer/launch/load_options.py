"""What is checked about a load before it starts: its options, and the folder in which an adapter has to be loaded."""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple

from tracer.i18n import N_
from tracer.trace.errors import TracerError
from tracer.trace.job import Job


def prepare_options(job: Job) -> None:
    """Check a load's options before anything is started, and make their paths absolute: it may run in another folder.

    Raises:
        TracerError: an option can't be met.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", job.device):
        raise TracerError(N_("--device {device}: expected auto, cpu, cuda or cuda:N."), device=job.device)
    for option, path in (("--image", job.image), ("--audio", job.audio), ("--peft", job.peft)):
        if path is not None and not os.path.isfile(path):
            raise TracerError(N_("{option}: there is no file {path}."), option=option, path=path)
    for name in ("dtype", "torch_dtype"):
        if job.dtype is not None and name in job.kwargs:
            raise TracerError(
                N_("--dtype {dtype} and --kwarg {name}={value} say the same argument twice. Leave one of them out."),
                dtype=job.dtype,
                name=name,
                value=job.kwargs[name],
            )
    if job.generate and not job.forward:
        raise TracerError(N_("--generate needs passes, and --no-forward asks for none. Leave one of them out."))
    if job.generate and job.weights == "fake":
        raise TracerError(N_("--generate needs numbers, and --weights fake has none. Use --weights random."))
    if job.ids and job.prompt is not None:
        raise TracerError(N_("--ids and --prompt both say what the pass reads. Leave one of them out."))
    job.audio = os.path.abspath(job.audio) if job.audio is not None else None
    job.image = os.path.abspath(job.image) if job.image is not None else None
    job.peft = os.path.abspath(job.peft) if job.peft is not None else None


class AdapterFolder(NamedTuple):
    """The folder ``path`` to load an adapter in, and its ``base`` as written in adapter_config.json."""

    path: str
    base: str


def adapter_folder(model: str, seen_from: str = "") -> AdapterFolder | None:
    """Return the folder in which an adapter has to be loaded for its base to be found, if not the current one.

    transformers uses ``base_model_name_or_path`` unchanged, so a relative path is relative to the working directory
    (``seen_from``, if that is another folder); an adapter shipped beside its base means its own folder.
    """
    try:
        with open(os.path.join(model, "adapter_config.json"), encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return None
    base = read.get("base_model_name_or_path") if isinstance(read, dict) else None
    if not isinstance(base, str) or not base.startswith(".") or os.path.isdir(os.path.join(seen_from, base)):
        return None
    return AdapterFolder(model, base) if os.path.isdir(os.path.join(model, base)) else None
