"""Weights in transformers 5.x: keys are renamed, tensors converted group by group, and set on a model on meta.

The threads that read the files are left alone: what they read passes through here, in one thread. What became of a
tensor is read off the model, not off the library's own bookkeeping, which has another form in nearly every release.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from typing import Any, Final

from tracer.recorder.guard import Watching
from tracer.recorder.library_values import tensor_facts
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.checkpoint_load import CheckpointLoad
from tracer.trace import reasons


class Provenance:
    """From which tensors another tensor was made: names that operators pass on to their results.

    Nothing is kept alive for it, and no operator is changed.
    """

    def __init__(self) -> None:
        self._names: dict[int, tuple[weakref.ref[Any], frozenset[str]]] = {}
        self._written: dict[int, frozenset[str]] = {}  # by storage: what was written into it, also through a view

    def give(self, value: Any, names: frozenset[str]) -> None:
        self._names[id(value)] = (weakref.ref(value), names)

    def names(self, value: Any) -> frozenset[str]:
        """Return the names of all tensors that this tensor was made from; empty if that can't be known."""
        known = self._names.get(id(value))
        names = known[1] if known is not None and known[0]() is value else frozenset()
        return names | self._written.get(_storage(value), frozenset())

    def following(self) -> Any:
        """Return a context manager: while it is open, every operator of this thread passes names on."""
        from torch.utils._python_dispatch import TorchDispatchMode

        followed = self._followed

        class Following(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
            @classmethod
            def _should_skip_dynamo(cls) -> bool:
                return False

            def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = function(*args, **(kwargs or {}))
                with suppress(Exception):  # an unusual operator: its result gets no name
                    followed(function, args, kwargs or {}, result)
                return result

        return Following()

    def _followed(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        names = frozenset[str]().union(*(self.names(value) for value in _tensors((args, kwargs))))
        if not names:
            return
        for value in _tensors(result):
            self.give(value, names)
        for position, parameter in enumerate(function._schema.arguments):
            if parameter.alias_info is None or not parameter.alias_info.is_write:
                continue
            written = args[position] if position < len(args) else kwargs.get(parameter.name)
            for value in _tensors(written):
                storage = _storage(value)
                self._written[storage] = self._written.get(storage, frozenset()) | names


def _tensors(value: Any) -> Iterator[Any]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _storage(value: Any) -> int:
    try:
        return int(value.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # a tensor without storage
        return -1


_OPERATION: Final = re.compile(r"^Error:? (?:via )?(?P<name>\w+) ", re.MULTILINE)  # in the library's own text


class ConversionWatch:
    """Watches the functions of ``transformers.core_model_loading``.

    Args:
        current_load: returns the load that is running now, if any.
    """

    def __init__(self, recording: Recording, current_load: Callable[[], CheckpointLoad | None]) -> None:
        self._recording = recording
        self._current_load = current_load
        self._thread = threading.local()  # each that loads has a group
        self._skipped: Any = None

    @property
    def _group(self) -> _ConversionGroup | None:
        """The group that this thread converts, or converted last."""
        group: _ConversionGroup | None = getattr(self._thread, "group", None)
        return group

    def watch(self, loading: Any, patches: Patches) -> None:
        self._skipped = vars(loading).get("SkipParameters")
        for name, watched in (
            ("rename_source_key", self._renamed),
            ("set_param_for_module", self._set),
            ("offload_and_maybe_resave_param", self._offloaded),
        ):
            if name not in vars(loading):
                self._recording.skip(f"transformers/core_model_loading.py: {name}", reasons.NOT_IN_RELEASE)
            else:
                patches.watch(loading, name, watched)
        for kind in list(vars(loading).values()):
            if isinstance(kind, type) and hasattr(kind, "layer_targets"):
                if "convert" in vars(kind):
                    patches.watch(kind, "convert", self._converted)
                if "materialize_tensors" in vars(kind):
                    patches.watch(kind, "materialize_tensors", self._materialized)

    def _renamed(self, source_key: Any, *args: Any, **kwargs: Any) -> Watching:
        outcome = yield
        load = self._current_load()
        if load is not None and isinstance(outcome.result, tuple):
            load.rename(source_key, *outcome.result[:2])

    def _converted(self, transform: Any, layer_name: Any, *args: Any, **kwargs: Any) -> Watching:
        self._thread.group = None
        load = self._current_load()
        if load is None:
            return
        found = transform.layer_targets.get(layer_name) or ()
        matched = {name: pattern for name, pattern in load.matched(layer_name).items() if name in found}
        in_order = list(matched) if len(matched) == len(found) else sorted(found)
        group = self._thread.group = _ConversionGroup(transform, layer_name, in_order, matched)
        with group.following():
            outcome = yield
        if outcome.error is None:
            group.made(outcome.result[0] if isinstance(outcome.result, tuple) else outcome.result)
        elif self._skipped is not None and isinstance(outcome.error, self._skipped):
            self._given_up(load, group, outcome.error, (*args, *kwargs.values()))

    def _materialized(self, transform: Any, *args: Any, **kwargs: Any) -> Watching:
        outcome = yield
        if outcome.error is None and self._group is not None and self._group.transform is transform:
            self._group.read(outcome.result)

    def _given_up(
        self, load: CheckpointLoad, group: _ConversionGroup, error: BaseException, given: tuple[Any, ...]
    ) -> None:
        """Record that the library gave a group up: it logs the reason, and raises when all others are loaded."""
        said = _recorded_error(group.target, given)
        cause = error.__context__
        reason = said if cause is None else f"{type(cause).__name__}: {cause}"
        operation = _OPERATION.search(said)
        name = operation["name"] if operation is not None else None
        load.not_converted(group.sources, group.targets(), reason, name, group.patterns)

    def _set(self, model: Any, target_name: Any, param_value: Any, *args: Any, **kwargs: Any) -> Watching:
        """Compare the parameter before and after: a new tensor was set, an old one of another shape did not fit."""
        load = self._current_load()
        if load is None:
            return
        before = load.parameter_index.find(target_name)
        outcome = yield
        if outcome.error is not None or (before is None and not target_name.endswith("_extra_state")):
            return  # the model has no parameter of the name: the library counts it as unexpected
        sources, others = self._sources(load, target_name)
        after = load.parameter_index.find(target_name)
        if after is not before or before is None or tensor_facts(param_value).shape == tensor_facts(before).shape:
            load.loaded(sources, target_name, shared_with=others)
        else:
            load.mismatched(sources, target_name, tensor_facts(param_value).shape)

    def _offloaded(self, target_name: Any, *args: Any, **kwargs: Any) -> Watching:
        outcome = yield
        load = self._current_load()
        if load is not None and outcome.error is None:
            sources, others = self._sources(load, target_name)
            load.loaded(sources, target_name, device="disk", shared_with=others)

    def _sources(self, load: CheckpointLoad, target: str) -> tuple[list[str], list[str]]:
        """Return the tensors that went into a parameter, and other parameters that some of them may have gone to."""
        if self._group is not None:
            return self._group.sources_of(target)
        return [name for name, renamed in load.renamed.items() if renamed == target], []


class _ConversionGroup:
    """Tensors that are converted together: one of the library's transforms with the tensors that it has collected.

    Attributes:
        target: the parameter that the library knows the group by; the first, where there are several.
        sources: names in the files, in the order in which they were collected.
        patterns: what each of them matched.
    """

    def __init__(self, transform: Any, target: str, sources: list[str], patterns: dict[str, Any]) -> None:
        self.transform = transform
        self.target = target
        self.sources = sources
        self.patterns = {name: patterns.get(name) for name in sources}
        if not hasattr(transform, "operations"):
            # Only a name changes. If two tensors get the same name, the library takes the first.
            self.sources = [name for name in transform.source_patterns[:1] if name in sources] or sources
        self._provenance: Provenance | None = None
        self._made: dict[str, list[str]] = {}

    def following(self) -> Any:
        """Return a context that follows the tensors, if several tensors become several parameters."""
        if len(self.sources) < 2 or len(self.transform.target_patterns) < 2:
            return nullcontext()
        self._provenance = Provenance()
        return self._provenance.following()

    def read(self, collected: Any) -> None:
        """Name the tensors of the group, which were just read: by what they matched, in order."""
        if self._provenance is None:
            return
        for pattern, values in collected.items():
            names = [name for name in self.sources if self.patterns[name] == pattern]
            if len(names) == len(values):  # a distributed load reads only some
                for name, value in zip(names, values, strict=True):
                    self._provenance.give(value, frozenset((name,)))

    def made(self, converted: Any) -> None:
        """Note the parameters that the group was converted to."""
        self._made = {target: [] for target in converted}
        if self._provenance is not None:
            for target, value in converted.items():
                names = self._provenance.names(value[0] if isinstance(value, list) else value)
                self._made[target] = [name for name in self.sources if name in names]
            self._provenance = None

    def sources_of(self, target: str) -> tuple[list[str], list[str]]:
        if known := self._made.get(target):
            return known, []
        others = [name for name in self._made if name != target]
        return self.sources, others if len(self.sources) > 1 else []

    def targets(self) -> list[str]:
        """Return the names that the parameters were to have, formed as the library forms them."""
        first, *rest = self.transform.target_patterns
        return [self.target, *(self.target.replace(first, other) for other in rest if first in self.target)]


def _recorded_error(target: str, given: tuple[Any, ...]) -> str:
    """Return the error that the library noted for a group: in a dictionary, or in an object that holds it."""
    for value in given:
        errors = getattr(value, "conversion_errors", value)
        if isinstance(errors, dict) and isinstance(errors.get(target), str):
            return str(errors[target])
    return ""
