"""Releases between the tested ones: other signatures of the same functions, each as in one of these releases."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from tracer.recorder.guard import Guard
from tracer.recorder.patches import Patches
from tracer.recorder.weights.checkpoint_load import loading_info
from tracer.recorder.weights.weights_watch import WeightsWatch


class FakeRecording:
    """A recording that only collects events."""

    calls_only = False

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.skipped: dict[str, str] = {}
        self.guard = Guard(self.skip)

    def record_event(self, kind: str, data: dict[str, Any], *, stage: str | None = None) -> None:
        assert stage == "weights"
        self.events.append((kind, data))

    def outer_load(self, model_class: type) -> None:
        """Say that the load is no part of another one."""

    def skip(self, name: str, reason: str) -> None:
        self.skipped[name] = reason

    def clean(self, text: str) -> str:
        return text

    def clean_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return data

    def check_limit(self, stage: str) -> None:
        pass

    @property
    def reports(self) -> list[dict[str, Any]]:
        return [data for kind, data in self.events if kind == "weights-report"]

    @property
    def filled(self) -> dict[str, list[str]]:
        return {
            data["parameter"]: [source["name"] for source in data["sources"]]
            for kind, data in self.events
            if kind == "tensor-loaded"
        }


class Renaming:
    """``WeightRenaming``: one tensor under another name."""

    __slots__ = ("collected_tensors", "layer_targets", "source_patterns", "target_patterns")

    def __init__(self, source: str, target: str) -> None:
        self.source_patterns, self.target_patterns = [source], [target]
        self.collected_tensors: dict[str, list[Any]] = defaultdict(list)
        self.layer_targets: dict[str, set[str]] = defaultdict(set)

    def add_tensor(self, target: str, source: str, pattern: str, value: Any) -> None:
        self.collected_tensors[pattern].append(value)
        self.layer_targets[target].add(source)

    def materialize_tensors(self) -> dict[str, list[Any]]:
        found = dict(self.collected_tensors)
        self.collected_tensors.clear()
        return found

    def convert(self, layer_name: str, conversion_errors: Any = None) -> tuple[dict[str, Any], Any]:
        found = self.materialize_tensors()
        return {self.target_patterns[0]: found[self.source_patterns[0]]}, conversion_errors


def set_param_of_5_0(
    model: Any,
    target_name: str,
    param_value: Any,
    mismatch_keys: set[Any],
    missing_keys: set[str],
    unexpected_keys: set[str],
    distributed_operation: Any,
    hf_quantizer: Any,
) -> None:
    set_param(model, target_name, param_value, missing_keys, mismatch_keys)


def set_param_of_5_9(model: Any, target_name: str, param_value: Any, loading_info: Any, hf_quantizer: Any) -> None:
    set_param(model, target_name, param_value, loading_info.missing_keys, loading_info.mismatched_keys)


def rename_source_key(source_key: str, *_: Any) -> tuple[str, None]:
    return source_key.removeprefix("base."), None


def set_param(model: Any, name: str, value: Any, missing: set[str], mismatched: set[Any]) -> None:
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    place = getattr(module, leaf)
    missing.discard(name)
    if place.shape != value.shape:
        mismatched.add((name, value.shape, place.shape))
    else:
        value = torch.nn.Parameter(value)
        value._is_hf_initialized = True  # type: ignore[attr-defined]
        setattr(module, leaf, value)


class Base(torch.nn.Module):
    """``PreTrainedModel``, as far as it loads weights. ``says`` forms what a release returns."""

    base_model_prefix = "base"
    says: Callable[[SimpleNamespace], Any]

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):
            self.layer = torch.nn.Linear(2, 3)
            self.head = torch.nn.Linear(3, 4)


def load_pretrained_model(
    cls, model: Any, state_dict: Any, checkpoint_files: Any, load_config: Any, expected_keys: Any = None
) -> Any:
    loading = sys.modules["transformers.core_model_loading"]
    info = SimpleNamespace(
        missing_keys=set(model.state_dict()), unexpected_keys=set(), mismatched_keys=set(), conversion_errors={}
    )
    groups: dict[str, Renaming] = {}
    for source, value in sorted(state_dict.items()):
        target, _ = loading.rename_source_key(source, [], [])
        if target in info.missing_keys:
            group = groups.setdefault(target, Renaming(source, target))
            group.add_tensor(target, source, source, value)
        else:
            info.unexpected_keys.add(target)
    for target, group in groups.items():
        for name, values in group.convert(target, {})[0].items():
            if load_config == "5.0":
                given = (info.mismatched_keys, info.missing_keys, info.unexpected_keys, None)
            else:
                given = (info,)
            loading.set_param_for_module(model, name, values[0], *given, None)
    return cls.says(info)


class With50(Base):
    says = staticmethod(lambda info: info)
    _load_pretrained_model = classmethod(load_pretrained_model)

    @staticmethod
    def _finalize_load_state_dict(model: Any, load_config: Any, load_info: Any) -> Any:
        initialise(model, load_info)
        return SimpleNamespace(**{**vars(load_info), "missing_keys": set(load_info.missing_keys) - {"head.bias"}})


class With59(Base):
    says = staticmethod(lambda info: (info, {}))
    _load_pretrained_model = classmethod(load_pretrained_model)

    @staticmethod
    def _finalize_model_loading(model: Any, load_config: Any, loading_info: Any) -> Any:
        initialise(model, loading_info)
        loading_info.missing_keys.discard("head.bias")
        return loading_info


def initialise(model: Any, info: Any) -> None:
    for name in info.missing_keys | {one[0] for one in info.mismatched_keys}:
        path, _, leaf = name.rpartition(".")
        module = model.get_submodule(path)
        setattr(module, leaf, torch.nn.Parameter(torch.zeros(getattr(module, leaf).shape)))


Load = Callable[..., tuple[FakeRecording, Any, Any]]


@pytest.fixture(params=["5.0", "5.9"])
def load(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load tensors as a release does, watched; return the events, the model and the release's report."""
    release = request.param
    kind = With50 if release == "5.0" else With59
    loading = ModuleType("transformers.core_model_loading")
    vars(loading).update(
        rename_source_key=rename_source_key,
        set_param_for_module=named("set_param_for_module", set_param_of_5_0 if release == "5.0" else set_param_of_5_9),
        offload_and_maybe_resave_param=lambda target_name, *_: {},
        WeightRenaming=Renaming,
        SkipParameters=type("SkipParameters", (Exception,), {}),
    )
    monkeypatch.setitem(sys.modules, loading.__name__, loading)
    recording = FakeRecording()
    watch = WeightsWatch(recording)  # type: ignore[arg-type]
    patches = Patches(recording.guard)
    before = dict(vars(loading)), dict(vars(kind)), dict(vars(Renaming))
    watch.watch(as_module(kind), patches)

    def load(tensors: dict[str, Any], model: Any = None, expected_keys: Any = None) -> tuple[FakeRecording, Any, Any]:
        on_top = model is not None
        model = model if on_top else kind()
        returned = kind._load_pretrained_model(model, tensors, None, release, expected_keys)
        info = returned if release == "5.0" else returned[0]
        if on_top:  # as an adapter's: no step comes after it, but the model is put into evaluation mode
            model.eval()
            return recording, model, info
        finish = kind._finalize_load_state_dict if release == "5.0" else kind._finalize_model_loading
        return recording, model, finish(model, None, info)

    yield load
    watch.stop()
    patches.restore()
    assert (dict(vars(loading)), dict(vars(kind)), dict(vars(Renaming))) == before
    assert [name for name in recording.skipped if ".py" not in name and name != "tensors of adapters"] == []


