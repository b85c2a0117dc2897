"""Changes of local variables: applied one after the other they give what the variables really hold."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.recorder.made_summaries import Made
from tracer.recorder.stepping.local_changes import LocalChanges
from tracer.recorder.summary import MAX_DEPTH, MAX_PAIRS
from tracer.trace.steps import Bound, Change, Items, Unbound
from tracer.trace.values import Config, Mapping


class PretrainedConfig:
    """Taken for transformers' own, by its name."""

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(kwargs)


class Folded:
    """The sum of the changes so far: a value's number for each variable, or its pairs where they changed."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self.numbers: dict[str, int] = {}
        self.pairs: dict[str, dict[str, int]] = {}

    def take(self, changes: list[Change]) -> None:
        for change in changes:
            if isinstance(change, Bound):
                self.numbers[change.name] = change.value
                self.pairs.pop(change.name, None)
            elif isinstance(change, Unbound):
                del self.numbers[change.name]
                self.pairs.pop(change.name, None)
            else:
                self._take_items(change)

    def _take_items(self, change: Items) -> None:
        pairs = dict(self._pairs(change.name))
        assert not change.added.keys() & pairs.keys(), "said to be added, and was there"
        assert change.changed.keys() <= pairs.keys(), "said to have changed, and was not there"
        assert set(change.removed) <= pairs.keys(), "said to be removed, and was not there"
        assert change.added or change.changed or change.removed, "a change that says nothing"
        for key in change.removed:
            del pairs[key]
        self.pairs[change.name] = {**pairs, **change.added, **change.changed}

    def check(self, variables: dict[str, Any]) -> None:
        assert self.numbers.keys() == variables.keys()
        for name, value in variables.items():
            number = self._made.summaries.number(value, name)
            shown = self._made.value(number)
            if isinstance(shown, (Mapping, Config)):  # the order of its keys does not count
                assert self._pairs(name) == dict(shown.items), name
            else:
                assert self.numbers[name] == number, name

    def _pairs(self, name: str) -> dict[str, int]:
        if name in self.pairs:
            return self.pairs[name]
        value = self._made.value(self.numbers[name])
        assert isinstance(value, (Mapping, Config))
        return dict(value.items)


leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "y", "z", 0.5, -0.0, b"b"])
keys = st.sampled_from(["a", "b", "c", "d", 1, None, (1, 2)])
names = st.sampled_from(["p", "q", "r", "s"])


class Locals(RuleBasedStateMachine):
    """A function's variables, and everything that can be done to what they hold."""

    @initialize()
    def start(self) -> None:
        self.made = Made()
        self.changes = LocalChanges(self.made.summaries)
        self.folded = Folded(self.made)
        self.variables: dict[str, Any] = {}
        self.containers: list[Any] = []

    def pick(self, data: st.DataObject, kind: type) -> Any:
        found = [container for container in self.containers if type(container) is kind]
        return found[data.draw(st.integers(0, len(found) - 1))] if found else None

    def value(self, data: st.DataObject) -> Any:
        """A leaf, a new container, or one that is somewhere already (not one that would hold itself)."""
        what = data.draw(st.integers(0, 9))
        made: Any
        if what < 3:
            return data.draw(leaves)
        if what == 3:
            made = {data.draw(keys): data.draw(leaves)}
        elif what == 4:
            made = [data.draw(leaves)]
        elif what == 5:
            made = {data.draw(st.integers(0, 5))}
        elif what == 6:
            made = PretrainedConfig(a=data.draw(leaves))
        elif what == 7:
            return (data.draw(leaves), self.value(data))
        elif self.containers:
            return self.containers[data.draw(st.integers(0, len(self.containers) - 1))]
        else:
            return data.draw(leaves)
        self.containers.append(made)
        return made

    @rule(data=st.data(), name=names)
    def bind(self, data: st.DataObject, name: str) -> None:
        self.variables[name] = self.value(data)

    @rule(name=names)
    def bind_an_equal_value(self, name: str) -> None:
        if type(value := self.variables.get(name)) in (dict, list):
            self.variables[name] = value.copy()
            self.containers.append(self.variables[name])

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.variables.pop(name, None)

    @rule(one=names, other=names)
    def alias(self, one: str, other: str) -> None:
        if one in self.variables:
            self.variables[other] = self.variables[one]

    @rule(data=st.data(), key=keys)
    def put(self, data: st.DataObject, key: Any) -> None:
        if (table := self.pick(data, dict)) is not None:
            table[key] = self.not_around(data, table)

    @rule(data=st.data())
    def take_out(self, data: st.DataObject) -> None:
        if table := self.pick(data, dict):
            table.pop(data.draw(st.sampled_from(list(table))))

    @rule(data=st.data())
    def replace_all(self, data: st.DataObject) -> None:
        if table := self.pick(data, dict):
            old = dict(table)
            table.clear()
            table.update(reversed(list(old.items())))

    @rule(data=st.data())
    def append(self, data: st.DataObject) -> None:
        if (items := self.pick(data, list)) is not None:
            items.append(self.not_around(data, items))

    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        if items := self.pick(data, list):
            items[data.draw(st.integers(0, len(items) - 1))] = self.not_around(data, items)

    @rule(data=st.data())
    def shorten(self, data: st.DataObject) -> None:
        if items := self.pick(data, list):
            del items[data.draw(st.integers(0, len(items) - 1))]

    @rule(data=st.data())
    def turn_round(self, data: st.DataObject) -> None:
        if items := self.pick(data, list):
            items.reverse()

    @rule(data=st.data(), add=st.integers(0, 5), discard=st.integers(0, 5))
    def change_a_set(self, data: st.DataObject, add: int, discard: int) -> None:
        if (found := self.pick(data, set)) is not None:
            found.add(add)
            found.discard(discard)

    @rule(data=st.data(), name=st.sampled_from(["a", "b", "use_cache"]))
    def set_an_attribute(self, data: st.DataObject, name: str) -> None:
        if (config := self.pick(data, PretrainedConfig)) is not None:
            setattr(config, name, self.not_around(data, config))

    @rule(data=st.data())
    def delete_an_attribute(self, data: st.DataObject) -> None:
        config = self.pick(data, PretrainedConfig)
        if config is not None and vars(config):
            delattr(config, data.draw(st.sampled_from(list(vars(config)))))

    def not_around(self, data: st.DataObject, container: Any) -> Any:
        """A value that does not hold the container."""
        value = self.value(data)
        return None if holds(value, container) else value

    @rule()
    def nothing(self) -> None:
        pass

    @invariant()
    def told_changes_add_up(self) -> None:
        if hasattr(self, "changes"):
            changes = self.changes.since_last(dict(self.variables))
            self.folded.take(changes)
            self.folded.check(self.variables)
            assert self.changes.since_last(dict(self.variables)) == [], "said twice"


