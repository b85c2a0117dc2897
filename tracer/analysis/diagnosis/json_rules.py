"""Rules for JSON files: what exactly is wrong with one that can't be read, and what a readable one says oddly."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import ConfigRead, FileResolved, JsonRead

READ_BY_THE_LIBRARY: Final = (
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "adapter_config.json",
    "chat_template.json",
)
"""Files of settings at the top of a model directory."""
JSON_TYPES: Final = {list: "list", str: "text", bool: "boolean", int: "number", float: "number", type(None): "null"}
_SHOWN: Final = 60  # characters of a value


def fault(text: str, line: int, column: int) -> tuple[str, dict[str, Any]]:
    """Return the remedy for a text that is no JSON, and what its sentence needs beside line and column."""
    lines = text.split("\n")
    here = lines[line - 1][column - 1 :] if 0 < line <= len(lines) else ""
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]]) if 0 < line <= len(lines) else text
    before = before.rstrip()
    above = before.count("\n") + 1  # the last line with something on it
    if text.startswith("\ufeff"):
        return "json-bom", {}
    if not text.strip():
        return "json-empty", {}
    # Python 3.13 points at the comma itself, earlier ones at the bracket or the name behind it.
    if before.endswith(",") and here[:1] in ("}", "]"):
        return "json-trailing-comma", {"at": above}
    if here.startswith(",") and _next(lines, line, column)[:1] in ("}", "]"):
        return "json-trailing-comma", {}
    if here.startswith(("//", "#", "/*")) or (here.startswith("/") and column > 1):
        return "json-comment", {}
    if here.startswith("'"):
        return "json-single-quotes", {}
    for written, meant in (("True", "true"), ("False", "false"), ("None", "null")):
        if here.startswith(written):
            return "json-python-word", {"written": written, "meant": meant}
    if not here.strip() and not "".join(lines[line:]).strip():
        return "json-cut-off", {}
    if here.startswith('"') and before[-1:] not in ("{", "[", ",", ":"):
        return "json-missing-comma", {"at": above}
    return "repair-json", {}


def _next(lines: list[str], line: int, column: int) -> str:
    """Return what stands behind a place, without white space."""
    return (lines[line - 1][column:] + "\n".join(lines[line:])).lstrip()


def text_of(load: RecordedLoad, path: object) -> str | None:
    """Return the recorded text of a JSON file of the model directory, by its path in the trace."""
    name = str(path).removeprefix("<model>/")
    file = load.trace.meta.file(name)
    return "" if file is not None and file.kind == "empty" else load.trace.meta.json_files.get(name)


def no_object(load: RecordedLoad) -> Cause | None:
    """Detect a file of settings that is valid JSON and holds no object."""
    failure = load.failure
    if failure is None or failure.name not in ("AttributeError", "TypeError", "ValueError", "KeyError"):
        return None
    read = {found.event.path for found in load.events(JsonRead)}
    read |= {found.event.path for found in load.events(FileResolved)}
    for name in READ_BY_THE_LIBRARY:
        text = load.trace.meta.json_files.get(name)
        if text is None or f"<model>/{name}" not in read:
            continue
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if not isinstance(held, dict):
            return not_an_object(load, f"<model>/{name}", held, "likely")
    return None


def not_an_object(load: RecordedLoad, path: str, held: Any, certainty: Certainty) -> Cause:
    shown = json.dumps(held, ensure_ascii=False)
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
    values = {"file": path, "type": JSON_TYPES.get(type(held), "value"), "value": shown}
    return Cause("json-no-object", certainty, load.with_raised(), values, "write-object")


def repeated_keys(load: RecordedLoad) -> Iterator[Cause]:
    """Yield files of settings that give a key twice: the last one counts."""
    for name in READ_BY_THE_LIBRARY:
        file = load.trace.meta.file(name)
        keys = file.note("duplicate-keys") if file is not None else None
        if keys:
            names = [key.strip() for key in keys.split(",")]
            values = {"file": name, "names": names, "count": len(names)}
            yield Cause("duplicate-keys", "certain", _read(load, name), values, "one-of-a-key")


def no_numbers(load: RecordedLoad) -> Iterator[Cause]:
    """Yield NaN and infinite values in files of settings. Limits in a list, such as ``[0.0, Infinity]``, are meant."""
    for name in READ_BY_THE_LIBRARY:
        held = load.trace.meta.json_file(name)
        if held is None and name == "config.json":
            held = load.config
        for path, value in _floats(held):
            if math.isfinite(value):
                continue
            key = ".".join(path)
            if math.isnan(value):
                values = {"key": key, "value": "NaN", "file": name}
                yield Cause("not-a-number", "certain", _read(load, name), values, "write-number")
            else:
                values = {"key": key, "value": "Infinity" if value > 0 else "-Infinity", "file": name}
                yield Cause("infinite-number", "likely", _read(load, name), values)


def _read(load: RecordedLoad, name: str) -> list[Evidence]:
    """Return the step that read a file of the model directory."""
    if name == "config.json" and (built := load.last(ConfigRead)) is not None:
        return [Evidence(built.step.number, "settings-read", {"file": name})]
    for read in (load.last(JsonRead, path=f"<model>/{name}"), load.last(FileResolved, path=f"<model>/{name}")):
        if read is not None:
            return [Evidence(read.step.number, "settings-read", {"file": name})]
    return []


def _floats(value: Any, path: tuple[str, ...] = (), *, listed: bool = False) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield the numbers in nested objects with the keys that lead to them; of a list only those that are NaN."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _floats(item, (*path, str(key)), listed=listed)
    elif isinstance(value, list):
        for item in value:
            yield from _floats(item, path, listed=True)
    elif isinstance(value, float) and path and (not listed or math.isnan(value)):
        yield path, value
