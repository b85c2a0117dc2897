"""Keyword arguments of real loads: where they end on either line, checked by hand against the library's source."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.support.commands import Command, command_line
from tests.support.generator import load_generator
from tests.support.golden import assert_golden, line
from tests.support.loads import MAIN_CALL, Loads
from tests.support.reading import by_line, keyword_path
from tracer.analysis.kwargs.hops import END_KINDS, USER, HopKind, KeywordPath
from tracer.analysis.kwargs.paths import keyword_paths, select_call
from tracer.analysis.loading_calls import loading_calls
from tracer.i18n import Lang
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.views.kwargs import kwarg_path, kwargs_overview

OPTIONS = {**MAIN_CALL, "low_cpu_mem_usage": True}


@pytest.fixture
def demo(loads: Loads, fixtures: Path) -> Trace:
    """The demo's load with the keyword arguments of GLM-4V's fine-tuning script, and one more."""
    return loads.trace(fixtures / "glm-4v-tiny", kwargs=OPTIONS)


def told(journey: KeywordPath) -> list[tuple[str, str]]:
    return [(hop.what, hop.where) for hop in journey.hops]


def end(journey: KeywordPath) -> tuple[str, str, str]:
    return journey.end.what, journey.end.where, journey.end.name


# ── the demo ────────────────────────────────────────────────────────────────────────────────────────

CONFIG = by_line("PretrainedConfig", "PreTrainedConfig")
MODEL = "PreTrainedModel.from_pretrained"
ENDINGS = {
    "trust_remote_code": by_line(
        ("used", "resolve_trust_remote_code", "trust_remote_code"), ("used", MODEL, "trust_remote_code")
    ),
    "empty_init": ("constructor", "ChatGLMForConditionalGeneration.__init__", "empty_init"),
    "use_cache": ("config", "ChatGLMConfig", "use_cache"),
    "torch_dtype": by_line(("used", MODEL, "torch_dtype"), ("used", MODEL, "dtype")),
    "low_cpu_mem_usage": by_line(("used", MODEL, "low_cpu_mem_usage"), ("dropped", MODEL, "low_cpu_mem_usage")),
    "_from_auto": ("used", f"{CONFIG}._get_config_dict", "from_auto_class"),
    "return_unused_kwargs": ("used", f"{CONFIG}.from_dict", "return_unused_kwargs"),
    "name_or_path": ("config", "ChatGLMConfig", "name_or_path"),
    "adapter_kwargs": ("used", MODEL, "adapter_kwargs"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_end_of_an_argument(name: str, demo: Trace) -> None:
    assert end(keyword_path(demo, name)) == ENDINGS[name]


def test_origin_of_each_argument(demo: Trace) -> None:
    origins = {one.name: one.origin for one in keyword_paths(demo)}
    assert [name for name, origin in origins.items() if origin == USER] == list(origins)[: len(OPTIONS) + 1]
    assert {name for name, origin in origins.items() if origin == USER} == {*OPTIONS, "trust_remote_code"}
    assert {"_from_auto", "return_unused_kwargs", "code_revision", "name_or_path", "adapter_kwargs"} <= {
        name for name, origin in origins.items() if origin != USER
    }
    assert ("_commit_hash" in origins) == by_line(True, False)


def test_trust_remote_code_is_taken_out_on_one_line_and_read_on_the_other(demo: Trace) -> None:
    assert told(keyword_path(demo, "trust_remote_code"))[1] == by_line(
        ("taken-out", "trust_remote_code"), ("read", "trust_remote_code")
    )


def test_a_dtype_is_put_back_on_5(demo: Trace) -> None:
    stops = told(keyword_path(demo, "torch_dtype"))
    assert (("put-back", 'kwargs["torch_dtype"]') in stops) == by_line(False, True)
    assert (("renamed", "dtype") in stops) == by_line(False, True)
    assert ("became-config", "ChatGLMConfig.torch_dtype") in stops


def test_use_cache_of_a_config_that_takes_it(demo: Trace) -> None:
    journey = keyword_path(demo, "use_cache")
    assert told(journey) == [
        ("given", "kwargs"),
        ("copied", "kwargs_orig"),
        ("handed-on", "AutoConfig.from_pretrained(**kwargs)"),
        ("unused", f"{CONFIG}.get_config_dict(**kwargs)"),
        ("handed-on", "ChatGLMConfig.from_pretrained(**kwargs)"),
        ("unused", "ChatGLMConfig.get_config_dict(**kwargs)"),
        ("handed-on", "ChatGLMConfig.from_dict(**kwargs)"),
        ("became-config", "ChatGLMConfig.use_cache"),
    ]
    assert journey.hops[3].through == [f"{CONFIG}._get_config_dict", "get_class_from_dynamic_module"]
    assert journey.hops[-1].statement == "setattr(config, key, value)"


def test_every_hop_matches_its_step(demo: Trace) -> None:
    found = keyword_paths(demo)
    assert len(found) > 10
    for journey in found:
        for hop in journey.hops:
            step = demo.step(hop.step)
            assert (step.frame, step.stage, step.line) == (hop.frame, hop.stage, hop.line)
            assert hop.what in get_args(HopKind)
            assert hop.value is not None
            demo.value(hop.value)
        assert journey.hops
        assert journey.end.what in END_KINDS


def test_the_call_can_be_chosen(demo: Trace) -> None:
    calls = loading_calls(demo)
    assert [call.call.partition("(")[0] for call in calls] == [
        "AutoTokenizer.from_pretrained", "AutoModelForCausalLM.from_pretrained",
    ]  # fmt: skip
    assert select_call(demo) == calls[1]
    assert [one.name for one in keyword_paths(demo, call=calls[0].step) if one.origin == USER] == ["trust_remote_code"]
    with pytest.raises(TracerError, match=f"at step 1. Such calls begin at: 0, {calls[1].step}"):
        keyword_paths(demo, call=1)


# ── use_cache=False and a model that does not take it ───────────────────────────────────────────────


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Remote code whose config names no ``use_cache`` and whose model takes nothing; the file says ``use_cache``."""
    folder = tmp_path_factory.mktemp("models") / "plain-model"
    load_generator().write_broken("misspelt-class", folder, repaired=True)
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "use_cache": True}))
    return folder


