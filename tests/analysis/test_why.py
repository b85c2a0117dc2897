"""Every kind of failure and surprise that a diagnosis knows, on real loads of damaged directories."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import Console

from tests.support import damaged
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, by_line
from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.i18n import tr
from tracer.trace.reading import Trace, open_trace
from tracer.views.outcome import failure_lines
from tracer.views.why import WORDS as WHY
from tracer.views.why import diagnosis_report

BROKEN = damaged.FIXTURES / "broken"


@dataclass(frozen=True)
class Case:
    """A load, and what is to be said of it.

    Attributes:
        make: makes the directory in a folder.
        kind: of the best cause; None for a load that goes well.
        values: some of what the cause is filled with.
        evidence: what its chain has to show.
        surprises: kinds of the surprises there are, in any order.
        options: of the load.
    """

    make: Callable[[Path], Path]
    kind: str | None
    values: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    surprises: tuple[str, ...] = ()
    certain: bool = True
    options: dict[str, Any] = field(default_factory=dict)


def broken(name: str) -> Callable[[Path], Path]:
    """A broken fixture under a name that says nothing."""
    return lambda folder: Path(shutil.copytree(BROKEN / name, folder))


def whole(name: str) -> Callable[[Path], Path]:
    return lambda folder: damaged.copied(name, folder)


OWN_CLASS = {"auto_class": "AutoModelForSequenceClassification"}
LOADED: Final = None

CASES: Final[dict[str, Case]] = {
    # fixtures
    "not-json": Case(
        broken("not-json"), "not-json", {"file": "<model>/config.json", "line": 12}, ("file", "raised", "raised")
    ),
    "no-config": Case(
        broken("no-config"),
        "config-missing",
        {"in": "<model>"},
        by_line(("raised", "file-missing"), ("file-missing", "raised")),
    ),
    "misspelt-module": Case(
        broken("misspelt-module"),
        "class-file-missing",
        {"file": "modelling_broken.py", "class": "BrokenModel", "auto_class": "AutoModelForCausalLM"},
        ("class-asked", "raised", "file-missing"),
    ),
    "no-class-file": Case(
        broken("no-class-file"),
        "class-file-missing",
        {"file": "modeling_broken.py", "reference": "modeling_broken.BrokenModel"},
        ("class-asked", "raised", "file-missing"),
    ),
    "misspelt-class": Case(
        broken("misspelt-class"),
        "class-missing",
        {"class": "BrokenModle", "module": "modeling_broken", "auto_class": "AutoModelForCausalLM"},
        ("class-asked", "copied", "raised"),
    ),
    "missing-package": Case(
        broken("missing-package"),
        "package-missing",
        {"file": "modeling_broken.py", "names": ["glm_trace_absent_package"], "packages": ""},
        ("raised", "imports"),
    ),
    "syntax-error": Case(
        broken("syntax-error"),
        "not-python",
        {"file": "modeling_broken.py", "line": 17},
        by_line(("class-asked", "imports-relatively", "raised"), ("class-asked", "raised")),
    ),
    "unknown-model-type": Case(
        broken("unknown-model-type"),
        "unknown-model-type",
        {"model_type": "glm-trace-unknown"},
        ("model-type", "raised", "raised"),
    ),
    "adapter-without-base": Case(
        broken("adapter-without-base"),
        "adapter-base-missing",
        {"base": "./this-base-does-not-exist", "file": "<model>/adapter_config.json"},
        ("adapter", "raised", "raised", "file-missing"),
    ),
    "kills-itself": Case(
        broken("kills-itself"),
        "killed-sigkill",
        {"signal": "SIGKILL", "where": "BrokenModel.__init__"},
        ("last",),
        certain=False,
    ),
    "exits": Case(broken("exits"), "own-code-exits", {"code": 0}, ("last",), certain=False),
    "escape-sequences": Case(
        broken("escape-sequences"),
        "own-code-raised",
        {"error": "RuntimeError", "file": "modeling_broken.py", "statement": "raise RuntimeError(MESSAGE)"},
        ("raised", "passed", "passed"),
    ),
    # the directory's own code
    "relative-import-missing": Case(
        damaged.relative_import_missing,
        "relative-import-missing",
        {"file": "visual.py", "by": "modeling_chatglm.py"},
        ("class-asked", "imports-relatively", "raised"),
    ),
    "sibling-absolute": Case(
        damaged.sibling_imported_absolutely,
        "sibling-absolute",
        {"file": "modeling_chatglm.py", "module": "configuration_chatglm"},
        ("own-file", "raised", "imports"),
    ),
    "sibling-untouched": Case(
        damaged.untouched_sibling_imported_absolutely,
        "sibling-absolute",
        {"file": "configuration_chatglm.py", "module": "geometry"},
        ("raised", "imports"),
    ),
    "sibling-package": Case(
        damaged.sibling_package_imported_absolutely,
        "sibling-and-package",
        {"file": "configuration_chatglm.py", "module": "geometry", "names": ["glm_trace_absent_package"]},
        ("raised", "imports"),
    ),
    "sibling-while-it-runs": Case(
        damaged.untouched_sibling_in_a_function, "sibling-absolute", {"module": "geometry"}, certain=True
    ),
    "known-package-missing": Case(
        damaged.known_package_missing, "package-missing", {"packages": "flash-attn"}, ("raised", "imports")
    ),
    "package-fails": Case(  # 4.x takes it for one that is not installed
        damaged.package_fails,
        by_line("package-missing", "package-fails"),
        by_line({"names": ["glm_trace_failing_package"]}, {"package": "glm_trace_failing_package"}),
    ),
    "repository-missing": Case(
        damaged.repository_missing,
        "class-repository-missing",
        {
            "repository": "someone/other",
            "file": "configuration_chatglm.py",
            "reference": "someone/other--configuration_chatglm.ChatGLMConfig",
        },
    ),
    "sibling-name-missing": Case(
        damaged.name_missing_in_sibling,
        "sibling-name-missing",
        {"name": "ChatGLMVisionConfig", "file": "configuration_chatglm.py"},
    ),
    "package-missing-in-sibling": Case(
        damaged.package_missing_in_sibling,
        "package-missing",
        {"names": ["glm_trace_absent_package"]},
        certain=False,
    ),
    "library-name-gone": Case(
        damaged.library_name_gone,
        "library-name-gone",
        {"name": "glm_trace_never_was", "module": "transformers.modeling_utils", "package": "transformers"},
    ),
    "import-not-copied": Case(  # 5.x copies what neighbours import too
        damaged.transitive_import,
        by_line("import-not-copied", LOADED),
        by_line({"file": "parts.py"}, {}),
        certain=False,
    ),
    # which class
    "no-model-type": Case(damaged.without_model_type, "no-model-type", {}, ("no-model-type", "raised")),
    "config-class-missing": Case(  # 4.44 does not register classes of remote code
        damaged.without_config_class,
        by_line(LOADED, "config-class-missing"),
        by_line({}, {"class": "ChatGLMForConditionalGeneration", "config_class": "ChatGLMConfig"}),
        options={"dtype": "bfloat16"},
    ),
    "config-class-differs": Case(
        damaged.other_config_class,
        by_line(LOADED, "config-class-differs"),
        by_line({}, {"class": "ChatGLMForConditionalGeneration", "config_class": "ChatGLMConfig"}),
        options={"dtype": "bfloat16"},
    ),
    "auto-class-not-mapped": Case(
        damaged.without_auto_map_entry,
        "auto-class-not-mapped",
        {"auto_class": "AutoModelForSequenceClassification", "class": "ChatGLMConfig"},
        ("config-built", "raised"),
        options=OWN_CLASS,
    ),
    "tokenizer-class-missing": Case(  # 5.x takes another class, and says nothing
        damaged.tokenizer_class_missing,
        by_line("tokenizer-class-missing", LOADED),
        by_line({"class": "NoSuchTokenizer"}, {}),
        surprises=by_line((), ("tokenizer-replaced",)),
        options={"tokenizer": True},
    ),
    "tokenizer-not-json": Case(
        damaged.tokenizer_not_json,
        "not-json",
        {"file": "<model>/tokenizer_config.json", "line": 3},
        options={"tokenizer": True},
    ),
    # trust
    "trust-refused": Case(
        whole("glm-4v-tiny"),
        "trust-refused",
        {"given": False},
        ("raised", "trust"),
        options={"trust_remote_code": False},
    ),
    "local-preferred": Case(
        damaged.local_and_remote, LOADED, surprises=("local-preferred",), options={"trust_remote_code": False}
    ),
    # arguments and attributes
    "unexpected-argument": Case(
        whole("bert-tiny"),
        "unexpected-argument",
        {"name": "no_such_argument", "value": 1, "class": "BertModel", "config": "BertConfig"},
        ("given", "left-over", "raised"),
        options={"kwargs": {"no_such_argument": 1}},
    ),
    "use-cache": Case(  # with 4.x the key in config.json becomes an attribute, which takes the argument
        damaged.use_cache_left_to_the_library,
        by_line(LOADED, "unexpected-argument"),
        by_line({}, {"name": "use_cache", "value": False, "class": "ChatGLMForConditionalGeneration"}),
        by_line((), ("given", "left-over", "raised")),
        options={"kwargs": {"use_cache": False}, "dtype": "bfloat16"},
    ),
    "attribute-gone-in-5": Case(
        damaged.attribute_gone,
        by_line(LOADED, "attribute-gone-in-5"),
        by_line({}, {"name": "max_length", "class": "ChatGLMConfig", "default": "20"}),
        by_line((), ("config-built", "raised")),
        options={"dtype": "bfloat16"},
    ),
    "attribute-missing": Case(
        damaged.attribute_never_set,
        "attribute-missing",
        {"name": "sequence_length", "class": "ChatGLMConfig", "file": "modeling_chatglm.py"},
    ),
    "argument-dropped": Case(  # 4.44 uses it
        whole("bert-tiny"),
        LOADED,
        surprises=by_line((), ("argument-dropped",)),
        options={"kwargs": {"low_cpu_mem_usage": True}},
    ),
    # weights
    "weights-missing": Case(damaged.weights_missing, "weights-missing", {"in": "<model>"}),
    "shard-missing": Case(
        damaged.shard_missing,
        "shard-missing",
        {"file": "<model>/model-00002-of-00002.safetensors", "count": 2, "read": 1},
        ("shard-read", "raised"),
    ),
    "shard-truncated": Case(
        damaged.shard_truncated, "shard-truncated", {"file": "<model>/model-00002-of-00002.safetensors"}
    ),
    "shard-corrupt": Case(
        damaged.shard_corrupt, "shard-not-safetensors", {"file": "<model>/model-00001-of-00002.safetensors"}
    ),
    "index-not-json": Case(
        damaged.index_not_json, "not-json", {"file": "model.safetensors.index.json", "line": 7}, certain=False
    ),
    "shapes-differ": Case(damaged.shape_changed, "shapes-differ", {"count": 6}, ("mismatched", "raised")),
    "shapes-ignored": Case(
        damaged.shape_changed,
        LOADED,
        surprises=("weights-mismatched",),
        options={"kwargs": {"ignore_mismatched_sizes": True}},
    ),
    "renamed": Case(damaged.tensor_renamed, LOADED, surprises=("weights-new", "weights-unexpected")),
    "tensor-missing": Case(damaged.tensor_missing, LOADED, surprises=("weights-new",)),
    "new-head": Case(whole("bert-tiny"), LOADED, surprises=("head-new",), options=OWN_CLASS),
    "dtype-changed": Case(
        damaged.dtype_of_the_config, LOADED, surprises=("dtype-changed",), options=by_line({"dtype": "auto"}, {})
    ),
    "dtype-asked-for": Case(whole("bert-tiny"), LOADED, options={"dtype": "float16"}),
    "without-numbers": Case(whole("bert-tiny"), LOADED, options={"weights": "fake"}),
    # adapters
    "adapter-for-another-model": Case(
        damaged.adapter_for_another_architecture,
        "adapter-for-another-model",
        {"class": "BertModel", "names": ["query_key_value"]},
        ("adapter", "base-filled", "raised"),
    ),
    "adapter-of-other-sizes": Case(
        damaged.adapter_of_other_sizes,
        "adapter-of-other-sizes",
        {"class": "ChatGLMForConditionalGeneration"},
    ),
    # ends
    "stopped": Case(whole("bert-tiny"), "stopped", options={"stop_after": "config"}),
    "misused": Case(whole("bert-tiny"), "misused", options={"auto_class": "AutoNoSuchThing"}),
    "unknown-outside": Case(whole("bert-tiny"), "unknown-outside", certain=False, options={"dtype": "no_such_dtype"}),
    "loaded": Case(whole("bert-tiny"), LOADED),
}


@pytest.fixture(scope="module")
def recorded(loads: Loads, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trace]:
    """The open trace of a case."""
    made: dict[str, Path] = {}

    def trace(name: str) -> Trace:
        case = CASES[name]
        if name not in made:
            model = case.make(tmp_path_factory.mktemp("m") / "dir")
            options = {"tokenizer": False, "forward": False, "cwd": str(model), **case.options}
            made[name] = loads.record(model, **options).path
        return open_trace(made[name])

    return trace


EVERYDAY = {
    "not-json", "no-config", "misspelt-module", "misspelt-class", "missing-package", "syntax-error", "kills-itself",
    "sibling-absolute", "known-package-missing", "repository-missing", "unknown-model-type", "no-model-type",
    "trust-refused", "unexpected-argument", "attribute-gone-in-5", "shard-missing", "shapes-differ", "renamed",
    "adapter-without-base", "adapter-for-another-model", "stopped", "unknown-outside", "loaded",
}  # fmt: skip
"""Of every group some; the others are recorded with the slow tests."""
assert CASES.keys() >= EVERYDAY
SOME = [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in CASES]


@pytest.mark.parametrize("name", SOME)
def test_the_cause_is_found(name: str, recorded: Callable[[str], Trace]) -> None:
    case = CASES[name]
    with recorded(name) as trace:
        found = diagnose(trace)
        steps = len(trace)
    assert [cause.kind for cause in found.causes] == ([] if case.kind is LOADED else [case.kind]), found
    if case.kind is LOADED:
        assert (found.status, found.causes) == ("loaded", [])
    else:
        (cause,) = found.causes
        assert case.values.items() <= cause.values.items()
        unknown = cause.kind.startswith("unknown-outside")
        assert cause.certainty == ("unknown" if unknown else "certain" if case.certain else "likely")
        if case.evidence:
            assert tuple(one.what for one in cause.chain) == case.evidence
        numbers = [one.step for one in cause.chain]
        assert numbers == sorted(numbers)
        assert all(0 <= number < steps for number in numbers)
        assert (cause.remedy is None) == (cause.kind == "stopped" or (not steps and cause.kind == "unknown-outside"))
    if case.surprises or case.kind is LOADED:
        assert sorted(one.kind for one in found.surprises if one.kind != "said") == sorted(case.surprises)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", SOME)
def test_it_can_be_read_on_80_columns(name: str, lang: Any, recorded: Callable[[str], Trace]) -> None:
    with recorded(name) as trace:
        found = diagnose(trace)
        shown = printed(trace, found, lang)
    assert not re.search(r"\{\w+\}", shown), "a placeholder was not filled"
    assert "\x1b" not in shown
    *above, command = shown.splitlines()
    assert all(len(line) <= 80 for line in above)
    if len(above) > 3:
        assert command.strip().startswith("glm-trace show ") or not found.step
    for cause in found.causes:
        for one in cause.chain:
            assert str(one.step) in shown


def printed(trace: Trace, found: Diagnosis, lang: Any) -> str:
    screen = Console(file=io.StringIO(), width=80, highlight=False)
    screen.print(diagnosis_report(trace, found, lang), crop=False)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_the_remedy_is_what_to_type(recorded: Callable[[str], Trace]) -> None:
    with recorded("misspelt-class") as trace:
        assert '"auto_map": {"AutoModelForCausalLM": "modeling_broken.CLASS"}' in joined(trace)
    with recorded("sibling-absolute") as trace:
        assert "from .configuration_chatglm import" in joined(trace)
    with recorded("missing-package") as trace:
        assert "Look up on the model's page" in joined(trace)
    with recorded("known-package-missing") as trace:
        assert "pip install flash-attn" in joined(trace)
    with recorded("repository-missing") as trace:
        assert "write `configuration_chatglm.ChatGLMConfig` in config.json" in joined(trace)
        assert "hf download someone/other" in joined(trace)


@pytest.mark.parametrize(
    "name",
    [
        "sibling-absolute",
        "missing-package",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("sibling-untouched", "sibling-package", "sibling-while-it-runs")
        ),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nobody_is_told_to_install_what_the_model_names(name: str, lang: Any, recorded: Callable[[str], Trace]) -> None:
    """A file of the directory, or a name that anybody can take on the index, is not to be installed."""
    with recorded(name) as trace:
        _, _, ours = printed(trace, diagnose(trace), lang).partition(tr(lang, WHY["title:cause"]))  # after what it said
        assert ours
        assert "pip install" not in ours
        screen = Console(file=io.StringIO(), width=80)
        for line in failure_lines(trace, lang):
            screen.print(line)
        assert isinstance(screen.file, io.StringIO)
        said = " ".join(screen.file.getvalue().split())
        warned = {"en": "may be no packages", "zh": "不一定是软件包"}[lang] in said
        assert warned == ("pip install" in str(trace.outcome.message))


def test_a_cause_that_is_known_is_not_called_unknown(recorded: Callable[[str], Trace]) -> None:
    with recorded("unknown-model-type") as trace:
        assert "Cause config.json has the model type" in joined(trace)
        assert "not known" not in joined(trace)
    with recorded("unknown-outside") as trace:
        assert "Cause: not known" in joined(trace)


def joined(trace: Trace) -> str:
    return " ".join(printed(trace, diagnose(trace), "en").split())


def test_a_stale_copy(loads: Loads, tmp_path: Path) -> None:
    """Only 4.44: it keeps one copy under the directory's name; 5.x one for each revision of the sources."""
    revise = damaged.stale_copy(tmp_path / "dir")
    options: dict[str, Any] = {"tokenizer": False, "forward": False}
    assert loads.record(tmp_path / "dir", **options).outcome.status == "loaded"
    revise()
    again = loads.record_anew(work="load", model=str(tmp_path / "dir"), trust_remote_code=True, **options)
    with open_trace(again.path) as trace:
        found = diagnose(trace)
    if OLD_LINE:
        (cause,) = found.causes
        assert (cause.kind, cause.values["name"], cause.values["file"]) == ("stale-copy", "NewerPart", "parts.py")
    else:
        assert found.status == "loaded"
    assert "not-refreshed" not in [one.kind for one in found.surprises]


