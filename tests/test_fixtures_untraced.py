"""The small fixtures on the installed transformers, loaded without tracing.

Each directory loads, or fails, as described in fixtures/README.md. What the two lines of transformers have in common is
stated once; where they differ, `by_line` has both.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer, dynamic_module_utils

from tests.conftest import FIXTURES
from tests.support.generator import load_generator
from tests.support.reading import OLD_LINE, by_line


@pytest.fixture(autouse=True)
def _no_modules_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name that another test imported from elsewhere would be used instead of the cache."""
    from transformers.dynamic_module_utils import HF_MODULES_CACHE

    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers_modules"]:
        del sys.modules[name]
    cache = str(HF_MODULES_CACHE)
    monkeypatch.setattr(sys, "path", [cache, *(path for path in sys.path if path != cache)])
    importlib.invalidate_caches()


make = load_generator()


@pytest.fixture(autouse=True, scope="module")
def modules_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remote code is copied to, and imported from, a folder of this test module only."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == "transformers_modules"]:
            del sys.modules[name]

    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("modules"))
        patch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", folder)
        patch.setattr(sys, "path", [*sys.path, folder])
        forget()
        yield
        forget()


def load(directory: Path | str, auto_class: Any = AutoModel, **kwargs: Any) -> Any:
    return auto_class.from_pretrained(str(directory), trust_remote_code=True, **kwargs)


@dataclass(frozen=True)
class Failure:
    error: type[BaseException]
    says: str


def assert_fails(failure: Failure, directory: Path, auto_class: Any) -> None:
    with pytest.raises(failure.error) as caught:
        load(directory, auto_class)
    assert caught.type is failure.error
    assert failure.says in str(caught.value)


# ── Failing ─────────────────────────────────────────────────────────────────────────────────────────

UNRECOGNIZED = Failure(ValueError, "Should have a `model_type` key in its config.json")
UNKNOWN_TYPE = "model type `glm-trace-unknown` but Transformers does not recognize this architecture"

MODEL_FAILURES = {
    "not-json": Failure(OSError, "not-json/config.json' is not a valid JSON file."),
    "no-class-file": Failure(OSError, "does not appear to have a file named modeling_broken.py"),
    "misspelt-module": Failure(OSError, "does not appear to have a file named modelling_broken.py"),
    "misspelt-class": Failure(AttributeError, ".modeling_broken' has no attribute 'BrokenModle'"),
    "syntax-error": Failure(SyntaxError, by_line("(modeling_broken.py, line 17)", "(<unknown>, line 17)")),
    "missing-package": Failure(ImportError, "not found in your environment: glm_trace_absent_package. Run"),
    "unknown-model-type": Failure(ValueError, UNKNOWN_TYPE),
    "no-config": by_line(Failure(OSError, "does not appear to have a file named config.json"), UNRECOGNIZED),
    "adapter-without-base": Failure(
        OSError, by_line("path_or_model_id: ", "maximum length is 96: ") + "'./this-base-does-not-exist'"
    ),
    "escape-sequences": Failure(RuntimeError, "before \x1b[1;31mcolour\x1b[0m \x1b[2J\x1b[H"),
}
"""The error when the model of a broken directory is loaded."""

KILLERS = ("kills-itself", "exits")

NO_TOKENIZER = by_line(
    Failure(OSError, "does not appear to have a file named config.json"),
    Failure(ValueError, "Couldn't instantiate the backend tokenizer"),
)
TOKENIZER_FAILURES = {
    "adapter-without-base": NO_TOKENIZER,
    # Only 5.x reads config.json although tokenizer_config.json has named the class.
    **by_line({}, {"not-json": MODEL_FAILURES["not-json"]}),
}
"""The error when the tokenizer of a broken directory is loaded; the other directories have a tokenizer that loads."""


def test_every_broken_directory_is_tested() -> None:
    assert {*MODEL_FAILURES, *KILLERS} == set(make.BROKEN) == {path.name for path in (FIXTURES / "broken").iterdir()}


@pytest.mark.parametrize("auto_class", [AutoModel, AutoModelForCausalLM])
@pytest.mark.parametrize("name", MODEL_FAILURES)
def test_broken_model_fails_as_described(name: str, auto_class: Any) -> None:
    assert_fails(MODEL_FAILURES[name], FIXTURES / "broken" / name, auto_class)


