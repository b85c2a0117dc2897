"""Under what a load ran: releases, Python, processor, GPU, and the environment variables that matter."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tracer.trace.known_secrets import is_secret_variable

_PACKAGES: Final = (
    "glm-trace", "transformers", "torch", "safetensors", "tokenizers", "huggingface-hub", "peft", "accelerate", "numpy",
)  # fmt: skip
_VARIABLES: Final = re.compile(
    r"^(HF_|HUGGINGFACE_|TRANSFORMERS_|TORCH|PYTORCH_|CUDA_|ONEDNN_|DNNL_|OMP_|MKL_|OPENBLAS_|TOKENIZERS_|PYTHONPATH$"
    r"|PYTHONHASHSEED$|ACCELERATE_|NVIDIA_|SAFETENSORS_)"
)


def surroundings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Facts for the trace's metadata; secrets among the variables appear by name only."""
    return {
        "releases": {name: release for name in _PACKAGES if (release := _release(name))},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processor": {"name": _processor(), "cores": _cores()},
        "gpus": _gpus(),
        "environment": {
            name: "‹secret›" if is_secret_variable(name, value) else value
            for name, value in sorted(environment.items())
            if _VARIABLES.match(name)
        },
    }


def _release(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    if sys.platform == "linux":
        try:
            found = re.search(r"(?m)^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text())
        except OSError:
            found = None
        if found:
            return found.group(1)
    return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpus() -> list[str]:
    """Asked of the driver's own tool: asking torch would start CUDA in a process that may not want it."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in said.splitlines() if line.strip()]


def take_environment(variables: dict[str, str]) -> None:
    """Set a job's variables in a process that may have imported the library before it knew them.

    transformers reads where its modules cache is once, when it is imported (``HF_MODULES_CACHE`` of ``utils/hub.py``,
    from where other modules take it, on 4.44 as on 5.x); nothing of it is in use before the work begins.
    """
    os.environ.update(variables)
    cache = variables.get("HF_MODULES_CACHE")
    if cache is not None:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "transformers" and "HF_MODULES_CACHE" in vars(module):
                vars(module)["HF_MODULES_CACHE"] = cache
