"""The variables pane: what is first in it, and what is pinned above that."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets.tree import TreeNode

from tests.tui.conftest import START, notifications, play, settled
from tests.tui.test_player import labels
from tracer.analysis.syntax import header_names
from tracer.trace.reading import Trace
from tracer.tui.variables_view import VariableNode, VariablesView

POPPED = 1092  # at ``resolve_revision(…)``; revision = kwargs.pop("revision", None) has run


def child(parent: TreeNode[object], name: str) -> TreeNode[object]:
    """Return the node of a variable or key below another one."""
    [found] = [
        node for node in parent.children if isinstance(node.data, VariableNode) and node.data.path[-1:] == (name,)
    ]
    return found


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a.b[c] = d(e, *f)", ["a", "c", "d", "e", "f"]),
        ("if a and (b := c): d = e", ["a", "b", "c"]),
        ("for a, b in c:\n    d", ["a", "b", "c"]),
        ("with a as b, c:\n    d", ["a", "b", "c"]),
        ("import a.b, c as d", ["a", "d"]),
        ("def a(b=c, *d):\n    return e", ["a", "c"]),
        ("x = [a for a in b if c]", ["x", "a", "b", "c"]),
        ("super().__init__(a)", ["self", "super", "a"]),
        ("return\\\n a + a", ["a"]),
        ("try:\n    a\nexcept b as c:\n    d", []),
    ],
)
def test_the_names_of_a_statement(code: str, names: list[str]) -> None:
    assert header_names(ast.parse(f"{code}\n").body[0]) == names


def test_names_of_clauses() -> None:
    tried, matched = ast.parse("try: a\nexcept b as c: d\nmatch a:\n case [b, *c] | {'x': d, **e} if f: g").body
    assert isinstance(tried, ast.Try)
    assert isinstance(matched, ast.Match)
    assert header_names(tried.handlers[0]) == ["c", "b"]
    assert sorted(header_names(matched.cases[0])) == ["b", "c", "d", "e", "f"]


def test_what_the_statement_names_is_first_at_every_step(player: Any, demo: Trace) -> None:
    app = player(start=POPPED)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        for step in range(POPPED, POPPED + 24):
            app.go(step)
            await settled(pilot)
            statement, here = app.state.statement(), app.state.frame_state
            names = [] if statement is None else header_names(statement.node)  # there is none at a call
            named = [name for name in names if name in here.variables]
            shown = [node.data.path[0] for node in view.root.children if isinstance(node.data, VariableNode)]
            assert shown[: len(named)] == named
            changed = {one.name for one in here.changed if one.after is not None}
            first = shown[: shown.index("…")] if "…" in shown else [*here.variables]
            assert set(first) >= changed
            folded = len(here.variables) - len(first)
            assert not folded or labels(view.root.children)[len(first)].startswith(f"{folded} other variable")

    play(app, work)


def test_the_order_stays_while_the_step_is_in_the_same_statement(player: Any, demo: Trace) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        before: tuple[object, list[str]] = (None, [])
        stayed = 0
        for step in demo.steps(1029, 1700):
            app.state.cursor.go(step.number)
            names, key = view._names_first(), view._first[0]
            if key == before[0]:
                stayed += 1
                assert [name for name in names if name in before[1]] == before[1]
            before = key, names
        assert stayed > 10

    play(app, work)


def test_a_pinned_path_is_shown_in_every_frame_below(player: Any, demo: Trace) -> None:
    app = player(start=1031)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        view.focus()
        kwargs = child(view.root, "kwargs")
        kwargs.expand()
        await settled(pilot)
        view.move_cursor(child(kwargs, "trust_remote_code"))
        await settled(pilot)
        await pilot.press("p")
        await settled(pilot)
        assert app.state.pinned == [("kwargs", "trust_remote_code")]
        assert labels(view.root.children)[0] == "★ kwargs.trust_remote_code = True"
        assert view.chosen_path() == ("kwargs", "trust_remote_code")  # the cursor has stayed
        app.go(1042)  # in a function without kwargs
        await settled(pilot)
        assert labels(view.root.children)[0].startswith("★ kwargs.trust_remote_code = True  in ")
        popped = next(
            step.number
            for step in demo.steps(1067)
            for change in step.changes
            if change.name == "kwargs" and "trust_remote_code" in getattr(change, "removed", ())
        )
        app.go(popped)
        await settled(pilot)
        assert labels(view.root.children)[0] == "★ ~ kwargs.trust_remote_code  not here"
        app.go(popped - 1)
        await settled(pilot)
        assert labels(view.root.children)[0] == "★ kwargs.trust_remote_code = True"

    play(app, work)


def test_the_key_pins_the_chosen_variable_and_removes_it_again(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        app.state.selected_variable = None
        await pilot.press("p")
        assert ["Choose a variable" in text for text in await notifications(pilot)] == [True]
        app.clear_notifications()
        app.state.selected_variable = "kwargs"
        await pilot.press("p")
        await settled(pilot)
        assert await notifications(pilot) == ["kwargs is pinned."]
        assert labels(view.root.children)[0].startswith("★ kwargs = {")
        view.focus()
        await pilot.press("home", "p")
        await settled(pilot)
        assert app.state.pinned == []
        assert not any("★" in label for label in labels(view.root.children))

    play(app, work)
