"""Edit Python and JSON texts at the places that their syntax gives, so that formatting and comments stay."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any, Final

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_INDENT: Final = re.compile(r"[ \t]*")
_COMMA: Final = re.compile(r"[ \t]*,")
_REST: Final = re.compile(r"[ \t]*;?[ \t]*(#.*)?\r?")  # what may follow a statement on lines that are its own


class PythonEdit:
    """Replacements in a Python file, by the nodes of its syntax tree."""

    def __init__(self, text: str) -> None:
        """Parse the file.

        Raises:
            SyntaxError, ValueError, RecursionError: it can't be parsed.
        """
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        self.text = text = text.removeprefix(self._mark)
        self.tree = ast.parse(text)
        if re.search(r"\r(?!\n)", text):
            raise ValueError("Python and git count its lines in different ways")
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._changes: list[tuple[int, int, str]] = []
        self._refused = False

    def result(self) -> str | None:
        """Return the edited text.

        It is None if nothing was changed, if two changes are of one place, if a change does not fit how the statement
        is laid out, or if the text is no longer Python.
        """
        changes = sorted({(start, end, new) for start, end, new in self._changes if start < end})
        changes = sorted([*changes, *(one for one in self._changes if one[0] == one[1])])
        if self._refused or any(_meet(one, next_one) for one, next_one in pairwise(changes)):
            return None
        text = self.text
        for start, end, new in reversed(changes):
            text = text[:start] + new + text[end:]
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return None
        return self._mark + text if text != self.text else None

    # Finding

    def class_(self, name: str) -> ast.ClassDef | None:
        return next(
            (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef) and node.name == name), None
        )

    def method(self, class_: ast.ClassDef, name: str) -> ast.FunctionDef | None:
        return next((node for node in class_.body if isinstance(node, ast.FunctionDef) and node.name == name), None)

    def source(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.text[start:end]

    def imports(self, name: str) -> bool:
        """Return whether the file has a name, from an import or a definition at its top."""
        for node in self.tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                if any((alias.asname or alias.name) == name for alias in node.names):
                    return True
            elif isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return True
        return False

    def innermost(self, line: Any) -> tuple[ast.stmt, list[ast.stmt]] | None:
        """Return the innermost statement at a line, with the functions and classes around it from the outside in."""
        around: list[ast.stmt] = []
        found: ast.stmt | None = None
        block: list[ast.stmt] = self.tree.body
        while isinstance(line, int):
            inner = [node for node in block if first_line(node) <= line <= (node.end_lineno or node.lineno)]
            if len(inner) != 1:
                break
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                around.append(found)
            found, block = inner[0], [*statements_below(inner[0])]
        return None if found is None else (found, around)

    def indent(self, statement: ast.stmt) -> str:
        found = _INDENT.match(self._lines[statement.lineno - 1])
        return found[0] if found is not None else ""

    # Changing

    def replace(self, node: ast.AST, new: str) -> None:
        self._changes.append((*self._span(node), new))

    def remove(self, statement: ast.stmt) -> None:
        """Remove a statement; one inside another, or beside another on its line, leaves a ``pass``."""
        if statement not in self.tree.body or not self.has_own_lines(statement):
            self.replace(statement, "pass")
            return
        start, end = self._starts[statement.lineno - 1], self._starts[statement.end_lineno or statement.lineno]
        self._changes.append((start, min(end, len(self.text)), ""))

    def remove_names(self, statement: ast.Import | ast.ImportFrom, gone: list[ast.alias]) -> None:
        """Remove some of the names of an import, with their commas; brackets and comments stay."""
        names = statement.names
        assert len(gone) < len(names)
        in_brackets = self.source(statement).endswith(")")
        for is_gone, group in groupby(enumerate(names), key=lambda item: item[1] in gone):
            if not is_gone:
                continue
            run = [at for at, _ in group]
            first, last = run[0], run[-1]
            # With the comma after the last of them, or if there is no name after it, the one before the first.
            is_end = last + 1 == len(names)
            start = self._span(names[first - 1])[1] if is_end else self._span(names[first])[0]
            end = self._span(names[last])[1] if is_end else self._span(names[last + 1])[0]
            if not in_brackets or not set("#\n") & set(self.text[start:end]):
                self._changes.append((start, end, ""))
                continue
            self._remove_with_lines([self._with_comma(names[at], is_last=at + 1 == len(names)) for at in run])

    def _with_comma(self, name: ast.alias, *, is_last: bool) -> tuple[int, int]:
        """Return the place of a name between brackets, with its comma and the spaces after that."""
        start, end = self._span(name)
        comma = _COMMA.match(self.text, end)
        if comma is not None:
            end = comma.end()
        elif not is_last:
            self._refused = True  # a comment or a line break is before the comma
        return start, end + len(_INDENT.match(self.text, end)[0])  # type: ignore[index]  # it matches everywhere

    def _remove_with_lines(self, places: list[tuple[int, int]]) -> None:
        """Remove places in the order of the text, and the lines that have nothing else."""
        joined: list[tuple[int, int]] = []
        for start, end in places:
            if joined and joined[-1][1] == start:
                start = joined.pop()[0]
            joined.append((start, end))
        for start, end in joined:
            line = self.text.rfind("\n", 0, start) + 1
            if not self.text[end : end + 2].startswith(("\n", "\r\n")):
                self._changes.append((start, end, ""))
            elif self.text[line:start].strip():
                self._changes.append((line + len(self.text[line:start].rstrip(" \t")), end, ""))
            else:
                self._changes.append((line, self.text.index("\n", end) + 1, ""))

    def has_own_lines(self, statement: ast.stmt) -> bool:
        """Return whether no other statement is on the lines of this one."""
        start, end = self._span(statement)
        rest = self._lines[(statement.end_lineno or statement.lineno) - 1]
        rest = self.text[end : self._starts[(statement.end_lineno or statement.lineno) - 1] + len(rest)]
        before = self.text[self._starts[statement.lineno - 1] : start]  # of the line without its decorators
        return not before.strip() and _REST.fullmatch(rest) is not None

    def _require_own_lines(self, statement: ast.stmt) -> None:
        if not self.has_own_lines(statement):
            self._refused = True

    def insert_at_end(self, node: ast.AST, new: str) -> None:
        _, end = self._span(node)
        self._changes.append((end, end, new))

    def insert_line_after(self, statement: ast.stmt, line: str) -> None:
        """Insert a statement on a line of its own, with the same indentation."""
        self._require_own_lines(statement)
        end = self._starts[statement.end_lineno or statement.lineno]
        new = f"{self.indent(statement)}{line}{self._newline}"
        if end > len(self.text):  # the last line has no line break
            end, new = len(self.text), f"{self._newline}{new.rstrip()}"
        self._changes.append((end, end, new))

    def insert_line_before(self, statement: ast.stmt, line: str) -> None:
        self._require_own_lines(statement)
        start = self._starts[first_line(statement) - 1]
        self._changes.append((start, start, f"{self.indent(statement)}{line}{self._newline}"))

    def move_line_after(self, statement: ast.stmt, other: ast.stmt) -> None:
        """Move the lines of a statement after those of another one in the same block."""
        self._require_own_lines(statement)
        self._require_own_lines(other)
        start, end = self._starts[statement.lineno - 1], self._starts[statement.end_lineno or statement.lineno]
        text = self.text[start:end]
        target = self._starts[other.end_lineno or other.lineno]
        if target > len(self.text):
            target, text = len(self.text), self._newline + text.rstrip("\r\n")
        self._changes += [(start, end, ""), (target, target, text)]

    def replace_lines(self, statement: ast.stmt, lines: list[str]) -> None:
        """Put these lines in place of a statement; the first keeps the indentation."""
        if len(lines) > 1:
            self._require_own_lines(statement)
        indent = self.indent(statement)
        self.replace(statement, f"{self._newline}{indent}".join(lines))

    def add_import(self, module: str, name: str) -> None:
        """Import a name from a module: in an import of that module, or else after the last import at the top."""
        if self.imports(name):
            return
        last: ast.stmt | None = None
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                written = "." * node.level + (node.module or "")
                if written == module and node.names[0].name != "*":
                    self.insert_at_end(node.names[-1], f", {name}")
                    return
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                last = node
        line = f"from {module} import {name}"
        if last is not None:
            self.insert_line_after(last, line)
        elif self.tree.body:
            self.insert_first(self.tree.body, line)

    def add_module(self, module: str) -> None:
        """Import a module before the other imports at the top."""
        if self.imports(module):
            return
        imports = [node for node in self.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        following = next((node for node in imports if getattr(node, "module", None) != "__future__"), None)
        if following is not None:
            self.insert_line_before(following, f"import {module}")
        elif imports:
            self.insert_line_after(imports[-1], f"import {module}")
        else:
            self.insert_first(self.tree.body, f"import {module}")

    def insert_first(self, body: list[ast.stmt], line: str) -> None:
        """Insert a statement at the beginning of a block, after its docstring."""
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            self.insert_line_after(first, line)
        else:
            self.insert_line_before(first, line)

    def _span(self, node: Any) -> tuple[int, int]:
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """Return the position of a column, which the syntax tree counts in UTF-8 bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def first_line(statement: ast.stmt) -> int:
    """Return the line at which a statement begins, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def statements_below(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of the blocks of a statement, those of handlers and cases too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from statements_below(child)


def run_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module that run when it is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            waiting += [node.args]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [node.args, *node.decorator_list, *([node.returns] if node.returns is not None else [])]
        else:
            waiting += ast.iter_child_nodes(node)


def _meet(one: tuple[int, int, str], following: tuple[int, int, str]) -> bool:
    """Return whether two changes, the first of which begins no later, are of one place."""
    both_insert = one[0] == one[1] == following[0] == following[1]
    return following[0] < one[1] or both_insert


class _NoSuchKey(Exception):
    pass


def json_with(text: str, path: list[str], value: Any) -> str | None:
    """Return a JSON object's text with another value at a path of keys; None if there is no object to put it in."""
    try:
        json.loads(text)
        start, end = _span(text, 0, path)
    except _NoSuchKey:
        if len(path) > 1:
            return None
        return _with_new_key(text, path[0], value)
    except (ValueError, RecursionError):
        return None
    return text[:start] + json.dumps(value, ensure_ascii=False) + text[end:]


