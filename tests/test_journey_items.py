"""Every item of the journey, 1 to 9, read from recorded traces of real loads.

The journey is that of GLM-4V's fine-tuning script. What the two lines of transformers have in common is stated once;
where they differ, `by_line` has both. An item whose alternatives exclude each other (found and absent, three ways to a
class) needs several loads; the tests of an item are together under its number.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.generator import load_generator
from tests.support.loads import MAIN_CALL, Loads
from tests.support.reading import OLD_LINE, Call, Reading, by_line, is_secret

BFLOAT16 = {"is": "named", "type": "torch.dtype", "text": "torch.bfloat16"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB_ID = "glm-trace/tiny"
TOKEN = "hf_PlantedTokenThatNoTraceMayHold"

AUTO_MODEL = "_BaseAutoModelClass.from_pretrained"
AUTO_CONFIG = "AutoConfig.from_pretrained"
CONFIG_CLASS = by_line("PretrainedConfig", "PreTrainedConfig")

Read = Callable[..., Reading]


@pytest.fixture(scope="module")
def read(loads: Loads) -> Read:
    """Record a load of the model only, and read it."""

    def reading(model: Path | str, **options: Any) -> Reading:
        return Reading(loads.trace(model, **{"tokenizer": False, **options}))

    return reading


@pytest.fixture(scope="module")
def main(read: Read, fixtures: Path) -> Reading:
    """The main call: glm-4v-tiny, as the fine-tuning script loads it."""
    return read(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The generator of the small fixtures."""
    return load_generator()


@pytest.fixture(scope="module")
def script(folder: Path, read: Read) -> Callable[[str, str], Reading]:
    """Record a script that calls the library in ways for which `glm-trace load` has no option."""

    def recorded(name: str, text: str, *args: Path) -> Reading:
        path = folder / f"{name}.py"
        path.write_text(f"import sys\n{text}", encoding="utf-8")
        return read("", work="script", script=[str(path), *map(str, args)])

    return recorded


