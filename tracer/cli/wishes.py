"""What a person wants of a load, whichever command they say it with."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec

from tracer.trace.errors import TracerError
from tracer.trace.job import Job


class PassWishes(msgspec.Struct, frozen=True):
    """The part of a job that begins where the model is loaded; see :class:`tracer.trace.job.Job`."""

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
        """Raises TracerError where a wish can't be met, before anything is started."""
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise TracerError(f"--device {self.device}: expected auto, cpu, cuda or cuda:N.")
        for option, path in (("--image", self.image), ("--peft", self.peft)):
            if path is not None and not path.is_file():
                raise TracerError(f"{option}: there is no file {path}.")
        if self.generate and not self.forward:
            raise TracerError("--generate needs passes, and --no-forward asks for none. Leave one of them out.")
        if self.generate and self.weights == "fake":
            raise TracerError("--generate needs numbers, and --weights fake has none. Use --weights random.")

    def put_into(self, job: Job) -> None:
        """Set the job's fields; files as absolute paths, since the load may run in another folder."""
        wishes: dict[str, Any] = msgspec.structs.asdict(self)
        for name, value in wishes.items():
            setattr(job, name, os.path.abspath(value) if isinstance(value, Path) else value)
