"""An exception is recorded with the frames below the function that was stepped, and with those that it came from."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from tests.recorder.toy import Recorded, Toy, troubles
from tracer.trace.events import ChainedException, Raised, raised_in
from tracer.trace.metadata import Failure


def failed(toy: Toy, code: str, **options: Any) -> Recorded:
    module = toy.module(code)
    with pytest.raises(Exception), toy.recording(**options) as recorded:  # noqa: B017, PT011
        module.run()
    return recorded


def first_seen(recorded: Recorded) -> list[Raised]:
    with recorded.trace as trace:
        return [raised_in(step) for step in trace.steps() if "traceback" in step.data]


def failure(recorded: Recorded) -> Failure:
    with recorded.trace as trace:
        assert trace.meta.failure is not None
        return trace.meta.failure


def frames(traceback: Any) -> list[tuple[str, str] | None]:
    return [frame and (frame.function, frame.source) for frame in traceback]


NESTED = """
    def cached_file(a):
        return inner(a)

    def inner(a):
        return innermost(a)

    def innermost(a):
        raise ValueError(a)

    def run():
        cached_file("no")
    """


def test_the_frames_below_the_stepped_function(toy: Toy) -> None:
    recorded = failed(toy, NESTED)
    (raised,) = first_seen(recorded)
    assert raised.traceback is not None
    assert frames(raised.traceback) == [("inner", "return innermost(a)"), ("innermost", "raise ValueError(a)")]
    assert all(frame is not None and frame.file.endswith("transformers/utils/hub.py") for frame in raised.traceback)
    assert [frame and frame.line for frame in raised.traceback] == [6, 9]
    assert raised.chained == []
    assert not troubles(recorded)


def test_the_failure_has_every_frame_but_the_recorders_own(toy: Toy) -> None:
    found = failure(failed(toy, NESTED))
    assert (found.error, found.message) == ("ValueError", "no")
    assert frames(found.traceback)[-4:] == [
        ("run", 'cached_file("no")'),
        ("cached_file", "return inner(a)"),
        ("inner", "return innermost(a)"),
        ("innermost", "raise ValueError(a)"),
    ]
    assert not any(frame is not None and "tracer/recorder" in frame.file for frame in found.traceback)


def test_it_is_recorded_once_on_its_way_through_several_functions(toy: Toy) -> None:
    code = """
        def cached_file(a):
            return cached_files(a)

        def cached_files(a):
            raise KeyError(a)

        def run():
            cached_file("no")
        """
    (raised,) = first_seen(failed(toy, code))
    assert raised.traceback == []  # the function that was stepped raised it


@pytest.mark.parametrize(("clause", "relation"), [("from error", "cause"), ("", "context"), ("from None", "context")])
def test_the_exception_behind_it(toy: Toy, clause: str, relation: str) -> None:
    code = f"""
        def cached_file(a):
            try:
                look(a)
            except KeyError as error:
                raise OSError("not there") {clause}

        def look(a):
            return {{}}[a]

        def run():
            cached_file("x")
        """
    recorded = failed(toy, code)
    before, raised = first_seen(recorded)
    assert frames(before.traceback) == [("look", "return {}[a]")]
    (chained,) = raised.chained
    assert (chained.relation, chained.error, chained.message) == (relation, "KeyError", "'x'")
    assert frames(chained.traceback) == [("cached_file", "look(a)"), ("look", "return {}[a]")]
    assert failure(recorded).chained == raised.chained == [ChainedException(*msgspec_fields(chained))]


def msgspec_fields(chained: ChainedException) -> tuple[Any, ...]:
    return chained.relation, chained.error, chained.message, chained.traceback


def test_a_chain_that_leads_back_to_itself_ends(toy: Toy) -> None:
    code = """
        def cached_file():
            one, two = ValueError("one"), ValueError("two")
            one.__context__, two.__context__ = two, one
            raise one

        def run():
            cached_file()
        """
    recorded = failed(toy, code)
    (raised,) = first_seen(recorded)
    assert [chained.message for chained in raised.chained] == ["two"]
    assert not troubles(recorded)


def test_of_a_deep_traceback_both_ends_are_kept(toy: Toy) -> None:
    code = """
        def cached_file(n):
            down(n)

        def down(n):
            if n == 0:
                bottom()
            down(n - 1)

        def bottom():
            raise ValueError

        def run():
            cached_file(60)
        """
    (raised,) = first_seen(failed(toy, code))
    assert raised.traceback is not None
    assert raised.traceback.count(None) == 1
    assert len(raised.traceback) == 21
    assert frames(raised.traceback)[0] == ("down", "down(n - 1)")
    assert frames(raised.traceback)[-1] == ("bottom", "raise ValueError")


def test_where_a_loop_raises_again_and_again_a_few_are_described(toy: Toy) -> None:
    code = """
        def cached_file(n):
            found = 0
            for key in range(n):
                try:
                    {}[key]
                except KeyError:
                    found += 1
            raise ValueError(found)

        def run():
            cached_file(100)
        """
    recorded = failed(toy, code)
    *caught, last = first_seen(recorded)
    assert len(caught) == 3
    assert last.chained == []
    assert failure(recorded).message == "100"


def test_a_secret_in_the_source_or_a_message_is_masked(toy: Toy) -> None:
    code = """
        def cached_file(a):
            fetch(a, token="tok-Aa11-planted")

        def fetch(a, token):
            raise ValueError(f"{a} refused {token}")

        def run():
            try:
                cached_file("it")
            except ValueError as error:
                raise RuntimeError("failed") from error
        """
    recorded = failed(toy, code)
    found = failure(recorded)
    assert found.chained[0].message == "it refused ‹secret›"
    assert 'fetch(a, token="‹secret›")' in [frame.source for frame in found.chained[0].traceback if frame is not None]
    assert b"Aa11" not in recorded.path.read_bytes()


def test_an_exception_whose_code_would_run_has_no_message(toy: Toy) -> None:
    code = """
        class Loud(Exception):
            def __str__(self):
                raise SystemExit

            @property
            def __cause__(self):
                raise SystemExit

            @property
            def __traceback__(self):
                raise SystemExit

        def cached_file():
            try:
                below()
            except Loud as error:
                raise ValueError("after it") from error

        def below():
            raise Loud("x")

        def run():
            cached_file()
        """
    recorded = failed(toy, code)
    loud, raised = first_seen(recorded)
    assert frames(loud.traceback) == [("below", 'raise Loud("x")')]
    assert raised.chained[0].error.endswith("Loud")
    assert raised.chained[0].message is None
    assert not troubles(recorded)


PROPERTY = """
    class Module:
        def __getattr__(self, name):
            raise AttributeError(f"'Module' object has no attribute '{{name}}'")

    class Model(Module):
        present = 1

        {decorator}
        def size(self):
            return self.{asked}

    def cached_file(model):
        return model.{read}

    def run():
        import functools
        cached_file(Model())
    """


@pytest.mark.parametrize(
    ("decorator", "asked", "read", "hidden"),
    [
        ("@property", "gone", "size", "size"),
        ("@__import__('functools').cached_property", "gone", "size", "size"),
        ("@property", "present", "never_there", None),
        ("@staticmethod", "gone", "never_there", None),
    ],
)
def test_a_property_whose_error_is_dropped(toy: Toy, decorator: str, asked: str, read: str, hidden: str | None) -> None:
    recorded = failed(toy, PROPERTY.format(decorator=decorator, asked=asked, read=read))
    found = first_seen(recorded)[-1].hidden
    assert (found and found.property) == hidden
    assert found is None or found.class_.endswith(".Model")
    assert not troubles(recorded)


def test_code_without_a_source_has_frames_without_text(toy: Toy) -> None:
    code = """
        made = {}
        exec("def made(): raise ValueError", made)

        def cached_file():
            made["made"]()

        def run():
            cached_file()
        """
    (raised,) = first_seen(failed(toy, code))
    assert frames(raised.traceback) == [("made", "")]


def test_nothing_that_an_exception_holds_is_kept(toy: Toy) -> None:
    code = """
        class Thing:
            pass

        things = []

        def cached_file():
            below()

        def below():
            thing = Thing()
            things.append(__import__("weakref").ref(thing))
            raise ValueError

        def run():
            try:
                cached_file()
            except ValueError:
                pass
        """
    module = toy.module(code)
    with toy.recording() as recorded:
        module.run()
        gone: weakref.ref[Any] = module.things[0]
        assert gone() is None, gc.get_referrers(gone())
    assert len(first_seen(recorded)) == 1


def test_running_out_of_stack_is_recorded_and_no_trouble(toy: Toy) -> None:
    code = """
        def cached_file():
            down()

        def down():
            down()

        def run():
            cached_file()
        """
    recorded = failed(toy, code)
    found = failure(recorded)
    assert found.error == "RecursionError"
    assert None in found.traceback
    assert "traceback" not in troubles(recorded), recorded.meta()["skipped"]


def test_the_message_of_an_exception_of_the_standard_library(toy: Toy) -> None:
    code = """
        import importlib.metadata

        def cached_file():
            importlib.metadata.version("glm-trace-absent-package")

        def run():
            cached_file()
        """
    assert failure(failed(toy, code)).message == "No package metadata was found for glm-trace-absent-package"
