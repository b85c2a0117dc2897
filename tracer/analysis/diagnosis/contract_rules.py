"""Rules for own classes that lack what the library takes for granted of a model or a configuration."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.own_code import bases_of, outlines
from tracer.analysis.diagnosis.recorded_load import ClassInSource, RecordedLoad, file_name, last_name
from tracer.analysis.diagnosis.thrown import Thrown, in_library, is_users, thrown
from tracer.trace.events import ConfigBuilt, ConfigRead, ModelLoaded, TracebackFrame

# Python's own messages.
_NOT_TAKEN: Final = re.compile(
    r"^(?:[\w.<>]+\.)?(?P<class>\w+)\.__init__\(\) got an unexpected keyword argument '(?P<name>\w+)'"
)
_NO_SETTER: Final = re.compile(r"^property '(?P<name>\w+)' of '(?P<class>\w+)' object has no setter")  # Python 3.11
_TYPE_LACKS: Final = re.compile(r"^type object '(?P<class>\w+)' has no attribute '(?P<name>\w+)'")
_DICT_LACKS: Final = re.compile(r"^'dict' object has no attribute '(?P<name>\w+)'")
# torch's, for a submodule, a parameter and a buffer.
_TOO_EARLY: Final = re.compile(r"^cannot assign \w+ before Module\.__init__\(\) call")
_LACKS: Final = re.compile(r"^'(?P<class>\w+)' object has no attribute '(?P<name>\w+)'")
_CONFIG_BASES: Final = frozenset({"PretrainedConfig", "PreTrainedConfig"})
_BARE_BASES: Final = frozenset({"Module", "object", "ABC"})


def configuration_takes_no_rest(load: RecordedLoad) -> Cause | None:
    """Detect an own configuration class whose constructor has no ``**kwargs`` for the other keys of config.json."""
    failure = thrown(load)
    match = _NOT_TAKEN.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    home = _home_of_configuration(load, match["class"]) if match is not None else None
    if failure is None or match is None or home is None:
        return None
    if failure.caller is None or not in_library(failure.caller):
        return None
    values = {"class": match["class"], "name": match["name"], "file": home, "given": match["name"] in load.config}
    read = load.last(ConfigRead)
    seen = Evidence(read.step.number, "config-key", {"key": match["name"]}) if read is not None else None
    seen = seen if values["given"] else None
    return Cause("config-takes-no-rest", "certain", load.with_raised(seen), values, "take-rest")


def _home_of_configuration(load: RecordedLoad, name: str) -> str | None:
    """Return the model's own file that defines a class deriving from a configuration of the library."""
    bases = bases_of(load, name) or []
    if not any(base in _CONFIG_BASES or base.endswith("Config") for base in bases):
        return None
    return next(f"{file}.py" for file, one in outlines(load).items() if name in one.classes)


def _is_written_here(path: str) -> bool:
    return is_users(TracebackFrame(path, 0, "", ""))


