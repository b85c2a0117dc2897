"""What is said of code that was written for another release of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import Loads
from tests.support.reading import by_line
from tests.trace import made
from tracer.analysis.diagnosis import Cause, diagnose
from tracer.trace.reading import open_trace
from tracer.trace.values import Exception_

IMPORT = "from transformers.utils import is_flash_attn_available"
NO_FLASH = "cannot import name 'is_flash_attn_available' from 'transformers.utils' (<transformers>/utils/__init__.py)"


def causes(
    tmp_path: Path,
    error: str,
    message: str,
    code: str,
    *,
    line: int = 2,
    release: str = "5.23.0",
    outlines: dict[str, Any] | None = None,
    written: str | None = None,
) -> list[Cause]:
    """Return the causes of a load that failed at a line of the model's own code."""
    texts = {} if written is None else {"config.json": json.dumps({"transformers_version": written})}
    step = made.step(1, kind="raise", event="raise", value=0, line=line)
    records = [
        made.meta_record(
            releases={"transformers": release}, asked="<model>", code_outlines=outlines or {}, json_files=texts
        ),
        made.source_record(path="<modules-cache>/transformers_modules/own/modeling_own.py", text=code),
        made.frame_record_of(0, module="transformers_modules.own.modeling_own", function="Own.use"),
        made.value_record(0, Exception_(error, "builtins", message)),
        made.step_record(made.step(0, kind="call", event="call")),
        made.step_record(step),
        made.step_record(made.step(2, kind="unwind", event="unwind", value=0, line=line)),
        made.end_record(status="failed", error=error, message=message, step=1),
    ]
    with open_trace(made.sealed(tmp_path, records)) as trace:
        return diagnose(trace).causes


GONE = {
    "a name": ("ImportError", NO_FLASH, IMPORT, "4.39", "release-replace"),
    "a module": (
        "ModuleNotFoundError",
        "No module named 'transformers.deepspeed'",
        "from transformers.deepspeed import is_deepspeed_zero3_enabled",
        "4.46",
        "release-replace",
    ),
    "a name without replacement": (
        "ImportError",
        "cannot import name 'is_torch_fx_available' from 'transformers.utils' (<transformers>/utils/__init__.py)",
        "from transformers.utils import is_torch_fx_available",
        "5.0",
        "release-remove",
    ),
    "an attention class": (
        "ImportError",
        "cannot import name 'MistralFlashAttention2' from 'transformers.models.mistral.modeling_mistral' (x)",
        "from transformers.models.mistral.modeling_mistral import MistralFlashAttention2",
        "4.48",
        "release-replace",
    ),
    "an attribute": (
        "AttributeError",
        "'DynamicCache' object has no attribute 'seen_tokens'",
        "self.length = cache.seen_tokens",
        "4.54",
        "release-replace",
    ),
    "a class method": (
        "AttributeError",
        "type object 'DynamicCache' has no attribute 'from_legacy_cache'",
        "cache = DynamicCache.from_legacy_cache(past)",
        "5.0",
        "release-replace",
    ),
    "an entry": ("KeyError", "'default'", 'make = ROPE_INIT_FUNCTIONS["default"]', "5.0", "release-replace"),
    "an entry by a variable": ("KeyError", "'default'", "make = ROPE_INIT_FUNCTIONS[kind]", "5.0", "release-replace"),
}


@pytest.mark.parametrize("name", GONE)
def test_gone(tmp_path: Path, name: str) -> None:
    error, message, statement, gone, remedy = GONE[name]
    (cause,) = causes(tmp_path, error, message, f"def use(self, kind):\n    {statement}\n")
    assert (cause.kind, cause.certainty, cause.remedy) == ("release-gone", "certain", remedy)
    assert (cause.values["gone"], cause.values["file"], cause.values["release"]) == (gone, "modeling_own.py", "5.23.0")


def test_a_method_that_an_own_class_inherited(tmp_path: Path) -> None:
    code = (
        "class Base(PreTrainedModel):\n    pass\n\n\nclass Own(Base):\n    def use(self, mask):\n"
        "        return self.get_head_mask(mask, 2)\n"
    )
    (cause,) = causes(tmp_path, "AttributeError", "'Own' object has no attribute 'get_head_mask'", code, line=7)
    assert (cause.kind, cause.values["things"], cause.values["gone"]) == (
        "release-gone",
        ["PreTrainedModel.get_head_mask"],
        "5.0",
    )


def test_a_keyword_of_an_earlier_release(tmp_path: Path) -> None:
    message = "GenerationMixin._extract_past_from_model_output() got an unexpected keyword argument 'standardize_cache_format'"
    code = "def use(self):\n    self._extract_past_from_model_output(o, standardize_cache_format=False)\n"
    (cause,) = causes(tmp_path, "TypeError", message, code, release="4.44.2", written="4.41.2")
    assert (cause.kind, cause.values["gone"], cause.values["until"]) == ("release-gone-written", "4.44", "4.43")


