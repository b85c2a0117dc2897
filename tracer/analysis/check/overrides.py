"""Where a class of the directory's own does not fit the library's class that it derives from, or one beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tracer.analysis.check.code import FunctionNode, OwnClass, OwnCode, Place, is_self, is_super, runs_with
from tracer.analysis.check.construction import config_class_of
from tracer.analysis.check.problem import Problem
from tracer.releases import library

_PASSED: Final = (
    ("tie_weights", ("missing_keys", "recompute_mapping"), "5.0", ("PreTrainedModel",), True),
    ("_pad", ("padding_side",), "4.45", ("PreTrainedTokenizer", "PreTrainedTokenizerBase"), False),
)
"""What the library passes by name to its own methods: the method, the parameters, since when, whose method it is, and
whether a load calls it."""
_TOKENIZERS: Final = frozenset(
    f"transformers.{module}PreTrainedTokenizer" for module in ("", "tokenization_utils.", "tokenization_python.")
)
_VOCABULARY_SINCE: Final = "4.34"
"""From this release on the constructor of a tokenizer asks ``get_vocab``."""
_REGISTERED_SINCE: Final = "4.45"
"""From this release on an auto class registers the directory's model for its configuration, and compares both."""


def overrides(code: OwnCode, named: list[tuple[str, OwnClass]], release: str) -> Iterator[Problem]:
    """Yield what does not fit in the classes that ``auto_map`` names, each given with its auto class."""
    configs = [own for auto_class, own in named if auto_class == "AutoConfig"]
    for auto_class, own in dict.fromkeys(named):
        yield from _lacking_parameters(code, own, release)
        if auto_class == "AutoTokenizer":
            yield from _set_late(code, own, release)
        if auto_class.startswith("AutoModel") and len(configs) == 1:
            yield from _other_config(code, own, configs[0], release)


def _lacking_parameters(code: OwnCode, own: OwnClass, release: str) -> Iterator[Problem]:
    """Yield methods that the library calls with a keyword which the override does not take."""
    bases = code.library_bases(own)
    for method, parameters, since, owners, loads in _PASSED:
        if (
            bases is None
            or not library().reaches(release, since)
            or not any(base.rpartition(".")[2] in owners for base in bases)
        ):
            continue
        found = next((one for one in code.line_of(own) if one.method(method) is not None), None)
        written = found.method(method) if found is not None else None
        if found is None or written is None or written.decorator_list or written.args.kwarg is not None:
            continue
        taken = {one.arg for one in (*written.args.args, *written.args.kwonlyargs)}
        if missing := [name for name in parameters if name not in taken]:
            values = {"class": found.node.name, "name": method, "names": missing, "since": since}
            yield Problem("override-lacks", found.file, values, written.lineno, fails=loads, release=release)


def _set_late(code: OwnCode, own: OwnClass, release: str) -> Iterator[Problem]:
    """Yield attributes of a tokenizer that ``get_vocab`` reads, and that it sets after the library's constructor."""
    bases = code.library_bases(own)
    constructor, vocabulary = own.method("__init__"), own.method("get_vocab")
    if bases is None or not set(bases) <= _TOKENIZERS or not library().reaches(release, _VOCABULARY_SINCE):
        return
    if constructor is None or vocabulary is None or len(code.line_of(own)) > 1:
        return
    calls = [at for at, statement in enumerate(constructor.body) if _calls_base(statement)]
    if len(calls) != 1:
        return
    before = {name for statement in constructor.body[: calls[0]] for name in _touched(statement)}
    after = {name: node for statement in constructor.body[calls[0] + 1 :] for name, node in _stored(statement)}
    elsewhere = {name for part in own.node.body if part is not constructor for name in _defined(part)}
    read = _read(own, vocabulary)
    if names := [name for name in after if name in read and name not in before | elsewhere]:
        values = {"class": own.node.name, "names": names, "since": _VOCABULARY_SINCE}
        line = constructor.body[calls[0]].lineno
        yield Problem("attribute-set-late", own.file, values, line, release=release)


def _calls_base(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr == "__init__" and is_super(function.value)


def _touched(statement: ast.stmt) -> Iterator[str]:
    """Yield the attributes that a statement may set, of whatever object and in whatever way."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _stored(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            yield node.attr, node


def _defined(part: ast.stmt) -> Iterator[str]:
    """Yield what a part of a class gives its objects."""
    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield part.name
    for node in ast.walk(part):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _read(own: OwnClass, method: FunctionNode) -> set[str]:
    """Return the attributes of ``self`` that a method is sure to read, also through the methods that it calls."""
    found: set[str] = set()
    waiting, seen = [method], {method.name}
    while waiting:
        function = waiting.pop()
        if any(isinstance(node, (ast.Try, ast.Name)) and getattr(node, "id", "hasattr") == "hasattr"
               for node in ast.walk(function)):  # fmt: skip
            continue  # it is prepared for what is missing
        for node in runs_with(function):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and is_self(node.value):
                found.add(node.attr)
                inner = own.method(node.attr)
                if inner is not None and node.attr not in seen:
                    seen.add(node.attr)
                    waiting.append(inner)
    return found


def _other_config(code: OwnCode, own: OwnClass, config: OwnClass, release: str) -> Iterator[Problem]:
    """Yield a model whose ``config_class`` is another class than the configuration that ``auto_map`` names."""
    statement = config_class_of(code, own)
    if statement is None or not library().reaches(release, _REGISTERED_SINCE):
        return
    one, value = statement
    meaning = code.meaning(value, Place(value, one.file, None, None))
    name = meaning.rpartition(".")[2] if isinstance(meaning, str) else None
    if isinstance(meaning, OwnClass):
        name = meaning.node.name
    if name is not None and name != config.node.name:
        values = {"class": own.node.name, "name": name, "instead": config.node.name}
        yield Problem("config-class-differs", one.file, values, value.lineno, release=release)
