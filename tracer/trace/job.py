"""The job description: what the traced process is to do. Written by launch/, read by recorder/."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Job(msgspec.Struct, forbid_unknown_fields=True):
    """One load or one script to record.

    Attributes:
        work: ``load`` a model directory or run a ``script``.
        journal: absolute path of the journal to write.
        command: the command line, for the metadata.
        lines: whether lines are stepped; otherwise calls and returns alone.
        stop_after: the stage after which the load ends on purpose.
        model: the model directory (absolute) or hub id to load.
        auto_class: name of the auto class in transformers; None to let the directory decide.
        kwargs: keyword arguments of ``from_pretrained`` as the user gave them.
        dtype: name of a torch dtype, or ``auto``; None to leave it to the library.
        tokenizer: whether the tokenizer is loaded first.
        trust_remote_code: what is passed under that name.
        script: the script and its arguments, as in ``sys.argv``.
        cwd: folder to run in; None for the parent's.
    """

    work: Literal["load", "script"]
    journal: str
    command: list[str] = []
    lines: bool = True
    stop_after: str | None = None
    model: str = ""
    auto_class: str | None = None
    kwargs: dict[str, Any] = {}
    dtype: str | None = None
    tokenizer: bool = True
    trust_remote_code: bool = False
    script: list[str] = []
    cwd: str | None = None


def write_job(job: Job) -> bytes:
    return msgspec.json.encode(job)


def read_job(data: bytes) -> Job:
    """Raises msgspec.ValidationError when the two sides are of different releases."""
    return msgspec.json.decode(data, type=Job)
