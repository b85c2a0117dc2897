"""Generation: the tokens of an untraced greedy run, each with its text, time and what the bookkeeping holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.model.side_by_side import PROMPT, glm_inputs, load_glm, one_thread
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, Reading

COUNT = 5
IMAGE_GROWS_BY = 3  # three tokens become six vectors


@pytest.fixture(scope="module")
def untraced(glm: Path, image: Path) -> list[int]:
    """The ids that plain greedy generation gives."""
    with one_thread(), torch.no_grad():
        model = load_glm(glm)
        inputs = glm_inputs(glm, model, image)
        done = model.generate(**inputs, max_new_tokens=COUNT, do_sample=False, num_beams=1)
    new: list[int] = done[0, inputs["input_ids"].shape[1] :].tolist()
    return new


def recorded(loads: Loads, glm: Path, image: Path, **options: Any) -> Reading:
    options = {
        "kwargs": {"empty_init": False}, "dtype": "float32", "prompt": PROMPT, "image": str(image),
        "generate": COUNT, **options,
    }  # fmt: skip
    reading = Reading(loads.trace(glm, **options))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    return reading


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"operators": True, "statistics": True}, marks=pytest.mark.slow),
        pytest.param({"step_forward": "none"}, marks=pytest.mark.slow),
        {"kwargs": {"use_cache": False}},
    ],
    ids=["plain", "operators", "none", "as the script does"],
)
def test_tokens_are_those_of_an_untraced_run(
    loads: Loads, glm: Path, image: Path, untraced: list[int], options: dict[str, Any]
) -> None:
    reading = recorded(loads, glm, image, **options)
    tokens = [step.data for step in reading.kinds("token-generated")]
    assert [token["id"] for token in tokens] == untraced
    assert [token["index"] for token in tokens] == [*range(len(untraced))]
    tokenizer = transformers.AutoTokenizer.from_pretrained(glm, trust_remote_code=True)
    assert [token["text"] for token in tokens] == [tokenizer.decode([number]) for number in untraced]
    assert all(token["nanoseconds"] > 0 for token in tokens)
    assert {step.stage for step in reading.kinds("token-generated")} == {"generate"}


def test_cache_mask_and_positions_grow_by_one(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    tokens = [step.data for step in reading.kinds("token-generated")]
    prompt = reading.only("text-prepared")["count"]
    # 5.x leaves out a mask that hides nothing.
    names = ("cache", "position_ids", "attention_mask") if OLD_LINE else ("cache", "position_ids")
    for name in names:
        first = prompt + IMAGE_GROWS_BY if name == "cache" else prompt + 1
        expected = [first + index for index in range(len(tokens))]
        # Which axis of the cache counts tokens shows when it grows: with the second one.
        assert [token.get(name) for token in tokens] == ([None, *expected[1:]] if name == "cache" else expected)


def test_a_token_is_recorded_after_its_pass(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    roots = [step for step in reading.kinds("module-left", path="") if step.stage == "generate"]
    tokens = reading.kinds("token-generated")
    assert len(roots) == len(tokens)
    ends = [*(step.number for step in roots[1:]), len(reading.steps)]
    for left, token, end in zip(roots, tokens, ends, strict=True):
        assert left.number < token.number < end
    lengths = [reading.value(s.value)["input_ids"]["shape"][1] for s in reading.kinds("module-entered", path="")
               if s.stage == "generate"]  # fmt: skip
    assert lengths == [reading.only("text-prepared")["count"], *[1] * (len(tokens) - 1)]


def test_the_bookkeeping_is_line_stepped(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    tokens = len(reading.kinds("token-generated"))
    updates = reading.calls("_update_model_kwargs_for_generation", stage="generate")
    prepared = reading.calls("prepare_inputs_for_generation", stage="generate")
    assert len(updates) == tokens  # each comes once in a pass, so the first of each pass is every one
    assert len(prepared) == tokens
    assert updates[0].ran('model_kwargs["is_first_forward"] = False')
    assert updates[0].after('model_kwargs["is_first_forward"] = False')["model_kwargs"]["is_first_forward"] is False
    assert prepared[0].frame.function == "ChatGLMForConditionalGeneration.prepare_inputs_for_generation"
    assert prepared[1].ran("input_ids, position_ids, images = input_ids[:, -1:], position_ids[:, -1:], None")
    assert not prepared[0].ran("input_ids, position_ids, images = input_ids[:, -1:], position_ids[:, -1:], None")
    assert len([c for c in reading.calls("SelfAttention.forward") if c.steps[0].stage == "generate"]) == tokens


def test_a_model_that_writes_no_text(loads: Loads, fixtures: Path) -> None:
    """The load and the pass are kept; what could not be done is a fact of the trace."""
    reading = Reading(loads.trace(fixtures / "bert-tiny", generate=2))
    assert reading.trace.outcome.status == "loaded"
    assert reading.only("not-generated")["why"] == "BertModel writes no text"
    assert reading.calls("BertModel.forward") or reading.kinds("module-left")


def test_a_streamer_without_bookkeeping_loses_no_token(tmp_path: Path) -> None:
    """A model of which generate's bookkeeping can't be watched."""
    from tracer.recorder.model.generation import TokenWatch
    from tracer.recorder.recording import Recording
    from tracer.trace.outcome import Outcome
    from tracer.trace.reading import open_trace
    from tracer.trace.redaction.redactor import Redactor
    from tracer.trace.roots import Roots
    from tracer.trace.sealing import seal

    recording = Recording(tmp_path / "journal", Redactor(set()), Roots({}))

    class Tokenizer:
        def decode(self, ids: list[int]) -> str:
            return f"<{ids[0]}>"

    watch = TokenWatch(recording, Tokenizer())
    watch.put(torch.tensor([[1, 2, 3]]))
    for number in (7, 8, 9):
        watch.put(torch.tensor([number]))
    watch.end()
    recording.finish(Outcome("loaded"))
    seal(tmp_path / "journal", tmp_path / "a.glmtrace")
    with open_trace(tmp_path / "a.glmtrace") as trace:
        shown = [(step.data["index"], step.data["id"], step.data["text"]) for step in trace.steps()]
    assert shown == [(0, 7, "<7>"), (1, 8, "<8>"), (2, 9, "<9>")]
