"""Rules for the construction of a model: what its own constructor leaves out, or asks for where there is nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.config_values import asked_in_call, asking
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.recorded_load import REMOTE, ClassInSource, RecordedLoad, file_name, last_name
from tracer.trace.events import ModuleBuilt, events
from tracer.trace.steps import Frame

# Python's own message, and torch's for a module; both name the class.
_NO_ATTRIBUTE: Final = re.compile(r"^'(?P<class>\w+)' object has no attribute '(?P<name>\w+)'")
_POST: Final = "post_init"
_SET_BY_POST_INIT: Final = frozenset({"all_tied_weights_keys", "_ep_plan"})
"""Attributes that only ``PreTrainedModel.post_init`` gives a model; the second has a default after 5.9."""

# torch 2.0 to 2.13, in the order of: item and what needs it (float, int, bool, if, range), copying out (tolist, cpu,
# to), numpy, an operator whose result depends on numbers, a mix of tensors on meta and in memory.
_ON_META: Final = re.compile(
    r"cannot be called on meta tensors|copy out of meta tensor|convert meta device type tensor"
    r"|with Meta tensors|The register_meta function for|a meta tensor without|is not on the expected device meta"
    r"|'Meta' backend|found (?:at least )?two (?:different )?devices,? .*\bmeta\b"
)
# 5.0 and later; see PreTrainedModel.get_init_context
_LOADS_INSIDE: Final = "with a meta device context manager"


def no_post_init(load: RecordedLoad) -> Cause | None:
    """Detect a model class whose constructor never calls ``post_init``."""
    failure = load.failure
    match = _NO_ATTRIBUTE.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or match["name"] not in _SET_BY_POST_INIT:
        return None
    constructors = list(_constructors(load, match["class"]))
    if not constructors:
        return None
    outer = constructors[0]
    calls = {name for frame in constructors for name in _self_calls(load, frame)}
    if "post_init" in calls:
        return _post_init_overridden(load, match["class"], match["name"])
    entered = load.entry_step(outer.number)
    seen = Evidence(entered.number, "constructor", {"function": outer.function}) if entered is not None else None
    values = {
        "class": match["class"],
        "name": match["name"],
        "file": file_name(load.trace.source_paths().get(outer.source)),
        "release": load.release_text,
    }
    remedy = "call-post-init-instead" if "init_weights" in calls else "call-post-init"
    return Cause("no-post-init", "certain", load.with_raised(seen), values, remedy)


def _post_init_overridden(load: RecordedLoad, class_: str, name: str) -> Cause | None:
    """Return the cause if a ``post_init`` of the model's own does not call the library's."""
    for found in load.classes(class_):
        written = found.method(_POST) if found.is_own else None
        if written is None or _POST in _methods_of_self(ast.walk(written)):
            continue
        values = {
            "class": found.node.name,
            "name": name,
            "file": file_name(found.path),
            "line": written.lineno,
            "release": load.release_text,
        }
        return Cause("post-init-overridden", "certain", load.with_raised(), values, "call-post-init-of-base")
    return None


def _constructors(load: RecordedLoad, name: str) -> Iterator[Frame]:
    """Yield the stepped constructors of remote code that made an object of a class, the outermost first."""
    for frame in load.trace.frames():
        if not frame.module.startswith(f"{REMOTE}.") or not frame.function.endswith(".__init__"):
            continue
        if last_name(load.type_of(frame.number, "self")) == name:
            yield frame


def _self_calls(load: RecordedLoad, frame: Frame) -> Iterator[str]:
    """Yield the methods of ``self`` that the lines which a frame ran call."""
    for step in load.trace.steps(frame=frame.number):
        statement = load.statement_at(frame, step.line) if step.event == "line" else None
        yield from _methods_of_self(_header_nodes(statement))


def _methods_of_self(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_of_self(node, node.func.value):
            yield node.func.attr


def _is_of_self(call: ast.Call, owner: ast.expr) -> bool:
    """Return whether a method is called as ``self.method()``, ``super().method()`` or ``Class.method(self)``."""
    return ast.unparse(owner) in ("self", "super()") or any(ast.unparse(one) == "self" for one in call.args[:1])


def _header_nodes(statement: ast.stmt | None) -> Iterator[ast.AST]:
    """Yield the parts of a statement, without the statements inside it."""
    waiting: list[ast.AST] = [statement] if statement is not None else []
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


# From 5.0 on the names of tied weights are a dictionary: the parameter to the one that it shares. Up to 4.x a list.
_LACKS_OF_DICT: Final = re.compile(
    r"^'(?P<type>list|tuple|set|str)' object has no attribute '(?:keys|items|values|copy)'"
)
_TIED: Final = "_tied_weights_keys"


def tied_keys_no_dictionary(load: RecordedLoad) -> Cause | None:
    """Detect ``_tied_weights_keys`` in the form of 4.x, a list, on a release that wants a dictionary."""
    failure = load.failure
    match = _LACKS_OF_DICT.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or (load.release and load.release[0] < 5):
        return None
    for number, frame in load.frames_around(failure.origin):
        name = last_name(load.type_of(number, "self") or load.type_of(number, "model"))
        for found in load.classes(name):
            assigned = _assigned(found, _TIED)
            if assigned is None or not isinstance(assigned.value, (ast.List, ast.Tuple, ast.Set, ast.Constant)):
                continue
            if match["type"] != type(assigned.value).__name__.lower().replace("constant", "str"):
                continue
            names = [text for text in _texts(assigned.value) if text]
            source = _input_embedding(load, found)
            mapping = {text: f"{source}.weight" for text in names if text.endswith(".weight")} if source else {}
            values: dict[str, Any] = {
                "class": name,
                "base": found.node.name,
                "file": file_name(found.path),
                "line": assigned.lineno,
                "type": match["type"],
                "names": names,
                "dictionary": _written(mapping or dict.fromkeys(names, "…")),
                "mapping": mapping,
                "release": load.release_text,
            }
            certain = bool({"post_init", "tie_weights"} & _called(load.statement_at(frame, failure.origin.line)))
            remedy = "tied-keys-dictionary" if mapping else "tied-keys-dictionary-open"
            certainty: Certainty = "certain" if certain else "likely"
            return Cause("tied-keys-no-dictionary", certainty, load.with_raised(), values, remedy)
    return None


def _called(statement: ast.stmt | None) -> set[str]:
    calls = (node.func for node in _header_nodes(statement) if isinstance(node, ast.Call))
    return {function.attr for function in calls if isinstance(function, ast.Attribute)}


def _assigned(found: ClassInSource, name: str) -> ast.Assign | ast.AnnAssign | None:
    """Return the statement of a class body that gives a name its value."""
    for statement in found.node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(statement, (ast.Assign, ast.AnnAssign))
            return statement
    return None


def _texts(node: ast.expr | None) -> list[str]:
    items = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else [node]
    return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def _input_embedding(load: RecordedLoad, found: ClassInSource) -> str | None:
    """Return the path of the module that ``get_input_embeddings`` returns, or of the only embedding there is."""
    for statement in found.node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "get_input_embeddings":
            for node in ast.walk(statement):
                path = ast.unparse(node.value) if isinstance(node, ast.Return) and node.value is not None else ""
                if re.fullmatch(r"self(\.\w+)+", path):
                    return path.removeprefix("self.")
    paths = [path for path, built in module_paths(load) if last_name(built.class_) == "Embedding"]
    return paths[0] if len(paths) == 1 else None


def module_paths(load: RecordedLoad) -> Iterator[tuple[str, ModuleBuilt]]:
    """Yield the modules that were built, with their paths below the outermost one that was not put anywhere."""
    built = {found.event.module: found.event for found in events(load.trace, ModuleBuilt)}
    for event in built.values():
        names, at, seen = [event.name or "?"], event.parent, {event.module}
        while at in built and at not in seen:
            seen.add(at)
            names.append(built[at].name or "?")
            at = built[at].parent
        yield ".".join(reversed(names)), event


def _written(mapping: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": "{source}"' for name, source in mapping.items()) + "}"


def no_split_modules(load: RecordedLoad) -> Cause | None:
    """Detect a device map that the library was to work out for a class that does not say what may not be split."""
    failure = load.failure
    asked = asked_in_call(load, "device_map")
    if failure is None or failure.error != "ValueError" or asked is None or "_no_split_modules" not in failure.text:
        return None
    if not any(frame.function.endswith("_get_no_split_modules") for frame in failure.frames):
        return None
    match = re.match(r"(?P<class>\w+) does not support", failure.text)
    values = {"class": match["class"] if match else "?", "given": asked.written}
    chain = load.with_raised(asking(load, asked))
    return Cause("no-split-modules", "certain", chain, values, "declare-no-split")


def numbers_on_meta(load: RecordedLoad) -> Cause | None:
    """Detect a constructor that asks for the numbers in a tensor while the model is built on the device meta."""
    failure = load.failure
    if failure is None or failure.error not in ("RuntimeError", "NotImplementedError", "TypeError", "ValueError"):
        return None
    inside = _LOADS_INSIDE in failure.text
    if not inside and _ON_META.search(failure.text) is None:
        return None
    # What refuses an inner load is the library, further in than the constructor.
    passage = next((one for one in failure.passages if one.function.endswith(".__init__")), None)
    if passage is None or passage.frame is None or (passage is not failure.origin and not inside):
        return None
    frame = load.trace.frame(passage.frame)
    own = frame.module.startswith(f"{REMOTE}.")
    statement = load.statement(passage).strip()
    values = {
        "class": last_name(load.type_of(frame.number, "self") or frame.function.rpartition(".")[0]),
        "file": file_name(passage.file),
        "line": passage.line,
        "statement": " ".join(statement.split()),
        "release": load.release_text,
    }
    seen = _on_meta(load, failure)
    if inside:
        return Cause("loads-while-built", "certain" if own else "likely", load.with_raised(seen), values, "load-after")
    mixed = "expected device meta" in failure.text or "devices" in failure.text
    kind = "mixed-with-meta" if mixed else "numbers-on-meta"
    return Cause(kind, "certain" if own else "likely", load.with_raised(seen), values, "compute-without-meta")


def _on_meta(load: RecordedLoad, failure: RecordedException) -> Evidence | None:
    """Return the last module before the failure that has its tensors on the device meta."""
    last = None
    for found in events(load.trace, ModuleBuilt, stop=failure.step):
        rows = [*found.event.parameters, *found.event.buffers]
        if any(row.device == "meta" for row in rows):
            values = {"class": last_name(found.event.class_), "name": rows[0].name}
            last = Evidence(found.step.number, "on-meta", values)
    return last
