"""What stepped code can see of the recorder: its local variables, what it has let go, how deep it may recurse."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.recorder.toy import Recorded, Toy, steps_text, troubles
from tracer.recorder.stepping.model_code import ModelCode
from tracer.recorder.stepping.target_index import TargetIndex

ONE_DICTIONARY = sys.version_info < (3, 13)
ENGINES = [True, False] if hasattr(sys, "monitoring") else [False]


@pytest.fixture(params=ENGINES, ids=["monitoring" if by else "settrace" for by in ENGINES])
def by_monitoring(request: pytest.FixtureRequest) -> bool:
    by: bool = request.param
    return by


def same(toy: Toy, code: str, by_monitoring: bool, expected: Any = None, **options: Any) -> Recorded:
    """Run a case untraced and traced, and compare what it returns."""
    untraced = toy.module(code).run()
    module = toy.module(code)
    with toy.recording(by_monitoring=by_monitoring, **options) as recorded:
        traced = module.run()
    assert traced == untraced
    if expected is not None:
        assert traced == expected
    return recorded


# ── locals() ───────────────────────────────────────────────────────────────────────────────────────

LOCALS = {
    "a copy without self": ("kw = locals(); del kw['self']\n    return dict(kw)", {"a": 1, "b": 2}),
    "written to": ("d = locals(); d['a'] = 5\n    d = d\n    return d['a'], a", (5, 1)),
    "kept": ("held.append(locals()); del held[0]['b']\n    a = 2\n    return a", 2),
    "kept by one that fails": ("held.append(locals()); del held[0]['b']\n    raise KeyError", None),
    "vars": ("kw = vars(); kw.pop('a')\n    return sorted(kw)", ["b", "self"]),
    "exec": ("exec('c = 3')\n    b = 3\n    return locals()['c']", 3),
    "eval": ("d = eval('locals()'); del d['a']\n    return sorted(d)", ["b", "self"]),
    "a frame of its own": (
        "d = sys._getframe().f_locals; del d['a']\n    return len(d)",
        2 if ONE_DICTIONARY else None,
    ),
    "in the caller": ("d = locals(); del d['a']\n    helper(d)\n    return sorted(d)", ["b", "self"]),
}


@pytest.mark.parametrize("what", [what for what in LOCALS if ONE_DICTIONARY or what != "a frame of its own"])
def test_the_dictionary_of_local_variables(toy: Toy, what: str, by_monitoring: bool) -> None:
    body, expected = LOCALS[what]
    code = f"""
import sys

held = []

def cached_file(self, a, b):
    {body}

def cached_files(value):
    return value

def helper(d):
    return [d]

def run():
    held.clear()
    try:
        found = cached_file(0, 1, 2)
    except KeyError:
        found = None
    cached_files(3)
    return found, list(map(sorted, held))
"""
    recorded = same(toy, code, by_monitoring)
    assert expected is None or toy.module(code).run()[0] == expected
    if ONE_DICTIONARY:
        # Its end is not reported to a trace function, and its caller is not stepped: so it has no step.
        ended = ["raise cached_file", "unwind cached_file"] if "fails" in what else ["return cached_file"]
        first = ["call cached_file", *(ended if by_monitoring else [])]
        second = ["call cached_files", "line cached_files", "return cached_files"]
        assert [line.partition(" | ")[0] for line in steps_text(recorded).splitlines()] == [*first, *second]
        assert troubles(recorded) == ["lines of cached_file"]
    assert [step.event for step in recorded.steps].count("call") == 2


def test_only_what_reads_them_is_not_stepped(toy: Toy, by_monitoring: bool) -> None:
    """A method called ``eval`` and ``vars`` of an object have nothing to do with local variables."""
    code = """
class Thing:
    def eval(self):
        return self

def cached_file(thing):
    thing.eval()
    vars(thing).update(a=1)
    names = dir(thing)
    return thing.a

def run():
    return cached_file(Thing())
