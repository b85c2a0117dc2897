"""The fixture ``glm-4v-tiny``: correct according to the published numbers, and usable on every transformers line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.dynamic_module_utils import get_class_from_dynamic_module  # noqa: E402

from tests.support.generator import load_generator  # noqa: E402

Tensor = torch.Tensor

ROOT = Path(__file__).parent.parent
FIXTURE = ROOT / "fixtures" / "glm-4v-tiny"
DATA = Path(__file__).parent / "data" / "glm-4v"
TOLERANCE = 1e-4  # largest absolute difference; measured values are below 2e-6
LAYERS = range(3)
OUTPUTS = [
    "image.vision",
    *(f"image.hidden.{layer}" for layer in LAYERS),
    *(f"image.past.{layer}.{kind}" for layer in LAYERS for kind in ("key", "value")),
    "image.logits",
    "decode.logits",
    "text.logits",
    "padded.logits",
]


def load(auto_class: Any = AutoModelForCausalLM, **kwargs: Any) -> Any:
    return auto_class.from_pretrained(FIXTURE, trust_remote_code=True, **kwargs)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread: for models this small more threads gain nothing, and on a busy machine they wait for each
    other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Any:
    """Load in float32, whatever the line's default: 4.44 upcasts, 5.x uses the file's bfloat16."""
    return load().float()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load(AutoTokenizer)


@pytest.fixture(scope="module")
def expected() -> dict[str, Tensor]:
    return load_file(DATA / "expected.safetensors")


@pytest.fixture(scope="module")
def picture() -> Any:
    image = pytest.importorskip("PIL.Image")
    return image.radial_gradient("L").resize((90, 40)).convert("RGBA")


@pytest.fixture(scope="module")
def image_inputs(tokenizer: Any, picture: Any) -> Any:
    """Return inputs for two conversations of different lengths about a picture: the first row is padded on the left."""
    chats = [[{"role": "user", "image": picture, "content": text}] for text in ("Hi", "What is 这个?")]
    return tokenizer.apply_chat_template(
        chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
    )


def difference(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return (one - other).abs().max().item()


# The figures ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(model: Any, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return every output of the reference, computed by this implementation."""

    def inputs(case: str, *names: str) -> dict[str, Tensor]:
        return {name: expected[f"{case}.{name}"] for name in names}

    with torch.no_grad():
        image = model(
            **inputs("image", "input_ids", "images", "position_ids"),
            use_cache=True,
            output_hidden_states=True,
        )
        decode = model(**inputs("decode", "input_ids", "position_ids"), past_key_values=image.past_key_values)
        outputs = {
            "image.vision": model.transformer.vision(expected["image.images"]),
            "image.logits": image.logits,
            "decode.logits": decode.logits,
            "text.logits": model(**inputs("text", "input_ids")).logits,
            "padded.logits": model(**inputs("padded", "input_ids", "attention_mask", "position_ids")).logits,
        }
    for layer in LAYERS:
        outputs[f"image.hidden.{layer}"] = image.hidden_states[layer + 1]
        key, value = image.past_key_values[layer]
        outputs |= {f"image.past.{layer}.key": key, f"image.past.{layer}.value": value}
    return outputs


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_agrees_with_the_published_model(
    name: str, measured: dict[str, Tensor], expected: dict[str, Tensor]
) -> None:
    largest = difference(measured[name], expected[name])
    print(f"{name}: largest difference {largest:.1e}")  # shown by pytest -rP
    assert largest <= TOLERANCE


def test_every_published_number_is_compared(expected: dict[str, Tensor]) -> None:
    figures = {name for name, tensor in expected.items() if tensor.is_floating_point()}
    assert figures == {*OUTPUTS, "image.images"}


@pytest.mark.parametrize("empty_init", [True, False])
def test_at_9b_every_name_and_shape_is_the_published_one(empty_init: bool) -> None:
    config = load(AutoConfig).__class__(**json.loads((DATA / "geometry.json").read_text()))
    model_class = get_class_from_dynamic_module("modeling_chatglm.ChatGLMForConditionalGeneration", str(FIXTURE))
    with torch.device("meta"):
        model = model_class(config, empty_init=empty_init)
    published = json.loads((DATA / "parameters.json").read_text())

    parameters = {name: list(parameter.shape) for name, parameter in model.named_parameters()}
    assert list(parameters.items()) == list(published["parameters"].items())
    assert {name: list(buffer.shape) for name, buffer in model.named_buffers()} == published["buffers"]
    assert set(model.state_dict()) == set(parameters), "the buffer is not persistent"
    assert sum(parameter.numel() for parameter in model.parameters()) == 13_906_320_896
    assert model.max_sequence_length == 8192


