"""Diagnoses of ends that can't well be recorded, on traces made by hand; and of traces that lie or are damaged."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.analysis.diagnosis_cases import CASES
from tests.analysis.test_why_auto_map import WRONG as WRONG_AUTO_MAPS
from tests.analysis.test_why_beside_the_model import TROUBLES
from tests.analysis.test_why_contracts import MADE, OF_ITS_OWN
from tests.analysis.test_why_contracts import WRONG as WRONG_CONTRACTS
from tests.analysis.test_why_hub import TROUBLES as HUB_TROUBLES
from tests.analysis.test_why_own_files import PACKAGES
from tests.analysis.test_why_own_files import WRONG as WRONG_FILES
from tests.trace import made
from tracer.analysis import diagnosis as why
from tracer.analysis.diagnosis import Cause, Diagnosis, diagnose
from tracer.analysis.diagnosis.thrown import Thrown
from tracer.text.wrapping import wrapped
from tracer.trace.events import NotFed, NotGenerated, ProcessorFailed, TracebackFrame
from tracer.trace.reading import open_trace
from tracer.trace.steps import Bound
from tracer.trace.values import Config, Exception_, Mapping, Plain, Text
from tracer.trace.vocabulary import KINDS
from tracer.views.causes import CAUSES
from tracer.views.why import WORDS, diagnosis_report

OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB"  # torch 2.4
CPU_MEMORY = "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 34359738368 bytes."
OWN_CODE = {"module": "transformers_modules.dir.modeling_own", "function": "Own.__init__"}
FROM_PRETRAINED = {"module": "transformers.modeling_utils", "function": "PreTrainedModel.from_pretrained"}


def raising(
    error: str, message: str | None, *, of: str = "builtins", json_files: dict[str, str] | None = None, **frame: Any
) -> list[bytes]:
    """A load whose only frame raises."""
    name = error if of == "builtins" else f"{of}.{error}"
    return [
        made.meta_record(releases={"transformers": "5.23.0"}, asked="<model>", json_files=json_files or {}),
        made.source_record(),
        made.frame_record_of(0, **{**FROM_PRETRAINED, **frame}),
        made.value_record(0, Exception_(error, of, message)),
        made.step_record(made.step(0, kind="call", event="call")),
        made.step_record(made.step(1, kind="raise", event="raise", value=0)),
        made.step_record(made.step(2, kind="unwind", event="unwind", value=0)),
        made.end_record(status="failed", error=name, message=message, step=1),
    ]


def own(error: str, message: str, statement: str) -> list[bytes]:
    """A load whose exception was first seen at a statement of the directory's own code."""
    records = raising(error, message, **OWN_CODE)
    records[1] = made.source_record(text=f"def load(path):\n    {statement}\n")
    return records


REMOTE_FILE = "<modules-cache>/transformers_modules/dir/modeling_own.py"
LIBRARY_FRAME = ["<transformers>/modeling_utils.py", 9, "PreTrainedModel._check", "raise RuntimeError("]
ELSEWHERE_IN_REMOTE = ["<modules-cache>/transformers_modules/dir/other.py", 5, "check", 'raise RuntimeError("no")']


def below(*traceback: list[Any] | None, frame: dict[str, Any] = OWN_CODE) -> list[bytes]:
    """A load whose exception was raised in these frames below a stepped function."""
    records = raising("RuntimeError", "no", **frame)
    if frame is OWN_CODE:
        records[1] = made.source_record(path=REMOTE_FILE, text="def load(path):\n    check(path)\n")
    data = {"traceback": traceback}
    records[5] = made.step_record(made.step(1, kind="raise", event="raise", value=0, data=data))
    return records


def ending(frame: dict[str, Any] = FROM_PRETRAINED, *, steps: int = 2, **outcome: Any) -> list[bytes]:
    """A load that ends without an exception."""
    return [
        made.meta_record(releases={"transformers": "5.23.0"}, native_output="Fatal Python error: Segmentation fault"),
        made.source_record(),
        made.frame_record_of(0, **frame),
        *(made.step_record(made.step(number)) for number in range(steps)),
        *([made.end_record(**outcome)] if outcome else []),
    ]


