"""The decisions that explain real loads, on either line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.conftest import FIXTURES
from tests.support.commands import Command, command_line
from tests.support.golden import assert_golden, line
from tests.support.loads import MAIN_CALL, Loads
from tests.support.reading import OLD_LINE, by_line
from tracer.analysis.decisions.decision import KINDS, Decision
from tracer.analysis.decisions.explanation import ExplainedDecision, explanation
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.decisions.turning_points import TURNING_POINTS
from tracer.analysis.value_format import summary_to_json
from tracer.trace.reading import Trace
from tracer.views.decisions import WORDS, explanation_report

"""If it is 1, the tests rewrite their golden files instead of comparing; look at the difference with git."""

AUTO = "_BaseAutoModelClass.from_pretrained"


@pytest.fixture(scope="module")
def demo(loads: Loads) -> Trace:
    return loads.trace(FIXTURES / "glm-4v-tiny")


def asked(trace: Trace, function: str, condition: str, *, stage: str | None = None) -> Decision:
    """Return the first time that a function evaluated a condition."""
    for decision in decisions(trace, stages=None if stage is None else [stage]):
        if decision.function.endswith(function) and condition in decision.condition:
            return decision
    raise AssertionError(f"{function} never asked {condition!r}")


def meanings(told: list[ExplainedDecision]) -> dict[str, ExplainedDecision]:
    return {one.means: one for one in told if one.means}


def values(trace: Trace, decision: Decision) -> dict[str, Any]:
    return {name: summary_to_json(trace, value) for name, value in decision.names.items()}


def test_the_demo_is_explained_by_a_short_list(demo: Trace) -> None:
    told = explanation(demo)
    assert 15 <= len(told) <= 30
    assert len(list(decisions(demo))) > 10 * len(told)
    assert [one.decision.step for one in told] == sorted({one.decision.step for one in told})
    found = meanings(told)
    assert {"adapter-none", "config-to-read", "config-local", "trust-allowed", "config-remote", "code-here"} <= set(
        found
    )
    assert {"model-remote", "unused-kwargs", "quantized-not", "device-map-none", "can-generate"} <= set(found)
    assert by_line({"weights-shards", "dtype-default", "memory-plain"}, {"dtype-auto", "model-registered"}) <= set(
        found
    )
    assert not {"config-by-type", "trust-refused", "packages-missing", "model-library", "quantized"} & set(found)
    assert not {one.decision.stage for one in told} & {"forward", "generate"}


def test_remote_code_and_trust_give_the_directory_its_class(demo: Trace) -> None:
    refused = asked(demo, "resolve_trust_remote_code", "has_remote_code and not has_local_code", stage="trust")
    assert refused.outcome == "after"
    assert values(demo, refused) == {"has_remote_code": True, "has_local_code": False, "trust_remote_code": True}
    assert refused.skipped is not None
    assert refused.skipped.text == "raise ValueError("
    for function in ("AutoConfig.from_pretrained", AUTO):
        way = asked(demo, function, "has_remote_code and trust_remote_code", stage="dynamic-class")
        assert way.outcome == "then"
        assert values(demo, way)["has_remote_code"] is True
        assert values(demo, way)["trust_remote_code"] is True
        assert way.skipped is not None
        assert way.skipped.text.startswith("elif ")
        assert way.went is not None
        assert way.went > way.step


def test_the_adapter_lookup_finds_none(demo: Trace) -> None:
    found = asked(demo, AUTO, "maybe_adapter_path is not None")
    assert (found.stage, found.outcome) == ("adapter", "after")
    assert values(demo, found) == {"maybe_adapter_path": None}
    assert found.skipped is not None
    assert found.skipped.text.startswith("with open(maybe_adapter_path")
    assert asked(demo, "find_adapter_config_file", "model_id is None").outcome == "elif"
    assert asked(demo, "find_adapter_config_file", "os.path.isdir(model_id)").outcome == "then"


def test_where_the_weights_are(demo: Trace) -> None:
    if not OLD_LINE:
        pytest.skip("from 5.x on the files are found by a function that is not stepped")
    assert asked(demo, "PreTrainedModel.from_pretrained", "_add_variant(SAFE_WEIGHTS_NAME").outcome == "elif"
    index = asked(demo, "PreTrainedModel.from_pretrained", "_add_variant(SAFE_WEIGHTS_INDEX_NAME")
    assert (index.kind, index.outcome) == ("elif", "then")
    sharded = asked(demo, "PreTrainedModel.from_pretrained", "is_sharded")
    assert (sharded.outcome, values(demo, sharded)) == ("then", {"is_sharded": True})


def test_which_files_the_model_imports(demo: Trace) -> None:
    loops = [
        one
        for one in decisions(demo, stages=["dynamic-class"])
        if one.kind == "loop" and one.function == "get_cached_module_file"
    ]
    assert [(one.outcome, one.times) for one in loops] == [("not-entered", 0), ("entered", 2)]


def test_the_models_own_code_asks_its_configuration(demo: Trace) -> None:
    own = {one.decision.condition: one.decision for one in explanation(demo) if one.why == "own-code"}
    if own or not OLD_LINE:
        assert own["config.post_layer_norm"].outcome == "then"
        assert own["config.rmsnorm"].outcome == "then"
    norm = asked(demo, "GLMTransformer.__init__", "config.rmsnorm")
    assert (norm.kind, norm.outcome) == ("conditional", "then")


def test_the_users_arguments(loads: Loads) -> None:
    trace = loads.trace(FIXTURES / "glm-4v-tiny", kwargs={**MAIN_CALL, "low_cpu_mem_usage": True})
    keys = {
        summary_to_json(trace, one.decision.names["key"]): one.means
        for one in explanation(trace)
        if one.decision.condition == "hasattr(config, key)"
    }
    assert keys["use_cache"] == "became-attribute"
    assert keys["low_cpu_mem_usage"] == keys["empty_init"] == "no-attribute"
    assert "dtype-given" in meanings(explanation(trace))


def test_a_model_of_the_library(loads: Loads) -> None:
    found = meanings(explanation(loads.trace(FIXTURES / "bert-tiny")))
    assert {"config-library", "config-by-type", "model-not-remote", "model-library"} <= set(found)
    assert by_line("cannot-generate", "generation-config-not-asked") in found
    assert "can-generate" not in found
    assert not {"config-remote", "model-remote", "trust-allowed", "module-run"} & set(found)


def test_an_adapter(loads: Loads) -> None:
    found = meanings(explanation(loads.trace(FIXTURES / "glm-4v-tiny-lora", cwd=str(FIXTURES / "glm-4v-tiny-lora"))))
    assert "adapter-found" in found
    assert "adapter-none" not in found
    if not OLD_LINE:
        assert {"adapter-base", "adapter-loaded"} <= set(found)


@pytest.mark.parametrize(
    ("fixture", "means"),
    [
        ("missing-package", "packages-missing"),
        ("not-json", "config-not-json"),
        ("unknown-model-type", "config-type-unknown"),
        ("no-class-file", "code-not-found"),
    ],
)
def test_the_branch_that_a_load_failed_in(loads: Loads, fixture: str, means: str) -> None:
    trace = loads.trace(FIXTURES / "broken" / fixture)
    assert trace.outcome.status == "failed"
    failure = {one.means for one in explanation(trace) if one.why == "failure"}
    assert means in failure


def test_a_good_load_has_no_failing_decision(demo: Trace) -> None:
    assert {one.why for one in explanation(demo)} <= {"turning-point", "own-code", "user"}


def golden_text(trace: Trace) -> str:
    """Return the explanation without what differs between runs: steps, lines, hashes, and whether the cache was warm."""
    told = [one for one in explanation(trace) if one.means not in ("code-copied", "code-cached")]
    console = Console(width=100, force_terminal=False, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(explanation_report(trace, told, len(list(decisions(trace))), "en"))
    text = console.export_text()
    for pattern, instead in (
        (r" +$", ""),
        (r"\d[\d,]* of [\d,]+ decisions", "some decisions"),
        (r"(?m)^ *\d+ (?=\S)", "# "),
        (r"(?m)^ {2,}", "  "),
        (r":\d+(?=$| ·)", ""),
        (r"(modules_needed) = .*", r"\1 = in no order"),  # transformers goes through a set
        (r"skipped \d+(–\d+)?", "skipped"),
        (r"\b[0-9a-f]{16,}…?", "<hash>"),
    ):
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def test_golden_explanation(demo: Trace) -> None:
    assert_golden(f"decisions-{line()}.txt", golden_text(demo))


def test_every_meaning_has_its_sentences() -> None:
    meant = {means for point in TURNING_POINTS for means in point.means.values()} | {"attribute-overwritten"}
    assert {f"means:{means}" for means in meant} == {key for key in WORDS if key.startswith("means:")}
    assert all(
        outcome in {*KINDS["if"], *KINDS["try"], *KINDS["loop"]} for one in TURNING_POINTS for outcome in one.means
    )


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_line(monkeypatch, capsys, "decisions")


def test_the_command(command: Command, demo: Trace) -> None:
    path = str(demo.path)
    code, text, _ = command(path, "--lang", "en")
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    assert "no adapter here" in text
    assert "if maybe_adapter_path is not None → no\n" in "\n".join(line.rstrip() for line in text.splitlines())
    code, chinese, _ = command(path, "--lang", "zh", "--stage", "trust")
    assert code == 0
    assert "不成立" in chinese
    assert "Trust" not in chinese
    code, every, _ = command(path, "--all", "--lang", "en")
    assert len(every.splitlines()) == len(list(decisions(demo)))
    code, of_one, _ = command(path, "--function", "check_imports", "--lang", "en")
    assert code == 0
    assert all("check_imports:" in line for line in of_one.splitlines())


def test_the_command_for_programs(command: Command, demo: Trace) -> None:
    _, text, _ = command(str(demo.path), "--json")
    document = json.loads(text)
    told = explanation(demo)
    assert [one["step"] for one in document["decisions"]] == [one.decision.step for one in told]
    assert document["count"] == len(list(decisions(demo)))
    adapter = next(one for one in document["decisions"] if one["means"] == "adapter-none")
    assert adapter["names"] == {"maybe_adapter_path": None}
    assert adapter["outcome"] == "after"
    _, text, _ = command(str(demo.path), "--json", "--all", "--stage", "trust")
    assert {one["stage"] for one in json.loads(text)["decisions"]} == {"trust"}


def test_unknown_names_are_refused(command: Command, demo: Trace, loads: Loads, tmp_path: Path) -> None:
    done = command(demo.path, "--function", "check_imprts")
    assert done.code == 2
    assert done.sentence.endswith("no decision of a function named check_imprts. Did you mean check_imports?")
    done = command(demo.path, "--stage", "peft")
    assert done.code == 2
    assert "has no steps of stage peft" in done.sentence
    assert command(tmp_path / "none.glmtrace").code == 2
    calls = loads.record(FIXTURES / "bert-tiny", lines=False)
    code, text, _ = command(str(calls.path), "--lang", "en")
    assert (code, text.strip().replace("\n", " ")) == (0, WORDS["none-without-lines"])