# Loading ----------------------------------------------------------------------------------------------------


def test_config_has_its_27_arguments_and_the_rest_of_the_file() -> None:
    config = load(AutoConfig)
    code = type(config).__init__.__code__
    assert code.co_argcount == 1 + 27
    written = json.loads((FIXTURE / "config.json").read_text())
    for key in written.keys() - {"transformers_version", "torch_dtype"}:
        assert getattr(config, key) == written[key]
    assert config.num_hidden_layers == config.num_layers == 3


def test_use_cache_becomes_an_attribute_and_is_not_left_over() -> None:
    config, unused = load(AutoConfig, use_cache=False, return_unused_kwargs=True, empty_init=False)
    assert config.use_cache is False
    assert "use_cache" not in unused
    assert unused["empty_init"] is False, "this one is for the model's __init__"
    assert type(config)().use_cache is True


@pytest.mark.parametrize("auto_class", [AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM])
def test_generation_auto_classes(auto_class: Any, model: Any, expected: dict[str, Tensor]) -> None:
    loaded = load(auto_class)
    assert type(loaded).__name__ == "ChatGLMForConditionalGeneration"
    assert loaded.can_generate()
    weights = loaded.float().state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in model.state_dict().items())


def test_sequence_classification(model: Any, image_inputs: Any) -> None:
    classifier = load(AutoModelForSequenceClassification, num_labels=3).float()
    assert type(classifier).__name__ == "ChatGLMForSequenceClassification"
    assert not classifier.can_generate()
    assert classifier.classifier_head.weight.isfinite().all(), "no checkpoint has it, so it is initialised"
    with torch.no_grad():
        output = classifier(**image_inputs, labels=torch.tensor([0, 2]))
        pooled = model.transformer(**image_inputs).last_hidden_state[:, -1]
    assert torch.equal(output.logits, classifier.classifier_head(pooled))
    assert output.loss == torch.nn.functional.cross_entropy(output.logits, torch.tensor([0, 2]))


@pytest.mark.parametrize("empty_init", [True, False])
def test_empty_init_changes_nothing_once_the_weights_are_in(empty_init: bool, model: Any) -> None:
    loaded = load(empty_init=empty_init).float()
    assert all(torch.equal(loaded.state_dict()[name], weight) for name, weight in model.state_dict().items())
    assert torch.equal(loaded.transformer.rotary_pos_emb.inv_freq, torch.tensor([1.0, 0.1, 0.01, 0.001]))


@pytest.mark.parametrize("empty_init", [True, False])
def test_a_model_built_without_weights_is_initialised(empty_init: bool, model: Any) -> None:
    built = type(model)(model.config, empty_init=empty_init)
    embeddings = built.get_input_embeddings().weight
    assert embeddings.std().item() == pytest.approx(0.02, rel=0.1)
    assert built.transformer.encoder.final_layernorm.weight.eq(1).all()
    assert all(parameter.isfinite().all() for parameter in built.parameters())


def test_rotary_angles_stay_exact_when_the_model_is_cast(model: Any) -> None:
    rotary = type(model.transformer.rotary_pos_emb)(dim=64)
    positions = torch.tensor([[0, 1, 5000]])
    before = rotary(positions, torch.float32)
    assert before.shape == (1, 3, 32, 2)
    assert torch.equal(rotary.bfloat16()(positions, torch.float32), before)
    assert rotary(positions, torch.bfloat16).dtype == torch.bfloat16


def test_saved_and_loaded_again(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    for file in FIXTURE.glob("*.py"):
        if not (tmp_path / file.name).exists():  # some releases after 4.44 do not save a model's code
            shutil.copy(file, tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path, trust_remote_code=True)
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in model.state_dict().items())
    tokens_again = AutoTokenizer.from_pretrained(tmp_path, trust_remote_code=True)
    assert tokens_again.get_vocab() == tokenizer.get_vocab()
    assert tokens_again("<|user|>你好") == tokenizer("<|user|>你好")


MAIN_CALL = """
import sys, torch
from PIL import Image
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], trust_remote_code=True)
model = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], trust_remote_code=True, empty_init=False, use_cache=False, torch_dtype=torch.bfloat16
)
assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
assert model.config.use_cache is False and not model.training

chat = [{"role": "user", "image": Image.radial_gradient("L"), "content": "Hi"}]
inputs = tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)
generated = model.generate(**inputs, max_new_tokens=4, eos_token_id=None)
print(generated.shape[1] - inputs["input_ids"].shape[1])
with torch.no_grad():
    rounded = model(**inputs).logits
    exact = model.float()(**inputs).logits
print(rounded.dtype, (rounded - exact).abs().max().item() < 0.1)
"""


