"""Traces of real loads are consistent: every reference is valid, frames begin and end, and changes follow from each
other."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

from tests.conftest import FIXTURES
from tests.support.loads import MAIN_CALL, Loads
from tests.trace.made import read_everything
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Items, Unbound
from tracer.trace.values import Config, Mapping, Sequence
from tracer.trace.vocabulary import EVENTS, KINDS, STAGES

LOADS: dict[str, dict[str, Any]] = {
    "glm-4v-tiny": {"kwargs": MAIN_CALL},
    "bert-tiny": {},
    "distilbert-without-model-type": {},
    **{f"broken/{path.name}": {} for path in sorted((FIXTURES / "broken").iterdir()) if path.is_dir()},
}


EVERYDAY = {"glm-4v-tiny", "bert-tiny", "broken/misspelt-class", "broken/kills-itself"}


@pytest.fixture(params=[pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in LOADS])
def trace(request: pytest.FixtureRequest, loads: Loads) -> Trace:
    return loads.trace(FIXTURES / request.param, **LOADS[request.param])


def test_a_trace_is_consistent(trace: Trace) -> None:
    read_everything(trace)
    assert not {name: why for name, why in trace.meta.skipped.items() if name.split(" ")[0] in ("stepping", "probe")}
    times = [step.time for step in trace.steps()]
    assert times == sorted(times)
    for step in trace.steps():
        assert step.stage in STAGES
        assert step.kind in KINDS
        assert step.event is None or step.event in EVENTS
        assert str(step.thread) in trace.meta.threads
        if step.source is not None and step.line is not None:
            assert 1 <= step.line <= len(trace.source(step.source).text.splitlines())
    assert all_values_are_there(trace)


def all_values_are_there(trace: Trace) -> bool:
    """Check every value that a step refers to, and the values inside."""
    ahead = {step.value for step in trace.steps() if step.value is not None}
    for step in trace.steps():
        for change in step.changes:
            if isinstance(change, Bound):
                ahead.add(change.value)
            elif isinstance(change, Items):
                ahead |= {*change.added.values(), *change.changed.values()}
    seen: set[int] = set()
    while ahead:
        number = ahead.pop()
        seen.add(number)
        value = trace.value(number)
        inside: list[int] = []
        if isinstance(value, (Mapping, Config)):
            inside = [item for _, item in value.items]
        elif isinstance(value, Sequence):
            inside = list(value.items)
        assert all(item < number for item in inside), "a value holds one that came later"
        ahead |= set(inside) - seen
    return True


def test_frames_begin_and_end(trace: Trace) -> None:
    died = trace.outcome.status == "killed"
    steps: dict[int, list[Any]] = {}
    assert next(iter(trace.frames()), None) is not None
    for step in trace.steps():
        if step.frame is not None and step.event is not None:
            steps.setdefault(step.frame, []).append(step)
    for frame in trace.frames():
        own = steps[frame.number]
        assert own[0].event == "call"
        ends = [step for step in own if step.event in ("return", "unwind")]
        assert ends == own[-1:] or (died and not ends), frame
        if frame.parent is not None:
            parent = trace.frame(frame.parent)
            assert parent.depth == frame.depth - 1
            assert steps[frame.parent][0].number < own[0].number
            if ends and not died:
                assert own[-1].number < steps[frame.parent][-1].number


def test_changes_follow_from_each_other(trace: Trace) -> None:
    """No missing variable is deleted, and no key is added twice."""
    variables: dict[int, dict[str, int]] = {}
    keys: dict[tuple[int, str], set[str]] = {}
    assert any(step.changes for step in trace.steps())
    for step in trace.steps():
        if step.frame is None:
            assert step.changes == []
            continue
        known = variables.setdefault(step.frame, {})
        for change in step.changes:
            place = (step.frame, change.name)
            if isinstance(change, Bound):
                known[change.name] = change.value
                value = trace.value(change.value)
                keys[place] = {key for key, _ in value.items} if isinstance(value, (Mapping, Config)) else set()
            elif isinstance(change, Unbound):
                del known[change.name]
            else:
                assert change.name in known
                assert not keys[place] & change.added.keys()
                assert keys[place] >= {*change.changed, *change.removed}
                keys[place] = (keys[place] | change.added.keys()) - set(change.removed)
