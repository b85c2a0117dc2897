"""Remote code that uses the interpreter's own data about it gives the same results as without recording.

It edits its local variables, relies on objects dying at once, exhausts the stack, and traces and profiles itself. Each
case is a model directory whose constructor and forward pass write down what they see.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.conftest import FIXTURES
from tests.support.forked import in_fork
from tests.support.loads import Loads
from tests.support.observing import compare
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.stage_summary import summarize_stages
from tracer.recorder.stepping.model_code import ModelCode
from tracer.trace.reading import open_trace

MODELING = """
import json
import pathlib

import torch
from transformers import BertModel


class CaseModel(BertModel):
    def __init__(self, config, **kwargs):
        super().__init__(config, **kwargs)
        self.noted = {{}}
        self.note("built")

    def note(self, when):
        for case in CASES:
            print(case.__name__)  # stepping that the case before has switched off is switched on again
            self.noted[case.__name__ + " " + when] = case()

    def example(self):
        return {{"input_ids": torch.tensor([[1, 2, 3]])}}

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None):
        self.note("in a pass")
        pathlib.Path(self.config.writes_to).write_text(json.dumps(self.noted))
        return super().forward(input_ids, attention_mask, token_type_ids)

{code}
"""

LOCALS = """
def edited():
    a, b = 1, 2
    here = locals()
    here["a"] = 5
    here["new"] = 6
    del here["b"]
    kept = dict(here)
    a = 7
    again = locals()
    return a, b, kept, here is again, sorted(again)


def popped(self=1, *args, c=2, **kwargs):
    kwargs = locals()
    kwargs.pop("self")
    kwargs.pop("args")
    return kwargs


def asked():
    a = 1
    return sorted(vars()), sorted(dir()), eval("a + 1"), [sorted(locals()) for _ in (1,)]


def executed():
    a = 1
    exec("a = 2; b = 3")
    return a, locals()["b"], locals()["a"]


def class_body():
    class Body:
        a = 1
        locals()["b"] = 2
        c = sorted(name for name in locals() if not name.startswith("__"))

    return Body.b, Body.c


def generator():
    def numbers():
        first = locals()
        first["a"] = 3
        yield sorted(first)
        a = 1
        yield first["a"], a

    made = numbers()
    return next(made), next(made)


def enclosed():
    a = 1

    def inner():
        nonlocal a
        here = locals()
        a = 2
        return here["a"], locals()["a"]

    return inner(), a, sorted(locals())


CASES = [edited, popped, asked, executed, class_body, generator, enclosed]
"""
FRAMES = """
import inspect
import sys
import traceback


def frame_of_its_own():
    a = 1
    held = sys._getframe().f_locals
    held["a"] = 2
    a = a + 10
    return a, sorted(inspect.currentframe().f_locals)


def callers():
    a = 1
    held = of_the_caller()
    held["a"] = 5
    b = a
    return a, b, sorted(held), held["a"]


def of_a_traceback():
    a = 1
    try:
        raise ValueError
    except ValueError as error:
        held = in_the_traceback(error)
    a = 2
    return held["a"]


def in_the_traceback(error):
    return error.__traceback__.tb_frame.f_locals


def of_the_caller():
    return sys._getframe(1).f_locals


def of_a_generator():
    def numbers():
        a = 1
        yield a
        b = 2
        yield b

    made = numbers()
    found = next(made), sorted(made.gi_frame.f_locals), next(made)
    return found, sorted(made.gi_frame.f_locals)


def names_in_a_traceback():
    try:
        failing()
    except ValueError as error:
        return [sorted(frame.f_locals) for frame, _ in traceback.walk_tb(error.__traceback__)]


def failing():
    held = 1
    try:
        return {}["missing"]
    except KeyError:
        again = 2
        raise ValueError("no")


CASES = [frame_of_its_own, callers, of_a_traceback, of_a_generator, names_in_a_traceback]
"""
LIVES = """
import contextlib
import gc
import sys
import traceback
import weakref


