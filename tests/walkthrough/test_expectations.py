"""Every sort of fact that a note can expect, met and not met."""

from __future__ import annotations

from typing import Any

import pytest

from tests.walkthrough.writing import made_note, note, walkthrough
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.expectations import unmet_expectations

SPLIT = {"function": "get_class_from_dynamic_module", "statement": "module_file, class_name = class_reference.split"}
MAPPED = {"function": "get_class_from_dynamic_module", "statement": 'if "--" in class_reference'}
SHARD = {"kind": "tensor-loaded"}


def wrong(
    binder: Binder, anchor: Any, expect: dict[str, Any], stage: str = "dynamic-class", **options: Any
) -> list[str]:
    made = made_note(anchor, stage=stage, expect=[expect])
    bound = binder.note(made, walkthrough(note(anchor)))
    assert isinstance(bound, BoundNote)
    return [f"{one.wanted} / {one.found}" for one in unmet_expectations(binder, bound, **options)]


MET: list[dict[str, Any]] = [
    {"value": "after.module_file", "is": "configuration_chatglm"},
    {"value": "after.module_file", "is": "configuration_*"},
    {"value": "class_reference", "type": "str"},
    {"value": "kwargs", "type": "dict", "has": ["return_unused_kwargs"], "lacks": ["config"]},
    {"value": "class_reference", "length": 35},
    {"value": "load.status", "is": "loaded"},
    {"value": "token", "is": None},
    {"value": "after.module_file", "is": "something else", "releases": ">=99"},
]
NOT_MET: list[tuple[dict[str, Any], str]] = [
    ({"value": "after.module_file", "is": "modeling_chatglm"}, "'configuration_chatglm'"),
    ({"value": "class_reference", "type": "int"}, "/ str"),
    ({"value": "kwargs", "has": ["config"]}, "return_unused_kwargs"),
    ({"value": "kwargs", "lacks": ["return_unused_kwargs"]}, "return_unused_kwargs"),
    ({"value": "class_reference", "length": 3}, "length 3"),
    ({"value": "class_reference", "shape": [1]}, "shape"),
    ({"value": "class_reference", "dtype": "float32"}, "dtype"),
    ({"value": "class_reference", "parameters": 1}, "parameters"),
    ({"value": "absent", "is": None}, "nothing under it"),
]


@pytest.mark.parametrize("expect", MET, ids=str)
def test_what_holds(binder: Binder, expect: dict[str, Any]) -> None:
    assert wrong(binder, SPLIT, expect) == []


@pytest.mark.parametrize(("expect", "said"), NOT_MET, ids=str)
def test_what_does_not_hold(binder: Binder, expect: dict[str, Any], said: str) -> None:
    (sentence,) = wrong(binder, SPLIT, expect)
    assert said in sentence


def test_a_decision(binder: Binder) -> None:
    assert wrong(binder, MAPPED, {"decision": "else"}) == []
    assert wrong(binder, MAPPED, {"decision": "else", "asks": '"--"in class_reference'}) == []
    assert '"--" in class_reference → else' in wrong(binder, MAPPED, {"decision": "then"})[0]
    assert wrong(binder, MAPPED, {"decision": "else", "asks": "other"})
    assert "no decision at this step" in wrong(binder, SPLIT, {"decision": "then"})[0]


def test_a_journey(binder: Binder) -> None:
    anchor = {"function": "_BaseAutoModelClass.from_pretrained"}
    expect = {"journey": "trust_remote_code", "end": "used"}
    assert wrong(binder, anchor, expect, "arguments") == []
    assert "used" in wrong(binder, anchor, {**expect, "end": "refused"}, "arguments")[0]
    assert wrong(binder, anchor, {**expect, "where": "Nowhere"}, "arguments")
    assert "no such argument" in wrong(binder, anchor, {"journey": "absent", "end": "used"}, "arguments")[0]


def test_a_tensor(binder: Binder) -> None:
    anchor = {"kind": "module-built"}
    assert wrong(binder, anchor, {"value": "step.kind", "is": "module-built"}, "construct") == []


def test_a_difference_between_the_lines(old_demo: Trace, new_demo: Trace) -> None:
    anchor = {"function": "resolve_trust_remote_code"}
    binder = Binder(new_demo)
    there = {"difference": "get_class_in_module", "topic": "code"}
    assert wrong(binder, anchor, there, "trust", others=[old_demo]) == []
    assert wrong(binder, anchor, there, "trust") == []  # nothing to compare with
    assert wrong(binder, anchor, there, "trust", others=[new_demo])
    assert wrong(binder, anchor, {**there, "topic": "weights"}, "trust", others=[old_demo])


def test_a_cause(binder: Binder) -> None:
    assert "no-such-cause" in wrong(binder, SPLIT, {"cause": "no-such-cause"})[0]
