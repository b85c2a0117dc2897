"""Doing what a diagnosis says makes the load succeed, and leaves nothing to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.diagnosis_cases import CASES, LOADED
from tests.support.loads import Loads
from tracer.analysis.diagnosis import Cause, diagnose
from tracer.trace.reading import Trace

OPTIONS: dict[str, Any] = {"tokenizer": False, "forward": False}


def write_line(folder: Path, cause: Cause, line: str) -> None:
    """Replace the line that a cause names; it keeps its indentation."""
    path = folder / cause.values["file"]
    lines = path.read_text().splitlines()
    old = lines[cause.values["line"] - 1]
    lines[cause.values["line"] - 1] = old[: len(old) - len(old.lstrip())] + line
    path.write_text("\n".join(lines) + "\n")


def set_key(folder: Path, key: str, value: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


def call_post_init(folder: Path, cause: Cause) -> None:
    path = folder / cause.values["file"]
    last = "        self.lm_head = nn.Linear(config.width, config.words, bias=False)\n"
    assert last in path.read_text()
    path.write_text(path.read_text().replace(last, last + "        self.post_init()\n"))


def take_out_comma(folder: Path, cause: Cause) -> None:
    path = folder / "config.json"
    lines = path.read_text().splitlines()
    at = cause.values["at"] - 1
    assert lines[at].endswith(",")
    lines[at] = lines[at][:-1]
    path.write_text("\n".join(lines))


REMEDIES: dict[str, Callable[[Path, Cause], None]] = {
    "no-post-init": call_post_init,
    "tied-keys-list": lambda folder, cause: write_line(
        folder, cause, f"_tied_weights_keys = {cause.values['dictionary']}"
    ),
    "rope-scaling-refused": lambda folder, cause: set_key(
        folder, cause.values["key"], json.loads(cause.values["fields"])
    ),
    "tie-not-said": lambda folder, cause: set_key(folder, "tie_word_embeddings", True),
    "tied-overwritten": lambda folder, cause: set_key(folder, "tie_word_embeddings", False),
    "not-a-number": lambda folder, cause: set_key(folder, cause.values["key"], 1.0),
}
EVERYDAY = ("tied-keys-list", "rope-scaling-refused")


def said(trace: Trace) -> list[Cause]:
    found = diagnose(trace)
    return [*found.causes, *(one for one in found.surprises if one.kind != "said")]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in REMEDIES]
)
def test_the_remedy_makes_the_load_succeed(loads: Loads, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    folder = case.make(tmp_path / "m")
    with loads.trace(folder, **OPTIONS) as trace:
        found = said(trace)
    assert [one.kind for one in found] == [*([] if case.kind is LOADED else [case.kind]), *case.surprises]
    if not found:  # this line has nothing to repair
        return
    (cause,) = found
    REMEDIES[name](folder, cause)
    with loads.trace(folder, cwd=str(folder), **OPTIONS) as trace:  # another working folder: not the recording above
        assert trace.outcome.status == "loaded"
        assert said(trace) == []


def test_a_comma_less_leads_to_the_next_failure(loads: Loads, tmp_path: Path) -> None:
    folder = CASES["config-trailing-comma"].make(tmp_path / "m")
    (cause,) = diagnose(loads.trace(folder, **OPTIONS)).causes
    take_out_comma(folder, cause)
    (after,) = diagnose(loads.trace(folder, cwd=str(folder), **OPTIONS)).causes
    assert after.kind == "unknown-model-type"