def holds(value: Any, container: Any, depth: int = 12) -> bool:
    if value is container or not depth:
        return True
    inner: Any = ()
    if type(value) is dict:
        inner = value.values()
    elif type(value) in (list, tuple):
        inner = value
    elif type(value) is PretrainedConfig:
        inner = vars(value).values()
    return any(holds(item, container, depth - 1) for item in inner)


@pytest.mark.slow
def test_changes_add_up_to_what_is_there() -> None:
    run_state_machine_as_test(Locals, settings=settings(max_examples=250, stateful_step_count=30, deadline=None))


# ── Single cases ───────────────────────────────────────────────────────────────────────────────────


class Watched:
    """A function's variables, asked after each line."""

    def __init__(self) -> None:
        self.made = Made()
        self._changes = LocalChanges(self.made.summaries)

    def __call__(self, **variables: Any) -> list[Change]:
        return self._changes.since_last(variables)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_nothing_changed(watched: Watched) -> None:
    items, table = [1], {"a": 1}
    assert len(watched(items=items, table=table, n=1)) == 3
    assert watched(items=items, table=table, n=1) == []


def test_an_equal_value_is_no_change(watched: Watched) -> None:
    watched(text="a" * 100, n=10**10)
    assert watched(text="".join(["a"] * 100), n=int("1" + "0" * 10)) == []


def test_a_secret_stays_secret_when_it_changes(watched: Watched) -> None:
    secrets = {"a": "first-secret-1"}
    watched(token="first-secret-1", credentials=secrets)
    secrets["b"] = "third-secret-3"
    watched(token="second-secret-2", credentials=secrets)
    stored = b"".join(watched.made.stored.values())
    assert b"-secret-" not in stored
    assert {"first-secret-1", "second-secret-2"} <= set(watched.made.learned)