"""
    recorded = same(toy, code, by_monitoring, 1)
    assert [step.event for step in recorded.steps] == ["call", *["line"] * 4, "return"]
    assert troubles(recorded) == []


@pytest.mark.parametrize(
    ("file", "helper", "opaque"),
    [
        ("transformers_modules/toy/modeling_toy.py", "return sys._getframe(1).f_locals", True),
        ("transformers_modules/toy/modeling_toy.py", "return getattr(sys._getframe(1), 'f_locals')", True),
        ("transformers_modules/toy/modeling_toy.py", "return sys._getframe(1).f_lineno", False),
        ("transformers/models/toy/modeling_toy.py", "return sys._getframe(1).f_locals", False),
    ],
)
def test_remote_code_that_names_f_locals_is_stepped_by_call_and_return(
    toy: Toy, file: str, helper: str, opaque: bool
) -> None:
    """Which of its functions have their variables read by another one cannot be known."""
    code = f"import sys\n\ndef helper():\n    {helper}\n\ndef stepped(take):\n    return take()\n"
    module = toy.module(code, file)
    noted: list[tuple[str, bool]] = []
    model_code = ModelCode("all")
    model_code.files.add(str(module.__file__))
    index = TargetIndex({}, model_code, str, lambda code, by_file: noted.append((code.co_name, by_file)))
    entry = module.stepped(lambda: index.lookup(sys._getframe(1)))
    assert entry is not None
    assert entry.opaque == (opaque and ONE_DICTIONARY)
    assert noted == ([("stepped", True)] if opaque and ONE_DICTIONARY else [])


def test_what_is_said_inside_and_after_a_function_that_reads_its_locals(toy: Toy, by_monitoring: bool) -> None:
    code = """
def cached_file(a):
    print("inside")
    kw = locals()
    return kw

def cached_files(a):
    cached_file(a)
    print("after")

def run():
    print("before")
    cached_file(1)
    print("after")
    cached_files(2)
"""
    recorded = same(toy, code, by_monitoring, forward_output=False)
    with recorded.trace as trace:
        at = [
            (step.data["text"], None if step.frame is None else trace.frame(step.frame).function)
            for step in trace.steps()
            if step.kind == "output"
        ]
    nowhere = None
    expected = [("before", nowhere), ("inside", "cached_file"), ("after", nowhere)]
    if ONE_DICTIONARY:
        assert at == [*expected, ("inside", "cached_file"), ("after", "cached_files")]
    events = [step.event for step in recorded.steps if step.event]
    assert events.count("call") == 3
    assert events.count("return") == 3 if by_monitoring else 2


def test_the_end_of_a_function_that_reads_its_locals(toy: Toy, by_monitoring: bool) -> None:
    """Told where it is certain: by what its caller, which is stepped, sees next."""
    code = """
def cached_file(fails):
    kw = locals()
    if fails:
        raise KeyError(fails)
    return kw

def cached_files():
    a = [cached_file(0), 1]
    try:
        cached_file(1)
    except KeyError:
        a = 2
    return a

def run():
    cached_files()
"""
    events = [step.event for step in same(toy, code, by_monitoring).steps]
    if ONE_DICTIONARY:
        own = ["raise"] if by_monitoring else []
        line = ["line"]
        assert events == [
            "call", "line", "call", "return", "line", "line", "call", *own, "unwind", "raise", *line * 3, "return",
        ]  # fmt: skip


# ── How long things live ───────────────────────────────────────────────────────────────────────────

LIFE = """
import gc
import weakref

class Tensor:
    pass

refs = []

def big():
    held = Tensor()
    refs.append(weakref.ref(held))
    raise RuntimeError("out of memory")

def alive():
    return refs[-1]() is not None

def run():
    gc.disable()
    try:
        return cached_file()
    finally:
        gc.enable()

"""
CAUGHT = {
    "and passed over": """
    try:
        big()
    except RuntimeError:
        pass
    first = alive()
    second = alive()
    return first, second
""",
    "under a name": """
    try:
        big()
    except RuntimeError as error:
        inside = alive()
    after = alive()
    return inside, after
""",
    "by a with": """
    import contextlib
    with contextlib.suppress(RuntimeError):
        big()
    after = alive()
    return after
""",
    "with a finally": """
    try:
        try:
            big()
        finally:
            inside = alive()
    except RuntimeError:
        pass
    after = alive()
    return inside, after
""",
    "from a stepped function": """
    try:
        cached_files()
    except RuntimeError:
        pass
    after = alive()
    return after

def cached_files():
    big()
""",
    "in a loop": """
    found = []
    for _ in range(3):
        try:
            big()
        except RuntimeError:
            continue
        finally:
            found.append(alive())
    found.append(alive())
    return found
""",
    "when another is raised": """
    try:
        try:
            big()
        except RuntimeError:
            raise KeyError
    except KeyError as error:
        inside = alive()
    after = alive()
    return inside, after
""",
}


@pytest.mark.parametrize("what", CAUGHT)
@pytest.mark.parametrize("lines", [True, False])
def test_a_caught_exception_lives_no_longer(toy: Toy, what: str, by_monitoring: bool, lines: bool) -> None:
    code = f"{LIFE}def cached_file():{CAUGHT[what]}"
    recorded = same(toy, code, by_monitoring, lines=lines)
    assert troubles(recorded) == []
    assert [step.event for step in recorded.steps].count("raise") >= 1


def test_values_live_to_the_end_of_the_line(toy: Toy, by_monitoring: bool) -> None:
    code = f"""{LIFE}def cached_file():
    d = {{"a": Tensor()}}
    refs.append(weakref.ref(d["a"]))
    before = alive()
    del d["a"]
    deleted = alive()
    p = Tensor()
    refs.append(weakref.ref(p))
    p = None
    replaced = alive()
    l = [Tensor()]
    refs.append(weakref.ref(l[0]))
    l.clear()
    cleared = alive()
    return before, deleted, replaced, cleared
