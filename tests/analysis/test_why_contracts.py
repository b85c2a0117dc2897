"""What is said of own classes that lack what the library takes for granted, and of names, types and devices gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.analysis.test_why_own_files import Wrong, load_of, model
from tests.support.loads import Loads
from tests.support.model_files import as_safetensors
from tests.support.reading import OLD_LINE
from tests.support.shell_model import CONFIGURATION, LOAD, MODELING, building, importing, shell
from tests.trace import made
from tracer.analysis.diagnosis import diagnose
from tracer.trace.reading import open_trace
from tracer.trace.values import Exception_

OF_ITS_OWN = frozenset(
    {"argument-gone", "base-lacks", "base-lacks-written", "config-value-of-own", "cuda-asked"}
    | {"cuda-in-code", "embeddings-not-named", "model-type-newer", "model-type-removed"}
    | {"path-of-config-absent", "pickle-refused", "rope-needs-name"}
    | {"rope-scaling-always", "rope-scaling-keys", "section-is-dictionary", "type-taken-since"}
)
"""The kinds that have a test of their own below."""
SUPER = "        super().__init__(config)\n"
MIX = "        self.mix = torch.nn.Linear(config.width, config.width)\n"
REGISTER = CONFIGURATION.replace("import PretrainedConfig", "import AutoConfig, PretrainedConfig")
TAKEN = """

class TowerConfig(PretrainedConfig):
    model_type = "bert"


