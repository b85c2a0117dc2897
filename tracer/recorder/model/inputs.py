"""Sensible inputs for a model that was just loaded: a prompt, and an image for a vision model."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tracer.recorder.model.lora import unwrap_peft
from tracer.recorder.recording import Recording
from tracer.trace import reasons
from tracer.trace.errors import TracerError
from tracer.trace.job import Job

DEFAULT_PROMPT: Final = "What is in this picture?"
DEFAULT_TEXT: Final = "The quick brown fox jumps over the lazy dog."
_MAX_PIECES: Final = 400
_IMAGE_SIDE: Final = 224


class Inputs(NamedTuple):
    """``arguments`` for ``forward``; or None with the reason ``why``, and an exception as it is recorded."""

    arguments: dict[str, Any] | None
    why: str = ""
    failure: dict[str, Any] | None = None


def make_inputs(job: Job, model: Any, tokenizer: Any, recording: Recording) -> Inputs:
    """Return token ids of the prompt, and pixels if the model takes them, on the model's device and in its dtype."""
    if tokenizer is None:
        return Inputs(None, reasons.NO_TOKENIZER)
    sees = _sees(model)
    if job.image is not None and not sees:
        return Inputs(None, reasons.NO_VISION)
    prompt = job.prompt or (DEFAULT_PROMPT if sees else DEFAULT_TEXT)
    try:
        image = None if not sees else _test_image() if job.image is None else read_image(job.image)
    except TracerError as error:  # it existed before the load
        return Inputs(None, str(error).rstrip("."))
    try:
        batch = _encode(tokenizer, prompt, image, recording)
    except Exception as error:
        failure = recording.guard.call("traceback", recording.tracebacks.failure, error)
        return Inputs(None, reasons.NOT_ENCODED.format(error=f"{type(error).__name__}: {error}"), failure)
    _record_text(tokenizer, prompt, batch, recording)
    arguments = _fitting(batch, model)
    wanted = str(getattr(model, "main_input_name", "input_ids"))
    if wanted not in batch:
        return Inputs(None, reasons.NOT_GIVEN.format(name=wanted))
    if wanted not in arguments:
        return Inputs(None, _why_not_named(wanted, model))
    return _with_decoder_start(arguments, model)


def _sees(model: Any) -> bool:
    return getattr(getattr(model, "config", None), "vision_config", None) is not None


def _encode(tokenizer: Any, prompt: str, image: Any, recording: Recording) -> Any:
    """Encode through the chat template if there is one; the message has the image as GLM-4V's template expects it."""
    template = getattr(tokenizer, "chat_template", None)
    if image is None and not template:
        return tokenizer(prompt, return_tensors="pt")
    message: dict[str, Any] = {"role": "user", "content": prompt}
    if image is not None:
        message["image"] = image
    rendered = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
    recording.record_event("chat-rendered", recording.clean_data({"text": str(rendered)}))
    return tokenizer.apply_chat_template(
        [message], add_generation_prompt=True, tokenize=True, return_tensors="pt", return_dict=True
    )


def read_image(path: str) -> Any:
    """Return the user's image.

    Raises:
        TracerError: there is none, or it can't be read.
    """
    if not os.path.isfile(path):
        raise TracerError(reasons.NO_IMAGE, path=path)
    try:
        from PIL import Image
    except ImportError as error:
        raise TracerError(reasons.NO_PILLOW, error=error) from error
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except Exception as error:
        raise TracerError(reasons.BAD_IMAGE, path=path) from error


def _test_image() -> Any:
    """Return an image with a gradient, a square and a disc: something to see, the same every time."""
    from PIL import Image, ImageDraw

    image = Image.linear_gradient("L").resize((_IMAGE_SIDE, _IMAGE_SIDE)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 104, 104), fill=(200, 40, 40))
    draw.ellipse((120, 110, 200, 190), fill=(40, 80, 200))
    return image


def _record_text(tokenizer: Any, prompt: str, batch: Any, recording: Recording) -> None:
    """Record the ids, and the text that each token covers."""
    ids = batch["input_ids"][0].tolist()
    pieces = [tokenizer.decode([number]) for number in ids[:_MAX_PIECES]]
    special = {str(name): str(value) for name, value in getattr(tokenizer, "special_tokens_map", {}).items()}
    facts = {"prompt": prompt, "ids": ids[:_MAX_PIECES], "pieces": pieces, "count": len(ids), "special": special}
    recording.record_event("text-prepared", recording.clean_data(facts))


def _fitting(batch: Any, model: Any) -> dict[str, Any]:
    """Return those tensors that the model's ``forward`` takes, on its device; pixels in its dtype."""
    import torch

    named = _parameters(model)
    fitting = {}
    for name, value in batch.items():
        if isinstance(value, torch.Tensor) and name in named:
            value = value.to(model.device)
            fitting[name] = value.to(model.dtype) if value.is_floating_point() else value
    return fitting


def _why_not_named(wanted: str, model: Any) -> str:
    """Return why ``forward`` is not given what the tokenizer gives: only what it names is."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    open_ended = [stars[given.kind] + name for name, given in _parameters(model).items() if given.kind in stars]
    if not open_ended:
        return reasons.NOT_NAMED.format(name=wanted)
    return reasons.NOT_NAMED_OPEN.format(name=wanted, others=", ".join(open_ended))


def _with_decoder_start(arguments: dict[str, Any], model: Any) -> Inputs:
    """Add the token with which the decoder begins, for an encoder-decoder model."""
    if not getattr(model.config, "is_encoder_decoder", False) or "decoder_input_ids" not in _parameters(model):
        return Inputs(arguments)
    ids = arguments["input_ids"]
    for config in (model.config, getattr(model, "generation_config", None)):
        for name in ("decoder_start_token_id", "bos_token_id", "pad_token_id"):
            start = getattr(config, name, None)
            if isinstance(start, int):
                return Inputs({**arguments, "decoder_input_ids": ids.new_full((len(ids), 1), start)})
    return Inputs(None, reasons.NO_DECODER_START)


def _parameters(model: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameter names of ``forward``."""
    return inspect.signature(type(unwrap_peft(model)).forward).parameters
