"""What a pickle of weights would import, read from its instructions without following them."""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

_MOST: Final = 400_000  # instructions of one file
_LARGEST: Final = 32 * 1024 * 1024  # bytes of the instructions in a zip
_PICKLES: Final = 5  # torch's earlier format is as many pickles, and then the numbers
_TEXTS: Final = frozenset(
    ["STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"]
)
_UNREAD: Final = "?"
"""Stands for a module or a name that is not written as a text just before, as pickle itself always writes it."""
_ROOTS: Final = frozenset(
    [
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "socket",
        "shutil",
        "runpy",
        "importlib",
        "pty",
        "code",
        "codeop",
        "ctypes",
        "webbrowser",
        "commands",
        "asyncio",
        "multiprocessing",
        "http",
        "urllib",
        "requests",
        "httpx",
        "ftplib",
        "smtplib",
        "telnetlib",
        "tempfile",
        "platform",
        "signal",
        "threading",
        "pip",
        "pdb",
        "bdb",
        "cProfile",
        "profile",
        "timeit",
        "pickle",
        "_pickle",
        "marshal",
        "types",
        "zipimport",
        "imp",
        "pkgutil",
        "distutils",
        "setuptools",
        "nturl2path",
        "_io",
        "builtins.eval",
        "builtins.exec",
        "builtins.compile",
        "builtins.open",
        "builtins.__import__",
        "builtins.input",
        "builtins.breakpoint",
        "builtins.globals",
        "builtins.execfile",
        "builtins.getattr",
        "builtins.setattr",
        "io.open",
        "io.FileIO",
        "operator.attrgetter",
        "operator.methodcaller",
        "functools.partial",
        "torch.hub",
        "torch.load",
        "torch.serialization.load",
        "torch.jit",
        "torch.utils.cpp_extension",
        "torch.ops",
        "torch._inductor",
        "torch.distributed",
        "torch.storage._load_from_bytes",
        "numpy.load",
    ]
)
"""Modules and functions that weights need nothing of, and that let a pickle do something."""
_ALSO_HARMLESS: Final = frozenset({"builtins.getattr", "torch.storage._load_from_bytes", "functools.partial", "pickle"})
"""What pickles of training arguments and optimizers have, which are no weights."""


def suspicious_globals(path: Path, *, weights: bool) -> list[str]:
    """Return what a file would import when it is unpickled, and that weights need nothing of, as ``module.name``.

    Args:
        path: what ``torch.save`` or ``pickle`` wrote.
        weights: whether it should have nothing but tensors.
    """
    found: dict[str, None] = {}
    try:
        for name in _globals_in(path):
            if _is_suspicious(name) and (weights or name not in _ALSO_HARMLESS):
                found[name] = None
    except (OSError, ValueError, IndexError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        pass  # it is cut off or no pickle; what was seen until there counts
    return list(found)


def _is_suspicious(name: str) -> bool:
    name = name.replace("__builtin__.", "builtins.")
    parts = name.split(".")
    return _UNREAD in parts or any(".".join(parts[:count]) in _ROOTS for count in range(1, len(parts) + 1))


def _globals_in(path: Path) -> Iterator[str]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".pkl") and info.file_size <= _LARGEST:
                    with archive.open(info) as opened:
                        yield from _globals(opened, 1)  # type: ignore[arg-type]
    else:
        with path.open("rb") as file:
            yield from _globals(file, _PICKLES)


def _globals(file: BinaryIO, pickles: int) -> Iterator[str]:
    """Yield what each instruction imports."""
    left = _MOST
    for _ in range(pickles):
        pushed: list[str | None] = []  # the texts put on the stack one after another, with nothing else since
        memo: dict[int, str | None] = {}
        for operation, argument, _ in islice(pickletools.genops(file), left):
            left -= 1
            name = operation.name
            if name in _TEXTS:
                pushed.append(str(argument))
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                pushed.append(memo.get(int(str(argument))))
            elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
                memo[int(str(argument))] = pushed[-1] if pushed else None
            elif name == "MEMOIZE":
                memo[len(memo)] = pushed[-1] if pushed else None
            elif name not in ("PROTO", "FRAME"):
                if name in ("GLOBAL", "INST"):
                    yield str(argument).replace(" ", ".")
                elif name == "STACK_GLOBAL":
                    owner, member = pushed[-2:] if len(pushed) > 1 else (None, None)
                    yield f"{owner or _UNREAD}.{member or _UNREAD}"
                pushed.clear()
            del pushed[:-2]
