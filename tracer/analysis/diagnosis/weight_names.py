"""How names and shapes in a checkpoint differ from the model's: by a prefix, in layers, by a size in config.json."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from tracer.analysis.diagnosis.config_values import config_json
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import Mismatch, TensorLoaded, events

NUMBERS: Final = re.compile(r"(?<=\.)\d+(?=\.)")
"""Those in the name of a tensor that number its layer, expert and the like."""
_LAYER_KEY: Final = re.compile(r"layer|block|depth")
_SAME: Final = 0.8  # of the tensors left over have to fit, before a prefix is said to be the reason

_HEAD: Final = re.compile(r"(?:^|\.)(?:classifier|score|qa_outputs|logits_proj|out_proj|classification_head)\b")
"""The heads of the library's classes for classification."""
_ALIKE: Final = 8  # parameters of one ending, at most, for it to tell which of them is meant


class Prefix(NamedTuple):
    """The names in the checkpoint begin with ``there`` where those in the model begin with ``here``."""

    there: str
    here: str
    pairs: dict[str, str]


def other_prefix(new: list[str], unexpected: list[str]) -> Prefix | None:
    """Return the prefix that most of the unexpected tensors lack, have too much, or have another instead of."""
    ending: dict[str, list[str]] = {}
    for parameter in new:
        for end in _ends(parameter):
            ending.setdefault(end, []).append(parameter)
    candidates: dict[tuple[str, str], dict[str, str]] = {}
    for tensor in unexpected:
        for end in _ends(tensor):
            parameters = ending.get(end, ())
            for parameter in parameters if len(parameters) <= _ALIKE else ():
                prefixes = (tensor.removesuffix(end), parameter.removesuffix(end))
                candidates.setdefault(prefixes, {})[tensor] = parameter
    if not candidates:
        return None
    (there, here), pairs = max(candidates.items(), key=lambda item: (len(item[1]), -len("".join(item[0]))))
    enough = len(pairs) >= 2 and len(pairs) >= _SAME * len(unexpected)
    return Prefix(there, here, pairs) if enough else None


def further_layers(filled: list[str], names: list[str]) -> list[str]:
    """Return names in layers that the others have nothing of, while they have the same names in other layers."""
    layers = {layer for name in filled for layer in _layers(name)}
    patterns = {NUMBERS.sub("*", name) for name in filled}
    return [
        name
        for name in names
        if NUMBERS.sub("*", name) in patterns and any(layer not in layers for layer in _layers(name))
    ]


def layers_in_config(load: RecordedLoad, filled: list[str], names: list[str]) -> dict[str, Any]:
    """Return which entry of config.json is the number of layers, and what it would be for the checkpoint.

    Nothing is returned unless exactly one entry is called so and has the number of the model's layers.
    """
    stacks = {_stack(name) for name in names}
    if len(stacks) != 1:
        return {}
    (stack,) = stacks
    have = {_number(name, stack) for name in filled} - {None}
    both = have | ({_number(name, stack) for name in names} - {None})
    config = config_json(load)
    counts = {key: value for key, value in config.items() if _LAYER_KEY.search(key) and type(value) is int}
    keys = [key for key, value in counts.items() if value == len(have)]
    whole = both == set(range(len(both)))
    return {"key": keys[0], "value": len(have), "fits": len(both)} if len(keys) == 1 and whole else {}


class Size(NamedTuple):
    """An entry of config.json, its value, and the value that fits the checkpoint."""

    key: str
    value: int
    fits: int


def size_in_config(load: RecordedLoad, mismatched: list[Mismatch]) -> Size | None:
    """Return the one entry of config.json that explains every shape that differs, with the value that fits.

    An entry whose value is a dimension of a tensor that does fit is not it.
    """
    pairs: set[tuple[int, int]] = set()
    for mismatch in mismatched:
        there, here = mismatch.shape, mismatch.shape_there
        if there is None or here is None or len(there) != len(here):
            return None
        pairs |= {(model, stored) for stored, model in zip(there, here, strict=True) if stored != model}
    fitting = {size for loaded in events(load.trace, TensorLoaded) for size in loaded.event.shape or []}
    found = []
    for key, value in config_json(load).items():
        if type(value) is not int or value < 2 or value in fitting or all(model != value for model, _ in pairs):
            continue
        fits = {_scaled(value, model, stored) for model, stored in pairs}
        if len(fits) == 1 and (fit := fits.pop()) is not None:
            found.append(Size(key, value, fit))
    return found[0] if len(found) == 1 else None


def labels_in_config(load: RecordedLoad, mismatched: list[Mismatch]) -> Size | None:
    """Return the number of labels that config.json gives, if every shape that differs does so in it alone."""
    config = config_json(load)
    labels = config.get("id2label")
    number = len(labels) if isinstance(labels, dict) else config.get("num_labels", 2)
    key = "id2label" if isinstance(labels, dict) else "num_labels"
    fits = set()
    for mismatch in mismatched:
        there, here = mismatch.shape or [], mismatch.shape_there or []
        if not there or not here or here[0] != number or there[1:] != here[1:]:
            return None
        fits.add(there[0])
    heads = {mismatch.parameter.rpartition(".")[0] for mismatch in mismatched if mismatch.parameter is not None}
    if len(fits) != 1 or len(heads) != 1 or not _HEAD.search(heads.pop()):
        return None
    return Size(key, number, fits.pop())


def _scaled(value: int, model: int, stored: int) -> int | None:
    """Return the value that makes a dimension ``stored`` where ``value`` makes it ``model``, a multiple of it."""
    times, rest = divmod(model, value)
    return None if rest or times == 0 or stored % times else stored // times


def _ends(name: str) -> list[str]:
    """Return a name, and what follows each of its dots but the last."""
    parts = name.split(".")
    return [".".join(parts[start:]) for start in range(max(len(parts) - 1, 1))]


def _layers(name: str) -> list[str]:
    return [name[: found.end()] for found in NUMBERS.finditer(name)]


def _stack(name: str) -> str:
    """Return what comes before the first number in a name: ``encoder.layer.``."""
    found = NUMBERS.search(name)
    return name[: found.start()] if found is not None else name


def _number(name: str, stack: str) -> int | None:
    found = re.match(r"\d+(?=\.)", name.removeprefix(stack)) if name.startswith(stack) else None
    return int(found[0]) if found is not None else None
