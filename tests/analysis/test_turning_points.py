"""The meaning of a decision is true: a row matches no other condition, and the recorded values agree."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import FIXTURES
from tests.support.loads import Loads
from tests.support.reading import by_line
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.explanation import DecisionLocals, ExplainedDecision, explanation
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.decisions.turning_points import TURNING_POINTS, turning_point
from tracer.analysis.value_format import summary_to_json
from tracer.trace import values as v
from tracer.trace.reading import Trace

LOAD = "PreTrainedModel.from_pretrained"
TRUST = "has_remote_code and not has_local_code and not trust_remote_code"
GENERATION = "model.can_generate() and generation_config is not None"
ADJUST = 'model.can_generate() and hasattr(model, "adjust_generation_fn") and not gguf_file'
NONE, YES, NO = v.Plain(None), v.Plain(True), v.Plain(False)
FLOAT = v.Named("dtype", "torch.float32")


def decided(
    function: str, condition: str, outcome: str, *, kind: str = "if", guards: str = "", **more: Any
) -> Decision:
    path = more.pop("path", "<transformers>/some.py")
    return Decision(0, 0, "construct", function, 0, path, 1, kind, condition, outcome, guards=guards, **more)


def caught(function: str, guards: str) -> Decision:
    return decided(function, "try", "except", kind="try", guards=guards, taken="except OSError")


# The conditions are those of released sources, 4.44.2 to 5.23.0.
SAID: dict[str, tuple[Decision, dict[str, v.Value], str | None]] = {
    "no generation_config was given, which says nothing of the model": (
        decided(LOAD, GENERATION, "elif", names={"generation_config": NONE}), {}, None,
    ),
    "a generation_config was given in vain": (
        decided(LOAD, GENERATION, "elif", names={"generation_config": v.Object("GenerationConfig")}),
        {},
        "cannot-generate",
    ),
    "a generation_config was given": (decided(LOAD, GENERATION, "then"), {}, "generation-config-given"),
    "no place to look for a generation_config": (
        decided(
            LOAD, "model.can_generate() and pretrained_model_name_or_path is not None", "after",
            names={"pretrained_model_name_or_path": NONE},
        ), {}, None,
    ),
    "5 asks three things at once": (decided(LOAD, ADJUST, "after"), {}, "generation-config-not-asked"),
    "5, with a generation_config": (
        decided(LOAD, ADJUST, "then"),
        {"generation_config": v.Object("GenerationConfig"), "pretrained_model_name_or_path": v.Text("m")},
        "generation-config-given",
    ),
    "5, without": (
        decided(LOAD, ADJUST, "then"),
        {"generation_config": NONE, "pretrained_model_name_or_path": v.Text("m")},
        "can-generate",
    ),
    "no generation_config.json": (
        caught(LOAD, "model.generation_config = GenerationConfig.from_pretrained("), {}, "generation-config-none",
    ),
    "no custom generate function": (caught(LOAD, "custom_generate = model.load_custom_generate("), {}, None),
    "4.44 looks for weights": (caught(LOAD, "cached_file_kwargs = {"), {}, None),
    "the library has the class too": (
        decided("resolve_trust_remote_code", TRUST, "after",
                names={"has_remote_code": YES, "has_local_code": YES, "trust_remote_code": NO}), {}, None,
    ),
    "the code was allowed": (
        decided("resolve_trust_remote_code", TRUST, "after",
                names={"has_remote_code": YES, "has_local_code": NO, "trust_remote_code": YES}), {}, "trust-allowed",
    ),
    "nothing to trust": (
        decided("resolve_trust_remote_code", "trust_remote_code is None", "then"), {"has_remote_code": NO}, None,
    ),
    "code, and nobody said": (
        decided("resolve_trust_remote_code", "trust_remote_code is None", "then"),
        {"has_remote_code": YES},
        "trust-not-said",
    ),
    "5: no dtype, which the config may have from the user": (
        decided(LOAD, "dtype is None", "then", guards='dtype = "auto"'), {}, "dtype-auto",
    ),
    "5: a dtype": (
        decided(LOAD, "dtype is None", "after", guards='dtype = "auto"', names={"dtype": FLOAT}), {}, "dtype-given",
    ),
    "5: the dtype auto": (
        decided(LOAD, "dtype is None", "after", guards='dtype = "auto"', names={"dtype": v.Text("auto")}),
        {},
        "dtype-auto-given",
    ),
    "4.44: the dtype auto": (
        decided(LOAD, "torch_dtype is not None", "then", guards="if isinstance(torch_dtype, str):",
                names={"torch_dtype": v.Text("auto")}), {}, "dtype-auto-given",
    ),
    "4.57: the old name of the argument": (
        decided(LOAD, "torch_dtype is not None", "then", names={"torch_dtype": FLOAT},
                guards='logger.warning_once("`torch_dtype` is deprecated! Use `dtype` instead!")'), {}, None,
    ),
    "4.57: a dtype before quantization": (
        decided(LOAD, "dtype is not None", "then", kind="conditional", names={"dtype": FLOAT}), {}, None,
    ),
    "a first look at the memory": (
        decided(LOAD, "low_cpu_mem_usage", "after", guards="if is_deepspeed_zero3_enabled():"), {}, None,
    ),
    "a first look at the device map": (
        decided(LOAD, "device_map is not None", "after", guards="if low_cpu_mem_usage is None:"), {}, None,
    ),
    "slow was asked for": (
        decided("AutoTokenizer.from_pretrained", "use_fast and tokenizer_auto_map[1] is not None", "else",
                names={"use_fast": NO}), {}, None,
    ),
    "none is fast": (
        decided("AutoTokenizer.from_pretrained", "use_fast and tokenizer_auto_map[1] is not None", "else",
                names={"use_fast": YES}), {}, "tokenizer-slow",
    ),
    "a tokenizer class of the table's": (
        decided("AutoTokenizer.from_pretrained", "tokenizer_class is not None", "then"), {}, None,
    ),
    "a file of the code that imports others and is left in the middle": (
        decided("get_cached_module_file", "for module_needed in modules_needed", "entered", kind="loop", times=1,
                ended="exception"), {}, None,
    ),
    "the model's own function of the same name": (
        decided("Own.from_dict", "return_unused_kwargs", "then"), {}, None,
    ),
    "the library's": (
        decided("PretrainedConfig.from_dict", "return_unused_kwargs", "then"), {}, "unused-kwargs",
    ),
    "another file's": (
        decided("PretrainedConfig.from_dict", "return_unused_kwargs", "then", path="<model>/modeling.py"), {}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_meaning_of_a_decision(name: str) -> None:
    decision, variables, means = SAID[name]
    found = turning_point(decision, variables.get)
    assert (found[1] if found is not None else None) == means


# Real loads

DTYPE = by_line("torch_dtype", "dtype")
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "own code": ("glm-4v-tiny", {}),
    "own code, a dtype": ("glm-4v-tiny", {"kwargs": {DTYPE: "torch.float32", "low_cpu_mem_usage": True}}),
    "own code, dtype auto": ("glm-4v-tiny", {"kwargs": {DTYPE: "auto"}}),
    "own code, a device map": ("glm-4v-tiny", {"kwargs": {"device_map": "auto"}}),
    "the library's": ("bert-tiny", {}),
    "an adapter": ("glm-4v-tiny-lora", {"cwd": str(FIXTURES / "glm-4v-tiny-lora")}),
}

Check = Callable[[Trace, ExplainedDecision, dict[str, Any]], bool]


def has(kind: str, **data: Any) -> Check:
    """Return a step that a probe recorded, independently of decisions."""

    def check(trace: Trace, one: ExplainedDecision, given: dict[str, Any]) -> bool:
        return any(
            all(step.data.get(key) == value for key, value in data.items()) for step in trace.steps(kinds=[kind])
        )

    return check


def not_(check: Check) -> Check:
    return lambda trace, one, given: not check(trace, one, given)


def files(trace: Trace) -> list[str]:
    return [str(step.data.get("path")) for step in trace.steps(kinds=["file-resolved", "shard-opened", "shard-read"])]


def own(kind: str) -> Check:
    return lambda trace, one, given: any(
        str(step.data.get("class")).startswith("transformers_modules.") for step in trace.steps(kinds=[kind])
    )


def given_dtype(trace: Trace, one: ExplainedDecision, given: dict[str, Any]) -> bool:
    return given.get(DTYPE) not in (None, "auto")


# What a sentence says, told by something else than the decision: by probes, or by what the load was asked for.
HOLDS: dict[str, Check] = {
    "adapter-found": has("adapter-found"),
    "adapter-none": not_(has("adapter-found")),
    "adapter-base": has("adapter-found"),
    "adapter-loaded": has("adapter-found"),
    "config-remote": own("config-built"),
    "config-library": not_(own("config-built")),
    "config-by-type": lambda trace, one, given: any(step.data.get("model_type") for step in trace.steps(kinds=["config-read"])),
    "trust-allowed": has("trust-asked", has_remote_code=True, has_local_code=False, decision=True),
    "code-imports": lambda trace, one, given: any(step.data.get("relative") for step in trace.steps(kinds=["imports-checked"])),
    "packages-there": lambda trace, one, given: not any(step.data.get("missing") for step in trace.steps(kinds=["imports-checked"])),
    "model-remote": own("model-built"),
    "model-not-remote": not_(own("model-built")),
    "model-library": not_(own("model-built")),
    "dtype-given": given_dtype,
    "dtype-default": lambda trace, one, given: given.get(DTYPE) is None,
    "dtype-auto-given": lambda trace, one, given: given.get(DTYPE) == "auto",
    "dtype-auto-aside": lambda trace, one, given: given.get(DTYPE) == "auto",
    "dtype-put-back": lambda trace, one, given: given.get(DTYPE) is not None,
    "became-attribute": lambda trace, one, given: summary_to_json(trace, one.decision.names["key"]) in given,
    "no-attribute": lambda trace, one, given: summary_to_json(trace, one.decision.names["key"]) in given,
    "memory-low": lambda trace, one, given: bool(given.get("low_cpu_mem_usage")) or "device_map" in given,
    "memory-plain": lambda trace, one, given: not given.get("low_cpu_mem_usage"),
    "device-map": lambda trace, one, given: "device_map" in given,
    "device-map-none": lambda trace, one, given: "device_map" not in given,
    "weights-shards": lambda trace, one, given: len({path for path in files(trace) if path.endswith(".safetensors")}) > 1,
    "weights-by-shard": lambda trace, one, given: len({path for path in files(trace) if path.endswith(".safetensors")}) > 1,
    "weights-one-file": lambda trace, one, given: any(path.endswith("model.safetensors") for path in files(trace)),
    "can-generate": own("model-built"),
    "cannot-generate": not_(own("model-built")),
    "generation-config-not-asked": not_(own("model-built")),
    "generation-config-none": lambda trace, one, given: not any("generation_config" in path for path in files(trace)),
    "file-missing": lambda trace, one, given: not os.path.exists(
        str(summary_to_json(trace, one.decision.names["resolved_file"])).replace("<model>", trace.meta.roots["model"])
    ),
}  # fmt: skip


EVERYDAY = {"own code", "own code, a dtype", "the library's"}


@pytest.fixture(params=[pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in CASES])
def case(request: pytest.FixtureRequest, loads: Loads) -> tuple[Trace, dict[str, Any]]:
    fixture, options = CASES[request.param]
    return loads.trace(FIXTURES / fixture, **options), options.get("kwargs", {})


def test_recorded_values_agree_with_the_meaning(case: tuple[Trace, dict[str, Any]]) -> None:
    trace, given = case
    assert trace.outcome.status == "loaded"
    told = explanation(trace)
    assert len({one.means for one in told} & HOLDS.keys()) > 6
    for one in told:
        if one.means in HOLDS:
            assert HOLDS[one.means](trace, one, given), (one.means, one.decision)


def test_no_two_sentences_about_one_load_contradict_each_other(case: tuple[Trace, dict[str, Any]]) -> None:
    """A frame has only one of the outcomes of a row, and of the rows about one question."""
    trace, _ = case
    said: dict[int, set[str]] = {}
    for decision in decisions(trace):
        found = turning_point(decision, DecisionLocals(trace, decision))
        if found is not None and not found[0].counts and not found[0].of_user:
            said.setdefault(decision.frame, set()).add(found[1])
    assert said
    for together in QUESTIONS:
        assert not [meanings for meanings in said.values() if len(meanings & together) > 1], together


QUESTIONS = [
    set(point.means.values()) for point in TURNING_POINTS if not point.of_user and not point.counts and point.means
] + [
    {"can-generate", "cannot-generate", "generation-config-given", "generation-config-not-asked"},
    {"dtype-given", "dtype-default", "dtype-auto", "dtype-auto-given"},
    {"weights-shards", "weights-one-file", "weights-pickled"},
    {"trust-allowed", "trust-refused"},
    {"tokenizer-fast", "tokenizer-slow"},
]


def test_a_library_variable_is_not_the_users_argument(loads: Loads) -> None:
    """An argument is recognized by its path: config.json has its own dtype under the same name."""
    trace = loads.trace(FIXTURES / "glm-4v-tiny", kwargs={DTYPE: "torch.float32"})
    asked = [one.decision for one in explanation(trace) if one.why == "user"]
    assert not [one for one in asked if one.function in ("PretrainedConfig.__init__", "PreTrainedConfig.__post_init__")]
    assert bool(asked) == by_line(False, True)  # 4.44 has so many turning points that the limit leaves no place
    assert all(one.names for one in asked)
