"""The guard: what the recorder's own code raises is noted, and never reaches the load."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.recorder.guard import Guard, StopLoad, Watching
from tracer.recorder.patches import Patches


class Owner:
    def method(self, value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    @classmethod
    def of_the_class(cls, value: Any) -> Any:
        return cls, value

    @staticmethod
    def static(value: Any) -> Any:
        return value


@pytest.fixture
def noted() -> dict[str, str]:
    return {}


@pytest.fixture
def patches(noted: dict[str, str]) -> Any:
    patches = Patches(Guard(noted.__setitem__))
    yield patches
    patches.restore()


def test_it_sees_the_call_and_its_end(patches: Patches, noted: dict[str, str]) -> None:
    seen: list[Any] = []

    def watch(*args: Any) -> Watching:
        seen.append(args[-1])
        ending = yield
        seen.append(ending.error or ending.result)

    for name in ("method", "of_the_class", "static"):
        patches.watch(Owner, name, watch)
    error = ValueError("the load's own")
    assert Owner().method(1) == 1
    assert Owner.of_the_class(2) == (Owner, 2)
    assert Owner.static(3) == 3
    with pytest.raises(ValueError, match="the load's own") as caught:
        Owner().method(error)
    assert caught.value is error
    assert error.__context__ is None
    assert seen == [1, 1, 2, (Owner, 2), 3, 3, error, error]
    assert noted == {}


def broken_before(*_: Any) -> Watching:
    raise KeyError("ours")
    yield


def broken_after(*_: Any) -> Watching:
    yield
    raise KeyError("ours")


def yields_twice(*_: Any) -> Watching:
    yield
    yield


def takes_other_arguments() -> Watching:
    yield


@pytest.mark.parametrize("watch", [broken_before, broken_after, takes_other_arguments])
def test_its_faults_are_noted_and_the_call_goes_on(watch: Any, patches: Patches, noted: dict[str, str]) -> None:
    patches.watch(Owner, "method", watch)
    error = ValueError("the load's own")
    assert Owner().method(1) == 1
    with pytest.raises(ValueError, match="the load's own") as caught:
        Owner().method(error)
    assert (caught.value, error.__context__) == (error, None)
    assert list(noted) == ["watching Owner.method"]
    assert noted["watching Owner.method"].startswith(("KeyError", "TypeError"))


def test_one_that_leaves_the_call_alone(patches: Patches, noted: dict[str, str]) -> None:
    def leaves(*_: Any) -> Watching:
        return
        yield

    patches.watch(Owner, "method", leaves)
    patches.watch(Owner, "static", yields_twice)
    assert (Owner().method(1), Owner.static(2), noted) == (1, 2, {})


@pytest.mark.parametrize("meant", [StopLoad, KeyboardInterrupt, SystemExit])
def test_what_is_to_end_the_load_passes(meant: type[BaseException], patches: Patches, noted: dict[str, str]) -> None:
    def ends(*_: Any) -> Watching:
        raise meant
        yield

    patches.watch(Owner, "method", ends)
    with pytest.raises(meant):
        Owner().method(1)
    assert noted == {}


def test_a_fault_that_cannot_be_noted() -> None:
    def refuses(name: str, reason: str) -> None:
        raise RecursionError

    guard = Guard(refuses)
    assert guard.call("it", lambda: 1 / 0) is None
    assert guard.callback("it", lambda: 5)() == 5


def test_an_inherited_function_is_taken_away_again(patches: Patches) -> None:
    class Heir(Owner):
        pass

    patches.watch(Heir, "method", broken_before, Heir.method)
    assert Heir().method(1) == 1
    assert "method" in vars(Heir)
    patches.restore()
    assert "method" not in vars(Heir)
