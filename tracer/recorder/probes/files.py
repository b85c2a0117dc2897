"""Files of the model: which was found where, which is missing, which commit they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder import raw
from tracer.recorder.probes.reading import keys, text
from tracer.recorder.stepping.stepped_frame import Observed, Probe

_COMMIT: Final = re.compile(r"[0-9a-f]{40}$")


def _asked_for(seen: Observed) -> dict[str, Any]:
    return {
        "name": text(seen.variables, "filename", "full_filename"),
        "in": text(seen.variables, "path_or_repo_id"),
    }


def file_found(seen: Observed) -> tuple[str, dict[str, Any]]:
    if type(seen.value) is str:
        return "file-resolved", {**_asked_for(seen), "path": seen.value}
    return "file-missing", _asked_for(seen)


def file_refused(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "file-missing", _asked_for(seen)


def commit(seen: Observed) -> tuple[str, dict[str, Any]] | None:
    found = seen.value
    if raw.module_name(type(found)) == "huggingface_hub._revision":  # a text that knows the commit it stands for
        found = (raw.instance_dict(found) or {}).get("resolved")
    # A local directory has no commit: what was asked for, a branch say, is handed back as it is.
    return ("commit-resolved", {"commit": found}) if type(found) is str and _COMMIT.match(found) else None


def json_read(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "json-read", {"path": text(seen.variables, "json_file"), "keys": keys(seen.value)}


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "cached_file": {"return": file_found, "unwind": file_refused},
    "extract_commit_hash": {"return": commit},
    "resolve_revision": {"return": commit},
    "_dict_from_json_file": {"return": json_read},
}
