"""Minimum, maximum, mean, NaN and infinity counts of the tensors in an output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

_MAX_TENSORS: Final = 64


def statistics_of(output: Any) -> list[dict[str, Any]]:
    """One entry a tensor, in the order in which they stand in the output; ``at`` tells where."""
    import torch

    made: list[dict[str, Any]] = []
    with _without_modes(), torch.no_grad():
        for at, value in _tensors(output, "", 4):
            if len(made) >= _MAX_TENSORS:
                break
            if value.numel() == 0 or value.is_meta or value.is_complex() or _is_fake(value):
                continue
            made.append({"at": at, **_of(value.detach())})
    return made


def _is_fake(value: Any) -> bool:
    """Whether a tensor has a shape and a dtype, but no numbers."""
    fakes = sys.modules.get("torch._subclasses.fake_tensor")
    return fakes is not None and isinstance(value, fakes.FakeTensor)


@contextmanager
def _without_modes() -> Iterator[None]:
    """Take away the modes that see each operator: ours, and those that the program counts its own operators with."""
    from torch.utils._python_dispatch import _get_current_dispatch_mode_stack, _pop_mode_temporarily

    with ExitStack() as taken_away:
        for _ in _get_current_dispatch_mode_stack():
            taken_away.enter_context(_pop_mode_temporarily())
        yield


def _of(value: Any) -> dict[str, Any]:
    import torch

    numbers = value.double() if value.dtype != torch.bool else value.to(torch.uint8).double()
    finite = numbers[torch.isfinite(numbers)]
    some = finite.numel() > 0
    return {
        "min": finite.min().item() if some else None,
        "max": finite.max().item() if some else None,
        "mean": finite.mean().item() if some else None,
        "nan": int(torch.isnan(numbers).sum()),
        "inf": int(torch.isinf(numbers).sum()),
    }


def _tensors(value: Any, at: str, depth: int) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(value, torch.Tensor):
        yield at, value
    elif depth and isinstance(value, dict):
        for name, item in dict.items(value):
            yield from _tensors(item, f"{at}.{name}" if at else str(name), depth - 1)
    elif depth and isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _tensors(item, f"{at}[{index}]", depth - 1)
