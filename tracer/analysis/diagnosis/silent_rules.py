"""Silent wrongs: a load that succeeds and leaves the model with numbers that nobody meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.json_rules import no_numbers, repeated_keys
from tracer.analysis.diagnosis.known_arguments import meant_argument
from tracer.analysis.diagnosis.recorded_load import REMOTE, ClassInSource, RecordedLoad, file_name, last_name
from tracer.analysis.kwargs.hops import USER
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loading_calls import loading_calls
from tracer.trace.events import (
    ConfigBuilt,
    ConfigRead,
    LogWritten,
    Message,
    ModelLoaded,
    Recorded,
    TensorLoaded,
    WarningGiven,
    WeightsReport,
    events,
)

_TIE: Final = "tie_word_embeddings"
_TIED: Final = "_tied_weights_keys"
_CONFIG_BASES: Final = frozenset({"PretrainedConfig", "PreTrainedConfig"})
_EVERY: Final = frozenset({"buffers", "named_buffers", "parameters", "named_parameters", "state_dict", "modules"})


def silent_wrongs(load: RecordedLoad) -> Iterator[Cause]:
    """Yield what makes the model another one than was meant, although nothing failed."""
    for recorded in load.events(WeightsReport):
        yield from never_filled(load, recorded)
        yield from tied_over(load, recorded)
        yield from not_tied(load, recorded)
    yield from no_numbers(load)
    yield from repeated_keys(load)
    yield from unused_arguments(load)
    yield from class_of_another_type(load)


def never_filled(load: RecordedLoad, recorded: Recorded[WeightsReport]) -> Iterator[Cause]:
    """Yield buffers and parameters that the library gave empty memory, and that nothing has written to."""
    names = recorded.event.never_filled
    if not names:
        return
    own = _initialisers(load)
    buffers = _buffers(load)
    for kind, of_kind in (
        ("buffer-never-filled", [name for name in names if name in buffers]),
        ("parameter-never-filled", [name for name in names if name not in buffers]),
    ):
        left = [name for name in of_kind if not _is_mentioned(name.rpartition(".")[2], own)]
        if left:
            first = _registered(load, left[0])
            values = {"count": len(left), "names": left, "release": load.release_text, **first}
            evidence = [Evidence(recorded.step.number, "never-filled", {"names": left})]
            remedy = "fill-buffers" if kind.startswith("buffer") else "fill-parameters"
            doubtful = not set(left).isdisjoint(recorded.event.never_filled_zero)
            yield Cause(kind, "likely" if doubtful else "certain", evidence, values, remedy)


def _buffers(load: RecordedLoad) -> set[str]:
    """Return the names of the buffers of the model that was built last."""
    from tracer.analysis.diagnosis.construction_rules import module_paths

    found = {f"{path}.{row.name}" for path, built in module_paths(load) for row in built.buffers}
    model = load.last_built
    return found | ({row.name for row in model.event.buffers} if model is not None else set())


def _initialisers(load: RecordedLoad) -> list[ast.FunctionDef]:
    """Return the directory's own ``_init_weights``."""
    return [
        node
        for number, path in load.trace.source_paths().items()
        if f"{REMOTE}/" in path.replace("\\", "/")
        for node in ast.walk(load.tree(number))
        if isinstance(node, ast.FunctionDef) and node.name in ("_init_weights", "init_weights", "reset_parameters")
    ]


def _is_mentioned(leaf: str, functions: list[ast.FunctionDef]) -> bool:
    """Return whether these functions speak of an attribute, or go through all tensors."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr in (leaf, *_EVERY))
        or (isinstance(node, ast.Constant) and node.value == leaf)
        for function in functions
        for node in ast.walk(function)
    )


def _registered(load: RecordedLoad, name: str) -> dict[str, Any]:
    """Return where the directory's own code registers a buffer of this name."""
    leaf = name.rpartition(".")[2]
    for number, path in load.trace.source_paths().items():
        if f"{REMOTE}/" not in path.replace("\\", "/"):
            continue
        for node in ast.walk(load.tree(number)):
            if isinstance(node, ast.Call) and any(
                isinstance(given, ast.Constant) and given.value == leaf for given in node.args[:1]
            ):
                return {"first": name, "file": file_name(path), "line": node.lineno}
    return {"first": name, "file": "?", "line": None}


def tied_over(load: RecordedLoad, recorded: Recorded[WeightsReport]) -> Iterator[Cause]:
    """Yield tensors of the checkpoint that were replaced by another one, because their parameters are tied."""
    for first, second in recorded.event.tied_differ:
        given = {
            str(loaded.event.parameter): loaded.step.number
            for loaded in events(load.trace, TensorLoaded, stop=recorded.step.number)
            if loaded.event.parameter in (first, second)
        }
        lost, kept = _lost(load, first, second)
        evidence = [Evidence(number, "tensor-loaded", {"name": name}) for name, number in given.items()]
        evidence.append(Evidence(recorded.step.number, "tied", {"names": [kept, lost]}))
        values = {"name": lost, "kept": kept}
        yield Cause("tied-overwritten", "certain", evidence, values, "do-not-tie")


def _lost(load: RecordedLoad, first: str, second: str) -> tuple[str, str]:
    """Return which of two tied parameters took the other's tensor: the one that is said to be tied, a head."""
    said = {name for found in _tying_classes(load) for name in tied_names(found)}
    for one, other in ((first, second), (second, first)):
        if any(_means(name, one) for name in said) and not any(_means(name, other) for name in said):
            return one, other
    return (first, second) if "embed" in second and "embed" not in first else (second, first)


