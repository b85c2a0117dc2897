"""`with tracer.record(...)`: recording from Python. The work of each test runs in its own warm process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import tracer
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.analysis.diagnosis import diagnose

Work = Callable[..., Any]


@pytest.fixture
def in_process(loads: Loads) -> Callable[..., Any]:
    """Run a function of this module in a fork of the warm process; return its result, or its exit code."""

    def run(work: Work, *args: Any, code: int = 0) -> Any:
        context = get_context("forkserver")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_result, args=(sender, work, args))
        process.start()
        sender.close()
        try:
            kind, result = receiver.recv() if receiver.poll(60) else ("nothing", None)
        except EOFError:
            kind, result = "nothing", None
        process.join(60)
        assert kind != "error", result
        assert process.exitcode == code
        return result

    return run


def _send_result(sender: Any, work: Work, args: tuple[Any, ...]) -> None:
    try:
        sender.send(("result", work(*args)))
    except BaseException as error:
        import traceback

        sender.send(("error", "".join(traceback.format_exception(error))))


def load(model: Path) -> Any:
    from transformers import AutoModel

    return AutoModel.from_pretrained(str(model), trust_remote_code=True)


# ── A load ──────────────────────────────────────────────────────────────────────────────────────────


def record_a_load(path: Path, model: Path, lines: bool) -> str:
    with tracer.record(path, model=str(model), lines=lines):
        result = load(model)
    return type(result).__name__


def record_with_another_modules_cache(path: Path, model: Path, cache: Path) -> None:
    from transformers import dynamic_module_utils

    dynamic_module_utils.HF_MODULES_CACHE = str(cache)
    with tracer.record(path, model=str(model), lines=False):
        load(model)


def test_the_modules_cache_is_that_of_the_library(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    path, cache = tmp_path / "x.glmtrace", tmp_path / "moved"
    in_process(record_with_another_modules_cache, path, fixtures / "glm-4v-tiny", cache)
    with tracer.open_trace(path) as trace:
        assert trace.meta.roots["modules-cache"] == str(cache)
        copied = [step.data["into"] for step in trace.steps(kinds=["module-copied"])]
    assert copied
    assert all(place.startswith("<modules-cache>/transformers_modules/") for place in copied)


def test_a_load_becomes_a_trace(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    path = tmp_path / "x.glmtrace"
    assert in_process(record_a_load, path, fixtures / "bert-tiny", True) == "BertModel"
    assert [file.name for file in tmp_path.iterdir()] == ["x.glmtrace"]
    with tracer.open_trace(path) as trace:
        assert trace.outcome.status == "loaded"
        assert trace.outcome.seconds > 0
        assert trace.outcome.step == len(trace) - 1
        assert trace.meta.work == "record"
        reading = Reading(trace)
        call = reading.call("_BaseAutoModelClass.from_pretrained")
        assert call.arguments["pretrained_model_name_or_path"] == "<model>"
        assert reading.only("model-loaded")["class"] == "transformers.models.bert.modeling_bert.BertModel"


def test_without_lines_calls_are_left(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    in_process(record_a_load, tmp_path / "x.glmtrace", fixtures / "glm-4v-tiny", False)
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        events = {step.event for step in trace.steps()}
        assert {"call", "return"} <= events
        assert "line" not in events
        assert trace.meta.lines is False
        assert next(trace.steps(kinds=["class-resolved"])).data["way"] == "remote"


def record_by_text(folder: Path, model: Path) -> list[str]:
    os.chdir(folder)
    with tracer.record("text.glmtrace"):
        load(model)
    with tracer.record(Path("path.glmtrace")):
        load(model)
    return sorted(os.listdir(folder))


def test_a_path_is_text_or_path_and_may_be_relative(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    assert in_process(record_by_text, tmp_path, fixtures / "bert-tiny") == ["path.glmtrace", "text.glmtrace"]
    with tracer.open_trace(str(tmp_path / "path.glmtrace")) as trace:
        assert trace.outcome.status == "loaded"


def record_a_pass(path: Path, model: Path) -> list[str]:
    import torch

    loaded = load(model)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with tracer.record(path):
            loaded(input_ids=torch.ones(1, 4, dtype=torch.int64))
    return [str(one.message) for one in warned if issubclass(one.category, UserWarning)]


def test_a_pass_by_itself_is_not_a_load(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    path = tmp_path / "pass.glmtrace"
    assert any("No load came to its end" in said for said in in_process(record_a_pass, path, fixtures / "bert-tiny"))
    with tracer.open_trace(path) as trace:
        assert trace.outcome.status == "no-load"


def record_inside_and_let_it_fail(path: Path, model: Path) -> str:
    try:
        with tracer.record(path):
            load(model)
            with tracer.record(path.with_name("inner.glmtrace")):
                pass
    except tracer.TracerError as error:
        return str(error)
    return ""


def test_a_glm_trace_error_in_the_block_belongs_to_the_block(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    path = tmp_path / "outer.glmtrace"
    assert "under way already" in in_process(record_inside_and_let_it_fail, path, fixtures / "bert-tiny")
    with tracer.open_trace(path) as trace:
        assert (trace.outcome.status, trace.outcome.part) == ("failed", "script")
        assert trace.outcome.fault is None  # not the recorder's fault: `why` must name the script
        (cause,) = diagnose(trace).causes
        assert cause.kind == "script-failed"


def record_twice(path: Path, first: Path, second: Path) -> None:
    for model in (first, second):
        with tracer.record(path):
            load(model)


def test_an_older_trace_is_replaced(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    in_process(record_twice, tmp_path / "x.glmtrace", fixtures / "bert-tiny", fixtures / "glm-4v-tiny")
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        loaded = Reading(trace).only("model-loaded")["class"]
        assert loaded.endswith(".ChatGLMForConditionalGeneration")


def record_a_thread(path: Path, model: Path) -> None:
    with tracer.record(path, model=str(model)):
        thread = threading.Thread(target=load, args=(model,), name="loader")
        thread.start()
        thread.join()


def test_a_load_in_a_thread(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    in_process(record_a_thread, tmp_path / "x.glmtrace", fixtures / "bert-tiny")
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        call = Reading(trace).call("_BaseAutoModelClass.from_pretrained")
        assert trace.meta.threads[str(call.frame.thread)] == "loader"
        assert {step.thread for step in trace.steps(kinds=["line"])} == {call.frame.thread}


# ── Exceptions ──────────────────────────────────────────────────────────────────────────────────────


def record_a_failure(path: Path, model: Path) -> tuple[str, str, bool]:
    try:
        with tracer.record(path, model=str(model)):
            try:
                load(model)
            except OSError as error:
                inner = error
                raise
    except OSError as error:
        return type(error).__name__, str(error), error is inner
    raise AssertionError("it passed")


def test_an_exception_is_recorded_and_passed_on(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    name, message, same = in_process(record_a_failure, tmp_path / "x.glmtrace", fixtures / "broken" / "not-json")
    assert (name, same) == ("OSError", True)
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        assert trace.outcome.status == "failed"
        assert trace.outcome.error == "OSError"
        assert trace.outcome.message == message.replace(str(fixtures / "broken" / "not-json"), "<model>")
        step = trace.step(trace.outcome.step)
        assert step.event == "raise"
        assert step.frame is not None
        assert trace.frame(step.frame).function.endswith("._get_config_dict")


def record_own_errors(folder: Path) -> list[str]:
    seen = []
    errors: list[BaseException] = [ZeroDivisionError("mine"), KeyboardInterrupt(), SystemExit(3)]
    for number, wanted in enumerate(errors):
        try:
            with tracer.record(folder / f"{number}.glmtrace"):
                raise wanted
        except BaseException as error:
            seen.append(f"{type(error).__name__} {error is wanted}")
    return seen


def test_errors_of_the_block_itself(in_process: Any, tmp_path: Path) -> None:
    assert in_process(record_own_errors, tmp_path) == [
        "ZeroDivisionError True",
        "KeyboardInterrupt True",
        "SystemExit True",
    ]
    outcomes = []
    for number in range(3):
        with tracer.open_trace(tmp_path / f"{number}.glmtrace") as trace:
            outcomes.append((trace.outcome.status, trace.outcome.error, trace.outcome.message))
    assert outcomes == [
        ("failed", "ZeroDivisionError", "mine"),
        ("interrupted", None, None),
        ("failed", "SystemExit", "3"),
    ]


# ── One at a time ───────────────────────────────────────────────────────────────────────────────────


def record_inside(folder: Path, model: Path) -> list[str]:
    said = []
    with tracer.record(folder / "outer.glmtrace"):
        try:
            with tracer.record(folder / "inner.glmtrace"):
                said.append("inner ran")
        except tracer.TracerError as error:
            said.append(str(error))
        load(model)
    with tracer.record(folder / "after.glmtrace"):
        load(model)
    return said


def test_a_nested_recording_is_refused(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    assert in_process(record_inside, tmp_path, fixtures / "bert-tiny") == [
        "A recording is under way already; one process can make one at a time."
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["after.glmtrace", "outer.glmtrace"]
    for name in ("outer", "after"):
        with tracer.open_trace(tmp_path / f"{name}.glmtrace") as trace:
            assert trace.outcome.status == "loaded"
            assert Reading(trace).only("model-loaded")


def record_and_compare(path: Path, model: Path) -> list[str]:
    import logging

    import transformers.modeling_utils as modeling

    def everything() -> dict[str, Any]:
        return {
            "sys.stdout": sys.stdout, "sys.stderr": sys.stderr, "sys.gettrace": sys.gettrace(),
            "threading": threading.gettrace() if hasattr(threading, "gettrace") else None,
            "showwarning": warnings.showwarning, "handle": logging.Logger.handle,
            "safe_open": modeling.safe_open, "load_state_dict": modeling.load_state_dict,
            "eval": modeling.PreTrainedModel.__dict__.get("eval"),
        }  # fmt: skip

    before = everything()
    with tracer.record(path):
        load(model)
    after = everything()
    try:
        with tracer.record(path):
            load(path / "nothing")
    except OSError:
        pass
    failed = everything()
    return [name for name in before if not before[name] is after[name] is failed[name]]


def test_everything_is_restored(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    assert in_process(record_and_compare, tmp_path / "x.glmtrace", fixtures / "glm-4v-tiny") == []


# ── Where it can't be written ───────────────────────────────────────────────────────────────────────


def record_nowhere(path: Path) -> str:
    try:
        with tracer.record(path):
            return "it ran"
    except tracer.TracerError as error:
        return str(error)


@pytest.mark.parametrize("name", ["missing/x.glmtrace", ".", "taken"])
def test_a_place_that_cannot_be_written(name: str, in_process: Any, tmp_path: Path) -> None:
    (tmp_path / "taken.journal").mkdir()
    before = sorted(tmp_path.rglob("*"))
    sentence = in_process(record_nowhere, tmp_path / name)
    assert sentence.endswith((".", "place."))
    assert str(tmp_path) in sentence
    assert sorted(tmp_path.rglob("*")) == before
    assert not list(tmp_path.parent.glob("*.journal"))


def record_on_a_full_disk(path: Path, model: Path, broken: bool) -> tuple[str, list[str]]:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    done: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with tracer.record(path):
                done.append(type(load(model)).__name__)
                if broken:
                    raise ZeroDivisionError
        except (tracer.TracerError, ZeroDivisionError) as error:
            done.append(f"{type(error).__name__}: {error}")
    return "; ".join(str(one.message) for one in warned if one.category is RuntimeWarning), done


@pytest.mark.parametrize("broken", [False, True])
def test_a_disk_that_fills_up(broken: bool, in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    """The load continues; an incomplete trace is reported at the end, and hides no exception."""
    path = tmp_path / "x.glmtrace"
    warned, done = in_process(record_on_a_full_disk, path, fixtures / "bert-tiny", broken)
    assert done[0] == "BertModel"
    sentence = warned if broken else done[1]
    assert "Recording ended early, the block itself went on: File too large." in sentence
    assert f"{path} holds what was recorded until then." in sentence
    assert done[1].startswith("ZeroDivisionError" if broken else "TracerError")
    with tracer.open_trace(path) as trace:
        assert len(trace) > 10
        ended = trace.meta.recording_ended
        assert ended is not None
        assert (ended.error, ended.step) == ("EFBIG", len(trace) - 1)
        assert trace.outcome.status == ("failed" if broken else "loaded")


# ── Death in the block ──────────────────────────────────────────────────────────────────────────────


def record_and_die(path: Path, model: Path) -> None:
    with tracer.record(path, model=str(model)):
        load(model)
        os._exit(7)


def test_a_journal_is_left_when_the_process_dies(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    in_process(record_and_die, tmp_path / "x.glmtrace", fixtures / "bert-tiny", code=7)
    assert [file.name for file in tmp_path.iterdir()] == ["x.glmtrace.journal"]
    with tracer.open_trace(tmp_path / "x.glmtrace.journal") as trace:
        assert trace.outcome.status == "unfinished"
        reading = Reading(trace)
        assert reading.only("model-loaded")
        last = reading.steps[-1]
        assert last.event == "return"
        assert last.frame is not None
        assert reading.frames[last.frame].function == "_BaseAutoModelClass.from_pretrained"


def test_a_journal_left_before_is_kept(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    in_process(record_and_die, tmp_path / "x.glmtrace", fixtures / "bert-tiny", code=7)
    left = (tmp_path / "x.glmtrace.journal").read_bytes()
    assert "glm-trace seal" in in_process(record_nowhere, tmp_path / "x.glmtrace")
    assert [file.name for file in tmp_path.iterdir()] == ["x.glmtrace.journal"]
    assert (tmp_path / "x.glmtrace.journal").read_bytes() == left


def record_then_nothing(path: Path, model: Path) -> list[str]:
    with tracer.record(path):
        load(model)
    said = []
    for error in (None, ZeroDivisionError):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                with tracer.record(path):
                    if error is not None:
                        raise error
            except ZeroDivisionError:
                said.append("passed on")
        said += [f"{one.filename == __file__} {one.message}" for one in warned]
    return said


def test_a_block_without_a_step_leaves_the_earlier_trace(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    kept, passed, again = in_process(record_then_nothing, tmp_path / "x.glmtrace", fixtures / "bert-tiny")
    assert kept == again == f"True Not a single step was recorded, so the earlier trace {tmp_path}/x.glmtrace was kept."
    assert passed == "passed on"
    assert [file.name for file in tmp_path.iterdir()] == ["x.glmtrace"]
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        assert Reading(trace).only("model-loaded")


# ── Two at once ─────────────────────────────────────────────────────────────────────────────────────


def record_until(path: Path, model: Path, begun: Path, end: Path) -> None:
    with tracer.record(path):
        load(model)
        begun.touch()
        while not end.exists():
            time.sleep(0.01)


def test_two_processes_do_not_record_to_one_file(in_process: Any, tmp_path: Path, fixtures: Path) -> None:
    path, begun, end = tmp_path / "x.glmtrace", tmp_path / "begun", tmp_path / "end"
    first = threading.Thread(target=in_process, args=(record_until, path, fixtures / "bert-tiny", begun, end))
    first.start()
    try:
        while not begun.exists():
            assert first.is_alive()
            time.sleep(0.01)
        sentence = in_process(record_nowhere, path)
    finally:
        end.touch()
        first.join()
    assert sentence.startswith(f"Another recording is writing {path}: ")
    assert sorted(file.name for file in tmp_path.glob("x*")) == ["x.glmtrace"]
    with tracer.open_trace(path) as trace:
        assert Reading(trace).only("model-loaded")["class"].endswith(".BertModel")


def record_and_fork(path: Path, model: Path) -> None:
    child = -1
    try:
        with tracer.record(path):
            child = os.fork()
            if child == 0:
                sys.exit()  # through the end of the block, as a worker may
            os.waitpid(child, 0)
            load(model)
    finally:
        if child == 0:
            os._exit(0)


def test_a_process_forked_off_in_the_block_does_not_end_the_recording(
    in_process: Any, tmp_path: Path, fixtures: Path
) -> None:
    in_process(record_and_fork, tmp_path / "x.glmtrace", fixtures / "bert-tiny")
    assert [file.name for file in tmp_path.iterdir()] == ["x.glmtrace"]
    with tracer.open_trace(tmp_path / "x.glmtrace") as trace:
        assert trace.outcome.status == "loaded"
        assert Reading(trace).only("model-loaded")


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────


def test_open_trace(loads: Loads, fixtures: Path) -> None:
    path = loads.record(fixtures / "bert-tiny").path
    with tracer.open_trace(path) as trace:
        assert isinstance(trace, tracer.Trace)
        assert [step.number for step in trace.steps()] == [*range(len(trace))]
        assert trace.step(0).number == 0
        with pytest.raises(IndexError, match=f"has {len(trace):,} steps; there is no step {len(trace)}"):
            trace.step(len(trace))
    with pytest.raises(tracer.NotATrace, match="There is no file"):
        tracer.open_trace(path.parent / "nothing.glmtrace")
    with pytest.raises(tracer.NotATrace, match="not a glm-trace trace"):
        tracer.open_trace(fixtures / "README.md")
    with pytest.raises(AttributeError, match="no attribute 'recorder_of_dreams'"):
        tracer.recorder_of_dreams  # noqa: B018


def test_looking_imports_no_torch(loads: Loads, fixtures: Path) -> None:
    path = loads.record(fixtures / "bert-tiny").path
    code = (
        "import sys, tracer\n"
        f"trace = tracer.open_trace({str(path)!r})\n"
        "assert len(list(trace.steps())) == len(trace)\n"
        "heavy = {'torch', 'transformers', 'safetensors', 'peft', 'numpy', 'tracer.recorder'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_what_it_has() -> None:
    assert set(dir(tracer)) == set(tracer.__all__) >= {"record", "open_trace"}
