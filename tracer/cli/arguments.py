"""What a person types, turned into what the rest works with; every mistake is a sentence."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any, Final

from tracer.trace import journal
from tracer.trace.errors import TracerError

SUFFIX: Final = ".glmtrace"
_HUB_ID: Final = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")
_WORDS: Final = {"true": True, "false": False, "none": None, "null": None}


def model_argument(text: str) -> str:
    """A model directory as an absolute path, or a hub id as it is.

    Raises:
        TracerError: it is neither.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        return os.path.abspath(path)
    if path.exists():
        raise TracerError(f"{text} is a file; a model is a directory with a config.json in it. Name the directory.")
    if not _HUB_ID.match(text):
        raise TracerError(f"There is no directory {text}. Name a model directory, or a hub id such as THUDM/glm-4v-9b.")
    return text


def keyword_arguments(pairs: list[str]) -> dict[str, Any]:
    """``NAME=VALUE`` pairs: a value is a Python literal where it is one, else text.

    Raises:
        TracerError: a pair has no ``=`` or no argument name.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            shown = name + "=…" if equals else name  # the value can be a secret
            raise TracerError(f"--kwarg {shown!r} is no NAME=VALUE pair. Write for example: --kwarg use_cache=False")
        if name in arguments:
            raise TracerError(f"--kwarg {name} is given twice. Give each argument once.")
        if name in ("pretrained_model_name_or_path", "config"):
            raise TracerError(
                f"--kwarg {name} can't be given on the command line. Record your own script: glm-trace run"
            )
        arguments[name] = _literal(value)
    return arguments


def auto_class_argument(name: str | None) -> str | None:
    """The name of an auto class; whether this release of transformers has it is seen when it is loaded."""
    if name is not None and not re.fullmatch(r"Auto[A-Za-z0-9]+", name):
        raise TracerError(f"--auto-class {name}: expected the name of an auto class, such as AutoModelForCausalLM.")
    return name


def trace_path(wanted: Path | None, model: str) -> Path:
    """Where the trace goes: the file asked for, else ``<name>.glmtrace`` in this folder under a free name.

    Raises:
        TracerError: the folder is missing or read-only, or something that is no trace would be overwritten.
    """
    path = _free(_stem(model)) if wanted is None else wanted.expanduser()
    path = Path(os.path.abspath(path))
    if path.is_dir():
        raise TracerError(f"-o {path} is a directory. Name a file, such as {path / ('load' + SUFFIX)}")
    if path.exists() and not path.is_file():
        raise TracerError(f"-o {path} is no ordinary file, so it is not overwritten. Choose another name.")
    if not path.parent.is_dir():
        raise TracerError(f"The folder {path.parent} does not exist. Make it, or choose another place with -o.")
    if not os.access(path.parent, os.W_OK):
        raise TracerError(f"The folder {path.parent} can't be written to. Choose another place with -o.")
    if path.exists() and path.stat().st_size and not _is_trace(path):
        raise TracerError(f"{path} exists and is no trace, so it is not overwritten. Choose another name with -o.")
    return path


def journal_path(trace: Path) -> Path:
    """The journal of a trace lies beside it until it is sealed."""
    return trace.with_name(f"{trace.name}.journal")


def _literal(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if _is_json(value) else text


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _stem(model: str) -> str:
    return re.sub(r"[^\w.-]+", "-", os.path.basename(model.rstrip("/\\"))).strip("-.") or "load"


def _free(stem: str) -> Path:
    path, count = Path(stem + SUFFIX), 1
    while path.exists() or journal_path(path).exists():
        count += 1
        path = Path(f"{stem}-{count}{SUFFIX}")
    return path


def _is_trace(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(100)
    return start.startswith(journal.MAGIC) or (start.startswith(b"SQLite format 3\0") and start[68:72] == b"GLMT")
