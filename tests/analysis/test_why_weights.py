"""Causes in weights, dtypes and optional packages: remedies that work, and what can't be made to fail here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.test_why_made import raising
from tests.support import damaged_weights
from tests.support.damaged import edit_json
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tests.trace import made
from tracer.analysis.diagnosis import Cause, Diagnosis, diagnose
from tracer.analysis.diagnosis.weight_names import further_layers, other_prefix
from tracer.trace.reading import open_trace

LIBRARY = {"module": "transformers.models.some.modeling_some", "function": "SomeModel.__init__"}


def diagnosed(loads: Loads, model: Path, **options: Any) -> Diagnosis:
    options = {"auto_class": "AutoModelForCausalLM", "tokenizer": False, "forward": False, **options}
    with loads.trace(model, **options) as trace:
        return diagnose(trace)


def kinds(found: Diagnosis) -> list[str]:
    return [one.kind for one in (*found.causes, *found.surprises) if one.kind != "said"]


def set_entry(model: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Do what the remedy says to do in config.json."""
    entry = values.get("fits", "eager")
    edit_json(model / "config.json", lambda config: config.update({values["key"]: entry}))
    return {}


REMEDIES: dict[
    str, tuple[Callable[[Path], Path], dict[str, Any], str, Callable[[Path, dict[str, Any]], dict[str, Any]]]
] = {
    "a size in config.json": (damaged_weights.other_inner_size, {}, "shapes-differ", set_entry),
    "the number of layers": (damaged_weights.one_layer_of_two, {}, "layers-dropped", set_entry),
    "the attention of config.json": (
        damaged_weights.with_config(_attn_implementation="flash_attention_2"),
        {},
        "attention-package",
        set_entry,
    ),
    "an attention that is there": (
        tiny_llama,
        {"attn_implementation": "sdap"},
        "attention-unknown",
        lambda _, values: {values["key"]: values["name"]},
    ),
    "a variant": (
        damaged_weights.moved("model.fp16.safetensors"),
        {},
        "weights-variant",
        lambda _, values: {"variant": values["variant"]},
    ),
    "a folder": (
        damaged_weights.moved("inner/model.safetensors"),
        {},
        "weights-in-subfolder",
        lambda model, values: (model / values["files"][0]).rename(model / "model.safetensors") and {},
    ),
    "another name": (
        damaged_weights.moved("consolidated.safetensors"),
        {},
        "weights-elsewhere",
        lambda model, values: (model / values["files"][0]).rename(model / values["name"]) and {},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", REMEDIES)
def test_the_remedy_makes_the_load_succeed(what: str, loads: Loads, tmp_path: Path) -> None:
    make, kwargs, kind, apply = REMEDIES[what]
    broken, mended = make(tmp_path / "broken"), make(tmp_path / "mended")
    found = diagnosed(loads, broken, kwargs=kwargs)
    assert kinds(found) == [kind]
    cause = (found.causes or found.surprises)[0]
    assert cause.certainty == "certain"
    after = diagnosed(loads, mended, kwargs=apply(mended, cause.values))
    assert (after.status, kinds(after)) == ("loaded", [])


def made_cause(tmp_path: Path, records: list[bytes]) -> Cause:
    with open_trace(made.sealed(tmp_path, records)) as trace:
        (cause,) = diagnose(trace).causes
    return cause


def test_a_pickle_that_needs_a_newer_torch(tmp_path: Path) -> None:
    """Not to be had with the torch that is installed here; the message is of 4.49 to 5.23."""
    said = "Due to a serious vulnerability issue in `torch.load` … https://nvd.nist.gov/vuln/detail/CVE-2025-32434"
    cause = made_cause(tmp_path, raising("ValueError", said))
    assert (cause.kind, cause.certainty) == ("torch-too-old", "certain")


@pytest.mark.parametrize(
    ("said", "kind", "packages"),
    [
        ("Using `kernels` requires kernels: `pip install -U kernels`", "library-package", ["kernels"]),
        ("… requires Accelerate: `pip install 'accelerate>=1.1.0'`", "library-package", ["accelerate"]),
        ("… requires optimum (`pip install optimum`) and (`pip install auto-gptq`)", "library-package", ["optimum", "auto-gptq"]),
        ("cannot import name 'Gone' from 'transformers.utils'", "unknown", None),
    ],
)  # fmt: skip
def test_a_package_that_the_library_asks_for(said: str, kind: str, packages: list[str] | None, tmp_path: Path) -> None:
    cause = made_cause(tmp_path, raising("ImportError", said, **LIBRARY))
    assert cause.kind == kind
    assert cause.values.get("packages") == packages


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        ("", "model.", ("", "model.")),
        ("module.", "", ("module.", "")),
        ("transformer.", "model.", ("transformer.", "model.")),
        ("language_model.model.", "model.language_model.", ("language_model.model.", "model.language_model.")),
    ],
)
def test_the_prefix_that_differs(there: str, here: str, expected: tuple[str, str]) -> None:
    names = [f"layers.{layer}.{part}.weight" for layer in range(12) for part in ("query", "key")]
    found = other_prefix([f"{here}{name}" for name in names], [f"{there}{name}" for name in names])
    assert found is not None
    assert (found.there, found.here) == expected
    assert len(found.pairs) == len(names)