AutoConfig.register("bert", TowerConfig)
"""


def configured(old: str, new: str) -> dict[str, str | bytes]:
    assert old in CONFIGURATION
    return {"configuration_shell.py": CONFIGURATION.replace(old, new)}


def modelled(old: str, new: str) -> dict[str, str | bytes]:
    assert old in MODELING
    return {"modeling_shell.py": MODELING.replace(old, new)}


WRONG: dict[str, Wrong] = {
    "a configuration that takes no other keys": Wrong(
        configured("width=4, **kwargs", "width=4") | configured("width=4, **kwargs", "width=4"),
        "config-takes-no-rest",
        {"class": "ShellConfig", "file": "configuration_shell.py"},
        {},
    ),
    "an attribute that is a property": Wrong(
        {"modeling_shell.py": building('self.device = torch.device("cpu")')},
        "sets-property",
        {"name": "device", "class": "ShellModel"},
        {"modeling_shell.py": building('self.place = torch.device("cpu")')},
    ),
    "an own property": Wrong(
        {
            "modeling_shell.py": building("self.wide = 3")
            + "\n    @property\n    def wide(self):\n        return self.config.width\n"
        },
        "sets-own-property",
        {"name": "wide"},
    ),
    "a model that is a plain module": Wrong(
        {
            "modeling_shell.py": MODELING.replace("ShellModel(PreTrainedModel)", "ShellModel(torch.nn.Module)")
            .replace("super().__init__(config)", "super().__init__()")
            .replace("        self.post_init()\n", "")
        },
        "not-pretrained",
        {"class": "ShellModel", "base": "Module", "file": "modeling_shell.py"},
    ),
    "parts before the base": Wrong(
        modelled(SUPER + MIX, MIX + SUPER),
        "base-built-too-late",
        {"class": "ShellModel", "statement": MIX.strip(), "at": 12},
        {},
    ),
    "no base at all": Wrong(modelled(SUPER, ""), "base-never-built", {"class": "ShellModel"}),
    "a dictionary of config.json": Wrong(
        {"modeling_shell.py": building("self.tall = config.vision.height")}
        | configured("        self.width = width\n", "        self.width = width\n        self.vision = {}\n"),
        None,
    ),
    "a package's name that is gone": Wrong(
        model("import numpy\n\nRATE = numpy.float(1)"),
        "package-name-gone",
        {"thing": "numpy.float", "package": "numpy", "instead": "float", "line": 4},
        model("RATE = float(1)"),
    ),
    "a package's module that is gone": Wrong(
        model("from torch._six import inf"), "package-name-gone", {"thing": "torch._six", "package": "torch"}
    ),
    "a name that the standard library lacks": Wrong(
        model("import collections\n\nKIND = collections.Mapping"),
        "package-name-absent",
        {"thing": "collections.Mapping", "instead": "collections.abc.Mapping"},
        model("import collections.abc\n\nKIND = collections.abc.Mapping"),
    ),
    "an attention table": Wrong(
        {
            "modeling_shell.py": importing('MIXERS = {"eager": torch.nn.Linear}')
            .replace("self.mix = torch.nn.Linear", "self.mix = MIXERS[config._attn_implementation]")
            .replace("    config_class", "    _supports_sdpa = True\n    config_class")
        },
        "attention-not-in-table",
        {"implementation": "sdpa", "table": "MIXERS", "names": ["eager"], "name": "eager"},
    ),
    "a model type of the library's": Wrong(
        {"configuration_shell.py": REGISTER + TAKEN},
        "type-taken",
        {"model_type": "bert", "file": "configuration_shell.py"},
    ),
    "a path of the author's": Wrong(
        {
            "modeling_shell.py": building('AutoConfig.from_pretrained("/nowhere/models/tower")').replace(
                "import PreTrainedModel", "import AutoConfig, PreTrainedModel"
            )
        },
        "path-of-code-absent",
        {"path": "/nowhere/models/tower", "file": "modeling_shell.py"},
    ),
    "a file of the hub": Wrong(
        {
            "modeling_shell.py": importing("from huggingface_hub import hf_hub_download").replace(
                "        self.post_init()",
                '        hf_hub_download("harbour/tables", "table.bin")\n        self.post_init()',
            )
        },
        "file-of-hub-absent",
        {"repository": "harbour/tables", "name": "table.bin", "file": "modeling_shell.py"},
    ),
    "another model type": Wrong(
        {"configuration_shell.py": f'{REGISTER}\n\nAutoConfig.register("conch", ShellConfig)\n'},
        "type-registered-differs",
        {"own": "shell", "given": "conch"},
        {"configuration_shell.py": f'{REGISTER}\n\nAutoConfig.register("shell", ShellConfig, exist_ok=True)\n'},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, loads: Loads, tmp_path: Path) -> None:
    wrong = WRONG[name]
    with load_of(loads, tmp_path / "dir", wrong.files) as trace:
        causes = diagnose(trace).causes
    if wrong.kind is None:
        assert [one.kind for one in causes] != ["section-is-dictionary"]
        return
    assert [(one.kind, one.certainty) for one in causes] == [(wrong.kind, "certain")]
    assert wrong.values.items() <= causes[0].values.items()


@pytest.mark.parametrize("name", [name for name, wrong in WRONG.items() if wrong.mended is not None])
def test_it_loads_once_it_is_mended(name: str, loads: Loads, tmp_path: Path) -> None:
    with load_of(loads, tmp_path / "dir", WRONG[name].mended or {}) as trace:
        assert trace.outcome.status == "loaded", trace.outcome.message


def cause_of(loads: Loads, folder: Path, files: dict[str, str | bytes], options: Any = None, **config: Any) -> Any:
    with loads.trace(shell(folder, files, **config), **LOAD, **(options or {})) as trace:
        causes = diagnose(trace).causes
        assert len(causes) == 1, [one.kind for one in causes]
        return causes[0]


def test_a_section_that_stayed_a_dictionary(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"modeling_shell.py": building("self.tall = config.vision_config.height")}
    cause = cause_of(loads, tmp_path / "dir", files, vision_config={"height": 3})
    assert (cause.kind, cause.certainty) == ("section-is-dictionary", "certain")
    assert cause.values["section"], cause.values["name"] == ("vision_config", "height")


def test_a_dictionary_of_the_codes_own(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"modeling_shell.py": building("self.tall = dict(config.vision_config).height")}
    cause = cause_of(loads, tmp_path / "dir", files, vision_config={"height": 3})
    assert cause.kind != "section-is-dictionary"


@pytest.mark.parametrize(
    ("argument", "instead"),
    [("use_auth_token", "token"), ("use_flash_attention_2", 'attn_implementation="flash_attention_2"')],
)
@pytest.mark.skipif(OLD_LINE, reason="4.44 has these arguments")
def test_an_argument_that_is_gone(argument: str, instead: str, loads: Loads, tmp_path: Path) -> None:
    cause = cause_of(loads, tmp_path / "dir", {}, {"kwargs": {argument: True}})
    assert (cause.kind, cause.values["name"], cause.values["instead"]) == ("argument-gone", argument, instead)


def test_an_argument_of_no_release(loads: Loads, tmp_path: Path) -> None:
    assert cause_of(loads, tmp_path / "dir", {}, {"kwargs": {"pour": 1}}).kind == "unexpected-argument"


@pytest.mark.skipif(OLD_LINE, reason="5.0 changed rope_scaling")
def test_rope_scaling_that_is_always_there(loads: Loads, tmp_path: Path) -> None:
    files = {
        "configuration_shell.py": CONFIGURATION.replace("PretrainedConfig", "LlamaConfig"),
        "modeling_shell.py": building('self.kind = config.rope_scaling["type"]'),
    }
    cause = cause_of(loads, tmp_path / "dir", dict(files))
    assert (cause.kind, cause.certainty) == ("rope-scaling-always", "certain")
    files["modeling_shell.py"] = building("self.base = config.rope_theta")
    gone = cause_of(loads, tmp_path / "other", dict(files))
    assert (gone.kind, gone.values["things"]) == ("release-gone", ["LlamaConfig.rope_theta"])


@pytest.mark.skipif(OLD_LINE, reason="5.0 reads more of a configuration with rope_scaling")
def test_a_configuration_that_lacks_a_size_for_rope(loads: Loads, tmp_path: Path) -> None:
    scaling = {"rope_type": "yarn", "factor": 4.0}
    cause = cause_of(loads, tmp_path / "dir", {}, rope_theta=10000.0, rope_scaling=scaling)
    assert (cause.kind, cause.values["name"]) == ("rope-needs-name", "max_position_embeddings")
    assert cause.remedy == "name-for-rope-first"


def test_a_path_in_config_json(loads: Loads, tmp_path: Path) -> None:
    code = building("AutoConfig.from_pretrained(config.tower)")
    files: dict[str, str | bytes] = {
        "modeling_shell.py": code.replace("import PreTrainedModel", "import AutoConfig, PreTrainedModel")
    }
    cause = cause_of(loads, tmp_path / "dir", files, tower="/nowhere/models/tower")
    assert (cause.kind, cause.certainty, cause.values["key"]) == ("path-of-config-absent", "certain", "tower")


def test_a_pickle_of_other_objects(loads: Loads, tmp_path: Path) -> None:
    import argparse

    import torch

    torch.save({"options": argparse.Namespace(width=1)}, tmp_path / "table.pt")
    path = str(tmp_path / "table.pt")
    cause = cause_of(loads, tmp_path / "dir", {"modeling_shell.py": building(f"torch.load({path!r})")})
    assert (cause.kind, cause.certainty) == ("pickle-refused", "certain")


BERT = """
from transformers import BertConfig, BertModel


