"""Compare the models that were built: configuration, module tree, parameters, weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from tracer.analysis.diff.difference import Difference, Table, class_name, table_differences
from tracer.analysis.value_format import to_json
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import (
    Built,
    ConfigBuilt,
    ModelBuilt,
    ModuleBuilt,
    Recorded,
    Shard,
    ShardOpened,
    ShardRead,
    TensorLoaded,
    WeightsReport,
    events,
)
from tracer.trace.reading import Trace
from tracer.trace.steps import Step


def compare_configs(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the configurations that the models were built with, attribute by attribute."""
    yield from table_differences("config", "config", _attributes(a), _attributes(b))


def _attributes(trace: Trace) -> Table:
    """Return the attributes of the last configuration that a ``from_pretrained`` or ``from_dict`` returned."""
    found: Table = {}
    for built in events(trace, ConfigBuilt):
        config = _config(trace, built.step)
        if config is not None:
            pairs = ((name, to_json(trace, number)) for name, number in config.items)
            found = {name: (value, built.step.number) for name, value in pairs}
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
    yield from table_differences("modules", "parameter-shape", _parameters(a, "shape"), _parameters(b, "shape"))
    both = _shared(_parameters(a, "dtype"), _parameters(b, "dtype"))
    yield from table_differences("modules", "parameter-dtype", *both)


def compare_weights(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare how the files were read, what became of each tensor, and what was left over."""
    yield from table_differences("weights", "read-by", _reading(a), _reading(b))
    yield from table_differences("weights", "tensor-from", _tensors(a), _tensors(b))
    yield from table_differences("weights", "tensor-became", *_shared(_dtypes(a), _dtypes(b)))
    yield from table_differences("weights", "report", _report(a), _report(b))


def _paths(trace: Trace) -> dict[int, str]:
    """Return the path of each numbered module in the last complete model."""
    return {row.module: row.path for built in events(trace, ModelBuilt) for row in built.event.tree}


def _built(trace: Trace) -> Iterator[tuple[str, Recorded[Built]]]:
    """Yield each module of the last complete model with its path."""
    paths = _paths(trace)
    modules: Iterator[Recorded[Built]] = events(trace, ModuleBuilt, ModelBuilt)
    for built in modules:
        if built.event.module in paths:
            yield paths[built.event.module], built


def _modules(trace: Trace) -> Table:
    return {
        path or "(model)": (class_name(str(built.event.class_)), built.step.number) for path, built in _built(trace)
    }


def _shared(a: Table, b: Table) -> tuple[Table, Table]:
    """Return both tables reduced to what both sides have; another table has the rest."""
    return {name: row for name, row in a.items() if name in b}, {name: row for name, row in b.items() if name in a}


def _parameters(trace: Trace, field: Literal["shape", "dtype"]) -> Table:
    """Return one field of each parameter and buffer."""
    found: Table = {}
    for path, built in _built(trace):
        for row in [*built.event.parameters, *built.event.buffers]:
            found[f"{path}.{row.name}" if path else row.name] = (getattr(row, field), built.step.number)
    return found


def _devices(trace: Trace) -> Table:
    """Return all devices in one row, since a model is nearly always built on one device."""
    devices: dict[str, int] = {}
    for _, built in _built(trace):
        for row in built.event.parameters:
            devices.setdefault(row.device, built.step.number)
    return {"parameters": (sorted(devices), min(devices.values()))} if devices else {}


def _reading(trace: Trace) -> Table:
    """Return how each file is read: whole into a dictionary, only for names and shapes, or kept open for slices."""
    found: Table = {}
    shards: Iterator[Recorded[Shard]] = events(trace, ShardOpened, ShardRead)
    for shard in shards:
        path = shard.event.path
        if path is not None:
            ways, first = found.get(path, ([], shard.step.number))
            names_alone = isinstance(shard.event, ShardRead) and shard.event.device == "meta"
            found[path] = (sorted({*ways, "shard-read-names" if names_alone else shard.event.kind}), first)
    return found


def _tensors(trace: Trace) -> Table:
    found: Table = {}
    for loaded in events(trace, TensorLoaded):
        if loaded.event.parameter is not None:
            sources = [
                {name: getattr(source, name) for name in ("name", "path", "shape", "dtype")}
                for source in loaded.event.sources
            ]
            found[loaded.event.parameter] = (sources, loaded.step.number)
    return found


def _dtypes(trace: Trace) -> Table:
    return {
        str(loaded.event.parameter): (loaded.event.dtype, loaded.step.number) for loaded in events(trace, TensorLoaded)
    }


def _report(trace: Trace) -> Table:
    found: Table = {}
    for report in events(trace, WeightsReport):
        for name in ("checkpoint", "loaded", *_REPORTED):
            found[name] = (msgspec.to_builtins(getattr(report.event, name)), report.step.number)
    return found
