"""What an exercise holds: a folder with ``task.yaml``, and beside it the files of its start, solution and attempts.

::

    NAME/task.yaml
    NAME/start/…           files laid over the start's fixtures
    NAME/solution/…        files laid over the start
    NAME/wrong/ATTEMPT/…   files laid over the start; each has to fail for its own reason
    NAME/judge/…           scripts of the task that a run can record, in the learner's folder

In a layer, a file ``X.removed`` removes ``X``, ``X.merge`` changes the JSON file ``X``, and ``X.edit`` replaces pieces
of the text ``X``; see :mod:`tracer.exercise.working_folder`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tracer.i18n import N_
from tracer.trace.vocabulary import STAGES
from tracer.walkthrough.format import Anchor, BilingualText, Expectation, FormatError, LoadDescription, in_range


class Run(LoadDescription, frozen=True):
    """Something that is recorded to grade the learner's folder: a load of a model directory in it, or a script.

    Attributes:
        directory: the model directory, relative to the learner's folder.
        script: a script of the task's ``judge/`` to run instead, in the learner's folder.
        statistics: record minimum, maximum and mean of every module's output.
        prompt: the input of the pass.
        seconds: how long it may take.
    """

    directory: str = "model"
    script: str = ""
    statistics: bool = False
    prompt: str | None = None
    seconds: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.seconds <= 600:
            raise FormatError(N_("`seconds` is between 1 and 600"))


class FailureCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to fail a check that deserves a reply of its own. The first case that fits is shown.

    Attributes:
        id: its name in the check.
        say: the teacher's comment, in Markdown; ``{{ path }}`` are recorded values.
        stage: the stage of the anchor's step.
        anchor: a step that must be there for it; then it is the step that is shown. Without it, the check's own.
        when: what values there must be, by path; texts may have ``*``.
        expect: more facts that must hold there.
    """

    id: str
    say: BilingualText
    stage: Literal[STAGES] | None = None  # type: ignore[valid-type]
    anchor: Anchor | list[Anchor] | None = None
    when: dict[str, Any] = {}
    expect: list[Expectation] = []

    @property
    def anchors(self) -> list[Anchor]:
        return _anchors(self.anchor)


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that must hold of what was recorded.

    Attributes:
        id: its name in the task.
        title: what is looked at, as a short line: "The config class is your own".
        failing: what a teacher says where it does not hold, in Markdown: what was expected, what happened, where to
            look. ``{{ path }}`` are recorded values.
        run: which of the task's runs; without it, the first.
        stage: the stage of the anchor's step.
        anchor: where to look; of several, the first that is found. Without it, the end of the run.
        expect: facts that must hold there. Without any, it is enough that the anchor has a step.
        absent: the anchor must have no step at all.
        cases: ways to fail that deserve a reply of their own instead of ``failing``.
        releases: the transformers releases for which it is looked at.
    """

    id: str
    title: BilingualText
    failing: BilingualText
    run: str = ""
    stage: Literal[STAGES] | None = None  # type: ignore[valid-type]
    anchor: Anchor | list[Anchor] | None = None
    expect: list[Expectation] = []
    absent: bool = False
    cases: list[FailureCase] = []
    releases: str = ""

    def __post_init__(self) -> None:
        if self.anchor is None and (self.absent or not self.expect):
            raise FormatError(N_("expected an `anchor`, or facts under `expect`"))
        if self.absent and self.expect:
            raise FormatError(N_("a check has either `absent` or `expect`, not both"))

    @property
    def anchors(self) -> list[Anchor]:
        return _anchors(self.anchor)


def _anchors(given: Anchor | list[Anchor] | None) -> list[Anchor]:
    return given if isinstance(given, list) else [] if given is None else [given]


class AnswerChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to choose; it is right where ``is`` is what was recorded (texts may have ``*``)."""

    text: BilingualText
    is_: Any = msgspec.field(name="is")


