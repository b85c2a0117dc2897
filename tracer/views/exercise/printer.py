"""What a learner sees on the terminal: the task, how an attempt went, hints, what is next."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tracer.exercise.attempts import is_answer
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.grader import Grade, GradeReport
from tracer.exercise.runs import RecordedRun
from tracer.exercise.task import Exercise, Prediction, Run
from tracer.i18n import N_, Lang, Message, tr
from tracer.launch.runner import Limits
from tracer.text.markdown import markdown_lines
from tracer.text.sizes import format_size
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import wrapped
from tracer.trace.reasons import localized
from tracer.views.exercise.task_sheet import task_heading
from tracer.views.shell_commands import command, pasteable
from tracer.views.walkthrough.reasons import problem_told
from tracer.walkthrough.applicability import best_traces
from tracer.walkthrough.checker import WalkthroughProblem
from tracer.walkthrough.placeholders import inline_code

_MARKS = {"passed": ("✓", "+", "green"), "failed": ("✗", "x", "red"), "waiting": ("·", ".", "dim")}
_WIDEST = 100  # columns; longer lines are hard to read


class ExercisePrinter:
    """Prints to one console in one language."""

    def __init__(self, console: Console, lang: Lang, here: Path) -> None:
        self.console = console
        self.lang = lang
        self._here = here

    def command(self, name: str, *arguments: str) -> str:
        """Return an exercise command to type."""
        return command("exercise", name, *arguments)

    def path(self, path: Path) -> str:
        """Return a path as a user would type it here."""
        relative = os.path.relpath(path, self._here)
        return str(path) if relative.startswith(os.path.join("..", "..")) else relative

    def say(self, message: Message, style: str = "", **values: object) -> None:
        """A sentence of ours; what it is filled with may be foreign."""
        sentence = tr(self.lang, message, **{name: visible(str(value)) for name, value in values.items()})
        self.plain(pasteable(sentence), style)

    def plain(self, sentence: str, style: str = "", indent: int = 0) -> None:
        for line in wrapped(sentence, self._width - indent):
            self.console.print(Text(" " * indent + line, style), soft_wrap=True)

    def line(self, command: str, indent: int = 2) -> None:
        """A command, whole on its line whatever its length, to be copied."""
        self.console.print(Text(" " * indent + visible(command), "cyan"), soft_wrap=True)

    def markdown(self, text: str, indent: int = 0) -> None:
        for line in markdown_lines(text, self._width - indent):
            self.console.print(Text.assemble(" " * indent, line), soft_wrap=True)

    def gap(self) -> None:
        self.console.print()

    def task(self, exercise: Exercise) -> None:
        """Title and text of an exercise."""
        self.plain(visible(task_heading(exercise, self.lang)), "bold")
        self.gap()
        self.markdown(exercise.text.localized(self.lang))

    def question(self, one: Prediction) -> None:
        """A question, with the answers to choose from."""
        self.markdown(one.ask.localized(self.lang))
        for number, choice in enumerate(one.choices, 1):
            self._hung(Text(f"  {number}. ", "bold"), choice.text.localized(self.lang))

    def answer(self, one: Prediction, given: str) -> None:
        """A question, and an answer to it."""
        self._hung(Text("• "), one.ask.localized(self.lang))
        self.markdown(self._spelled(one, given), 2)

    def hint(self, exercise: Exercise, number: int) -> None:
        """One hint, by its number from 1."""
        self.say(N_("Hint {number} of {count}"), "bold", number=number, count=len(exercise.hints))
        self.markdown(exercise.hints[number - 1].localized(self.lang), 2)

    def grades(self, files: ExerciseFiles, report: GradeReport) -> None:
        """How an attempt went: every check, and the first failing one as a teacher tells it."""
        questions = {one.id: one for one in files.exercise.predictions}
        failed = self._broken(files, report)
        for one in report.grades:
            question = questions.get(one.id)
            if failed:
                self._mark("waiting", self._title(one, question))
            elif question is not None:
                self._predicted(one, question, report)
            elif one.state == "passed":
                self._mark("passed", self._title(one, None))
            else:
                failed = True
                self._mark("failed", self._title(one, None))
                self._failed(one, report)
        wrong = [one for one in report.grades if one.id in questions and one.state != "passed"]
        if wrong and not failed:
            self.gap()
            self.say(
                N_("Think it over, then answer again: {command}"),
                command=self.command("check", files.exercise.id, "--again"),
            )

    def solved(
        self, files: ExerciseFiles, report: GradeReport, following: ExerciseFiles | None, titles: dict[str, str]
    ) -> None:
        """Congratulate, say where it is explained, and what is next."""
        self.gap()
        self.say(
            N_("Solved: {title}. Well done!"), "bold green", title=files.exercise.title.localized(self.lang).strip()
        )
        read = [name for name in files.exercise.read if name in titles]
        best = best_traces(read, [ran.trace for ran in report.runs.values() if ran.trace is not None])
        if best:
            self.gap()
            self.say(N_("What you have just seen is explained here:"))
            for name, trace in best.items():
                self.plain(visible(titles[name]), "dim", 2)
                self.line(command("replay", self.path(trace), "--walkthrough", name), 4)
        self.gap()
        if following is None:
            self.say(N_("That was the last unsolved one. Every exercise is solved."))
        else:
            self.say(N_("Next: {title}"), title=following.exercise.title.localized(self.lang).strip())
            self.line(self.command("start", following.exercise.id))

    def _broken(self, files: ExerciseFiles, report: GradeReport) -> bool:
        """Print how a run failed, unless a check's own case explains it better."""
        name = report.failed_run
        if name is None:
            return False
        first = report.first_failure
        if first is not None and first.state == "failed" and (first.case or first.run != name):
            return False
        self._mark("failed", tr(self.lang, "The run {run} did not end as a load ends", run=f"`{name}`"))
        ran = report.runs[name]
        self.markdown(run_failure_text(files.exercise.runs[name], ran, self.lang), 4)
        if ran.trace is not None and ran.outcome is not None and ran.outcome.step is not None:
            self._step(ran.trace, ran.outcome.step)
        return True

    def _failed(self, one: Grade, report: GradeReport) -> None:
        ran = report.runs.get(one.run)
        if one.feedback is not None:
            self.markdown(one.feedback.localized(self.lang), 4)
        else:
            outcome = ran.outcome if ran is not None else None
            message = None
            if outcome is not None and outcome.message:
                said = outcome.message
                message = one_line(localized(said, self.lang) if outcome.status == "misused" else said, 300)
            sentence = tr(
                self.lang,
                "The recording never reached the place that this is about: {message}",
                message=message or tr(self.lang, "it ended before"),
            )
            self.plain(sentence, indent=4)
        if one.fact:
            fact = problem_told(WalkthroughProblem("", "", "expect", {**one.fact}), self.lang)
            self.markdown(tr(self.lang, "Checked by: {fact}.", fact=fact), 4)
        if ran is not None and ran.trace is not None and one.step is not None:
            self._step(ran.trace, one.step)

    def _predicted(self, one: Grade, question: Prediction, report: GradeReport) -> None:
        self._mark("passed" if one.state == "passed" else "failed", self._title(one, question))
        self.markdown(tr(self.lang, "You said: {given}", given=self._spelled(question, one.given)), 4)
        if one.feedback is None:
            self._failed(one, report)
            return
        verdict = N_("Right.") if one.state == "passed" else N_("The result was different: {found}")
        self.plain(tr(self.lang, verdict, found=one_line(one.found, 200)), "bold", 4)
        self.markdown(one.feedback.localized(self.lang), 4)
        ran = report.runs.get(one.run)
        if one.state != "passed" and ran is not None and ran.trace is not None and one.step is not None:
            self._step(ran.trace, one.step)

    def _spelled(self, question: Prediction, given: str) -> str:
        """Return an answer as its reader knows it, in Markdown: a choice by its text."""
        if question.choices and is_answer(question, given):
            return question.choices[int(given) - 1].text.localized(self.lang).strip()
        return inline_code(one_line(given, 200))

    def _step(self, trace: Path, step: int) -> None:
        self.plain(tr(self.lang, "See that step:"), "dim", 4)
        self.line(command("replay", self.path(trace), "--step", str(step)), 6)

    def _title(self, one: Grade, question: Prediction | None) -> str:
        words = question.ask if question is not None else one.title
        return words.localized(self.lang)

    def _mark(self, state: str, text: str) -> None:
        sign, plain, style = _MARKS[state]
        held = self.console.encoding.lower().startswith("utf")
        self._hung(Text(f"{sign if held else plain} ", style), text, "dim" if state == "waiting" else "")

    def _hung(self, mark: Text, text: str, style: str = "") -> None:
        """Print Markdown with a hanging mark before its first line."""
        for number, line in enumerate(markdown_lines(text, self._width - mark.cell_len)):
            line.stylize_before(style)
            self.console.print(Text.assemble(" " * mark.cell_len if number else mark, line), soft_wrap=True)

    @property
    def _width(self) -> int:
        return min(self.console.width, _WIDEST)


