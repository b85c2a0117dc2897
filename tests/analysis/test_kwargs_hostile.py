"""Traces that no recorder wrote: following keyword arguments gives a result or a sentence, whatever they contain."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trace.made import end_record, frame_record_of, meta_record, sealed, source_record, step, step_record
from tests.trace.made import value_record as value
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.cli.main import main
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace
from tracer.trace.steps import Bound, Items, Unbound
from tracer.trace.values import Class, Config, Exception_, Mapping, Plain, Text

AUTO = "_BaseAutoModelClass.from_pretrained"
SOURCE = """class _BaseAutoModelClass:
    @classmethod
    def from_pretrained(cls, path, *args, **kwargs):
        x = kwargs.pop("k", None)
        y = f(x, **kwargs)
        return g(kwargs)
"""
ESCAPES = "k\x1b[31m\u202e"
VALUES = [
    value(0, Plain(7)),
    value(1, Mapping("dict", 1, [("k", 0)])),
    value(2, Mapping("dict", 2, [(ESCAPES, 2), ("", 1)])),  # it holds itself
    value(3, Text("k")),
    value(4, Config("a.Config", 1, [("k", 4)])),
    value(5, Class("a", "Auto\x1b[2J")),
    value(6, Exception_("TypeError", "builtins", "f() got an unexpected keyword argument 'k'")),
]


def load(*steps: Any, source: str = SOURCE, line: int = 2, function: str = AUTO) -> list[bytes]:
    records = [meta_record(), source_record(text=source), *VALUES]
    records += [frame_record_of(0, function=function, line=line)]
    return [*records, *map(step_record, steps), end_record(status="loaded", step=len(steps) - 1)]


def call(number: int = 0, *changes: Any, **fields: Any) -> Any:
    return step(number, kind="call", event="call", line=2, changes=list(changes), **fields)


CASES = {
    "kwargs that hold themselves": load(call(0, Bound("kwargs", 2)), step(1, line=4), step(2, line=5)),
    "a value that is not there": load(call(0, Bound("kwargs", 99)), step(1, line=4)),
    "keys removed that never were": load(
        call(0, Bound("kwargs", 1)), step(1, line=4), step(2, line=5, changes=[Items("nothing", {}, {}, ["k"])])
    ),
    "a change to a value that is not there": load(
        call(0, Bound("kwargs", 1)), step(1, line=4), step(2, line=5, changes=[Items("kwargs", {"j": 99}, {}, [])])
    ),
    "source that is no Python": load(call(0, Bound("kwargs", 1)), step(1, line=4), source="def (:\n" * 9),
    "source that is too deep": load(call(0, Bound("kwargs", 1)), step(1, line=1), source="(" * 5000 + ")" * 5000),
    "lines that the source has not": load(call(0, Bound("kwargs", 1)), step(1, line=-5), step(2, line=10**9)),
    "a source that is not there": load(call(0, Bound("kwargs", 1)), step(1, line=4, source=77)),
    "a frame that is not there": load(call(0, Bound("kwargs", 1)), step(1, line=4, frame=5)),
    "two calls of one frame": load(call(0, Bound("kwargs", 1)), call(1, Bound("kwargs", 2)), step(2, line=4)),
    "no call": load(step(0, line=4), step(1, line=5)),
    "no kwargs": load(call(0, Bound("cls", 5)), step(1, line=4)),
    "a return before a line": load(call(0, Bound("kwargs", 1)), step(1, event="return", kind="return", value=1)),
    "an exception that is a number": load(call(0, Bound("kwargs", 1)), step(1, event="raise", kind="raise", value=0)),
    "refused again and again": load(
        call(0, Bound("kwargs", 1)), *[step(n, event="raise", kind="raise", value=6, line=5) for n in range(1, 5)]
    ),
    "unbound twice": load(call(0, Bound("kwargs", 1)), step(1, changes=[Unbound("kwargs"), Unbound("kwargs")])),
    "no function's name": load(call(0, Bound("kwargs", 1)), function="\x1b[31m.from_pretrained"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("arguments", [(), ("k",), ("--json",), ("--all", "k", "--lang", "zh")])
def test_a_damaged_trace_gives_a_result_or_a_sentence(
    case: str,
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = sealed(tmp_path, CASES[case])
    monkeypatch.setattr(sys, "argv", ["glm-trace", "kwargs", str(path), *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code in (0, 2, None)
    assert "\x1b" not in said.out + said.err
    assert "\u202e" not in said.out + said.err
    assert bool(said.err) == (ended.value.code == 2)


def test_an_undamaged_trace_is_followed(tmp_path: Path) -> None:
    """Each case above is one edit away from this trace."""
    records = load(
        call(0, Bound("kwargs", 1)),
        step(1, line=4),
        step(2, line=5, changes=[Bound("x", 0), Items("kwargs", {}, {}, ["k"])]),
    )
    with open_trace(sealed(tmp_path, records)) as trace:
        (journey,) = keyword_paths(trace)
    assert [(stop.what, stop.where) for stop in journey.hops] == [("given", "kwargs"), ("taken-out", "x")]


@pytest.mark.parametrize("seed", range(40))
def test_steps_in_random_order(seed: int, tmp_path: Path) -> None:
    """Changes, lines and events that match neither the source nor each other give a result too."""
    chance = random.Random(seed)
    names = ["kwargs", "x", "cls", "self", "path", ""]

    def change() -> Any:
        name, number = chance.choice(names), chance.randrange(len(VALUES))
        made = [Bound(name, number), Unbound(name), Items(name, {"k": number}, {"": 0}, ["k", ESCAPES])]
        return chance.choice(made)

    steps = [call(0, Bound("kwargs", 1))]
    for number in range(1, 60):
        event = chance.choice(["line", "line", "line", "call", "return", "raise", "unwind", None])
        steps.append(
            step(
                number, event=event, kind=event or "log", line=chance.randrange(9), frame=chance.choice([0, 0, 1, 2]),
                changes=[change() for _ in range(chance.randrange(4))], value=chance.choice([None, 0, 1, 6]),
            )
        )  # fmt: skip
    records = load(*steps)
    records[len(VALUES) + 2 : len(VALUES) + 2] = [
        frame_record_of(1, function="f", parent=0, line=2),
        frame_record_of(2, function="A.__init__", parent=1, line=3),
    ]
    with open_trace(sealed(tmp_path, records)) as trace:
        try:
            found = keyword_paths(trace)
        except TracerError:
            return
        assert all(one.hops for one in found)
