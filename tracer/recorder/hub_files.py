"""The small files of a hub model that say how it is loaded, in the hub cache before the load begins.

They are the ones that the load reads as well, so nothing is downloaded twice.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tracer.trace.job import Job

HUB_ARGUMENTS: Final = (
    "cache_dir", "force_download", "local_files_only", "proxies", "revision", "code_revision", "subfolder", "token",
)  # fmt: skip
_SMALL_FILES: Final = (
    "config.json", "adapter_config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json",
    "video_preprocessor_config.json",
)  # fmt: skip

_folders: dict[tuple[str, ...], str] = {}
_names: dict[str, frozenset[str]] = {}


def settings_folder(model: str, arguments: Mapping[str, Any]) -> str:
    """Return the folder with a model's small files: the directory, or the snapshot of a hub id.

    It is empty if the hub and the cache have no such model; the load itself then says why. The hub is asked once for
    each model, so call this first before anything is recorded.

    Args:
        model: the directory or hub id.
        arguments: those of the load, some of which say which commit is meant and who asks.
    """
    if not model or os.path.isdir(model):
        return model
    key = (model, *(str(arguments.get(name)) for name in ("revision", "cache_dir", "subfolder")))
    if key not in _folders:
        try:
            with _no_bars():
                _folders[key] = _snapshot(model, arguments)
        except Exception:
            _folders[key] = ""
    return _folders[key]


def has_file(folder: str, name: str) -> bool:
    """Return whether a settings folder, or the repository that it is a snapshot of, has a file."""
    return os.path.isfile(os.path.join(folder, name)) or name in _names.get(folder, ())


def prepare(job: Job) -> None:
    """Fetch the small files of a job's model."""
    settings_folder(job.model, job.kwargs)


def _snapshot(model: str, arguments: Mapping[str, Any]) -> str:
    from huggingface_hub import constants, snapshot_download
    from transformers.utils import hub

    subfolder = str(arguments.get("subfolder") or "")
    given = {name: arguments[name] for name in ("revision", "token", "local_files_only") if name in arguments}
    # transformers 4 has a cache of its own, which older variables can move
    cache = arguments.get("cache_dir") or getattr(hub, "TRANSFORMERS_CACHE", None) or constants.HF_HUB_CACHE
    wanted = [os.path.join(subfolder, name) for name in _SMALL_FILES]
    try:
        root = snapshot_download(model, cache_dir=cache, allow_patterns=wanted, **given)
    except Exception:
        root = _cached(model, str(cache), given.get("revision"), wanted)
    folder = os.path.join(root, subfolder) if root else ""
    if root and not os.path.isfile(os.path.join(folder, "tokenizer_config.json")):
        _names[folder] = frozenset(_listed(model, given, subfolder))
    return folder


def _cached(model: str, cache: str, revision: str | None, wanted: list[str]) -> str:
    """Return the snapshot in the cache, even if it is not whole."""
    from huggingface_hub import try_to_load_from_cache

    for name in wanted:
        found = try_to_load_from_cache(model, name, cache_dir=cache, revision=revision)
        if isinstance(found, str):
            return found.removesuffix(name).rstrip(os.sep)
    return ""


def _listed(model: str, given: Mapping[str, Any], subfolder: str) -> list[str]:
    """Return the names of the repository's files; none if the hub can't be asked."""
    from huggingface_hub import list_repo_files

    if given.get("local_files_only"):
        return []
    asked = {name: value for name, value in given.items() if name != "local_files_only"}
    try:
        names = list_repo_files(model, **asked)
    except Exception:
        return []
    start = f"{subfolder.strip('/')}/" if subfolder else ""
    return [name.removeprefix(start) for name in names if name.startswith(start)]


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep progress bars out of what the load printed."""
    utils: Any = importlib.import_module("huggingface_hub.utils")  # its releases have them in different modules
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variable of the user's can forbid either
        before = utils.are_progress_bars_disabled()
        utils.disable_progress_bars()
        try:
            yield
        finally:
            if not before:
                utils.enable_progress_bars()
