"""A check catches what a walkthrough gets wrong: a changed statement, a wrong value, a release claimed wrongly…"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.walkthrough.writing import as_yaml, document, note, walkthrough, words
from tracer.trace.reading import Trace
from tracer.views.walkthrough.reasons import misfit_told
from tracer.walkthrough.applicability import find_mismatch
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.checker import GivenTrace, check_many, check_one, check_text
from tracer.walkthrough.explained_code import coverage_totals, measure_coverage
from tracer.walkthrough.yaml_file import InvalidFile, read_walkthrough

SPLIT = {"function": "get_class_from_dynamic_module", "statement": "module_file, class_name = class_reference.split"}
GOOD = note(
    SPLIT,
    text=words("{{ class_reference }} → {{ after.class_name }}"),
    expect=[{"value": "after.module_file", "is": "configuration_chatglm"}],
)


def problems(trace: Trace, **changed: Any) -> list[tuple[str, str]]:
    return [(one.note, one.what) for one in check_one(walkthrough({**GOOD, **changed}), trace)]


def test_a_good_one_is_green(demo: Trace) -> None:
    assert problems(demo) == []


def test_a_changed_statement_is_caught(demo: Trace) -> None:
    assert problems(demo, anchor={**SPLIT, "statement": "module_file, class_name = reference.split"}) == [
        ("one", "unbound")
    ]


def test_a_wrong_value_is_caught(demo: Trace) -> None:
    assert problems(demo, expect=[{"value": "after.module_file", "is": "modeling_chatglm"}]) == [("one", "expect")]


def test_a_value_in_a_text_that_is_not_recorded_is_caught(demo: Trace) -> None:
    assert problems(demo, text={"en": "{{ class_reference }}", "zh": "{{ class_refrence }}"}) == [("one", "value")]


def test_a_release_that_is_claimed_wrongly_is_caught(demo: Trace) -> None:
    """A function of one line only, in a note that claims both."""
    found = problems(demo, stage="config", anchor={"function": "extract_commit_hash"}, text=words(), expect=[])
    old = str(demo.meta.releases["transformers"]).startswith("4.")
    assert found == ([] if old else [("one", "unbound")])


def test_a_release_that_is_not_claimed_is_left_alone(demo: Trace) -> None:
    assert problems(demo, anchor={"function": "absent"}, releases=">=99") == []
    assert check_one(walkthrough({**GOOD, "anchor": {"function": "absent"}}, releases=">=99"), demo) == []


def test_a_missing_translation_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "made.yaml"
    path.write_text(as_yaml({**GOOD, "text": {"en": "only English"}}), encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"note 'one', text: `zh` is missing"):
        read_walkthrough(path)


def test_code_that_is_claimed_and_not_there_is_caught(demo: Trace) -> None:
    assert problems(demo, anchor={**SPLIT, "through": "nothing like it"}) == [("one", "statement")]
    assert problems(demo, covers=[{"function": "check_imports"}]) == []
    assert problems(demo, covers=[{"function": "no_such_function"}]) == [("one", "function")]
    assert problems(demo, covers=[{"function": "check_imports", "statement": "nothing"}]) == [("one", "statement")]
    assert problems(demo, covers=[{"function": "no_such_function", "releases": ">=99"}]) == []


def test_only_the_notes_of_a_load(demo: Trace) -> None:
    made = walkthrough({**GOOD, "anchor": {"function": "absent"}, "load": "other"}, loads={"demo": {}, "other": {}})
    assert check_one(made, demo, "demo") == []
    assert [one.what for one in check_one(made, demo, "other")] == ["unbound"]


def test_links_and_paths_need_no_trace() -> None:
    made = walkthrough(
        {**GOOD, "links": ["one", "made", "made/one", "other/first", "gone", "made/gone"], "text": words("{{ a b }}")},
        prerequisites=["other", "absent"],
    )
    other = walkthrough(note({"function": "f"}, id="first"), id="other")
    found = check_text(made, {"made": made, "other": other})
    assert [(one.note, one.what, *one.values.values()) for one in found] == [
        ("", "link", "absent"),
        ("one", "link", "gone"),
        ("one", "link", "made/gone"),
        ("one", "path", "a b"),
    ]


def test_every_text_is_looked_at(demo: Trace) -> None:
    answer = {"text": words(), "because": words("{{ absent }}"), "right": True}
    question = {"ask": words("{{ class_reference }}"), "answers": [answer, answer]}
    assert problems(demo, question=question) == [("one", "value")]


# ── Coverage ────────────────────────────────────────────────────────────────────────────────────────


def explained(trace: Trace, function: str, *notes: dict[str, Any]) -> tuple[int, int]:
    found = measure_coverage(trace, [walkthrough(*notes)])
    return coverage_totals(one for one in found if one.function == function)


def test_what_no_note_is_about_is_not_explained(demo: Trace) -> None:
    done, executed = explained(demo, "get_class_from_dynamic_module", GOOD)
    assert (done, executed) == (1, executed)
    assert executed > 5
    assert explained(demo, "check_imports", GOOD)[0] == 0


def test_a_range_and_a_whole_function_are_explained(demo: Trace) -> None:
    ranged = {**GOOD, "anchor": {**SPLIT, "through": "return get_class_in_module"}}
    one = explained(demo, "get_class_from_dynamic_module", GOOD)
    more = explained(demo, "get_class_from_dynamic_module", ranged)
    assert one[0] < more[0] < more[1]
    whole = note({"function": "check_imports", "whole": True})
    assert len(set(explained(demo, "check_imports", whole))) == 1
    covered = {**GOOD, "covers": [{"function": "check_imports"}]}
    assert len(set(explained(demo, "check_imports", covered))) == 1


def test_what_did_not_run_does_not_count(demo: Trace) -> None:
    every = {one.function: one for one in measure_coverage(demo, [])}
    text = document()  # no walkthrough at all
    assert text["notes"] == []
    assert every["get_class_from_dynamic_module"].executed < 15
    assert every["get_class_from_dynamic_module"].missing == sorted(every["get_class_from_dynamic_module"].missing)


def test_a_note_that_says_it_is_not_checked_on_the_release_is_left_alone_and_counted(demo: Trace) -> None:
    wrong = {**GOOD, "expect": [{"value": "after.module_file", "is": "modeling_chatglm"}]}
    release = str(demo.meta.releases["transformers"])
    made = walkthrough({**wrong, "unchecked": f"=={release}"})
    assert check_one(made, demo) == []
    checked = check_many(made, {made.id: made}, [GivenTrace(demo)], all_notes=True)
    assert (checked.notes, checked.unchecked) == (0, 1)
    assert [one.what for one in check_one(walkthrough({**wrong, "unchecked": f"!={release}"}), demo)] == ["expect"]


def test_a_reader_is_told_that_a_note_was_not_checked_on_the_release(demo: Trace) -> None:
    release = str(demo.meta.releases["transformers"])
    made = walkthrough({**GOOD, "unchecked": f"=={release}"})
    binder = Binder(demo)
    bound = binder.note(made.notes[0], made)
    assert isinstance(bound, BoundNote)
    mismatch = find_mismatch(binder, bound, made)
    assert mismatch is not None
    assert f"Not checked on transformers {release}" in misfit_told(mismatch, "en")
    assert f"未在 transformers {release} 上核对" in misfit_told(mismatch, "zh")
