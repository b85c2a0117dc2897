"""Named roots: paths in a trace begin with ``<model>``, ``<transformers>``… instead of this machine's folders."""

from __future__ import annotations

import importlib.util
import os
import re
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracer.trace.hub_folders import hub_folders

_BEFORE: Final = r"(?<![A-Za-z0-9_.~>-])"  # "/a/work" does not begin with "/work"
_AFTER: Final = r"(?=$|[/\\'\"`\s:;,)\]}>，。；：、！？）】」》”’]|[.!?](?:$|\s))"  # also at the end of a sentence
_PACKAGES: Final = ("transformers", "torch", "peft", "safetensors", "huggingface_hub", "tokenizers", "accelerate")


class Roots:
    """Replace the beginning of paths, anywhere in a text, with the name of their root.

    Attributes:
        folders: absolute folder of each root, by name, most specific first.
    """

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        for name, folder in folders.items():
            self._name(name, folder)
        self._search = self._compile()

    def add(self, name: str, folder: str) -> bool:
        """Name one more folder and return True, or return False if it has a name already.

        A name can stand for several folders; the last one is shown as its folder.
        """
        before = len(self._names)
        self._name(name, folder)
        if len(self._names) == before:
            return False
        self._search = self._compile()
        return True

    def _name(self, name: str, folder: str) -> None:
        for spelling in (os.path.realpath(folder), os.path.abspath(folder)):
            if len(spelling) > 1 and self._names.setdefault(spelling, name) == name:
                self._folders[name] = spelling

    def _compile(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._names, key=len, reverse=True)
        if not longest_first:
            return None
        return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, longest_first))}){_AFTER}")

    @property
    def folders(self) -> dict[str, str]:
        """Return the folder of each root."""
        return dict(sorted(self._folders.items(), key=lambda root: len(root[1]), reverse=True))

    def text(self, text: str) -> str:
        """Return the text with every known folder replaced by its root's name."""
        if self._search is None or os.sep not in text:
            return text
        return self._search.sub(lambda match: f"<{self._names[match.group()]}>", text)


def standard_roots(environment: Mapping[str, str], *, model: str | None = None) -> dict[str, str]:
    """Return the roots of this process; ``model`` is the model directory, if any."""
    hub = hub_folders(environment)
    roots = {"model": model} if model else {}
    for package in _PACKAGES:
        if folder := _package_folder(package):
            roots[package] = folder
    roots |= {
        "modules-cache": hub.modules_cache,
        "hub-cache": hub.hub_cache,
        "site-packages": sysconfig.get_paths()["purelib"],
        "python": sysconfig.get_paths()["stdlib"],
        "glm-trace": str(Path(__file__).parents[1]),
        **_working_folder(),
        "tmp": tempfile.gettempdir(),
        "home": str(Path.home()),
    }
    return roots


def _working_folder() -> dict[str, str]:
    try:
        return {"cwd": os.getcwd()}
    except OSError:  # it was deleted
        return {}


def _package_folder(package: str) -> str | None:
    """Return the folder of a package without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return os.path.dirname(spec.origin) if spec is not None and spec.origin else None
