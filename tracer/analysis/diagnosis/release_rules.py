"""Rules for code that was written for another release of transformers: what it uses is gone, or not there yet.

A rule speaks only if the message, the statement that failed and the table of releases agree.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from tracer.analysis.diagnosis.argument_rules import attribute_gone
from tracer.analysis.diagnosis.cause import Cause
from tracer.analysis.diagnosis.config_values import config_json
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.own_code import bases_of, outlines
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, stem
from tracer.analysis.diagnosis.thrown import Thrown, imported_by_package, in_library, is_users, thrown
from tracer.releases import Library, Presence, library
from tracer.trace.events import TracebackFrame

# Python's own messages.
_NO_MODULE = re.compile(r"^No module named '(?P<module>transformers\.[\w.]+)'")
_NO_NAME = re.compile(r"^cannot import name '(?P<name>\w+)' from '(?P<module>transformers(?:\.\w+)*)'")
_MODULE_LACKS = re.compile(r"^module '?(?P<module>transformers(?:\.\w+)*)'? has no attribute '?(?P<name>\w+)'?")
_NO_MEMBER = re.compile(r"^(?:type object )?'?(?P<class>\w+)'? (?:object )?has no attribute '?(?P<name>\w+)'?")
_UNEXPECTED = re.compile(r"^(?P<function>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")

_Thing = tuple[str, Presence]
"""What the code uses, as it is shown, and in which releases it exists."""


def import_of_another_release(load: RecordedLoad) -> Cause | None:
    """Detect an import of a module or name that this release of transformers does not have, and others do."""
    failure, known = _failure(load), library()
    if failure is None or failure.name not in ("ImportError", "ModuleNotFoundError", "AttributeError"):
        return None
    if (found := _NO_MODULE.match(failure.text)) is not None:
        thing = found["module"], known.module(found["module"])
    elif (found := _NO_NAME.match(failure.text) or _MODULE_LACKS.match(failure.text)) is not None:
        thing = f"{found['module']}.{found['name']}", known.name(found["module"], found["name"])
    else:
        return None
    if _used_by_package(failure):
        return None
    return _cause(load, known, *thing, more=_missing_imports(load, known))


def _used_by_package(failure: RecordedException | Thrown) -> bool:
    """Return whether an installed package other than the library, and not the code at hand, was what asked for it."""
    if isinstance(failure, RecordedException):
        return imported_by_package(failure)
    return any(not (is_users(one) or in_library(one) or "importlib" in one.file) for one in failure.frames)


def member_of_another_release(load: RecordedLoad) -> Cause | None:
    """Detect an attribute or method of a library class that this release does not have, and others do."""
    failure, known = _failure(load), library()
    found = _NO_MEMBER.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or found is None or found["name"] not in _statement(load):
        return None
    if found["name"] == "generate":
        return None  # it moved to another base; override_rules says which
    if (gone := attribute_gone(load)) is not None and gone.kind == "attribute-gone-in-5":
        return None  # that one knows the value that the attribute had
    bases = _bases(load, found["class"])
    if not bases and found["class"] in _written_here(load):
        return None
    names = bases or [found["class"]]
    owners = [
        (f"{name}.{found['name']}", presence)
        for name in names
        for owner in known.classes(name)
        if (presence := known.member(owner, found["name"])) is not None
    ]
    owners += _settings_gone(load, known, names, found["name"])
    owners = owners or _gone_from_kin(load, known, names, found["name"])
    if any(known.has(presence, load.release_text) is not False for _, presence in owners):
        return None
    # The base that had it for the longest.
    last = max(owners, key=lambda one: known.index(one[1].until or one[1].since or "") or 0, default=None)
    return _cause(load, known, *last) if last is not None else None


def script_of_another_release(load: RecordedLoad) -> Cause | None:
    """Detect a script that imports or calls what this release does not have, and others do."""
    failure, known = thrown(load), library()
    if failure is None or not failure.frames or load.failure is not None:
        return None
    script = [frame for frame in failure.frames if frame.file == failure.frames[0].file and not in_library(frame)]
    by = next((frame for frame in reversed([*script, *failure.frames]) if frame.is_remote or frame in script), None)
    if by is None:
        return None
    if (found := _NO_MODULE.match(failure.text)) is not None:
        return _cause(load, known, found["module"], known.module(found["module"]), frame=by)
    if (found := _NO_NAME.match(failure.text) or _MODULE_LACKS.match(failure.text)) is not None:
        thing = f"{found['module']}.{found['name']}"
        return _cause(load, known, thing, known.name(found["module"], found["name"]), frame=by)
    # 5.x, of the classes of tokenizers: "TokenizersBackend has no attribute batch_encode_plus"
    found = _NO_MEMBER.match(failure.text) or _LACKS.match(failure.text)
    if failure.error != "AttributeError" or found is None or found["name"] not in by.source:
        return None
    asked = failure.frames[-1]
    own = [one for one in load.classes(found["class"]) if one.is_own]
    names = [base for one in own for base in one.bases] or [found["class"]]
    if asked.function.endswith(".__getattr__") and in_library(asked):
        names.append(asked.function.partition(".")[0])
    members = [
        (f"{name}.{found['name']}", presence)
        for name in names
        for owner in known.classes(name)
        if (presence := known.member(owner, found["name"])) is not None
    ]
    members = members or _gone_from_kin(load, known, names, found["name"])
    if not members or found["name"] == "generate":
        return None
    if any(known.has(presence, load.release_text) is not False for _, presence in members):
        return None
    return _cause(load, known, *members[0], frame=by)


_LACKS = re.compile(r"^(?P<class>[A-Z]\w+) has no attribute '?(?P<name>\w+)'?$")


def _settings_gone(load: RecordedLoad, known: Library, classes: list[str], name: str) -> list[_Thing]:
    """Return a parameter of a configuration class that became no attribute any more, while others remained."""
    return [
        (f"{class_}.{name}", presence)
        for class_ in classes
        for function in known.functions(f"{class_}.__init__")
        if ".configuration_" in function
        and ".models." in function
        and (presence := known.parameter(function, name)) is not None
        and presence.gone is not None
        and known.has(presence, load.release_text) is False
        and known.parameters_of(function, presence.gone)  # later signatures list nothing: they are dataclasses
    ]


def _gone_from_kin(load: RecordedLoad, known: Library, classes: list[str], name: str) -> list[_Thing]:
    """Return what a base of the library had under a name that none of its classes has now.

    The table does not know which class derives from which; a base of the same kind of module is near enough where
    the name is in no class of the release any more.
    """
    kinds = {_kind(owner) for class_ in classes for owner in known.classes(class_)}
    if not kinds:
        kinds = {kind for class_ in classes for ending, kind in _KINDS.items() if class_.endswith(ending)}
    owners = [(owner, presence) for owner, presence in known.owners_of(name) if known.has(presence, load.release_text)]
    if owners:
        return []
    return [
        (f"{owner.rpartition('.')[2]}.{name}", presence)
        for owner, presence in known.owners_of(name)
        if _kind(owner) in kinds and owner.count(".") == 2  # transformers.module.Class: the library's bases
    ]


_KINDS = {
    "Tokenizer": "tokenization",
    "TokenizerFast": "tokenization",
    "ImageProcessor": "image",
    "Processor": "processing",
}
"""The kinds of modules that classes with such names are in, for classes of which the table has no members."""


def _kind(owner: str) -> str:
    """Return the kind of module that a class, ``package.module.Class``, is in: tokenization, modeling, cache …"""
    return owner.split(".")[-2].partition("_")[0]


def keyword_of_another_release(load: RecordedLoad) -> Cause | None:
    """Detect a keyword that a function of the library does not take in this release, and does in others."""
    failure, known = _failure(load), library()
    found = _UNEXPECTED.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if failure is None or found is None or not re.search(rf"\b{found['name']}\s*=", _statement(load)):
        return None
    name = found["name"]
    if found["function"].partition(".")[0] in _written_here(load):
        return None
    functions = [
        (one, presence) for one in known.functions(found["function"]) if (presence := known.parameter(one, name))
    ]
    if not functions or any(known.has(presence, load.release_text) is not False for _, presence in functions):
        return None
    return _cause(load, known, f"{found['function']}({name}=…)", functions[0][1])


def entry_of_another_release(load: RecordedLoad) -> Cause | None:
    """Detect a key that a dictionary of the library does not have in this release, and has in others."""
    failure, known = _failure(load), library()
    if failure is None or failure.error != "KeyError":
        return None
    key = failure.text.strip("'\"")
    for name in set(_subscripted(_statement(load), key)) - _written_here(load):
        for table in known.tables(name):
            if (presence := known.entry(table, key)) is not None:
                return _cause(load, known, f'{name}["{key}"]', presence)
    return None


def rope_scaling_of_5(load: RecordedLoad) -> Cause | None:
    """Detect code that looks for the keys of 4.x in ``rope_scaling``, which is another dictionary from 5.0 on.

    Up to 4.x it is what config.json has, and None without; from 5.0 on it is ``rope_parameters``, which is always a
    dictionary, with the ``rope_type`` "default" where nothing is scaled.
    """
    failure = load.failure
    if failure is None or failure.error != "KeyError" or load.release < (5,):
        return None
    key, statement = failure.text.strip("'\""), _statement(load)
    if key not in ("type", "factor") or "rope_scaling" not in set(_subscripted(statement, key)):
        return None
    frame = _frame(load)
    written = load.config.get("rope_scaling") or load.config.get("rope_parameters")
    scaled = isinstance(written, dict) and written.get("rope_type", written.get("type", "default")) != "default"
    values: dict[str, Any] = {
        "file": file_name(frame.file) if frame is not None else "?",
        "line": frame.line if frame is not None else None,
        "statement": " ".join(statement.split()),
        "key": key,
        "release": load.release_text,
        "said": json.dumps(written) if scaled else None,
    }
    kind = "rope-scaling-keys" if scaled else "rope-scaling-always"
    return Cause(kind, "certain" if not scaled else "likely", load.with_raised(), values, "rope-type-default")


_UNPACKED = re.compile(r"^(?:not enough|too many) values to unpack \(expected (?P<wanted>\d+)(?:, got (?P<got>\d+))?\)")


def returns_another_count(load: RecordedLoad) -> Cause | None:
    """Detect own code that unpacks more or fewer values than a method of the library returns in this release."""
    failure = load.failure
    match = _UNPACKED.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    place = failure.innermost_remote if failure is not None else None
    if failure is None or match is None or place is None or place != failure.frames[-1] or failure.origin.frame is None:
        return None
    tree = _parsed(_statement(load))
    value = next((node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)), None)
    if not isinstance(value, ast.Call):
        return None
    called = [frame for frame in load.trace.frames() if frame.parent == failure.origin.frame]
    last = called[-1] if called else None
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)
    if last is None or not last.module.startswith("transformers."):
        return None
    method = last.function.rpartition(".")[2]
    if method != name and (method != "forward" or "super()" in ast.unparse(value)):
        return None
    values: dict[str, Any] = {
        "file": file_name(place.file),
        "line": place.line,
        "statement": " ".join(_statement(load).split()),
        "function": last.function,
        "wanted": int(match["wanted"]),
        "got": match["got"],
        "release": load.release_text,
    }
    kind = "returns-another-count" if values["got"] else "returns-more"
    return Cause(kind, "certain", load.with_raised(), values, "unpack-as-returned")


def base_lacks(load: RecordedLoad) -> Cause | None:
    """Detect a method or attribute that an own class expects of its base in the library, and that is nowhere now."""
    failure = load.failure
    match = _NO_MEMBER.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    place = failure.innermost_remote if failure is not None else None
    if failure is None or match is None or place is None or member_of_another_release(load) is not None:
        return None
    name, statement = match["name"], _statement(load)
    if not re.search(rf"\bself\.{name}\s*\(", statement):
        return None
    bases = _bases(load, match["class"])
    own = {*_written_here(load)}
    library_bases = [base for base in bases if base not in own and known_class(base, load.release_text)]
    if not library_bases or _mentioned_elsewhere(load, name):
        return None
    values: dict[str, Any] = {
        "class": match["class"],
        "base": library_bases[0],
        "name": name,
        "file": file_name(place.file),
        "line": place.line,
        "release": load.release_text,
        "written": _written_for(load),
    }
    kind = "base-lacks" if values["written"] is None else "base-lacks-written"
    return Cause(kind, "likely", load.with_raised(), values, "copy-from-release")


def known_class(name: str, release: str) -> bool:
    """Return whether transformers itself has a class of this name in a release."""
    known = library()
    return name in known.names_of("transformers", release) or bool(known.classes(name))


def _mentioned_elsewhere(load: RecordedLoad, name: str) -> bool:
    """Return whether the model's own code defines or sets an attribute of this name anywhere."""
    for number, path in load.trace.source_paths().items():
        if REMOTE not in path:
            continue
        for node in ast.walk(load.tree(number)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
                return True
            if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store):
                return True
    return False


