"""Ask whether this code may run, and show a file to whoever wants to read it first. Only a clear yes is a yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tracer.i18n import N_, Lang, Message, tr
from tracer.remote_code.files import UnreadableError, read_source, split_lines
from tracer.remote_code.result import Finding, RemoteCode, RemoteFile
from tracer.text.sizes import format_size
from tracer.text.visible import visible
from tracer.views.consent import render_consent

_YES = frozenset({"y", "yes", "是", "好"})
_NO = frozenset({"", "n", "no", "否", "不"})
_PATIENCE = 10


def ask_consent(code: RemoteCode, console: Console, lang: Lang, *, ask: Callable[[str], str] = input) -> bool:
    """Show what would run, ask, and answer whether it may. End of input and Ctrl-C are a no.

    Where there is nothing to consent to (``code.is_empty``) nothing is asked, and the answer is a no.
    """
    render_consent(code, console, lang)
    if code.is_empty:
        return False
    try:
        agreed = _Question(code, console, lang, ask).put()
    except (EOFError, KeyboardInterrupt):
        console.print()
        agreed = False
    if not agreed:
        console.print(Text(f" {tr(lang, 'Not run.')}"))
    return agreed


class _Question:
    def __init__(self, code: RemoteCode, console: Console, lang: Lang, ask: Callable[[str], str]) -> None:
        self._code = code
        self._console = console
        self._lang = lang
        self._ask = ask

    def put(self) -> bool:
        files = bool(self._code.files)
        self._print(
            Text(
                tr(
                    self._lang,
                    N_("y runs it · Enter does not · v shows a source") if files else N_("y runs it · Enter does not"),
                ),
                "dim",
            )
        )
        for _ in range(_PATIENCE):
            answer = self._answer(N_("Run this code? [y/N/v] ") if files else N_("Run it unseen? [y/N] "))
            if answer in _YES:
                return True
            if answer in _NO:
                return False
            if files and answer.startswith("v"):
                self._view(answer.removeprefix("view").removeprefix("v").strip())
            else:
                self._print(
                    Text(
                        tr(
                            self._lang,
                            N_("y runs it · Enter does not · v shows a source")
                            if files
                            else N_("y runs it · Enter does not"),
                        ),
                        "dim",
                    )
                )
        return False

    def _answer(self, message: Message, **values: object) -> str:
        return self._ask(f" {tr(self._lang, message, **values)}").strip().lower()

    def _view(self, number: str) -> None:
        count = len(self._code.files)
        if count == 1:
            number = "1"
        number = number or self._answer(N_("Which file? [1-{count}] "), count=count)
        if number.isdecimal() and 1 <= int(number) <= count:
            self._show(self._code.files[int(number) - 1])

    def _show(self, file: RemoteFile) -> None:
        rows = list(source_rows(file, self._console, self._lang))
        step = max(self._console.height - 2, 10)
        for start in range(0, len(rows), step):
            for row in rows[start : start + step]:
                self._console.print(row)
            if start + step < len(rows) and self._answer(N_("-- Enter: more · q and Enter: back -- ")).startswith("q"):
                break
        self._console.print()

    def _print(self, text: Text) -> None:
        self._console.print(Text.assemble(" ", text))


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
        yield text(
            f" {tr(lang, 'It has changed since it was listed: sha256 is now {sha256}', sha256=source.sha256)}",
            "bold red",
        )
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
        yield text(f" {tr(lang, 'Only the first {size} are shown.', size=format_size(len(source.data)))}", "bold red")
    yield text(f" {tr(lang, 'end of {file}', file=file.path)}", "dim")


def _marks(findings: tuple[Finding, ...]) -> dict[int, str]:
    weak = {finding.line: "·" for finding in findings if finding.weak}
    return {**weak, **{finding.line: "!" for finding in findings if not finding.weak}}
