"""Rules for dtypes: weights or options that are no floating point numbers, and a model whose parameters have two."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.config_values import asked_in_call, asked_in_config, asking
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name
from tracer.analysis.diagnosis.thrown import is_own
from tracer.analysis.loading_calls import MODEL_LOADER

_ARGUMENTS: Final = ("dtype", "torch_dtype")
# "Can't instantiate … model under dtype=torch.int64 since it is not a floating point dtype" (4.x) and "… cannot be
# instantiated under `dtype=torch.int64` as it's not a floating-point dtype" (5.x).
_NOT_FLOATING: Final = re.compile(r"dtype=(?:torch\.)?(?P<dtype>\w+)`? (?:since it is|as it's) not a floating")
_FLOATING: Final = ("float", "bfloat")
# The words of torch's messages for dtypes: of Python ("float"), of its types ("Half") and of C++ ("c10::BFloat16").
_DTYPES: Final = {
    "Float": "float32", "float": "float32", "Double": "float64", "double": "float64", "Half": "float16",
    "c10::Half": "float16", "BFloat16": "bfloat16", "c10::BFloat16": "bfloat16", "torch.float32": "float32",
    "torch.float16": "float16", "torch.bfloat16": "bfloat16", "torch.float64": "float64",
}  # fmt: skip
_WORD: Final = re.compile(r"(?:c10::|torch\.)?\b(?:BFloat16|Half|Float|Double|float(?:16|32|64)?|double|bfloat16)\b")
# torch 1 to 2.13: "mat1 and mat2 must have the same dtype, but got …", "Input type (float) and bias type (c10::Half)
# should be the same", "expected scalar type Float but found Half", "… the source and destination dtypes match, got …"
_TWO_DTYPES: Final = re.compile(r"\b(?:dtypes?|scalar type|Input type|bias type)\b")
_KEEPS_FLOAT32: Final = "_keep_in_fp32"  # followed by _modules or _modules_strict
_BASES: Final = frozenset({"PreTrainedModel", "GenerationMixin", "Module"})  # which keep nothing in float32
_PARTS_OF_PASS: Final = ("inputs", "forward", "generate")


def dtype_not_floating(load: RecordedLoad) -> Cause | None:
    """Detect a model that was to be built with a dtype of whole numbers, by where that dtype comes from."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    found = _NOT_FLOATING.search(failure.text)
    if found is None:
        return None
    values: dict[str, Any] = {"dtype": found["dtype"]}
    asked = asked_in_call(load, *_ARGUMENTS)
    if asked is not None and asked.value == "auto":
        asked = None
    kind = "dtype-asked-integer"
    if asked is None:
        asked, kind = asked_in_config(load, *_ARGUMENTS), "dtype-config-integer"
    if asked is None:
        return Cause("dtype-stored-integer", "certain", load.with_raised(), values, "store-floating")
    values["given"] = asked.written
    return Cause(kind, "certain", load.with_raised(asking(load, asked)), values, kind)


# torch has no such names; what is meant by those that people and other programs write.
_MEANT: Final = {"bf16": "bfloat16", "fp16": "float16", "f16": "float16", "fp32": "float32", "f32": "float32"}
_NO_DTYPE: Final = re.compile(r"^module 'torch' has no attribute '(?P<dtype>\w+)'")


def dtype_unknown(load: RecordedLoad) -> Cause | None:
    """Detect a dtype, asked for in the call or in config.json, that torch has no such name for."""
    failure = load.failure
    match = _NO_DTYPE.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    asked = asked_in_call(load, *_ARGUMENTS) or asked_in_config(load, *_ARGUMENTS)
    if (
        failure is None
        or match is None
        or asked is None
        or asked.value not in (match["dtype"], f"torch.{match['dtype']}")
    ):
        return None
    values = {
        "given": asked.written,
        "where": asked.where,
        "dtype": match["dtype"],
        "meant": _MEANT.get(match["dtype"].lower()),
        "torch": load.trace.meta.releases.get("torch", "?"),
    }
    chain = load.with_raised(asking(load, asked))
    remedy = "write-dtype" if values["meant"] is not None else "dtype-of-torch"
    return Cause("dtype-unknown", "certain", chain, values, remedy)


