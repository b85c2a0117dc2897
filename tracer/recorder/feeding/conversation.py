"""Encode a prompt with a picture, a film or sound as the directory's own processor or tokenizer wants it."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from tracer.recorder.feeding.samples import USUAL_RATE, Sound
from tracer.recorder.feeding.senses import Senses, arrived, sense_of
from tracer.recorder.processors import Preparers
from tracer.recorder.recording import Recording
from tracer.trace import reasons


class Wanted(NamedTuple):
    """What is to be shown and told to a model; None for what it does not take."""

    prompt: str
    picture: Any = None
    film: list[Any] | None = None
    sound: Sound | None = None


class Encoded(NamedTuple):
    """Tensors by name, and what made them: ``processor``, ``tokenizer`` …

    ``why`` is the reason that there is no text, with the exception behind it as it is recorded; ``heard`` is what a
    feature extractor made by itself, for which there may be no place in the text.
    """

    batch: dict[str, Any]
    by: str
    why: str | None = None
    failure: dict[str, Any] | None = None
    heard: frozenset[str] = frozenset()


def encode(wanted: Wanted, senses: Senses, made: Preparers, recording: Recording, notes: list[str]) -> Encoded:
    """Encode what is wanted: the processor is asked first, then its parts, each for what it is for.

    ``notes`` get what was left out.
    """
    why, failure = None, None
    if made.processor is not None:
        try:
            return Encoded(_by_processor(wanted, senses, made, recording, notes), "processor")
        except Exception as error:
            why, failure = _refused("processor", error), _recorded(error, recording)
    batch: dict[str, Any] = {}
    by: list[str] = []
    heard: frozenset[str] = frozenset()
    if made.tokenizer is not None and senses.text:
        try:
            batch |= _by_tokenizer(wanted, made.tokenizer, recording)
            by.append("tokenizer")
        except Exception as error:
            if why is None:
                why, failure = reasons.NOT_ENCODED.format(error=_named(error)), _recorded(error, recording)
            with contextlib.suppress(Exception):  # what it does without a conversation
                batch |= made.tokenizer(wanted.prompt, return_tensors="pt").items()
                by.append("tokenizer")
    for part, sense, given in (
        ("image_processor", "picture", wanted.picture),
        ("video_processor", "film", wanted.film),
        ("feature_extractor", "sound", wanted.sound),
    ):
        preparer = getattr(made, part)
        if preparer is None or given is None or _is_there(sense, batch):
            continue
        try:
            found = _by_part(preparer, given)
        except Exception as error:
            notes.append(_refused(part, error))
            continue
        by.append(part)
        heard = frozenset(found.keys() - batch.keys()) if sense == "sound" else heard
        batch = {**found, **batch}  # an attention mask of the text stays
    if wanted.picture is not None and senses.text and not arrived("picture", batch):
        notes.append(reasons.PICTURE_LEFT_OUT)
    if wanted.sound is not None and senses.text and not _is_there("sound", batch):
        notes.append(reasons.SOUND_LEFT_OUT)
    if made.tokenizer is None and senses.main == "input_ids" and why is None:
        why = reasons.NO_TOKENIZER
    return Encoded(batch, ", ".join(by), why, failure, heard)


def _by_processor(
    wanted: Wanted, senses: Senses, made: Preparers, recording: Recording, notes: list[str]
) -> dict[str, Any]:
    """Return what the whole processor makes of the text, the picture and the sound together."""
    named = inspect.signature(type(made.processor).__call__).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in named.values())
    given: dict[str, Any] = {}
    if wanted.picture is not None and made.image_processor is not None:
        given["images"] = [wanted.picture]
    elif wanted.film is not None and (made.video_processor or made.image_processor) is not None:
        given["videos" if "videos" in named else "images"] = [wanted.film]
    if wanted.sound is not None and made.feature_extractor is not None:
        rate = int(getattr(made.feature_extractor, "sampling_rate", USUAL_RATE))
        sound = _array(wanted.sound.at_rate(rate))
        name = next((one for one in ("audio", "audios", "raw_speech", "speech") if one in named), None)
        given[name or "audio"] = sound if name is None or name in ("audio", "raw_speech", "speech") else [sound]
        if takes_all or "sampling_rate" in named:
            given["sampling_rate"] = rate
    if senses.text and (made.tokenizer is not None) and ("text" in named or takes_all):
        rendered = _rendered(wanted, made, given, recording)
        given["text"] = [rendered]
    batch = made.processor(**given, return_tensors="pt")
    found = dict(batch.items())
    if wanted.picture is not None and not arrived("picture", found):
        notes.append(reasons.PICTURE_LEFT_OUT)
    if wanted.sound is not None and not _is_there("sound", found):
        notes.append(reasons.SOUND_LEFT_OUT)
    return found


def _rendered(wanted: Wanted, made: Preparers, given: dict[str, Any], recording: Recording) -> str:
    """Return the prompt filled into the chat template, in the first form whose text shows the picture or sound.

    Templates differ in how a message says that it has a picture: a list of parts, as most; a token of the processor in
    the text; nothing at all.
    """
    kinds = [kind for kind, name in (("image", "images"), ("video", "videos"), ("audio", "audio")) if name in given]
    kinds += ["audio"] if "audio" not in kinds and {"audios", "raw_speech", "speech"} & given.keys() else []
    marks = [mark for kind in kinds if (mark := _mark(made, kind)) is not None]
    template = _template_of(made)
    if template is not None:
        without = _filled_in(template, [{"type": "text", "text": wanted.prompt}])
        without = without if without is not None else _filled_in(template, wanted.prompt)
        for content in _contents(wanted.prompt, kinds, marks):
            text = _filled_in(template, content)
            if text is not None and (not kinds or text != without):
                recording.record_event("chat-rendered", recording.clean_data({"text": text}))
                return text
    return " ".join([*marks, wanted.prompt])


def _contents(prompt: str, kinds: list[str], marks: list[str]) -> Iterator[Any]:
    yield [*({"type": kind} for kind in kinds), {"type": "text", "text": prompt}]
    yield "\n".join([*marks, prompt])


def _template_of(made: Preparers) -> Any:
    """Return the processor or tokenizer that has a chat template; None if neither has."""
    for one in (made.processor, made.tokenizer):
        if getattr(one, "chat_template", None):
            return one
    return None


def _filled_in(template: Any, content: Any) -> str | None:
    """Return a chat with one message; None if the template refuses this form of content."""
    try:
        rendered = template.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
    except Exception:
        return None
    text = rendered[0] if isinstance(rendered, list) and rendered else rendered
    return text if isinstance(text, str) else None


def _mark(made: Preparers, kind: str) -> str | None:
    """Return the token that stands for a picture, a film or sound in a text."""
    for one in (made.processor, made.tokenizer):
        mark = getattr(one, f"{kind}_token", None)
        if isinstance(mark, str) and mark:
            return mark
    return None


def _by_tokenizer(wanted: Wanted, tokenizer: Any, recording: Recording) -> dict[str, Any]:
    """Encode through the chat template if there is one; a message has the picture as GLM-4V's tokenizer expects it."""
    method = getattr(type(tokenizer), "apply_chat_template", None)
    own = method is not None and not str(getattr(method, "__module__", "")).startswith("transformers.")
    if not getattr(tokenizer, "chat_template", None) and (wanted.picture is None or not own):
        return dict(tokenizer(wanted.prompt, return_tensors="pt").items())
    message: dict[str, Any] = {"role": "user", "content": wanted.prompt}
    if wanted.picture is not None:
        message["image"] = wanted.picture
    rendered = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
    encoded = tokenizer.apply_chat_template(
        [message], add_generation_prompt=True, tokenize=True, return_tensors="pt", return_dict=True
    )
    recording.record_event("chat-rendered", recording.clean_data({"text": str(rendered)}))
    return dict(encoded.items())


def _by_part(preparer: Any, given: Any) -> dict[str, Any]:
    """Return what an image processor, a video processor or a feature extractor makes."""
    if isinstance(given, Sound):
        rate = int(getattr(preparer, "sampling_rate", USUAL_RATE))
        return dict(preparer(_array(given.at_rate(rate)), sampling_rate=rate, return_tensors="pt").items())
    return dict(preparer([given] if isinstance(given, list) else given, return_tensors="pt").items())


def _array(sound: Sound) -> Any:
    """Return samples as the float32 array of numpy that feature extractors take."""
    import torch

    return torch.tensor(sound.samples).numpy()


def _is_there(sense: str, batch: dict[str, Any]) -> bool:
    """Return whether a batch has a picture, a film or a sound; pixels of any name may be a picture."""
    if sense == "sound":
        return any(sense_of(name) == sense for name in batch)
    return arrived(sense, batch)


def _refused(what: str, error: Exception) -> str:
    return reasons.PREPARER_FAILED.format(name=what.replace("_", " "), error=_named(error))


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _recorded(error: Exception, recording: Recording) -> Any:
    return recording.guard.call("traceback", recording.tracebacks.failure, error)
