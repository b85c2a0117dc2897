"""Time travel: the variables shown for a step's frames are what they really were."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analysis.live_locals import Copy, copies, held, told
from tests.recorder.stepping_cases import CASES
from tests.recorder.toy import Recorded, Toy, toy
from tests.support.loads import MAIN_CALL, Loads
from tests.trace.made import encode, frame_record_of, raw_value_record, sealed, source_record, step, step_record
from tracer.analysis import locals as variables
from tracer.analysis.locals import FrameState, LocalsHistory, locals_after, state_at
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound, Change, Items, Unbound
from tracer.trace.values import Config, Mapping, Plain, Text

__all__ = ["toy"]


def recorded_with_copies(toy: Toy, code: str) -> tuple[Recorded, dict[int, list[Copy]]]:
    module = toy.module(code)
    with copies() as taken, toy.recording() as recorded, contextlib.suppress(BaseException):  # as a case has it
        module.run()
    return recorded, taken


def check(recorded: Recorded, taken: dict[int, list[Copy]]) -> int:
    """Compare every state of every step with the copies; return how many were compared."""
    compared = 0
    with recorded.trace as trace:
        kept = LocalsHistory(trace)
        assert set(taken) == set(range(len(trace)))
        for number in range(len(trace)):
            states = kept.at(number)
            for depth, state in enumerate(states):
                assert (state.step == number) == (depth == 0)
                assert told(trace, state) == taken[state.step][0], f"step {number}, depth {depth}"
                assert {
                    name: locals_after(trace, state.frame.number, state.step).local(name) for name in state.variables
                } == state.variables
                compared += 1
    return compared


def test_a_path_follows_what_changed_in_place(toy: Toy) -> None:
    code = """
        def cached_file(d):
            d["inner"] = {"a": [1, 2]}
            del d["old"]
        def run():
            cached_file({"old": 1, "kept": "k"})
        """
    recorded, _ = recorded_with_copies(toy, code)
    with recorded.trace as trace:
        last = len(trace) - 1
        frame = trace.step(last).frame
        assert frame is not None
        state = locals_after(trace, frame, last)
        assert state.value(("d", "kept")) == Text("k")
        assert state.value(("d", "inner", "a", 1)) == Plain(2)
        assert state.value(("d", "old")) is None
        assert state.value(("nothing",)) is None
        assert [state.holds_key("d", key) for key in ("inner", "old")] == [True, False]
        assert state.holds_key("nothing", "old") is None
        assert list(state.pairs("d")) == ["kept", "inner"]


# ── Against what was live ──────────────────────────────────────────────────────────────────────────

SCALARS = st.sampled_from(["0", "1", "'x'", "None", "(1, [2])"])
KEYS = st.sampled_from(["'a'", "'b'", "'c'", "1"])
VALUES = st.one_of(SCALARS, st.sampled_from(["{}", "[0]", "{'deep': [1]}"]))


@st.composite
def statements(draw: st.DrawFn, calls: tuple[str, ...], indent: int = 1) -> list[str]:
    """Draw a function's body; ``d`` is a dictionary that a caller has as well, ``e`` its own."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        table, key, value = draw(st.sampled_from("de")), draw(KEYS), draw(VALUES)
        block = draw(
            st.sampled_from(
                [
                    [f"x = {value}"],
                    [f"y = {table}"],
                    ["x = 1", "del x"],
                    [f"{table} = dict({table})"],
                    ["e = {'b': 1, 'a': [2]}"],
                    [f"{table}[{key}] = {value}"],
                    [f"{table}.pop({key}, None)"],
                    [f"{table}.update(a={value}, z={value})"],
                    [f"{table}.clear()"],
                    [f"{table}.setdefault('inner', []).append({value})"],
                    [
                        f"for i in range({draw(st.integers(0, 3))}):",
                        f"    {table}[i] = (n, [i])",
                        "    e.pop(i - 1, None)",
                    ],
                    ["try:", f"    x = {table}[{key}]", "except KeyError:", "    x = 'no'"],
                    [f"if {key} in {table}:", f"    return {table}"],
                    *[[f"x = {name}({table}, n - 1)"] for name in calls],
                ]
            )
        )
        lines.extend(f"{'    ' * indent}{line}" for line in block)
    return lines


