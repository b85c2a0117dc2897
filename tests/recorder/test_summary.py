"""Summaries: what is written of each sort of value, and that no value's own code ever has a part in it."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import math
import os
import pathlib
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recorder.hostile import HOSTILE, Touched, armed
from tests.recorder.made_summaries import Made
from tracer.recorder.probes.loading import PROBES
from tracer.recorder.safe_text import exception_text
from tracer.recorder.stepping.local_changes import LocalChanges
from tracer.recorder.stepping.stepped_frame import FrameEvent
from tracer.recorder.summary import MAX_DEPTH, MAX_ITEMS, MAX_NODES, MAX_PAIRS, MAX_TEXT
from tracer.trace import values as v
from tracer.trace.values import Value


@pytest.fixture
def made() -> Made:
    return Made()


class Colour(enum.Enum):
    RED = object()


class Level(enum.IntEnum):
    HIGH = 3


class Flag(enum.Flag):
    A = 1
    B = 2


class Name(str, enum.Enum):
    X = "x"


@dataclasses.dataclass
class Point:
    x: int


class Outer:
    class Inner:
        def method(self) -> None: ...


def function() -> None: ...


HERE = __name__

ORDINARY: list[tuple[object, Value]] = [
    (None, v.Plain(None)),
    (True, v.Plain(True)),
    (3, v.Plain(3)),
    (-(2**63) + 1, v.Plain(-(2**63) + 1)),
    (2**63, v.Named("int", "an int of 64 bits")),
    (-(10**5000), v.Named("int", "an int of 16610 bits")),
    (0.5, v.Plain(0.5)),
    (math.inf, v.Named("float", "inf")),
    (-math.inf, v.Named("float", "-inf")),
    (math.nan, v.Named("float", "nan")),
    (1 + 2j, v.Named("complex", "(1+2j)")),
    ("text", v.Text("text")),
    ("", v.Text("")),
    ("a" * MAX_TEXT, v.Text("a" * MAX_TEXT)),
    ("a" * (MAX_TEXT + 1), v.Text("a" * MAX_TEXT, MAX_TEXT + 1)),
    ("lone \ud800 surrogate", v.Text("lone ? surrogate")),
    (b"bytes", v.Bytes(5)),
    (bytearray(3), v.Bytes(3)),
    (pathlib.PurePosixPath("/a/b"), v.Named("Path", "/a/b")),
    (pathlib.Path("x"), v.Named("Path", "x")),
    (int, v.Class("builtins", "int")),
    (Outer.Inner, v.Class(HERE, "Outer.Inner")),
    (function, v.Function(HERE, "function")),
    (Outer.Inner().method, v.Function(HERE, "Outer.Inner.method")),
    (len, v.Function("builtins", "len")),
    (os, v.Named("module", "os")),
    (Colour.RED, v.Named(f"{HERE}.Colour", "Colour.RED")),
    (Level.HIGH, v.Named(f"{HERE}.Level", "Level.HIGH")),
    (Name.X, v.Named(f"{HERE}.Name", "Name.X")),
    (Flag.A, v.Named(f"{HERE}.Flag", "Flag.A")),
    (Point(1), v.Object(f"{HERE}.Point")),
    (object(), v.Object("object")),
    (decimal.Decimal(1), v.Object("decimal.Decimal")),
    (fractions.Fraction(1, 2), v.Object("fractions.Fraction")),
    (datetime.date(2025, 1, 1), v.Object("datetime.date")),
    (threading.Lock(), v.Object("_thread.lock")),
    (functools.partial(int), v.Object("functools.partial")),
    ((n for n in ()), v.Object("generator")),
    (types.MappingProxyType({}), v.Object("mappingproxy")),
    (ValueError("no"), v.Exception_("ValueError", "builtins", "no")),
    (KeyError("k"), v.Exception_("KeyError", "builtins", "'k'")),
    (OSError(2, "No such file", "/x"), v.Exception_("FileNotFoundError", "builtins", "[Errno 2] No such file: '/x'")),
    (SystemExit(3), v.Exception_("SystemExit", "builtins", "3")),
    (ValueError(object()), v.Exception_("ValueError", "builtins", None)),
]


@pytest.mark.parametrize(("value", "summary"), ORDINARY, ids=[type(value).__name__ for value, _ in ORDINARY])
def test_a_value_by_itself(made: Made, value: object, summary: Value) -> None:
    if sys.version_info >= (3, 13) and type(value).__qualname__ == "lock":
        pytest.skip("the lock type has another name")
    assert made(value) == summary


def test_containers(made: Made) -> None:
    number = made.summaries.number({"a": [1, (2,)], "b": {}, 3: None, (1, 2): "x", None: 0, int: 1, 1.5: 2, b"b": 3})
    one, two, nothing = v.Plain(1), v.Plain(2), v.Plain(None)
    assert made.plain(number) == (
        "mapping", "dict", 8,
        [
            ("a", ("sequence", "list", 2, [one, ("sequence", "tuple", 1, [two])])),
            ("b", ("mapping", "dict", 0, [])),
            ("3", nothing),
            ("‹tuple›", v.Text("x")),
            ("None", v.Plain(0)),
            ("builtins.int", one),
            ("1.5", two),
            ("‹bytes›", v.Plain(3)),
        ],
    )  # fmt: skip


def test_containers_of_other_types_keep_their_names(made: Made) -> None:
    assert made.plain(made.summaries.number(collections.OrderedDict(a=1)))[:3] == (
        "mapping",
        "collections.OrderedDict",
        1,
    )
    assert made.plain(made.summaries.number(collections.defaultdict(list)))[:3] == (
        "mapping", "collections.defaultdict", 0,
    )  # fmt: skip
    Pair = collections.namedtuple("Pair", "x y")
    assert made.plain(made.summaries.number(Pair(1, 2)))[:3] == ("sequence", f"{HERE}.Pair", 2)
    assert made.plain(made.summaries.number({3, 1, 2})) == (
        "sequence", "set", 3, [v.Plain(1), v.Plain(2), v.Plain(3)],
    )  # fmt: skip
    assert made.plain(made.summaries.number(frozenset("ba")))[1:] == ("frozenset", 2, [v.Text("a"), v.Text("b")])


def test_equal_values_have_one_number_and_others_not(made: Made) -> None:
    number = made.summaries.number
    assert number([1, "a"]) == number([1, "a"])
    assert number({"a": 1}) != number({"a": 2})
    different = [True, 1, 1.0, "1", 0, False, 0.0, -0.0, None, "", "None", [], (), {}, set(), frozenset()]
    assert len({number(value) for value in different}) == len(different)
    assert len(made.stored) >= len(different)


# ── Limits ─────────────────────────────────────────────────────────────────────────────────────────


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth(made: Made) -> None:
    shown = made.plain(made.summaries.number(nested(100_000)))
    for _ in range(MAX_DEPTH - 1):
        assert shown[4:] == ()
        shown = shown[3][0]
    assert shown[3] == [v.Deeper("list", 1)]


def test_cycles_end(made: Made) -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    table: dict[str, Any] = {"list": cycle}
    table["self"] = table
    cycle.append(table)
    for value in (cycle, table, (cycle, table)):
        made.summaries.number(value)


def test_lengths(made: Made) -> None:
    assert made.plain(made.summaries.number(list(range(10_000))))[2] == 10_000
    assert len(made.plain(made.summaries.number(list(range(10_000))))[3]) == MAX_ITEMS
    shown = made.plain(made.summaries.number(dict.fromkeys(range(10_000))))
    assert (shown[2], len(shown[3])) == (10_000, MAX_PAIRS)
    assert made.plain(made.summaries.number(set(range(100_000))))[2:] == (100_000, [])
    first = sorted(range(MAX_PAIRS), key=str)[:MAX_ITEMS]
    assert made.plain(made.summaries.number(set(range(MAX_PAIRS))))[3] == list(map(v.Plain, first))


def test_a_wide_and_deep_value_is_cut_off(made: Made) -> None:
    wide: Any = 0
    for _ in range(MAX_DEPTH):
        wide = [list(wide) if isinstance(wide, list) else wide for _ in range(MAX_ITEMS)]
    made.summaries.number(wide)
    assert len(made.stored) < MAX_NODES
    made.summaries.number([[object() for _ in range(64)] for _ in range(1_000)])


def test_a_summary_after_a_large_one_is_whole(made: Made) -> None:
    made.summaries.number([[[[0.5] * 64 for _ in range(64)] for _ in range(64)] for _ in range(2)])
    assert made.summaries.summary({"a": 1}) == v.Mapping("dict", 1, [("a", made.summaries.number(1))])
    assert made.summaries.summary(int) == v.Class("builtins", "int")


def test_long_keys_are_cut(made: Made) -> None:
    value = made({"k" * 10_000: 1})
    assert isinstance(value, v.Mapping)
    assert len(value.items[0][0]) == MAX_TEXT


def test_a_set_of_huge_texts(made: Made) -> None:
    made.summaries.number({"x" * 10_000_000, "y" * 10_000_000})
    assert sum(map(len, made.stored.values())) < 10_000


# ── Texts and names ────────────────────────────────────────────────────────────────────────────────


def test_texts_are_cleaned_before_they_are_cut() -> None:
    made = Made(clean=lambda text: text.replace("SECRETSECRET", "‹secret›"))
    across = "x" * (MAX_TEXT - 6) + "SECRETSECRET" + "y" * 100
    value = made(across)
    assert isinstance(value, v.Text)
    assert "SECRET" not in value.value
    assert value.length == len(across)
    assert isinstance(shown := made({across: 1}), v.Mapping)
    assert "SECRET" not in shown.items[0][0]
    assert made(ValueError(across)) == v.Exception_("ValueError", "builtins", value.value)
    assert made(pathlib.PurePosixPath("/SECRETSECRET")) == v.Named("Path", "/‹secret›")


def test_a_number_that_is_a_known_secret() -> None:
    made = Made(clean=lambda text: text.replace("8675309", "‹secret›"))
    assert made(8675309) == v.Secret("")
    assert made(12345678) == v.Plain(12345678)


@pytest.mark.parametrize("value", ["a secret text", ["list"], {"a": 1}, 3, object(), b"x", ValueError("x")])
def test_a_value_under_a_secret_name_is_none(made: Made, value: object) -> None:
    assert made(value, "token") == v.Secret("token")
    assert isinstance(shown := made({"password": value}), v.Mapping)
    assert made.value(shown.items[0][1]) == v.Secret("password")


def test_none_and_flags_under_a_secret_name_are_shown(made: Made) -> None:
    assert made(None, "token") == v.Plain(None)
    assert made(True, "use_auth_token") == v.Plain(True)


def test_a_secret_is_learned_where_it_occurs(made: Made) -> None:
    made({"headers": {"Authorization": "Bearer abc"}, "token": "xyz-12", "eos_token": "</s>"})
    assert {"Bearer abc", "xyz-12"} <= set(made.learned)
    assert "</s>" not in made.learned


def test_secrets_below_a_secret_name_are_learned(made: Made) -> None:
    made({"credentials": {"user": "me-myself", "list": ["deep-one", 12345678]}})
    assert {"me-myself", "deep-one", "12345678"} <= set(made.learned)


@given(st.text())
def test_every_text_can_be_stored(text: str) -> None:
    made = Made()
    for value in (text, [text], {text: text}, ValueError(text), pathlib.PurePosixPath(text)):
        made.summaries.number(value)
    for data in made.stored.values():
        data.decode("utf-8")


# ── Values with code of their own ──────────────────────────────────────────────────────────────────

WAYS: dict[str, Callable[[Any], Any]] = {
    "itself": lambda value: value,
    "in a list": lambda value: [value],
    "in a tuple": lambda value: (1, (value,)),
    "in a dict": lambda value: {"a": value, "b": {"c": value}},
    "under a secret name": lambda value: {"token": value, "nested": {"password": value}},
    "in an exception": lambda value: ValueError("x", value),
    "in an exception of an exception": lambda value: OSError(2, RuntimeError(value), value),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", HOSTILE)
def test_no_code_of_a_value_is_run(made: Made, what: str, way: str) -> None:
    value = WAYS[way](HOSTILE[what]())
    with armed() as touched:
        made.summaries.number(value, "variable")
        made.summaries.number(value, "token")
        made.summaries.summary(value)
        made.summaries.key(value)
        made.summaries.number([value, value])
    assert touched == []


def hashable(value: Any) -> bool:
    try:
        hash(value)
    except (Exception, Touched):
        return False
    return True


@pytest.mark.parametrize("what", [what for what, make in HOSTILE.items() if hashable(make())])
def test_no_code_of_a_key_is_run(made: Made, what: str) -> None:
    key = HOSTILE[what]()
    value: Any = [{key: 1}, {key}, frozenset([key])]
    with armed() as touched:
        made.summaries.number(value)
        changes = LocalChanges(made.summaries)
        changes.since_last({"value": value, "a": value[0], "s": value[1]})
        value[0]["more"] = 1
        changes.since_last({"value": value, "a": value[0], "s": value[1]})
        value[0].pop("more")
        changes.since_last({"value": value, "a": value[0], "s": value[1]})
    assert touched == []


@pytest.mark.parametrize("what", HOSTILE)
def test_no_code_of_an_exception_is_run_for_its_message(what: str) -> None:
    value = HOSTILE[what]()
    errors: list[BaseException] = [ValueError(value), OSError(2, value), OSError(2, "x", value), KeyError(value)]
    errors += [
        SyntaxError(value, (value, 1, 1, "x")),
        ImportError(value, name=value),
        StopIteration(value),
        SystemExit(value),
    ]
    errors += [ValueError([value]), RuntimeError({"a": value}), ValueError(ValueError(value))]
    if type.__dict__["__mro__"].__get__(type(value))[-2] is BaseException:
        errors.append(value)
    with armed() as touched:
        for error in errors:
            exception_text(error)
            Made().summaries.message(error)
    assert touched == []


@pytest.mark.parametrize("what", HOSTILE)
def test_no_code_of_a_local_variable_is_run(made: Made, what: str) -> None:
    value, other, items = HOSTILE[what](), HOSTILE[what](), [HOSTILE[what]()]
    table = {"a": HOSTILE[what](), "list": [HOSTILE[what]()]}
    with armed() as touched:
        changes = LocalChanges(made.summaries)
        changes.since_last({"a": value, "b": other})
        changes.since_last({"a": other, "c": value, "items": items, "table": table})
        items.append(value)
        table["b"] = value
        table["list"].append(value)
        changes.since_last({"a": other, "c": value, "items": items, "table": table})
        items[0] = other
        table["a"] = other
        changes.since_last({"a": None, "items": items, "table": table})
        changes.since_last({})
    assert touched == []


class _Recording:
    """What probes use of a recording."""

    refused = False

    def __init__(self, made: Made) -> None:
        self.summaries = made.summaries
        self.message = made.summaries.message
        self.broken_packages: dict[str, str | None] = {}

    def outer_load(self, own: object) -> str | None:
        return None


class _Caller:
    def __init__(self, function: str, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.target = types.SimpleNamespace(function=function)
        self.stage = "config"


NAMES = (
    "cls self config config_dict kwargs unused_kwargs pattern model_id filename full_filename path_or_repo_id json_file"
    " trust_remote_code has_local_code has_remote_code class_reference repo_id module_file class_name final_module"
    " resolved_module_file submodule_path imports missing_packages name module_path auto_class model_class config_class"
    " to_remove model_type pretrained_model_name_or_path text_config"
).split()


@pytest.mark.parametrize("what", HOSTILE)
def test_no_code_of_a_variable_is_run_by_a_probe(made: Made, what: str) -> None:
    value = HOSTILE[what]()
    held = [
        value,
        [value],
        (value, value),
        {"a": value},
        {"model_type": value, "a": 1},
        {value} if hashable(value) else 0,
    ]
    callers = [None, *(_Caller(name, dict.fromkeys(NAMES, value)) for name in ("AutoConfig.from_pretrained", "_BaseAutoModelClass.from_pretrained"))]  # fmt: skip
    with armed() as touched:
        for probes in PROBES.values():
            for probe in probes.values():
                for item in held:
                    for caller in callers:
                        event = FrameEvent(dict.fromkeys(NAMES, item), item, caller, _Recording(made))  # type: ignore[arg-type]
                        try:
                            meaning = probe(event)
                        except Exception as error:
                            raise AssertionError(f"{probe.__module__}.{probe.__name__}") from error
                        assert meaning is None or is_plain(meaning[1]), probe
    assert touched == []


def is_plain(data: Any) -> bool:
    """Whether the data is of exact built-in types through and through."""
    if type(data) is dict:
        return all(type(key) is str and is_plain(item) for key, item in data.items())
    if type(data) is list:
        return all(map(is_plain, data))
    return type(data) in (str, int, float, bool, type(None))


def test_traps_work() -> None:
    value = HOSTILE["object"]()
    with armed() as touched, pytest.raises(Touched):
        isinstance(value, dict)
    assert touched
    with armed() as touched, pytest.raises(Touched):
        hash(HOSTILE["class"]())
    assert touched


def test_a_subclass_is_read_without_its_own_code(made: Made) -> None:
    with armed():
        shown = made.plain(made.summaries.number(HOSTILE["dict"]()))
        assert shown == ("mapping", "enemy.HostileDict", 1, [("a", v.Plain(1))])
        shown = made.plain(made.summaries.number(HOSTILE["list"]()))
        assert shown == ("sequence", "enemy.HostileList", 2, [v.Plain(1), v.Plain(2)])
        assert made(HOSTILE["str"]()) == v.Text("text")
        assert made(HOSTILE["int"]()) == v.Plain(3)
        assert made(HOSTILE["float"]()) == v.Plain(0.5)


def test_a_dictionary_that_another_thread_changes(made: Made) -> None:
    table: dict[int, object] = {n: n for n in range(300)}
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            table[n % 1000] = n
            table.pop((n * 7) % 1000, None)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=change)
    thread.start()
    try:
        changes = LocalChanges(made.summaries)
        for _ in range(300):
            made.summaries.number(table)
            made.summaries.number({"in": {"it": table}})
            changes.since_last({"table": table})
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
