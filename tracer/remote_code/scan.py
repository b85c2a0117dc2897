"""Find the notable places of a Python source in its syntax tree. Nothing is run or imported.

This helps a person to review code; it proves nothing, and code can hide from it. It can't see what other objects hold
(an attribute of an instance that is a module), names that are read from data or computed without ``chr`` and ``join``,
and whatever an installed package evaluates that is not in the table of rules.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Final

from tracer.remote_code.call_rules import (
    CREDENTIAL,
    calls_in_text,
    mode_writes,
    rule_for_call,
    rule_for_getattr,
    trusts_other_code,
)
from tracer.remote_code.files import split_lines
from tracer.remote_code.name_resolution import FunctionNode, NameResolver, Scope, constant_text, written_types
from tracer.remote_code.notable_names import (
    METHODS,
    MODULES_NOT_TO_HAND_ON,
    NOT_TO_HAND_ON,
    REFLECTION,
    Rule,
    is_notable_module,
    normal,
    rule_for,
)
from tracer.remote_code.result import Finding, Kind
from tracer.text.visible import one_line
from tracer.trace.redaction.known_secrets import can_name_secret_variable

SOURCE_LIMIT: Final = 160
"""Number of characters of a call that are kept."""

_ENVIRONMENT: Final = frozenset({"os.environ", "os.environb"})
_EVALUATORS: Final = frozenset({"eval", "exec", "compile", "__import__", "pickle.loads", "marshal.loads"})
_DECODERS: Final = ("base64.", "codecs.decode", "zlib.", "binascii.", "bytes.fromhex", "lzma.", "bz2.")


def scan_source(text: str) -> list[Finding]:
    """Return the findings of a source, by line. A source that does not parse has a single finding that reports it."""
    try:
        tree = parse(text)
    except SyntaxError as error:
        return [_not_parsed("does-not-parse", text, error.lineno or 1, error.msg)]
    except ValueError as error:
        return [_not_parsed("does-not-parse", text, 1, str(error))]
    except (RecursionError, MemoryError):
        return [_not_parsed("not-searched", text, 1, "nested too deeply")]
    try:
        return _Scan(tree, text).findings()
    except RecursionError:
        return [_not_parsed("not-searched", text, 1, "nested too deeply")]


def parse(text: str) -> ast.Module:
    """Parse like the import would, without Python's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _not_parsed(kind: Kind, text: str, line: int, why: str) -> Finding:
    lines = split_lines(text)
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    return Finding(kind, line, one_line(why, SOURCE_LIMIT), one_line(source, SOURCE_LIMIT), on_import=True)


