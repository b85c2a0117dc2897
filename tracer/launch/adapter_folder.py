"""Adapters whose base model is named by a path relative to the adapter itself."""

from __future__ import annotations

import json
import os
from typing import NamedTuple


class AdapterFolder(NamedTuple):
    """``path`` is the folder to load in, ``base`` the base as adapter_config.json spells it."""

    path: str
    base: str


def adapter_folder(model: str, seen_from: str = "") -> AdapterFolder | None:
    """Where an adapter has to be loaded for its base to be found, if that is not the current folder.

    transformers takes ``base_model_name_or_path`` as it stands, so a relative path counts from the working
    directory (``seen_from``, where that is another); an adapter shipped beside its base means its own folder.
    """
    try:
        with open(os.path.join(model, "adapter_config.json"), encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return None
    base = read.get("base_model_name_or_path") if isinstance(read, dict) else None
    if not isinstance(base, str) or not base.startswith(".") or os.path.isdir(os.path.join(seen_from, base)):
        return None
    return AdapterFolder(model, base) if os.path.isdir(os.path.join(model, base)) else None
