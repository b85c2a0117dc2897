"""Loads that are more than one directory's weights into one model: within another, from elsewhere, to several devices."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import transformers
from safetensors.torch import save_file

from tests.conftest import ROOT
from tests.support.commands import command_line
from tests.support.forked import in_fork
from tests.support.library_models import outer, referring, word_tokenizer
from tests.support.loads import Loads
from tests.support.own_code_model import write_own_model
from tests.support.small_models import LLAMA, tiny_llama
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.stage_summary import summarize_stages
from tracer.recorder.auto_class import suitable_class
from tracer.recorder.processors import load_preparers
from tracer.trace.events import ClassResolved, InputsPrepared, ModelLoaded, TokenizerLoaded, WeightsReport, events
from tracer.trace.job import Job
from tracer.trace.reading import Trace
from tracer.views.show import fact_text

REFUSES_ON_META = int(transformers.__version__.partition(".")[0]) >= 5
LAYERS = {"model.layers.0": "cpu", "model.layers.1": "disk", "lm_head": "disk"}
PLACES = {"model.embed_tokens": "cpu", "model.rotary_emb": "cpu", "model.norm": "cpu", **LAYERS}


def told(trace: Trace) -> list[str]:
    return [fact_text(fact, "en") for stage in summarize_stages(trace) for fact in stage.facts]


def test_a_model_loaded_in_a_constructor_is_told_as_a_part(loads: Loads, tmp_path: Path) -> None:
    folder = outer(tmp_path / "outer", tiny_llama(tmp_path / "inner"))
    with loads.trace(folder, ids=[1, 2]) as trace:
        if REFUSES_ON_META:  # the outer model is built on meta, where the library loads nothing
            assert trace.outcome.status == "failed"
            causes = diagnose(trace).causes
            assert [cause.kind for cause in causes] == ["loads-while-built"]
            return
        assert trace.outcome.status == "loaded", trace.outcome
        within = {str(one.event.class_).rpartition(".")[2]: one.event.within for one in events(trace, ModelLoaded)}
        assert within.keys() == {"LlamaForCausalLM", "OuterForCausalLM"}
        assert str(within["LlamaForCausalLM"]).endswith(".OuterForCausalLM")
        assert within["OuterForCausalLM"] is None
        reports = [one.event for one in events(trace, WeightsReport)]
        assert [(one.loaded, one.checkpoint, one.within is None) for one in reports] == [
            (21, 21, False),
            (23, 23, True),
        ]
        assert any("parameters of LlamaForCausalLM, a part of" in text for text in told(trace))


def test_code_of_another_repository_is_not_called_the_directorys_own(loads: Loads, tmp_path: Path) -> None:
    folder = referring(tmp_path / "m")
    with loads.trace(folder, forward=False) as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        found = [one.event for one in events(trace, ClassResolved) if one.event.way == "remote"]
        assert found
        assert {one.referrer for one in found} == {"<model>"}
        assert all(str(one.repository).endswith("/code") for one in found)
        assert sum("is from another repository" in text for text in told(trace)) == len(found)


def test_the_directorys_own_code_has_no_referrer(loads: Loads) -> None:
    with loads.trace(Path("fixtures") / "glm-4v-tiny", forward=False, tokenizer=False) as trace:
        found = [one.event for one in events(trace, ClassResolved) if one.event.way == "remote"]
        assert {one.referrer for one in found} == {None}


def test_without_a_terminal_the_other_repository_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = command_line(monkeypatch, capsys)("load", referring(tmp_path / "m"), "-o", tmp_path / "t.glmtrace")
    assert result.code == 3
    assert str(tmp_path / "code" / "conf.py") in result.sentence


def test_device_map_says_which_modules_are_where(loads: Loads, tmp_path: Path) -> None:
    placed = {"device_map": PLACES, "offload_folder": str(tmp_path / "off")}
    with loads.trace(tiny_llama(tmp_path / "m"), kwargs=placed, ids=[1, 2], generate=1) as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        (loaded,) = [one.event for one in events(trace, ModelLoaded)]
        assert loaded.device_map == PLACES
        said = told(trace)
        assert "device_map: left on the disk, and read in each pass, are model.layers.1, lm_head" in said
        assert any(text.startswith("device_map: on cpu are ") for text in said)
        assert "generate" in trace.stages()


@pytest.mark.parametrize("given", ["auto", "cpu"])
def test_device_map_of_one_device_is_told_whole(loads: Loads, tmp_path: Path, given: str) -> None:
    with loads.trace(tiny_llama(tmp_path / "m"), kwargs={"device_map": given}, forward=False) as trace:
        expected = "device_map: all of it is on "
        assert len([text for text in told(trace) if text.startswith(expected)]) == 1


def test_nothing_is_said_of_devices_that_were_not_asked_for(loads: Loads, tmp_path: Path) -> None:
    with loads.trace(tiny_llama(tmp_path / "m"), forward=False) as trace:
        assert not [text for text in told(trace) if text.startswith("device_map")]


def gguf_header(key: str, value: str) -> bytes:
    """Return a GGUF file of version 3 with one text in its metadata and no tensors."""
    texts = [struct.pack("<Q", len(text)) + text.encode() for text in (key, value)]
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + texts[0] + struct.pack("<I", 8) + texts[1]


def test_a_gguf_file_needs_its_package(loads: Loads, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(gguf_header("general.architecture", "llama"))
    with loads.trace(tmp_path, kwargs={"gguf_file": "tiny.gguf"}, forward=False) as trace:
        (cause,) = diagnose(trace).causes
        assert cause.kind == "library-package-argument"
        assert cause.values["packages"] == ["gguf"]
        assert cause.values["name"] == "gguf_file"


def test_the_tokenizer_of_a_gguf_file_is_loaded(loads: Loads, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="the package that reads GGUF files is in no environment of the tests")
    write_gguf(gguf, tmp_path / "tiny.gguf")
    with loads.trace(tmp_path, kwargs={"gguf_file": "tiny.gguf"}, prompt="What is this ?") as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        (prepared,) = [one.event for one in events(trace, InputsPrepared)]
        assert (prepared.by, len(list(events(trace, TokenizerLoaded))) > 0) == ("tokenizer", True)


@pytest.mark.parametrize(("files", "asked"), [([], "tiny.gguf"), (["tokenizer.json"], None)])
def test_a_gguf_file_is_asked_for_its_tokenizer_if_the_directory_has_none(
    files: list[str], asked: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda _, **more: given.append(more))
    job = Job(work="load", journal="", model=str(tmp_path), kwargs={"gguf_file": "tiny.gguf"})
    load_preparers(job, cast(Any, None))
    assert [one.get("gguf_file") for one in given] == [asked]


def write_gguf(gguf: Any, path: Path) -> None:
    """Write a tiny LLaMA with its vocabulary."""
    words = ["<unk>", "<s>", "</s>", *(f"\u2581{word}" for word in ("What", "is", "this", "?")), "\u2581"]
    words += [f"w{number}" for number in range(32 - len(words))]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    for name, value in {
        "block_count": 1, "context_length": 64, "embedding_length": 32, "feed_forward_length": 32, "head_count": 4,
        "head_count_kv": 4, "layer_norm_rms_eps": 1e-6, "rope_dimension_count": 8, "vocab_size": len(words),
        "rope_freq_base": 10000.0, "tokenizer_model": "llama", "token_list": words,
        "token_scores": [-float(number) for number in range(len(words))],
        "token_types": [2, 3, 3, *[1] * (len(words) - 3)], "bos_token_id": 1, "eos_token_id": 2, "unk_token_id": 0,
    }.items():  # fmt: skip
        getattr(writer, f"add_{name}")(value)
    block = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    for name in ("token_embd", "output", *(f"blk.0.{part}" for part in block)):
        writer.add_tensor(f"{name}.weight", torch.full((32, 32), 0.01).numpy())
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", torch.ones(32).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_is_loaded_with_its_head(tmp_path: Path) -> None:
    assert suitable_class(str(tmp_path), trust=False, arguments={"gguf_file": "tiny.gguf"}) == "AutoModelForCausalLM"
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    assert suitable_class(str(tmp_path), trust=False, arguments={"gguf_file": "tiny.gguf"}) == "AutoModel"


def test_the_names_in_the_librarys_own_pip_command_are_not_the_models(loads: Loads, tmp_path: Path) -> None:
    folder = tiny_llama(tmp_path / "m")
    method = {"quant_method": "gptq" if REFUSES_ON_META else "quanto", "bits": 4, "weights": "int8"}
    (folder / "config.json").write_text(json.dumps({**LLAMA, "quantization_config": method}))
    from tracer.views.outcome import failure_lines

    with loads.trace(folder, forward=False) as trace:
        assert "pip install" in str(trace.outcome.message)
        assert not [line for line in failure_lines(trace, "en") if "come from the model's code" in line.plain]
    with loads.trace(Path("fixtures") / "broken" / "missing-package", forward=False) as trace:
        assert [line for line in failure_lines(trace, "en") if "come from the model's code" in line.plain]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LlamaForCausalLm", "Did you mean LlamaForCausalLM"),
        ("WhisperForConditionalGeneraton", "Did you mean WhisperForConditionalGeneration"),
        ("AutoNothing", "Name another"),
        ("Nonsense", "Name another"),
        ("pipeline", "it has no from_pretrained"),
    ],
)
def test_a_class_that_is_not_there(loads: Loads, tmp_path: Path, name: str, expected: str) -> None:
    recorded = loads.record(tiny_llama(tmp_path / "m"), auto_class=name)
    assert recorded.outcome.status == "misused"
    assert expected in str(recorded.outcome.message)


@pytest.mark.parametrize("name", ["LlamaForCausalLM", "LlamaModel"])
def test_a_models_own_class_can_be_named(loads: Loads, tmp_path: Path, name: str) -> None:
    with loads.trace(tiny_llama(tmp_path / "m"), auto_class=name, forward=False) as trace:
        assert [str(one.event.class_).rpartition(".")[2] for one in events(trace, ModelLoaded)] == [name]


SCRIPT_OF_PIPELINE = """
from transformers import pipeline
made = pipeline("text-generation", model=MODEL)
print(made("The quick", max_new_tokens=1))
"""
SCRIPT_OF_MODULES = """
import importlib, json, os
import torch
from transformers import AutoModel, AutoTokenizer
class Transformer:
    def __init__(self, path):
        self.model = AutoModel.from_pretrained(path)
        self.tokenizer = AutoTokenizer.from_pretrained(path)
