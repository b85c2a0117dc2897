"""Rules for what config.json says: not an object, or a value that a constructor does not accept."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis import json_rules
from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.own_code import bases_of
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name
from tracer.analysis.loading_calls import AUTO_CONFIG
from tracer.releases import library
from tracer.trace.events import ConfigRead
from tracer.trace.steps import Frame

_READING: Final = frozenset(
    {AUTO_CONFIG}
    | {
        f"{owner}.{name}"
        for owner in ("PretrainedConfig", "PreTrainedConfig")
        for name in ("_get_config_dict", "get_config_dict", "from_pretrained")
    }
)
_CONFIG_BASE: Final = re.compile(r"\bPre[tT]rainedConfig\.(?:from_dict|from_pretrained|__init__)$")
_QUOTED: Final = re.compile(r"[`'\"]([^`'\"\s]{1,80})[`'\"]")
_ERRORS: Final = frozenset(
    {"ValueError", "TypeError", "KeyError", "AttributeError", "AssertionError", "IndexError", "RuntimeError"}
    | {"NotImplementedError", "StrictDataclassFieldValidationError", "StrictDataclassClassValidationError"}
)
# Attributes, and the keys of older files; names of variables, and the keys that they come from.
_SAME: Final = {
    "rope_parameters": "rope_scaling",
    "dtype": "torch_dtype",
    "num_heads": "num_attention_heads",
    "embed_dim": "hidden_size",
}
_NAMED: Final = 3  # keys, at most
_TWICE: Final = "got multiple values for"  # "… keyword argument 'pad_token_id'": Python's own message
_MISSING: Final = re.compile(r"\(\) missing \d+ required [\w-]+ arguments?: ")  # likewise
_SHORTEST: Final = 2  # characters of a value that is looked for in a message


def not_an_object(load: RecordedLoad) -> Cause | None:
    """Detect a config.json that is valid JSON and holds a list, a text, a number or null."""
    failure = load.failure
    if failure is None:
        return None
    for number, frame in load.frames_around(failure.origin):
        if frame.function not in _READING:
            continue
        path = load.variable(number, "resolved_config_file") or "config.json"
        held = load.variable(number, "config_dict", at=failure.step)
        # A variable that holds None looks like one without a value.
        null = held is None and str(json_rules.text_of(load, path)).strip() == "null"
        if null or isinstance(held, (list, str, int, float)):
            return json_rules.not_an_object(load, str(path), held, "certain")
    return None


def value_refused(load: RecordedLoad) -> Cause | None:
    """Detect a value in config.json that the configuration's or the model's constructor does not accept."""
    failure = load.failure
    if failure is None or failure.name not in _ERRORS or failure.origin.frame is None:
        return None
    if _TWICE in failure.text or _MISSING.search(failure.text):
        return None  # the code that makes the call is at fault, or the one that is called, not the value
    frame = load.trace.frame(failure.origin.frame)
    of_config = _builds_config(load, frame)
    if not of_config and not frame.function.endswith(".__init__"):
        return None
    config = load.config
    named = list(_named(config, failure)) if config else []
    statement = load.statement_at(frame, failure.origin.line)
    if not named and of_config:
        named = list(_read_by(load, frame, statement, config))
    if not named:
        named = list(_of_other_type(load, frame, statement, config))
    given = load.given_arguments(load.user_call)
    named = [path for path in dict.fromkeys(named) if path[0] not in given]
    whole = {path for path in named if len(path) == 1}
    named = [path for path in named if len(path) == 1 or path[:1] not in whole][:_NAMED]
    if not named:
        return None
    read = load.last(ConfigRead)
    class_ = _class(load, frame, config)
    own = frame.module.startswith(f"{REMOTE}.")
    found = {".".join(path): _at(config, path) for path in named}
    values: dict[str, Any] = {
        "key": next(iter(found)),
        "value": next(iter(found.values())),
        "found": [f"{key} = {_short(value)}" for key, value in found.items()],
        "class": class_,
        "file": file_name(failure.origin.file),
        "line": failure.origin.line,
        "message": " ".join(failure.text.split()) or failure.name,
        "release": load.release_text,
        "written": config.get("transformers_version"),
    }
    seen = Evidence(read.step.number, "config-key", {"key": values["key"]}) if read is not None else None
    said = _says(failure.text, named[0][0])
    certainty: Certainty = "certain" if of_config and said and failure.name != "AttributeError" else "likely"
    if not own and bases_of(load, class_) is not None:  # the library builds an own class
        return Cause("config-value-of-own", certainty, load.with_raised(seen), values, "correct-value-of-own")
    kind = "config-value-refused-own" if own else "config-value-refused"
    if not own and failure.error == "KeyError" and (alike := _alike(load, values["value"])):
        values["alike"] = alike
        return Cause("config-value-misspelt", "likely", load.with_raised(seen), values, "write-value")
    return Cause(kind, certainty, load.with_raised(seen), values, _remedy(values, own=own))


def _alike(load: RecordedLoad, value: Any) -> list[str]:
    """Return the keys of the library's table that was looked up which are written like this value, or in a value."""
    innermost = load.failure.innermost if load.failure is not None else None
    tables = re.findall(r"\b([A-Z][A-Z0-9_]+)\[", innermost.source if innermost is not None else "")
    origin = load.failure.origin if load.failure is not None else None
    tables += re.findall(r"\b([A-Z][A-Z0-9_]+)\[", load.statement(origin) if origin is not None else "")
    known = library()
    names = [name for table in tables for one in (table, _KEYS_OF.get(table, table)) for name in known.tables(one)]
    keys = {key for name in names for key in known.entries(name, load.release_text)}
    texts = [value] if isinstance(value, str) else [*value.values()] if isinstance(value, dict) else []
    for text in texts:
        if isinstance(text, str) and text not in keys and (found := difflib.get_close_matches(text, keys, 3, 0.75)):
            return found
    return []


