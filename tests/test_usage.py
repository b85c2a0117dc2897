"""Wrong options are told in words of our own, with the nearest right one."""

from __future__ import annotations

import pytest

from tracer.cli.main import main
from tracer.cli.usage import own_words

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


@pytest.mark.parametrize("message", AS_TYPER_SAID)
def test_other_sentences(message: str) -> None:
    assert own_words(message) == AS_TYPER_SAID[message]
