"""Convert command-line arguments; every mistake is reported in one sentence."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from tracer.cli.console import note
from tracer.cli.groups import asked_language
from tracer.i18n import N_, path_here, tr
from tracer.text.shell import shell_word
from tracer.trace import journal
from tracer.trace.errors import TracerError
from tracer.trace.held_journal import HeldJournal, journal_path, refusal, state_of
from tracer.views.shell_commands import command

SUFFIX: Final = ".glmtrace"
_HUB_ID: Final = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")
_WORDS: Final = {"true": True, "false": False, "none": None, "null": None}


def model_argument(text: str) -> str:
    """Return a model directory as an absolute path, or a hub id unchanged.

    Raises:
        TracerError: it is neither.
    """
    if not text:  # as a path, it would be the current folder
        raise TracerError(N_("MODEL is empty. Name a model directory, or a hub id such as THUDM/glm-4v-9b."))
    path = Path(os.path.expanduser(text))
    if path.is_dir():
        return os.path.abspath(path)
    if path.exists():
        raise TracerError(
            N_("{text} is a file; a model is a directory with a config.json in it. Name the directory."), text=text
        )
    if not _HUB_ID.match(text):
        raise TracerError(
            N_("There is no directory {text}. Name a model directory, or a hub id such as THUDM/glm-4v-9b."), text=text
        )
    return text


def keyword_arguments(pairs: list[str]) -> dict[str, Any]:
    """Parse ``NAME=VALUE`` pairs; a value that is not a Python literal is text.

    Raises:
        TracerError: a pair has no ``=`` or no argument name.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            shown = name + "=…" if equals else name  # the value may be a secret
            raise TracerError(
                N_("--kwarg {shown!r} is not a NAME=VALUE pair. Write for example: --kwarg use_cache=False"),
                shown=shown,
            )
        if name in arguments:
            raise TracerError(N_("--kwarg {name} is given twice. Give each argument once."), name=name)
        if name in ("pretrained_model_name_or_path", "config"):
            raise TracerError(
                N_("--kwarg {name} can't be given on the command line. Record your own script: glm-trace run"),
                name=name,
            )
        arguments[name] = _literal(value)
    return arguments


def auto_class_argument(name: str | None) -> str | None:
    """Return the name of a class to load with. Whether this release of transformers has it is found out by the load."""
    if name is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise TracerError(
            N_("--auto-class {name}: expected the name of a class, such as AutoModelForCausalLM or LlamaForCausalLM."),
            name=name,
        )
    return name


def trace_file(given: Path | None) -> Path:
    """Return the trace that was named, else the newest in this folder, and say which that is.

    Raises:
        TracerError: none was named, and there is none here.
    """
    if given is not None:
        return given
    newest = newest_trace()
    if newest is None:
        raise TracerError(
            N_("There is no trace in this folder. Name one, or record one with: {command}"),
            command=command("load", "MODEL"),
        )
    lang = asked_language()
    note(tr(lang, "{file}, the newest trace in this folder:", file=newest))
    return newest


def newest_trace() -> Path | None:
    """Return the newest trace in this folder; None without any."""
    found = [(path.stat().st_mtime_ns, path.name) for path in Path().glob(f"*{SUFFIX}") if path.is_file()]
    return Path(max(found)[1]) if found else None


class Destination(NamedTuple):
    """Where a trace is written: to ``path`` (through a symbolic link), or to the next free name if none was chosen.

    ``left`` collects the journals of unfinished recordings whose names were skipped.
    """

    path: Path
    named: bool
    left: list[Path]

    def take(self) -> tuple[Path, HeldJournal]:
        """Reserve the name for this recording; return it with the journal that was created for it.

        Raises:
            JournalTaken: another recording writes the file that the user chose, or left its journal behind.
            OSError: the journal can't be created.
        """
        if self.named:
            path = _through_links(self.path)
            return path, HeldJournal.create_for(path)
        count = 1
        while True:
            path = self.path if count == 1 else self.path.with_name(f"{self.path.stem}-{count}{SUFFIX}")
            count += 1
            if path.exists():
                continue
            try:
                held = HeldJournal.create(journal_path(path))
            except FileExistsError:
                if state_of(journal_path(path)) == "left":
                    self.left.append(journal_path(path))
                continue
            if not path.exists():  # another recording may have ended since the check
                return path, held
            held.remove()


def destination(wanted: Path | None, model: str) -> Destination:
    """Return where the trace is written: the given file, or ``<name>.glmtrace`` in this folder under a free name.

    Raises:
        TracerError: the folder is missing or read-only, a file that is not a trace would be overwritten, or another
            recording writes there.
    """
    path = Path(_stem(model) + SUFFIX) if wanted is None else Path(os.path.expanduser(wanted))
    path = Path(os.path.abspath(path))
    written = _through_links(path) if wanted is not None else path
    if wanted is not None:
        _check_named(written)
    if not os.access(written.parent, os.W_OK):
        raise TracerError(
            N_("The folder {parent} can't be written to. Choose another place with -o."), parent=written.parent
        )
    return Destination(path, wanted is not None, [])


def _through_links(path: Path) -> Path:
    """Return the file that a name leads to: writing to a symbolic link writes the file that it points to."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _check_named(path: Path) -> None:
    if path.is_dir():
        raise TracerError(
            N_("-o {path} is a directory. Name a file, such as {example}"), path=path, example=path / ("load" + SUFFIX)
        )
    if path.exists() and not path.is_file():
        raise TracerError(
            N_("-o {path} is not a regular file, so it is not overwritten. Choose another name."), path=path
        )
    if not path.parent.is_dir():
        raise TracerError(
            N_("The folder {parent} does not exist. Make it, or choose another place with -o."), parent=path.parent
        )
    if path.exists() and path.stat().st_size and not is_sealed(path):
        if _start(path).startswith(journal.MAGIC):
            raise TracerError(
                N_(
                    "{path} is a journal that a recording left behind, so it is not overwritten. Turn it into a "
                    "trace with: glm-trace seal {quoted} – or choose another name with -o."
                ),
                path=path,
                quoted=shell_word(path_here(path)),
            )
        raise TracerError(
            N_("{path} exists and is not a trace, so it is not overwritten. Choose another name with -o."), path=path
        )
    if os.path.lexists(journal_path(path)):
        raise refusal(path)


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


def is_sealed(path: Path) -> bool:
    """Return whether a file begins like a sealed trace.

    Raises:
        OSError: it can't be read.
    """
    start = _start(path)
    return start.startswith(b"SQLite format 3\0") and start[68:72] == b"GLMT"


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)