@pytest.mark.slow
def test_the_main_call_in_bfloat16_and_in_silence() -> None:
    """Run in a separate process: oneDNN can be kept from using what some CPUs lack only at its start."""
    pytest.importorskip("PIL")
    environment = {
        **os.environ,
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_FP16",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    result = subprocess.run(
        [sys.executable, "-c", MAIN_CALL, str(FIXTURE)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["4", "torch.bfloat16", "True"]
    said = [line for line in result.stderr.splitlines() if line and "Loading checkpoint shards" not in line]
    assert [line for line in said if "`torch_dtype` is deprecated" not in line] == []


# Images, positions, masks -----------------------------------------------------------------------------------


def test_an_image_takes_the_place_of_three_tokens(model: Any) -> None:
    input_ids = torch.tensor([[263, 266, 256, 267, 72], [256, 263, 266, 256, 267]])
    columns = model.transformer.expanded_columns(input_ids)
    assert columns.tolist() == [[0, 1, 2, 2, 2, 2, 3, 4], [0, 1, 2, 3, 3, 3, 3, 4]]


@pytest.mark.parametrize("text", ["", "<|begin_of_image|>"])
def test_a_row_without_a_place_for_its_image(text: str, model: Any, tokenizer: Any) -> None:
    input_ids = tokenizer(text, return_tensors="pt").input_ids
    with pytest.raises(ValueError, match="row 0 of input_ids has no place for its image"):
        model(input_ids=input_ids, images=torch.zeros(1, 3, 56, 56))


def test_images_that_do_not_fit(model: Any, image_inputs: Any) -> None:
    with pytest.raises(ValueError, match="2 rows of input_ids need as many images, and there are 1"):
        model(input_ids=image_inputs["input_ids"], images=torch.zeros(1, 3, 56, 56))
    with pytest.raises(ValueError, match="takes 56 x 56 pixels"):
        model(input_ids=image_inputs["input_ids"], images=torch.zeros(2, 3, 28, 28))


def test_padding_changes_nothing_for_what_is_not_padding(model: Any, image_inputs: Any) -> None:
    first = int(image_inputs["attention_mask"][0].argmax())
    assert first > 0
    alone = {name: image_inputs[name][:1, first:] for name in ("input_ids", "position_ids")}
    with torch.no_grad():
        padded = model(**image_inputs).logits[0, first:]
        unpadded = model(**alone, images=image_inputs["images"][:1]).logits[0]
    assert difference(padded, unpadded) < 1e-5


def test_position_ids_follow_from_the_mask(model: Any, expected: dict[str, Tensor]) -> None:
    with torch.no_grad():
        logits = model(input_ids=expected["padded.input_ids"], attention_mask=expected["padded.attention_mask"]).logits
    assert difference(logits, expected["padded.logits"]) <= TOLERANCE


def test_loss_leaves_the_image_out(expected: dict[str, Tensor]) -> None:
    model = load().float()
    input_ids, images = expected["image.input_ids"], expected["image.images"]
    output = model(input_ids=input_ids, images=images, labels=input_ids)
    # Written out: 16 positions, of which 6 to 9 hold patch features (columns 4, 5, 6 are the image's tokens).
    labels = input_ids[0].tolist()
    labels = torch.tensor([*labels[:5], *[-100] * 4, *labels[6:]])
    assert output.loss == torch.nn.functional.cross_entropy(output.logits[0, :-1], labels[1:])
    output.loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters()), "the whole vision tower learns"


def test_a_tuple_is_given_on_request(model: Any, expected: dict[str, Tensor]) -> None:
    with torch.no_grad():
        logits, cache = model(input_ids=expected["text.input_ids"], return_dict=False, use_cache=True)
    assert logits.shape == (2, 7, 320)
    assert len(cache) == 3
    assert cache[0][0].shape == (2, 2, 7, 16)


def test_attention_weights_are_refused(model: Any, expected: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="output_attentions"):
        model(input_ids=expected["text.input_ids"], output_attentions=True)


# Decoding and generation ------------------------------------------------------------------------------------


def inputs_of(case: str, expected: dict[str, Tensor], image_inputs: Any) -> dict[str, Tensor]:
    if case == "images, padded":
        return dict(image_inputs)
    names = {"image": ("input_ids", "images", "position_ids"), "text": ("input_ids",)}
    names["padded"] = ("input_ids", "attention_mask", "position_ids")
    inputs = {name: expected[f"{case}.{name}"] for name in names[case]}
    # The image's placeholder is also the padding token: without a mask, ``generate`` may guess a wrong mask.
    return {"attention_mask": torch.ones_like(inputs["input_ids"]), **inputs}


CASES = ["text", "padded", "image", "images, padded"]


def greedy(model: Any, inputs: dict[str, Tensor], count: int) -> Tensor:
    """Return the most likely continuation (B, count), by running the whole sequence for each token."""
    inputs = dict(inputs)
    length = inputs["input_ids"].shape[1]
    for _ in range(count):
        with torch.no_grad():
            logits = model(**inputs, use_cache=False).logits[:, -1]
        inputs["input_ids"] = torch.cat((inputs["input_ids"], logits.argmax(-1, keepdim=True)), dim=1)
        inputs["attention_mask"] = torch.nn.functional.pad(inputs["attention_mask"], (0, 1), value=1)
        inputs.pop("position_ids", None)  # they follow from the mask
    return inputs["input_ids"][:, length:]


def step_by_step(model: Any, inputs: dict[str, Tensor], new: Tensor, use_cache: bool) -> Tensor:
    """Return the logits (B, count, vocabulary) that choose each token of ``new`` (B, count), in generate's steps."""
    kwargs = {**inputs, "use_cache": use_cache}
    input_ids = kwargs.pop("input_ids")
    logits = []
    for token in new.split(1, dim=1):
        step = model.prepare_inputs_for_generation(input_ids, **kwargs)
        assert step["input_ids"].shape[1] == (1 if use_cache and logits else input_ids.shape[1])
        with torch.no_grad():
            outputs = model(**step)
        logits.append(outputs.logits)
        kwargs = model._update_model_kwargs_for_generation(outputs, kwargs)
        assert kwargs["is_first_forward"] is False
        input_ids = torch.cat((input_ids, token), dim=1)
    return torch.cat(logits, dim=1)


@pytest.mark.parametrize("case", CASES)
def test_decoding_with_the_cache_equals_decoding_without(
    case: str, model: Any, expected: dict[str, Tensor], image_inputs: Any
) -> None:
    inputs = inputs_of(case, expected, image_inputs)
    new = torch.tensor([[72, 266, 33, 105]]).expand(len(inputs["input_ids"]), -1)  # 266: no second image
    cached, whole = (step_by_step(model, inputs, new, use_cache) for use_cache in (True, False))
    assert difference(cached, whole) < 1e-5


@pytest.mark.parametrize("use_cache", [True, False, None])
def test_generate_gives_the_published_continuation(
    use_cache: bool | None, model: Any, expected: dict[str, Tensor]
) -> None:
    generated = model.generate(
        expected["greedy.input_ids"],
        max_new_tokens=8,
        do_sample=False,
        eos_token_id=None,
        use_cache=use_cache,
    )
    assert torch.equal(generated[:, 7:], expected["greedy.tokens"])


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_generate_equals_taking_the_largest_logit_by_hand(
    case: str, use_cache: bool, model: Any, expected: dict[str, Tensor], image_inputs: Any
) -> None:
    inputs = inputs_of(case, expected, image_inputs)
    generated = model.generate(**inputs, max_new_tokens=6, eos_token_id=None, use_cache=use_cache)
    assert torch.equal(generated[:, inputs["input_ids"].shape[1] :], greedy(model, inputs, 6))


def test_generate_gives_the_cache_and_looks_at_an_image_once(model: Any, image_inputs: Any) -> None:
    looks = []
    hook = model.transformer.vision.register_forward_hook(lambda *_: looks.append(1))
    try:
        output = model.generate(
            **image_inputs,
            max_new_tokens=3,
            eos_token_id=None,
            return_dict_in_generate=True,
            output_logits=True,
        )
    finally:
        hook.remove()
    assert len(looks) == 1
    cached = image_inputs["input_ids"].shape[1] - 3 + 6 + 2  # the last token is chosen, and not yet read
    assert [cache.shape for cache in output.past_key_values[2]] == [(2, 2, cached, 16)] * 2
    assert len(output.logits) == 3


def test_beam_search_reorders_the_cache(model: Any, image_inputs: Any) -> None:
    with_cache, without = (
        model.generate(**image_inputs, max_new_tokens=6, num_beams=3, eos_token_id=None, use_cache=use_cache)
        for use_cache in (True, False)
    )
    assert torch.equal(with_cache, without)


# The tokenizer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "Hello", " two  spaces\n\ttab ", "你好,世界 🌏", "<0x41>", "<|user|> é [MASK]"])
def test_text_comes_back(text: str, tokenizer: Any) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text
    if "<|" not in text:
        assert ids == list(text.encode())


def test_special_tokens_have_the_reference_ids(tokenizer: Any) -> None:
    names = "<|endoftext|> [MASK] [gMASK] [sMASK] <sop> <eop> <|system|> <|user|> <|assistant|> <|observation|>"
    names += " <|begin_of_image|> <|end_of_image|> <|begin_of_video|> <|end_of_video|>"
    assert tokenizer.convert_tokens_to_ids(names.split()) == list(range(256, 270))
    assert len(tokenizer) == tokenizer.vocab_size == 270
    assert tokenizer.pad_token_id == tokenizer.eos_token_id == 256
    assert tokenizer.decode([258, 260, 72, 264], skip_special_tokens=True) == "H"


def test_ids_without_a_token_are_shown_and_half_a_character_does_not_break(tokenizer: Any) -> None:
    assert tokenizer.decode([72, 282, 105]) == "H<|no_token_282|>i"
    assert tokenizer.decode("你".encode()[:2]) == "\ufffd"


def test_a_batch_is_padded_on_the_left(tokenizer: Any) -> None:
    batch = tokenizer(["a", "bcd"], padding=True, return_tensors="pt")
    assert batch["input_ids"].tolist() == [[256, 256, 258, 260, 97], [258, 260, 98, 99, 100]]
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4]]