def telling(kind: str, data: dict[str, Any], **outcome: Any) -> list[bytes]:
    """A load with one telling step."""
    step = made.step(0, kind=kind, event=None, frame=None, source=None, line=None, stage="weights", data=data)
    return [made.step_record(step), made.end_record(**(outcome or {"status": "loaded", "step": 0}))]


def stopped_code(file: str, agreed: list[str], found: str) -> list[bytes]:
    """A load that was stopped before code ran that nobody had agreed to."""
    code = {"ran": {}, "agreed": {}, "refused": {"file": file, "agreed": agreed, "found": found}}
    return [made.meta_record(remote_code=code), *ending(status="refused", message="It was not run.", step=1)]


def asked_by(file: str) -> list[bytes]:
    """A load in which a file asks a module for what it does not have."""
    records = raising("AttributeError", "module 'torch.distributed' has no attribute 'tensor'")
    records[0] = made.meta_record(releases={"transformers": "4.46.3", "peft": "0.21.2"}, asked="<model>")
    data = {"traceback": [[file, 176, "_get_in_out_features", "torch.distributed.tensor.DTensor"]]}
    records[5] = made.step_record(made.step(1, kind="raise", event="raise", value=0, data=data))
    return records


def inputs_of_another_dtype() -> list[bytes]:
    """A pass that fails in a model whose parameters all have one dtype."""
    said = "mat1 and mat2 must have the same dtype, but got Float and BFloat16"  # torch 2
    records = raising("RuntimeError", said, **OWN_CODE)
    loaded = {"sources": [{"name": "a", "dtype": "bfloat16"}], "parameter": "a", "dtype": "bfloat16"}
    records[4] = made.step_record(made.step(0, kind="tensor-loaded", event=None, stage="weights", data=loaded))
    ended = {"status": "failed", "part": "forward", "error": "RuntimeError", "message": said, "step": 1}
    return [*records[:-1], made.end_record(**ended)]


