"""The length of a cache: whatever shape it has, the number of tokens in it or nothing."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tracer.recorder.model.generation import CacheLength, TokenWatch, generate
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


@pytest.mark.parametrize("cache", [None, (), [], ((),), 5, "text", ((None, None),), torch.zeros(3)])
def test_what_is_no_cache(cache: Any) -> None:
    assert CacheLength().of(cache, [3]) is None


# ── The library's own ──────────────────────────────────────────────────────────────────────────────

OURS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def reformer() -> Any:
    config = transformers.ReformerConfig(
        vocab_size=64, hidden_size=16, num_attention_heads=2, attention_head_size=8, feed_forward_size=16,
        attn_layers=["local", "local"], local_attn_chunk_length=4, axial_pos_embds=False, max_position_embeddings=64,
        is_decoder=True, **OURS,
    )  # fmt: skip
    return transformers.ReformerModelWithLMHead(config)


def xlnet() -> Any:
    config = transformers.XLNetConfig(vocab_size=64, d_model=16, n_layer=2, n_head=2, d_inner=16, mem_len=32, **OURS)
    return transformers.XLNetLMHeadModel(config)


def mamba() -> Any:
    config = transformers.MambaConfig(vocab_size=64, hidden_size=16, state_size=4, num_hidden_layers=2, **OURS)
    return transformers.MambaForCausalLM(config)


def llama() -> Any:
    config = transformers.LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, **OURS
    )
    return transformers.LlamaForCausalLM(config)


def openai_gpt() -> Any:
    config = transformers.OpenAIGPTConfig(vocab_size=64, n_embd=16, n_layer=1, n_head=2, n_positions=64)
    model = transformers.OpenAIGPTLMHeadModel(config)
    model.generation_config.pad_token_id = 0
    return model


class Tokenizer:
    def decode(self, ids: list[int]) -> str:
        return f"<{ids[0]}>"


def generated(model: Any, folder: Path) -> tuple[list[dict[str, Any]], list[str], dict[str, Any]]:
    """Return the tokens, the output meanwhile, and what could not be watched."""
    torch.manual_seed(0)
    model.eval()
    inputs = {
        "input_ids": torch.tensor([[5, 6, 7, 8, 9, 10]]),
        "attention_mask": torch.ones(1, PROMPT, dtype=torch.long),
    }
    if "attention_mask" not in inspect.signature(type(model).forward).parameters:
        del inputs["attention_mask"]
    session = Session(folder / "journal")
    with session, session.model.passes(model, "generate"):
        done = generate(model, inputs, 3, TokenWatch(session.recording, Tokenizer()))
    session.finish(None)
    with open_trace(folder / "journal") as trace:
        tokens = [step.data for step in trace.steps(kinds=["token-generated"])]
        said = [str(step.data["message"]) for step in trace.steps(kinds=["warning", "log"])]
        assert [token["id"] for token in tokens] == done[0, PROMPT:].tolist()
        return tokens, said, trace.meta.skipped


@pytest.mark.parametrize(
    ("make", "expected"),
    [(llama, [6, 7, 8]), (reformer, None), (xlnet, [None, 8, 9]), (mamba, None), (openai_gpt, None)],
)
def test_of_the_librarys_models(make: Any, expected: list[int | None] | None, tmp_path: Path) -> None:
    torch.manual_seed(0)  # other weights could end the text with the first token
    tokens, _, skipped = generated(make(), tmp_path)
    shown = [token.get("cache") for token in tokens]
    assert len(shown) == 3
    assert shown == expected if expected is not None else set(shown) == {None}
    assert not [name for name in skipped if not name.startswith("transformers/")], skipped


def test_what_we_set_ourselves_is_not_warned_of(tmp_path: Path) -> None:
    """Greedy generation is our choice, so that the model's settings for sampling go unused says nothing about the model."""
    model = llama()
    settings = model.generation_config
    settings.do_sample = True
    settings.temperature, settings.top_p, settings.top_k = 0.8, 0.7, 5
    tokens, said, _ = generated(model, tmp_path)
    assert not [message for message in said if "do_sample" in message]
    assert (settings.temperature, settings.top_p, settings.top_k) == (0.8, 0.7, 5)
    model.generation_config = transformers.GenerationConfig(**OURS)
    (tmp_path / "again").mkdir()
    assert [token["id"] for token in tokens] == [token["id"] for token in generated(model, tmp_path / "again")[0]]
