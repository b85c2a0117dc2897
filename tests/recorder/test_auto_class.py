"""A directory is loaded with the auto class whose table, in the installed release, has the class it was saved from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers

from tests.support.forked import in_fork
from tests.support.loads import Loads
from tracer.recorder.auto_class import suitable_class
from tracer.trace.events import ModelBuilt, events

REMOTE = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
VISION = (
    "AutoModelForImageTextToText" if hasattr(transformers, "AutoModelForImageTextToText") else "AutoModelForVision2Seq"
)


def choice(folder: Path, *, trust: bool = False, **config: Any) -> str:
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return suitable_class(str(folder), trust=trust)


def wrong_choices(folder: str) -> tuple[int, list[str]]:
    """Return how many classes the library's tables have, and those for which a class is chosen that does not load them."""
    from transformers.models.auto import modeling_auto

    mappings = {
        name: value._model_mapping for name, value in vars(modeling_auto).items() if name.startswith("AutoModel")
    }
    tables = {name: mapping._model_mapping for name, mapping in mappings.items()}
    wrong, count = [], 0
    for table in tables.values():
        for model_type, classes in table.items():
            for saved in [classes] if isinstance(classes, str) else filter(None, classes):
                count += 1
                chosen = choice(Path(folder), model_type=model_type, architectures=[saved])
                config = transformers.CONFIG_MAPPING[model_type] if chosen == saved else None
                if config and not any(config in mapping for mapping in mappings.values()):
                    continue  # its type is in a table, the class of its configuration in none
                loaded = tables.get(chosen, {}).get(model_type, ())
                if saved != loaded and (isinstance(loaded, str) or saved not in loaded):
                    wrong.append(f"{model_type}: {saved} with {chosen}")
    return count, wrong


def test_every_class_of_the_librarys_tables_is_loaded_by_the_class_chosen_for_it(tmp_path: Path) -> None:
    count, wrong = in_fork(wrong_choices, str(tmp_path), timeout=240)
    assert count > 900
    assert wrong == []


@pytest.mark.parametrize(
    ("model_type", "saved", "expected"),
    [
        ("llava", "LlavaForConditionalGeneration", VISION),
        ("t5", "T5ForConditionalGeneration", "AutoModelForSeq2SeqLM"),
        ("whisper", "WhisperForConditionalGeneration", "AutoModelForSpeechSeq2Seq"),
        ("whisper", "WhisperForCausalLM", "AutoModelForCausalLM"),
        ("wav2vec2", "Wav2Vec2ForCTC", "AutoModelForCTC"),
        ("detr", "DetrForObjectDetection", "AutoModelForObjectDetection"),
        ("vit", "ViTForImageClassification", "AutoModelForImageClassification"),
        ("bert", "BertModel", "AutoModel"),
        ("bert", "BertForPreTraining", "AutoModelForPreTraining"),
        ("mamba", "MambaForCausalLM", "AutoModelForCausalLM"),
        (None, "DistilBertForMaskedLM", "AutoModelForMaskedLM"),  # a configuration of before model_type
        ("bert", "NobodyKnowsThis", "AutoModel"),
        ("nobody-knows", "OwnForTokenClassification", "AutoModelForTokenClassification"),
        ("nobody-knows", "OwnLMHeadModel", "AutoModelForCausalLM"),
        ("nobody-knows", "OwnForNothing", "AutoModel"),
    ],
)
def test_the_saved_class_decides(tmp_path: Path, model_type: str | None, saved: str, expected: str) -> None:
    typed = {} if model_type is None else {"model_type": model_type}
    assert choice(tmp_path, architectures=[saved], **typed) == expected


@pytest.mark.parametrize("architectures", [None, [], "BertModel", [7], {}])
def test_without_a_saved_class_the_model_has_no_head(tmp_path: Path, architectures: Any) -> None:
    assert choice(tmp_path, model_type="bert", architectures=architectures) == "AutoModel"