ENDS: dict[str, tuple[list[bytes], str, dict[str, Any]]] = {
    "gpu memory": (
        raising("OutOfMemoryError", OUT_OF_MEMORY, of="torch"),
        "out-of-memory-asked",
        {"size": "2.00 GiB"},
    ),
    "cpu memory": (raising("RuntimeError", CPU_MEMORY), "out-of-memory-asked", {"size": "34359738368 bytes"}),
    "python's memory": (raising("MemoryError", ""), "out-of-memory", {}),
    "segmentation fault": (
        ending(status="killed", signal="SIGSEGV", step=1),
        "killed-native",
        {"signal": "SIGSEGV", "output": "Fatal Python error: Segmentation fault"},
    ),
    "killed from outside": (ending(status="killed", signal="SIGKILL", step=1), "killed-sigkill", {"signal": "SIGKILL"}),
    "another file than agreed to": (
        stopped_code("own.py", ["a" * 64], "b" * 64),
        "code-changed",
        {"file": "own.py", "agreed": "aaaaaaaaaaaa…", "found": "bbbbbbbbbbbb…"},
    ),
    "a file nobody was asked about": (stopped_code("own.py", [], "b" * 64), "code-not-shown", {"file": "own.py"}),
    "compiled code": (stopped_code("own.so", [], ""), "code-compiled", {"file": "own.so"}),
    "terminated": (ending(status="killed", signal="SIGTERM", step=1), "killed-signal", {"signal": "SIGTERM"}),
    "killed at once": (ending(status="killed", signal="SIGKILL", steps=0), "killed-sigkill", {"where": "–"}),
    "the library exits": (ending(status="killed", exit_code=3, step=1), "exits", {"code": 3}),
    "it exits at once": (
        [made.meta_record(native_output="ImportError: no"), made.end_record(status="killed", exit_code=1)],
        "exits-early",
        {"code": 1, "output": "ImportError: no"},
    ),
    "own code exits": (
        ending(OWN_CODE, status="killed", exit_code=0, step=1),
        "own-code-exits",
        {"file": "loading.py:2"},
    ),
    "interrupted": (
        ending(status="interrupted", step=1),
        "interrupted",
        {"where": "PreTrainedModel.from_pretrained"},
    ),
    "interrupted at once": (ending(status="interrupted", steps=0), "interrupted", {"where": "–"}),
    "a journal not sealed": (ending(), "unfinished", {"where": "PreTrainedModel.from_pretrained"}),
    "the script's own": (
        ending(status="failed", part="script", error="builtins.ZeroDivisionError", message="", step=1),
        "script-failed",
        {"error": "ZeroDivisionError"},
    ),
    "nothing loaded": (ending(status="no-load", step=1), "no-load", {}),
    "stopped": (ending(status="stopped", step=1), "stopped", {}),
    "nobody knows": (raising("ZeroDivisionError", "division by zero"), "unknown", {"error": "ZeroDivisionError"}),
    "nobody saw it": (
        ending(status="failed", error="ValueError", message="?", steps=0),
        "unknown-outside",
        {"error": "ValueError"},
    ),
    "own code calls": (
        raising("RuntimeError", "no", **OWN_CODE),
        "own-code-or-called",
        {"statement": "config = read(path)", "calls": ["read()"]},
    ),
    "own code calls, and no message": (
        raising("RuntimeError", None, **OWN_CODE),
        "own-code-or-called",
        {"file": "loading.py"},
    ),
    "own code": (own("KeyError", "'type'", 'kind = scaling["type"]'), "own-code-failed", {"error": "KeyError"}),
    "own code raises": (own("ValueError", "no", 'raise ValueError("no")'), "own-code-raised", {"error": "ValueError"}),
    "own code raises something else": (
        own("TypeError", "no", "raise ValueError(1 + None)"),
        "own-code-failed",
        {"error": "TypeError"},
    ),
    "own code's if": (own("TypeError", "no", "if 1 < None:\n        pass"), "own-code-failed", {"error": "TypeError"}),
    "own code calls the library": (
        below(LIBRARY_FRAME),
        "own-code-called",
        {"file": "modeling_own.py", "line": 2, "statement": "check(path)", "raiser": "PreTrainedModel._check"},
    ),
    "own code calls more of its own": (
        below(ELSEWHERE_IN_REMOTE),
        "own-code-raised",
        {"file": "other.py", "line": 5, "function": "check"},
    ),
    "own code calls its own, which calls the library": (
        below(ELSEWHERE_IN_REMOTE, None, LIBRARY_FRAME),
        "own-code-called",
        {"file": "other.py", "raiser_line": 9, "raiser_statement": "raise RuntimeError("},
    ),
    "own code in an expression, with its traceback": (below(), "own-code-failed", {"statement": "check(path)"}),
    "the library calls own code that is not stepped": (
        below(ELSEWHERE_IN_REMOTE, frame=FROM_PRETRAINED),
        "own-code-raised",
        {"file": "other.py"},
    ),
    "the library in its own": (
        below(LIBRARY_FRAME, frame=FROM_PRETRAINED),
        "unknown-raised",
        {"function": "PreTrainedModel.from_pretrained", "raiser": "PreTrainedModel._check"},
    ),
    "a pickle that needs a newer torch": (
        raising("ValueError", "… see https://nvd.nist.gov/vuln/detail/CVE-2025-32434"),  # 4.49 to 5.23
        "torch-too-old",
        {"files": ["pytorch_model.bin"]},
    ),
    "a class that needs a package": (
        raising("ImportError", "Using `kernels` requires kernels: `pip install kernels`"),
        "library-package",
        {"name": "PreTrainedModel.from_pretrained", "packages": ["kernels"]},
    ),
    "attention that the machine can't do": (
        raising(
            "ImportError", "FlashAttention2 … due to the following error: FlashAttention2 is not available on CPU."
        ),
        "attention-refused",
        {"given": "flash_attention_2"},
    ),
    "inputs of another dtype": (
        inputs_of_another_dtype(),
        "dtype-of-inputs",
        {"dtype": "bfloat16", "other": "float32"},
    ),
    "packages": (
        raising("AttributeError", "module 'torch.distributed' has no attribute 'tensor'"),
        "packages-apart",
        {"module": "torch.distributed", "name": "tensor"},
    ),
    "a package that is too new": (
        asked_by("<site-packages>/peft/tuners/tuners_utils.py"),
        "package-apart",
        {"package": "peft", "version": "0.21.2", "file": "tuners_utils.py", "line": 176, "name": "tensor"},
    ),
    "a package of which no release is known": (
        asked_by("<site-packages>/unheard_of/tuners.py"),
        "packages-apart",
        {"module": "torch.distributed"},
    ),
    "the library itself": (asked_by("<transformers>/integrations/tensor_parallel.py"), "packages-apart", {}),
    "an attention of config.json": (
        raising(
            "ValueError",
            'Specified `attn_implementation="sdap"` is not supported. The only possible arguments are '
            '`attn_implementation="eager"` (manual attention implementation), `"attn_implementation=sdpa"`',  # 4.44
            json_files={"config.json": '{"text_config": {"_attn_implementation": "sdap"}}'},
        ),
        "attention-unknown",
        {"key": "_attn_implementation", "name": "sdpa", "given": '"_attn_implementation": "sdap"'},
    ),
    "nobody saw it, though something else of the kind was caught": (
        [
            *raising("AttributeError", "caught")[:-1],
            made.step_record(made.step(3)),
            made.end_record(status="failed", error="AttributeError", message="no", part="generate", step=3),
        ],
        "unknown-unseen",
        {"error": "AttributeError", "step": 3},
    ),
}


