"""Secrets that a real ``glm-trace load`` and ``run`` meet: nowhere in the file, on the screen, or left on the disk."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import FIXTURES, ROOT
from tests.support.secret_forms import forms, packed_in
from tracer.export.json_documents import step_documents
from tracer.trace.outcome import Outcome
from tracer.trace.reading import open_trace
from tracer.trace.redaction import MASK

pytestmark = pytest.mark.slow  # seconds each, of whole processes


SECRETS = {
    "keyword argument": "kwarg-Aa11-planted",
    "number as a keyword argument": "8675309042417586902",  # no half of it is in a time by chance
    "in nested arguments": "nested-Bb22-planted",
    "in a list of arguments": "listed-Cc33-planted",
    "password of a URL in arguments": "urlpass-Dd44-planted",
    "hub token variable": "hf_EnvVarTokenAbCdEfGh0123456789",
    "api key variable": "apikey-Ee55/planted+=",
    "key variable that begins with a slash": "/slash-Ff66-planted",
    "proxy variable": "proxy-Gg77/pass:word",
    "netrc": "netrc-Hh88-planted",
    "git credentials": "gitcred-Ii99-planted",
    "saved token": "saved-Jj10-planted",
    "hard-coded in remote code": "hardcoded-Kk11-planted",
    "keyword in remote code": "inline-Ll12-planted",
    "folder of the model": "hf_FolderNameTokenAbCdEf0123456789",
}
NOT_SECRET = {
    "eos_token": "</s>",
    "additional_special_tokens": ["<a>"],
    "max_new_tokens": 77,
    "num_tokens": 5,
    "token_type_ids": [0, 1],
}
REMOTE = """
import base64
import logging
import os
import sys
import warnings
from urllib.parse import quote

from transformers import PretrainedConfig

API_KEY = "hardcoded-Kk11-planted"
SAID = {said}


def login(token="inline-Ll12-planted", eos_token="</s>"):
    return token


