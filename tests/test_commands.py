"""The commands, as users and programs call them.

Most tests call `main()` in this process and record in warm children. Those with the fixture `process` run the real
program, and take the time to import torch if they load a model.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from tests.support.commands import PROGRAM, Command, Result, command_line, is_plain
from tests.support.generator import load_generator
from tests.support.loads import MAIN_CALL, Loads
from tests.support.reading import OLD_LINE, Reading, by_line
from tracer.launch.process_start import WarmStarter
from tracer.launch.runner import run_job
from tracer.trace import journal
from tracer.trace.errors import JournalTaken
from tracer.trace.held_journal import HeldJournal
from tracer.trace.job import Job
from tracer.trace.outcome import EXIT_CODES
from tracer.trace.reading import open_trace
from tracer.trace.schema import SCHEMA_VERSION
from tracer.trace.vocabulary import STAGES
from tracer.views.show import step_lines
from tracer.views.stages import stage_name


@pytest.fixture
def command(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command line in this process; it records in a warm child."""
    monkeypatch.setattr("tracer.cli.job_recording.run_job", functools.partial(run_job, start=WarmStarter()))
    return command_line(monkeypatch, capsys)


@pytest.fixture
def process(place: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the real program, which the shell finds by its name, so that the commands it prints have that name."""
    monkeypatch.setenv("PATH", str(PROGRAM.parent), prepend=os.pathsep)

    def run(*arguments: object, **options: Any) -> Result:
        environment = {**os.environ, **options.pop("env", {})}
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8",
            timeout=120, env=environment, check=False, **options,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    return run


# ── demo and load ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_demo(process: Any, place: Path) -> None:
    result = process("demo")
    assert result.code == 0
    assert [path.name for path in place.iterdir()] == ["glm-4v-tiny.glmtrace"]
    assert result.err == ""
    assert is_plain(result.out)
    assert "AutoModelForCausalLM.from_pretrained('<model>'" in result.out
    assert "glm-trace show glm-4v-tiny.glmtrace --stage trust --steps" in result.out
    with open_trace("glm-4v-tiny.glmtrace") as trace:
        assert trace.outcome.status == "loaded"
        assert trace.meta.command == ["glm-trace", "demo"]
        assert trace.meta.releases["transformers"] == version("transformers")
        for stage in trace.stage_counts():
            assert f"  {stage}  " in result.out
        call = Reading(trace).call("_BaseAutoModelClass.from_pretrained")
        dtype = by_line("torch_dtype", "dtype")
        assert {*call.arguments["kwargs"]} == {"trust_remote_code", "empty_init", "use_cache", dtype}
        assert call.arguments["kwargs"][dtype]["text"] == "torch.bfloat16"


def test_demo_takes_the_options_of_load(command: Any, place: Path) -> None:
    result = command(
        "demo", "-o", "x.glmtrace", "--auto-class", "AutoModelForSequenceClassification", "--dtype", "float32",
        "--kwarg", "num_labels=3", "--no-tokenizer", "--no-lines", "--stop-after", "dynamic-class", "--lang", "zh",
    )  # fmt: skip
    assert result.code == 0
    assert "按要求在指定阶段之后停下" in result.out
    with open_trace(place / "x.glmtrace") as trace:
        assert "tokenizer" not in trace.stage_counts()
        assert not [*trace.steps(kinds=["line"])]
        call = Reading(trace).call("_BaseAutoModelClass.from_pretrained")
        assert call.arguments["cls"]["name"] == "AutoModelForSequenceClassification"
        assert call.arguments["kwargs"][by_line("torch_dtype", "dtype")]["text"] == "torch.float32"
        assert call.arguments["kwargs"]["num_labels"] == 3


@pytest.mark.slow
def test_a_load_that_fails(process: Any, fixtures: Path, place: Path) -> None:
    result = process("load", fixtures / "broken" / "not-json", "--trust-remote-code")
    assert result.code == 1
    assert is_plain(result.out + result.err)
    assert "Traceback" not in result.out + result.err
    said = " ".join(result.out.split())
    assert "OSError: It looks like the config file at '<model>/config.json' is not a valid JSON file." in said
    assert "the load failed" in said
    with open_trace(place / "not-json.glmtrace") as trace:
        step = trace.outcome.step
        assert trace.step(step).event == "raise"
        assert f"at step {step}, stage " in said
        assert f"show not-json.glmtrace --stage {trace.step(step).stage} --steps" in said


def test_a_load_whose_process_is_killed(command: Any, fixtures: Path, place: Path) -> None:
    result = command("load", fixtures / "broken" / "kills-itself", "--trust-remote-code")
    assert result.code == 4
    with open_trace(place / "kills-itself.glmtrace") as trace:
        last = len(trace) - 1
    said = " ".join(result.out.split())
    assert (
        f"The process was ended by SIGKILL after step {last} (Construction, <modules-cache>/transformers_modules"
        in said
    )
    assert [path.name for path in place.iterdir()] == ["kills-itself.glmtrace"]


def test_a_load_whose_process_exits(command: Any, fixtures: Path) -> None:
    result = command("load", fixtures / "broken" / "exits", "--trust-remote-code")
    assert result.code == 4
    said = " ".join(result.out.split())
    assert "The process ended itself with exit code 0 after step " in said
    assert "in the middle of the load." in said


def test_an_error_that_tries_to_drive_the_terminal(command: Any, fixtures: Path, place: Path) -> None:
    result = command("load", fixtures / "broken" / "escape-sequences", "--trust-remote-code")
    assert result.code == 1
    shown = command("show", place / "escape-sequences.glmtrace", "--steps")
    machine = command("show", place / "escape-sequences.glmtrace", "--steps", "--json")
    for text in (result.out, result.err, shown.out, machine.out):
        assert not {"\x1b", "\x07", "\x08", "\r", "\x9b", "\u202e", "\u202c"} & {*text}
    assert r"RuntimeError: before \x1b[1;31mcolour" in " ".join(result.out.split())
    assert "[/markup]" in result.out


@pytest.mark.parametrize("name", ["no-class-file", "misspelt-class", "unknown-model-type"])
def test_the_error_is_in_the_report(name: str, command: Any, fixtures: Path, place: Path) -> None:
    result = command("load", fixtures / "broken" / name, "--trust-remote-code", "-o", "x.glmtrace")
    assert result.code == 1
    assert result.err == ""
    with open_trace(place / "x.glmtrace") as trace:
        first = trace.outcome.message.splitlines()[0]
        assert f"{trace.outcome.error}: {first}" in " ".join(result.out.split())


@pytest.mark.slow
def test_stop_after_each_stage(command: Any, fixtures: Path, place: Path) -> None:
    """The trace contains nothing of a later stage; a stage after the end of the load changes nothing."""
    apart = ("tokenizer", "peft", "forward", "generate")
    order = ("tokenizer", *(stage for stage in STAGES if stage not in apart), "peft", "forward", "generate")
    reached = {}
    for stage in STAGES:
        result = command("load", fixtures / "bert-tiny", "-o", f"{stage}.glmtrace", "--stop-after", stage, "--no-lines")
        assert result.code == 0
        with open_trace(place / f"{stage}.glmtrace") as trace:
            stages = {*trace.stage_counts()}
            assert stages <= {*order[: order.index(stage) + 1]}
            reached[stage] = trace.outcome.status
    # Without --generate nothing follows the pass.
    assert {stage for stage, status in reached.items() if status == "loaded"} == {"forward", "generate"}
    assert {stage for stage, status in reached.items() if status == "stopped"} == {*STAGES} - {"forward", "generate"}


def test_no_tokenizer_and_no_lines(command: Any, fixtures: Path, place: Path) -> None:
    model = fixtures / "bert-tiny"
    assert command("load", model, "--no-tokenizer", "--no-lines").code == 0
    assert command("load", model).code == 0
    with open_trace(place / "bert-tiny.glmtrace") as bare, open_trace(place / "bert-tiny-2.glmtrace") as full:
        assert "tokenizer" in full.stage_counts()
        assert "tokenizer" not in bare.stage_counts()
        assert {step.event for step in bare.steps()} <= {"call", "return", "raise", "unwind", None}
        assert len(bare) < len(full) / 5


@pytest.mark.parametrize("name", ["AutoModelForMaskedLM", "AutoConfig"])
def test_auto_class(name: str, command: Any, fixtures: Path, place: Path) -> None:
    assert command("load", fixtures / "bert-tiny", "--no-tokenizer", "--auto-class", name, "-o", "x.glmtrace").code == 0
    with open_trace(place / "x.glmtrace") as trace:
        wanted = {"AutoModelForMaskedLM": "BertForMaskedLM", "AutoConfig": "BertConfig"}[name]
        assert trace.outcome.result.endswith(f".{wanted}")


@pytest.mark.parametrize(
    "name", ["auto", "bfloat16", *(pytest.param(f"float{bits}", marks=pytest.mark.slow) for bits in (16, 32, 64))]
)
def test_dtype(name: str, command: Any, fixtures: Path, place: Path) -> None:
    options = ("--no-tokenizer", "--no-lines", "--stop-after", "arguments", "-o", "x.glmtrace")
    assert command("load", fixtures / "bert-tiny", "--dtype", name, *options).code == 0
    with open_trace(place / "x.glmtrace") as trace:
        given = Reading(trace).call("_BaseAutoModelClass.from_pretrained").arguments["kwargs"]
    value = given[by_line("torch_dtype", "dtype")]
    assert value == "auto" if name == "auto" else value["text"] == f"torch.{name}"


def test_a_dtype_of_the_demo_can_be_a_keyword(command: Any, place: Path) -> None:
    options = ("--no-tokenizer", "--no-lines", "--stop-after", "arguments", "-o", "x.glmtrace")
    assert command("demo", "--kwarg", "torch_dtype=torch.float32", *options).code == 0
    with open_trace(place / "x.glmtrace") as trace:
        given = Reading(trace).call("_BaseAutoModelClass.from_pretrained").arguments["kwargs"]
    assert given["torch_dtype"]["text"] == "torch.float32"


def test_a_symbolic_link_is_written_through(command: Any, fixtures: Path, place: Path) -> None:
    (place / "disk").mkdir()
    (place / "link.glmtrace").symlink_to("disk/real.glmtrace")
    options = ("--no-tokenizer", "--no-lines", "--stop-after", "arguments", "-o", "link.glmtrace")
    for _ in range(2):  # the file is made, then replaced
        assert command("load", fixtures / "bert-tiny", *options).code == 0
        assert (place / "link.glmtrace").is_symlink()
        assert [path.name for path in (place / "disk").iterdir()] == ["real.glmtrace"]
    with open_trace(place / "link.glmtrace") as trace:
        assert len(trace) > 0


def test_a_symbolic_link_to_what_is_no_trace(command: Any, fixtures: Path, place: Path) -> None:
    (place / "notes.txt").write_text("my notes")
    (place / "link.glmtrace").symlink_to("notes.txt")
    (place / "nowhere.glmtrace").symlink_to("no/x.glmtrace")
    for link, sentence in (("link", "notes.txt exists and is not a trace"), ("nowhere", "no does not exist.")):
        result = command("load", fixtures / "bert-tiny", "-o", f"{link}.glmtrace")
        assert (result.code, result.out) == (2, "")
        assert sentence in result.sentence
    assert (place / "notes.txt").read_text() == "my notes"


def test_kwargs(command: Any, fixtures: Path, place: Path) -> None:
    pairs = {
        "empty_init": "False", "one": "1", "text": "plain", "list": "[1, 'two']", "dict": "{'a': {'b': None}}",
        "none": "none", "equals": "a=b", "torch_dtype": "torch.float16", "code": "__import__('os')", "tuple": "(1, 2)",
    }  # fmt: skip
    options = [part for name, value in pairs.items() for part in ("--kwarg", f"{name}={value}")]
    options += ["--no-tokenizer", "--no-lines", "--stop-after", "arguments", "-o", "x.glmtrace"]
    assert command("load", fixtures / "bert-tiny", *options).code == 0
    with open_trace(place / "x.glmtrace") as trace:
        given = Reading(trace).call("_BaseAutoModelClass.from_pretrained").arguments["kwargs"]
    assert given.pop("torch_dtype")["text"] == "torch.float16"
    assert given == {
        "trust_remote_code": False, "empty_init": False, "one": 1, "text": "plain", "list": [1, "two"],
        "dict": {"a": {"b": None}}, "none": None, "equals": "a=b", "code": "__import__('os')", "tuple": "(1, 2)",
    }  # fmt: skip


def test_an_adapter_with_its_base_beside_it(command: Any, fixtures: Path, place: Path) -> None:
    """Its path starts from the adapter's folder, whatever the working directory."""
    result = command("load", fixtures / "glm-4v-tiny-lora", "--trust-remote-code")
    assert result.code == 0
    assert "The adapter's base '../glm-4v-tiny' is a path relative to the adapter" in result.sentence
    with open_trace(place / "glm-4v-tiny-lora.glmtrace") as trace:
        assert trace.outcome.result.endswith(".ChatGLMForConditionalGeneration")


def test_a_free_name_is_found(command: Any, fixtures: Path, place: Path) -> None:
    (place / "bert-tiny.glmtrace.journal").write_bytes(journal.MAGIC)
    options = ("--no-tokenizer", "--no-lines", "--stop-after", "arguments")
    for name in ("bert-tiny-2", "bert-tiny-3"):
        result = command("load", fixtures / "bert-tiny", *options)
        assert f"{name}.glmtrace" in result.out
        assert "glm-trace seal bert-tiny.glmtrace.journal" in result.sentence
    assert (place / "bert-tiny.glmtrace.journal").read_bytes() == journal.MAGIC


def test_a_journal_left_by_another_load_is_kept(command: Any, fixtures: Path, place: Path) -> None:
    path = place / "x.glmtrace.journal"
    end = journal.encode_record(journal.END, b'{"outcome": {"status": "loaded", "result": "of.Another"}}')
    path.write_bytes(journal.MAGIC + end)
    with pytest.raises(JournalTaken):
        run_job(Job(work="load", model=str(fixtures / "bert-tiny")), place / "x.glmtrace", start=WarmStarter())
    for other in ("load", "demo"):
        result = command(other, *([fixtures / "bert-tiny"] if other == "load" else []), "-o", "x.glmtrace")
        assert result.code == 2
        assert f"Turn it into a trace with: glm-trace seal {path.name}" in result.sentence
    for asking in ("show", "why", "decisions", "kwargs", "replay"):
        result = command(asking, "x.glmtrace")
        assert result.code == 2
        assert "There is no file x.glmtrace, but x.glmtrace.journal is there" in result.sentence
    assert path.read_bytes() == journal.MAGIC + end
    assert [file.name for file in place.iterdir()] == [path.name]


def test_seal(command: Any, place: Path, fixtures: Path) -> None:
    """The journal of a killed recording becomes a trace, once, without overwriting another file."""
    path = place / "left.glmtrace.journal"
    starter = WarmStarter()
    job = Job(work="load", journal=str(path), model=str(fixtures / "broken" / "kills-itself"), trust_remote_code=True)
    child = starter(job, None)
    while child.wait(0.1) is None:
        pass
    steps = command("show", path, "--steps").out
    (place / "left.glmtrace").write_text("mine")
    assert "left.glmtrace exists and is not overwritten" in command("seal", path).sentence
    (place / "left.glmtrace").unlink()
    with HeldJournal.take_over(path):
        assert "is in use" in command("seal", path).sentence
    assert command("seal", path).code == 0
    assert [file.name for file in place.iterdir()] == ["left.glmtrace"]
    assert command("show", "left.glmtrace", "--steps").out == steps
    assert "is a trace already" in command("seal", "left.glmtrace").sentence
    (place / "diary.journal").write_text("Dear diary")
    for file, sentence in (("diary.journal", "is not a glm-trace journal"), ("none.journal", "There is no file")):
        result = command("seal", file)
        assert result.code == 2
        assert sentence in result.sentence
    assert (place / "diary.journal").read_text() == "Dear diary"


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="glm-trace is not installed beside this Python")
def test_files_of_the_current_folder_are_not_imported(process: Any, fixtures: Path, place: Path) -> None:
    """Loading a model directory with built-in classes needs no consent, so nothing in it may run."""
    shutil.copytree(fixtures / "bert-tiny", place, dirs_exist_ok=True)
    for name in ("torch", "transformers", "json", "msgspec", "tracer", "random", "sitecustomize"):
        (place / f"{name}.py").write_text("open('ran', 'a').write(__name__ + '\\n')\n")
    result = process("load", ".", "--stop-after", "arguments", "--no-tokenizer")
    assert result.code == 0
    assert not (place / "ran").exists()