@pytest.fixture(scope="module")
def from_hub(read: Read, folder: Path, fixtures: Path) -> Reading:
    """Load glm-4v-tiny as a repository in a hub cache, with every hub argument except `subfolder`."""
    repository = folder / "hub" / "models--glm-trace--tiny"
    shutil.copytree(fixtures / "glm-4v-tiny", repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    hub = {
        "cache_dir": str(folder / "hub"), "force_download": False, "local_files_only": True, "proxies": {},
        "revision": "main", "token": TOKEN, **by_line({"resume_download": None}, {}),
    }  # fmt: skip
    return read(HUB_ID, kwargs={**hub, **MAIN_CALL}, auto_class="AutoModelForCausalLM")


# ── 1 · Arguments of from_pretrained ────────────────────────────────────────────────────────────────


def test_1_only_the_path_is_named_and_the_rest_is_kwargs(main: Reading) -> None:
    call = main.call(AUTO_MODEL)
    assert call.frame.parent is None
    assert call.arguments == {
        "cls": {"is": "class", "module": "transformers.models.auto.modeling_auto", "name": "AutoModelForCausalLM"},
        "pretrained_model_name_or_path": "<model>",
        "model_args": {"is": "sequence", "type": "tuple", "length": 0, "items": []},
        "kwargs": {"trust_remote_code": True, "empty_init": False, "use_cache": False, "torch_dtype": BFLOAT16},
    }


def test_1_config_is_taken_out_and_from_auto_put_in(main: Reading) -> None:
    call = main.call(AUTO_MODEL)
    assert call.after('config = kwargs.pop("config", None)')["config"] is None
    trust = call.after("trust_remote_code = kwargs.")
    assert trust["trust_remote_code"] is True
    assert ("trust_remote_code" in trust["kwargs"]) is by_line(False, True)
    assert "_from_auto" not in call.before('kwargs["_from_auto"] = True')["kwargs"]
    assert call.after('kwargs["_from_auto"] = True')["kwargs"]["_from_auto"] is True


def test_1_hub_arguments_are_split_off(main: Reading, from_hub: Reading) -> None:
    both = ["cache_dir", "force_download", "local_files_only", "proxies", "revision", "subfolder", "token"]
    split = "hub_kwargs = {name"

    call = main.call(AUTO_MODEL)
    assert call.after("hub_kwargs_names = [")["hub_kwargs_names"] == by_line(
        [*both[:4], "resume_download", *both[4:6], "use_auth_token", "token"], both
    )
    assert call.after(split)["hub_kwargs"] == {}

    call = from_hub.call(AUTO_MODEL)
    before, after = call.before(split), call.after(split)
    hub = after["hub_kwargs"]
    assert {*hub} == {*both} - {"subfolder"} | by_line({"resume_download"}, set())
    assert hub["cache_dir"].endswith("/hub")
    assert [hub["force_download"], hub["local_files_only"], hub["proxies"]] == [False, True, {}]
    assert hub["revision"] == "main"
    assert is_secret(hub["token"])
    assert {*before["kwargs"]} - {*after["kwargs"]} == {*hub}
    assert TOKEN.encode() not in from_hub.trace.path.read_bytes()


# ── 2 · Where the config file is ────────────────────────────────────────────────────────────────────


def test_2_the_file_that_answered(main: Reading) -> None:
    call = main.call(AUTO_MODEL)
    looked_up = main.call("cached_file")
    assert looked_up.arguments["filename"] == "config.json"
    assert looked_up.result == "<model>/config.json"
    assert looked_up.steps[-1].kind == "file-resolved"
    assert looked_up.steps[-1].data == {"name": "config.json", "in": "<model>", "path": "<model>/config.json"}
    if OLD_LINE:
        assert looked_up.frame.parent == call.frame.number
        assert call.after("resolved_config_file = cached_file(")["resolved_config_file"] == "<model>/config.json"
    else:  # the auto class no longer requests the file itself
        assert looked_up.caller.frame.function == "PreTrainedConfig._get_config_dict"
        found = looked_up.caller.after("resolved_config_file = cached_file(")
        assert found["resolved_config_file"] == "<model>/config.json"


def test_2_a_directory_has_no_commit(main: Reading) -> None:
    if OLD_LINE:
        hashed = main.call("extract_commit_hash")
        assert hashed.arguments == {"resolved_file": "<model>/config.json", "commit_hash": None}
        assert main.call(AUTO_MODEL).after("commit_hash = extract_commit_hash")["commit_hash"] is None
    else:
        hashed = main.call("resolve_revision")
        assert hashed.arguments["path_or_repo_id"] == "<model>"
        assert main.call(AUTO_MODEL).after('hub_kwargs["revision"] = ')["hub_kwargs"] == {"revision": None}
    assert hashed.result is None
    assert not main.kinds("commit-resolved")


def test_2_a_repository_is_read_at_one_commit(from_hub: Reading) -> None:
    first = from_hub.kinds("commit-resolved")[0]
    assert first.data == {"commit": COMMIT}
    assert first.frame is not None
    assert from_hub.frames[first.frame].function == by_line("extract_commit_hash", "resolve_revision")
    assert {step.data["commit"] for step in from_hub.kinds("commit-resolved")} == {COMMIT}
    call, config = from_hub.call(AUTO_MODEL), from_hub.call(AUTO_CONFIG)
    if OLD_LINE:
        assert call.after("commit_hash = extract_commit_hash")["commit_hash"] == COMMIT
        assert config.arguments["kwargs"]["_commit_hash"] == COMMIT
    else:
        assert call.after('hub_kwargs["revision"] = ')["hub_kwargs"]["revision"] == "main"
        assert config.arguments["kwargs"]["revision"] == "main"
    [path] = {step.data["path"] for step in from_hub.kinds("file-resolved", name="config.json")}
    assert path.endswith(f"/hub/models--glm-trace--tiny/snapshots/{COMMIT}/config.json")


def test_2_a_branch_of_a_directory_is_no_commit(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "bert-tiny", kwargs={"revision": "main"})
    assert not reading.kinds("commit-resolved")


def test_2_a_config_object_of_the_caller_skips_it(script: Any, fixtures: Path) -> None:
    reading = script(
        "own_config",
        "from transformers import AutoModel, BertConfig\n"
        "config = BertConfig.from_pretrained(sys.argv[1])\n"
        "AutoModel.from_pretrained(sys.argv[1], config=config)\n",
        fixtures / "bert-tiny",
    )
    call = reading.call(AUTO_MODEL)
    taken = call.after('config = kwargs.pop("config", None)')
    assert call.arguments["kwargs"]["config"]["type"].endswith(".BertConfig")
    assert taken["config"]["type"].endswith(".BertConfig")
    assert "config" not in taken["kwargs"]
    assert not call.inner(AUTO_CONFIG)
    assert not call.ran("kwargs_orig = copy.deepcopy(kwargs)")
    if OLD_LINE:
        assert call.ran('commit_hash = getattr(config, "_commit_hash", None)')
        assert not call.ran("resolved_config_file = cached_file(")


# ── 3 · Adapter look-up ─────────────────────────────────────────────────────────────────────────────


def test_3_no_adapter(main: Reading) -> None:
    call = main.call(AUTO_MODEL)
    looked_up = call.inner("find_adapter_config_file")[0]
    assert looked_up.arguments["model_id"] == "<model>"
    assert looked_up.steps[-1].kind == "adapter-absent"
    assert looked_up.steps[-1].data == {"in": "<model>"}
    assert call.after("maybe_adapter_path = find_adapter_config_file(")["maybe_adapter_path"] is None
    assert call.before("kwargs_orig = ")["adapter_kwargs"] == by_line({}, {"revision": None})
    assert not call.ran('adapter_kwargs["_adapter_model_path"] =')


def test_3_an_adapter_takes_the_load_to_its_base(read: Read, fixtures: Path) -> None:
    adapter = fixtures / "glm-4v-tiny-lora"
    reading = read(adapter, cwd=str(adapter))
    assert reading.trace.outcome.status == "loaded"
    call = reading.call(AUTO_MODEL)
    assert call.arguments["pretrained_model_name_or_path"] == "<model>"
    found = call.after("maybe_adapter_path = find_adapter_config_file(")
    assert found["maybe_adapter_path"] == "<model>/adapter_config.json"
    assert reading.kinds("adapter-found")[0].data == {"in": "<model>", "path": "<model>/adapter_config.json"}
    read_in = call.after("adapter_config = json.load(f)")["adapter_config"]
    assert read_in == json.loads((adapter / "adapter_config.json").read_text())
    kept = call.after('adapter_kwargs["_adapter_model_path"] =')["adapter_kwargs"]
    assert kept["_adapter_model_path"] == "<model>"
    base = call.after('pretrained_model_name_or_path = adapter_config["base_model_name_or_path"]')
    assert base["pretrained_model_name_or_path"] == "../glm-4v-tiny"
    assert reading.call(AUTO_CONFIG).arguments["pretrained_model_name_or_path"] == "../glm-4v-tiny"
    model = reading.call("PreTrainedModel.from_pretrained")
    assert model.arguments["pretrained_model_name_or_path"] == "../glm-4v-tiny"
    assert model.arguments["kwargs"]["adapter_kwargs"]["_adapter_model_path"] == "<model>"


def test_3_an_adapter_with_a_config_of_its_own(read: Read, make: ModuleType, fixtures: Path, folder: Path) -> None:
    """On 4.44 the path becomes the base's nevertheless; 5.x keeps the directory."""
    model = shutil.copytree(fixtures / "bert-tiny", folder / "with-adapter")
    make.write_lora(model, base=str(fixtures / "distilbert-without-model-type"))
    reading = read(model, auto_class="AutoModel", stop_after="config")
    call = reading.call(AUTO_MODEL)
    override = 'pretrained_model_name_or_path = adapter_config["base_model_name_or_path"]'
    assert call.ran(override) is by_line(True, False)
    given = reading.call(AUTO_CONFIG).arguments["pretrained_model_name_or_path"]
    if OLD_LINE:
        assert given.endswith("/distilbert-without-model-type")
    else:
        assert given == "<model>"
        assert call.ran("if not os.path.exists(pretrained_model_name_or_path) or not os.path.exists(")
    assert call.before("kwargs_orig = ")["adapter_kwargs"]["_adapter_model_path"] == "<model>"


# ── 4 · Getting the config ──────────────────────────────────────────────────────────────────────────


def test_4_kwargs_orig_is_a_copy(main: Reading) -> None:
    call = main.call(AUTO_MODEL)
    kept = call.after("kwargs_orig = copy.deepcopy(kwargs)")
    assert kept["kwargs_orig"] == kept["kwargs"]
    assert kept["kwargs_orig"] == {
        **by_line({}, {"trust_remote_code": True}),
        "empty_init": False, "use_cache": False, "torch_dtype": BFLOAT16, "_from_auto": True,
    }  # fmt: skip
    after = call.after("config, kwargs = AutoConfig.from_pretrained(")
    assert after["kwargs_orig"] == kept["kwargs_orig"]
    assert {*after["kwargs"]} == by_line({"empty_init", "torch_dtype"}, {"empty_init"})


def test_4_auto_config_is_asked_for_the_unused_arguments(main: Reading) -> None:
    call = main.call(AUTO_CONFIG)
    assert call.caller.frame.function == AUTO_MODEL
    assert call.arguments["pretrained_model_name_or_path"] == "<model>"
    assert call.arguments["kwargs"] == {
        "return_unused_kwargs": True, "trust_remote_code": True, "code_revision": None, "_from_auto": True,
        "empty_init": False, "use_cache": False, "torch_dtype": BFLOAT16,
        **by_line({"_commit_hash": None}, {"revision": None}),
    }  # fmt: skip
    config, unused = call.result["items"]
    after = call.caller.after("config, kwargs = AutoConfig.from_pretrained(")
    assert after["config"] == config
    assert after["kwargs"] == unused


def test_4_a_concrete_dtype_is_put_back(main: Reading) -> None:
    """On 4.44 it was never removed: `from_dict` leaves torch_dtype among the unused arguments."""
    call = main.call(AUTO_MODEL)
    assert call.ran('kwargs["torch_dtype"] = kwargs_orig["torch_dtype"]') is by_line(False, True)
    assert call.before("has_remote_code = ")["kwargs"]["torch_dtype"] == BFLOAT16


@pytest.mark.parametrize("name", by_line(["torch_dtype"], ["torch_dtype", "dtype"]))
def test_4_auto_dtype_is_taken_out_and_put_back(name: str, read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "bert-tiny", kwargs={name: "auto"}, stop_after="dynamic-class")
    call = reading.call(AUTO_MODEL)
    assert call.after("kwargs_orig = ")["kwargs_orig"][name] == "auto"
    assert name not in call.after(f'_ = kwargs.pop("{name}")')["kwargs"]
    assert name not in reading.call(AUTO_CONFIG).arguments["kwargs"]
    assert name not in call.after("config, kwargs = AutoConfig.from_pretrained(")["kwargs"]
    put_back = by_line(f'kwargs["{name}"] = "auto"', f'kwargs["{name}"] = kwargs_orig["{name}"]')
    assert call.after(put_back)["kwargs"][name] == "auto"


def test_4_a_quantization_config_is_taken_out_and_put_back(read: Read, fixtures: Path) -> None:
    given = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    kwargs = {"quantization_config": given}
    reading = read(fixtures / "bert-tiny", kwargs=kwargs, stop_after="dynamic-class")
    call = reading.call(AUTO_MODEL)
    assert call.after("kwargs_orig = ")["kwargs_orig"]["quantization_config"] == given
    assert "quantization_config" not in call.after('_ = kwargs.pop("quantization_config")')["kwargs"]
    assert "quantization_config" not in reading.call(AUTO_CONFIG).arguments["kwargs"]
    put_back = call.after('kwargs["quantization_config"] = kwargs_orig["quantization_config"]')
    assert put_back["kwargs"]["quantization_config"] == given


# ── 5 · AutoConfig.from_pretrained ──────────────────────────────────────────────────────────────────


AUTH_SCRIPT = f"""
from transformers import AutoConfig
AutoConfig.from_pretrained(sys.argv[1], use_auth_token={TOKEN!r}, return_unused_kwargs=True)
try:
    AutoConfig.from_pretrained(sys.argv[1], use_auth_token={TOKEN!r}, token={TOKEN!r})
except ValueError as error:
    print(error)
"""


def test_5_use_auth_token(script: Any, fixtures: Path) -> None:
    """On 4.44 it becomes `token`, and both at once are an error; 5.x does not know it. Its value is never recorded."""
    reading = script("auth", AUTH_SCRIPT, fixtures / "bert-tiny")
    alone, both = reading.calls(AUTO_CONFIG)
    assert is_secret(alone.arguments["kwargs"]["use_auth_token"])
    if OLD_LINE:
        taken = alone.after('use_auth_token = kwargs.pop("use_auth_token", None)')
        assert is_secret(taken["use_auth_token"])
        assert "use_auth_token" not in taken["kwargs"]
        assert is_secret(alone.after('kwargs["token"] = use_auth_token')["kwargs"]["token"])
        assert is_secret(alone.inner("get_config_dict")[0].arguments["kwargs"]["token"])
        assert reading.kinds("warning", category="FutureWarning")
        [error] = both.raised
        assert error["type"] == "ValueError"
        assert "`token` and `use_auth_token` are both specified" in error["message"]
        assert both.steps[-1].event == "unwind"
        assert any("both specified" in step.data["text"] for step in reading.kinds("output"))
    else:
        assert is_secret(alone.result["items"][1]["use_auth_token"])
        assert not both.raised
    assert TOKEN.encode() not in reading.trace.path.read_bytes()


def test_5_what_is_put_in_and_taken_out(main: Reading) -> None:
    call = main.call(AUTO_CONFIG)
    assert call.after('kwargs["_from_auto"] = True')["kwargs"]["_from_auto"] is True
    assert call.after('kwargs["name_or_path"] =')["kwargs"]["name_or_path"] == "<model>"
    trust = call.after('trust_remote_code = kwargs.pop("trust_remote_code", None)')
    assert trust["trust_remote_code"] is True
    assert "trust_remote_code" not in trust["kwargs"]
    revision = call.after('code_revision = kwargs.pop("code_revision", None)')
    assert revision["code_revision"] is None
    assert "code_revision" not in revision["kwargs"]


def test_5_config_dict_and_unused_kwargs(main: Reading, fixtures: Path) -> None:
    call = main.call(AUTO_CONFIG)
    after = call.after("config_dict, unused_kwargs = ")
    on_disk = json.loads((fixtures / "glm-4v-tiny" / "config.json").read_text(encoding="utf-8"))
    assert after["config_dict"] == {**on_disk, **by_line({"_commit_hash": None}, {})}
    assert after["unused_kwargs"] == {
        "return_unused_kwargs": True, "empty_init": False, "use_cache": False, "torch_dtype": BFLOAT16,
        "name_or_path": "<model>",
    }  # fmt: skip
    told = main.kinds("config-read")[0]
    assert told.data["keys"] == [*after["config_dict"]]
    assert told.data["unused"] == [*after["unused_kwargs"]]
    assert told.data["model_type"] == "chatglm"


def test_5_the_three_booleans(main: Reading) -> None:
    call = main.call(AUTO_CONFIG)
    before = call.before("if has_remote_code and trust_remote_code")
    names = ("has_remote_code", "has_local_code", "trust_remote_code")
    assert [before[name] for name in names] == [True, False, True]
    asked = call.inner("resolve_trust_remote_code")[0]
    assert asked.steps[-1].data == {
        "has_local_code": False, "has_remote_code": True, "given": True, "decision": True,
    }  # fmt: skip
    if not OLD_LINE:
        assert before["explicit_local_code"] is False


def test_5_the_booleans_of_a_built_in_class(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "bert-tiny")
    before = reading.call(AUTO_CONFIG).before("if has_remote_code and trust_remote_code")
    names = ("has_remote_code", "has_local_code", "trust_remote_code")
    assert [before[name] for name in names] == [False, True, True]
    # 5.x checks only if there is remote code.
    assert bool(reading.call(AUTO_CONFIG).inner("resolve_trust_remote_code")) is by_line(True, False)


OWN_CLASS_SCRIPT = f"""
from transformers import AutoConfig, {CONFIG_CLASS}
class MyConfig({CONFIG_CLASS}):
    model_type = "chatglm"
AutoConfig.register("chatglm", MyConfig)
AutoConfig.from_pretrained(sys.argv[1], trust_remote_code=True)
"""


def test_5_a_class_that_the_user_registered(script: Any, fixtures: Path) -> None:
    """On 5.x it takes precedence over the remote code (`explicit_local_code`); 4.44 ignores the origin of a class."""
    reading = script("own_class", OWN_CLASS_SCRIPT, fixtures / "glm-4v-tiny")
    assert reading.only("class-registered", how="for loading") == {
        "class": "__main__.MyConfig", "with": "AutoConfig", "how": "for loading", "config": "chatglm",
    }  # fmt: skip
    call = reading.call(AUTO_CONFIG)
    before = call.before("if has_remote_code and trust_remote_code")
    assert before["has_remote_code"] is before["has_local_code"] is True
    if not OLD_LINE:
        assert before["explicit_local_code"] is True
    assert call.ran("config_class = get_class_from_dynamic_module(") is by_line(True, False)
    name = by_line("transformers_modules.glm-4v-tiny.configuration_chatglm.ChatGLMConfig", "__main__.MyConfig")
    assert call.result["type"] == name


def test_5_first_way_auto_map(main: Reading) -> None:
    call = main.call(AUTO_CONFIG)
    assert call.after('class_ref = config_dict["auto_map"]["AutoConfig"]')["class_ref"] == (
        "configuration_chatglm.ChatGLMConfig"
    )
    made = call.after("config_class = get_class_from_dynamic_module(")["config_class"]
    assert made["name"] == "ChatGLMConfig"
    assert made["module"].startswith("transformers_modules.")
    assert not call.ran("config_class = CONFIG_MAPPING[")


def test_5_second_way_config_mapping(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "bert-tiny")
    call = reading.call(AUTO_CONFIG)
    made = call.after('config_class = CONFIG_MAPPING[config_dict["model_type"]]')["config_class"]
    assert made == {"is": "class", "module": "transformers.models.bert.configuration_bert", "name": "BertConfig"}
    config, model = (step.data for step in reading.kinds("class-resolved"))
    assert config == {
        "way": "mapping", "key": "bert", "class": "transformers.models.bert.configuration_bert.BertConfig",
    }  # fmt: skip
    assert model == {
        "way": "mapping", "key": config["class"], "class": "transformers.models.bert.modeling_bert.BertModel",
    }  # fmt: skip


def test_5_second_way_with_an_unknown_type(read: Read, fixtures: Path) -> None:
    call = read(fixtures / "broken" / "unknown-model-type").call(AUTO_CONFIG)
    key_error, value_error = call.raised
    assert (key_error["type"], key_error["message"]) == ("KeyError", "'glm-trace-unknown'")
    assert value_error["type"] == "ValueError"
    assert value_error["message"].startswith(
        "The checkpoint you are trying to load has model type `glm-trace-unknown` but Transformers does not recognize"
    )
    assert call.steps[-1].event == "unwind"


def test_5_third_way_the_name(read: Read, fixtures: Path) -> None:
    """On 4.44 it is the longest name that is part of the path; 5.x has removed this."""
    reading = read(fixtures / "distilbert-without-model-type", auto_class="AutoModel")
    call = reading.call(AUTO_CONFIG)
    assert "model_type" not in call.after("config_dict, unused_kwargs = ")["config_dict"]
    if OLD_LINE:
        tried = [moment for moment in call.moments if "if pattern in str(" in moment.text]
        assert len(tried) > 1
        lengths = [len(moment.variables["pattern"]) for moment in tried]
        assert lengths == sorted(lengths, reverse=True)
        assert call.before("return CONFIG_MAPPING[pattern]")["pattern"] == "distilbert"
        assert reading.only("class-resolved", way="name-pattern") == {
            "way": "name-pattern", "key": "distilbert",
            "class": "transformers.models.distilbert.configuration_distilbert.DistilBertConfig",
        }  # fmt: skip
    else:
        [error] = call.raised
        assert error["type"] == "ValueError"
        assert error["message"] == ("Unrecognized model in <model>. Should have a `model_type` key in its config.json.")


def test_5_no_way_at_all(read: Read, fixtures: Path, folder: Path) -> None:
    """Without a type or a recognized name, the error lists the recognized names (on 4.44)."""
    model = shutil.copytree(fixtures / "distilbert-without-model-type", folder / "nothing")
    [error] = read(model, auto_class="AutoModel").call(AUTO_CONFIG).raised
    assert error["type"] == "ValueError"
    assert error["message"].startswith("Unrecognized model in <model>. Should have a `model_type` key")
    assert ("contain one of the following strings in its name: albert, " in error["message"]) is by_line(True, False)


# ── 6 · get_config_dict ─────────────────────────────────────────────────────────────────────────────


def test_6_hub_arguments_are_taken_out_one_by_one(from_hub: Reading) -> None:
    call = from_hub.call(AUTO_CONFIG).inner("_get_config_dict")[0]
    taken = {}
    for name in ("cache_dir", "force_download", "proxies", "token", "local_files_only", "revision", "subfolder"):
        before, after = call.before(f'{name} = kwargs.pop("{name}"'), call.after(f'{name} = kwargs.pop("{name}"')
        gone = {*before["kwargs"]} - {*after["kwargs"]}
        assert gone == ({name} if name != "subfolder" else set())
        taken[name] = after[name]
    assert is_secret(taken.pop("token"))
    assert taken.pop("cache_dir").endswith("/hub")
    assert taken == {
        "force_download": False, "proxies": {}, "local_files_only": True, "revision": "main", "subfolder": "",
    }  # fmt: skip
    assert call.after("from_auto_class = kwargs.pop(")["from_auto_class"] is True
    assert {*call.result["items"][1]} == {
        "return_unused_kwargs", "empty_init", "use_cache", "torch_dtype", "name_or_path",
    }  # fmt: skip


def test_6_subfolder(read: Read, fixtures: Path, folder: Path) -> None:
    shutil.copytree(fixtures / "bert-tiny", folder / "outer" / "inner")
    reading = read(folder / "outer", auto_class="AutoModel", kwargs={"subfolder": "inner"})
    assert reading.trace.outcome.status == "loaded"
    assert reading.call(AUTO_MODEL).after("hub_kwargs = {name")["hub_kwargs"] == {"subfolder": "inner"}
    call = reading.call(AUTO_CONFIG).inner("_get_config_dict")[0]
    assert call.after("subfolder = kwargs.pop(")["subfolder"] == "inner"
    found = call.after("resolved_config_file = cached_file(")
    assert found["resolved_config_file"] == "<model>/inner/config.json"


def test_6_the_json_is_read(main: Reading, fixtures: Path) -> None:
    call = main.call(AUTO_CONFIG).inner("_dict_from_json_file")[0]
    assert call.arguments["json_file"] == "<model>/config.json"
    assert call.result == json.loads((fixtures / "glm-4v-tiny" / "config.json").read_text(encoding="utf-8"))
    assert call.steps[-1].kind == "json-read"
    assert call.steps[-1].data == {"path": "<model>/config.json", "keys": [*call.result]}


def test_6_invalid_json_is_an_error_that_names_the_file(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "broken" / "not-json")
    call = reading.call("_get_config_dict")
    decoding, told = call.raised
    assert decoding["type"] == "JSONDecodeError"
    assert told["type"] == "OSError"
    assert told["message"] == "It looks like the config file at '<model>/config.json' is not a valid JSON file."


# ── 7 · The dynamic class ───────────────────────────────────────────────────────────────────────────


def test_7_the_reference_is_split(main: Reading) -> None:
    call = main.call(AUTO_CONFIG).inner("get_class_from_dynamic_module")[0]
    assert call.arguments["class_reference"] == "configuration_chatglm.ChatGLMConfig"
    assert call.arguments["pretrained_model_name_or_path"] == "<model>"
    split = call.after('module_file, class_name = class_reference.split(".")')
    assert split["module_file"] == "configuration_chatglm"
    assert split["class_name"] == "ChatGLMConfig"
    assert split["repo_id"] == "<model>"
    copied = call.after("final_module = get_cached_module_file(")["final_module"]
    assert copied.endswith("/configuration_chatglm.py")


def module_folder(name: str, call: Call) -> str:
    """Return the folder for a local directory's module: on 5.x below a hash of its sources."""
    if OLD_LINE:
        return f"transformers_modules/{name}"
    digest = call.inner("get_cached_module_file")[0].moments[-1].variables["local_source_files_hash"]
    return f"transformers_modules/{name.replace('-', '_hyphen_')}/{digest}"


def test_7_the_file_is_copied_and_the_class_taken_from_it(main: Reading) -> None:
    call = main.call(AUTO_CONFIG).inner("get_class_from_dynamic_module")[0]
    place = module_folder("glm-4v-tiny", call)
    final = call.before("return get_class_in_module(")["final_module"]
    assert final == f"{place}/configuration_chatglm.py"

    copied = call.inner("get_cached_module_file")[0]
    assert copied.arguments["module_file"] == "configuration_chatglm.py"
    assert copied.result == final
    assert copied.steps[-1].kind == "module-copied"
    assert copied.steps[-1].data == {
        "from": "<model>/configuration_chatglm.py", "into": f"<modules-cache>/{place}", "module": final,
    }  # fmt: skip

    imported = call.inner("get_class_in_module")[0]
    assert imported.arguments["class_name"] == "ChatGLMConfig"
    assert imported.arguments["module_path"] == final
    assert imported.steps[-1].kind == "module-imported"
    module = f"{place}/configuration_chatglm".replace("/", ".")
    assert imported.steps[-1].data == {"module": module, "class": f"{module}.ChatGLMConfig"}
    assert imported.result == {"is": "class", "module": module, "name": "ChatGLMConfig"}

    assert call.steps[-1].kind == "class-resolved"
    assert call.steps[-1].data == {
        "way": "remote", "reference": "configuration_chatglm.ChatGLMConfig", "repository": "<model>",
        "module_file": "configuration_chatglm", "class_name": "ChatGLMConfig", "final_module": final,
        "class": f"{module}.ChatGLMConfig", "referrer": None,
    }  # fmt: skip


def test_7_imports_are_checked_and_what_is_relative_is_copied_too(main: Reading) -> None:
    checked = main.only("imports-checked", file="<model>/modeling_chatglm.py")
    assert {"torch", "transformers"} <= {*checked["packages"]}
    assert checked["missing"] == []
    assert checked["relative"] == ["configuration_chatglm", "visual"]
    calls = main.calls("get_cached_module_file")
    [call] = [one for one in calls if one.arguments["module_file"] == "modeling_chatglm.py"]
    needed = [moment.variables["module_needed"] for moment in call.moments if "module_needed" in moment.variables]
    names = {value if isinstance(value, str) else value["text"] for value in needed}
    assert {"visual.py", "configuration_chatglm.py"} <= names


def test_7_a_missing_package_is_named(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "broken" / "missing-package")
    checked = reading.only("imports-checked", file="<model>/modeling_broken.py")
    assert checked["missing"] == ["glm_trace_absent_package"]
    call = reading.calls("check_imports")[-1]
    assert [error["type"] for error in call.raised] == ["ModuleNotFoundError", "ImportError"]


def test_7_another_repository(read: Read, make: ModuleType, folder: Path) -> None:
    """`repo--module.Class`: the code comes from the repository, the weights do not."""
    code, model = folder / "code", folder / "model"
    make.write_broken("exits", code, repaired=True)
    make.write_broken("exits", model, repaired=True)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {name: f"{code}--{reference}" for name, reference in config["auto_map"].items()}
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for file in model.glob("*.py"):
        file.unlink()
    reading = read(model, auto_class="AutoModel")
    assert reading.trace.outcome.status == "loaded"
    call = reading.call("get_class_from_dynamic_module")
    there = call.after('repo_id, class_reference = class_reference.split("--")')
    assert there["repo_id"].endswith("/code")
    assert there["class_reference"] == "configuration_broken.BrokenConfig"
    assert call.arguments["class_reference"] == f"{there['repo_id']}--{there['class_reference']}"
    assert not call.ran("repo_id = pretrained_model_name_or_path")
    assert call.inner("get_cached_module_file")[0].arguments["pretrained_model_name_or_path"] == there["repo_id"]
    if not OLD_LINE:
        config, model = reading.calls("resolve_trust_remote_code")
        # AutoConfig passes it in the position of error_message: a bug in transformers.
        assert config.arguments["error_message"] == there["repo_id"]
        assert config.arguments["upstream_repo"] is None
        assert model.arguments["upstream_repo"] == there["repo_id"]
        assert "references custom code contained in" in model.after("error_message = (")["error_message"]
    told = [step.data for step in reading.kinds("class-resolved")]
    assert [data["repository"] for data in told] == [there["repo_id"]] * 2


def test_7_a_module_of_a_repository(from_hub: Reading) -> None:
    call = from_hub.call(AUTO_CONFIG).inner("get_class_from_dynamic_module")[0]
    # 4.44 writes the repository into auto_map when it reads a config from the hub.
    prefix = by_line(f"{HUB_ID}--", "")
    assert call.arguments["class_reference"] == f"{prefix}configuration_chatglm.ChatGLMConfig"
    assert call.before("return get_class_in_module(")["repo_id"] == HUB_ID
    final = call.before("return get_class_in_module(")["final_module"]
    assert final == f"transformers_modules/{by_line(HUB_ID, 'glm_hyphen_trace/tiny')}/{COMMIT}/configuration_chatglm.py"


def test_7_registered_for_its_auto_class(main: Reading, from_hub: Reading) -> None:
    call = main.call(f"{CONFIG_CLASS}.register_for_auto_class")
    assert call.arguments["cls"]["name"] == "ChatGLMConfig"
    assert call.arguments["auto_class"] == "AutoConfig"
    assert call.steps[-1].kind == "class-registered"
    assert call.steps[-1].data["with"] == "AutoConfig"
    assert call.steps[-1].data["how"] == "for saving"
    # On 4.44 only for local directories, on 5.x always.
    assert bool(from_hub.calls(f"{CONFIG_CLASS}.register_for_auto_class")) is by_line(False, True)


# ── 8 · ChatGLMConfig ───────────────────────────────────────────────────────────────────────────────

DEFAULTS = {
    "num_layers": 28, "padded_vocab_size": 65024, "hidden_size": 4096, "ffn_hidden_size": 13696, "kv_channels": 128,
    "num_attention_heads": 32, "seq_length": 2048, "hidden_dropout": 0.0, "classifier_dropout": None,
    "attention_dropout": 0.0, "layernorm_epsilon": 1e-5, "rmsnorm": True,
    "apply_residual_connection_post_layernorm": False, "post_layer_norm": True, "add_bias_linear": False,
    "add_qkv_bias": False, "bias_dropout_fusion": True, "multi_query_attention": False, "multi_query_group_num": 1,
    "rope_ratio": 1, "apply_query_key_layer_scaling": True, "attention_softmax_in_fp32": True,
    "fp32_residual_connection": False, "pre_seq_len": None, "prefix_projection": False, "boi_token_id": None,
    "eoi_token_id": None,
}  # fmt: skip
"""The 27 named arguments of ChatGLMConfig with their defaults."""


def test_8_the_27_arguments_and_the_rest(main: Reading, fixtures: Path) -> None:
    assert len(DEFAULTS) == 27
    on_disk = json.loads((fixtures / "glm-4v-tiny" / "config.json").read_text(encoding="utf-8"))
    call = main.call("ChatGLMConfig.__init__")
    assert call.frame.module.endswith(".configuration_chatglm")
    given = dict(call.arguments)
    assert given.pop("self") == {"is": "config", "type": given_type(call), "length": 0, "items": {}}
    rest = given.pop("kwargs")
    assert [*given] == [*DEFAULTS]
    assert given == {name: on_disk.get(name, default) for name, default in DEFAULTS.items()}
    added = by_line({"_commit_hash": None, "attn_implementation": None}, {"name_or_path": "<model>"})
    dtype = by_line({}, {"torch_dtype": BFLOAT16})
    others = {name: value for name, value in on_disk.items() if name not in DEFAULTS}
    assert rest == {**others, **added, **dtype}


def given_type(call: Call) -> str:
    return f"{call.frame.module}.ChatGLMConfig"


def test_8_every_attribute_that_the_constructor_sets(main: Reading) -> None:
    call = main.call("ChatGLMConfig.__init__")
    for name in DEFAULTS:
        items = call.after(f"self.{name} = {name}")["self"]["items"]
        # num_hidden_layers is num_layers under another name; every other attribute is its own.
        assert items[name] == call.arguments[name]
    inner = call.inner(by_line("PretrainedConfig.__init__", "PreTrainedConfig.__post_init__"))[0]
    assert inner.frame.parent == call.frame.number
    assert inner.arguments["kwargs"]["vision_config"]["num_positions"] == 17


def test_8_from_dict_which_arguments_become_attributes(main: Reading) -> None:
    call = main.call(f"{CONFIG_CLASS}.from_dict")
    assert call.arguments["cls"]["name"] == "ChatGLMConfig"
    assert call.arguments["kwargs"]["use_cache"] is False
    config, unused = call.result["items"]
    # The file says use_cache: true; the caller's False wins, and torch_dtype becomes an attribute.
    assert call.arguments["config_dict"]["use_cache"] is True
    assert config["items"]["use_cache"] is False
    assert config["items"][by_line("torch_dtype", "dtype")] == BFLOAT16
    assert unused == {"empty_init": False, **by_line({"torch_dtype": BFLOAT16}, {})}
    assert "empty_init" not in config["items"]

    told = main.kinds("config-built")[0].data
    assert told["class"] == config["type"]
    assert told["unused"] == [*unused]
    assert "use_cache" in told["taken"]


# ── 9 · The model class ─────────────────────────────────────────────────────────────────────────────

GENERATION, CLASSIFICATION = "ChatGLMForConditionalGeneration", "ChatGLMForSequenceClassification"
MODEL_CLASSES = {
    "AutoModel": GENERATION,
    "AutoModelForCausalLM": GENERATION,
    "AutoModelForSeq2SeqLM": GENERATION,
    "AutoModelForSequenceClassification": CLASSIFICATION,
}


@pytest.mark.parametrize("auto_class", MODEL_CLASSES)
def test_9_the_model_class_by_the_auto_class(auto_class: str, read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL, auto_class=auto_class, stop_after="dynamic-class")
    assert reading.trace.outcome.status == "stopped"
    call = reading.call(AUTO_MODEL)
    assert call.arguments["cls"]["name"] == auto_class
    before = call.before("if has_remote_code and trust_remote_code")
    assert [before[name] for name in ("has_remote_code", "has_local_code", "trust_remote_code")] == [True, False, True]
    if not OLD_LINE:
        assert before["explicit_local_code"] is False
        assert before["upstream_repo"] is None
    name = MODEL_CLASSES[auto_class]
    assert call.after("class_ref = config.auto_map[cls.__name__]")["class_ref"] == f"modeling_chatglm.{name}"

    resolved = call.inner("get_class_from_dynamic_module")[-1]
    assert resolved.frame.parent == call.frame.number
    place = module_folder("glm-4v-tiny", resolved)
    assert resolved.steps[-1].data == {
        "way": "remote", "reference": f"modeling_chatglm.{name}", "repository": "<model>",
        "module_file": "modeling_chatglm", "class_name": name, "final_module": f"{place}/modeling_chatglm.py",
        "class": f"{place}/modeling_chatglm.{name}".replace("/", "."), "referrer": None,
    }  # fmt: skip
    assert call.after("model_class = get_class_from_dynamic_module(")["model_class"]["name"] == name

    saving = reading.only("class-registered", how="for saving", **{"with": auto_class})
    assert saving["class"].endswith(f".{name}")
    loading = reading.kinds("class-registered", how="for loading")
    if OLD_LINE:
        assert not loading
    else:
        assert loading[0].data["with"] == f"transformers.models.auto.modeling_auto.{auto_class}"
        assert loading[0].data["config"].endswith(".ChatGLMConfig")


def test_9_auto_config_alone(read: Read, fixtures: Path) -> None:
    reading = read(fixtures / "glm-4v-tiny", auto_class="AutoConfig")
    assert reading.trace.outcome.status == "loaded"
    assert reading.trace.outcome.result.endswith(".configuration_chatglm.ChatGLMConfig")
    assert not reading.calls(AUTO_MODEL)
    assert reading.call(AUTO_CONFIG).frame.parent is None


def test_9_the_model_is_loaded_with_what_is_left(main: Reading) -> None:
    call = main.call("PreTrainedModel.from_pretrained")
    assert call.caller.frame.function == AUTO_MODEL
    assert call.arguments["cls"]["name"] == GENERATION
    assert call.arguments["config"]["type"].endswith(".ChatGLMConfig")
    assert call.arguments["kwargs"]["empty_init"] is False
    assert "use_cache" not in call.arguments["kwargs"]
    assert call.before("model = cls(config,")["model_kwargs"] == {"empty_init": False}
    assert call.steps[-1].kind == "model-loaded"
    assert call.steps[-1].data["class"] == main.trace.outcome.result
    if not OLD_LINE:
        assert call.caller.ran("model_class = add_generation_mixin_to_remote_model(model_class)")


def test_the_whole_journey_is_in_order(main: Reading) -> None:
    """The nine items are in order in the trace."""
    kinds = [step.kind for step in main.steps if step.kind in ORDER]
    firsts = [kinds.index(kind) for kind in ORDER]
    assert firsts == sorted(firsts)


ORDER = by_line(
    (
        "file-resolved", "adapter-absent", "json-read", "config-read", "trust-asked", "imports-checked",
        "module-copied", "module-imported", "class-resolved", "class-registered", "config-built", "model-loaded",
    ),
    (
        "adapter-absent", "file-resolved", "json-read", "config-read", "trust-asked", "imports-checked",
        "module-copied", "module-imported", "class-resolved", "class-registered", "config-built", "model-loaded",
    ),
)  # fmt: skip
