"""Generation: the tokens of an untraced greedy run, each with its text, time and what the bookkeeping holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import save_file

from tests.model.side_by_side import PROMPT, glm_inputs, load_glm, one_thread
from tests.support.forked import in_fork
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, Reading
from tests.support.writing_models import save

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


# ── A generate or chat of the model's own ──────────────────────────────────────────────────────────


class Writes(torch.nn.Module):
    """A model that is not the library's: the next token is one more than the last."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, input_ids: Any) -> Any:
        return input_ids


def continued(ids: Any, count: int) -> Any:
    for _ in range(count):
        ids = torch.cat([ids, ids[:, -1:] + 1], dim=-1)
    return ids


class Positional(Writes):
    def generate(self, idx: Any, max_new_tokens: int, temperature: float = 1.0) -> Any:
        return continued(idx, max_new_tokens)


class ByLength(Writes):
    def generate(self, input_ids: Any, max_length: int = 20) -> Any:
        return continued(input_ids, max_length - input_ids.shape[-1])


class NewOnly(Writes):
    def generate(self, input_ids: Any = None, **options: Any) -> Any:
        return {"sequences": continued(input_ids, options["max_new_tokens"])[:, input_ids.shape[-1] :]}["sequences"]


class NoStreamer(Writes):
    def generate(self, input_ids: Any, **options: Any) -> Any:
        if "streamer" in options:
            raise ValueError("`streamer` cannot be used with beam search (yet!).")
        return continued(input_ids, options["max_new_tokens"])


class Streams(Writes):
    def generate(self, input_ids: Any, max_new_tokens: int, streamer: Any = None) -> Any:
        streamer.put(input_ids)
        for number in range(max_new_tokens):
            streamer.put(torch.tensor([int(input_ids[0, -1]) + 1 + number]))
        return continued(input_ids, max_new_tokens)  # and never says that it ended


class Says(Writes):
    def generate(self, input_ids: Any) -> list[str]:
        return ["an answer"]


class Chats(Writes):
    def chat(self, tokenizer: Any, query: str, history: Any = None, max_length: int = 8192) -> tuple[str, list[Any]]:
        return f"{tokenizer.decode([7])} to {query}", []


class Wants(Writes):
    def generate(self, input_ids: Any, future_values: Any, max_new_tokens: int = 3) -> Any:
        raise AssertionError("not to be called")


class TakesOthers(Writes):
    def generate(self, max_new_tokens: int = 3) -> Any:
        raise AssertionError("not to be called")


class ChatWants(Writes):
    def chat(self, tokenizer: Any, video: Any, question: str) -> Any:
        raise AssertionError("not to be called")


class Marks:
    def decode(self, ids: list[int]) -> str:
        return f"<{ids[0]}>"


def own_call(model: Any, *, tokenizer: Any = None) -> Any:
    from tracer.recorder.model.generation import call_for

    inputs = {"input_ids": torch.tensor([[4, 5]])}
    return call_for(model, inputs, 3, prompt="What?", tokenizer=tokenizer, processor=None)


def written(model: Any, folder: Path, tokenizer: Any = None) -> list[dict[str, Any]]:
    """Return what is recorded while a model of our own writes three tokens after 4 and 5."""
    from tracer.recorder.model.generation import TokenWatch, carry_out
    from tracer.recorder.session import Session
    from tracer.trace.reading import open_trace

    session = Session(folder / "journal")
    with session:
        carry_out(own_call(model, tokenizer=tokenizer), TokenWatch(session.recording, tokenizer))
    session.finish(None)
    with open_trace(folder / "journal") as trace:
        assert not [name for name in trace.meta.skipped if not name.startswith("transformers/")], trace.meta.skipped
        return [{"kind": s.kind, **s.data} for s in trace.steps(kinds=["token-generated", "generated"])]


@pytest.mark.parametrize("kind", [Positional, ByLength, NewOnly, NoStreamer, Streams])
def test_a_generate_of_the_models_own(kind: type[Writes], tmp_path: Path) -> None:
    """Its tokens are those that it streams, or those that it returns after the prompt."""
    recorded = written(kind(), tmp_path, Marks())
    tokens = [(one["index"], one["id"], one["text"]) for one in recorded if one["kind"] == "token-generated"]
    assert tokens == [(0, 6, "<6>"), (1, 7, "<7>"), (2, 8, "<8>")]
    assert ("nanoseconds" in recorded[0]) == (kind is Streams)
    assert [one["kind"] for one in recorded].count("token-generated") == len(recorded)


@pytest.mark.parametrize(("kind", "by", "text"), [(Says, "generate", "an answer"), (Chats, "chat", "<7> to What?")])
def test_a_call_that_returns_text(kind: type[Writes], by: str, text: str, tmp_path: Path) -> None:
    [found] = written(kind(), tmp_path, Marks())
    assert (found["kind"], found["by"], found["text"]) == ("generated", by, text)
    assert found["left_out"] == ["max_new_tokens"]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Writes, "Writes writes no text"),
        (Wants, "Wants.generate can't do without future_values, which nothing here makes"),
        (TakesOthers, "TakesOthers.generate takes max_new_tokens, and none of what the pass was given"),
        (ChatWants, "ChatWants.chat can't do without video, which nothing here makes"),
        (Chats, "Chats.chat can't do without tokenizer, which nothing here makes"),
    ],
)
def test_why_a_model_is_not_made_to_write(kind: type[Writes], why: str) -> None:
    call = own_call(kind(), tokenizer=None if kind is Chats else Marks())
    assert call.function is None
    assert call.why.endswith(why)


