"""One load of a checkpoint into a model: what became of each tensor in its files, and the report at its end."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from threading import get_ident
from typing import Any, Final, NamedTuple

from tracer.recorder import safe_inspect
from tracer.recorder.library_values import tensor_facts
from tracer.recorder.model.tree import ParameterIndex, all_tensors
from tracer.recorder.recording import Recording
from tracer.recorder.safe_text import without_surrogates
from tracer.recorder.weights.weights_files import Sample, StoredTensor, WeightsFiles, describe, sample
from tracer.trace import reasons

_GGUF: Final = ".gguf"


class LoadingInfo(NamedTuple):
    """What the library reports about a load: names as the release writes them, of the model or of the checkpoint.

    Mismatches come with their shape in the checkpoint, if the release reports it.
    """

    missing: list[str]
    unexpected: list[str]
    mismatched: dict[str, list[int] | None]


def loading_info(returned: Any) -> LoadingInfo | None:
    """Return the library's report from what a load returned: a tuple of lists in 4.x, an object (in a tuple) in 5.x."""
    if (
        isinstance(returned, tuple)
        and len(returned) >= 4
        and all(isinstance(names, (list, set)) for names in returned[1:4])
    ):
        missing, unexpected, mismatched = returned[1:4]  # the model comes first
        return LoadingInfo(_texts(missing), _texts(unexpected), _shapes(mismatched))
    for info in (returned, *(returned if isinstance(returned, tuple) else ())):
        if hasattr(info, "missing_keys") and hasattr(info, "unexpected_keys"):  # torch's own report has only these two
            mismatched = _shapes(getattr(info, "mismatched_keys", ()))
            return LoadingInfo(_texts(info.missing_keys), _texts(info.unexpected_keys), mismatched)
    return None


def _texts(found: Iterable[Any]) -> list[str]:
    return sorted(name for name in found if isinstance(name, str))


def _shapes(found: Iterable[Any]) -> dict[str, list[int] | None]:
    """Return mismatches by name: they come as tuples of a name and two shapes, the checkpoint's first, or as names."""
    shapes: dict[str, list[int] | None] = {}
    for item in found:
        name, *rest = item if isinstance(item, tuple) and item else (item,)
        if isinstance(name, str):
            shapes[name] = [int(extent) for extent in rest[0]] if rest and isinstance(rest[0], Iterable) else None
    return dict(sorted(shapes.items()))


class Mismatch(NamedTuple):
    """Tensors whose shape differs from their parameter's."""

    sources: list[str]
    parameter: str
    shape: list[int] | None


class _Placeholder(NamedTuple):
    """Empty memory that the library has put into a model, and what it looked like then."""

    tensor: weakref.ref[Any]
    version: int | None
    content: Sample | None


