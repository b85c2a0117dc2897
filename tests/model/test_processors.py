"""The processor of a directory is loaded first, with its parts; one that fails does not end the load."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import transformers
from transformers.utils.import_utils import BACKENDS_MAPPING

from tests.support.library_models import saved
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.stage_summary import summarize_stages
from tracer.recorder.processors import Preparers
from tracer.trace.events import ProcessorFailed, ProcessorLoaded, TokenGenerated, TokenizerLoaded, events
from tracer.trace.missing_libraries import missing_packages
from tracer.trace.reading import Trace
from tracer.views.show import fact_text


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


AUDIO = pytest.mark.skipif(not hasattr(transformers, "Qwen2AudioProcessor"), reason="this release has no Qwen2-Audio")
QWEN2_VL = pytest.mark.skipif(not hasattr(transformers, "Qwen2VLConfig"), reason="this release has no Qwen2-VL")
FILE, PREPROCESSOR = "found <model>/processor_config.json", "found <model>/preprocessor_config.json"
SAID: dict[str, list[str]] = {
    "llava": [
        "loaded LlavaProcessor",
        "image_processor is CLIPImageProcessor",
        "crop_size 32×32",
        "tokenizer is ",
        "the chat template gives: 'USER: <image> What is in this picture? ASSISTANT:'",
        "pixel_values 1×3×32×32 float32",
        "it is shown a test picture, 224×224 pixels",
        ": id 4, the configuration's image_token_",
    ],
    "mosaic": [
        FILE,
        "processing_mosaic.MosaicProcessor is the directory's own",
        "loaded MosaicProcessor",
        "image_processor is MosaicImageProcessor: patch_size 8, merge_size 2, max_patches 16, do_rescale",
        "tokenizer is ",
        "the chat template gives: 'USER: <image> What is in this picture? ASSISTANT:'",
        "became 11 tokens",
        "pixel_values 16×192 float32, image_grid 1×2 int64 (made by: processor)",
        "it is shown a test picture, 224×224 pixels",
        "4 tokens are placeholders: id 4, the configuration's image_token_id",
    ],
    "qwen2_vl_with_parts": [
        PREPROCESSOR,
        "Qwen2VLImageProcessor",
        "patch_size 8, temporal_patch_size 2, merge_size 2",
        "pixel_values 16×384 float32, image_grid_thw 1×3 int64",
        "it is shown a test picture, 224×224 pixels",
        "4 tokens are placeholders: id 60, the configuration's image_token_id",
    ],
    "qwen2_audio": [
        "loaded Qwen2AudioProcessor",
        "feature_extractor is WhisperFeatureExtractor: feature_size 8, sampling_rate 16000",
        "tokenizer is ",
        "<|AUDIO|>",
        "input_features 1×8×100 float32",
        "it hears a test tone: 1 s, 16000 samples a second",
        ": id 24, the configuration's audio_token_",
    ],
    "vit": [
        PREPROCESSOR,
        "loaded ViTImageProcessor",
        "its settings: ",
        "size 16×16",
        "pixel_values 1×3×16×16 float32 (made by: image_processor)",
        "it is shown a test picture, 224×224 pixels",
    ],
    "whisper": [
        PREPROCESSOR,
        "loaded WhisperProcessor",
        "feature_extractor is WhisperFeatureExtractor: feature_size 8, sampling_rate 16000",
        "tokenizer is ",
        "input_features 1×8×100 float32, decoder_input_ids 1×1 int64 (made by: processor)",
        "it hears a test tone: 1 s, 16000 samples a second",
    ],
}
"""What is said of each of these models, from the file that answered to what became of the picture or sound."""


@pytest.mark.parametrize(
    "name",
    ["llava", "mosaic", "vit", "whisper", pytest.param("qwen2_audio", marks=AUDIO),
     pytest.param("qwen2_vl_with_parts", marks=QWEN2_VL)],
)  # fmt: skip
def test_the_stage_says_what_a_processor_is_and_makes(loads: Loads, tmp_path: Path, name: str) -> None:
    options = {} if name == "vit" else {"generate": 2}
    with loads.trace(saved(name, tmp_path / name), **options) as trace:
        assert trace.outcome.status == "loaded"
        assert len(list(events(trace, TokenGenerated))) == (2 if options else 0)
        stages = {one.stage: one for one in summarize_stages(trace)}
        lines = [fact_text(fact, "en") for name in ("processor", "forward") for fact in stages[name].facts]
    assert [said for said in SAID[name] if not any(said in line for line in lines)] == [], lines


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


def test_the_package_that_a_processor_needs_is_named(loads: Loads, tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path / "m")
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_processor_type": "NeedyImageProcessor", "auto_map": {"AutoImageProcessor": "needy.Needy"}})
    )
    (folder / "needy.py").write_text(
        "from transformers import BaseImageProcessor\n"
        "from transformers.utils import requires_backends\n"
        "class Needy(BaseImageProcessor):\n"
        "    def __init__(self, **kwargs):\n"
        "        requires_backends(self, ['detectron2'])\n"
    )
    with loads.trace(folder, forward=False) as trace:
        assert trace.outcome.status == "loaded"
        failed = [one.event for one in events(trace, ProcessorFailed)]
        assert failed
        assert str(failed[-1].why).endswith("as Needy needs detectron2, which is not installed")
        said = [one for one in diagnose(trace).surprises if one.kind == "processor-package"]
        assert [(one.remedy, one.values["install"]) for one in said] == [("install-for-processor", "detectron2")]


@pytest.mark.parametrize(
    ("library", "package"), [("Torchvision", "torchvision"), ("librosa", "librosa"), ("faiss", "faiss-cpu")]
)
@pytest.mark.parametrize("words", [" library but it was not found in your", " library. But that was not found in your"])
def test_a_message_that_names_a_library(library: str, package: str, words: str) -> None:
    assert missing_packages(f"\nVideoProcessor requires the {library}{words}") == ("VideoProcessor", [package])
    assert missing_packages("it requires patience") == ("", [])


def test_each_package_is_the_one_that_the_message_says_to_install() -> None:
    compared = 0
    for name, (_, message) in BACKENDS_MAPPING.items():
        text = "Sees" + message.removeprefix("\n{0}")
        who, packages = missing_packages(text)
        assert not any(" " in package for package in packages)
        told = re.search(r"pip install (?:-U )?([\w.-]+)", text)
        # What is said of decord was copied from PyAV; soxr is an extra of transformers.
        if told is not None and told[1] != "--upgrade" and name not in ("decord", "soxr", "audio"):
            assert (who, [_normal(one) for one in packages]) == ("Sees", [_normal(told[1])])
            compared += 1
    assert compared > 10
    assert missing_packages("Sees requires the jinja library but it was not found")[1] == ["jinja2"]


def _normal(package: str) -> str:
    return package.casefold().replace("_", "-")


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
