"""Time and memory on the device, measured without making the program wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any


class NoClock:
    """The clock for the CPU, where the host's clock is enough."""

    def enter(self, call: int) -> dict[str, Any]:
        return {}

    def leave(self, call: int) -> dict[str, Any]:
        return {}

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def measured(self) -> dict[str, float]:
        return {}


class CudaClock:
    """CUDA events around each call, read once at the end, and the allocator's own counters.

    ``cuda_before`` and ``cuda_after`` are bytes allocated on the device; the counters are the host's and cost no wait.
    """

    def __init__(self, device: Any) -> None:
        import torch

        self._cuda = torch.cuda
        self._device = device
        self._begun: dict[int, Any] = {}
        self._pairs: dict[int, tuple[Any, Any]] = {}
        self._asides: list[tuple[Any, Any, list[int]]] = []

    def enter(self, call: int) -> dict[str, Any]:
        self._begun[call] = self._event()
        return {"cuda_before": self._cuda.memory_allocated(self._device)}

    def leave(self, call: int) -> dict[str, Any]:
        self._pairs[call] = (self._begun.pop(call), self._event())
        return {"cuda_after": self._cuda.memory_allocated(self._device)}

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Exclude what the device does meanwhile from the calls that are open now."""
        begin = self._event()
        try:
            yield
        finally:
            self._asides.append((begin, self._event(), list(self._begun)))

    def _event(self) -> Any:
        event = self._cuda.Event(enable_timing=True)
        event.record(self._cuda.current_stream(self._device))
        return event

    def measured(self) -> dict[str, float]:
        """Return the milliseconds of each call by its number; wait for the device once."""
        if not self._pairs:
            return {}
        self._cuda.synchronize(self._device)
        spent = {call: begin.elapsed_time(end) for call, (begin, end) in self._pairs.items()}
        for begin, end, calls in self._asides:
            for call in calls:
                if call in spent:
                    spent[call] -= begin.elapsed_time(end)
        self._pairs.clear()
        self._asides.clear()
        return {str(call): round(max(milliseconds, 0.0), 4) for call, milliseconds in spent.items()}


def clock_for(device: Any) -> NoClock | CudaClock:
    return CudaClock(device) if getattr(device, "type", "cpu") == "cuda" else NoClock()
