"""``glm-trace walkthrough``: list, show, check and new, as a person or a program calls them."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES
from tests.data.demo.store import unpack
from tests.support.commands import Command, command_line, is_plain
from tests.support.loads import Loads
from tests.walkthrough.writing import as_yaml, note, words
from tracer.launch.process_start import WarmStarter
from tracer.launch.runner import JobResult, run_job
from tracer.trace.job import Job
from tracer.trace.reading import open_trace
from tracer.walkthrough.loads import load_name_for, load_of_trace, loads_entry
from tracer.walkthrough.yaml_file import read_walkthrough

NEW = "5.23.0"
SPLIT = {
    "function": "get_class_from_dynamic_module",
    "statement": "module_file, class_name = class_reference.split",
}
GOOD = note(SPLIT, title=words("Split"), expect=[{"value": "after.class_name", "is": "ChatGLMConfig"}])


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The loads that a command records, in warm children; and no more than these."""
    started: list[Job] = []
    run = functools.partial(run_job, start=WarmStarter())

    def noted(job: Job, path: Path, **options: Any) -> JobResult:
        started.append(job)
        return run(job, path, **options)

    monkeypatch.setattr("tracer.cli.walkthrough.load_recording.run_job", noted)
    return started


@pytest.fixture
def command(
    place: Path, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command_line(monkeypatch, capsys, "walkthrough")


@pytest.fixture
def own(place: Path) -> Path:
    """A folder with a walkthrough of one's own, in the folder to work in."""
    folder = place / "own"
    folder.mkdir()
    (folder / "mine.yaml").write_text(as_yaml(GOOD, id="mine", title=words("My own")), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(NEW, tmp_path_factory.mktemp("file"))


def write(folder: Path, *notes: dict[str, Any], **fields: Any) -> Path:
    path = folder / f"{fields.get('id', 'made')}.yaml"
    apart = json.loads(json.dumps([notes, fields]))  # what two notes share would be written as an alias
    path.write_text(as_yaml(*apart[0], **apart[1]), encoding="utf-8")
    return path


# ── list ────────────────────────────────────────────────────────────────────────────────────────────


def test_list_has_the_course_and_ones_own(command: Any, own: Path) -> None:
    result = command("list", "--walkthroughs", own)
    assert result.code == 0
    assert is_plain(result.out)
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[-1][:3] == ["mine", "My", "own"]
    numbers = [int(row[0]) for row in rows if row[0].isdigit()]
    assert numbers == sorted(numbers)


def test_list_with_a_trace_counts_the_notes_that_apply(command: Any, own: Path, demo_file: Path) -> None:
    never = note(SPLIT, id="never", stage="peft")
    write(own, GOOD, never, id="half")
    result = command("list", demo_file, "--walkthroughs", own, "--lang", "zh")
    assert result.code == 0
    assert is_plain(result.out)
    assert "适用" in result.out
    (row,) = [line for line in result.out.splitlines() if "half" in line]
    assert "1/2" in row


# ── show ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_show_in_the_terminal(command: Any, own: Path, demo_file: Path, lang: str) -> None:
    result = command("show", "mine", demo_file, "--walkthroughs", own, "--lang", lang)
    assert result.code == 0
    assert is_plain(result.out)
    assert "module_file, class_name = class_reference.split" in result.out
    assert {"en": "after class_name = ChatGLMConfig", "zh": "执行后 class_name = ChatGLMConfig"}[lang] in result.text


def test_show_without_a_trace(command: Any, own: Path) -> None:
    write(own, note(SPLIT, text=words("It is {{ class_reference }}.")), id="holes")
    result = command("show", "holes", "--walkthroughs", own)
    assert result.code == 0
    assert "It is `‹class_reference›`." in result.out


def test_show_one_note(command: Any, own: Path) -> None:
    write(own, GOOD, note(SPLIT, id="two", title=words("Second")), id="both")
    result = command("show", "both", "--note", "two", "--walkthroughs", own)
    assert "Second" in result.out
    assert "Split" not in result.out
    wrong = command("show", "both", "--note", "tow", "--walkthroughs", own)
    assert wrong.code == 2
    assert "The walkthrough both has no note tow. Did you mean two?" in wrong.sentence


def test_show_as_a_document(command: Any, own: Path, demo_file: Path, place: Path) -> None:
    printed = command("show", "mine", demo_file, "--walkthroughs", own, "--format", "md")
    assert printed.out.startswith("# My own\n")
    assert "| after | `class_name` | `ChatGLMConfig` |" in printed.out
    assert command("show", "mine", demo_file, "--walkthroughs", own, "--format", "md", "-o", "x.md").out == ""
    assert (place / "x.md").read_text(encoding="utf-8") == printed.out


def test_a_walkthrough_by_its_file_and_by_its_number(command: Any, own: Path) -> None:
    assert "My own" in command("show", own / "mine.yaml").out
    write(own, GOOD, id="numbered", order=77, title=words("By number"))
    assert "By number" in command("show", "77", "--walkthroughs", own).out


# ── wrong input ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "mien", "--walkthroughs", "own"], "There is no walkthrough mien. Did you mean mine?"),
        (["show", "\x1b[31m"], "There is no walkthrough \\x1b[31m. See them with: glm-trace walkthrough list"),
        (["list", "--walkthroughs", "nowhere"], "The folder nowhere can't be read: No such file or directory."),
        (["check", "--walkthroughs", "none"], "There is no walkthrough in none: no .yaml file."),
        (["show", "mine", "no.glmtrace", "--walkthroughs", "own"], "There is no file no.glmtrace."),
        (["show", "mine", "text", "--walkthroughs", "own"], "text is not a glm-trace trace."),
        (["check", "mine", "text", "--walkthroughs", "own"], "text is not a glm-trace trace."),
        (["check", "mine", "--trace", "text", "--walkthroughs", "own"], "text is not a glm-trace trace."),
        (["show", "mine", "-o", "no/x.md", "--walkthroughs", "own"], "The document no/x.md can't be written:"),
        (["list", "--walkthroughs", "bad"], "bad/one.yaml, line 1: `title` is missing"),
        (["check", "nobody"], "There is no walkthrough nobody."),
        (["new", "No Name"], "'No Name' can't be a walkthrough's name"),
        (["new", "x", "--step", "1"], "--step needs the FILE that the steps are in."),
        (["new", "mine", "--walkthroughs", "own"], "own/mine.yaml exists and is left as it is."),
        (["new", "x", "--walkthroughs", "text"], "text/x.yaml can't be written:"),
    ],
)
def test_a_mistake_is_one_sentence(command: Any, own: Path, place: Path, arguments: list[str], said: str) -> None:
    (place / "text").write_text("no trace")
    (place / "bad").mkdir()
    (place / "none").mkdir()
    (place / "bad" / "one.yaml").write_text("id: one\nnotes: []\n")
    result = command(*arguments)
    assert result.code == 2
    assert said in result.sentence
    assert result.out == ""


