"""Untrusted text is made safe to print: nothing that a terminal interprets or hides is left in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.text.visible import one_line, visible

HOSTILE = st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Lu", "Mn"]))


@given(st.text() | HOSTILE)
def test_no_control_characters_are_left(text: str) -> None:
    for char in visible(text):
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(char)
        assert char == " " or unicodedata.category(char) != "Zs" or char == "\u3000"


@given(st.text() | HOSTILE)
def test_doing_it_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text())
def test_it_fits_the_encoding(text: str) -> None:
    for encoding in ("ascii", "latin-1", "gbk", "utf-8", "cp437"):
        visible(text, encoding=encoding).encode(encoding)


@given(st.text(), st.integers(1, 60))
def test_one_line_is_one_line_of_at_most_that_length(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("中文，日本語　한국어 русский ελληνικά", "中文，日本語　한국어 русский ελληνικά"),
        ("naïve e\u0301 🙂", "naïve e\u0301 🙂"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("zero\u200bwidth\u2060\ufeff", "zero\\u200bwidth\\u2060\\ufeff"),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("v\ufe0fs\U000e0100", "v\\ufe0fs\\U000e0100"),
        ("blank\u3164\u2800", "blank\\u3164\\u2800"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029\x85\xa0", "\\u2028\\u2029\\x85\\xa0"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_an_encoding_cannot_hold_is_written_out() -> None:
    assert visible("é中", encoding="ascii") == "\\xe9\\u4e2d"
    assert visible("é中", encoding="latin-1") == "é\\u4e2d"
    assert visible("é", encoding="no-such-encoding") == "\\xe9"


def test_one_line_of_a_huge_text_is_quick() -> None:
    assert one_line("x " * 50_000_000, 20).endswith("…")
    assert one_line("a\n\n  b\tc", 20) == "a b c"
