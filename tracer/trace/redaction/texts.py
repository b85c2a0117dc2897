"""Values of secret names in texts: JSON, YAML, INI, ``.env``, Python, headers, command lines, URL queries.

What such a text is in is not asked: it can be cut anywhere, escaped several times, or stand in the middle of a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from tracer.trace.redaction.names import (
    CHINESE,
    SAID_OF_SECRETS,
    Suspicion,
    is_no_word,
    is_secret,
    suspicion,
)

_PARTS: Final = (
    "pass", "pw", "secret", "token", "key", "cred", "cookie", "auth", "bearer", "sig", "jwt", "dsn", "hook", "sas",
    "pin", "otp", "mfa", "2fa", "hmac", "salt", "nonce", "login", "session", "sid", "cert", "licen",
    "connstr", "conn_str", "connection", "code", "access", "phrase", "kennwort", "contrasena", "senha", "mima", "miyao",
    "mnemonic", "psk", "_ak", "_sk", "'ak", "'sk", '"ak', '"sk', "account", *CHINESE,
)  # fmt: skip
"""Of these every name under suspicion has one in it. Finding them is much quicker than reading each word is."""
_SMALL: Final = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_WORD: Final = re.compile(r"[\w-]+")
_IS_GIVEN: Final = re.compile(r"""\\*["'`]?\s*\]?\s*[:=,]""")

_IN_QUERIES: Final = frozenset({"key", "sig", "code", "auth", "token"})
"""Names that say more in the query of a URL than elsewhere."""
_GIVEN: Final = re.compile(
    r"""(?x)
    (?P<closed>\\*["'`]\s*\]?)?
    (?: \s*(?::\s*[A-Za-z_][\w.]*(?:\[[\w., \[\]]*\])?(?:\s*\|\s*\w+)*\s)?\s*=(?!=)>?\s*      # token: str | None = …
      | (?P<colon>\s*:=?\s*)
      | (?P<comma>\s*,\s*(?:\\*["'](?:value|val)\\*["']\s*:\s*)?)  # ["token", "…"], {"name": "token", "value": "…"}
      | (?P<blank>\s+) )                                             # --token …
    (?:[rbfuRBFU]{1,2}(?=["']))?
    (?:
        (?P<quote>\\*(?:\"{3}|'{3}|["']))(?P<quoted>(?:(?!\\*(?P=quote))[^\n]|\n(?=[^\n]*(?P=quote))){0,8000}?)
            (?:(?<!\\)(?P=quote)|\Z)
      | (?P<list>[\[(][^\[\](){}]{1,4000}[\])]?)
      | (?P<bare>[^\s"'`,;&<>(){}\[\]|\\]+)(?P<after>[(\[]?)
    )
    """
)
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|digest|apikey|key|negotiate|aws4-hmac-sha256)\s+(?P<rest>\S.*)")
_HEADER_VALUE: Final = re.compile(r"[^\r\n\"'\\]*")
_ITEM: Final = re.compile(r"""(?P<quote>\\*["'])(?P<item>(?:(?!(?P=quote)).)*)(?P=quote)|(?P<bare>[^\s,"'\[\]\\]+)""")
_NETRC: Final = re.compile(r"""(?<!\S)(?:password|account)\s+(?:"([^"\n]*)"|(\S+))""")
_YAML: Final = re.compile(
    r"""["']?[ \t]*:[ \t]*(?:[|>][-+0-9]*[ \t]*(?P<block>(?:\n[ \t]+[^\n]*)+)"""
    r"""|(?P<items>(?:\n[ \t]*-[ \t]+[^\n]+)+))"""
)
"""A list or a text that goes over the lines below its name."""
_BELOW: Final = re.compile(r"""["']?[ \t]*:[ \t]*(?:[|>][-+0-9]*[ \t]*)?\n""")
_YAML_ITEM: Final = re.compile(r"(?:-[ \t]+)?[\"']?([^\s\"']+)")


class Found(NamedTuple):
    """A secret in a text: where it stands, and itself."""

    start: int
    end: int
    secret: str


def find_named(text: str, *, python: bool = False) -> list[Found]:
    """The secrets that stand behind a secret name in a text, in order and without overlaps.

    ``python``: the text is source code, where only what is quoted is a value.
    """
    if not ("=" in text or ":" in text or "," in text or "--" in text or "\n" in text or "password " in text):
        return []
    found = list(_after_names(text, python))
    if found and not python:
        found.sort()
    kept: list[Found] = []
    for one in found:
        if one.start < one.end and (not kept or one.start >= kept[-1].end):
            kept.append(one)
    return kept


def suspicious_names(text: str) -> Iterator[tuple[int, int, str]]:
    """The words of a text that could be names of secrets, with their places."""
    lowered = text.lower() if text.isascii() else text.translate(_SMALL)
    hits: list[int] = []
    for part in _PARTS:
        hit = lowered.find(part)
        while hit >= 0:
            hits.append(hit)
            hit = lowered.find(part, hit + 1)
    end = 0
    for hit in sorted(hits):
        if hit < end:
            continue  # in the word that was looked at last
        begin = hit
        while begin > end and (text[begin - 1].isalnum() or text[begin - 1] in "_-"):
            begin -= 1
        if (word := _WORD.match(text, begin)) is not None:
            end = word.end()
            yield begin, end, word.group()


