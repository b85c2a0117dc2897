"""The tab of the walkthroughs: their contents, the open note, and its question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tracer.analysis.locals import LocalsHistory
from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.markdown import broken, markdown_lines
from tracer.text.visible import visible
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.views.walkthrough.reasons import misfit_told, told
from tracer.walkthrough.binder import BoundNote, UnboundNote
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.placeholders import fill_placeholders, placeholder_paths
from tracer.walkthrough.reader_position import Chapter, NotePosition, WalkthroughReader
from tracer.walkthrough.value_paths import StepScope

WIDEST = 100
"""Longer lines are hard to read."""


class RenderedNote:
    """The open note as lines of text of a given width."""

    def __init__(self, reading: WalkthroughReader, state: PlayerState, lang: Lang, width: int) -> None:
        assert reading.chapter is not None
        assert reading.open is not None
        assert reading.note is not None
        self._reading = reading
        self._keymap = state.keymap
        self._chapter: Chapter = reading.chapter
        self._number = reading.open.note
        self._lang: Lang = lang
        self._width = min(width, WIDEST)
        self.bound: BoundNote | UnboundNote = reading.note
        self._example = self._chapter.examples.get(self._number)
        self._place: StepScope | None = None
        if isinstance(self.bound, BoundNote) and self._example is None:
            self._place = StepScope(state.trace, self.bound.step, LocalsHistory(state.trace))

    def text(self, number: int) -> Text:
        """Return the note without its question; ``number`` is the current step."""
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
        if isinstance(self.bound, BoundNote):
            where += f" · {tr(lang, 'step {step}', step=self.bound.step)}"
        yield from (line for line in broken(Text(where, "dim"), self._width))
        title = Text(plain_title(fill_placeholders(note.title.localized(lang), self._place)), "bold")
        yield from broken(title, self._width)

    def _body(self) -> Iterator[Text]:
        if isinstance(self.bound, UnboundNote):
            why = tr(self._lang, "Does not apply to this load: {why}", why=told(self.bound.why, self._lang))
            yield from broken(Text(f"⊘ {why}", "italic"), self._width)
            yield Text()
        elif self._example is not None:
            legend = next(placeholder_paths(self.bound.note.text.localized(self._lang)), None) is not None
            yield from broken(Text(f"≈ {misfit_told(self._example, self._lang, legend=legend)}", "italic"), self._width)
            yield Text()
        yield from self.markdown(self.bound.note.text.localized(self._lang))

    def _footing(self, number: int) -> Iterator[Text]:
        if isinstance(self.bound, BoundNote) and self.bound.step != number:
            yield Text()
            away = tr(
                self._lang,
                "You have left this note's step. Press Enter here to go back to step {step}.",
                step=self.bound.step,
            )
            yield from broken(Text(away, "dim italic"), self._width)

    def question(self) -> Text | None:
        """Return the question, if the note has one."""
        question = self.bound.note.question
        if question is None:
            return None
        head = Text.assemble(
            (tr(self._lang, "Before you look"), "bold"),
            ("  ", ""),
            (tr(self._lang, "{key}, then ↑↓ and Enter to answer", key=self._keymap.key("answer")), "dim"),
        )
        return Text("\n").join([Text(), head, *self.markdown(question.ask.localized(self._lang))])

    def answers(self) -> list[Text]:
        question = self.bound.note.question
        found = [] if question is None else question.answers
        return [Text("\n").join(self.markdown(answer.text.localized(self._lang), 4)) for answer in found]

    def response(self, answer: int) -> Text:
        """Return the response to an answer."""
        question = self.bound.note.question
        assert question is not None
        chosen = question.answers[answer]
        verdict = Text(tr(self._lang, N_("✓ Right.") if chosen.right else N_("✗ Not quite.")), "bold")
        return Text("\n").join([verdict, *self.markdown(chosen.because.localized(self._lang))])

    def next_hint(self, number: int) -> Text | None:
        """Return what the key for the next note leads to from the step ``number``, if anything."""
        after = self._reading.peek(number)
        if after is None:
            return None
        chapter, bound = after
        same = chapter is self._chapter
        title = bound.note.title.localized(self._lang) if same else chapter_title(chapter.walkthrough, self._lang)
        title = plain_title(fill_placeholders(title, None)) if "{{" in title else title
        word = tr(
            self._lang,
            N_("{key}  next: {title}") if same else N_("{key}  next walkthrough: {title}"),
            key=self._keymap.key("next-note"),
            title=visible(title),
        )
        return Text("\n").join([Text(), *broken(Text(word, "dim"), self._width)])

    def markdown(self, source: str, narrower: int = 0) -> list[Text]:
        return markdown_lines(fill_placeholders(source, self._place), self._width - narrower)


def chapter_title(walkthrough: Walkthrough, lang: Lang) -> str:
    number = f"{walkthrough.order} " if walkthrough.order is not None else ""
    return visible(f"{number}{walkthrough.title.localized(lang)}")


def plain_title(title: str) -> str:
    """Return a title without backticks."""
    return visible(title.replace("`", ""))


_NARROW: Final = 36  # cells for the lines of the contents, without the border and what is beside it
_ROOMY: Final = 160  # cells of the tab from which on the contents are as wide as their titles
_FRAME: Final = 4  # cells of the border and of what is beside the lines
_PAGE: Final = 8  # cells of that, and of what is beside the note


class NotesTab(Horizontal, StepView):
    """The contents, the open note and its question; ``reading`` is bound to the player's."""

    reading: reactive[WalkthroughReader | None] = reactive(None, repaint=False)

    class Needed(Message):
        """The tab is shown and needs the notes."""

    class Chosen(Message):
        """The user wants to go to the step of a note."""

        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__()
        self.begin_with(state, lang, shown=False)

    def compose(self) -> ComposeResult:
        yield Contents(id="notes-contents")
        with NotePage(id="notes-page"):
            yield Static(id="notes-text")
            yield Static(id="notes-question")
            yield Answers(id="notes-answers", compact=True)
            yield Static(id="notes-response")
            yield Static(id="notes-next")

    @property
    def computed(self) -> bool:
        """Whether the notes are loaded."""
        return self.reading is not None

    @property
    def takes_focus(self) -> NotePage:
        """The widget to focus when the tab is opened."""
        return self.query_one(NotePage)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.follow)

    def watch_reading(self) -> None:
        self.follow()

    def content_key(self) -> Any:
        reading, lang = self.reading, self.lang
        if reading is None:
            return lang
        if not self._state.empty:
            reading.follow(self._state.step)
        at = self.number if reading.open is not None else None  # the open note's foot says whether this is its step
        answer = reading.answered.get(reading.open) if reading.open is not None else None
        return reading, reading.open, answer, at, lang, self._width(), self.query_one(Contents).display

    def update_view(self) -> None:
        reading, lang = self.reading, self.lang
        if reading is None:
            self._show_only(Text(tr(lang, "Looking up the notes for this load …"), "dim"))
            self.call_later(self._ask_for_notes)
            return
        contents = self.query_one(Contents)
        if contents.list(reading, lang, self.size.width - WIDEST - _PAGE if self.size.width >= _ROOMY else _NARROW):
            self.call_after_refresh(self.follow)  # the page is as wide as they leave it
        if reading.open is None:
            self._show_only(
                Text(_nothing_open(reading, lang, self._state.keymap.key("next-note"), contents.display), "dim")
            )
            return
        self._show_page(RenderedNote(reading, self._state, lang, self._width()), reading)

    def _ask_for_notes(self) -> None:
        # Not posted in update_view(): a message bubbles no further than to the widget whose handler is running.
        self.post_message(self.Needed())

    def _width(self) -> int:
        return max(self.query_one(NotePage).scrollable_content_region.width - 1, 20)

    def _show_only(self, text: Text) -> None:
        self.query_one("#notes-text", Static).update(text)
        for name in ("#notes-question", "#notes-answers", "#notes-response", "#notes-next"):
            self.query_one(name).display = False

    def _show_page(self, page: RenderedNote, reading: WalkthroughReader) -> None:
        holder = self.query_one(NotePage)
        if holder.note != reading.open:
            holder.note = reading.open
            holder.scroll_home(animate=False)
        self.query_one("#notes-text", Static).update(page.text(self.number))
        self._show_part("#notes-question", page.question())
        answers = self.query_one("#notes-answers", OptionList)
        answers.display = page.bound.note.question is not None
        self._list_answers(answers, page, reading)
        assert reading.open is not None
        given = reading.answered.get(reading.open)
        self._show_part("#notes-response", None if given is None else page.response(given))
        self._show_part("#notes-next", page.next_hint(self.number))

    def _list_answers(self, answers: OptionList, page: RenderedNote, reading: WalkthroughReader) -> None:
        assert reading.open is not None
        given = reading.answered.get(reading.open)
        question = page.bound.note.question
        options = []
        for number, text in enumerate(page.answers()):
            right = question is not None and question.answers[number].right
            mark = "  " if given is None else "✓ " if right else "✗ " if number == given else "  "
            options.append(Text.assemble((mark, "bold"), f"{chr(ord('A') + number)} ", text))
        kept = answers.highlighted
        answers.clear_options()
        answers.add_options(options)
        answers.highlighted = kept if kept is not None and kept < len(options) else None

    def _show_part(self, name: str, text: Text | None) -> None:
        widget = self.query_one(name, Static)
        widget.display = text is not None
        if text is not None:
            widget.update(text)

    def scroll_note(self, *, back: bool) -> None:
        """Scroll the open note by a page."""
        page = self.query_one(NotePage)
        if back:
            page.scroll_page_up(animate=False)
        else:
            page.scroll_page_down(animate=False)

    def focus_answers(self) -> bool:
        """Focus the answers; return False if the open note has no question."""
        answers = self.query_one("#notes-answers", OptionList)
        if not answers.display:
            return False
        answers.focus()
        answers.scroll_visible()
        if answers.highlighted is None:
            answers.highlighted = 0
        return True

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        reading = self.reading
        if reading is None:
            return
        if event.option_list.id == "notes-answers" and reading.open is not None:
            reading.answered[reading.open] = event.option_index
            self.follow()
            self.query_one("#notes-response").scroll_visible()
        elif isinstance(event.option, Entry):
            self._open(reading, event.option.at)

    def _open(self, reading: WalkthroughReader, at: NotePosition) -> None:
        note = reading.go(at)
        if isinstance(note, BoundNote):
            self.post_message(self.Chosen(note.step))
        else:
            self.follow()

    def on_note_page_entered(self) -> None:
        reading = self.reading
        if reading is not None and isinstance(reading.note, BoundNote):
            self.post_message(self.Chosen(reading.note.step))


