"""Compare the models that were built: configuration, module tree, parameters, weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diff.difference import Difference, Table, class_name, table_differences
from tracer.analysis.value_format import to_json
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Step


def compare_configs(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the configurations that the models were built with, attribute by attribute."""
    yield from table_differences("config", "config", _attributes(a), _attributes(b))


def _attributes(trace: Trace) -> Table:
    """Return the attributes of the last configuration that a ``from_pretrained`` or ``from_dict`` returned."""
    found: Table = {}
    for step in trace.steps(kinds=["config-built"]):
        config = _config(trace, step)
        if config is not None:
            pairs = ((name, to_json(trace, number)) for name, number in config.items)
            found = {name: (value, step.number) for name, value in pairs}
    return found


def _config(trace: Trace, step: Step) -> v.Config | None:
    """Return the configuration that a step returned, by itself or as the first item of a tuple."""
    try:
        value = None if step.value is None else trace.value(step.value)
        if isinstance(value, v.Sequence) and value.items:
            value = trace.value(value.items[0])
    except DanglingNumber:
        return None
    return value if isinstance(value, v.Config) else None


_REPORTED: Final = ("missing", "unexpected", "mismatched", "tied", "new", "empty", "unread")


def compare_modules(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare modules by their path in the tree, and their parameters by shape, dtype and device."""
    yield from table_differences("modules", "built-on", _devices(a), _devices(b))
    yield from table_differences("modules", "module", _modules(a), _modules(b))
    yield from table_differences("modules", "parameter-shape", _parameters(a, 1), _parameters(b, 1))
    yield from table_differences("modules", "parameter-dtype", *_shared(_parameters(a, 2), _parameters(b, 2)))


def compare_weights(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare how the files were read, what became of each tensor, and what was left over."""
    yield from table_differences("weights", "read-by", _reading(a), _reading(b))
    yield from table_differences("weights", "tensor-from", _tensors(a), _tensors(b))
    yield from table_differences("weights", "tensor-became", *_shared(_dtypes(a), _dtypes(b)))
    yield from table_differences("weights", "report", _report(a), _report(b))


def _paths(trace: Trace) -> dict[int, str]:
    """Return the path of each numbered module in the last complete model."""
    found: dict[int, str] = {}
    for step in trace.steps(kinds=["model-built"]):
        for entry in _list(step, "tree"):
            if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int):
                found[entry[0]] = str(entry[1])
    return found


def _built(trace: Trace) -> Iterator[tuple[str, Step]]:
    paths = _paths(trace)
    for step in trace.steps(kinds=["module-built", "model-built"]):
        path = paths.get(step.data.get("module", -1)) if isinstance(step.data.get("module"), int) else None
        if path is not None:
            yield path, step


def _modules(trace: Trace) -> Table:
    return {path or "(model)": (class_name(str(step.data.get("class"))), step.number) for path, step in _built(trace)}


def _shared(a: Table, b: Table) -> tuple[Table, Table]:
    """Return both tables reduced to what both sides have; another table has the rest."""
    return {name: row for name, row in a.items() if name in b}, {name: row for name, row in b.items() if name in a}


def _parameters(trace: Trace, column: int) -> Table:
    """Return one recorded column of each parameter and buffer: 1 is the shape, 2 the dtype."""
    found: Table = {}
    for path, step in _built(trace):
        for row in [*_list(step, "parameters"), *_list(step, "buffers")]:
            if isinstance(row, list) and len(row) == 4:
                name = f"{path}.{row[0]}" if path else str(row[0])
                found[name] = (row[column], step.number)
    return found


def _devices(trace: Trace) -> Table:
    """Return all devices in one row, since a model is nearly always built on one device."""
    devices: dict[str, int] = {}
    for _, step in _built(trace):
        for row in _list(step, "parameters"):
            if isinstance(row, list) and len(row) == 4:
                devices.setdefault(str(row[3]), step.number)
    return {"parameters": (sorted(devices), min(devices.values()))} if devices else {}


def _reading(trace: Trace) -> Table:
    """Return how each file is read: whole into a dictionary, only for names and shapes, or kept open for slices."""
    found: Table = {}
    for step in trace.steps(kinds=["shard-opened", "shard-read"]):
        path = step.data.get("path")
        if isinstance(path, str):
            ways, first = found.get(path, ([], step.number))
            names_alone = step.kind == "shard-read" and step.data.get("device") == "meta"
            found[path] = (sorted({*ways, "shard-read-names" if names_alone else step.kind}), first)
    return found


def _tensors(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["tensor-loaded"]):
        parameter = step.data.get("parameter")
        if isinstance(parameter, str):
            sources = [
                {name: source.get(name) for name in ("name", "path", "shape", "dtype")}
                for source in _list(step, "sources")
                if isinstance(source, dict)
            ]
            found[parameter] = (sources, step.number)
    return found


def _dtypes(trace: Trace) -> Table:
    return {
        str(step.data.get("parameter")): (step.data.get("dtype"), step.number)
        for step in trace.steps(kinds=["tensor-loaded"])
    }


def _report(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["weights-report"]):
        for name in ("checkpoint", "loaded", *_REPORTED):
            found[name] = (step.data.get(name), step.number)
    return found


def _list(step: Step, name: str) -> list[Any]:
    value = step.data.get(name)
    return value if isinstance(value, list) else []
