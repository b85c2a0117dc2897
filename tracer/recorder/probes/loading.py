"""Probes of the functions that a load goes through: what each call and return means, as a step kind with data.

:data:`PROBES` maps a target's function and a frame event to the probe that gives the step its kind and data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder import safe_inspect
from tracer.recorder.library_values import packed_weights
from tracer.recorder.stepping.stepped_frame import FrameEvent, Probe
from tracer.recorder.summary import Summariser
from tracer.trace.values import Module

# Files: which was found where, which is missing, which commit they come from.

_NAME_OF_MODULE: Final = ImportError.__dict__["name"]
_COMMIT: Final = re.compile(r"[0-9a-f]{40}$")


def _requested_file(event: FrameEvent) -> dict[str, Any]:
    return {
        "name": _text(event.variables, "filename", "full_filename"),
        "in": _text(event.variables, "path_or_repo_id"),
    }


def file_found(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    if type(event.value) is str:
        return "file-resolved", {**_requested_file(event), "path": event.value}
    return "file-missing", _requested_file(event)


def file_refused(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "file-missing", _requested_file(event)


def commit_resolved(event: FrameEvent) -> tuple[str, dict[str, Any]] | None:
    found = event.value
    if safe_inspect.module_name(type(found)) == "huggingface_hub._revision":  # a string that knows its commit
        found = (safe_inspect.instance_dict(found) or {}).get("resolved")
    # A local directory has no commit: what was asked for, a branch say, is returned unchanged.
    return ("commit-resolved", {"commit": found}) if type(found) is str and _COMMIT.match(found) else None


def json_read(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "json-read", {"path": _text(event.variables, "json_file"), "keys": _keys(event.value)}


# The adapter: whether the directory holds a PEFT adapter.


def adapter_looked_up(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    asked = {"in": _text(event.variables, "model_id")}
    if type(event.value) is str:
        return "adapter-found", {**asked, "path": event.value}
    return "adapter-absent", asked


# The configuration: what config.json held, what was left over, which class it became.


def config_read(event: FrameEvent) -> tuple[str, dict[str, Any]] | None:
    value = event.value
    if type(value) is not tuple or len(value) != 2:
        return None
    read, unused = value
    model_type = read.get("model_type") if type(read) is dict else None
    return "config-read", {
        "keys": _keys(read),
        "unused": _keys(unused),
        "model_type": model_type if type(model_type) is str else None,
    }


def config_class_by_mapping(event: FrameEvent) -> tuple[str, dict[str, Any]] | None:
    """Handle ``from_dict`` called by ``AutoConfig.from_pretrained`` itself: the class is from ``CONFIG_MAPPING``."""
    caller = event.caller
    if caller is None or caller.target.function != "AutoConfig.from_pretrained":
        return None
    pattern = _text(caller.variables, "pattern")
    read = event.variables.get("config_dict")
    found_by_name = pattern is not None and type(read) is dict and "model_type" not in read
    return "class-resolved", {
        "way": "name-pattern" if found_by_name else "mapping",
        "key": pattern if found_by_name else (_text(read, "model_type") if type(read) is dict else None),
        "class": _class_name(event.variables.get("cls")),
    }


def config_built(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    built = _first_of(event.value)
    left = event.variables.get("kwargs")
    return "config-built", {
        "class": _class_of(built),
        "taken": _texts(event.variables.get("to_remove")),
        "unused": _keys(left),
        "kept": _kept_and_passed_on(built, left),
    }


def _kept_and_passed_on(built: Any, left: Any) -> list[str]:
    """Return arguments that became attributes and are passed on as well: 4.x does so with the dtype."""
    attributes = safe_inspect.instance_dict(built)
    if type(left) is not dict or type(attributes) is not dict:
        return []
    return [name for name in _keys(left) if left[name] is not None and attributes.get(name) is left[name]]


# The trust decision: its three booleans, and the answer.


def trust_decided(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "trust-asked", {**_trust_facts(event), "decision": _boolean(event.value)}


def trust_refused(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    event.recording.refused = True
    return "trust-asked", {**_trust_facts(event), "decision": False, "refused": True}


def _trust_facts(event: FrameEvent) -> dict[str, Any]:
    caller = event.caller.variables if event.caller is not None else {}
    return {
        "has_local_code": event.variables.get("has_local_code") is True,
        "has_remote_code": event.variables.get("has_remote_code") is True,
        "given": _boolean(caller.get("trust_remote_code", event.variables.get("trust_remote_code"))),
    }


def _boolean(value: Any) -> bool | None:
    return value if type(value) is bool else None


# From a class reference in `auto_map` to a class: the module is checked, copied, imported and registered.


def dynamic_class_resolved(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    variables = event.variables
    asked, repository = _text(variables, "pretrained_model_name_or_path"), _text(variables, "repo_id")
    return "class-resolved", {
        "way": "remote",
        "reference": _text(variables, "class_reference"),
        "repository": repository,
        "referrer": asked if asked != repository else None,
        "module_file": _text(variables, "module_file"),
        "class_name": _text(variables, "class_name"),
        "final_module": _text(variables, "final_module"),
        "class": _class_name(event.value),
    }


def module_copied(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "module-copied", {
        "from": _text(event.variables, "resolved_module_file"),
        "into": _text(event.variables, "submodule_path"),
        "module": event.value if type(event.value) is str else None,
    }


def imports_looked_for(event: FrameEvent) -> None:
    event.recording.broken_packages.clear()


def import_failed(event: FrameEvent) -> None:
    """Keep the error of a package that is installed and fails: 4.x counts it as missing and drops the error."""
    package, error = _text(event.variables, "imp"), event.value
    if package is None or not event.from_below or not safe_inspect.is_a(error, ImportError):
        return
    missing = (
        safe_inspect.text(_NAME_OF_MODULE.__get__(error)) if safe_inspect.is_a(error, ModuleNotFoundError) else None
    )
    if missing is None or not f"{package}.".startswith(f"{missing}."):
        event.recording.broken_packages[package] = event.recording.message(error)


def imports_checked(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    file = _text(event.variables, "filename")
    if file is not None:
        event.recording.note_code_folder(os.path.dirname(file))
    return "imports-checked", {
        "file": file,
        "packages": sorted(_texts(event.variables.get("imports"))),
        "missing": sorted(_texts(event.variables.get("missing_packages"))),
        "broken": dict(event.recording.broken_packages),
        "relative": sorted(_texts(event.value)),
    }


def module_imported(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "module-imported", {
        "module": _text(event.variables, "name", "module_path"),
        "class": _class_name(event.value),
    }


def registered_for_saving(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    auto_class = event.variables.get("auto_class")
    return "class-registered", {
        "class": _class_name(event.variables.get("cls")),
        "with": auto_class if type(auto_class) is str else _class_name(auto_class),
        "how": "for saving",
    }


def registered(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    variables = event.variables
    return "class-registered", {
        "class": _class_name(variables.get("model_class")) or _class_name(variables.get("config")),
        "with": _class_name(variables.get("cls")) or "AutoConfig",
        "how": "for loading",
        "config": _class_name(variables.get("config_class")) or _text(variables, "model_type"),
    }


# The model: which class loads it, and what was loaded.

_AUTO_MODEL: Final = "_BaseAutoModelClass.from_pretrained"


def model_class_by_mapping(event: FrameEvent) -> tuple[str, dict[str, Any]] | None:
    """Handle a model class that the auto class took from its mapping and not from the model directory."""
    caller = event.caller
    if caller is None or caller.target.function != _AUTO_MODEL:
        return None
    module = _class_name(event.variables.get("cls")) or ""
    if module.startswith("transformers_modules."):
        return None  # already recorded when the dynamic class was resolved
    return "class-resolved", {
        "way": "mapping",
        "key": _class_of(event.variables.get("config")),
        "class": module,
    }


def model_loaded(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    model = _first_of(event.value)
    return "model-loaded", {
        "class": _class_of(model),
        "parameters": _parameter_count(event.recording.summaries, model),
        "packed": packed_weights(model),
        "within": event.recording.outer_load(event.variables.get("cls")),
        "device_map": _device_map(model, event.variables.get("device_map")),
    }


def _device_map(model: object, given: object) -> dict[str, str]:
    """Return where ``device_map`` has put each module: a device, as a string or a number, or ``disk``.

    Newer releases keep no ``hf_device_map`` where one device has all of it; ``given`` is what the argument became then.
    """
    placed = (safe_inspect.instance_dict(model) or {}).get("hf_device_map", given)
    if not safe_inspect.is_a(placed, dict):
        return {}
    return {
        name: str(device)
        for name, device in list(dict.items(placed))
        if type(name) is str and (type(device) in (str, int) or safe_inspect.module_name(type(device)) == "torch")
    }


def _parameter_count(summaries: Summariser, model: Any) -> int | None:
    made = summaries.summary(model)
    return made.parameters if isinstance(made, Module) else None


# The tokenizer and the processors.


def tokenizer_loaded(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    return "tokenizer-loaded", {"class": _class_of(event.value)}


_MIXINS: Final = ("PreTrainedTokenizerBase", "ImageProcessingMixin", "FeatureExtractionMixin", "BaseVideoProcessor")
_MOST_SETTINGS: Final = 60
_LONGEST_SETTING: Final = 200  # a longer text is a template


def processor_loaded(event: FrameEvent) -> tuple[str, dict[str, Any]]:
    if _for_a_processor(event):  # which says what its parts are
        return "processor-loaded", {"class": _class_of(event.value)}
    held = _attributes(event.value)
    return "processor-loaded", {
        "class": _class_of(event.value),
        "settings": _settings(event.value),
        "parts": [
            {"name": name, "class": _class_of(part), "settings": _settings(part)}
            for name, part in list(dict.items(held))
            if type(name) is str and _is_part(part)
        ],
    }


def processor_loaded_itself(event: FrameEvent) -> tuple[str, dict[str, Any]] | None:
    """Handle the ``from_pretrained`` of a processor's own class, unless an auto class or a processor called it."""
    return None if _for_a_processor(event) else processor_loaded(event)