def dtypes_meet(load: RecordedLoad) -> Cause | None:
    """Detect an operation of the pass that got tensors of two dtypes: of the parameters, or of the inputs."""
    failure = load.failure
    error, text = (failure.error, failure.text) if failure is not None else (load.error, load.message)
    if error != "RuntimeError" or load.part not in _PARTS_OF_PASS or not _TWO_DTYPES.search(text):
        return None
    named = {_DTYPES[word] for word in _WORD.findall(text) if word in _DTYPES}
    if len(named) != 2:
        return None
    parameters = _parameters(load)
    counts = Counter(dtype for dtype, _, _ in parameters.values())
    if len(counts) == 1:
        (own,) = counts
        others = sorted(named - {own})
        if len(others) != 1:
            return None
        values: dict[str, Any] = {"dtype": own, "other": others[0]}
        return Cause("dtype-of-inputs", "likely", load.with_raised(), values, "dtype-of-inputs")
    if not named <= counts.keys():
        return None
    (many, _), (few, _) = sorted(((dtype, counts[dtype]) for dtype in named), key=lambda item: -item[1])
    stored = Counter(stored for _, stored, _ in parameters.values() if stored in named)
    values = {
        "many": counts[many],
        "dtype": many,
        "there": _in_common(parameters, many),
        "few": counts[few],
        "other": few,
        "here": _in_common(parameters, few),
        "wanted": stored.most_common(1)[0][0] if stored else many,
    }
    seen = [
        Evidence(
            next(step for dtype, _, step in parameters.values() if dtype == one), "parameter-dtype", {"dtype": one}
        )
        for one in (many, few)
    ]
    return Cause("dtypes-meet", "likely", load.with_raised(*seen), values, "one-dtype")


def mixed_dtypes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield tensors of one stored dtype that became parameters of two, which the layers of a model may not mix."""
    by_stored: dict[str, Counter[str]] = {}
    parameters = _parameters(load)
    for dtype, stored, _ in parameters.values():
        if stored is not None:
            by_stored.setdefault(stored, Counter())[dtype] += 1
    if len(by_stored) != 1:
        return
    ((stored, became),) = by_stored.items()
    if len(became) < 2:
        return
    (many, count), (few, rest) = became.most_common(2)
    if "float32" in (many, few) and may_keep_float32(load):
        return
    values = {
        "stored": stored,
        "many": count,
        "dtype": many,
        "few": rest,
        "other": few,
        "here": _in_common(parameters, few),
        "wanted": stored,
    }
    at = next(step for dtype, _, step in parameters.values() if dtype == few)
    yield Cause("dtypes-mixed", "certain", [Evidence(at, "parameter-dtype", {"dtype": few})], values, "one-dtype")


def may_keep_float32(load: RecordedLoad) -> bool:
    """Return whether the class of the model may keep some modules in float32 on purpose: ``_keep_in_fp32_modules``."""
    built = load.last_built
    if built is None:
        return False
    if not is_own(built.event.class_):
        return True
    own = [one for one in load.classes(last_name(built.event.class_)) if one.is_own]
    others = {base for one in own for base in one.bases}
    others -= {one.node.name for one in own} | _BASES
    return bool(others) or not own or any(_KEEPS_FLOAT32 in ast.unparse(one.node) for one in own)


def is_floating(dtype: str | None) -> bool:
    return dtype is not None and dtype.startswith(_FLOATING) and not dtype.startswith("float8")


def _parameters(load: RecordedLoad) -> dict[str, tuple[str, str | None, int]]:
    """Return the floating dtype of each parameter that was loaded, the dtype that it is stored in, and the step."""
    found: dict[str, tuple[str, str | None, int]] = {}
    for loaded in load.tensors:
        dtype, sources = loaded.event.dtype, loaded.event.sources
        if dtype is not None and is_floating(dtype):
            stored = sources[0].dtype if sources else None
            found[str(loaded.event.parameter)] = (dtype, stored, loaded.step.number)
    return found


def _in_common(parameters: dict[str, tuple[str, str | None, int]], dtype: str) -> str:
    """Return the part of the model that all parameters of a dtype are in, or else the first of them."""
    names = [name.split(".") for name, (own, _, _) in parameters.items() if own == dtype]
    shared = []
    for parts in zip(*names, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared or names[0])
