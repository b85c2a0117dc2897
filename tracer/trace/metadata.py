"""The metadata of a trace: what was loaded, where, with which releases, and what could not be recorded."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from tracer.trace.code_outline import CodeOutline
from tracer.trace.directory import DirectoryFile
from tracer.trace.events import ChainedException, Traceback


def is_set_by_torch(name: str, value: str) -> bool:
    """Return whether torch itself gave an environment variable this value: a folder that is named after the user."""
    # torch/_inductor/runtime/cache_dir_utils.py: cache_dir sets the variable to default_cache_dir.
    return name == "TORCHINDUCTOR_CACHE_DIR" and re.split(r"[/\\]", value)[-1].startswith("torchinductor_")


class Processor(msgspec.Struct):
    """The processor: its name, and the number of cores that the process may use."""

    name: str = ""
    cores: int | None = None


class RefusedCode(msgspec.Struct):
    """A file of remote code that was not run, because it was not what the user had agreed to.

    Attributes:
        file: its path in the model or in the modules cache.
        agreed: the SHA-256 checksums that the user had agreed to under this name; empty for an unknown file.
        found: the file's own checksum; None for a file that is compiled and can't be compared.
    """

    file: str
    agreed: list[str] = []
    found: str | None = None


class RemoteCode(msgspec.Struct):
    """The remote code of a load.

    Attributes:
        ran: the SHA-256 checksum of each file that ran, by its path.
        agreed: the checksums that the user had agreed to, by the files' names; None if nothing was asked.
        refused: the file that ended the load.
    """

    ran: dict[str, str] = {}
    agreed: dict[str, list[str]] | None = None
    refused: RefusedCode | None = None


class RecordingEnded(msgspec.Struct):
    """Why recording ended before the load did: the journal could no longer be written.

    Attributes:
        error: the error's symbol, such as ``ENOSPC``.
        message: the system's text for it.
        step: the last step that was recorded, -1 if there is none.
    """

    error: str
    message: str
    step: int


class OwnModule(msgspec.Struct):
    """A module of remote code as it was in the process at the end of the load.

    Attributes:
        module: its name.
        file: the file that it was imported from.
        sha256: checksum of that file; None if it is gone.
        in_directory: whether the model directory has that file; None where there is no model directory, or the module
            belongs to another one.
        same: whether it has the same content there; None if it is not there.
    """

    module: str
    file: str
    sha256: str | None = None
    in_directory: bool | None = None
    same: bool | None = None


class Failure(msgspec.Struct):
    """The exception that ended a load, whole.

    Attributes:
        error: ``module.Class``, or ``Class`` if it is built in.
        message: its message; None where reading it would have run foreign code.
        traceback: from the outermost frame to the innermost, without those of glm-trace.
        chained: the exceptions that it was raised from or while handling.
    """

    error: str
    message: str | None = None
    traceback: Traceback = []
    chained: list[ChainedException] = []


class Metadata(msgspec.Struct):
    """Facts about a whole load. A fact that was not recorded has its default; those of newer releases are ignored.

    Attributes:
        work: ``load`` for a model directory, ``script`` for a script, ``record`` for a block in a program.
        asked: what was to be loaded: ``<model>`` for a directory, a name on the hub, or the script.
        model: the model directory, as ``<model>``.
        command: the command line, without secrets.
        started: the time of day at the beginning, as ``2026-01-31T12:00:00+0000``.
        lines: whether lines were stepped; otherwise only calls.
        trust_remote_code: what the load was given under that name.
        releases: release of each package, by its name on PyPI.
        python: implementation and release of Python.
        platform: operating system.
        processor: the processor.
        gpus: name and memory of each GPU.
        environment: the environment variables that concern a load, without secrets.
        set_for_the_load: the variables that were set for the recorded process only.
        threads: name of each thread, by its number.
        roots: folder of each named root, such as ``model``.
        code_folders: names of the Python files in each folder of remote code.
        code_outlines: what each of these files defines and imports, by its path.
        directory: the files of the model directory, those at its top first; None if they were not listed.
        directory_whole: whether no file was left out of that list.
        json_files: the text of the small JSON files of the model directory, by name.
        own_modules: the remote code that was imported at the end of the load; None if it was not listed.
        skipped: what was not recorded, with the reason.
        remote_code: the remote code that ran; None if it was not watched.
        failure: the exception that ended the load, with its traceback; None if there was none or it was not recorded.
        recording_ended: why recording ended before the load did; None if it did not.
        native_output: the end of what native code printed.
        journal_damaged: whether the journal was damaged, so that the trace ends early.
    """

    work: str | None = None
    asked: str | list[str] | None = None
    model: str | None = None
    command: list[str] = []
    started: str | None = None
    lines: bool = True
    trust_remote_code: bool | None = None
    releases: dict[str, str] = {}
    python: str | None = None
    platform: str | None = None
    processor: Processor | None = None
    gpus: list[str] = []
    environment: dict[str, str] = {}
    set_for_the_load: dict[str, str] = {}
    threads: dict[str, str] = {}
    roots: dict[str, str] = {}
    code_folders: dict[str, list[str]] = {}
    code_outlines: dict[str, CodeOutline] = {}
    directory: list[DirectoryFile] | None = None
    directory_whole: bool = False
    json_files: dict[str, str] = {}
    own_modules: list[OwnModule] | None = None
    skipped: dict[str, str] = {}
    remote_code: RemoteCode | None = None
    failure: Failure | None = None
    recording_ended: RecordingEnded | None = None
    native_output: str = ""
    journal_damaged: bool = False

    @property
    def transformers(self) -> str | None:
        """Return the release of transformers."""
        return self.releases.get("transformers") or None

    def file(self, name: str) -> DirectoryFile | None:
        """Return a file of the model directory by its name in it; None if there is none, or it was not listed."""
        return next((file for file in self.directory or () if file.name == name), None)

    def json_file(self, name: str) -> Any:
        """Return what a small JSON file of the model directory holds; None if it was not recorded or is not valid."""
        try:
            return json.loads(self.json_files[name].removeprefix("\ufeff"))
        except (KeyError, ValueError, RecursionError):
            return None

    def json_object(self, name: str) -> dict[str, Any] | None:
        """Return the object in a small JSON file of the model directory; None where there is none."""
        held = self.json_file(name)
        return held if isinstance(held, dict) else None

    @property
    def model_folder(self) -> str | None:
        """Return the folder that the trace calls ``<model>``."""
        return self.roots.get("model")

    @property
    def model_name(self) -> str:
        """Return a short name for what was loaded: the directory's name, or the requested name."""
        if self.asked == "<model>" and self.model_folder is not None:
            return re.split(r"[/\\]", self.model_folder.rstrip("/\\"))[-1] or "<model>"
        if isinstance(self.asked, list):
            return " ".join(self.asked)
        return self.asked or self.work or "trace"
