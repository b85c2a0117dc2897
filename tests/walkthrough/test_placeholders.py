"""Recorded values by their paths, and in a note's text."""

from __future__ import annotations

from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.walkthrough.writing import made_note, note, walkthrough
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.placeholders import fill_placeholders, inline_code, is_path, placeholder_paths
from tracer.walkthrough.value_paths import StepScope


def place(binder: Binder, anchor: Any, stage: str = "dynamic-class") -> StepScope:
    found = binder.note(made_note(anchor, stage=stage), walkthrough(note(anchor)))
    assert isinstance(found, BoundNote)
    return StepScope(binder.trace, found.step)


SPLIT = {"function": "get_class_from_dynamic_module", "statement": "module_file, class_name = class_reference.split"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("class_reference", "`configuration_chatglm.ChatGLMConfig`"),
        ("after.module_file", "`configuration_chatglm`"),
        ("kwargs.return_unused_kwargs", "`True`"),
        ("kwargs[return_unused_kwargs]", "`True`"),
        ("caller.has_remote_code", "`True`"),
        ("class_reference.length", "`35`"),
        ("load.class", "`ChatGLMForConditionalGeneration`"),
        ("load.status", "`loaded`"),
        ("step.kind", "`line`"),
        ("absent", "…"),
        ("kwargs.absent", "…"),
        ("caller", "…"),
        ("load.absent", "…"),
        ("class_reference.shape", "…"),
    ],
)
def test_a_path(binder: Binder, path: str, said: str) -> None:
    assert fill_placeholders("{{ " + path + " }}", place(binder, SPLIT)) == said


def test_the_data_and_the_value_of_a_step(binder: Binder) -> None:
    at = place(binder, {"kind": "class-resolved"})
    assert fill_placeholders("{{step.way}} {{ step.value }}", at) == "`remote` `ChatGLMConfig`"


def test_an_item_of_a_list(binder: Binder) -> None:
    at = place(binder, {"kind": "imports-checked"})
    assert fill_placeholders("{{ step.packages[0] }} {{ step.value.length }}", at) == "`transformers` `0`"


def test_a_release_is_told(demo: Trace) -> None:
    releases = demo.meta.releases
    assert fill_placeholders("{{ load.transformers }}", StepScope(demo, 0)) == f"`{releases['transformers']}`"


def test_without_a_trace_the_paths_are_shown() -> None:
    assert fill_placeholders("{{ a.b }} and {{c}}", None) == "`‹a.b›` and `‹c›`"


def test_the_holes_of_a_text() -> None:
    assert list(placeholder_paths("{{ a }} {{b.c}} {{ d\n }}")) == ["a", "b.c", "d"]


@pytest.mark.parametrize("path", ["a", "a.b", "a.0", "a[b.c]", "step.way", "变量.x", "a_1.-1"])
def test_what_is_a_path(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize("path", ["", "a b", "a()", "1a", "a.", ".a", "a[", "a|upper", "a\nb"])
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


@pytest.mark.parametrize(
    "text", ["a", "`", "``", "a`b", "`a`", " ", "", "```\nx", "a ``` b `", "<b>", "*a*", "[x](y)", "\\"]
)
def test_a_value_is_code_whatever_is_in_it(text: str) -> None:
    parsed = MarkdownIt().parse(f"before {inline_code(text)} after")
    inline = parsed[1].children or []
    assert [child.type for child in inline] == ["text", "code_inline", "text"]
    assert inline[1].content.strip() == " ".join(text.split()).strip() or inline[1].content == text