TOKENIZER_FILE = "<modules-cache>/transformers_modules/dir/tokenization_own.py"


@pytest.mark.parametrize(("class_", "kind"), [("OwnTokenizer", "attribute-not-set-yet"), ("NoneType", "unknown")])
def test_what_lacks_an_attribute_is_looked_at(class_: str, kind: str, tmp_path: Path) -> None:
    """A constructor sets attributes too late only if it is its own object that lacks one."""
    message = f"'{class_}' object has no attribute 'items'"
    traceback = [
        [TOKENIZER_FILE, 5, "OwnTokenizer.__init__", "super().__init__()"],
        ["<transformers>/tokenization_utils_base.py", 9, "PreTrainedTokenizerBase.__init__", "self.get_vocab()"],
        [TOKENIZER_FILE, 9, "OwnTokenizer.get_vocab", "return dict(self.inner.items())"],
    ]
    records = raising("AttributeError", message)
    failure = {"error": "AttributeError", "message": message, "traceback": traceback}
    records[0] = made.meta_record(releases={"transformers": "5.23.0"}, asked="<model>", failure=failure)
    (cause,) = found(tmp_path, records).causes
    assert cause.kind == kind


@pytest.mark.parametrize(
    ("file", "function"),
    [
        ("<transformers>/modeling_layers.py", "GradientCheckpointingLayer.__call__"),
        ("<transformers>/modeling_layers.py", "GradientCheckpointingLayer.forward_with_checkpointing"),
        ("<transformers>/utils/generic.py", "can_return_tuple.<locals>.wrapper"),
        ("<transformers>/utils/generic.py", "check_model_inputs.<locals>.wrapped_fn.<locals>.wrapped_forward"),
        ("<transformers>/utils/deprecation.py", "deprecate_kwarg.<locals>.wrapper.<locals>.wrapped_func"),
    ],
)
@pytest.mark.parametrize("caller", ["OwnModel.forward", "wrapper"])
def test_who_called_what_could_not_be_called(caller: str, file: str, function: str) -> None:
    own = TracebackFrame("<modules-cache>/transformers_modules/dir/modeling_own.py", 9, caller, "self.part(x, y=1)")
    torch = TracebackFrame(
        "<torch>/nn/modules/module.py", 9, "Module._call_impl", "return forward_call(*args, **kwargs)"
    )
    frames = [own, torch, TracebackFrame(file, 9, function, "return func(self, *args, **kwargs)")]
    assert Thrown("TypeError", "", frames, [], None).caller == own


AUTO = {"module": "transformers.models.auto.auto_factory", "function": "_BaseAutoModelClass.from_pretrained"}