def named(name: str, function: Any) -> Any:
    function.__qualname__ = name
    return function


def as_module(kind: type) -> ModuleType:
    module = ModuleType("transformers.modeling_utils")
    vars(module)["PreTrainedModel"] = kind
    return module


def tensors(**shapes: tuple[int, ...]) -> dict[str, Any]:
    return {name.replace("_", "."): torch.ones(shape) for name, shape in shapes.items()}


def test_all_is_loaded(load: Load) -> None:
    held = tensors(base_layer_weight=(3, 2), layer_bias=(3,), head_weight=(4, 3), head_bias=(4,))
    recording, model, info = load(held)
    assert recording.filled == {
        "head.bias": ["head.bias"],
        "head.weight": ["head.weight"],
        "layer.bias": ["layer.bias"],
        "layer.weight": ["base.layer.weight"],
    }
    (report,) = recording.reports
    assert (report["checkpoint"], report["loaded"], report["filled"]) == (4, 4, 4)
    assert not any(report[name] for name in ("missing", "unexpected", "mismatched", "unconverted", "new", "unread"))
    assert not info.missing_keys
    assert torch.equal(model.layer.weight, torch.ones(3, 2))


def test_what_is_left_is_what_the_release_says(load: Load) -> None:
    held = tensors(layer_weight=(3, 2), layer_bias=(5,), other_weight=(1,))
    recording, _, info = load(held)
    (report,) = recording.reports
    assert report["missing"] == sorted(info.missing_keys) == ["head.weight"]
    assert {one["name"] for one in report["unexpected"]} == info.unexpected_keys == {"other.weight"}
    assert all(one["told"] for one in report["unexpected"])
    (mismatch,) = report["mismatched"]
    assert (mismatch["parameter"], mismatch["shape"], mismatch["shape_there"]) == ("layer.bias", [5], [3])
    assert set(report["new"]) == {"head.weight", "head.bias", "layer.bias"}
    assert report["loaded"] == 1
    assert report["unread"] == []