def _parsed(statement: str) -> ast.Module:
    try:
        return ast.parse(textwrap.dedent(statement).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _cause(
    load: RecordedLoad,
    known: Library,
    thing: str,
    presence: Presence | None,
    more: list[_Thing] | None = None,
    frame: TracebackFrame | None = None,
) -> Cause | None:
    """Return the cause for what is not in the recorded release; None if the table does not say so."""
    release = load.release_text
    if presence is None or known.has(presence, release) is not False:
        return None
    is_new = known.is_new(presence, release)
    things = [(thing, presence), *(one for one in more or [] if one[0] != thing)]
    frame = frame or _frame(load)
    replaced = {
        name: instead
        for name, one in things
        if (instead := one.instead(name.rpartition(".")[2]) or _successor(known, name, release))
    }
    values: dict[str, Any] = {
        "file": file_name(frame.file) if frame is not None else "?",
        "things": [name for name, _ in things],
        "thing": thing.rpartition(".")[2],
        "release": release,
        "since": presence.since,
        "until": presence.until,
        "gone": presence.gone,
        "replacements": [f"{name.rpartition('.')[2]} → {instead}" for name, instead in replaced.items()],
        "written": _written_for(load),
    }
    kind = "release-new" if is_new else "release-gone"
    if values["written"] is not None:
        kind = "release-new-written" if is_new else "release-gone-written"
    remedy = "release-upgrade"
    if not is_new:
        nothing = presence.replacement == ""
        remedy = "release-replace" if replaced else "release-remove" if nothing else "release-rewrite"
    return Cause(kind, "certain", load.with_raised(), values, remedy)


# How the library renamed whole families: feature extractors of images in 4.26, and fast tokenizers in 5.0.
_FAMILIES = (
    (re.compile(r"FeatureExtractor$"), "ImageProcessor"),
    (re.compile(r"TokenizerFast$"), "Tokenizer"),
    (re.compile(r"(?<=\.)(tokenization_\w+?)_fast$"), r"\1"),
)


def _successor(known: Library, thing: str, release: str) -> str | None:
    """Return what a name or module of a family that was renamed is called now, if this release has that."""
    for pattern, replacement in _FAMILIES:
        named = pattern.sub(replacement, thing)
        module, _, name = named.rpartition(".")
        presence = (
            known.module(named) if name.islower() else known.name(module, name) or known.name("transformers", name)
        )
        if named != thing and presence is not None and known.has(presence, release):
            return named if name.islower() else name
    return None


def _missing_imports(load: RecordedLoad, known: Library) -> list[_Thing]:
    """Return everything that the failing file imports from the library and that this release does not have."""
    frame = _frame(load)
    outline = outlines(load).get(stem(frame.file)) if frame is not None else None
    return [
        thing
        for one in (outline.imports if outline is not None else [])
        if one.inside is None and one.condition is None
        for thing in known.missing(one.module, one.names, load.release_text)
    ]


def _written_here(load: RecordedLoad) -> set[str]:
    """Return what the model's own files define: an error that names one of these is not about the library's."""
    return {
        name
        for outline in outlines(load).values()
        for name in {*outline.names} - {imported for one in outline.imports for imported in one.names}
    }


def _bases(load: RecordedLoad, name: str) -> list[str]:
    """Return the bases of a class that the failing code's own file defines, with their bases as far as it does."""
    sources, paths = load.trace.source_paths(), set[str | None]()
    for _, frame in load.frames_around(load.failure.origin if load.failure is not None else None):
        paths.add(sources.get(frame.source))
    own = (found for found in load.classes(name) if found.is_own and found.path in paths)
    bases = list(dict.fromkeys(base for found in own for base in found.bases))
    return bases or bases_of(load, name) or []  # of a class in another file, such as the configuration's


def _subscripted(statement: str, key: str) -> Iterator[str]:
    """Yield the dictionaries that a statement looks this key up in, or one that it does not write out."""
    try:
        tree = ast.parse(textwrap.dedent(statement).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Subscript) or not isinstance(node.value, (ast.Name, ast.Attribute)):
            continue
        if not isinstance(node.slice, ast.Constant) or node.slice.value == key:
            yield ast.unparse(node.value).rpartition(".")[2]


def _failure(load: RecordedLoad) -> RecordedException | Thrown | None:
    """Return the exception that ended the load, or the code around it."""
    return thrown(load) if _outside(load) else load.failure


def _outside(load: RecordedLoad) -> bool:
    """Return whether it was raised in the code around the loads and not in one of them."""
    return load.failure is None or load.part in ("script", "before-load")


def _frame(load: RecordedLoad) -> TracebackFrame | None:
    """Return the frame that used it: the last one of the model's own code or the script, or else the last one."""
    failure = _failure(load)
    if isinstance(failure, Thrown):
        return next(filter(is_users, reversed(failure.frames)), failure.raised_in)
    if failure is None:
        return None
    return failure.innermost_remote or failure.innermost


def _statement(load: RecordedLoad) -> str:
    """Return the statement that failed in the model's own code or the script; empty if it failed elsewhere."""
    failure = _failure(load)
    if isinstance(failure, Thrown):
        user = _frame(load)
        return load.statement_of(user) if user is not None and is_users(user) else ""
    frame = failure.innermost_remote if failure is not None else None
    if failure is None or frame is None:
        return ""
    return load.statement(failure.origin) if frame == failure.frames[0] else frame.source


def _written_for(load: RecordedLoad) -> str | None:
    """Return the release that config.json names, if it is another than the recorded one."""
    written = config_json(load).get("transformers_version")
    return written if isinstance(written, str) and written != load.release_text else None
