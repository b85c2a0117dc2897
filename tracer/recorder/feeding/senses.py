"""What a model takes, by the parameters of its ``forward`` and by its configuration."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tracer.recorder.model.lora import unwrap_peft

_FILM: Final = re.compile(r"^pixel_values_videos?$|^video(s|_values)?$")
_PICTURE: Final = re.compile(r"^(image_|input_)?pixel_values(_images)?$|^images?$|^flattened_patches$|^image_patches$")
_SOUND: Final = re.compile(r"^(input|audio)_(features|values)$|^input_audio_embeds$|^audios?$|^(mel|audio_mel)s?$")
_OF_TEXT: Final = re.compile(r"^bbox$|mask$")
_SEEING: Final = ("vision_config", "visual", "vision_encoder", "img_processor", "vision_tower", "mm_vision_tower")
"""What configurations call the part that sees: the library's, and those of remote code that is much used."""


class Senses(NamedTuple):
    """What a model takes.

    Attributes:
        text: whether it takes token ids.
        picture: whether it takes pictures.
        sound: whether it takes sound.
        film: whether it takes films.
        main: the input that it can't do without, by the model's ``main_input_name``.
    """

    text: bool
    picture: bool
    sound: bool
    film: bool
    main: str


def senses_of(model: Any) -> Senses:
    """Return what a model takes. Of a ``forward`` that names nothing, the configuration and the main input decide."""
    names = list(parameters(model))
    main = str(getattr(unwrap_peft(model), "main_input_name", "input_ids"))
    config = getattr(model, "config", None)
    sees = any(getattr(config, name, None) for name in _SEEING)
    if open_ended(model) and main not in names:
        names.append(main)
    picture = any(_PICTURE.match(name) for name in names)
    return Senses(
        text="input_ids" in names or main == "input_ids",
        picture=picture or (sees and not any(_FILM.match(name) for name in names)),
        sound=any(_SOUND.match(name) for name in names),
        film=any(_FILM.match(name) for name in names),
        main=main,
    )


def sense_of(name: str) -> str | None:
    """Return what an input is for, by its name: ``picture``, ``film`` or ``sound``; None if the name doesn't tell."""
    patterns = {"picture": _PICTURE, "film": _FILM, "sound": _SOUND}
    return next((sense for sense, pattern in patterns.items() if pattern.match(name)), None)


def arrived(sense: str, tensors: Mapping[str, Any]) -> bool:
    """Return whether there are numbers among inputs that are for this sense, or may be by their name."""
    return any(
        hasattr(value, "is_floating_point") and value.is_floating_point()
        for name, value in tensors.items()
        if sense_of(name) == sense or (sense_of(name) is None and not _OF_TEXT.search(name))
    )


def picture_name(model: Any) -> str | None:
    """Return the parameter of ``forward`` that takes a picture; None if it names none."""
    main = str(getattr(unwrap_peft(model), "main_input_name", "input_ids"))
    names = [*parameters(model), *([main] if open_ended(model) else [])]
    return next((name for name in names if _PICTURE.match(name)), None)


def sound_name(model: Any) -> str | None:
    """Return the parameter of ``forward`` that takes a sound; None if it names none."""
    return next((name for name in parameters(model) if _SOUND.match(name)), None)


def parameters(model: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of ``forward``, without ``self``."""
    found = dict(inspect.signature(type(unwrap_peft(model)).forward).parameters)
    found.pop(next(iter(found), ""), None)
    return found


def has_no_forward(model: Any) -> bool:
    """Return whether a model is only a holder of others, which its own methods run."""
    from torch.nn import Module

    return getattr(type(unwrap_peft(model)), "forward", None) is Module.forward


def open_ended(model: Any) -> bool:
    """Return whether ``forward`` takes any keyword."""
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters(model).values())


def configs(config: Any, depth: int = 2) -> Iterator[Any]:
    """Yield a configuration, then those inside it."""
    if config is None:
        return
    yield config
    if depth:
        held = vars(config) if hasattr(config, "__dict__") else {}
        for value in list(held.values()):
            if hasattr(value, "to_dict") and hasattr(value, "model_type"):
                yield from configs(value, depth - 1)


def number_in(config: Any, *names: str) -> int | None:
    """Return the first of these names that is a whole number in a configuration or in one inside it."""
    for one in configs(config):
        for name in names:
            value = getattr(one, name, None)
            if type(value) is int:
                return value
    return None
