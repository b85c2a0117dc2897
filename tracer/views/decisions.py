"""Decisions as ``decisions`` prints them: the explanation of a load, or every decision on a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.decisions.explanation import ExplainedDecision
from tracer.analysis.decisions.model import Decision
from tracer.analysis.value_format import format_summary
from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.reading import Trace
from tracer.trace.values import Sequence
from tracer.trace.values import Text as TextValue
from tracer.views.decisions_words import WORDS
from tracer.views.phrases import stage_name

_CONDITION: Final = 200  # characters of a condition, at most
_VALUE: Final = 44
_NAMES: Final = 6
_TEXT: Final = 46  # characters of a skipped line
_NOT_TAKEN: Final = {"after": "no", "else": "no-else", "elif": "no-elif"}
_MARKS: Final = {"then": "green", "case": "green", "entered": "green", "except": "yellow", "not-caught": "red"}


def explanation_report(trace: Trace, explained: list[ExplainedDecision], count: int, lang: Lang) -> RenderableType:
    """Return the decisions that explain the load, stage by stage; ``count`` is how many there are in all."""
    if not explained:
        return Text(tr(lang, WORDS["no-explanation" if count else _none(trace)], all=count))
    title = NP_("{count} of {all} decision explain this load", "{count} of {all} decisions explain this load", by="all")
    head = Text(tr(lang, title, count=len(explained), all=f"{count:,}"), "dim")
    return Group(head, *(_stage(trace, stage, group, lang) for stage, group in _by_stage(explained)))


def all_decisions(trace: Trace, decisions: list[Decision], lang: Lang) -> Iterator[Text]:
    """Yield every decision on a line of its own, or one sentence if there are none."""
    if not decisions:
        yield Text(tr(lang, WORDS[_none(trace)]))
    yield from decision_lines(trace, decisions, lang)


def decision_lines(trace: Trace, decisions: Iterable[Decision], lang: Lang) -> Iterator[Text]:
    """Yield lines of step, stage, function and line, the condition, its outcome, and the values in it."""
    width = len(str(max(len(trace) - 1, 0)))
    for decision in decisions:
        text = Text(f"{decision.step:>{width}} ", "dim", no_wrap=True, overflow="ignore")
        text.append(f"{visible(decision.stage):<13} ", "cyan")
        text.append(f"{_where(decision)} ", "dim")
        text.append(asked_text(decision))
        text.append(" ")
        text.append_text(outcome_text(trace, decision, lang))
        if details := ", ".join(value_texts(trace, decision, lang)):
            text.append(f"  ({details})", "yellow")
        yield text


def _none(trace: Trace) -> str:
    return "none-without-lines" if not any(True for _ in trace.steps(kinds=["line"])) else "none"


def _by_stage(explained: list[ExplainedDecision]) -> Iterator[tuple[str, list[ExplainedDecision]]]:
    """Group neighbours of the same stage; a stage that comes again gets its heading again."""
    group: list[ExplainedDecision] = []
    for decision in explained:
        if group and group[0].decision.stage != decision.decision.stage:
            yield group[0].decision.stage, group
            group = []
        group.append(decision)
    if group:
        yield group[0].decision.stage, group


def _stage(trace: Trace, stage: str, explained: list[ExplainedDecision], lang: Lang) -> RenderableType:
    title = Text.assemble((stage_name(stage, lang), "bold cyan"), (f"  {visible(stage)}", "dim"))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for decision in explained:
        grid.add_row(str(decision.decision.step), _explained(trace, decision, lang))
    return Padding(Group(title, grid), (1, 0, 0, 0), expand=False)


def _explained(trace: Trace, one: ExplainedDecision, lang: Lang) -> Text:
    decision = one.decision
    lines = [headline(trace, one, lang)]
    asked = Text(f"{asked_text(decision)} ")
    asked.append_text(outcome_text(trace, decision, lang))
    lines.append(asked)
    if values := value_texts(trace, decision, lang):
        lines.append(Text(", ".join(values), "yellow"))
    details = [_where(decision)]
    if one.times > 1:
        details.append(tr(lang, "×{times}", times=one.times))
    lines.append(Text(" · ".join(details), "dim"))
    if decision.skipped is not None:
        lines.append(Text(_skipped(decision, lang), "dim"))
    return Text("\n").join(lines)


def headline(trace: Trace, one: ExplainedDecision, lang: Lang) -> Text:
    """Return what an explained decision means for the load, as one sentence; empty if only its code shows it."""
    key = f"means:{one.means}"
    text = Text()
    if key in WORDS:
        text.append(one_line(tr(lang, WORDS[key], **_placeholders(trace, one)), _CONDITION), "bold")
    if one.why != "turning-point":
        text.append((" — " if lang == "en" else "——") if text else "")
        text.append(tr(lang, WORDS[one.why]), "bold red" if one.why == "failure" else "bold")
    return text


def _placeholders(trace: Trace, one: ExplainedDecision) -> dict[str, Any]:
    """Return the values for a sentence: texts without quotes, lists without brackets."""
    values: dict[str, Any] = {"times": one.decision.times}
    for name, value in {**one.values, **one.decision.names}.items():
        parts = [trace.value(item) for item in value.items] if isinstance(value, Sequence) else [value]
        values[name] = ", ".join(
            part.value if isinstance(part, TextValue) else format_summary(trace, part, _VALUE)
            for part in parts[:_NAMES]
        )
    return values


def asked_text(decision: Decision) -> str:
    """Return the condition after its keyword."""
    condition = one_line(decision.condition, _CONDITION)
    if decision.kind in ("if", "elif", "match"):
        return f"{decision.kind} {condition}"
    return f"… if {condition} else …" if decision.kind == "conditional" else condition


def outcome_text(trace: Trace, decision: Decision, lang: Lang) -> Text:
    """Return the outcome of a decision."""
    return Text(f"→ {'; '.join(_ways(trace, decision, lang))}", _MARKS.get(decision.outcome, "blue"))


def _ways(trace: Trace, decision: Decision, lang: Lang) -> Iterator[str]:
    outcome = decision.outcome
    if outcome == "then":
        yield tr(lang, WORDS["yes"])
    elif outcome in _NOT_TAKEN:
        yield tr(lang, WORDS["no" if decision.kind == "conditional" else _NOT_TAKEN[outcome]])
    elif outcome in ("entered", "not-entered"):
        yield _rounds(decision, lang)
        if f"end:{decision.ended}" in WORDS:
            yield tr(lang, WORDS[f"end:{decision.ended}"])
    elif outcome in WORDS:
        yield visible(tr(lang, WORDS[outcome], taken=decision.taken))
    else:
        yield visible(outcome)
    if decision.value is not None:
        yield visible(format_summary(trace, decision.value))


def _rounds(decision: Decision, lang: Lang) -> str:
    if decision.outcome == "not-entered":
        return tr(lang, WORDS["rounds-none"])
    if decision.times is None:
        return tr(lang, WORDS["rounds-unknown"])
    return tr(lang, N_("once") if decision.times == 1 else N_("{times} times"), times=f"{decision.times:,}")


def value_texts(trace: Trace, decision: Decision, lang: Lang) -> list[str]:
    """Return the values in the condition, each as ``name = value``."""
    shown = [
        f"{visible(name)} = {visible(format_summary(trace, value, _VALUE))}" for name, value in decision.names.items()
    ]
    shown += [tr(lang, "no {name}", name=visible(name)) for name in decision.absent]
    return [*shown[:_NAMES], "…"] if len(shown) > _NAMES else shown


def _where(decision: Decision) -> str:
    return f"{visible(decision.function)}:{decision.line}"


def _skipped(decision: Decision, lang: Lang) -> str:
    skipped = decision.skipped
    assert skipped is not None
    values = {"first": skipped.first, "last": skipped.last, "text": one_line(skipped.text, _TEXT)}
    return tr(
        lang,
        N_("skipped {first}: {text}") if skipped.first == skipped.last else N_("skipped {first}–{last}: {text}"),
        **values,
    )
