"""The length of a cache: whatever shape it has, the number of tokens in it or nothing."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import torch
import transformers

from tests.support.reading import OLD_LINE
from tests.support.writing_models import MARKS, made
from tracer.recorder.model.cache_length import CacheLength
from tracer.recorder.model.generation import TokenWatch, generate
from tracer.recorder.session import Session
from tracer.trace.reading import open_trace

PROMPT = 6
Shape = tuple[int, ...]


def lengths(shapes: list[Shape], wrap: Any, done: list[list[int]]) -> list[int | None]:
    """The lengths recorded for one cache as it grows."""
    cache = CacheLength()
    return [cache.of(wrap(torch.zeros(shape)), expected) for shape, expected in zip(shapes, done, strict=True)]


SHAPES: dict[str, Any] = {
    "as in transformers": lambda n: (1, 4, n, 8),
    "token first, as ChatGLM2": lambda n: (n, 1, 2, 16),
    "heads third, as Qwen 1": lambda n: (1, n, 4, 8),
    "keys turned, as Bloom": lambda n: (4, 8, n),
}


@pytest.mark.parametrize("name", SHAPES)
def test_layers_of_keys_and_values(name: str) -> None:
    counts = [28, 29, 30, 31]
    shown = lengths([SHAPES[name](n) for n in counts], lambda t: ((t, t),) * 2, [[n] for n in counts])
    assert shown == counts


def test_memories_as_xlnets() -> None:
    counts = [6, 7, 8]
    assert lengths([(n, 1, 32) for n in counts], lambda t: [t, t], [[n] for n in counts]) == counts


def test_an_axis_that_happens_to_be_as_long() -> None:
    """Eight heads, and eight channels or eight tokens: which is which shows with the second token."""
    assert lengths([(1, 8, 8, 4), (1, 8, 9, 4)], lambda t: ((t, t),), [[8], [9]]) == [None, 9]


def test_without_anything_to_compare_with() -> None:
    assert lengths([(1, 4, 5, 8), (1, 4, 6, 8)], lambda t: ((t, t),), [[], []]) == [None, 6]
    assert lengths([(1, 4, 5, 8), (1, 4, 6, 8)], lambda t: ((t, t),), [[9], [10]]) == [None, 6]


def test_a_window_that_is_full() -> None:
    shapes = [(1, 2, n, 8) for n in (3, 4, 4)]
    assert lengths(shapes, lambda t: ((t, t),), [[3], [4], [5]]) == [3, 4, 4]


def test_what_does_not_grow_by_one_is_not_recorded() -> None:
    shapes = [(1, 3, 3, 8), (1, 3, 3, 8), (2, 4, 3, 8)]
    assert lengths(shapes, lambda t: ((t, t),), [[3], [4], [5]]) == [None, None, None]


class Answers:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def get_seq_length(self) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "length"), [(5, 5), (torch.tensor(5), 5), (0, None), (None, None), (ValueError("no attention"), None)]
)
def test_a_cache_that_answers(answer: Any, length: int | None) -> None:
    assert CacheLength().of(Answers(answer), [5]) == length


def test_an_answer_that_counts_something_else() -> None:
    """A cache that answers with the size of its batch, and one that says what was known before it grew."""
    cache = CacheLength()
    assert [cache.of(Answers(length), [done]) for length, done in ((1, 6), (1, 7), (1, 8))] == [None] * 3
    cache = CacheLength()
    assert [cache.of(Answers(length), []) for length in (4, 5, 6, 6)] == [None, 5, 6, 6]
    assert CacheLength().of(Answers(9), [8], 3) is None


def test_several_tokens_at_once() -> None:
    cache = CacheLength()
    assert [cache.of(Answers(length), [], new) for length, new in ((4, 1), (7, 3), (9, 2))] == [None, 7, 9]


@pytest.mark.parametrize("cache", [None, (), [], ((),), 5, "text", ((None, None),), torch.zeros(3)])
def test_what_is_no_cache(cache: Any) -> None:
    assert CacheLength().of(cache, [3]) is None


# ── The library's own ──────────────────────────────────────────────────────────────────────────────


class Tokenizer:
    def decode(self, ids: list[int]) -> str:
        return f"<{ids[0]}>"


class Written(NamedTuple):
    """What a traced generation gave: tokens, other results, messages, and what could not be watched."""

    tokens: list[dict[str, Any]]
    others: list[dict[str, Any]]
    said: list[str]
    skipped: dict[str, Any]


def generated(model: Any, folder: Path, count: int = 3, tokenizer: Any = None) -> Written:
    """Generate with and without a trace, compare, and return what was recorded."""
    inputs = {
        "input_ids": torch.tensor([[5, 6, 7, 8, 9, 10]]),
        "attention_mask": torch.ones(1, PROMPT, dtype=torch.long),
    }
    if "attention_mask" not in inspect.signature(type(model).forward).parameters:
        del inputs["attention_mask"]
    if model.main_input_name == "input_features":
        inputs = {"input_features": torch.linspace(-1, 1, 128).reshape(1, 4, 32)}
    if model.main_input_name == "pixel_values":
        inputs = {"pixel_values": torch.linspace(-1, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)}
    options = {} if isinstance(model, transformers.BarkModel) else GREEDY  # its models inside have their own limits
    with torch.no_grad():
        torch.manual_seed(0)
        plain = model.generate(**inputs, **(options and {**options, "max_new_tokens": count}))
    session = Session(folder / "journal")
    with session, session.model.passes(model, "generate"):
        torch.manual_seed(0)
        done = generate(model, inputs, count, TokenWatch(session.recording, tokenizer))
    session.finish(None)
    assert torch.equal(plain, done)
    with open_trace(folder / "journal") as trace:
        tokens = [step.data for step in trace.steps(kinds=["token-generated"])]
        others = [step.data for step in trace.steps(kinds=["generated"])]
        said = [str(step.data["message"]) for step in trace.steps(kinds=["warning", "log"])]
        if not done.is_floating_point():
            assert [token["id"] for token in tokens] == done[0].tolist()[done.shape[1] - len(tokens) :]
        skipped = {name: why for name, why in trace.meta.skipped.items() if not name.startswith("transformers/")}
        return Written(tokens, others, said, skipped)


GREEDY: Final = {"do_sample": False, "num_beams": 1}
STARTED: Final = [None, 2, 3] if OLD_LINE else [1, 2, 3]
"""A decoder's: in a cache of plain tensors, several axes are as long as one token."""


