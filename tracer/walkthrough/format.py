"""What a walkthrough file holds. One YAML file is one :class:`Walkthrough`.

Writers read these docstrings: they are the descriptions in the JSON schema that editors use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from tracer.analysis.decisions.decision import KINDS as DECISIONS
from tracer.analysis.kwargs.hops import END_KINDS
from tracer.i18n import N_, Message, Sentence
from tracer.trace.vocabulary import KINDS, STAGES

SUITS: Final = ("any", "remote-code", "adapter", "vision", "failed")
OUTCOMES: Final = tuple(dict.fromkeys(outcome for outcomes in DECISIONS.values() for outcome in outcomes))


class FormatError(ValueError):
    """Something that holds in no file of ours, beyond the types of its keys.

    Attributes:
        sentence: what is wrong, to be translated; it begins with a lower-case letter and has no full stop.
    """

    def __init__(self, message: Message, /, **values: Any) -> None:
        self.sentence = Sentence(message, **values)
        super().__init__(str(self.sentence))


class BilingualText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same thing said in both languages; a note's text is Markdown.

    ``{{ path }}`` in it stands for a recorded value, see :mod:`tracer.walkthrough.value_paths`.
    """

    en: str
    zh: str

    def __post_init__(self) -> None:
        for name in ("en", "zh"):
            if not getattr(self, name).strip():
                raise FormatError(N_("expected text under `{name}`, and it is empty"), name=name)

    def localized(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place that survives releases: never a line number.

    Attributes:
        function: the end of the function's qualified name, at a dot: ``AutoConfig.from_pretrained``.
        statement: a piece of the statement, spaces as in the source or one for several; of an ``if`` or ``for`` its
            header alone is looked at. Without it, the function's call.
        through: a piece of the last statement that the note explains, in the same function.
        whole: the note explains the whole function.
        event: the function's ``call``, ``return``, ``raise`` or ``unwind`` instead of a statement.
        kind: a step kind; with ``function``, in that function.
        data: what the step's data must hold; texts may have ``*``.
        where: what variables must hold at the step, by path; texts may have ``*``.
        within: the end of the name of a function that must be among the callers.
        occurrence: which of the steps found: 1 the first, 2 the second, -1 the last.
        stage: the stage of its step, where it is another than the note's.
        releases: the transformers releases that this alternative is for, as ``>=5`` or ``>=4.44,<5``.
    """

    function: str = ""
    statement: str = ""
    through: str = ""
    whole: bool = False
    event: Literal["call", "return", "raise", "unwind"] | None = None
    kind: str = ""
    data: dict[str, Any] = {}
    where: dict[str, Any] = {}
    within: str = ""
    occurrence: int = 1
    stage: Literal[STAGES] | None = None  # type: ignore[valid-type]
    releases: str = ""

    def __post_init__(self) -> None:
        if not self.function and not self.kind:
            raise FormatError(N_("expected `function` or `kind` in an anchor"))
        if self.kind and self.kind not in KINDS:
            raise FormatError(
                N_("there is no step kind {kind!r}; the kinds are: {kinds}"), kind=self.kind, kinds=[*KINDS]
            )
        if self.statement and (self.kind or self.event):
            raise FormatError(N_("expected `statement` alone, without `kind` and `event`"))
        if (self.statement or self.through or self.whole or self.event) and not self.function:
            raise FormatError(N_("expected the `function` that `statement`, `through`, `whole` or `event` belongs to"))
        if self.through and not self.statement:
            raise FormatError(N_("expected the `statement` from which `through` goes on"))
        if self.occurrence == 0:
            raise FormatError(N_("`occurrence` counts from 1, or backwards from -1"))


class CoveredCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """More code that a note explains, elsewhere than at its anchor.

    Attributes:
        function: the end of the function's qualified name.
        statement: a piece of the first statement; without it, the whole function.
        through: a piece of the last statement.
        releases: the transformers releases that have it so.
    """

    function: str
    statement: str = ""
    through: str = ""
    releases: str = ""


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"is_": "is"}):
    """A fact that must hold at the note's step, in the loads that the walkthrough names.

    One of ``value``, ``decision``, ``journey``, ``difference`` and ``cause`` says what it is about.

    Attributes:
        value: path of a recorded value, see :mod:`tracer.walkthrough.value_paths`.
        is: what it equals; texts may have ``*``.
        near: a number that it differs from by no more than ``within``.
        within: how far it may be from ``near``.
        type: the end of its type's name.
        shape: a tensor's shape; ``*`` for any size.
        dtype: a tensor's dtype, ``bfloat16``.
        length: how many items or characters it has.
        parameters: how many numbers a module's parameters hold.
        has: keys or items that it has.
        lacks: keys or items that it lacks.
        decision: which way the decision at the step went; an ``if`` that did not hold ends as ``else`` or ``elif``, and
            as ``after`` where it has neither.
        asks: a piece of the decision's condition, where the statement makes several.
        journey: name of a keyword argument of the load.
        end: what became of it.
        where: the end of the name of the class or function where it ended.
        difference: between loads on both lines, what differs; may have ``*``.
        topic: the topic of that difference.
        cause: a cause that the diagnosis of the load finds.
        releases: the transformers releases for which it holds.
    """

    value: str = ""
    is_: Any | UnsetType = UNSET
    near: float | None = None
    within: float = 1e-4
    type: str = ""
    shape: list[int | str] | None = None
    dtype: str = ""
    length: int | None = None
    parameters: int | None = None
    has: list[Any] = []
    lacks: list[Any] = []
    decision: str = ""
    asks: str = ""
    journey: str = ""
    end: str = ""
    where: str = ""
    difference: str = ""
    topic: str = ""
    cause: str = ""
    releases: str = ""

    @property
    def about(self) -> str:
        """Which of the five it is."""
        return next(name for name in _ABOUT if getattr(self, name))

    def __post_init__(self) -> None:
        about = [name for name in _ABOUT if getattr(self, name)]
        if len(about) != 1:
            raise FormatError(
                N_("expected only one of {keys}; there is {given}")
                if about
                else N_("expected one of {keys}; there is none"),
                keys=[*_ABOUT],
                given=about,
            )
        if self.decision and self.decision not in OUTCOMES:
            raise FormatError(
                N_("there is no outcome {outcome!r}; the outcomes are: {outcomes}"),
                outcome=self.decision,
                outcomes=[*OUTCOMES],
            )
        if self.journey and self.end not in END_KINDS:
            raise FormatError(
                N_("there is no end {end!r}; an argument can end as: {ends}"),
                end=self.end,
                ends=[*END_KINDS],
            )
        if self.value and not self._says_something():
            raise FormatError(
                N_("expected what holds of `{value}`: is, type, shape, dtype, length, has, lacks…"), value=self.value
            )
        strangers = [name for name in _KEYS if name not in _KEYS_OF[about[0]] and self._given(name)]
        if strangers:
            raise FormatError(N_("`{key}` says nothing about a `{thing}`"), key=strangers[0], thing=about[0])

    def _says_something(self) -> bool:
        return any(self._given(name) for name in _KEYS_OF["value"])

    def _given(self, name: str) -> bool:
        value = getattr(self, name)
        if name == "is_":
            return value is not UNSET  # None is a value to expect
        return value is not None and value not in ("", [])


_ABOUT: Final = ("value", "decision", "journey", "difference", "cause")
_KEYS_OF: Final = {
    "value": ("is_", "near", "type", "shape", "dtype", "length", "parameters", "has", "lacks"),
    "decision": ("asks",),
    "journey": ("end", "where"),
    "difference": ("topic",),
    "cause": (),
}
_KEYS: Final = tuple(name for names in _KEYS_OF.values() for name in names)


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to choose, with the reply to a reader who chooses it."""

    text: BilingualText
    because: BilingualText
    right: bool = False


class NoteQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question with answers to choose from; at least one is right."""

    ask: BilingualText
    answers: list[Answer]

    def __post_init__(self) -> None:
        if len(self.answers) < 2 or not any(answer.right for answer in self.answers):
            raise FormatError(N_("expected at least two answers, one of them with `right: true`"))
        if len(self.answers) > 9:
            raise FormatError(N_("expected at most nine answers, one for each number key"))


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing explained at one step.

    Attributes:
        id: its name in the file, in lower case with dashes.
        stage: the stage of its step.
        anchor: where its step is; of several, the first that fits the release and is found.
        title: a short line.
        text: the explanation, in Markdown.
        load: which of the walkthrough's loads it is checked against; without it, the first.
        expect: facts that must hold at its step.
        covers: more code that it explains.
        question: one for the reader.
        links: other notes: ``note-id`` of this file, ``walkthrough-id`` or ``walkthrough-id/note-id``.
        releases: the transformers releases it is for, where those are fewer than the walkthrough's.
        unchecked: the releases whose code is otherwise than the text says, or may be. There a reader is told so and
            reads the note as an example, and nothing that it says is checked.
    """

    id: str
    stage: Literal[STAGES]  # type: ignore[valid-type]
    anchor: Anchor | list[Anchor]
    title: BilingualText
    text: BilingualText
    load: str = ""
    expect: list[Expectation] = []
    covers: list[CoveredCode] = []
    question: NoteQuestion | None = None
    links: list[str] = []
    releases: str = ""
    unchecked: str = ""

    @property
    def anchors(self) -> list[Anchor]:
        return self.anchor if isinstance(self.anchor, list) else [self.anchor]

    def is_checked_on(self, release: str) -> bool:
        """Return whether what it says is checked on a release."""
        return not (self.unchecked and in_range(release, self.unchecked))


class LoadDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a model directory is loaded.

    Attributes:
        kwargs: keyword arguments of ``from_pretrained``, beside ``trust_remote_code``.
        dtype: passed as ``torch_dtype`` or ``dtype``; null leaves it out.
        auto_class: the auto class to load with.
        tokenizer: load the tokenizer first.
        forward: run a pass after the load.
        generate: how many tokens to generate after it.
        trust: whether remote code is allowed.
    """

    kwargs: dict[str, Any] = {}
    dtype: str | None = None
    auto_class: str | None = None
    tokenizer: bool = False
    forward: bool = False
    generate: int = 0
    trust: bool = True

    def __post_init__(self) -> None:
        if "trust_remote_code" in self.kwargs:
            raise FormatError(N_("expected no `trust_remote_code` under `kwargs`; write it under `trust`"))


class Load(LoadDescription, frozen=True):
    """A load that notes are checked against. What is left out is as ``glm-trace demo`` has it.

    Attributes:
        fixture: a bundled model directory.
        operators: record each operator of the pass.
        peft: a LoRA configuration to put into the model.
    """

    kwargs: dict[str, Any] = msgspec.field(default_factory=lambda: {"empty_init": False, "use_cache": False})
    dtype: str | None = "bfloat16"
    tokenizer: bool = True
    forward: bool = True
    generate: int = 8
    fixture: str = "glm-4v-tiny"
    operators: bool = False
    peft: dict[str, Any] | None = None


class Walkthrough(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notes in reading order about one part of a load.

    Attributes:
        id: its name, in lower case with dashes.
        order: its place in the course; a walkthrough of your own can leave it out.
        title: a short line.
        summary: what the reader will know at its end.
        notes: at least one.
        prerequisites: ids of walkthroughs to read before.
        suits: the kind of load it is about.
        releases: the transformers releases it holds for.
        loads: the loads that it is checked against, by name; without them, that of ``glm-trace demo``.
    """

    id: str
    title: BilingualText
    summary: BilingualText
    notes: list[Note]
    order: int | None = None
    prerequisites: list[str] = []
    suits: Literal[SUITS] = "any"  # type: ignore[valid-type]
    releases: str = ">=4.44"
    loads: dict[str, Load] = msgspec.field(default_factory=lambda: {"demo": Load()})

    def __post_init__(self) -> None:
        if not self.notes:
            raise FormatError(N_("expected at least one note under `notes`"))
        if not self.loads:
            raise FormatError(N_("expected at least one load under `loads`, or no `loads` at all"))

    def load_of(self, note: Note) -> str:
        """Return the name of the load that a note is checked against."""
        return note.load or next(iter(self.loads))


@lru_cache(maxsize=256)
def in_range(release: str, wanted: str) -> bool:
    """Return whether a release is one of those wanted; an empty range is every release.

    Raises:
        ValueError: ``wanted`` isn't a range.
    """
    try:
        specifiers = SpecifierSet(wanted)
    except InvalidSpecifier:
        raise FormatError(
            N_("{wanted!r} is not a range of releases; write it like '>=4.44,<5'"), wanted=wanted
        ) from None
    try:
        return specifiers.contains(Version(release), prereleases=True)
    except InvalidVersion:
        return not wanted