@pytest.mark.parametrize("name", make.BROKEN)
def test_broken_tokenizer_loads_or_fails_as_described(name: str) -> None:
    directory = FIXTURES / "broken" / name
    if name in TOKENIZER_FAILURES:
        assert_fails(TOKENIZER_FAILURES[name], directory, AutoTokenizer)
    else:
        assert load(directory, AutoTokenizer)("load")["input_ids"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("name", KILLERS)
def test_killers_end_their_process(name: str) -> None:
    child = os.fork()
    if child == 0:  # no pytest code may run in this process
        try:
            signal.alarm(60)
            load(FIXTURES / "broken" / name)
        finally:
            os._exit(77)
    _, status = os.waitpid(child, 0)
    if name == "kills-itself":
        assert os.WIFSIGNALED(status)
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        assert os.WIFEXITED(status)
        assert os.WEXITSTATUS(status) == 0


def test_escape_sequences_reach_the_message_unharmed() -> None:
    with pytest.raises(RuntimeError) as caught:
        load(FIXTURES / "broken" / "escape-sequences")
    message = str(caught.value)
    for piece in ("\x1b[2K", "\x1b]0;", "\x1b]8;;", "\x9b32m", "\u202e", "\r", "\b", "\a", "[/markup]"):
        assert piece in message


def test_syntax_error_is_found_at_different_places() -> None:
    """4.44 copies the file and fails to import the copy; 5.x fails to parse it, and does not know its name."""
    with pytest.raises(SyntaxError) as caught:
        load(FIXTURES / "broken" / "syntax-error")
    found = Path(dynamic_module_utils.HF_MODULES_CACHE).rglob("modeling_broken.py")
    copies = [path for path in found if {"syntax-error", "syntax_hyphen_error"} & {*path.parts}]
    assert [caught.value.filename] == by_line([str(copy) for copy in copies], ["<unknown>"])
    assert len(copies) == by_line(1, 0)


# ── Repaired ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("auto_class", [AutoModel, AutoModelForCausalLM])
@pytest.mark.parametrize("name", sorted({*make.BROKEN} - {"adapter-without-base", "unknown-model-type"}))
def test_repaired_loads(name: str, auto_class: Any, tmp_path: Path) -> None:
    directory = tmp_path / f"{name}-repaired"
    make.write_broken(name, directory, repaired=True)
    model, report = load(directory, auto_class, output_loading_info=True)
    assert type(model).__name__ == "BrokenModel"
    assert_all_weights(model, directory / "model.safetensors", report)
    assert load(directory, AutoTokenizer)("load")["input_ids"] == [1]


def test_repaired_adapter_loads(tmp_path: Path) -> None:
    make.write_broken("adapter-without-base", tmp_path / "adapter", repaired=True)
    model = load(tmp_path / "adapter")
    assert type(model).__name__ == "BrokenModel"
    assert_adapter_applied(model, tmp_path / "adapter")


def test_repaired_model_type_loads(tmp_path: Path) -> None:
    make.write_broken("unknown-model-type", tmp_path, repaired=True)
    assert type(load(tmp_path)).__name__ == "BertModel"


def test_a_repair_changes_one_file(tmp_path: Path) -> None:
    for name in sorted({*make.BROKEN} - {"adapter-without-base"}):
        make.write_broken(name, tmp_path / name, repaired=True)
        broken, repaired = files(FIXTURES / "broken" / name), files(tmp_path / name)
        assert len([file for file in repaired if broken.get(file) != repaired[file]]) == 1
        assert not broken.keys() - repaired.keys()


def assert_all_weights(model: Any, file: Path, report: dict[str, Any]) -> None:
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    weights = load_file(file)
    assert weights.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, weights[name]), name


def assert_adapter_applied(model: Any, directory: Path) -> None:
    """Check that every weight of the adapter's file is in the model, and no other LoRA weight."""
    found = {name: value for name, value in model.named_parameters() if ".lora_" in name}
    said = load_file(directory / "adapter_model.safetensors")
    said = {
        name.removeprefix("base_model.model.").replace(".weight", ".default.weight"): value
        for name, value in said.items()
    }
    assert found.keys() == said.keys()
    for name, value in found.items():
        assert torch.equal(value, said[name]), name


# ── The type from the config, and from the name ─────────────────────────────────────────────────────


def test_bert_tiny() -> None:
    directory = FIXTURES / "bert-tiny"
    model, report = load(directory, output_loading_info=True)
    assert type(model) is transformers.BertModel
    assert_all_weights(model, directory / "model.safetensors", report)

    tokenizer = load(directory, AutoTokenizer)
    assert tokenizer.__class__.__name__ == by_line("BertTokenizerFast", "BertTokenizer")
    batch = tokenizer("Loading the models: 你好。", return_tensors="pt")
    words = "[CLS] load ##ing the model ##s [UNK] 你 好 。 [SEP]"
    assert tokenizer.convert_ids_to_tokens(batch["input_ids"][0]) == words.split()
    with torch.no_grad():
        output = model.eval()(**batch)
    assert output.last_hidden_state.shape == (1, 11, 8)
    expected = torch.tensor(BERT_POOLED)
    torch.testing.assert_close(output.pooler_output[0], expected, atol=1e-5, rtol=0)


