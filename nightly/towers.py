"""Which modules of a model work on its picture or its sound, found by changing what the model is given."""

from __future__ import annotations

import copy
import hashlib
from contextlib import ExitStack, suppress
from typing import Any, Final

import torch

from tracer.recorder.feeding.senses import sense_of

_OTHERWISE: Final = 1.01


def tower_modules(model: Any, inputs: dict[str, Any], sense: str) -> set[str]:
    """Return the paths of the modules with weights that are given what follows from a picture or sound, and no text.

    A tower is known neither by its name nor by its class, of which there are many: it is what is given other numbers
    if the picture is another, and the same ones if the text is. The set is empty if the inputs have no such numbers.

    Args:
        inputs: the inputs of a pass.
        sense: ``picture`` or ``sound``.
    """
    numbers = [name for name, one in inputs.items() if sense_of(name) == sense and one.is_floating_point()]
    if not numbers:
        return set()
    given = _given(model, inputs)
    with_another = _given(model, {**inputs, **{name: inputs[name] * _OTHERWISE for name in numbers}})
    with_other_text = _given(model, inputs, other_text=True)
    return {path for path, one in given.items() if with_another.get(path) != one == with_other_text.get(path)}


def _given(model: Any, inputs: dict[str, Any], *, other_text: bool = False) -> dict[str, list[str]]:
    """Run a pass; return a digest of the inputs of each call of each module that has weights of its own."""
    paths = {module: path for path, module in model.named_modules() if any(True for _ in module.parameters(False))}
    given: dict[str, list[str]] = {}

    def entered(module: Any, args: Any, keywords: Any) -> None:
        given.setdefault(paths[module], []).append(_digest([args, keywords]))

    with ExitStack() as hooks:
        for module in paths:
            hooks.callback(module.register_forward_pre_hook(entered, with_kwargs=True).remove)
        if other_text:
            for module in _embeddings(model):
                hooks.callback(module.register_forward_hook(_embedded_otherwise).remove)
        torch.manual_seed(0)
        with torch.no_grad():
            model(**copy.deepcopy(inputs))
    return given


def _embeddings(model: Any) -> set[Any]:
    """Return what embeds the inputs of a model and of the models in it, each of which knows its own."""
    found = set()
    for module in model.modules():
        with suppress(AttributeError, NotImplementedError):  # no model, or one that does not say
            found.add(module.get_input_embeddings())
    return found - {None}


def _embedded_otherwise(_: Any, args: tuple[Any, ...], output: Any) -> Any:
    """Return other embeddings of tokens; patches of a picture, which are no whole numbers, as they are."""
    is_text = args and isinstance(args[0], torch.Tensor) and not args[0].is_floating_point()
    return output * _OTHERWISE if is_text else output


def _digest(value: Any) -> str:
    """Return a digest of the numbers in the tensors of a value."""
    if isinstance(value, torch.Tensor):
        held = value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        return hashlib.sha256(held).hexdigest()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return " ".join(filter(None, map(_digest, items)))
