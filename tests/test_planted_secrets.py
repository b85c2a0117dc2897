"""Secrets planted wherever a load can come across one: none is in the trace, on the screen, or in what a command prints.

What can't be known is not planted: a secret that is spelt backwards or in hexadecimal digits, a constant under an
innocent name, a comment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_secrets_of_a_load import forms, packed_in
from tracer.analysis.search import search
from tracer.cli.main import main
from tracer.trace.reading import open_trace
from tracer.trace.redaction.redactor import MASK

pytestmark = pytest.mark.slow  # two whole processes that load a model

ROOT = Path(__file__).parents[1]
PROGRAM = Path(sys.executable).with_name("glm-trace")


def made(what: str, length: int = 28) -> str:
    """A secret of its own for each place, as machines make them."""
    return hashlib.sha256(what.encode()).hexdigest()[:length]


def letters(what: str, length: int) -> str:
    """The same of letters and digits."""
    return base64.b64encode(hashlib.sha512(what.encode()).digest()).decode().translate({43: "x", 47: "y"})[:length]


VARIABLES = """
my_token slack_token bot_token user_token openai_token service_token pw pwd db_pw passcode pin_code_password tokens
secret_value token_value ssh_key deploy_key encryption_key subscription_key license_key wandb_key connection_string dsn
webhook sas signature jwt auth_header passwordHash apiKey accessToken client_secret refresh_token id_token bearer
session_cookie csrf_token hmac_key storage_account_key mistral_api_key ANTHROPIC_KEY replicate_token clientSecretValue
smtp_pass ldap_bind_pw otp_secret private_key_pem stripe_key cookie credentials x_auth_token my_bearer_token sasToken
""".split()
CONFIGURED = """
hub_token api_key apiKey accessToken client_secret aws_secret_access_key db_password passwd x-api-key refresh_token
id_token bearer
""".split()
ENVIRONMENT = """
KAGGLE_KEY STRIPE_KEY SSH_KEY ENCRYPTION_KEY MY_PASS SMTP_PASS DB_PW LDAP_BINDPW SESSION_ID
AZURE_STORAGE_CONNECTION_STRING HF_HUB_COOKIE_STRING HF_TOKEN OPENAI_API_KEY PGPASSWORD MY_SECRET_2 COMET_KEY
""".split()
SHAPES = {
    "aws": f"AKIA{letters('aws', 16).upper()}",
    "google": f"AIza{letters('google', 35)}",
    "slack": f"xoxb-123456789012-1234567890123-{letters('slack', 24)}",
    "stripe": f"sk_live_{letters('stripe', 24)}",
    "gitlab": f"glpat-{letters('gitlab', 20)}",
    "npm": f"npm_{letters('npm', 36)}",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{letters('pypi', 60)}",
    "sendgrid": f"SG.{letters('a', 22)}.{letters('b', 43)}",
    "github": f"ghp_{letters('github', 36)}",
    "hub": f"hf_{letters('hub', 34)}",
    "anthropic": f"sk-ant-api03-{letters('anthropic', 80)}",
    "databricks": f"dapi{made('databricks', 32)}",
    "groq": f"gsk_{letters('groq', 52)}",
}
SAVED = ("aws", "kaggle", "docker", "gcloud", "pip", "netrc", "git", "hub", "wandb", "npm")
TEXTS = {
    "app.env": "export DB_PASSWORD={0}\nSMTP_PASS='{1}'\n",
    "app.ini": "[server]\nport = 8080\nsecret = {0}\n[client]\ntoken: {1}\n",
    "app.yaml": "name: x\ndatabase:\n  password: {0}\napi_keys:\n  - {1}\n",
    "app.json": '{{"outer": {{"accessToken": "{0}", "list": [["x-api-key", "{1}"]]}}}}',
    "settings.txt": "client_secret = '{0}'\nheaders = {{'Authorization': 'Bearer {1}'}}\n",
    "request.txt": "GET / HTTP/1.1\r\nAuthorization: Bearer {0}\r\nCookie: sid={1}; theme=dark\r\n\r\n",
    "urls.txt": "https://host/a?access_token={0}&x=1 https://blob/c?sv=2022&sig={1}",
    "nested.json": '{{"text": "{{\\"api_key\\": \\"{0}\\", \\"n\\": 1}}", "name": "X-Auth-Token", "value": "{1}"}}',
}
PRINTED = ("print", "warn", "log", "native", "raise", "base64", "url")

# What the remote code knows it reads backwards, so that its source and that file show nothing.
CODE = """
import base64, json, logging, os, sys, warnings
from urllib.parse import quote
from transformers import BertConfig

