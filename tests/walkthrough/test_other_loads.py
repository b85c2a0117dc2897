"""The course along loads that it was not written for: each reason is true, and nothing is claimed that is not so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES, ROOT
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tracer.i18n import Lang
from tracer.trace.reading import Trace, open_trace
from tracer.views.walkthrough.localized import localize
from tracer.views.walkthrough.reasons import told
from tracer.walkthrough.applicability import note_texts
from tracer.walkthrough.binder import Binder, BoundNote, UnboundNote
from tracer.walkthrough.checker import GivenTrace, check_many
from tracer.walkthrough.expectations import unmet_expectations
from tracer.walkthrough.library import course
from tracer.walkthrough.placeholders import fill_placeholders, placeholder_paths
from tracer.walkthrough.statements import name_matches
from tracer.walkthrough.value_paths import StepScope

pytestmark = pytest.mark.slow

COURSE = {one.id: one for one in course()}
SMALL = ROOT / "walkthroughs" / "exercises" / "small-vision-language-model" / "solution" / "model"
SCRIPT = """\
from transformers import AutoTokenizer
AutoTokenizer.from_pretrained({model!r}, trust_remote_code=True)
"""
Row = tuple[str, int | None, str | None, int | None]
MODELS = ("<model>", "<modules-cache>")


def bert(loads: Loads, folder: Path) -> Path:
    return loads.record(FIXTURES / "bert-tiny", trust_remote_code=False).path


def llama(loads: Loads, folder: Path) -> Path:
    return loads.record(tiny_llama(folder / "tiny-llama"), trust_remote_code=False, tokenizer=False).path


def own_code(loads: Loads, folder: Path) -> Path:
    return loads.record(shutil.copytree(SMALL, folder / "small-vlm")).path


def failed(loads: Loads, folder: Path) -> Path:
    return loads.record(FIXTURES / "broken" / "misspelt-class").path


def tokenizer_alone(loads: Loads, folder: Path) -> Path:
    script = folder / "tokenizer.py"
    script.write_text(SCRIPT.format(model=str(FIXTURES / "glm-4v-tiny")), encoding="utf-8")
    return loads.record_anew(work="script", script=[str(script)]).path


def demo(loads: Loads, folder: Path) -> Path:
    kwargs = {"empty_init": False, "use_cache": False}
    return loads.record(FIXTURES / "glm-4v-tiny", kwargs=kwargs, dtype="bfloat16", generate=8).path


@pytest.fixture(scope="module", params=[bert, llama, own_code, failed, tokenizer_alone, demo])
def other(
    request: pytest.FixtureRequest, loads: Loads, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Trace]]:
    make: Callable[[Loads, Path], Path] = request.param
    with open_trace(make(loads, tmp_path_factory.mktemp("other"))) as trace:
        yield make.__name__, trace


class Facts:
    """What a trace says of functions, kinds and stages, asked of its tables alone."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.steps = lru_cache(maxsize=None)(self._steps)
        self.lines = lru_cache(maxsize=None)(self._lines)
        self._functions = {str(name) for (name,) in trace.rows(tuple[str], "SELECT DISTINCT function FROM frame")}

    def _steps(self, function: str, condition: str = "1") -> list[Row]:
        """Stage, line, event and source of every step of a function."""
        names = [name for name in self._functions if name_matches(name, function)]
        marks = ", ".join("?" * len(names))
        query = (
            "SELECT step.stage, step.line, step.event, step.source FROM step JOIN frame ON step.frame = frame.number"
        )
        return list(self.trace.rows(Row, f"{query} WHERE frame.function IN ({marks}) AND {condition}", *names))

    def _lines(self, function: str) -> set[str]:
        """The text of every line of a function that ran."""
        sources: dict[int, list[str]] = {}
        found = set()
        for _, line, event, source in self.steps(function):
            if event == "line" and source is not None:
                text = sources.setdefault(source, self.trace.source(source).text.splitlines())
                found.add(text[(line or 1) - 1].strip())
        return found

    def kinds(self, kind: str) -> list[str]:
        return [str(stage) for (stage,) in self.trace.rows(tuple[str], "SELECT stage FROM step WHERE kind = ?", kind)]


