"""A comparison as ``diff`` prints it: at a glance first, every difference of a topic on request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.diff import TOPICS, Comparison, Difference, Side
from tracer.analysis.value_format import format_json
from tracer.i18n import N_, NC_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.views.shell_commands import pasteable

WORDS: Final[dict[str, Message]] = {
    "same-in": N_("The same in both: {topics}."),
    "differ-in": N_("Different: {topics}."),
    "only-a": N_("only in A"),
    "only-b": N_("only in B"),
    "end:config": N_("an attribute of {where}"),
    "end:overwritten": N_("an attribute of {where}, overwritten later"),
    "end:handed": N_("handed on to {where}, not followed further"),
    "end:constructor": N_("an argument of {where}"),
    "end:used": N_("taken by {where}"),
    "end:dropped": N_("dropped by {where}"),
    "end:refused": N_("refused by {where}"),
    "end:left": N_("left over"),
    "end:unfinished": N_("still on its way"),
    "end:unseen": N_("not known without lines"),
    # topics
    "topic:outcome": N_("Outcome"),
    "topic:classes": N_("Classes and where they come from"),
    "topic:decisions": N_("Decisions"),
    "topic:keywords": N_("Keyword arguments"),
    "topic:config": N_("Configuration"),
    "topic:modules": N_("Modules"),
    "topic:weights": N_("Weights"),
    "topic:text": N_("Prompt and tokens"),
    "topic:files": N_("Files"),
    "topic:messages": N_("Warnings and messages"),
    "topic:calls": N_("Functions called"),
    "topic:code": N_("Statements that ran"),
    # what differs
    "outcome": N_("{subject}"),
    "class": N_("{subject} became"),
    "registered-loading": N_("registered for loading: {subject}"),
    "registered-saving": N_("marked for saving: {subject}"),
    "imported-from": N_("{subject} was imported from"),
    "went-otherwise": N_("{subject}"),
    "keyword": N_("{subject} ended"),
    "config": N_("{subject}"),
    "built-on": N_("devices of the {subject} when they were built"),
    "module": N_("{subject}"),
    "parameter-shape": N_("shape of {subject}"),
    "parameter-dtype": N_("dtype of {subject}, as built"),
    "read-by": N_("{subject} was"),
    "tensor-from": N_("{subject} was filled from"),
    "tensor-became": N_("dtype of {subject}, after loading"),
    "report": N_("{subject}"),
    "text": N_("{subject}"),
    "file": N_("{subject}"),
    "message": N_("{subject}"),
    "outcome:then": NC_("condition", "yes"),
    "outcome:not-then": NC_("condition", "no"),
    "outcome:raised": NC_("difference", "ended in an exception"),
    "outcome:completed": N_("went through without an exception"),
    "outcome:except": N_("was caught"),
    "outcome:not-caught": N_("raised, and was not caught here"),
    "outcome:entered": N_("the body ran"),
    "outcome:not-entered": N_("the body did not run"),
    "outcome:case": N_("a case matched"),
    "outcome:no-case": N_("no case matched"),
    "shard-opened": N_("opened, and read slice by slice"),
    "shard-opened+shard-read": N_("read whole into a dictionary"),
    "shard-read": N_("read whole into a dictionary"),
    "shard-opened+shard-read-names": N_("read for names and shapes first, then opened again and read slice by slice"),
    "shard-read-names": N_("read for names and shapes alone"),
}


_AT_A_GLANCE: Final = 6  # differences of a topic
_STATEMENTS: Final = 16  # statements at a glance
_STATEMENTS_EACH: Final = 4  # statements of one function at a glance
_LONG: Final = 100  # characters; longer rewritten statements are reduced to their changes
_CONTEXT: Final = 8  # tokens shown around each change
_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST: Final = 400  # characters of one value
_RELEASES: Final = ("transformers", "torch", "peft")


def comparison_report(
    comparison: Comparison,
    lang: Lang,
    *,
    topics: Collection[str] = (),
    everything: bool = False,
    glance: Collection[str] | None = None,
) -> RenderableType:
    """Return the sides, what is the same and what differs.

    Topics that are asked for, by ``topics`` or ``everything``, are shown in full; the others at a glance. With
    ``glance``, only these are shown, at a glance, and without the command that shows more.
    """
    writer = _Writer(comparison, lang, set(TOPICS if everything else topics))
    return Group(*writer.report(topics or glance or TOPICS, hint=glance is None))


class _Row(NamedTuple):
    """Differences of one kind with the same values on both sides."""

    difference: Difference
    subjects: list[str]


class DifferenceTexts(NamedTuple):
    """A difference as a row of a table: its topic, what differs, and what each load has."""

    topic: str
    what: str
    a: str
    b: str


def difference_texts(comparison: Comparison, difference: Difference, lang: Lang) -> DifferenceTexts:
    """Return a difference in one line."""
    return _Writer(comparison, lang, set()).in_one_line(difference)


def differing_environment(comparison: Comparison, lang: Lang) -> list[tuple[str, str, str]]:
    """Return the environment variables that were not the same for both loads, with the value of each."""
    a, b = (side.environment for side in comparison.sides)
    unset = tr(lang, N_("not set"))
    return [
        (_shown(name), _shown(a[name]) if name in a else unset, _shown(b[name]) if name in b else unset)
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]


class _Writer:
    """Turns a comparison into renderables; topics in ``whole`` are shown in full."""

    def __init__(self, comparison: Comparison, lang: Lang, whole: set[str]) -> None:
        self._comparison = comparison
        self._lang = lang
        self._whole = whole

    def report(self, topics: Collection[str], *, hint: bool) -> Iterator[RenderableType]:
        yield _sides(self._comparison.sides)
        yield from self._environment()
        differing = [topic for topic in TOPICS if self._comparison.of(topic)]
        if not differing:
            yield Text(self._say(N_("The two loads went the same way.")))
            return
        yield from self._names(
            "differ-in",
            [
                self._say(N_("{topic} ({count})"), topic=self._topic(name), count=len(self._comparison.of(name)))
                for name in differing
            ],
        )
        yield from self._names("same-in", [self._topic(name) for name in TOPICS if name not in differing])
        cut: list[str] = []
        for topic in TOPICS:
            if topic in topics and topic in differing:
                parts, left_out = self._topic_parts(topic)
                yield Text(f"\n{self._topic(topic)}", "bold cyan")
                yield from parts
                if left_out:
                    yield _indented(Text(self._say(N_("… {count} more"), count=left_out), "dim"))
                    cut.append(topic)
        if cut and hint:
            more = N_("Everything of one topic: glm-trace diff A B --topic {topic}; of all: --all")
            yield Text(f"\n{pasteable(self._say(more, topic=cut[0]))}", "dim")

    def _environment(self) -> Iterator[Text]:
        """Yield the environment variables that were not the same for both loads; they may be why these differ."""
        for name, a, b in differing_environment(self._comparison, self._lang):
            yield Text(self._say(N_("{name}: A {a}, B {b}"), name=name, a=a, b=b))

    def in_one_line(self, difference: Difference) -> DifferenceTexts:
        what, _, side = difference.what.partition("-only-")
        subject = _shown(difference.subject)
        values = [difference.a, difference.b]
        if difference.topic == "calls":
            texts = [f"{count or 0} ×" for count in values]
        elif difference.topic == "code":
            pair = focused(*map(str, values)) if difference.what == "rewritten" else values
            texts = ["" if text is None else one_line(str(text), _LONGEST) for text in pair]
        else:
            here = [not side or side == letter for letter in "ab"]
            present = self._say(N_("yes"))
            texts = [
                (self._value(what, value) or present) if is_here else ""
                for value, is_here in zip(values, here, strict=True)
            ]
        title = subject if difference.topic in ("calls", "code") else self._worded(what, subject=subject)
        return DifferenceTexts(self._topic(difference.topic), title, *texts)

    def _names(self, key: str, names: list[str]) -> Iterator[Text]:
        if names:
            yield Text(self._worded(key, topics=(" · ").join(names)))

    def _topic_parts(self, topic: str) -> tuple[list[RenderableType], int]:
        """Return the differences of a topic, and how many of them were left out."""
        differences = self._comparison.of(topic)
        if topic == "code":
            return self._code(differences)
        if topic == "calls":
            return self._calls(differences)
        rows = _grouped(differences)
        shown = rows if topic in self._whole else rows[:_AT_A_GLANCE]
        return [part for row in shown for part in self._row(row)], len(rows) - len(shown)

    def _row(self, row: _Row) -> Iterator[RenderableType]:
        difference = row.difference
        what, _, side = difference.what.partition("-only-")
        title = self._worded(what, subject=_shown(difference.subject))
        if len(row.subjects) > 1:
            count = self._say(
                N_("{count} alike, from {first} to {last}"),
                count=len(row.subjects),
                first=row.subjects[0],
                last=row.subjects[-1],
            )
            title = f"{self._worded(what, subject='…')} ({count})" if what in _NAMED else count
        grid = _grid()
        if side:
            value, step = (difference.a, difference.steps[0]) if side == "a" else (difference.b, difference.steps[1])
            text = self._value(what, value)
            line = self._say(N_("{subject}: {value}"), subject=title, value=text) if text else title
            grid.add_row(self._worded(f"only-{side}"), _step(step), Text(line))
            yield _indented(grid)
            return
        yield _indented(Text(title))
        for letter, value, step in zip("AB", (difference.a, difference.b), difference.steps, strict=True):
            grid.add_row(letter, _step(step), Text(self._value(what, value)))
        yield _indented(grid, 4)

    def _value(self, what: str, value: Any) -> str:
        if what == "read-by" and isinstance(value, list):
            return self._worded("+".join(map(str, value)))
        if what == "went-otherwise" and isinstance(value, list):
            return ", ".join(self._worded(f"outcome:{outcome}") for outcome in value)
        if what == "keyword" and isinstance(value, dict):
            end = self._worded(f"end:{value.get('what')}", where=_shown(value.get("where")))
            return f"{end} ({_shown(value['error'])})" if value.get("error") else end
        if what in ("registered-loading", "registered-saving"):
            return ""
        if what == "class" and isinstance(value, dict):
            return _shown(f"{value.get('class')} ({value.get('way')})")
        return _shown(value)

    def _calls(self, differences: list[Difference]) -> tuple[list[RenderableType], int]:
        """Return one line for each function: so many calls in A, so many in B."""
        shown = differences if "calls" in self._whole else differences[: 2 * _AT_A_GLANCE]
        grid = _counts("A", "B")
        for difference in shown:
            grid.add_row(_shown(difference.subject), *(f"{count or 0} ×" for count in (difference.a, difference.b)))
        return [_indented(grid)], len(differences) - len(shown)

    def _code(self, differences: list[Difference]) -> tuple[list[RenderableType], int]:
        if "code" in self._whole:
            return list(self._statements(differences)), 0
        grid = _counts(self._say(N_("rewritten")), self._say(WORDS["only-a"]), self._say(WORDS["only-b"]))
        for function, found in _by_function(differences).items():
            counts = [
                sum(difference.what == what for difference in found)
                for what in ("rewritten", "ran-only-a", "ran-only-b")
            ]
            grid.add_row(visible(function), *(str(count or "") for count in counts))
        parts: list[RenderableType] = [_indented(grid)]
        names = self._comparison.arguments
        telling = _few_of_each([difference for difference in differences if not names.isdisjoint(_words(difference))])
        if telling:
            parts.append(
                Padding(
                    Text(self._say(N_("Among these, what handles an argument of this load:"))),
                    (1, 0, 0, 2),
                    expand=False,
                )
            )
            parts += self._statements(telling)
        return parts, len(differences) - len(telling)

    def _statements(self, differences: list[Difference]) -> Iterator[RenderableType]:
        """Yield each function's name and its statements in A and B."""
        for function, found in _by_function(differences).items():
            yield _indented(Text(visible(function), "bold"))
            grid = _grid()
            for one in found:
                texts = focused(one.a, one.b) if one.what == "rewritten" else (one.a, one.b)
                for letter, text, step in zip("AB", texts, one.steps, strict=True):
                    if text is not None:
                        grid.add_row(letter, _step(step), Text(one_line(str(text), _LONGEST)))
            yield _indented(grid, 4)

    def _topic(self, topic: str) -> str:
        return self._worded(f"topic:{topic}")

    def _say(self, message: Message, **values: Any) -> str:
        return tr(self._lang, message, **values)

    def _worded(self, key: str, **values: Any) -> str:
        """Return the words for a name that the comparison found, or what it found itself."""
        return self._say(WORDS[key], **values) if key in WORDS else visible(key)


