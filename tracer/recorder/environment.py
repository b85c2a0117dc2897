"""The environment of a load: releases, Python, processor, GPU, environment variables, memory limit."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tracer.trace.metadata import is_set_by_torch
from tracer.trace.redaction import MASK
from tracer.trace.redaction.known_secrets import is_secret_variable

_PACKAGES: Final = (
    "glm-trace", "transformers", "torch", "safetensors", "tokenizers", "huggingface-hub", "peft", "accelerate", "numpy",
    "sentencepiece", "protobuf", "tiktoken",
)  # fmt: skip
# Of the hub's variables only those that its client and transformers know: others can hold anything.
_VARIABLES: Final = re.compile(
    r"^(?:HF_(?:HOME|TOKEN|TOKEN_PATH|ENDPOINT|INFERENCE_ENDPOINT|MODULES_CACHE|ASSETS_CACHE|XET_\w+|DEBUG|"
    r"DATASETS_CACHE|DATASETS_OFFLINE|METRICS_CACHE|EVALUATE_OFFLINE|STORED_TOKENS_PATH|"
    r"HUB_(?:CACHE|OFFLINE|ASSETS_CACHE|DISABLE_\w+|ENABLE_\w+|VERBOSITY|DOWNLOAD_TIMEOUT|ETAG_TIMEOUT|LOCAL_DIR\w*|"
    r"USER_AGENT_ORIGIN|TRUST_REMOTE_CODE))|"
    r"HUGGINGFACE_(?:HUB_CACHE|HUB_VERBOSITY|ASSETS_CACHE|CO_STAGING|CO_RESOLVE_ENDPOINT)|"
    r"TRANSFORMERS_\w+|TORCH\w+|PYTORCH_\w+|CUDA_\w+|ONEDNN_\w+|DNNL_\w+|OMP_\w+|MKL_\w+|OPENBLAS_\w+|"
    r"TOKENIZERS_\w+|ACCELERATE_\w+|NVIDIA_\w+|SAFETENSORS_\w+|PYTHONPATH|PYTHONHASHSEED|XDG_CACHE_HOME)$"
)

# In transformers 4, older variables can move the cache away from that of huggingface_hub.
_CACHES: Final = (
    ("huggingface_hub.constants", "HF_HUB_CACHE", "hub-cache"),
    ("transformers.utils.hub", "TRANSFORMERS_CACHE", "hub-cache"),
    ("transformers.dynamic_module_utils", "HF_MODULES_CACHE", "modules-cache"),
)


def environment_facts(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return facts for the trace's metadata; secrets among the variables appear by name only."""
    return {
        "releases": {name: release for name in _PACKAGES if (release := _release(name))},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processor": {"name": _processor(), "cores": _cores()},
        "gpus": _gpus(),
        "environment": {
            name: MASK if is_secret_variable(name, value) else value
            for name, value in sorted(environment.items())
            if _VARIABLES.match(name) and not is_set_by_torch(name, value)
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
    """Ask the driver's own tool: torch would start CUDA in a process that may not want it."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in said.splitlines() if line.strip()]


def library_caches() -> list[tuple[str, str]]:
    """Return the caches that the imported libraries use, each with the name of its root.

    Libraries read the variables once, when they are imported, and a program can assign another folder afterwards.
    """
    found: list[tuple[str, str]] = []
    for module, variable, root in _CACHES:
        folder = vars(sys.modules[module]).get(variable) if module in sys.modules else None
        if isinstance(folder, (str, Path)):
            found.append((root, str(folder)))
    return found


def apply_environment(variables: dict[str, str]) -> None:
    """Set a job's variables in a process that may have imported the library before it knew them.

    transformers reads the place of its modules cache once, when it is imported (``HF_MODULES_CACHE`` of
    ``utils/hub.py``, from where other modules take it, in 4.44 and in 5.x). A fork inherits ``sys.path`` from the
    process that requested it. If remote code has been loaded there, its modules cache is in the path, and relative
    imports would be looked for in that cache first.
    """
    os.environ.update(variables)
    cache = variables.get("HF_MODULES_CACHE")
    if cache is not None:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "transformers" and "HF_MODULES_CACHE" in vars(module):
                former = str(vars(module)["HF_MODULES_CACHE"])
                if former != cache:
                    sys.path[:] = [path for path in sys.path if path != former]
                vars(module)["HF_MODULES_CACHE"] = cache


def limit_memory(size: int) -> None:
    """Limit this process's private memory; beyond it allocations fail with an exception that can be recorded.

    It sets RLIMIT_DATA, which on Linux counts heaps, stacks and private mappings: RLIMIT_AS would count the libraries
    of torch and mapped checkpoints as well, many gigabytes that cost nothing. Other systems have no such limit.
    """
    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
