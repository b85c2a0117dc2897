"""Secrets that are known by their own shape, whatever their name: ``hf_…``, ``ghp_…``, private keys…

Most shapes are those of gitleaks, in ``shapes.json`` beside this file. What is added here is wider: a provider's
prefix before anything that a machine made up, headers, and credentials in URLs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from tracer.trace.redaction.names import entropy

_MIN_RUN: Final = 14
_RUN: Final = re.compile(rf"[\w+=~-]{{{_MIN_RUN},}}")
"""Nearly every shape has such a run of characters with a digit in it; names, words and module paths have none."""
_DIGIT: Final = re.compile("[0-9]")
_LONG: Final = 1_000  # characters; in a longer text only the lines with a hint are searched
_OVER_LINES: Final = "-----begin"
_WITHOUT_RUN: Final = ("hf_", "api_org_", "bearer", "basic", "://", "-----begin", "hooks.slack.com", "webhook")
"""The hints of those that need not have one."""

# Prefixes that nothing else begins with, and what is behind them. (A text at the very front is found many times quicker
# than a word's beginning is.)
_PREFIXES: Final = (
    r"hf_(?<=\bhf_)[A-Za-z0-9]{16,}",
    r"api_org_(?<=\bapi_org_)[A-Za-z0-9]{16,}",
    r"\bgh[pousr]_[A-Za-z0-9_-]{20,}",
    r"\bgithub_pat_[A-Za-z0-9_-]{20,}",
    r"\bsk-[A-Za-z0-9_-]{20,}",
    r"\b(?:(?:sk|pk|rk)_(?:live|test|prod)_|whsec_|sk_(?=[0-9a-f]{40}))(?=[A-Za-z]*[0-9])[A-Za-z0-9]{10,}",
    r"\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{12,}\b",
    r"\bAIza[\w-]{20,}",
    r"\bya29\.[\w-]{20,}",
    r"\bxox[a-z]-(?=[\w-]*[0-9])[\w-]{10,}",
    r"\bxapp-[\w-]{10,}",
    r"\bgl(?:pat|ptt|rt|dt|ft|soat|oas|imt|agent|cbt|ffct)-(?=[\w-]*[0-9])[\w.-]{16,}",
    r"\bnpm_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}",
    r"\bpypi-(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{16}[\w-]*",
    r"\bSG\.(?=[\w.-]*[0-9])[\w-]{8,}(?:\.[\w-]+)?",
    r"\bdckr_[a-z]{3}_[\w-]{16,}",
    r"\b(?:gsk|r8|nvapi|pplx|tvly|lsv2_pt|lsv2_sk|wandb_v1|csk|fw|key|rpa|jina|xai|dapi|dop_v1|shpat|shpss)[-_]?"
    r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}[\w-]*",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END[ A-Z0-9]{0,40}KEY(?: BLOCK)?-----|\Z)",
    r"https://(?:hooks\.slack\.com/|(?:[\w.]*\.)?discord(?:app)?\.com/api/webhooks/|[\w.-]+\.webhook\.office\.com/)[^\s\"'<>]{8,}",
    r"\b\d{8,10}:AA[\w-]{30,}",
)
_PREFIX_HINTS: Final = (
    ("hf_",), ("api_org_",), tuple(f"gh{letter}_" for letter in "pousr"), ("github_pat_",), ("sk-",),
    ("sk_", "pk_", "rk_", "whsec_"), ("akia", "asia", "abia", "acca", "aroa", "aida"), ("aiza",), ("ya29.",), ("xox",),
    ("xapp-",),
    ("glpat-", "glptt-", "glrt-", "gldt-", "glft-", "glsoat-", "gloas-", "glimt-", "glagent-", "glcbt-", "glffct-"),
    ("npm_",), ("pypi-",), ("sg.",), ("dckr_",),
    ("gsk", "r8_", "nvapi", "pplx", "tvly", "lsv2", "wandb_v1", "csk-", "fw_", "key-", "rpa_", "jina_", "xai-",
     "dapi", "dop_v1", "shpat", "shpss"),
    ("eyj",), ("-----begin",), ("hooks.slack.com", "webhook"), (":aa",),
)  # fmt: skip
_HEADERS: Final = (
    # "Bearer" and "basic" are words as well: what follows must look like no word.
    ("bearer", r"(?i:\bbearer\s+)(?=[A-Za-z0-9._~+/=-]*[0-9]|[A-Za-z0-9._~+/=-]{24})[A-Za-z0-9._~+/=-]{8,}"),
    ("basic", r"(?i:\bbasic\s+)(?P<basic>[A-Za-z0-9+/]{8,}={0,2})"),
    ("://", r"(?<=://)[^/?#\s:'\"<>]*:[^/?#\s'\"<>]+(?=@)"),
    ("://", r"(?:(?<=http://)|(?<=https://))[^/?#\s:'\"<>]+(?=@)"),
)


class Shape(NamedTuple):
    """How a kind of secret looks: an expression, the group in it that is the secret, and how random that must be."""

    pattern: re.Pattern[str]
    group: int
    entropy: float


@lru_cache(maxsize=1)
def _shapes() -> dict[str, list[Shape]]:
    """The shapes by the text (in small letters) without which there is none."""
    by_hint: dict[str, list[Shape]] = {}
    for hint, pattern in _HEADERS:
        by_hint.setdefault(hint, []).append(Shape(re.compile(pattern), 0, 0))
    for hints, pattern in zip(_PREFIX_HINTS, _PREFIXES, strict=True):
        for hint in hints:
            by_hint.setdefault(hint, []).append(Shape(re.compile(pattern), 0, 0))
    known = json.loads(Path(__file__).with_name("shapes.json").read_text("utf-8"))
    for shape in known["shapes"]:
        one = Shape(re.compile(shape["pattern"]), shape["group"], shape["entropy"])
        for keyword in shape["keywords"]:
            by_hint.setdefault(keyword, []).append(one)
    return by_hint


def mask_shapes(text: str, mask: Callable[[str], str]) -> str:
    """The text with what ``mask`` makes of each secret in its place."""
    if len(text) < _MIN_RUN:
        return text
    lowered = text.lower()
    found = [hint for hint in _WITHOUT_RUN if hint in lowered]
    if runs := [run for run in _RUN.findall(lowered) if _DIGIT.search(run)]:
        joined = lowered if len(lowered) < 200 else " ".join(runs)
        found += [hint for hint in _shapes() if hint in joined]
    if not found:
        return text
    if len(text) < _LONG or _OVER_LINES in found:
        return _mask_all(text, found, mask)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        small = line.lower()
        if here := [hint for hint in found if hint in small]:
            lines[number] = _mask_all(line, here, mask)
    return "\n".join(lines)


def _mask_all(text: str, hints: list[str], mask: Callable[[str], str]) -> str:
    for shape in dict.fromkeys(shape for hint in hints for shape in _shapes()[hint]):
        text = shape.pattern.sub(lambda match, shape=shape: _masked(match, shape, mask), text)  # type: ignore[misc]
    return text


def _masked(match: re.Match[str], shape: Shape, mask: Callable[[str], str]) -> str:
    secret = match[shape.group]
    basic = match.groupdict().get("basic")
    if (basic is not None and decoded_basic(basic) is None) or (shape.entropy and entropy(secret) < shape.entropy):
        return match.group()
    whole, start = match.group(), match.start(shape.group) - match.start()
    return whole[:start] + mask(secret) + whole[start + len(secret) :]


def decoded_basic(text: str) -> str | None:
    """The ``user:password`` behind the word Basic; None where that is another word."""
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if ":" in decoded and decoded.isprintable() else None
