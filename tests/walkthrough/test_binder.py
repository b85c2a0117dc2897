"""Which step a note is bound to, on both lines; and why one is bound to none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.walkthrough.writing import bound, made_note, note, walkthrough
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder, UnboundNote
from tracer.walkthrough.value_paths import StepScope, matches_value

SPLIT = "module_file, class_name = class_reference.split"


def not_bound(binder: Binder, anchor: Any, stage: str = "dynamic-class", **fields: Any) -> UnboundNote:
    found = binder.note(made_note(anchor, stage=stage, **fields), walkthrough(note(anchor)))
    assert isinstance(found, UnboundNote)
    return found


def text_at(trace: Trace, step: int) -> str:
    found = trace.step(step)
    assert found.source is not None
    assert found.line is not None
    return trace.source(found.source).text.splitlines()[found.line - 1].strip()


def test_a_statement(binder: Binder) -> None:
    found = bound(binder, {"function": "get_class_from_dynamic_module", "statement": SPLIT})
    assert text_at(binder.trace, found.step).startswith("module_file, class_name =")
    assert binder.trace.step(found.step).stage == "dynamic-class"
    assert found.first == found.last


def test_spaces_and_line_breaks_do_not_matter(binder: Binder) -> None:
    anchor = {"function": "get_class_from_dynamic_module", "statement": "final_module=get_cached_module_file( repo_id,"}
    assert text_at(binder.trace, bound(binder, anchor).step) == "final_module = get_cached_module_file("


def test_through_takes_in_the_statements_up_to_another(binder: Binder) -> None:
    anchor = {"function": "get_class_from_dynamic_module", "statement": SPLIT, "through": "return get_class_in_module"}
    found = bound(binder, anchor)
    lines = binder.trace.source(found.source or 0).text.splitlines()
    assert found.last is not None
    assert "return get_class_in_module" in lines[found.last - 1]


def test_the_whole_function(binder: Binder) -> None:
    found = bound(binder, {"function": "check_imports", "whole": True})
    assert binder.trace.step(found.step).event == "call"
    assert found.first is not None
    assert found.last is not None
    assert found.last - found.first > 10


def test_without_a_statement_the_call(binder: Binder) -> None:
    step = binder.trace.step(bound(binder, {"function": "find_adapter_config_file"}, "adapter").step)
    assert (step.kind, step.event) == ("call", "call")


def test_an_end_of_a_function(binder: Binder) -> None:
    step = binder.trace.step(bound(binder, {"function": "get_cached_module_file", "event": "return"}).step)
    assert step.event == "return"


def test_the_stage_tells_the_model_from_the_tokenizer(binder: Binder) -> None:
    anchor = {"function": "get_class_from_dynamic_module", "statement": SPLIT}
    of_tokenizer = bound(binder, anchor, "tokenizer")
    assert of_tokenizer.step < bound(binder, anchor).step
    assert binder.trace.step(of_tokenizer.step).stage == "tokenizer"


def test_values_choose_among_executions(binder: Binder) -> None:
    anchor = {"function": "get_class_from_dynamic_module", "statement": SPLIT}
    config = bound(binder, {**anchor, "where": {"class_reference": "configuration_*"}})
    model = bound(binder, {**anchor, "where": {"class_reference": "modeling_*"}})
    assert config.step < model.step
    assert (
        model.step
        == bound(binder, {**anchor, "occurrence": 2}).step
        == bound(binder, {**anchor, "occurrence": -1}).step
    )


def test_a_kind_with_data(binder: Binder) -> None:
    anchor = {"kind": "class-resolved", "data": {"way": "remote", "reference": "modeling*"}}
    step = binder.trace.step(bound(binder, anchor).step)
    assert step.data["class_name"] == "ChatGLMForConditionalGeneration"


def test_a_caller_chooses(binder: Binder) -> None:
    anchor = {"function": "get_cached_module_file", "within": "AutoConfig.from_pretrained"}
    step = bound(binder, anchor).step
    assert StepScope(binder.trace, step).value("module_file") is not None
    assert not_bound(binder, {**anchor, "within": "AutoProcessor.from_pretrained"}).why.what == "not-within"


def test_alternatives_for_releases(binder: Binder) -> None:
    anchors = [
        {"function": "extract_commit_hash", "releases": "<5"},
        {"function": "resolve_revision", "releases": ">=5"},
    ]
    step = binder.trace.step(bound(binder, anchors, "config").step)
    assert step.frame is not None
    function = binder.trace.frame(step.frame).function
    assert function == ("extract_commit_hash" if binder.release < "5" else "resolve_revision")


def test_the_next_alternative_where_the_first_is_not_there(binder: Binder) -> None:
    anchors = [{"function": "no_such_function"}, {"function": "check_imports"}]
    assert bound(binder, anchors).anchor.function == "check_imports"


# ── Why there is none ───────────────────────────────────────────────────────────────────────────────


def test_the_decision_that_went_otherwise(binder: Binder) -> None:
    anchor = {
        "function": "get_class_from_dynamic_module",
        "statement": 'repo_id, class_reference = class_reference.split("--")',
    }
    why = not_bound(binder, anchor).why
    assert why.what == "decision"
    assert why.decision is not None
    assert why.decision.condition == '"--" in class_reference'
    assert why.decision.outcome == "else"


def test_a_function_that_was_never_called_because_of_a_decision(binder: Binder) -> None:
    why = not_bound(binder, {"function": "PeftAdapterMixin.load_adapter"}, "construct").why
    assert why.what == "decision"
    assert why.values["function"] == "PeftAdapterMixin.load_adapter"
    assert why.decision is not None
    assert "_adapter_model_path is not None" in why.decision.condition


def test_a_function_that_nothing_would_call(binder: Binder) -> None:
    why = not_bound(binder, {"function": "no_such_function"}).why
    assert (why.what, why.values) == ("no-function", {"function": "no_such_function"})


def test_a_statement_that_the_release_does_not_have(binder: Binder) -> None:
    why = not_bound(binder, {"function": "check_imports", "statement": "summon_imports()"}).why
    assert why.what == "statement"
    assert why.values["statement"] == "summon_imports()"


def test_a_stage_that_the_load_did_not_reach(binder: Binder) -> None:
    assert not_bound(binder, {"function": "PeftModel.forward"}, "peft").why.what == "stage"
    assert not_bound(binder, {"kind": "peft-applied"}, "peft").why.what == "stage"


def test_a_kind_that_did_not_happen(binder: Binder) -> None:
    assert not_bound(binder, {"kind": "adapter-found"}, "adapter").why.what == "kind"


def test_another_stage(binder: Binder) -> None:
    assert not_bound(binder, {"function": "find_adapter_config_file"}, "trust").why.what == "other-stage"


def test_values_that_it_never_had(binder: Binder) -> None:
    anchor = {"function": "get_class_from_dynamic_module", "where": {"class_reference": "nothing*"}}
    assert not_bound(binder, anchor).why.what == "values"


@pytest.mark.parametrize("where", ["note", "anchor"])
def test_a_release_that_it_is_not_for(binder: Binder, where: str) -> None:
    anchor: dict[str, Any] = {"function": "check_imports"}
    found = (
        not_bound(binder, anchor, releases=">=99")
        if where == "note"
        else not_bound(binder, {**anchor, "releases": ">=99"})
    )
    assert found.why.what == "release"
    assert found.why.values == {"release": binder.release, "wanted": ">=99"}


@pytest.mark.parametrize(
    ("given", "wanted", "holds"),
    [
        ("configuration_chatglm", "configuration_*", True),
        ("a[b]?", "a[b]?", True),
        ("ab", "a[b]", False),
        (True, True, True),
        (1, True, False),
        (None, None, True),
        ([1, "ab"], [1, "a*"], True),
        ([1], [1, 2], False),
        ({"is": "class", "module": "m", "name": "C"}, "C", True),
        ({"is": "named", "type": "torch.dtype", "text": "torch.bfloat16"}, "torch.bfloat16", True),
        ({"is": "sequence", "type": "tuple", "length": 1, "items": [1]}, [1], True),
        (1.5, 1.5, True),
        ("1", 1, False),
    ],
)
def test_what_is_alike(given: Any, wanted: Any, holds: bool) -> None:
    assert matches_value(given, wanted) is holds
