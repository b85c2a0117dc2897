"""A load makes the same steps whichever way it is stepped, and whether or not stepping pauses inside the library."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.conftest import FIXTURES
from tests.support.forked import in_fork
from tests.support.reading import by_line

WAYS = [(False, True), (False, False), *([(True, True)] if hasattr(sys, "monitoring") else [])]
"""Whether by ``sys.monitoring``, and whether with functions in which tracing is paused, which stepping by ``sys.settrace`` alone has."""

CONFIGURATION = """
from transformers import AutoConfig, PretrainedConfig

OTHER = AutoConfig.from_pretrained(OTHER_MODEL)


class ReachingConfig(PretrainedConfig):
    model_type = "glm-trace-reaching"

    def __init__(self, width=4, **kwargs):
        self.width = width
        super().__init__(**kwargs)
"""
MODELING = """
import copy

from torch import nn
from transformers import PreTrainedModel

from .configuration_reaching import ReachingConfig


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)


class Building(nn.Linear):
    def reset_parameters(self):
        super().reset_parameters()
        self.inner = Block(2)


class Setting(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = 3

    @property
    def width(self):
        return self.block.linear.in_features

    @width.setter
    def width(self, width):
        self.block = Block(width)


class Copied:
    def __deepcopy__(self, memo):
        Block(1)
        return self


class ReachingModel(PreTrainedModel):
    config_class = ReachingConfig

    def __init__(self, config):
        super().__init__(config)
        self.blocks = nn.ModuleList(Block(config.width) for _ in range(2))
        self.more = nn.ModuleList([Block(config.width)])
        self.building = Building(2, 2)
        self.setting = Setting()
        copy.deepcopy(Copied())
        repr(config)
        self.post_init()

    def _init_weights(self, module):
        pass
"""


@pytest.fixture
def reaching(tmp_path: Path) -> Path:
    """A directory whose code comes to stepped functions from inside of the library's."""
    folder = tmp_path / "reaching"
    folder.mkdir()
    (folder / "configuration_reaching.py").write_text(
        CONFIGURATION.replace("OTHER_MODEL", repr(str(FIXTURES / "bert-tiny")))
    )
    (folder / "modeling_reaching.py").write_text(MODELING)
    auto_map = {"AutoConfig": "configuration_reaching.ReachingConfig", "AutoModel": "modeling_reaching.ReachingModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "glm-trace-reaching", "auto_map": auto_map}))
    (folder / "generation_config.json").write_text(json.dumps({"max_new_tokens": 3}))
    in_fork(_save_weights, str(folder))
    return folder


def _save_weights(folder: str) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"blocks.0.linear.bias": torch.ones(4)}, f"{folder}/model.safetensors", metadata={"format": "pt"})


def _steps(model: str, folder: str, by_monitoring: bool, pauses: bool, lines: bool) -> list[tuple[Any, ...]]:
    """Kind, event, function, line and stage of every step but what is printed."""
    import transformers
    from transformers import dynamic_module_utils

    from tracer.recorder.session import Session
    from tracer.recorder.stepping.tracing_pause import PausedFunctions
    from tracer.trace.reading import open_trace

    dynamic_module_utils.HF_MODULES_CACHE = f"{folder}/modules"
    sys.path.insert(0, f"{folder}/modules")
    importlib.invalidate_caches()
    transformers.utils.logging.disable_progress_bar()
    if not pauses:
        PausedFunctions.wrap = lambda self, patches: None  # type: ignore[method-assign]
    journal = Path(folder) / "journal"
    session = Session(journal, model=model, lines=lines, by_monitoring=by_monitoring)
    with session:
        transformers.AutoModel.from_pretrained(model, trust_remote_code=True)
    session.finish(None)
    with open_trace(journal) as trace:
        frames = {frame.number: frame.function for frame in trace.frames()}
        return [
            (step.kind, step.event, frames.get(step.frame or 0), step.line if step.event else None, step.stage)
            for step in trace.steps()
            if step.kind != "output"
        ]


def compared(model: Path, folder: Path, lines: bool) -> list[tuple[Any, ...]]:
    found = []
    for number, (by_monitoring, pauses) in enumerate(WAYS):
        place = folder / str(number)
        place.mkdir()
        found.append(in_fork(_steps, str(model), str(place), by_monitoring, pauses, lines))
    assert len(found[0]) > 100
    for other in found[1:]:
        assert other == found[0]
    return found[0]


@pytest.mark.parametrize("lines", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_code_that_comes_back_from_inside_the_library(reaching: Path, tmp_path: Path, lines: bool) -> None:
    steps = compared(reaching, tmp_path, lines)
    calls = [function for _, event, function, _, _ in steps if event == "call"]
    # The first execution of a module's constructor is stepped; other classes' are of their own.
    assert {"Block.__init__", "Setting.__init__", "ReachingModel.__init__", "ReachingConfig.__init__"} <= set(calls)
    assert calls.count("AutoConfig.from_pretrained") >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    # Only 4.x takes the model type from the folder's name.
    ["bert-tiny", "glm-4v-tiny", *by_line(["distilbert-without-model-type"], [])],
)
def test_bundled_models(name: str, tmp_path: Path) -> None:
    steps = compared(FIXTURES / name, tmp_path, True)
    if name == "glm-4v-tiny":
        assert {"GLMBlock.__init__", "MLP.__init__"} <= {function for _, _, function, _, _ in steps}
