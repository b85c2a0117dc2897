"""``glm-trace across``: one load on several releases. Environments are made for real in ``nightly/environments.py``."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES
from tests.support.commands import Command, command_line
from tests.support.hub import hub_variables, running_hub
from tracer.cli import across as across_command
from tracer.launch import environments
from tracer.launch.across import ReleaseRun, bisect, range_of, releases_in, turn_in
from tracer.launch.environments import (
    Environment,
    EnvironmentNotMade,
    clear_environments,
    environment_of,
    kept_environments,
    obstacle_in,
    requirements,
)
from tracer.launch.runner import raising_interrupts
from tracer.releases.library import library
from tracer.trace.errors import TracerError
from tracer.trace.events import FileResolved, events
from tracer.trace.outcome import Outcome
from tracer.trace.reading import open_trace

BERT = FIXTURES / "bert-tiny"


# ── Which releases ──────────────────────────────────────────────────────────────────────────────────


def test_a_minor_release_means_its_last_patch() -> None:
    assert releases_in("4.44.2, 4.46,5.23.0,4.46.3") == ["4.44.2", "4.46.3", "5.23.0"]


def test_a_release_newer_than_the_table_is_taken_as_written() -> None:
    assert releases_in("5.99,6.0.0rc1") == ["5.99.0", "6.0.0rc1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("4.44.2,x", "'x' is not a release"), ("", "'' is not a release"), ("4.30.2", "4.44.2 or later; 4.30.2 is older")],
)
def test_what_is_no_release(text: str, said: str) -> None:
    with pytest.raises(TracerError, match=said):
        releases_in(text)


def test_a_range_has_its_ends_and_the_last_patches_between() -> None:
    found = range_of("4.44.2..4.48.0")
    assert found == ["4.44.2", "4.45.2", "4.46.3", "4.47.1", "4.48.0"]
    assert set(found[1:-1]) < set(library().patches)


@pytest.mark.parametrize("text", ["4.44.2", "5.23.0..4.44.2", "4.49.0..4.49.0", "4.49.0..", "a..b"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(TracerError):
        range_of(text)


# ── The search ──────────────────────────────────────────────────────────────────────────────────────

RELEASES = [f"5.{minor}.0" for minor in range(16)]


def loader(good: Callable[[int], bool | None], calls: list[str]) -> Callable[[str], ReleaseRun]:
    """Return a load that goes well, badly or not at all (None), by the minor release."""

    def load(release: str) -> ReleaseRun:
        calls.append(release)
        verdict = good(int(release.split(".")[1]))
        if verdict is None:
            return ReleaseRun(release, obstacle="no-release")
        return ReleaseRun(release, outcome=Outcome("loaded" if verdict else "failed"))

    return load


@pytest.mark.parametrize("change", range(1, 16))
@pytest.mark.parametrize("older_is_good", [True, False])
def test_bisect_finds_every_change_in_few_loads(change: int, older_is_good: bool) -> None:
    calls: list[str] = []
    found = bisect(RELEASES, loader(lambda minor: (minor < change) is older_is_good, calls))
    turn = turn_in(found.runs)
    assert turn is not None
    assert found.verdict == "found"
    pair = {turn.good.release: True, turn.bad.release: False}
    assert pair == {f"5.{change - 1}.0": older_is_good, f"5.{change}.0": not older_is_good}
    assert len(calls) == len(set(calls)) <= 6
    assert [run.release for run in found.runs] == [release for release in RELEASES if release in calls]


def test_bisect_passes_over_what_can_not_be_tried() -> None:
    found = bisect(RELEASES, loader(lambda minor: None if 6 <= minor <= 9 else minor < 8, []))
    turn = turn_in(found.runs)
    assert turn is not None
    assert (turn.good.release, turn.bad.release) == ("5.5.0", "5.10.0")
    assert {run.release for run in found.runs if run.good is None} == {"5.6.0", "5.7.0", "5.8.0", "5.9.0"}


@pytest.mark.parametrize(
    ("good", "verdict", "loads"),
    [
        (lambda minor: True, "all-good", 2),
        (lambda minor: False, "all-bad", 2),
        (lambda minor: None if minor == 0 else True, "end-not-run", 1),
        (lambda minor: None if minor == 15 else True, "end-not-run", 2),
    ],
)
def test_bisect_without_two_different_ends(good: Callable[[int], bool | None], verdict: str, loads: int) -> None:
    calls: list[str] = []
    assert bisect(RELEASES, loader(good, calls)).verdict == verdict
    assert len(calls) == loads


def test_an_interrupted_search_ends() -> None:
    def load(release: str) -> ReleaseRun:
        if release in (RELEASES[0], RELEASES[-1]):
            return ReleaseRun(release, outcome=Outcome("loaded" if release == RELEASES[0] else "failed"))
        return ReleaseRun(release, outcome=Outcome("interrupted"))

    found = bisect(RELEASES, load)
    assert (found.verdict, len(found.runs)) == ("interrupted", 3)


def test_the_turn_is_sought_by_age_not_by_order() -> None:
    runs = [ReleaseRun(release, outcome=Outcome(status)) for release, status in
            [("5.10.0", "failed"), ("5.9.0", "failed"), ("4.44.2", "loaded"), ("5.2.0", "loaded")]]  # fmt: skip
    turn = turn_in(runs)
    assert turn is not None
    assert (turn.good.release, turn.bad.release) == ("5.2.0", "5.9.0")
    assert turn_in(runs[:2]) is turn_in(runs[2:]) is None


# ── Environments ────────────────────────────────────────────────────────────────────────────────────

PIP = "ERROR: Could not find a version that satisfies the requirement "
SAID: dict[str, tuple[str, str, str]] = {
    # name: (what the installer printed, obstacle, detail); the release is 5.17.0
    "pip, no such release": (
        f"{PIP}transformers==5.17.0 (from versions: 4.57.6, 5.18.0)\n"
        "ERROR: No matching distribution found for transformers==5.17.0", "no-release", "",
    ),
    "pip, only others need another Python": (
        "ERROR: Ignored the following versions that require a different python version: 5.18.0 Requires-Python >=3.12\n"
        "ERROR: No matching distribution found for transformers==5.17.0", "no-release", "",
    ),
    "pip, another Python": (
        "ERROR: Ignored the following versions that require a different python version: 5.16.0 Requires-Python "
        ">=3.11.0; 5.17.0 Requires-Python >=3.11.0\n"
        "ERROR: No matching distribution found for transformers==5.17.0", "python", "",
    ),
    "pip, offline": (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('Failed to establish a new "
        f"connection: [Errno 111] Connection refused')': /simple/transformers/\n{PIP}transformers==5.17.0 (from "
        "versions: none)\nERROR: No matching distribution found for transformers==5.17.0", "offline", "",
    ),
    "pip, offline, without retries": (
        f"{PIP}transformers==5.17.0 (from versions: none)\nERROR: No matching distribution found for "
        "transformers==5.17.0", "offline", "",
    ),
    "pip, no wheel": (
        f"{PIP}tokenizers<0.20,>=0.19 (from transformers) (from versions: 0.20.4, 0.21.0)\n"
        "ERROR: No matching distribution found for tokenizers<0.20,>=0.19", "no-build", "tokenizers",
    ),
    "uv, no such release": (
        "error: No solution found when resolving dependencies\n  cause: Because there is no version of "
        "transformers==5.17.0 and you require transformers==5.17.0, …", "no-release", "",
    ),
    "uv, another Python": (
        "  cause: Because the current Python version (3.9.1) does not satisfy Python>=3.11.0 and transformers==5.17.0 "
        "depends on Python>=3.11.0, we can conclude that transformers==5.17.0 cannot be used.", "python", "",
    ),
    "uv, offline": (
        "error: Failed to fetch: https://index/simple/transformers/\n  cause: error sending request for url\n"
        "  cause: client error (Connect)\n  cause: tcp connect error", "offline", "",
    ),
    "uv, told to be offline": (
        "  cause: Because transformers was not found in the cache and you require transformers==5.17.0, …\n\nhint: "
        "Packages were unavailable because the network was disabled.", "offline", "",
    ),
    "uv, no wheel": (
        "  cause: Because tokenizers>=0.19.0,<=0.19.1 has no usable wheels and only the following versions of "
        "tokenizers are available:", "no-build", "tokenizers",
    ),
    "anything else": ("error:  the disk\nis full", "failed", "error: the disk is full"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_an_installer_says_is_understood(name: str) -> None:
    output, obstacle, detail = SAID[name]
    found = obstacle_in(output, "5.17.0")
    assert (found.obstacle, found.detail) == (obstacle, detail)


def test_companions_are_those_of_the_release() -> None:
    assert requirements("4.44.2") == ["transformers==4.44.2", "peft>=0.12,<0.13", "accelerate>=0.33,<1"]
    assert "peft>=0.17,<0.18" in requirements("4.57.6")
    assert requirements("5.23.0")[1:] == requirements("5.0.0")[1:]


def test_the_installed_release_needs_no_environment(tmp_path: Path) -> None:
    release = importlib.metadata.version("transformers")
    assert environment_of(release, tmp_path) == Environment(release, sys.executable)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Have the installer put one module of its own into the environment, and the venv made without pip."""
    calls: list[Sequence[str]] = []

    def run(command: Sequence[str], release: str, folder: Path | None = None) -> None:
        calls.append(command)
        if "venv" in command:
            venv.create(command[-1], symlinks=True)
        else:
            assert folder is not None
            (packages,) = folder.glob("lib/python*/site-packages")
            (packages / "msgspec.py").write_text(f"own = {release!r}\n", encoding="utf-8")

    monkeypatch.setattr(environments, "_run", run)
    monkeypatch.setattr(environments.shutil, "which", lambda name: None)
    return calls


