"""Where Hugging Face libraries keep models, copied code and tokens, worked out from environment variables alone.

As huggingface_hub computes it in ``constants.py`` (the same in 0.36 and 2.4) and transformers in ``utils/hub.py`` (4.44
and 5.23). Like there, a variable that is set to an empty text counts as set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_OLDER_CACHE_VARIABLES: Final = ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE", "PYTORCH_PRETRAINED_BERT_CACHE")
_VARIABLE: Final = re.compile(r"\$(\w+|\{[^}]*\})", re.ASCII)  # as in os.path.expandvars
_TRUE: Final = frozenset({"1", "ON", "YES", "TRUE"})


class HubFolders(NamedTuple):
    """The folders and files of one user; paths can be relative, as the variables can.

    Attributes:
        home: the folder of everything else, unless a variable moves it.
        hub_cache: downloaded models, for huggingface_hub and transformers 5.
        older_hub_cache: the same for transformers 4, where three older variables override those of huggingface_hub.
        modules_cache: the folder to which transformers copies remote code before it is imported.
        token: the file of the token in use.
        stored_tokens: the file of all saved tokens.
    """

    home: str
    hub_cache: str
    older_hub_cache: str
    modules_cache: str
    token: str
    stored_tokens: str


def is_offline(environment: Mapping[str, str]) -> bool:
    """Return whether these variables forbid huggingface_hub to ask the hub."""
    return any(environment.get(name, "").upper() in _TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def hub_folders(environment: Mapping[str, str], user: str | os.PathLike[str] = "~") -> HubFolders:
    """Return the folders that these variables lead to; ``user`` is the user's home folder."""

    def expanded(path: str) -> str:
        if path == "~" or path.startswith("~/"):
            path = f"{own.rstrip('/')}{path[1:]}" or "/"
        return _VARIABLE.sub(value, os.path.expanduser(path))

    def value(found: re.Match[str]) -> str:
        return environment.get(found[1].strip("{}"), found[0])

    own = os.fspath(user)
    if own == "~":
        own = environment.get("HOME", own)
    caches = environment.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = expanded(environment.get("HF_HOME", os.path.join(caches, "huggingface")))
    usual = environment.get("HUGGINGFACE_HUB_CACHE", os.path.join(home, "hub"))
    hub_cache = expanded(environment.get("HF_HUB_CACHE", usual))
    older = next((environment[name] for name in _OLDER_CACHE_VARIABLES if name in environment), hub_cache)
    token = expanded(environment.get("HF_TOKEN_PATH", os.path.join(home, "token")))
    stored_tokens = os.path.join(os.path.dirname(token), "stored_tokens")
    if environment.get("HUGGINGFACE_CO_STAGING", "").upper() in _TRUE:
        token = expanded(os.path.join("~", ".cache", "huggingface_staging", "token"))
    modules_cache = environment.get("HF_MODULES_CACHE", os.path.join(home, "modules"))
    return HubFolders(home, hub_cache, older, modules_cache, token, stored_tokens)
