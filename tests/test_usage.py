"""Wrong option values are reported in glm-trace's own words, with the closest valid value."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.cli.groups import own_words
from tracer.cli.load_flags import Dtype, LoadFlags, Weights
from tracer.cli.main import main
from tracer.trace.job import Job

WRONG = {
    "show x --stage nonsense": "there is no 'nonsense'. Choose from arguments, adapter, config,",
    "load x --stop-after trst": "there is no 'trst'. Did you mean 'trust'? Choose from",
    "demo --dtype flot16": "Did you mean 'float16'?",
    "diff a b --topic clases": "Did you mean 'classes'?",
    "walkthrough show 1 --format mdd": "Did you mean 'md'?",
    "load x --generate=-1": "0 or more",
    "load x --generate many": "whole number",
    "replay x --port 99999999": "65535",
    "laod x": "Did you mean 'load'?",
    "show x --stepz": "No such option: --stepz. Did you mean '--steps'?",
    "load x --stop-after": "Option '--stop-after' requires a value.",
    "replay x --serve=3": "Option '--serve' does not take a value.",
    "show x y z": "Too many arguments: y z.",
}
AS_TYPER_SAID = {
    "-1 is not in the range x>=0.": "-1 is not in the range x>=0.",
    "Input should be a valid boolean": "expected a valid boolean.",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_value(line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["glm-trace", *line.split()])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert ended.value.code == 2
    assert WRONG[line] in said
    assert "Value error" not in said
    assert "Input should" not in said


CHINESE = {
    "seal": ("glm-trace seal [选项]", "seal -h。", "错误", "缺少参数“FILE.journal”。"),
    "laod x": ("[选项] 命令 [参数]", "没有命令“laod”。是不是 'load'？"),
    "show x --stepz": ("没有选项 --stepz。是不是 '--steps'？",),
    "demo --dtype flot16": ("“--dtype”的值无效：没有“flot16”这个值。是不是 'float16'？可选：auto、float32",),
    "load x --generate=-1": ("“--generate”的值无效：应不小于 0。",),
    "replay x --port 99999999": ("应不大于 65535。",),
    "load x --generate many": ("应为整数。",),
    "load x --stop-after": ("选项“--stop-after”需要一个值。",),
    "replay x --serve=3": ("选项“--serve”不接受值。",),
    "show x y z": ("多余的参数：y z。",),
    "--nonsense": ("没有选项 --nonsense。",),
    "exercise lst": ("没有命令“lst”。",),
    "--help": (
        "用法：",
        "选项",
        "命令",
        "显示本帮助。",
        "为当前 shell 安装命令补全。",
        "记录 Hugging Face 模型真正的加载过程",
    ),
    "diff --help": ("参数", "选项", "[必填]", "显示本帮助。"),
    "exercise --help": ("命令", "显示本帮助。"),
}
OF_LIBRARIES = re.compile(
    r"Usage|Options|OPTIONS|Arguments|Commands|Error|Missing|Invalid|Option|Show|Try|required|default"
)


@pytest.mark.parametrize("line", CHINESE)
def test_usage_is_in_chinese(line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for lang in ("zh", "en"):
        monkeypatch.setattr("sys.argv", ["glm-trace", *line.split()])
        monkeypatch.setenv("GLM_TRACE_LANG", lang)
        with pytest.raises(SystemExit):
            main()
        printed = "".join(capsys.readouterr())
        assert (OF_LIBRARIES.search(printed) is None) == (lang == "zh"), printed
        assert [text in printed for text in CHINESE[line]] == [lang == "zh"] * len(CHINESE[line]), printed


@pytest.mark.parametrize("message", AS_TYPER_SAID)
def test_other_sentences(message: str) -> None:
    assert own_words(message) == AS_TYPER_SAID[message]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "--help"], "逐个阶段打印 FILE 所记录的加载过程"),
        (["exercise", "--help"], "自己动手修复和搭建模型"),
        (["load", "--help"], "模型目录，或 hub 上的模型名"),
        (["show", "nowhere.glmtrace"], "没有文件 nowhere.glmtrace"),
        (["show", "nowhere.glmtrace", "--lang", "zh"], "没有文件 nowhere.glmtrace"),
        (["load", "./nowhere"], "没有目录 ./nowhere"),
    ],
)
def test_help_and_errors_are_in_the_users_language(arguments: list[str], said: str, tmp_path: Path) -> None:
    env = {**os.environ, "GLM_TRACE_LANG": "en" if "--lang" in arguments else "zh", "COLUMNS": "200"}
    command = [sys.executable, "-m", "tracer.cli.main", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert said in done.stdout + done.stderr


def test_chinese_help_is_not_cut_off() -> None:
    """To typer, a Chinese sentence is one word, and a word wider than its column was cut."""
    done = subprocess.run(
        [sys.executable, "-m", "tracer.cli.main", "load", "--help"],
        env={**os.environ, "COLUMNS": "80", "GLM_TRACE_LANG": "zh", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "…" not in done.stdout
    assert "决定" in done.stdout


@pytest.mark.parametrize("command", ["load", "demo"])
def test_help_shows_a_default_that_is_described(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["glm-trace", command, "--help", "--lang", "en"])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "[default: NAME.glmtrace in this folder]" in said
    assert "[default: what config.json says]" in said


def test_a_load_without_flags_is_a_job_without_options() -> None:
    assert Job(work="load", **LoadFlags().job_fields()) == Job(work="load")


def test_flags_become_fields_of_the_job() -> None:
    flags = LoadFlags(dtype=Dtype.bfloat16, weights=Weights.fake, image=Path("a.png"), generate=3, tui=True)
    assert Job(work="load", **flags.job_fields()) == Job(
        work="load", dtype="bfloat16", weights="fake", image="a.png", generate=3
    )
