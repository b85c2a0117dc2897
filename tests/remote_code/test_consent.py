"""What the user sees, and what counts as consent."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console

from tracer.remote_code import CodeNote, Finding, Reached, RemoteCode, RemoteFile, Unseen, find_remote_code
from tracer.remote_code import result as result_module
from tracer.text.visible import visible
from tracer.text.wrapping import wrapped
from tracer.views.consent import SENTENCES, render_consent
from tracer.views.consent_question import ask_consent

Lang = Literal["en", "zh"]
EVIL = "\x1b[2J\x1b]0;t\x07[bold red]no[/bold red]\u202e:smile:"
SHOWN = r"\x1b[2J\x1b]0;t\x07[bold red]no[/bold red]\u202e:smile:"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
SHA = "0123456789abcdef" * 4


def screen(width: int = 80, *, colour: bool = False) -> Console:
    system: Literal["truecolor"] | None = "truecolor" if colour else None
    return Console(file=io.StringIO(), width=width, height=25, force_terminal=colour, color_system=system, _environ={})


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def shown(code: RemoteCode, lang: Lang = "en", width: int = 80) -> str:
    console = screen(width)
    render_consent(code, console, lang)
    return printed(console)


def trimmed(text: str) -> str:
    return re.sub(" +\n", "\n", text)


def answers(*given: str, prompts: list[str] | None = None) -> Callable[[str], str]:
    waiting = list(given)

    def ask(prompt: str) -> str:
        if prompts is not None:
            prompts.append(prompt)
        if not waiting:
            raise EOFError
        return waiting.pop(0)

    return ask


def a_file(path: str = "modeling_x.py", findings: Iterable[Finding] = (), **other: str) -> RemoteFile:
    reached = (Reached("auto-class", "AutoModel", "config.json"),)
    return RemoteFile("models/x", path, f"/m/{path}", 4213, SHA, reached, tuple(findings), **other)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "config.json").write_text('{"auto_map": {"AutoConfig": "conf.C", "AutoModel": "model.M"}}')
    (folder / "conf.py").write_text("class C:\n    pass\n")
    (folder / "model.py").write_text("import requests\n__import__('os').system('ls \x1b[31m')\n")
    return folder


# The screen


def test_files_are_shown_with_all_their_facts() -> None:
    code = RemoteCode("models/x", (a_file(), a_file("visual.py")))
    text = shown(code)
    assert "Loading this model runs 2 Python files" in text
    for fact in ("1  modeling_x.py", "4.21 kB", "AutoModel", f"sha256 {SHA}", "2  visual.py", "not a proof"):
        assert fact in text
    chinese = shown(code, "zh")
    for fact in ("自带的 2 个 Python 文件", "1  modeling_x.py", SHA, "不能证明代码安全"):
        assert fact in chinese


def test_findings_have_time_place_and_kind() -> None:
    findings = (
        Finding("process", 12, "os.system", "s('ls')", on_import=True),
        Finding("network", 40, "requests.get", "requests.get(u)"),
        Finding("network", 44, "requests.get", "requests.get(u)"),
        Finding("file-system", 7, "open", "open('vocab')", weak=True),
        Finding("network", 1, "import requests", "import requests", weak=True),
    )
    text = trimmed(shown(RemoteCode("m", (a_file(findings=findings), a_file("b.py")))))
    assert re.search(r"on import +line\n +process +12  os\.system: s\('ls'\)", text)
    assert re.search(r"when called +line\n +network +40, 44  requests\.get\(u\)", text)
    assert "minor: open (line 7)\n" in text
    assert (
        "Nothing of the known kinds was found in b.py (0 lines). That does not make it safe: read the code yourself."
        in " ".join(text.split())
    )
    chinese = trimmed(shown(RemoteCode("m", (a_file(findings=findings),)), "zh"))
    assert re.search(r"导入时 +行号\n +进程 +12  os\.system: s\('ls'\)", chinese)
    assert "次要：open（第 7 行）" in chinese


def test_many_weak_signs_of_a_package_become_one() -> None:
    names = ["import triton", *(f"triton.language.{letter}" for letter in "abcdefghijklmnopqrstuvwx")]
    findings = [Finding("native", number, name, name, weak=True) for number, name in enumerate(names, 1)]
    findings.append(Finding("file-system", 40, "open", "open('x')", weak=True))
    text = shown(RemoteCode("m", (a_file(findings=findings),)))
    assert "minor: triton (native code, 25 places), open (line 40)\n" in trimmed(text)
    assert "次要：triton（原生代码，25 处）、open（第 40 行）" in shown(
        RemoteCode("m", (a_file(findings=findings),)), "zh"
    )


def test_files_for_processors_only_are_not_said_to_run(tmp_path: Path) -> None:
    auto_map = {"AutoModel": "model.M", "AutoImageProcessor": "image_processing_x.XImageProcessor"}
    (tmp_path / "config.json").write_text(json.dumps({"auto_map": auto_map}))
    (tmp_path / "model.py").write_text("from .part import x\n")
    (tmp_path / "part.py").write_text("x = 1\n")
    (tmp_path / "image_processing_x.py").write_text("from .pixels import x\n")
    (tmp_path / "pixels.py").write_text("x = 1\n")
    code = find_remote_code(str(tmp_path))
    assert [file.path for file in code.running] == ["model.py", "part.py"]
    assert len(code.files) == 4
    text = " ".join(shown(code).split())
    assert "runs 2 Python files" in text
    assert "only if the code asked for a processor" in text
    assert "AutoImageProcessor, not made by this load" in text
    assert "AutoVideoProcessor" not in text  # nothing names it
    (tmp_path / "config.json").write_text(json.dumps({"auto_map": {"AutoProcessor": "model.M"}}))
    assert find_remote_code(str(tmp_path)).is_empty


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_untrusted_text_is_shown_and_has_no_effect(lang: Lang, width: int, colour: bool) -> None:
    finding = Finding("process", 1, EVIL, EVIL)
    file = RemoteFile(EVIL, EVIL, f"/{EVIL}", 1, SHA, (Reached("import", EVIL),), (finding,), leaves_to=EVIL)
    broken = a_file("b.py", [Finding("does-not-parse", 3, EVIL, EVIL)])
    notes = tuple(CodeNote(kind, EVIL, EVIL) for kind in result_module.NoteKind.__args__)
    code = RemoteCode(EVIL, (file, broken), (Unseen(EVIL, "not-in-cache", EVIL),), notes, (), (EVIL,))
    console = screen(width, colour=colour)
    render_consent(code, console, lang)
    text = re.sub(r"\x1b\[[0-9;]*m", "", printed(console)) if colour else printed(console)
    assert not CONTROL.search(text)
    assert "\x1b]" not in printed(console)
    if width >= 120:
        assert text.count(SHOWN) > 20
    assert all(cell_len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_wider_than_the_terminal(model: Path, lang: Lang) -> None:
    for width in (30, 60, 80, 120):
        for line in shown(find_remote_code(str(model)), lang, width).splitlines():
            assert cell_len(line) <= width


def test_unseen_code_and_notes() -> None:
    code = RemoteCode("org/m", (), (Unseen("org/m", "not-in-cache", "AutoModel"),), (CodeNote("odd-base", "a.json"),))
    text = re.sub(r"\s+", " ", shown(code))
    assert "runs code that cannot be shown here" in text
    assert "org/m is not in the local hub cache, so what would run cannot be shown (named by AutoModel)" in text
    assert "a.json names no base model" in text
    assert "not a proof" not in text


def test_reasons_and_places() -> None:
    files = (
        RemoteFile("a", "x.py", "/a/x.py", 1, SHA, (Reached("import", "y.py"), Reached("import", "z.py"))),
        RemoteFile("b", "x.py", "/b/x.py", 1, "", (Reached("custom-generate", "generate"),)),
        RemoteFile("b", "w.py", "/b/w.py", 0, "", (Reached("plain-import", "x.py"),), leaves_to="/etc/w.py"),
        RemoteFile("b", "/o/w.py", "/o/w.py", 9_900_000, SHA, (), leaves_to="/o/w.py"),
    )
    text = shown(RemoteCode("a", files), width=120)
    for fact in (
        "imported by y.py, z.py",
        "from a",
        "from b",
        "replaces generate",
        "maybe imported by x.py",
        "really /etc/w.py",
        "outside the model's directory",
        "could not be read",
        "too large for a checksum",
        "9.9 MB",
    ):
        assert fact in text


def test_many_findings_are_cut_and_counted() -> None:
    findings = [Finding("process", i, f"os.f{i}", f"os.f{i}()") for i in range(1, 100)]
    text = shown(RemoteCode("m", (a_file(findings=findings),)))
    assert "os.f40()" in text
    assert "os.f41()" not in text
    assert "and 59 more" in text


def test_a_terminal_that_cannot_show_everything() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="gbk")
    console = Console(file=stream, width=80, color_system=None, _environ={})
    code = RemoteCode("模型", (a_file("文件\u0e01\U0001f600.py"),))
    render_consent(code, console, "zh")
    stream.flush()
    assert r"文件\u0e01\U0001f600.py" in raw.getvalue().decode("gbk")


def test_every_finding_has_its_sentence() -> None:
    for kinds in (result_module.NoteKind, result_module.Why, result_module.Kind):
        assert set(kinds.__args__) <= SENTENCES.keys()


def test_wrapping_breaks_chinese_between_characters_and_keeps_words() -> None:
    text = "加载这个模型时，会运行 modeling_chatglm.py、visual.py（共 2 个）。"
    for width in range(22, 60):
        lines = list(wrapped(text, width))
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(cell_len(line) <= width for line in lines)
        assert not any(line.startswith(("，", "。", "、", "）")) for line in lines)
        assert any("modeling_chatglm.py" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain 中文 é", "plain 中文 é"),
        ("a\x1bb\x9bc\x7f", r"a\x1bb\x9bc\x7f"),
        ("a\tb\nc\rd", r"a\tb\nc\rd"),
        ("\u202e\u200b\ufeff\u2028", r"\u202e\u200b\ufeff\u2028"),
        ("\udc80\ue000\u3164\u115f", r"\udc80\ue000\u3164\u115f"),
        ("x\ufe0f\U000e0101\U000e0041", r"x\ufe0f\U000e0101\U000e0041"),
        ("中\u3000文", "中\u3000文"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == expected
    assert visible(visible(text)) == visible(text)


# The question


@pytest.mark.parametrize("yes", ["y", "Y", "yes", " YES ", "是"])
def test_a_clear_yes(model: Path, yes: str) -> None:
    assert ask_consent(find_remote_code(str(model)), screen(), "en", ask=answers(yes)) is True


@pytest.mark.parametrize("no", ["", "n", "no", "N", "否"])
def test_a_no(model: Path, no: str) -> None:
    console = screen()
    assert ask_consent(find_remote_code(str(model)), console, "en", ask=answers(no)) is False
    assert "Not run." in printed(console)


def test_the_end_of_input_and_ctrl_c_are_a_no(model: Path) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    code = find_remote_code(str(model))
    assert ask_consent(code, screen(), "en", ask=answers()) is False
    assert ask_consent(code, screen(), "en", ask=interrupt) is False
    assert ask_consent(code, screen(), "en", ask=answers("v")) is False


def test_other_answers_are_asked_again_a_limited_number_of_times(model: Path) -> None:
    code = find_remote_code(str(model))
    assert ask_consent(code, screen(), "en", ask=answers("yy", "yes please", "1", "y")) is True
    assert ask_consent(code, screen(), "en", ask=lambda _: "what?") is False


def test_nothing_to_consent_to_is_not_asked() -> None:
    prompts: list[str] = []
    console = screen()
    assert ask_consent(RemoteCode("bert"), console, "en", ask=answers("y", prompts=prompts)) is False
    assert prompts == []
    assert "No code of its own" in printed(console)


def test_unseen_code_is_asked_about_in_other_words() -> None:
    prompts: list[str] = []
    code = RemoteCode("org/m", (), (Unseen("org/m", "not-in-cache"),))
    assert ask_consent(code, screen(), "en", ask=answers("v", "y", prompts=prompts)) is True
    assert prompts == [" Run it unseen? [y/N] "] * 2


def test_the_source_is_shown_with_numbers_and_marks(model: Path) -> None:
    console, prompts = screen(), list[str]()
    code = find_remote_code(str(model))
    assert ask_consent(code, console, "en", ask=answers("v", "2", "n", prompts=prompts)) is False
    assert prompts == [" Run this code? [y/N/v] ", " Which file? [1-2] ", " Run this code? [y/N/v] "]
    text = trimmed(printed(console))
    assert " 1 · import requests\n 2 ! __import__('os').system('ls \\x1b[31m')\n end of model.py" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("answer", ["v2", "v 2", "view 2", "V2"])
def test_a_file_can_be_named_at_once(model: Path, answer: str) -> None:
    console = screen()
    ask_consent(find_remote_code(str(model)), console, "en", ask=answers(answer, "n"))
    assert "end of model.py" in printed(console)


@pytest.mark.parametrize("answer", ["v0", "v3", "v-1", "vx", "v²"])
def test_a_file_that_is_not_there(model: Path, answer: str) -> None:
    console = screen()
    assert ask_consent(find_remote_code(str(model)), console, "en", ask=answers(answer, "n")) is False
    assert "end of" not in printed(console)


def test_a_long_source_comes_in_pages(model: Path) -> None:
    (model / "conf.py").write_text("".join(f"x = {i}\n" for i in range(100)))
    code = find_remote_code(str(model))
    console, prompts = screen(), list[str]()
    ask_consent(code, console, "zh", ask=answers("v1", "", "q", "n", prompts=prompts))
    assert prompts[1:3] == [" -- 按回车继续，输入 q 再回车返回 -- "] * 2
    assert "x = 40" in printed(console)
    assert "x = 99" not in printed(console)


def test_leaving_the_pages_twice_is_not_a_refusal(model: Path) -> None:
    (model / "conf.py").write_text("".join(f"x = {i}\n" for i in range(100)))
    code = find_remote_code(str(model))
    assert ask_consent(code, screen(), "en", ask=answers("v1", "q", "q", "y")) is True


def test_long_lines_stay_in_their_column(model: Path) -> None:
    """A line made to look like the following numbered lines must not succeed."""
    (model / "conf.py").write_text("x = '" + " " * 68 + "2   harmless()'\n")
    console = screen()
    ask_consent(find_remote_code(str(model)), console, "en", ask=answers("v1", "n"))
    assert not re.search(r"^ ?2 ", printed(console).partition("conf.py\n")[2], re.MULTILINE)


def test_a_file_changed_or_deleted_since_it_was_listed(model: Path) -> None:
    code = find_remote_code(str(model))
    (model / "conf.py").write_text("import os\n")
    (model / "model.py").unlink()
    console = screen()
    ask_consent(code, console, "en", ask=answers("v1", "v2", "n"))
    assert "It has changed since it was listed" in printed(console)
    assert "No such file or directory" in printed(console)
