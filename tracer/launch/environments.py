"""Environments with other releases of transformers, made once and kept in the user's cache.

An environment has transformers and what belongs to its release (tokenizers, huggingface_hub, safetensors, peft,
accelerate, numpy) in its own ``site-packages``. Everything else, torch and glm-trace included, comes from the folders
that this process imports them from: a ``.pth`` file puts those after its own packages. A stub of torch's metadata keeps
the installer from downloading a second torch.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import platformdirs
from packaging.version import Version

from tracer.releases import installed_release

Obstacle: TypeAlias = Literal["offline", "no-release", "python", "no-build", "failed", "interrupted"]
"""Why there is no environment. ``offline``: the index can't be reached. ``no-release``: the index does not have the
release. ``python``: the release does not support this Python. ``no-build``: a package that it needs has no build for
this Python and platform. ``failed``: anything else."""


class EnvironmentNotMade(Exception):
    """The environment of a release could not be made.

    Attributes:
        obstacle: see :data:`Obstacle`.
        detail: the package for ``no-build``, what the installer said for ``failed``; else empty.
    """

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        super().__init__(obstacle, detail)
        self.obstacle: Obstacle = obstacle
        self.detail = detail


class Environment(msgspec.Struct, frozen=True):
    """A Python that has a release of transformers.

    Attributes:
        release: the release.
        python: path of the interpreter.
    """

    release: str
    python: str


class KeptEnvironments(msgspec.Struct, frozen=True):
    """The environments in the cache: their folder, their number and the bytes that they take on the disk.

    ``busy`` is the number of those that another process is making.
    """

    folder: Path
    count: int
    size: int
    busy: int = 0


EnvironmentMaker: TypeAlias = Callable[[str], Environment]
"""Returns the environment of a release, or raises :class:`EnvironmentNotMade`."""

_READY: Final = "glm-trace-ready"
_SHARED: Final = ("torch", "tracer", "msgspec", "packaging", "PIL")
_COMPANIONS: Final = (
    ("4.46", ("peft>=0.12,<0.13", "accelerate>=0.33,<1")),
    ("4.48", ("peft>=0.13,<0.14", "accelerate>=1,<1.3")),
    ("4.51", ("peft>=0.14,<0.15", "accelerate>=1.2,<1.6")),
    ("4.54", ("peft>=0.15,<0.16", "accelerate>=1.6,<1.9")),
    ("5.0", ("peft>=0.17,<0.18", "accelerate>=1.10,<1.12")),
)
"""Before the release in front: what was current when the release came out. Nothing in the metadata of these packages
says that a later one needs a later transformers."""
_NEWEST: Final = ("peft>=0.18", "accelerate>=1.12")

_UNREACHABLE: Final = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Failed to establish a new connection|"
    r"name resolution|dns error|error sending request|Failed to fetch|network (?:connectivity )?(?:is|was) disabled|"
    r"Connection refused|Network is unreachable|requirement transformers==\S+ \(from versions: none\)",
    re.IGNORECASE,
)
"""The last one: without retries, pip does not say that it could not connect. No index lacks all of transformers."""
_NO_PACKAGE: Final = re.compile(r"No matching distribution found for ([\w.-]+)")
_NO_WHEEL: Final = re.compile(r"([\w.-]+)(?:[<>=!~,.\d]*) (?:has|have) no (?:usable )?wheels", re.IGNORECASE)
_NO_VERSION: Final = re.compile(r"no versions? of transformers|transformers was not found", re.IGNORECASE)
_TAIL: Final = 300  # characters of what an installer said


def environments_folder() -> Path:
    """Return the folder in which environments are kept."""
    return Path(platformdirs.user_cache_dir("glm-trace")) / "environments"


def environment_of(release: str, folder: Path | None = None) -> Environment:
    """Return the environment of a release: this one if it has the release, else one from the cache, made if necessary.

    Args:
        release: a full version, such as ``4.49.0``.
        folder: where environments are kept, if not in the user's cache.

    Raises:
        EnvironmentNotMade: the release can't be installed here.
        OSError: the folder can't be written.
    """
    if installed_release() == release:
        return Environment(release, sys.executable)
    shared = _shared_folders()
    torch = _installed("torch")
    key = hashlib.sha256("\n".join([sys.prefix, str(torch), *shared, *requirements(release)]).encode()).hexdigest()[:8]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = (folder or environments_folder()) / f"transformers-{release}-py{python}-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(f"{home.name}.lock")):
        if not (home / _READY).exists() or not (home / "bin" / "python").exists():
            shutil.rmtree(home, ignore_errors=True)
            try:
                _make(home, release, shared, torch)
            except BaseException:
                shutil.rmtree(home, ignore_errors=True)
                raise
    return Environment(release, str(home / "bin" / "python"))


def kept_environments(folder: Path | None = None) -> KeptEnvironments:
    """Return which environments are kept."""
    home = folder or environments_folder()
    kept = _folders_in(home)
    return KeptEnvironments(home, len(kept), sum(map(_size, kept)))


def clear_environments(folder: Path | None = None) -> KeptEnvironments:
    """Delete the environments that are kept, and return what they were; those that are being made stay.

    Raises:
        OSError: one of them can't be deleted.
    """
    home = folder or environments_folder()
    count = size = busy = 0
    for kept in _folders_in(home):
        lock = kept.with_name(f"{kept.name}.lock")
        try:
            with _locked(lock, wait=False):
                taken = _size(kept)
                shutil.rmtree(kept)
                count, size = count + 1, size + taken
        except BlockingIOError:
            busy += 1
    for lock in home.glob("*.lock") if not busy else ():
        lock.unlink(missing_ok=True)
    return KeptEnvironments(home, count, size, busy)


def _folders_in(home: Path) -> list[Path]:
    """Return the environments in a folder that is ours, made or half made."""
    return sorted(path for path in home.glob("transformers-*") if path.is_dir() and not path.is_symlink())


def _size(folder: Path) -> int:
    """Return the bytes that a folder takes on the disk."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total