def test_tensors_of_another_model_have_no_prefix_in_common() -> None:
    new = ["classifier.weight", "classifier.bias"]
    assert other_prefix(new, ["cls.predictions.weight", "cls.seq.bias"]) is None
    assert other_prefix(new, []) is None


def test_layers_are_told_from_other_tensors() -> None:
    filled = ["layers.0.q.weight", "layers.0.k.weight", "head.weight"]
    assert further_layers(filled, ["layers.1.q.weight", "layers.0.v.weight", "other.weight"]) == ["layers.1.q.weight"]


QUANTIZED = '{"quantization_config": {"quant_method": "compressed-tensors"}}'


def stored_as(leaf: str, dtype: str, *end: bytes, config: str = QUANTIZED) -> list[bytes]:
    """A load whose model looks for ``a.weight_packed``, and whose checkpoint has another tensor for it."""
    records = raising("RuntimeError", "mat1 and mat2 shapes", json_files={"config.json": config}, **LIBRARY)
    report = {
        "class": "a.Model", "checkpoint": 2, "loaded": 1, "new": ["a.weight_packed", "a.weight_scale", "b.bias"],
        "unexpected": [{"name": f"a.{leaf}", "dtype": dtype}],
    }  # fmt: skip
    told = made.step(0, kind="weights-report", event=None, frame=None, source=None, line=None, data=report)
    return [*records[:4], made.step_record(told), *(end or records[5:])]


FAILED_PASS = made.end_record(status="failed", part="forward", error="RuntimeError", message="mat1 and mat2", step=1)


@pytest.mark.parametrize(
    ("leaf", "dtype", "remedy"),
    [
        ("weight", "bfloat16", "leave-quantization-out"),
        ("qweight", "int32", "quantization-of-weights"),
        ("weight_int8", "int8", "quantization-of-weights"),
    ],
)
def test_weights_that_are_not_quantized_as_the_configuration_says(
    leaf: str, dtype: str, remedy: str, tmp_path: Path
) -> None:
    records = stored_as(leaf, dtype)
    with open_trace(made.sealed(tmp_path, [*records[:-1], FAILED_PASS])) as trace:
        found = diagnose(trace)
    (cause,) = found.causes
    assert (cause.kind, cause.certainty, cause.remedy) == ("quantization-not-in-weights", "likely", remedy)
    assert cause.values["wanted"] == ["a.weight_packed", "a.weight_scale"]
    assert cause.values["there"] == f"a.{leaf}"
    assert [one.values for one in found.surprises if one.kind == "weights-new"] == [{"count": 1, "names": ["b.bias"]}]


def test_a_model_that_runs_with_such_weights_is_a_surprise(tmp_path: Path) -> None:
    records = stored_as("weight", "float32", made.end_record(status="loaded", step=0))
    with open_trace(made.sealed(tmp_path, records)) as trace:
        found = diagnose(trace)
    kinds = [one.kind for one in found.surprises]
    assert (found.causes, kinds[:2]) == ([], ["quantization-not-in-weights", "weights-new"])
    assert found.surprises[0].certainty == "certain"
    assert "weights-unexpected" not in kinds


@pytest.mark.parametrize(
    ("leaf", "config"), [("weight", "{}"), ("bias", QUANTIZED), ("weight", '{"quantization_config": {"bits": 4}}')]
)
def test_other_weights_say_nothing_of_a_quantization(leaf: str, config: str, tmp_path: Path) -> None:
    records = stored_as(leaf, "float32", config=config)
    with open_trace(made.sealed(tmp_path, [*records[:-1], FAILED_PASS])) as trace:
        found = diagnose(trace)
    assert "quantization-not-in-weights" not in [one.kind for one in (*found.causes, *found.surprises)]