@st.composite
def programs(draw: st.DrawFn) -> str:
    names = ("cached_file", "cached_files", "extract_commit_hash")
    lines: list[str] = []
    for name in names:
        lines += [f"def {name}(d, n):", "    if n < 0:", "        return d", "    e, x = {}, {}"]
        lines += draw(statements(names))
    return "\n".join([*lines, "def run():", "    cached_file({'a': 0, 'b': [1]}, 2)"])


@pytest.mark.slow
@given(program=programs())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_program(program: str, toy: Toy) -> None:
    assert check(*recorded_with_copies(toy, program)) > 2


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_of_stepping(case: Any, toy: Toy) -> None:
    recorded, taken = recorded_with_copies(toy, case.code)
    with recorded.trace as trace:
        for number in range(len(trace)):
            for state in state_at(trace, number):
                function, live = taken[state.step][0]
                assert state.function.rpartition(".")[2] == function
                assert set(state.variables) == {name for name in live if name != "__class__" and name[0] != "."}


def test_the_order_of_keys(toy: Toy) -> None:
    code = """
        def cached_file(d):
            d["b"] = 2
            d["a"] = 3
            del d["a"]
            d["a"] = 4
            d["b"] = 5
            return d

        def run():
            cached_file({"a": 1})
        """
    recorded, taken = recorded_with_copies(toy, code)
    orders = []
    with recorded.trace as trace:
        for number in range(len(trace)):
            [state] = state_at(trace, number)
            order = list(held(trace, state.variables["d"]).items())
            assert order == list(taken[number][0][1]["d"].items())
            orders.append([key for key, _ in order])
    assert ["a", "b"] in orders
    assert orders[-1] == ["b", "a"]


def test_a_generator_and_its_consumer(toy: Toy) -> None:
    code = """
        def extract_commit_hash(d):
            for n in range(3):
                d[n] = [n]
                yield n

        def cached_file(d):
            seen = {}
            for n in extract_commit_hash(d):
                seen[n] = len(d)
            return seen

        def run():
            cached_file({})
        """
    assert check(*recorded_with_copies(toy, code)) > 20


def test_threads_that_run_at_once(toy: Toy) -> None:
    code = """
        import threading
        barrier = threading.Barrier(2, timeout=20)

        def cached_file(d, n):
            for i in range(4):
                barrier.wait()
                d[i] = {"n": n}
                cached_files(d, n * i)
            return d

        def cached_files(d, x):
            d["x"] = x
            return None

        def run():
            threads = [threading.Thread(target=cached_file, args=({}, n)) for n in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """
    recorded, taken = recorded_with_copies(toy, code)
    assert check(recorded, taken) > 60
    with recorded.trace as trace:
        for number in range(len(trace)):
            threads = {state.frame.thread for state in state_at(trace, number)}
            assert threads == {trace.step(number).thread}


def test_recursion_keeps_the_locals_of_each_frame(toy: Toy) -> None:
    code = """
        def cached_file(n):
            here = {"n": n}
            if n:
                cached_file(n - 1)
            here["after"] = n
            return here

        def run():
            cached_file(3)
        """
    recorded, taken = recorded_with_copies(toy, code)
    check(recorded, taken)
    with recorded.trace as trace:
        deepest = max(range(len(trace)), key=lambda number: len(state_at(trace, number)))
        assert [held(trace, state.variables["n"]) for state in state_at(trace, deepest)] == [0, 1, 2, 3]


# ── What a step changed ────────────────────────────────────────────────────────────────────────────