def requirements(release: str) -> list[str]:
    """Return what to install for a release: transformers itself, and the packages used with it when it was new."""
    version = Version(release)
    companions = next((packages for until, packages in _COMPANIONS if version < Version(until)), _NEWEST)
    return [f"transformers=={release}", *companions]


def obstacle_in(output: str, release: str) -> EnvironmentNotMade:
    """Return why an installer failed, from what it printed."""
    missing = _NO_PACKAGE.search(output)
    exact = re.escape(release)
    # pip lists every release that it left out because of the Python; uv names the one that was asked for.
    if re.search(rf" {exact} Requires-Python|transformers=={exact} depends on Python", output):
        return EnvironmentNotMade("python")
    if _UNREACHABLE.search(output):
        return EnvironmentNotMade("offline")
    if (wheel := _NO_WHEEL.search(output)) is not None:
        return EnvironmentNotMade("no-build", wheel[1])
    if missing is not None and missing[1] != "transformers":
        return EnvironmentNotMade("no-build", missing[1])
    if missing is not None or _NO_VERSION.search(output):
        return EnvironmentNotMade("no-release")
    return EnvironmentNotMade("failed", " ".join(output.split())[-_TAIL:])


def _make(home: Path, release: str, shared: Sequence[str], torch: str | None) -> None:
    python = home / "bin" / "python"
    uv = shutil.which("uv")
    if uv is not None:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(home)], release)
        install = [uv, "pip", "install", "--python", str(python)]
    else:
        _run([sys.executable, "-I", "-m", "venv", str(home)], release)
        install = [
            str(python),
            "-I",
            "-m",
            "pip",
            "install",
            "--no-input",
            "--no-compile",
            "--disable-pip-version-check",
        ]
    packages = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    constraints = home / "constraints.txt"
    constraints.write_text(f"torch=={torch}\n" if torch is not None else "", encoding="utf-8")
    if torch is not None:
        _write_stub(packages, "torch", torch)
    # Wheels only: building a package from source runs its code and needs compilers.
    _run([*install, "--only-binary", ":all:", "-c", str(constraints), *requirements(release)], release, home)
    (packages / "glm_trace_shared.pth").write_text("".join(f"{folder}\n" for folder in shared), encoding="utf-8")
    (home / _READY).touch()


def _write_stub(packages: Path, name: str, version: str) -> None:
    """Write the metadata of a package that is found in another folder, without its requirements."""
    folder = packages / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (folder / "INSTALLER").write_text("glm-trace\n", encoding="utf-8")
    (folder / "RECORD").write_text("", encoding="utf-8")


def _run(command: Sequence[str], release: str, folder: Path | None = None) -> None:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=without_python_path(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentNotMade("failed", str(error)) from error
    with process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # What it has started too: it would go on writing into a folder that is about to be deleted.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise obstacle_in(output, release)


def without_python_path(environment: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables without PYTHONPATH, whose folders would come before an environment's packages."""
    return {name: value for name, value in environment.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _shared_folders() -> list[str]:
    """Return the folders that this process imports torch, glm-trace and what they need from."""
    folders: dict[str, None] = {}
    for name in _SHARED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders[os.path.abspath(os.path.dirname(os.path.dirname(spec.origin)))] = None
    return list(folders)


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock, so that two processes don't make one environment at the same time.

    Raises:
        BlockingIOError: another process holds it, and this one does not wait.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
