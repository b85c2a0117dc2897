"""The decisions that explain the load, and those of the function the cursor is in."""

from __future__ import annotations

from rich.text import Text

from tracer.export.phrases import Lang, stage_name
from tracer.replay.decisions import decisions
from tracer.replay.explanation import explanation
from tracer.replay.plain import short_value
from tracer.trace.reading import Trace
from tracer.trace.values import Value
from tracer.trace.visible import one_line, visible
from tracer.tui.playing import Playing
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.tui.words import say


class DecisionsTab(TableTab):
    heads = ("column:stage", "column:condition", "column:outcome", "column:values", "column:function")

    def table_rows(self, playing: Playing, lang: Lang) -> list[Row]:
        trace = playing.trace
        told = explanation(trace, list(decisions(trace)))
        rows: list[Row] = []
        for one in sorted(told, key=lambda one: one.decision.step):
            decision = one.decision
            values = ", ".join(f"{name}={_short(trace, value)}" for name, value in list(decision.names.items())[:3])
            outcome = {"raised": "raised-here", "returned": "returned-here"}.get(decision.outcome, decision.outcome)
            if outcome == "entered" and decision.times is None:
                outcome = "entered-some"
            rows.append(
                (
                    decision.step,
                    (
                        stage_name(decision.stage, lang),
                        Text(one_line(f"{decision.kind} {decision.condition}", 90)),
                        Text(say(lang, outcome, times=decision.times), "bold"),
                        Text(visible(values)),
                        visible(decision.function),
                    ),
                )
            )
        return rows


def _short(trace: Trace, value: Value) -> str:
    return one_line(short_value(trace, value, 30), 30)