_NAMED: Final = {"parameter-shape", "parameter-dtype", "tensor-from", "tensor-became", "read-by"}


def _sides(sides: tuple[Side, Side]) -> Table:
    grid = _grid()
    for letter, side in zip("AB", sides, strict=True):
        releases = [f"{name} {side.releases[name]}" for name in _RELEASES if name in side.releases]
        grid.add_row(letter, "", Text(visible(side.file), "bold") + Text(f"  {visible(', '.join(releases))}", "dim"))
    return grid


def _indented(part: RenderableType, columns: int = 2) -> Padding:
    return Padding(part, (0, 0, 0, columns), expand=False)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold")
    grid.add_column(justify="right", style="dim")
    grid.add_column(overflow="fold")
    return grid


def _counts(*heads: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    for _ in heads:
        grid.add_column(justify="right")
    grid.add_row("", *(Text(head, "bold") for head in heads))
    return grid


def _grouped(differences: list[Difference]) -> list[_Row]:
    rows: dict[str, _Row] = {}
    for one in differences:
        alike = one.what in _NAMED
        key = f"{one.what} {one.a!r} {one.b!r}" if alike else f"{one.what} {one.subject}"
        rows.setdefault(key, _Row(one, [])).subjects.append(_shown(one.subject))
    return list(rows.values())


def _few_of_each(differences: list[Difference]) -> list[Difference]:
    few = [difference for found in _by_function(differences).values() for difference in found[:_STATEMENTS_EACH]]
    return few[:_STATEMENTS]


def focused(a: str, b: str) -> tuple[str, str]:
    """Reduce two versions of a long statement to their changes, with a few tokens around each."""
    if max(len(a), len(b)) <= _LONG:
        return a, b
    words = _WORDS.findall(a), _WORDS.findall(b)
    shown: tuple[list[str], list[str]] = ([], [])
    matcher = difflib.SequenceMatcher(None, *words, autojunk=False)
    for tag, *ends in matcher.get_opcodes():
        for side, (begin, end) in enumerate((ends[:2], ends[2:])):
            run = words[side][begin:end]
            if tag == "equal" and len(run) > 2 * _CONTEXT:
                run = [*run[:_CONTEXT], " … ", *run[-_CONTEXT:]]
            shown[side].extend(run)
    return "".join(shown[0]), "".join(shown[1])


def _by_function(differences: list[Difference]) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    for one in differences:
        found.setdefault(one.subject, []).append(one)
    return found


def _words(difference: Difference) -> Iterator[str]:
    for text in (difference.a, difference.b):
        if isinstance(text, str):
            yield from re.findall(r"\w+", text)


def _step(step: int | None) -> str:
    return "" if step is None else str(step)


def _shown(value: Any) -> str:
    return one_line(_plain(value), _LONGEST)


def _plain(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        if value.get("is") not in (None, "mapping", "config"):
            return format_json(value)
        return ", ".join(f"{name}: {_plain(item)}" for name, item in value.items() if name != "is") or "{}"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) if value else "[]"
    return str(value)
