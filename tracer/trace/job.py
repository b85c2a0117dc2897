"""The job description: what the traced process has to do. ``launch`` writes it, ``recorder`` reads it."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from tracer.trace.append_only import Identity


class AgreedCode(msgspec.Struct, forbid_unknown_fields=True):
    """The remote code that the user has seen and agreed to.

    Attributes:
        files: the SHA-256 checksums of the files, by file name without folders.
        folders: where they were found; files imported from there are compared too.
        unseen: whether the user agreed to code that could not be shown; then files of other names may run as well.
    """

    files: dict[str, list[str]] = {}
    folders: list[str] = []
    unseen: bool = False

    def covers(self, name: str, checksum: str) -> bool:
        """Return whether a file may run."""
        shown = any(checksum in checksums for checksums in self.files.values())
        return shown or (self.unseen and name not in self.files)


class Job(msgspec.Struct, forbid_unknown_fields=True):
    """One load or one script to record.

    Attributes:
        work: ``load`` a model directory or run a ``script``.
        journal: absolute path of the journal to write; set when it is created.
        journal_made: identity of that file, created and held by the parent; None if it has yet to be created.
        command: the command line, for the metadata.
        lines: whether lines are stepped; otherwise only calls and returns are.
        stop_after: the stage after which the load ends on purpose.
        model: the model directory (absolute) or hub id to load.
        auto_class: name of the class in transformers or ``auto_map``; None to choose it from the directory.
        kwargs: keyword arguments of ``from_pretrained``, as the user gave them.
        dtype: name of a torch dtype, or ``auto``; None to leave it to the library.
        tokenizer: whether the tokenizer is loaded first.
        processor: whether, if the directory has one, the processor is loaded in its place, with the tokenizer in it.
        trust_remote_code: value passed under that name.
        agreed: the remote code that was shown and agreed to; None if nothing was shown and everything may run.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto`` for a GPU if the machine has one.
        weights: where the values come from: the ``checkpoint``, ``random``, or ``fake`` (no values at all).
        forward: whether a forward pass is run after the load.
        prompt: input of the pass; None for a built-in sentence.
        image: a picture for a vision model; None for a built-in picture.
        audio: a WAV file for a model that hears; None for a built-in sound.
        ids: token ids to run the pass with, in place of a prompt.
        generate: how many tokens to generate.
        operators: whether each operator is recorded.
        statistics: whether minimum, maximum, mean, NaN and infinity of outputs are recorded.
        step_forward: which executions of the model's own functions are stepped during a pass.
        peft: a JSON file with a LoRA configuration to put into the model.
        script: the script and its arguments, as in ``sys.argv``.
        cwd: folder to run in; None for the parent's.
        memory: bytes of private memory that the process may use; None for no limit.
        environment: environment variables that the child gets in addition to the parent's.
        learned: the named pipe to which the child writes the secrets that it learns; None if they are not wanted.
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
    processor: bool = True
    trust_remote_code: bool = False
    agreed: AgreedCode | None = None
    device: str = "cpu"
    weights: Literal["checkpoint", "random", "fake"] = "checkpoint"
    forward: bool = True
    prompt: str | None = None
    image: str | None = None
    audio: str | None = None
    ids: list[int] | None = None
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
    """Write a job as JSON. A path that is not UTF-8 contains surrogates, which JSON keeps as escapes."""
    return json.dumps(msgspec.to_builtins(job)).encode("ascii")


def read_job(data: bytes) -> Job:
    """Read a job.

    Raises:
        msgspec.ValidationError: the two processes run different releases of glm-trace.
    """
    return msgspec.convert(json.loads(data), type=Job)