_KEYS_OF: Final = {"ACT2FN": "ACT2CLS"}
"""Tables that the library makes out of others."""


def _remedy(values: dict[str, Any], *, own: bool) -> str:
    value = values["value"]
    if values["key"] == "rope_scaling" and isinstance(value, dict) and "rope_type" in value and "type" not in value:
        kind = value["rope_type"] if value["rope_type"] in ("linear", "dynamic") else "dynamic"
        values["fields"] = f'{{"type": "{kind}", "factor": {value.get("factor", "…")}}}'
        return "two-fields-own" if own else "two-fields"
    return "correct-value-own" if own else "correct-value"


def _builds_config(load: RecordedLoad, frame: Frame) -> bool:
    """Return whether a frame builds a configuration out of config.json."""
    if _CONFIG_BASE.search(frame.function) or frame.function == "AutoConfig.from_pretrained":
        return True
    kind = load.trace.source_paths().get(frame.source, "")
    if not frame.function.endswith(".__init__"):
        return False
    return "configuration_" in file_name(kind) or any(
        _CONFIG_BASE.search(outer.function) for _, outer in load.frames_from(frame.parent)
    )


def _class(load: RecordedLoad, frame: Frame, config: dict[str, Any]) -> str:
    name = frame.function.partition(".")[0]
    if frame.function.endswith(".__init__") and not _CONFIG_BASE.search(frame.function):
        return name
    for number, outer in load.frames_from(frame.number):
        if _CONFIG_BASE.search(outer.function) and (found := load.variable(number, "cls")) is not None:
            return str(found.get("name")) if isinstance(found, dict) else name
    return str(config.get("model_type") or name)


def _named(config: dict[str, Any], failure: RecordedException) -> Iterator[tuple[str, ...]]:
    """Yield the keys of config.json that a message names, then those whose value it names."""
    quoted = dict.fromkeys(_QUOTED.findall(failure.text))
    if failure.error == "KeyError":
        quoted[failure.text.strip("'\"")] = None
    for text in quoted:
        key = text if text in config else _SAME.get(text, "")
        if key in config:
            yield (key,)
    for key in config:
        words = re.escape(re.sub(r"^num_", "number_of_", key).replace("_", " ")).replace(
            r"number\ of\ ", "(?:num|number of) "
        )
        spoken = re.search(rf"\b{words}\b", failure.text)
        if "_" in key and (spoken or _says(failure.text, key)):
            yield (key,)
    for path, value in _texts(config):
        if value in quoted and len(value) >= _SHORTEST and path[-1] not in ("model_type", "architectures"):
            yield path