class Thing:
    def __init__(self, name, told):
        self.name, self.told = name, told

    def __del__(self):
        self.told.append(f"{self.name} ended")


def replaced():
    told = []
    one = Thing("first", told)
    watched = weakref.ref(one, lambda _: told.append("callback"))
    told.append("before")
    one = Thing("second", told)
    told.append("between")
    del one
    told.append("after")
    return told, watched() is None


def left_behind_by_a_call():
    told = []
    inner(told)
    told.append("after the call")
    return told


def inner(told):
    a = Thing("a", told)
    b = Thing("b", told)
    weakref.finalize(a, told.append, "finalized")
    told.append("leaving")


def caught():
    told = []
    try:
        failing(told)
    except ValueError as error:
        told.append("caught")
        frames = [(frame.f_code.co_name, line - frame.f_code.co_firstlineno)
                  for frame, line in traceback.walk_tb(error.__traceback__)]
        told.append(type(error.__context__).__name__)
    told.append("after")
    return told, frames[1:], sys.exc_info()


def failing(told):
    held = Thing("held", told)
    try:
        return {}["missing"]
    except KeyError:
        again = Thing("again", told)
        raise ValueError("no")


def caught_again_and_again():
    told = []
    for number in range(3):
        with contextlib.suppress(ValueError):
            failing(told)
        told.append(number)
    return told


def kept():
    told, errors = [], []
    try:
        failing(told)
    except ValueError as error:
        errors.append(error)
    told.append("kept")
    traceback.clear_frames(errors[0].__traceback__)
    told.append("cleared")
    errors.clear()
    told.append("gone")
    return told


def thrown_into_a_generator():
    told = []

    def numbers():
        held = Thing("in the generator", told)
        try:
            yield 1
        except ValueError:
            told.append("thrown")
            yield 2
        finally:
            told.append("finally")

    made = numbers()
    told.append(next(made))
    told.append(made.throw(ValueError("x")))
    del made
    told.append("after")
    return told


def counted():
    one = Thing("x", [])
    held = [one]
    return sys.getrefcount(one), len(gc.get_referrers(held)), gc.is_tracked(held)


def in_a_circle():
    told = []
    one, other = Thing("one", told), Thing("other", told)
    one.other, other.one = other, one
    del one, other
    told.append("let go")
    gc.collect()
    return sorted(told)


def formatted():
    try:
        failing([])
    except ValueError:
        lines = [line.strip() for line in traceback.format_exc().splitlines()]
    return [line for line in lines if not line.startswith("File")]


def stack():
    names = [frame.name for frame in traceback.extract_stack() if "transformers" in frame.filename]
    return names


CASES = [
    replaced, left_behind_by_a_call, caught, caught_again_and_again, kept, thrown_into_a_generator, counted,
    in_a_circle, formatted, stack,
]
"""
RECURSION = """
import copy
import json
import sys

told = []


class Endless:
    def __getattr__(self, name):
        return getattr(self, name + "_")

    def __repr__(self):
        return f"<{self!r}>"


def down(number):
    return down(number + 1)


def and_up(number):
    try:
        return and_up(number + 1)
    finally:
        told.append(number)


def direct():
    try:
        down(0)
    except RecursionError as error:
        return type(error).__name__, type(error.__context__).__name__


def deep_enough():
    try:
        down(0)
    except RecursionError as error:
        depth, traceback = 0, error.__traceback__
        while traceback is not None:
            depth, traceback = depth + 1, traceback.tb_next
        return depth > sys.getrecursionlimit() / 2


def with_finally():
    told.clear()
    try:
        and_up(0)
    except RecursionError:
        pass
    return told == sorted(told, reverse=True), told[-1], len(told) > 100


def from_an_object():
    found = []
    for ask in (lambda: Endless().anything, lambda: repr(Endless())):
        try:
            ask()
        except RecursionError:
            found.append("recursion")
    return found


