"""Weights files: what each one holds, and which tensor in memory was read from it under which name.

Shapes, dtypes and sizes are recorded, not the numbers; a few bytes are compared where the question is whether two
tensors are the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import weakref
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tracer.recorder.library_values import tensor_facts, without_modes

_SAMPLE: Final = 4096  # bytes at either end of a tensor
_MOST: Final = 100_000_000  # bytes of a header; safetensors itself accepts no more
_DTYPES: Final = {
    "BOOL": "bool", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip


class Sample(NamedTuple):
    """What is kept of the first and last bytes of a tensor: enough to tell whether two have the same ones."""

    digest: bytes
    all_zero: bool


def _sample_of(data: bytes) -> Sample | None:
    return Sample(hashlib.blake2b(data, digest_size=16).digest(), not any(data)) if data else None


class StoredTensor(NamedTuple):
    """A tensor in a file. ``path`` is None if the tensors were given in memory."""

    path: str | None
    shape: list[int]
    dtype: str
    bytes: int
    begin: int | None = None  # where it begins in a safetensors file; None in other files
    sample: Sample | None = None  # of its contents, for a tensor that was in memory


def read_header(path: str) -> dict[str, StoredTensor]:
    """Return the tensors of a safetensors file by name: eight bytes hold the length of the JSON that follows.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not a safetensors file.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MOST:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("a header that is no JSON object")
    start = 8 + length
    return {name: _entry(path, entry, start) for name, entry in header.items() if name != "__metadata__"}


def _entry(path: str, entry: Any, start: int) -> StoredTensor:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        return StoredTensor(
            path,
            [int(extent) for extent in shape],
            _DTYPES.get(dtype) or dtype.lower(),
            int(end - begin),
            start + int(begin),
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("an entry without dtype, shape and offsets") from error


def describe(path: str | None, state_dict: Mapping[Any, Any]) -> dict[str, StoredTensor]:
    """Return the same for a dictionary of tensors; other values in it are ignored."""
    import torch

    found = {}
    for name, value in state_dict.items():
        if isinstance(name, str) and torch.Tensor in type(value).__mro__:
            made = tensor_facts(value)
            size = getattr(torch, made.dtype).itemsize
            size *= math.prod(made.shape)
            found[name] = StoredTensor(path, made.shape, made.dtype, size, sample=sample(value))
    return found


def sample(tensor: Any) -> Sample | None:
    """Return a sample of a plain tensor in main memory; None for any other, and for one without elements."""
    import torch

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.device.type != "cpu":
        return None
    try:
        with without_modes():  # the program may count its own operators
            flat = tensor.detach().view(-1)
            count = max(_SAMPLE // flat.element_size(), 1)
            ends = [flat] if flat.numel() <= 2 * count else [flat[:count], flat[-count:]]
            return _sample_of(b"".join(end.view(torch.uint8).numpy().tobytes() for end in ends))
    except (RuntimeError, TypeError, ValueError):  # not contiguous, sparse, quantized
        return None


class WeightsFiles:
    """The weights files of a recording: what they hold, as they are opened or read.

    Releases rename the keys of a state dict in place before they use it. The tensors stay the same objects, so the name
    in the file can be found again. Nothing is kept alive for it.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[int, int], dict[str, StoredTensor]]] = {}
        self._names: dict[int, tuple[weakref.ref[Any], str]] = {}

    def read(self, path: str, state_dict: Any) -> None:
        """Note that a file was read into a dictionary of tensors."""
        if not path.endswith(".safetensors"):
            self._held[path] = (_stamp(path), describe(path, state_dict))
        self.take(state_dict)

    def take(self, state_dict: Any) -> None:
        """Remember the names of these tensors."""
        if isinstance(state_dict, Mapping):
            import torch

            for name, value in state_dict.items():
                if isinstance(name, str) and torch.Tensor in type(value).__mro__:
                    self._names[id(value)] = (weakref.ref(value), name)

    def tensors(self, path: str) -> dict[str, StoredTensor]:
        """Return what a file holds: a safetensors file at any time, others once they were read.

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

    def differ(self, stored: Mapping[str, StoredTensor], first: str, second: str) -> bool:
        """Return whether two tensors of one checkpoint certainly hold different numbers."""
        here, there = stored.get(first), stored.get(second)
        if here is None or there is None or (here.dtype, here.shape) != (there.dtype, there.shape) or not here.bytes:
            return False
        try:
            ours, theirs = _content(here), _content(there)
        except OSError:
            return False
        return ours is not None and theirs is not None and ours != theirs

    def name(self, value: Any) -> str | None:
        """Return the name under which a tensor was read; None for a tensor that was made since."""
        known = self._names.get(id(value))
        return known[1] if known is not None and known[0]() is value else None

    def forget_names(self) -> None:
        self._names.clear()


def _content(stored: StoredTensor) -> Sample | None:
    """Return a sample of a stored tensor."""
    if stored.path is None or stored.begin is None:
        return stored.sample
    with open(stored.path, "rb") as file:
        if stored.bytes <= 2 * _SAMPLE:
            parts = [(stored.begin, stored.bytes)]
        else:
            parts = [(stored.begin, _SAMPLE), (stored.begin + stored.bytes - _SAMPLE, _SAMPLE)]
        found = b""
        for begin, count in parts:
            file.seek(begin)
            found += file.read(count)
    return _sample_of(found)


def _stamp(path: str) -> tuple[int, int]:
    state = os.stat(path)
    return state.st_mtime_ns, state.st_size
