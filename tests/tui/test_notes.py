"""Notes in the player: reading them in order, following them along the steps, and answering their questions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from tests.data.demo.store import unpack
from tests.tui.conftest import SMALL, notifications, play, settled
from tests.tui.course import NOWHERE, SPLIT, F, reading
from tests.walkthrough.writing import note, walkthrough, words
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.tui.tabs.notes import WIDEST, Contents, NotePage
from tracer.walkthrough.format import Walkthrough


def said(app: Player, name: str = "notes-text") -> str:
    widget = app.query_one(f"#{name}", Static)
    return str(widget.content) if widget.display else ""


@pytest.mark.slow
def test_one_key_reads_from_the_first_note_to_the_last(demo: Trace) -> None:
    app = reading(demo, start=0)

    async def work(pilot: Pilot[None]) -> None:
        seen = []
        for _ in range(4):
            await pilot.press("w")
            await settled(pilot)
            assert app.reading is not None
            bound: Any = app.reading.note
            assert app.state.number == bound.step
            seen.append(bound.note.id)
        assert seen == ["call", "split", "absent", "absent"]  # the note that does not apply is skipped
        await pilot.press("W")
        await settled(pilot)
        assert "Split at the dot" in said(app)

    play(app, work)


def test_the_first_note_is_the_one_nearest_to_the_step(demo: Trace) -> None:
    adapter = next(demo.steps(kinds=["adapter-absent"])).number
    app = reading(demo, start=adapter - 5)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert app.state.number == adapter
        assert "No adapter" in said(app)
        await pilot.press("backspace")
        assert app.state.number == adapter - 5

    play(app, work)


@pytest.mark.parametrize(
    ("lang", "marked"),
    [
        ("en", "≈ Written for a load of the bundled model glm-4v-tiny"),
        pytest.param("zh", "≈ 这条讲解写的是自带模型 glm-4v-tiny", marks=pytest.mark.slow),
    ],
)
def test_a_note_of_another_load_is_marked_and_has_no_values_of_this_one(demo: Trace, lang: str, marked: str) -> None:
    text = words("{{ class_reference }} becomes two.")
    other = note(SPLIT, id="other", text=text, expect=[{"value": "class_reference", "is": "modeling_*"}])
    app = reading(demo, lang, walkthroughs=[walkthrough(other, id="other")])

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert marked in said(app)
        assert "‹class_reference› becomes two." in said(app)
        assert app.reading is not None
        assert app.reading.count == 0

    play(app, work)


@pytest.mark.slow
def test_the_text_has_the_values_of_this_load(demo: Trace) -> None:
    app = reading(demo, start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w", "w")
        await settled(pilot)
        assert "configuration_chatglm.ChatGLMConfig becomes two." in said(app)
        assert "1 The dynamic class · note 2 of 3 · step" in said(app)
        await pilot.press("L")
        await settled(pilot)
        assert "configuration_chatglm.ChatGLMConfig 拆成两段。" in said(app)
        assert "按点拆开" in said(app)

    play(app, work)


def test_a_question_is_answered(demo: Trace) -> None:
    app = reading(demo, start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w", "w", "x")
        await settled(pilot)
        assert "Which half comes first?" in said(app, "notes-question")
        assert said(app, "notes-response") == ""
        await pilot.press("enter")
        await settled(pilot)
        assert said(app, "notes-response").startswith("✗ Not quite.\nIt stands behind the dot.")
        await pilot.press("down", "enter")
        await settled(pilot)
        assert said(app, "notes-response").startswith("✓ Right.\nIt is configuration_chatglm.")
        marks = [str(option.prompt)[0] for option in app.query_one("#notes-answers", OptionList).options]
        assert marks == [" ", "✓"]
        await pilot.press("w", "W")  # the answer is remembered
        await settled(pilot)
        assert said(app, "notes-response").startswith("✓ Right.")

    play(app, work)


@pytest.mark.slow
def test_from_the_notes_to_any_other_tab_and_back(demo: Trace) -> None:
    app = reading(demo)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        for key, tab in (("2", "decisions"), ("1", "notes"), ("7", "why"), ("1", "notes"), ("a", "decisions")):
            await pilot.press(key)
            await settled(pilot)
            await pilot.pause(0.1)
            assert app.tabs.active == f"tab-{tab}"
        await pilot.press("w", "z")
        await settled(pilot)
        await pilot.click("#--content-tab-tab-weights")
        await settled(pilot)
        assert app.tabs.active == "tab-weights"

    play(app, work)


@pytest.mark.slow
def test_a_long_note_is_scrolled_and_the_arrows_still_step(demo: Trace) -> None:
    long = walkthrough(note({"function": F}, text=words("\n\n".join(f"Paragraph {n}." for n in range(60)))))
    app = reading(demo, walkthroughs=[long])

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        await pilot.pause(0.1)
        page, at = app.query_one(NotePage), app.state.number
        assert app.focused is page
        await pilot.press("pagedown", "pagedown")
        await pilot.pause(0.1)
        down = page.scroll_y
        assert down > 10
        await pilot.press("pageup")
        await pilot.pause(0.1)
        assert page.scroll_y < down
        assert app.state.number == at
        await pilot.press("right", "down", "left")
        await settled(pilot)
        assert app.state.number > at

    play(app, work)


@pytest.mark.slow
def test_a_note_without_a_question_says_so(demo: Trace) -> None:
    app = reading(demo)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w", "x")
        await settled(pilot)
        assert await notifications(pilot) == ["This note has no question."]

    play(app, work)


@pytest.mark.slow
def test_the_note_follows_the_steps(demo: Trace) -> None:
    app = reading(demo)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await settled(pilot)
        assert "3 notes are about this load" in said(app)
        step = next(demo.steps(kinds=["adapter-absent"])).number
        app.go(step)
        await settled(pilot)
        assert "No adapter" in said(app)
        app.go(step + 1)
        await settled(pilot)
        assert "left this note's step" in said(app)
        app.query_one(NotePage).focus()
        await pilot.press("enter")
        await settled(pilot)
        assert app.state.number == step

    play(app, work)


@pytest.mark.slow
def test_the_contents_lead_to_notes_and_mark_those_that_do_not_apply(demo: Trace) -> None:
    app = reading(demo, start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        contents = app.query_one(Contents)
        lines = [str(option.prompt) for option in contents.options]
        assert lines == [
            "1 The dynamic class",
            "▶ A class is wanted",
            "  Split at the dot",
            "⊘ Another repository",
            "2 Adapters",
        ]  # a walkthrough without a note that applies is left out
        at = app.state.number
        contents.focus()
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        assert "Does not apply to this load" in said(app)
        assert '"--" in class_reference' in said(app)
        assert app.state.number == at
        await pilot.press("down", "enter")
        await settled(pilot)
        assert "No adapter" in said(app)

    play(app, work)


@pytest.mark.slow
def test_it_begins_with_the_walkthrough_that_was_asked_for(demo: Trace) -> None:
    app = reading(demo, begin_with="second")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert app.tabs.active == "tab-notes"
        assert demo.step(app.state.number).kind == "adapter-absent"

    play(app, work)


def test_a_load_without_a_walkthrough_of_its_own_opens_with_the_overview(demo: Trace) -> None:
    app = reading(demo)

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert app.tabs.active == "tab-overview"
        assert not any("walkthrough" in told for told in await notifications(pilot))

    play(app, work)


@pytest.fixture
def of_the_demo(tmp_path: Path) -> Iterator[Trace]:
    """The stored recording, as if ``glm-trace demo`` had made it."""
    path = unpack("5.23.0", tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'command'", ('["glm-trace", "demo"]',))
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('command', ?)", ('["glm-trace", "demo"]',))
    connection.commit()
    connection.close()
    with open_trace(path) as trace:
        yield trace


def test_the_demo_offers_the_course(of_the_demo: Trace) -> None:
    app = Player(of_the_demo, "en")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert app.tabs.active == "tab-overview"
        assert await notifications(pilot) == ["A walkthrough was written for this load: w reads it."]
        assert app.reading is not None
        assert app.reading.chapter is not None
        assert app.reading.chapter.walkthrough.order == 1
        await pilot.press("w")
        await settled(pilot)
        assert app.tabs.active == "tab-notes"
        assert "note 1 of" in said(app)

    play(app, work)


@pytest.mark.slow
def test_a_chosen_step_is_kept(of_the_demo: Trace) -> None:
    app = Player(of_the_demo, "en", 100)

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert (app.tabs.active, app.state.number) == ("tab-decisions", 100)

    play(app, work)


@pytest.mark.slow
def test_no_note_about_the_load(demo: Trace) -> None:
    app = reading(demo, walkthroughs=[NOWHERE])

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert await notifications(pilot) == ["No walkthrough has a note about this load."]
        await pilot.press("1")
        await settled(pilot)
        assert "No walkthrough has a note" in said(app)

    play(app, work)


@pytest.mark.slow
def test_the_text_of_a_walkthrough_is_shown_and_not_interpreted(demo: Trace) -> None:
    text = words("[bold]x[/bold] \x1b[31mred <b>b</b> {{ kwargs }}")
    hostile = walkthrough(note({"function": F}, title=words("[red]t[/red]\x1b]0;x\x07"), text=text), title=words("[b]"))
    app = reading(demo, walkthroughs=[hostile])

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert "[red]t[/red]" in said(app)
        assert "[bold]x[/bold]" in said(app)
        assert "\x1b" not in said(app)

    play(app, work, SMALL)


@pytest.mark.slow
def test_a_course_that_cannot_be_read_is_reported(demo: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracer.walkthrough.library
    from tracer.walkthrough.yaml_file import InvalidFile

    def broken() -> tuple[Walkthrough, ...]:
        raise InvalidFile("x.yaml, line 3: no.")

    monkeypatch.setattr(tracer.walkthrough.library, "course", broken)
    app = Player(demo, "en")

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert any("x.yaml, line 3: no." in text for text in await notifications(pilot))

    play(app, work)


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, (140, 42)])
def test_small_and_large(demo: Trace, size: tuple[int, int]) -> None:
    app = reading(demo, start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        assert app.query_one(Contents).display is (size != SMALL)
        await pilot.resize_terminal(*(SMALL if size != SMALL else (140, 42)))
        await settled(pilot)
        assert "A class is wanted" in said(app)

    play(app, work, size)


LONG = "The class that the repository defines is not the library's own"


def test_the_contents_are_as_wide_as_their_titles_where_there_is_room(demo: Trace) -> None:
    chapter = walkthrough(note({"function": F}, id="call", title=words(LONG)), id="first", order=1, title=words("One"))
    app = Player(demo, "en", 0, walkthroughs=[chapter])

    async def work(pilot: Pilot[None]) -> None:
        async def listed(columns: int) -> str:
            await pilot.resize_terminal(columns, 42)
            await settled(pilot)
            return str(contents.options[1].prompt)

        await pilot.press("w")
        await settled(pilot)
        contents = app.query_one(Contents)
        assert await listed(180) == f"▶ {LONG}"
        assert contents.scrollable_content_region.width >= cell_len(f"▶ {LONG}")
        assert app.query_one(NotePage).scrollable_content_region.width > WIDEST  # and the note loses nothing by it
        assert (await listed(150)).endswith("…")
        assert contents.size.width < 40
        assert await listed(220) == f"▶ {LONG}"

    play(app, work, (140, 42))


# ── From the command line ───────────────────────────────────────────────────────────────────────────

Terminal = Callable[..., Any]


@pytest.mark.slow
def test_replay_opens_a_walkthrough_of_your_own(terminal: Terminal, demo_file: Path, tmp_path: Path) -> None:
    import yaml

    from tests.walkthrough.writing import document

    folder = tmp_path / "own"
    folder.mkdir()
    made = document(note({"kind": "adapter-absent"}, stage="adapter", title=words("My own note")), id="my-own")
    (folder / "mine.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    shown = terminal("replay", demo_file, "--walkthroughs", folder, "--walkthrough", "my-own")
    shown.wait_for("My own note")
    shown.type("q")
    assert shown.end() == 0


@pytest.mark.slow
def test_replay_with_an_unknown_walkthrough(terminal: Terminal, demo_file: Path) -> None:
    shown = terminal("replay", demo_file, "--walkthrough", "dynamik-class")
    shown.wait_for("There is no walkthrough")
    assert shown.end() == 2


def test_the_answers_are_not_sought_in_another_tab(demo: Trace) -> None:
    app = reading(demo)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("w")
        await settled(pilot)
        app.notes.answer()
        app.tabs.open("tab-decisions")  # before the notes are on the screen
        await settled(pilot)
        assert app.tabs.active == "tab-decisions"
        assert await notifications(pilot) == []

    play(app, work)
