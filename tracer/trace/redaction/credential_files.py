"""Secrets in the files where tools keep them: saved hub tokens, netrc, cloud and registry credentials, keys."""

from __future__ import annotations

import json
import netrc
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tracer.trace.hub_folders import hub_folders
from tracer.trace.redaction.names import MIN_SEARCHED, can_be_searched, looks_random
from tracer.trace.redaction.plain_data import secrets_in, secrets_in_text, secrets_in_urls
from tracer.trace.redaction.redactor import parts_of

_TOKENS: Final = (".huggingface/token", ".vault-token", ".modelscope/credentials/git_token", ".replicate/token")
"""Files that are a secret and nothing else."""
_SETTINGS: Final = (
    ".aws/credentials", ".aws/config", ".kaggle/kaggle.json", ".config/kaggle/kaggle.json", ".boto", ".s3cfg",
    ".config/gcloud/application_default_credentials.json", ".config/rclone/rclone.conf", ".rclone.conf",
    ".azure/accessTokens.json", ".azure/msal_token_cache.json", ".azure/config", ".oci/config", ".databrickscfg",
    ".docker/config.json", ".config/containers/auth.json", ".kube/config",
    ".pip/pip.conf", ".config/pip/pip.conf", "pip/pip.ini", ".pypirc", ".condarc", ".config/pypoetry/auth.toml",
    ".config/uv/uv.toml", ".npmrc", ".yarnrc", ".yarnrc.yml", ".cargo/credentials", ".cargo/credentials.toml",
    ".gem/credentials", ".config/gh/hosts.yml", ".config/hub", ".config/glab-cli/config.yml", ".git-credentials",
    ".config/git/credentials", ".gitconfig", ".config/wandb/settings", ".comet.config", ".mlflow/credentials",
    ".neptune/credentials", ".clearml.conf", "clearml.conf", ".ngc/config", ".modal.toml", ".runpod/config.toml",
    ".lightning/credentials.json", ".streamlit/secrets.toml", ".openai/auth.json", ".codex/auth.json",
    ".config/openai/config.json", ".modelscope/credentials/session", ".my.cnf", ".env",
)  # fmt: skip
"""Files with secrets under names, in JSON, INI, TOML, YAML or lines of ``name=value``; below the home folder."""
_VARIABLES: Final = (
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "PIP_CONFIG_FILE",
    "KUBECONFIG", "NPM_CONFIG_USERCONFIG", "BOTO_CONFIG",
)  # fmt: skip
"""Where the place of such a file is said by the environment,"""
_FOLDERS: Final = {
    "KAGGLE_CONFIG_DIR": "kaggle.json",
    "DOCKER_CONFIG": "config.json",
    "CLOUDSDK_CONFIG": "application_default_credentials.json",
    "WANDB_CONFIG_DIR": "settings",
    "GH_CONFIG_DIR": "hosts.yml",
}
"""or that of its folder."""
_KEYS: Final = ("id_rsa", "id_ed25519", "id_ecdsa", "id_dsa")
_READ: Final = frozenset({".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".txt", ".properties"})
_LARGEST: Final = 1 << 20


def secrets_in_files(environment: Mapping[str, str], home: Path) -> set[str]:
    """The secrets that this user's tools have saved."""
    found: set[str] = set()
    hub = hub_folders(environment, home)
    for path in (*(home / name for name in _TOKENS), Path(hub.home, "token"), Path(hub.token)):
        found |= set(_read(path).split())
    settings = [home / name for name in _SETTINGS]
    settings += _named(environment, *_VARIABLES)
    settings += [path / name for variable, name in _FOLDERS.items() for path in _named(environment, variable)]
    for path in (*settings, Path(hub.home, "stored_tokens"), Path(hub.stored_tokens)):
        found |= _secrets_in_settings(_read(path))
    for path in (*_named(environment, "NETRC"), home / ".netrc", home / "_netrc"):
        found |= _netrc_passwords(path)
    found |= {line.rpartition(":")[2] for line in _read(home / ".pgpass").splitlines() if line.count(":") >= 4}
    found |= {_read(home / ".ssh" / name).strip() for name in _KEYS}
    return {secret for secret in found if len(secret) >= MIN_SEARCHED}


def secrets_in_model(folder: Path) -> set[str]:
    """What stands behind secret names in a model directory's JSON and other small files."""
    found: set[str] = set()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        if (os.path.splitext(name)[1].lower() in _READ or name.startswith(".env")) and not name.startswith("vocab"):
            text = _read(folder / name)
            found |= secrets_in(_as_json(text)) if text.lstrip()[:1] in ("{", "[") else set()
            if len(text) < _LARGEST // 8 or not found:
                found |= secrets_in_text(text) if len(text) < _LARGEST // 8 else set()
    return set(filter(can_be_searched, found))


def _secrets_in_settings(text: str) -> set[str]:
    """Here whatever looks made by a machine is a secret, under whatever name."""
    if not text:
        return set()
    found = secrets_in_text(text) | secrets_in(_as_json(text)) | secrets_in_urls(text)
    for word in re.findall(r"[^\s\"'=:,{}\[\]<>]+=*", text):
        if looks_random(word):
            found.add(word)
    # Docker and npm write user:password in base64.
    decoded = {part for secret in found for part in parts_of(f"Basic {secret}")} - {f"Basic {one}" for one in found}
    return set(filter(can_be_searched, found | decoded))


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _named(environment: Mapping[str, str], *variables: str) -> list[Path]:
    return [Path(os.path.expanduser(path)) for name in variables if (path := environment.get(name))]


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def _netrc_passwords(path: Path) -> set[str]:
    if not (text := _read(path)):
        return set()
    # The parser keeps one entry a machine, none of a file that has a mistake, and knows no quotes on Python 3.10.
    found = {quoted or plain for quoted, plain in re.findall(r'\bpassword\s+(?:"([^"]*)"|(\S+))', text)}
    try:
        return found | {entry[2] for entry in netrc.netrc(os.fspath(path)).hosts.values() if entry[2]}
    except (netrc.NetrcParseError, OSError):
        return found
