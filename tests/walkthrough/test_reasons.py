"""The sentences of walkthroughs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import tracer.walkthrough
from tests.walkthrough.writing import made_note, note, walkthrough
from tracer.i18n import Lang, tr
from tracer.views.walkthrough.reasons import WORDS, problem_told, told
from tracer.views.walkthrough.terminal import SUIT_WORDS
from tracer.walkthrough.binder import Binder, UnboundNote, UnboundReason
from tracer.walkthrough.checker import WalkthroughProblem
from tracer.walkthrough.expectations import claims_of
from tracer.walkthrough.format import SUITS, Expectation
from tracer.walkthrough.placeholders import inline_code

FOLDER = Path(tracer.walkthrough.__file__).parent


EVERYTHING = Expectation(
    value="x", is_=1, near=1.0, type="int", shape=[1], dtype="bfloat16", length=1, parameters=1, has=["a"], lacks=["b"]
)


def test_there_is_a_sentence_for_every_reason_and_problem() -> None:
    made = {
        str(argument.value)
        for name, calls in (("binder.py", "UnboundReason"), ("checker.py", "WalkthroughProblem"))
        for node in ast.walk(ast.parse((FOLDER / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == calls
        for argument in node.args[0 if calls == "UnboundReason" else 2 :][:1]
        if isinstance(argument, ast.Constant)
    }
    assert {"stage", "decision", "release", "expect", "link", "value"} <= made
    assert {key for key in made if f"why:{key}" not in WORDS and f"problem:{key}" not in WORDS} == {
        "expect",
        "unbound",  # its sentence is where it is used
    }
    claims = {claim[0] for claim in claims_of(EVERYTHING)} | {"recorded", "decision", "no decision", "journey"}
    assert len(claims) == 13
    assert {f"expect:{one}" for one in claims | {"difference", "cause", "no cause"}} <= WORDS.keys()
    assert set(SUITS) <= SUIT_WORDS.keys()


def test_what_is_not_known_is_left_open() -> None:
    assert tr("en", WORDS["why:stage"]) == "This load never reached the stage …."


SPLIT = {
    "function": "get_class_from_dynamic_module",
    "statement": 'repo_id, class_reference = class_reference.split("--")',
}


@pytest.mark.parametrize(
    ("anchor", "stage", "english", "chinese"),
    [
        (
            SPLIT,
            "dynamic-class",
            ['repo_id, class_reference = class_reference.split("--") did not run: in get_class_from_dynamic_module',
             'if "--" in class_reference → no: else, with class_reference = '],
            ["没有执行：get_class_from_dynamic_module 第", '行，if "--" in class_reference → 不成立，走 else，当时 class_reference = '],
        ),
        (
            {"function": "PeftAdapterMixin.load_adapter"},
            "construct",
            ["PeftAdapterMixin.load_adapter was not called: in PreTrainedModel.from_pretrained, line"],
            ["没有调用 PeftAdapterMixin.load_adapter：PreTrainedModel.from_pretrained 第"],
        ),
        ({"function": "no_such"}, "config", ["this load ran has no no_such."], ["代码里没有 no_such。"]),
        ({"function": "no_such"}, "peft", ["never reached the stage PEFT."], ["没有走到“PEFT”阶段。"]),
        ({"kind": "peft-applied"}, "peft", ["never reached the stage PEFT."], ["没有走到“PEFT”阶段。"]),
        ({"function": "check_imports"}, "config", ["check_imports ran, but not in the stage Configuration: it ran in Tokenizer and Dynamic class."], ["不在“配置”阶段，而在“分词器、动态类”阶段。"]),
        (
            {"function": "check_imports", "statement": "summon()"},
            "dynamic-class",
            ["check_imports of transformers ", " has no statement summon()."],
            ["没有语句 summon()。"],
        ),
        ({"kind": "token-generated"}, "config", ["Nothing of the kind token-generated"], ["没有出现 token-generated"]),
    ],
    ids=["decision", "call", "function", "stage", "stage-of-a-kind", "other-stage", "statement", "kind"],
)  # fmt: skip
def test_why_a_note_has_no_step(
    binder: Binder, anchor: Any, stage: str, english: list[str], chinese: list[str]
) -> None:
    bound = binder.note(made_note(anchor, stage=stage), walkthrough(note(anchor)))
    assert isinstance(bound, UnboundNote)
    for lang, pieces in (("en", english), ("zh", chinese)):
        said = told(bound.why, lang)
        assert "…" not in said
        for piece in pieces:
            assert piece in said


def test_code_in_a_reason_can_be_marked() -> None:
    why = UnboundReason("left-before", {"inside": "f", "function": "f", "statement": "a `b`"})
    assert told(why, "en", inline_code) == "`f` ended before it reached `` a `b` ``."


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_reason_of_a_newer_release_stays_as_it_is(lang: Lang) -> None:
    assert told(UnboundReason("moon-phase\x1b"), lang) == "moon-phase\\x1b"


@pytest.mark.parametrize(
    ("what", "values", "said"),
    [
        ("expect", {"claim": "is", "subject": "x", "asked": "1", "there": "2"}, "expected `x` to be 1; it is 2"),
        ("link", {"link": "there"}, "the link `there` leads nowhere"),
        ("unbound", {"why": "stage", "stage": "peft"}, "the note has no step. This load never reached the stage PEFT."),
        ("function", {"function": "f\x1b[2J"}, "`f\\x1b[2J` was never called in this load"),
    ],
)
def test_a_problem(what: str, values: dict[str, Any], said: str) -> None:
    assert problem_told(WalkthroughProblem("w", "n", what, values), "en") == said
