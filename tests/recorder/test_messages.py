"""Warnings, log records and printed text: recorded where they happened, passed on as they were."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.recorder.hostile import armed, hostile
from tests.recorder.toy import Recorded, Toy

WORK = """
    import logging, sys, warnings

    def cached_file(what, *args):
        extract_commit_hash(what, *args)
        return "done"

    def extract_commit_hash(what, *args):
        what(*args)
    """


def said(recorded: Recorded, kind: str) -> list[Any]:
    return [step.data for step in recorded.steps if step.kind == kind]


def texts(recorded: Recorded) -> list[str]:
    return [step.data["text"] for step in recorded.steps if step.kind == "output"]


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("toy.logger")
    made.propagate = False
    made.setLevel("DEBUG")
    handlers = list(made.handlers)
    yield made
    made.handlers[:] = handlers


def test_each_is_a_step_at_its_place(toy: Toy, logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    module = toy.module(WORK)

    def speak() -> None:
        print("to stdout")
        print("to stderr", file=sys.stderr)
        warnings.warn("careful", FutureWarning, stacklevel=1)
        logger.warning("look %s", "out")

    with warnings.catch_warnings(), toy.recording() as recorded:
        warnings.simplefilter("always")
        module.cached_file(speak)
    assert said(recorded, "output") == [
        {"stream": "stdout", "text": "to stdout"},
        {"stream": "stderr", "text": "to stderr"},
    ]
    (warning,) = said(recorded, "warning")
    assert (warning["category"], warning["message"]) == ("FutureWarning", "careful")
    assert warning["file"].endswith("test_messages.py")
    assert said(recorded, "log") == [{"level": "WARNING", "logger": "toy.logger", "message": "look out"}]
    with recorded.trace as trace:
        for step in recorded.steps:
            if step.kind in ("output", "warning", "log"):
                assert step.frame is not None
                assert trace.frame(step.frame).function == "extract_commit_hash"
                assert step.event is None
    printed = capsys.readouterr()
    assert printed.out == "to stdout\n"
    assert printed.err.startswith("to stderr\n")


def test_a_log_record_or_a_warning_that_is_printed_is_no_output(toy: Toy, logger: logging.Logger) -> None:
    with warnings.catch_warnings(), toy.recording() as recorded:
        warnings.simplefilter("always")
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.error("logged")
        warnings.warn("warned", stacklevel=1)
        print("printed")
    assert texts(recorded) == ["printed"]
    assert len(said(recorded, "log")) == len(said(recorded, "warning")) == 1


@pytest.mark.parametrize(
    ("parts", "recorded_texts"),
    [
        (["a", "b", "\n"], ["ab"]),
        (["one\ntwo\n", "three"], ["one\ntwo", "three"]),
        (["10%\r", "20%\r", "done\n"], ["10%", "20%", "done"]),
        (["x\r\ny\r\n"], ["x\ny"]),
        (["\n\n  \n"], []),
        (["", "end"], ["end"]),
        (["lone \ud800 surrogate\n"], ["lone ? surrogate"]),
        (["x" * 8_001 + "\n"], ["x" * 8_000 + "… (8001 characters)"]),
        (["first\n" + "x" * 50_000 + "\nlast\n"], ["first\n" + "x" * 7_994 + "… (50011 characters)"]),
    ],
)
def test_lines_as_they_are_written(toy: Toy, parts: list[str], recorded_texts: list[str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as stream, toy.recording() as recorded:
        for part in parts:
            assert sys.stdout.write(part) == len(part)
    assert texts(recorded) == recorded_texts
    assert stream.getvalue() == "".join(parts)


def test_a_line_without_end(toy: Toy) -> None:
    with contextlib.redirect_stdout(io.StringIO()), toy.recording() as recorded:
        for number in range(10_000):
            print(f"{number:05},", end="")
    assert "".join(texts(recorded)).replace("… (", "").count(",") > 9_000
    assert texts(recorded)[-1].endswith("09999,")


@pytest.mark.parametrize("offset", range(0, 40, 3))
def test_a_secret_across_any_cut(toy: Toy, offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_SECRET", "planted-0123456789-secret")
    with contextlib.redirect_stdout(io.StringIO()), toy.recording() as recorded:
        for length in (8_000, 16_000, 24_000):
            sys.stdout.write("x" * (length - offset) + "planted-0123456789-secret" + "y" * 9_000)
        for _ in range(3_000):
            sys.stdout.write("z" * offset + "planted-0123")
            sys.stdout.write("456789-secret")
    whole = "\n".join(texts(recorded))
    for part in ("planted", "0123456789", "secret›t", "-secret"):
        assert part not in whole


def test_what_the_stream_refuses_is_refused_where_it_goes_nowhere(toy: Toy) -> None:
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "ascii")), toy.recording(forward_output=False):
        for wrong, error in ((b"bytes", TypeError), (None, TypeError), (3, TypeError), ("é", UnicodeEncodeError)):
            with pytest.raises(error):
                sys.stdout.write(wrong)  # type: ignore[arg-type]
        assert sys.stdout.write("fine") == 4
        sys.stdout.writelines(["a", "b\n"])
        sys.stdout.flush()
        assert not sys.stdout.isatty()
        assert sys.stdout.encoding == "ascii"


def test_output_that_is_not_forwarded(toy: Toy) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as stream, toy.recording(forward_output=False) as recorded:
        print("silent")
    assert stream.getvalue() == ""
    assert texts(recorded) == ["silent"]


def test_no_streams_at_all(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with toy.recording():
        print("nowhere")
    assert sys.stdout is None


# ── Values with code of their own ──────────────────────────────────────────────────────────────────


def test_a_log_record_is_formatted_as_often_as_without_tracing(toy: Toy, logger: logging.Logger) -> None:
    class Counted:
        count = 0

        def __str__(self) -> str:
            Counted.count += 1
            return f"number {Counted.count}"

    for handlers, formatted in (([], 0), ([logging.StreamHandler(io.StringIO())], 1)):
        logger.handlers[:] = handlers or [logging.NullHandler()]
        Counted.count = 0
        with toy.recording() as recorded:
            logger.info("value: %s", Counted())
            logger.info(Counted())
        assert Counted.count == 2 * formatted
        messages = [data["message"] for data in said(recorded, "log")]
        assert messages == (
            ["value: number 1", "number 2"] if formatted else ["value: %s", f"‹{__name__}.{Counted.__qualname__}›"]
        )


def test_no_code_of_a_logged_value_is_run(toy: Toy, logger: logging.Logger) -> None:
    logger.handlers[:] = [logging.NullHandler()]
    value = object.__new__(hostile())
    text = str.__new__(hostile(str), "text %s")
    with toy.recording() as recorded, armed() as touched:
        logger.info("values %s %s", 1, value)
        logger.info("named %(a)s", {"a": value})
        logger.info("list %s", [value])
    assert touched == []
    assert [data["message"] for data in said(recorded, "log")] == ["values %s %s", "named %(a)s", "list %s"]
    with toy.recording() as recorded:
        logger.info(text)
        logger.info(text, 3)
    assert [data["message"] for data in said(recorded, "log")] == ["text %s", "text 3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plain",), "plain"),
        (("%d and %s", 1, "x"), "1 and x"),
        (("%(a)s", {"a": 1}), "1"),
        (("%d", "no number"), "%d"),
        (("%s %s", 1), "%s %s"),
        (("100%",), "100%"),
        (("%s", None), "None"),
        (("%s", ()), "()"),
    ],
)
def test_messages_put_together(toy: Toy, logger: logging.Logger, arguments: Any, message: str) -> None:
    logger.handlers[:] = [logging.NullHandler()]
    with toy.recording() as recorded:
        logger.info(*arguments)
    assert [data["message"] for data in said(recorded, "log")] == [message]


def test_a_handler_that_fails_fails_as_without_tracing(toy: Toy, logger: logging.Logger) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise LookupError("handler")

    logger.addHandler(Failing())
    with toy.recording() as recorded, pytest.raises(LookupError):
        logger.info("said")
    assert [data["message"] for data in said(recorded, "log")] == ["said"]


def test_a_warning_about_a_value(toy: Toy) -> None:
    value = object.__new__(hostile())

    class Silent(UserWarning):
        def __str__(self) -> str:
            raise LookupError("never asked")

    shown: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        before = warnings.showwarning
        warnings.showwarning = lambda *args, **_: shown.append(args)
        try:
            with toy.recording() as recorded, armed() as touched:
                warnings.showwarning(Silent("x"), Silent, "file.py", 1)
                warnings.showwarning(UserWarning(value), UserWarning, "file.py", 1)
                warnings.showwarning("text", UserWarning, "file.py", 1)
        finally:
            warnings.showwarning = before
    assert touched == []
    assert len(shown) == 3
    assert [data["message"] for data in said(recorded, "warning")] == ["", "", "text"]


def test_filters_decide_as_without_tracing(toy: Toy) -> None:
    with warnings.catch_warnings(), toy.recording() as recorded:
        warnings.simplefilter("ignore")
        warnings.warn("ignored", stacklevel=1)
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            warnings.warn("raised", stacklevel=1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("caught by the program itself", stacklevel=1)
        assert len(caught) == 1
    assert said(recorded, "warning") == []
