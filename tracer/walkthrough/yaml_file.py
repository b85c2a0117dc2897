"""Reading a walkthrough file. Nothing in it is executed, and every error names file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from tracer.i18n import N_, Sentence, reason_of
from tracer.text.visible import one_line, visible
from tracer.trace.errors import TracerError
from tracer.walkthrough.format import Anchor, FormatError, Note, Walkthrough, in_range

_MOST: Final = 2 << 20  # bytes; ours have fewer than a tenth of it
_DEEPEST: Final = 40
_NO_WALKTHROUGH: Final = N_("{path} is not a walkthrough: expected keys such as id and title.")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
T = TypeVar("T")
_BOOL: Final = "tag:yaml.org,2002:bool"
_DATE: Final = "tag:yaml.org,2002:timestamp"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STEP_OF_PATH: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_PROBLEMS: Final[tuple[tuple[str, str], ...]] = (  # how the YAML libraries begin a sentence, and what it comes to
    ("mapping values are not allowed", N_("a text with a colon and a space needs quotes, or the indentation is wrong")),
    ("could not find expected ':'", N_("the colon after a key is missing, or the indentation is wrong")),
    ("did not find expected key", N_("expected a key here; look at the indentation and at quotes")),
    (
        "did not find expected '-' indicator",
        N_("expected a dash here, as before the other items; look at the indentation"),
    ),
    ("did not find expected ',' or", N_("a bracket is not closed, or a comma is missing")),
    ("expected ',' or", N_("a bracket is not closed, or a comma is missing")),
    ("expected <block end>", N_("the indentation is wrong, or a quote is not closed")),
    ("found unexpected end of stream", N_("a quote is not closed")),
    ("found character", N_("no text can begin with this character: indent with spaces, and put the text in quotes")),
    ("found unknown escape character", N_("there is no such escape in double quotes; take single quotes")),
    ("found undefined tag handle", N_("a tag (!) is not allowed here; put the text in quotes")),
    ("could not determine a constructor for the tag", N_("a tag (!) is not allowed here; put the text in quotes")),
    ("did not find expected <document start>", N_("a second document, or a wrong indentation, begins here")),
    ("expected a single document", N_("a second document begins here; a file holds one")),
    ("control characters are not allowed", N_("the file holds control characters")),
    ("special characters are not allowed", N_("the file holds control characters")),
    ("invalid", N_("the file is not text in UTF-8")),
    ("unexpected end of data", N_("the file is not text in UTF-8")),
    ("incomplete UTF-8", N_("the file is not text in UTF-8")),
    ("maximum recursion depth", N_("it is nested too deeply")),
)
_KINDS: Final = {
    "int": N_("a whole number"),
    "float": N_("a number"),
    "str": N_("a text"),
    "bool": N_("true or false"),
    "array": N_("a list"),
    "object": N_("keys with values"),
    "null": N_("nothing"),
}
_TYPE: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_LENGTH: Final = re.compile(r"Expected `array` of (?:at least )?length >= (\d+)(?:, got \d+)?")
_ENUM: Final = re.compile(r"Invalid enum value (.+)", re.DOTALL)
_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`")


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
    root = _composed(path, _NO_WALKTHROUGH)
    pairs = {str(key.value): value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    notes = pairs.get("notes")
    items = notes.value if isinstance(notes, yaml.SequenceNode) else []
    return _id_of(root), {_id_of(item): item.start_mark.line + 1 for item in items}


def read_walkthrough(path: Path) -> Walkthrough:
    """Read and check one file.

    Raises:
        InvalidFile: it can't be read, isn't YAML, or lacks what a walkthrough needs.
    """
    root = _composed(path, _NO_WALKTHROUGH)
    found = _converted(path, root, Walkthrough)
    for where, message in _beyond_types(found):
        raise _told(path, root, where, message)
    return found


def read_yaml(path: Path, kind: type[T], otherwise: str) -> T:
    """Read any other file of ours; ``otherwise`` is the sentence about a ``{path}`` that holds no keys.

    Raises:
        InvalidFile: it can't be read, isn't YAML, or lacks what its kind needs.
    """
    return _converted(path, _composed(path, otherwise), kind)


def _converted(path: Path, root: yaml.Node, kind: type[T]) -> T:
    try:
        return msgspec.convert(_plain(root, path), kind)
    except msgspec.ValidationError as error:
        raise _mistake(path, root, error) from None


def _composed(path: Path, otherwise: str) -> yaml.Node:
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
            N_("{path} can't be read: {reason}."), path=visible(str(path)), reason=reason_of(error)
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _no_yaml(path, error) from None
    if not isinstance(root, yaml.MappingNode):
        raise InvalidFile(otherwise, path=visible(str(path)))
    return root


def _refuse_aliases(data: bytes, path: Path) -> None:
    """Refuse aliases: one can make a small file huge, and no walkthrough needs any."""
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            what = (
                Sentence(N_("an alias (*) is not allowed here"))
                if isinstance(event, yaml.AliasEvent)
                else Sentence(N_("more than {most} levels are not allowed here"), most=_DEEPEST)
            )
            raise _at_line(path, event.start_mark.line + 1 if event.start_mark is not None else 1, what)


def _at_line(path: Path, line: int, message: Sentence) -> InvalidFile:
    return InvalidFile(N_("{path}, line {line}: {message}."), path=visible(str(path)), line=line, message=message)


def _no_yaml(path: Path, error: Exception) -> InvalidFile:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    shown, problem = visible(str(path)), _problem(str(what))
    if mark is None:
        return InvalidFile(N_("{path} is not valid YAML: {problem}."), path=shown, problem=problem)
    return InvalidFile(
        N_("{path}, line {line}, column {column} is not valid YAML: {problem}."),
        path=shown,
        line=mark.line + 1,
        column=mark.column + 1,
        problem=problem,
    )


def _problem(what: str) -> Sentence:
    """Return what a YAML library says, in our words where it is common."""
    for beginning, sentence in _PROBLEMS:
        if what.startswith(beginning):
            return Sentence(sentence)
    return Sentence(N_("“{problem}”"), problem=one_line(what, 200))


def _plain(node: yaml.Node, path: Path) -> Any:
    """Return a node as plain data. Keys are always text and must be unique."""
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                raise _at_line(path, key.start_mark.line + 1, Sentence(N_("{name!r} is given twice"), name=name))
            found[name] = _plain(value, path)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, path) for item in node.value]
    if node.tag == _DATE or (node.tag == _BOOL and str(node.value).lower() not in ("true", "false")):
        return str(node.value)  # a note may be titled No, as in YAML 1.2
    try:
        return _SCALARS.construct_document(node)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        what = getattr(error, "problem", None) or error
        raise _at_line(path, node.start_mark.line + 1, _problem(str(what))) from None


_SCALARS: Final = yaml.constructor.SafeConstructor()


def _beyond_types(found: Walkthrough) -> Iterator[tuple[str, Sentence]]:
    """Yield the mistakes that types don't catch, each with its place in the file."""
    for where, name in [("$.id", found.id), *((f"$.notes[{i}].id", note.id) for i, note in enumerate(found.notes))]:
        if not _NAME.fullmatch(name):
            yield (
                where,
                Sentence(N_("{name!r} is not an id: lower-case letters and digits with single dashes"), name=name),
            )
    seen: set[str] = set()
    for index, note in enumerate(found.notes):
        if note.id in seen:
            yield f"$.notes[{index}].id", Sentence(N_("another note has the id {id!r}"), id=note.id)
        seen.add(note.id)
        if note.load and note.load not in found.loads:
            message = Sentence(N_("there is no load {load!r}; there is: {loads}"), load=note.load, loads=[*found.loads])
            yield f"$.notes[{index}].load", message
    for where, wanted in _ranges(found):
        try:
            in_range("5.0.0", wanted)
        except FormatError as error:
            yield where, error.sentence


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