def test_a_step_that_is_not_there(command: Any, demo_file: Path) -> None:
    result = command("new", "x", demo_file, "--step", "999999")
    assert result.code == 2
    assert "there is no step 999999" in result.sentence


# ── check with traces ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trace", ["positional", "option"])
def test_check_with_a_trace(command: Any, own: Path, demo_file: Path, jobs: list[Job], trace: str) -> None:
    given = [demo_file] if trace == "positional" else ["--trace", demo_file]
    result = command("check", "mine", *given, "--walkthroughs", own)
    assert result.code == 0
    assert "mine · ok · 1 note checked" in result.out
    assert jobs == []


def test_a_trace_of_any_name_is_known_as_one(command: Any, own: Path, demo_file: Path, place: Path) -> None:
    shutil.copy(demo_file, place / "recording")
    assert "1 note checked" in command("check", "mine", "recording", "--walkthroughs", own).out


WRONG = [
    note(SPLIT, id="wrong-value", expect=[{"value": "after.class_name", "is": "Other"}]),
    note({"function": "get_class_from_dynamic_module", "statement": 'repo_id, class_reference = class'}, id="unbound"),
    note(SPLIT, id="asks", text=words("{{ nothing.there }}"), links=["gone"]),
]  # fmt: skip


def test_check_tells_what_does_not_hold(command: Any, own: Path, demo_file: Path) -> None:
    path = write(own, *WRONG, id="wrong")
    lines = {name: number for number, line in enumerate(path.read_text().splitlines(), 1) for name in ("wrong-value", "unbound", "asks") if line == f"- id: {name}"}  # fmt: skip
    result = command("check", "wrong", demo_file, "--walkthroughs", own)
    assert result.code == 1
    assert is_plain(result.out)
    assert "wrong · 4 problems · 3 notes checked" in result.text
    for piece in (
        f"own/wrong.yaml:{lines['wrong-value']}: wrong-value: expected `after.class_name` to be 'Other'; it is "
        "'ChatGLMConfig' (at step",
        f"own/wrong.yaml:{lines['unbound']}: unbound: the note has no step. `repo_id, class_reference = "
        'class_reference.split("--")` did not run: in `get_class_from_dynamic_module`, line',
        f"own/wrong.yaml:{lines['asks']}: asks: the text asks for `nothing.there`, and nothing is recorded under it",
        f"own/wrong.yaml:{lines['asks']}: asks: the link `gone` leads nowhere",
    ):
        assert piece in result.text
    chinese = command("check", "wrong", demo_file, "--walkthroughs", own, "--lang", "zh")
    assert is_plain(chinese.out)
    assert "4 处问题" in chinese.out
    assert "预期 `after.class_name` 是 'Other'，实际是 'ChatGLMConfig'（第" in chinese.text