class Pooling:
    def __init__(self, path):
        self.config = json.load(open(os.path.join(path, "config.json")))
modules = [globals()[one["type"].rpartition(".")[2]](os.path.join(MODEL, one["path"]))
           for one in json.load(open(os.path.join(MODEL, "modules.json")))]
"""


def save_tokenizer(folder: str) -> None:
    word_tokenizer().save_pretrained(folder)


SCRIPTS = [
    pytest.param(SCRIPT_OF_PIPELINE, id="pipeline"),
    pytest.param(SCRIPT_OF_MODULES, id="sentence-transformers", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_whose_package_loads_for_it_is_recorded(loads: Loads, tmp_path: Path, script: str) -> None:
    folder = tiny_llama(tmp_path / "m")
    in_fork(save_tokenizer, str(folder))
    parts = [{"path": "", "type": "models.Transformer"}, {"path": "1_Pooling", "type": "models.Pooling"}]
    (folder / "modules.json").write_text(json.dumps(parts))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    path = tmp_path / "script.py"
    path.write_text(f"MODEL = {str(folder)!r}\n{script}", encoding="utf-8")
    with loads.trace("", work="script", script=[str(path)]) as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        (report,) = [one.event for one in events(trace, WeightsReport)]
        assert report.loaded == report.filled
        assert {"config", "construct", "weights", "tokenizer"} <= set(trace.stages())


def test_packed_weights_are_told(loads: Loads, tmp_path: Path) -> None:
    folder = write_own_model(tmp_path / "own")
    code = (folder / "model.py").read_text()
    built = "self.linear = torch.nn.Linear(2, 2)\n"
    assert built in code
    packed = "self.packed = torch.nn.Parameter(torch.zeros(2, 8, dtype=torch.int8), requires_grad=False)\n"
    (folder / "model.py").write_text(code.replace(built, f"{built}        {packed}"))
    tensors = {"linear.weight": torch.ones(2, 2), "packed": torch.ones(2, 8, dtype=torch.int8)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with loads.trace(folder, forward=False, tokenizer=False) as trace:
        assert trace.outcome.status == "loaded", trace.outcome
        assert "loaded OwnModel with 22 numbers" in told(trace)
        assert "1 of its weights is packed, as int8: 16 numbers, 16 B" in told(trace)


def test_loads_in_threads_have_reports_of_their_own(loads: Loads, tmp_path: Path) -> None:
    script = ROOT / "tests" / "data" / "loads_in_threads.py"
    folders = [ROOT / "fixtures" / "bert-tiny", tiny_llama(tmp_path / "llama")]
    with loads.trace("", work="script", script=[str(script), *map(str, folders)]) as trace:
        assert trace.outcome.status == "loaded"
        reports = [one.event for one in events(trace, WeightsReport)]
        assert sorted(str(report.class_).rpartition(".")[2] for report in reports) == ["Bert"] * 3 + ["Llama"] * 3
        for report in reports:
            assert report.loaded == report.checkpoint
            assert report.checkpoint
            assert not [*report.new, *report.unexpected, *report.missing]
