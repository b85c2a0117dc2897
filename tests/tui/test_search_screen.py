"""The search screen: where each hit is, what was searched for before, and a look at the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tests.tui.conftest import play, settled
from tracer.analysis.search import context_of, search
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.tui import search_screen
from tracer.tui.search_screen import SearchScreen, hit_line
from tracer.views.stages import stage_name


def rows(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one("#hits", OptionList)
    return [str(options.get_option_at_index(at).prompt).rstrip() for at in range(options.option_count)]


def test_a_hit_says_where_it_is(demo: Trace) -> None:
    [hit] = [hit for hit in search(demo, "has_local_code") if (hit.what, hit.label) == ("variable", "has_local_code")]
    where = context_of(demo, hit)
    assert (where.function, where.name, where.value) == (
        demo.frame(demo.step(hit.step).frame or 0).function,
        "has_local_code",
        "False",
    )
    assert str(hit_line(demo, hit, "en")) == (
        f"{hit.step:>7} variable  {stage_name(where.stage, 'en')} · {where.function} · has_local_code = False"
    )


def test_a_value_names_the_variable_that_holds_it(demo: Trace) -> None:
    for hit in search(demo, "bfloat16", limit=5):
        if hit.what == "value":
            assert context_of(demo, hit).value == hit.label
    named = [context_of(demo, hit).name for hit in search(demo, "modeling_chatglm", limit=20) if hit.what == "value"]
    assert {"module_file", "resolved_file"} <= set(named)


def test_every_hit_has_a_line(demo: Trace) -> None:
    for text in ("e", "config", "weight", "load"):
        for hit in search(demo, text, limit=30):
            line = str(hit_line(demo, hit, "zh"))
            assert line.startswith(f"{hit.step:>7} ")
            assert "\n" not in line


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_recent_searches_examples_and_preview(player: Callable[..., Any], size: tuple[int, int]) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        await settled(pilot)
        assert [row.split()[0] for row in rows(pilot)] == ["from_pretrained", "config.json", "dtype"]
        await pilot.press(*"class_ref")
        await pilot.pause(0.1)
        preview = app.screen.query_one("#preview", Static)
        assert preview.display == (size[1] >= 30)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("slash")
        await settled(pilot)
        assert [row.split()[0] for row in rows(pilot)] == ["class_ref", "from_pretrained", "config.json", "dtype"]
        await pilot.press("down", "enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, SearchScreen)
        assert app.screen.query_one(Input).value == "class_ref"
        assert " · class_ref = " in "\n".join(rows(pilot))
        line = str(app.screen.query_one("#preview", Static).render()).splitlines()
        assert len(line) == 2
        assert ".py:" in line[0]

    play(app, work, size)


def test_a_long_trace_is_read_in_the_background(player: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_screen, "_SMALL", 10)
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"class_ref")
        await settled(pilot)
        assert " · class_ref = " in "\n".join(rows(pilot))

    play(app, work)


def test_what_was_searched_for_is_not_cut_off(demo: Trace) -> None:
    for text in ("query_key_value", "modeling_chatglm"):
        for hit in search(demo, text, limit=20):
            line = str(hit_line(demo, hit, "en", text, 84))
            if text in hit.label and len(line) > 84:
                assert line.index(text) + len(text) <= 84, line


def test_a_hit_where_the_trace_is_damaged_has_no_preview(
    player: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = player(start=0)

    def damaged(*_: Any) -> Any:
        raise DanglingNumber("{path} has no {table} {number}.", path="t", table="step", number=7)

    async def work(pilot: Pilot[None]) -> None:
        monkeypatch.setattr(search_screen, "changing_step", damaged)
        await pilot.press("slash", *"class_ref")
        await settled(pilot)
        assert isinstance(app.screen, SearchScreen)
        assert " · class_ref = " in "\n".join(rows(pilot))
        assert app.failure is None

    play(app, work)