def test_a_name_of_a_later_release(tmp_path: Path) -> None:
    message = "cannot import name 'Qwen3Model' from 'transformers' (<transformers>/__init__.py)"
    code = "def use(self):\n    from transformers import Qwen3Model\n"
    (cause,) = causes(tmp_path, "ImportError", message, code, release="4.44.2", written="4.51.0")
    assert (cause.kind, cause.remedy) == ("release-new-written", "release-upgrade")
    assert (cause.values["since"], cause.values["written"]) == ("4.51", "4.51.0")


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    imports = [
        {"module": "transformers.utils", "names": ["is_flash_attn_available", "logging"], "line": 1},
        {"module": "transformers.pytorch_utils", "names": ["find_pruneable_heads_and_indices", "Conv1D"], "line": 2},
        {"module": "transformers.deepspeed", "names": ["is_deepspeed_zero3_enabled"], "line": 3},
        {"module": "transformers.utils", "names": ["is_torch_fx_available"], "line": 4, "inside": "try"},
    ]
    other = [{"module": "transformers.utils", "names": ["is_torch_fx_available"], "line": 4}]
    outlines = {
        "<tmp>/earlier/modeling_own.py": {"imports": other},
        "<model>/modeling_own.py": {"imports": imports},
        "<model>/tokenization_own.py": {"imports": other},
    }
    (cause,) = causes(tmp_path, "ImportError", NO_FLASH, f"def use(self):\n    {IMPORT}\n", outlines=outlines)
    assert cause.values["things"] == [
        "transformers.utils.is_flash_attn_available",
        "transformers.pytorch_utils.find_pruneable_heads_and_indices",
        "transformers.deepspeed",
    ]


OTHERS = {
    "never there": ("ImportError", "cannot import name 'NoSuchName' from 'transformers' (x)", "pass"),
    "another package": ("ImportError", "cannot import name 'is_flash_attn_available' from 'other' (x)", "pass"),
    "a member that no release had": (
        "AttributeError",
        "'DynamicCache' object has no attribute 'no_such_member'",
        "self.length = cache.no_such_member",
    ),
    "an own dictionary": ("KeyError", "'default'", 'make = TABLE["default"]'),
    "another key": ("KeyError", "'own'", 'make = ROPE_INIT_FUNCTIONS["own"]'),
    "an own class without bases": (
        "AttributeError",
        "'Plain' object has no attribute 'seen_tokens'",
        "plain.seen_tokens",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_failures(tmp_path: Path, name: str) -> None:
    error, message, statement = OTHERS[name]
    found = causes(tmp_path, error, message, f"def use(self):\n    {statement}\n")
    assert not [cause for cause in found if cause.kind.startswith("release-")]


OWN = {
    "class": ("AttributeError", "'DynamicCache' object has no attribute 'seen_tokens'", "cache.seen_tokens"),
    "method": (
        "TypeError",
        "Attention.forward() got an unexpected keyword argument 'cache_position'",
        "self.attention(x, cache_position=p)",
    ),
    "dictionary": ("KeyError", "'default'", 'make = ROPE_INIT_FUNCTIONS["default"]'),
}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", OWN)
def test_a_copied_class_is_the_models_own(tmp_path: Path, name: str, own: bool) -> None:
    """Remote code often copies classes of the library under their names."""
    error, message, statement = OWN[name]
    names = ["DynamicCache", "Attention", "ROPE_INIT_FUNCTIONS"]
    imports = [] if own else [{"module": "transformers.parts", "names": names, "line": 1}]
    outlines = {"<model>/modeling_own.py": {"names": names, "imports": imports}}
    found = causes(tmp_path, error, message, f"def use(self):\n    {statement}\n", outlines=outlines)
    assert bool([cause for cause in found if cause.kind.startswith("release-")]) != own


READS = """
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel


class ReadsConfig(PretrainedConfig):
    model_type = "reads"


class ReadsModel(PreTrainedModel):
    config_class = ReadsConfig

    def __init__(self, config):
        super().__init__(config)
        self.kept = config.{name}
        self.layer = nn.Linear(2, 2)
        self.post_init()
"""


@pytest.mark.parametrize(("name", "default"), [("max_length", "20"), ("pad_token_id", "None"), ("top_p", "1.0")])
def test_an_attribute_that_configurations_had_up_to_4(loads: Loads, tmp_path: Path, name: str, default: str) -> None:
    """One cause, with the value that it had. 4.37 to 4.57 set some in a loop, and had them all the same."""
    folder = tmp_path / "reads"
    folder.mkdir()
    (folder / "modeling_reads.py").write_text(READS.format(name=name))
    names = {"AutoConfig": "modeling_reads.ReadsConfig", "AutoModel": "modeling_reads.ReadsModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "reads", "auto_map": names}))
    trace = loads.trace(folder, auto_class="AutoModel", weights="random", tokenizer=False, forward=False)
    found = [(cause.kind, cause.values["default"]) for cause in diagnose(trace).causes]
    assert found == by_line([], [("attribute-gone-in-5", default)])
