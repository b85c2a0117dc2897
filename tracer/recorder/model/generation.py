"""Generation: each token with its text, its time, and how the cache, the mask and the positions grew."""

from __future__ import annotations

import time
from typing import Any, Final

from tracer.recorder.guard import CallOutcome, Watching
from tracer.recorder.model.lora import unwrap_peft
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording

_GREEDY: Final[dict[str, Any]] = {
    "temperature": 1.0, "top_k": 50, "top_p": 1.0, "min_p": None, "top_h": None, "typical_p": 1.0,
    "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "early_stopping": False, "num_beam_groups": 1,
    "diversity_penalty": 0.0, "length_penalty": 1.0, "constraints": None,
}  # fmt: skip
"""Settings that only sampling and beam search use, with the values that no release warns about without them."""


class TokenWatch:
    """A streamer for ``generate`` that records tokens with the lengths from the model's own bookkeeping."""

    def __init__(self, recording: Recording, tokenizer: Any) -> None:
        self._recording = recording
        self._tokenizer = tokenizer
        self._prompt_seen = False
        self._index = 0
        self._last = time.perf_counter_ns()
        self._lengths: dict[str, int] | None = None
        self._waiting: dict[str, Any] | None = None
        self._cache = CacheLength()
        self._patches = Patches(recording.guard)

    def watch(self, model: Any) -> None:
        """Watch what ``_update_model_kwargs_for_generation`` returns, until :meth:`stop`."""
        kind = type(unwrap_peft(model))
        original = getattr(kind, "_update_model_kwargs_for_generation", None)
        if original is not None:
            self._patches.watch(kind, "_update_model_kwargs_for_generation", self._updated, original)

    def _updated(self, _: Any, /, outputs: Any = None, *__: Any, **___: Any) -> Watching:
        outcome = yield
        self._lengths = {}
        if outcome.error is None:
            found = self._recording.guard.call("lengths of mask, positions and cache", self._measure, outputs, outcome)
            self._lengths = found or {}
        self._record_when_complete()

    def _measure(self, outputs: Any, outcome: CallOutcome) -> dict[str, int]:
        """Return the lengths of the mask, the positions and the cache, as far as they are certain."""
        arguments = outcome.result
        found: dict[str, int] = {}
        for name in ("attention_mask", "position_ids"):
            value = arguments.get(name)
            if value is not None and hasattr(value, "shape"):
                found[name] = int(value.shape[-1])
        # Positions done so far: those of the pass, or those in mask and position ids, which include the next one.
        logits = getattr(outputs, "logits", None)
        done = [int(logits.shape[1])] if logits is not None and len(logits.shape) == 3 and logits.shape[1] > 1 else []
        done += [found[name] - 1 for name in ("position_ids", "attention_mask") if name in found]
        length = self._cache.of(arguments.get("past_key_values"), done)
        if length is not None:
            found["cache"] = length
        return found

    def stop(self) -> None:
        self._patches.restore()

    # The methods that `generate` calls on a streamer.

    def put(self, value: Any) -> None:
        self._recording.guard.call("tokens", self._put, value)

    def end(self) -> None:
        self._recording.guard.call("tokens", self._end)

    def _put(self, value: Any) -> None:
        if not self._prompt_seen:  # the first call brings the prompt
            self._prompt_seen = True
            self._last = time.perf_counter_ns()
            return
        now = time.perf_counter_ns()
        for number in value.reshape(-1).tolist():
            facts = {
                "index": self._index,
                "id": number,
                "text": self._tokenizer.decode([number]),
                "nanoseconds": now - self._last,
            }
            self._index += 1
            if self._waiting is not None:  # the bookkeeping of the token before never came
                self._lengths = {}
                self._record_when_complete()
            self._waiting = facts
            self._record_when_complete()
        self._last = now

    def _end(self) -> None:
        self._lengths = self._lengths or {}
        self._record_when_complete()

    def _record_when_complete(self) -> None:
        """Record the token once its bookkeeping is done, which releases do before or after they stream it."""
        if self._waiting is not None and self._lengths is not None:
            facts = {**self._waiting, **self._lengths}
            self._waiting = self._lengths = None
            self._recording.record_event("token-generated", self._recording.clean_data(facts))


def generate(model: Any, inputs: dict[str, Any], count: int, watch: TokenWatch) -> Any:
    """Generate at most ``count`` tokens, each time the most likely one."""
    import torch

    watch.watch(model)
    try:
        with torch.no_grad():
            return model.generate(
                **inputs, max_new_tokens=count, do_sample=False, num_beams=1, **_unused(model), streamer=watch
            )
    finally:
        watch.stop()


def _unused(model: Any) -> dict[str, Any]:
    """Return neutral values for the sampling and beam settings that the model brings.

    The library would warn that they are unused, which is our doing and not the model's.
    """
    settings = getattr(unwrap_peft(model), "generation_config", None)
    return {
        name: neutral for name, neutral in _GREEDY.items() if getattr(settings, name, neutral) not in (neutral, None)
    }


class CacheLength:
    """How many tokens a cache holds, from one token to the next, if its shape shows it.

    A cache of the library's own class has a method for it. In a cache of plain tensors it is the axis that grows by one
    with each token; before the second token, the only axis that is as long as the positions done so far.
    """

    def __init__(self) -> None:
        self._axis: int | None = None
        self._before: tuple[int, ...] | None = None

    def of(self, cache: Any, done: list[int]) -> int | None:
        """Return the length after a pass; ``done`` has the numbers of positions that it may have, the best first."""
        if cache is None:
            return None
        if hasattr(cache, "get_seq_length"):
            return _own_length(cache)
        shape = _shape(cache)
        before, self._before = self._before, shape
        if shape is None:
            return None
        if before is not None and len(before) == len(shape):
            changed = [axis for axis, (old, new) in enumerate(zip(before, shape, strict=True)) if old != new]
            if len(changed) == 1 and shape[changed[0]] == before[changed[0]] + 1:
                self._axis = changed[0]
            elif changed:
                self._axis = None
            return None if self._axis is None else shape[self._axis]
        self._axis = None
        for length in done:
            axes = [axis for axis, extent in enumerate(shape) if extent == length]
            if len(axes) == 1:
                return length
            if axes:
                break
        return None


def _own_length(cache: Any) -> int | None:
    """Return the length that the library's cache reports; None for 0, which an unused cache reports as well."""
    try:
        length = cache.get_seq_length()
        return int(length) or None
    except Exception:  # only recurrent states, say, which have no length
        return None


def _shape(cache: Any) -> tuple[int, ...] | None:
    """Return the shape of the first tensor in nested tuples and lists."""
    for _ in range(3):
        if not isinstance(cache, (tuple, list)) or not cache:
            break
        cache = cache[0]
    shape = getattr(cache, "shape", None)
    return None if shape is None or len(shape) < 2 else tuple(int(extent) for extent in shape)
