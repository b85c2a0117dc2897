"""The tokenizer: its class, its special tokens, the filled-in chat template, and the text of each token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers

from tests.model.side_by_side import PROMPT, glm_inputs, load_glm
from tests.support.loads import Loads
from tests.support.reading import Reading


def recorded(loads: Loads, glm: Path, image: Path) -> Reading:
    return Reading(loads.trace(glm, kwargs={"empty_init": False}, dtype="float32", prompt=PROMPT, image=str(image)))


def test_the_dynamic_class(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    assert reading.only("tokenizer-loaded")["class"].endswith(".tokenization_chatglm.ChatGLM4Tokenizer")


def test_the_chat_template_is_shown_filled_in(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    step = reading.kinds("chat-rendered")[0]
    assert step.stage == "tokenizer"
    assert step.data["text"] == rendered(glm, image)
    assert PROMPT in step.data["text"]


def test_each_token_has_its_text(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    tokenizer = transformers.AutoTokenizer.from_pretrained(glm, trust_remote_code=True)
    expected = glm_inputs(glm, load_glm(glm), image)["input_ids"][0].tolist()
    text = reading.only("text-prepared")
    assert text["ids"] == expected
    assert text["count"] == len(expected)
    assert text["pieces"] == [tokenizer.decode([number]) for number in expected]
    assert "".join(text["pieces"]).endswith(f"{PROMPT}<|assistant|>")
    assert text["prompt"] == PROMPT
    assert text["special"]["eos_token"] == tokenizer.eos_token
    assert text["special"]["pad_token"] == tokenizer.pad_token


def test_a_tokenizer_without_a_chat_template(loads: Loads, fixtures: Path) -> None:
    reading = Reading(loads.trace(fixtures / "bert-tiny", prompt="a cat"))
    assert not reading.kinds("chat-rendered")
    text = reading.only("text-prepared")
    tokenizer = transformers.AutoTokenizer.from_pretrained(fixtures / "bert-tiny")
    assert text["ids"] == tokenizer("a cat")["input_ids"]
    assert text["pieces"][0] == text["special"]["cls_token"] == "[CLS]"


def test_the_default_prompt_and_picture(loads: Loads, glm: Path) -> None:
    """Without a prompt: a question about a generated picture."""
    reading = Reading(loads.trace(glm, kwargs={"empty_init": False}))
    assert reading.only("text-prepared")["prompt"] == "What is in this picture?"
    [root] = reading.kinds("module-entered", path="")
    assert reading.value(root.value)["images"]["shape"] == [1, 3, 56, 56]


def test_a_secret_in_the_prompt_stays_out(loads: Loads, glm: Path) -> None:
    secret = "hf_" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"
    recorded = loads.record(glm, kwargs={"empty_init": False}, prompt=f"my token is {secret}")
    assert recorded.outcome.status == "loaded"
    assert secret.encode() not in recorded.path.read_bytes()
    reading = Reading(loads.trace(glm, kwargs={"empty_init": False}, prompt=f"my token is {secret}"))
    assert secret not in str([step.data for step in reading.steps])


def rendered(glm: Path, image: Path) -> Any:
    from PIL import Image

    tokenizer = transformers.AutoTokenizer.from_pretrained(glm, trust_remote_code=True)
    with Image.open(image) as opened:
        message = {"role": "user", "content": PROMPT, "image": opened.convert("RGB")}
    return tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
