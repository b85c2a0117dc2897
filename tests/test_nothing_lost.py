"""A mistake by the user, a full disk or a killed process never loses a recording."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Command, command_line
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.launch.process_start import WarmStarter
from tracer.launch.runner import run_job
from tracer.launch.scratch import scratch_folder
from tracer.trace.metadata import RecordingEnded
from tracer.trace.reading import open_trace

pytestmark = pytest.mark.slow  # seconds each, of whole processes

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"
SHORT = ("--no-lines", "--no-tokenizer", "--no-forward")
WAITING = """
import os, sys, time
from transformers import AutoConfig
AutoConfig.from_pretrained({model!r})
open({ready!r} + os.environ.get("RANK", ""), "w").close()
while not os.path.exists({end!r}):
    time.sleep(0.02)
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path / "work"


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from tracer.cli.main import main; main()", *map(str, arguments)]


@pytest.fixture
def command(place: Path) -> Run:
    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            program(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
            **options,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout
        return done

    return run


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Return a script that loads and then waits, the file that reports it, and the file that lets it end."""
    script, ready, end = tmp_path / "waits.py", tmp_path / "ready", tmp_path / "end"
    script.write_text(WAITING.format(model=str(FIXTURES / "bert-tiny"), ready=str(ready), end=str(end)))
    yield script, ready, end
    end.touch()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command line in this process, which records in a warm child: for what takes no process of its own."""
    monkeypatch.setattr("tracer.cli.job_recording.run_job", functools.partial(run_job, start=WarmStarter()))
    return command_line(monkeypatch, capsys)


@pytest.fixture
def keep(place: Path, loads: Loads) -> Path:
    """An earlier trace in the folder."""
    options: dict[str, Any] = {"lines": False, "tokenizer": False, "forward": False}
    return Path(shutil.copy(loads.record(FIXTURES / "bert-tiny", **options).path, place / "keep.glmtrace"))


def names(place: Path) -> list[str]:
    return sorted(file.name for file in place.iterdir())


def is_whole(path: Path) -> bool:
    with open_trace(path) as trace:
        assert trace.outcome.status == "loaded"
        return bool(Reading(trace).only("config-built"))


# ── Two at once ─────────────────────────────────────────────────────────────────────────────────────


def test_two_recordings_at_once_have_a_file_each(place: Path, waiting: tuple[Path, Path, Path]) -> None:
    script, ready, end = waiting
    both = []
    for rank in "01":
        both.append(subprocess.Popen(program("run", script), env={**os.environ, "RANK": rank}, stdout=subprocess.PIPE))
    until(lambda: ready.with_name("ready0").exists() and ready.with_name("ready1").exists())
    assert names(place) == ["waits-2.glmtrace.journal", "waits.glmtrace.journal"]
    end.touch()
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert names(place) == ["waits-2.glmtrace", "waits.glmtrace"]
    assert all(is_whole(place / name) for name in names(place))


def test_the_second_to_a_named_file_stops(place: Path, command: Run, waiting: tuple[Path, Path, Path]) -> None:
    script, ready, end = waiting
    first = subprocess.Popen(program("run", "-o", "x.glmtrace", script), stdout=subprocess.PIPE)
    until(ready.exists)
    second = command("run", "-o", "x.glmtrace", script)
    assert second.returncode == 2
    assert "Another recording is writing" in second.stderr
    sealed = command("seal", "x.glmtrace.journal")
    assert sealed.returncode == 2
    assert "is in use" in sealed.stderr
    end.touch()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert names(place) == ["x.glmtrace"]
    assert is_whole(place / "x.glmtrace")


def test_ranks_of_a_distributed_script_have_a_file_each(
    place: Path, command: Run, waiting: tuple[Path, Path, Path]
) -> None:
    script, _, end = waiting
    end.touch()
    (place / "glm-trace").write_text("from tracer.cli.main import main\nmain()\n")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launcher, "glm-trace", "run", str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert names(place) == ["glm-trace", "waits-2.glmtrace", "waits.glmtrace"]
    assert is_whole(place / "waits.glmtrace")
    assert is_whole(place / "waits-2.glmtrace")


# ── What can't be done ──────────────────────────────────────────────────────────────────────────────


WRONG = {
    "auto class": ("--auto-class", "AutoNoSuch"),
    "no picture": ("--image", "no-picture.png"),
    "missing picture": ("--image", "none.png"),
    "LoRA": ("--peft", "lora.json"),
    "device": ("--device", "cuda:99"),
}


def test_wrong_usage_leaves_the_earlier_trace(place: Path, here: Command, keep: Path) -> None:
    (place / "no-picture.png").write_text("no picture")
    (place / "lora.json").write_text("[1]")
    before = keep.read_bytes()
    for what, options in WRONG.items():
        done = here("load", FIXTURES / "bert-tiny", *options, "-o", "keep.glmtrace")
        assert done.code == 2, what
        assert done.out == "", what
        assert done.err.startswith("Error: "), what
        assert keep.read_bytes() == before, what
    assert names(place) == ["keep.glmtrace", "lora.json", "no-picture.png"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--generate", "2"), "--generate could not be done: BertModel writes no text."),
        (("--generate", "2", "--auto-class", "AutoConfig"), "--generate could not be done: a BertConfig was loaded"),
        (
            ("--image", "grey.png"),
            "Error: --image needs a model that takes pictures, and neither the forward of this one nor its "
            "configuration names any. The load itself is recorded.",
        ),
        (
            ("--audio", "still.wav", "--prompt", "Hush"),
            "Error: --audio needs a model that takes sound, and the forward of this one names none, so --prompt could "
            "not be done either. The load itself is recorded.",
        ),
    ],
)
def test_what_a_model_cannot_do_costs_no_load(options: tuple[str, ...], why: str, place: Path, here: Command) -> None:
    from PIL import Image

    Image.new("L", (8, 8)).save(place / "grey.png")
    with wave.open(str(place / "still.wav"), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(bytes(3200))
    done = here("load", FIXTURES / "bert-tiny", *options, "-o", "x.glmtrace")
    assert done.code == 1
    assert why in done.sentence
    with open_trace(place / "x.glmtrace") as trace:
        assert trace.outcome.status == "loaded"
        assert "AutoConfig" in options or Reading(trace).only("model-loaded")


def test_an_interrupt_before_the_first_step_leaves_the_earlier_trace(place: Path, keep: Path) -> None:
    before = keep.read_bytes()
    process = subprocess.Popen(
        program("load", FIXTURES / "bert-tiny", "-o", "keep.glmtrace"), stderr=subprocess.PIPE, text=True
    )
    until((place / "keep.glmtrace.journal").exists)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "before the first step was recorded" in said
    assert keep.read_bytes() == before
    assert names(place) == ["keep.glmtrace"]


# ── A full disk, a closed output ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("blocks", [100, 700])  # of 1,024 bytes: too few for the journal, or for its trace
def test_a_disk_that_is_full(blocks: int, place: Path, command: Run) -> None:
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (blocks * 1024, blocks * 1024))

    done = command("load", FIXTURES / "bert-tiny", "--ops", preexec_fn=limited)
    assert done.returncode == 2
    (left,) = names(place)
    with open_trace(place / left) as trace:
        ended = trace.meta.recording_ended
        assert ended is not None
        assert ended == RecordingEnded("EFBIG", "File too large", len(trace) - 1)
        assert trace.outcome.status == "loaded"
    sentence = f"recording ended at step {ended.step}; the load itself went on."
    said = done.stderr if left.endswith(".journal") else done.stdout
    assert sentence in " ".join(said.split())
    assert "killed" not in said
    assert sentence in " ".join(command("why", left).stdout.split())
    if left.endswith(".journal"):
        assert f"glm-trace seal {left}" in done.stderr
        assert command("seal", left).returncode == 0
        assert names(place) == ["bert-tiny.glmtrace"]


