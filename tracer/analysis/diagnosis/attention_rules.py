"""Rules for the attention implementation: one whose package is absent, or that a class or the library does not have."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.config_values import Asked, asked_in_call, asked_in_config, asking
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, last_name
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.analysis.value_format import to_json
from tracer.trace.events import ClassResolved
from tracer.trace.queries import steps_that_change
from tracer.trace.steps import Items

# "FlashAttention2 has been toggled on, but it cannot be used …" and "… does not support Flash Attention 2.0 yet": 4.36
# to 5.23, whose later releases have versions 3 and 4 too.
_FLASH: Final = re.compile(r"\bFlash ?Attention ?(?P<version>\d)")
_ABSENT: Final = re.compile(r"seem(?:s)? to be (?:not )?installed|not installed")
_UNSUPPORTED: Final = re.compile(
    r"^(?P<class>\w+) does not support (?:an attention implementation through torch\S*|Flash ?Attention)"
)
_UNKNOWN: Final = re.compile(r'^Specified `attn_implementation="(?P<name>[^"`]*)"` is not supported')
_KNOWN: Final = re.compile(r'attn_implementation="?(?P<name>[\w|]+)"?')
_ARGUMENTS: Final = ("attn_implementation", "use_flash_attention_2")
_INTERNAL: Final = "_attn_implementation_internal"  # where a configuration keeps it, in every release
_KEYS: Final = ("_attn_implementation", "attn_implementation", _INTERNAL)
# What has to be installed for each: the name of the import, and of the package.
_PACKAGES: Final = {
    "flash_attention_2": ("flash_attn", "flash-attn"),
    "flash_attention_3": ("flash_attn_interface", "flash-attn-3"),
    "flash_attention_4": ("flash_attn.cute", "flash-attn-4"),
}


def attention_package_missing(load: RecordedLoad) -> Cause | None:
    """Detect Flash Attention that was asked for and whose package is absent, too old or of no use on this machine."""
    failure = load.failure
    found = _FLASH.search(failure.text) if failure is not None and failure.error == "ImportError" else None
    if failure is None or found is None:
        return None
    if failure.text.startswith("cannot import name"):  # a class that the library no longer has
        return None
    implementation = f"flash_attention_{found['version']}"
    package, install = _PACKAGES.get(implementation, ("flash_attn", "flash-attn"))
    values = {"implementation": implementation, "package": package, "install": install, "message": failure.message}
    kind = "attention-package" if _ABSENT.search(failure.text) else "attention-refused"
    return _cause(load, kind, implementation, values)


def attention_unsupported(load: RecordedLoad) -> Cause | None:
    """Detect an implementation that the class does not declare to support."""
    failure = load.failure
    found = _UNSUPPORTED.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    if failure is None or found is None:
        return None
    flash = _FLASH.search(failure.text)
    if flash is not None:
        implementation = f"flash_attention_{flash['version']}"
        flag = "_supports_flash_attn" if load.release >= (4, 54) else "_supports_flash_attn_2"
    elif "flex_attention" in failure.text:
        implementation, flag = "flex_attention", "_supports_flex_attn"
    else:
        implementation, flag = "sdpa", "_supports_sdpa"
    values = {"class": found["class"], "implementation": implementation, "flag": flag}
    cause = _cause(load, "attention-unsupported", implementation, values)
    if cause.remedy == "attention-in-config-json":
        return msgspec.structs.replace(cause, remedy="attention-in-config-or-declared")
    return msgspec.structs.replace(cause, remedy="attention-in-call-or-declared")


def attention_unknown(load: RecordedLoad) -> Cause | None:
    """Detect the name of an implementation that this release does not have."""
    failure = load.failure
    found = _UNKNOWN.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    if failure is None or found is None:
        return None
    known = list(dict.fromkeys(_KNOWN.findall(failure.text.partition("is not supported")[2])))
    alike = difflib.get_close_matches(found["name"], known, 1)
    asked = _asked(load, found["name"])
    values = {
        "implementation": found["name"],
        "names": known,
        "name": alike[0] if alike else "eager",
        "key": asked.argument or asked.path[-1] if asked is not None else "attn_implementation",
        "given": asked.written if asked is not None else None,
        "release": load.release_text,
    }
    chain = load.with_raised(asking(load, asked))
    in_config = asked is not None and asked.argument is None
    remedy = "attention-known-in-config" if in_config else "attention-known"
    return Cause("attention-unknown", "certain", chain, values, remedy)


def attention_not_in_table(load: RecordedLoad) -> Cause | None:
    """Detect own code that looks the attention implementation up in a dictionary which lacks it."""
    failure = load.failure
    place = failure.innermost_remote if failure is not None and failure.error == "KeyError" else None
    if failure is None or place is None or place != failure.frames[-1]:
        return None
    implementation = failure.text.strip("'\"")
    table = _looked_up(load.statement_of(place))
    if table is None:
        return None
    has = _keys_of(load, table)
    if implementation in has:
        return None
    values = {
        "implementation": implementation,
        "table": table,
        "names": has,
        "file": file_name(place.file),
        "line": place.line,
        "name": has[0] if has and "eager" not in has else "eager",
    }
    asked = _asked(load, implementation)
    chain = load.with_raised(asking(load, asked))
    kind = "attention-not-in-table" if has else "attention-not-in-some-table"
    return Cause(kind, "certain", chain, values, "attention-of-table")


def _looked_up(statement: str) -> str | None:
    """Return the dictionary that a statement looks the attention implementation up in."""
    try:
        tree = ast.parse(statement.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and "attn_implementation" in ast.unparse(node.slice):
            return ast.unparse(node.value)
    return None


def _keys_of(load: RecordedLoad, table: str) -> list[str]:
    """Return the keys of a dictionary that is written out in the model's own code; empty if none is."""
    for number, path in load.trace.source_paths().items():
        if REMOTE not in path and not path.startswith("<model>"):
            continue
        for node in ast.walk(load.tree(number)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
                continue
            if any(ast.unparse(target) == table for target in targets):
                keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                return [key for key in keys if isinstance(key, str)]
    return []


def _cause(load: RecordedLoad, kind: str, implementation: str, values: dict[str, Any]) -> Cause:
    """Return the cause, with who asked: the call, config.json, or else the class itself."""
    asked, given = _asked(load, implementation), asked_in_call(load, "attn_implementation")
    chain = load.with_raised(asking(load, asked))
    resolved = load.last(ClassResolved)
    name = last_name(resolved.event.class_) if resolved is not None else "?"
    values = {"class": name, "where": name, "given": implementation, **values}
    if asked is None:
        return Cause(kind, "likely", chain, values, "attention-in-call")
    values |= {"given": asked.written, "where": asked.where, "key": asked.key}
    if asked.argument is not None:
        return Cause(kind, "certain", chain, values, "attention-in-call")
    if given is not None and given.value != implementation and kind == "attention-package":
        values["argument"] = given.written
        return Cause("attention-package-in-spite", "certain", chain, values, "attention-in-config-json")
    return Cause(kind, "certain", chain, values, "attention-in-config-json")


def _asked(load: RecordedLoad, implementation: str) -> Asked | None:
    """Return what asked for an implementation: the argument if both did."""
    version = implementation.rpartition("_")[2]
    for asked in (asked_in_call(load, *_ARGUMENTS), asked_in_config(load, *_KEYS)):
        if asked is None:
            continue
        if asked.value == implementation or (asked.argument == "use_flash_attention_2" and version == "2"):
            return asked
    return None


def other_attention(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that the model got another attention implementation than the call asked for."""
    asked = asked_in_call(load, "attn_implementation")
    if asked is None or load.user_call is None or not isinstance(asked.value, str):
        return
    called = load.user_call.frame
    # The call's own loader comes first: a constructor can load another model inside it.
    loaders = (frame.number for frame in load.trace.frames(MODEL_LOADER))
    loader = next((number for number in loaders if called is not None and number > called), None)
    config = load.variable(loader, "config") if loader is not None else None
    got = (config.get("items") or {}).get(_INTERNAL) if isinstance(config, dict) else None
    if not isinstance(got, str) or got == asked.value:
        return
    said = asked_in_config(load, *_KEYS)
    values = {"given": asked.written, "got": got, "release": load.release_text}
    seen = _set_to(load, got)
    chain = [evidence for evidence in (asking(load, asked), seen) if evidence is not None]
    if said is not None and said.value == got:
        values |= {"said": said.written, "key": said.path[-1], "wanted": asked.value}
        yield Cause("attention-of-config", "certain", chain, values, "attention-in-config")
    else:
        yield Cause("attention-differs", "certain", chain, values, None)


def _set_to(load: RecordedLoad, got: str) -> Evidence | None:
    """Return the last step that gave a configuration this attention implementation."""
    found = None
    for number in steps_that_change(load.trace, _INTERNAL):
        step = load.trace.step(number)
        for change in step.changes:
            if isinstance(change, Items):
                value = change.added.get(_INTERNAL, change.changed.get(_INTERNAL))
                if value is not None and to_json(load.trace, value) == got:
                    found = Evidence(step.number, "attention-set", {"implementation": got})
    return found
