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
    reading.matching = "two"
    reading.offer()
    assert ids(reading) == "again"
    bound = reading.next()
    assert bound is not None
    assert bound.note.id == "again"
    bound = reading.next()
    assert bound is not None
    assert bound.note.id == "elsewhere"
    reading.matching = "none"
    reading.offer()
    assert ids(reading) == "elsewhere"


def step_of(reading: WalkthroughReader, at: NotePosition) -> int:
    note = reading.chapters[at.chapter].notes[at.note]
    assert isinstance(note, BoundNote)
    return note.step


def test_reading_begins_at_the_note_nearest_to_the_reader(reading: WalkthroughReader, demo: Trace) -> None:
    notes = sorted((step_of(reading, at), at) for at in reading._order)
    steps = [step for step, _ in notes]
    for here, there in ((steps[0] + 1, steps[1]), (steps[-1], steps[-1]), (steps[-1] + 50, steps[-1])):
        reader = WalkthroughReader(reading.chapters)
        bound = reader.next(here)
        assert bound is not None
        assert bound.step == there
        at = reader.open
        assert at is not None
        following = reader.next(0)  # from then on, the open note counts and not the step
        assert following is None or reader.open == reader._order[reader._order.index(at) + 1]
    back = WalkthroughReader(reading.chapters).next(steps[-1] - 1, back=True)
    assert back is not None
    assert back.step == max(step for step in steps if step < steps[-1])


def test_the_walkthrough_of_this_load_comes_first_where_it_has_a_note_ahead(
    reading: WalkthroughReader, demo: Trace
) -> None:
    adapter, first = step_of(reading, NotePosition(2, 1)), step_of(reading, NotePosition(0, 0))
    assert adapter < first
    alone = walkthrough(note({"kind": "adapter-absent"}, stage="adapter", id="adapter"), id="alone")
    chapters = bind_chapters(demo, [ONE, TWO, alone])
    for here, matching, expected in (
        (first + 1, "one", "range"),
        (first + 1, "two", "again"),
        (first + 1, "alone", "range"),  # it has none ahead
        (adapter, "alone", "adapter"),
        (0, "two", "again"),
    ):
        reader = WalkthroughReader(chapters, matching)
        bound = reader.next(here)
        assert bound is not None
        assert bound.note.id == expected, (here, matching)


def test_of_notes_close_to_each_other_that_of_the_chapter_with_most_of_them(demo: Trace) -> None:
    statements = ("repo_id, class_reference =", "module_file, class_name =", "code_revision is None")
    once = walkthrough(note({"function": F}, id="once"), id="once")
    often = walkthrough(*(note({"function": F, "statement": one}, id=f"often-{one[0]}") for one in statements))
    chapters = bind_chapters(demo, [once, often])
    first = chapters[0].notes[0]
    assert isinstance(first, BoundNote)
    bound = WalkthroughReader(chapters).next(first.step)
    assert bound is not None
    assert bound.note.id.startswith("often")
    alone = WalkthroughReader(chapters[:1]).next(first.step)
    assert alone == first


def test_a_note_that_was_passed_by_is_gone_on_from(reading: WalkthroughReader, demo: Trace) -> None:
    first = step_of(reading, NotePosition(0, 0))
    reading.follow(demo.step(first))
    assert ids(reading) == "call"
    following = reading.next(first)
    assert following is not None
    assert following.note.id == "range"


def test_who_left_a_note_on_offer_goes_to_the_nearest(reading: WalkthroughReader, demo: Trace) -> None:
    reading.matching = "two"
    reading.offer(7)
    adapter = step_of(reading, NotePosition(2, 1))
    assert [one and one[1].note.id for one in (reading.peek(7), reading.peek(adapter))] == ["again", "elsewhere"]
    bound = reading.next(adapter)
    assert bound is not None
    assert bound.note.id == "elsewhere"


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
