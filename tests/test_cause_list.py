"""``glm-trace why --list``, and the page that is made of the same sentences."""

from __future__ import annotations

import os
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.commands import Command, command_line
from tracer.views.cause_list import cause_page, kinds
from tracer.views.causes import CAUSES

PAGE = ROOT / "docs" / "causes.md"


@pytest.fixture
def why(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_line(monkeypatch, capsys, "why")


@pytest.mark.parametrize(("lang", "title"), [("en", "Why a load failed"), ("zh", "加载失败的原因")])
def test_it_lists_every_kind(why: Command, lang: str, title: str) -> None:
    code, out, _ = why("--list", "--lang", lang)
    assert code == 0
    assert title in out
    named = re.findall(r"(?m)^  ([a-z0-9-]+)(?:  |$)", out)
    assert named == [
        key.partition(":")[2] for group in ("cause", "surprise") for key in CAUSES if key.startswith(group)
    ]


def test_every_example_is_filled_in() -> None:
    for kind in (*kinds("en", "cause"), *kinds("zh", "surprise")):
        assert kind.example
        assert not re.search(r"(?<!\{)\{[a-z_]+\}(?!\})", kind.example), kind
        key = next(key for key in CAUSES if key.partition(":")[2] == kind.name)
        fields = {field for text in texts_of(CAUSES[key]) for _, field, _, _ in Formatter().parse(text) if field}
        bare = {field.upper() for field in fields} & set(re.findall(r"[A-Z_]+", kind.example))
        assert not bare, f"{kind.name} has no example of {bare}"


def texts_of(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else [part for part in message if isinstance(part, str)]


def test_the_page_is_up_to_date() -> None:
    if os.environ.get("GLM_TRACE_RENEW_GOLDEN"):
        PAGE.write_text(cause_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == cause_page(), "renew it: GLM_TRACE_RENEW_GOLDEN=1 pytest " + __file__


def test_without_a_trace_it_says_what_it_needs(why: Command) -> None:
    said = "There is no trace in this folder. Name one, or record one with: glm-trace load MODEL"
    assert why() == (2, "", f"Error: {said}\n")
