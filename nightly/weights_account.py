"""Check what a trace says of a load's weights against the files, the saved model and the loaded one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from tracer.trace.reading import Trace

_COMPARED = 2000


def problems_of_account(trace: Trace, model: Any, saved: Any, folder: Path, paths: set[str]) -> list[str]:
    """Return what is not true in the account of the weights; an empty list if all of it is.

    ``paths`` are those of the model's modules as it was loaded: a pass may put others in their place.
    """
    steps = list(trace.steps(kinds=("tensor-loaded", "weights-report", "model-built", "model-loaded")))
    data: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        data.setdefault(step.kind, []).append(step.data)
    reports = data.get("weights-report", [])
    if len(reports) != 1:
        return [f"{len(reports)} reports of weights"]
    held = _held(folder)
    loaded = data.get("tensor-loaded", [])
    problems = [f"left out: {name} ({trace.meta.skipped[name]})" for name in trace.meta.skipped if ".py" not in name]
    problems += _names(reports[0], loaded, held)
    problems += _values(loaded, model, held)
    problems += _construction(data, model, paths)
    changed = _changed(model, saved)
    told = {*reports[0]["new"], *(one["parameter"] for one in reports[0]["mismatched"])}
    if unnamed := sorted(changed - told):
        problems.append(f"{len(unnamed)} differ from what was saved and are not named: {unnamed[:3]}")
    return problems


def _held(folder: Path) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            held.update({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no mapping
    return held


def _names(report: dict[str, Any], loaded: list[dict[str, Any]], held: dict[str, Any]) -> list[str]:
    """Each tensor of the files became a parameter, or is named as one that did not."""
    sources = Counter(source["name"] for one in loaded for source in one["sources"])
    unexpected = [one["name"] for one in report["unexpected"]]
    mismatched = [source["name"] for one in report["mismatched"] for source in one["sources"]]
    known = sources + Counter(unexpected) + Counter(mismatched)
    problems = []
    for what, names in (
        ("never accounted for", [name for name in held if not known[name]]),
        ("not in the files", [name for name in known if name not in held]),
        ("both loaded and unexpected", [name for name in unexpected if name in sources]),
        ("left empty", report["empty"]),
        ("not read", report["unread"]),
    ):
        if names:
            problems.append(f"{len(names)} {what}: {names[:3]}")
    if report["checkpoint"] != len(held):
        problems.append(f"{report['checkpoint']} tensors reported, {len(held)} in the files")
    return problems


def _values(loaded: list[dict[str, Any]], model: Any, held: dict[str, Any]) -> list[str]:
    """The numbers of each parameter are those of the tensors that it is said to come from."""
    state = {name: one for name, one in model.state_dict().items() if isinstance(one, torch.Tensor)}
    wrong = []
    for one in loaded:
        parameter = state.get(one["parameter"])
        sources = [held.get(source["name"]) for source in one["sources"]]
        known = parameter is not None and sources and all(source is not None for source in sources)
        like = known and (list(parameter.shape), str(parameter.dtype)) == (one["shape"], f"torch.{one['dtype']}")
        if not (like and _explains(sources, parameter)):
            wrong.append(one["parameter"])
    return [f"{len(wrong)} parameters that their sources do not explain: {wrong[:3]}"] if wrong else []


def _explains(sources: list[Any], parameter: Any) -> bool:
    count = sum(source.numel() for source in sources)
    numbers = torch.cat([source.flatten().to(parameter.dtype) for source in sources])
    if torch.equal(numbers, parameter.flatten()):
        return True
    if count == parameter.numel():  # a conversion may give the same numbers another order
        return bool(torch.equal(numbers.float().sort()[0], parameter.flatten().float().sort()[0]))
    mine = parameter.flatten()[:_COMPARED].tolist()  # a part of its sources
    return count > parameter.numel() and set(mine) <= set(numbers.tolist())


def _construction(data: dict[str, list[dict[str, Any]]], model: Any, paths: set[str]) -> list[str]:
    """The tree and the numbers of elements are those of the model."""
    numbers = sum(one.numel() for one in model.parameters())
    built, ended = data.get("model-built", []), data.get("model-loaded", [])
    if not built or not ended:
        return ["no construction or no end of the load"]
    problems = []
    if {path for _, path in built[-1]["tree"]} != paths:
        problems.append("another tree of modules")
    if built[-1]["numbers"] != numbers or ended[-1]["parameters"] != numbers:
        problems.append(
            f"{built[-1]['numbers']} elements built, {ended[-1]['parameters']} loaded, {numbers} in the model"
        )
    return problems


def _changed(model: Any, saved: Any) -> set[str]:
    """Return the tensors that are not as they were saved."""
    mine, other = model.state_dict(), saved.state_dict()
    both = [name for name in mine if isinstance(mine[name], torch.Tensor) and isinstance(other.get(name), torch.Tensor)]
    return {
        name for name in both
        if mine[name].shape != other[name].shape
        or not torch.equal(torch.nan_to_num(mine[name].float()), torch.nan_to_num(other[name].float()))
    }  # fmt: skip
