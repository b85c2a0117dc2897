"""The library's own models, as if they were a directory's code: a check finds nothing wrong for the release they are of."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import transformers

from tracer.analysis.check.directory import check_directory

MODELS = Path(transformers.__file__).parent / "models"
TYPES = {
    "bert": "BertModel", "bloom": "BloomForCausalLM", "clip": "CLIPModel", "deberta_v2": "DebertaV2Model",
    "gemma2": "Gemma2ForCausalLM", "gpt2": "GPT2LMHeadModel", "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM",
    "mixtral": "MixtralForCausalLM", "persimmon": "PersimmonForCausalLM", "qwen2": "Qwen2ForCausalLM",
    "t5": "T5ForConditionalGeneration", "vit": "ViTModel", "whisper": "WhisperForConditionalGeneration",
}  # fmt: skip
"""A model of each type; they stand for decoders, encoders, pairs of them, and models of pictures and of sound."""


def copied(folder: Path, model_type: str, model: str) -> Path:
    """Write a directory with the library's code for a model type, with imports from elsewhere in the library absolute."""
    files = [f"{kind}_{model_type}.py" for kind in ("configuration", "modeling")]
    for file in files:
        code = (MODELS / model_type / file).read_text(encoding="utf-8")
        code = re.sub(r"^(\s*from )\.\.\.(?=\w)", r"\1transformers.", code, flags=re.MULTILINE)
        code = re.sub(r"^(\s*from )\.\.\.(?= )", r"\1transformers", code, flags=re.MULTILINE)
        code = re.sub(r"^(\s*from )\.\.(?=\w)", r"\1transformers.models.", code, flags=re.MULTILINE)
        (folder / file).write_text(
            re.sub(r"^\s*from \.generation_\w+ import.*$", "", code, flags=re.MULTILINE), "utf-8"
        )
    config = re.sub(r"(ForCausalLM|LMHeadModel|ForConditionalGeneration|Model)$", "Config", model)
    auto_map = {"AutoConfig": f"configuration_{model_type}.{config}", "AutoModel": f"modeling_{model_type}.{model}"}
    document = {"model_type": "own", "tie_word_embeddings": True, "auto_map": auto_map}
    (folder / "config.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize("model_type", TYPES)
def test_the_library_fits_itself(model_type: str, tmp_path: Path) -> None:
    folder = copied(tmp_path, model_type, TYPES[model_type])
    problems = check_directory(folder, [transformers.__version__], installed=False)
    assert [(one.kind, one.file, one.line, one.values) for one in problems if one.kind != "no-weights"] == []


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "t5"])
def test_and_not_a_release_that_is_far_off(model_type: str, tmp_path: Path) -> None:
    folder = copied(tmp_path, model_type, TYPES[model_type])
    other = "5.23.0" if transformers.__version__.startswith("4.") else "4.44.2"
    assert any(one.fails for one in check_directory(folder, [other], installed=False))
