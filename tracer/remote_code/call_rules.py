"""Rules for calls that are notable depending on their arguments: ``open`` for writing, ``torch.load`` of any object."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Final

from tracer.remote_code.name_resolution import constant_text
from tracer.remote_code.notable_names import DISGUISES, MODULES_NOT_TO_HAND_ON, Rule, normal, rule_for
from tracer.trace.redaction.known_secrets import can_name_secret_variable

CREDENTIAL: Final = re.compile(
    r"(?:^|[/~\\])\.(?:ssh|netrc|aws|azure|kube|gnupg|docker|git-credentials|gitconfig|pgpass|pypirc|npmrc|"
    r"bash_history|zsh_history|mozilla|bitcoin)\b|/etc/(?:passwd|shadow|sudoers)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b|"
    r"huggingface/(?:token|stored_tokens)|\bHF_TOKEN\b|\bHUGGING_?FACE_HUB_TOKEN\b|/proc/(?:self|\d+)/(?:environ|mem)"
)
"""Strings that name a place where secrets are stored."""


def rule_for_call(dotted: str, call: ast.Call | None) -> Rule | None:
    """Return the rule for a name, made stronger or weaker by the arguments of the call."""
    rule = rule_for(dotted)
    special = _SPECIAL.get(normal(dotted))
    return special(call) if rule is not None and special is not None and call is not None else rule


def rule_for_getattr(owners: frozenset[str], call: ast.Call, modules: set[str]) -> Rule | None:
    """Return the rule for ``getattr`` with a name that only exists at run time.

    Honest code selects an activation this way: it is a weak sign, unless the module can do a lot or the name is
    disguised.
    """
    if len(call.args) < 2 or constant_text(call.args[1]) is not None:
        return None
    of_module = {owner.removesuffix(".__dict__") for owner in owners} & (modules | MODULES_NOT_TO_HAND_ON)
    if owners & MODULES_NOT_TO_HAND_ON or (is_disguised(call.args[1]) and (of_module or uses_chr(call.args[1]))):
        return Rule("eval-exec")
    return Rule("eval-exec", weak=True) if of_module else None


def is_disguised(node: ast.expr) -> bool:
    """Return whether a text is put together by functions, or reversed."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute) and _last(part) in DISGUISES:
            return True
        if isinstance(part, ast.Slice) and part.step is not None:
            return True
    return False


def uses_chr(node: ast.expr) -> bool:
    """Return whether a text is made from numbers."""
    return any(isinstance(part, ast.Name) and part.id in ("chr", "bytes", "bytearray") for part in ast.walk(node))


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def calls_in_text(text: str) -> bool:
    """Return whether an annotation written as a string contains a call, which runs when a function's types are
    evaluated."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def trusts_other_code(call: ast.Call) -> bool:
    """Return whether the call passes ``trust_remote_code=True``, which may bring in code from another repository."""
    value = _keyword(call, "trust_remote_code")
    return isinstance(value, ast.Constant) and value.value is True


def mode_writes(call: ast.Call, position: int) -> bool:
    """Return whether a file is opened for writing, or in an unknown mode."""
    if any(isinstance(argument, ast.Starred) for argument in call.args[: position + 1]):
        return True
    mode = call.args[position] if len(call.args) > position else _keyword(call, "mode")
    if mode is None:
        return any(keyword.arg is None for keyword in call.keywords)
    text = constant_text(mode)
    return text is None or any(letter in text for letter in "wax+")


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _opened(position: int) -> Callable[[ast.Call], Rule]:
    return lambda call: Rule("file-system", weak=not mode_writes(call, position))


def _torch_load(call: ast.Call) -> Rule:
    value = _keyword(call, "weights_only")
    return Rule("eval-exec", weak=isinstance(value, ast.Constant) and value.value is True)


def _numpy_load(call: ast.Call) -> Rule:
    value = _keyword(call, "allow_pickle")
    plain = value is None or (isinstance(value, ast.Constant) and value.value is False)
    return Rule("file-system", weak=True) if plain and len(call.args) < 3 else Rule("eval-exec")


def _yaml_load(call: ast.Call) -> Rule:
    loader = call.args[1] if len(call.args) > 1 else _keyword(call, "Loader")
    name = loader.attr if isinstance(loader, ast.Attribute) else getattr(loader, "id", "")
    return Rule("eval-exec", weak=name in ("SafeLoader", "CSafeLoader", "BaseLoader"))


def _environment(call: ast.Call) -> Rule:
    name = constant_text(call.args[0]) if call.args else None
    return Rule("environment", weak=name is not None and not can_name_secret_variable(name))


def _whole_environment(_: ast.Call) -> Rule:
    return Rule("environment")


_SPECIAL: Final[dict[str, Callable[[ast.Call], Rule]]] = {
    **dict.fromkeys(("open", "io.open", "io.FileIO", "codecs.open", "gzip.open", "bz2.open"), _opened(1)),
    **dict.fromkeys(("lzma.open", "tarfile.open", "zipfile.ZipFile"), _opened(1)),
    "pathlib.Path().open": _opened(0),
    "torch.load": _torch_load,
    "torch.serialization.load": _torch_load,
    "numpy.load": _numpy_load,
    "yaml.load": _yaml_load,
    **dict.fromkeys(("os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault"), _environment),
    **dict.fromkeys(("os.environ.copy", "os.environ.items", "os.environ.values"), _whole_environment),
}
