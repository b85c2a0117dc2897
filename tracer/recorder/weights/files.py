"""The weights files of this recording, and which tensor in memory came under which name out of them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from typing import Any

from tracer.recorder.weights.stored import Stored, describe, read_header


class WeightsFiles:
    """Remembers what files hold, as they are opened or read.

    Releases rename the keys of a state dict in place before they use it. The tensors stay the same objects, and that
    is how the name in the file is found again. Nothing is kept alive for it.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[int, int], dict[str, Stored]]] = {}
        self._names: dict[int, tuple[weakref.ref[Any], str]] = {}

    def read(self, path: str, state_dict: Any) -> None:
        """A file was read into a dictionary of tensors."""
        if not path.endswith(".safetensors"):
            self._held[path] = (_stamp(path), describe(path, state_dict))
        self.take(state_dict)

    def take(self, state_dict: Any) -> None:
        """These tensors are what their names say."""
        if isinstance(state_dict, Mapping):
            import torch

            for name, value in state_dict.items():
                if isinstance(name, str) and torch.Tensor in type(value).__mro__:
                    self._names[id(value)] = (weakref.ref(value), name)

    def tensors(self, path: str) -> dict[str, Stored]:
        """What a file holds: of safetensors at any time, of other kinds once they were read.

        Raises:
            OSError, ValueError: the file can't be read or is broken.
        """
        held = self._held.get(path)
        stamp = _stamp(path)
        if held is not None and held[0] == stamp:
            return held[1]
        if not path.endswith(".safetensors"):
            return {}
        found = read_header(path)
        self._held[path] = (stamp, found)
        return found

    def name(self, value: Any) -> str | None:
        """The name under which a tensor was read; None for one that was made since."""
        known = self._names.get(id(value))
        return known[1] if known is not None and known[0]() is value else None

    def forget_names(self) -> None:
        self._names.clear()


def _stamp(path: str) -> tuple[int, int]:
    state = os.stat(path)
    return state.st_mtime_ns, state.st_size