"""
    same(toy, code, by_monitoring, (True, False, False, False))


def test_exceptions_of_a_loop_are_distinguished(toy: Toy, by_monitoring: bool) -> None:
    """Each may get the place in memory of the one before."""
    code = """
def cached_file():
    for n in range(5):
        try:
            int("x")
        except ValueError:
            pass

def run():
    cached_file()
"""
    recorded = same(toy, code, by_monitoring)
    assert [step.event for step in recorded.steps].count("raise") == 5


WAYS_OUT = {
    "with": """
    with lock:
        int("x")
""",
    "two of them": """
    with lock:
        with lock:
            int("x")
""",
    "finally": """
    try:
        int("x")
    finally:
        a = 1
        b = 2
""",
    "an except clause that does not fit": """
    try:
        int("x")
    except KeyError:
        pass
""",
    "an except clause that raises it again": """
    try:
        int("x")
    except ValueError as error:
        a = 1
        raise
""",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_an_exception_was_first_seen_where_it_was_raised(toy: Toy, way: str, by_monitoring: bool) -> None:
    """It passes through lines of a function on its way out of it: those of a ``with``, of a ``finally``."""
    code = f"""
from threading import RLock

lock = RLock()

def cached_file():{WAYS_OUT[way]}

def cached_files():
    return cached_file()

def run():
    cached_files()
"""
    module = toy.module(code)
    with pytest.raises(ValueError), toy.recording(by_monitoring=by_monitoring) as recorded:  # noqa: PT011
        module.run()
    with recorded.trace as trace:
        passed = [step for step in trace.steps() if step.event in ("raise", "unwind")]
        assert trace.outcome.step == passed[0].number
    assert [(step.event, step.frame) for step in passed] == [("raise", 1), ("unwind", 1), ("raise", 0), ("unwind", 0)]
    assert len({step.value for step in passed}) == 1


# ── Stepping that is switched off ──────────────────────────────────────────────────────────────────

DEEP = """
import sys

def cached_file(a):
    cached_files(deepest(0))
    print("the next thing that is heard of")
    b = a + 1
    return cached_files(b)

def deepest(n):
    try:
        return deepest(n + 1)
    except RecursionError:
        return n

def cached_files(n):
    return n > 0

def run():
    return cached_file(1)
"""


def test_a_recursion_error_that_is_caught(toy: Toy, by_monitoring: bool) -> None:
    recorded = same(toy, DEEP, by_monitoring, True, forward_output=False)
    lines = [line.strip() for line in steps_text(recorded).splitlines()]
    assert "line cached_file | b = a + 1" in lines
    assert "call cached_files | def cached_files(n): | n = 2" in lines
    assert lines[-1] == "return cached_file | return cached_files(b) -> True"
    if not by_monitoring:
        assert any("switched on again" in reason for reason in recorded.meta()["skipped"].values())


FULL_STACK = """
import traceback

def cached_file(n):
    return cached_file(n + 1)

def cached_files():
    try:
        cached_file(0)
    except RecursionError as error:
        seen = error
    files = {frame.f_code.co_filename == __file__ for frame, line in traceback.walk_tb(seen.__traceback__)}
    return type(seen).__name__, str(seen), type(seen.__context__).__name__, files

def run():
    return cached_files()
"""


@pytest.mark.parametrize("lines", [True, False])
def test_a_full_stack_raises_the_programs_own_error(toy: Toy, by_monitoring: bool, lines: bool) -> None:
    """Stepped down to the last frame; the recorder's own lack of room stays with the recorder, which says so."""
    recorded = same(toy, FULL_STACK, by_monitoring, lines=lines)
    assert "stepping" in troubles(recorded)
    events = [step.event for step in recorded.steps]
    assert events.count("call") > 500
    if by_monitoring:  # by settrace, the interpreter switches stepping off for the rest
        assert events.count("unwind") > 500
        assert steps_text(recorded).splitlines()[-1].startswith("return cached_files")