def holds(facts: Facts, what: str, values: dict[str, Any]) -> bool:
    """Whether a reason is so in a trace."""
    stage, function = values.get("stage", ""), values.get("function", "")
    if what == "release":
        return True
    if what == "stage":
        return stage not in facts.trace.stages()
    if what == "kind":
        return stage not in facts.kinds(values["kind"])
    if what == "kind-elsewhere":
        return stage not in facts.kinds(values["kind"]) and set(values["there"]) <= set(facts.kinds(values["kind"]))
    if what == "kind-data":
        return stage in facts.kinds(values["kind"])
    if what in ("function", "no-function"):
        return not facts.steps(function)
    if what.startswith("no-") and what != "no-such-case":
        return not facts.steps(function, f"step.event = '{what.removeprefix('no-')}'")
    if what in ("decision", "left-before", "not-run"):
        called = bool(values.get("called"))
        return values["statement"] not in facts.lines(values["inside"]) and not (called and facts.steps(function))
    if what.startswith("statement"):
        sources = {source for *_, source in facts.steps(function, "step.event = 'call'")}
        own = {facts.trace.source_paths()[source].startswith(MODELS) for source in sources}
        return own == {"statement": {False}, "statement-of-model": {True}, "statement-anywhere": {False, True}}[what]
    there = {one for one, *_ in facts.steps(function)} if function else set(facts.kinds(values["kind"]))
    if what == "other-stage":
        return stage not in values["there"] and set(values["there"]) <= there
    assert what in ("values", "not-within", "too-few", "no-such-case"), what
    return stage in there


def test_each_reason_is_true(other: tuple[str, Trace]) -> None:
    name, trace = other
    facts, binder = Facts(trace), Binder(trace)
    without = [
        one for walkthrough in COURSE.values() for one in binder.bind(walkthrough) if isinstance(one, UnboundNote)
    ]
    assert len(without) > (100 if name != "demo" else 20)
    assert [(one.note.id, one.why) for one in without if not holds(facts, one.why.what, one.why.values)] == []
    for one in without:
        for lang in ("en", "zh"):
            said = told(one.why, lang)
            assert '"""' not in said


def test_a_function_of_another_model_is_not_there(other: tuple[str, Trace]) -> None:
    name, trace = other
    whys = {one.note.id: one.why for one in Binder(trace).bind(COURSE["config-class"]) if isinstance(one, UnboundNote)}
    reason = told(whys["arguments"], "en") if "arguments" in whys else ""
    if name in ("bert", "llama", "own_code", "failed"):
        assert reason == "The code that this load ran has no ChatGLMConfig.__init__."
    elif name == "tokenizer_alone":
        assert "stage Configuration" in reason
    else:
        assert not reason


def test_a_class_fetched_for_the_tokenizer_was_fetched_all_the_same(other: tuple[str, Trace]) -> None:
    name, trace = other
    whys = [one.why for one in Binder(trace).bind(COURSE["dynamic-class"]) if isinstance(one, UnboundNote)]
    said = "get_class_from_dynamic_module ran, but not in the stage Dynamic class: it ran in Tokenizer."
    assert (said in [told(why, "en") for why in whys]) == (name == "tokenizer_alone")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_told_as_of_this_load_is_so(other: tuple[str, Trace], lang: Lang) -> None:
    """A text has all its values and all that is expected holds; any other is marked, and has no value of this load."""
    name, trace = other
    binder, examples = Binder(trace), 0
    for walkthrough in COURSE.values():
        tell = localize(walkthrough, COURSE, binder, lang)
        for one in tell.here:
            assert isinstance(one.bound, BoundNote)
            place = StepScope(trace, one.bound.step, binder.variables)
            if one.example is None:
                assert unmet_expectations(binder, one.bound) == []
                for text in note_texts(one.note):
                    assert all(place.value(path) is not None for path in placeholder_paths(text)), one.note.id
            else:
                examples += 1
                said = tell.example(one, lang)
                assert one.example.model in said
                for path in placeholder_paths(one.note.text.localized(lang)):
                    assert fill_placeholders(f"{{{{ {path} }}}}", None) in one.text
        if any(one.example is not None for one in tell.here):
            assert str(len(tell.notes)) in tell.count_text(lang)
    assert examples > 30 if name in ("bert", "llama", "own_code", "failed") else examples < 5


def test_a_trace_is_held_against_the_notes_of_its_own_load_alone(other: tuple[str, Trace]) -> None:
    name, trace = other
    for walkthrough in COURSE.values():
        checked = check_many(walkthrough, COURSE, [GivenTrace(trace)], all_notes=False)
        assert checked.problems == [], walkthrough.id
        if walkthrough.id == "when-it-fails":
            assert checked.notes == 0
        elif name == "demo" and "demo" in walkthrough.loads:
            assert checked.notes > 0
