"""Consent to remote code: given on the command line, or asked for on a terminal, or the load does not begin."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tracer.cli.screen import complain, messages
from tracer.export.phrases import Lang, say
from tracer.launch.remote_code import ask_consent, find_remote_code


@contextmanager
def _in_folder(folder: str | None) -> Iterator[None]:
    """Relative paths count from here, as they will in the load."""
    before = os.getcwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)


def consented(model: str, lang: Lang, *, tokenizer: bool, cwd: str | None) -> bool:
    """Whether the model's remote code may run; False also where there is none to run.

    Raises:
        typer.Exit: with code 3, when there is code and nobody consents to it.
    """
    with _in_folder(cwd):
        code = find_remote_code(model, tokenizer=tokenizer)
    if code.is_empty:
        return False
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        files = ", ".join(file.path for file in code.files) or ", ".join(unseen.name for unseen in code.unseen)
        complain(say(lang, "no-consent", {"model": os.path.basename(model) or model, "files": files}))
        raise typer.Exit(3)
    console = messages()
    if not ask_consent(code, console, lang, ask=console.input):
        console.print(say(lang, "consent-refused"))
        raise typer.Exit(3)
    return True