def _says(message: str, key: str) -> bool:
    others = [other for other, same in _SAME.items() if same == key]
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in (key, *others))


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the texts in nested objects, with the keys that lead to them; a key counts as a text of its object."""
    if len(path) > 3 or path[:1] == ("auto_map",):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if len(path) == 1 and isinstance(key, str):
                yield path, key
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, str) and path:
        yield path, value


def _read_by(
    load: RecordedLoad, frame: Frame, statement: ast.stmt | None, config: dict[str, Any]
) -> Iterator[tuple[str, ...]]:
    """Yield the keys of config.json whose value a statement uses, directly or through a variable."""
    if statement is None:
        return
    wanted = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    texts = {node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)}
    for key in config:
        if key in texts or key in wanted:
            yield (key,)
    for step in load.trace.steps(frame=frame.number):
        before = load.statement_at(frame, step.line) if step.event == "line" else None
        if isinstance(before, ast.Assign) and before is not statement:
            targets = {target.id for target in before.targets if isinstance(target, ast.Name)}
            if targets & wanted:
                for node in ast.walk(before.value):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in config:
                        yield (node.value,)


def padding_beyond_embedding(load: RecordedLoad) -> Cause | None:
    """Detect a ``pad_token_id`` that the embedding, which is made with it, has no row for."""
    failure, config = load.failure, load.config
    if failure is None or failure.error != "AssertionError" or failure.origin.frame is None:
        return None
    innermost = failure.innermost
    if innermost is None or innermost.function != "Embedding.__init__" or "Padding_idx" not in failure.text:
        return None
    path = next((path for path in _PADDING if type(_at(config, path)) is int), None)
    if path is None:
        return None
    token = _at(config, path)
    rows = _at(config, (*path[:-1], "vocab_size"))
    read = load.last(ConfigRead)
    seen = Evidence(read.step.number, "config-key", {"key": ".".join(path)}) if read is not None else None
    values = {"key": ".".join(path), "value": token, "rows": rows}
    if type(rows) is not int:
        return Cause("padding-beyond-embedding", "likely", load.with_raised(seen), values, "padding-within")
    if -rows <= token < rows:
        return None
    return Cause("padding-beyond-vocabulary", "certain", load.with_raised(seen), values, "padding-within")


_PADDING: Final = (("pad_token_id",), ("text_config", "pad_token_id"))


# Python's messages, and torch's, for a value of a type that can't be used there.
_OF_TYPE: Final = re.compile(
    r"^'(?P<type>\w+)' object (?:has no attribute|cannot be interpreted|is not)|but got (?P<got>NoneType|str|float)\b"
    r"|NoneType|\bstr\b"
)
_TYPES: Final = {"NoneType": type(None), "str": str, "float": float, "list": list, "dict": dict, "int": int}


def _of_other_type(
    load: RecordedLoad, frame: Frame, statement: ast.stmt | None, config: dict[str, Any]
) -> Iterator[tuple[str, ...]]:
    """Yield the keys that the failing statement reads, and whose value is of the type that is complained of."""
    failure = load.failure
    assert failure is not None
    said = _OF_TYPE.search(failure.text) if failure.name in ("TypeError", "AttributeError") else None
    if said is None:
        return
    wanted = _TYPES.get(said["type"] or said["got"] or said[0])
    if wanted is None:
        return
    read = {
        node.attr
        for node in ast.walk(statement or ast.Pass())
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("config", "self.config")
    }
    innermost = failure.innermost
    if failure.name == "AttributeError" and innermost is not None:  # `self.quantization_config.to_dict()`
        read |= set(re.findall(r"\b(?:self|config)\.(\w+)\.\w+", innermost.source))
    for key in config:
        if key in read and type(config[key]) is wanted:
            yield (key,)


def _at(config: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = config
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
