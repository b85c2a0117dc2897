"""Consent to remote code, on the command line or on a terminal; without it, the load does not begin."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

import typer
from rich.status import Status
from rich.text import Text

from tracer.cli.console import complain, messages
from tracer.i18n import Lang, tr
from tracer.launch.hub_code import FetchedCode, fetch_code
from tracer.remote_code import RemoteCode, find_remote_code
from tracer.remote_code.files import is_hub_id, local_place
from tracer.trace.hub_folders import is_offline
from tracer.trace.job import AgreedCode, Job
from tracer.views.consent_question import ask_consent

_WHICH_CODE: Final = ("revision", "code_revision", "subfolder", "cache_dir")
_MOST_REPOSITORIES: Final = 8
_OF_CODE: Final = ""
"""In place of a name: the model's own repository at its ``code_revision``."""


class Consent(NamedTuple):
    """The remote code that may run, and the arguments that make the load take it from the commit that was shown."""

    agreed: AgreedCode
    pinned: dict[str, str]

    def apply(self, job: Job) -> None:
        """Let a job run this code and no other."""
        job.agreed, job.trust_remote_code = self.agreed, True
        job.kwargs |= self.pinned


def ask_for_consent(
    model: str, lang: Lang, *, tokenizer: bool, cwd: str | None, arguments: Mapping[str, Any]
) -> Consent | None:
    """Return the remote code that may run; None also if there is no code to run.

    The code of a hub id is fetched first, unless the hub is not to be asked.

    Args:
        model: the directory or hub id.
        tokenizer: whether a tokenizer is loaded as well.
        cwd: the folder in which the load will run, if not this one.
        arguments: the keyword arguments of the load; some of them determine which code is meant.

    Raises:
        typer.Exit: with code 3, if there is code and the user does not agree to it.
    """
    which = {name: arguments[name] for name in _WHICH_CODE if isinstance(arguments.get(name), str)}
    fetched: dict[str, FetchedCode] = {}

    def look() -> RemoteCode:
        commits = {name: one.commit for name, one in fetched.items() if one.commit is not None}
        folder = Path(cwd) if cwd is not None else None
        return find_remote_code(model, tokenizer=tokenizer, folder=folder, fetched=commits, **which)

    if not is_offline(os.environ) and arguments.get("local_files_only") is not True:
        _fetch_all(model, look, fetched, lang, cwd=cwd, arguments=arguments)
    if model in fetched and fetched[model].is_refused:
        return None  # the load fails, and its trace says why
    code = look()
    if code.is_empty:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if not code.files:
            return None  # not in the cache: whether it has code is unknown, and the library will refuse to load it
        own = code.files[0].repository if len({file.repository for file in code.files}) == 1 else None
        alone = own is not None and os.path.basename(own) == os.path.basename(model)
        files = ", ".join(file.path if alone else f"{file.repository}/{file.path}" for file in code.files)
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
    consent = Consent(agreed_code(code), _pinned(model, code, fetched))
    if (commit := consent.pinned.get("revision")) is not None:
        shown = tr(
            lang, "As its code was shown, commit {commit} of {model} is loaded.", commit=commit[:12], model=model
        )
        console.print(Text(shown))
    return consent


def _fetch_all(
    model: str,
    look: Callable[[], RemoteCode],
    fetched: dict[str, FetchedCode],
    lang: Lang,
    *,
    cwd: str | None,
    arguments: Mapping[str, Any],
) -> None:
    """Fetch the code of the model, if it is a hub id, and of the repositories that its files name."""

    def fetch(name: str, revision: Any) -> None:
        with _status(tr(lang, "Asking the hub for the code of {model}", model=name or model)):
            fetched[name] = fetch_code(
                name or model,
                revision=revision if isinstance(revision, str) else None,
                cache_dir=arguments.get("cache_dir"),
                token=arguments.get("token"),
            )

    if local_place(model, cwd or "") is None and is_hub_id(model):
        fetch(model, arguments.get("revision"))
        if isinstance(arguments.get("code_revision"), str):
            fetch(_OF_CODE, arguments["code_revision"])
    while len(fetched) < _MOST_REPOSITORIES:
        named = [one.name for one in look().unseen if one.why == "not-in-cache" and one.name not in fetched]
        if not named:
            return
        fetch(named[0], arguments.get("code_revision"))


def _status(text: str) -> AbstractContextManager[object]:
    console = messages()
    return Status(Text(text), console=console, spinner="dots") if console.is_terminal else nullcontext()


def _pinned(model: str, code: RemoteCode, fetched: Mapping[str, FetchedCode]) -> dict[str, str]:
    """Return the revisions that were shown; one argument has to do for the code of all other repositories."""
    pinned: dict[str, str] = {}
    if model in fetched and (commit := fetched[model].commit):
        pinned["revision"] = commit
    repositories = {file.repository for file in code.files}
    alone = next(iter(repositories)) if len(repositories) == 1 else ""
    name = _OF_CODE if _OF_CODE in fetched else alone
    if name != model and name in fetched and (commit := fetched[name].commit):
        pinned["code_revision"] = commit
    return pinned


def agreed_code(code: RemoteCode) -> AgreedCode:
    """Return the code that the load is restricted to. A file without a checksum was not shown, so it can't be
    included."""
    files: dict[str, list[str]] = {}
    for file in code.files:
        known = files.setdefault(os.path.basename(file.absolute), [])
        if file.sha256 and file.sha256 not in known:
            known.append(file.sha256)
    return AgreedCode(files, [repository.root for repository in code.repositories], unseen=bool(code.unseen))