def test_each_walkthrough_is_told_as_soon_as_it_is_checked(
    command: Any, own: Path, demo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(own, GOOD, id="later", loads={"demo": {"fixture": "bert-tiny"}})
    happened: list[str] = []

    def record(wanted: Any, *_: object) -> Path:
        happened.append(Path(wanted.model).name)
        return demo_file

    def report(checked: Any, *_: object) -> str:
        happened.extend(one.walkthrough.id for one in checked)
        return ""

    monkeypatch.setattr("tracer.cli.walkthrough.load_recording._record", record)
    monkeypatch.setattr("tracer.cli.walkthrough.check.check_report", report)
    command("check", "mine", "later", "--walkthroughs", own)
    assert happened == ["glm-4v-tiny", "mine", "bert-tiny", "later"]


def test_check_for_programs(command: Any, own: Path, demo_file: Path) -> None:
    write(own, *WRONG, id="wrong")
    result = command("check", "wrong", "mine", demo_file, "--walkthroughs", own, "--json", "--coverage")
    assert result.code == 1
    found = json.loads(result.out)
    wrong, mine = found["walkthroughs"]
    assert (wrong["id"], wrong["notes"], wrong["checked"]) == ("wrong", 3, 3)
    assert [one["what"] for one in wrong["problems"]] == ["link", "expect", "unbound", "value"]
    assert wrong["problems"][1]["release"] == NEW
    assert (mine["id"], mine["problems"]) == ("mine", [])
    (coverage,) = found["coverage"]
    assert coverage["functions"][0]["function"] == "get_class_from_dynamic_module"
    assert 0 < coverage["explained"] < coverage["executed"]


def test_coverage(command: Any, own: Path, demo_file: Path) -> None:
    write(own, note({"function": "check_imports", "whole": True}), id="whole")
    result = command("check", "whole", demo_file, "--walkthroughs", own, "--coverage")
    assert result.code == 0
    rows = {row[0]: row[1:] for line in result.out.splitlines() if len(row := line.split()) == 3}
    assert rows.keys() == {"Function", "check_imports", "total"}
    assert rows["check_imports"] == rows["total"]
    assert rows["total"][1] == "100"
    nothing = write(own, note({"kind": "config-read"}, stage="config"), id="nothing")
    assert "None of these notes explains code" in command("check", nothing, demo_file, "--coverage").text


def test_a_trace_is_for_the_load_that_it_is_of(command: Any, own: Path, demo_file: Path, loads: Loads) -> None:
    bert = loads.record(FIXTURES / "bert-tiny").path
    of_bert = note({"function": "AutoConfig.from_pretrained"}, id="of-bert", stage="config", load="bert")
    of_demo = note(SPLIT, id="of-demo", load="demo")
    of_fixture = {"fixture": "bert-tiny", "kwargs": {}, "dtype": None, "forward": False, "generate": 0}
    two = {"demo": {"fixture": "glm-4v-tiny"}, "bert": of_fixture}
    write(own, of_bert, of_demo, id="two", loads=two)
    assert "two · ok · 1 note checked" in command("check", "two", bert, "--walkthroughs", own).out
    # The kept recording knows no folder, so its model has no name: held against everything where it was named.
    assert "two · ok · 2 notes checked" in command("check", "two", demo_file, "--walkthroughs", own).out
    other = command("check", "mine", bert, "--walkthroughs", own)
    assert other.code == 1
    assert "`get_class_from_dynamic_module` was not called: in `" in other.text
    of_none = {"id": "of-none", "loads": {"other": {"fixture": "broken/not-json"}}}
    write(own, GOOD, **of_none)
    left_out = command("check", bert, "--walkthroughs", own)
    assert "of-none · ok · no note applies to these loads" in left_out.text


# ── check that records ──────────────────────────────────────────────────────────────────────────────

SHORT = {"kwargs": {}, "dtype": None, "tokenizer": False, "forward": False, "generate": 0}
ANY = {"function": "AutoConfig.from_pretrained"}


def test_check_records_each_load_once(command: Any, own: Path, jobs: list[Job], place: Path) -> None:
    (own / "mine.yaml").unlink()
    bert = {"fixture": "bert-tiny", **SHORT}
    write(own, note(ANY, stage="config"), id="one", loads={"a": bert, "unused": {"fixture": "no-such"}})
    write(own, note(ANY, stage="config"), note(ANY, id="x", stage="config", load="c"), id="two",
          loads={"b": bert, "c": {**bert, "kwargs": {"num_labels": 3}}})  # fmt: skip
    result = command("check", "one", "two", "--walkthroughs", own)
    assert result.code == 0
    assert "one · ok · 1 note checked" in result.out
    assert "two · ok · 2 notes checked" in result.out
    assert [job.kwargs for job in jobs] == [{}, {"num_labels": 3}]
    assert {job.trust_remote_code for job in jobs} == {True}
    assert sorted(path.name for path in place.iterdir()) == ["own"]


def test_check_records_a_load_that_fails(command: Any, own: Path) -> None:
    broken = {"fixture": "broken/not-json", **SHORT}
    write(own, note(ANY, stage="config", expect=[{"cause": "not-json"}]), id="fails", loads={"b": broken})
    result = command("check", "fails", "--walkthroughs", own)
    assert result.code == 0
    assert "fails · ok · 1 note checked" in result.text


def test_a_lora_configuration_is_put_in(command: Any, own: Path, jobs: list[Job]) -> None:
    peft = {"r": 2, "target_modules": ["query"], "task_type": None, "peft_type": "LORA"}
    load = {"fixture": "bert-tiny", **SHORT, "peft": peft}
    write(own, note({"kind": "peft-applied"}, stage="peft"), id="lora", loads={"l": load})
    command("check", "lora", "--walkthroughs", own)
    assert jobs[0].peft is not None
    assert Path(jobs[0].peft).suffix == ".json"


def test_a_directory_of_ones_own_needs_consent(command: Any, own: Path, jobs: list[Job]) -> None:
    shutil.copytree(FIXTURES / "glm-4v-tiny", own / "model", ignore=shutil.ignore_patterns("__pycache__"))
    write(own, GOOD, id="asks", loads={"m": {"fixture": "model", **SHORT}})
    result = command("check", "asks", "--walkthroughs", own)
    assert result.code == 3
    assert "model needs its own code to run (" in result.sentence
    assert jobs == []


def test_a_directory_beside_the_file_is_found(command: Any, own: Path, jobs: list[Job]) -> None:
    shutil.copytree(FIXTURES / "bert-tiny", own / "model")
    write(own, note(ANY, stage="config"), id="beside", loads={"m": {"fixture": "model", **SHORT}})
    assert command("check", "beside", "--walkthroughs", own).code == 0
    assert jobs[0].model == str(own / "model")
    assert not jobs[0].trust_remote_code


def test_a_fixture_that_is_not_there(command: Any, own: Path, jobs: list[Job]) -> None:
    write(own, GOOD, id="none", loads={"m": {"fixture": "glm-4v-tin"}})
    result = command("check", "none", "--walkthroughs", own)
    assert result.code == 2
    assert "loads 'glm-4v-tin', and there is no such fixture. Did you mean glm-4v-tiny?" in result.sentence


# ── new ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_new_without_a_trace(command: Any, place: Path, demo_file: Path, lang: str) -> None:
    result = command("new", "my-model", "--lang", lang)
    assert result.code == 0
    path = place / "walkthroughs" / "my-model.yaml"
    assert read_walkthrough(path).id == "my-model"
    assert "glm-trace walkthrough check my-model --walkthroughs walkthroughs" in result.out
    checked = command("check", "my-model", demo_file, "--walkthroughs", "walkthroughs")
    assert "my-model · ok · 1 note checked" in checked.out


@pytest.mark.slow
def test_new_from_steps_of_every_kind(command: Any, place: Path, demo_file: Path) -> None:
    """Whatever a step is, the note begun from it finds that very step again, and what it says holds there."""
    with open_trace(demo_file) as trace:
        first: dict[object, int] = {}
        for step in trace.steps():
            first.setdefault((step.kind, step.event), step.number)
        steps = sorted({*first.values(), *range(0, len(trace), len(trace) // 40)})
    assert len(steps) > 40
    options = [one for step in steps for one in ("--step", step)]
    assert command("new", "many", demo_file, *options, "--walkthroughs", "mine").code == 0
    result = command("check", "many", demo_file, "--walkthroughs", "mine")
    assert f"many · ok · {len(steps)} notes checked" in result.text, result.out
    listed = command("list", demo_file, "--walkthroughs", "mine")
    assert f"{len(steps)}/{len(steps)}" in listed.out


def test_new_names_the_load(command: Any, place: Path, loads: Loads) -> None:
    recorded = loads.record(FIXTURES / "bert-tiny", forward=False, kwargs={"num_labels": 3}).path
    assert command("new", "bert", recorded).code == 0
    made = read_walkthrough(place / "walkthroughs" / "bert.yaml")
    (load,) = made.loads.values()
    assert (load.fixture, load.kwargs, load.dtype, load.forward, load.generate) == (
        "bert-tiny", {"num_labels": 3}, None, False, 0,
    )  # fmt: skip
    with open_trace(recorded) as trace:
        assert load_name_for(made, trace) == "mine"
        assert loads_entry(load_of_trace(trace), ["bert-tiny"]) == {"mine": {
            "fixture": "bert-tiny", "kwargs": {"num_labels": 3}, "dtype": None, "forward": False, "generate": 0,
        }}  # fmt: skip


def test_of_two_loads_of_a_model_the_nearer_one_is_meant(own: Path, loads: Loads) -> None:
    labels = {"fixture": "bert-tiny", "kwargs": {"num_labels": 3}, "dtype": None, "forward": False, "generate": 0}
    plain = {"fixture": "bert-tiny", "kwargs": {}, "dtype": None, "forward": False, "generate": 0}
    made = read_walkthrough(write(own, GOOD, id="near", loads={"plain": plain, "labels": labels}))
    for kwargs, name in (({"num_labels": 3}, "labels"), ({}, "plain")):
        with open_trace(loads.record(FIXTURES / "bert-tiny", forward=False, kwargs=kwargs).path) as trace:
            assert load_name_for(made, trace) == name


def test_a_load_that_was_allowed_is_not_one_that_was_refused(own: Path, loads: Loads) -> None:
    load = {"fixture": "bert-tiny", "kwargs": {}, "dtype": None, "forward": False, "generate": 0}
    with open_trace(loads.record(FIXTURES / "bert-tiny").path) as trace:
        for name, other in {
            "refused": {"trust": False},
            "other-arguments": {"kwargs": {"num_labels": 3}},
            "other-dtype": {"dtype": "bfloat16"},
            "without-tokenizer": {"tokenizer": False},
            "with-tokens": {"generate": 8},
            "other-class": {"auto_class": "AutoModelForSequenceClassification"},
        }.items():
            made = read_walkthrough(write(own, GOOD, id="near", loads={name: {**load, **other}}))
            assert load_name_for(made, trace) is None, name
        made = read_walkthrough(write(own, GOOD, id="near", loads={"refused": {**load, "trust": False}, "same": load}))
        assert load_name_for(made, trace) == "same"
