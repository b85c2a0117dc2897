"""Accounts of weights for tests: checkpoints made on the fly, and what a recorded load says of them."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.loads import Loads
from tracer.analysis.stage_summary import summarize_stages
from tracer.recorder.weights.weights_files import read_header
from tracer.trace.reading import Trace, open_trace
from tracer.views.show import fact_text

RELEASE = tuple(int(part) for part in version("transformers").split(".")[:2])


class Account(NamedTuple):
    """What a trace says of the weights."""

    trace: Trace
    tensors: list[dict[str, Any]]
    report: dict[str, Any]

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        return {source["name"]: source for tensor in self.tensors for source in tensor["sources"]}

    @property
    def names(self) -> list[str]:
        """Every name of the checkpoint, as often as it is accounted for."""
        groups = [*self.tensors, *self.report["mismatched"], *self.report["unconverted"]]
        left = [entry["name"] for entry in self.report["unexpected"]]
        return sorted([source["name"] for group in groups for source in group["sources"]] + left)

    def facts(self, lang: Any = "en") -> list[str]:
        return [
            fact_text(fact, lang)
            for stage in summarize_stages(self.trace)
            for fact in stage.facts
            if fact.what.startswith("weights")
        ]


def account_of(loads: Loads, model: Path, *, fails: bool = False, **options: Any) -> Account:
    """Record a load and read its weights; ``fails`` when the load has to."""
    trace = open_trace(loads.record(model, forward=False, tokenizer=False, **options).path)
    assert trace.outcome.status == ("failed" if fails else "loaded"), trace.outcome
    assert not [name for name in trace.meta.skipped if ".py" not in name]
    steps = list(trace.steps(kinds=("tensor-loaded", "weights-report")))
    assert {step.stage for step in steps} == {"weights"}
    *tensors, report = steps
    assert report.kind == "weights-report"
    return Account(trace, [step.data for step in tensors], report.data)


def checkpoint(folder: Path, config: dict[str, Any], files: dict[str, dict[str, Any]]) -> Path:
    """Write a model directory: each file as its name asks for, and an index where there are several."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    for name, tensors in files.items():
        if name.endswith(".safetensors"):
            save_file(tensors, str(folder / name), metadata={"format": "pt"})
        else:
            torch.save(tensors, folder / name)
    if len(files) > 1:
        index = "pytorch_model.bin.index.json" if name.endswith(".bin") else "model.safetensors.index.json"
        weight_map = {key: file for file, tensors in files.items() for key in tensors}
        (folder / index).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return folder


def in_files(folder: Path) -> dict[str, Any]:
    return {name: stored for path in folder.glob("*.safetensors") for name, stored in read_header(str(path)).items()}