@pytest.mark.parametrize(
    ("name", "cache", "state"),
    [
        ("gpt2", [6, 7, 8], None),
        ("llama", [6, 7, 8], None),
        ("gemma2", [6, 7, 8], None),
        ("mistral", [6, 7, 8] if OLD_LINE else [3, 3, 3], None),
        ("jamba", [6, 7, 8], [[1, 16, 2], [1, 16, 4]]),
        ("recurrent_gemma", [None] * 3 if OLD_LINE else [6, 7, 8], None),
        ("mamba", [None] * 3, [[2, 1, 32, 4]] if OLD_LINE else [[1, 32, 4]]),
        ("rwkv", [None] * 3, [[1, 16, 2]]),
        ("reformer", [None] * 3, None),
        ("openai_gpt", [None] * 3, None),
        ("xlnet", [None, 8, 9], None),
        ("t5", STARTED, None),
        ("bart", STARTED, None),
        ("whisper", [1, 2, 3], None),
        ("blip", STARTED, None),
    ],
)
def test_of_the_librarys_models(
    name: str, cache: list[int | None], state: list[list[int]] | None, tmp_path: Path
) -> None:
    written = generated(made(name), tmp_path, tokenizer=Tokenizer())
    assert [token.get("cache") for token in written.tokens] == cache
    assert [token.get("state") for token in written.tokens] == [state] * 3
    assert [token["text"] for token in written.tokens] == [f"<{token['id']}>" for token in written.tokens]
    assert (written.others, written.skipped) == ([], {})


def test_a_cache_with_room_for_more_from_the_start(tmp_path: Path) -> None:
    model = made("llama")
    model.generation_config.cache_implementation = "static"
    assert [token.get("cache") for token in generated(model, tmp_path).tokens] == [6, 7, 8]


def test_without_a_tokenizer_tokens_are_ids_alone(tmp_path: Path) -> None:
    written = generated(made("gpt2"), tmp_path)
    assert [("id" in token, "text" in token) for token in written.tokens] == [(True, False)] * 3


@pytest.mark.parametrize(("name", "left_out"), [("musicgen", []), ("bark", ["max_new_tokens"])])
def test_a_model_that_writes_sound(name: str, left_out: list[str], tmp_path: Path) -> None:
    """Its tokens are codes, which are no text; what comes out is told with its length."""
    written = generated(made(name), tmp_path, count=5, tokenizer=Tokenizer())
    assert [token for token in written.tokens if token.get("text") is not None] == []
    [other] = written.others
    assert (other["by"], other["what"], other["rate"], other["left_out"]) == ("generate", "sound", 400, left_out)
    [sound] = other["tensors"]
    assert sound["dtype"] == "float32"
    assert other["seconds"] == sound["shape"][-1] / 400


def test_tokens_that_come_several_at_a_time(tmp_path: Path) -> None:
    """Guessed from the prompt and checked in one pass: the cache grows by as many as were right."""
    model = made("llama")
    model.generation_config.prompt_lookup_num_tokens = 2
    written = generated(model, tmp_path, count=6)
    known = [token["cache"] for token in written.tokens if "cache" in token]
    assert known == [PROMPT + token["index"] for token in written.tokens if "cache" in token]
    assert len(known) > 1


def test_codes_of_one_position_are_told_together(tmp_path: Path) -> None:
    session = Session(tmp_path / "journal")
    with session:
        watch = TokenWatch(session.recording, Tokenizer())
        watch.put(torch.zeros(4, 1, dtype=torch.long))
        watch.put(torch.tensor([5, 6, 7, 8]))
        watch.end()
        watch.put(torch.tensor([[1, 2, 3]]))  # the next prompt
        watch.put(torch.tensor([[9, 10]]))
        watch.end()
    session.finish(None)
    with open_trace(tmp_path / "journal") as trace:
        tokens = [step.data for step in trace.steps(kinds=["token-generated"])]
    told = [(token["index"], token.get("ids"), token.get("id"), token.get("text")) for token in tokens]
    assert told == [(0, [5, 6, 7, 8], None, None), (1, None, 9, "<9>"), (2, None, 10, "<10>")]


def test_what_we_set_ourselves_is_not_warned_of(tmp_path: Path) -> None:
    """Greedy generation is our choice, so that the model's settings for sampling go unused says nothing about the model."""
    model = made("llama")
    settings = model.generation_config
    settings.do_sample = True
    settings.temperature, settings.top_p, settings.top_k = 0.8, 0.7, 5
    written = generated(model, tmp_path)
    assert not [message for message in written.said if "do_sample" in message]
    assert (settings.temperature, settings.top_p, settings.top_k) == (0.8, 0.7, 5)
    model.generation_config = transformers.GenerationConfig(**MARKS)
    (tmp_path / "again").mkdir()
    assert [token["id"] for token in written.tokens] == [
        token["id"] for token in generated(model, tmp_path / "again").tokens
    ]