@pytest.mark.parametrize("how", ["full", "closed", "gone"])
def test_output_that_cannot_be_written(how: str, place: Path, keep: Path) -> None:
    redirection = {"full": ">/dev/full", "closed": ">&-", "gone": "| true"}[how]
    load = ("load", FIXTURES / "bert-tiny", *SHORT)
    printing = ["show", "why", "decisions", "kwargs", "walkthrough list"]
    for words in [load, *((*words.split(), "keep.glmtrace") for words in printing), ("--help",), ("fixture",)]:
        script = f'sleep 0; "$@" {redirection}; exit ${{PIPESTATUS[0]}}'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *program(*words)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stdout == ""
        if how == "gone":
            assert (done.returncode, done.stderr) == (0, ""), words
            continue
        assert done.returncode == 2, words
        assert done.stderr.startswith("Error: Standard output can't be written: "), words
        assert len(done.stderr.splitlines()) == 1, words
        if words is load:
            assert "The trace is written: bert-tiny.glmtrace" in done.stderr
            assert (place / "bert-tiny.glmtrace").exists()


def test_a_fixture_where_nothing_can_be_written(place: Path, command: Run) -> None:
    (place / "file").touch()
    for folder in ("file/x", "/proc/x"):
        for name in ("bert-tiny", "glm-4v-9b"):
            done = command("fixture", name, folder)
            assert done.returncode == 2
            assert done.stderr.startswith(f"Error: The fixture {name} can't be written to ")


