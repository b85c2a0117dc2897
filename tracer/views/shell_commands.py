"""This program's commands, and paths in them, as a person would type them in this folder."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from rich.text import Text

from tracer.i18n import Lang, path_here
from tracer.text.shell import shell_line, shell_word
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.trace.reasons import localized
from tracer.trace.roots import standard_roots

_PROGRAM: Final = "glm-trace"
_COMMAND: Final = re.compile(
    r"(?<![\w./-])glm-trace(?= (?:load|demo|run|across|fixture|seal|show|replay|decisions|kwargs|why|diff|check"
    r"|walkthrough|exercise|--help)\b)"
)
_ROOT: Final = re.compile(r"<([a-z_-]+)>/")


def program() -> str:
    """Return what to type for this program here: its name, or its path if the shell can't find the name."""
    called = Path(sys.argv[0])
    if called.stem != _PROGRAM or not called.is_file():  # python -m, a test, a notebook
        return _PROGRAM
    found = shutil.which(_PROGRAM)
    if found is not None and os.path.samefile(found, called):
        return _PROGRAM
    return shell_word(path_here(called))


def command(*words: str) -> str:
    """Return a command of this program as a person would type it here."""
    return f"{program()} {shell_line(*words)}"


def pasteable(text: str) -> str:
    """Return a sentence with the commands that it names as they are typed here: the program by its path, if need be."""
    here = program()
    return text if here == _PROGRAM else _COMMAND.sub(lambda _: here, text)


def reason_here(text: str, lang: Lang) -> str:
    """Return a sentence of the recorder that was made here, translated, with its paths as they would be typed here."""
    folders = {**standard_roots(os.environ), "cwd": ""}
    text = _ROOT.sub(lambda match: f"{folders[match[1]]}/" if folders.get(match[1]) else match[0], text)
    return localized(text.replace("<cwd>/", ""), lang)


def trace_path(trace: Trace) -> str:
    """Return where the trace is, as it would be typed here."""
    return visible(path_here(trace.path))


def trace_argument(trace: Trace) -> str:
    """Return where the trace is, as a person would type it in a command here."""
    return shell_word(path_here(trace.path))


def command_text(command: str) -> Text:
    """Return a command as text that is never broken into lines, so that it can be copied."""
    return Text(command, no_wrap=True, overflow="ignore")
