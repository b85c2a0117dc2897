"""A vision-language model of which all code is the directory's own: it is loaded, shown a picture, and writes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.forked import in_fork
from tests.support.library_models import saved
from tests.support.loads import Loads
from tracer.trace.events import ClassResolved, InputsPrepared, ModuleEntered, TokenGenerated, events


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("mosaic", tmp_path_factory.mktemp("m") / "mosaic")


def test_it_is_loaded_by_its_own_classes(loads: Loads, mosaic: Path) -> None:
    with loads.trace(mosaic, generate=3) as trace:
        assert trace.outcome.status == "loaded"
        resolved = {str(one.event.class_).rpartition(".")[2] for one in events(trace, ClassResolved)}
        entered = {str(one.event.path) for one in events(trace, ModuleEntered)}
        caches = [one.event.cache for one in events(trace, TokenGenerated)]
    assert resolved == {
        "MosaicConfig", "MosaicProcessor", "MosaicImageProcessor", "MosaicForConditionalGeneration"
    }  # fmt: skip
    assert {"vision_tower", "projector", "language_model"} <= entered
    assert caches == [11, 12, 13]


def test_without_consent_nothing_of_it_runs(loads: Loads, mosaic: Path) -> None:
    with loads.trace(mosaic, trust_remote_code=False) as trace:
        assert trace.outcome.status != "loaded"
        assert list(events(trace, ClassResolved)) == []


@pytest.mark.parametrize(("size", "grid"), [((80, 40), [2, 4]), ((40, 160), [8, 2]), ((9, 9), [4, 4])])
def test_placeholders_are_as_many_as_the_picture_has_patches(
    loads: Loads, mosaic: Path, tmp_path: Path, size: tuple[int, int], grid: list[int]
) -> None:
    Image.new("RGB", size, "red").save(tmp_path / "red.png")
    with loads.trace(mosaic, image=str(tmp_path / "red.png")) as trace:
        [found] = events(trace, InputsPrepared)
    patches = grid[0] * grid[1]
    assert {one.name: one.shape for one in found.event.inputs}["pixel_values"] == [patches, 192]
    assert [(one.id, one.count) for one in found.event.placeholders] == [(4, patches // 4)]


def test_recorded_equals_unrecorded(mosaic: Path, tmp_path: Path) -> None:
    plain, recorded = (in_fork(_run, str(mosaic), traced, str(tmp_path)) for traced in (False, True))
    assert plain == recorded


def _run(model: str, traced: bool, folder: str) -> dict[str, Any]:
    from tracer.recorder.session import Session

    if not traced:
        return _seen(model)
    session = Session(Path(folder) / "journal", model=model, lines=True)
    with session:
        seen = _seen(model)
    session.finish(None)
    assert session.recording.steps > 1000
    return seen


def _seen(model: str) -> dict[str, Any]:
    """Load, show a picture and write; return hashes of the weights and of what came out."""
    import torch
    import transformers

    torch.set_num_threads(1)
    torch.manual_seed(3)
    processor = transformers.AutoProcessor.from_pretrained(model, trust_remote_code=True)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(model, trust_remote_code=True).eval()
    picture = Image.linear_gradient("L").resize((80, 40))
    batch = processor(images=[picture], text=["USER: <image> What is this ?"], return_tensors="pt")
    with torch.no_grad():
        logits = loaded(**batch).logits
        ids = loaded.generate(**batch, max_new_tokens=4, do_sample=False)
    tensors = {**loaded.state_dict(), **batch, "logits": logits, "random": torch.get_rng_state()}
    hashed = {
        name: (str(value.dtype), list(value.shape), hashlib.sha256(value.numpy().tobytes()).hexdigest())
        for name, value in tensors.items()
    }
    return {"ids": ids.tolist(), "class": type(loaded).__qualname__, **hashed}
