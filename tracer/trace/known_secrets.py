"""Where secrets are found before anything is recorded: this machine, the arguments, the command line, source code."""

from __future__ import annotations

import ast
import netrc
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from tracer.trace.redaction import MASK, MIN_SEARCHED, decoded_basic, is_secret_name
from tracer.trace.syntax import parse

# An environment variable is a secret under more names: there are no eos_tokens among them.
_SECRET_VARIABLE: Final = re.compile(
    r"(?i)(token|passwd|password|passphrase|secret|api_?key|credential|private_key|access_key)"
)
_ABOUT_A_SECRET: Final = re.compile(r"(?i)(_path|_file|_dir|_folder|_home|_url|_endpoint|_timeout|_parallelism)$")
_MAY_BE_A_NUMBER: Final = re.compile(r"(?i)(passw|passphrase|secret|_key)")
_FLAGS: Final = {"", "0", "1", "true", "false", "yes", "no", "on", "off", "enable", "disable", "enabled", "disabled"}
# What every secret name has in it, and how a name is followed where it gets a value.
_PARTS_OF_NAMES: Final = (
    "token", "passw", "passphrase", "secret", "credential", "cookie", "bearer", "auth", "key",
)  # fmt: skip
_GIVEN: Final = re.compile(r"""(?P<rest>[\w-]+)(?:["']\s*\]?\s*[:=]|\s*(?::[^=\n)]*|,[^=\n]*)?=(?!=))""")
_IN_URL: Final = re.compile(r"(?<=://)(?:[^/?#\s:'\"<>]*:)?([^/?#\s'\"<>]+)(?=@)")
_OPTION: Final = re.compile(r"(?s)(?P<option>(?:--?[\w-]+=)?(?:--?)?(?P<name>[A-Za-z_][\w-]*)=)(?P<value>.*)")


def secrets_of_this_machine(environment: Mapping[str, str], home: Path) -> set[str]:
    """Secrets that a load could come across: environment variables, saved hub tokens, netrc and git passwords."""
    found = {value.strip() for name, value in environment.items() if is_secret_variable(name, value)}
    for value in environment.values():
        found |= _secrets_in_urls(value)
    for path in (
        environment.get("HF_TOKEN_PATH"),
        *_hub_files(environment, home, "token"),
        home / ".huggingface/token",
    ):
        if path:
            found |= set(_read(Path(path)).split())
    for path in _hub_files(environment, home, "stored_tokens"):
        found |= set(re.findall(r"(?m)^hf_token\s*=\s*(\S+)", _read(path)))
    for path in (environment.get("NETRC"), home / ".netrc", home / "_netrc"):
        if path:
            found |= _netrc_passwords(Path(path))
    found |= _secrets_in_urls(_read(home / ".git-credentials"))
    return {secret for secret in found if len(secret) >= MIN_SEARCHED}


def is_secret_variable(name: str, value: str) -> bool:
    """Whether an environment variable holds a secret, and not a flag, a count or a path about one."""
    if not _SECRET_VARIABLE.search(name) or _ABOUT_A_SECRET.search(name) or value.lower() in _FLAGS:
        return False
    if value.isdigit() and not _MAY_BE_A_NUMBER.search(name):
        return False
    return not (os.path.isabs(value) and os.path.exists(value))


def secrets_in(arguments: Mapping[str, object]) -> set[str]:
    """Texts that stand under secret names in keyword arguments, or in URLs there, at any depth of containers."""
    return set(_in_container(arguments, secret=False))


def secrets_in_source(text: str) -> set[str]:
    """Texts that a source file gives to a secret name: ``token = "…"``, ``f(token="…")``, ``{"Authorization": "…"}``.

    Words and special tokens such as ``<|image|>`` are none.
    """
    if not _gives_a_secret(text):
        return set()
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        for name, value in _named_values(node):
            if is_secret_name(name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                found |= {part for part in _parts(value.value) if _looks_secret(part)}
    return found


def _gives_a_secret(text: str) -> bool:
    """Whether a secret name seems to get a value: looking costs a tenth of parsing, and most files have none."""
    lowered = text.lower()
    for part in _PARTS_OF_NAMES:
        at = lowered.find(part)
        while at >= 0:
            given = _GIVEN.match(lowered, at)
            if given is not None and is_secret_name(_beginning(lowered, at) + given["rest"]):
                return True
            at = lowered.find(part, at + 1)
    return False


def _beginning(text: str, at: int) -> str:
    """What stands of a name before this place in it."""
    begin = at
    while begin and (text[begin - 1].isalnum() or text[begin - 1] in "_-"):
        begin -= 1
    return text[begin:at]


def masked_command(command: Iterable[str]) -> tuple[list[str], set[str]]:
    """A command line without the values of options with secret names, and those values."""
    masked: list[str] = []
    found: set[str] = set()
    expected = False
    for word in command:
        given = _OPTION.fullmatch(word)
        if expected and not word.startswith("-"):
            masked.append(MASK)
            found.add(word)
        elif given is not None and is_secret_name(given["name"]):
            masked.append(given["option"] + MASK)
            found.add(given["value"])
        else:
            masked.append(word)
        expected = not expected and word.startswith("-") and is_secret_name(word.lstrip("-"))
    return masked, found


def _hub_files(environment: Mapping[str, str], home: Path, name: str) -> Iterator[Path]:
    cache = environment.get("XDG_CACHE_HOME") or home / ".cache"
    hub = environment.get("HF_HOME") or os.path.join(cache, "huggingface")
    yield Path(os.path.expandvars(os.path.expanduser(hub)), name)


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > 1 << 20:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
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


def _secrets_in_urls(text: str) -> set[str]:
    if "://" not in text:
        return set()
    return {form for secret in _IN_URL.findall(text) for form in (secret, unquote(secret))}


def _in_container(value: object, *, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _in_container(item, secret=secret or (isinstance(key, str) and is_secret_name(key)))
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _in_container(item, secret=secret)
    elif isinstance(value, str):
        yield from _parts(value) if secret else _secrets_in_urls(value)
    elif secret and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _parts(value: str) -> Iterator[str]:
    """A secret, and of an Authorization header also what it is made of."""
    yield value
    scheme, _, rest = value.partition(" ")
    if scheme.lower() in ("bearer", "token", "basic") and rest:
        yield rest.strip()
    if scheme.lower() == "basic" and (decoded := decoded_basic(rest.strip())) is not None:
        yield decoded.partition(":")[2]


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


def _looks_secret(text: str) -> bool:
    """A word such as ``basic`` is none, nor a special token such as ``<|image|>``."""
    if len(text) < MIN_SEARCHED or (text[0] in "<[" and text[-1] in ">]"):
        return False
    return any(map(str.isdigit, text)) or len(text) >= 20