def test_use_cache_of_a_model_that_does_not_take_it(loads: Loads, plain_model: Path) -> None:
    trace = loads.trace(plain_model, kwargs={"use_cache": False}, tokenizer=False)
    journey = keyword_path(trace, "use_cache")
    if by_line(True, False):
        # PretrainedConfig.__init__ makes an attribute of every key of the file, and from_dict sets it.
        assert trace.outcome.status == "loaded"
        assert end(journey) == ("config", "BrokenConfig", "use_cache")
        assert told(journey)[-1] == ("became-config", "BrokenConfig.use_cache")
    else:
        # The key of the file is thrown away with the parameters of generation, so there is no such attribute.
        assert trace.outcome.status == "failed"
        assert end(journey) == ("refused", "BrokenModel.__init__", "use_cache")
        assert journey.end.error is not None
        assert journey.end.error.startswith("TypeError: BrokenModel.__init__() got an unexpected keyword argument")
        assert journey.hops[-1].function == MODEL
        assert journey.hops[-1].statement == "model = cls(config, *model_args, **model_kwargs)"
        assert not [what for what, _ in told(journey) if what == "became-config"]


def test_a_config_of_the_library_takes_it(loads: Loads, fixtures: Path) -> None:
    trace = loads.trace(fixtures / "bert-tiny", kwargs={"use_cache": False})
    assert end(keyword_path(trace, "use_cache")) == ("config", "BertConfig", "use_cache")


def test_a_load_that_fails(loads: Loads, fixtures: Path) -> None:
    trace = loads.trace(fixtures / "broken" / "misspelt-class", kwargs={"empty_init": False}, tokenizer=False)
    assert trace.outcome.status == "failed"
    assert end(keyword_path(trace, "empty_init"))[0] == "unfinished"


# ── what is printed ─────────────────────────────────────────────────────────────────────────────────


