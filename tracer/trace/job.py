"""The job description: what the traced process is to do. Written by launch/, read by recorder/."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from tracer.trace.append_only import Identity


class AgreedCode(msgspec.Struct, forbid_unknown_fields=True):
    """The remote code that a person has seen and agreed to.

    Attributes:
        files: the SHA-256 checksums of the files, by their names without folders.
        folders: where they were found; what is imported from there is compared too.
        unseen: whether code was agreed to that could not be shown; then files of other names may run as well.
    """

    files: dict[str, list[str]] = {}
    folders: list[str] = []
    unseen: bool = False

    def covers(self, name: str, checksum: str) -> bool:
        """Whether a file may run."""
        shown = any(checksum in checksums for checksums in self.files.values())
        return shown or (self.unseen and name not in self.files)


class Job(msgspec.Struct, forbid_unknown_fields=True):
    """One load or one script to record.

    Attributes:
        work: ``load`` a model directory or run a ``script``.
        journal: absolute path of the journal to write; set when it is made.
        journal_made: which file that is, made and held by the parent; None for a journal that is still to be made.
        command: the command line, for the metadata.
        lines: whether lines are stepped; otherwise calls and returns alone.
        stop_after: the stage after which the load ends on purpose.
        model: the model directory (absolute) or hub id to load.
        auto_class: name of the auto class in transformers; None to let the directory decide.
        kwargs: keyword arguments of ``from_pretrained`` as the user gave them.
        dtype: name of a torch dtype, or ``auto``; None to leave it to the library.
        tokenizer: whether the tokenizer is loaded first.
        trust_remote_code: what is passed under that name.
        agreed: the remote code that was shown and agreed to; None where nothing was shown, and all may run.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto`` for a GPU where there is one.
        weights: where the numbers come from: the ``checkpoint``, ``random``, or ``fake`` (none at all).
        forward: whether a pass is run after the load.
        prompt: what the pass is fed with; None for a sentence of ours.
        image: a picture for a model that sees; None for one of ours.
        generate: how many tokens to generate.
        operators: whether each operator is recorded.
        statistics: whether minimum, maximum, mean, NaN and infinity of outputs are recorded.
        step_forward: which executions of the model's own functions are stepped in a pass.
        peft: a JSON file with a LoRA configuration to put into the model.
        script: the script and its arguments, as in ``sys.argv``.
        cwd: folder to run in; None for the parent's.
        memory: bytes of private memory that the process may have; None for no limit.
        environment: environment variables that the child gets besides the parent's.
        learned: the named pipe that takes the secrets which the child learns; None where nobody asks.
    """

    work: Literal["load", "script"]
    journal: str = ""
    journal_made: Identity | None = None
    command: list[str] = []
    lines: bool = True
    stop_after: str | None = None
    model: str = ""
    auto_class: str | None = None
    kwargs: dict[str, Any] = {}
    dtype: str | None = None
    tokenizer: bool = True
    trust_remote_code: bool = False
    agreed: AgreedCode | None = None
    device: str = "cpu"
    weights: Literal["checkpoint", "random", "fake"] = "checkpoint"
    forward: bool = True
    prompt: str | None = None
    image: str | None = None
    generate: int = 0
    operators: bool = False
    statistics: bool = False
    step_forward: Literal["first", "all", "none"] = "first"
    peft: str | None = None
    script: list[str] = []
    cwd: str | None = None
    memory: int | None = None
    environment: dict[str, str] = {}
    learned: str | None = None


def write_job(job: Job) -> bytes:
    """A path that is no UTF-8 has surrogates in it, which JSON keeps as escapes."""
    return json.dumps(msgspec.to_builtins(job)).encode("ascii")


def read_job(data: bytes) -> Job:
    """Raises msgspec.ValidationError when the two sides are of different releases."""
    return msgspec.convert(json.loads(data), type=Job)
