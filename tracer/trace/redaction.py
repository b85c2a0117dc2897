"""Keeping secrets out of a trace.

Two nets. By name: what stands under ``token``, ``password`` and their kin is never summarised. By value: a text
is searched for every secret known so far (environment variables with such names, saved hub tokens, netrc
passwords, whatever stood under a secret name) and for the shapes of hub tokens, bearer headers and credentials
in URLs.
"""

from __future__ import annotations

import base64
import netrc
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "‹secret›"

_SECRET_NAME: Final = re.compile(
    r"""(?ix) ^_* (?:
        token | use_auth_token | auth | authorization | proxy_authorization | cookie | credentials? |
        (?: .*[_-] )? (?: passwords? | passwd | passphrase | secrets? | credentials? |
            api_?keys? | apikey | access_key | secret_key | private_key | signing_key |
            auth[_-]?tokens? | access[_-]?tokens? | hub[_-]?tokens? | hf[_-]?tokens? | bearer |
            refresh[_-]?tokens? | github[_-]?tokens? | session[_-]?tokens? | api[_-]?tokens? | x-api-key ) (?: [_-]id )?
    ) $"""
)
# An environment variable is a secret under more names: there are no eos_tokens among them.
_SECRET_VARIABLE: Final = re.compile(r"(?i)(token|passwd|password|secret|api_?key|credential|private_key|access_key)")
_PATTERNS: Final = (
    r"\bhf_[A-Za-z0-9]{16,}",
    r"\b(?:gh[pousr]_|github_pat_|sk-)[A-Za-z0-9_-]{20,}",
    r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"(?<=://)[^/\s:@'\"<>]*:[^/\s@'\"<>]+(?=@)",
)
_MIN_SEARCHED: Final = 6  # a shorter secret can't be searched for without shredding ordinary text


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a value under this argument, key or header name is kept out of the trace."""
    return _SECRET_NAME.match(name) is not None


def is_secret_variable(name: str, value: str) -> bool:
    """Whether an environment variable holds a secret, and not a flag or a path about one."""
    return _SECRET_VARIABLE.search(name) is not None and not _is_ordinary(value)


class Redactor:
    """Masks secrets in texts; learns secrets while recording."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._search: re.Pattern[str] = _compile(())
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Mask these texts from now on, also percent-encoded and in base64."""
        new = {secret for secret in secrets if len(secret) >= _MIN_SEARCHED} - self._secrets
        if new:
            self._secrets |= new
            self._search = _compile(self._secrets)

    def concerns(self, text: str) -> bool:
        """Whether a known secret stands in the text; quicker than :meth:`text`, and blind to mere shapes of secrets."""
        return any(secret in text for secret in self._secrets)

    def text(self, text: str) -> str:
        """The text with every known secret masked."""
        return self._search.sub(MASK, text)


def secrets_of_this_machine(environment: Mapping[str, str], home: Path) -> set[str]:
    """Secrets that a load could come across: environment variables, saved hub tokens, netrc passwords."""
    found = {value.strip() for name, value in environment.items() if _SECRET_VARIABLE.search(name)}
    found |= {password for value in environment.values() for password in re.findall(r"://[^/\s:@]*:([^/\s@]+)@", value)}
    hub = Path(environment.get("HF_HOME", home / ".cache" / "huggingface"))
    for path in (environment.get("HF_TOKEN_PATH"), hub / "token", home / ".huggingface" / "token"):
        if path:
            found |= set(_read(Path(path)).split())
    found |= set(re.findall(r"(?m)^hf_token\s*=\s*(\S+)", _read(hub / "stored_tokens")))
    for path in (environment.get("NETRC"), home / ".netrc", home / "_netrc"):
        if path:
            found |= _netrc_passwords(Path(path))
    return {secret for secret in found if not _is_ordinary(secret)}


def _compile(secrets: Iterable[str]) -> re.Pattern[str]:
    forms = {form for secret in secrets for form in _forms(secret)}
    literal = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
    return re.compile("|".join([*literal, *_PATTERNS]))


def _forms(secret: str) -> set[str]:
    plain = secret.encode("utf-8", "surrogatepass")
    # In base64 (say, of "user:password") a secret has three possible shapes, by its offset modulo 3; the characters
    # at its edges depend on its neighbours and are left out.
    shapes = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain).decode()
        start = (0, 2, 3)[offset]
        shapes.add(encoded[start : (offset + len(plain)) * 8 // 6])
    long_enough = {shape for shape in shapes if len(shape) >= _MIN_SEARCHED}
    return {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]} | long_enough


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > 1 << 20:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _netrc_passwords(path: Path) -> set[str]:
    if not (text := _read(path)):
        return set()
    try:
        return {entry[2] for entry in netrc.netrc(os.fspath(path)).hosts.values() if entry[2]}
    except (netrc.NetrcParseError, OSError):
        return set(re.findall(r"\bpassword\s+(\S+)", text))


def secrets_in(arguments: Mapping[str, object]) -> set[str]:
    """Texts that stand under secret names in keyword arguments, at any depth of dictionaries."""
    found: set[str] = set()
    for name, value in arguments.items():
        if isinstance(value, str) and is_secret_name(name):
            found.add(value)
        elif isinstance(value, Mapping):
            found |= secrets_in(value)
    return found


def _is_ordinary(value: str) -> bool:
    """Flags such as ``HF_HUB_DISABLE_IMPLICIT_TOKEN=1`` and paths such as ``HF_TOKEN_PATH`` are no secrets."""
    return (
        len(value) < _MIN_SEARCHED
        or value.lower() in {"true", "false", "disable", "enable", "disabled", "enabled", "warning"}
        or os.path.isabs(value)
    )