def _mistake(path: Path, root: yaml.Node, error: msgspec.ValidationError) -> InvalidFile:
    said, _, where = str(error).rpartition(" - at `")
    if not said:
        said, where = str(error), "$"
    where = where.rstrip("`")
    if isinstance(error.__cause__, FormatError):
        return _told(path, root, where, error.__cause__.sentence)
    if field := _FIELD.match(said):
        missing = field[1].startswith("missing")
        message = N_("`{key}` is missing") if missing else N_("there is no key `{key}` here")
        return _told(path, root, where if missing else f"{where}.{field[2]}", Sentence(message, key=field[2]))
    return _told(path, root, where, _wrong_value(said))


def _wrong_value(said: str) -> Sentence:
    """Return what msgspec says of a value, in our words where it is common."""
    if match := _TYPE.fullmatch(said):
        wanted, given = ([_kind(name) for name in names.split(" | ")] for names in match.groups())
        if len(wanted) == 1:
            return Sentence(N_("expected {wanted}, found {given}"), wanted=wanted, given=given)
        return Sentence(N_("expected one of these: {wanted}; found {given}"), wanted=wanted, given=given)
    if match := _LENGTH.fullmatch(said):
        return Sentence(N_("expected a list of at least {count}"), count=match[1])
    if match := _ENUM.fullmatch(said):
        return Sentence(N_("{value} is not one of the values that can be given here"), value=match[1])
    return Sentence(N_("“{problem}”"), problem=one_line(said, 200))


def _kind(name: str) -> Sentence | str:
    return Sentence(_KINDS[name]) if name in _KINDS else f"`{name}`"


def _told(path: Path, root: yaml.Node, where: str, message: Sentence) -> InvalidFile:
    line, note = _line_of(root, where)
    key = where.removeprefix("$").removeprefix(".")
    part = re.match(r"(\w+)s\[\d+\]\.?", key)
    of: Sentence | str = ""
    if note and part:
        key = key[part.end() :]
        of = Sentence(_ITEMS.get(part[1], _OTHER_ITEM), item=part[1], id=note)
    at = Sentence(N_(", {key}"), key=key) if key else ""
    return InvalidFile(
        N_("{path}, line {line}{of}{at}: {message}."), path=visible(str(path)), line=line, of=of, at=at, message=message
    )


_ITEMS: Final = {
    "note": N_(", note {id!r}"),
    "check": N_(", check {id!r}"),
    "prediction": N_(", prediction {id!r}"),
}
_OTHER_ITEM: Final = N_(", {item} {id!r}")


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
