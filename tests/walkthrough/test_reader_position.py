"""Reading along a trace: from the first note to the last, and the note that is about a step."""

from __future__ import annotations

import pytest

from tests.walkthrough.writing import note, walkthrough
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import BoundNote, UnboundNote
from tracer.walkthrough.reader_position import NotePosition, WalkthroughReader, bind_chapters

F = "get_class_from_dynamic_module"
ONE = walkthrough(
    note({"function": F}, id="call"),
    note(
        {"function": F, "statement": "module_file, class_name =", "through": "return get_class_in_module"}, id="range"
    ),
    note({"function": F, "statement": "final_module = get_cached"}, id="inside"),
    note({"function": "no_such_function"}, id="absent"),
    id="one",
)
TWO = walkthrough(
    note({"function": F, "statement": "final_module = get_cached"}, id="again"),
    note({"kind": "adapter-absent"}, stage="adapter", id="elsewhere"),
    id="two",
)
NONE = walkthrough(note({"function": "no_such_function"}, id="absent"), id="none")


@pytest.fixture
def reading(demo: Trace) -> WalkthroughReader:
    return WalkthroughReader(bind_chapters(demo, [ONE, NONE, TWO]))


def ids(reading: WalkthroughReader) -> str | None:
    return None if reading.note is None else reading.note.note.id


def test_one_key_goes_from_the_first_note_to_the_last(reading: WalkthroughReader) -> None:
    seen = []
    while (bound := reading.next()) is not None:
        assert isinstance(bound, BoundNote)
        assert reading.chapter is not None
        seen.append((reading.chapter.walkthrough.id, bound.note.id))
    assert seen == [("one", "call"), ("one", "range"), ("one", "inside"), ("two", "again"), ("two", "elsewhere")]
    back = []
    while (bound := reading.next(back=True)) is not None:
        back.append(bound.note.id)
    assert back == ["again", "inside", "range", "call"]


def test_begin_at_a_walkthrough(reading: WalkthroughReader) -> None:
    assert reading.begin("two") is not None
    assert ids(reading) == "again"
    assert reading.begin("none") is None
    assert reading.begin("absent") is None
    assert ids(reading) == "again"


def test_a_note_on_offer_is_the_next_one(reading: WalkthroughReader, demo: Trace) -> None:
    reading.offer("two")
    assert ids(reading) == "again"
    bound = reading.next()
    assert bound is not None
    assert bound.note.id == "again"
    bound = reading.next()
    assert bound is not None
    assert bound.note.id == "elsewhere"
    reading.offer("none")
    assert ids(reading) == "elsewhere"


def test_the_note_about_a_step(reading: WalkthroughReader, demo: Trace) -> None:
    first = reading.next()
    assert first is not None
    frame = demo.step(first.step).frame
    told = {}
    for step in demo.steps(frame=frame):
        reading.follow(step)
        told.setdefault(ids(reading), step.number)
    assert list(told) == ["call", "range", "inside"]


def test_an_open_note_stays_at_its_step(reading: WalkthroughReader, demo: Trace) -> None:
    reading.begin("two")
    note = reading.note
    assert isinstance(note, BoundNote)
    reading.follow(demo.step(note.step))
    assert ids(reading) == "again"


def test_a_note_of_another_chapter_where_this_one_says_nothing(reading: WalkthroughReader, demo: Trace) -> None:
    reading.next()
    step = next(demo.steps(kinds=["adapter-absent"]))
    reading.follow(step)
    assert ids(reading) == "elsewhere"


def test_a_step_that_no_note_is_about_leaves_the_open_one(reading: WalkthroughReader, demo: Trace) -> None:
    reading.next()
    reading.follow(next(demo.steps(kinds=["model-loaded"])))
    assert ids(reading) == "call"


def test_a_note_without_a_step_can_be_looked_at(reading: WalkthroughReader) -> None:
    assert isinstance(reading.go(NotePosition(0, 3)), UnboundNote)
    assert ids(reading) == "absent"
    following = reading.next()
    assert following is not None
    assert following.note.id == "again"


def test_nothing_bound_at_all(demo: Trace) -> None:
    reading = WalkthroughReader(bind_chapters(demo, [NONE]))
    assert reading.empty
    assert reading.next() is None
    reading.follow(demo.step(0))
    assert reading.note is None
    assert not WalkthroughReader(bind_chapters(demo, [ONE])).empty


def test_a_note_that_expects_another_value_is_an_example_of_another_load(demo: Trace) -> None:
    anchor = {"function": F, "statement": "module_file, class_name ="}
    mine = walkthrough(
        note(anchor, id="here", expect=[{"value": "class_reference", "is": "configuration_*"}]),
        note(anchor, id="elsewhere", expect=[{"value": "class_reference", "is": "modeling_*"}]),
    )
    [chapter] = chapters = bind_chapters(demo, [mine])
    assert chapter.bound == [0, 1]
    assert list(chapter.examples) == [1]
    assert WalkthroughReader(chapters).count == 1
