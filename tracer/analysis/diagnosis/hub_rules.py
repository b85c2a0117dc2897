"""Rules for models of the hub: what kept a file of the repository from arriving.

The exceptions are huggingface_hub's, the same from 0.23 to 2.4; transformers makes an ``OSError`` of most of them.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import AdapterFound, CommitResolved, FileMissing, FileResolved, Recorded, events

_HUB: Final = "https://huggingface.co"
_OFFLINE: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE: Final = frozenset({"1", "ON", "YES", "TRUE"})
_STATUS: Final = re.compile(r"\b(?P<status>[45]\d\d) (?:Client|Server) Error|error '(?P<other>[45]\d\d) ")
_UNREACHED: Final = (
    "ConnectionError", "ConnectError", "ConnectTimeout", "ConnectionRefusedError", "ConnectionResetError",
    "NewConnectionError", "MaxRetryError", "NameResolutionError", "gaierror", "ProxyError", "SSLError", "ReadTimeout",
    "TimeoutException", "RemoteProtocolError", "ReadError",
)  # fmt: skip
"""What requests, urllib3 and httpx raise where there is no answer."""
_CUT: Final = ("ChunkedEncodingError", "IncompleteRead", "RemoteProtocolError", "ReadError", "ReadTimeout")
"""The same where an answer has begun."""
_WRONG_SIZE: Final = "Consistency check failed: file should be of size"  # 0.23 to 2.4


class _Asked(NamedTuple):
    """A file that was asked of the hub in vain, and what was raised because of it, by the name of its class."""

    missing: Recorded[FileMissing]
    said: dict[str, str]

    @property
    def file(self) -> str:
        return str(self.missing.event.name)


def not_from_hub(load: RecordedLoad) -> Cause | None:
    """Detect a model that is not a directory here and that the hub did not give, or not whole."""
    asked = _asked(load)
    if asked is None:
        return None
    found = _refused(load, asked) or _not_asked(load, asked) or _not_answered(load, asked) or _no_config(load, asked)
    if found is not None or load.events(FileResolved):
        return found
    return _cause(load, asked, "model-not-found", {}, "name-or-download", "likely")


def _asked(load: RecordedLoad) -> _Asked | None:
    """Return the file that was asked for last, if that was one of the model itself. An adapter's base has rules."""
    failure, missing = load.failure, load.last(FileMissing)
    if failure is None or missing is None or load.last(AdapterFound) is not None:
        return None
    if load.trace.meta.asked != missing.event.in_ or _is_folder(str(missing.event.in_)):
        return None
    said: dict[str, str] = {}
    for exception in load.exceptions:
        if exception.passages[-1].step >= missing.step.number:
            said[exception.name] = exception.text
            said |= {one.error.rpartition(".")[2]: one.message or "" for one in exception.chained}
    return _Asked(missing, said)


def _is_folder(where: str) -> bool:
    return where.startswith(("<", "/", "./", "../", "~")) or "\\" in where


def _refused(load: RecordedLoad, asked: _Asked) -> Cause | None:
    """Return the cause where the hub knows why it does not give the file."""
    if "GatedRepoError" in asked.said:
        if _status(asked) == 403:
            return _cause(load, asked, "hub-not-admitted", {}, "ask-access")
        return _cause(load, asked, "hub-gated", {}, "accept-and-log-in")
    if "RevisionNotFoundError" in asked.said:
        revision = load.given_arguments(load.user_call).get("revision")
        return _cause(load, asked, "hub-no-revision", {"revision": revision or "main"}, "existing-revision")
    if "RepositoryNotFoundError" in asked.said:
        return _cause(load, asked, "hub-no-repository", {}, "name-or-log-in")
    return None


def _not_asked(load: RecordedLoad, asked: _Asked) -> Cause | None:
    """Return the cause where the hub was not to be asked, and the cache does not have the file."""
    if not {"LocalEntryNotFoundError", "OfflineModeIsEnabled"} & asked.said.keys():
        return None
    variables = {**load.trace.meta.environment, **load.trace.meta.set_for_the_load}
    setting = next((f"{name}=1" for name in _OFFLINE if variables.get(name, "").upper() in _TRUE), None)
    if setting is None and load.given_arguments(load.user_call).get("local_files_only") is True:
        setting = "local_files_only=True"
    if setting is None:
        return None
    return _cause(load, asked, "hub-not-asked", {"setting": setting}, "load-online-once")


def _not_answered(load: RecordedLoad, asked: _Asked) -> Cause | None:
    """Return the cause where the hub was asked and did not answer, or not as a hub does."""
    said, endpoint = asked.said, load.trace.meta.environment.get("HF_ENDPOINT", _HUB)
    values: dict[str, Any] = {"endpoint": endpoint}
    if any(text.startswith(_WRONG_SIZE) for text in said.values()):
        return _cause(load, asked, "hub-other-size", values, "download-whole")
    if "FileMetadataError" in said:
        return _cause(load, asked, "hub-not-a-hub", values, "check-endpoint")
    status = _status(asked)
    if status == 401:
        return _cause(load, asked, "hub-token-refused", values, "renew-token")
    if status is not None and status != 404:
        values["status"] = status
        return _cause(load, asked, "hub-error", values, "ask-less-often" if status == 429 else "try-later")
    if "LocalEntryNotFoundError" not in said and any(name in said for name in _CUT):
        return _cause(load, asked, "hub-cut", values, "download-whole")
    if any(name in said for name in _UNREACHED):
        return _cause(load, asked, "hub-unreachable", values, "reach-hub")
    return None


def _no_config(load: RecordedLoad, asked: _Asked) -> Cause | None:
    """Return the cause where the repository is there and has no config.json."""
    if asked.file != "config.json" or load.last(FileResolved, name="config.json") is not None:
        return None
    answered = any(name.endswith("EntryNotFoundError") and not name.startswith("Local") for name in asked.said)
    if not answered and next(events(load.trace, CommitResolved), None) is None:
        return None
    return _cause(load, asked, "hub-no-config", {}, "repository-with-config")


def _status(asked: _Asked) -> int | None:
    found = (_STATUS.search(text) for text in asked.said.values())
    return next((int(one["status"] or one["other"]) for one in found if one is not None), None)


def _cause(
    load: RecordedLoad, asked: _Asked, kind: str, values: dict[str, Any], remedy: str, certainty: Certainty = "certain"
) -> Cause:
    event = asked.missing.event
    gone = Evidence(asked.missing.step.number, "file-missing", {"name": event.name, "in": event.in_})
    named = {"model": str(event.in_)} if kind == "model-not-found" else {"model": str(event.in_), "file": asked.file}
    return Cause(kind, certainty, load.with_raised(gone), {**named, **values}, remedy)