@pytest.mark.parametrize("got", ["sdpa", "eager"])
def test_the_attention_of_the_model_that_was_asked_for(got: str, tmp_path: Path) -> None:
    """A constructor can load another model, whose attention is its own affair."""
    configs = [Config("OwnConfig", 1, [("_attn_implementation_internal", name)]) for name in (5, 6)]
    values = [Mapping("dict", 1, [("attn_implementation", 4)]), *configs, Text("sdpa"), Text(got), Text("flash")]
    steps = [
        made.step(0, kind="call", event="call", changes=[Bound("kwargs", 1)]),
        made.step(1, kind="call", event="call", frame=1, changes=[Bound("config", 2)]),
        made.step(2, kind="call", event="call", frame=2, changes=[Bound("config", 3)]),
    ]
    records = [
        made.meta_record(releases={"transformers": "4.44.2"}, asked="<model>"),
        made.source_record(),
        *(made.frame_record_of(n, **one) for n, one in enumerate([AUTO, FROM_PRETRAINED, FROM_PRETRAINED])),
        *(made.value_record(n, value) for n, value in enumerate(values, 1)),
        *map(made.step_record, steps),
        made.end_record(status="loaded", step=2),
    ]
    kinds = [one.kind for one in found(tmp_path, records).surprises]
    assert ("attention-differs" in kinds) == (got != "sdpa")


@pytest.mark.parametrize("name", ENDS)
def test_an_end(name: str, tmp_path: Path) -> None:
    records, kind, values = ENDS[name]
    (cause,) = found(tmp_path, records).causes
    assert cause.kind == kind
    assert values.items() <= cause.values.items()
    if cause.kind == "attention-unknown":
        assert cause.remedy == "attention-known-in-config"


def found(folder: Path, records: list[bytes]) -> Diagnosis:
    with open_trace(made.sealed(folder, records)) as trace:
        diagnosis = diagnose(trace)
        for lang in ("en", "zh"):
            Console(file=io.StringIO(), width=80).print(diagnosis_report(trace, diagnosis, lang))
        return diagnosis


def test_the_last_words_of_native_code_are_shown(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=80)
    with open_trace(made.sealed(tmp_path, ENDS["segmentation fault"][0])) as trace:
        screen.print(diagnosis_report(trace, diagnose(trace), "en"), crop=False)
    assert isinstance(screen.file, io.StringIO)
    assert "Fatal Python error: Segmentation fault" in screen.file.getvalue()


def test_an_unnamed_end(tmp_path: Path) -> None:
    diagnosis = found(tmp_path, ending(status="gone fishing", step=1))
    assert diagnosis.status == "gone fishing"
    assert [cause.kind for cause in diagnosis.causes] == ["unknown-outside"]


@pytest.mark.parametrize(("given", "kind"), [(None, "trust-not-given"), (False, "trust-refused")])
def test_trust(given: bool | None, kind: str, tmp_path: Path) -> None:
    records = raising("ValueError", "requires you to execute", function="resolve_trust_remote_code")
    data = {"has_local_code": False, "has_remote_code": True, "given": given, "decision": False, "refused": True}
    records[-2] = made.step_record(made.step(2, kind="trust-asked", event="unwind", value=0, data=data))
    records[-1] = made.end_record(status="refused", error="ValueError", message="requires you to execute", step=1)
    assert [cause.kind for cause in found(tmp_path, records).causes] == [kind]


SAID = "The name of the thing is deprecated"
SURPRISES: dict[str, tuple[list[bytes], list[str]]] = {
    "nothing": (telling("output", {"text": "hello"}), []),
    "no numbers": (telling("weights-report", {"checkpoint": 1, "loaded": 0, "empty": ["a"]}), ["weights-empty"]),
    "unexpected, and told": (
        telling("weights-report", {"unexpected": [{"name": "a", "told": True}, {"name": "b", "told": False}]}),
        ["weights-unexpected"],
    ),
    "nothing generated": (telling("not-generated", {"why": "it writes no text"}), ["not-generated"]),
    "no pass": (telling("not-fed", {"why": "no tokenizer"}), ["not-fed"]),
    "a warning": (telling("warning", {"category": "FutureWarning", "message": SAID}), ["said"]),
    "a log record": (telling("log", {"level": "WARNING", "message": SAID}), ["said"]),
    "chatter": (telling("log", {"level": "INFO", "message": SAID}), []),
}


@pytest.mark.parametrize(("zeros", "certainty"), [([], "certain"), (["a.steps"], "likely")])
def test_zeros_in_memory_that_nobody_filled_may_have_been_written(
    zeros: list[str], certainty: str, tmp_path: Path
) -> None:
    data = {"never_filled": ["a.steps", "b.steps"], "never_filled_zero": zeros}
    assert {one.certainty for one in found(tmp_path, telling("weights-report", data)).surprises} == {certainty}


