"""What a Python file defines and imports is read without running it, however deeply it is nested."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.trace.code_outline import CodeOutline, Import, code_outline, code_outlines

DEEP = {
    "a long sum": f"x = {' + '.join(['a'] * 1_000)}\n",
    "a long elif": "if a == 0:\n    import one\n"
    + "".join(f"elif a == {n}:\n    import m{n}\n" for n in range(1, 1_000)),
    "a long chain of calls": f"x = a{'.b()' * 900}\n",
    "a long sum as a condition": f"if {' + '.join(['a'] * 1_000)}:\n    import one\n",
}


def outline_of(folder: Path, content: str | bytes) -> CodeOutline:
    path = folder / "modeling_x.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = code_outline(str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("name", DEEP)
def test_code_that_is_nested_deeply(tmp_path: Path, name: str) -> None:
    found = outline_of(tmp_path, f"import os\n{DEEP[name]}\n\nclass Model:\n    pass\n")
    assert (found.problem, found.classes) == (None, ["Model"])
    assert found.imports[0] == Import("os", line=1)
    assert {"Model", "os"} < {*found.names} or name == "a long sum as a condition"


def test_each_branch_of_a_long_elif(tmp_path: Path) -> None:
    found = outline_of(tmp_path, DEEP["a long elif"])
    assert len(found.imports) == 1_000
    assert found.imports[-1] == Import("m999", line=2_000, condition="a == 999")


def test_code_that_is_nested_too_deeply_is_not_called_wrong(tmp_path: Path) -> None:
    found = outline_of(tmp_path, f"x = {'-' * 100_000}1\n")
    assert found.problem == "not-read"
    assert found.sha256 is not None


def test_the_imports_and_what_is_around_them(tmp_path: Path) -> None:
    code = """
import a.b
if X:
    from .c import d
else:
    import e
    try:
        import f
    except ImportError:
        import g
    finally:
        import h
def i():
    with k:
        from .. import l
match m:
    case 1:
        import n
"""
    assert outline_of(tmp_path, code).imports == [
        Import("a.b", line=2),
        Import(".c", ["d"], 4, "X"),
        Import("e", line=6, condition="not (X)"),
        Import("f", line=8, condition="not (X)", inside="try"),
        Import("g", line=10, condition="not (X)", inside="except"),
        Import("h", line=12, condition="not (X)"),
        Import("..", ["l"], 15, inside="function"),
        Import("n", line=18),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "# -*- coding: latin-1 -*-\nNAME = '\xe9'\n".encode("latin-1"),
        b"\xef\xbb\xbfNAME = 1\n",
        b"match x:\n    case 1:\n        NAME = 1\n",
    ],
)
def test_what_a_file_defines_in_whatever_encoding(tmp_path: Path, content: bytes) -> None:
    found = outline_of(tmp_path, content)
    assert (found.problem, found.names) == (None, ["NAME"])


def test_all_names_are_there(tmp_path: Path) -> None:
    names = sorted(f"name_{number}" for number in range(1_000))
    found = outline_of(tmp_path, "".join(f"class {name}: pass\n" for name in names))
    assert (found.names, sorted(found.classes)) == (names, names)


def test_what_was_not_read_is_told_from_what_defines_nothing(tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"part{number:02}.py").write_text("x = 1\n")
    (tmp_path / "part00.py").write_text("x = 1\n" * 60_000)
    (tmp_path / "part01.py").write_text("")
    found = {os.path.basename(path): one for path, one in code_outlines(str(tmp_path)).items()}
    assert len(found) == 70
    assert (found["part00.py"].problem, found["part69.py"].problem) == ("not-read", "not-read")
    assert (found["part01.py"].problem, found["part59.py"].problem) == (None, None)


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError

    (tmp_path / "modeling_x.py").write_text("x = 1\n")
    monkeypatch.setattr("builtins.open", refuse)
    found = code_outline(str(tmp_path / "modeling_x.py"))
    monkeypatch.undo()
    assert found is not None
    assert (found.problem, found.names) == ("not-read", [])


def test_a_line_is_cleaned_before_it_is_cut(tmp_path: Path) -> None:
    secret = "hf_" + "Aa1" * 12
    (tmp_path / "modeling_x.py").write_text(f"x = (  # {'.' * 90} {secret}\nif {'a' * 60} + {secret}:\n")
    (tmp_path / "modeling_y.py").write_text(f"if {'a' * 60} + {secret}:\n    import os\n")
    shown = str(code_outlines(str(tmp_path), lambda text: text.replace(secret, "‹secret›")))
    assert "hf_" not in shown
    assert "‹sec" in shown


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xef\xbb\xbf\n version https://git-lfs.github.com/spec/v1\n", "lfs-pointer"),
        (b"\n<!DOCTYPE html>\n", "web-page"),
        (b"def f(:\n", "not-python"),
        (b"x = '\xff'\n", "not-python"),
    ],
)
def test_what_is_not_python(tmp_path: Path, content: bytes, problem: str) -> None:
    assert outline_of(tmp_path, content).problem == problem