API_KEY = "{constant}"
settings = {{"password": "{in_dict}"}}


def login(token="{default}", eos_token="</s>"):
    return eos_token


def read_backwards(text):
    return text[::-1]


class OwnConfig(BertConfig):
    model_type = "bert"

    def __init__(self, **kwargs):
        told = json.load(open(os.environ["TOLD"]))
        {variables}
        for name in {shapes!r}:
            text = read_backwards(told[name])
            print("shape", text)
        for name in {environment!r}:
            value = os.environ[name]
            listed = [value, {{"in": value}}]
            print("variable", value, file=sys.stderr)
        for name in {saved!r}:
            value = read_backwards(told[name])
            print("saved", value)
        for name in {texts!r}:
            content = open(os.path.join(os.environ["TEXTS"], name), newline="").read()
            print(content)
        early = read_backwards(told["late"])
        print("early " + early)
        warnings.warn("early " + early)
        holder = (early, {{early: 1}})
        token = early
        pair = ["x-api-key", read_backwards(told["pair"])]
        header = ("Authorization", "Bearer " + read_backwards(told["header"]))
        entry = {{"name": "X-Api-Key", "value": read_backwards(told["entry"])}}
        secret = read_backwards(told["print"]); print("printed", secret, [secret])
        secret = read_backwards(told["warn"]); warnings.warn("warned of " + secret)
        secret = read_backwards(told["log"]); logging.getLogger("transformers.own").warning("logged %s", secret)
        secret = read_backwards(told["native"]); os.write(1, ("native " + secret + "\\n").encode())
        secret = read_backwards(told["base64"]); text = base64.b64encode(("me:" + secret).encode()).decode()
        secret = read_backwards(told["url"]); link = "https://me:" + quote(secret) + "@host/"
        super().__init__(**kwargs)
        if os.environ.get("FAIL"):
            secret = read_backwards(told["raise"])
            raise RuntimeError("failed with " + secret)
"""
MODEL = """
from transformers import BertModel
from .configuration_own import OwnConfig

class OwnModel(BertModel):
    config_class = OwnConfig

    def __init__(self, config, **arguments):
        super().__init__(config)
