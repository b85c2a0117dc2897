"""Generation: each token with its text, its time, and how the cache, the mask and the positions grew."""

from __future__ import annotations

import time
from typing import Any

from tracer.recorder.guard import Watching
from tracer.recorder.model.adaptation import inner
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording


class TokenWatch:
    """A streamer for ``generate`` that records tokens, fed with the lengths that the model's own bookkeeping has."""

    def __init__(self, recording: Recording, tokenizer: Any) -> None:
        self._recording = recording
        self._tokenizer = tokenizer
        self._prompt_seen = False
        self._index = 0
        self._last = time.perf_counter_ns()
        self._lengths: dict[str, int] | None = None
        self._waiting: dict[str, Any] | None = None
        self._patches = Patches(recording.guard)

    def watch(self, model: Any) -> None:
        """Look at what ``_update_model_kwargs_for_generation`` returns, until :meth:`stop`."""
        kind = type(inner(model))
        original = getattr(kind, "_update_model_kwargs_for_generation", None)
        if original is not None:
            self._patches.watch(kind, "_update_model_kwargs_for_generation", self._updated, original)

    def _updated(self, *_: Any, **__: Any) -> Watching:
        ending = yield
        self._lengths = {} if ending.error is not None else _lengths(ending.result)
        self._tell()

    def stop(self) -> None:
        self._patches.restore()

    # What `generate` calls on a streamer.

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
            if self._waiting is not None:  # the bookkeeping of the one before never came
                self._lengths = {}
                self._tell()
            self._waiting = facts
            self._tell()
        self._last = now

    def _end(self) -> None:
        self._lengths = self._lengths or {}
        self._tell()

    def _tell(self) -> None:
        """Record the token once its bookkeeping is done, which releases do before or after they stream it."""
        if self._waiting is not None and self._lengths is not None:
            facts = {**self._waiting, **self._lengths}
            self._waiting = self._lengths = None
            self._recording.point("token-generated", self._recording.clean_data(facts))


def generate(model: Any, inputs: dict[str, Any], count: int, watch: TokenWatch) -> Any:
    """At most ``count`` tokens, the likeliest one each time."""
    import torch

    watch.watch(model)
    try:
        with torch.no_grad():
            return model.generate(**inputs, max_new_tokens=count, do_sample=False, num_beams=1, streamer=watch)
    finally:
        watch.stop()


def _lengths(arguments: Any) -> dict[str, int]:
    """Lengths of the mask, of the positions and of the cache, whatever shape the cache has."""
    found: dict[str, int] = {}
    for name in ("attention_mask", "position_ids"):
        value = arguments.get(name)
        if value is not None and hasattr(value, "shape"):
            found[name] = int(value.shape[-1])
    length = _cache_length(arguments.get("past_key_values"))
    if length is not None:
        found["cache"] = length
    return found


def _cache_length(cache: Any) -> int | None:
    if cache is None:
        return None
    if hasattr(cache, "get_seq_length"):
        return int(cache.get_seq_length())
    try:
        return int(cache[0][0].shape[-2])  # (batch, group, token, channel)
    except (TypeError, IndexError, AttributeError):
        return None
