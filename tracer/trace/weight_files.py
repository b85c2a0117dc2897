"""The tensors that weights files say they hold: names, dtypes and shapes, read without running what is in the files."""

from __future__ import annotations

import json
import pickletools
import struct
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

_LARGEST_HEADER: Final = 16 * 1024 * 1024
_MOST: Final = 400_000  # instructions of a pickle; a tensor takes some thirty
_DTYPES: Final = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}  # fmt: skip
_REBUILD: Final = "_rebuild_tensor_v2"  # what torch.save writes for each tensor, from torch 0.4 to 2.13
_UNREADABLE: Final = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, NotImplementedError, EOFError,
    struct.error, zipfile.BadZipFile, MemoryError,
)  # fmt: skip


class StoredTensor(NamedTuple):
    """What a file says of a tensor; None for what it does not say. Tensors of one ``storage`` share their numbers."""

    dtype: str | None
    shape: tuple[int, ...] | None
    storage: str | None = None


class Difference(NamedTuple):
    """Names of tensors that one file lacks or has otherwise, and of those that only that file has."""

    differ: list[str]
    more: list[str]


def difference(safetensors: Path, pickled: Path) -> Difference | None:
    """Return how a file of ``torch.save`` differs from a safetensors file; None where one of them can't be read."""
    try:
        wanted, found = _of_safetensors(safetensors), _of_zip(pickled)
    except _UNREADABLE:
        return None
    if not wanted or not found:
        return None
    differ = [name for name, tensor in wanted.items() if name not in found or _differ(tensor, found[name])]
    # Tensors that share their numbers are written once into a safetensors file.
    shared = {tensor.storage for name, tensor in found.items() if name in wanted and tensor.storage is not None}
    more = [name for name, tensor in found.items() if name not in wanted and tensor.storage not in shared]
    return Difference(differ, more)


def _differ(one: StoredTensor, other: StoredTensor) -> bool:
    return any(None not in (here, there) and here != there for here, there in zip(one[:2], other[:2], strict=True))


def _of_safetensors(path: Path) -> dict[str, StoredTensor]:
    with path.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        if length > _LARGEST_HEADER:
            return {}
        header = json.loads(opened.read(length))
    return {
        name: StoredTensor(str(tensor["dtype"]), tuple(map(int, tensor["shape"])))
        for name, tensor in header.items()
        if name != "__metadata__"
    }


def _of_zip(path: Path) -> dict[str, StoredTensor]:
    with zipfile.ZipFile(path) as archive:
        inner = next((one for one in archive.infolist() if one.filename.endswith("/data.pkl")), None)
        if inner is None or inner.file_size > _LARGEST_HEADER:
            return {}
        with archive.open(inner) as opened:
            return _of_pickle(opened.read(_LARGEST_HEADER))


class _Global(str):
    """The name of a class or function in a pickle."""


def _of_pickle(data: bytes) -> dict[str, StoredTensor]:
    """Return the tensors in a dictionary that ``torch.save`` pickled: each operation is looked at, and none is done.

    A tensor is its name, ``_rebuild_tensor_v2``, its storage (class, number, device and size), an offset, its shape and
    what is left out here, and then a call. One that has two names is written once, and fetched the second time.
    """
    found: dict[str, StoredTensor] = {}
    memo: dict[int, object] = {}
    pushed: object = None
    texts, name, dtype, storage = [""], "", None, None
    numbers: list[int] | None = None  # those after the storage, until the shape is complete
    for count, (operation, argument, _) in enumerate(pickletools.genops(data)):
        if count == _MOST:
            return {}
        kind = operation.name
        if kind in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(argument or 0)] = pushed
            continue
        pushed = memo.get(int(argument or 0)) if kind in ("BINGET", "LONG_BINGET", "GET") else argument
        if kind == "GLOBAL":
            pushed = _Global(str(argument).rpartition(" ")[2])
        if kind == "REDUCE":
            pushed = found.get(name)
        elif isinstance(pushed, StoredTensor):
            found[texts[-1]] = pushed
        elif kind == "BINPERSID":
            storage, numbers = texts[-2] if len(texts) > 1 else None, []  # before its device
        elif isinstance(pushed, _Global):
            if pushed == _REBUILD:
                texts, name, dtype, storage = texts[-1:], texts[-1], None, None
            elif pushed.endswith("Storage"):
                dtype = _DTYPES.get(pushed)
        elif isinstance(pushed, str):
            texts.append(pushed)
        elif numbers is not None and isinstance(pushed, int) and not isinstance(pushed, bool):
            numbers.append(pushed)
        elif numbers is not None and kind.startswith(("TUPLE", "EMPTY_TUPLE")):
            found[name] = StoredTensor(dtype, tuple(numbers[1:]), storage)
            numbers = None
    return found