class ShellModel(BertModel):
    config_class = ShellConfig

    def __init__(self, config):
        super().__init__(config)
        {line}
        self.post_init()

    def take(self):
        return 1, 2
"""


@pytest.mark.parametrize(
    ("line", "kind", "written"),
    [
        ("self._prepare_for_dreams()", "base-lacks", None),
        ("self._prepare_for_dreams()", "base-lacks-written", "4.31.0"),
        ("self.take_all = None; self.take_all()", None, None),
        ("one, two, three = self.take()", None, None),
        ("one, two, three = self.get_input_embeddings(), 1", None, None),
    ],
)
def test_a_method_that_the_base_lacks(
    line: str, kind: str | None, written: str | None, loads: Loads, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "configuration_shell.py": CONFIGURATION.replace("PretrainedConfig", "BertConfig").replace(
            "super().__init__(", "super().__init__(hidden_size=4, num_attention_heads=1, num_hidden_layers=1, "
        ),
        "modeling_shell.py": "from .configuration_shell import ShellConfig\n" + BERT.format(line=line),
    }
    with loads.trace(shell(tmp_path / "dir", files, transformers_version=written), **LOAD) as trace:
        causes = diagnose(trace).causes
    claims = ("base-lacks", "base-lacks-written", "returns-another-count", "release-gone")
    kinds = [one.kind for one in causes if one.kind in claims]
    assert kinds == ([kind] if kind is not None else [])
    assert all(one.certainty == "likely" for one in causes if one.kind.startswith("base-lacks"))


def test_a_class_of_another_type(loads: Loads, tmp_path: Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Qwen2Config(vocab_size=16, num_key_value_heads=2, **sizes)
    Qwen2ForCausalLM(config).save_pretrained(tmp_path / "dir")
    script = tmp_path / "script.py"
    for class_, expected in (("LlamaForCausalLM", ["class-of-another-type"]), ("Qwen2ForCausalLM", [])):
        script.write_text(f"from transformers import {class_}\n{class_}.from_pretrained({str(tmp_path / 'dir')!r})\n")
        with open_trace(loads.record_anew(work="script", script=[str(script)]).path) as trace:
            found = diagnose(trace)
        assert [one.kind for one in found.surprises if one.kind == "class-of-another-type"] == expected
        if expected:
            told = next(one for one in found.surprises if one.kind == "class-of-another-type")
            assert told.values["architecture"] == "Qwen2ForCausalLM"
            assert any(name.endswith("q_proj.bias") for name in told.values["names"])


@pytest.mark.parametrize("last", [True, False])
def test_a_key_that_is_a_property(last: bool, loads: Loads, tmp_path: Path) -> None:
    """A configuration with a property is fine as long as config.json does not set it."""
    code = f"{CONFIGURATION}\n    @property\n    def depth(self):\n        return 1\n"
    files: dict[str, str | bytes] = {"configuration_shell.py": code}
    if not last:
        with loads.trace(shell(tmp_path / "dir", files), **LOAD) as trace:
            assert trace.outcome.status == "loaded"
        return
    cause = cause_of(loads, tmp_path / "dir", files, depth=1)
    assert (cause.kind, cause.certainty, cause.values["name"]) == ("property-given-in-json", "certain", "depth")
    assert cause.values["files"] == ["config.json"]


@pytest.mark.skipif(OLD_LINE, reason="5.x checks the kinds of values")
def test_a_value_that_an_own_class_inherits_the_check_of(loads: Loads, tmp_path: Path) -> None:
    code = 'from transformers import LlamaConfig\n\n\nclass ShellConfig(LlamaConfig):\n    model_type = "shell"\n'
    cause = cause_of(loads, tmp_path / "dir", {"configuration_shell.py": code}, hidden_size="64")
    assert (cause.kind, cause.values["class"]) == ("config-value-of-own", "ShellConfig")


@pytest.mark.skipif(OLD_LINE, reason="5.0 changed rope_scaling")
def test_keys_that_rope_scaling_no_longer_has(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "configuration_shell.py": CONFIGURATION.replace("PretrainedConfig", "LlamaConfig"),
        "modeling_shell.py": building('self.kind = config.rope_scaling["type"]'),
    }
    cause = cause_of(loads, tmp_path / "dir", files, rope_scaling={"rope_type": "linear", "factor": 2.0})
    assert (cause.kind, cause.certainty) == ("rope-scaling-keys", "likely")


@pytest.mark.skipif(OLD_LINE, reason="4.44 does not have the type")
def test_a_model_type_that_the_library_has_by_now(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"configuration_shell.py": REGISTER + TAKEN.replace("bert", "aimv2")}
    cause = cause_of(loads, tmp_path / "dir", files)
    assert (cause.kind, cause.values["model_type"], cause.values["since"]) == ("type-taken-since", "aimv2", "4.54")


def test_a_gpu_that_the_call_asks_for(loads: Loads, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    weights = as_safetensors({"mix.weight": (4, 4), "mix.bias": (4,)})
    folder = shell(tmp_path / "dir", {"model.safetensors": weights})
    with loads.trace(folder, tokenizer=False, forward=False, kwargs={"device_map": "cuda"}) as trace:
        (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.certainty, cause.values["given"]) == ("cuda-asked", "certain", 'device_map="cuda"')


REMOTE = "<modules-cache>/transformers_modules/own/modeling_own.py"
MADE = {
    "saved-on-cuda": (
        "RuntimeError",
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False.",
        'self.table = torch.load("table.pt")',
    ),
    "attention-not-in-some-table": ("KeyError", "'sdpa'", "self.mix = MIXERS[config._attn_implementation](4)"),
    "returns-another-count": (
        "ValueError",
        "not enough values to unpack (expected 3, got 2)",
        "hidden, weights, cache = self.attention(hidden)",
    ),
    "returns-more": (
        "ValueError",
        "too many values to unpack (expected 2)",
        "hidden, weights = super().forward(hidden)",
    ),
    "cache-as-tuple": ("TypeError", "'DynamicCache' object is not subscriptable", "length = cache[0][0].shape[2]"),
    "download-fails": ("LocalEntryNotFoundError", "no network", 'path = snapshot_download("harbour/tables")'),
}
OTHERWISE = {
    "a key of another table": ("KeyError", "'sdpa'", "self.mix = MIXERS[config.kind](4)"),
    "a value of the own code": ("ValueError", "too many values to unpack (expected 2)", "one, two = config.pair"),
    "another class": ("TypeError", "'Pair' object is not subscriptable", "length = cache[0]"),
    "an own cache": ("TypeError", "'OwnCache' object is not subscriptable", "length = cache[0]"),
}


def told(tmp_path: Path, error: str, message: str, statement: str) -> list[str]:
    """Return the kinds of causes of a load that failed at a statement of own code, after it had called the library."""
    of = "huggingface_hub.errors" if error.startswith("Local") else "builtins"
    name = error if of == "builtins" else f"{of}.{error}"
    code = f"def use(self):\n    {statement}\n"
    failure = {"error": name, "message": message, "traceback": [[REMOTE, 2, "Own.use", statement]], "chained": []}
    raised = made.step(1, kind="raise", event="raise", value=0, line=2, data={"traceback": []})
    records = [
        made.meta_record(releases={"transformers": "5.23.0", "torch": "2.13.0"}, asked="<model>", failure=failure),
        made.source_record(path=REMOTE, text=code),
        made.frame_record_of(0, module="transformers_modules.own.modeling_own", function="Own.use"),
        made.frame_record_of(1, module="transformers.models.bert.modeling_bert", function="Layer.forward", parent=0),
        made.value_record(0, Exception_(error, of, message)),
        made.step_record(made.step(0, kind="call", event="call")),
        made.step_record(raised),
        made.step_record(made.step(2, kind="unwind", event="unwind", value=0, line=2)),
        made.end_record(status="failed", error=name, message=message, step=1),
    ]
    with open_trace(made.sealed(tmp_path, records)) as trace:
        return [cause.kind for cause in diagnose(trace).causes]


@pytest.mark.parametrize("kind", MADE)
def test_what_is_said_of_a_made_trace(kind: str, tmp_path: Path) -> None:
    assert told(tmp_path, *MADE[kind]) == [kind]


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_not_said(name: str, tmp_path: Path) -> None:
    assert told(tmp_path, *OTHERWISE[name]) == ["own-code-failed"]


NEWER, REMOVED = ("qwen3", "4.51"), ("nezha", "4.57")


def test_a_model_type_of_another_release(loads: Loads, tmp_path: Path) -> None:
    model_type, release = NEWER if OLD_LINE else REMOVED
    cause = cause_of(loads, tmp_path / "dir", {}, model_type=model_type, auto_map={})
    assert cause.kind == ("model-type-newer" if OLD_LINE else "model-type-removed")
    assert cause.values["since" if OLD_LINE else "until"] == release


SCRIPTS = {
    "a gone auto class": ("from transformers import AutoModelForVision2Seq\n", "release-gone"),
    "a gone method": (
        "from transformers import BertTokenizer\nBertTokenizer.batch_encode_plus\n",
        "release-gone",
    ),
    "no such name": ("from transformers import AutoModelForDreams\n", "script-failed"),
    "another gone name": ("import numpy\nnumpy.float\n", "package-name-gone"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script(name: str, loads: Loads, tmp_path: Path) -> None:
    code, kind = SCRIPTS[name]
    if OLD_LINE and kind == "release-gone":
        pytest.skip("4.44 has it")
    script = tmp_path / "script.py"
    script.write_text(f"import transformers\n{code}")
    recorded = loads.record_anew(work="script", script=[str(script)])
    with open_trace(recorded.path) as trace:
        causes = diagnose(trace).causes
    assert [one.kind for one in causes] == [kind]


def test_a_gpu_that_is_not_there(loads: Loads, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    files: dict[str, str | bytes] = {
        "modeling_shell.py": building('self.place = torch.ones(1, device="cpu").cuda() if width else None').replace(
            "if width else None", ""
        )
    }
    cause = cause_of(loads, tmp_path / "dir", files)
    assert (cause.kind, cause.certainty) == ("cuda-in-code", "certain")
    assert "cuda()" in cause.values["statement"]


def test_embeddings_that_no_method_names(loads: Loads, tmp_path: Path) -> None:
    folder = shell(tmp_path / "dir")
    script = tmp_path / "script.py"
    script.write_text(
        "from transformers import AutoConfig, AutoModel\n"
        f"config = AutoConfig.from_pretrained({str(folder)!r}, trust_remote_code=True)\n"
        "model = AutoModel.from_config(config, trust_remote_code=True)\n"
        "model.resize_token_embeddings(40)\n"
    )
    recorded = loads.record_anew(work="script", script=[str(script)])
    with open_trace(recorded.path) as trace:
        found = diagnose(trace)
    kinds = [one.kind for one in found.causes]
    assert kinds == ["embeddings-not-named"] or kinds == ["script-failed"]
