"""A recording stays sound whatever happens in the middle of it: interrupts, threads, forks, finalisers, a full disk."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import resource
import signal
import sys
import threading
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.recorder.soundness import steps_of_sound_journal
from tests.recorder.toy import Toy
from tracer.recorder.recording import Recording
from tracer.trace import journal
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.roots import Roots

WORK = """
    import threading

    def cached_file(number, **kwargs):
        text = "text %d" % number
        items = {"number": number, "list": [number, text]}
        for key in ("a", "b", number):
            items[key] = (key, number)
            items["list"].append(key)
        kwargs["more"] = items
        return cached_files(number, items)

    def cached_files(number, items):
        try:
            extract_commit_hash(items, number)
        except ValueError as error:
            found = str(error)
        del items["a"]
        return found, items

    def extract_commit_hash(items, number):
        items["deep"] = [items["a"]]
        raise ValueError(number)
    """


@contextlib.contextmanager
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.slow
def test_interrupts_at_any_moment_leave_a_sound_journal(toy: Toy) -> None:
    module = toy.module(WORK)
    chance = random.Random(0)
    interrupts = 0

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    until = time.monotonic() + 3
    try:
        while time.monotonic() < until:
            with toy.recording() as recorded:
                for number in range(20):
                    try:
                        signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 3e-3))
                        module.cached_file(number, token=None)
                        print("printed", number)
                        signal.setitimer(signal.ITIMER_REAL, 0)
                    except KeyboardInterrupt:
                        interrupts += 1
            assert recorded.steps
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupts > 20


def test_an_interrupt_at_every_call_leaves_a_sound_journal(tmp_path: Path) -> None:
    """The recorder itself, interrupted at each of its own calls and returns in turn."""

    class Stop(BaseException):
        pass

    sources = [tmp_path / f"{number}.py" for number in range(3)]
    for source in sources:
        source.write_text(f"# {source}\n")

    def one(path: Path, at: int) -> bool:
        recording = Recording(path, Redactor(), Roots({}))
        left = at

        def profile(frame: Any, event: str, arg: Any) -> None:
            nonlocal left
            if frame.f_code.co_name == "gc_callback":  # another tool's; what it raises is lost
                return
            left -= 1
            if left == 0:
                raise Stop

        stopped = False
        for number in range(3):
            try:
                if number == 1:
                    sys.setprofile(profile)
                value = recording.summaries.number({"number": number, "list": [number, str(number)]}, "variable")
                frame = recording.new_frame("module", f"function {number}", 0, 1)
                source = recording.source_number(str(sources[number]))
                recording.step("config", "line", frame=frame, source=source, line=1, value=value)
                recording.record_event("output", {"text": f"said {number}"})
                sys.setprofile(None)
            except Stop:
                sys.setprofile(None)
                stopped = True
                recording.step("config", "line", value=recording.summaries.number({"number": number}))
        from tracer.trace.outcome import Outcome

        recording.finish(Outcome("loaded"))
        steps_of_sound_journal(path)
        return stopped

    at = 1
    while one(tmp_path / f"{at}.journal", at):
        at += 1
    assert at > 50


def test_many_threads_at_once(toy: Toy) -> None:
    module = toy.module(WORK)

    def work(offset: int) -> None:
        for number in range(40):
            module.cached_file(offset * 1000 + number)
            sys.stdout.write(f"thread {offset} {number}\n")

    with switching_often(), toy.recording() as recorded:
        threads = [threading.Thread(target=work, args=(n,), name=f"worker {n}") for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    calls = [step for step in recorded.steps if step.kind == "call"]
    assert len(calls) == 4 * 40 * 3, recorded.meta().get("skipped")
    assert len({step.thread for step in calls}) == 4
    outputs = [step for step in recorded.steps if step.kind == "output"]
    assert sum(len(step.data["text"].splitlines()) for step in outputs) == 4 * 40
    with recorded.trace as trace:
        assert set(trace.meta.threads.values()) == {f"worker {n}" for n in range(4)}
        for frame in trace.frames():
            if frame.parent is not None:
                assert trace.frame(frame.parent).thread == frame.thread


def test_a_forked_process_writes_nothing_into_the_journal(toy: Toy) -> None:
    module = toy.module(WORK)
    with toy.recording() as recorded:
        module.cached_file(1)
        for _ in range(3):
            child = os.fork()
            if not child:
                module.cached_file(2)
                print("from the child")
                warnings.warn("from the child", stacklevel=1)
                os._exit(0 if sys.gettrace() is None else 9)
            assert os.waitpid(child, 0)[1] == 0
            module.cached_file(3)
    texts = [step.data.get("text") for step in recorded.steps if step.kind == "output"]
    assert "from the child" not in texts


@pytest.mark.slow
def test_a_fork_while_another_thread_records(toy: Toy) -> None:
    module = toy.module(WORK)
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            module.cached_file(number)

    with switching_often(), toy.recording():
        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(20):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tested
                    child = os.fork()
                if not child:
                    signal.alarm(5)
                    print("a lock that another thread held would stop this")
                    module.cached_file(0)
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            stop.set()
            thread.join()


class Cycle:
    """Garbage that speaks when it is collected."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        print("collected")


