"""What is known of transformers, held against the release that is installed."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import subprocess
import sys

import pytest
import transformers

from release_names import Definition
from tracer.analysis.diagnosis.argument_rules import DEFAULTS
from tracer.releases import Library, Presence, library

INSTALLED = transformers.__version__
MODULES = [
    "transformers.cache_utils",
    "transformers.configuration_utils",
    "transformers.dynamic_module_utils",
    "transformers.generation.configuration_utils",
    "transformers.generation.utils",
    "transformers.image_processing_utils",
    "transformers.modeling_attn_mask_utils",
    "transformers.modeling_outputs",
    "transformers.modeling_rope_utils",
    "transformers.modeling_utils",
    "transformers.models.auto.auto_factory",
    "transformers.models.llama.configuration_llama",
    "transformers.models.llama.modeling_llama",
    "transformers.models.qwen2_vl.modeling_qwen2_vl",
    "transformers.processing_utils",
    "transformers.pytorch_utils",
    "transformers.tokenization_utils_base",
    "transformers.utils",
    "transformers.utils.import_utils",
]
# Members that abstract classes, enumerations, named tuples and huggingface_hub's strict dataclasses get when they are made.
MADE_BY_PYTHON = {"_abc_impl", "_is_protocol", "validate", "_asdict", "_field_defaults", "_fields", "_make", "_replace"}
MADE_BY_PYTHON |= {name for name in dir(enum.Enum("Example", "ONE")) if name[0] == "_"}
MADE_BY_PYTHON |= {"_generate_next_value_", "_member_map_", "_member_names_", "_member_type_", "_new_member_"}
MADE_BY_PYTHON |= {"_unhashable_values_", "_use_args_", "_value2member_map_", "_value_repr_", "_hashable_values_"}


@pytest.fixture(scope="module")
def known() -> Library:
    return library()


def test_the_installed_release_is_known(known: Library) -> None:
    assert known.releases[known.index(INSTALLED) or 0] == ".".join(INSTALLED.split(".")[:2])


def test_the_names_of_the_package(known: Library) -> None:
    listed = {name for name in dir(transformers) if known.module(f"transformers.{name}") is None and name[0] != "_"}
    table = set(known.names_of("transformers", INSTALLED))
    assert len(listed & table) > 2_900
    # What stands in for a package that is not installed here is listed by chance.
    assert {name for name in listed - table if not name.startswith("requires")} <= {"DummyObject"}
    assert len([name for name in table - listed if known.module(f"transformers.{name}") is None]) <= 5


@pytest.mark.parametrize("module", MODULES)
def test_the_names_of_a_module(known: Library, module: str) -> None:
    if (presence := known.module(module)) is None or not known.has(presence, INSTALLED):
        pytest.skip(f"{module} is not in {INSTALLED}")
    real = importlib.import_module(module)
    table = set(known.names_of(module, INSTALLED))
    own = {name for name, value in vars(real).items() if getattr(value, "__module__", None) == module}
    assert {name for name in own - table if name[0] != "_"} == set()
    assert len([name for name in table if not hasattr(real, name)]) <= 6  # behind a condition that is false here


@pytest.mark.parametrize("module", MODULES)
def test_the_classes_and_signatures_of_a_module(known: Library, module: str) -> None:
    if (presence := known.module(module)) is None or not known.has(presence, INSTALLED):
        pytest.skip(f"{module} is not in {INSTALLED}")
    for name, value in vars(importlib.import_module(module)).items():
        if getattr(value, "__module__", None) != module:
            continue
        qualified = f"{module}.{name}"
        if (
            inspect.isfunction(value)
            and known.parameters_of(qualified, INSTALLED)
            and not hasattr(value, "__wrapped__")
        ):
            assert set(known.parameters_of(qualified, INSTALLED)) == _named(value), qualified
            assert known.takes_any(qualified, INSTALLED) == _takes_any(value), qualified
        if not inspect.isclass(value) or not known.members_of(qualified, INSTALLED):
            continue
        for member, what in vars(value).items():
            if member.startswith("__") or member in MADE_BY_PYTHON:
                continue
            assert member in known.members_of(qualified, INSTALLED), f"{qualified}.{member}"
            if inspect.isfunction(what) and what.__name__ == member and not hasattr(what, "__wrapped__"):
                assert set(known.parameters_of(f"{qualified}.{member}", INSTALLED)) == _named(what), member
                assert known.takes_any(f"{qualified}.{member}", INSTALLED) == _takes_any(what), member


def _takes_any(function: object) -> bool:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)


def _named(function: object) -> set[str]:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {one.name for one in parameters if one.kind not in kinds and one.name not in ("self", "cls")}


@pytest.mark.parametrize(
    ("module", "name", "until", "gone", "replacement"),
    [
        ("transformers.utils", "is_flash_attn_available", "4.38", "4.39", "is_flash_attn_2_available"),
        ("transformers.utils", "is_torch_fx_available", "4.57", "5.0", ""),
        ("transformers.pytorch_utils", "find_pruneable_heads_and_indices", "4.57", "5.0", ""),
        ("transformers.models.llama.modeling_llama", "LlamaFlashAttention2", "4.47", "4.48", "LlamaAttention"),
        ("transformers", "AutoModelForVision2Seq", "4.57", "5.0", "AutoModelForImageTextToText"),
        ("transformers", "deepspeed", "4.45", "4.46", "transformers.integrations"),
        ("transformers", "AutoModelForImageTextToText", None, None, None),
    ],
)
def test_names(
    known: Library, module: str, name: str, until: str | None, gone: str | None, replacement: str | None
) -> None:
    presence = known.name(module, name)
    assert presence is not None
    assert (presence.until, presence.gone, presence.replacement) == (until, gone, replacement)


def test_names_that_the_library_has_from_elsewhere_are_not_gone(known: Library) -> None:
    """Up to 5.20 Unpack was set in the module; since then the module imports it from typing."""
    presence = known.name("transformers.processing_utils", "Unpack")
    assert presence is not None
    assert known.has(presence, "5.20.2")
    assert known.has(presence, "5.23.0")


def test_configurations_without_a_constructor_have_parameters(known: Library) -> None:
    config = "transformers.models.llama.configuration_llama.LlamaConfig.__init__"
    assert {"hidden_size", "rope_parameters"} <= set(known.parameters_of(config, "5.23.0"))
    assert known.takes_any(config, "5.23.0")


def test_members_parameters_and_entries(known: Library) -> None:
    cache = "transformers.cache_utils.DynamicCache"
    seen, legacy = known.member(cache, "seen_tokens"), known.member(cache, "from_legacy_cache")
    assert seen is not None
    assert (seen.since, seen.gone, seen.replacement) == ("4.36", "4.54", "get_seq_length()")
    assert legacy is not None
    assert legacy.gone == "5.0"
    pad = known.parameter("transformers.tokenization_utils_base.PreTrainedTokenizerBase._pad", "padding_side")
    assert pad is not None
    assert (pad.since, pad.gone) == ("4.45", None)
    default = known.entry("transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS", "default")
    assert default is not None
    assert default.gone == "5.0"
    assert "inv_freq" in (default.replacement or "")


def test_a_release_counts_as_the_minor_before_it(known: Library) -> None:
    presence = Presence(since="4.45", until="4.57", gone="5.0")
    answers = {release: known.has(presence, release) for release in ("4.44.2", "4.45.0", "4.58.0.dev0", "5.0.1", "4.9")}
    assert answers == {"4.44.2": False, "4.45.0": True, "4.58.0.dev0": True, "5.0.1": False, "4.9": None}


def test_unknown_things_are_not_called_gone(known: Library) -> None:
    assert known.name("transformers", "NothingOfThisName") is None
    assert known.member("transformers.cache_utils.NoClass", "seen_tokens") is None
    assert known.module("transformers.testing_utils.nothing") is None


def test_auto_classes_of_a_model_type(known: Library) -> None:
    assert "AutoModelForVision2Seq" in known.auto_classes("llava", "4.44.2")
    assert known.auto_classes("llava", "5.23.0")["AutoModelForImageTextToText"] == "LlavaForConditionalGeneration"


def test_the_table_is_not_read_by_those_who_only_look() -> None:
    code = "import sys, tracer.cli.main, tracer.views.show, tracer.tui.player\nprint('tracer.releases.library' in sys.modules and sys.modules['tracer.releases.library'].library.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() in (
        "False",
        "0",
    )


def test_what_configurations_set_in_a_loop_is_theirs(known: Library) -> None:
    """The settings of generation, in 4.37 to 4.57."""
    config = transformers.PretrainedConfig()
    members = set(known.members_of("transformers.configuration_utils.PreTrainedConfig", INSTALLED))
    names = {*DEFAULTS} - {"use_cache"}
    assert len(names) > 40
    for name in names:
        assert (name in members) == hasattr(config, name), name
        presence = known.member("transformers.configuration_utils.PretrainedConfig", name)
        assert presence is not None
        assert (presence.since, presence.gone, presence.gaps) == (None, "5.0", False), name
        if name in members:
            assert repr(getattr(config, name)) == DEFAULTS[name]


def test_attributes_that_a_loop_sets_are_read_from_the_source() -> None:
    written = """
class Settings:
    def __init__(self, **kwargs):
        for name, value in self._defaults().items():
            setattr(self, name, kwargs.pop(name, value))
        for name, value in kwargs.items():
            setattr(self, name, value)
        for name, value in self._others().items():
            print(name, value)

    @staticmethod
    def _defaults():
        return {"size": 1, "rate": 0.5}

    def _others(self):
        return {"other": 1}
"""
    assert {"size", "rate"} == {*Definition(ast.parse(written).body[0]).members} - {"__init__", "_defaults", "_others"}


def test_parameters_in_any_release(known: Library) -> None:
    ever = known.parameters_ever("PreTrainedModel.from_pretrained")
    assert {"pretrained_model_name_or_path", "weights_only", "disable_mmap"} <= ever
    assert known.parameters_ever("Nothing.from_pretrained") == set()
