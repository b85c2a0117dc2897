"""The folders of the Hugging Face libraries are those that the libraries compute themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.trace.hub_folders import HubFolders, hub_folders

_PROGRAM = """
import importlib, json, os, sys
from huggingface_hub import constants
from transformers.utils import hub

for line in sys.stdin:  # the libraries are imported once; each child runs the modules with the variables again
    child = os.fork()
    if child == 0:
        os.environ.update(json.loads(line))
        importlib.reload(constants)
        importlib.reload(hub)
        found = [
            constants.HF_HOME,
            constants.HF_HUB_CACHE,
            getattr(hub, "TRANSFORMERS_CACHE", None),
            hub.HF_MODULES_CACHE,
            constants.HF_TOKEN_PATH,
            constants.HF_STORED_TOKENS_PATH,
        ]
        print(json.dumps(found), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""

ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"XDG_CACHE_HOME": "/no-such/xdg"},
    {"XDG_CACHE_HOME": "~/xdg"},
    {"XDG_CACHE_HOME": ""},
    {"HF_HOME": "/no-such/hf"},
    {"HF_HOME": "~/hf", "XDG_CACHE_HOME": "/no-such/xdg"},
    {"HF_HOME": "$PLACE/hf", "PLACE": "/no-such/place"},
    {"HF_HOME": ""},
    {"HF_HUB_CACHE": "~/hub", "HUGGINGFACE_HUB_CACHE": "/no-such/older", "HF_HOME": "/no-such/hf"},
    {"HUGGINGFACE_HUB_CACHE": "$PLACE/older", "HF_HOME": "/no-such/hf", "PLACE": "~"},
    {"HF_HUB_CACHE": ""},
    {"TRANSFORMERS_CACHE": "~/first", "PYTORCH_TRANSFORMERS_CACHE": "/no-such/second"},
    {"PYTORCH_TRANSFORMERS_CACHE": "$PLACE/second", "PYTORCH_PRETRAINED_BERT_CACHE": "/no-such/third"},
    {"PYTORCH_PRETRAINED_BERT_CACHE": "/no-such/third", "HF_HUB_CACHE": "/no-such/hub"},
    {"HF_MODULES_CACHE": "/no-such/modules", "HF_HOME": "/no-such/hf"},
    {"HF_MODULES_CACHE": "~/$PLACE", "PLACE": "modules"},
    {"HF_MODULES_CACHE": ""},
    {"HF_TOKEN_PATH": "~/secret/token", "HF_HOME": "/no-such/hf"},
    {"HF_TOKEN_PATH": "token"},
    {"HUGGINGFACE_CO_STAGING": "true", "HF_HOME": "/no-such/hf", "HF_TOKEN_PATH": "/no-such/token"},
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def answers(home: Path) -> list[list[str | None]]:
    """Return what the installed libraries compute for each environment."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input="".join(f"{json.dumps(environment)}\n" for environment in ENVIRONMENTS),
        env={"HOME": str(home), "PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "number", range(len(ENVIRONMENTS)), ids=lambda number: " ".join(ENVIRONMENTS[number]) or "none"
)
def test_the_libraries_compute_the_same(
    number: int, home: Path, answers: list[list[str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = ENVIRONMENTS[number]
    monkeypatch.setattr(os, "environ", {"HOME": str(home), **environment})
    found = hub_folders(os.environ)
    assert len(answers) == len(ENVIRONMENTS)
    theirs = answers[number]
    if theirs[2] is None:  # transformers 5
        theirs = [*theirs[:2], found.older_hub_cache, *theirs[3:]]
    assert found._asdict() == dict(zip(HubFolders._fields, theirs, strict=True))


def test_the_home_folder_can_be_given(tmp_path: Path) -> None:
    assert hub_folders({}, tmp_path).token == f"{tmp_path}/.cache/huggingface/token"
    assert hub_folders({"HF_HOME": "~/hf"}, tmp_path).hub_cache == f"{tmp_path}/hf/hub"


def test_only_the_given_variables_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "/of-this-process")
    monkeypatch.setenv("HOME", "/home-of-this-process")
    given = {"HOME": str(tmp_path), "HF_HOME": "~/${PLACE}/$OTHER/$$", "OTHER": "given"}
    assert hub_folders(given).home == f"{tmp_path}/${{PLACE}}/given/$$"