class CheckpointLoad:
    """Records each tensor as it is loaded, and at the end a report of what was left.

    Args:
        model: the model that is filled.
        paths: the files of the checkpoint.
        state_dict: tensors that were given instead.
        wanted: names of the parameters that this load is to fill; None for all.
        is_reported: returns whether the report of another load into the same model has a tensor already.
    """

    def __init__(
        self,
        recording: Recording,
        files: WeightsFiles,
        model: Any,
        paths: list[str],
        state_dict: Any = None,
        wanted: list[str] | None = None,
        is_reported: Callable[[Any], bool] = lambda value: False,
    ) -> None:
        self.model = model
        self.thread = get_ident()  # of who loads; the library may read tensors in others
        self.parameter_index = ParameterIndex(model)
        self.renamed: dict[str, str] = {}  # names in the files → names in the model, as the library reported them
        self.returned: Any = None
        self._matched: dict[str, dict[str, Any]] = {}
        self._recording = recording
        kind = type(model)
        self._class = f"{safe_inspect.module_name(kind)}.{safe_inspect.qualified_name(kind)}"
        self._within = recording.outer_load(kind)
        self._files = files
        self._paths = paths
        self._wanted = None if wanted is None else set(wanted)
        self._stored: dict[str, StoredTensor] = {}
        self._loaded: dict[str, None] = {}  # by names in the files
        self._filled: list[str] = []  # by names in the model
        self._sources: dict[str, list[str]] = {}  # names in the files by the name in the model
        self._mismatched: list[Mismatch] = []
        self._unconverted: list[dict[str, Any]] = []
        self._unfit: set[str] = set()  # by names in the files: mismatches and failed conversions
        self._settled_before = {
            id(value): (value, _version(value))
            for _, value in self.parameter_index.parameters()
            if (is_reported(value) or _is_marked(value)) and not self._is_meta(value)
        }
        self._placeholders: dict[str, _Placeholder] = {}  # by names in the model
        base = getattr(type(model), "base_model_prefix", "")
        self._base = base if isinstance(base, str) else ""
        if state_dict is not None and all(path.endswith(_GGUF) for path in paths):
            self._stored = describe(paths[0] if paths else None, state_dict)  # of a GGUF file: as the library read it
        self.look_up_files()

    def look_up_files(self) -> None:
        """Look up what the files hold, as far as it is known by now."""
        for path in self._paths:
            if path.endswith(_GGUF):
                continue
            try:
                self._stored.update(self._files.tensors(path))
            except (OSError, ValueError, RecursionError) as error:
                self._recording.skip(reasons.NAMES_IN_WEIGHTS, f"{type(error).__name__}: {error}")

    def rename(self, source: str, target: str, pattern: Any) -> None:
        """Note under which name the library will use a tensor, and which of its patterns matched."""
        self.renamed[source] = target
        self._matched.setdefault(target, {})[source] = pattern

    def matched(self, target: str) -> dict[str, Any]:
        """Return the tensors for a name, in the order in which the library named them, each with what it matched."""
        return {name: found for name, found in self._matched.get(target, {}).items() if self.renamed[name] == target}

    def source(self, key: str, value: Any) -> str:
        """Return the name in the file of a tensor that a state dict has under this key."""
        return key if key in self._stored else self._files.name(value) or key

    def is_settled(self, source: str) -> bool:
        return source in self._loaded or source in self._unfit

    def is_on_meta(self, parameter: str) -> bool:
        """Return whether a parameter of the model has no memory."""
        value = self.parameter_index.find(parameter)
        return value is not None and self._is_meta(value)

    @staticmethod
    def _is_meta(value: Any) -> bool:
        return tensor_facts(value).device == "meta"

    def target(self, name: str) -> str | None:
        """Return the parameter for a name in a file or in the library's report; None if the model has none."""
        for candidate in self._candidates(name):
            if self.parameter_index.has(candidate):
                return candidate
        return None

    def _candidates(self, name: str) -> list[str]:
        names = [self.renamed[name]] if name in self.renamed else []
        names += [name, name.replace("gamma", "weight").replace("beta", "bias")]
        base = f"{self._base}."
        return [other for name in names for other in (name, base + name, name.removeprefix(base))]

    def loaded(
        self, sources: list[str], parameter: str, *, device: str | None = None, shared_with: list[str] | None = None
    ) -> None:
        """Record that tensors of the checkpoint have become a parameter.

        ``shared_with`` names other parameters if the tensors became all of these together, and it is unknown which
        tensor went into which.
        """
        self._loaded.update(dict.fromkeys(sources))
        self._filled.append(parameter)
        self._sources[parameter] = sources
        if self._recording.calls_only:
            return
        try:
            held = [self._from_file(name) for name in sources]
            facts: dict[str, Any] = {"sources": held, "parameter": self._clean(parameter)}
            if shared_with:
                facts["shared_with"] = [self._clean(name) for name in shared_with]
            value = self.parameter_index.find(parameter)
            if value is not None:
                made = tensor_facts(value)
                facts.update(shape=made.shape, dtype=made.dtype, device=device or made.device)
            self._recording.record_event("tensor-loaded", facts, stage="weights")
        except Exception as error:  # an unusual parameter; the load must not notice
            self._recording.skip("tensor-loaded", f"{type(error).__name__}: {error}")

    def mismatched(self, sources: list[str], parameter: str, shape: list[int] | None = None) -> None:
        """Note that tensors have another shape than their parameter; ``shape`` is what they were converted to."""
        if shape is None and len(sources) == 1 and sources[0] in self._stored:
            shape = self._stored[sources[0]].shape
        self._mismatched.append(Mismatch(sources, parameter, shape))
        self._unfit.update(sources)

    def not_converted(
        self, sources: list[str], targets: list[str], reason: str, operation: str | None, patterns: Mapping[str, Any]
    ) -> None:
        """Record that the library could not convert these tensors to parameters, and went on without them.

        ``patterns`` has the name, of those that the library merges, that each tensor matched.
        """
        self._unfit.update(sources)
        held = [{**self._from_file(name), "pattern": str(patterns.get(name) or name)} for name in sources]
        known = [name for name in targets if self.parameter_index.has(name)] or targets
        facts = {"parameters": known, "sources": held, "operation": operation, "reason": reason}
        self._unconverted.append(facts)
        self._recording.record_event("conversion-failed", self._recording.clean_data(facts), stage="weights")

    def placed(self, before: Mapping[str, Any]) -> None:
        """Note the tensors that the library has put, empty, where ``before`` was on the meta device."""
        for name, value in all_tensors(self.model):
            if before.get(name) is not value and not self._is_meta(value):
                self._placeholders[name] = _Placeholder(weakref.ref(value), *_state(value))

    def _never_filled(self) -> dict[str, bool]:
        """Return the names of such tensors that nobody has written to since, and whether they hold nothing but zeros.

        Zeros in a parameter may be what was there, or written there through ``.data``, as older code does it.
        """
        here = dict(all_tensors(self.model))
        buffers = {name for name, _ in self.parameter_index.buffers()}
        found = {}
        for name in self._placeholders.keys() - set(self._filled):
            placeholder, value = self._placeholders[name], here.get(name)
            if value is None or placeholder.tensor() is not value or placeholder.content is None:
                continue
            if _state(value) != (placeholder.version, placeholder.content):
                continue
            if name in buffers or not placeholder.content.all_zero:
                found[name] = placeholder.content.all_zero
        return dict(sorted(found.items()))

    def record_report(self) -> None:
        """Record what is left, as the library reports it and by our own count."""
        self.look_up_files()
        info = loading_info(self.returned)
        for name, shape in info.mismatched.items() if info is not None else ():
            self._mark_mismatched(name, shape)
        if info is not None:
            self._mark_left_on_disk(info)
        left = [name for name in self._stored if not self.is_settled(name)]
        unread: list[str] = []
        never_filled = self._never_filled() if info is not None else {}
        if info is None:  # it was aborted: tensors with a place in the model would have come later
            unread = [name for name in left if self.target(name) is not None]
            left = [name for name in left if self.target(name) is None]
        reported = set(info.unexpected) if info is not None else set()
        parameters = list(self.parameter_index.parameters())
        new = self._new(parameters) if info is not None else []
        facts = {
            "class": self._class,
            "within": self._within,
            "checkpoint": len(self._stored),
            "loaded": len(self._loaded),
            "filled": len(set(self._filled)),
            "missing": self._missing(info) if info is not None else [],
            "unexpected": [
                {**self._from_file(name), "told": not reported.isdisjoint(self._candidates(name))} for name in left
            ],
            "mismatched": [
                {
                    "parameter": mismatch.parameter,
                    "shape": mismatch.shape,
                    "shape_there": self._shape(mismatch.parameter),
                    "sources": [self._from_file(name) for name in mismatch.sources],
                }
                for mismatch in self._mismatched
            ],
            "unconverted": self._unconverted,
            "tied": [names for names in _names_by_tensor(parameters).values() if len(names) > 1],
            "new": [name for name in new if not self.is_on_meta(name)],
            "empty": [name for name in new if self.is_on_meta(name)],
            "unread": unread,
            "never_filled": list(never_filled),
            "never_filled_zero": [name for name, all_zero in never_filled.items() if all_zero],
            "tied_differ": self._tied_and_different(parameters) if info is not None else [],
        }
        self._recording.record_event("weights-report", self._recording.clean_data(facts), stage="weights")

    def _mark_mismatched(self, name: str, shape: list[int] | None) -> None:
        parameter = self.target(name) or name
        sources = [own for own in self._stored if not self.is_settled(own) and self.target(own) == parameter]
        if sources:
            self.mismatched(sources, parameter, shape)

    def _mark_left_on_disk(self, info: LoadingInfo) -> None:
        """Record tensors that stay on the disk: a file with only such tensors is not even opened."""
        reported = set(info.unexpected)
        for name in [name for name in self._stored if not self.is_settled(name)]:
            parameter = self.target(name)
            if parameter is not None and self.is_on_meta(parameter) and reported.isdisjoint(self._candidates(name)):
                self.loaded([name], parameter, device="disk")

    def _missing(self, info: LoadingInfo) -> list[str]:
        return [name for name in (self.target(name) or name for name in info.missing) if self._is_of_this_load(name)]

    def _new(self, parameters: list[tuple[str, Any]]) -> list[str]:
        """Return the parameters that got no value from the checkpoint under any of their names."""
        given = {*self._filled, *(name for group in self._unconverted for name in group["parameters"])}
        filled = {id(value) for name, value in parameters if name in given}
        return [name for name, value in parameters if id(value) not in filled and self._is_of_this_load(name)]

    def _is_of_this_load(self, name: str) -> bool:
        """Return whether this load was to fill a parameter: an adapter's load does not fill its base model."""
        if self._wanted is not None and name not in self._wanted:
            return False
        value = self.parameter_index.find(name)
        before = self._settled_before.get(id(value))
        return before is None or before[0] is not value or before[1] != _version(value)

    def model_tensors(self) -> list[Any]:
        """Return the tensors of the model, all of which the report covers."""
        return [value for _, value in self.parameter_index.parameters()]

    def _tied_and_different(self, parameters: list[tuple[str, Any]]) -> list[list[str]]:
        """Return the parameters that share a tensor now and had different ones in the checkpoint, two names each."""
        sources = {parameter: names[0] for parameter, names in self._sources.items() if len(names) == 1}
        found = []
        for names in _names_by_tensor(parameters).values():
            first, *others = [name for name in names if name in sources] or [""]
            for other in others:
                if self._files.differ(self._stored, sources[first], sources[other]):
                    found.append([self._clean(first), self._clean(other)])
        return found

    def _shape(self, parameter: str) -> list[int] | None:
        value = self.parameter_index.find(parameter)
        return None if value is None else tensor_facts(value).shape

    def _from_file(self, name: str) -> dict[str, Any]:
        stored = self._stored.get(name)
        if stored is None:
            return {"name": self._clean(name)}
        path = None if stored.path is None else self._clean(stored.path)
        dtype = self._clean(stored.dtype)
        return {"name": self._clean(name), "path": path, "shape": stored.shape, "dtype": dtype, "bytes": stored.bytes}

    def _clean(self, text: str) -> str:
        return self._recording.clean(without_surrogates(text))


def _is_marked(value: Any) -> bool:
    """Return whether the library has marked a tensor as filled, so that it will not initialise it."""
    return getattr(value, "__dict__", {}).get("_is_hf_initialized") is True


def _version(value: Any) -> int | None:
    """Return torch's counter of changes in place; None if torch does not count them."""
    try:
        return int(value._version)
    except RuntimeError:  # made in inference mode
        return None


def _state(value: Any) -> tuple[int | None, Sample | None]:
    """Return torch's counter of changes and a sample: writing through ``.data`` is not counted."""
    return _version(value), sample(value)


def _names_by_tensor(parameters: list[tuple[str, Any]]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for name, value in parameters:
        names.setdefault(id(value), []).append(name)
    return names