BERT_POOLED = [-0.229494, -0.549148, 0.511209, 0.843856, 0.780775, -0.855924, 0.902583, 0.136372]
"""The result for the sentence above is the same on both lines."""

NAMELESS = FIXTURES / "distilbert-without-model-type"


def test_type_from_the_name() -> None:
    assert "model_type" not in json.loads((NAMELESS / "config.json").read_text())
    if OLD_LINE:
        model, report = load(NAMELESS, output_loading_info=True)
        assert type(model) is transformers.DistilBertModel
        assert_all_weights(model, NAMELESS / "model.safetensors", report)
    else:
        assert_fails(UNRECOGNIZED, NAMELESS, AutoModel)
    assert load(NAMELESS, AutoTokenizer)("model")["input_ids"]


@pytest.mark.parametrize(
    ("folder", "config_class"),
    [("albert", "DistilBertConfig"), ("roberta-prelayernorm", "RobertaPreLayerNormConfig")],
)
def test_type_from_the_name_is_the_longest_in_the_whole_path(folder: str, config_class: str, tmp_path: Path) -> None:
    copy = shutil.copytree(NAMELESS, tmp_path / folder / NAMELESS.name)
    if OLD_LINE:
        assert type(load(copy, AutoConfig)).__name__ == config_class
    else:
        assert_fails(UNRECOGNIZED, copy, AutoConfig)


def test_type_from_the_name_needs_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NAMELESS)
    assert_fails(UNRECOGNIZED, Path("."), AutoModel)


def test_nameless_with_its_type_loads(tmp_path: Path) -> None:
    make.write_without_model_type(tmp_path, repaired=True)
    model, report = load(tmp_path, output_loading_info=True)
    assert type(model) is transformers.DistilBertModel
    assert_all_weights(model, tmp_path / "model.safetensors", report)


# ── The adapter ─────────────────────────────────────────────────────────────────────────────────────

ADAPTER = FIXTURES / "glm-4v-tiny-lora"


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([[258, 260, 104, 105]])).logits.float()


def assert_is_adapted(model: Any) -> None:
    assert type(model).__name__ == "ChatGLMForConditionalGeneration"
    assert_adapter_applied(model, ADAPTER)
    base = load(FIXTURES / "glm-4v-tiny", AutoModelForCausalLM, torch_dtype=torch.float32)
    assert (logits(model) - logits(base)).abs().max() > 1e-3


def test_adapter_loads_from_anywhere_with_an_absolute_base(tmp_path: Path) -> None:
    make.write_lora(tmp_path, FIXTURES / "glm-4v-tiny")
    assert_is_adapted(load(tmp_path, AutoModelForCausalLM, torch_dtype=torch.float32))


def test_adapter_as_shipped_loads_from_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ADAPTER)
    assert_is_adapted(load(ADAPTER, AutoModelForCausalLM, torch_dtype=torch.float32))


def test_adapter_as_shipped_fails_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert_fails(Failure(OSError, "'../glm-4v-tiny'"), ADAPTER, AutoModelForCausalLM)


def test_adapter_has_no_tokenizer() -> None:
    assert_fails(NO_TOKENIZER, ADAPTER, AutoTokenizer)


# ── The files ───────────────────────────────────────────────────────────────────────────────────────


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_the_generator_writes_what_is_here(tmp_path: Path) -> None:
    """It uses the standard library only: -S leaves out site-packages."""
    subprocess.run([sys.executable, "-I", "-S", str(FIXTURES / "make_small_fixtures.py"), str(tmp_path)], check=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["bert-tiny", "broken", "distilbert-without-model-type", "glm-4v-tiny-lora"]
    for name in written:
        assert files(tmp_path / name) == files(FIXTURES / name)


def test_readme_says_what_happens() -> None:
    rows = [line.split(" | ") for line in (FIXTURES / "README.md").read_text().splitlines() if " | " in line]
    said = {row[0].removeprefix("| ").strip("`"): row for row in rows}
    fixtures = {path.name for path in FIXTURES.iterdir() if path.is_dir() and path.name != "broken"}
    fixtures |= {f"broken/{name}" for name in make.BROKEN}
    assert fixtures - {"__pycache__"} <= said.keys()
    for name, failure in MODEL_FAILURES.items():
        outcome = said[f"broken/{name}"][by_line(2, 3)].removesuffix(" |")
        if outcome.startswith("the same"):
            outcome = said[f"broken/{name}"][2]
        assert outcome.startswith(f"`{failure.error.__name__}`: "), name
