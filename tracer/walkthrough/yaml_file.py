"""Reading a walkthrough file. Nothing in it is executed, and every error names file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from tracer.i18n import N_
from tracer.text.visible import one_line, visible
from tracer.trace.errors import TracerError
from tracer.walkthrough.format import Anchor, Note, Walkthrough, in_range

_MOST: Final = 2 << 20  # bytes; ours have fewer than a tenth of it
_DEEPEST: Final = 40
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
T = TypeVar("T")
_BOOL: Final = "tag:yaml.org,2002:bool"
_DATE: Final = "tag:yaml.org,2002:timestamp"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STEP_OF_PATH: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_MISSING: Final = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`")


class InvalidFile(TracerError):
    """A file with a mistake: the sentence names file, line, note and key."""


def is_id(name: str) -> bool:
    """Return whether a name can be the id of a walkthrough or a note."""
    return _NAME.fullmatch(name) is not None


def note_lines(path: Path) -> tuple[str, dict[str, int]]:
    """Return a file's id, and the line at which each of its notes begins, without more of it being checked.

    Raises:
        InvalidFile: it can't be read or isn't YAML.
    """
    root = _composed(path, "walkthrough")
    pairs = {str(key.value): value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    notes = pairs.get("notes")
    items = notes.value if isinstance(notes, yaml.SequenceNode) else []
    return _id_of(root), {_id_of(item): item.start_mark.line + 1 for item in items}


def read_walkthrough(path: Path) -> Walkthrough:
    """Read and check one file.

    Raises:
        InvalidFile: it can't be read, isn't YAML, or lacks what a walkthrough needs.
    """
    root = _composed(path, "walkthrough")
    found = _converted(path, root, Walkthrough)
    for where, message in _beyond_types(found):
        raise _told(path, root, where, message)
    return found


def read_yaml(path: Path, kind: type[T], what: str) -> T:
    """Read any other file of ours; ``what`` it is called.

    Raises:
        InvalidFile: it can't be read, isn't YAML, or lacks what its kind needs.
    """
    return _converted(path, _composed(path, what), kind)


def _converted(path: Path, root: yaml.Node, kind: type[T]) -> T:
    try:
        return msgspec.convert(_plain(root, path), kind)
    except msgspec.ValidationError as error:
        raise _mistake(path, root, str(error)) from None


def _composed(path: Path, what: str) -> yaml.Node:
    try:
        data = path.read_bytes()
        if len(data) > _MOST:
            raise InvalidFile(
                N_("{path} has {count:,} bytes; such a file has at most {most:,}."),
                path=visible(str(path)),
                count=len(data),
                most=_MOST,
            )
        _refuse_aliases(data, path)
        root = yaml.compose(data, Loader=_LOADER)
    except OSError as error:
        raise InvalidFile(
            N_("{path} can't be read: {reason}."), path=visible(str(path)), reason=error.strerror or error
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _no_yaml(path, error) from None
    if not isinstance(root, yaml.MappingNode):
        raise InvalidFile(
            N_("{path} is no {what}: expected keys such as id and title."), path=visible(str(path)), what=what
        )
    return root


def _refuse_aliases(data: bytes, path: Path) -> None:
    """An alias can make a small file a huge one; no walkthrough needs any."""
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            what = "an alias (*)" if isinstance(event, yaml.AliasEvent) else f"more than {_DEEPEST} levels"
            mark = event.start_mark
            line = f", line {mark.line + 1}" if mark is not None else ""
            raise InvalidFile(
                N_("{path}{line}: {what} is not allowed here."), path=visible(str(path)), line=line, what=what
            )


def _no_yaml(path: Path, error: Exception) -> InvalidFile:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    shown, problem = visible(str(path)), one_line(str(what), 200)
    if mark is None:
        return InvalidFile(N_("{path} is not valid YAML: {problem}."), path=shown, problem=problem)
    return InvalidFile(
        N_("{path}, line {line}, column {column} is not valid YAML: {problem}."),
        path=shown,
        line=mark.line + 1,
        column=mark.column + 1,
        problem=problem,
    )


def _plain(node: yaml.Node, path: Path) -> Any:
    """Return a node as plain data. Keys are always text and must be unique."""
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                line = key.start_mark.line + 1
                raise InvalidFile(
                    N_("{path}, line {line}: {name!r} is given twice."), path=visible(str(path)), line=line, name=name
                )
            found[name] = _plain(value, path)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, path) for item in node.value]
    if node.tag == _DATE or (node.tag == _BOOL and str(node.value).lower() not in ("true", "false")):
        return str(node.value)  # a note may be titled No, as in YAML 1.2
    try:
        return _SCALARS.construct_document(node)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        line = node.start_mark.line + 1
        problem = getattr(error, "problem", None) or error
        raise InvalidFile(
            N_("{path}, line {line}: {problem}."),
            path=visible(str(path)),
            line=line,
            problem=one_line(str(problem), 200),
        ) from None


_SCALARS: Final = yaml.constructor.SafeConstructor()


def _beyond_types(found: Walkthrough) -> Iterator[tuple[str, str]]:
    """Yield the mistakes that types don't catch, each with its place in the file."""
    for where, name in [("$.id", found.id), *((f"$.notes[{i}].id", note.id) for i, note in enumerate(found.notes))]:
        if not _NAME.fullmatch(name):
            yield where, f"{name!r} is no id: lower-case letters and digits with single dashes"
    seen: set[str] = set()
    for index, note in enumerate(found.notes):
        if note.id in seen:
            yield f"$.notes[{index}].id", f"another note has the id {note.id!r} already"
        seen.add(note.id)
        if note.load and note.load not in found.loads:
            yield f"$.notes[{index}].load", f"there is no load {note.load!r}; there is: {', '.join(found.loads)}"
    for where, wanted in _ranges(found):
        try:
            in_range("5.0.0", wanted)
        except ValueError as error:
            yield where, str(error)


