"""What a weights file says about its tensors, without their numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tracer.recorder.torch_values import described

_MOST: Final = 100_000_000  # bytes of a header; safetensors takes no more either
_DTYPES: Final = {
    "BOOL": "bool", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip


class Stored(NamedTuple):
    """A tensor in a file. ``path`` is None where the tensors were handed over in memory."""

    path: str | None
    shape: list[int]
    dtype: str
    bytes: int


def read_header(path: str) -> dict[str, Stored]:
    """The tensors of a safetensors file by name: eight bytes tell the length of the JSON that follows.

    Raises:
        OSError: the file can't be read.
        ValueError: it is no safetensors file.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MOST:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("a header that is no JSON object")
    return {name: _entry(path, entry) for name, entry in header.items() if name != "__metadata__"}


def _entry(path: str, entry: Any) -> Stored:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        return Stored(path, [int(extent) for extent in shape], _DTYPES.get(dtype) or dtype.lower(), int(end - begin))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("an entry without dtype, shape and offsets") from error


def describe(path: str | None, state_dict: Mapping[Any, Any]) -> dict[str, Stored]:
    """The same of a dictionary of tensors; what is no tensor in it is nobody's weight."""
    import torch

    found = {}
    for name, value in state_dict.items():
        if isinstance(name, str) and torch.Tensor in type(value).__mro__:
            made = described(value)
            size = getattr(torch, made.dtype).itemsize
            found[name] = Stored(path, made.shape, made.dtype, math.prod(made.shape) * size)
    return found