@pytest.mark.slow
def test_finalisers_that_print_in_the_middle_of_a_step(toy: Toy) -> None:
    module = toy.module(WORK)
    before = gc.get_threshold()
    with toy.recording() as recorded:
        gc.set_threshold(5, 1, 1)
        try:
            for number in range(150):
                Cycle()
                module.cached_file(number)
        finally:
            gc.set_threshold(*before)
            gc.collect()
    assert sum("collected" in step.data.get("text", "") for step in recorded.steps) > 50


def test_a_redactor_that_speaks(tmp_path: Path) -> None:
    """Whatever speaks up in the middle of a step comes after it."""

    class Loud(Redactor):
        depth = 0

        def text(self, text: str) -> str:
            if self.depth < 3:
                self.depth += 1
                recording.record_event("output", {"text": "nested"})
                self.depth -= 1
            return super().text(text)

    recording = Recording(tmp_path / "x", Redactor(), Roots({}))
    recording.redactor = Loud()
    for number in range(20):
        recording.step("config", "line", value=recording.summaries.number(f"text {number}"))
        recording.meta(number=f"{number}")
    from tracer.trace.outcome import Outcome

    recording.finish(Outcome("loaded", message="x"))
    assert len(steps_of_sound_journal(tmp_path / "x")) > 40


def test_a_full_disk_ends_the_recording_and_not_the_load(toy: Toy) -> None:
    module = toy.module(WORK)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    results = []
    try:
        with toy.recording() as recorded:
            results.append(module.cached_file(1))
            resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(recorded.path) + 2_000, before[1]))
            results.append(module.cached_file(2))
            for number in range(1000):  # more than there is room for
                module.cached_file(number)
            results.append(module.cached_file(3))
            print("still here")
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            results.append(module.cached_file(4))
            raise_no_error = True
    except AssertionError:
        raise_no_error = True  # the journal's end is torn, and nothing else
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert raise_no_error
    assert [found for found, _ in results] == ["1", "2", "3", "4"]
    assert recorded.session.recording.failure is not None
    with recorded.trace as trace:
        assert len(trace) > 0
        assert [step.number for step in trace.steps()] == list(range(len(trace)))


def test_nothing_grows_after_the_end(toy: Toy) -> None:
    module = toy.module(WORK)
    with toy.recording() as recorded:
        module.cached_file(1)
    recording = recorded.session.recording
    size = os.path.getsize(recorded.path)
    tracemalloc.start()
    for number in range(200):
        assert recording.step("config", "line") == -1
        assert recording.record_event("output", {"text": "late"}) == -1
        recording.new_frame("m", "f", 0, 1)
        recording.summaries.number({"late": [number]})
        recording.meta(late=1)
        recording.skip("late", "too late")
        recording.source_number(__file__)
    assert os.path.getsize(recorded.path) == size
    records = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, journal.__file__)])
    tracemalloc.stop()
    assert sum(trace.size for trace in records.traces) < 5_000, "records that will never be written are kept"


def test_a_thread_that_goes_on_after_the_end_is_not_traced(toy: Toy) -> None:
    module = toy.module(WORK)
    go, gone, seen = threading.Event(), threading.Event(), []

    def work() -> None:
        module.cached_file(1)
        go.set()
        gone.wait(10)
        module.cached_file(2)
        module.cached_file(3)
        seen.append(sys.gettrace())

    with toy.recording() as recorded:
        thread = threading.Thread(target=work)
        thread.start()
        go.wait(10)
    count = len(recorded.steps)
    gone.set()
    thread.join()
    assert seen == [None]
    assert len(steps_of_sound_journal(recorded.path)) == count


def test_a_second_recording_starts_anew(toy: Toy) -> None:
    module = toy.module(WORK)
    kinds = []
    for _ in range(3):
        with toy.recording() as recorded:
            module.cached_file(1)
        kinds.append([(step.kind, step.line, len(step.changes)) for step in recorded.steps])
    assert kinds[0] == kinds[1] == kinds[2]
    assert len(kinds[0]) > 20


def test_a_recording_that_cannot_start_cleans_up(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    from tracer.recorder.stepping.monitoring import MonitoringStepper
    from tracer.recorder.stepping.settrace import SettraceStepper

    def fail(self: Any) -> None:
        raise RuntimeError("every sys.monitoring tool identifier is taken")

    for stepper in (MonitoringStepper, SettraceStepper):
        monkeypatch.setattr(stepper, "start", fail)
    before = sys.stdout, sys.stderr, warnings.showwarning, sys.gettrace()
    with pytest.raises(RuntimeError, match="is taken"), toy.recording():
        raise AssertionError("not reached")
    assert (sys.stdout, sys.stderr, warnings.showwarning, sys.gettrace()) == before
