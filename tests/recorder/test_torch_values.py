"""Summaries of torch's and transformers' values: read from their metadata, never through their methods."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402

from tests.recorder.hostile import armed, hostile  # noqa: E402
from tests.recorder.made_summaries import Made  # noqa: E402
from tracer.recorder import safe_inspect  # noqa: E402
from tracer.recorder.library_values import packed_weights  # noqa: E402
from tracer.recorder.stepping.local_changes import LocalChanges  # noqa: E402
from tracer.trace import values as v  # noqa: E402


@pytest.fixture
def made() -> Made:
    return Made()


def quantised() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.quint8)


def nested() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])


def fake() -> Any:
    with FakeTensorMode() as mode:
        return mode.from_tensor(torch.zeros(2, 3))


TENSORS: dict[str, tuple[Any, v.Value]] = {
    "scalar": (lambda: torch.tensor(1), v.Tensor("Tensor", [], "int64", "cpu")),
    "matrix": (lambda: torch.zeros(2, 3), v.Tensor("Tensor", [2, 3], "float32", "cpu")),
    "half": (lambda: torch.zeros(4, dtype=torch.bfloat16), v.Tensor("Tensor", [4], "bfloat16", "cpu")),
    "empty": (lambda: torch.zeros(0, 3), v.Tensor("Tensor", [0, 3], "float32", "cpu")),
    "needs a gradient": (
        lambda: torch.zeros(2, requires_grad=True) * 2,
        v.Tensor("Tensor", [2], "float32", "cpu", True),
    ),
    "parameter": (lambda: nn.Parameter(torch.zeros(2)), v.Tensor("Parameter", [2], "float32", "cpu", True)),
    "meta": (lambda: torch.zeros(10**6, 10**6, device="meta"), v.Tensor("Tensor", [10**6, 10**6], "float32", "meta")),
    "sparse": (lambda: torch.eye(3).to_sparse(), v.Tensor("Tensor", [3, 3], "float32", "cpu")),
    "complex": (lambda: torch.zeros(1, dtype=torch.complex64), v.Tensor("Tensor", [1], "complex64", "cpu")),
    "quantised": (quantised, v.Tensor("Tensor", [2], "quint8", "cpu")),
}


@pytest.mark.parametrize("what", TENSORS)
def test_a_tensor_is_summarised_by_its_metadata(made: Made, what: str) -> None:
    make, summary = TENSORS[what]
    assert made(make()) == summary


@pytest.mark.parametrize(
    "make", [nested, fake, lambda: nn.UninitializedParameter(), lambda: torch.zeros(2).to_mkldnn()]
)
def test_a_tensor_of_another_kind_is_summarised_or_named(made: Made, make: Any) -> None:
    value = made(make())
    assert isinstance(value, (v.Tensor, v.Object))
    assert made({"a": [make()]}) is not None


def test_a_fake_tensor_is_not_asked_for_its_device(made: Made) -> None:
    shown = made(fake())
    assert isinstance(shown, v.Tensor)
    assert (shown.type, shown.shape, shown.dtype) == ("FakeTensor", [2, 3], "float32")


TOUCHED: list[str] = []


class Loud(torch.Tensor):  # type: ignore[misc]
    """Tells when any of its own code runs."""

    @classmethod
    def __torch_function__(cls, func: Any, *args: Any, **kwargs: Any) -> Any:
        TOUCHED.append(f"function {func}")
        return super().__torch_function__(func, *args, **kwargs)

    @property
    def shape(self) -> Any:
        TOUCHED.append("shape")
        return ()

    @property
    def device(self) -> Any:
        TOUCHED.append("device")

    @property
    def dtype(self) -> Any:
        TOUCHED.append("dtype")

    def __repr__(self) -> str:
        TOUCHED.append("repr")
        return ""

    def __len__(self) -> int:
        TOUCHED.append("len")
        return 0

    def __getattribute__(self, name: str) -> Any:
        TOUCHED.append(f"attribute {name}")
        return super().__getattribute__(name)


class Wrapper(torch.Tensor):  # type: ignore[misc]
    """A tensor that answers for its sizes and its device itself, in Python."""

    @staticmethod
    def __new__(cls) -> Wrapper:
        return torch.Tensor._make_wrapper_subclass(
            cls, (2, 3), dispatch_sizes_strides_policy="sizes", dispatch_device=True, device="cpu"
        )

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, *args: Any, **kwargs: Any) -> Any:
        TOUCHED.append(f"dispatch {func}")
        raise RuntimeError(func)


@pytest.mark.parametrize("make", [lambda: torch.zeros(2, 3).as_subclass(Loud), Wrapper])
def test_a_tensor_subclass_is_read_without_its_own_code(made: Made, make: Any) -> None:
    value = make()
    TOUCHED.clear()
    shown = made(value)
    made([value])
    changes = LocalChanges(made.summaries)
    changes.since_last({"a": value, "b": [value], "c": {"d": value}})
    changes.since_last({"a": [value], "b": value})
    made.summaries.summary(value)
    made(ValueError(value))
    assert TOUCHED == []
    if isinstance(shown, v.Tensor):
        assert shown.shape == [2, 3]


def test_modes_of_the_traced_program_do_not_see_it(made: Made) -> None:
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    class Seen(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            TOUCHED.append(str(func))
            return func(*args, **(kwargs or {}))

    class SeenFunction(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            TOUCHED.append(str(func))
            return func(*args, **(kwargs or {}))

    value, layer = torch.zeros(3), nn.Linear(2, 2)
    TOUCHED.clear()
    with Seen(), SeenFunction():
        made([value, layer])
    assert TOUCHED == []


# ── Modules ────────────────────────────────────────────────────────────────────────────────────────


def test_a_module_is_summarised_by_its_size(made: Made) -> None:
    shared = nn.Linear(3, 4)
    model = nn.Sequential(shared, nn.Linear(4, 4, bias=False), shared, nn.ModuleDict({"a": nn.LayerNorm(4)}))
    assert made(model) == v.Module(
        "torch.nn.modules.container.Sequential", sum(parameter.numel() for parameter in model.parameters())
    )
    assert made(nn.Module()) == v.Module("torch.nn.modules.module.Module", 0)


class Quantised(torch.Tensor):  # type: ignore[misc]
    """A weight of eight bits with a scale for each row, as packages that quantise have them."""

    @staticmethod
    def __new__(cls, data: Any, scale: Any) -> Quantised:
        return torch.Tensor._make_wrapper_subclass(cls, data.shape, dtype=torch.float32)

    def __init__(self, data: Any, scale: Any) -> None:
        self.data_, self.scale_ = data, scale

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, *args: Any, **kwargs: Any) -> Any:
        if "detach" in str(func):
            return cls(args[1][0].data_, args[1][0].scale_)
        TOUCHED.append(f"dispatch {func}")
        raise RuntimeError(func)


def quantised_layer(rows: int, columns: int) -> Any:
    layer = nn.Linear(columns, rows)
    weight = Quantised(torch.zeros(rows, columns, dtype=torch.int8), torch.zeros(rows, 1))
    layer._parameters["weight"] = nn.Parameter(weight, requires_grad=False)
    return layer


def test_a_weight_that_wraps_others_is_counted_by_what_it_holds(made: Made) -> None:
    model = nn.Sequential(quantised_layer(4, 8), quantised_layer(2, 4), nn.Linear(2, 2, bias=False))
    TOUCHED.clear()
    assert made(model) == v.Module("torch.nn.modules.container.Sequential", (32 + 4 + 4) + (8 + 2 + 2) + 4)
    assert packed_weights(model) == [{"type": "Quantised", "count": 2, "numbers": 32 + 4 + 8 + 2, "bytes": 40 + 4 * 6}]
    assert TOUCHED == []


def test_packed_weights_are_told_by_their_dtype() -> None:
    def packed(dtype: Any, *shape: int) -> Any:
        return nn.Parameter(torch.zeros(shape, dtype=dtype), requires_grad=False)

    model = nn.Module()
    model.packed, model.more = packed(torch.int32, 4, 2), packed(torch.int32, 2, 2)
    model.byte = packed(torch.float8_e4m3fn, 4)
    model.shape, model.scale, model.count = packed(torch.int64, 2), packed(torch.float32, 4), packed(torch.int32)
    model.register_buffer("ids", torch.zeros(4, dtype=torch.int32))
    expected = [
        {"type": "int32", "count": 2, "numbers": 12, "bytes": 48},
        {"type": "float8_e4m3fn", "count": 1, "numbers": 4, "bytes": 4},
    ]
    assert packed_weights(model) == expected
    model.config = transformers.BertConfig(quantization_config={"quant_method": "gptq"})  # it keeps weights in buffers
    assert packed_weights(model) == [{"type": "int32", "count": 3, "numbers": 16, "bytes": 64}, expected[1]]
    assert packed_weights(nn.BatchNorm1d(2)) == packed_weights(None) == []


def test_torchaos_weights_have_the_shape_of_what_they_stand_for(made: Made) -> None:
    torchao = pytest.importorskip("torchao.quantization", reason="torchao is in no environment of the tests by itself")
    model = nn.Sequential(nn.Linear(64, 64, bias=False))
    torchao.quantize_(model, torchao.Int8WeightOnlyConfig(version=2))
    assert made(model) == v.Module("torch.nn.modules.container.Sequential", 64 * 64)
    assert made(model[0].weight) == v.Tensor("Int8Tensor", [64, 64], "float32", "cpu")
    (packed,) = packed_weights(model)
    assert (packed["type"], packed["count"], packed["numbers"]) == ("Int8Tensor", 1, 64 * 64 + 2 * 64)


def test_a_module_on_meta_and_one_without_weights_yet(made: Made) -> None:
    assert made(nn.Linear(10**5, 10**5, bias=False, device="meta")) == v.Module(
        "torch.nn.modules.linear.Linear", 10**10
    )
    lazy = made(nn.LazyLinear(4))
    assert isinstance(lazy, v.Module)
    assert made(torch.jit.script(nn.Linear(1, 1))) is not None


def test_a_module_that_contains_itself(made: Made) -> None:
    model = nn.Linear(2, 2)
    model._modules["itself"] = model
    assert made(model) == v.Module("torch.nn.modules.linear.Linear", 6)


def test_a_module_nested_deeply(made: Made) -> None:
    model: Any = nn.Linear(1, 1)
    for _ in range(3_000):
        outer = nn.Module()
        outer._modules["inner"] = model
        model = outer
    made(model)


class LoudModule(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def __getattr__(self, name: str) -> Any:
        TOUCHED.append(name)
        return super().__getattr__(name)

    def __getattribute__(self, name: str) -> Any:
        TOUCHED.append(name)
        return super().__getattribute__(name)

    def parameters(self, *_: Any) -> Any:
        TOUCHED.append("parameters")

    def __repr__(self) -> str:
        TOUCHED.append("repr")
        return ""

    def __len__(self) -> int:
        TOUCHED.append("len")
        return 0


def test_a_module_is_not_asked(made: Made) -> None:
    model = LoudModule()
    TOUCHED.clear()
    assert made(model) == v.Module(f"{__name__}.LoudModule", 6)
    made([model])
    assert TOUCHED == []


def test_a_module_of_traps(made: Made) -> None:
    kind = hostile(nn.Module)
    model = nn.Module.__new__(kind)
    with armed() as touched:
        assert isinstance(made(model), v.Module)
    assert touched == []


@pytest.mark.parametrize(
    "registry", [None, 3, [], {"a": 1}, {"a": torch}, {1: None}, {"a": {"b": 1}}, {"a": nn.Linear}, "text"]
)
def test_a_module_with_odd_registries(made: Made, registry: Any) -> None:
    model = nn.Linear(2, 2)
    raw_dict = safe_inspect.instance_dict(model)
    assert raw_dict is not None
    raw_dict["_modules"] = registry
    raw_dict["_parameters"] = registry
    assert isinstance(made(model), v.Module)


# ── Other values of torch and transformers ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "text"),
    [(torch.float16, "torch.float16"), (torch.device("cpu"), "cpu"), (torch.Size([1, 2]), "torch.Size([1, 2])")],
)
def test_small_values_of_torch(made: Made, value: Any, text: str) -> None:
    shown = made(value)
    assert isinstance(shown, (v.Named, v.Sequence))
    if isinstance(shown, v.Named):
        assert shown.text == text


def test_a_config_is_its_dictionary(made: Made) -> None:
    config = transformers.BertConfig(hidden_size=8, label2id={"a": 0})
    shown = made(config)
    assert isinstance(shown, v.Config)
    items = {key: made.value(number) for key, number in shown.items}
    assert items["hidden_size"] == v.Plain(8)
    assert shown.type == "transformers.models.bert.configuration_bert.BertConfig"


def test_a_config_is_not_asked(made: Made) -> None:
    class LoudConfig(transformers.PretrainedConfig):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            TOUCHED.append(name)
            return super().__getattribute__(name)

        def __repr__(self) -> str:
            TOUCHED.append("repr")
            return ""

        def to_dict(self) -> Any:
            TOUCHED.append("to_dict")

        def __eq__(self, other: object) -> bool:
            TOUCHED.append("eq")
            return False

        __hash__ = None  # type: ignore[assignment]

    config = LoudConfig(a=1)
    config.a = [1]
    TOUCHED.clear()
    assert isinstance(made(config), v.Config)
    changes = LocalChanges(made.summaries)
    changes.since_last({"config": config, "in": [config]})
    raw_dict = safe_inspect.instance_dict(config)
    assert raw_dict is not None
    raw_dict["b"] = 1
    raw_dict["a"].append(2)
    assert len(changes.since_last({"config": config, "in": [config]})) == 2
    assert TOUCHED == []


def test_a_lazy_module_stays_lazy(made: Made) -> None:
    before = set(sys.modules)
    made({"transformers": transformers, "models": transformers.models})
    assert set(sys.modules) == before