def from_c():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    found = []
    for ask in (json.dumps, copy.deepcopy, repr):
        try:
            ask(nested)
        except RecursionError:
            found.append(ask.__name__)
    while nested:
        nested = nested[0]
    return found


def with_a_lower_limit():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before // 2)
    try:
        down(0)
    except RecursionError:
        return sys.getrecursionlimit() == before // 2
    finally:
        sys.setrecursionlimit(before)


def after_it():
    return [number * 2 for number in range(3)], sys.getrecursionlimit()


CASES = [direct, deep_enough, with_finally, from_an_object, from_c, with_a_lower_limit, after_it]
"""
TRACING = """
import bdb
import cProfile
import sys
import threading
import trace

OWN = ("work", "helper", "fails")


def work(a):
    b = a + 1
    for number in range(2):
        b = helper(b)
    try:
        fails()
    except ValueError:
        pass
    return b


def helper(a):
    return a * 2


def fails():
    raise ValueError("no")


def watching(events):
    def watch(frame, event, arg):
        code = frame.f_code
        if code.co_name in OWN:
            given = arg[0].__name__ if event == "exception" else arg
            events.append((event, code.co_name, frame.f_lineno - code.co_firstlineno, given))
            return watch
        return None

    return watch


def traced():
    events = []
    before = sys.gettrace()
    sys.settrace(watching(events))
    found = work(1)
    sys.settrace(before)
    return found, events, work(1), sys.gettrace() is before


def profiled():
    events = []

    def watch(frame, event, arg):
        if frame.f_code.co_name in OWN:
            events.append((event, frame.f_code.co_name, getattr(arg, "__name__", arg)))

    before = sys.getprofile()
    sys.setprofile(watch)
    found = work(1)
    sys.setprofile(before)
    return found, events, before is None, sys.getprofile() is before


def profiled_and_not_traced():
    calls = {}
    profile = cProfile.Profile()
    found = profile.runcall(work, 1)
    for entry in profile.getstats():
        if not isinstance(entry.code, str) and entry.code.co_name in OWN:
            calls[entry.code.co_name] = entry.callcount
    return found, calls


def counted():
    counter = trace.Trace(count=1, trace=0)
    before = sys.gettrace()
    found = counter.runfunc(work, 1)
    sys.settrace(before)
    first = work.__code__.co_firstlineno
    counts = counter.results().counts
    return found, sorted((line - first, count) for (file, line), count in counts.items() if file == __file__)


class Debugger(bdb.Bdb):
    def __init__(self):
        super().__init__()
        self.seen = []

    def user_line(self, frame):
        if frame.f_code.co_name in OWN:
            self.seen.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))


def debugged():
    before = sys.gettrace()
    debugger = Debugger()
    found = debugger.runcall(work, 1)
    sys.settrace(before)
    return found, debugger.seen


def in_a_thread():
    events = []
    before = threading._trace_hook
    threading.settrace(watching(events))
    thread = threading.Thread(target=work, args=(1,))
    thread.start()
    thread.join()
    threading.settrace(before)
    return events


def opcodes():
    events = []

    def watch(frame, event, arg):
        if frame.f_code.co_name != "helper":
            return None
        frame.f_trace_opcodes = True
        events.append(event)
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    helper(1)
    sys.settrace(before)
    return events


