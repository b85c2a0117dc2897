"""Generation: each token with its text, its time, and how the cache, the mask and the positions grew.

What a model writes that is not a token after another (sound, a whole answer) is recorded as what came out.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tracer.recorder.guard import CallOutcome, Watching
from tracer.recorder.model.cache_length import CACHES, CacheLength, state_shapes
from tracer.recorder.model.lora import unwrap_peft
from tracer.recorder.model.outputs import made_of, sound_kind, writes_text
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.trace import reasons

_UPDATE: Final = "_update_model_kwargs_for_generation"
_GREEDY: Final[dict[str, Any]] = {
    "temperature": 1.0, "top_k": 50, "top_p": 1.0, "min_p": None, "top_h": None, "typical_p": 1.0,
    "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "early_stopping": False, "num_beam_groups": 1,
    "diversity_penalty": 0.0, "length_penalty": 1.0, "constraints": None,
}  # fmt: skip
"""Settings that only sampling and beam search use, with the values that no release warns about without them."""
_QUESTIONS: Final = ("query", "question", "prompt", "text", "message", "content")
"""What parameters of a directory's own ``chat`` call the user's text."""


class TokenWatch:
    """A streamer for ``generate`` that records tokens with the lengths from the model's own bookkeeping.

    Args:
        tokenizer: what gives the text of a token; None if there is none: ids are recorded alone.
    """

    def __init__(self, recording: Recording, tokenizer: Any = None) -> None:
        self._recording = recording
        self._tokenizer = tokenizer
        self._prompt: int | None = None
        self._since_prompt = 0
        self._index = 0
        self._last = time.perf_counter_ns()
        self._lengths: dict[str, Any] | None = None
        self._waiting: dict[str, Any] | None = None
        self._cache = CacheLength()
        self._state: list[list[int]] | None = None
        self._updating = 0
        self._patches = Patches(recording.guard)

    @property
    def count(self) -> int:
        """How many tokens have been recorded."""
        return self._index

    def watch(self, model: Any) -> None:
        """Watch what ``_update_model_kwargs_for_generation`` returns, until :meth:`stop`.

        Models inside count as well: those that see or hear often hand the writing over to one.
        """
        if not writes_text(model):
            self._tokenizer = None  # its tokens are codes of sound
        kinds = {type(unwrap_peft(model)): None, **{type(one): None for one in unwrap_peft(model).modules()}}
        for kind in kinds:
            original = getattr(kind, _UPDATE, None)
            if inspect.isfunction(original):
                self._patches.watch(kind, _UPDATE, self._updated, original)

    def _updated(self, _: Any, /, outputs: Any = None, *args: Any, **kwargs: Any) -> Watching:
        self._updating += 1
        outcome = yield
        self._updating -= 1
        if self._updating:  # a class that calls its base's
            return
        self._lengths = {}
        if outcome.error is None:
            measure = self._recording.guard.call
            found = measure("lengths of mask, positions and cache", self._measure, outputs, outcome, args, kwargs)
            self._lengths = found or {}
        self._record_when_complete()

    def _measure(
        self, outputs: Any, outcome: CallOutcome, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the lengths of the mask, the positions and the cache, as far as they are certain."""
        arguments = outcome.result
        found: dict[str, Any] = {}
        for name in ("attention_mask", "position_ids"):
            value = arguments.get(name)
            if value is not None and hasattr(value, "shape"):
                found[name] = int(value.shape[-1])
        # The rest of the library's parameters, by position: model_kwargs, is_encoder_decoder, num_new_tokens.
        named = {**dict(zip(("model_kwargs", "is_encoder_decoder", "num_new_tokens"), args, strict=False)), **kwargs}
        new = named.get("num_new_tokens", 1)
        decodes = bool(named.get("is_encoder_decoder")) or "encoder_outputs" in arguments
        kept = next((name for name in CACHES if arguments.get(name) is not None), None)
        cache = None if kept is None else arguments[kept]
        length = self._cache.of(cache, self._done(outputs, found, decodes=decodes), new if type(new) is int else 1)
        if length is not None:
            found["cache"] = length
        if cache is not None and (kept == "state" or not isinstance(cache, (list, tuple))):
            shapes = state_shapes(cache)
            before, self._state = self._state, shapes
            if shapes and before in (None, shapes):
                found["state"] = shapes
        return found

    def _done(self, outputs: Any, found: dict[str, int], *, decodes: bool) -> list[int]:
        """Return how many positions may be done, the best first.

        Those of the pass; those in mask and position ids, which include the next one and of a decoder tell of its
        encoder; else those of the prompt and the tokens after it.
        """
        logits = getattr(outputs, "logits", None)
        done = [int(logits.shape[1])] if logits is not None and len(logits.shape) == 3 and logits.shape[1] > 1 else []
        if not decodes:
            done += [found[name] - 1 for name in ("position_ids", "attention_mask") if name in found]
        if not done and self._prompt:
            # Releases stream a token before or after its bookkeeping.
            done.append(self._prompt + self._since_prompt - (self._waiting is not None))
        return done

    def stop(self) -> None:
        self._patches.restore()
        self.end()  # after an exception, or of a model that does not say so itself

    # The methods that `generate` calls on a streamer.

    def put(self, value: Any) -> None:
        self._recording.guard.call("tokens", self._put, value)

    def end(self) -> None:
        self._recording.guard.call("tokens", self._end)

    def _put(self, value: Any) -> None:
        if self._prompt is None:  # the first call brings the prompt
            self._prompt, self._since_prompt = int(value.shape[-1]), 0
            self._last = time.perf_counter_ns()
            return
        now = time.perf_counter_ns()
        numbers = value.reshape(-1).tolist()
        # Several rows are one position: the code books of a model that writes sound.
        together = len(numbers) > 1 and (value.dim() == 1 or value.shape[0] > 1)
        for ids in [numbers] if together else [[number] for number in numbers]:
            facts = {**self._told(ids), "nanoseconds": now - self._last}
            self._since_prompt += 1
            if self._waiting is not None:  # the bookkeeping of the token before never came
                self._lengths = {}
                self._record_when_complete()
            self._waiting = facts
            self._record_when_complete()
        self._last = now

    def _told(self, ids: list[int]) -> dict[str, Any]:
        """Return number, id and text of what a position brought."""
        index, self._index = self._index, self._index + 1
        if len(ids) > 1:
            return {"index": index, "ids": ids}
        facts: dict[str, Any] = {"index": index, "id": ids[0]}
        if self._tokenizer is not None:
            text = self._recording.guard.call("tokens", self._tokenizer.decode, ids)
            if isinstance(text, str):
                facts["text"] = text
        return facts

    def _end(self) -> None:
        self._lengths = self._lengths or {}
        self._record_when_complete()
        self._lengths = self._prompt = None  # a model may generate again, with another prompt

    def _record_when_complete(self) -> None:
        """Record the token once its bookkeeping is done, which releases do before or after they stream it."""
        if self._waiting is not None and self._lengths is not None:
            facts = {**self._waiting, **self._lengths}
            self._waiting = self._lengths = None
            self._recording.record_event("token-generated", self._recording.clean_data(facts))

    def read(self, call: Call, result: Any) -> None:
        """Record what a call returned that was not streamed: tokens, sound, an answer."""
        self._recording.guard.call("tokens", self._read, call, result)

    def _read(self, call: Call, result: Any) -> None:
        self._end()
        ids = _new_ids(call, result)
        if ids is not None and ids and not self._index:
            for number in ids:
                facts = self._recording.clean_data(self._told([number]))
                self._recording.record_event("token-generated", facts)
        facts = made_of(result, call.model)
        if ids is None or not self._index or call.left_out:
            told = {"by": call.name, "left_out": call.left_out, **facts}
            self._recording.record_event("generated", self._recording.clean_data(told))


