"""A walkthrough in one language, with a load or without one: what the terminal and the document both show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple

import msgspec

from tracer.analysis.decisions.explanation import DecisionLocals, ExplainedDecision, named_values
from tracer.analysis.decisions.turning_points import turning_point
from tracer.i18n import N_, NC_, NP_, Lang, Message, tr
from tracer.text.markdown_writer import block, inline
from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.views.decisions import asked_text, headline, outcome_text, value_texts
from tracer.views.shell_commands import command
from tracer.views.walkthrough.reasons import Marked, misfit_told, told
from tracer.walkthrough.applicability import NoteMismatch, find_mismatch
from tracer.walkthrough.binder import Binder, BoundNote, UnboundNote
from tracer.walkthrough.explained_code import Excerpt, ExcerptGap, ExcerptLine, covered_excerpts, note_excerpt
from tracer.walkthrough.format import BilingualText, Load, Note, Walkthrough
from tracer.walkthrough.placeholders import fill_placeholders, placeholder_paths
from tracer.walkthrough.step_values import CountedDecision, StepValue, step_decisions, step_values
from tracer.walkthrough.value_paths import StepScope

WORDS: Final[dict[str, Message]] = {
    "none-here:demo": N_(
        "None of its {count} notes applies to this load: they are about the bundled model "
        "{model}. Read them along its load, which {demo} records: {replay}"
    ),
    "none-here:other": N_("None of its {count} notes applies to this load. Read them without a load: {show}"),
    "made:notes-told": N_("{bound} of {count} apply to this load"),
    "made:notes-examples": NP_(
        "{bound} of {count} apply to this load; {examples} more is shown as an example",
        "{bound} of {count} apply to this load; {examples} more are shown as examples",
        by="examples",
    ),
    "file-line": N_("{path}, line {first}"),
    "file-lines": N_("{path}, lines {first}–{last}"),
    "line-alone": N_("line {first}"),
    "lines": N_("lines {first}–{last}"),
    "value:used": N_("before"),
    "value:made": N_("after"),
    "value:argument": N_("argument"),
    "value:returned": N_("returned"),
    "value:raised": NC_("value", "raised"),
    "value:told": N_("recorded"),
}


class LocalizedAnswer(NamedTuple):
    """An answer with what is said of it; Markdown."""

    text: str
    because: str
    right: bool


class DecisionText(NamedTuple):
    """A decision in words: its line, what it asked, how it went, with which values, and what that means."""

    line: int
    asked: str
    outcome: str
    values: list[str]
    means: str
    times: int


class Link(NamedTuple):
    """Another note or walkthrough. ``note`` is the id of one in the same walkthrough, else empty."""

    note: str
    words: str


class LocalizedNote(msgspec.Struct, frozen=True):
    """A note in one language; texts are Markdown.

    ``example`` is set if the note is about another load; its texts then have no values of this one.
    """

    note: Note
    title: str
    text: str
    bound: BoundNote | UnboundNote | None
    ask: str
    answers: list[LocalizedAnswer]
    links: list[Link]
    example: NoteMismatch | None = None
    step: Step | None = None
    function: str = ""
    excerpt: Excerpt | None = None
    other_excerpts: list[Excerpt] = []
    values: list[StepValue] = []
    decisions: list[DecisionText] = []


class LocalizedWalkthrough(NamedTuple):
    """A walkthrough in one language."""

    walkthrough: Walkthrough
    title: str
    summary: str
    before: list[str]
    notes: list[LocalizedNote]

    @property
    def here(self) -> list[LocalizedNote]:
        """The notes that have a step in the load; without a load, all of them."""
        return [one for one in self.notes if not isinstance(one.bound, UnboundNote)]

    @property
    def elsewhere(self) -> list[LocalizedNote]:
        """Those that have none."""
        return [one for one in self.notes if isinstance(one.bound, UnboundNote)]

    def count_text(self, lang: Lang) -> str:
        """Return how many of the notes are about the load."""
        examples = sum(one.example is not None for one in self.notes)
        key = "made:notes-examples" if examples else "made:notes-told"
        return tr(lang, WORDS[key], bound=len(self.here) - examples, count=len(self.notes), examples=examples)

    def nowhere(self, lang: Lang, marked: Marked = str) -> str:
        """That no note has a step in the load, and where they can be read. Empty where one has."""
        if self.here or not self.notes:
            return ""
        walkthrough = self.walkthrough
        load = walkthrough.loads[walkthrough.load_of(walkthrough.notes[0])]
        name = str(walkthrough.order or walkthrough.id)
        words = {
            "model": PurePath(load.fixture).name,
            "demo": command("demo"),
            "replay": command("replay", f"{load.fixture}.glmtrace", "--walkthrough", name),
            "show": command("walkthrough", "show", name),
        }
        key = "none-here:demo" if load == Load() else "none-here:other"
        return tr(lang, WORDS[key], count=len(self.notes), **{key: marked(word) for key, word in words.items()})

    def reason(self, note: LocalizedNote, lang: Lang, marked: Marked = str) -> str:
        """Return why a note has no step, in full for the first of several with one reason; empty if it has a step."""
        at = self.notes.index(note)
        before = self.notes[at - 1] if at else None
        why = _why(note, lang, marked)
        return tr(lang, "For the same reason as the one before.") if why and why == _why(before, lang, marked) else why

    def example(self, note: LocalizedNote, lang: Lang, marked: Marked = str) -> str:
        """That a note was written for another load, and what is otherwise in this one. Empty where it is about this."""
        if note.example is None:
            return ""
        legend = next(placeholder_paths(note.note.text.localized(lang)), None) is not None
        return misfit_told(note.example, lang, marked, legend=legend)

    def only(self, note: str) -> LocalizedWalkthrough:
        """Return the same with one note alone."""
        return self._replace(notes=[one for one in self.notes if one.note.id == note])


def _why(note: LocalizedNote | None, lang: Lang, marked: Marked) -> str:
    return told(note.bound.why, lang, marked) if note is not None and isinstance(note.bound, UnboundNote) else ""


def localize(
    walkthrough: Walkthrough, known: Mapping[str, Walkthrough], binder: Binder | None, lang: Lang
) -> LocalizedWalkthrough:
    """Return a walkthrough in one language; ``known`` are those that its links may lead to."""
    bound: list[BoundNote | UnboundNote | None]
    bound = [None] * len(walkthrough.notes) if binder is None else [*binder.bind(walkthrough)]
    teller = _Localizer(walkthrough, known, binder, lang)
    before = [known[one].title.localized(lang) if one in known else one for one in walkthrough.prerequisites]
    return LocalizedWalkthrough(
        walkthrough,
        inline(walkthrough.title.localized(lang)),
        block(walkthrough.summary.localized(lang)),
        [inline(one) for one in before],
        [teller.note(note, where) for note, where in zip(walkthrough.notes, bound, strict=True)],
    )


class _Localizer:
    def __init__(
        self, walkthrough: Walkthrough, known: Mapping[str, Walkthrough], binder: Binder | None, lang: Lang
    ) -> None:
        self._walkthrough = walkthrough
        self._known = known
        self._binder = binder
        self._lang = lang

    def note(self, note: Note, bound: BoundNote | UnboundNote | None) -> LocalizedNote:
        binder = self._binder
        if binder is None or not isinstance(bound, BoundNote):
            return self._texts(note, bound, None)
        place = StepScope(binder.trace, bound.step, binder.variables)
        frame = place.step.frame
        example = find_mismatch(binder, bound, self._walkthrough)
        return msgspec.structs.replace(
            self._texts(note, bound, place if example is None else None),
            example=example,
            step=place.step,
            function=binder.trace.frame(frame).function if frame is not None else "",
            excerpt=note_excerpt(binder, bound),
            other_excerpts=list(covered_excerpts(binder, bound)),
            values=step_values(binder, bound),
            decisions=[_decision_text(binder.trace, one, self._lang) for one in step_decisions(binder, bound)],
        )

    def _texts(self, note: Note, bound: BoundNote | UnboundNote | None, place: StepScope | None) -> LocalizedNote:
        """Return what a note says, without what is recorded at its step."""
        question = note.question
        answers = question.answers if question is not None else []
        return LocalizedNote(
            note,
            self._inline(note.title, place),
            self._block(note.text, place),
            bound,
            ask=self._block(question.ask, place) if question is not None else "",
            answers=[
                LocalizedAnswer(self._block(one.text, place), self._block(one.because, place), one.right)
                for one in answers
            ],
            links=[self._link(link) for link in note.links],
        )

    def _inline(self, words: BilingualText, place: StepScope | None) -> str:
        return inline(fill_placeholders(words.localized(self._lang), place))

    def _block(self, words: BilingualText, place: StepScope | None) -> str:
        return block(fill_placeholders(words.localized(self._lang), place))

    def _link(self, link: str) -> Link:
        name, _, wanted = link.partition("/")
        own = {note.id: note for note in self._walkthrough.notes}
        if not wanted and name in own:
            return Link(name, inline(own[name].title.localized(self._lang)))
        other = self._known.get(name)
        if other is None:
            return Link("", inline(link))
        title = inline(other.title.localized(self._lang))
        note = next((one for one in other.notes if one.id == wanted), None)
        if note is None:
            return Link("", tr(self._lang, "the walkthrough “{title}”", title=title))
        return Link(
            "", tr(self._lang, "“{note}” in “{title}”", note=inline(note.title.localized(self._lang)), title=title)
        )


def _decision_text(trace: Trace, one: CountedDecision, lang: Lang) -> DecisionText:
    decision = one.decision
    variable = DecisionLocals(trace, decision)
    point = turning_point(decision, variable)
    means = ""
    if point is not None and not point[0].of_user:
        told = ExplainedDecision(decision, "turning-point", point[1], values=named_values(point[0], variable))
        means = headline(trace, told, lang).plain
    outcome = outcome_text(trace, decision, lang).plain.removeprefix("→ ")
    return DecisionText(
        decision.line, asked_text(decision), outcome, value_texts(trace, decision, lang), means, one.times
    )


def code_lines(excerpt: Excerpt, lang: Lang) -> Iterator[str]:
    """Yield each line with its mark and number, moved to the left as far as they all can be."""
    width = len(str(excerpt.last))
    own = [
        len(one.text) - len(one.text.lstrip())
        for one in excerpt.lines
        if isinstance(one, ExcerptLine) and one.text.strip()
    ]
    margin = min(own, default=0)
    for one in excerpt.lines:
        if isinstance(one, ExcerptGap):
            yield f"  {'':>{width}} | # {gap_text(one, lang)}"
        else:
            yield f"{line_mark(one)} {one.number:>{width}} | {one.text[margin:]}".rstrip()


def line_mark(line: ExcerptLine) -> str:
    """``>``: the statement of the step. ``-``: it did not run."""
    return ">" if line.here else "-" if line.ran is False else " "


def gap_text(one: ExcerptGap, lang: Lang) -> str:
    """Return how many lines are left out."""
    not_run = NP_("… {count} line that did not run", "… {count} lines that did not run")
    gap = NP_("… {count} line", "… {count} lines")
    return tr(lang, not_run if one.ran is False else gap, count=one.lines)


def excerpt_location(excerpt: Excerpt, lang: Lang, marked: Callable[[str], str] = str) -> str:
    """Return the file and the lines."""
    key = "file-line" if excerpt.first == excerpt.last else "file-lines"
    return tr(lang, WORDS[key], path=marked(excerpt.path), first=excerpt.first, last=excerpt.last)


def covered_text(excerpts: Sequence[Excerpt], lang: Lang) -> str:
    """Return the functions with their lines, as one sentence."""
    said: dict[str, list[str]] = {}
    for one in excerpts:
        key = "line-alone" if one.first == one.last else "lines"
        said.setdefault(one.function, []).append(tr(lang, WORDS[key], first=one.first, last=one.last))
    comma, semicolon = (", ", "; ") if lang == "en" else ("、", "；")
    opening, closing = (" (", ")") if lang == "en" else ("（", "）")
    code = semicolon.join(f"{function}{opening}{comma.join(lines)}{closing}" for function, lines in said.items())
    return tr(lang, "Also explained: {code}", code=code)