def test_changes_of_a_step(toy: Toy) -> None:
    code = """
        def cached_file(d):
            x = 1
            x = 2
            d["new"] = x
            d["old"] = x
            del d["old"]
            del x
            cached_files(d)
            return d

        def cached_files(other):
            other["new"] = 3

        def run():
            cached_file({"old": 0})
        """
    recorded, _ = recorded_with_copies(toy, code)
    found: list[Any] = []
    with recorded.trace as trace:
        number = trace.value

        def real_of(value: int) -> Any:
            return number(value).value  # type: ignore[union-attr]

        for at in range(len(trace)):
            innermost, *callers = state_at(trace, at)
            assert all(caller.changed == [] for caller in callers)
            for change in innermost.changed:
                before = None if change.before is None else held(trace, change.before)
                after = None if change.after is None else held(trace, change.after)
                assert change.in_place == isinstance(before, dict)
                assert change.after is None or change.after.since == at
                found.append(
                    (
                        change.name,
                        {key: real_of(value) for key, value in change.added.items()},
                        {key: (real_of(old), real_of(new)) for key, (old, new) in change.changed.items()},
                        {key: real_of(value) for key, value in change.removed.items()},
                    )
                    if change.in_place
                    else (change.name, before, after)
                )
    assert found == [
        ("d", None, {"old": 0}),
        ("x", None, 1),
        ("x", 1, 2),
        ("d", {"new": 2}, {}, {}),
        ("d", {}, {"old": (0, 2)}, {}),
        ("d", {}, {}, {"old": 2}),
        ("x", 2, None),
        ("other", None, {"new": 2}),
        ("other", {}, {"new": (2, 3)}, {}),
        ("d", {}, {"new": (2, 3)}, {}),
    ]


# ── Traces made by hand ────────────────────────────────────────────────────────────────────────────


def of_changes(folder: Path, told: list[list[Change]], values: list[bytes], **fields: Any) -> Trace:
    records = [source_record(), frame_record_of(0, **fields)]
    records += [raw_value_record(number, value) for number, value in enumerate(values)]
    records += [step_record(step(number, changes=changes)) for number, changes in enumerate(told)]
    return open_trace(sealed(folder, records))


def folded(told: list[list[Change]], tables: dict[int, dict[str, int]]) -> Iterator[dict[str, Any]]:
    """Apply all changes from the start in the simplest way."""
    state: dict[str, Any] = {}
    for changes in told:
        for change in changes:
            if isinstance(change, Bound):
                state[change.name] = dict(tables[change.value]) if change.value in tables else change.value
            elif isinstance(change, Unbound):
                state.pop(change.name, None)
            elif change.name in state:
                for key in change.removed:
                    state[change.name].pop(key, None)
                state[change.name].update(change.changed)
                state[change.name].update(change.added)
        yield {name: dict(held) if isinstance(held, dict) else held for name, held in state.items()}