class AsksFor(Writes):
    def generate(self, input_ids: Any, voice: Any = None, **options: Any) -> Any:
        raise ValueError("`voice` must be specified")


class PassesOn(Writes):
    def generate(self, input_ids: Any, **options: Any) -> Any:
        return self.forward(input_ids, **options)


class Fails(Writes):
    def generate(self, input_ids: Any, voice: Any = None, **options: Any) -> Any:
        raise ValueError("`input_ids` are bad")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (AsksFor, "AsksFor.generate can't do without voice, which nothing here makes"),
        (PassesOn, "got an unexpected keyword argument 'max_new_tokens'"),
        (Fails, None),
    ],
)
def test_what_an_exception_says_about_the_call(kind: type[Writes], why: str | None, tmp_path: Path) -> None:
    """Of a call that has another form nothing failed; of any other the generation has."""
    with pytest.raises((TypeError, ValueError)) as raised:
        written(kind(), tmp_path)
    found = own_call(kind()).refused(raised.value)
    assert found is None if why is None else str(found).endswith(why)


@pytest.mark.parametrize(("name", "tokens"), [("t5", 3), ("whisper", 3), ("mamba", 3), ("musicgen", None)])
def test_a_directory_without_a_tokenizer_writes(name: str, tokens: int | None, loads: Loads, tmp_path: Path) -> None:
    """After inputs of our own: ids without text, or a sound."""
    in_fork(save, name, str(tmp_path / name))
    reading = Reading(loads.trace(tmp_path / name, generate=3))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    told = [step.data for step in reading.kinds("token-generated")]
    assert not [token for token in told if "text" in token]
    if tokens is None:
        assert reading.only("generated")["what"] == "sound"
    else:
        assert [token["index"] for token in told] == [*range(tokens)]


OWN = """
import torch
from transformers import PreTrainedModel, PretrainedConfig
class OwnConfig(PretrainedConfig):
    model_type = "own-writer"
    def __init__(self, vocab_size=16, **more):
        self.vocab_size = vocab_size
        super().__init__(**more)
class OwnForCausalLM(PreTrainedModel):
    config_class = OwnConfig
    def __init__(self, config):
        super().__init__(config)
        self.embed = torch.nn.Embedding(config.vocab_size, 4)
        self.post_init()
    def _init_weights(self, module):
        pass
    def forward(self, input_ids):
        return self.embed(input_ids)
    def generate(self, input_ids, max_new_tokens):
        {body}
"""


def own_writer(folder: Path, body: str) -> Path:
    """Write a directory whose model has a ``generate`` of its own."""
    folder.mkdir()
    (folder / "own.py").write_text(OWN.format(body=body), encoding="utf-8")
    auto_map = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnForCausalLM"}
    config = {"model_type": "own-writer", "architectures": ["OwnForCausalLM"], "auto_map": auto_map, "vocab_size": 16}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file({"embed.weight": torch.ones(16, 4)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_a_load_with_a_generate_of_the_models_own(loads: Loads, tmp_path: Path) -> None:
    folder = own_writer(tmp_path / "own", "return torch.cat([input_ids, input_ids[:, :max_new_tokens]], dim=-1)")
    reading = Reading(loads.trace(folder, ids=[3, 1, 4], generate=2))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    assert [step.data["id"] for step in reading.kinds("token-generated")] == [3, 1]


def test_a_generation_that_fails_costs_no_trace(loads: Loads, tmp_path: Path) -> None:
    folder = own_writer(tmp_path / "own", 'raise RuntimeError("no words")')
    outcome = loads.record(folder, ids=[3, 1, 4], generate=2).outcome
    assert (outcome.status, outcome.part, outcome.message) == ("failed", "generate", "no words")
    reading = Reading(loads.trace(folder, ids=[3, 1, 4], generate=2))
    assert reading.kinds("module-entered", path="")
    assert reading.only("model-loaded")


def test_a_generation_that_fails_after_inputs_of_our_own_says_nothing_about_the_model(
    loads: Loads, tmp_path: Path
) -> None:
    folder = own_writer(tmp_path / "own", 'raise RuntimeError("no words")')
    reading = Reading(loads.trace(folder, generate=2))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    assert (
        "inputs made up from the configuration did not fit: RuntimeError: no words"
        in reading.only("not-generated")["why"]
    )
    assert reading.only("not-generated")["message"] == "no words"


class BreaksOff(Writes):
    def generate(self, input_ids: Any, max_new_tokens: int, streamer: Any = None) -> Any:
        streamer.put(input_ids)
        streamer.put(torch.tensor([8]))
        raise RuntimeError("no more words")


class CannotDecode:
    def decode(self, ids: list[int]) -> str:
        raise KeyError(ids[0])


@pytest.mark.parametrize(("tokenizer", "text"), [(Marks(), "<8>"), (None, None), (CannotDecode(), None)])
def test_the_last_token_before_a_failure_is_kept(tokenizer: Any, text: str | None, tmp_path: Path) -> None:
    from tracer.recorder.model.generation import TokenWatch, carry_out
    from tracer.recorder.session import Session
    from tracer.trace.reading import open_trace

    session = Session(tmp_path / "journal")
    with session, pytest.raises(RuntimeError, match="no more words"):
        carry_out(own_call(BreaksOff()), TokenWatch(session.recording, tokenizer))
    session.finish(None)
    with open_trace(tmp_path / "journal") as trace:
        [token] = [step.data for step in trace.steps(kinds=["token-generated"])]
        assert (token["id"], token.get("text")) == (8, text)
        assert ("tokens" in trace.meta.skipped) == isinstance(tokenizer, CannotDecode)


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
