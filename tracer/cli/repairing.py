"""``glm-trace why --patch`` and ``--apply``: print the repair of a model directory, or try it on a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

import typer

from tracer.analysis.diagnosis import Diagnosis
from tracer.analysis.repair import ModelFiles, Repair, files_to_patch, patch, repair
from tracer.cli import arguments
from tracer.cli.console import note
from tracer.i18n import N_, Lang, join, path_here, tr
from tracer.releases import installed_release
from tracer.text.shell import shell_line
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.redaction import MASK
from tracer.views.shell_commands import program
from tracer.views.why import explanation

_COPIED: Final = 16_000_000  # bytes of a file that is copied; a larger one becomes a link to the original


def print_patch(trace: Trace, found: Diagnosis, lang: Lang) -> None:
    """Print the repair as a unified diff; without one, end with exit code 1."""
    files, changed = files_to_patch(trace)
    if changed:
        note(
            tr(
                lang,
                N_("Changed since it was recorded: {names}. The patch fits the recorded text."),
                names=", ".join(changed),
            )
        )
    made = _repair(found, files, lang)
    for line in patch(made.edits, files):
        typer.echo(line, nl=False)


def apply_patch(trace: Trace, found: Diagnosis, directory: Path, lang: Lang, *, trust_remote_code: bool) -> None:
    """Copy the model's directory, repair the copy, and record the same load of it."""
    model = trace.meta.model_folder
    if model is None or not os.path.isdir(model):
        raise TracerError(
            N_("--apply needs the model's directory, and {path} is not on this machine. Use --patch."),
            path=model or "<model>",
        )
    files = ModelFiles(trace, Path(model))
    if changed := files.changed():
        raise TracerError(
            N_("{names}: changed since it was recorded, so the patch may not fit. Record the load again."),
            names=", ".join(changed),
        )
    target = Path(os.path.abspath(directory.expanduser()))
    if target.exists() or target.is_relative_to(os.path.realpath(model)):
        raise TracerError(N_("--apply {path}: name a new directory outside of the model's."), path=directory)
    made = _repair(found, files, lang)
    linked = _copy(Path(model), target)
    for name, text in made.edits.items():
        path = target / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    note(
        tr(
            lang,
            N_("Repaired in the copy {path}: {names}."),
            path=path_here(target),
            names=join(lang, sorted(made.edits)),
        )
    )
    if linked:
        note(tr(lang, N_("Links to the original, because they are large: {names}."), names=join(lang, linked)))
    _load_again(trace, target, lang, trust_remote_code=trust_remote_code)


def _repair(found: Diagnosis, files: ModelFiles, lang: Lang) -> Repair:
    """Return the repair, and say what it leaves."""
    made = repair(found, files)
    kind = "cause" if found.causes else "surprise"
    if not made.edits:
        note(tr(lang, N_("There is nothing here that can be repaired mechanically.")))
    for cause in made.left if made.edits else made.left[:1]:
        sentence, remedy = explanation(cause, lang, kind=kind)
        note(f"{sentence} {remedy}" if remedy is not None else sentence)
    if not made.edits:
        raise typer.Exit(1)
    return made


def _copy(model: Path, target: Path) -> list[str]:
    """Copy a directory; return the names of the large files, which are links to the original."""
    linked = []

    def copy(source: str, destination: str) -> str:
        if not os.path.exists(source):  # a link to nothing, which the load of the original can't read either
            return destination
        if os.path.getsize(source) > _COPIED:
            os.symlink(os.path.realpath(source), destination)
            linked.append(visible(os.path.relpath(destination, target)))
            return destination
        shutil.copyfile(source, destination)
        return destination

    shutil.copytree(model, target, copy_function=copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    return sorted(linked)


def _load_again(trace: Trace, target: Path, lang: Lang, *, trust_remote_code: bool) -> None:
    """Record the load of the copy with the options of the recorded one."""
    from tracer.cli.load import record_load
    from tracer.cli.load_flags import LoadFlags

    options = _recorded_options(trace)
    kwargs = options.get("kwarg") or []
    flags = LoadFlags(**{name: options[name] for name in LoadFlags._fields if name in options})
    flags = flags._replace(output=None, tui=False, lang=None)
    recorded, here = trace.meta.releases.get("transformers"), installed_release()
    if recorded is not None and recorded != here:
        command = f"{program()} {shell_line('across', path_here(target), '--releases', recorded)}"
        note(
            tr(
                lang,
                N_(
                    "Recorded on transformers {recorded}, and loaded here on {here}: that it loads does not prove the "
                    "repair. On the recorded release: {command}"
                ),
                recorded=visible(recorded),
                here=here or "-",
                command=command,
            )
        )
    record_load(str(target), flags, kwargs=arguments.keyword_arguments(kwargs), trust_remote_code=trust_remote_code)


def _recorded_options(trace: Trace) -> dict[str, Any]:
    """Parse the options of the recorded command.

    Raises:
        TracerError: it was not a load, or an argument was a secret, which the trace does not have.
    """
    from typer.main import get_command

    from tracer.cli.main import app

    command = trace.meta.command[1:]
    if not command or command[0] != "load":
        raise TracerError(
            N_("The trace was not recorded with `glm-trace load`, so the copy is not loaded. Run your program with it.")
        )
    if any(MASK in word for word in command):
        raise TracerError(N_("An argument of the recorded command was a secret, so the copy has to be loaded by hand."))
    root: Any = get_command(app)
    loading = root.get_command(root.make_context("glm-trace", [], resilient_parsing=True), "load")
    with loading.make_context("load", list(command[1:])) as context:
        parsed: dict[str, Any] = dict(context.params)
    return parsed
