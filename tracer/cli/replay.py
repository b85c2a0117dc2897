"""``glm-trace replay``: play a trace in the terminal, or in a browser on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from tracer.cli.arguments import trace_file
from tracer.cli.completion import complete_trace, complete_walkthrough
from tracer.cli.console import messages, needs_terminal
from tracer.cli.options import Speak, TraceFile, WalkthroughFolders
from tracer.i18n import N_, Lang, Sentence, language, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace, open_trace

if TYPE_CHECKING:  # only needed for walkthroughs: importing YAML takes time
    from tracer.walkthrough.format import Walkthrough

HELP = """Play FILE: step through the load forwards and backwards, with the code that ran and every variable.

Press ? in the player for its keys. A load that failed opens where it failed. With --against, two loads are played in
step, side by side.
"""
EXAMPLES = (
    ("replay", N_("play the newest trace in this folder")),
    ("replay FILE --step 1627", N_("begin at a step")),
    ("replay A --against B", N_("two loads side by side")),
)


def replay(
    file: TraceFile = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Play a second trace beside it, in step, with what differs.",
            autocompletion=complete_trace,
        ),
    ] = None,
    step: Annotated[int | None, typer.Option("--step", metavar="N", help="Start at this step.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Play in a browser, on this machine only.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="For --serve. [default: 8765]")
    ] = None,
    walkthrough: Annotated[
        str | None,
        typer.Option(
            "--walkthrough",
            metavar="NAME",
            help="Open this walkthrough, by its name, number or file.",
            autocompletion=complete_walkthrough,
        ),
    ] = None,
    walkthroughs: WalkthroughFolders = None,
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    if port is not None and not serve:
        raise TracerError(N_("--port goes with --serve. Give both, or neither."))
    file = trace_file(file)
    if against is not None:
        if step is not None or serve or walkthrough is not None or walkthroughs:
            raise TracerError(
                N_("--against plays two traces, and goes with --lang alone. Leave the other options out.")
            )
        _play_both(file, against, speak)
        return
    with open_trace(file) as trace:
        if step is not None and not 0 <= step < len(trace):
            raise TracerError(
                N_("{file} has {count:,} steps, numbered from 0; there is no step {step}."),
                file=file,
                count=len(trace),
                step=step,
            )
        if serve:
            _serve(trace, speak, port, _options(step, walkthrough, walkthroughs or []))
            return
        read, begin = _to_read(walkthrough, walkthroughs or [])
        if not _in_browser():
            needs_terminal(
                Sentence(N_("The player")),
                lambda: Sentence(
                    N_("Print the trace instead with: {command}"), command=_command("show", str(file), "--steps")
                ),
            )
        with _needs("textual"):
            from tracer.tui.bindings import load_keymap
            from tracer.tui.player import Player

        player = Player(trace, speak, step, walkthroughs=read, begin_with=begin, keymap=load_keymap())
        player.run()
    raise typer.Exit(player.return_code or 0)


def _command(*words: str) -> str:
    from tracer.views.shell_commands import command  # not for the player's first screen

    return command(*words)


def _play_both(file: Path, against: Path, lang: Lang) -> None:
    with open_trace(file) as a, open_trace(against) as b:
        needs_terminal(
            Sentence(N_("The player")),
            lambda: Sentence(
                N_("Compare the traces instead with: {command}"), command=_command("diff", str(file), str(against))
            ),
        )
        with _needs("textual"):
            from tracer.tui.side_by_side import SideBySide

        player = SideBySide(a, b, lang)
        player.run()
    raise typer.Exit(player.return_code or 0)


def _to_read(name: str | None, folders: list[Path]) -> tuple[list[Walkthrough] | None, str | None]:
    """Return the walkthroughs to show, if not the bundled course, and the id of the first to show."""
    if name is None and not folders:
        return None, None
    from tracer.walkthrough.library import find_walkthrough, library

    known = library(folders)
    if name is None:
        return list(known.values()), None
    chosen = find_walkthrough(name, known)
    return list({**known, chosen.id: chosen}.values()), chosen.id


def _options(step: int | None, walkthrough: str | None, folders: list[Path]) -> list[str]:
    """Return the same options for the player that each browser starts."""
    _to_read(walkthrough, folders)  # report a mistake here, and not in the browser
    given = [["--step", str(step)] if step is not None else [], ["--walkthrough", walkthrough] if walkthrough else []]
    return [
        word
        for words in [*given, *(["--walkthroughs", str(folder.absolute())] for folder in folders)]
        for word in words
    ]


def _serve(trace: Trace, lang: Lang, port: int | None, options: list[str]) -> None:
    with _needs("textual-serve"):
        from tracer.tui.serving import PORT, serve

    def ready(url: str) -> None:
        messages().print(
            Text(
                tr(
                    lang,
                    "The player is at {url}, for browsers on this machine. Anyone with this address can open "
                    "it. Press Ctrl-C to stop.",
                    url=url,
                )
            )
        )

    title = visible(f"{trace.meta.model_name} · {trace.path.name} · glm-trace")
    serve(trace.path, title, lang, PORT if port is None else port, ready, options)


@contextmanager
def _needs(package: str) -> Iterator[None]:
    """Raise a helpful error if an optional package is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TracerError(
            N_("This needs {package}, which is not installed. Try: pip install {package}"), package=package
        ) from error


def _in_browser() -> bool:
    """Return whether --serve started this process, which talks to a browser and needs no terminal."""
    return os.environ.get("TEXTUAL_DRIVER") == "textual.drivers.web_driver:WebDriver"
