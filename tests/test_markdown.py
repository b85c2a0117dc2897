"""Markdown for a terminal: Chinese breaks between characters, tables fit, and control codes have no effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from tracer.text.markdown import markdown_lines


def plain(source: str, width: int = 40) -> list[str]:
    return [line.plain for line in markdown_lines(source, width)]


def test_chinese_fills_the_line_and_no_line_begins_with_punctuation() -> None:
    lines = plain("引用先被拆成两段：模块文件名和类名。这一步没有任何检查，拆不出两段就直接报错。", 20)
    assert all(16 <= cell_len(line) <= 20 for line in lines[:-1])
    assert not any(line[0] in "，。：" for line in lines)


def test_a_line_break_of_the_source_is_a_space_only_between_words() -> None:
    assert plain("one\ntwo 三\n四\nfive，\nsix\n（七）") == ["one two 三四 five，six（七）"]


def test_a_hard_break_stays() -> None:
    assert plain("one  \ntwo") == ["one", "two"]


def test_inline_styles() -> None:
    (line,) = markdown_lines("a `code` **strong** *em* [link](https://x)", 40)
    assert line.plain == "a code strong em link"
    styles = {line.plain[span.start : span.end]: str(span.style) for span in line.spans}
    assert styles["code"] == "bold cyan"
    assert styles["strong"] == "bold"
    assert styles["em"] == "italic"


def test_styles_survive_wrapping() -> None:
    lines = markdown_lines("前面的文字 `some code here` 后面", 12)
    assert (
        "".join(line.plain[span.start : span.end] for line in lines for span in line.spans).replace(" ", "")
        == "somecodehere"
    )


def test_lists_hang() -> None:
    assert plain("- one two three\n- b\n\n1. x\n2. y", 9) == ["• one two", "  three", "• b", "", "1. x", "2. y"]


def test_a_table_fits() -> None:
    lines = plain("| a | long column |\n| --- | --- |\n| `x` | 很长的中文说明需要换行显示 |", 24)
    assert max(map(cell_len, lines)) <= 24
    assert lines[0].split() == ["a", "long", "column"]
    assert len(lines) > 3


def test_code_keeps_its_lines() -> None:
    assert plain("```python\nif a:\n    b = 1\n```") == ["  if a:", "      b = 1"]


def test_code_that_is_too_wide_continues_indented() -> None:
    assert plain("```python\nif a:\n    call(one=1, two=2, three=3, four=4)\n```", 30) == [
        "  if a:",
        "      call(one=1, two=2,",
        "          three=3, four=4)",
    ]


def test_a_quote() -> None:
    assert plain("> said\n> so") == ["│ said so"]


@pytest.mark.parametrize("source", ["<b>x</b>", "[bold]x[/bold]", "<script>x</script>", "&lt;b&gt;"])
def test_markup_has_no_effect(source: str) -> None:
    (line,) = markdown_lines(source, 60)
    assert "x" in line.plain or line.plain == "<b>"
    assert not line.spans


def test_control_characters_are_shown() -> None:
    lines = markdown_lines("a\x1b[31mb `c\x1b]0;t\x07d`\n\n```\n\x1b[2J\n```\n\n<p>\x1b[2J", 60)
    assert not any(char in line.plain for line in lines for char in "\x1b\x07")


@given(st.text(max_size=300), st.integers(10, 60))
def test_any_text_becomes_single_lines(source: str, width: int) -> None:
    for line in markdown_lines(source, width):
        assert isinstance(line, Text)
        assert "\n" not in line.plain