class _Scan:
    def __init__(self, tree: ast.Module, text: str) -> None:
        self._names = NameResolver(tree)
        self._lines = [line.encode("utf-8", "surrogatepass") for line in split_lines(text)]
        self._reported: set[int] = set()  # nodes covered by a finding about an enclosing node
        self._on_import = self._run_on_import()
        self._found: dict[tuple[str, int, str], Finding] = {}

    def findings(self) -> list[Finding]:
        for node, scope in self._names.nodes:
            for name, rule in self._notable(node, scope):
                self._add(node, scope, name, rule)
        return sorted(self._found.values(), key=lambda finding: (finding.line, finding.kind, finding.name))

    def _add(self, node: ast.AST, scope: Scope, name: str, rule: Rule) -> None:
        line = getattr(node, "lineno", 1)
        kind, weak = rule
        shown = one_line(normal(name), 60)
        earlier = self._found.get((kind, line, shown))
        if earlier is None or (earlier.weak and not weak):
            on_import = scope.function is None or scope.function in self._on_import
            source = one_line(self._segment(node), SOURCE_LIMIT)
            self._found[kind, line, shown] = Finding(kind, line, shown, source, on_import, weak)

    def _notable(self, node: ast.AST, scope: Scope) -> Iterator[tuple[str, Rule]]:
        if isinstance(node, ast.Call):
            yield from self._called(node, scope)
        elif isinstance(node, ast.Subscript):
            yield from self._taken_by_key(node, scope)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            yield from self._mentioned(node, scope)
        elif isinstance(node, ast.Compare):
            yield from self._looked_into(node, scope)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imported(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign)):
            yield from _annotated(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in self._reported:
            if CREDENTIAL.search(node.value):
                yield one_line(node.value, 60), Rule("environment")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            self._reported.add(id(node.value))  # a docstring

    def _called(self, call: ast.Call, scope: Scope) -> Iterator[tuple[str, Rule]]:
        names = self._names.resolve(call.func, scope)
        rules = {name: rule_for_call(name, call) for name in names}
        for name, rule in rules.items():
            if rule is not None:
                yield self._with_decoder(name, call, scope), rule
            if name in ("getattr", "vars") and call.args:
                owners = self._names.resolve(call.args[0], scope)
                self._mark_reported(call.args[0])
                self._mark_reported(call.func)
                if name == "vars" and owners & (self._names.modules | MODULES_NOT_TO_HAND_ON):
                    yield f"vars({'/'.join(sorted(owners))})", Rule("eval-exec")
                reached = rule_for_getattr(owners, call, self._names.modules)
                if reached is not None:
                    yield f"getattr({'/'.join(sorted(owners)) or '…'}, …)", reached
            elif rule is not None and rule.kind == "environment" and call.args:
                self._mark_reported(call.args[0])
        if trusts_other_code(call):
            yield "trust_remote_code=True", Rule("eval-exec")
        if any(rules.values()):
            self._mark_reported(call.func)
        elif isinstance(call.func, ast.Attribute) and all("()" in name for name in names):
            yield from self._called_on_unknown(call.func.attr, call)

    def _called_on_unknown(self, method: str, call: ast.Call) -> Iterator[tuple[str, Rule]]:
        if method in METHODS:
            yield f"….{method}", METHODS[method]
        elif method == "open" and (call.args or call.keywords) and _says_it_writes(call):
            yield "….open", Rule("file-system")

    def _with_decoder(self, name: str, call: ast.Call, scope: Scope) -> str:
        """Report ``exec(base64.b64decode(…))`` as one finding: code that was made unreadable."""
        if name not in _EVALUATORS or not call.args:
            return name
        for node in _shallow_walk(call.args[0]):
            if isinstance(node, ast.Call):
                for inner in self._names.resolve(node.func, scope):
                    if inner.startswith(_DECODERS):
                        return f"{name} ← {inner}"
        return name

    def _taken_by_key(self, node: ast.Subscript, scope: Scope) -> Iterator[tuple[str, Rule]]:
        owners = self._names.resolve(node.value, scope)
        if _ENVIRONMENT & owners:
            key = constant_text(node.slice)
            self._mark_reported(node.value)
            self._mark_reported(node.slice)
            yield "os.environ", Rule("environment", weak=key is not None and not can_name_secret_variable(key))
        yield from self._mentioned(node, scope)

    def _looked_into(self, node: ast.Compare, scope: Scope) -> Iterator[tuple[str, Rule]]:
        """Report ``"NAME" in os.environ``."""
        for part in node.comparators:
            if _ENVIRONMENT & self._names.resolve(part, scope):
                self._mark_reported(part)
                yield "os.environ", Rule("environment", weak=True)

    def _mentioned(self, node: ast.expr, scope: Scope) -> Iterator[tuple[str, Rule]]:
        """Report something notable that is named without being called: kept under another name, or passed on."""
        if id(node) in self._reported or (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)):
            return
        names = self._names.resolve(node, scope)
        if isinstance(node, ast.Attribute):
            if node.attr in REFLECTION:
                yield f"….{node.attr}", Rule("eval-exec")
            if names:
                self._mark_reported(node.value)
        for name in names:
            rule = rule_for(name)
            if name in _ENVIRONMENT:
                yield name, Rule("environment")  # all of it
            elif name in NOT_TO_HAND_ON or (
                name.endswith(".__dict__") and name.removesuffix(".__dict__") in self._names.modules
            ):
                yield name, Rule("eval-exec")
            elif rule is not None:
                yield name, rule
            elif name in MODULES_NOT_TO_HAND_ON:
                yield name, Rule("eval-exec", weak=True)

    def _mark_reported(self, node: ast.expr) -> None:
        """Mark every part of a dotted name as reported together with it."""
        while True:
            self._reported.add(id(node))
            if not isinstance(node, (ast.Attribute, ast.Subscript)):
                return
            node = node.value

    def _run_on_import(self) -> set[FunctionNode]:
        """Return the functions that run during the import of the file, because its top level calls them."""
        calls: dict[FunctionNode | None, list[tuple[ast.expr, Scope]]] = {}
        for node, scope in self._names.nodes:
            if isinstance(node, ast.Call):
                arguments = (*node.args, *(keyword.value for keyword in node.keywords))
                calls.setdefault(scope.function, []).extend((part, scope) for part in (node.func, *arguments))
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                calls.setdefault(scope.function, []).extend((part, scope) for part in node.decorator_list)
        reached: set[FunctionNode] = set()
        todo: list[FunctionNode | None] = [None]
        while todo:
            for expression, scope in calls.get(todo.pop(), ()):
                for function in self._names.local_functions(expression, scope):
                    if function not in reached:
                        reached.add(function)
                        todo.append(function)
        return reached

    def _segment(self, node: ast.AST) -> str:
        first, last = getattr(node, "lineno", 1) - 1, (getattr(node, "end_lineno", 1) or 1) - 1
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0) or 0
        if not 0 <= first <= last < len(self._lines):
            return ""
        if isinstance(node, (ast.Name, ast.Attribute)):  # too short by itself: show the whole line
            return _decode(self._lines[first])
        if first == last:
            return _decode(self._lines[first][start:end])
        middle = self._lines[first + 1 : min(last, first + 12)]
        tail = [self._lines[last][:end]] if last <= first + 12 else []
        return _decode(b" ".join([self._lines[first][start:], *middle, *tail]))


def _annotated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign) -> Iterator[tuple[str, Rule]]:
    written = [node.annotation] if isinstance(node, ast.AnnAssign) else written_types(node)
    for part in (part for annotation in written for part in ast.walk(annotation)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and calls_in_text(part.value):
            yield f"annotation {one_line(part.value, 40)}", Rule("eval-exec")


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Rule]]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif node.level:
        return
    else:
        names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
        if len(names) < len(node.names) and is_notable_module(node.module or ""):
            rule = rule_for(node.module or "")
            yield f"{node.module}.*", Rule(rule.kind if rule else "eval-exec")
    for name in names:
        rule = rule_for(name)
        if rule is not None:
            yield f"import {name}", Rule(rule.kind, weak=True)


def _says_it_writes(call: ast.Call) -> bool:
    mode = next((k.value for k in call.keywords if k.arg == "mode"), call.args[0] if call.args else None)
    text = constant_text(mode) if mode is not None else None
    return text is not None and len(text) < 5 and set(text) <= set("rwaxbt+U") and mode_writes(call, 0)


def _shallow_walk(node: ast.AST) -> Iterator[ast.AST]:
    todo, left = [node], 200
    while todo and left:
        node, left = todo.pop(), left - 1
        yield node
        todo.extend(ast.iter_child_nodes(node))


def _decode(line: bytes) -> str:
    return line.decode("utf-8", "replace")
