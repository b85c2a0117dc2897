"""What a model is shown and told if the user gives nothing: a picture, a film and a sound, the same every time."""

from __future__ import annotations

import math
import os
import sys
import wave
from array import array
from typing import Any, Final, NamedTuple

from tracer.trace import reasons
from tracer.trace.errors import TracerError

PROMPT: Final = "What is in this picture?"
PROMPT_FOR_SOUND: Final = "What is to be heard?"
TEXT: Final = "The quick brown fox jumps over the lazy dog."
_SIDE: Final = 224
_FRAMES: Final = 8
_SECONDS: Final = 1.0
_TONE: Final = 440.0  # hertz
USUAL_RATE: Final = 16_000  # samples a second: what most speech models were trained with


class Sound(NamedTuple):
    """One channel of sound: ``samples`` from -1 to 1, ``rate`` of them in a second."""

    samples: list[float]
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def at_rate(self, rate: int) -> Sound:
        """Return the sound with another number of samples a second, interpolated between the nearest two."""
        if rate == self.rate or len(self.samples) < 2:
            return self
        count = max(1, round(len(self.samples) * rate / self.rate))
        found = []
        for index in range(count):
            at = min(index * self.rate / rate, len(self.samples) - 1)
            before = min(int(at), len(self.samples) - 2)
            part = at - before
            found.append(self.samples[before] * (1 - part) + self.samples[before + 1] * part)
        return Sound(found, rate)


def own_picture() -> Any:
    """Return a picture with a gradient, a square and a disc."""
    from PIL import Image, ImageDraw

    image = Image.linear_gradient("L").resize((_SIDE, _SIDE)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 104, 104), fill=(200, 40, 40))
    draw.ellipse((120, 110, 200, 190), fill=(40, 80, 200))
    return image


def own_film() -> list[Any]:
    """Return the frames of a film: a disc that moves over the picture."""
    from PIL import ImageDraw

    frames = []
    for index in range(_FRAMES):
        frame = own_picture()
        left = 10 + index * 20
        ImageDraw.Draw(frame).ellipse((left, 80, left + 40, 120), fill=(40, 200, 80))
        frames.append(frame)
    return frames


def own_sound(rate: int = USUAL_RATE) -> Sound:
    """Return a second of the concert pitch, half as loud as can be."""
    count = int(rate * _SECONDS)
    return Sound([0.5 * math.sin(2 * math.pi * _TONE * index / rate) for index in range(count)], rate)


def read_picture(path: str) -> Any:
    """Return the user's picture.

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


def read_sound(path: str) -> Sound:
    """Return the user's sound, its channels mixed into one. Only WAV files of whole numbers are read.

    Raises:
        TracerError: there is none, or it is of another format.
    """
    if not os.path.isfile(path):
        raise TracerError(reasons.NO_AUDIO, path=path)
    try:
        with wave.open(path, "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise TracerError(reasons.BAD_AUDIO, path=path, error=str(error) or type(error).__name__) from error
    numbers = _numbers(data, width)
    if numbers is None or not numbers or rate <= 0:
        raise TracerError(reasons.BAD_AUDIO, path=path, error=f"{8 * width} bit")
    mixed = [sum(numbers[at : at + channels]) / channels for at in range(0, len(numbers) - channels + 1, channels)]
    return Sound(mixed, rate)


def _numbers(data: bytes, width: int) -> list[float] | None:
    """Return the samples from -1 to 1; None for a width that WAV files of whole numbers don't have."""
    if width == 1:  # the only one without a sign
        return [(value - 128) / 128 for value in data]
    if width == 3:
        whole = len(data) - len(data) % 3
        return [int.from_bytes(data[at : at + 3], "little", signed=True) / 2**23 for at in range(0, whole, 3)]
    code = {2: "h", 4: "i"}.get(width)
    if code is None:
        return None
    values = array(code, data[: len(data) - len(data) % width])
    if sys.byteorder == "big":
        values.byteswap()
    return [value / 2 ** (8 * width - 1) for value in values]