# ── Wrong usage ─────────────────────────────────────────────────────────────────────────────────────


WRONG = {
    "no-directory": (["load", "./nowhere"], "There is no directory ./nowhere. Name a model directory, or a hub id"),
    "empty": (["load", ""], "MODEL is empty. Name a model directory, or a hub id"),
    "home-of-nobody": (["load", "~nobody-here/model"], "There is no directory ~nobody-here/model."),
    "output-in-the-home-of-nobody": (["load", "{model}", "-o", "~nobody-here/x"], "~nobody-here does not exist."),
    "a-file": (["load", "{model}/config.json"], "config.json is a file; a model is a directory"),
    "kwarg-without-value": (["load", "{model}", "--kwarg", "use_cache"], "--kwarg 'use_cache' is not a NAME=VALUE pair."),
    "kwarg-without-name": (["load", "{model}", "--kwarg", "=1"], "--kwarg '=…' is not a NAME=VALUE pair."),
    "kwarg-twice": (["load", "{model}", "--kwarg", "a=1", "--kwarg", "a=2"], "--kwarg a is given twice."),
    "kwarg-config": (["load", "{model}", "--kwarg", "config=1"], "--kwarg config can't be given on the command line."),
    "output-folder-missing": (["load", "{model}", "-o", "no/x.glmtrace"], "no does not exist. Make it, or choose"),
    "output-is-a-folder": (["load", "{model}", "-o", "."], "is a directory. Name a file, such as"),
    "output-is-something-else": (["load", "{model}", "-o", "notes.txt"], "notes.txt exists and is not a trace, so it is"),
    "output-is-a-pipe": (["load", "{model}", "-o", "pipe"], "pipe is not a regular file"),
    "auto-class-misspelt": (["load", "{model}", "--auto-class", "Bert-Model"], "expected the name of a class"),
    "auto-class-unknown": (
        ["load", "{model}", "--auto-class", "AutoNothing"],
        f"Neither transformers {version('transformers')} nor the model's auto_map has a class AutoNothing. ",
    ),
    "dtype-twice": (
        ["load", "{model}", "--dtype", "float16", "--kwarg", "torch_dtype=float32"],
        "--dtype float16 and --kwarg torch_dtype=float32 say the same argument twice. Leave one of them out.",
    ),
    "dtype-twice-in-the-demo": (
        ["demo", "--dtype", "bfloat16", "--kwarg", "dtype=float32"], "--dtype bfloat16 and --kwarg dtype=float32 say the",
    ),
    "dtype": (["load", "{model}", "--dtype", "float8"], "there is no 'float8'. Did you mean"),
    "stop-after": (["load", "{model}", "--stop-after", "lunch"], "there is no 'lunch'. Choose from"),
    "lang": (["load", "{model}", "--lang", "tlh"], "there is no 'tlh'. Choose from en, zh."),
    "no-such-option": (["load", "{model}", "--fast"], "No such option: --fast"),
    "no-model": (["load"], "Missing argument 'MODEL'"),
    "no-such-command": (["lod", "{model}"], "No such command 'lod'"),
    "run-trust": (["run", "--trust-remote-code", "tune.py"], "run takes no --trust-remote-code: a script says so itself"),
    "run-a-folder": (["run", "{model}"], "bert-tiny is a directory, and run takes a Python script. To load the model"),
    "run-no-script": (["run", "nothing.py"], "There is no file nothing.py. Name a Python script"),
    "show-nothing": (["show", "nothing.glmtrace"], "There is no file nothing.glmtrace. Record one with: glm-trace"),
    "show-no-trace": (["show", "notes.txt"], "notes.txt is not a glm-trace trace."),
    "diff-with-a-folder": (["diff", "{model}", "{model}"], "bert-tiny is a directory, not a trace."),
    "show-a-folder": (["show", "."], ". is a directory, not a trace. Record a model directory with: glm-trace load ."),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_a_sentence(case: str, command: Any, fixtures: Path, place: Path) -> None:
    arguments, sentence = WRONG[case]
    (place / "notes.txt").write_text("my notes")
    if hasattr(os, "mkfifo"):
        os.mkfifo(place / "pipe")
    elif case == "output-is-a-pipe":
        pytest.skip("this system has no named pipes")
    before = sorted(place.iterdir())
    result = command(*(part.format(model=fixtures / "bert-tiny") for part in arguments))
    assert result.code == 2
    assert result.out == ""
    assert sentence in result.sentence.replace("│ ", "")
    assert sorted(place.iterdir()) == before
    assert (place / "notes.txt").read_text() == "my notes"


def test_a_working_folder_that_was_deleted(command: Any, fixtures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Path("gone").absolute()
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = command("load", fixtures / "bert-tiny")
    assert result.code == 2
    assert "The folder that you are in no longer exists." in result.sentence


# ── Consent ─────────────────────────────────────────────────────────────────────────────────────────

MARKING = "import os\nwith open({marker!r}, 'a') as file:\n    print(os.path.basename(__file__), file=file)\n"


def remote_model(folder: Path, marker: Path, ways: set[str]) -> Path:
    """Write a directory that loads; the named classes are remote, and leave a mark when they are imported."""
    make = load_generator()
    make.write_broken("exits", folder, repaired=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for file in folder.glob("*.py"):
        file.write_text(MARKING.format(marker=str(marker)) + file.read_text(encoding="utf-8"), encoding="utf-8")
    if "tokenizer" in ways:
        (folder / "tokenization_broken.py").write_text(
            MARKING.format(marker=str(marker)) + "from transformers import BertTokenizer\n"
            "class BrokenTokenizer(BertTokenizer):\n    pass\n",
            encoding="utf-8",
        )
        path = folder / "tokenizer_config.json"
        tokenizer = json.loads(path.read_text(encoding="utf-8"))
        tokenizer["auto_map"] = {"AutoTokenizer": ["tokenization_broken.BrokenTokenizer", None]}
        tokenizer["tokenizer_class"] = "BrokenTokenizer"
        path.write_text(json.dumps(tokenizer), encoding="utf-8")
        (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nload\n", encoding="utf-8")
    auto_map = config["auto_map"]
    if "config" not in ways:
        del auto_map["AutoConfig"]
        config["model_type"] = "bert"
    if "model" not in ways:
        config["auto_map"] = {name: value for name, value in auto_map.items() if not name.startswith("AutoModel")}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def adapter_of(base: Path, folder: Path) -> Path:
    load_generator().write_broken("adapter-without-base", folder, repaired=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = f"../{base.name}"
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder


WAYS = {
    "config": ({"config"}, "configuration_broken.py"),
    "model": ({"model"}, "modeling_broken.py"),
    "tokenizer": ({"tokenizer"}, "tokenization_broken.py"),
    "adapter's base": ({"config", "model"}, "configuration_broken.py"),
}


@pytest.mark.parametrize("way", WAYS)
def test_without_consent_nothing_runs(way: str, command: Any, place: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    ways, file = WAYS[way]
    model = remote_model(tmp_path / "base", marker, ways)
    if way == "adapter's base":
        model = adapter_of(model, tmp_path / "adapter")
    for arguments in (("load", model), ("load", model, "--kwarg", "trust_remote_code=False")):
        result = command(*arguments)
        assert result.code == 3
        assert f"{model.name} needs its own code to run (" in result.sentence
        assert file in result.sentence
        assert "--trust-remote-code" in result.sentence
        assert result.out == ""
    assert not marker.exists()
    assert not [*place.iterdir()]
    assert not [*tmp_path.rglob("__pycache__")]


def test_without_consent_in_chinese(command: Any, tmp_path: Path) -> None:
    model = remote_model(tmp_path / "base", tmp_path / "ran", {"model"})
    result = command("load", model, "--lang", "zh")
    assert result.code == 3
    assert "--trust-remote-code" in result.err
    assert "没有终端可以询问" in result.err


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
@pytest.mark.parametrize("answer", ["n", "y"])
def test_on_a_terminal_the_user_is_asked_and_sees_the_load(answer: str, place: Path, tmp_path: Path) -> None:
    import hashlib
    import pty

    marker = tmp_path / "ran"
    model = remote_model(tmp_path / "base", marker, {"config", "model"})
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [PROGRAM, "load", model, "--no-tokenizer"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        close_fds=True, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said, answered, ran_before = b"", False, None
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the end of a pseudo-terminal
            break
        if not piece:
            break
        said += piece
        if not answered and b"[y/N" in said:
            ran_before, answered = marker.exists(), True
            os.write(ours, answer.encode() + b"\n")
    os.close(ours)
    code, screen = process.wait(timeout=60), said.decode()
    assert answered, screen
    assert ran_before is False
    for name in ("configuration_broken.py", "modeling_broken.py"):
        assert name in screen
        assert hashlib.sha256((model / name).read_bytes()).hexdigest()[:12] in screen
    assert code == {"n": 3, "y": 0}[answer]
    assert marker.exists() is (answer == "y")
    assert [path.name for path in place.iterdir()] == {"n": [], "y": ["base.glmtrace"]}[answer]
    if answer == "y":  # the progress line
        assert "importing torch and transformers" in screen
        assert " · step " in screen


@pytest.mark.parametrize(
    "consent",
    [["--trust-remote-code"], pytest.param(["--kwarg", "trust_remote_code=True"], marks=pytest.mark.slow)],
)
def test_with_consent_all_of_it_runs(consent: list[str], command: Any, place: Path, tmp_path: Path) -> None:
    """The marks of the test above work: the same files, with consent."""
    marker = tmp_path / "ran"
    model = remote_model(tmp_path / "base", marker, {"config", "model", "tokenizer"})
    result = command("load", adapter_of(model, tmp_path / "adapter"), "--no-tokenizer", *consent)
    assert result.code == 0, result.out
    assert {*marker.read_text().split()} == {"configuration_broken.py", "modeling_broken.py"}
    result = command("load", model, "--stop-after", "tokenizer", *consent)
    assert result.code == 0, result.out
    assert "tokenization_broken.py" in marker.read_text()


def test_the_library_refuses_code_that_the_search_missed(
    command: Any, fixtures: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second safeguard: trust_remote_code=False reaches the library, whose refusal has its own exit code."""
    monkeypatch.setattr("tracer.cli.load.ask_for_consent", lambda *_, **__: None)
    result = command("load", fixtures / "glm-4v-tiny", "--no-tokenizer")
    assert result.code == 3
    with open_trace(place / "glm-4v-tiny.glmtrace") as trace:
        assert trace.outcome.status == "refused"
        assert not [*trace.steps(kinds=["module-imported"])]
        asked = next(trace.steps(kinds=["trust-asked"]))
        assert asked.data["refused"] is True
        assert asked.data["given"] is asked.data["decision"] is False


# ── run ─────────────────────────────────────────────────────────────────────────────────────────────


def test_run_is_the_script(process: Any, place: Path) -> None:
    """Arguments, standard streams, working directory and module folder are those of `python script.py`."""
    (place / "lib").mkdir()
    (place / "lib" / "helper.py").write_text("WORD = 'helped'\n")
    (place / "lib" / "script.py").write_text(
        "import os, sys, helper\n"
        "print(__name__, sys.argv, os.path.basename(os.getcwd()), helper.WORD, os.path.basename(__file__))\n"
        "print('to stderr', file=sys.stderr)\n"
    )
    result = process("run", "-o", "x.glmtrace", "lib/script.py", "--stage", "a b", "-o", "y")
    assert result.code == 0
    first, *_ = result.out.splitlines()
    assert first == "__main__ ['lib/script.py', '--stage', 'a b', '-o', 'y'] work helped script.py"
    assert "to stderr" in result.err
    with open_trace(place / "x.glmtrace") as trace:
        assert trace.meta.work == "script"
        given = ["run", "-o", "x.glmtrace", "lib/script.py", "--stage", "a b", "-o", "y"]
        assert trace.meta.command == ["glm-trace", *given]
        said = [step.data for step in trace.steps(kinds=["output"])]
        assert [data["stream"] for data in said] == ["stdout", "stderr"]


ENDS = {
    "plain": ("pass", 0, "no-load", None),
    "exit 0": ("import sys; sys.exit(0)", 0, "no-load", None),
    "exit": ("raise SystemExit", 0, "no-load", None),
    "exit 3": ("import sys; sys.exit(3)", 1, "failed", "SystemExit"),
    "exit text": ("import sys; sys.exit('that was it')", 1, "failed", "SystemExit"),
    "exception": ("def f():\n    raise RuntimeError('mine')\nf()", 1, "failed", "RuntimeError"),
    "syntax": ("def f(:", 1, "failed", "SyntaxError"),
    "os._exit": ("import os; os._exit(5)", 4, "killed", None),
}


@pytest.mark.parametrize("case", ENDS)
def test_run_ends_as_the_script_ends(case: str, process: Any, command: Any, place: Path) -> None:
    text, code, status, error = ENDS[case]
    (place / "script.py").write_text(text)
    run = process if case in ("exception", "exit text", "syntax") else command  # to see what Python would print
    result = run("run", place / "script.py")
    assert result.code == code
    with open_trace(place / "script.glmtrace") as trace:
        assert trace.outcome.status == status
        assert trace.outcome.error == error
    if case == "exception":  # the script's own traceback, without lines of glm-trace
        assert "RuntimeError: mine" in result.err
        assert "script.py" in result.err
        assert "tracer/" not in result.err
    if case == "exit text":
        assert "that was it" in result.err
    if case == "syntax":
        assert "SyntaxError" in result.err


FINE_TUNING = """
import sys, threading
from transformers import AutoModelForCausalLM, AutoTokenizer

def load(model_dir):
    tokenizer = AutoTokenizer.from_pretrained(model_dir, trust_remote_code=True)
    model = AutoModelForCausalLM.from_pretrained(model_dir, trust_remote_code=True, empty_init=False, use_cache=False)
    print(type(tokenizer).__name__, type(model).__name__)

threading.Thread(target=load, args=(sys.argv[1],), name="loader").start()
"""


@pytest.mark.slow
def test_run_records_a_load_in_a_thread(process: Any, fixtures: Path, place: Path) -> None:
    """The thread continues after the script's last line, as in Python."""
    (place / "fine_tune.py").write_text(FINE_TUNING)
    result = process("run", "fine_tune.py", fixtures / "glm-4v-tiny")
    assert result.code == 0
    assert "ChatGLM4Tokenizer ChatGLMForConditionalGeneration" in result.out
    with open_trace(place / "fine_tune.glmtrace") as trace:
        assert trace.outcome.status == "loaded"
        reading = Reading(trace)
        assert reading.only("model-loaded")["class"].endswith(".ChatGLMForConditionalGeneration")
        call = reading.call("_BaseAutoModelClass.from_pretrained")
        assert trace.meta.threads[str(call.frame.thread)] == "loader"
        assert trace.step(len(trace) - 1).kind == "output"


# ── show ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def recorded(loads: Loads, fixtures: Path) -> Path:
    return loads.record(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL).path


@pytest.fixture
def failed(loads: Loads, fixtures: Path) -> Path:
    return loads.record(fixtures / "broken" / "no-class-file").path


def test_show(command: Any, recorded: Path) -> None:
    result = command("show", recorded)
    assert result.code == 0
    assert result.err == ""
    assert is_plain(result.out)
    said = " ".join(result.out.split())
    assert f"glm-4v-tiny · transformers {version('transformers')} · loaded · " in said
    for fact in (
        "called AutoModelForCausalLM.from_pretrained('<model>', trust_remote_code=True, empty_init=False, "
        "use_cache=False, torch_dtype=torch.bfloat16)",
        "found <model>/config.json",
        "no adapter_config.json, so no adapter",
        "model_type chatglm; arguments not used up: empty_init, use_cache, torch_dtype",
        "has_local_code: no, has_remote_code: yes, trust_remote_code: True → True",
        "configuration_chatglm.ChatGLMConfig",
        "loaded ChatGLMForConditionalGeneration with 262,992 numbers",
        "model-00001-of-00002.safetensors: 23 tensors, 317 kB",
    ):
        assert fact in said


def test_show_in_chinese(command: Any, recorded: Path, failed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = command("show", recorded, "--lang", "zh")
    monkeypatch.setenv("GLM_TRACE_LANG", "zh")
    assert command("show", recorded).out == asked.out
    assert is_plain(asked.out)
    assert "加载成功" in asked.out
    for stage in ("config", "trust", "dynamic-class"):
        assert stage_name(stage, "zh") in asked.out
    assert "called" not in asked.out
    assert "加载失败" in command("show", failed).out
    monkeypatch.setenv("GLM_TRACE_LANG", "")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert command("show", recorded).out == asked.out
    assert "loaded" in command("show", recorded, "--lang", "en").out


@pytest.mark.slow
def test_show_one_stage(command: Any, recorded: Path) -> None:
    whole = command("show", recorded).out
    with open_trace(recorded) as trace:
        stages = [*trace.stage_counts()]
    for stage in stages:
        result = command("show", recorded, "--stage", stage)
        assert result.code == 0
        assert {other for other in stages if f"  {other}  " in result.out} == {stage}
        assert len(result.out) < len(whole)
    result = command("show", recorded, "--stage", "generate")
    assert result.code == 2
    assert f"has no steps of stage generate. It has: {', '.join(stages)}." in result.sentence


def test_show_steps(command: Any, recorded: Path) -> None:
    with open_trace(recorded) as trace:
        numbers = [step.number for step in trace.steps()]
        trust = [step.number for step in trace.steps(stages=["trust"])]
    lines = command("show", recorded, "--steps").out.splitlines()
    assert [int(line.split()[0]) for line in lines] == numbers
    lines = command("show", recorded, "--steps", "--stage", "trust").out.splitlines()
    assert [int(line.split()[0]) for line in lines] == trust
    assert any("has_remote_code = " in line for line in lines)
    assert any("trust-asked" in line and "decision=True" in line for line in lines)


@pytest.mark.parametrize("width", [60, 100, 100_000])
def test_changes_stand_under_a_statement_that_leaves_them_no_room(width: int, recorded: Path) -> None:
    with open_trace(recorded) as trace:
        whole = [line.plain for line in step_lines(trace)]
        rows = [line.plain for line in step_lines(trace, width=width)]
    below = [row for row in rows if row.lstrip().startswith("# ")]
    assert len(rows) - len(below) == len(whole)
    assert bool(below) == (width <= 100)
    joined = list[str]()
    for before, row in pairwise(["", *rows]):
        if row not in below:
            joined.append(row)
            continue
        assert len(row) <= width or not re.search(r", \w+( = |\[)", row)  # one change by itself is not cut
        joined[-1] += f", {row.strip().removeprefix('# ')}" if before in below else f"  {row.strip()}"
    assert joined == whole
    assert all(len(line) > width for line in whole if line not in rows)


def test_show_json(command: Any, recorded: Path, failed: Path) -> None:
    whole = json.loads(command("show", recorded, "--json").out)
    assert {*whole} == {"meta", "outcome", "stages"}
    with open_trace(recorded) as trace:
        assert whole["outcome"] == msgspec.to_builtins(trace.outcome)
        assert {one["stage"]: one["steps"] for one in whole["stages"]} == trace.stage_counts()
        assert whole["meta"]["releases"] == trace.meta.releases
    assert all({"stage", "steps", "seconds", "facts", "slowest"} == {*one} for one in whole["stages"])
    assert json.loads(command("show", failed, "--json").out)["outcome"]["status"] == "failed"
    one = json.loads(command("show", recorded, "--json", "--stage", "trust").out)
    assert [stage["stage"] for stage in one["stages"]] == ["trust"]


def test_show_steps_json(command: Any, recorded: Path) -> None:
    steps = [json.loads(line) for line in command("show", recorded, "--steps", "--json").out.splitlines()]
    with open_trace(recorded) as trace:
        assert [step["number"] for step in steps] == [*range(len(trace))]
    call = next(step for step in steps if step["kind"] == "call" and step["stage"] == "arguments")
    assert call["function"].endswith("._BaseAutoModelClass.from_pretrained")
    given = {change["name"]: change["set"] for change in call["changes"]}
    assert given["kwargs"]["use_cache"] is False
    assert call["file"] == "<transformers>/models/auto/auto_factory.py"
    trust = command("show", recorded, "--steps", "--json", "--stage", "trust").out.splitlines()
    assert [json.loads(line) for line in trust] == [step for step in steps if step["stage"] == "trust"]


def damaged(recorded: Path, folder: Path) -> dict[str, tuple[Path, str]]:
    """Return files that are not traces any more, each with its error."""
    content = recorded.read_bytes()
    short, empty, other, newer = (folder / f"{name}.glmtrace" for name in ("short", "empty", "other", "newer"))
    short.write_bytes(content[: len(content) // 2])
    empty.write_bytes(b"")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE things (x)")
    shutil.copy(recorded, newer)
    with sqlite3.connect(newer) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    return {
        "truncated": (short, "is damaged and can't be read"),
        "empty": (empty, "is not a glm-trace trace"),
        "other database": (other, "is an SQLite file, but not a glm-trace trace"),
        "newer": (newer, f"was written by a newer glm-trace (schema {SCHEMA_VERSION + 1}; this one reads up to"),
    }


@pytest.mark.parametrize("case", ["truncated", "empty", "other database", "newer"])
@pytest.mark.parametrize("options", [(), ("--steps",), ("--json",), ("--steps", "--json")], ids=" ".join)
def test_show_what_cannot_be_read(
    case: str, options: tuple[str, ...], command: Any, recorded: Path, place: Path
) -> None:
    path, sentence = damaged(recorded, place)[case]
    result = command("show", path, *options)
    assert result.code == 2
    assert sentence in result.sentence
    assert result.sentence.startswith("Error: ")


def test_show_a_journal_left_behind(command: Any, place: Path, fixtures: Path) -> None:
    starter = WarmStarter()
    path = place / "left.glmtrace.journal"
    job = Job(work="load", journal=str(path), model=str(fixtures / "broken" / "kills-itself"), trust_remote_code=True)
    child = starter(job, None)
    while child.wait(0.1) is None:
        pass
    assert path.read_bytes().startswith(journal.MAGIC)
    with path.open("ab") as file:
        file.write(b"S\xff\x00\x00\x00half a rec")
    result = command("show", path)
    assert result.code == 0
    said = " ".join(result.out.split())
    assert "never finished: a journal that was not sealed" in said
    assert "Construction construct" in said
    lines = command("show", path, "--steps").out.splitlines()
    assert "os.kill(os.getpid(), signal.SIGKILL)" in lines[-1]
    assert json.loads(command("show", path, "--json").out)["outcome"]["status"] == "unfinished"


@pytest.mark.skipif(not PROGRAM.exists(), reason="glm-trace is not installed beside this Python")
@pytest.mark.parametrize("options", ["", "--steps", pytest.param("--steps --json", marks=pytest.mark.slow)])
def test_show_into_head(options: str, recorded: Path) -> None:
    script = f"'{PROGRAM}' show '{recorded}' {options} | head -c 1; echo; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_show_on_a_screen_that_lacks_characters(process: Any, recorded: Path, failed: Path) -> None:
    ascii_only(process, [recorded, "--lang", "zh"], [failed])


@pytest.mark.slow
def test_show_more_on_a_screen_that_lacks_characters(process: Any, recorded: Path, failed: Path) -> None:
    ascii_only(process, [recorded, "--steps"], [failed, "--json"])


def ascii_only(process: Any, *shows: list[Any]) -> None:
    for options in shows:
        result = process("show", *options, env={"PYTHONIOENCODING": "ascii"})
        assert result.code == 0
        assert result.err == ""
        assert result.out
        assert result.out.isascii()


def test_a_narrow_and_a_coloured_screen(command: Any, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    widths = [cell_len(line) for line in command("show", recorded).out.splitlines()]
    assert len(widths) > 10
    assert max(widths) <= 50
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in command("show", recorded).out
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in command("show", recorded).out


def test_a_screen_of_unknown_width(command: Any, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert "Weights" in command("show", recorded).out


# ── The program itself ──────────────────────────────────────────────────────────────────────────────

HEAVY = ("torch", "transformers", "safetensors", "peft", "numpy", "hunter", "tracer.recorder")


@pytest.mark.parametrize(
    "arguments", ["show", *(pytest.param(one, marks=pytest.mark.slow) for one in ("--help", "load --help"))]
)
def test_looking_and_help_import_no_torch(arguments: str, recorded: Path, place: Path) -> None:
    argv = ["glm-trace", *arguments.split(), *([str(recorded)] if arguments == "show" else [])]
    code = (
        "import sys\n"
        "before = {*sys.modules}\n"  # a package may import itself when Python starts
        f"sys.argv = {argv!r}\n"
        "from tracer.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('imported:', [name for name in {HEAVY!r} if name in sys.modules.keys() - before])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "imported: []"


def test_help_and_version(command: Any) -> None:
    said = command("--help")
    assert said.code == 0
    for name in ("load", "demo", "run", "show"):
        assert name in said.out
    assert command("--version").out == f"glm-trace {version('glm-trace')}\n"


def test_every_outcome_has_an_exit_code() -> None:
    assert EXIT_CODES["loaded"] == EXIT_CODES["stopped"] == 0
    assert (EXIT_CODES["failed"], EXIT_CODES["misused"], EXIT_CODES["refused"], EXIT_CODES["killed"]) == (1, 2, 3, 4)


def test_the_line_under_test() -> None:
    assert version("transformers").startswith("4." if OLD_LINE else "5.")
