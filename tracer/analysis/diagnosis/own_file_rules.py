"""Rules for the model's own files: what is in them, what runs of them, and what they look for beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.own_code import differing_modules, is_whole_directory_known, named_in_directory, outlines
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, stem
from tracer.analysis.diagnosis.remote_code_rules import (
    FETCH,
    checked_evidence,
    fetching_chain,
    reference_file,
    trust_evidence,
)
from tracer.analysis.loading_calls import AUTO_MODEL
from tracer.trace.events import ClassResolved, ImportsChecked, ModuleCopied, TrustAsked

_PLACE: Final = re.compile(r"\((?P<file>[^()]+), line (?P<line>\d+)\)$")  # in str(SyntaxError), since Python 3.0
_SYNTAX_SINCE: Final = (
    (re.compile(r"(match|case)\b.*:$"), (3, 10)),
    (re.compile(r"except\s*\*"), (3, 11)),
    (re.compile(r"type\s+\w+(\[.*\])?\s*="), (3, 12)),
    (re.compile(r"(async\s+)?(def|class)\s+\w+\["), (3, 12)),
)
"""How statements begin that only newer releases of Python know."""
_NESTED: Final = re.compile(r"""\b[rR]?[fF][rR]?(["'])(?:(?!\1).)*(?<!\{)\{[^{}]*\1[^{}]*\}""")
"""An f-string with its own quotes inside it, since 3.12."""
_NOT_IN_F_STRING: Final = "f-string expression part cannot include"  # a backslash or "#", up to 3.11


def not_python(load: RecordedLoad) -> Cause | None:
    """Detect a file of remote code that Python can't parse."""
    failure = load.failure
    if failure is None or failure.name not in ("SyntaxError", "IndentationError", "TabError"):
        return None
    frame = load.enclosing(failure.origin, FETCH)
    if frame is None:
        return None
    place = _PLACE.search(failure.text)
    file = place["file"] if place else None
    if file in (None, "<unknown>"):  # 5.x parses only the text when it looks for imports
        file = reference_file(load, frame)
    line = int(place["line"]) if place else None
    message = failure.message if place is None else failure.text[: place.start()].strip()
    values: dict[str, Any] = {"file": file_name(file), "line": line, "message": message}
    chain = fetching_chain(load, frame, checked_evidence(load))
    outline = outlines(load).get(stem(file))
    if outline is not None and outline.problem in ("lfs-pointer", "web-page"):
        kind = "code-is-pointer" if outline.problem == "lfs-pointer" else "code-is-page"
        pointers = [f"{name}.py" for name, one in outlines(load).items() if one.problem == outline.problem]
        return Cause(kind, "certain", chain, values | {"names": pointers}, "fetch-file-itself")
    if outline is not None and outline.source is not None and (since := _needs(outline.source, values["message"])):
        used = re.findall(r"\d+", load.trace.meta.python or "")[:2]
        if used and tuple(map(int, used)) < since:
            values |= {"statement": outline.source, "python": ".".join(used), "since": ".".join(map(str, since))}
            return Cause("newer-python", "likely", chain, values, "newer-python")
    return Cause("not-python", "certain", chain, values, "repair-line")


def _needs(statement: str, message: Any) -> tuple[int, int] | None:
    """Return the first release of Python that may understand a statement; None if any would."""
    for pattern, since in _SYNTAX_SINCE:
        if pattern.match(statement):
            return since
    return (3, 12) if _NOT_IN_F_STRING in str(message) or _NESTED.search(statement) else None


def failed_at_import(load: RecordedLoad) -> Cause | None:
    """Detect an exception that a file of remote code raised while it was being imported."""
    failure = load.failure
    if failure is None or failure.name in ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError"):
        return None
    frame = load.enclosing(failure.origin, FETCH)
    place = failure.innermost_remote
    if frame is None or place is None or not failure.origin.function.endswith("get_class_in_module"):
        return None
    values: dict[str, Any] = {
        "error": failure.name,
        "message": failure.message,
        "file": file_name(place.file),
        "line": place.line,
        "statement": place.source,
    }
    chain = fetching_chain(load, frame, checked_evidence(load))
    within = failure.innermost is not None and failure.innermost.is_remote
    return Cause("fails-at-import" if within else "fails-at-import-inside", "certain", chain, values, "look-at-line")


_UNDEFINED: Final = re.compile(r"name '(?P<name>\w+)' is not defined")  # since Python 3.0
_USUAL_HOMES: Final = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "math": "import math",
    "os": "import os",
    "json": "import json",
    "warnings": "import warnings",
    "partial": "from functools import partial",
    "dataclass": "from dataclasses import dataclass",
} | {
    name: f"from typing import {name}"
    for name in ("Any", "Callable", "Dict", "List", "Optional", "Sequence", "Tuple", "Type", "Union", "Literal")
}


def name_undefined(load: RecordedLoad) -> Cause | None:
    """Detect a name that remote code uses and that its file neither defines nor imports, or imports conditionally."""
    failure = load.failure
    if failure is None:
        return None
    place, found = failure.innermost, _UNDEFINED.search(failure.text)
    if failure.name != "NameError" or found is None or place is None or not place.is_remote:
        return None
    outline = outlines(load).get(stem(place.file))
    if outline is None or outline.problem is not None:
        return None
    name = found["name"]
    values: dict[str, Any] = {"name": name, "file": file_name(place.file), "line": place.line}
    values["statement"] = place.source
    for one in outline.imports if name in outline.names else ():  # else a function alone imports it
        if name in one.names or one.module == name:
            if one.inside in ("function", "except"):
                continue
            if one.condition is None and one.inside is None:
                break
            values |= {"there": one.line, "condition": one.condition, "module": one.module}
            if one.condition is None:
                return Cause("name-imported-in-try", "certain", load.with_raised(), values, "import-or-do-without")
            return Cause("name-imported-sometimes", "certain", load.with_raised(), values, "define-otherwise")
    if name in outline.names:
        return Cause("name-defined-later", "certain", load.with_raised(), values, "define-before")
    values["import"] = _USUAL_HOMES.get(name)
    remedy = "import-usual" if values["import"] else "import-or-define"
    return Cause("name-undefined", "certain", load.with_raised(), values, remedy)


