"""Every way in which Python moves a keyword argument, one at a time."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.analysis.kwargs_toy import followed
from tests.recorder.toy import Toy, toy
from tracer.analysis.kwargs.hops import END_KINDS, HopKind
from tracer.views.kwargs import WORDS

__all__ = ["toy"]

ON = ("handed-on", "PretrainedConfig.from_dict(**kwargs)")
GIVEN = ("given", "kwargs")


@pytest.mark.parametrize(
    ("outer", "inner", "stops", "end"),
    [
        ("x = kwargs.pop('k', None)", "pass", [("taken-out", "x")], ("used", "x")),
        ("x = kwargs.pop('k')\ny = x\nreturn y", "pass", [("taken-out", "x"), ("renamed", "y")], ("used", "y")),
        ("if (x := kwargs.pop('k', None)) is not None:\n    return x", "pass", [("taken-out", "x")], ("used", "x")),
        ("x = kwargs.get('k')\nreturn x", "pass", [("read", "x")], ("used", "x")),
        ("_ = kwargs.pop('k')\nreturn 1", "pass", [("dropped", "kwargs")], ("dropped", "k")),
        ("kwargs.pop('k')\nreturn 1", "pass", [("dropped", "kwargs")], ("dropped", "k")),
        ("del kwargs['k']\nreturn 1", "pass", [("dropped", "kwargs")], ("dropped", "k")),
        ("for name in ('j', 'k'):\n    kwargs.pop(name, None)", "pass", [("dropped", "kwargs")], ("dropped", "k")),
        ("both = {**kwargs, 'a': 1}\nreturn both", "pass", [("copied", "both")], ("left", "")),
        ("both = dict(kwargs)\nreturn both", "pass", [("copied", "both")], ("left", "")),
        ("both = copy.deepcopy(kwargs)\nreturn both", "pass", [("copied", "both")], ("left", "")),
        ("both = kwargs | {'a': 1}\nreturn both", "pass", [("copied", "both")], ("left", "")),
        ("hub = {n: kwargs.pop(n) for n in ('k',) if n in kwargs}\nreturn hub", "pass", [("taken-out", "hub")],
         ("used", "hub")),
        ("other = {}\nother.update(kwargs)\nreturn other", "pass", [("copied", 'other["k"]')], ("left", "")),
        ("other = {}\nfor key, value in kwargs.items():\n    other[key] = value\nreturn other", "pass",
         [("copied", 'other["k"]')], ("left", "")),
        ("kwargs['new'] = kwargs.pop('k')\nreturn 1", "pass", [("renamed", 'kwargs["new"]')], ("left", "")),
        ("x = kwargs.pop('k')\nkwargs['k'] = x\nreturn 1", "pass", [("taken-out", "x"), ("put-back", 'kwargs["k"]')],
         ("left", "")),
        ("kwargs['k'] = 8\nreturn 1", "pass", [("changed-value", 'kwargs["k"]')], ("left", "")),
        ("Config.from_dict(**kwargs)", "x = kwargs.pop('k')", [ON, ("taken-out", "x")], ("used", "x")),
        ("Config.from_dict(**kwargs)\nreturn 1", "return 1", [ON], ("left", "")),
        ("plain_function(**kwargs)\nreturn 1", "pass", [("handed-on", "plain_function(k)")], ("handed", "k")),
        ("x = kwargs.pop('k')\nplain_function(j=x)\nreturn 1", "pass",
         [("taken-out", "x"), ("handed-on", "plain_function(j)")], ("used", "x")),
        ("kwargs = Config.from_dict(**kwargs)\nx = kwargs.pop('k')\nreturn x", "return kwargs",
         [("unused", "PretrainedConfig.from_dict(**kwargs)"), ("taken-out", "x")], ("used", "x")),
        ("if 'k' in kwargs:\n    raise ValueError('`k` is not for you.')", "pass",
         [("refused", "_BaseAutoModelClass.from_pretrained")], ("refused", "k")),
    ],
)  # fmt: skip
def test_a_move(toy: Toy, outer: str, inner: str, stops: list[tuple[str, str]], end: tuple[str, str]) -> None:
    journey = followed(toy, outer, inner, k=7)["k"]
    assert journey.origin == "user"
    assert journey.value == 7
    assert journey.hops == [GIVEN, *stops]
    assert (journey.end.what, journey.end.name) == end


def test_only_documented_kinds_occur(toy: Toy) -> None:
    found = followed(toy, "kwargs['j'] = 1\nx = kwargs.pop('k')\nConfig.from_dict(**kwargs)", k=7)
    assert {*found} == {"k", "j"}
    for one in found.values():
        assert {what for what, _ in one.hops} <= set(get_args(HopKind))
        assert one.end.what in END_KINDS


@pytest.mark.parametrize(
    "statement",
    [
        "kwargs['made'] = True",
        "kwargs.setdefault('made', True)",
        "kwargs.update(made=True)",
        "kwargs |= {'made': True}",
    ],
)
def test_added_by_the_library(toy: Toy, statement: str) -> None:
    found = followed(toy, f"{statement}\nConfig.from_dict(**kwargs)\nreturn 1", "m = kwargs.pop('made')\nreturn m", k=7)
    assert found["made"].origin == "library"
    assert found["made"].value is True
    assert found["made"].hops == [("put-in", "kwargs"), ON, ("taken-out", "m")]
    assert list(found) == ["k", "made"]


def test_added_to_a_call_by_the_library(toy: Toy) -> None:
    found = followed(toy, "Config.from_dict(made=True, **kwargs)", "m = kwargs.pop('made')\nreturn m", k=7)
    assert found["made"].hops == [("put-in", "PretrainedConfig.from_dict(made)"), ("taken-out", "m")]


def test_a_default_of_pop_is_not_an_argument(toy: Toy) -> None:
    assert list(followed(toy, "x = kwargs.pop('absent', 3)\nreturn x", k=7)) == ["k"]


def test_a_key_of_another_dictionary_is_not_an_argument_of_the_call(toy: Toy) -> None:
    found = followed(toy, "agent = {}\nagent['file'] = 1\nConfig.from_dict(**agent)\nreturn 1", k=7)
    assert list(found) == ["k"]


def test_a_named_parameter(toy: Toy) -> None:
    found = followed(toy, "Config.from_dict(**kwargs)\nreturn 1", "return k", "k=None, other=7, **kwargs", k=7)
    assert found["k"].hops == [GIVEN, ("handed-on", "PretrainedConfig.from_dict(k)")]
    assert (found["k"].end.what, found["k"].end.where) == ("used", "PretrainedConfig.from_dict")
    assert list(found) == ["k"]  # `other` has its default


def test_by_position_and_under_another_name(toy: Toy) -> None:
    outer = "x = kwargs.pop('k')\nConfig.from_dict(x)\nConfig.from_dict(1, second=x)\nreturn 1"
    found = followed(toy, outer, "return 1", "first, second=None", k=7)
    assert found["k"].hops == [
        GIVEN,
        ("taken-out", "x"),
        ("handed-on", "PretrainedConfig.from_dict(first)"),
        ("handed-on", "PretrainedConfig.from_dict(second)"),
    ]
    assert found["k"].end.name == "second"


def test_put_back_from_a_copy(toy: Toy) -> None:
    outer = """
        kept = copy.deepcopy(kwargs)
        _ = kwargs.pop("k")
        config, kwargs = Config.from_dict(**kwargs)
        if kept.get("k") is not None:
            kwargs["k"] = kept["k"]
        x = kwargs.pop("k")
        return x
    """
    found = followed(toy, outer, "return 1, kwargs", k=7, other=8)
    assert found["k"].hops == [
        GIVEN, ("copied", "kept"), ("dropped", "kwargs"), ("put-back", 'kwargs["k"]'), ("taken-out", "x"),
    ]  # fmt: skip
    assert found["other"].hops == [GIVEN, ("copied", "kept"), ("unused", "PretrainedConfig.from_dict(**kwargs)")]
    assert found["k"].end.what == "used"
    assert found["other"].end.what == "left"


def test_a_missing_parameter_refuses(toy: Toy) -> None:
    found = followed(toy, "Config.from_dict(**kwargs)\nreturn 1", "return 1", "j=None", j=1, k=7)
    assert found["k"].hops == [GIVEN, ("refused", "PretrainedConfig.from_dict")]
    assert found["k"].end.what == "refused"
    assert found["k"].end.error is not None
    assert "unexpected keyword argument 'k'" in found["k"].end.error
    assert found["j"].end.what == "unfinished"


def test_what_a_call_makes_of_an_argument_is_not_the_argument(toy: Toy) -> None:
    outer = "x = kwargs.pop('k')\nother = {}\nother['y'] = len(str(x)) + 1\nz = max(x, 3)\nreturn other, z"
    assert followed(toy, outer, k=7)["k"].hops == [GIVEN, ("taken-out", "x")]


def test_a_conditional_that_took_the_other_side(toy: Toy) -> None:
    outer = "x = kwargs.pop('k')\ny = 5 if x else x\nz = x or 5\nreturn y, z"
    assert followed(toy, outer, k=7)["k"].hops == [GIVEN, ("taken-out", "x"), ("renamed", "z")]


def test_a_repeated_hop_in_a_loop_is_counted(toy: Toy) -> None:
    outer = "x = kwargs.pop('k')\nfor i in range(5):\n    Config.from_dict(k=x)\nreturn 1"
    journey = followed(toy, outer, "return 1", "k", k=7)["k"].journey
    assert [hop.times for hop in journey.hops] == [1, 1, 5]


def test_a_statement_on_several_lines_becomes_one_line(toy: Toy) -> None:
    outer = "x = kwargs.pop(\n    'k',  # a remark\n    None,\n)\nreturn x"
    hop = followed(toy, outer, k=7)["k"].journey.hops[1]
    assert hop.statement == "x = kwargs.pop('k', None,)"
    assert hop.path is not None
    assert hop.path.endswith("auto_factory.py")


def test_every_hop_and_end_has_a_sentence() -> None:
    assert {*get_args(HopKind), *(f"end:{end}" for end in END_KINDS)} <= WORDS.keys()