def test_a_copy_that_was_not_refreshed_is_a_surprise(loads: Loads, tmp_path: Path) -> None:
    """Only 4.44, and the load may go well: what only a neighbour imports runs as it lies in the cache."""
    damaged.stale_copy(tmp_path / "dir")
    options: dict[str, Any] = {"tokenizer": False, "forward": False, "dtype": "bfloat16"}
    assert loads.record(tmp_path / "dir", **options).outcome.status == "loaded"
    modeling, visual = (tmp_path / "dir" / name for name in ("modeling_chatglm.py", "visual.py"))
    damaged.edit_text(modeling, "from .parts import Part\n\nPart()\n", "")
    first = "class EVA2CLIPModel(nn.Module):\n"
    damaged.edit_text(visual, first, f"from .parts import Part\n\n\n{first}")
    damaged.edit_text(visual, "        super().__init__()\n", "        super().__init__()\n        Part()\n")
    again = loads.record_anew(work="load", model=str(tmp_path / "dir"), trust_remote_code=True, **options)
    with open_trace(again.path) as trace:
        found = diagnose(trace)
    assert found.status == "loaded"
    assert [one.kind for one in found.surprises] == by_line(["not-refreshed"], [])


def test_a_model_that_is_nowhere(loads: Loads) -> None:
    with loads.trace("glm-trace/no-such-model", tokenizer=False, forward=False) as trace:
        (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.certainty) == ("model-not-found", "likely")
    assert cause.values == {"model": "glm-trace/no-such-model"}


def test_the_exceptions_as_recorded(recorded: Callable[[str], Trace]) -> None:
    """First raised where, through which functions, and in the handling of what."""
    with recorded("not-json") as trace:
        first, last = diagnose(trace).exceptions
    assert (first.error, last.error) == ("json.decoder.JSONDecodeError", "OSError")
    assert first.origin.function.endswith("._dict_from_json_file")
    assert last.origin.function.endswith("._get_config_dict")
    assert last.passages[-1].function == "_BaseAutoModelClass.from_pretrained"
    assert [passage.event for passage in last.passages] == ["raise", "unwind"] * (len(last.passages) // 2)
    assert first.step < last.step