def run_failure_text(run: Run, ran: RecordedRun, lang: Lang) -> str:
    """Return what happened and what to look for, in Markdown."""
    if ran.missing:
        return tr(
            lang,
            "There is no {missing} in your folder to run. Was it moved or renamed?",
            missing=f"`{one_line(ran.missing, 100)}`",
        )
    if ran.limit == "seconds":
        return tr(
            lang,
            "It was still running after {seconds} s and was ended. Look for a loop that never ends, "
            "or for work that is far larger than it has to be. The last step that was recorded shows "
            "where it was.",
            seconds=run.seconds,
        )
    if ran.limit == "output":
        return tr(
            lang,
            "It printed, or made the recording hold, more than {limit}, and was ended. Look for "
            "printing or calling in a loop that goes round far too often.",
            limit=format_size(Limits(run.seconds).bytes),
        )
    if ran.limit == "memory":
        return tr(
            lang,
            "It wanted more than {limit} of memory, and did not get it. Look for sizes that are "
            "far larger than they have to be, or for something that grows in a loop.",
            limit=format_size(Limits(run.seconds).memory),
        )
    if ran.outcome is not None and ran.outcome.signal:
        return tr(
            lang,
            "Its process was killed by {signal}. Python can't report that: it ran out of memory, "
            "native code crashed, or the code sent the signal itself. The last step that was "
            "recorded shows where it was.",
            signal=ran.outcome.signal,
        )
    if ran.outcome is not None and ran.outcome.exit_code is not None:
        return tr(
            lang,
            "The code ended its own process with exit code {code}, in the middle of the load. Look for `sys.exit`, "
            "`os._exit`, `exit` or `quit`: a model's code should raise an error and let the caller decide.",
            code=ran.outcome.exit_code,
        )
    return tr(lang, "Its process ended without a result. The last step that was recorded shows where it was.")
