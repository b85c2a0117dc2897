"""The report of a load: it says what happened, and how often."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.trace.made import end_record, frame_record_of, meta_record, sealed, source_record, step, step_record
from tracer.analysis.stage_summary import summarize_stages
from tracer.i18n import Lang
from tracer.trace.reading import open_trace
from tracer.views.show import load_report, next_commands

REPORT = (
    "\x1b[1mBertModel LOAD REPORT\x1b[0m from: <model>\n"
    "Key    | Status  | \n"
    f"-------+---------+-{'-' * 900}\n"
    "a.bias | \x1b[33mMISSING\x1b[0m | \n"
)


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., str]:
    """Print the report of a trace with these steps."""

    def print_it(*steps: dict[str, Any], lang: Lang = "en", width: int = 80, **outcome: Any) -> str:
        made = [step(number, **{"frame": None, "source": None, "line": None, "event": None, **fields})
                for number, fields in enumerate(steps)]  # fmt: skip
        end = end_record(**{"status": "loaded", **outcome})
        path = sealed(tmp_path, [meta_record(), source_record(), frame_record_of(0), *map(step_record, made), end])
        console = Console(file=io.StringIO(), width=width)
        with open_trace(path) as trace:
            console.print(load_report(trace, lang), crop=False)
            console.print(next_commands(trace, lang), crop=False)
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    return print_it


def token(**fields: Any) -> dict[str, Any]:
    return {"stage": "generate", "kind": "token-generated", "data": {"id": 7, "text": "a", "cache": 2, **fields}}


def test_tokens_that_look_alike_are_reported_separately(report: Callable[..., str]) -> None:
    assert report(token(), token(), token()).count("token 7 'a', cache 2") == 3
    assert "… 7 more like this" in report(*[token()] * 10)


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        ({"cache": None, "state": [[1, 32, 4]]}, "token 7 'a', recurrent state 1×32×4", "循环状态 1×32×4"),
        ({"state": [[1, 32, 4]]}, "token 7 'a', cache 2", "缓存长度 2"),
        ({"text": None, "cache": None}, "token 7", "token 7"),
        ({"text": None}, "token 7, cache 2", "token 7，缓存长度 2"),
        ({"id": None, "text": None, "ids": [3, 4], "cache": None}, "codes 3, 4", "编码 3, 4"),
    ],
)
def test_what_a_model_keeps_for_the_next_token(
    fields: dict[str, Any], english: str, chinese: str, report: Callable[..., str]
) -> None:
    assert f"{english}\n" in re.sub(" +\n", "\n", report(token(**fields)))
    assert chinese in report(token(**fields), lang="zh")


SOUND = [{"name": "", "shape": [1, 20], "dtype": "float32"}]


@pytest.mark.parametrize(
    ("data", "english", "chinese"),
    [
        ({"what": "sound", "tensors": SOUND, "rate": 400, "seconds": 0.05},
         "generate returned sound: 1×20 float32, 0.05 s at 400 samples a second", "时长 0.05 秒，采样率每秒 400"),
        ({"what": "sound", "tensors": SOUND}, "generate returned sound: 1×20 float32", "generate 返回了声音：1×20"),
        ({"what": "spectrogram", "tensors": SOUND}, "generate returned a spectrogram: 1×20", "返回了声谱图：1×20"),
        ({"tensors": SOUND}, "generate returned 1×20 float32", "generate 返回了 1×20 float32"),
        ({"text": "Yes"}, "generate returned 'Yes'", "generate 返回了 'Yes'"),
        ({"class": "Answer"}, "generate returned a Answer", "返回了一个 Answer"),
        ({"text": "Yes", "left_out": ["max_new_tokens"]}, "generate has no parameter max_new_tokens", "没有参数 max_new"),
    ],
)  # fmt: skip
def test_what_a_call_that_makes_a_model_write_returned(
    data: dict[str, Any], english: str, chinese: str, report: Callable[..., str]
) -> None:
    made = {"stage": "generate", "kind": "generated", "data": {"by": "generate", **data}}
    assert english in report(made, width=200)
    assert chinese in report(made, width=200, lang="zh")


CAT = {"id": 0, "label": "cat", "probability": 0.875}


@pytest.mark.parametrize(
    ("data", "english", "chinese"),
    [
        ({"what": "labels", "labels": [CAT]}, "the likeliest labels: cat 87.5%", "最可能的标签：cat 87.5%"),
        ({"what": "each-token", "labels": [{**CAT, "token": "a"}]}, "of each token: 'a': cat 87.5%", "'a': cat 87.5%"),
        ({"what": "ctc", "text": "yes"}, "it heard 'yes'", "听到的是 'yes'"),
        ({"what": "ctc", "ids": [3], "count": 1}, "it heard 1 token: 3", "听到了 1 个 token：3"),
        ({"what": "ctc", "ids": [3] * 20, "count": 20}, "it heard 20 tokens: 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, …", "…"),
        ({"what": "boxes", "count": 2, "threshold": 0.5, "shape": [1, 5, 4], "labels": [CAT]},
         "2 boxes of 1×5×4 are likelier than 0.5; the best: cat 87.5%", "有 2 个方框的概率高于 0.5；最好的：cat 87.5%"),
        ({"what": "masks", "count": 1, "threshold": 0.5, "shape": [1, 5, 4, 4], "labels": [CAT]},
         "1 mask of 1×5×4×4 is likelier than 0.5", "有 1 个掩码的概率高于 0.5"),
        ({"what": "masks", "shape": [1, 3, 4, 4]}, "masks of the shape 1×3×4×4", "掩码，形状 1×3×4×4"),
        ({"what": "segments", "count": 2, "shape": [1, 3, 4, 4], "labels": [CAT]},
         "2 classes share the picture (1×3×4×4); most of it: cat 87.5%", "分属 2 个类别；占得最多的：cat 87.5%"),
        ({"what": "span", "ids": [2, 4], "text": "me"}, "answer is 'me', tokens 2 to 4", "'me'，第 2 到第 4 个 token"),
        ({"what": "span", "ids": [2, 4]}, "answer is tokens 2 to 4", "第 2 到第 4 个 token"),
        ({"what": "vectors", "vectors": [{"name": "pooler_output", "shape": [1, 8], "norm": 1.25}]},
         "pooler_output has the shape 1×8; its first vector has the length 1.25", "（范数）是 1.25"),
        ({"what": "vocabulary", "shape": [1, 4, 9]}, "scores of the shape 1×4×9", "得分，形状 1×4×9"),
        ({"what": "numbers", "shape": [1, 1], "range": [0.5, 0.5]}, "from 0.5 to 0.5", "从 0.5 到 0.5"),
        ({"what": "depth", "shape": [1, 4, 4], "range": [0, 2]}, "depths of the shape 1×4×4, from 0 to 2", "深度图"),
        ({"what": "sound", "shape": [1, 20], "rate": 400, "seconds": 0.05}, "1×20: 0.05 s at 400 samples", "0.05 秒"),
        ({"what": "sound", "shape": [1, 20]}, "sound of the shape 1×20", "声音，形状 1×20"),
    ],
)  # fmt: skip
def test_what_outputs_mean(data: dict[str, Any], english: str, chinese: str, report: Callable[..., str]) -> None:
    read = {"stage": "forward", "kind": "outputs-read", "data": data}
    assert english in report(read, width=200)
    assert chinese in report(read, width=200, lang="zh")


def test_outputs_of_a_kind_that_is_not_known_are_left_out(report: Callable[..., str]) -> None:
    for data in ({"what": "smells", "shape": [1]}, {"what": "span"}, {"what": "depth"}, {}):
        assert "shape" not in report({"stage": "forward", "kind": "outputs-read", "data": data})


def test_repeated_searches_of_a_load_are_reported_once(report: Callable[..., str]) -> None:
    found = {"kind": "file-resolved", "data": {"path": "<model>/config.json"}}
    assert report(found, found).count("found <model>/config.json") == 1


def test_repeated_messages_are_counted(report: Callable[..., str]) -> None:
    said = {"kind": "warning", "data": {"category": "UserWarning", "message": "old"}}
    shown = report(said, said, said)
    assert shown.count("UserWarning: old") == 1
    assert "(said 3 times)" in shown


def test_a_record_of_several_lines_is_shown_as_lines(report: Callable[..., str]) -> None:
    shown = report({"kind": "log", "data": {"level": "WARNING", "message": REPORT}})
    lines = [line.strip() for line in shown.splitlines()]
    assert "0 WARNING: BertModel LOAD REPORT from: <model>" in lines
    assert "a.bias | MISSING |" in lines
    [rule] = [line for line in lines if line.startswith("---")]
    assert len(rule) == len("BertModel LOAD REPORT from: <model>")
    assert "x1b" not in shown
    assert "\\n" not in shown


def test_control_characters_are_still_written_out(report: Callable[..., str]) -> None:
    shown = report({"kind": "log", "data": {"level": "WARNING", "message": "a\x07\u202eb\x1bc"}})
    assert r"a\x07\u202eb\x1bc" in shown


def test_stages_come_in_the_order_of_their_events(report: Callable[..., str]) -> None:
    shown = report(
        {"stage": "config"},
        {"stage": "adapter", "kind": "adapter-absent", "data": {"in": "<model>"}},
        {"stage": "config", "kind": "file-resolved", "data": {"path": "<model>/config.json"}},
        {"stage": "trust"},
    )
    numbers = [int(line.split()[0]) for line in shown.splitlines() if line.split() and line.split()[0].isdigit()]
    assert numbers == sorted(numbers) == [1, 2]
    assert "Trust" not in shown.partition("Next")[0]


def test_the_stage_that_a_load_ended_in_is_never_left_out(report: Callable[..., str]) -> None:
    shown = report({"stage": "config"}, {"stage": "trust"}, status="killed", signal="SIGKILL", step=1)
    assert "Trust  trust  1 step  " in shown
    assert "Configuration" not in shown.partition("The process")[0]


def test_the_step_that_took_most_of_a_long_stage_is_named(report: Callable[..., str], tmp_path: Path) -> None:
    line = {"frame": 0, "source": 0, "line": 2, "event": "line", "stage": "trust"}
    told = {"stage": "trust", "kind": "trust-asked", "time": 5_000_000_000}
    shown = report({**line, "time": 0}, {**line, "time": 400_000_000, "line": 1}, told)
    assert "of which 4.60 s in step 1: def load(path):" in shown
    quick = report({**line, "time": 0}, {**told, "time": 900_000_000})
    assert "of which" not in quick


@pytest.mark.parametrize(("lang", "one", "many"), [("en", "1 step ", "3 steps"), ("zh", "1 步", "3 步")])
def test_one_thing_is_in_the_singular(lang: Lang, one: str, many: str, report: Callable[..., str]) -> None:
    shown = report({**token(), "stage": "generate"}, *[{"kind": "shard-opened", "stage": "weights",
                   "data": {"path": name, "tensors": 1, "bytes": 8}} for name in "abc"], lang=lang)  # fmt: skip
    assert one in shown
    assert many in shown
    assert ("a: 1 tensor, 8 B" if lang == "en" else "a：1 个张量，8 B") in shown


def test_what_could_not_be_tried_is_next_to_the_outcome(report: Callable[..., str]) -> None:
    not_fed = {"stage": "forward", "kind": "not-fed", "data": {"why": "there is no tokenizer"}}
    not_generated = {"stage": "generate", "kind": "not-generated", "data": {"why": "BertModel writes no text"}}
    assert "loaded · no pass was run · nothing was generated · 2 steps" in report(not_fed, not_generated)
    assert "no pass was run" not in report({}).splitlines()[1]


def test_commands_are_printed_whole(report: Callable[..., str]) -> None:
    lines = [line.strip() for line in report({"stage": "trust"}, width=30).splitlines()]
    assert any(line.startswith("glm-trace show ") and line.endswith(" --stage trust --steps") for line in lines)


def test_two_loads_of_a_model_are_reported_separately(loads: Any, fixtures: Path, tmp_path: Path) -> None:
    script = tmp_path / "twice.py"
    script.write_text(
        "from transformers import AutoConfig\n"
        f"for _ in range(2):\n    AutoConfig.from_pretrained({str(fixtures / 'bert-tiny')!r})\n"
    )
    with open_trace(loads.record_anew(work="script", script=[str(script)]).path) as trace:
        told = [fact.what for stage in summarize_stages(trace) for fact in stage.facts]
    assert told.count("called") == told.count("config-built") == told.count("file") == 2
