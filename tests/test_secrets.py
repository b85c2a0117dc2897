"""Planted secrets appear nowhere in a trace: not in the file's bytes, not in what is packed inside, not in the
journal."""

from __future__ import annotations

import base64
import os
import sqlite3
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import FIXTURES
from tests.support.forked import in_fork
from tracer.trace.reading import open_trace

SECRETS = {
    "argument": "argument-Zq81-secret",
    "nested": "nested-Kx72-secret",
    "environment": "hf_EnvironmentTokenAbCdEf0123456789",
    "api key": "variable-Wm63-secret",
    "proxy": "proxy-Pb54-pass/word",
    "netrc": "netrc-Lc45-secret",
    "saved token": "hf_SavedTokenOnDiskAbCdEf9876543210",
    "in source": "source-Rd36-secret",
}
ORDINARY = ("eos_token", "pad_token_id", "tokenizer", "max_new_tokens")

SCRIPT = """
import logging, os, sys, warnings
from transformers import AutoConfig, AutoModel, AutoTokenizer

password = "source-Rd36-secret"
model = {model!r}
hub = dict(token={argument!r}, proxies={{"https": "https://me:" + {proxy!r} + "@proxy.invalid"}})
headers = {{"Authorization": "Bearer " + {nested!r}, "api_key": {nested!r}}}
AutoTokenizer.from_pretrained(model)
AutoModel.from_pretrained(model, **hub)
AutoConfig.from_pretrained(model, extra=headers, eos_token="</s>", max_new_tokens=7)
for secret in (password, {argument!r}, os.environ["HF_TOKEN"], os.environ["MY_API_KEY"], {netrc!r}, {saved!r}):
    print("printed", secret, file=sys.stderr)
    warnings.warn("warned of " + secret)
    logging.getLogger("transformers").warning("logged %s", secret)
    AutoConfig.from_pretrained(model, note="x" * 1990 + secret, **{{secret: 1}})
    try:
        AutoConfig.from_pretrained("/nowhere/" + secret)
    except Exception as error:
        print(type(error).__name__)
raise RuntimeError("https://me:" + {proxy!r} + "@host/ " + password)
"""


def record(folder: str) -> str:
    """Plant the secrets, record the script and return the outcome, in a separate process."""
    place = Path(folder)
    home, hub = place / "home", place / "hf"
    home.mkdir()
    hub.mkdir()
    (home / ".netrc").write_text(f"machine huggingface.co login me password {SECRETS['netrc']}\n")
    (hub / "token").write_text(SECRETS["saved token"])
    os.environ.update(
        HOME=str(home),
        HF_HOME=str(hub),
        HF_TOKEN=SECRETS["environment"],
        MY_API_KEY=SECRETS["api key"],
        HTTPS_PROXY=f"https://me:{quote(SECRETS['proxy'], safe='')}@proxy.invalid",
    )
    from tracer.recorder.child import record as do
    from tracer.trace.job import Job
    from tracer.trace.sealing import seal

    script = place / "plants.py"
    names = {"argument": "argument", "nested": "nested", "proxy": "proxy", "netrc": "netrc", "saved": "saved token"}
    filled = {name: SECRETS[key] for name, key in names.items()}
    script.write_text(SCRIPT.format(model=str(FIXTURES / "bert-tiny"), **filled))
    command = ["glm-trace", "run", str(script), "--kwarg", f"token={SECRETS['argument']}"]
    do(Job(work="script", journal=str(place / "journal"), script=[str(script)], command=command))
    seal(place / "journal", place / "planted.glmtrace")
    return "done"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    assert in_fork(record, str(folder)) == "done"
    return folder


def forms(secret: str) -> list[bytes]:
    """Return a secret unchanged, percent-encoded, and in the middle of base64."""
    plain = secret.encode()
    shapes = [plain, quote(secret, safe="").encode()]
    for before in (b"", b"m", b"me:"):
        encoded = base64.b64encode(before + plain)
        shapes.append(encoded[4:-4])
    return shapes


def everything(folder: Path) -> list[bytes]:
    """Return the bytes of the trace and of the journal, and the trace's unpacked content."""
    path = folder / "planted.glmtrace"
    packed = sqlite3.connect(path).execute("SELECT text FROM source").fetchall()
    return [path.read_bytes(), (folder / "journal").read_bytes(), *(zlib.decompress(text) for (text,) in packed)]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_nowhere(name: str, planted: Path) -> None:
    for content in everything(planted):
        for form in forms(SECRETS[name]):
            assert form not in content, form


def test_the_planted_places_are_recorded(planted: Path) -> None:
    """If nothing were recorded, nothing could leak: the trace contains the places of the secrets."""
    with open_trace(planted / "planted.glmtrace") as trace:
        assert trace.outcome.status == "failed"
        assert "‹secret›" in trace.outcome.message
        said = [step for step in trace.steps() if step.kind in ("output", "warning", "log")]
        masked = [step for step in said if "‹secret›" in f"{step.data.get('text')}{step.data.get('message')}"]
        assert {step.kind for step in masked} == {"output", "warning", "log"}
        assert "‹secret›" in str(trace.meta.command)
        assert trace.meta.environment["HF_TOKEN"] == "‹secret›"
    values = sqlite3.connect(planted / "planted.glmtrace").execute("SELECT data FROM value").fetchall()
    assert any('"is":"secret"' in data for (data,) in values)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay_readable(name: str) -> None:
    from tracer.trace.redaction.names import is_secret_name

    assert not is_secret_name(name)