class NotePage(VerticalScroll, inherit_bindings=False):
    """The open note. The player's own keys scroll it; the arrow keys stay with the steps."""

    hints = "note"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "enter", show=False)]

    class Entered(Message):
        """The user wants to go back to the note's step."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.note: NotePosition | None = None

    def action_enter(self) -> None:
        self.post_message(self.Entered())


class Answers(OptionList):
    """The answers to the note's question."""

    hints = "answers"


class Entry(Option):
    """A line of the contents: a walkthrough, which leads to its first note, or a note."""

    def __init__(self, text: Text, at: NotePosition, *, note: bool) -> None:
        super().__init__(text)
        self.text = text
        self.at = at
        self.note = note


class Contents(OptionList):
    """The walkthroughs about this load, with the notes of the open one."""

    hints = "contents"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True)
        self._listed: tuple[object, ...] = ()
        self.wide = 0

    def list(self, reading: WalkthroughReader, lang: Lang, room: int) -> bool:
        """List them, each in at most ``room`` cells; return whether that takes another width than before."""
        wanted = id(reading), reading.open, lang, room
        if wanted == self._listed:
            return False
        self._listed = wanted
        entries = list(_entries(reading, lang, room))
        before, self.wide = self.wide, max([_NARROW, *(one.text.cell_len for one in entries)]) + _FRAME
        self.styles.width = self.wide
        self.clear_options()
        self.add_options(entries)
        if reading.open is not None:
            self.highlighted = next(
                (number for number, one in enumerate(entries) if one.at == reading.open and one.note), None
            )
        return self.wide != before