"""


def planted() -> dict[str, str]:
    """Every secret, by its place."""
    secrets = {f"variable {name}": made(f"variable {name}") for name in VARIABLES}
    secrets |= {f"config.json {name}": made(f"config.json {name}") for name in CONFIGURED}
    secrets |= {f"environment {name}": made(f"environment {name}") for name in ENVIRONMENT}
    secrets |= {f"shape {name}": secret for name, secret in SHAPES.items()}
    secrets |= {f"saved {name}": made(f"saved {name}", 32) for name in SAVED}
    secrets |= {f"{name} {at}": made(f"{name} {at}") for name in TEXTS for at in (0, 1)}
    secrets |= {name: made(name) for name in ("late", "pair", "header", "entry", *PRINTED)}
    secrets |= {name: made(name) for name in ("constant", "in_dict", "default")}
    secrets |= {f"argument {name}": made(f"argument {name}") for name in ARGUMENTS}
    secrets |= {"prompt": f"hf_{letters('prompt', 34)}", "hub variable": made("hub variable")}
    return secrets


ARGUMENTS = {
    "my_token": "{0}",
    "api_key": "{0}",
    "headers": '{{"Authorization": "Bearer {0}", "Accept": "text/html"}}',
    "extra": '[["x-api-key", "{0}"], ["accept", "text"]]',
    "deep": '{{"a": [{{"b": {{"password": "{0}"}}}}]}}',
    "api_keys": '["{0}"]',
    "endpoint": "https://host/v1?access_token={0}&x=1",
    "proxies": '{{"https": "http://me:{0}@proxy.invalid"}}',
    "entries": '[{{"name": "X-Token", "value": "{0}"}}]',
    "note": "password={0}",
}
ORDINARY = {"eos_token": "</s>", "max_new_tokens": 77, "num_key_value_heads": 2, "hidden_act": "gelu"}


def write_home(home: Path) -> None:
    def saved(name: str) -> str:
        return made(f"saved {name}", 32)

    basic = base64.b64encode(f"me:{saved('docker')}".encode()).decode()
    files = {
        ".aws/credentials": f"[default]\naws_access_key_id = AKIA\naws_secret_access_key = {saved('aws')}\n",
        ".kaggle/kaggle.json": json.dumps({"username": "me", "key": saved("kaggle")}),
        ".docker/config.json": json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": basic}}}),
        ".config/gcloud/application_default_credentials.json": json.dumps({"refresh_token": saved("gcloud")}),
        ".config/pip/pip.conf": f"[global]\nindex-url = https://me:{saved('pip')}@host/simple\n",
        ".netrc": f"machine api.wandb.ai\n  login user\n  password {saved('netrc')}\n",
        ".git-credentials": f"https://me:{saved('git')}@host\n",
        "hf/token": saved("hub"),
        ".config/wandb/settings": f"[default]\napi_key = {saved('wandb')}\n",
        ".npmrc": f"//registry/:_authToken={saved('npm')}\n",
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)


def write_model(place: Path, secrets: dict[str, str]) -> Path:
    folder = place / "model"
    shutil.copytree(ROOT / "fixtures" / "bert-tiny", folder)
    config = json.loads((folder / "config.json").read_text())
    config = {name: secrets[f"config.json {name}"] for name in CONFIGURED} | config | ORDINARY
    config["auto_map"] = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    code = CODE.format(
        constant=secrets["constant"],
        in_dict=secrets["in_dict"],
        default=secrets["default"],
        variables="\n        ".join(f"{name} = read_backwards(told['variable {name}'])" for name in VARIABLES),
        shapes=[f"shape {name}" for name in SHAPES],
        environment=ENVIRONMENT,
        saved=[f"saved {name}" for name in SAVED],
        texts=list(TEXTS),
    )
    (folder / "configuration_own.py").write_text(code)
    (folder / "modeling_own.py").write_text(MODEL)
    (place / "told.json").write_text(json.dumps({name: secret[::-1] for name, secret in secrets.items()}))
    (place / "texts").mkdir()
    for name, text in TEXTS.items():
        (place / "texts" / name).write_bytes(text.format(*(secrets[f"{name} {at}"] for at in (0, 1))).encode())
    return folder


def load(place: Path, model: Path, secrets: dict[str, str], *arguments: str, **variables: str) -> tuple[int, str]:
    home = place / "home"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    environment |= {name: secrets[f"environment {name}"] for name in ENVIRONMENT}
    environment |= {
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_HUB_OFFLINE": "1",
        "HF_HEADERS": json.dumps({"Authorization": f"Bearer {secrets['hub variable']}"}),
        "TOLD": str(place / "told.json"),
        "TEXTS": str(place / "texts"),
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    for name, text in ARGUMENTS.items():
        arguments += ("--kwarg", f"{name}={text.format(secrets[f'argument {name}'])}")
    done = subprocess.run(
        [PROGRAM, "load", str(model), "--trust-remote-code", *arguments, "--prompt", f"with {secrets['prompt']} in it"],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


class Planted:
    def __init__(self, place: Path) -> None:
        self.secrets = planted()
        (place / "home").mkdir()
        write_home(place / "home")
        model = write_model(place, self.secrets)
        self.good, self.bad = place / "good.glmtrace", place / "bad.glmtrace"
        self.screens: dict[str, str] = {}
        code, self.screens["load"] = load(place, model, self.secrets, "-o", str(self.good))
        assert code == 0, self.screens["load"]
        code, self.screens["failed load"] = load(place, model, self.secrets, "-o", str(self.bad), FAIL="1")
        assert code == 1, self.screens["failed load"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"))


def found_in(secrets: dict[str, str], places: Iterator[tuple[str, bytes]]) -> dict[str, str]:
    """Which secrets are found, and where."""
    found: dict[str, str] = {}
    searched = [(name, form) for name, secret in secrets.items() for form in forms(secret)]
    for place, content in places:
        for name, form in searched:
            if (at := content.find(form)) >= 0:
                found.setdefault(name, f"{place}: …{content[max(at - 80, 0) : at + 60].decode(errors='replace')}…")
    return found


def all_of(path: Path) -> Iterator[tuple[str, bytes]]:
    yield from packed_in(path)
    connection = sqlite3.connect(path)
    for table in ("meta", "step", "frame", "value", "source"):
        for row in connection.execute(f"SELECT * FROM {table}"):
            yield f"table {table}", repr(row).encode()
    connection.close()


def test_enough_is_planted() -> None:
    assert len(set(planted().values())) == len(planted()) >= 114


def test_nothing_is_in_the_traces_or_on_the_screens(loaded: Planted) -> None:
    assert found_in(loaded.secrets, all_of(loaded.good)) == {}
    assert found_in(loaded.secrets, all_of(loaded.bad)) == {}
    screens = ((name, text.encode()) for name, text in loaded.screens.items())
    assert found_in(loaded.secrets, iter(screens)) == {}


def test_nothing_is_in_what_commands_print(
    loaded: Planted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[str, bytes]:
        monkeypatch.setattr(sys, "argv", ["glm-trace", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        assert said.out, arguments
        assert "Traceback" not in said.err
        return " ".join(arguments), (said.out + said.err).encode()

    good, bad = str(loaded.good), str(loaded.bad)
    outputs = [
        *(run(*command, trace) for trace in (good, bad) for command in (
            ("show",), ("show", "--steps"), ("show", "--json"), ("show", "--steps", "--json"), ("why",), ("decisions",),
            ("kwargs",), ("kwargs", "--json"),
        )),
        *(run("kwargs", good, name) for name in ("my_token", "extra")),
        run("diff", good, bad),
        *(run("walkthrough", "show", str(number), good, "--format", "md") for number in (2, 6, 12)),
        run("walkthrough", "new", "scaffold", good, "--walkthroughs", str(loaded.good.with_name("own"))),
    ]  # fmt: skip
    assert found_in(loaded.secrets, iter(outputs)) == {}


def test_nothing_is_found_by_searching(loaded: Planted) -> None:
    with open_trace(loaded.good) as trace:
        assert search(trace, "OwnConfig")
        assert {name for name, secret in loaded.secrets.items() if search(trace, secret)} == set()


def test_what_was_planted_was_met_and_the_rest_is_readable(loaded: Planted) -> None:
    """Were nothing recorded, nothing could leak."""
    with open_trace(loaded.good) as trace:
        steps = json.dumps([step.data for step in trace.steps()], ensure_ascii=False)
        (source,) = (text for n in trace.source_paths() if "class OwnConfig" in (text := trace.source(n).text))
    for said in ("shape", "variable", "saved", "early", "printed", "warned of", "logged"):
        assert f"{said} {MASK}" in steps, said
    assert f'API_KEY = "{MASK}"' in source
    assert 'eos_token="</s>"' in source
    values = "\n".join(data for (data,) in sqlite3.connect(loaded.good).execute("SELECT data FROM value"))
    assert values.count('"is":"secret"') > 60
    for name, value in ORDINARY.items():
        assert json.dumps(f'"{name}": {json.dumps(value)}')[1:-1] in values