_PATH: Final = re.compile(r"[\"'](?P<path>[^\"']+)[\"']|(?P<bare><[\w-]+>[^\s\"']*)")
_IN_CACHE: Final = re.compile(rf"{REMOTE}[/\\].*[/\\]")
_OPENING: Final = ("FileNotFoundError", "NotADirectoryError", "OSError", "RuntimeError")


def neighbour_opened(load: RecordedLoad) -> Cause | None:
    """Detect own code that opens a file beside itself, or beside the folder that Python was started in."""
    failure = load.failure
    if failure is None or failure.name not in _OPENING:
        return None
    place = failure.innermost_remote
    path = next((found["path"] or found["bare"] for found in _PATH.finditer(failure.text)), None)
    if place is None or path is None or path.endswith(".py"):
        return None
    values: dict[str, Any] = {"file": file_name(place.file), "line": place.line, "statement": place.source}
    there = named_in_directory(load, path)
    values |= {"path": path, "name": file_name(path), "there": there or file_name(path)}
    if _IN_CACHE.search(path):
        missing = there is None and is_whole_directory_known(load)
        remedy = "add-and-open" if missing else "open-in-directory"
        return Cause("neighbour-not-copied", "certain", load.with_raised(), values, remedy)
    relative = not path.startswith(("<", "/", "~")) and ":" not in path and failure.name == "FileNotFoundError"
    if relative and there is not None:
        return Cause("opened-in-working-folder", "certain", load.with_raised(), values, "open-in-directory")
    return None


def stale_code(load: RecordedLoad) -> Iterator[Cause]:
    """Yield code that ran from the modules cache and is not what the model's directory has now."""
    for name, path in (differing_modules(load) or {}).items():
        yield Cause("stale-code-ran", "certain", [], {"file": name, "path": path}, "clear-copy")


def code_of_earlier_load(load: RecordedLoad) -> Iterator[Cause]:
    """Yield loads that ran code of another directory, because an earlier load had imported it under the same name."""
    yield from _kept_classes(load)
    yield from _kept_modules(load)


def _kept_classes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield loads of 5.x that took the class which an earlier load had registered, and not the directory's own."""
    calls = [frame.number for frame in load.trace.frames(AUTO_MODEL)]
    folders: list[str] = []
    for number in calls:
        folder = load.variable(number, "pretrained_model_name_or_path")
        asked = [one for one in load.events(TrustAsked) if _caller(load, one.step.frame) == number]
        resolved = [one for one in load.events(ClassResolved) if one.event.way == "remote"]
        own = [one for one in resolved if _caller(load, one.step.frame) == number]
        if not isinstance(folder, str):
            continue
        trust = asked[-1] if asked else None
        if trust is not None and trust.event.decision and trust.event.has_local_code and not own:
            earlier = next((one for one in reversed(folders) if _differing(load, one, folder)), None)
            if earlier is not None and folders[-1] != folder:
                values = {"first": earlier, "second": folder, "names": _differing(load, earlier, folder)}
                yield Cause("class-of-earlier-load", "certain", [trust_evidence(trust)], values, "other-folder-name")
        folders.append(folder)


def _kept_modules(load: RecordedLoad) -> Iterator[Cause]:
    """Yield files that 4.x did not import again: only the file that ``auto_map`` names runs anew."""
    if not load.release or load.release[0] >= 5:
        return
    copied = load.events(ModuleCopied)
    checked = {one.event.file: one.event.relative for one in load.events(ImportsChecked)}
    told: set[str] = set()
    for index, later in enumerate(copied):
        for earlier in copied[:index]:
            if later.event.into != earlier.event.into or later.event.from_ == earlier.event.from_:
                continue
            first, second = _folder(earlier.event.from_), _folder(later.event.from_)
            names = {f"{name}.py" for name in checked.get(later.event.from_, ())}
            differing = [name for name in _differing(load, first, second) if name in names and name not in told]
            if differing:
                told.update(differing)
                seen = Evidence(later.step.number, "copied", {"path": later.event.from_})
                values = {"first": first, "second": second, "names": differing}
                yield Cause("module-of-earlier-load", "certain", [seen], values, "other-folder-name")


def _differing(load: RecordedLoad, first: str, second: str) -> list[str]:
    """Return the Python files that two folders both have, and that are not equal."""
    sums: list[dict[str, str]] = []
    for folder in (first, second):
        known = load.trace.meta.code_outlines.items()
        files = {file_name(path): one.sha256 for path, one in known if _folder(path) == folder.rstrip("/")}
        sums.append({name: checksum for name, checksum in files.items() if checksum is not None})
    return sorted(name for name in sums[0].keys() & sums[1].keys() if sums[0][name] != sums[1][name])


def _folder(path: Any) -> str:
    return str(path).replace("\\", "/").rpartition("/")[0]


def _caller(load: RecordedLoad, frame: int | None) -> int | None:
    """Return the nearest call of an auto model class around a frame, unless a configuration is being read there."""
    for number, one in load.frames_from(frame):
        if one.function.startswith("AutoConfig."):
            return None
        if one.function == AUTO_MODEL:
            return number
    return None
