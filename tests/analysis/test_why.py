"""Every kind of failure and surprise that a diagnosis knows, on real loads of damaged directories."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.analysis.diagnosis_cases import CASES, EVERYDAY, LOADED
from tests.support import damaged, damaged_weights
from tests.support.edited_models import write_reed
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, by_line
from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.analysis.diagnosis.surprises import unnoticed
from tracer.i18n import tr
from tracer.launch.runner import run_job
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace
from tracer.views.outcome import failure_lines
from tracer.views.show import load_report
from tracer.views.why import WORDS as WHY
from tracer.views.why import diagnosis_report


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


assert CASES.keys() >= EVERYDAY
SOME = [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in CASES]


@pytest.mark.parametrize("name", SOME)
def test_the_cause_is_found(name: str, recorded: Callable[[str], Trace]) -> None:
    case = CASES[name]
    with recorded(name) as trace:
        found = diagnose(trace)
        steps = len(trace)
    assert [cause.kind for cause in found.causes] == ([] if case.kind is LOADED else [case.kind]), found
    assert (found.status == "loaded") == (case.kind is LOADED)
    if case.kind is not LOADED:
        (cause,) = found.causes
        assert case.values.items() <= cause.values.items()
        unknown = cause.kind.startswith(("unknown-outside", "own-code-called"))
        assert cause.certainty == ("unknown" if unknown else "certain" if case.certain else "likely")
        if case.evidence:
            assert tuple(one.what for one in cause.chain) == case.evidence
        numbers = [one.step for one in cause.chain]
        assert numbers == sorted(numbers)
        assert all(0 <= number < steps for number in numbers)
        assert (cause.remedy is None) == (cause.kind == "stopped" or (not steps and cause.kind == "unknown-outside"))
    if case.surprises or case.kind is LOADED:
        assert sorted(one.kind for one in found.surprises if one.kind != "said") == sorted(case.surprises)


@pytest.mark.slow
@pytest.mark.skipif(OLD_LINE, reason="4.44 has no compressed-tensors")
@pytest.mark.parametrize(
    ("module", "kind", "packages"),
    [
        ("cpm_kernels", "quantization-package", ["cpm-kernels"]),
        ("module_of_nobody", "quantization-refused", None),  # no package is advised by the name of its module alone
    ],
)
def test_the_package_that_a_package_of_the_method_needs_is_named(
    module: str, kind: str, packages: list[str] | None, tmp_path: Path
) -> None:
    site, metadata = tmp_path / "site", tmp_path / "site" / "compressed_tensors-0.20.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: compressed-tensors\nVersion: 0.20.1\n")
    (site / "compressed_tensors").mkdir()
    (site / "compressed_tensors" / "__init__.py").write_text(f"import {module}\n")
    model = damaged_weights.with_config(quantization_config={"quant_method": "compressed-tensors"})(tmp_path / "model")
    job = Job("load", model=str(model), environment={"PYTHONPATH": str(site)})
    with open_trace(run_job(job, tmp_path / "t.glmtrace").path) as trace:
        [cause] = diagnose(trace).causes
    assert (cause.kind, cause.values.get("packages")) == (kind, packages)
    assert module in cause.values["message"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", SOME)
def test_it_can_be_read_on_80_columns(name: str, lang: Any, recorded: Callable[[str], Trace]) -> None:
    with recorded(name) as trace:
        found = diagnose(trace)
        shown = printed(trace, found, lang)
    quoted = re.escape(tr(lang, "Where it was raised"))
    ours = re.sub(rf"(?s){quoted}.*?\n *\n", "", shown)  # without lines of sources, which may have braces
    assert not re.search(r"\{\w+\}", ours), "a placeholder was not filled"
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
        assert '"auto_map": {"AutoModelForCausalLM": "modeling_broken.BrokenModel"}' in joined(trace)
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
        warned = {"en": "may not be packages at all", "zh": "不一定是软件包"}[lang] in said
        assert warned == ("pip install" in str(trace.outcome.message))


def test_a_cause_that_is_known_is_not_called_unknown(recorded: Callable[[str], Trace]) -> None:
    with recorded("unknown-model-type") as trace:
        assert "Cause config.json has the model type" in joined(trace)
        assert "not known" not in joined(trace)
    with recorded("unknown-outside") as trace:
        assert "Cause: not known" in joined(trace)


def joined(trace: Trace) -> str:
    return " ".join(printed(trace, diagnose(trace), "en").split())


MISSPELT = """
from transformers import AutoModelForCausalLM