class SecretiveConfig(PretrainedConfig):
    model_type = "secretive"

    def __init__(self, width=3, headers=None, proxies=None, api_keys=None, **kwargs):
        self.width = width
        self.headers = headers
        self.proxies = proxies
        self.api_keys = api_keys
        self.login = login
        for secret in SAID:
            text = secret
            kwargs[secret] = 1
            listed = [secret, {{"in": secret, secret: (secret,)}}]
            long = "x" * 1990 + " " + secret + "y" * 3000
            longer = "x" * (1999 - len(secret) // 2) + " " + secret
            url = "https://me:" + quote(secret, safe="") + "@host/" + quote(secret)
            encoded = base64.b64encode(b"user:" + secret.encode()).decode()
            path = "/srv/" + secret + "/model"
            shown = repr({{"secret": secret}}) + f"{{secret!r}}"
            error = ValueError(secret, [secret])
            print(secret, file=sys.stderr)
            print("part" + secret[:5], end="")
            print(secret[5:])
            sys.stdout.write("z" * 7990 + " " + secret + "z" * 9000)
            warnings.warn("warned of " + secret)
            logging.getLogger("transformers.secretive").warning("logged %s %r", secret, {{"a": secret}})
            os.write(1, ("native " + secret + "\\n").encode())
            os.write(2, ("n" * 7990 + " " + secret + "\\n").encode())
            kwargs.pop(secret)
        super().__init__(**kwargs)
        {end}
"""
RAISE = 'raise RuntimeError("failed with " + " and ".join(SAID) + " at https://me:" + quote(SAID[0]) + "@host/")'
DIE = "os.kill(os.getpid(), 9)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Write a home folder with every planted secret, and a model whose code reveals all of them."""
    home = tmp_path / "home"
    (home / "hf").mkdir(parents=True)
    (home / ".netrc").write_text(f"machine huggingface.co login me password {SECRETS['netrc']}\n")
    (home / ".git-credentials").write_text(f"https://me:{SECRETS['git credentials']}@huggingface.co\n")
    (home / "hf" / "token").write_text(f"{SECRETS['saved token']}\n")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path


def write_model(place: Path, end: str) -> Path:
    folder = place / SECRETS["folder of the model"] / "model"
    folder.mkdir(parents=True)
    said = repr(list(SECRETS.values()))
    (folder / "configuration_secretive.py").write_text(REMOTE.format(said=said, end=end))
    # Secrets in the source are expected; the point is that they are planted there under a plain name.
    code = (
        (folder / "configuration_secretive.py")
        .read_text()
        .replace(said, "list(map(str, __import__('json').load(open(os.environ['TOLD']))))")
    )
    (folder / "configuration_secretive.py").write_text(code)
    (place / "told.json").write_text(json.dumps(list(SECRETS.values())))
    config = {"model_type": "secretive", "auto_map": {"AutoConfig": "configuration_secretive.SecretiveConfig"}}
    (folder / "config.json").write_text(json.dumps({**config, **NOT_SECRET}))
    return folder


def run(place: Path, *arguments: str) -> tuple[int, str]:
    """Run the command in a separate process; return its exit code and its output."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))},
        "HOME": str(place / "home"),
        "HF_HOME": str(place / "home" / "hf"),
        "HF_HUB_OFFLINE": "1",
        "HF_TOKEN": SECRETS["hub token variable"],
        "MY_API_KEY": SECRETS["api key variable"],
        "AWS_SECRET_ACCESS_KEY": SECRETS["key variable that begins with a slash"],
        "HTTPS_PROXY": f"http://me:{quote(SECRETS['proxy variable'], safe='')}@proxy.invalid:1",
        "TMPDIR": str(place / "tmp"),
        "TOLD": str(place / "told.json"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tracer.cli.main", *arguments],
        cwd=place / "work", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def assert_nowhere(name: str, places: Iterator[tuple[str, bytes]]) -> None:
    for place, content in places:
        for form in forms(SECRETS[name]):
            at = content.find(form)
            assert at < 0, f"{name} in {place}: …{content[max(at - 60, 0) : at + 80]!r}…"


def left_on_disk(place: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file that was created, except the planted files and the modules cache."""
    for path in [*(place / "work").rglob("*"), *(place / "tmp").rglob("*")]:
        if path.is_file():
            yield str(path), path.read_bytes()


ARGUMENTS = [
    "--kwarg", f"token={SECRETS['keyword argument']}",
    "--kwarg", f"api_key={SECRETS['number as a keyword argument']}",
    "--kwarg", f'headers={{"Authorization": "Bearer {SECRETS["in nested arguments"]}", "Accept": "text/html"}}',
    "--kwarg", f'api_keys=["{SECRETS["in a list of arguments"]}"]',
    "--kwarg", f'proxies={{"https": "http://me:{SECRETS["password of a URL in arguments"]}@proxy.invalid"}}',
    "--kwarg", "eos_token=</s>",
]  # fmt: skip


@pytest.mark.parametrize("lines", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_load_that_fails(place: Path, lines: bool) -> None:
    model = write_model(place, RAISE)
    options = ["--trust-remote-code", *([] if lines else ["--no-lines"]), *ARGUMENTS, "-o", "x.glmtrace"]
    code, screen = run(place, "load", *options, str(model))
    assert code == 1, screen
    assert MASK in screen
    trace = place / "work" / "x.glmtrace"
    for name in SECRETS:
        assert_nowhere(name, packed_in(trace))
        assert_nowhere(name, iter([("the screen", screen.encode())]))
        assert_nowhere(name, left_on_disk(place))
    assert_met(trace)
    assert_readable(trace)


def assert_met(path: Path) -> None:
    """Check that the planted places were recorded; otherwise nothing could leak."""
    with open_trace(path) as trace:
        assert trace.outcome.message.count(MASK) >= len(SECRETS) - 3
        kinds = {step.kind for step in trace.steps() if MASK in f"{step.data.get('text')}{step.data.get('message')}"}
        assert kinds == {"output", "warning", "log"}
        command = trace.meta.command
        assert f"token={MASK}" in command
        assert f"api_key={MASK}" in command
        assert "eos_token=</s>" in command
        assert trace.meta.environment["HF_TOKEN"] == MASK
        assert MASK in trace.meta.native_output
        sources = [trace.source(number).text for number in trace.source_paths()]
        (remote,) = [text for text in sources if "class SecretiveConfig" in text]
        assert f'API_KEY = "{MASK}"' in remote
        assert f'login(token="{MASK}", eos_token="</s>")' in remote
        assert trace.meta.roots["model"].endswith(f"{MASK}/model")


def assert_readable(path: Path) -> None:
    """Check that what is not a secret is unchanged."""
    with open_trace(path) as trace:
        read = json.dumps(list(step_documents(trace)), ensure_ascii=False)
    for name, value in NOT_SECRET.items():
        assert re.search(rf'"{name}": {re.escape(json.dumps(value))}', read), name
    assert '"Accept": "text/html"' in read


def test_a_load_that_is_killed(place: Path) -> None:
    """Its native output until then is in the trace as well, without the secrets."""
    model = write_model(place, DIE)
    code, screen = run(place, "load", "--trust-remote-code", *ARGUMENTS, "-o", "x.glmtrace", str(model))
    assert code == 4, screen
    for name in SECRETS:
        assert_nowhere(name, packed_in(place / "work" / "x.glmtrace"))
        assert_nowhere(name, iter([("the screen", screen.encode())]))
        assert_nowhere(name, left_on_disk(place))


SCRIPT = """
import sys
from transformers import AutoConfig

hf_token = sys.argv[2]
AutoConfig.from_pretrained({model!r}, trust_remote_code=True, token=hf_token)
"""


def test_a_script(place: Path) -> None:
    """A script gets a token on its command line; its own output goes where it always goes."""
    model = write_model(place, "os.kill(os.getpid(), 9)")
    script = place / "work" / "script.py"
    script.write_text(SCRIPT.format(model=str(model)))
    token = SECRETS["keyword argument"]
    options = ["-o", "x.glmtrace", str(script), "--hf-token", token, f"--password={SECRETS['in nested arguments']}"]
    code, _ = run(place, "run", *options)
    assert code == 4
    # Unknown before it was printed: it has no secret name and no recognizable shape.
    unknown = {"number as a keyword argument", "in a list of arguments", "password of a URL in arguments"}
    for name in SECRETS.keys() - unknown:
        assert_nowhere(name, packed_in(place / "work" / "x.glmtrace"))
    with open_trace(place / "work" / "x.glmtrace") as trace:
        assert trace.meta.command[-3:] == ["--hf-token", MASK, f"--password={MASK}"]


@pytest.mark.slow
def test_an_unsealed_journal(place: Path) -> None:
    """The parent dies with the child: the journal remains, and it is as clean as the trace."""
    model = write_model(place, "os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)")
    code, _ = run(place, "load", "--trust-remote-code", *ARGUMENTS, "-o", "x.glmtrace", str(model))
    assert code == -signal.SIGKILL
    journal = place / "work" / "x.glmtrace.journal"
    for name in SECRETS:
        assert_nowhere(name, iter([("the journal", journal.read_bytes())]))
    with open_trace(journal) as trace:
        assert trace.outcome == Outcome("unfinished")
        assert len(trace) > 100


@pytest.mark.slow
def test_wrong_usage_does_not_repeat_a_secret(place: Path) -> None:
    """The error names the argument and not its value."""
    token = SECRETS["keyword argument"]
    shutil.copytree(FIXTURES / "bert-tiny", place / "work" / "bert")
    for arguments in (
        ["load", "bert", "--kwarg", f"hub-token={token}"],
        ["load", "nowhere/at/all", "--kwarg", f"token={token}"],
        ["load", "bert", "--auto-class", "AutoNothing", "--kwarg", f"token={token}"],
    ):
        code, screen = run(place, *arguments)
        assert code == 2, screen
        assert token not in screen, arguments


def test_consent_does_not_show_a_secret_of_the_command(place: Path) -> None:
    model = write_model(place, "pass")
    code, screen = run(place, "load", "--kwarg", f"token={SECRETS['keyword argument']}", str(model))
    assert code == 3, screen
    assert SECRETS["keyword argument"] not in screen


def test_the_search_finds_the_planted_forms() -> None:
    """The search itself finds what it looks for."""
    secret = SECRETS["api key variable"]
    texts: list[Any] = [secret, quote(secret), base64.b64encode(b"u:" + secret.encode()).decode(), json.dumps(secret)]
    for text in texts:
        with pytest.raises(AssertionError, match="api key variable in here"):
            assert_nowhere("api key variable", iter([("here", f"... {text} ...".encode())]))
