"""Processors that report AMX and do not allow it: a bfloat16 product on the CPU then dies with an illegal instruction.

Some virtual machines are so. oneDNN can be told to leave AMX alone; whether that is needed is found out once, in a
throw-away process, and remembered for this processor and this torch.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

VARIABLE: Final = "ONEDNN_MAX_CPU_ISA"
WITHOUT_AMX: Final = "AVX512_CORE_FP16"
_TRIAL: Final = (
    "import torch; a = torch.ones(64, 64, dtype=torch.bfloat16); torch.nn.functional.linear(a, a); torch.matmul(a, a)"
)


def needed_setting(
    processor: str | None = None, memory: Path | None = None, dies: Callable[[], bool] | None = None
) -> dict[str, str]:
    """The environment variable that a child needs on this machine, or nothing.

    Args:
        processor: what the system says of the processor; asked where not given.
        memory: the file that remembers earlier answers; in the user's cache folder where not given.
        dies: tries a bfloat16 product in a process of its own.
    """
    said = _cpuinfo() if processor is None else processor
    if VARIABLE in os.environ or "amx_tile" not in said:
        return {}
    file = memory or Path(platformdirs.user_cache_dir("glm-trace")) / "bfloat16.json"
    key = f"{_model_name(said)} torch {_torch_release()}"
    known = _remembered(file)
    if key not in known:
        known[key] = (dies or _dies)()
        _remember(file, known)
    return {VARIABLE: WITHOUT_AMX} if known[key] else {}


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _model_name(cpuinfo: str) -> str:
    found = re.search(r"(?m)^model name\s*:\s*(.+)$", cpuinfo)
    return found.group(1) if found else "unknown processor"


def _torch_release() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _dies() -> bool:
    try:
        done = subprocess.run([sys.executable, "-c", _TRIAL], capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode < 0


def _remembered(file: Path) -> dict[str, bool]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): bool(value) for key, value in read.items()} if isinstance(read, dict) else {}


def _remember(file: Path, known: dict[str, bool]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known), encoding="utf-8")
    except OSError:
        pass  # asked again next time