AutoModelForCausalLM.from_pretrained({folder!r}, {argument})
"""


@pytest.mark.parametrize(
    ("argument", "kind", "remedy"),
    [
        ("trust_romote_code=True", "trust-misspelt", "spell-trust"),
        ("revison='main'", "trust-not-given", "trust-remote-code"),
    ],
    ids=["misspelt", "another"],
)
def test_a_misspelt_trust(loads: Loads, tmp_path: Path, argument: str, kind: str, remedy: str) -> None:
    folder = write_reed(tmp_path / "m")
    script = tmp_path / "load.py"
    script.write_text(MISSPELT.format(folder=str(folder), argument=argument))
    trace = loads.trace("", work="script", script=[str(script)])
    (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.remedy) == (kind, remedy)
    if kind == "trust-misspelt":
        assert (cause.values["name"], cause.values["meant"]) == ("trust_romote_code", "trust_remote_code")


@pytest.mark.parametrize(
    "name",
    ["trailing-comma"]
    + [
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("missing-comma", "comment", "python-word", "single-quotes", "cut-off", "bom", "empty")
    ],
)
def test_what_is_wrong_with_the_json_is_told(name: str, recorded: Callable[[str], Trace]) -> None:
    with recorded(f"config-{name}") as trace:
        (cause,) = diagnose(trace).causes
    assert cause.remedy == f"json-{name}"


@pytest.mark.parametrize("name", ["tie-not-said", "not-a-number", "loaded"])
def test_the_report_names_what_went_wrong_silently(name: str, recorded: Callable[[str], Trace]) -> None:
    with recorded(name) as trace:
        screen = Console(file=io.StringIO(), width=80)
        screen.print(load_report(trace, "en"))
        assert isinstance(screen.file, io.StringIO)
        shown = screen.file.getvalue()
        silent = unnoticed(trace)
    assert ("Worth knowing" in shown) == bool(silent)
    assert [one.kind for one in silent] == [kind for kind in CASES[name].surprises if kind == name]
    for one in silent:
        assert f"step {one.chain[-1].step}" in shown


def test_an_argument_that_code_passes_twice_is_no_fault_of_the_value(loads: Loads, tmp_path: Path) -> None:
    twice = ("super().__init__(**kwargs)", "super().__init__(pad_token_id=1, **kwargs)")
    write_reed(tmp_path / "dir", config={"pad_token_id": 0}, configuration=(twice,))
    with loads.trace(tmp_path / "dir", tokenizer=False, forward=False) as trace:
        (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.values["file"]) == ("argument-given-twice", "configuration_reed.py")


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
    parts = tmp_path / "dir" / "parts.py"
    parts.write_text(f"{parts.read_text(encoding='utf-8')}\nNEWER = True\n", encoding="utf-8")
    again = loads.record_anew(work="load", model=str(tmp_path / "dir"), trust_remote_code=True, **options)
    with open_trace(again.path) as trace:
        found = diagnose(trace)
    assert found.status == "loaded"
    assert [one.kind for one in found.surprises] == by_line(["stale-code-ran"], [])


def test_a_model_that_is_nowhere(loads: Loads) -> None:
    with loads.trace("glm-trace/no-such-model", tokenizer=False, forward=False) as trace:
        (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.certainty) == ("hub-not-asked", "certain")
    expected = {"model": "glm-trace/no-such-model", "file": "config.json", "setting": "HF_HUB_OFFLINE=1"}
    assert cause.values == expected


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