@pytest.mark.parametrize("name", SURPRISES)
def test_a_surprise(name: str, tmp_path: Path) -> None:
    records, kinds = SURPRISES[name]
    diagnosis = found(tmp_path, records)
    assert diagnosis.causes == []
    assert [one.kind for one in diagnosis.surprises] == kinds


def test_one_is_not_told_as_many(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=80)
    with open_trace(made.sealed(tmp_path, SURPRISES["no numbers"][0])) as trace:
        screen.print(diagnosis_report(trace, diagnose(trace), "en"), crop=False)
    assert isinstance(screen.file, io.StringIO)
    assert "1 parameter has no numbers at all" in screen.file.getvalue()


def test_a_shard_that_safetensors_calls_something_else(tmp_path: Path) -> None:
    records = raising("SafetensorError", "I/O error: something", of="safetensors._safetensors_rust")
    files = [
        made.value_record(1, Text("<model>/a.safetensors")),
        made.raw_value_record(2, b'{"is":"sequence","type":"list","length":1,"items":[1]}'),
    ]
    bound = made.step_record(made.step(0, kind="call", event="call", changes=[Bound("checkpoint_files", 2)]))
    records[4:5] = [*files, bound]
    (cause,) = found(tmp_path, records).causes
    assert (cause.kind, cause.values["file"]) == ("shard-damaged", "<model>/a.safetensors")


