"""The boxes of a pass, of models of the library: what goes in, the towers and their layers, what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.library_models import saved
from tests.support.loads import Loads
from tracer.analysis.model_flow import Call, boxes, read_passes
from tracer.trace.reading import Trace
from tracer.views.model_flow import draw_flow, flow_line

WHAT: dict[str, tuple[str, list[str], list[str]]] = {
    "llava": (
        r"pixel_values 1×3×32×32 \+ input_ids 1×(8|23) → logits 1×23×64",  # 4.44 expands the placeholder in the model
        ["pixel_values", "vision_tower", "multi_modal_projector", "language_model", "logits"],
        ["layers 0–1 ×2", "pixel_values 1×3×32×32"],
    ),
    "whisper": (
        r"input_features 1×8×100 \+ decoder_input_ids 1×1 → logits 1×1×64",
        ["input_features", "encoder", "decoder", "proj_out", "logits"],
        ["encoder_hidden_states 1×50×16 → 1×1×16", "conv1 "],
    ),
    "t5": (
        r"input_ids 1×8 \+ decoder_input_ids 1×1 → logits 1×1×64",
        ["input_ids", "encoder", "decoder", "lm_head", "logits"],
        ["block.0 ", "block 1–2 ×2", "encoder_hidden_states 1×8×16 → 1×1×16"],
    ),
    "mixtral": (
        "input_ids 1×8 → logits 1×8×64",
        ["input_ids", "model", "lm_head", "logits"],
        ["layers 0–2 ×3", "gate  ", "experts"],
    ),
}


def flow(trace: Trace) -> list[str]:
    root = next(part for part in read_passes(trace) if isinstance(part, Call))
    return [line for part in draw_flow(root, boxes(root), 90, "en") for line in part.lines.plain.split("\n")]


@pytest.mark.slow
@pytest.mark.parametrize("model", WHAT)
def test_a_model_of_the_library_is_drawn_by_its_towers(loads: Loads, tmp_path: Path, model: str) -> None:
    line, heads, told = WHAT[model]
    with loads.trace(saved(model, tmp_path / model)) as trace:
        found = flow_line(trace, "en")
        lines = flow(trace)
    assert found is not None
    assert re.fullmatch(line, found[0])
    drawn = [line.split()[1] for line in lines if line.startswith("╭")]
    assert [head for head in drawn if head in heads] == heads
    for text in told:
        assert any(text in line for line in lines), text
