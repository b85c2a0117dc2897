"""A walkthrough file: what is read, and how a mistake in one is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.walkthrough.writing import as_yaml, note, words
from tracer.walkthrough.yaml_file import InvalidFile, read_walkthrough

GOOD = """\
id: made
title: {en: Title, zh: 标题}
summary: {en: Sum, zh: 摘要}
notes:
  - id: first
    stage: config
    anchor: {function: from_dict}
    title: {en: No, zh: 不}
    text:
      en: |
        Two
        lines.
      zh: 文字
  - id: second
    stage: trust
    anchor:
      - {function: resolve_trust_remote_code, statement: raise ValueError, releases: "<5"}
      - {kind: trust-asked}
    title: {en: 2026-11-23, zh: 日期}
    text: {en: text, zh: 文字}
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "made.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_file(tmp_path: Path) -> None:
    found = read_walkthrough(written(tmp_path, GOOD))
    assert found.notes[0].text.en == "Two\nlines.\n"
    assert found.notes[0].title.en == "No"  # as in YAML 1.2, not the boolean of 1.1
    assert found.notes[1].title.en == "2026-11-23"
    assert [one.releases for one in found.notes[1].anchors] == ["<5", ""]
    assert found.loads["demo"].fixture == "glm-4v-tiny"


MISTAKES: list[tuple[str, str, list[str]]] = [
    ("title: {en: No, zh: 不}", "title: {en: No}", ["line 8", "note 'first'", "title", "`zh` is missing"]),
    ("title: {en: No, zh: 不}", "title: {en: No, zh: ''}", ["line 8", "note 'first'", "title", "`zh`", "empty"]),
    (
        "title: {en: No, zh: 不}",
        "title: {en: 3, zh: 不}",
        ["line 8", "note 'first'", "title.en", "expected a text, found a whole number"],
    ),
    ("function: from_dict", "fnction: from_dict", ["line 7", "note 'first'", "anchor.fnction", "no key `fnction`"]),
    ("function: from_dict", "statement: return", ["line 7", "note 'first'", "anchor", "`function` or `kind`"]),
    ("kind: trust-asked", "kind: trust-asekd", ["line 18", "note 'second'", "trust-asekd", "trust-asked"]),
    ("stage: trust", "stage: confidence", ["line 15", "note 'second'", "stage", "confidence"]),
    ('releases: "<5"', 'releases: "5-6"', ["line 17", "note 'second'", "'5-6'", ">=4.44,<5"]),
    ("id: second", "id: first", ["line 14", "note 'first'", "another note has the id 'first'"]),
    ("id: second", "id: Second Note", ["line 14", "'Second Note' is not an id"]),
    ("id: made", "id: made\nlevel: 3", ["line 2", "level", "no key `level`"]),
    ("id: made\n", "", ["line 1", "`id` is missing"]),
    (
        "    text: {en: text, zh: 文字}",
        "    text: {en: text, zh: 文字}\n    load: other",
        ["line 21", "no load 'other'"],
    ),
    ("kind: trust-asked", "kind: trust-asked, occurrence: 0", ["line 18", "occurrence"]),
    ("kind: trust-asked", "kind: trust-asked, through: x", ["line 18", "`function`"]),
    ("id: made", "id: made\nid: again", ["line 2", "'id' is given twice"]),
    ("id: made", "id: &anchor made\norder: *anchor", ["line 2", "alias"]),
    ("id: made", "id: made: bad", ["line 1", "not valid YAML", "needs quotes"]),
    ("id: made", "id: !!python/object/apply:os.system [true]", ["line 1", "id"]),
    ("id: made", "id: made\norder: !!int nothing", ["line 2"]),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[f"{n}" for n in range(len(MISTAKES))])
def test_a_mistake_names_file_line_note_and_key(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    """The sentence is in Chinese too, and quotes nothing of the libraries that read the file."""
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InvalidFile) as caught:
        read_walkthrough(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for piece in said:
        assert piece in sentence
    chinese = caught.value.localized("zh").removeprefix(str(path))
    assert re.match(r" 第 \d+ 行.*[\u4e00-\u9fff].*。$", chinese)
    words = re.sub(r"'[^']*'|`[^`]*`|YAML|[\w.\[\]]*\.[\w.\[\]]*|(?<=，)\w+：|可用：.*|现有：.*", "", chinese)
    assert not re.search(r"[a-zA-Z]{3,} [a-zA-Z]{2,}", words), chinese


EXPECTATIONS: list[tuple[dict[str, Any], str]] = [
    ({"is": 3}, "Expected one of value, decision, journey, difference, cause"),
    ({"value": "x", "decision": "then", "is": 1}, "there is value, decision"),
    ({"value": "x"}, "what holds of `x`"),
    ({"decision": "perhaps"}, "no outcome 'perhaps'"),
    ({"journey": "dtype", "end": "heaven"}, "no end 'heaven'"),
    ({"journey": "dtype"}, "no end ''"),
    ({"decision": "then", "shape": [1]}, "`shape` says nothing about a `decision`"),
    ({"value": "x", "has": "text"}, "has"),
]


@pytest.mark.parametrize(("expect", "said"), EXPECTATIONS)
def test_an_expectation_that_says_nothing(tmp_path: Path, expect: dict[str, Any], said: str) -> None:
    text = as_yaml(note({"function": "f"}, expect=[expect]))
    with pytest.raises(InvalidFile) as caught:
        read_walkthrough(written(tmp_path, text))
    assert said.lower() in str(caught.value).lower()
    assert "expect[0]" in str(caught.value)


def test_a_question_needs_a_right_answer(tmp_path: Path) -> None:
    wrong = [{"text": words(), "because": words()} for _ in range(2)]
    text = as_yaml(note({"function": "f"}, question={"ask": words(), "answers": wrong}))
    with pytest.raises(InvalidFile, match=r"right: true"):
        read_walkthrough(written(tmp_path, text))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe\xff", "not valid YAML"),
        (b"", "is not a walkthrough"),
        (b"- a\n- b\n", "is not a walkthrough"),
        (b"[" * 60 + b"]" * 60, "levels"),
        (b"a: " + b"x" * (3 << 20), "bytes"),
        (b"SQLite format 3\x00\x01", "not valid YAML"),
        (b"%TAG ! tag:x,2000:\n---\nid: !y z\n", "line 3"),
    ],
)
def test_what_is_no_walkthrough(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_walkthrough(written(tmp_path, data))
    assert said in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        read_walkthrough(tmp_path / "absent.yaml")


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    text = GOOD.replace("id: made", f'id: !!python/object/apply:pathlib.Path.touch ["{witness}"]')
    with pytest.raises(InvalidFile):
        read_walkthrough(written(tmp_path, text))
    assert not witness.exists()