CASES = [traced, profiled, profiled_and_not_traced, counted, debugged, in_a_thread, opcodes]
"""
CODE = {"locals": LOCALS, "frames": FRAMES, "lives": LIVES, "recursion": RECURSION, "tracing": TRACING}


@pytest.fixture
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    shutil.copytree(FIXTURES / "bert-tiny", folder)
    (folder / "modeling_case.py").write_text(MODELING.format(code=CODE[request.param]))
    path = folder / "config.json"
    own = {"auto_map": {"AutoModel": "modeling_case.CaseModel"}, "writes_to": str(tmp_path / "written.json")}
    path.write_text(json.dumps({**json.loads(path.read_text()), **own}))
    return folder


DIFFERENT = {
    # Before Python 3.13 a frame has one dictionary of its variables. Stepping a line brings it up to date, and it holds
    # on to what is in it for as long as the frame is there. A function that may have its own at hand is stepped by call
    # and return alone, and so are those of a file that names f_locals; whose frame an error keeps is not known
    # beforehand.
    ("lives", True): ["kept", "counted"],
    ("lives", False): ["kept"],
}
"""The results that differ, by directory and whether lines are stepped."""

LINES = pytest.mark.parametrize("lines", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["lines", "calls"])

HEAVY = ("frames", "lives", "recursion")
FOLDERS = pytest.mark.parametrize(
    "directory",
    [pytest.param(name, marks=[pytest.mark.slow] if name in HEAVY else []) for name in CODE],
    indirect=True,
)


@pytest.mark.slow
@LINES
@pytest.mark.parametrize("directory", CODE, indirect=True)
def test_while_it_is_built(directory: Path, lines: bool, tmp_path: Path) -> None:
    """The functions called from its constructor, whose lines are stepped."""
    seen = compare(str(directory), {}, "AutoModel", lines, tmp_path)
    assert {name.partition(" ")[2] for name in seen["noted"]} == {"built", "in a pass"}


@LINES
@FOLDERS
def test_in_a_pass(directory: Path, lines: bool, tmp_path: Path, loads: Loads, request: pytest.FixtureRequest) -> None:
    """Each of its functions is stepped."""
    in_fork(_pass_untraced, str(directory))
    plain = written(tmp_path)
    recorded = loads.record_anew(
        work="load", model=str(directory), trust_remote_code=True, lines=lines, step_forward="all"
    )
    assert recorded.outcome.status == "loaded", recorded.outcome
    assert len(plain) >= 10
    found = written(tmp_path)
    assert found.keys() == plain.keys()
    different = {name for name in plain if found[name] != plain[name]}
    known = {f"{name} in a pass" for name in DIFFERENT.get((request.node.callspec.params["directory"], lines), ())}
    assert different == known if sys.version_info < (3, 12) else different <= known
    with open_trace(recorded.path) as trace:
        stepped = {frame.function for frame in trace.frames()}
        opaque = "lines of modeling_case.py" in trace.meta.skipped
    assert {name.partition(" ")[0] for name in plain} <= stepped
    assert opaque == (request.node.callspec.params["directory"] == "frames" and sys.version_info < (3, 13))


def _pass_untraced(directory: str) -> None:
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModel.from_pretrained(directory, trust_remote_code=True)
    with torch.no_grad():
        model(**tokenizer("some words", return_tensors="pt"))


def written(folder: Path) -> dict[str, Any]:
    """Return and delete what the model has written down."""
    path = folder / "written.json"
    found: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return found


LOADERS = """
import json
import pathlib

from transformers import BertConfig, BertModel, BertTokenizer


def note(directory, name, *told):
    # 4.44 imports the module anew for each class, so nothing can be kept in it.
    file = pathlib.Path(directory).with_name("noted.json")
    noted = {**(json.loads(file.read_text()) if file.exists() else {}), name: told}
    file.write_text(json.dumps(noted))
    return file, noted


class CaseConfig(BertConfig):
    model_type = "case"

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        option = kwargs.pop("option", 1)
        note(name, "CaseConfig", cls.__name__, option, sorted(kwargs))
        return super().from_pretrained(name, **kwargs)


class CaseTokenizer(BertTokenizer):
    @classmethod
    def from_pretrained(cls, name, *args, **kwargs):
        here = locals()
        here["left"] = kwargs.pop("padding_side", "none")
        note(name, "CaseTokenizer", cls.__name__, sorted(kwargs), sorted(here))
        return super().from_pretrained(name, *args, **kwargs)