class Call(NamedTuple):
    """A call that makes a model write; or, with ``function`` None, why there is none.

    Attributes:
        left_out: what we would say and it does not take: the number of tokens, or that they be the likeliest ones.
        guessed: whether it is called in a form that is not known to be its own.
        streams: whether it takes a streamer.
    """

    model: Any
    name: str = "generate"
    function: Callable[..., Any] | None = None
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = {}  # noqa: RUF012 - never changed
    left_out: list[str] = []  # noqa: RUF012
    guessed: bool = False
    streams: bool = True
    why: str = ""

    def refused(self, error: Exception) -> str | None:
        """Return why an exception says that the call has another form, and nothing about the model; else None."""
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        own = getattr(type(unwrap_peft(self.model)), self.name, None)
        if own is not None and not _is_the_librarys(own):
            # Some parameters have a default and are asked for all the same.
            named = (
                set(re.findall(r"[`'](\w+)[`']", str(error))) if isinstance(error, (TypeError, ValueError)) else set()
            )
            asked = [name for name in _taken(own) if name in named and name not in self.named]
            if asked:
                return reasons.CALL_WANTS.format(function=_named(own), names=", ".join(asked))
            if isinstance(error, TypeError) and "unexpected keyword argument" in told:
                return reasons.CALL_REFUSED.format(error=told)
        return reasons.CALL_REFUSED.format(error=told) if self.guessed else None