def _span(text: str, start: int, path: list[str]) -> tuple[int, int]:
    start = _skip(text, start)
    if not path:
        return start, JSONDecoder().raw_decode(text, start)[1]
    if text[start : start + 1] != "{":
        raise ValueError("not an object")
    at = _skip(text, start + 1)
    found: tuple[int, int] | None = None
    while text[at : at + 1] == '"':
        key, at = scanstring(text, at + 1)
        at = _skip(text, _skip(text, at) + 1)
        end = JSONDecoder().raw_decode(text, at)[1]
        if key == path[0]:
            found = at, end  # of equal keys the last counts
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    if found is None:
        raise _NoSuchKey
    return _span(text, found[0], path[1:])


def _with_new_key(text: str, key: str, value: Any) -> str | None:
    """Return an object's text with a first entry more, laid out like the present first one."""
    start = _skip(text, 0)
    if text[start : start + 1] != "{":
        return None
    first = _skip(text, start + 1)
    entry = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    if text[first : first + 1] == "}":
        return f"{text[: start + 1]}{entry}{text[first:]}"
    return f"{text[: start + 1]}{text[start + 1 : first]}{entry},{text[start + 1 : first] or ' '}{text[first:]}"


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found is not None else at


def without_trailing_commas(text: str) -> str | None:
    """Return a JSON text without byte order mark and commas before a closing bracket; None if it is then no JSON."""
    cleaned, at = [], 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|,(?=[ \t\r\n]*[}\]])', text):
        if match[0] == ",":
            cleaned.append(text[at : match.start()])
            at = match.end()
    repaired = ("".join(cleaned) + text[at:]).lstrip("\ufeff")
    try:
        json.loads(repaired)
    except (ValueError, RecursionError):
        return None
    return repaired if repaired != text else None
