"""The three ways to a model: from its checkpoint, with random weights, or on fake tensors that take no memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording

_SEED: Final = 0


def from_configuration(auto_class: Any, model: str, arguments: dict[str, Any], dtype: Any) -> Any:
    """A model without a checkpoint: its configuration through ``AutoConfig``, its weights as the code makes them.

    The weights are the same every time: torch's generator is seeded for the construction and put back.
    """
    import torch
    import transformers

    trust = {"trust_remote_code": arguments.get("trust_remote_code")}
    wanted = {name: value for name, value in arguments.items() if name not in ("dtype", "torch_dtype")}
    # As in from_pretrained: what the configuration knows becomes its attribute, the rest is for the model.
    config, rest = transformers.AutoConfig.from_pretrained(model, return_unused_kwargs=True, **wanted)
    rest = {name: value for name, value in rest.items() if name not in ("trust_remote_code", "code_revision")}
    if dtype is not None and dtype != "auto":
        rest["dtype" if _takes_dtype(auto_class) else "torch_dtype"] = dtype
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        return auto_class.from_config(config, **trust, **rest)


class FakeWeights:
    """Construction on fake tensors: shapes and dtypes without numbers.

    A pass runs outside the mode, with real token ids: what the model reads out of them it really reads, and only what
    meets a weight is fake.
    """

    def __init__(self) -> None:
        from torch._subclasses.fake_tensor import FakeTensorMode

        self._mode: Any = FakeTensorMode(allow_non_fake_inputs=True)

    def build(self, auto_class: Any, model: str, arguments: dict[str, Any], dtype: Any) -> Any:
        with self._mode, _plain_skip_init():
            return from_configuration(auto_class, model, arguments, dtype)

    def inputs(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Pixels and other floating-point inputs as fake tensors."""
        return {
            name: self._mode.from_tensor(value) if value.is_floating_point() else value
            for name, value in arguments.items()
        }


@contextmanager
def _plain_skip_init() -> Iterator[None]:
    """``skip_init`` builds on meta and moves, which fake tensors refuse; on them plain construction costs nothing."""
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


def _takes_dtype(auto_class: Any) -> bool:
    import transformers

    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return (major, minor) >= (4, 56)


def record_totals(model: Any, recording: Recording) -> None:
    """How many parameters and numbers the model has, counted through its registries."""
    made = recording.summaries.summary(model)
    recording.meta(parameters=getattr(made, "parameters", None), tensors=sum(1 for _ in model.parameters()))
