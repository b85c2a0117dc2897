"""Which keywords a ``forward`` hands on: it takes them as ``**kwargs``, and a module inside it names them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tracer.recorder.model.lora import unwrap_peft

_DEEPEST: Final = 4


def handed_on(model: Any) -> set[str]:
    """Return the keywords that reach a module inside by ``**kwargs`` alone, and that no module on the way refuses."""
    try:
        return _handed_on(unwrap_peft(model), _DEEPEST)
    except Exception:  # code that can't be read says nothing
        return set()


class _Call(NamedTuple):
    """A module that a ``forward`` calls with its ``**kwargs``, and what it gives by itself."""

    module: Any
    positional: int
    named: set[str]


def _handed_on(module: Any, depth: int) -> set[str]:
    open_name = _open_name(type(module).forward)
    if open_name is None or depth == 0:
        return set()
    wanted: set[str] = set()
    refused: set[str] = set()
    closed: list[set[str]] = []
    for call in _calls(module, open_name):
        kind = type(call.module).forward
        named = _named(kind)
        free = {*named[call.positional :]} - call.named
        refused |= {*named[: call.positional]} | call.named  # given twice
        inner = free | _handed_on(call.module, depth - 1)
        wanted |= inner
        if _open_name(kind) is None:
            closed.append(free)
    return {name for name in wanted - refused - {*_named(type(module).forward)} if all(name in one for one in closed)}


def _calls(module: Any, open_name: str) -> Iterator[_Call]:
    """Yield the calls of modules inside that get the keywords: ``self.encoder(…, **kwargs)``."""
    from torch.nn import Module

    source = textwrap.dedent(inspect.getsource(inspect.unwrap(type(module).forward)))
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(isinstance(one, ast.Starred) for one in node.args):
            continue
        given = [one.value for one in node.keywords if one.arg is None]
        if not any(isinstance(one, ast.Name) and one.id == open_name for one in given):
            continue
        called = _resolved(node.func, module)
        if isinstance(called, Module):
            yield _Call(called, len(node.args), {one.arg for one in node.keywords if one.arg is not None})


def _resolved(node: ast.expr, module: Any) -> Any:
    """Return what ``self.a.b`` is; None for anything else."""
    if isinstance(node, ast.Name):
        return module if node.id == "self" else None
    if not isinstance(node, ast.Attribute):
        return None
    holder = _resolved(node.value, module)
    return None if holder is None else getattr(holder, node.attr, None)


def _named(forward: Any) -> list[str]:
    """Return the parameters that can be given by name, without ``self``."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    taken = list(inspect.signature(forward).parameters.values())[1:]
    return [one.name for one in taken if one.kind not in several]


def _open_name(forward: Any) -> str | None:
    """Return what a function calls its ``**kwargs``; None if it takes none."""
    taken = inspect.signature(forward).parameters.values()
    return next((one.name for one in taken if one.kind is inspect.Parameter.VAR_KEYWORD), None)
