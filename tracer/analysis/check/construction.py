"""What the constructors of the directory's own models leave out, or ask for where a release has nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.check.code import FunctionNode, OwnClass, OwnCode, Place, Running, is_self
from tracer.analysis.check.problem import Problem
from tracer.analysis.diagnosis.argument_rules import DEFAULTS, is_gone
from tracer.analysis.diagnosis.recorded_load import release_numbers
from tracer.releases import library

_MODELS: Final = ("transformers.PreTrainedModel", "transformers.modeling_utils.PreTrainedModel")
_CONFIGS: Final = (
    "transformers.PretrainedConfig", "transformers.PreTrainedConfig",
    "transformers.configuration_utils.PretrainedConfig", "transformers.configuration_utils.PreTrainedConfig",
)  # fmt: skip
_MIXINS: Final = (
    "transformers.GenerationMixin", "transformers.generation.GenerationMixin",
    "transformers.generation.utils.GenerationMixin", "torch.nn.Module", "abc.ABC",
)  # fmt: skip
"""Bases beside ``PreTrainedModel`` that do not call ``post_init`` either."""
_TIED: Final = "_tied_weights_keys"
_FACTORIES: Final = frozenset(
    {"arange", "linspace", "logspace", "zeros", "ones", "full", "empty", "eye", "rand", "randn", "randint", "tensor"}
)
"""The functions of torch that make a tensor on the device of the context."""
_SAME_DEVICE: Final = frozenset(
    {
        "float",
        "double",
        "half",
        "long",
        "int",
        "view",
        "reshape",
        "flatten",
        "unsqueeze",
        "squeeze",
        "cumsum",
        "cumprod",
    }
    | {"exp", "log", "sqrt", "pow", "sin", "cos", "abs", "round", "floor", "ceil", "clamp", "sum", "mean", "flip"}
    | {"t", "repeat", "expand", "transpose", "clone", "detach", "contiguous", "outer"}
)
"""Methods and functions whose result is where the tensor is that they are given."""
_NUMBERS: Final = frozenset({"item", "tolist", "numpy"})
_ON_META_SINCE: Final = "5.0"
"""From this release on models are built on the device meta, and their constructors have the ways of 5.0."""
_LINSPACE_SINCE: Final = "5.5"
"""From this release on ``torch.linspace`` makes its tensor on the CPU while a model is built."""
_NEVER_THERE: Final = frozenset({"use_cache"})
"""What the base of configurations had in no release."""


def constructors(
    code: OwnCode, models: list[OwnClass], running: Running, config: dict[str, Any], release: str
) -> Iterator[Problem]:
    """Yield what goes wrong when the models that ``auto_map`` names are made."""
    if not library().reaches(release, _ON_META_SINCE):
        return
    for own in models:
        yield from _no_post_init(code, own, release)
        yield from _tied_keys(code, own, config, release)
    for own in running.made:
        for one in code.line_of(own):
            constructor = one.method("__init__")
            if constructor is not None:
                yield from _numbers(code, Place(constructor, one.file, one, constructor), running, release)


def _no_post_init(code: OwnCode, own: OwnClass, release: str) -> Iterator[Problem]:
    """Yield a model whose constructor does not call ``post_init``, which gives it what a load then reads."""
    bases = code.library_bases(own)
    if bases is None or not set(bases) & {*_MODELS} or not set(bases) <= {*_MODELS, *_MIXINS}:
        return
    line = code.line_of(own)
    functions = [part for one in line for part in code.trees[one.file].body if _is_function(part)]
    parts = [*(one.node for one in line), *functions]
    if any(_says(node, "post_init") for part in parts for node in ast.walk(part)):
        return
    yield Problem("no-post-init", own.file, {"class": own.node.name}, own.node.lineno, release=release)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _says(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == name
    return isinstance(node, ast.Constant) and node.value == name


def _tied_keys(code: OwnCode, own: OwnClass, config: dict[str, Any], release: str) -> Iterator[Problem]:
    """Yield ``_tied_weights_keys`` as a list, which is read if the configuration ties the weights."""
    if code.library_bases(own) is None or _ties(code, config) is not True:
        return
    for one in code.line_of(own):
        for statement in one.node.body:
            value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            if value is None or not any(isinstance(target, ast.Name) and target.id == _TIED for target in targets):
                continue
            if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
                values = {"class": one.node.name, "type": type(value).__name__.lower()}
                yield Problem("tied-keys-list", one.file, values, statement.lineno, release=release)
            return


def _ties(code: OwnCode, config: dict[str, Any]) -> bool | None:
    """Return whether the configuration ties weights; None if the code may decide it."""
    if isinstance(said := config.get("tie_word_embeddings"), bool):
        return said
    auto_map = config.get("auto_map")
    reference = auto_map.get("AutoConfig") if isinstance(auto_map, dict) else None
    if not isinstance(reference, str):
        return None
    file, _, name = reference.rpartition(".")
    own = code.named(f"{file}.py", name)
    for one in code.line_of(own) if own is not None else ():
        constructor = one.method("__init__")
        if constructor is None:
            continue
        taken = [*constructor.args.posonlyargs, *constructor.args.args]
        defaults = dict(zip(reversed([arg.arg for arg in taken]), reversed(constructor.args.defaults), strict=False))
        only = zip([arg.arg for arg in constructor.args.kwonlyargs], constructor.args.kw_defaults, strict=True)
        default = (defaults | dict(only)).get("tie_word_embeddings")
        return default.value if isinstance(default, ast.Constant) and isinstance(default.value, bool) else None
    return None


# Numbers of a tensor on meta


def _numbers(code: OwnCode, place: Place, running: Running, release: str) -> Iterator[Problem]:
    """Yield where a constructor asks a tensor for its numbers that it made on the device of the context."""
    function = place.function
    assert function is not None
    elsewhere = {
        id(part)
        for node in ast.walk(function)
        if isinstance(node, (ast.With, ast.AsyncWith, ast.Try, ast.FunctionDef, ast.Lambda)) and node is not function
        for part in ast.walk(node)
    }
    tensors = _Tensors(code, place, function, release)
    for node in ast.walk(function):
        if id(node) in elsewhere or not isinstance(node, ast.Call):
            continue
        asked: ast.expr | None = None
        if isinstance(node.func, ast.Attribute) and node.func.attr in _NUMBERS:
            asked = node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in ("float", "int", "bool") and len(node.args) == 1:
            asked = node.args[0] if code.meaning(node.func, place) is None else None
        if asked is None or not tensors.is_one(asked):
            continue
        values = {"class": place.owner.node.name if place.owner else "", "statement": ast.unparse(node)}
        fails = node in running
        yield Problem("numbers-on-meta", place.file, values, node.lineno, fails=fails, release=release)


class _Tensors:
    """Which expressions of a function are sure to be tensors that it made itself, without a device."""

    def __init__(self, code: OwnCode, place: Place, function: FunctionNode, release: str) -> None:
        on_cpu = {"linspace"} if library().reaches(release, _LINSPACE_SINCE) else set()
        self._factories = _FACTORIES - on_cpu
        self._code = code
        self._place = place
        self._bound = code.bound(function)
        self._over = {
            node.target.id: node.iter
            for node in ast.walk(function)
            if isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name)
        }
        self._asked: set[str] = set()

    def is_one(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return self._is_name(node.id)
        if isinstance(node, ast.BinOp):
            return any(self.is_one(side) and not self._may_be_placed(other) for side, other in
                       ((node.left, node.right), (node.right, node.left)))  # fmt: skip
        if isinstance(node, ast.UnaryOp):
            return not isinstance(node.op, ast.Not) and self.is_one(node.operand)
        if isinstance(node, ast.Subscript):
            return self.is_one(node.value)
        return isinstance(node, ast.Call) and self._is_made(node)

    def _is_made(self, call: ast.Call) -> bool:
        placed = any(one.arg in ("device", "out", None) for one in call.keywords)
        meaning = self._code.meaning(call.func, self._place)
        if isinstance(meaning, str):
            module, _, name = meaning.rpartition(".")
            if module != "torch" or placed:
                return False
            return name in self._factories or (name in _SAME_DEVICE and bool(call.args) and self.is_one(call.args[0]))
        function = call.func
        return isinstance(function, ast.Attribute) and function.attr in _SAME_DEVICE and self.is_one(function.value)

    def _is_name(self, name: str) -> bool:
        bindings = self._bound.get(name, [])
        if len(bindings) != 1 or name in self._asked:
            return False
        self._asked.add(name)
        try:
            if name in self._over:
                return self.is_one(self._over[name])
            only = bindings[0]
            return isinstance(only, ast.expr) and not isinstance(only, ast.Name) and self.is_one(only)
        finally:
            self._asked.discard(name)

    def _may_be_placed(self, node: ast.expr) -> bool:
        """Return whether an operand may be a tensor on another device, whose result would be elsewhere."""
        return any(isinstance(part, ast.Call) and not self.is_one(part) for part in ast.walk(node))


# Attributes of the configuration


def config_attributes(
    code: OwnCode,
    own_config: OwnClass | None,
    models: list[OwnClass],
    running: Running,
    config: dict[str, Any],
    release: str,
) -> Iterator[Problem]:
    """Yield what models read of their configuration, that only its base up to 4.57 gave it.

    It is about the models that ``auto_map`` names: the parts of a model may have configurations of their own.
    """
    if own_config is None or not library().reaches(release, _ON_META_SINCE):
        return
    if not set(code.library_bases(own_config) or ["?"]) <= {*_CONFIGS}:
        return
    given = {word for one in code.line_of(own_config) for node in ast.walk(one.node) for word in _words(node)}
    given |= {*config, *_NEVER_THERE}
    gone = {name for name in DEFAULTS if is_gone(name, release_numbers(release))}
    told: set[tuple[str, int]] = set()
    readers = [one for own in models if _config_of(code, own) == own_config for one in code.line_of(own)]
    for place in code.places():
        node, owner = place.node, place.owner
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load) or node.attr not in gone:
            continue
        if owner is None or place.function is None or place.caught or node.attr in given:
            continue
        if not _is_config(node.value) or owner not in readers or (place.file, node.lineno) in told:
            continue
        if any(node.attr in ast.unparse(test) for test in place.tests):
            continue
        told.add((place.file, node.lineno))
        values = {"class": own_config.node.name, "name": node.attr, "default": DEFAULTS[node.attr]}
        fails = node in running
        yield Problem("config-attribute-gone", place.file, values, node.lineno, fails=fails, release=release)


def _config_of(code: OwnCode, own: OwnClass) -> OwnClass | None:
    """Return the directory's own configuration class that a model names as its ``config_class``."""
    found = config_class_of(code, own)
    meaning = code.meaning(found[1], Place(found[1], found[0].file, None, None)) if found is not None else None
    return meaning if isinstance(meaning, OwnClass) else None


def config_class_of(code: OwnCode, own: OwnClass) -> tuple[OwnClass, ast.expr] | None:
    """Return what a model's ``config_class`` is set to, and in which class."""
    for one in code.line_of(own):
        for statement in one.node.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.Assign) and any(_is_named(target, "config_class") for target in targets):
                return one, statement.value
    return None


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _words(node: ast.AST) -> Iterator[str]:
    """Yield the names in a part of the code, and its texts."""
    for word in ("attr", "arg", "id", "value"):
        if isinstance(found := getattr(node, word, None), str):
            yield found


def _is_config(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "config"
    return isinstance(node, ast.Attribute) and node.attr == "config" and is_self(node.value)
