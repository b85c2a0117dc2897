"""Construction: every module in the order in which it was built and put into its parent, and what will be tied."""

from __future__ import annotations

import inspect
import math
import re
import sys
from typing import Any

from tracer.recorder import safe_inspect
from tracer.recorder.guard import Watching
from tracer.recorder.library_values import count_parameters, tensor_facts
from tracer.recorder.model.tree import ModuleTree, registry, walk
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.settrace import unstepped


class ConstructionWatch:
    """Records each module when its parent registers it, through torch's own global hook."""

    def __init__(self, recording: Recording, tree: ModuleTree) -> None:
        self._recording = recording
        self._tree = tree
        self._hook: Any = None
        self._classes: dict[type, tuple[str, str | None]] = {}  # name and place
        self._watched_classes: set[type] = set()
        self._recorded: set[int] = set()  # numbers of the modules that have a step

    def watch(self, patches: Patches) -> None:
        """Start watching if torch is loaded by now and not watched yet."""
        if self._recording.calls_only:
            return
        modules = sys.modules.get("torch.nn.modules.module")
        if modules is None or self._hook is not None:
            return
        registered = self._recording.guard.callback("a module that was built", self._registered)
        self._hook = modules.register_module_module_registration_hook(registered)
        containers = sys.modules["torch.nn.modules.container"]
        for kind in (containers.ModuleList, containers.Sequential):
            if "insert" in vars(kind):  # it bypasses the registration that calls the hook
                patches.watch(kind, "insert", self._inserted)

    def stop(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def watch_class(self, model_class: Any, patches: Patches) -> None:
        """Record when an instance of a model class is complete."""
        if model_class in self._watched_classes:
            return
        self._watched_classes.add(model_class)

        def built(instance: Any, /, *_: Any, **__: Any) -> Watching:
            outcome = yield
            if outcome.error is None and type(instance) is model_class:
                with unstepped():
                    self._complete(instance)

        patches.watch(model_class, "__init__", built, model_class.__init__)

    def _registered(self, parent: Any, name: str, child: Any) -> None:
        if child is not None:
            with unstepped():
                self._built(parent, name, child)

    def _inserted(self, parent: Any, index: int, module: Any) -> Watching:
        outcome = yield
        names = [name for name, child in registry(parent, "_modules").items() if child is module]
        if outcome.error is None and names:
            self._registered(parent, names[0], module)

    def _built(self, parent: Any, name: str, child: Any) -> None:
        number = self._tree.number(child)
        self._recorded.add(number)
        facts = {"module": number, "parent": self._tree.number(parent), "name": str(name)}
        self._recording.record_event("module-built", {**facts, **self._facts(child)}, stage=self._stage())

    def _complete(self, model: Any) -> None:
        parts = walk(model)
        tree = self._tree.root(model, parts)
        if self._hook is not None:
            self._record_unregistered(parts)
        parameters = {
            f"{path}.{leaf}" if path else leaf: value
            for path, part in parts
            for leaf, value in registry(part, "_parameters").items()
            if value is not None
        }
        tied = to_be_tied(model, parameters)
        replaced = {id(parameters[name]): parameters[name] for name in tied}
        facts = {
            "module": self._tree.number(model),
            **self._facts(model),
            "modules": len(tree),
            "tensors": len({id(value) for value in parameters.values()} - replaced.keys()),
            "numbers": count_parameters(model)
            - sum(math.prod(tensor_facts(value).shape) for value in replaced.values()),
            "tied": tied,
            "tree": tree,
        }
        self._recording.record_event("model-built", facts, stage=self._stage())

    def _record_unregistered(self, parts: list[tuple[str, Any]]) -> None:
        """Record modules that were put into their parents without torch's registration."""
        for _, parent in parts:
            for name, child in registry(parent, "_modules").items():
                if child is not None and self._tree.number(child) not in self._recorded:
                    self._built(parent, name, child)

    def _stage(self) -> str | None:
        return None if self._recording.whole_stage is not None else "construct"

    def _facts(self, module: Any) -> dict[str, Any]:
        kind = type(module)
        named = self._classes.get(kind)
        if named is None:
            named = self._classes[kind] = (
                f"{safe_inspect.module_name(kind)}.{safe_inspect.qualified_name(kind)}",
                self._place(kind),
            )
        return {
            "class": named[0],
            "place": named[1],
            "parameters": _tensors(registry(module, "_parameters")),
            "buffers": _tensors(registry(module, "_buffers")),
        }

    def _place(self, kind: type) -> str | None:
        """Return ``file:line`` of the ``__init__`` that the class has or inherits."""
        code = getattr(inspect.unwrap(vars(kind).get("__init__") or getattr(kind, "__init__")), "__code__", None)  # noqa: B009
        return self._recording.clean(f"{code.co_filename}:{code.co_firstlineno}") if code is not None else None


def _tensors(named: dict[str, Any]) -> list[list[Any]]:
    """Return name, shape, dtype and device of each tensor."""
    rows: list[list[Any]] = []
    for name, value in named.items():
        if value is not None:
            made = tensor_facts(value)
            rows.append([name, made.shape, made.dtype, made.device])
    return rows


def to_be_tied(model: Any, parameters: dict[str, Any]) -> list[str]:
    """Return the names of parameters that have their own tensor now and will share another's later.

    From 5.0 on, a model knows the pairs. Before, its class names them, and they are tied to the word embeddings if the
    configuration says so. None of the model's own code is called to find out.
    """
    known_pairs = vars(model).get("all_tied_weights_keys")
    pairs = known_pairs.items() if isinstance(known_pairs, dict) else _by_the_class(model, parameters).items()
    return [
        name
        for name, source in pairs
        if name in parameters
        and source in parameters
        and parameters[name] is not parameters[source]
        and tensor_facts(parameters[name]).shape == tensor_facts(parameters[source]).shape
    ]


def _by_the_class(model: Any, parameters: dict[str, Any]) -> dict[str, str]:
    patterns = vars(model).get("_tied_weights_keys", getattr(type(model), "_tied_weights_keys", None))
    if not isinstance(patterns, list) or not _ties_word_embeddings(vars(model).get("config")):
        return {}
    found: dict[str, str] = {}
    for name, value in parameters.items():
        if any(isinstance(pattern, str) and re.search(pattern, name) for pattern in patterns):
            shape = tensor_facts(value).shape
            for other, candidate in parameters.items():
                if re.search(r"embed|wte", other) and other != name and tensor_facts(candidate).shape == shape:
                    found[name] = other
                    break
    return found


def _ties_word_embeddings(config: Any) -> bool:
    """Return whether both the configuration and its text part say so: releases ask one or the other."""
    if config is None:
        return False
    parts = [
        config,
        *(part for name, part in vars(config).items() if name == "text_config" and hasattr(part, "__dict__")),
    ]
    return all(vars(part).get("tie_word_embeddings", True) for part in parts)
