"""``glm-trace walkthrough check``: check whether walkthroughs still say what is true."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.arguments import SUFFIX
from tracer.cli.completion import complete_trace, complete_walkthrough_or_trace
from tracer.cli.console import ends_with, print_document, results
from tracer.cli.options import Speak, WalkthroughFolders
from tracer.export.json_documents import check_document
from tracer.i18n import language
from tracer.launch.scratch import scratch_folder
from tracer.trace.reading import open_trace
from tracer.views.walkthrough.check_report import check_report, coverage_report
from tracer.walkthrough.checker import CheckResult, GivenTrace, check_many, coverage_table
from tracer.walkthrough.library import file_of, find_walkthrough, is_file, library

HELP = """Check that every note finds its step, and that what it says about values and decisions holds.

NAME is a walkthrough; without one, all are checked. Without a TRACE, the loads that they name are recorded first, each
once, with the installed transformers. With traces, each is checked against the notes about its load; where a
walkthrough was named and none of its loads is the trace's, against all its notes. Traces of two releases are compared
as well, where a note is about their difference. Exit code 1: something does not hold.
"""


def check(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|TRACE", help="What to check, and with what.", autocompletion=complete_walkthrough_or_trace
        ),
    ] = None,
    trace: Annotated[
        list[Path] | None,
        typer.Option(
            "--trace", metavar="FILE", help="A trace to check with; may be repeated.", autocompletion=complete_trace
        ),
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="How much of the code that ran is explained, function by function.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    walkthroughs: WalkthroughFolders = None,
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    folders = walkthroughs or []
    known = library(folders)
    names = [one for one in arguments or [] if not _is_trace(one)]
    chosen = {one.id: one for one in (find_walkthrough(name, known) for name in names)} or known
    files = _files(list(chosen), names, folders)
    with ExitStack() as stack:
        paths = [*(Path(one) for one in arguments or [] if _is_trace(one)), *(trace or [])]
        traces = [GivenTrace(stack.enter_context(open_trace(path))) for path in paths]
        loads = None
        if not traces:
            folder = stack.enter_context(scratch_folder())
            owners = [(one, files[name][0] if name in files else None) for name, one in chosen.items()]
            # Whoever checks with traces alone may lack what recording needs.
            from tracer.cli.walkthrough.load_recording import WantedLoads

            loads = WantedLoads(owners, folder, stack, speak)
        checked: list[CheckResult] = []
        code = 0
        console = results()
        if not chosen and not json:
            console.print(check_report([], files, speak))
        for one in chosen.values():
            if loads is not None:
                traces += loads.record_for(one.id)
            checked.append(check_many(one, known | chosen, traces, all_notes=bool(names)))
            code = int(any(one.problems for one in checked))
            ends_with(code)
            if not json:  # each when it is done: all of them take minutes
                console.print(check_report(checked[-1:], files, speak))
        everything = list(chosen.values())
        tables = [(one, coverage_table(one, everything, whole=not names)) for one in traces] if coverage else None
        if json:
            print_document(check_document(checked, tables), code)
        else:
            console.print(coverage_report(tables or [], speak))
    raise typer.Exit(code)


def _is_trace(argument: str) -> bool:
    """Return whether an argument is meant as a trace and not as a walkthrough's name."""
    return argument.endswith(SUFFIX) or (Path(argument).is_file() and not is_file(argument))


def _files(ids: Sequence[str], names: Sequence[str], folders: Sequence[Path]) -> dict[str, tuple[Path, dict[str, int]]]:
    """Return the file of each walkthrough, and the line of each of its notes."""
    single = [Path(name) for name in names if is_file(name)]
    found = {one: file_of(one, folders, single) for one in ids}
    return {one: place for one, place in found.items() if place is not None}
