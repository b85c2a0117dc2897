"""Rules for ``auto_map``: whether an entry is a reference, and whether its repository, file and class exist."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.exceptions import Passage
from tracer.analysis.diagnosis.own_code import own_classes, own_names
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.analysis.diagnosis.remote_code_rules import FETCH, asked_reference, copied_evidence, fetching_chain
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_MODEL, AUTO_PROCESSOR, AUTO_TOKENIZER
from tracer.trace.events import FileMissing

_READERS: Final = (
    AUTO_CONFIG,
    AUTO_MODEL,
    "_BaseAutoModelClass.from_config",
    AUTO_TOKENIZER,
    AUTO_PROCESSOR,
    "AutoImageProcessor.from_pretrained",
    "AutoVideoProcessor.from_pretrained",
    "AutoFeatureExtractor.from_pretrained",
)
"""The functions that read ``auto_map``."""
_FILES: Final = {
    "AutoTokenizer": "tokenizer_config.json",
    "AutoImageProcessor": "preprocessor_config.json",
    "AutoFeatureExtractor": "preprocessor_config.json",
    "AutoVideoProcessor": "video_preprocessor_config.json",
    "AutoProcessor": "processor_config.json",
}
"""Where the entry of an auto class stands; of all others, in config.json."""
_HANDLING: Final = re.compile(r"\b(auto_map|class_ref|class_reference|\w+_auto_map)\b")
"""The library's variables for ``auto_map``, an entry and a reference, in 4.44 and 5.x."""
_REFERENCE: Final = re.compile(r"(?:(?P<repository>[\w./-]+?)--)?(?P<file>[\w/-]+)\.(?P<class>\w+)")
_LIKE: Final = 0.6  # how alike a suggested name is, as a ratio of matching characters


def auto_map_malformed(load: RecordedLoad) -> Cause | None:
    """Detect an ``auto_map`` that is no object, or an entry in it that is no reference."""
    failure = load.failure
    if failure is None or failure.error not in ("TypeError", "AttributeError", "ValueError", "IndexError"):
        return None
    origin = failure.origin
    reading = origin.function in _READERS or origin.function == FETCH
    if origin.frame is None or not reading or not _HANDLING.search(load.statement(origin)):
        return None
    owner = load.auto_class(origin) or _owner(load, origin)
    if owner is None:
        return None
    values: dict[str, Any] = {"auto_class": owner, "config": _FILES.get(owner, "config.json")}
    whole = _auto_map(load, origin)
    if whole is not _ABSENT and not isinstance(whole, dict) and not (owner == "AutoTokenizer" and _pair(whole)):
        values |= _described(whole)
        return Cause("auto-map-not-object", "certain", load.with_raised(), values, "write-auto-map")
    entry = _entry(load, origin, whole, owner)
    if entry is _ABSENT:
        return None
    values |= _described(entry)
    chain = fetching_chain(load, origin.frame) if origin.function == FETCH else load.with_raised()
    if owner == "AutoTokenizer" and not _pair(entry):
        values["reference"] = _found_in(entry) or "FILE.CLASS"
        return Cause("tokenizer-entry-not-pair", "certain", chain, values, "write-pair")
    if owner == "AutoTokenizer":
        entry = entry[1] if entry[1] is not None else entry[0]
        values |= _described(entry)
    if not isinstance(entry, str):
        values["reference"] = _found_in(entry) or _guessed(load, owner)
        return Cause("reference-not-text", "certain", chain, values, "write-reference")
    if entry.count("--") < 2 and _REFERENCE.fullmatch(entry):
        return None
    return _not_a_reference(load, entry, owner, values, chain)