def test_a_secret_put_into_a_dictionary(watched: Watched) -> None:
    kwargs: dict[str, Any] = {"eos_token": "</s>"}
    watched(kwargs=kwargs)
    kwargs["token"] = "planted-secret-1"
    kwargs["headers"] = {"Authorization": "Bearer planted-2"}
    (change,) = watched(kwargs=kwargs)
    assert isinstance(change, Items)
    stored = b"".join(watched.made.stored.values())
    assert b"planted" not in stored
    assert b"</s>" in stored


def test_hidden_names_are_not_recorded(watched: Watched) -> None:
    assert [change.name for change in watched(**{"__class__": int, ".0": iter([]), "shown": 1})] == ["shown"]


def test_a_name_that_comes_back(watched: Watched) -> None:
    first = watched(a=[1])
    assert watched() == [Unbound("a")]
    assert watched(a=[1]) == first
    assert watched(b=1, a=[1])[0].name == "b"


def test_order_of_names_does_not_matter(watched: Watched) -> None:
    watched(a=1, b=2, c=3)
    assert watched(c=3, b=2, a=1) == []
    assert [change.name for change in watched(c=3, a=1)] == ["b"]
    assert [change.name for change in watched(d=4, c=3, a=9)] == ["d", "a"]


@pytest.mark.parametrize("depth", range(1, MAX_DEPTH + 1))
@pytest.mark.parametrize("top", [list, tuple])
def test_changes_below(watched: Watched, depth: int, top: type) -> None:
    """What a summary shows is watched as deep as it shows it."""
    innermost: list[int] = [0]
    outer: Any = innermost
    for level in range(depth - 1):
        outer = {"in": outer} if level % 2 else top([outer])
    watched(outer=outer)
    innermost.append(1)
    assert len(watched(outer=outer)) == 1
    innermost[0] = 5
    assert len(watched(outer=outer)) == 1
    assert watched(outer=outer) == []


def test_a_set_that_keeps_its_size(watched: Watched) -> None:
    items = {1, 2}
    table = {"in": items}
    watched(items=items, table=table)
    items.remove(2)
    items.add(3)
    assert len(watched(items=items, table=table)) == 2


def test_large_containers_are_recorded_when_their_size_changes(watched: Watched) -> None:
    table, items = dict.fromkeys(range(MAX_PAIRS + 100), 0), list(range(5_000))
    watched(table=table, items=items)
    assert watched(table=table, items=items) == []
    table.update(dict.fromkeys(map(str, range(MAX_PAIRS)), 1))
    items.extend(range(500))
    assert len(watched(table=table, items=items)) == 2
    assert watched(table=table, items=items) == []
    table.clear()
    items.clear()
    assert len(watched(table=table, items=items)) == 2


def test_a_dictionary_that_grows_large(watched: Watched) -> None:
    folded = Folded(watched.made)
    table: dict[str, int] = {}
    for number in range(MAX_PAIRS + 20):
        table[f"key {number}"] = number
        folded.take(watched(table=table))
    assert len(watched.made.stored) < 4 * MAX_PAIRS
    table.clear()
    folded.take(watched(table=table))
    folded.check({"table": table})


def test_cost_does_not_grow_with_the_square(watched: Watched) -> None:
    """A function that fills a large dictionary is not stopped by being watched."""
    import time

    table: dict[str, object] = {}
    started = time.monotonic()
    recorded = 0
    for number in range(20_000):
        table[f"key {number}"] = number
        recorded += len(watched(table=table))
    assert time.monotonic() - started < 20
    assert MAX_PAIRS < recorded < MAX_PAIRS + 200
    assert sum(map(len, watched.made.stored.values())) < 3_000_000


def test_a_value_is_let_go(watched: Watched) -> None:
    import weakref

    class Thing:
        pass

    thing = Thing()
    alive = weakref.ref(thing)
    watched(thing=thing, items=[thing])
    del thing
    watched()
    assert alive() is None


def test_another_thread_changes_what_is_watched(watched: Watched) -> None:
    table: dict[int, Any] = {}
    items: list[Any] = []
    config = PretrainedConfig()
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            table[number % 50] = [number]
            table.pop((number * 7) % 50, None)
            items.append(number)
            if len(items) > 50:
                items.clear()
            setattr(config, f"a{number % 9}", number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=change)
    folded = Folded(watched.made)
    folded.take(watched(table=table, items=items, config=config, both=[table, items], number=0))
    thread.start()
    try:
        for number in range(500):
            folded.take(watched(table=table, items=items, config=config, both=[table, items], number=number))
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    variables = {"table": table, "items": items, "config": config, "both": [table, items], "number": 0}
    folded.take(watched(**variables))
    folded.check(variables)
