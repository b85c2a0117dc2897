"""The decisions tab: those that explain the load, or all of the current function."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual.reactive import reactive

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.tracker import decisions
from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.reading import Trace
from tracer.tui.player_state import PlayerState
from tracer.tui.tabs.table_tab import NOTHING, Row, TableTab
from tracer.views.decisions import asked_text, headline, outcome_text, value_texts
from tracer.views.stages import stage_name

_LIMIT = 70  # characters of a condition
_VALUES = 3


class DecisionsTab(TableTab):
    """``everything`` lists all decisions of the current function instead of those that explain the load."""

    hints = "decisions"
    heads = ("means", "condition", "outcome", "values", "function", "stage")
    everything: reactive[bool] = reactive(False, repaint=False)

    @property
    def empty(self) -> str:  # type: ignore[override]
        return N_("This function decided nothing here.") if self.everything else NOTHING

    def watch_everything(self) -> None:
        self.follow()

    def scope(self, state: PlayerState) -> Hashable:
        if not self.everything:
            return None
        frame = state.frame()
        return -1 if frame is None else frame.number

    def head(self, key: str) -> str:
        """Return the head of a column; that of the first says which decisions are listed."""
        if key != self.heads[0]:
            return super().head(key)
        listed = (
            NP_(
                "the only decision of this function · {key}: those of the load",
                "all {count} decisions of this function · {key}: those of the load",
            )
            if self.everything
            else NP_(
                "the decision that explains the load · {key}: all of this function",
                "{count} decisions that explain the load · {key}: all of this function",
            )
        )
        return tr(self.lang, listed, count=len(self._rows), key=self._state.keymap.key("everything"))

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        if isinstance(scope, int):
            found = [(Text(""), one) for one in decisions(trace, frame=scope)] if scope >= 0 else []
        else:
            found = [(headline(trace, one, lang), one.decision) for one in self._state.explained(trace)]
        return [_row(trace, text, decision, lang) for text, decision in found]


def _row(trace: Trace, means: Text, decision: Decision, lang: Lang) -> Row:
    asked = Text(one_line(asked_text(decision), _LIMIT), "" if means else "bold")
    values = ", ".join(value_texts(trace, decision, lang)[:_VALUES])
    return Row(
        decision.step,
        (
            means or asked,
            asked if means else Text(""),
            outcome_text(trace, decision, lang),
            Text(values),
            visible(decision.function),
            stage_name(decision.stage, lang),
        ),
    )
