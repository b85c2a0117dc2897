"""Models built without their checkpoint: with random weights, or on fake tensors that take no memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from tracer.recorder.patches import Patches
from tracer.recorder.stepping.settrace import unstepped

_SEED: Final = 0


def from_configuration(auto_class: Any, model: str, arguments: dict[str, Any], dtype: Any, device: str = "cpu") -> Any:
    """Build a model without a checkpoint: its configuration, and weights as the code initialises them.

    The weights are the same every time: torch's generators are seeded for the construction and restored after it. On a
    GPU the weights are made there, where billions of random numbers take seconds.
    """
    import torch
    import transformers

    trust = {"trust_remote_code": arguments.get("trust_remote_code")}
    wanted = {name: value for name, value in arguments.items() if name not in ("dtype", "torch_dtype")}
    # As in from_pretrained: arguments that the configuration knows become attributes, the rest is for the model.
    config_class = getattr(auto_class, "config_class", None) or transformers.AutoConfig  # a class itself has its own
    config, rest = config_class.from_pretrained(model, return_unused_kwargs=True, **wanted)
    rest = {name: value for name, value in rest.items() if name not in ("trust_remote_code", "code_revision")}
    if dtype is not None and dtype != "auto":
        rest[dtype_argument()] = dtype
    there = torch.device(device)
    with torch.random.fork_rng(devices=[there] if there.type == "cuda" else []), _built_on(there):
        torch.manual_seed(_SEED)
        if issubclass(auto_class, transformers.PreTrainedModel):
            return auto_class._from_config(config, **rest)
        return auto_class.from_config(config, **trust, **rest)


class FakeWeights:
    """Construction on fake tensors: shapes and dtypes without numbers.

    A pass runs outside the mode, with real token ids: the model really reads them, and only the results of operations
    on weights are fake.
    """

    def __init__(self) -> None:
        from torch._subclasses.fake_tensor import FakeTensorMode

        self._mode: Any = FakeTensorMode(allow_non_fake_inputs=True)

    def build(self, auto_class: Any, model: str, arguments: dict[str, Any], dtype: Any) -> Any:
        with self._mode, _plain_skip_init(), self.unstepped():
            return from_configuration(auto_class, model, arguments, dtype)

    @contextmanager
    def unstepped(self) -> Iterator[None]:
        """Pause the trace function in what fake tensors do in Python for each operator, which is no part of a load."""
        from torch._subclasses import fake_tensor

        patches = Patches()
        for kind in (fake_tensor.FakeTensor, fake_tensor.FakeTensorMode):
            patches.set(kind, "__torch_dispatch__", _without_trace_function(vars(kind)["__torch_dispatch__"]))
        try:
            yield
        finally:
            patches.restore()

    def inputs(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs with pixels and other floating-point tensors as fake tensors."""
        return {
            name: self._mode.from_tensor(value) if value.is_floating_point() else value
            for name, value in arguments.items()
        }


def _without_trace_function(member: Any) -> Any:
    function = member.__func__ if isinstance(member, classmethod) else member

    @functools.wraps(function)
    def dispatched(*args: Any, **kwargs: Any) -> Any:
        with unstepped():
            return function(*args, **kwargs)

    return classmethod(dispatched) if isinstance(member, classmethod) else dispatched


def _built_on(device: Any) -> Any:
    """Return a context that makes this torch's default device, unless it is the CPU."""
    return device if device.type != "cpu" else nullcontext()


@contextmanager
def _plain_skip_init() -> Iterator[None]:
    """Replace ``skip_init``, which fake tensors refuse as it builds on meta and moves, with plain construction."""
    import torch

    def construct(module_class: Any, *args: Any, **kwargs: Any) -> Any:
        return module_class(*args, **kwargs)

    patches = Patches()
    patches.set(torch.nn.utils, "skip_init", construct)
    patches.set(torch.nn.utils.init, "skip_init", construct)
    try:
        yield
    finally:
        patches.restore()


def dtype_argument() -> str:
    """Return the name of the dtype argument: ``dtype`` replaced ``torch_dtype`` in transformers 4.56."""
    import transformers

    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"