def _after_names(text: str, python: bool) -> Iterator[Found]:
    at = 0
    for begin, end, name in suspicious_names(text):
        if not name.startswith("--") and _IS_GIVEN.match(text, end) is None:
            continue
        level = suspicion(name)
        before = text[begin - 1 : begin]
        if before in ("?", "&") and level < Suspicion.CERTAIN and name.lower() in _IN_QUERIES:
            level = Suspicion.LIKELY
        if level is Suspicion.NONE or begin < at:
            continue
        if not python and level >= Suspicion.LIKELY and _BELOW.match(text, end):
            yield from _in_yaml(text, end)
        if (given := _GIVEN.match(text, end)) is None:
            continue
        quoted = before in ("'", '"', "`") and before != ""
        for one in _values(text, name.strip("-"), name.startswith("--"), quoted, given, level, python):
            at = max(at, one.end)
            yield one
    if python:
        return
    if "machine " in text and "login " in text:
        for match in _NETRC.finditer(text):
            group = 1 if match[1] is not None else 2
            yield Found(*match.span(group), match[group])


def _values(
    text: str, name: str, option: bool, quoted: bool, match: re.Match[str], level: Suspicion, python: bool
) -> Iterator[Found]:
    judge: Callable[[str], bool] = partial(_is_secret, name, level)
    if match["blank"] is not None:
        # A word after an option on a command line, and nothing else: prose has names followed by words.
        if python or not option:
            return
        judge = is_no_word
    if match["comma"] is not None:
        if not quoted:
            return  # two arguments of a call
        judge = is_no_word if level >= Suspicion.LIKELY else partial(is_secret, name)
    if match["quoted"] is not None:
        one = _without_scheme(*match.span("quoted"), match["quoted"])
        if judge(one.secret):
            yield one
    elif match["list"] is not None:
        if match["comma"] is None and match["blank"] is None:
            judge = is_no_word if level >= Suspicion.LIKELY else partial(is_secret, name)
            for item in _ITEM.finditer(text, *match.span("list")):
                group = "item" if item["item"] is not None else "bare"
                if judge(item[group]):
                    yield Found(*item.span(group), item[group])
    elif not python and match["bare"] is not None and not match["after"]:
        yield from _bare(text, name, match, level)


def _is_secret(name: str, level: Suspicion, text: str) -> bool:
    if "‹secret›" in text or not text.strip() or text.startswith(("<|", "{", "${")):
        return False
    if level is Suspicion.CERTAIN:
        # Words that are said of secrets are none, wherever they stand: "auth": "basic".
        return len(text) >= 4 and (is_no_word(text) or not _is_ordinary(text))
    return is_no_word(text) if level is Suspicion.LIKELY and suspicion(name) is not level else is_secret(name, text)


def _is_ordinary(text: str) -> bool:
    """Whether a text that a secret name gets is a word, a sentence, a special token or a number."""
    return (
        text.lower() in SAID_OF_SECRETS
        or (text.isalpha() and (len(text) < 8 or text.istitle() or text.isupper()))
        or (text.isdigit() and len(text) < 6)
        or (text.isidentifier() and suspicion(text) > Suspicion.NONE)
        or (text[0] in "<[" and text[-1] in ">]")
        or text.count(" ") > 3
        or len(text) < 6
        or text[-1] == ":"
    )


def _bare(text: str, name: str, match: re.Match[str], level: Suspicion) -> Iterator[Found]:
    value = match["bare"]
    start, end = match.span("bare")
    if name.lower() in ("authorization", "cookie") or name.lower().endswith(("-authorization", "set-cookie")):
        line = _HEADER_VALUE.match(text, start)
        whole = line.group().rstrip() if line else value
        scheme = _SCHEME.fullmatch(whole)
        if scheme is not None and is_no_word(scheme["rest"].partition(" ")[0]):
            yield Found(start + scheme.start("rest"), start + len(whole), scheme["rest"])
        elif "=" in whole or is_no_word(whole):
            yield Found(start, start + len(whole), whole)
        return
    trimmed = value.rstrip(".:!?")
    end -= len(value) - len(trimmed)
    if "‹secret›" in trimmed or not trimmed:
        return
    if trimmed.isdigit():
        # "password": 8151 of a vocabulary is none.
        if (level is Suspicion.CERTAIN and len(trimmed) >= 8) or (
            level is Suspicion.LIKELY and is_secret(name, trimmed)
        ):
            yield Found(start, end, trimmed)
        return
    whole_line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip() in (name, f"export {name}") and (
        end == len(text) or text[end] in "\r\n"
    )
    if (is_no_word(trimmed) if level >= Suspicion.LIKELY else is_secret(name, trimmed)) or (
        level is Suspicion.CERTAIN
        and len(trimmed) >= 6
        and not _is_ordinary(trimmed)
        and (not trimmed.isidentifier() or (whole_line and name.isupper()))
        and not re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", trimmed)
    ):
        yield Found(start, end, trimmed)
    elif level is Suspicion.CERTAIN and re.fullmatch(r"[a-z]{4,}[0-9]{1,2}", trimmed) and match["colon"] is None:
        yield Found(start, end, trimmed)  # password=hunter2


def _without_scheme(start: int, end: int, text: str) -> Found:
    """Of a header's value, what comes after its scheme; that stays readable."""
    scheme = _SCHEME.fullmatch(text)
    if scheme is None:
        return Found(start, end, text)
    return Found(start + scheme.start("rest"), end, scheme["rest"])


def _in_yaml(text: str, at: int) -> Iterator[Found]:
    if (match := _YAML.match(text, at)) is not None:
        group = "block" if match["block"] is not None else "items"
        for item in _YAML_ITEM.finditer(text, *match.span(group)):
            if is_no_word(item[1]):
                yield Found(*item.span(1), item[1])


def masked(text: str, found: list[Found], mask: Callable[[str], str]) -> str:
    """The text with what ``mask`` makes of each secret in its place."""
    parts, at = [], 0
    for one in found:
        parts += [text[at : one.start], mask(one.secret)]
        at = one.end
    return "".join([*parts, text[at:]])
