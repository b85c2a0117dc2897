"""A small model with code of its own, and edits of it: what most faults of published code can be shown with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracer.analysis.diagnosis import Cause, Diagnosis, diagnose
from tracer.trace.reading import Trace, open_trace

CONFIGURATION = """\
from transformers import PretrainedConfig


class ShellConfig(PretrainedConfig):
    model_type = "shell"

    def __init__(self, width=4, **kwargs):
        self.width = width
        super().__init__(**kwargs)
"""

MODELING = """\
import torch
from transformers import PreTrainedModel

from .configuration_shell import ShellConfig


class ShellModel(PreTrainedModel):
    config_class = ShellConfig

    def __init__(self, config):
        super().__init__(config)
        self.mix = torch.nn.Linear(config.width, config.width)
        self.post_init()

    def _init_weights(self, module):
        pass
"""

AUTO_MAP = {"AutoConfig": "configuration_shell.ShellConfig", "AutoModel": "modeling_shell.ShellModel"}
LOAD: dict[str, Any] = {"tokenizer": False, "forward": False, "weights": "random"}
"""Options of a load without weights and without a pass."""


def shell(folder: Path, files: dict[str, str | bytes] | None = None, **config: Any) -> Path:
    """Write the model; ``files`` replaces or adds files, and keywords go into config.json."""
    settings = {"model_type": "shell", "architectures": ["ShellModel"], "width": 4, "auto_map": AUTO_MAP} | config
    held: dict[str, str | bytes] = {
        "config.json": json.dumps(settings),
        "configuration_shell.py": CONFIGURATION,
        "modeling_shell.py": MODELING,
    }
    for name, content in (held | (files or {})).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def importing(line: str) -> str:
    """The model's code with one more statement among its imports."""
    return MODELING.replace("import torch\n", f"import torch\n{line}\n", 1)


def building(line: str) -> str:
    """The model's code with one more statement in the constructor."""
    return MODELING.replace("        self.post_init()\n", f"        {line}\n        self.post_init()\n", 1)


def diagnosis_of(path: str | Path) -> Diagnosis:
    with open_trace(path) as trace:
        return diagnose(trace)


def only_cause(trace: Trace) -> Cause:
    (cause,) = diagnose(trace).causes
    return cause