class CaseModel(BertModel):
    config_class = CaseConfig

    @classmethod
    def from_pretrained(cls, name, *args, config=None, **kwargs):
        kept = {key: kwargs.pop(key) for key in sorted(kwargs) if key == "mine"}
        model = super().from_pretrained(name, *args, config=config, **kwargs)
        file, model.noted = note(name, "CaseModel", cls.__name__, kept, type(config).__name__)
        file.unlink()
        return model
"""


@pytest.fixture
def with_loaders(tmp_path: Path) -> Path:
    """A directory whose configuration, tokenizer and model each have a ``from_pretrained`` of their own."""
    folder = tmp_path / "case"
    shutil.copytree(FIXTURES / "bert-tiny", folder)
    (folder / "modeling_case.py").write_text(LOADERS)
    own = {"AutoConfig": "CaseConfig", "AutoModel": "CaseModel"}
    for file, auto_map in (
        ("config.json", {name: f"modeling_case.{class_}" for name, class_ in own.items()}),
        ("tokenizer_config.json", {"AutoTokenizer": ["modeling_case.CaseTokenizer", None]}),
    ):
        read = json.loads((folder / file).read_text())
        read.update({"auto_map": auto_map}, **({"model_type": "case"} if file == "config.json" else {}))
        (folder / file).write_text(json.dumps(read))
    return folder


@LINES
def test_loaders_of_their_own(with_loaders: Path, lines: bool, tmp_path: Path) -> None:
    seen = compare(str(with_loaders), {"option": 3, "mine": 4}, "AutoModel", lines, tmp_path)
    assert seen["noted"].keys() == {"CaseConfig", "CaseTokenizer", "CaseModel"}
    assert list(seen["noted"]["CaseConfig"][:2]) == ["CaseConfig", 3]


def test_loaders_of_their_own_are_stepped(with_loaders: Path, loads: Loads) -> None:
    trace = loads.trace(with_loaders, auto_class="AutoModel", kwargs={"option": 3, "mine": 4}, forward=False)
    assert trace.outcome.status == "loaded"
    stages = {}
    for frame in trace.frames():
        if frame.module.startswith("transformers_modules.") and frame.function.endswith(".from_pretrained"):
            steps = list(trace.steps(frame=frame.number))
            # The tokenizer's reads its local variables: before Python 3.13 its lines are not stepped.
            lines = {"line"} if frame.function != "CaseTokenizer.from_pretrained" else set()
            assert {"call", "return", *lines} <= {step.event for step in steps}
            stages[frame.function] = {step.stage for step in steps}
    assert stages == {
        "CaseConfig.from_pretrained": {"config"},
        "CaseTokenizer.from_pretrained": {"tokenizer"},
        "CaseModel.from_pretrained": {"construct"},
    }
    ends = {path.name: path.end for path in keyword_paths(trace)}
    assert (ends["option"].what, ends["option"].where) == ("used", "CaseConfig.from_pretrained")
    facts = [(fact.what, fact.values) for stage in summarize_stages(trace) for fact in stage.facts]
    assert [fact for fact in facts if fact[0].startswith("own-loader")] == [
        ("own-loader", {"function": "CaseModel.from_pretrained"})
    ]


@pytest.mark.parametrize(
    ("base", "stage"),
    [
        ("PretrainedConfig", "config"),
        ("PreTrainedTokenizerBase", "tokenizer"),
        ("ProcessorMixin", "processor"),
        ("ImageProcessingMixin", "processor"),
        ("FeatureExtractionMixin", "processor"),
        ("Module", "construct"),
        ("Dataset", None),
    ],
)
def test_the_stage_of_a_loader_is_that_of_its_class(base: str, stage: str | None) -> None:
    made: dict[str, Any] = {}
    written = f"class {base}: pass\nclass Own({base}):\n    @classmethod\n    def from_pretrained(cls, name): pass\n"
    exec(compile(written, "/cache/transformers_modules/own/own.py", "exec"), made)
    own = made["Own"]
    target = ModelCode("first").target(own.from_pretrained.__func__.__code__, {"cls": own})
    assert (target.stage if target is not None else None) == stage