def _method(found: ClassInSource, name: str) -> ast.FunctionDef | None:
    methods = (node for node in found.node.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return next(methods, None)


def property_without_setter(load: RecordedLoad) -> Cause | None:
    """Detect own code that sets an attribute which is a property of the library's base class."""
    failure = thrown(load)
    match = _NO_SETTER.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    place = _own_place(failure)
    if failure is None or match is None or place is None or in_library(failure.frames[-1]):
        return None
    name = match["name"]
    statement = load.statement_of(place).strip()
    if not re.search(rf"\.{name}\b[^=]*=(?!=)", statement):
        return None
    own = next(
        (one for one in load.classes(match["class"]) if _is_written_here(one.path) and _method(one, name) is not None),
        None,
    )
    values: dict[str, Any] = {
        "class": match["class"],
        "name": name,
        "file": file_name(place.file),
        "line": place.line,
        "statement": " ".join(statement.split()),
    }
    kind = "sets-own-property" if own is not None else "sets-property"
    return Cause(kind, "certain", load.with_raised(), values, "other-attribute-name")


def not_pretrained(load: RecordedLoad) -> Cause | None:
    """Detect a class in ``auto_map`` that derives from ``nn.Module`` alone, so that it can't be loaded."""
    failure = load.failure
    match = _TYPE_LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    bases = bases_of(load, match["class"]) if match is not None else None
    if failure is None or match is None or bases is None or failure.innermost_remote is not None:
        return None
    home = next(name for name, one in outlines(load).items() if match["class"] in one.classes)
    if not all(base in _BARE_BASES or bases_of(load, base) is not None for base in bases):
        return None
    values = {"class": match["class"], "name": match["name"], "file": f"{home}.py"}
    values["base"] = next((base for base in bases if base in _BARE_BASES), "object")
    return Cause("not-pretrained", "certain", load.with_raised(), values, "inherit-pretrained")


def base_not_built_yet(load: RecordedLoad) -> Cause | None:
    """Detect a constructor that gives a model its parts before it calls the constructor of its base."""
    failure = thrown(load)
    place = _own_place(failure)
    if failure is None or place is None or failure.error != "AttributeError" or not _TOO_EARLY.match(failure.text):
        return None
    owner = place.function.rpartition(".")[0]
    written = next((method for one in load.classes(owner) if (method := _method(one, "__init__")) is not None), None)
    calls = [
        node.lineno
        for node in ast.walk(written or ast.Module([], []))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"
    ]
    values: dict[str, Any] = {
        "class": owner or "?",
        "file": file_name(place.file),
        "line": place.line,
        "statement": " ".join(load.statement_of(place).split()),
        "at": next((line for line in calls if line > place.line), None),
    }
    kind = "base-built-too-late" if values["at"] is not None else "base-never-built"
    return Cause(kind, "certain", load.with_raised(), values, "base-first")


def section_is_dictionary(load: RecordedLoad) -> Cause | None:
    """Detect a part of config.json, such as ``vision_config``, that an own configuration class left a dictionary."""
    failure = thrown(load)
    match = _DICT_LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    place = _own_place(failure)
    if failure is None or match is None or place is None:
        return None
    read = _read_of(load.statement_of(place), match["name"])
    section = next((name for name in read if isinstance(load.config.get(name), dict)), None)
    built = load.last(ConfigBuilt)
    if section is None or built is None:
        return None
    values = {
        "section": section,
        "name": match["name"],
        "class": last_name(built.event.class_),
        "file": file_name(place.file),
        "line": place.line,
        "found": match["name"] in load.config[section],
    }
    seen = Evidence(built.step.number, "config-built", {"class": values["class"]})
    return Cause("section-is-dictionary", "certain", load.with_raised(seen), values, "build-section")


def _read_of(statement: str, name: str) -> list[str]:
    """Return the attributes and variables of which a statement reads an attribute."""
    try:
        tree = ast.parse(statement.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    owners = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == name]
    return [last_name(ast.unparse(owner)) for owner in owners]


def embeddings_not_named(load: RecordedLoad) -> Cause | None:
    """Detect an own model that is asked for its input embeddings and does not say which module they are."""
    failure = thrown(load)
    if failure is None or failure.error != "NotImplementedError" or not failure.passes("get_input_embeddings"):
        return None
    raised = failure.raised_in
    loaded = load.last(ModelLoaded)
    if raised is None or not in_library(raised) or loaded is None:
        return None
    values = {"class": last_name(loaded.event.class_), "caller": _asks(failure)}
    seen = Evidence(loaded.step.number, "model-class", {"class": values["class"]})
    return Cause("embeddings-not-named", "certain", load.with_raised(seen), values, "name-embeddings")


def _asks(failure: Thrown) -> str:
    """Return the function that asked for the embeddings."""
    asking = [frame.function for frame in failure.frames if "get_input_embeddings" not in frame.function]
    return last_name(asking[-1]) if asking else "?"


def _own_place(failure: Thrown | None) -> TracebackFrame | None:
    """Return the last frame of own code."""
    return (
        next((frame for frame in reversed(failure.frames) if _is_written_here(frame.file)), None) if failure else None
    )


# Attributes that the library's own code reads of a configuration whose config.json asks for scaled rotary embeddings.
_ROPE: Final = "modeling_rope_utils"


def rope_needs_name(load: RecordedLoad) -> Cause | None:
    """Detect ``rope_scaling`` in config.json, for which the library wants sizes that an own configuration lacks."""
    failure = thrown(load)
    match = _LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    key = next((one for one in ("rope_scaling", "rope_parameters") if load.config.get(one) is not None), None)
    if failure is None or match is None or key is None or bases_of(load, match["class"]) is None:
        return None
    reading = [frame for frame in failure.frames if "__getattr" not in frame.function]
    if not reading or _ROPE not in reading[-1].file or not in_library(reading[-1]):
        return None
    building = _own_place(failure)
    values: dict[str, Any] = {
        "class": match["class"],
        "name": match["name"],
        "key": key,
        "function": reading[-1].function,
        "release": load.release_text,
        "given": match["name"] in load.config,
        "file": file_name(building.file) if building is not None else "?",
        "line": building.line if building is not None else None,
    }
    late = building is not None and building.function.endswith(".__init__") and "super()" in building.source
    remedy = "name-for-rope-first" if late else "name-for-rope"
    return Cause("rope-needs-name", "certain", load.with_raised(), values, remedy)
