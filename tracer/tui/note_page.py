"""A note as the player shows it: where it stands, its title, its text with the values of this load."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tracer.analysis.locals import LocalsHistory
from tracer.i18n import N_, Lang, tr
from tracer.text.markdown import broken, markdown_lines
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.views.walkthrough.words import misfit_told, told
from tracer.walkthrough.binding import Bound, NotBound
from tracer.walkthrough.filling import filled, holes
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.paths import Place
from tracer.walkthrough.reading_along import Chapter, ReadingAlong

WIDEST = 100
"""Longer lines are hard to read."""


class Page:
    """The open note of a reading, in lines of a width."""

    def __init__(self, reading: ReadingAlong, trace: Trace, lang: Lang, width: int) -> None:
        assert reading.chapter is not None
        assert reading.open is not None
        assert reading.note is not None
        self._reading = reading
        self._chapter: Chapter = reading.chapter
        self._number = reading.open.note
        self._lang: Lang = lang
        self._width = min(width, WIDEST)
        self.bound: Bound | NotBound = reading.note
        self._example = self._chapter.examples.get(self._number)
        self._place: Place | None = None
        if isinstance(self.bound, Bound) and self._example is None:
            self._place = Place(trace, self.bound.step, LocalsHistory(trace))

    def text(self, number: int) -> Text:
        """All but the question; ``number`` is the step that the player stands at."""
        return Text("\n").join([*self._head(), Text(), *self._body(), *self._footing(number)])

    def _head(self) -> Iterator[Text]:
        note, lang = self.bound.note, self._lang
        where = tr(
            lang,
            "{title} · note {number} of {count}",
            title=chapter_title(self._chapter.walkthrough, lang),
            number=self._number + 1,
            count=len(self._chapter.notes),
        )
        if isinstance(self.bound, Bound):
            where += f" · {tr(lang, 'step {step}', step=self.bound.step)}"
        yield from (line for line in broken(Text(where, "dim"), self._width))
        title = Text(plain_title(filled(note.title.said(lang), self._place)), "bold")
        yield from broken(title, self._width)

    def _body(self) -> Iterator[Text]:
        if isinstance(self.bound, NotBound):
            why = tr(self._lang, "Does not apply to this load: {why}", why=told(self.bound.why, self._lang))
            yield from broken(Text(f"⊘ {why}", "italic"), self._width)
            yield Text()
        elif self._example is not None:
            legend = next(holes(self.bound.note.text.said(self._lang)), None) is not None
            yield from broken(Text(f"≈ {misfit_told(self._example, self._lang, legend=legend)}", "italic"), self._width)
            yield Text()
        yield from self.markdown(self.bound.note.text.said(self._lang))

    def _footing(self, number: int) -> Iterator[Text]:
        if isinstance(self.bound, Bound) and self.bound.step != number:
            yield Text()
            away = tr(
                self._lang,
                "You have walked away from this note's step. Press Enter here to go back to step {step}.",
                step=self.bound.step,
            )
            yield from broken(Text(away, "dim italic"), self._width)

    def ask(self) -> Text | None:
        """The question, if the note has one."""
        question = self.bound.note.question
        if question is None:
            return None
        head = Text.assemble(
            (tr(self._lang, "Before you look"), "bold"),
            ("  ", ""),
            (tr(self._lang, "x, then ↑↓ and Enter to answer"), "dim"),
        )
        return Text("\n").join([Text(), head, *self.markdown(question.ask.said(self._lang))])

    def answers(self) -> list[Text]:
        question = self.bound.note.question
        found = [] if question is None else question.answers
        return [Text("\n").join(self.markdown(answer.text.said(self._lang), 4)) for answer in found]

    def said(self, answer: int) -> Text:
        """What is said to the one who chose an answer."""
        question = self.bound.note.question
        assert question is not None
        chosen = question.answers[answer]
        verdict = Text(tr(self._lang, N_("✓ Right.") if chosen.right else N_("✗ Not so.")), "bold")
        return Text("\n").join([verdict, *self.markdown(chosen.because.said(self._lang))])

    def following(self) -> Text | None:
        """What the next key leads to."""
        after = self._reading.peek()
        if after is None:
            return None
        chapter, bound = after
        same = chapter is self._chapter
        title = bound.note.title.said(self._lang) if same else chapter_title(chapter.walkthrough, self._lang)
        title = plain_title(filled(title, None)) if "{{" in title else title
        word = tr(
            self._lang, N_("w  next: {title}") if same else N_("w  next walkthrough: {title}"), title=visible(title)
        )
        return Text("\n").join([Text(), *broken(Text(word, "dim"), self._width)])

    def markdown(self, source: str, narrower: int = 0) -> list[Text]:
        return markdown_lines(filled(source, self._place), self._width - narrower)


def chapter_title(walkthrough: Walkthrough, lang: Lang) -> str:
    number = f"{walkthrough.order} " if walkthrough.order is not None else ""
    return visible(f"{number}{walkthrough.title.said(lang)}")


def plain_title(title: str) -> str:
    """A title without the marks of inline code."""
    return visible(title.replace("`", ""))