def test_other_requirements_are_another_environment(
    installs: list[Sequence[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment_of("4.49.1", tmp_path)
    monkeypatch.setattr(environments, "requirements", lambda release: [f"transformers=={release}", "peft<0.14"])
    assert environment_of("4.49.1", tmp_path) != before


def test_an_environment_has_its_own_packages_first_and_shares_torch(
    installs: list[Sequence[str]], tmp_path: Path
) -> None:
    made = environment_of("4.49.1", tmp_path)
    assert environment_of("4.49.1", tmp_path) == made
    assert len(installs) == 2  # the venv, and one installation
    assert "transformers==4.49.1" in installs[1]
    assert "torch" not in {word.partition("=")[0] for word in installs[1]}
    (home,) = (path for path in tmp_path.iterdir() if path.is_dir())
    torch = importlib.metadata.version("torch")
    assert (home / "constraints.txt").read_text(encoding="utf-8") == f"torch=={torch}\n"
    code = (
        "import importlib.metadata as m, importlib.util as u, msgspec; "
        "print(msgspec.own, m.version('torch'), u.find_spec('torch').origin, u.find_spec('tracer').origin)"
    )
    said = subprocess.check_output([made.python, "-I", "-c", code], text=True).split()
    found = [getattr(environments.importlib.util.find_spec(name), "origin", None) for name in ("torch", "tracer")]
    assert said == ["4.49.1", torch, *found]


def test_what_could_not_be_made_leaves_nothing(
    installs: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    works = environments._run

    def fail(command: Sequence[str], release: str, folder: Path | None = None) -> None:
        works(command, release, folder)
        if folder is not None:
            raise EnvironmentNotMade("offline")

    monkeypatch.setattr(environments, "_run", fail)
    with pytest.raises(EnvironmentNotMade):
        environment_of("4.49.1", tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    monkeypatch.setattr(environments, "_run", works)
    assert Path(environment_of("4.49.1", tmp_path).python).exists()


def test_an_interrupt_ends_all_processes_of_the_installer(tmp_path: Path) -> None:
    """Ctrl-C reaches only this process here, as ``kill`` does: what the installer has started ends all the same."""
    script = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "Path('inner').write_text(str(inner.pid)); Path('inner').rename('pid'); time.sleep(600)"
    )

    def interrupt() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    with pytest.raises(KeyboardInterrupt), raising_interrupts():
        environments._run([sys.executable, "-c", script], "4.49.1", tmp_path)
    waiting.join()
    stat = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    for _ in range(200):  # a killed process stays in the list until it is waited for
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("it is still running")


def test_environments_are_counted_and_deleted(installs: list[Sequence[str]], tmp_path: Path) -> None:
    for release in ("4.49.1", "4.50.1"):
        environment_of(release, tmp_path)
    (tmp_path / "transformers-4.51.1-half").mkdir()  # as a killed process leaves it
    (tmp_path / "mine").mkdir()
    kept = kept_environments(tmp_path)
    assert (kept.folder, kept.count) == (tmp_path, 3)
    assert kept.size > 0
    with environments._locked(tmp_path / "transformers-4.51.1-half.lock"):
        cleared = clear_environments(tmp_path)
        assert (cleared.count, cleared.busy) == (2, 1)
    assert clear_environments(tmp_path).count == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert clear_environments(tmp_path / "not-there").count == 0


# ── The command ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def across(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command in an empty folder; releases of 5.1 can't be installed, and those from 5.2 on can't load."""
    broken = place / "broken"
    venv.create(broken, symlinks=True)
    (packages,) = broken.glob("lib/python*/site-packages")
    # This "release" has a BERT whose constructor fails.
    (packages / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "class Finder(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'transformers.models.bert.modeling_bert':\n"
        "            raise ImportError('no BERT in this release')\n"
        "sys.meta_path.insert(0, Finder())\n",
        encoding="utf-8",
    )
    shared = [path for path in sys.path if path.endswith("site-packages")]
    shared += environments._shared_folders()
    (packages / "shared.pth").write_text("".join(f"{path}\n" for path in shared), encoding="utf-8")

    def make(release: str) -> Environment:
        if release.startswith("5.1."):
            raise EnvironmentNotMade("no-release")
        good = release < "5.2"
        return Environment(release, sys.executable if good else str(broken / "bin" / "python"))

    monkeypatch.setattr(across_command, "environment_of", make)
    return command_line(monkeypatch, capsys, "across", str(BERT), "--no-forward", "--no-tokenizer", "--no-lines")


@pytest.mark.slow
def test_the_table_then_what_changed_then_why(across: Command, place: Path) -> None:
    code, out, err = across("--releases", "4.44.2,5.1.0,5.2.0")
    assert code == 1
    assert "transformers 5.1.0: The package index has no transformers 5.1.0." in err
    good, missing, bad = (next(line for line in out.splitlines() if line.startswith(release))
                          for release in ("4.44.2", "5.1.0", "5.2.0"))  # fmt: skip
    assert "loaded" in good
    assert "not tried" in missing
    assert "the load failed" in bad
    titles = [
        "4.44.2",
        "From 4.44.2, which loads it",
        "Different: Outcome",
        "Everything that differs",
        "Why it fails on 5.2.0",
    ]
    assert [out.index(title) for title in titles] == sorted(out.index(title) for title in titles)
    assert "glm-trace diff bert-tiny-4.44.2.glmtrace bert-tiny-5.2.0.glmtrace" in out
    assert "no BERT in this release" in out
    with open_trace(place / "bert-tiny-4.44.2.glmtrace") as trace:
        assert trace.outcome.status == "loaded"


def test_clear_says_what_it_deleted(across: Command, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    folder = environments.environments_folder() / "transformers-4.49.1-py3.11-0"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * 10_000)
    code, out, _ = across("--clear")
    assert code == 0
    assert "Deleted from cache/glm-trace/environments: 1 environment, " in " ".join(out.split())
    assert not folder.exists()


@pytest.mark.slow
def test_what_was_added_to_the_cache_is_said(across: Command, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))

    def make(release: str) -> Environment:
        (environments.environments_folder() / "transformers-4.44.2-py3.11-0").mkdir(parents=True)
        return Environment(release, sys.executable)

    monkeypatch.setattr(across_command, "environment_of", make)
    code, _, err = across("--releases", "4.44.2")
    assert code == 0
    assert "1 environment is kept in" in err
    assert "glm-trace across --clear" in err


def test_an_interrupt_while_an_environment_is_made(across: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(release: str) -> Environment:
        raise KeyboardInterrupt

    monkeypatch.setattr(across_command, "environment_of", make)
    code, out, err = across("--releases", "4.44.2,5.2.0")
    assert code == 130
    assert "transformers 4.44.2: Interrupted while its environment was made." in err
    assert "5.2.0" not in out


@pytest.mark.slow
def test_json(across: Command) -> None:
    code, out, _ = across("--releases", "4.44.2,5.1.0,5.2.0", "--json", "-o", "x.glmtrace")
    found: dict[str, Any] = json.loads(out)
    assert code == 1
    assert [(run["release"], run["good"], run["obstacle"]) for run in found["releases"]] == [
        ("4.44.2", True, None), ("5.1.0", None, "no-release"), ("5.2.0", False, None),
    ]  # fmt: skip
    assert Path(found["releases"][0]["trace"]).name == "x-4.44.2.glmtrace"
    assert (found["turn"]["good"], found["turn"]["bad"]) == ("4.44.2", "5.2.0")
    assert found["turn"]["why"]["status"] == "failed"
    assert {difference["topic"] for difference in found["turn"]["diff"]["differences"]} >= {"outcome"}
    assert found["bisection"] is None


def test_in_chinese(across: Command) -> None:
    code, out, _ = across("--releases", "5.1.0", "--lang", "zh")
    said = "".join(out.split())
    assert code == 1
    assert all(words in said for words in ("结果", "位置", "秒", "原因", "未尝试", "软件包索引里没有transformers5.1.0"))


def test_all_good_ends_with_0(across: Command) -> None:
    code, out, err = across("--releases", "4.44.2")
    assert (code, err) == (0, "")
    assert "Why it fails" not in out


@pytest.mark.slow
def test_bisect(across: Command) -> None:
    code, out, _ = across("--bisect", "4.57.6..5.3.0")  # 5.0.0 is good, 5.1.0 can't be tried, 5.2.0 is bad
    assert code == 1
    assert "It loads on 5.0.0 and not on 5.2.0" in " ".join(out.split())
    assert "not every release could be tried: 5.1.0." in " ".join(out.split())


@pytest.mark.parametrize("wrong", [[], ["--releases", "4.44.2", "--bisect", "4.44.2..5.2.0"], ["--releases", "new"]])
def test_wrong_use_ends_with_2(across: Command, place: Path, wrong: list[str]) -> None:
    assert across(*wrong).code == 2
    assert not list(place.glob("*.glmtrace"))


def test_code_is_not_run_without_consent(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = command_line(monkeypatch, capsys, "across", str(FIXTURES / "broken" / "misspelt-class"))
    assert command("--releases", "4.44.2").code == 3
    assert not list(place.iterdir())


def test_a_model_of_the_hub_is_downloaded_once_and_then_taken_from_the_cache(
    across: Command, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = command_line(
        monkeypatch, capsys, "across", "harbour/bert", "--no-forward", "--no-tokenizer", "--no-lines"
    )
    with running_hub() as hub:
        commit = hub.add("harbour/bert", BERT)
        for name, value in hub_variables(hub, place / "home").items():
            monkeypatch.setenv(name, value)
        assert command("--releases", "4.44.2,4.46.3").code == 0
        assert hub.asked("/model.safetensors") == 1
        hub.requests.clear()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        code, out, _ = command("--releases", "4.44.2", "-o", "offline.glmtrace")
        assert (code, hub.requests) == (0, [])
    assert "bert-4.44.2.glmtrace" not in out
    with open_trace(place / "offline-4.44.2.glmtrace") as trace:
        paths = [one.event.path for one in events(trace, FileResolved) if one.event.path is not None]
        assert paths
        assert all(f"/models--harbour--bert/snapshots/{commit}/" in path for path in paths)


def test_a_model_that_is_nowhere_fails_on_each_release(
    across: Command, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in hub_variables(None, place / "home", HF_HUB_OFFLINE="1").items():
        monkeypatch.setenv(name, value)
    command = command_line(monkeypatch, capsys, "across", "harbour/none", "--no-tokenizer", "--no-lines")
    code, out, _ = command("--releases", "4.44.2,4.46.3")
    assert code == 1
    assert "harbour/none" in out
