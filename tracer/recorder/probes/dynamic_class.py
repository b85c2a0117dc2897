"""From a class reference in ``auto_map`` to a class: the module that is checked, copied, imported, and registered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.probes.reading import class_name, text, texts
from tracer.recorder.stepping.stepped_frame import Observed, Probe


def class_resolved(seen: Observed) -> tuple[str, dict[str, Any]]:
    variables = seen.variables
    return "class-resolved", {
        "way": "remote",
        "reference": text(variables, "class_reference"),
        "repository": text(variables, "repo_id"),
        "module_file": text(variables, "module_file"),
        "class_name": text(variables, "class_name"),
        "final_module": text(variables, "final_module"),
        "class": class_name(seen.value),
    }


def module_copied(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "module-copied", {
        "from": text(seen.variables, "resolved_module_file"),
        "into": text(seen.variables, "submodule_path"),
        "module": seen.value if type(seen.value) is str else None,
    }


def imports_checked(seen: Observed) -> tuple[str, dict[str, Any]]:
    file = text(seen.variables, "filename")
    if file is not None:
        seen.recording.note_code_folder(os.path.dirname(file))
    return "imports-checked", {
        "file": file,
        "packages": sorted(texts(seen.variables.get("imports"))),
        "missing": sorted(texts(seen.variables.get("missing_packages"))),
        "relative": sorted(texts(seen.value)),
    }


def module_imported(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "module-imported", {
        "module": text(seen.variables, "name", "module_path"),
        "class": class_name(seen.value),
    }


def registered_for_saving(seen: Observed) -> tuple[str, dict[str, Any]]:
    auto_class = seen.variables.get("auto_class")
    return "class-registered", {
        "class": class_name(seen.variables.get("cls")),
        "with": auto_class if type(auto_class) is str else class_name(auto_class),
        "how": "for saving",
    }


def registered(seen: Observed) -> tuple[str, dict[str, Any]]:
    variables = seen.variables
    return "class-registered", {
        "class": class_name(variables.get("model_class")) or class_name(variables.get("config")),
        "with": class_name(variables.get("cls")) or "AutoConfig",
        "how": "for loading",
        "config": class_name(variables.get("config_class")) or text(variables, "model_type"),
    }


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "get_class_from_dynamic_module": {"return": class_resolved},
    "get_cached_module_file": {"return": module_copied},
    "check_imports": {"return": imports_checked, "unwind": imports_checked},
    "get_class_in_module": {"return": module_imported},
    "register_for_auto_class": {"return": registered_for_saving},
    "register": {"return": registered},
}
