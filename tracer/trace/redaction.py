"""Keeping secrets out of a trace.

Two nets. By name: what stands under ``token``, ``password`` and their kin is never summarised. By value: a text
is searched for every secret known so far (see :mod:`tracer.trace.known_secrets`, and whatever stood under a secret
name) and for the shapes of hub tokens, bearer headers and credentials in URLs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "‹secret›"
MIN_SEARCHED: Final = 6
"""A shorter secret can't be searched for without shredding ordinary text."""

_SECRET_NAME: Final = re.compile(
    r"""(?ix) ^_* (?:
        token | id[_-]?token |
        (?: .*[_-] )? (?:
            passwords? | passwd | passphrases? | secrets? | credentials? | cookies? | bearer | auth | authorization |
            (?: api | secret | private | signing | (?: secret[_-]? )? access ) [_-]? keys? |
            (?: auth | access | hub | hf | hugging[_-]?face | refresh | github | gitlab | session | api | bearer |
                csrf | oauth | security ) [_-]? tokens?
        ) (?: [_-]id )?
    ) $"""
)
# The shapes of secrets that nobody told of, each with the text (in small letters) without which there is none of it:
# looking for that costs next to nothing, and most texts have none.
_SHAPES: Final = tuple(
    (hint, re.compile(shape))
    for hint, shape in (
        ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),
        ("api_org_", r"\bapi_org_[A-Za-z0-9]{16,}"),
        *((f"gh{letter}_", rf"\bgh{letter}_[A-Za-z0-9_-]{{20,}}") for letter in "pousr"),
        ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_-]{20,}"),
        ("sk-", r"\bsk-[A-Za-z0-9_-]{20,}"),
        ("eyj", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
        # "Bearer" and "basic" are words as well: what follows must look like no word.
        ("bearer", r"(?i:\bbearer\s+)(?=[A-Za-z0-9._~+/=-]*[0-9]|[A-Za-z0-9._~+/=-]{24})[A-Za-z0-9._~+/=-]{8,}"),
        ("basic", r"(?i:\bbasic\s+)(?P<basic>[A-Za-z0-9+/]{8,}={0,2})"),
        ("://", r"(?<=://)[^/?#\s:'\"<>]*:[^/?#\s'\"<>]+(?=@)"),
        ("://", r"(?:(?<=http://)|(?<=https://))[^/?#\s:'\"<>]+(?=@)"),
    )
)
_MIN_LINE: Final = 16  # a line of a secret that has several


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a value under this argument, key or header name is kept out of the trace."""
    return _SECRET_NAME.match(name) is not None


class Redactor:
    """Masks secrets in texts; learns secrets while recording."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._search: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Mask these texts from now on, also percent-encoded and in base64."""
        new = {secret for secret in secrets if len(secret) >= MIN_SEARCHED} - self._secrets
        if new:
            self._secrets |= new
            forms = {form for secret in self._secrets for form in _forms(secret)}
            self._search = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))

    def concerns(self, text: bytes) -> bool:
        """Whether a known secret stands in the text; quicker than :meth:`text`, and blind to mere shapes of secrets."""
        return any(secret.encode("utf-8", "surrogatepass") in text for secret in self._secrets)

    def text(self, text: str) -> str:
        """The text with every known secret masked."""
        if self._search is not None:
            text = self._search.sub(MASK, text)
        lowered = text.lower()
        for hint, shape in _SHAPES:
            if hint in lowered:
                text = shape.sub(_masked, text)
        return text


def decoded_basic(text: str) -> str | None:
    """The ``user:password`` behind the word Basic; None where that is another word."""
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if ":" in decoded and decoded.isprintable() else None


def _masked(match: re.Match[str]) -> str:
    basic = match.groupdict().get("basic")
    return match.group() if basic is not None and decoded_basic(basic) is None else MASK


def _forms(secret: str) -> Iterator[str]:
    """How a secret can be spelt."""
    yield from (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    plain = secret.encode("utf-8", "surrogatepass")
    for percent in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
        yield from (percent, re.sub("%..", lambda code: code.group().lower(), percent))
    # In base64 (say, of "user:password") a secret has three possible shapes, by its offset modulo 3; the characters
    # at its edges depend on its neighbours and are left out.
    for offset, start in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * offset + plain).decode()[start : (offset + len(plain)) * 8 // 6]
        if len(encoded) >= MIN_SEARCHED:
            yield from (encoded, encoded.replace("+", "-").replace("/", "_"))
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _MIN_LINE)