def _not_a_reference(
    load: RecordedLoad, entry: str, owner: str, values: dict[str, Any], chain: list[Evidence]
) -> Cause:
    """Return the cause for a text that is not of the form ``FILE.CLASS``."""
    *_, rest = entry.split("--")
    parts = rest.split(".")
    values["text"] = entry
    if entry.count("--") > 1:
        values["reference"] = "USER/REPOSITORY--FILE.CLASS"
        return Cause("reference-repositories", "certain", chain, values, "write-reference")
    if len(parts) < 2 or not all(parts):
        known = own_classes(load)
        homes = sorted(file for file, classes in known.items() if rest in classes)
        file = homes[0] if homes else rest if rest in own_names(load) else None
        class_ = rest if homes else "CLASS"
        values["reference"] = f"{file}.{class_}" if file is not None else _guessed(load, owner)
        return Cause("reference-without-dot", "certain", chain, values, "write-reference")
    *folders, file, class_ = [part for part in parts if part != "py"]
    values |= {
        "count": len(parts) - 1,
        "reference": f"{file}.{class_}",
        "folder": "/".join(folders),
        "file": f"{file}.py",
    }
    if "py" in parts and not folders:
        return Cause("reference-with-ending", "certain", chain, values, "write-reference")
    return Cause("reference-with-dots", "certain", chain, values, "move-to-top")


def folder_not_copied(load: RecordedLoad) -> Cause | None:
    """Detect code in a subfolder, for which 4.44 does not make the folder in the modules cache. 5.x does."""
    failure = load.failure
    if failure is None or failure.error != "FileNotFoundError":
        return None
    frame, copying = load.enclosing(failure.origin, FETCH), load.enclosing(failure.origin, "get_cached_module_file")
    if frame is None or copying is None or "shutil.copy" not in load.statement(failure.origin):
        return None
    file = load.variable(copying, "module_file")
    if not isinstance(file, str) or "/" not in file or file not in failure.text:
        return None
    values = _reference(load, failure.origin, frame)
    folder, _, name = file.rpartition("/")
    found: dict[str, Any] = {"file": name, "folder": folder, "path": file, "release": load.release_text}
    found |= {"text": values["reference"], "auto_class": values["auto_class"]}
    found["reference"] = f"{name.removesuffix('.py')}.{values['class']}"
    return Cause("reference-into-folder", "certain", fetching_chain(load, frame), found, "move-to-top")


_ABSENT: Final = object()


def _auto_map(load: RecordedLoad, origin: Passage) -> Any:
    """Return the ``auto_map`` that was being read, if it is recorded."""
    for number, frame in load.frames_around(origin):
        if frame.function not in _READERS:
            continue
        for name in ("config_dict", "tokenizer_config"):
            held = load.variable(number, name, at=load.failure.step if load.failure is not None else None)
            if isinstance(held, dict) and "auto_map" in held:
                return held["auto_map"]
        config = load.variable(number, "config")
        items = config.get("items") if isinstance(config, dict) else None
        if isinstance(items, dict) and "auto_map" in items:
            return items["auto_map"]
        return _ABSENT
    return _ABSENT


def _entry(load: RecordedLoad, origin: Passage, whole: Any, owner: str) -> Any:
    """Return the entry that was being read."""
    assert origin.frame is not None
    if isinstance(whole, dict) and owner in whole:
        return whole[owner]
    if owner == "AutoTokenizer" and whole is not _ABSENT:
        return whole
    return asked_reference(load, origin.frame) if origin.function == FETCH else _ABSENT


def _owner(load: RecordedLoad, origin: Passage) -> str | None:
    """Return the auto class of a processor that is being read there."""
    for _, frame in load.frames_around(origin):
        if frame.function in _READERS and not frame.function.startswith("_"):
            return frame.function.partition(".")[0]
    return None


def _pair(entry: Any) -> bool:
    return isinstance(entry, (list, tuple)) and len(entry) >= 2


def _described(value: Any) -> dict[str, str]:
    """Return a value of config.json as it is written there, and the type that it has in Python."""
    return {"written": json.dumps(value, ensure_ascii=False), "type": type(value).__name__}


def _found_in(entry: Any) -> str | None:
    """Return the first reference in a value that should have been one."""
    held = list(entry.values()) if isinstance(entry, dict) else entry if isinstance(entry, list) else [entry]
    return next((one for one in held if isinstance(one, str) and _REFERENCE.fullmatch(one)), None)