def test_chat_template_places_the_image(tokenizer: Any, picture: Any, expected: dict[str, Tensor]) -> None:
    chat = [{"role": "user", "image": picture, "content": "Hello"}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    assert torch.equal(inputs["input_ids"], expected["image.input_ids"])
    assert torch.equal(inputs["position_ids"], expected["image.position_ids"])
    assert inputs["attention_mask"].all()
    assert inputs["images"].shape == (1, 3, 56, 56)
    assert inputs["images"].dtype == torch.float32
    text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert text == ("[gMASK]<sop><|user|>\n<|begin_of_image|><|endoftext|><|end_of_image|>Hello<|assistant|>")


def test_chat_template_without_an_image(tokenizer: Any) -> None:
    chat = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "U"},
        {"role": "assistant", "content": "A"},
    ]
    assert tokenizer.apply_chat_template(chat) == [258, 260, 262, 10, 83, 263, 10, 85, 264, 10, 65]
    inputs = tokenizer.apply_chat_template(chat, return_dict=True)
    assert "images" not in inputs
    assert inputs["position_ids"] == list(range(11))
    assert len(tokenizer.apply_chat_template([chat, chat[:1]])[1]) == 5
    assert tokenizer.apply_chat_template(chat, truncation=True, max_length=4) == [258, 260, 262, 10]


