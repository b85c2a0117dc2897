"""Where secrets are found before anything is recorded: this machine, the arguments, the command line, source code."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from tracer.trace.redaction import MASK
from tracer.trace.redaction.credential_files import secrets_in_files
from tracer.trace.redaction.names import (
    MIN_SEARCHED,
    Suspicion,
    can_be_searched,
    is_about_secrets,
    is_no_word,
    is_secret,
    suspicion,
)
from tracer.trace.redaction.plain_data import named_pair, secrets_in, secrets_in_text, secrets_in_urls
from tracer.trace.redaction.redactor import parts_of
from tracer.trace.redaction.texts import find_named, masked, suspicious_names
from tracer.trace.source_parser import parse

__all__ = ["is_secret_variable", "masked_command", "secrets_in", "secrets_in_source", "secrets_of_this_machine"]

_ABOUT_A_SECRET: Final = re.compile(
    r"(?i)_(path|file|dir|folder|home|url|uri|endpoint|timeout|parallelism|sock|socket|name|type|mode|method|backend|"
    r"enabled|disabled|required|length|size|count|limit|port|host|provider|helper|prompt|askpass)$"
)
_MAY_BE_A_NUMBER: Final = re.compile(r"(?i)(pass|pw|secret|_key|pin|otp)")
_TOKEN_OR_KEY: Final = re.compile(r"(?i)(token|key)s?_?(value|str|string|id)?$")
_FLAGS: Final = {"", "0", "1", "true", "false", "yes", "no", "on", "off", "enable", "disable", "enabled", "disabled"}
_QUOTED: Final = re.compile(r"""(?:["']\s*[\]):,=])?(?:[^\n"']|[(,\\=]\s*\n)*["']([^"'\n]*)""")
_OPTION: Final = re.compile(r"(?s)(?P<option>(?:--?[\w-]+=)?(?:--?)?(?P<name>[A-Za-z_][\w-]*)=)(?P<value>.*)")


def secrets_of_this_machine(environment: Mapping[str, str], home: Path) -> set[str]:
    """Secrets that a load could come across: environment variables, and what tools have saved in files."""
    found = {value.strip() for name, value in environment.items() if is_secret_variable(name, value)}
    for value in environment.values():
        found |= secrets_in_urls(value) | set(filter(can_be_searched, secrets_in_text(value)))
    return {secret for secret in found if len(secret) >= MIN_SEARCHED} | secrets_in_files(environment, home)


def can_name_secret_variable(name: str) -> bool:
    """Whether an environment variable of this name could hold a secret."""
    return _suspicion_of_variable(name) >= Suspicion.LIKELY


def _suspicion_of_variable(name: str) -> Suspicion:
    level = suspicion(name)
    if level < Suspicion.LIKELY and not _ABOUT_A_SECRET.search(name):
        # There are no eos_tokens among variables, nor keys of dictionaries.
        return Suspicion.LIKELY if is_about_secrets(name) or _TOKEN_OR_KEY.search(name) else level
    return level


def is_secret_variable(name: str, value: str) -> bool:
    """Whether an environment variable holds a secret, and not a flag, a count or a path about one."""
    level = _suspicion_of_variable(name)
    if level is Suspicion.NONE or value.lower() in _FLAGS or (os.path.isabs(value) and os.path.exists(value)):
        return False
    if value.isdigit():
        return bool(_MAY_BE_A_NUMBER.search(name)) and (level is Suspicion.CERTAIN or len(value) >= MIN_SEARCHED)
    if level is Suspicion.LIKELY:
        return is_no_word(value) or (can_be_searched(value) and not value.startswith(("~", "/", ".")))
    return is_secret(name, value)


@lru_cache(maxsize=256)
def secrets_in_source(text: str) -> frozenset[str]:
    """Texts that a source file gives to a secret name: ``token = "…"``, ``f(token="…")``, ``{"Authorization": "…"}``.

    Words and special tokens such as ``<|image|>`` are none.
    """
    if not _gives_a_secret(text):
        return frozenset()
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        for name, value in _named_values(node):
            if suspicion(name) is not Suspicion.NONE:
                secrets = [secret for secret in _constants(value) if is_secret(name, secret)]
                found |= {part for secret in secrets for part in parts_of(secret) if is_no_word(part) or " " in part}
    return frozenset(filter(can_be_searched, found))


def _gives_a_secret(text: str) -> bool:
    """Whether a text behind a secret name could be its value: looking costs a tenth of parsing."""
    return any(
        (quoted := _QUOTED.match(text, end)) is not None and any(map(is_no_word, parts_of(quoted[1])))
        for _, end, name in suspicious_names(text)
        if suspicion(name) >= Suspicion.LIKELY
    )


def masked_command(command: Iterable[str]) -> tuple[list[str], set[str]]:
    """A command line without the values of options with secret names, and those values."""
    words: list[str] = []
    found: set[str] = set()
    expected = ""
    for word in command:
        given = _OPTION.fullmatch(word)
        if expected and not word.startswith("-") and _is_given_secret(expected, word):
            words.append(MASK)
            found |= set(parts_of(word))
        elif given is not None and _is_given_secret(given["name"], given["value"]):
            words.append(given["option"] + MASK)
            found |= set(parts_of(given["value"]))
        else:
            inside = find_named(word)
            words.append(masked(word, inside, lambda _: MASK))
            found |= {part for one in inside for part in parts_of(one.secret)}
        expected = word.lstrip("-") if not expected and word.startswith("-") else ""
    return words, found


def _is_given_secret(name: str, value: str) -> bool:
    level = suspicion(name)
    if level is Suspicion.CERTAIN and value[:1] in ("{", "["):
        return True
    return is_secret(name, value) and value.lower() not in ("true", "false", "none", "null")


def _constants(value: ast.expr | None) -> Iterator[str]:
    """The texts in a constant, or in what is put together from constants."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield value.value
        elif isinstance(value.value, bytes):
            yield value.value.decode("utf-8", "replace")
    elif isinstance(value, (ast.BinOp, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp, ast.BoolOp)):
        for part in ast.iter_child_nodes(value):
            if isinstance(part, ast.expr):
                yield from _constants(part)


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that values get in this piece of syntax."""
    if isinstance(node, ast.keyword) and node.arg is not None:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        yield from _assigned(node.target, node.value)
    elif isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        for argument, value in zip(reversed(positional), reversed(node.defaults), strict=False):
            yield argument.arg, value
        for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            yield argument.arg, default
    elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
        yield from _assigned(node.left, node.comparators[0])
    elif isinstance(node, (ast.Tuple, ast.List, ast.Call)):
        items = node.args if isinstance(node, ast.Call) else node.elts
        texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if len(items) == 2 and (name := named_pair(texts)) is not None:
            yield name, items[1]


def _assigned(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        yield str(target.slice.value), value
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _assigned(one, other)
