"""Consent to remote code, on the command line or on a terminal; without it, the load does not begin."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typer
from rich.text import Text

from tracer.cli.console import complain, messages
from tracer.i18n import Lang, tr
from tracer.remote_code import RemoteCode, find_remote_code
from tracer.trace.job import AgreedCode
from tracer.views.consent_question import ask_consent

_WHICH_CODE: Final = ("revision", "code_revision", "subfolder", "cache_dir")


def ask_for_consent(
    model: str, lang: Lang, *, tokenizer: bool, cwd: str | None, arguments: Mapping[str, Any]
) -> AgreedCode | None:
    """Return the remote code that may run; None also if there is no code to run.

    Args:
        model: the directory or hub id.
        tokenizer: whether a tokenizer is loaded as well.
        cwd: the folder in which the load will run, if not this one.
        arguments: the keyword arguments of the load; some of them determine which code is meant.

    Raises:
        typer.Exit: with code 3, if there is code and the user does not agree to it.
    """

    def look() -> RemoteCode:
        which = {name: arguments[name] for name in _WHICH_CODE if isinstance(arguments.get(name), str)}
        return find_remote_code(model, tokenizer=tokenizer, folder=Path(cwd) if cwd is not None else None, **which)

    code = look()
    if code.is_empty:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if not code.files:
            return None  # not in the cache: whether it has code is unknown, and the library will refuse to load it
        files = ", ".join(file.path for file in code.files)
        complain(
            tr(
                lang,
                "{model} needs its own code to run ({files}), and there is no terminal to ask you in. "
                "Look at the code, then load again with --trust-remote-code.",
                model=os.path.basename(model) or model,
                files=files,
            )
        )
        raise typer.Exit(3)
    console = messages()
    if not ask_consent(code, console, lang, ask=lambda prompt: console.input(prompt, markup=False)):
        console.print(Text(tr(lang, "Nothing was run. No trace was written.")))
        raise typer.Exit(3)
    if look() != code:
        complain(
            tr(
                lang,
                "The code of {model} changed while you were reading it, so nothing was run. Load it again.",
                model=os.path.basename(model) or model,
            )
        )
        raise typer.Exit(3)
    return agreed_code(code)


def agreed_code(code: RemoteCode) -> AgreedCode:
    """Return the code that the load is restricted to. A file without a checksum was not shown, so it can't be
    included."""
    files: dict[str, list[str]] = {}
    for file in code.files:
        known = files.setdefault(os.path.basename(file.absolute), [])
        if file.sha256 and file.sha256 not in known:
            known.append(file.sha256)
    return AgreedCode(files, [repository.root for repository in code.repositories], unseen=bool(code.unseen))
