"""One source for reading: line numbers, and a mark at the lines that stand out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tracer.i18n import Lang
from tracer.remote_code.reading import UnreadableError, read_source
from tracer.remote_code.result import Finding, RemoteFile
from tracer.remote_code.source_lines import split_lines
from tracer.text.visible import visible
from tracer.views.remote_code.words import say, size


def source_rows(file: RemoteFile, console: Console, lang: Lang) -> Iterator[RenderableType]:
    """The rows of a source: ``!`` marks what stands out, ``·`` what is minor; long lines keep their column.

    The file is read again; if it is not what was listed, that is said.
    """

    def text(foreign: str, style: str = "") -> Text:
        return Text(visible(foreign, encoding=console.encoding), style, overflow="fold")

    yield Text("")
    yield text(f" {file.path}", "bold")
    try:
        source = read_source(Path(file.absolute))
    except UnreadableError as trouble:
        yield text(f" {trouble.detail}", "bold red")
        return
    if source.sha256 == file.sha256:
        yield text(f" sha256 {source.sha256}", "dim")
    else:
        yield text(f" {say(lang, 'changed', sha256=source.sha256)}", "bold red")
    yield Text("")
    lines = split_lines(source.text)
    if not lines[-1]:
        lines.pop()
    marks = _marks(file.findings)
    for number, line in enumerate(lines, 1):
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column(width=len(str(len(lines))) + 1, justify="right", style="dim", no_wrap=True)
        row.add_column(width=1, style="bold red", no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(str(number), marks.get(number, ""), text(line.expandtabs(4)))
        yield row
    if not source.complete:
        yield text(f" {say(lang, 'cut', size=size(len(source.data)))}", "bold red")
    yield text(f" {say(lang, 'end', file=file.path)}", "dim")


def _marks(findings: tuple[Finding, ...]) -> dict[int, str]:
    weak = {finding.line: "·" for finding in findings if finding.weak}
    return {**weak, **{finding.line: "!" for finding in findings if not finding.weak}}
