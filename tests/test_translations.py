"""The translations: every text of the code has one, with the same placeholders, and the compiled files are up to
date."""

from __future__ import annotations

import ast
import functools
import os
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

import translations
from tests.conftest import ROOT
from tracer.i18n import LANGS, LOCALE, NC_, NP_, Sentence, tr

[PO] = translations.po_files()
UPDATE = "run: python translations.py update, and translate what it lists"


@functools.cache
def code() -> Catalog:
    """Return the marked texts of the code; reading all of it takes seconds."""
    return translations.extracted()


@functools.cache
def chinese() -> Catalog:
    return translations.read(PO)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def texts(catalog: Catalog) -> dict[tuple[str, str], Message]:
    return {translations.key(message): message for message in catalog if message.id}


def sources(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def test_every_text_is_translated_and_nothing_else_is() -> None:
    marked, translated = texts(code()), texts(chinese())
    assert len(marked) > 100
    assert {
        key for key in marked if key not in translated or not all(translations.strings(translated[key]))
    } == set(), UPDATE
    assert {key for key in marked if bool(marked[key].pluralizable) != bool(translated[key].pluralizable)} == set()
    assert not [message for message in chinese() if message.fuzzy and message.id]


def test_translations_have_the_placeholders_of_the_text() -> None:
    for message in texts(chinese()).values():
        *_, most = sources(message)
        for text in translations.strings(message):
            assert placeholders(text) == placeholders(most), message.id


def test_texts_get_their_values() -> None:
    """If text and values are both literal, every placeholder has a value."""
    checked = 0
    for path in sorted((ROOT / "tracer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or any(word.arg is None for word in node.keywords):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("N_", "NP_", "NC_", "fill"):
                continue
            given = {word.arg for word in node.keywords}
            for text in written_out(node):
                checked += 1
                assert placeholders(text) <= given, f"{path.name}:{node.lineno} {text}"
    assert checked > 300


def written_out(call: ast.Call) -> Iterator[str]:
    """Return the texts that a call passes on: its second argument if it is ``tr``, and marked texts among its
    arguments."""
    if isinstance(call.func, ast.Name) and call.func.id == "tr" and isinstance(call.args[1], ast.Constant):
        yield call.args[1].value
    choices = list(call.args)
    while choices:
        one = choices.pop()
        if isinstance(one, ast.IfExp):
            choices += [one.body, one.orelse]
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in ("N_", "NP_", "NC_"):
            yield str(one.args[-1].value if isinstance(one.args[-1], ast.Constant) else "")


def test_texts_format_nothing_but_thousands() -> None:
    for message in texts(chinese()).values():
        for text in (*sources(message), *translations.strings(message)):
            assert {spec for _, _, spec, _ in string.Formatter().parse(text)} <= {None, "", ","}, text


def test_the_catalogs_are_as_update_writes_them() -> None:
    """Otherwise the next update would change unrelated lines."""
    assert translations.written(code()) == (ROOT / translations.TEMPLATE).read_bytes(), UPDATE
    assert translations.written(chinese()) == PO.read_bytes(), UPDATE


def test_the_compiled_file_is_that_of_the_catalog() -> None:
    compiled = PO.with_suffix(".mo")
    assert compiled.is_file(), "run: python translations.py compile"
    assert compiled.read_bytes() == translations.compiled(PO), "run: python translations.py compile"


def test_every_language_has_its_catalog() -> None:
    assert {path.parent.parent.name for path in translations.po_files()} == set(LANGS) - {"en"}


def test_texts_are_filled_in() -> None:
    assert tr("en", "{count} found", count=3) == "3 found"
    assert tr("zh", "{count} found", count=3) == "找到 3 处"
    assert tr("en", "{count} found") == tr("en", "{count} found", other=1) == "… found"


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [(1, "1 step", "1 步"), ("1,234", "1,234 steps", "1,234 步"), (0, "0 steps", "0 步")],
)
def test_plurals(count: int | str, english: str, chinese: str) -> None:
    steps = NP_("{count} step", "{count} steps")
    assert tr("en", steps, count=count) == english
    assert tr("zh", steps, count=count) == chinese
    assert tr("en", NP_("{all} thing", "{all} things", by="all"), count=2, all=1) == "1 thing"


def test_a_text_in_a_context_and_one_in_another() -> None:
    assert tr("en", NC_("tab", "Forward")) == "Forward"
    assert tr("zh", NC_("tab", "Forward")) == "前向"


def test_a_sentence_in_a_sentence() -> None:
    inner = Sentence("{count} found", count=2)
    assert str(inner) == "2 found"
    assert tr("zh", "Bookmark set at step {number}.", number=inner) == "已在第 找到 2 处 步加书签。"


def test_values_are_never_formats() -> None:
    assert tr("en", "{path}", path="{0} {path.__class__}") == "{0} {path.__class__}"


def test_english_reads_no_catalog() -> None:
    code = "import sys; from tracer.i18n import tr; tr('en', 'deleted'); print('gettext' in sys.modules)"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_without_compiled_files_the_texts_are_english_and_chinese_says_why(tmp_path: Path) -> None:
    shutil.copytree(LOCALE.parent, tmp_path / "tracer" / "i18n", ignore=shutil.ignore_patterns("*.mo"))
    (tmp_path / "tracer" / "__init__.py").touch()
    for lang, said in (("en", ""), ("zh", "translations.py compile")):
        code = f"from tracer.i18n import tr; print(tr({lang!r}, 'deleted'), tr({lang!r}, 'deleted'))"
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, encoding="utf-8"
        )
        assert done.stdout.split() == ["deleted", "deleted"], done.stderr
        assert said in done.stderr
        assert done.stderr.count("\n") == bool(said)
