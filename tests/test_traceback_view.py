"""A traceback on the screen: the code that is no library's and the innermost frame, the rest folded."""

from __future__ import annotations

from tracer.trace.events import ChainedException, TracebackFrame
from tracer.trace.metadata import Failure
from tracer.views.traceback import failure_traceback

AUTO = TracebackFrame("<transformers>/models/auto/auto_factory.py", 3, "AutoModel.from_pretrained", "return x()")
OWN = TracebackFrame("<modules-cache>/transformers_modules/dir/0f/modeling_own.py", 12, "Own.__init__", "self.check()")
LIBRARY = TracebackFrame("<torch>/nn/module.py", 9, "Module.check", "raise ValueError(")
SCRIPT = TracebackFrame("<cwd>/train.py", 1, "<module>", "main()")
MADE = TracebackFrame("<string>", 1, "made", "")


def lines(failure: Failure, lang: str = "en") -> list[str]:
    return [line.plain for line in failure_traceback(failure, lang)]  # type: ignore[arg-type]


def test_own_code_and_where_it_was_raised() -> None:
    assert lines(Failure("ValueError", "no", [SCRIPT, AUTO, AUTO, OWN, AUTO, LIBRARY])) == [
        '  File "<cwd>/train.py", line 1, in <module>',
        "    main()",
        "  … 2 frames",
        '  File "<modules-cache>/transformers_modules/…/modeling_own.py", line 12, in Own.__init__',
        "    self.check()",
        "  … 1 frame",
        '  File "<torch>/nn/module.py", line 9, in Module.check',
        "    raise ValueError(",
    ]


def test_frames_that_were_not_recorded_are_not_counted() -> None:
    assert lines(Failure("ValueError", "no", [AUTO, None, AUTO, OWN]))[0] == "  …"


def test_of_many_own_frames_the_innermost_are_shown() -> None:
    assert len([line for line in lines(Failure("E", None, [OWN] * 20)) if "File" in line]) == 5


def test_code_without_a_source_has_one_line() -> None:
    assert lines(Failure("ValueError", "no", [MADE])) == ['  File "<string>", line 1, in made']


def test_the_exceptions_behind_it() -> None:
    chained = [
        ChainedException("cause", "m.Bad", "\x1b[1mno\nmore", [LIBRARY]),
        ChainedException("context", "KeyError", None, []),
    ]
    shown = lines(Failure("ValueError", "no", [OWN], chained))
    assert shown[2].startswith("raised because of Bad: ")
    assert "\x1b" not in shown[2]
    assert "\n" not in shown[2]
    assert shown[-1] == "raised while handling KeyError"
    assert "起因：" in "\n".join(lines(Failure("ValueError", "no", [OWN], chained), "zh"))


def test_nothing_recorded_shows_nothing() -> None:
    assert lines(Failure("ValueError", "no")) == []


def test_the_line_that_asks_for_a_missing_attribute_is_shown() -> None:
    lookup = TracebackFrame("<torch>/nn/module.py", 9, "Module.__getattr__", "raise AttributeError(")
    asking = TracebackFrame("<transformers>/modeling_utils.py", 8, "PreTrainedModel.finish", "self.all_tied.keys()")
    assert "    self.all_tied.keys()" in lines(Failure("AttributeError", "no", [OWN, AUTO, asking, lookup]))
