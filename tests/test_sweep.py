"""The nightly sweep: what it takes for a tower that was entered, and that no type gets lost in its table."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import transformers

from tests.support.forked import in_fork
from tests.support.library_models import saved

PICTURE = "pixel_values"


def loaded(folder: str) -> tuple[Any, dict[str, Any]]:
    """Return a tiny Llava and inputs with a picture in the text."""
    import torch

    torch.set_num_threads(1)
    model = transformers.LlavaForConditionalGeneration.from_pretrained(folder).eval()
    count = 16 if hasattr(model.config, "image_seq_length") else 1  # 4.44 puts the patches in the place of one token
    ids = torch.tensor([[1, *[4] * count, 5, 6]])
    pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return model, {"input_ids": ids, "attention_mask": torch.ones_like(ids), PICTURE: pixels}


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(saved("llava", tmp_path_factory.mktemp("m") / "llava"))


def modules_of_the_tower(folder: str) -> set[str]:
    from nightly.towers import tower_modules

    return tower_modules(*loaded(folder), "picture")


def test_the_tower_is_what_a_picture_goes_through_before_it_meets_the_text(llava: str) -> None:
    found = in_fork(modules_of_the_tower, llava)
    assert any(path.endswith("patch_embedding") for path in found), found
    assert any("encoder.layers.1" in path for path in found), found
    assert any("projector" in path for path in found), found
    assert [path for path in found if "language_model" in path or path == "lm_head"] == []


def modules_without_the_picture(folder: str) -> list[set[str]]:
    """Return what is found if the inputs have no picture, and if the model drops the one that it is given."""
    from nightly.towers import tower_modules

    model, inputs = loaded(folder)
    without = {name: one for name, one in inputs.items() if name != PICTURE}
    found = [tower_modules(model, without, "picture")]
    forward = model.forward
    model.forward = lambda pixel_values=None, **given: forward(**given)
    return [*found, tower_modules(model, inputs, "picture")]


def test_no_tower_is_found_where_the_picture_is_dropped(llava: str) -> None:
    assert in_fork(modules_without_the_picture, llava) == [set(), set()]


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        (
            {"built": True, "class": True, "equal": True, "account": True, "read": True},
            0,
            "1 types, 0 crashed, 1 built",
        ),
        (
            {"built": True, "class": False, "equal": True, "account": True, "read": True},
            1,
            "1 types, 0 crashed, 1 built",
        ),
        ({"crashed": "the process ended with 11"}, 1, "1 types, 1 crashed, 0 built"),
    ],
)
def test_a_type_whose_process_crashed_is_counted_and_fails_the_run(
    tmp_path: Path, row: dict[str, Any], code: int, said: str
) -> None:
    (tmp_path / "rows").write_text(json.dumps({"type": "causal:llama", **row}) + "\n")
    found, printed = in_fork(swept, str(tmp_path / "rows"))
    assert (found, said in printed) == (code, True), printed


def swept(results: str) -> tuple[int, str]:
    from nightly import sweep

    sys.argv = ["sweep.py", "causal:llama", "--results", results]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = sweep.main()
    return code, printed.getvalue()