def not_tied(load: RecordedLoad, recorded: Recorded[WeightsReport]) -> Iterator[Cause]:
    """Yield a new parameter that the class would tie to another, and that this configuration leaves alone."""
    if not recorded.event.new or (load.release and load.release[0] < 5):
        return
    if not load.config or load.config.get(_TIE) is not None:
        return
    read = load.last(ConfigRead)
    for found in _tying_classes(load):
        tied = tied_names(found)
        stored = [tensor.name for tensor in recorded.event.unexpected]  # the tensor is there, under another name
        left = [
            name
            for name in recorded.event.new
            if any(_means(one, name) for one in tied) and not any(other.endswith(f".{name}") for other in stored)
        ]
        if not left:
            continue
        nested = [key for key, value in load.config.items() if isinstance(value, dict) and value.get(_TIE) is True]
        if not nested and not _left_to_the_library(load):
            return
        values = {
            "count": len(left),
            "names": left,
            "class": found.node.name,
            "file": file_name(found.path),
            "release": load.release_text,
            "nested": nested,
            "written": load.config.get("transformers_version"),
        }
        evidence = [Evidence(read.step.number, "config-key-absent", {"key": _TIE})] if read is not None else []
        evidence.append(Evidence(recorded.step.number, "new", {"names": left}))
        kind = "tie-in-nested-config" if nested else "tie-not-said"
        yield Cause(kind, "certain" if nested else "likely", evidence, values, "say-tie")
        return


def _left_to_the_library(load: RecordedLoad) -> bool:
    """Return whether the configuration is the directory's own and its source leaves tying to the library's base.

    Only that base changed its default in 5.0; configuration classes of the library may have had, or have, another.
    """
    built = load.last(ConfigBuilt)
    if built is None or not str(built.event.class_).startswith(f"{REMOTE}."):
        return False
    own = [found for found in load.classes(last_name(built.event.class_)) if found.is_own]
    names = {found.node.name for found in own} | _CONFIG_BASES
    bases = {base for found in own for base in found.bases}
    return bool(own) and bases <= names and not any(_TIE in ast.unparse(found.node) for found in own)


def _tying_classes(load: RecordedLoad) -> list[ClassInSource]:
    """Return the model's class and its bases, as far as they are written in the sources of the trace."""
    built = load.last_built
    return list(load.classes(last_name(built.event.class_))) if built is not None else []


def tied_names(found: ClassInSource) -> list[str]:
    """Return the names in a class's ``_tied_weights_keys``: those of a list, or the keys of a dictionary."""
    for statement in found.node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == _TIED for target in targets):
            value = statement.value if isinstance(statement, ast.Assign) else None
            items = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
            return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return []


def _means(pattern: str, name: str) -> bool:
    """Return whether a name or pattern of tied weights is for this parameter."""
    try:
        return pattern == name or re.search(rf"^{pattern}", name) is not None
    except re.error:
        return False


def unused_arguments(load: RecordedLoad) -> Iterator[Cause]:
    """Yield arguments of the user that nothing has used: misspelt ones, and those that a constructor swallows."""
    for call in loading_calls(load.trace):
        given = load.given_arguments(load.trace.step(call.step))
        for path in keyword_paths(load.trace, call=call.step) if given else ():
            if path.name not in given or path.origin != USER:
                continue
            swallowed = path.end.what == "constructor" and path.end.name.startswith("**")
            if not swallowed and path.end.what not in ("left", "dropped"):
                continue
            values = {"name": path.name, "value": given[path.name], "class": path.end.where.rpartition(".")[0]}
            evidence = [Evidence(call.step, "given", {"name": path.name, "value": given[path.name]})]
            if swallowed and path.end.step is not None:
                evidence.append(Evidence(path.end.step, "swallowed", {"name": path.name, "function": path.end.where}))
            if (meant := meant_argument(load, path.name)) is not None:
                yield Cause("argument-misspelt", "likely", evidence, {**values, "meant": meant}, "spell-argument")
            elif swallowed and not _uses(load, values["class"], path.end.name.lstrip("*")):
                yield Cause("argument-swallowed", "certain", evidence, values, "leave-out-dropped")


def _uses(load: RecordedLoad, kind: str, name: str) -> bool:
    """Return whether the constructor of a class reads its ``**kwargs``; True where its source is not there."""
    found = next(load.classes(kind), None)
    for statement in found.node.body if found is not None else ():
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return any(
                isinstance(node, ast.Name) and node.id == name for inner in statement.body for node in ast.walk(inner)
            )
    return True


# 4.30 to 5.23; from 5.0 on the types are in backquotes.
_OTHER_TYPE: Final = re.compile(
    r"^You are using a model of type `?(?P<said>[\w-]+)`? to instantiate a model of type `?(?P<built>[\w-]+)"
)


def class_of_another_type(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that a class was loaded from the files of another architecture, where tensors were left over or new.

    Some types share their weights, so only what did not fit makes it worth telling.
    """
    reports = [one.event for one in load.events(WeightsReport)]
    lost = [
        name
        for report in reports
        for name in (*(tensor.name for tensor in report.unexpected), *report.missing, *report.new)
    ]
    loaded = load.last(ModelLoaded)
    messages: list[Recorded[Message]] = load.events(LogWritten, WarningGiven)
    for given in messages:
        match = _OTHER_TYPE.match(str(given.event.message))
        if match is None or not lost or loaded is None:
            continue
        architectures = load.config.get("architectures")
        values: dict[str, Any] = {
            "class": last_name(loaded.event.class_),
            "said": match["said"],
            "built": match["built"],
            "names": list(dict.fromkeys(lost)),
            "architecture": architectures[0] if isinstance(architectures, list) and architectures else None,
        }
        seen = Evidence(given.step.number, given.step.kind, {"message": given.event.message})
        remedy = "class-of-config" if values["architecture"] else "auto-class-of-config"
        yield Cause("class-of-another-type", "certain", [seen], values, remedy)
        return
