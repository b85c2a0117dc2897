"""Consent to code that is still on the hub: it is fetched, shown, and loaded from the commit that was shown."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console

from tests.support.commands import PROGRAM
from tests.support.edited_models import write_reed
from tests.support.hub import TOKEN, Answer, Hub, HubLoads, hub_variables, running_hub
from tests.support.small_models import tiny_llama
from tracer.cli import consent as consent_module
from tracer.cli.consent import Consent, ask_for_consent
from tracer.remote_code import RemoteCode
from tracer.trace.events import ModuleCopied, events
from tracer.trace.job import Job
from tracer.trace.reading import open_trace

MODEL = "harbour/reed"
CODE = ["configuration_reed.py", "modeling_reed.py"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def home(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a user who asks this hub."""
    for name, value in hub_variables(hub, tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    return tmp_path / "home"


class Terminal:
    """A user at a terminal who says yes to everything; ``seen`` is what was shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[RemoteCode] = []
        stream = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(consent_module, "sys", SimpleNamespace(stdin=stream, stderr=stream))
        monkeypatch.setattr(consent_module, "ask_consent", self._ask)

    def _ask(self, code: RemoteCode, console: Console, *_: Any, **__: Any) -> bool:
        self.seen.append(code)
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def consent(model: str = MODEL, **arguments: Any) -> Consent | None:
    return ask_for_consent(model, "en", tokenizer=True, cwd=None, arguments=arguments)


def test_the_code_that_was_shown_is_loaded_although_the_hub_has_newer(
    hub: Hub, home: Path, terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = hub.add(MODEL, write_reed(tmp_path / "first"))
    agreed = consent()
    assert agreed is not None
    assert agreed.pinned == {"revision": shown}
    assert f"commit {shown[:12]} of {MODEL} is loaded" in " ".join(capsys.readouterr().err.split())
    (code,) = terminal.seen
    assert sorted(file.path for file in code.files) == CODE
    assert (code.unseen, code.notes) == ((), ())
    assert hub.asked("model.safetensors", "HEAD") == 0
    newer = write_reed(tmp_path / "second")
    (newer / "modeling_reed.py").write_text("raise SystemExit('not this')\n")
    assert hub.add(MODEL, newer) != shown
    job = Job(work="load", model=MODEL, forward=False, tokenizer=False)
    agreed.apply(job)
    fields = {name: getattr(job, name) for name in ("model", "forward", "tokenizer", "agreed", "kwargs")}
    loads = HubLoads(tmp_path, hub, home)
    with open_trace(loads.record_anew(work="load", trust_remote_code=True, **fields).path) as trace:
        assert trace.outcome.status == "loaded"
        copied = {str(one.event.from_) for one in events(trace, ModuleCopied)}
        assert copied
        assert all(f"/snapshots/{shown}/" in path for path in copied)


def test_without_a_terminal_the_files_are_named(
    hub: Hub, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.add(MODEL, write_reed(tmp_path / "reed"))
    with pytest.raises(typer.Exit) as ended:
        consent()
    assert ended.value.exit_code == 3
    said = " ".join(capsys.readouterr().err.split())
    assert f"{MODEL.rpartition('/')[2]} needs its own code to run" in said
    assert all(name in said for name in CODE)
    assert "--trust-remote-code" in said


@pytest.mark.slow
def test_code_of_another_repository_is_fetched_and_pinned(
    hub: Hub, home: Path, terminal: Terminal, tmp_path: Path
) -> None:
    code = hub.add("harbour/reed-code", write_reed(tmp_path / "code"))
    other = write_reed(tmp_path / "model")
    for name in CODE:
        (other / name).unlink()
    config = json.loads((other / "config.json").read_text())
    config["auto_map"] = {name: f"harbour/reed-code--{to}" for name, to in config["auto_map"].items()}
    (other / "config.json").write_text(json.dumps(config))
    commit = hub.add(MODEL, other)
    agreed = consent()
    assert agreed is not None
    assert agreed.pinned == {"revision": commit, "code_revision": code}
    assert sorted(file.path for file in terminal.seen[0].files) == CODE


@pytest.mark.slow
def test_the_code_of_a_code_revision_is_shown(hub: Hub, home: Path, terminal: Terminal, tmp_path: Path) -> None:
    first = write_reed(tmp_path / "first")
    (first / "modeling_reed.py").write_text(f"# first\n{(first / 'modeling_reed.py').read_text()}")
    old = hub.add(MODEL, first, "old")
    new = hub.add(MODEL, write_reed(tmp_path / "second"), "main")
    agreed = consent(code_revision="old")
    assert agreed is not None
    assert agreed.pinned == {"revision": new, "code_revision": old}
    (modeling,) = (file for file in terminal.seen[0].files if file.path == "modeling_reed.py")
    assert Path(modeling.absolute).read_text().startswith("# first")


@pytest.mark.parametrize(
    "model",
    [
        "harbour/llama",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("harbour/gated", "harbour/no-such-model")),
    ],
)
def test_nothing_is_asked_where_there_is_no_code(
    hub: Hub, home: Path, terminal: Terminal, tmp_path: Path, model: str
) -> None:
    hub.add("harbour/llama", tiny_llama(tmp_path / "llama"))
    hub.add("harbour/gated", write_reed(tmp_path / "reed"), gated=True)
    assert consent(model) is None
    assert terminal.seen == []


@pytest.mark.slow
def test_a_token_opens_what_is_private(hub: Hub, home: Path, terminal: Terminal, tmp_path: Path) -> None:
    hub.add(MODEL, write_reed(tmp_path / "reed"), private=True)
    assert consent() is None
    agreed = consent(token=TOKEN)
    assert agreed is not None
    assert TOKEN not in str(agreed)


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_offline_the_hub_is_not_asked(
    hub: Hub, home: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    hub.add(MODEL, write_reed(tmp_path / "reed"))
    if how == "variable":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    agreed = consent(**({"local_files_only": True} if how == "argument" else {}))
    assert agreed is not None
    assert (agreed.pinned, agreed.agreed.unseen) == ({}, True)
    assert [(one.name, one.why) for one in terminal.seen[0].unseen] == [(MODEL, "not-in-cache")]
    assert hub.requests == []


@pytest.mark.slow
def test_ctrl_c_while_the_hub_is_slow_leaves_nothing(hub: Hub, home: Path, place: Path) -> None:
    hub.answers = lambda method, path: Answer(503, after=20)
    process = subprocess.Popen([PROGRAM, "load", MODEL], stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not hub.requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert list(place.iterdir()) == []
