"""The options that every way to request a load shares, and the folder in which an adapter has to be loaded."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tracer.i18n import N_
from tracer.trace.errors import TracerError
from tracer.trace.job import Job


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a job that concern the load itself and what follows; see :class:`tracer.trace.job.Job`."""

    device: str = "cpu"
    weights: str = "checkpoint"
    forward: bool = True
    prompt: str | None = None
    image: Path | None = None
    generate: int = 0
    operators: bool = False
    statistics: bool = False
    step_forward: str = "first"
    peft: Path | None = None

    def check(self) -> None:
        """Check the options before anything is started.

        Raises:
            TracerError: an option can't be met.
        """
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise TracerError(N_("--device {device}: expected auto, cpu, cuda or cuda:N."), device=self.device)
        for option, path in (("--image", self.image), ("--peft", self.peft)):
            if path is not None and not path.is_file():
                raise TracerError(N_("{option}: there is no file {path}."), option=option, path=path)
        if self.generate and not self.forward:
            raise TracerError(N_("--generate needs passes, and --no-forward asks for none. Leave one of them out."))
        if self.generate and self.weights == "fake":
            raise TracerError(N_("--generate needs numbers, and --weights fake has none. Use --weights random."))

    def apply_to(self, job: Job) -> None:
        """Set the job's fields; paths become absolute, because the load may run in another folder."""
        options: dict[str, Any] = msgspec.structs.asdict(self)
        for name, value in options.items():
            setattr(job, name, os.path.abspath(value) if isinstance(value, Path) else value)


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
