"""Where a model is: a directory, or a snapshot in the local hub cache. The network is never asked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

_HUB_ID: Final = re.compile(r"(\b[\w\-.]{1,96}\b/)?\b[\w\-.]{1,96}\b", re.ASCII)  # as huggingface_hub has it


class Place(NamedTuple):
    """A directory to look into.

    Attributes:
        name: as it was named.
        root: the directory.
        fence: symbolic links may lead anywhere in here; a hub snapshot is made of links to its blobs.
        commit: of the snapshot; empty for a directory of the user's own.
        on_hub: what is not here may still be fetched from the hub when the model is loaded.
    """

    name: str
    root: Path
    fence: Path
    commit: str
    on_hub: bool


def local_place(name: str, folder: str = "") -> Place | None:
    """A directory, relative to the working directory of the load, as transformers tries it first."""
    path = os.path.join(folder, name)
    try:
        if not name or not os.path.isdir(path):
            return None
    except ValueError:
        return None
    root = Path(os.path.abspath(path))
    real = Path(os.path.realpath(path))
    in_cache = real.parent.name == "snapshots" and real.parent.parent.name.startswith("models--")
    return Place(name, root, real.parent.parent if in_cache else real, "", on_hub=False)


def cached_places(name: str, revision: str | None, caches: list[Path]) -> list[Place]:
    """The snapshots of a hub id that a load could read from, one for each cache that has it."""
    found: list[Place] = []
    for cache in caches:
        repository = cache / "--".join(["models", *name.split("/")])
        try:
            commit = _commit(repository, revision or "main")
            root = repository / "snapshots" / commit
            if commit and root.is_dir():
                found.append(Place(name, root, Path(os.path.realpath(repository)), commit, on_hub=True))
        except (OSError, ValueError):
            continue
    return found


def is_hub_id(name: str) -> bool:
    """The hub accepts such a name; any other name that is no directory cannot be loaded at all."""
    return _HUB_ID.fullmatch(name) is not None and "--" not in name and ".." not in name


def hub_caches(given: Path | None = None) -> list[Path]:
    """The caches that a release of transformers may read, the usual one first.

    transformers 4 lets three older variables win over those of huggingface_hub; transformers 5 ignores them.
    """
    if given is not None:
        return [given]
    environ = os.environ
    home = environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    hf_home = environ.get("HF_HOME") or os.path.join(home, "huggingface")
    usual = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(hf_home, "hub")
    older = ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE", "PYTORCH_PRETRAINED_BERT_CACHE")
    named = [usual, *(environ[variable] for variable in older if environ.get(variable))]
    return list(dict.fromkeys(Path(os.path.expandvars(os.path.expanduser(name))) for name in named))


def _commit(repository: Path, revision: str) -> str:
    reference = repository / "refs" / revision
    if reference.is_file():
        return reference.read_text("utf-8")[:100].strip()
    return revision if (repository / "snapshots" / revision).is_dir() else ""