HOSTILE: dict[str, list[bytes]] = {
    "a message that asks for placeholders": raising("RuntimeError", "{0} {file} {self.__class__}"),
    "a message of escapes": raising("RuntimeError", "\x1b[2J\u202e\x07 [bold]x[/bold]"),
    "a message of words that rules know": raising(
        "TypeError", "f() got an unexpected keyword argument 'x'", function="Own.__init__", module="m"
    ),
    "frames that are their own parents": [
        made.source_record(),
        made.frame_record_of(0, parent=1),
        made.frame_record_of(1, parent=0),
        made.value_record(0, Exception_("OSError", "builtins", "no")),
        made.step_record(made.step(0, kind="raise", event="raise", value=0)),
        made.step_record(made.step(1, kind="raise", event="raise", value=0, frame=1)),
        made.end_record(status="failed", error="OSError", message="no", step=0),
    ],
    "an exception that is none": [
        made.source_record(),
        made.frame_record_of(0),
        made.value_record(0, Plain(1)),
        made.step_record(made.step(0, kind="raise", event="raise", value=0)),
        made.end_record(status="failed", error="OSError", step=0),
    ],
    "data of other shapes": [
        *(
            made.step_record(made.step(n, kind=kind, event=None, frame=None, source=None, line=None, data=data))
            for n, (kind, data) in enumerate(
                (kind, data)
                for kind in KINDS
                for data in (
                    {},
                    dict.fromkeys(("missing", "unused", "mismatched", "new", "path", "class", "name", "in"), 1),
                    {name: [1, None] for name in ("missing", "relative", "unused", "mismatched", "unexpected", "new")},
                )
            )
        ),
        made.end_record(status="loaded", step=0),
    ],
    "an outcome of other types": [made.end_record(status=["failed"], error=7, message={}, step="x", signal=3)],
    "a source that is no Python": [
        made.source_record(text="def ((("),
        *raising("OSError", "no")[2:],
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_trace_holds_there_is_an_answer(name: str, tmp_path: Path) -> None:
    diagnosis = found(tmp_path, HOSTILE[name])
    assert diagnosis.causes or diagnosis.surprises
    assert all(isinstance(cause, Cause) for cause in (*diagnosis.causes, *diagnosis.surprises))


def test_a_rule_needs_more_than_a_message(tmp_path: Path) -> None:
    """The words of a message alone, raised by somebody else's code, name no argument of the call."""
    (cause,) = found(tmp_path, HOSTILE["a message of words that rules know"]).causes
    assert cause.kind == "unknown"


# Words


def constants() -> set[str]:
    """Every text that stands in the rules."""
    folder = Path(why.__file__).parent
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")]
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_word_is_used_and_every_kind_tested() -> None:
    # These surprises are named as their steps are.
    used = constants() | {NotFed.kind, NotGenerated.kind, ProcessorFailed.kind}
    kinds = {key.partition(":")[2] for key in CAUSES} | {
        key.removeprefix("step:") for key in WORDS if key.startswith("step:")
    }
    assert kinds - used == {"raised-it"}  # what the printing makes of "raised"
    tested = {case.kind for case in CASES.values()} | {kind for _, kind, _ in ENDS.values()}
    tested |= {"stale-copy", "trust-not-given", "shard-damaged"}  # tests of their own
    tested |= {trouble.kind for trouble in HUB_TROUBLES.values()}
    tested |= {"reference-not-text", "reference-with-dots", "reference-with-ending", "reference-repositories"}
    tested |= {"reference-into-folder", "reference-without-dot", "auto-map-not-object", "tokenizer-entry-not-pair"}
    tested |= {"format-not-named", "names-mixed", "quantization-unknown", "quantization-refused"}
    tested |= {"library-package-argument"}  # needs the release without accelerate
    # What only one line knows is tested on that line.
    tested |= {"import-not-copied", "tokenizer-class-missing", "config-class-missing", "config-class-differs"}
    tested |= {"attribute-gone-in-5", "package-fails", "tensors-missing", "tensors-of-two-shapes", "not-converted"}
    tested |= {"no-post-init", "post-init-overridden"}
    tested |= {"tied-keys-no-dictionary", "numbers-on-meta", "mixed-with-meta", "loads-while-built"}
    tested |= {
        "no-split-modules",
        "checkpoint-nested",
        "cache-as-tuple",
        "template-name-newer",
        "property-given-in-json",
        "given-id-out-of-range",
        "property-without-setter",
        "attribute-missing-library",
        "own-fault",
        "trust-misspelt",
    }
    tested |= {kind for trouble in TROUBLES.values() for kind in str(trouble.kind).split("|")} & {
        key.removeprefix("cause:") for key in CAUSES
    }
    # These as well, of which either release has some, or traces without tracebacks and texts of files.
    tested |= {"vocabulary-package-missing", "vocabulary-package-missing-misled", "vocabulary-missing"}
    tested |= {"tokenizer-merges-newer", "tokenizer-file-broken", "tokenizer-file-newer", "tokenizer-class-newer"}
    tested |= {"tokenizer-code-not-mapped", "override-lacks-newer-parameter", "attribute-not-set-yet"}
    tested |= {"generation-mixin-missing", "generation-setting-invalid", "configuration-lacks-name"}
    tested |= {"processor-class-newer", "adapter-key-newer", "adapter-key-unknown"}
    tested |= {"release-gone", "release-gone-written", "release-new", "release-new-written"}
    tested |= {"processor-part-differs"}
    tested |= {wrong.kind for wrong in WRONG_AUTO_MAPS.values()} | {wrong.kind for wrong in WRONG_FILES.values()}
    tested |= {"file-is-pointer", "file-is-page", "file-is-empty", "shard-not-safetensors", "newer-python"}
    tested |= {"second-repository", "tokenizer-entry-not-pair"}
    tested |= {wrong.kind for wrong in WRONG_CONTRACTS.values()} | {*MADE, *OF_ITS_OWN}
    tested |= {*PACKAGES, "opened-in-working-folder"}
    tested |= {"stale-importer", "reference-into-folder", "package-in-text"}  # on 4.44
    tested |= {"dtypes-meet", "dtype-stored-integer", "short-form-gone", "configuration-names-otherwise"}  # on 5.x
    tested |= {"checkpoint-nested", "quantization-not-in-weights"}  # likewise
    assert {key.partition(":")[2] for key in CAUSES if key.startswith("cause:")} == tested - {None}


def test_lines_end_where_they_may() -> None:
    chinese = "写成 `from .visual import …` 才行，这样文件会一起复制。"
    lines = list(wrapped(chinese, 20))
    assert all(cell_len(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == chinese.replace(" ", "")
    assert not any(line.startswith(("，", "。")) for line in lines)
    assert list(wrapped("one two three", 8)) == ["one two", "three"]
    assert list(wrapped("abcdefghij", 4)) == ["abcd", "efgh", "ij"]
    assert list(wrapped("a\n\nb", 4)) == ["a", "", "b"]
