"""Work around processors that report AMX but do not allow it.

On some virtual machines a bfloat16 product on the CPU therefore dies with an illegal instruction. An environment
variable keeps oneDNN from using AMX. Whether it is needed is tried in a throw-away process, and the answer is cached
for a while for this processor and this torch, because a host can change what it allows.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from tracer.launch.interpreter import python_command

VARIABLE: Final = "ONEDNN_MAX_CPU_ISA"
WITHOUT_AMX: Final = "AVX512_CORE_FP16"
TRIAL: Final = (
    "import torch; a = torch.ones(64, 64, dtype=torch.bfloat16); torch.nn.functional.linear(a, a); "
    "print(int(torch.matmul(a, a).sum()))"
)
PRODUCT: Final = "262144"  # 64 * 64 * 64
REMEMBERED: Final = 14 * 24 * 3600.0  # seconds


class _Answer(msgspec.Struct, frozen=True):
    """Whether the product dies, and when that was tried, in seconds since the epoch."""

    dies: bool
    at: float


def amx_environment(
    processor: str | None = None, memory: Path | None = None, dies: Callable[[], bool | None] | None = None
) -> dict[str, str]:
    """Return the environment variable that a child needs on this machine, or an empty dictionary.

    Args:
        processor: the system's description of the processor; read if not given.
        memory: the file that caches earlier answers; in the user's cache folder if not given.
        dies: tries a bfloat16 product in a separate process; returns None if the result is inconclusive.
    """
    description = _cpuinfo() if processor is None else processor
    if VARIABLE in os.environ or "amx_tile" not in description:
        return {}
    file = memory or Path(platformdirs.user_cache_dir("glm-trace")) / "bfloat16-trial.json"
    key = f"{_model_name(description)} torch {_torch_release()}"
    known = _remembered(file)
    answer = known[key].dies if key in known else (dies or product_dies)()
    if key not in known and answer is not None:
        _remember(file, {**known, key: _Answer(answer, time.time())})
    return {VARIABLE: WITHOUT_AMX} if answer else {}


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


def product_dies(trial: str = TRIAL) -> bool | None:
    """Return whether a trial program dies with an illegal instruction, or None for any other failure, such as lack of
    memory."""
    try:
        done = subprocess.run(python_command(trial), capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode == -signal.SIGILL:
        return True
    return False if done.returncode == 0 and done.stdout.split()[-1:] == [PRODUCT] else None


def _remembered(file: Path) -> dict[str, _Answer]:
    """Return the cached answers that are recent enough."""
    try:
        known = msgspec.json.decode(file.read_bytes(), type=dict[str, _Answer])
    except (OSError, ValueError):
        return {}
    return {key: answer for key, answer in known.items() if 0 <= time.time() - answer.at < REMEMBERED}


def _remember(file: Path, known: dict[str, _Answer]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(known))
    except OSError:
        pass  # it will be tried again next time
