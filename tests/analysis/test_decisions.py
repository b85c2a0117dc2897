"""Decisions of toy functions: every kind of statement, every outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.decision_cases import CASES, Case
from tests.data.demo.store import unpack
from tests.recorder.toy import Recorded, Toy, toy
from tracer.analysis.decisions.decision import KINDS, LOOP_ENDS, Decision
from tracer.analysis.decisions.tracker import decisions, may_decide
from tracer.analysis.syntax import SyntaxTrees
from tracer.analysis.value_format import format_summary
from tracer.trace.reading import Trace, open_trace

__all__ = ["toy"]


def record(toy: Toy, code: str) -> Recorded:
    module = toy.module(code)
    with toy.recording() as recorded:
        module.run()
    return recorded


def told(trace: Trace, decision: Decision) -> str:
    parts = [decision.kind, decision.condition, decision.outcome]
    if decision.taken:
        parts.append(decision.taken)
    if decision.value is not None:
        parts.append(f"-> {format_summary(trace, decision.value, 200)}")
    if decision.times is not None:
        parts.append(f"{decision.times} {decision.ended}")
    if decision.skipped is not None:
        parts.append(f"skipped {decision.skipped.first}-{decision.skipped.last}")
    if decision.names:
        parts.append(", ".join(f"{name} = {format_summary(trace, value)}" for name, value in decision.names.items()))
    if decision.absent:
        parts.append(", ".join(f"no {name}" for name in decision.absent))
    return " | ".join(parts)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_decisions_of_a_case(case: Case, toy: Toy) -> None:
    with record(toy, case.code).trace as trace:
        found = list(decisions(trace))
        assert "\n".join(told(trace, decision) for decision in found) == case.decisions.strip()
        for decision in found:
            assert decision.outcome in KINDS[decision.kind]
            assert decision.ended is None or decision.ended in LOOP_ENDS
            step = trace.step(decision.step)
            assert (step.frame, step.line, step.stage) == (decision.frame, decision.line, decision.stage)
            if decision.went is not None:
                assert trace.step(decision.went).frame == decision.frame
                assert decision.went > decision.step


def test_decisions_of_one_frame_or_stage_are_the_same(toy: Toy) -> None:
    recorded = record(toy, next(case.code for case in CASES if case.name == "recursion"))
    with recorded.trace as trace:
        every = list(decisions(trace))
        assert len({decision.frame for decision in every}) == 2
        for frame in {decision.frame for decision in every}:
            assert list(decisions(trace, frame=frame)) == [one for one in every if one.frame == frame]
        for stage in trace.stage_counts():
            assert list(decisions(trace, stages=[stage])) == [one for one in every if one.stage == stage]
        assert not list(decisions(trace, stages=["weights"]))


def test_every_decision_is_made_by_a_statement_that_may_decide(tmp_path: Path) -> None:
    """What the player asks first, so as not to follow a frame at every step."""
    with open_trace(unpack("5.23.0", tmp_path)) as trace:
        sources = SyntaxTrees(trace)
        made = list(decisions(trace))
        assert len(made) > 100
        for one in made:
            step = trace.step(one.step)
            statement = sources.statement(step.source, step.line)
            assert statement is not None
            assert may_decide(statement), one
