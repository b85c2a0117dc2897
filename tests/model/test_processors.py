"""The processor of a directory is loaded first, with its parts; one that fails does not end the load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.library_models import saved
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tracer.analysis.diagnosis import diagnose
from tracer.recorder.processors import Preparers
from tracer.trace.events import ProcessorFailed, ProcessorLoaded, TokenizerLoaded, events
from tracer.trace.reading import Trace


def last_processor(trace: Trace) -> ProcessorLoaded:
    return [one.event for one in events(trace, ProcessorLoaded)][-1]


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("llava", tmp_path_factory.mktemp("m") / "llava")


def test_a_processor_is_recorded_with_its_parts(loads: Loads, llava: Path) -> None:
    with loads.trace(llava) as trace:
        assert trace.outcome.status == "loaded"
        loaded = last_processor(trace)
        parts = {part.name: part for part in loaded.parts}
        assert str(loaded.class_).endswith(".LlavaProcessor")
        assert set(parts) == {"image_processor", "tokenizer"}
        assert str(parts["image_processor"].class_).rpartition(".")[2].startswith("CLIPImageProcessor")
        assert parts["image_processor"].settings["crop_size"] == {"height": 32, "width": 32}
        assert parts["tokenizer"].settings == {}
        assert trace.step(0).stage == "processor"
        assert "tokenizer" not in {step.stage for step in trace.steps(kinds=["call"])}  # it was loaded within


def test_a_part_alone_is_recorded_with_its_settings(loads: Loads, tmp_path: Path) -> None:
    with loads.trace(saved("vit", tmp_path / "vit")) as trace:
        loaded = last_processor(trace)
        assert loaded.parts == []
        assert loaded.settings["size"] == {"height": 16, "width": 16}


@pytest.mark.parametrize(("options", "tokenizers"), [({"processor": False}, 1), ({"tokenizer": False}, 0)])
def test_it_can_be_left_out(loads: Loads, llava: Path, options: dict[str, Any], tokenizers: int) -> None:
    with loads.trace(llava, **options) as trace:
        assert list(events(trace, ProcessorLoaded)) == []
        assert len(list(events(trace, TokenizerLoaded))) == tokenizers


def test_a_processor_that_fails_does_not_end_the_load(loads: Loads, tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path / "m")
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "NoSuchImageProcessor"}))
    with loads.trace(folder, forward=False) as trace:
        assert trace.outcome.status == "loaded"
        failed = [one.event for one in events(trace, ProcessorFailed)]
        assert failed[0].class_ == "AutoProcessor"
        assert failed[0].traceback
        said = [one for one in diagnose(trace).surprises if one.kind == "processor-failed"]
        assert len(said) == len(failed)


def test_a_directory_without_one_is_not_asked_for_it(loads: Loads) -> None:
    with loads.trace(Path("fixtures") / "bert-tiny", forward=False) as trace:
        assert "processor" not in trace.stages()


def test_a_part_is_known_by_its_base_class() -> None:
    class ImageProcessingMixin: ...

    class FilmProcessor(ImageProcessingMixin): ...

    class BaseVideoProcessor(ImageProcessingMixin): ...

    made = Preparers()
    made.take(picture := FilmProcessor())
    made.take(film := BaseVideoProcessor())
    made.take(object())
    assert (made.image_processor, made.video_processor, made.tokenizer) == (picture, film, None)