_OF_OWNER: Final[dict[str, Callable[[str], bool]]] = {
    "AutoConfig": lambda name: name.endswith("Config"),
    "AutoTokenizer": lambda name: "Tokenizer" in name,
    "AutoImageProcessor": lambda name: "ImageProcessor" in name,
    "AutoFeatureExtractor": lambda name: "FeatureExtractor" in name,
    "AutoVideoProcessor": lambda name: "VideoProcessor" in name,
    "AutoProcessor": lambda name: name.endswith("Processor") and "ImageProcessor" not in name,
}


def _guessed(load: RecordedLoad, owner: str) -> str:
    """Return the only class of the directory that fits an auto class, else a placeholder."""
    fits = _OF_OWNER.get(owner)
    architectures = _architectures(load) if fits is None else []
    found = [
        f"{file}.{name}"
        for file, classes in own_classes(load).items()
        for name in classes
        if (fits(name) if fits is not None else name in architectures)
    ]
    return found[0] if len(found) == 1 else "FILE.CLASS"


def _architectures(load: RecordedLoad) -> list[str]:
    """Return the ``architectures`` of the configuration that was built or read last."""
    frame = load.failure.origin if load.failure is not None else None
    for number, _ in load.frames_around(frame):
        for name in ("config", "config_dict"):
            held = load.variable(number, name)
            held = held.get("items", held) if isinstance(held, dict) else {}
            names = held.get("architectures") if isinstance(held, dict) else None
            if isinstance(names, list):
                return [one for one in names if isinstance(one, str)]
    return []


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
    chain = fetching_chain(load, frame, gone)
    found = _meant_file(load, values["module"] or "", values["class"] or "")
    if found is not None:
        values |= {"found": found, "meant": f"{found.removesuffix('.py')}.{values['class']}"}
        return Cause("class-file-missing", "certain", chain, values, "name-found-file")
    return Cause("class-file-missing", "certain", chain, values, "name-class-file")


def _meant_file(load: RecordedLoad, module: str, class_: str) -> str | None:
    """Return the file of the directory that was most likely meant: one with that class, or of a similar name."""
    classes = own_classes(load)
    homes = sorted(name for name, defined in classes.items() if class_ in defined)
    last = module.rpartition("/")[2]
    similar = difflib.get_close_matches(last.lower(), [name.lower() for name in classes], 1, _LIKE)
    alike = [name for name in classes if [name.lower()] == similar]
    found = next(iter([name for name in homes if name in alike] or homes or alike), None)
    return None if found is None else f"{found}.py"


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
    if frame is None or failure.origin.frame is None or failure.innermost_remote is not None:
        return None  # in the last case the file itself raised it, while it ran
    asked = load.variable(failure.origin.frame, "class_name")
    # The same function imports the file, which can raise an AttributeError of its own.
    if f"no attribute '{asked}'" not in failure.text or failure.innermost_remote is not None:
        return None
    values = _reference(load, failure.origin, frame) | {"class": asked}
    chain = fetching_chain(load, frame, copied_evidence(load))
    meant = _meant_class(load, str(values["module"]), str(asked))
    if meant is not None:
        values |= {"meant": meant}
        return Cause("class-missing", "certain", chain, values, "name-found-class")
    return Cause("class-missing", "certain", chain, values, "name-class")


def _meant_class(load: RecordedLoad, module: str, class_: str) -> str | None:
    """Return the reference that was most likely meant: the class in another file, or one of a similar name in this."""
    known = own_classes(load)
    for file, classes in known.items():
        if class_ in classes:
            return f"{file}.{class_}"
    similar = difflib.get_close_matches(class_, known.get(module, []), 1, _LIKE)
    return f"{module}.{similar[0]}" if similar else None


def _reference(load: RecordedLoad, passage: Passage, frame: int) -> dict[str, str | None]:
    """Return the parts of the reference in ``auto_map``, and the auto class it is for."""
    reference = str(asked_reference(load, frame))
    repository, _, rest = reference.rpartition("--")
    module, _, name = rest.partition(".")
    owner = load.auto_class(passage)
    return {"reference": reference, "repository": repository, "module": module, "class": name, "auto_class": owner}
