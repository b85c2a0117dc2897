"""``glm-trace walkthrough new``: write a file to begin a new walkthrough with."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tracer.bundled import bundled, fixture_names
from tracer.cli.completion import complete_trace
from tracer.cli.console import results
from tracer.cli.options import Speak
from tracer.export.json_schemas import NAME as SCHEMA
from tracer.i18n import N_, language, reason_of, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace
from tracer.views.shell_commands import command
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.loads import load_of_trace, loads_entry
from tracer.walkthrough.scaffold import checked_name, scaffold

HELP = """Write a walkthrough file to start from: DIR/NAME.yaml. A file that is there is left as it is.

With FILE and --step, a note for each step, bound to its function and statement, with the values that are there.
"""


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as my-model.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A trace that glm-trace wrote.", show_default=False, autocompletion=complete_trace
        ),
    ] = None,
    step: Annotated[
        list[int] | None, typer.Option("--step", metavar="N", help="A step to write a note about; may be repeated.")
    ] = None,
    walkthroughs: Annotated[
        Path, typer.Option("--walkthroughs", metavar="DIR", help="The folder to write into.")
    ] = Path("walkthroughs"),
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    path = Path(os.path.expanduser(walkthroughs)) / f"{checked_name(name)}.yaml"
    if step and file is None:
        raise TracerError(N_("--step needs the FILE that the steps are in."))
    schema = str(bundled("walkthroughs") / SCHEMA)
    with open_trace(file) if file is not None else nullcontext() as trace:
        binder = Binder(trace) if trace is not None else None
        loads = loads_entry(load_of_trace(trace), fixture_names(bundled("fixtures"))) if trace is not None else None
        text = scaffold(name, binder, step or [], loads, schema, speak)
    _write(path, text)
    console = results()
    console.print(Text(visible(tr(speak, "Written: {path}", path=path))), soft_wrap=True)
    words = ["walkthrough", "check", name, *([str(file)] if file is not None else [])]
    console.print(Text(tr(speak, "Check it with:"), "dim"))
    shown = command(*words, "--walkthroughs", str(walkthroughs))
    console.print(Text(visible(f"  {shown}")), soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if not path.exists():  # in the folder's place there is a file
            raise TracerError(
                N_("{path} can't be written: {parent} is not a folder."), path=visible(str(path)), parent=path.parent
            ) from None
        raise TracerError(
            N_("{path} exists and is left as it is. Choose another name."), path=visible(str(path))
        ) from None
    except OSError as error:
        raise TracerError(
            N_("{path} can't be written: {reason}."), path=visible(str(path)), reason=reason_of(error)
        ) from None