def _entries(reading: WalkthroughReader, lang: Lang, room: int) -> list[Entry]:
    found: list[Entry] = []
    for one, chapter in enumerate(reading.chapters):
        if not chapter.bound:
            continue
        is_open = reading.open is not None and reading.open.chapter == one
        title = Text(chapter_title(chapter.walkthrough, lang), "bold" if is_open else "", no_wrap=True)
        title.truncate(room, overflow="ellipsis")
        found.append(Entry(title, NotePosition(one, chapter.bound[0]), note=False))
        if is_open:
            found.extend(_notes(reading, one, lang, room))
    return found


def _notes(reading: WalkthroughReader, one: int, lang: Lang, room: int) -> list[Entry]:
    lines = []
    for number, bound in enumerate(reading.chapters[one].notes):
        here = isinstance(bound, BoundNote)
        title = plain_title(fill_placeholders(bound.note.title.localized(lang), None))
        example = number in reading.chapters[one].examples
        mark = "▶ " if reading.open == NotePosition(one, number) else "⊘ " if not here else "≈ " if example else "  "
        text = Text.assemble((mark, "bold"), (title, "" if here else "dim"), no_wrap=True)
        text.truncate(room, overflow="ellipsis")
        lines.append(Entry(text, NotePosition(one, number), note=True))
    return lines


def _nothing_open(reading: WalkthroughReader, lang: Lang, key: str, contents: bool) -> str:
    """Return what is on the page before a note is open; without the list of contents it offers no choice."""
    if reading.empty:
        return tr(lang, "No walkthrough has a note about this load.")
    first = NP_(
        "{count} note is about this load. Press {key} for the nearest one.",
        "{count} notes are about this load. Press {key} for the nearest one.",
    )
    choice = NP_(
        "{count} note is about this load. Press {key} for the nearest one, or choose a walkthrough on the left.",
        "{count} notes are about this load. Press {key} for the nearest one, or choose a walkthrough on the left.",
    )
    return tr(lang, choice if contents else first, count=reading.count, key=key)