def printed(trace: Trace, name: str | None, lang: Lang, *, everything: bool = False) -> str:
    console = Console(file=StringIO(), width=80, highlight=False)
    call = select_call(trace)
    assert call is not None
    found = keyword_paths(trace)
    if name is None:
        console.print(
            kwargs_overview(trace, call, [one for one in loading_calls(trace) if one != call], found, lang), crop=False
        )
    else:
        (journey,) = [one for one in found if one.name == name]
        console.print(kwarg_path(trace, call, journey, lang, everything=everything), crop=False)
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def normalised(text: str, trace: Trace) -> str:
    """Return a text without what differs between recordings: the step numbers and the path of the file."""
    text = text.replace(str(trace.path), "FILE")
    text = re.sub(r"(?m)^ *\d+ ├", "   # ├", re.sub(r"(?m)^ +([│╰])", r"     \1", text))
    return re.sub(r"\d+–\d+", "#–#", text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_golden(lang: Lang, demo: Trace) -> None:
    names = [None, "use_cache", "torch_dtype", "trust_remote_code", "low_cpu_mem_usage", "empty_init", "_from_auto"]
    text = normalised("\n".join(printed(demo, name, lang) for name in names), demo) + "\n"
    assert_golden(f"kwargs-{line()}-{lang}.txt", text)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_fits_a_small_screen(lang: Lang, demo: Trace) -> None:
    found = keyword_paths(demo)
    assert len(found) > 10
    for journey in found:
        short, long = (printed(demo, journey.name, lang, everything=everything) for everything in (False, True))
        assert all(cell_len(row) <= 80 for row in [*short.splitlines(), *long.splitlines()])
        assert sum("├" in row for row in short.splitlines()) <= 15
        assert long.count("├") == len(journey.hops)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_line(monkeypatch, capsys, "kwargs")


def test_command_overview(command: Command, demo: Trace) -> None:
    code, out, _ = command(demo.path, "--lang", "en")
    assert code == 0
    assert out.index("Given by the user") < out.index("  use_cache=False\n") < out.index("Added by the library")
    assert out.index("Added by the library") < out.index("_from_auto=True")


def test_command_path(command: Command, demo: Trace) -> None:
    code, out, _ = command(demo.path, "use_cache", "--lang", "zh")
    assert code == 0
    assert "╰▸ 成为配置的属性：ChatGLMConfig.use_cache" in out


def test_command_json(command: Command, demo: Trace) -> None:
    code, out, _ = command(demo.path, "torch_dtype", "--json")
    assert code == 0
    document: dict[str, Any] = json.loads(out)
    (journey,) = document["journeys"]
    assert journey["value"] == {"is": "named", "type": "torch.dtype", "text": "torch.bfloat16"}
    assert journey["stops"][0]["what"] == "given"
    assert document["call"]["returned"] is True
    whole = json.loads(command(demo.path, "--json")[1])
    assert [one["name"] for one in whole["journeys"]] == [one.name for one in keyword_paths(demo)]


def test_command_unknown_name(command: Command, demo: Trace) -> None:
    code, out, err = command(demo.path, "use_cash")
    assert (code, out) == (2, "")
    assert "has no keyword argument 'use_cash'. Similar names: use_cache" in " ".join(err.split())


def test_command_finds_the_call_that_has_it(command: Command, loads: Loads, fixtures: Path) -> None:
    """With random weights the config is loaded first and the model is built from it; the name belongs to the first call."""
    trace = loads.trace(
        fixtures / "glm-4v-tiny", kwargs={"use_cache": False}, weights="random", tokenizer=False, forward=False
    )
    assert "use_cache" not in {one.name for one in keyword_paths(trace)}
    code, out, _ = command(trace.path, "use_cache")
    assert code == 0
    assert "AutoConfig.from_pretrained('<model>'" in out
    assert "set on the config: ChatGLMConfig.use_cache" in out


def test_command_of_a_trace_without_a_load(command: Command, toy_trace: Path) -> None:
    code, out, _ = command(toy_trace, "--lang", "en")
    assert code == 0
    assert "The user called no from_pretrained" in " ".join(out.split())
    code, out, err = command(toy_trace, "k")
    assert (code, out) == (2, "")
    assert "has no keyword argument 'k'." in " ".join(err.split())


@pytest.fixture
def toy_trace(tmp_path: Path) -> Path:
    from tests.trace.made import sealed

    return sealed(tmp_path)
