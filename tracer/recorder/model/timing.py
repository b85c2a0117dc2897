"""Time and memory on the device, without making the program wait for it."""

from __future__ import annotations

from typing import Any


class NoClock:
    """On the CPU the host's clock says all there is."""

    def enter(self, call: int) -> dict[str, Any]:
        return {}

    def leave(self, call: int) -> dict[str, Any]:
        return {}

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

    def enter(self, call: int) -> dict[str, Any]:
        event = self._begun[call] = self._cuda.Event(enable_timing=True)
        event.record(self._cuda.current_stream(self._device))
        return {"cuda_before": self._cuda.memory_allocated(self._device)}

    def leave(self, call: int) -> dict[str, Any]:
        event = self._cuda.Event(enable_timing=True)
        event.record(self._cuda.current_stream(self._device))
        self._pairs[call] = (self._begun.pop(call), event)
        return {"cuda_after": self._cuda.memory_allocated(self._device)}

    def measured(self) -> dict[str, float]:
        """Milliseconds of each call, by its number; waits for the device once."""
        if not self._pairs:
            return {}
        self._cuda.synchronize(self._device)
        times = {str(call): round(begin.elapsed_time(end), 4) for call, (begin, end) in self._pairs.items()}
        self._pairs.clear()
        return times


def clock_for(device: Any) -> NoClock | CudaClock:
    return CudaClock(device) if getattr(device, "type", "cpu") == "cuda" else NoClock()
