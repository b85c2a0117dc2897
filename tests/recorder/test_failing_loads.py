"""What real loads of failing directories record of the failure: frames, broken packages, own constructors."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch")

from tests.support import damaged
from tests.support.loads import Loads
from tests.support.reading import by_line
from tracer.analysis.diagnosis.exceptions import exception_chain, exceptions
from tracer.analysis.locals import locals_after
from tracer.recorder.imported_modules import own_modules as own_modules_of
from tracer.trace.events import ImportsChecked, NotEncoded, events
from tracer.trace.reading import Trace

WITHOUT = {"tokenizer": False, "forward": False}


def frames(traceback: object) -> list[tuple[str, str]]:
    return [(frame.file.rpartition("/")[2], frame.function) for frame in traceback if frame is not None]  # type: ignore[attr-defined]


def test_a_package_that_is_installed_and_fails(loads: Loads, tmp_path: Path) -> None:
    """4.x counts it as missing, and drops its error."""
    with loads.trace(damaged.package_fails(tmp_path / "m"), **WITHOUT) as trace:
        (broken,) = [found.event for found in events(trace, ImportsChecked) if found.event.broken]
    assert broken.broken.keys() == {"glm_trace_failing_package"}
    assert "cannot import name 'glm_trace_never_was'" in str(broken.broken["glm_trace_failing_package"])
    assert broken.missing == by_line(["glm_trace_failing_package"], [])


def test_a_package_that_is_not_installed_is_not_broken(loads: Loads, tmp_path: Path) -> None:
    with loads.trace(damaged.known_package_missing(tmp_path / "m"), **WITHOUT) as trace:
        checked = [found.event for found in events(trace, ImportsChecked)]
    assert checked[-1].missing == ["flash_attn"]
    assert not any(event.broken for event in checked)


def test_the_constructor_of_an_own_tokenizer_is_stepped_to_its_failure(loads: Loads, tmp_path: Path) -> None:
    """The library asks for the vocabulary in the middle of ``super().__init__``."""
    model = damaged.copied("glm-4v-tiny", tmp_path / "m")
    code = model / "tokenization_chatglm.py"
    damaged.edit_text(code, "return {**self.vocab, **self.added_tokens_encoder}", "return {**self.vocab, **self.gone}")
    with loads.trace(model, forward=False) as trace:
        (failure,) = exception_chain(trace, exceptions(trace), trace.outcome)
        assert failure.origin.function == "ChatGLM4Tokenizer.__init__"
        assert failure.innermost_remote is not None
        assert failure.innermost_remote.function == "ChatGLM4Tokenizer.get_vocab"
        assert failure.innermost_remote.source == "return {**self.vocab, **self.gone}"
        assert frames(failure.traceback)[0] == by_line(
            ("tokenization_utils.py", "PreTrainedTokenizer.__init__"),
            ("tokenization_python.py", "PythonBackend.__init__"),
        )
        assert trace.step(failure.step).stage == "tokenizer"
        assert failure.origin.frame is not None
        size = locals_after(trace, failure.origin.frame, failure.step).local("image_size")
        assert size is not None
        assert trace.meta.failure is not None
        assert trace.meta.failure.error == failure.error == "AttributeError"


def test_the_frames_that_the_library_raised_in(loads: Loads, tmp_path: Path) -> None:
    model = damaged.copied("glm-4v-tiny", tmp_path / "m")
    damaged.edit_text(model / "modeling_chatglm.py", "super().__init__(config)", "super().__init__(config.to_dict())")
    with loads.trace(model, **WITHOUT) as trace:
        failure = exception_chain(trace, exceptions(trace), trace.outcome)[-1]
        assert failure.innermost is not None
        assert failure.innermost_remote is not None
        assert failure.innermost.file == "<transformers>/modeling_utils.py"
        assert failure.innermost_remote.file.endswith("/modeling_chatglm.py")


def test_what_kept_a_prompt_from_being_encoded(loads: Loads, tmp_path: Path) -> None:
    model = damaged.copied("glm-4v-tiny", tmp_path / "m")
    code = model / "tokenization_chatglm.py"
    damaged.edit_text(code, '*content.encode("utf-8")', '*content.no_such_method("utf-8")')
    with loads.trace(model, dtype="bfloat16") as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        (found,) = events(trace, NotEncoded)
    assert found.event.error == "AttributeError"
    assert found.event.message == "'str' object has no attribute 'no_such_method'"
    assert found.event.traceback is not None
    assert frames(found.event.traceback)[-1] == ("tokenization_chatglm.py", "ChatGLM4Tokenizer.message_ids")


def own_modules(trace: Trace) -> dict[str, tuple[bool | None, bool | None]]:
    assert trace.meta.own_modules is not None
    return {module.module.rpartition(".")[2]: (module.in_directory, module.same) for module in trace.meta.own_modules}


def test_the_modules_of_the_directory(loads: Loads, tmp_path: Path) -> None:
    model = damaged.copied("glm-4v-tiny", tmp_path / "m")
    with loads.trace(model, **WITHOUT) as trace:
        assert own_modules(trace) == dict.fromkeys(
            ("configuration_chatglm", "modeling_chatglm", "visual"), (True, True)
        )
        assert trace.meta.failure is None


@pytest.mark.parametrize("code", [f"x = {' + '.join(['1'] * 1_000)}", f"x = ''{'.strip()' * 900}"])
def test_code_that_is_nested_deeply_is_loaded(loads: Loads, tmp_path: Path, code: str) -> None:
    model = damaged.copied("glm-4v-tiny", tmp_path / "m")
    (model / "beside.py").write_text(f"{code}\n")
    with loads.trace(model, **WITHOUT) as trace:
        assert trace.outcome.status == "loaded"
        outline = trace.meta.code_outlines["<model>/beside.py"]
        assert (outline.problem, outline.names) == (None, ["x"])
        assert trace.meta.directory is not None


def test_a_module_of_another_directory_is_not_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "transformers_modules"
    for folder, text in (("one.2", "x = 1\n"), ("other", "x = 2\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "modeling_x.py").write_text(text)
    copies = {
        "one.2": ("one.2", "x = 1\n"),
        "one_dot_2.0a1b": ("one_dot_2/0a1b", "x = 0\n"),
        "other": ("other", "x = 2\n"),
        "other.0a1b": ("other/0a1b", "x = 2\n"),
    }
    for name, (place, text) in copies.items():
        path = cache / place / "modeling_x.py"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        module = ModuleType("modeling_x")
        module.__file__ = str(path)
        monkeypatch.setitem(sys.modules, f"transformers_modules.{name}.modeling_x", module)
    found = own_modules_of(str(tmp_path / "one.2"))
    places = {module.file: (module.in_directory, module.same) for module in found if module.file.startswith(str(cache))}
    assert places == {
        f"{cache}/one.2/modeling_x.py": (True, True),
        f"{cache}/one_dot_2/0a1b/modeling_x.py": (True, False),
        f"{cache}/other/modeling_x.py": (None, None),
        f"{cache}/other/0a1b/modeling_x.py": (None, None),
    }
