"""A walkthrough in the terminal, within the width there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Heading, Markdown, Paragraph, TableElement
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.i18n import N_, Lang, Message, tr
from tracer.text.markdown_writer import ticked
from tracer.text.visible import visible
from tracer.text.wrapping import Prose, line_spans
from tracer.trace.reading import Trace
from tracer.views.stages import stage_name
from tracer.views.walkthrough.localized import (
    WORDS,
    DecisionText,
    LocalizedNote,
    LocalizedWalkthrough,
    code_lines,
    excerpt_location,
)
from tracer.walkthrough.explained_code import Excerpt
from tracer.walkthrough.format import Walkthrough

SUIT_WORDS: Final[dict[str, Message]] = {
    "any": N_("any load"),
    "remote-code": N_("remote code"),
    "adapter": N_("adapters"),
    "vision": N_("vision"),
    "failed": N_("failed loads"),
}
_COLON = {"en": ": ", "zh": "："}


def walkthrough_article(
    walkthrough: LocalizedWalkthrough, trace: Trace | None, lang: Lang, *, head: bool = True
) -> RenderableType:
    """Return a walkthrough; without its head, only the notes."""
    parts: list[RenderableType] = [_below(*_head(walkthrough, trace, lang))] if head else []
    if head and (nowhere := walkthrough.nowhere(lang)):
        return Group(*parts, _below(Prose(visible(nowhere), "yellow")))
    count = len(walkthrough.walkthrough.notes)
    numbers = {note.id: number for number, note in enumerate(walkthrough.walkthrough.notes, 1)}
    for note in walkthrough.notes:
        title = Text.assemble((tr(lang, "Note {number} of {count}", number=numbers[note.note.id], count=count), "dim"))
        parts.append(_below(title, *_note(note, walkthrough, lang)))
    return Group(*parts)


def walkthrough_list(walkthroughs: list[Walkthrough], here: dict[str, int] | None, lang: Lang) -> RenderableType:
    """Return which walkthroughs there are; ``here`` are how many notes of each apply to a load."""
    if not walkthroughs:
        return Text(tr(lang, "There is no walkthrough."))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", expand=True)
    table.add_column(tr(lang, "No."), justify="right", no_wrap=True)
    table.add_column(tr(lang, "Name"), style="cyan", no_wrap=True)
    table.add_column(tr(lang, "Title"), overflow="fold", ratio=1)
    table.add_column(tr(lang, N_("Notes") if here is None else N_("Here")), justify="right", no_wrap=True)
    table.add_column(tr(lang, "For"), no_wrap=True)
    table.add_column(tr(lang, "transformers"), no_wrap=True)
    for one in walkthroughs:
        count = len(one.notes)
        table.add_row(
            "" if one.order is None else str(one.order),
            Text(visible(one.id)),
            Prose(visible(" ".join(one.title.localized(lang).split()))),
            str(count) if here is None else f"{here[one.id]}/{count}",
            tr(lang, SUIT_WORDS[one.suits]),
            Text(visible(one.releases)),
        )
    return table


def _below(*parts: RenderableType) -> Padding:
    """Parts after an empty line."""
    return Padding(Group(*parts), (1, 0, 0, 0), expand=False)


def _head(walkthrough: LocalizedWalkthrough, trace: Trace | None, lang: Lang) -> Iterator[RenderableType]:
    yield TerminalMarkdown(f"**{walkthrough.title}**")
    if walkthrough.walkthrough.order is not None:
        yield Text(tr(lang, "Part {order} of the course", order=walkthrough.walkthrough.order), "dim")
    yield Padding(TerminalMarkdown(walkthrough.summary), (1, 0), expand=False)
    if walkthrough.before:
        names = (f"“{one}”" if lang == "en" else f"《{one}》" for one in walkthrough.before)
        titles = (", " if lang == "en" else "、").join(names)
        yield TerminalMarkdown(tr(lang, "Read first: {titles}.", titles=titles))
    if trace is None:
        yield TerminalMarkdown(
            tr(
                lang,
                "No load was given: values are shown as their paths, such as {example}. Give a trace to fill them in.",
                example="`‹config.model_type›`",
            )
        )
        return
    facts = [trace.meta.model_name, f"transformers {trace.meta.transformers}", walkthrough.count_text(lang)]
    yield Prose(visible(f"{tr(lang, 'Made from this load')}{_COLON[lang]}{' · '.join(facts)}"))
    yield TerminalMarkdown(
        tr(
            lang,
            "In the code, `>` marks the statement of the note and `-` lines that did not run. Values "
            "are those recorded at that step.",
        )
    )


def _note(note: LocalizedNote, walkthrough: LocalizedWalkthrough, lang: Lang) -> Iterator[RenderableType]:
    yield TerminalMarkdown(f"**{note.title}**")
    yield Text(_where(note, lang), "dim")
    if example := walkthrough.example(note, lang):
        yield Prose(visible(example), "yellow")
    if why := walkthrough.reason(note, lang):
        yield Prose(visible(f"{tr(lang, 'Does not apply to this load')}{_COLON[lang]}{why}"), "yellow")
        return
    yield _below(TerminalMarkdown(note.text))
    for excerpt in [*([note.excerpt] if note.excerpt is not None else []), *note.other_excerpts]:
        yield _below(*_code(excerpt, lang))
    if note.values:
        yield _below(_values(note, lang))
    if note.decisions:
        ways = [line for way in note.decisions for line in _decision_lines(way, lang)]
        yield _below(Text(tr(lang, "Which way it went"), "bold"), *ways)
    if note.ask:
        yield _below(*_question(note, lang))
    if note.links:
        links = (", " if lang == "en" else "、").join(link.words for link in note.links)
        yield _below(TerminalMarkdown(tr(lang, "See also: {links}", links=links)))


def _where(note: LocalizedNote, lang: Lang) -> str:
    where = visible(note.note.id)
    if note.step is not None:
        values = {"step": note.step.number, "stage": stage_name(note.step.stage, lang)}
        if note.function:
            place = tr(lang, "step {step} · {stage} · {function}", **values, function=visible(note.function))
        else:
            place = tr(lang, "step {step} · {stage} · {kind}", **values, kind=visible(note.step.kind))
        where = f"{where} · {place}"
    return where


def _code(excerpt: Excerpt, lang: Lang) -> Iterator[RenderableType]:
    yield Prose(visible(f"{excerpt.function} · {excerpt_location(excerpt, lang)}"), "dim")
    for line in code_lines(excerpt, lang):
        style = {">": "bold", "-": "dim"}.get(line[:1], "")
        yield Text(visible(line), style, no_wrap=True, overflow="ellipsis")


def _values(note: LocalizedNote, lang: Lang) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for role, name, value in note.values:
        text = Text.assemble((f"{visible(name)} = " if name else "", ""), (visible(value), "yellow"))
        grid.add_row(tr(lang, WORDS[f"value:{role}"]), text)
    return grid


def _decision_lines(way: DecisionText, lang: Lang) -> Iterator[RenderableType]:
    times = f" ×{way.times:,}" if way.times > 1 else ""
    line = tr(lang, "line {line}", line=way.line)
    yield Prose(visible(f"{line}{_COLON[lang]}{way.asked} → {way.outcome}{times}"))
    if way.values:
        yield Padding(Text(visible(", ".join(way.values)), "yellow"), (0, 0, 0, 2), expand=False)
    if way.means:
        yield Padding(Prose(visible(way.means)), (0, 0, 0, 2), expand=False)


def _question(note: LocalizedNote, lang: Lang) -> Iterator[RenderableType]:
    yield TerminalMarkdown(f"**{tr(lang, 'Question')}**{_COLON[lang]}{note.ask}")
    for number, one in enumerate(note.answers, 1):
        yield _numbered(f"{number}.", one.text)
    yield Text(tr(lang, "Answer"), "bold")
    for number, one in enumerate(note.answers, 1):
        word = tr(lang, N_("right") if one.right else N_("wrong"))
        yield _numbered(f"{number}.", f"**{word}**{_COLON[lang]}{one.because}")


def _numbered(number: str, text: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(number), TerminalMarkdown(text))
    return grid


_NARROWEST: Final = 30  # columns of a table's cell, where its words allow


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from in_lines(self.text, options.max_width)


class _Heading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.stylize("bold")
        yield from in_lines(self.text, options.max_width)


class _Table(TableElement):
    """A table whose cells are never cut; rich would end them with an ellipsis."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, collapse_padding=True)
        if self.header is not None and self.header.row is not None:
            for cell in self.header.row.cells:
                cell.content.stylize("bold")
                table.add_column(_Cell(cell.content))
        for row in self.body.rows if self.body is not None else ():
            table.add_row(*(_Cell(cell.content) for cell in row.cells))
        yield table


class _Cell:
    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from in_lines(self._text, options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        words = max((cell_len(word) for word in self._text.plain.split()), default=1)
        whole = max(1, min(self._text.cell_len, options.max_width))
        return Measurement(min(words, _NARROWEST, whole), whole)


class TerminalMarkdown(Markdown):
    """Markdown without rules, frames and links' addresses."""

    elements: ClassVar[dict[str, Any]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "heading_open": _Heading,
        "table_open": _Table,
    }

    def __init__(self, text: str) -> None:
        super().__init__(ticked(text), code_theme="ansi_dark", hyperlinks=False, inline_code_theme=None)


def in_lines(text: Text, width: int) -> list[Text]:
    """Return a styled text in lines no wider than ``width``, broken where its language lets them."""
    lines = [text[start:end] for start, end in line_spans(text.plain, width)]
    for line in lines:
        line.no_wrap, line.overflow = True, "ignore"
    return lines