def test_names_that_are_not_unicode(place: Path, command: Run) -> None:
    name = os.fsdecode(b"caf\xe9")
    (place / name).mkdir()
    done = command("load", FIXTURES / "bert-tiny", *SHORT, "-o", f"{name}/{name}.glmtrace")
    assert done.returncode == 0, done.stderr
    done = command("show", f"{name}/{name}.glmtrace", "--steps")
    assert done.returncode == 0, done.stderr
    shutil.copytree(FIXTURES / "bert-tiny", place / name, dirs_exist_ok=True)
    done = command("load", name, "--weights", "random", "--no-tokenizer", "-o", "of-such-a-model.glmtrace")
    assert done.returncode == 0, done.stderr
    with open_trace(place / "of-such-a-model.glmtrace") as trace:
        assert trace.meta.model == "<model>"
        assert Reading(trace).only("model-built")
    (place / f"{name}.py").write_text("import sys; print(ascii(sys.argv[0]), ascii(__file__))")
    done = command("run", f"{name}.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{name + '.py'!a} {str(place / name) + '.py'!a}"


def test_a_script_gets_its_name_like_from_python(place: Path, tmp_path: Path, command: Run) -> None:
    (place / "sub").mkdir()
    (place / "sub" / "helper.py").write_text("")
    (tmp_path / "link.py").symlink_to(place / "sub" / "s.py")
    (place / "sub" / "s.py").write_text(
        "import helper, os, sys, __main__\n"
        "os.chdir('/')\n"
        "assert __main__.__dict__ is globals()\n"
        "print(sys.argv, __file__, os.path.exists(__file__), sys.path[0], __name__, __spec__, type(__loader__).__name__)\n"
        "1 / 0\n"
    )
    for script in ("sub/s.py", str(tmp_path / "link.py")):
        plain = subprocess.run([sys.executable, script, "-a"], capture_output=True, text=True, check=False, timeout=60)
        recorded = subprocess.run(program("run", script, "-a"), capture_output=True, text=True, check=False, timeout=60)
        assert recorded.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
        assert recorded.stderr == plain.stderr
        assert recorded.returncode == 1


# ── Kills ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_the_parent_is_killed_or_its_terminal_closed(
    number: signal.Signals, place: Path, tmp_path: Path, command: Run, waiting: tuple[Path, Path, Path]
) -> None:
    script, ready, end = waiting
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        program("run", script), env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    until(ready.exists)
    if number == signal.SIGHUP:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    process.communicate(timeout=60) if number == signal.SIGHUP else process.wait(60)
    assert list((tmp_path / "tmp").iterdir()) == []
    if number == signal.SIGHUP:
        assert process.returncode == 130
        assert names(place) == ["waits.glmtrace"]
    else:  # the traced process continues to its end, and its journal is whole
        assert "is in use" in command("seal", "waits.glmtrace.journal").stderr
        end.touch()
        until(lambda: command("seal", "waits.glmtrace.journal").returncode == 0)
        assert names(place) == ["waits.glmtrace"]
    with open_trace(place / "waits.glmtrace") as trace:
        assert Reading(trace).only("config-built")
        assert trace.outcome.status == ("interrupted" if number == signal.SIGHUP else "loaded")


def test_scratch_folders_of_killed_processes_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    holds = "from tracer.launch.scratch import scratch_folder\nwith scratch_folder(): print(flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", holds], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline(), "its folder is made, and locked"
        return process

    dead, living = start(), start()
    folders = {folder.name for folder in tmp_path.iterdir()}
    try:
        dead.kill()
        dead.communicate()
        for folder in tmp_path.iterdir():
            os.utime(folder, (1, 1))
        with scratch_folder() as mine:
            left = {folder.name for folder in tmp_path.iterdir()} - {mine.name}
        assert len(folders) == 2
        assert len(left) == 1, "the one whose process still runs"
    finally:
        living.kill()
        living.communicate()
