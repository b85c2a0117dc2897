"""Grading what was recorded: every check and prediction against the traces of its run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Final

import msgspec

from tracer.exercise.runs import RecordedRun
from tracer.exercise.task import Check, Exercise, FailureCase, Prediction
from tracer.trace.reading import Trace, open_trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.expectations import UnmetExpectation, unmet_expectations
from tracer.walkthrough.format import Anchor, BilingualText, Expectation, Note, in_range
from tracer.walkthrough.placeholders import fill_placeholders, format_found
from tracer.walkthrough.value_paths import StepScope, matches_value, simplified, to_plain

_NOWHERE: Final = BilingualText("-", "-")
_NUMBER: Final = re.compile(r"\d+")


class Grade(msgspec.Struct, frozen=True):
    """What became of one check or prediction.

    Attributes:
        id: of the check or prediction.
        title: what was looked at.
        state: ``passed``, ``failed``, or ``not-seen`` where its run never came that far or did not run at all.
        run: the name of its run.
        said: the teacher's comment, filled with the recorded values; Markdown in both languages.
        step: the step that shows it, in that run's trace.
        wanted: what was expected of it, where a fact did not hold.
        found: what there is instead.
        given: the learner's answer to a prediction.
        case: of the check's case that tells it, if one does.
        fact: the claim that did not hold, its subject, what was expected, what there is, in no language; what
            :func:`tracer.views.walkthrough.reasons.problem_told` makes a sentence of.
    """

    id: str
    title: BilingualText
    state: str
    run: str
    feedback: BilingualText | None = None
    step: int | None = None
    wanted: str = ""
    found: str = ""
    given: str = ""
    case: str = ""
    fact: dict[str, str] = {}

    @property
    def reason(self) -> str:
        """The check and its case, as a wrong attempt names it."""
        return f"{self.id}/{self.case}" if self.case else self.id


class GradeReport(msgspec.Struct, frozen=True):
    """All verdicts, and how the runs went."""

    runs: dict[str, RecordedRun]
    grades: list[Grade]

    @property
    def passed(self) -> bool:
        return all(one.state == "passed" for one in self.grades)

    @property
    def failed_run(self) -> str | None:
        """The first run that was ended by a limit, ended its own process, or had nothing to run."""
        for name, ran in self.runs.items():
            if ran.limit or ran.missing or (ran.outcome is not None and ran.outcome.status in ("killed", "unfinished")):
                return name
        return None

    @property
    def first_failure(self) -> Grade | None:
        return next((one for one in self.grades if one.state != "passed"), None)


def grade(exercise: Exercise, ran: Mapping[str, RecordedRun], answers: Mapping[str, str] | None = None) -> GradeReport:
    """Judge the runs of an exercise.

    Args:
        exercise: the task.
        ran: its runs.
        answers: what was answered to its predictions, by their ids.

    Raises:
        NotATrace: a trace can't be read.
    """
    with ExitStack() as stack:
        binders: dict[str, Binder] = {}
        for name, one in ran.items():
            if one.trace is not None:
                binders[name] = Binder(stack.enter_context(open_trace(one.trace)))
        verdicts = list(_checked(exercise, binders))
        verdicts += [_predicted(exercise, one, binders, answers or {}) for one in exercise.predictions]
    return GradeReport(dict(ran), verdicts)


def _checked(exercise: Exercise, binders: Mapping[str, Binder]) -> Iterator[Grade]:
    for check in exercise.checks:
        run = exercise.run_of(check)
        binder = binders.get(run)
        if binder is None or len(binder.trace) == 0:
            yield Grade(check.id, check.title, "not-seen", run)
        elif in_range(binder.release, check.releases):
            yield _look(check, run, binder)


def _look(check: Check, run: str, binder: Binder) -> Grade:
    step = _step(check.anchors, check.stage, binder)
    if check.absent:
        return Grade(check.id, check.title, "passed", run) if step is None else _failed(check, run, binder, step)
    if step is None:
        return _failed(check, run, binder, _end(binder.trace))
    wrong = unmet_expectations(binder, _bound(check.expect, step))
    if not wrong:
        return Grade(check.id, check.title, "passed", run, step=step)
    return _failed(check, run, binder, step, wrong[0])


def _failed(check: Check, run: str, binder: Binder, step: int, wrong: UnmetExpectation | None = None) -> Grade:
    """Return a failed grade with the feedback of the first case that fits, else the check's own."""
    said, case = check.failing, ""
    for one in check.cases:
        at = _step(one.anchors, one.stage, binder) if one.anchors else step
        if at is not None and _fits(one, binder, at):
            said, case, step = one.say, one.id, at
            break
    verdict = Grade(check.id, check.title, "failed", run, _said(said, binder, step), step, case=case)
    if wrong is None:
        return verdict
    fact = {"claim": wrong.claim, "subject": wrong.subject, "asked": wrong.asked, "there": wrong.there}
    return msgspec.structs.replace(verdict, wanted=wrong.wanted, found=wrong.found, fact=fact)


