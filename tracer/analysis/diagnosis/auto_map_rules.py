"""Rules for ``auto_map``: whether an entry is a reference, and whether its repository, file and class exist."""

from __future__ import annotations

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.exceptions import Passage
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.analysis.diagnosis.remote_code_rules import (
    FETCH,
    asked_reference,
    copied_evidence,
    fetching_chain,
    own_names,
)
from tracer.trace.events import FileMissing


def class_file_missing(load: RecordedLoad) -> Cause | None:
    """Detect a file that ``auto_map`` names and that is not in the directory."""
    failure = load.failure
    frame = load.enclosing(failure.origin, FETCH) if failure is not None else None
    if failure is None or frame is None:
        return None
    last = failure.passages[-1].step
    missing = [found for found in load.events(FileMissing) if failure.step <= found.step.number <= last]
    if not missing or not str(missing[-1].event.name).endswith(".py"):
        return None
    values = _reference(load, failure.origin, frame) | {"file": missing[-1].event.name}
    number, where = missing[-1].step.number, missing[-1].event.in_
    if values["repository"] and where == values["repository"]:
        return _repository_missing(load, frame, values, number)
    gone = Evidence(number, "file-missing", {"name": values["file"], "in": where})
    return Cause("class-file-missing", "certain", fetching_chain(load, frame, gone), values, "name-class-file")


def _repository_missing(load: RecordedLoad, frame: int, values: dict[str, str | None], missing: int) -> Cause:
    """Return the cause for an ``auto_map`` that refers to another repository, which could not be fetched."""
    gone = Evidence(missing, "file-missing", {"name": values["file"], "in": values["repository"]})
    beside = values["module"] in own_names(load)
    remedy = "fetch-repository-or-stay" if beside else "fetch-repository"
    return Cause("class-repository-missing", "certain", fetching_chain(load, frame, gone), values, remedy)


def class_missing(load: RecordedLoad) -> Cause | None:
    """Detect a file that does not define the class that ``auto_map`` names."""
    failure = load.failure
    if failure is None or failure.error != "AttributeError" or failure.origin.function != "get_class_in_module":
        return None
    frame = load.enclosing(failure.origin, FETCH)
    if frame is None or failure.origin.frame is None:
        return None
    asked = load.variable(failure.origin.frame, "class_name")
    values = _reference(load, failure.origin, frame) | {"class": asked}
    return Cause("class-missing", "certain", fetching_chain(load, frame, copied_evidence(load)), values, "name-class")


def _reference(load: RecordedLoad, passage: Passage, frame: int) -> dict[str, str | None]:
    """Return the parts of the reference in ``auto_map``, and the auto class it is for."""
    reference = str(asked_reference(load, frame))
    repository, _, rest = reference.rpartition("--")
    module, _, name = rest.partition(".")
    owner = load.auto_class(passage)
    return {"reference": reference, "repository": repository, "module": module, "class": name, "auto_class": owner}
