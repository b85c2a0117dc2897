"""A recorded traceback as Python prints one, but short: the code that is not a library's, and where it was raised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import one_line
from tracer.trace.events import ChainedException, Traceback, TracebackFrame
from tracer.trace.metadata import Failure

_OF_NO_LIBRARY: Final = ("<model>", "<modules-cache>", "<cwd>", "<tmp>", "<home>", "/")
_LOOKUPS: Final = ("__getattr__", "__getattribute__")
_INNERMOST: Final = 5  # of the code that is not a library's
_CHAINED: Final = 3
_LINE: Final = 160
_MESSAGE: Final = 300
_IN_CACHE: Final = re.compile(r"(transformers_modules/).*/")  # folders named after the directory and its hash
_RELATIONS: Final = {
    "cause": N_("raised because of {error}"),
    "context": N_("raised while handling {error}"),
}


def failure_traceback(failure: Failure, lang: Lang) -> Iterator[Text]:
    """Yield the lines of the traceback of the exception that ended a load, and of those that it came from."""
    yield from traceback_lines(failure.traceback, lang)
    for chained in failure.chained[:_CHAINED]:
        yield Text(tr(lang, _RELATIONS[chained.relation], error=_named(chained)))
        yield from traceback_lines(chained.traceback, lang)


def hanging(line: Text) -> RenderableType:
    """Return a line whose further lines, if it does not fit, are indented as its first."""
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    return Padding(line[indent:], (0, 0, 0, indent), expand=False) if indent else line


def traceback_lines(traceback: Traceback, lang: Lang) -> Iterator[Text]:
    """Yield two lines for each frame that is shown, and one for those between them."""
    kept = _kept(traceback)
    for shown, run in groupby(range(len(traceback)), key=lambda index: index in kept):
        if not shown:
            count = sum(1 for index in run)
            if any(frame is None for frame in traceback):  # nobody knows how many
                yield Text("  …", "dim")
            else:
                yield Text(f"  {tr(lang, NP_('… {count} frame', '… {count} frames'), count=count)}", "dim")
            continue
        for index in run:
            frame = traceback[index]
            if frame is not None:
                yield from _frame(frame)


def _frame(frame: TracebackFrame) -> Iterator[Text]:
    file = one_line(_IN_CACHE.sub(r"\1…/", frame.file.replace("\\", "/")), _LINE)
    yield Text(f'  File "{file}", line {frame.line}, in {one_line(frame.function, _LINE)}', "dim")
    if frame.source:
        yield Text(f"    {one_line(frame.source, _LINE)}")


def _kept(traceback: Traceback) -> set[int]:
    known = [index for index, frame in enumerate(traceback) if frame is not None]
    own = [index for index in known if str(traceback[index].file).startswith(_OF_NO_LIBRARY)]  # type: ignore[union-attr]
    # An attribute that is missing is raised in __getattr__, which says nothing: the line that asks for it does.
    asked_in = traceback[known[-1]].function.rpartition(".")[2] if known else ""  # type: ignore[union-attr]
    return {*own[-_INNERMOST:], *known[-2 if asked_in in _LOOKUPS else -1 :]}


def _named(chained: ChainedException) -> str:
    name = chained.error.rpartition(".")[2]
    return one_line(f"{name}: {chained.message}" if chained.message else name, _MESSAGE)