class Prediction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that is answered before looking, and judged from the learner's own trace.

    Attributes:
        id: its name in the task.
        ask: the question.
        answer: the path of the recorded value that answers it.
        after: what to say once it is judged, in Markdown with ``{{ path }}``.
        choices: answers to choose from; without them, it is typed: a shape as ``1 35 320``, a name, a number.
        run: which of the task's runs; without it, the first.
        stage: the stage of the anchor's step.
        anchor: where the value is; without it, the end of the run.
    """

    id: str
    ask: BilingualText
    answer: str
    after: BilingualText
    choices: list[AnswerChoice] = []
    run: str = ""
    stage: Literal[STAGES] | None = None  # type: ignore[valid-type]
    anchor: Anchor | list[Anchor] | None = None

    @property
    def anchors(self) -> list[Anchor]:
        return _anchors(self.anchor)


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner's folder begins with, under the files of ``start/``.

    Attributes:
        fixtures: bundled model directories, by the folder they are copied to.
        without: files of them that are left out, as paths in the learner's folder; may have ``*``.
    """

    fixtures: dict[str, str] = {}
    without: list[str] = []


class Wrong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wrong attempt, and the check or prediction that has to be the first to fail on it.

    Attributes:
        fails: id of the check or prediction that is the first to fail, ``CHECK/CASE`` where a case tells it, or ``run``
            where the run itself ends badly (time, output, killed, nothing to run).
        elsewhere: the same for ranges of releases, as ``>=4.50,<5``, on which something else is the first to fail.
        answers: its answers to the predictions; by default the right ones.
        what: what the attempt is, for those who read the task.
        over: what its files are laid over: the ``start``, or the ``solution`` with the one thing that is wrong.
    """

    fails: str
    what: str
    answers: dict[str, str] = {}
    over: Literal["start", "solution"] = "start"
    elsewhere: dict[str, str] = {}

    def fails_on(self, release: str) -> str:
        """Return what is the first to fail on a release."""
        return next((fails for wanted, fails in self.elsewhere.items() if in_range(release, wanted)), self.fails)


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task.

    Attributes:
        id: its name, in lower case with dashes; the name of its folder.
        title: a short line.
        text: the task, in Markdown: what is there, what to do, how to know that it works.
        hints: one after the other, each giving away a little more.
        runs: what is recorded, by name.
        order: its place in the course.
        start: what the learner's folder begins with.
        checks: what must hold, in the order in which a learner should fix it.
        predictions: questions to answer before looking.
        wrong: wrong attempts, by the name of their folder; at least three.
        solution: the right answers of the predictions, where they are typed or chosen by number.
        read: ids of walkthroughs that help.
        releases: the transformers releases that it can be done on.
    """

    id: str
    title: BilingualText
    text: BilingualText
    hints: list[BilingualText]
    runs: dict[str, Run]
    order: int | None = None
    start: Start = Start()
    checks: list[Check] = []
    predictions: list[Prediction] = []
    wrong: dict[str, Wrong] = {}
    solution: dict[str, str] = {}
    read: list[str] = []
    releases: str = ">=4.44"

    def __post_init__(self) -> None:
        if not self.checks and not self.predictions:
            raise FormatError(N_("expected `checks` or `predictions`"))
        if not self.runs:
            raise FormatError(N_("expected at least one run under `runs`"))
        if not self.hints:
            raise FormatError(N_("expected at least one hint under `hints`"))
        ids = [one.id for one in self.checks] + [one.id for one in self.predictions]
        if twice := next((one for one in ids if ids.count(one) > 1), None):
            raise FormatError(N_("two checks or predictions have the id {id!r}"), id=twice)
        judged: list[Check | Prediction] = [*self.checks, *self.predictions]
        for one in judged:
            if one.run and one.run not in self.runs:
                raise FormatError(
                    N_("{id}: there is no run {run!r}; there is: {runs}"), id=one.id, run=one.run, runs=[*self.runs]
                )
        reasons = [*ids, *(f"{check.id}/{case.id}" for check in self.checks for case in check.cases), "run"]
        for name, attempt in self.wrong.items():
            if attempt.fails not in reasons:
                raise FormatError(
                    N_("wrong attempt {name}: there is no check or prediction {id!r}"), name=name, id=attempt.fails
                )

    def run_of(self, one: Check | Prediction) -> str:
        """Return the name of the run that a check or prediction is judged by."""
        return one.run or next(iter(self.runs))
