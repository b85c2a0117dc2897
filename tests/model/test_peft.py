"""LoRA: the replaced modules and the figures, as peft gives them to an untraced script."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

from tests.model.side_by_side import load_glm
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.trace.reading import open_trace

LORA = {"r": 8, "lora_alpha": 16, "target_modules": ["query_key_value", "dense"]}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("lora") / "lora.json"
    path.write_text(json.dumps({"peft_type": "LORA", **LORA}), encoding="utf-8")
    return path


def recorded(loads: Loads, glm: Path, file: Path, **options: Any) -> Reading:
    options = {"kwargs": {"empty_init": False}, "dtype": "float32", "peft": str(file), **options}
    reading = Reading(loads.trace(glm, **options))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    return reading


@pytest.fixture(scope="module")
def untraced(glm: Path) -> tuple[Any, list[str], str]:
    """The wrapped model, the paths of its LoRA modules in the model inside, and what peft prints."""
    import peft

    model = peft.get_peft_model(load_glm(glm), peft.LoraConfig(**LORA))
    layers = [path for path, part in model.get_base_model().named_modules() if hasattr(part, "lora_A")]
    said = io.StringIO()
    with redirect_stdout(said):
        model.print_trainable_parameters()
    return model, layers, said.getvalue()


def test_figures_and_replaced_modules(loads: Loads, glm: Path, file: Path, untraced: Any) -> None:
    reading = recorded(loads, glm, file)
    facts = reading.only("peft-applied")
    _, layers, said = untraced
    assert facts["replaced"] == layers
    numbers = re.search(r"trainable params: ([\d,]+) \|\| all params: ([\d,]+) \|\| trainable%: ([\d.]+)", said)
    assert numbers is not None
    assert facts["trainable"] == int(numbers[1].replace(",", ""))
    assert facts["all"] == int(numbers[2].replace(",", ""))
    assert f"{facts['percent']:.4f}" == f"{float(numbers[3]):.4f}"
    assert reading.trace.outcome.result.startswith("peft.peft_model.PeftModel")


def test_what_the_lora_was_made_with(loads: Loads, glm: Path, file: Path, untraced: Any) -> None:
    facts = recorded(loads, glm, file).only("peft-applied")
    assert {name: facts[name] for name in ("r", "lora_alpha", "lora_dropout")} == {
        "r": 8, "lora_alpha": 16, "lora_dropout": 0.0,
    }  # fmt: skip
    assert facts["target_modules"] == ["dense", "query_key_value"]
    model, layers, _ = untraced
    assert facts["scalings"] == [model.get_base_model().get_submodule(layers[0]).scaling["default"]] == [2.0]


@pytest.mark.slow
def test_layers_with_factors_of_their_own(loads: Loads, glm: Path, tmp_path: Path) -> None:
    file = tmp_path / "lora.json"
    lora = {
        "r": 4, "lora_alpha": 8, "use_rslora": True, "alpha_pattern": {"dense": 16},
        "target_modules": r".*self_attention\.(query_key_value|dense)",
    }  # fmt: skip
    file.write_text(json.dumps(lora), encoding="utf-8")
    facts = recorded(loads, glm, file).only("peft-applied")
    assert facts["scalings"] == [8 / 4**0.5, 16 / 4**0.5]
    assert facts["target_modules"] == lora["target_modules"]


def test_peft_has_a_stage_of_its_own_before_the_pass(loads: Loads, glm: Path, file: Path, untraced: Any) -> None:
    reading = recorded(loads, glm, file)
    [applied] = reading.kinds("peft-applied")
    [said] = [step for step in reading.kinds("output") if "trainable params" in step.data.get("text", "")]
    assert applied.stage == said.stage == "peft"
    assert said.data["text"].strip() == untraced[2].strip()
    assert applied.number < reading.kinds("module-entered")[0].number
    built = [step for step in reading.kinds("module-built") if step.stage == "peft"]
    assert any(step.data["class"].startswith("peft.") for step in built)


def test_the_pass_goes_through_the_lora_modules(loads: Loads, glm: Path, file: Path, untraced: Any) -> None:
    reading = recorded(loads, glm, file)
    paths = [step.data["path"] for step in reading.kinds("module-entered")]
    assert paths[0] == ""
    for layer in untraced[1]:
        assert f"base_model.model.{layer}.lora_A.default" in paths


@pytest.mark.slow
def test_tokens_of_an_adapted_model(loads: Loads, glm: Path, file: Path) -> None:
    """A LoRA begins as nothing added, so the tokens are those of the model without it."""
    with_it = recorded(loads, glm, file, generate=3)
    without = Reading(loads.trace(glm, kwargs={"empty_init": False}, dtype="float32", generate=3))
    one, other = ([s.data for s in reading.kinds("token-generated")] for reading in (with_it, without))
    assert [token["id"] for token in one] == [token["id"] for token in other]
    assert [token.get("cache") for token in one] == [token.get("cache") for token in other]
    assert len(one) == 3
    assert all("cache" in token for token in one[1:])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"r": 8, "colour": "red"}', "is not a LoRA configuration"),
        ('{"peft_type": "PROMPT_TUNING", "r": 8, "target_modules": ["dense"]}', "PROMPT_TUNING"),
    ],
)
def test_a_bad_file_is_wrong_usage(loads: Loads, glm: Path, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "lora.json"
    file.write_text(text, encoding="utf-8")
    outcome = loads.record(glm, kwargs={"empty_init": False}, peft=str(file)).outcome
    assert outcome.status == "misused", outcome
    assert outcome.message is not None
    assert said in outcome.message
    assert "lora.json" in outcome.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"r": 8, "target_modules": ["no_such_module"]}', "no_such_module"),
        pytest.param('{"r": "8", "target_modules": ["dense"]}', "'str'", marks=pytest.mark.slow),
        pytest.param(
            '{"r": -1, "target_modules": ["dense"]}', "`r` should be a positive integer", marks=pytest.mark.slow
        ),
    ],
)
def test_what_peft_cannot_do_to_a_model_keeps_its_load(
    loads: Loads, glm: Path, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "lora.json"
    file.write_text(text, encoding="utf-8")
    recorded = loads.record(glm, kwargs={"empty_init": False}, peft=str(file))
    assert (recorded.outcome.status, recorded.outcome.part) == ("failed", "peft"), recorded.outcome
    assert said in str(recorded.outcome.message)
    with open_trace(recorded.path) as trace:
        assert Reading(trace).only("model-loaded")


def test_an_adapter_directory_loads_through_its_base(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    from tracer.bundled import write_fixture

    folder = write_fixture(fixtures, "glm-4v-tiny-lora", tmp_path / "lora")
    reading = Reading(loads.trace(folder, kwargs={"empty_init": False}, dtype="float32", generate=2))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    assert reading.kinds("token-generated")
    paths = [step.data["path"] for step in reading.kinds("module-entered")]
    assert any(".lora_A." in path for path in paths)
