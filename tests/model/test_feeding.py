"""What a pass is given: by the processor, by its parts, by the tokenizer, or made up; and what is said of it."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.library_models import saved
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tracer.recorder.feeding.samples import Sound, own_sound, read_sound
from tracer.trace.errors import TracerError
from tracer.trace.events import ChatRendered, InputsPrepared, ModuleEntered, NotFed, TokenGenerated, events
from tracer.trace.reading import Trace


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("llava", tmp_path_factory.mktemp("m") / "llava")


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("vit", tmp_path_factory.mktemp("m") / "vit")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("m") / "llama")


def fed(trace: Trace) -> InputsPrepared:
    assert trace.outcome.status == "loaded", trace.outcome
    assert [one.event.why for one in events(trace, NotFed)] == []
    [found] = events(trace, InputsPrepared)
    return found.event


def entered(trace: Trace) -> set[str | None]:
    return {one.event.path for one in events(trace, ModuleEntered)}


def test_a_processor_gets_the_picture_and_the_text_in_its_templates_form(loads: Loads, llava: Path) -> None:
    with loads.trace(llava, generate=2) as trace:
        found = fed(trace)
        assert found.by == "processor"
        shapes = {one.name: one.shape for one in found.inputs}
        assert shapes["pixel_values"] == [1, 3, 32, 32]
        assert next(events(trace, ChatRendered)).event.text == "USER: <image> What is in this picture? ASSISTANT:"
        assert [(one.id, (one.count or 0) >= 1) for one in found.placeholders] == [(4, True)]
        assert found.picture is not None
        assert (found.picture.file, found.picture.size) == (None, [224, 224])
        assert any("vision_tower" in str(path) for path in entered(trace))
        assert len(list(events(trace, TokenGenerated))) == 2


def test_the_users_picture_is_shown(loads: Loads, llava: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 24), "red").save(tmp_path / "red.png")
    with loads.trace(llava, image=str(tmp_path / "red.png"), prompt="What is this ?") as trace:
        picture = fed(trace).picture
        assert picture is not None
        assert (str(picture.file).endswith("red.png"), picture.size) == (True, [40, 24])
        assert "What is this ?" in str(next(events(trace, ChatRendered)).event.text)


def test_an_image_processor_alone_feeds_a_model_that_only_sees(loads: Loads, vit: Path) -> None:
    with loads.trace(vit) as trace:
        found = fed(trace)
        assert (found.by, [one.name for one in found.inputs]) == ("image_processor", ["pixel_values"])
        assert found.notes == []


def test_without_a_processor_the_picture_is_scaled_to_the_configured_size(loads: Loads, vit: Path) -> None:
    with loads.trace(vit, processor=False) as trace:
        found = fed(trace)
        assert found.by == "sizes"
        assert found.inputs[0].shape == [1, 3, 16, 16]
        assert ["configuration's size" in note for note in found.notes] == [True]


@pytest.mark.parametrize(
    ("options", "by", "count"), [({}, "sizes", 8), ({"ids": [3, 1, 4]}, "ids", 3), ({"tokenizer": False}, "sizes", 8)]
)
def test_token_ids_are_made_up_where_nothing_makes_them(
    loads: Loads, llama: Path, options: dict[str, Any], by: str, count: int
) -> None:
    with loads.trace(llama, **options) as trace:
        found = fed(trace)
        assert found.by == by
        assert found.inputs[0].shape == [1, count]


def test_a_picture_for_a_model_that_does_not_see_is_refused(loads: Loads, llama: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with loads.trace(llama, image=str(tmp_path / "a.png")) as trace:
        assert [str(one.event.why).startswith("--image was given") for one in events(trace, NotFed)] == [True]


def write_wav(path: Path, samples: list[float], rate: int, width: int, channels: int = 1) -> Path:
    whole = [round(value * (2 ** (8 * width - 1) - 1)) for value in samples]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        for value in whole:
            frame = struct.pack("<B", value + 128) if width == 1 else struct.pack("<q", value)[:width]
            file.writeframes(frame * channels)
    return path


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (3, 1), (4, 2)])
def test_sound_is_read_from_wav_files(tmp_path: Path, width: int, channels: int) -> None:
    wanted = [math.sin(index / 3) * 0.5 for index in range(50)]
    sound = read_sound(str(write_wav(tmp_path / "a.wav", wanted, 8_000, width, channels)))
    assert (sound.rate, len(sound.samples)) == (8_000, 50)
    assert sound.samples == pytest.approx(wanted, abs=2 / 2 ** (8 * width - 1))


def test_sound_is_resampled() -> None:
    sound = own_sound(8_000).at_rate(16_000)
    assert (sound.rate, len(sound.samples), sound.seconds) == (16_000, 16_000, 1.0)
    assert max(sound.samples) == pytest.approx(0.5, abs=0.02)
    assert Sound([1.0], 8_000).at_rate(4_000) == Sound([1.0], 8_000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x04 not a wav", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(TracerError, match=r"can't be read: .* Expected a WAV file"):
        read_sound(str(tmp_path / "a.wav"))