def test_a_long_frame_read_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every state equals the result of applying all changes from the start, whatever snapshots exist."""
    monkeypatch.setattr(variables, "SNAPSHOT_SPACING", 7)
    chance = random.Random(3)
    table = encode(Mapping("dict", 2, [("a", 0), ("b", 1)]))
    told: list[list[Change]] = [[Bound("d", 2), Bound("n", 0)]]
    for number in range(600):
        name, key = chance.choice("xyz"), chance.choice("abcdef")
        told.append(
            chance.choice(
                [
                    [],
                    [Bound(name, chance.randrange(2))],
                    [Unbound(name), Bound("n", 1)],
                    [Items("d", {}, {}, [key])],
                    [Items("d", {key: 0}, {}, [])],
                    [Items("d", {f"new{number}": 1}, {key: 1}, [])],
                    [Bound("d", 2)] if chance.random() < 0.05 else [],
                ]
            )
        )
    expected = list(folded(told, {2: {"a": 0, "b": 1}}))
    with of_changes(tmp_path, told, [b'{"is":"plain","value":0}', b'{"is":"plain","value":1}', table]) as trace:
        kept = LocalsHistory(trace)
        for number in chance.sample(range(len(told)), len(told)) + list(range(len(told) - 1, 0, -1)):
            [state] = kept.at(number)
            assert _as_folded(state, trace) == expected[number]
            [alone] = state_at(trace, number)
            assert alone == state


def _as_folded(state: FrameState, trace: Trace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, local in state.variables.items():
        value = local.value(trace)
        found[name] = dict(value.items) if isinstance(value, (Mapping, Config)) else local.number
    return found


def test_frames_that_never_ended_and_steps_without_a_frame(tmp_path: Path) -> None:
    records = [
        source_record(),
        frame_record_of(0),
        frame_record_of(1, parent=0, function="never_ended", depth=1),
        frame_record_of(2, thread=1, function="elsewhere"),
        raw_value_record(0, b'{"is":"plain","value":0}'),
        step_record(step(0, event="call", kind="call", changes=[Bound("a", 0)])),
        step_record(step(1, event="call", kind="call", frame=1, changes=[Bound("b", 0)])),
        step_record(step(2, event="call", kind="call", frame=2, thread=1)),
        step_record(step(3, frame=None, event=None, kind="output", source=None, line=None)),
        step_record(step(4, changes=[Unbound("a"), Bound("c", 0)], line=3)),
        step_record(step(5, frame=1)),
    ]
    with open_trace(sealed(tmp_path, records)) as trace:
        names = [
            [(state.function, state.step, list(state.variables)) for state in state_at(trace, n)] for n in range(6)
        ]
        assert names == [
            [("load", 0, ["a"])],
            [("never_ended", 1, ["b"]), ("load", 0, ["a"])],
            [("elsewhere", 2, [])],
            [],
            [("load", 4, ["c"])],
            [("never_ended", 5, ["b"]), ("load", 4, ["c"])],
        ]
        assert state_at(trace, 4)[0].line == 3
        for beyond in (6, -1):
            with pytest.raises(IndexError):
                state_at(trace, beyond)


def test_what_no_recorder_would_write(tmp_path: Path) -> None:
    """Frames that call each other in a cycle, items of values without items, deletions of missing names."""
    told: list[list[Change]] = [
        [Items("never", {"a": 0}, {}, []), Unbound("never")],
        [Bound("n", 0)],
        [Items("n", {"a": 0}, {"b": 0}, ["c"])],
        [Unbound("n"), Unbound("n")],
    ]
    with of_changes(tmp_path, told, [b'{"is":"plain","value":7}'], parent=0) as trace:
        for number in range(len(trace)):
            [state] = state_at(trace, number)
            assert all(local.value(trace) == trace.value(0) for local in state.variables.values())
            assert all(change.name == "n" for change in state.changed)


# ── A real load ────────────────────────────────────────────────────────────────────────────────────


def test_every_step_of_the_demo(loads: Loads, fixtures: Path) -> None:
    """Each frame's state is the result of its changes from its start; a caller's is that of its last step before."""
    with loads.trace(fixtures / "glm-4v-tiny", tokenizer=False, kwargs=MAIN_CALL) as trace:
        kept = LocalsHistory(trace)
        live: dict[int, tuple[int, dict[str, Any]]] = {}
        in_place = 0
        for made in trace.steps():
            states = kept.at(made.number)
            assert (made.frame is None) == (states == [])
            if made.frame is None:
                continue
            _, locals_ = live.get(made.frame, (0, {}))
            live[made.frame] = made.number, _fold(trace, locals_, made.changes)
            for state in states:
                step_number, expected = live[state.frame.number]
                assert state.step == step_number
                assert _as_folded(state, trace) == expected
                assert list(state.variables) == list(expected)
            in_place += sum(change.in_place for change in states[0].changed)
        assert in_place > 50


def _fold(trace: Trace, before: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    state = dict(before)
    for change in changes:
        if isinstance(change, Bound):
            value = trace.value(change.value)
            state[change.name] = dict(value.items) if isinstance(value, (Mapping, Config)) else change.value
        elif isinstance(change, Unbound):
            del state[change.name]
        else:
            kept = {key: held for key, held in state[change.name].items() if key not in change.removed}
            state[change.name] = {**kept, **change.changed, **change.added}
    return state