def call_for(model: Any, inputs: dict[str, Any], count: int, *, prompt: str, tokenizer: Any, processor: Any) -> Call:
    """Return how a model is made to write ``count`` tokens: by ``generate``, or by a ``chat`` of its own."""
    inner = unwrap_peft(model)
    name = type(inner).__name__
    if generates(model):
        return _of_generate(model, inputs, count)
    if inspect.isroutine(chat := getattr(inner, "chat", None)):
        return _of_chat(inner, chat, inputs, count, {"tokenizer": tokenizer, "processor": processor}, prompt)
    return Call(model, why=reasons.WRITES_NO_TEXT.format(name=name))


def generates(model: Any) -> bool:
    """Return whether a model has a ``generate`` that is for it: the library's, or its own."""
    inner = unwrap_peft(model)
    own = getattr(type(inner), "generate", None)
    if own is None:
        return False
    if hasattr(inner, "can_generate") and bool(inner.can_generate()):
        return True
    return inspect.isfunction(own) and not _is_the_librarys(own)


def _is_the_librarys(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("transformers.generation.")


def _of_generate(model: Any, inputs: dict[str, Any], count: int) -> Call:
    """Return the call of ``generate`` with what it takes; of the library's own that is anything."""
    inner = unwrap_peft(model)
    own = type(inner).generate
    settings = {"max_new_tokens": count, "do_sample": False, "num_beams": 1}
    inputs = _without_start(inputs, inner)
    taken = _taken(own)
    function = model.generate
    if not taken or any(one.kind is one.VAR_KEYWORD for one in taken.values()):
        missing = _missing(taken, {**inputs, **settings})
        if missing and len(missing) == 1 and "input_ids" in inputs and missing[0] == next(iter(taken)):
            rest = {name: value for name, value in inputs.items() if name != "input_ids"}
            return Call(
                model, function=function, positional=(inputs["input_ids"],), guessed=True,
                named={**rest, **settings, **_unused(model)},
            )  # fmt: skip
        if missing:
            return Call(model, why=reasons.CALL_WANTS.format(function=_named(own), names=", ".join(missing)))
        if taken and sound_kind(model) is not None and not {"streamer", "max_new_tokens"} & taken.keys():
            # It hands its keywords to several models inside, which have limits of their own.
            return Call(model, function=function, named=inputs, left_out=["max_new_tokens"], streams=False)
        return Call(model, function=function, named={**inputs, **settings, **_unused(model)})
    return _of_narrow_generate(model, own, taken, inputs, settings)


def _of_narrow_generate(
    model: Any, own: Any, taken: dict[str, inspect.Parameter], inputs: dict[str, Any], settings: dict[str, Any]
) -> Call:
    """Return the call of a ``generate`` that names all that it takes."""
    named = {name: value for name, value in inputs.items() if name in taken}
    positional: tuple[Any, ...] = ()
    first = next(iter(taken))
    if "input_ids" in inputs and "input_ids" not in taken and first not in named and first not in settings:
        positional = (inputs["input_ids"],)  # as the library's own takes them, whatever they are called
    if not named and not positional:
        return Call(model, why=reasons.CALL_TAKES.format(function=_named(own), names=", ".join(taken)))
    missing = [name for name in _missing(taken, {**named, **settings}) if not (positional and name == first)]
    if missing:
        return Call(model, why=reasons.CALL_WANTS.format(function=_named(own), names=", ".join(missing)))
    chosen = {name: value for name, value in settings.items() if name in taken}
    if "max_new_tokens" not in taken and "max_length" in taken and "input_ids" in inputs:
        chosen["max_length"] = int(inputs["input_ids"].shape[-1]) + settings["max_new_tokens"]
    left_out = [name for name in ("max_new_tokens",) if not {name, "max_length"} & chosen.keys()]
    return Call(
        model, function=model.generate, positional=positional, named={**named, **chosen}, left_out=left_out,
        guessed=bool(positional), streams="streamer" in taken,
    )  # fmt: skip


def _of_chat(model: Any, chat: Any, inputs: dict[str, Any], count: int, parts: dict[str, Any], prompt: str) -> Call:
    """Return the call of a directory's own ``chat``, each parameter filled in by its name."""
    taken = dict(inspect.signature(chat).parameters)
    known = {**inputs, **{name: value for name, value in parts.items() if value is not None}}
    known.update({name: prompt for name in _QUESTIONS if name in taken})
    known.update(history=None, messages=[{"role": "user", "content": prompt}], max_new_tokens=count, do_sample=False)
    known["msgs"] = known["messages"]
    known["generation_config"] = {"max_new_tokens": count, "do_sample": False}
    if missing := _missing(taken, known):
        return Call(model, why=reasons.CALL_WANTS.format(function=_named(chat), names=", ".join(missing)))
    open_ended = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    wanted = {
        name for name, one in taken.items() if one.default is one.empty or name in ("max_new_tokens", "do_sample")
    }
    named = {name: value for name, value in known.items() if name in wanted or (name in _QUESTIONS and name in taken)}
    if open_ended and "generation_config" not in named:
        named.update(max_new_tokens=count, do_sample=False)
    left_out = [] if {"max_new_tokens", "generation_config"} & named.keys() else ["max_new_tokens"]
    return Call(model, "chat", chat, named=named, left_out=left_out, guessed=True, streams=False)


def _taken(function: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a method that is not bound, without ``self``; none of one that has no signature."""
    try:
        taken = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}
    taken.pop(next(iter(taken), ""), None)
    return taken


def _missing(taken: dict[str, inspect.Parameter], given: dict[str, Any]) -> list[str]:
    """Return the parameters that a call can't do without and that nothing gives."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, one in taken.items()
        if one.default is one.empty and one.kind not in several and name not in given
    ]


def _named(function: Any) -> str:
    return str(getattr(function, "__qualname__", "generate"))


def _without_start(inputs: dict[str, Any], model: Any) -> dict[str, Any]:
    """Leave out the token that a decoder begins with where ``generate`` knows it: some begin with several."""
    start = inputs.get("decoder_input_ids")
    settings = getattr(model, "generation_config", None)
    known = any(getattr(settings, name, None) is not None for name in ("decoder_start_token_id", "bos_token_id"))
    if start is None or start.shape[-1] != 1 or not known:
        return inputs
    return {name: value for name, value in inputs.items() if name != "decoder_input_ids"}


def generate(model: Any, inputs: dict[str, Any], count: int, watch: TokenWatch) -> Any:
    """Generate at most ``count`` tokens, each time the most likely one."""
    return carry_out(_of_generate(model, inputs, count), watch)


def carry_out(call: Call, watch: TokenWatch) -> Any:
    """Make a model write, and record what it writes; of one that takes no streamer, from what it returns."""
    import torch

    assert call.function is not None
    watch.watch(call.model)
    try:
        with torch.no_grad():
            if not call.streams:
                result = call.function(*call.positional, **call.named)
            else:
                try:
                    result = call.function(*call.positional, **call.named, streamer=watch)
                except (TypeError, ValueError, NotImplementedError) as error:
                    if watch.count or "streamer" not in str(error):
                        raise
                    result = call.function(*call.positional, **call.named)
        watch.read(call, result)
        return result
    finally:
        watch.stop()


def _new_ids(call: Call, result: Any) -> list[int] | None:
    """Return the token ids of a result without the prompt; None if it has none."""
    found = getattr(result, "sequences", result)
    if isinstance(found, (tuple, list)) and found and hasattr(found[0], "shape"):
        found = found[0]
    if not hasattr(found, "is_floating_point") or found.is_floating_point() or found.dim() not in (1, 2):
        return None
    if found.dtype.is_complex or sound_kind(call.model) is not None:
        return None
    ids: list[int] = (found if found.dim() == 1 else found[0]).tolist()
    given = call.positional[0] if call.positional else call.named.get("input_ids")
    inner = unwrap_peft(call.model)
    if getattr(getattr(inner, "config", None), "is_encoder_decoder", False):
        start = getattr(getattr(inner, "generation_config", None), "decoder_start_token_id", None)
        return ids[1:] if ids and ids[0] == start else ids
    prompt = [] if given is None or not hasattr(given, "tolist") else given[0].tolist()
    return ids[len(prompt) :] if prompt and ids[: len(prompt)] == prompt else ids


def _unused(model: Any) -> dict[str, Any]:
    """Return neutral values for the sampling and beam settings that the model brings.

    The library would warn that they are unused, which is our doing and not the model's.
    """
    settings = getattr(unwrap_peft(model), "generation_config", None)
    return {
        name: neutral for name, neutral in _GREEDY.items() if getattr(settings, name, neutral) not in (neutral, None)
    }