@pytest.mark.parametrize(
    ("saved", "expected"), [("LlavaForConditionalGeneration", VISION), ("LlamaForCausalLM", "AutoModel")]
)
def test_a_class_in_the_text_part_counts_if_it_is_that_of_the_whole(tmp_path: Path, saved: str, expected: str) -> None:
    assert choice(tmp_path, model_type="llava", text_config={"architectures": [saved]}) == expected


def test_a_class_that_no_auto_class_loads_is_taken_itself(tmp_path: Path) -> None:
    assert choice(tmp_path, model_type="clip", architectures=["CLIPTextModelWithProjection"]) == (
        "CLIPTextModelWithProjection"
    )


PARTS = [
    ("emu3_text_model", "Emu3ForCausalLM"),
    ("mllama_text_model", "MllamaForCausalLM"),
    ("musicgen_decoder", "MusicgenForCausalLM"),
]


@pytest.mark.parametrize(("model_type", "saved"), PARTS)
def test_a_part_whose_type_no_table_has_is_loaded_by_its_own_class(tmp_path: Path, model_type: str, saved: str) -> None:
    known = model_type in transformers.CONFIG_MAPPING  # earlier releases know none of them
    expected = saved if known else "AutoModelForCausalLM"
    assert choice(tmp_path, model_type=model_type, architectures=[saved]) == expected


@pytest.mark.skipif("evolla" not in transformers.CONFIG_MAPPING, reason="this release has no Evolla")
def test_a_class_of_a_table_whose_auto_class_refuses_the_configuration_is_taken_itself(tmp_path: Path) -> None:
    saved = "EvollaForProteinText2Text"
    found = choice(tmp_path, model_type="evolla", architectures=[saved])
    assert (found == saved) is (
        transformers.EvollaConfig not in transformers.AutoModelForImageTextToText._model_mapping
    )


def test_a_type_that_the_release_does_not_know_is_left_to_the_auto_class_to_refuse(tmp_path: Path) -> None:
    found = choice(tmp_path, model_type="nobody-knows", architectures=["LlamaForCausalLM"])
    assert found == "AutoModelForCausalLM"


@pytest.mark.parametrize(
    ("saved", "auto_map", "expected"),
    [
        ("OwnForCausalLM", {"AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}, "AutoModelForCausalLM"),
        ("OwnForSpeech", {"AutoModelForCTC": "them/code--modeling_own.OwnForSpeech"}, "AutoModelForCTC"),
        ("OwnModel", {"AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}, "AutoModel"),
        ("Elsewhere", {"AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}, "AutoModelForCausalLM"),
    ],
)
def test_in_auto_map_the_saved_class_comes_first(
    tmp_path: Path, saved: str, auto_map: dict[str, str], expected: str
) -> None:
    found = choice(tmp_path, trust=True, model_type="own", architectures=[saved], auto_map={**REMOTE, **auto_map})
    assert found == expected


@pytest.mark.parametrize(("trust", "expected"), [(True, "AutoModel"), (False, "AutoModelForCausalLM")])
def test_the_librarys_class_counts_where_remote_code_may_not_run(tmp_path: Path, trust: bool, expected: str) -> None:
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "auto_map": REMOTE}
    assert choice(tmp_path, trust=trust, **config) == expected


def save_projecting(folder: str) -> None:
    """Save a tiny model of a class that no auto class loads."""
    import torch

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPTextConfig(**sizes, vocab_size=40, projection_dim=8)
    torch.manual_seed(0)
    transformers.CLIPTextModelWithProjection(config).save_pretrained(folder)


@pytest.mark.parametrize("weights", ["checkpoint", "random", "fake"])
def test_a_class_without_an_auto_class_is_loaded(loads: Loads, tmp_path: Path, weights: str) -> None:
    in_fork(save_projecting, str(tmp_path))
    with loads.trace(tmp_path, tokenizer=False, forward=False, weights=weights) as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        assert [one.event.class_.rpartition(".")[2] for one in events(trace, ModelBuilt)][-1] == (
            "CLIPTextModelWithProjection"
        )
