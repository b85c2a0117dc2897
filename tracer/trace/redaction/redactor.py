"""Keep secrets out of a trace, in three ways.

By name: a value under a name such as ``token`` or ``password`` is never summarised, and in a text such as a
configuration file it is masked (:mod:`tracer.trace.redaction.names`). By shape: whatever looks like a provider's key
(:mod:`tracer.trace.redaction.shapes`). By value: a secret that was found in one of these ways, or on this machine
before anything was recorded (:mod:`tracer.trace.redaction.known_secrets`), is looked for in every text from then on,
and when the trace is sealed in everything that was recorded before.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from tracer.trace.redaction import MASK
from tracer.trace.redaction.names import MIN_SEARCHED, can_be_searched, looks_random
from tracer.trace.redaction.shapes import decoded_basic, mask_shapes
from tracer.trace.redaction.texts import find_named, masked

_MIN_LINE: Final = 16  # a line of a secret that has several
_FEW: Final = 40


@lru_cache(maxsize=256)
def _gives_nothing_away(source: str) -> bool:
    """Whether a source file has no secret that its shape or a name would tell; each is looked at once a process."""
    return mask_shapes(source, lambda _: MASK) == source and not find_named(source, python=True)


class Redactor:
    """Masks secrets in texts; learns secrets while recording.

    Args:
        secrets: what is known to begin with.
        told: is told each secret that is learned, once.
    """

    def __init__(self, secrets: Iterable[str] = (), told: Callable[[str], None] | None = None) -> None:
        self._secrets: set[str] = set()
        self._forms: list[str] = []  # all spellings of all of them, the longest first
        self._bare: list[bytes] = []  # the same without backslashes, however often they are escaped
        self._starts: set[str] = set()
        self.told = told
        self.learn(*secrets)

    @property
    def secrets(self) -> frozenset[str]:
        """What is known."""
        return frozenset(self._secrets)

    def learn(self, *secrets: str) -> None:
        """Mask these texts from now on, also percent-encoded and in base64."""
        new = {secret for secret in secrets if len(secret) >= MIN_SEARCHED} - self._secrets
        if new:
            self._secrets |= new
            forms = {*self._forms, *(form for secret in new for form in _forms(secret))}
            self._forms = sorted(forms, key=len, reverse=True)
            self._bare = [_without_backslashes(form.encode("utf-8", "surrogatepass")) for form in self._forms]
            self._starts = {form[:MIN_SEARCHED] for form in forms}
            if self.told is not None:
                for secret in new:
                    self.told(secret)

    def concerns(self, text: bytes) -> bool:
        """Whether a known secret seems to stand in the text; blind to mere shapes of secrets."""
        text = _without_backslashes(text)
        return any(form in text for form in self._bare)

    def text(self, text: str) -> str:
        """The text with every secret masked; those that it gives away are known from then on."""
        text = mask_shapes(self.known(text), self._found)
        if found := find_named(text):
            text = masked(text, found, self._found)
        return text

    def source(self, text: str) -> str:
        """The same for a source file, in which names stand for values: only what is quoted there is a value.

        It has as many lines as before.
        """
        text = self.known_in_source(text)
        if _gives_nothing_away(text):
            return text
        text = mask_shapes(text, self._found_in_source)
        if found := find_named(text, python=True):
            text = masked(text, found, self._found_in_source)
        return text

    def known(self, text: str) -> str:
        """The text with every known secret masked."""
        return self._replaced(text, lambda _: MASK)

    def known_in_source(self, text: str) -> str:
        """The same for a source file, which keeps its lines."""
        return self._replaced(text, lambda match: MASK + "\n" * match.group().count("\n"))

    def data(self, data: Any) -> Any:
        """Plain data with every known secret masked in its texts."""
        if isinstance(data, str):
            return self.known(data)
        if isinstance(data, dict):
            return {self.known(key): self.data(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.data(item) for item in data]
        return data

    def _replaced(self, text: str, mask: Callable[[re.Match[str]], str]) -> str:
        if not self._forms or not self._may_hold(text):
            return text
        forms = [form for form in self._forms if form in text]
        return re.sub("|".join(map(re.escape, forms)), mask, text) if forms else text

    def _may_hold(self, text: str) -> bool:
        if len(self._forms) <= _FEW or len(text) > 2_000:
            return True
        starts = self._starts
        return any(text[at : at + MIN_SEARCHED] in starts for at in range(len(text) - MIN_SEARCHED + 1))

    def _found_in_source(self, secret: str) -> str:
        return self._found(secret) + "\n" * secret.count("\n")

    def _found(self, secret: str) -> str:
        for part in parts_of(secret):
            if can_be_searched(part):
                self.learn(part)
        return MASK


def _without_backslashes(text: bytes) -> bytes:
    return text.replace(b"\\", b"") if b"\\" in text else text


def parts_of(secret: str) -> Iterator[str]:
    """A secret, and of a header's value or of credentials in a URL also what they are made of."""
    yield secret
    scheme, _, rest = secret.partition(" ")
    if scheme.lower() in ("bearer", "token", "basic") and rest:
        yield rest.strip()
    if scheme.lower() == "basic" and (decoded := decoded_basic(rest.strip())) is not None:
        yield decoded.partition(":")[2]
    if "=" in secret:  # a cookie, a connection string, base64
        for piece in re.split(r"[;,&\s]+", secret):
            value = piece.partition("=")[2]
            if looks_random(value):
                yield value
        if looks_random(bare := secret.rstrip("=")):
            yield bare


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