def _fits(case: FailureCase, binder: Binder, step: int) -> bool:
    place = StepScope(binder.trace, step, binder.variables)
    holds = all(matches_value(to_plain(binder.trace, place.value(path)), wanted) for path, wanted in case.when.items())
    return holds and not unmet_expectations(binder, _bound(case.expect, step))


def _bound(expect: list[Expectation], step: int) -> BoundNote:
    anchor = Anchor(kind="call")
    return BoundNote(Note("-", "config", anchor, _NOWHERE, _NOWHERE, expect=expect), step, anchor)


def _step(anchors: list[Anchor], stage: str | None, binder: Binder) -> int | None:
    """Return the first step that an anchor finds; without anchors the end of the run."""
    if not anchors:
        return _end(binder.trace)
    for anchor in anchors:
        if in_range(binder.release, anchor.releases):
            step = binder.step(anchor, anchor.stage or stage)
            if step is not None:
                return step
    return None


def _end(trace: Trace) -> int:
    """Return the step at which a run ended: where it failed, or its last."""
    step = trace.outcome.step
    return step if step is not None and 0 <= step < len(trace) else len(trace) - 1


def _said(words: BilingualText, binder: Binder, step: int) -> BilingualText:
    place = StepScope(binder.trace, step, binder.variables)
    return BilingualText(fill_placeholders(words.en, place), fill_placeholders(words.zh, place))


def _predicted(exercise: Exercise, one: Prediction, binders: Mapping[str, Binder], answers: Mapping[str, str]) -> Grade:
    run = exercise.run_of(one)
    binder = binders.get(run)
    step = None if binder is None or not len(binder.trace) else _step(one.anchors, one.stage, binder)
    given = answers.get(one.id, "")
    if binder is None or step is None:
        return Grade(one.id, one.ask, "not-seen", run, given=given)
    place = StepScope(binder.trace, step, binder.variables)
    found = place.value(one.answer)
    if found is None:
        return Grade(one.id, one.ask, "not-seen", run, step=step, given=given)
    truth = to_plain(binder.trace, found)
    right = _is_right(one, given, truth)
    said = _said(one.after, binder, step)
    state = "passed" if right else "failed"
    return Grade(one.id, one.ask, state, run, said, step, found=format_found(binder.trace, found), given=given)


def _is_right(one: Prediction, given: str, truth: Any) -> bool:
    given = given.strip()
    if one.choices:
        return (
            given.isdigit()
            and 1 <= int(given) <= len(one.choices)
            and matches_value(truth, one.choices[int(given) - 1].is_)
        )
    return bool(given) and same_answer(given, simplified(truth))


def same_answer(given: str, truth: Any) -> bool:
    """Return whether what was typed means a recorded value: a shape by its numbers, anything else by its text."""
    if isinstance(truth, list) and all(isinstance(size, int) for size in truth):
        return [int(number) for number in _NUMBER.findall(given)] == truth
    if isinstance(truth, bool) or truth is None:
        return given.lower() == str(truth).lower()
    if isinstance(truth, (int, float)):
        try:
            return float(given.replace(",", "").replace("_", "")) == float(truth)
        except ValueError:
            return False
    plain = given.strip("`'\" ")
    text = str(truth)
    return plain == text or (plain != "" and plain == text.rpartition(".")[2])
