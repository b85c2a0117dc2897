"""Stepping: the same steps for the same function, on every Python release and with either of its two ways to watch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.recorder.hostile import HOSTILE, armed
from tests.recorder.stepping_cases import CASES, Case
from tests.recorder.toy import Recorded, Toy, steps_text, troubles
from tracer.recorder.stepping.stepped_frame import MAX_LINES

BY_MONITORING = sys.version_info >= (3, 12)


def run(toy: Toy, code: str, **options: Any) -> Recorded:
    """Record a case, whatever way it ends."""
    module = toy.module(code)
    ended: BaseException | None = None
    with toy.recording(**options) as recorded:
        try:
            module.run()
        except BaseException as error:
            ended = error
    recorded.ended = ended  # type: ignore[attr-defined]
    return recorded


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_steps_of(case: Case, toy: Toy) -> None:
    assert steps_text(run(toy, case.code)) == case.steps.strip()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_calls_alone(case: Case, toy: Toy) -> None:
    """Without lines, the same calls, returns and exceptions, with the same values."""
    lines = [line.split(" | ") for line in case.steps.strip().splitlines()]
    expected = [line for line in lines if not line[0].lstrip().startswith("line ")]
    found = [line.split(" | ") for line in steps_text(run(toy, case.code, lines=False)).splitlines()]
    assert [(line[0], line[1]) for line in found] == [(line[0], line[1]) for line in expected]
    calls = [line for line in found if line[0].lstrip().startswith("call ")]
    assert calls == [line for line in expected if line[0].lstrip().startswith("call ")]
    assert all(len(line) == 2 for line in found if line not in calls)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_a_function_does_is_what_it_does_untraced(case: Case, toy: Toy) -> None:
    module = toy.module(case.code)
    ended: BaseException | None = None
    try:
        module.run()
    except BaseException as error:
        ended = error
    traced = run(toy, case.code).ended  # type: ignore[attr-defined]
    assert type(traced) is type(ended)
    assert str(traced) == str(ended)
    assert type(getattr(traced, "__cause__", None)) is type(getattr(ended, "__cause__", None))
    assert type(getattr(traced, "__context__", None)) is type(getattr(ended, "__context__", None))


def test_a_loop_on_one_line(toy: Toy) -> None:
    """How often it is reported differs between Python releases; where it leads to does not."""
    code = """
        def cached_file(n):
            while n: n -= 1
            return n

        def run():
            cached_file(5)
        """
    lines = steps_text(run(toy, code)).splitlines()
    assert lines[0] == "call cached_file | def cached_file(n): | n = 5"
    assert lines[-1] == "return cached_file | return n -> 0"
    assert lines[-2] == "line cached_file | return n | n = 0"
    assert 1 <= sum("while n" in line for line in lines) <= 6


@pytest.mark.slow
def test_a_very_long_loop_is_noted_and_cut_short(toy: Toy) -> None:
    code = f"""
        def cached_file(n):
            for i in range(n):
                pass
            return cached_files(n)

        def cached_files(n):
            return n

        def run():
            cached_file({MAX_LINES})
        """
    recorded = run(toy, code)
    assert MAX_LINES <= len(recorded.steps) <= MAX_LINES + 10
    assert [step.event for step in recorded.steps[-4:]] == ["call", "line", "return", "return"]
    (note,) = [text for name, text in recorded.meta()["skipped"].items() if name.startswith("cached_file ")]
    assert f"after {MAX_LINES} line steps" in note


def test_functions_of_other_names_and_files_are_not_stepped(toy: Toy) -> None:
    code = "def cached_file(a):\n    return helper(a)\n\ndef helper(a):\n    b = a\n    return b\n"
    inside, outside = toy.module(code), toy.module(code, file="transformers/utils/other.py")
    near = toy.module(code, file="nottransformers/utils/hub.py")
    with toy.recording() as recorded:
        assert [module.cached_file(1) for module in (inside, outside, near)] == [1, 1, 1]
    assert steps_text(recorded).splitlines() == [
        "call cached_file | def cached_file(a): | a = 1",
        "line cached_file | return helper(a)",
        "return cached_file | return helper(a) -> 1",
    ]


def test_methods_are_known_by_their_class(toy: Toy) -> None:
    code = """
        class PretrainedConfig:
            @classmethod
            def from_dict(cls, config_dict, **kwargs):
                made = cls()
                made.__init__(**config_dict)
                return made

            def __init__(self, **kwargs):
                for key, value in kwargs.items():
                    setattr(self, key, value)

        class Other:
            def __init__(self):
                self.a = 1

            @classmethod
            def from_dict(cls):
                return cls()
        """
    module = toy.module(code, file="transformers/configuration_utils.py")
    with toy.recording() as recorded:
        module.PretrainedConfig.from_dict({"a": 1})
        module.Other.from_dict()
    with recorded.trace as trace:
        functions = [frame.function for frame in trace.frames()]
    assert functions == ["PretrainedConfig.from_dict", "PretrainedConfig.__init__", "PretrainedConfig.__init__"]


def test_a_remote_config_class_is_stepped(toy: Toy) -> None:
    code = """
        class PretrainedConfig:
            pass

        class ToyConfig(PretrainedConfig):
            def __init__(self, width=3):
                self.width = width
                self.width += 1

        class Helper:
            def __init__(self):
                self.a = 1
        """
    module = toy.module(code, file="transformers_modules/toy/configuration_toy.py")
    with toy.recording() as recorded:
        module.ToyConfig(width=5)
        module.Helper()
    assert (
        steps_text(recorded)
        .splitlines()[0]
        .startswith("call ToyConfig.__init__ | def __init__(self, width=3): | self = ")
    )
    assert sum("Helper" in line for line in steps_text(recorded).splitlines()) == 0
    assert "self[width: 6]" in steps_text(recorded)


@pytest.mark.parametrize("what", HOSTILE)
def test_no_code_of_a_value_is_run_by_stepping(toy: Toy, what: str) -> None:
    module = toy.module(
        """
        def cached_file(path_or_repo_id, filename=None, **kwargs):
            other = path_or_repo_id
            kwargs["more"] = other
            filename = [other]
            try:
                cached_files(other, error=kwargs)
            except KeyError as error:
                other = error
            return path_or_repo_id

        def cached_files(value, error):
            raise KeyError(value)
        """
    )
    value = HOSTILE[what]()
    with toy.recording() as recorded:
        with armed() as touched:
            module.cached_file(value, extra=value, token=value)
        if BaseException in type.__dict__["__mro__"].__get__(type(value)):
            try:
                raise value
            except BaseException:
                pass
    assert touched == []
    assert [step.event for step in recorded.steps].count("call") == 2
    assert troubles(recorded) == []


# The interpreter itself asks a metaclass whether a class is a subclass when it raises one of its exceptions.
RAISED = [what for what in HOSTILE if "exception" in what and "group" not in what and "metaclass" not in what]


@pytest.mark.parametrize("what", RAISED)
def test_no_code_of_an_exception_is_run_by_stepping(toy: Toy, what: str) -> None:
    module = toy.module(
        """
        def cached_file(error):
            try:
                cached_files(error)
            finally:
                done = True

        def cached_files(error):
            raise error
        """
    )
    value = HOSTILE[what]()
    with toy.recording() as recorded, armed() as touched:
        try:
            module.cached_file(value)
        except BaseException as error:
            caught = error
    assert caught is value
    assert touched == []
    assert [step.event for step in recorded.steps].count("unwind") == 2
    assert troubles(recorded) == []


# ── What was there before is there afterwards ──────────────────────────────────────────────────────


@pytest.fixture
def no_trace_function() -> Iterator[None]:
    before, before_threads = sys.gettrace(), threading.gettrace()
    yield
    sys.settrace(before)
    threading.settrace(before_threads)


@pytest.mark.usefixtures("no_trace_function")
def test_another_trace_function_is_set_again(toy: Toy) -> None:
    module = toy.module("def cached_file(a):\n    return a\n")
    lines: list[str] = []

    def other(frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_name == "cached_file":
            lines.append(event)
        return other

    threading.settrace(other)
    sys.settrace(other)
    try:
        with toy.recording() as recorded:
            module.cached_file(1)
        assert sys.gettrace() is other
        assert threading.gettrace() is other
        during = len(lines)
        module.cached_file(2)
        assert len(lines) > during
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
    assert len(recorded.steps) == 3
    assert bool(during) == BY_MONITORING  # two trace functions at once is what Python 3.10 and 3.11 can't do
    assert troubles(recorded) == ([] if BY_MONITORING else ["trace function function"])


@pytest.mark.usefixtures("no_trace_function")
def test_a_program_that_sets_a_trace_function_itself(toy: Toy) -> None:
    module = toy.module("def cached_file(a):\n    return a\n")
    own = lambda *_: None  # noqa: E731 - what programs write
    with toy.recording() as recorded:
        module.cached_file(1)
        sys.settrace(own)
        module.cached_file(2)
    assert sys.gettrace() is own
    sys.settrace(None)
    notes = [] if BY_MONITORING else ["steps under a trace function of the program's own"]
    assert troubles(recorded) == notes


if BY_MONITORING:

    def test_no_tool_is_left(toy: Toy) -> None:
        module = toy.module("def cached_file(a):\n    return a\n")
        monitoring = sys.monitoring

        def state() -> list[tuple[str | None, int, int]]:
            found = []
            for tool in range(6):
                if (name := monitoring.get_tool(tool)) is None:
                    monitoring.use_tool_id(tool, "test")
                code = module.cached_file.__code__
                found.append((name, monitoring.get_events(tool), monitoring.get_local_events(tool, code)))
                if name is None:
                    monitoring.free_tool_id(tool)
            return found

        before = state()
        with toy.recording():
            module.cached_file(1)
            assert state() != before
        assert state() == before

    def test_all_tools_taken(toy: Toy) -> None:
        monitoring = sys.monitoring
        free = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
        for tool in free:
            monitoring.use_tool_id(tool, "test")
        before = sys.stdout, sys.stderr
        try:
            with pytest.raises(RuntimeError, match=r"every sys\.monitoring tool identifier is taken"), toy.recording():
                raise AssertionError("not reached")
        finally:
            for tool in free:
                monitoring.free_tool_id(tool)
        assert (sys.stdout, sys.stderr) == before

    def test_a_debugger_at_the_same_time(toy: Toy) -> None:
        """Another tool's events on the same code go on."""
        module = toy.module("def cached_file(a):\n    b = a\n    return b\n")
        monitoring, seen = sys.monitoring, []
        tool = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
        monitoring.use_tool_id(tool, "debugger")
        monitoring.register_callback(tool, monitoring.events.LINE, lambda code, line: seen.append(line))
        monitoring.set_local_events(tool, module.cached_file.__code__, monitoring.events.LINE)
        try:
            module.cached_file(1)
            with toy.recording() as recorded:
                module.cached_file(1)
            module.cached_file(1)
        finally:
            monitoring.set_local_events(tool, module.cached_file.__code__, 0)
            monitoring.free_tool_id(tool)
        assert seen == [2, 3] * 3
        assert len(recorded.steps) == 4


def test_sources_are_stored_as_they_ran(toy: Toy, tmp_path: Path) -> None:
    module = toy.module("def cached_file(a):\n    return a  # 中文 π\n")
    with toy.recording() as recorded:
        module.cached_file(1)
    with recorded.trace as trace:
        assert trace.source(0).text == "def cached_file(a):\n    return a  # 中文 π\n"
        assert str(tmp_path) not in trace.source(0).path