def test_a_program_that_takes_the_trace_function_off(toy: Toy) -> None:
    code = """
import sys

def cached_file(a):
    sys.settrace(None)
    print("the next thing that is heard of")
    return cached_files(a)

def cached_files(a):
    b = a
    return b

def run():
    return cached_file(1)
"""
    recorded = same(toy, code, False, 1, forward_output=False)
    assert sys.gettrace() is None or sys.gettrace().__module__ != "tracer.recorder.stepping.settrace"
    lines = [line.strip() for line in steps_text(recorded).splitlines()]
    assert "line cached_files | return b | b = 1" in lines
    (note,) = troubles(recorded)
    assert note == "steps before step 2"


def test_a_program_with_a_trace_function_for_a_while(toy: Toy) -> None:
    code = """
import sys

seen = []

def watch(frame, event, arg):
    seen.append(frame.f_code.co_name)

def cached_file(a):
    before = sys.gettrace()
    sys.settrace(watch)
    print("heard of")
    cached_files(a)
    sys.settrace(None)
    print("heard of")
    return seen.count("cached_files")

def cached_files(a):
    return a

def run():
    seen.clear()
    cached_file(1)
    return seen.count("cached_files"), cached_files(2)
"""
    recorded = same(toy, code, False, (1, 2), forward_output=False)
    assert "steps under a trace function of the program's own" in troubles(recorded)
    assert steps_text(recorded).splitlines()[-1] == "return cached_files | return a -> 2"


if hasattr(sys, "monitoring"):

    def test_a_program_that_frees_the_tool(toy: Toy) -> None:
        code = """
import sys

def cached_file(a):
    for tool in range(6):
        if sys.monitoring.get_tool(tool) == "glm-trace":
            sys.monitoring.set_events(tool, 0)
            sys.monitoring.free_tool_id(tool)
    print("the next thing that is heard of")
    return cached_files(a)

def cached_files(a):
    b = a
    return b

def run():
    return cached_file(1)
"""
        recorded = same(toy, code, True, 1, forward_output=False)
        assert "return cached_files | return b -> 1" in [line.strip() for line in steps_text(recorded).splitlines()]
        assert any(name.startswith("steps before step") for name in troubles(recorded))


def test_conditional_expressions_in_a_row(toy: Toy, by_monitoring: bool) -> None:
    """Python 3.12.1 reports the second one twice."""
    code = """
def cached_file(a):
    b = 1 if a else 2
    c = 3 if a else 4
    d = 5 if b else 6
    return b, c, d

def run():
    return cached_file(0), cached_file(1)
"""
    recorded = same(toy, code, by_monitoring)
    assert [step.event for step in recorded.steps] == ["call", *["line"] * 4, "return"] * 2


# ── Said in the trace ──────────────────────────────────────────────────────────────────────────────


def test_what_was_left_out_is_recorded(toy: Toy) -> None:
    from tracer.analysis.diagnosis import diagnose

    with same(toy, LOCALS_OF_A_CALL, False).trace as trace:
        kinds = [(cause.kind, cause.values.get("what")) for cause in diagnose(trace).surprises]
    assert (("not-recorded", "lines of cached_file") in kinds) == ONE_DICTIONARY


LOCALS_OF_A_CALL = """
def cached_file(a):
    return dict(locals())

def run():
    return cached_file(1)
"""


def test_a_fault_of_the_recorders_own_is_not_the_loads(toy: Toy) -> None:
    from tracer.analysis.diagnosis import diagnose
    from tracer.recorder.safe_inspect import is_defined_in

    module = toy.module(LOCALS_OF_A_CALL)
    with pytest.raises(TypeError), toy.recording() as recorded:
        module.run()
        is_defined_in(1, "builtins")  # type: ignore[arg-type]
    with recorded.trace as trace:
        assert str(trace.outcome.fault).startswith("recorder/safe_inspect.py:")
        (cause,) = diagnose(trace).causes
    assert cause.kind == "own-fault"
    with pytest.raises(KeyError), toy.recording() as recorded:
        raise KeyError("the load's own")
    with recorded.trace as trace:
        assert trace.outcome.fault is None


def test_a_function_that_a_release_spells_otherwise_is_not_missing() -> None:
    from tracer.recorder.stepping.targets import missing_targets

    file = "transformers/configuration_utils.py"

    def missing(code: str) -> set[str]:
        return {target.function for target in missing_targets({file: code}) if "nit__" in target.function}

    old = "class PretrainedConfig(A):\n    def __init__(self):\n        pass\n"
    dataclass = "@dataclass\nclass PreTrainedConfig(\n    A,\n):\n    def __post_init__(self):\n        pass\n"
    other = "class Other:\n    def __init__(self):\n        pass\n\nclass PreTrainedConfig:\n    pass\n"
    assert missing(old) == missing(old.replace("tr", "Tr", 1)) == missing(dataclass) == set()
    assert missing(other) == {"PretrainedConfig.__init__"}
