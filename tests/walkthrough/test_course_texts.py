"""The texts of the course in both languages: messages quoted as they are printed, code shown as code everywhere."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from tests.conftest import ROOT
from tracer.text.markdown import markdown_lines
from tracer.text.markdown_writer import block
from tracer.views.walkthrough.terminal import TerminalMarkdown
from tracer.walkthrough.placeholders import fill_placeholders

FILES: Final = [
    *sorted((ROOT / "walkthroughs").glob("*.yaml")),
    *sorted(ROOT.glob("walkthroughs/exercises/*/task.yaml")),
]
FENCED: Final = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
IN_MARKS: Final = re.compile(r"“([^”]*)”|\"([^\"\n]*)\"")
AS_CODE: Final = re.compile(r"`([^`\n]*)`")
ENGLISH: Final = re.compile(r"(?:[A-Za-z',.]+ ){2,}[A-Za-z']+")
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
PARSER: Final = MarkdownIt("commonmark")


def pairs(data: Any) -> Iterator[tuple[str, str]]:
    """Every text of a file, in English and in Chinese."""
    if isinstance(data, dict):
        if set(data) == {"en", "zh"}:
            yield data["en"], data["zh"]
        else:
            for inner in data.values():
                yield from pairs(inner)
    elif isinstance(data, list):
        for inner in data:
            yield from pairs(inner)


def quoted(text: str, marks: re.Pattern[str]) -> list[str]:
    """The English sentences in a text's quotation marks, or in its code."""
    prose = " ".join(FENCED.sub("", text).split())
    found = [next(group for group in match.groups() if group is not None) for match in marks.finditer(prose)]
    return [one.strip(" …") for one in found if ENGLISH.search(one)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem if path.stem != "task" else path.parent.name)
def test_english_is_quoted_the_same_in_both_languages(path: Path) -> None:
    texts = list(pairs(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert texts
    for english, chinese in texts:
        there = " ".join(english.split())
        assert [one for one in quoted(english, IN_MARKS) if CHINESE.search(one)] == []
        assert [one for one in quoted(chinese, IN_MARKS) if one not in there] == []
        assert [one for one in quoted(chinese, AS_CODE) if one not in there and not CHINESE.search(one)] == []


def code_of(text: str) -> list[str]:
    return [token.content for token in PARSER.parse(text) if token.type in ("fence", "code_block")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem if path.stem != "task" else path.parent.name)
def test_code_is_code_on_the_terminal_in_the_player_and_in_the_document(path: Path) -> None:
    for both in pairs(yaml.safe_load(path.read_text(encoding="utf-8"))):
        for text in (fill_placeholders(one, None) for one in both):
            code = code_of(text)
            if not code:
                continue
            assert code_of(block(text)) == code
            printed = io.StringIO()
            Console(file=printed, width=300).print(TerminalMarkdown(block(text)))
            played = "\n".join(line.plain for line in markdown_lines(text, 300))
            for line in (line.rstrip() for one in code for line in one.split("\n")):
                assert line in printed.getvalue()
                assert line in played
