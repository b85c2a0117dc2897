"""The report of a load: it says what happened, and how often."""

from __future__ import annotations

import io
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