def test_a_load_on_top_of_a_filled_model_is_not_about_what_is_there(load: Load) -> None:
    """Of an adapter: the release may name every parameter as expected, and counts all of the base as missing."""
    recording, model, _ = load(tensors(layer_weight=(3, 2), layer_bias=(3,), head_weight=(4, 3), head_bias=(4,)))
    model.lora = torch.nn.Linear(2, 2)
    everything = [name for name, _ in model.named_parameters()]
    recording, _, info = load({"lora.weight": torch.ones(2, 2)}, model, everything)
    assert len(info.missing_keys) == 5
    report = recording.reports[-1]
    assert (report["checkpoint"], report["loaded"]) == (1, 1)
    assert report["new"] == report["missing"] == ["lora.bias"]


def test_a_function_that_takes_something_else_does_not_break_the_load(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in the recorder's own bookkeeping never reaches the load."""
    from tracer.recorder.weights.checkpoint_load import CheckpointLoad

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise AttributeError("no such attribute")

    with monkeypatch.context() as context:
        for name in ("rename", "matched", "loaded", "mismatched", "record_report"):
            context.setattr(CheckpointLoad, name, broken)
        recording, model, info = load(tensors(layer_weight=(3, 2), layer_bias=(5,)))
    assert torch.equal(model.layer.weight, torch.ones(3, 2))
    assert info.missing_keys == {"head.weight"}
    watched = ("rename_source_key", "convert", "set_param_for_module")
    assert [name for name in watched if any(noted.endswith(name) for noted in recording.skipped)] == [*watched]
    assert "report of the weights" in recording.skipped
    recording.skipped.clear()


@pytest.mark.parametrize("form", [tuple, "bare", "in a tuple"])
def test_every_form_of_what_a_release_says(form: Any) -> None:
    info = SimpleNamespace(
        missing_keys={"b", "a"}, unexpected_keys=set(), mismatched_keys={("c", torch.Size([5]), torch.Size([3]))}
    )
    returned: Any = {
        tuple: (None, list(info.missing_keys), [], list(info.mismatched_keys)),
        "bare": info,
        "in a tuple": (info, {}),
    }[form]
    assert loading_info(returned) == (["a", "b"], [], {"c": [5]})
    assert loading_info(None) is None


# ── How files are read ──────────────────────────────────────────────────────────────────────────────


def test_names_and_shapes_read_first_are_no_reading_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """4.50 to 4.57 read a file onto meta, and then open it again for each tensor's numbers."""
    from tracer.analysis.diff.built_model import compare_weights
    from tracer.recorder.weights.weights_watch import ShardWatch
    from tracer.views.diff import WORDS

    modeling = ModuleType("transformers.modeling_utils")
    monkeypatch.setitem(sys.modules, modeling.__name__, modeling)
    vars(modeling)["safe_open"] = lambda path, **_: {"a": None}

    def load_state_dict(path: str, map_location: str = "cpu") -> dict[str, Any]:
        vars(modeling)["safe_open"](path)
        return {"a": torch.empty(2, device=map_location)}

    vars(modeling)["load_state_dict"] = load_state_dict
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    traces = []
    for place in ("cpu", "meta"):
        recording = FakeRecording()
        patches = Patches(recording.guard)
        watch = ShardWatch(recording)  # type: ignore[arg-type]
        watch.watch(patches)
        vars(modeling)["load_state_dict"](str(path), map_location=place)
        vars(modeling)["safe_open"](str(path))
        watch.stop()
        patches.restore()
        steps = [SimpleNamespace(kind=kind, data=data, number=at) for at, (kind, data) in enumerate(recording.events)]
        traces.append(
            SimpleNamespace(steps=lambda kinds, steps=steps, **_: [one for one in steps if one.kind in kinds])
        )
    (found,) = compare_weights(*traces)  # type: ignore[arg-type]
    assert (found.what, found.a, found.b) == (
        "read-by", ["shard-opened", "shard-read"], ["shard-opened", "shard-read-names"],
    )  # fmt: skip
    assert str(WORDS["shard-opened+shard-read-names"]).startswith("read for names and shapes first")