def _for_a_processor(event: FrameEvent) -> bool:
    return event.caller is not None and event.caller.stage == "processor"


def _is_part(value: object) -> bool:
    return any(safe_inspect.name(kind) in _MIXINS for kind in safe_inspect.mro(type(value)))


def _attributes(value: object) -> dict[str, Any]:
    """Return an instance's own attributes; none of a class, whose ``__dict__`` is another type."""
    held = safe_inspect.instance_dict(value)
    return held if type(held) is dict else {}


def _settings(value: object) -> dict[str, Any]:
    """Return the attributes that are plain data; a tokenizer's say nothing of what becomes of a text."""
    held = _attributes(value)
    if any(safe_inspect.name(kind) == "PreTrainedTokenizerBase" for kind in safe_inspect.mro(type(value))):
        return {}
    found = {}
    for name, setting in list(dict.items(held))[:_MOST_SETTINGS]:
        if type(name) is str and not name.startswith("_") and (plain := _plain(setting)) is not None:
            found[name] = plain
    return found


def _plain(value: Any, depth: int = 2) -> Any:
    """Return plain data as it is, and a small object that holds only plain data, such as a size, as a dictionary."""
    kind = type(value)
    if kind in (bool, int, float) or (kind is str and len(value) <= _LONGEST_SETTING):
        return value
    if kind in (list, tuple) and depth and len(value) <= _MOST_SETTINGS:
        items = [_plain(item, depth - 1) for item in value]
        return None if any(item is None for item in items) else items
    held = value if kind is dict else safe_inspect.instance_dict(value) if depth == 2 else None
    if type(held) is dict and depth and 0 < len(held) <= _MOST_SETTINGS and all(type(name) is str for name in held):
        pairs = {name: plain for name, item in held.items() if (plain := _plain(item, depth - 1)) is not None}
        return pairs or None
    return None


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "cached_file": {"return": file_found, "unwind": file_refused},
    "extract_commit_hash": {"return": commit_resolved},
    "resolve_revision": {"return": commit_resolved},
    "_dict_from_json_file": {"return": json_read},
    "find_adapter_config_file": {"return": adapter_looked_up},
    "get_config_dict": {"return": config_read},
    "from_dict": {"call": config_class_by_mapping, "return": config_built},
    "resolve_trust_remote_code": {"return": trust_decided, "unwind": trust_refused},
    "get_class_from_dynamic_module": {"return": dynamic_class_resolved},
    "get_cached_module_file": {"return": module_copied},
    "check_imports": {
        "call": imports_looked_for,
        "raise": import_failed,
        "return": imports_checked,
        "unwind": imports_checked,
    },
    "get_class_in_module": {"return": module_imported},
    "register_for_auto_class": {"return": registered_for_saving},
    "register": {"return": registered},
    "PreTrainedModel.from_pretrained": {"call": model_class_by_mapping, "return": model_loaded},
    "AutoTokenizer.from_pretrained": {"return": tokenizer_loaded},
    "AutoProcessor.from_pretrained": {"return": processor_loaded},
    "AutoImageProcessor.from_pretrained": {"return": processor_loaded},
    "AutoFeatureExtractor.from_pretrained": {"return": processor_loaded},
    "AutoVideoProcessor.from_pretrained": {"return": processor_loaded},
    "ProcessorMixin.from_pretrained": {"return": processor_loaded_itself},
    "ImageProcessingMixin.from_pretrained": {"return": processor_loaded_itself},
    "FeatureExtractionMixin.from_pretrained": {"return": processor_loaded_itself},
    "BaseVideoProcessor.from_pretrained": {"return": processor_loaded_itself},
}


# Helpers: facts from a frame's variables.


def _text(variables: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these variables that is a string or a path, as a string."""
    for name in names:
        value = variables.get(name)
        if type(value) is str:
            return value
        if safe_inspect.is_path(value):
            return str(os.fspath(value))
    return None


def _class_name(kind: object) -> str | None:
    """Return ``module.Class`` of a class object."""
    if not safe_inspect.is_a(kind, type):
        return None
    return f"{safe_inspect.module_name(kind)}.{safe_inspect.qualified_name(kind)}"


def _class_of(value: object) -> str | None:
    """Return ``module.Class`` of a value's class; None for None."""
    return None if value is None else _class_name(type(value))


def _keys(value: object) -> list[str]:
    """Return the string keys of a dictionary."""
    return [key for key in list(dict.keys(value)) if type(key) is str] if safe_inspect.is_a(value, dict) else []


def _first_of(value: object) -> object:
    """Return a value, or the first of several that were returned as a tuple."""
    return value[0] if type(value) is tuple and value else value


def _texts(value: object) -> list[str]:
    """Return the strings in a plain list, tuple or set."""
    if type(value) is list or type(value) is tuple or type(value) is set:
        return [item for item in list(value) if type(item) is str]
    return []