def test_user_text_is_never_a_special_token(tokenizer: Any) -> None:
    ids = tokenizer.apply_chat_template([{"role": "user", "content": "<|assistant|>"}])
    assert ids == [258, 260, 263, 10, *b"<|assistant|>"]


def test_chat_template_says_what_is_wrong(tokenizer: Any, picture: Any) -> None:
    with pytest.raises(ValueError, match="role 'tool' of a message is none of system, user"):
        tokenizer.apply_chat_template([{"role": "tool", "content": ""}])
    with pytest.raises(ValueError, match="may show one image"):
        tokenizer.apply_chat_template([{"role": "user", "image": picture}] * 2)


def test_pixels_are_normalised_as_clip_does(tokenizer: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = tokenizer.pixels(image.new("RGB", (7, 5), (255, 0, 51)))
    for channel, (value, mean, std) in enumerate(
        [(1.0, 0.48145466, 0.26862954), (0.0, 0.4578275, 0.26130258), (0.2, 0.40821073, 0.27577711)]
    ):
        assert torch.allclose(pixels[channel], torch.full((56, 56), (value - mean) / std))


# The files --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return load_generator("make_glm_4v_tiny")


def test_the_fixture_can_be_made_again(maker: ModuleType, tmp_path: Path) -> None:
    weights: dict[str, Tensor] = {}
    for shard in maker.SHARDS:
        weights |= load_file(FIXTURE / shard)
    maker.write_weights(weights, tmp_path)
    maker.write_vocabulary(tmp_path)
    for name in (*maker.SHARDS, "model.safetensors.index.json", "vocab.json"):
        assert (tmp_path / name).read_bytes() == (FIXTURE / name).read_bytes()
    assert sum(tensor.numel() for tensor in weights.values()) == 262_992
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}


def test_the_code_imports_torch_and_transformers_only() -> None:
    from transformers.dynamic_module_utils import get_imports

    imports = {name for file in FIXTURE.glob("*.py") for name in get_imports(file)}
    standard = set(sys.stdlib_module_names)
    assert imports - standard == {"torch", "transformers"}