def _ranges(found: Walkthrough) -> Iterator[tuple[str, str]]:
    yield "$.releases", found.releases
    for index, note in enumerate(found.notes):
        at = f"$.notes[{index}]"
        yield f"{at}.releases", note.releases
        for key, things in _with_releases(note).items():
            for number, thing in enumerate(things):
                yield f"{at}.{key}[{number}].releases", thing.releases


def _with_releases(note: Note) -> dict[str, list[Any]]:
    anchors: list[Anchor] = note.anchors
    return {"anchor": list(anchors), "expect": list(note.expect), "covers": list(note.covers)}


def _mistake(path: Path, root: yaml.Node, message: str) -> InvalidFile:
    said, _, where = message.partition(" - at `")
    where = where.rstrip("`") or "$"
    if field := _MISSING.match(said):
        missing = field[1].startswith("missing")
        said = f"`{field[2]}` is missing" if missing else f"there is no key `{field[2]}` here"
        where = where if missing else f"{where}.{field[2]}"
    return _told(path, root, where, said[:1].lower() + said[1:])


def _told(path: Path, root: yaml.Node, where: str, message: str) -> InvalidFile:
    line, note = _line_of(root, where)
    key = where.removeprefix("$").removeprefix(".")
    part = re.match(r"(\w+)s\[\d+\]\.?", key)
    of = f", {part[1]} {note!r}" if note and part else ""
    key = key[part.end() :] if note and part else key
    at = f", {key}" if key else ""
    return InvalidFile(
        N_("{path}, line {line}{of}{at}: {message}."),
        path=visible(str(path)),
        line=visible(str(line)),
        of=visible(str(of)),
        at=visible(str(at)),
        message=visible(str(message)),
    )


def _line_of(root: yaml.Node, where: str) -> tuple[int, str]:
    """Return the line of a place, and the id of the note that it is in."""
    node, note = root, ""
    line = root.start_mark.line + 1
    for key, index in _STEP_OF_PATH.findall(where):
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode) and key:
            for name, value in node.value:
                if name.value == key:
                    found, line = value, name.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and index.isdigit() and int(index) < len(node.value):
            found = node.value[int(index)]
            line = found.start_mark.line + 1
            note = note or _id_of(found)
        if found is None:
            break
        node = found
    return line, note


def _id_of(node: yaml.Node) -> str:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "id"), "")
