"""The conditions in transformers that decide how a load goes, and what each outcome means.

A condition is identified by its function, its text, the first line of what it guards and the values it was asked with,
never by a line number, so that one row serves every release that still asks the same. A row for another release is
added next to it. A row has to be exact, because its meaning is shown as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_MODEL, AUTO_TOKENIZER, MODEL_LOADER
from tracer.trace import values as v

Variable: TypeAlias = "Callable[[str], v.Value | None]"
"""Looks up a local variable as it was when a decision was made; None where that is not recorded."""
Wanted: TypeAlias = "Callable[[v.Value | None], bool]"


class TurningPoint(NamedTuple):
    """A condition that matters.

    Attributes:
        function: a pattern for the function's qualified name, whole or from one of its dots on.
        asks: a pattern to be found in the condition; for a ``try``, in the ``except`` clause that ran.
        means: the meaning of each outcome, as a key of :mod:`tracer.views.decisions`; an outcome that is missing
            here does not matter.
        guards: a pattern for the start of the first line in the branch; for a ``try``, of the first line that it tries.
        where: what variables must hold, even if the condition does not name them.
        of_user: a variable that must hold one of the user's arguments, or its name.
        counts: variables whose values make it another decision, such as the file that is looked for.
        names: variables that the sentence names and the condition does not.
    """

    function: str
    asks: str
    means: Mapping[str, str]
    guards: str = ""
    where: Mapping[str, Wanted] = {}
    of_user: str = ""
    counts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


_NO: Final = {"else": "", "elif": "", "after": ""}


def _otherwise(meaning: str) -> dict[str, str]:
    """Give every outcome of a false condition the same meaning."""
    return dict.fromkeys(_NO, meaning)


def _is(wanted: bool | None) -> Wanted:
    return lambda value: isinstance(value, v.Plain) and value.value is wanted


def _some(value: v.Value | None) -> bool:
    """Return whether a value is recorded and is not None."""
    return value is not None and not _is(None)(value)


def _auto(value: v.Value | None) -> bool:
    return isinstance(value, v.Text) and value.value == "auto"


def _one_dtype(value: v.Value | None) -> bool:
    """Return whether a value is one dtype or its name; not "auto", and not a dtype for each part of the model."""
    return isinstance(value, (v.Named, v.Text)) and not _auto(value)


_P = TurningPoint
_MODEL: Final = re.escape(AUTO_MODEL)
_CONFIG: Final = re.escape(AUTO_CONFIG)
_TOKENIZER: Final = re.escape(AUTO_TOKENIZER)
_LOAD: Final = re.escape(MODEL_LOADER)
_GET_CONFIG: Final = r"Pre[tT]rainedConfig\._get_config_dict"
_FROM_DICT: Final = r"Pre[tT]rainedConfig\.from_dict"
_TRUST: Final = "resolve_trust_remote_code"
_GET_MODULE: Final = "get_cached_module_file"
_NO_FILE: Final = r"^except (EnvironmentError|OSError)$"
_CAN_GENERATE: Final = r"^model\.can_generate\(\) and "

TURNING_POINTS: Final = (
    # the adapter
    _P(_MODEL, r"^is_peft_available\(\)$", _otherwise("peft-missing")),
    _P(_MODEL, r"^maybe_adapter_path is not None$", {"then": "adapter-found", **_otherwise("adapter-none")}),
    _P(
        _MODEL,
        r"^not os\.path\.exists\(.*CONFIG_NAME",
        {"then": "adapter-base", **_otherwise("adapter-own-model")},
        r"pretrained_model_name_or_path = adapter_config\[",
    ),
    _P(_LOAD, r"^_adapter_model_path is not None$", {"then": "adapter-loaded"}),
    # the configuration
    _P(_MODEL, r"^not isinstance\(config, Pre\w+\)$", {"then": "config-to-read", **_otherwise("config-given")}),
    _P(_MODEL, r"^kwargs\.get\(.(torch_)?dtype.*== .auto.$", {"then": "dtype-auto-aside"}),
    _P(_MODEL, r"^kwargs\.get\(.quantization_config.* is not None$", {"then": "quantization-aside"}),
    _P(_MODEL, r"^kwargs_orig\.get\(.(torch_)?dtype", {"then": "dtype-put-back"}),
    _P(_GET_CONFIG, r"^is_local$", {"then": "config-local", **_otherwise("config-cached")}),
    _P(_GET_CONFIG, _NO_FILE, {"except": "config-not-found"}, r"resolved_config_file = cached_file\("),
    _P(_GET_CONFIG, r"JSONDecodeError", {"except": "config-not-json"}, r"if gguf_file:|config_dict = "),
    _P(_CONFIG, r"^has_remote_code and trust_remote_code", {"then": "config-remote", **_otherwise("config-library")}),
    _P(_CONFIG, r'^"model_type" in config_dict$', {"then": "config-by-type", **_otherwise("config-no-type")}),
    _P(_CONFIG, r"^except KeyError$", {"except": "config-type-unknown"}, r"config_class = CONFIG_MAPPING\["),
    _P(_CONFIG, r"^pattern in str\(pretrained_model_name_or_path\)$", {"then": "config-by-name"}),
    _P(
        _FROM_DICT,
        r"^hasattr\(config, key\)$",
        {"then": "became-attribute", **_otherwise("no-attribute")},
        of_user="key",
    ),
    _P(_FROM_DICT, r"^return_unused_kwargs$", {"then": "unused-kwargs"}),
    # trust
    _P(
        _TRUST,
        r"^has_remote_code and not has_local_code and not trust_remote_code$",
        _otherwise("trust-allowed"),
        where={"has_remote_code": _is(True), "has_local_code": _is(False), "trust_remote_code": _is(True)},
    ),
    _P(_TRUST, r"^has_remote_code and not has_local_code and not trust_remote_code$", {"then": "trust-refused"}),
    _P(_TRUST, r"^trust_remote_code is None$", {"then": "trust-not-said"}, where={"has_remote_code": _is(True)}),
    # the dynamic class
    _P(
        "get_class_from_dynamic_module",
        r'^"--" in class_reference$',
        {"then": "code-elsewhere", **_otherwise("code-here")},
    ),
    _P(
        _GET_MODULE,
        r"^not \(submodule_path / module_file\)\.exists",
        {"then": "code-copied", **_otherwise("code-cached")},
        counts=("module_file",),
    ),
    _P(_GET_MODULE, r"^for (module_needed|source_file) in", {"entered": "code-imports"}, counts=("module_file",)),
    _P(
        _GET_MODULE,
        _NO_FILE,
        {"except": "code-not-found"},
        r"resolved_module_file = cached_file\(",
        counts=("module_file",),
    ),
    _P("check_imports", r"^len\(missing_packages\) > 0$", {"then": "packages-missing", **_otherwise("packages-there")}),
    _P("get_class_in_module", r"^module is None$", {"then": "module-run"}),
    _P("get_class_in_module", r"__transformers_module_hash__", {"then": "module-run", **_otherwise("module-kept")}),
    # the model class
    _P(_MODEL, r"^has_remote_code and trust_remote_code", {"then": "model-remote", **_otherwise("model-not-remote")}),
    _P(
        _MODEL,
        r"^(has_local_code|type\(config\) in cls\._model_mapping(\.keys\(\))?)$",
        {"then": "model-library", **_otherwise("model-unknown")},
        r"model_class = _get_model_class\(",
    ),
    _P(_MODEL, r"^not has_local_code$", {"then": "model-registered"}, r"cls\.register\("),
    # building it
    _P(_LOAD, r"^not isinstance\(config, Pre\w+\)$", {"then": "config-to-read", **_otherwise("config-handed-on")}),
    # up to 4.49 from_pretrained itself determines the dtype
    _P(
        _LOAD,
        r"^torch_dtype is not None$",
        {"then": "dtype-given"},
        r"if isinstance\(torch_dtype, str\)",
        {"torch_dtype": _one_dtype},
        of_user="torch_dtype",
    ),
    _P(
        _LOAD,
        r"^torch_dtype is not None$",
        {"then": "dtype-auto-given"},
        r"if isinstance\(torch_dtype, str\)",
        {"torch_dtype": _auto},
    ),
    _P(_LOAD, r"^torch_dtype is not None$", _otherwise("dtype-default"), r"if isinstance\(torch_dtype, str\)"),
    # from 5 on there is always one
    _P(_LOAD, r"^dtype is None$", {"then": "dtype-auto"}, r'dtype = "auto"'),
    _P(
        _LOAD,
        r"^dtype is None$",
        _otherwise("dtype-given"),
        r'dtype = "auto"',
        {"dtype": _one_dtype},
        of_user="dtype",
    ),
    _P(_LOAD, r"^dtype is None$", _otherwise("dtype-auto-given"), r'dtype = "auto"', {"dtype": _auto}),
    _P(
        _LOAD,
        r"^device_map is not None$",
        {"then": "device-map", **_otherwise("device-map-none")},
        r"device_map_kwargs = \{|device_map = _get_device_map\(",
    ),
    _P(
        _LOAD,
        r"^low_cpu_mem_usage$",
        {"then": "memory-low", **_otherwise("memory-plain")},
        r"init_contexts\.append\(|if not is_accelerate_available\(\)",
    ),
    _P(
        _LOAD,
        r"^hf_quantizer is not None$",
        {"then": "quantized", **_otherwise("quantized-not")},
        r"hf_quantizer\.preprocess_model\(",
    ),
    _P(_LOAD, r"isfile\(.*[( ]SAFE_WEIGHTS_INDEX_NAME", {"then": "weights-shards"}, r"archive_file = "),
    _P(_LOAD, r"isfile\(.*[( ]SAFE_WEIGHTS_NAME", {"then": "weights-one-file"}, r"archive_file = "),
    _P(_LOAD, r"isfile\(.*[( ]WEIGHTS_(INDEX_)?NAME", {"then": "weights-pickled"}, r"archive_file = "),
    _P(_LOAD, r"^is_sharded$", {"then": "weights-by-shard"}, r"resolved_archive_file, sharded_metadata = "),
    # generation: 4.44 asks only the first, later 4.x both, 5 the third
    _P(
        _LOAD,
        _CAN_GENERATE + r"pretrained_model_name_or_path is not None$",
        {"then": "can-generate", **_otherwise("cannot-generate")},
        where={"pretrained_model_name_or_path": _some},
    ),
    _P(_LOAD, _CAN_GENERATE + r"generation_config is not None$", {"then": "generation-config-given"}),
    _P(
        _LOAD,
        _CAN_GENERATE + r"generation_config is not None$",
        _otherwise("cannot-generate"),
        where={"generation_config": _some},
    ),
    _P(
        _LOAD,
        _CAN_GENERATE + r"hasattr\(model, .adjust_generation_fn.\)",
        {"then": "can-generate"},
        where={"generation_config": _is(None), "pretrained_model_name_or_path": _some},
    ),
    _P(
        _LOAD,
        _CAN_GENERATE + r"hasattr\(model, .adjust_generation_fn.\)",
        {"then": "generation-config-given"},
        where={"generation_config": _some},
    ),
    _P(_LOAD, _CAN_GENERATE + r"hasattr\(model, .adjust_generation_fn.\)", _otherwise("generation-config-not-asked")),
    _P(
        _LOAD,
        _NO_FILE,
        {"except": "generation-config-none"},
        r"model\.generation_config = GenerationConfig\.from_pretrained\(",
    ),
    # the tokenizer
    _P(_TOKENIZER, r'^"auto_map" in tokenizer_config$', {"then": "tokenizer-own", **_otherwise("tokenizer-not-own")}),
    _P(_TOKENIZER, r"^(use_fast and )?tokenizer_auto_map\[1\] is not None$", {"then": "tokenizer-fast"}),
    _P(_TOKENIZER, r"^tokenizer_auto_map\[1\] is not None$", _otherwise("tokenizer-slow")),
    _P(
        _TOKENIZER,
        r"^use_fast and tokenizer_auto_map\[1\] is not None$",
        _otherwise("tokenizer-slow"),
        where={"use_fast": _is(True)},
    ),
    _P(_TOKENIZER, r"^has_remote_code and trust_remote_code", {"then": "tokenizer-remote"}),
    _P(_TOKENIZER, r"^(config_tokenizer_class|tokenizer_config_class) is not None$", {"then": "tokenizer-named"}),
    # files
    _P(
        "cached_files?", r"^not os\.path\.isfile\(resolved_file\)$", {"then": "file-missing"}, counts=("resolved_file",)
    ),
)

MINOR: Final = frozenset(
    {
        "file-missing",
        "code-cached",
        "module-kept",
        "packages-there",
        "config-handed-on",
        "config-local",
        "code-here",
        "unused-kwargs",
    }
)
"""Meanings that are dropped first if a load has more turning points than a short list can hold."""

_LIBRARY: Final = "<transformers>/"


class _Row(NamedTuple):
    point: TurningPoint
    function: re.Pattern[str]
    asks: re.Pattern[str]
    guards: re.Pattern[str]


_ROWS: Final = [
    _Row(point, re.compile(rf"(?:.+\.)?(?:{point.function})"), re.compile(point.asks), re.compile(point.guards))
    for point in TURNING_POINTS
]


def turning_point(decision: Decision, variable: Variable) -> tuple[TurningPoint, str] | None:
    """Return the row of a decision and the meaning of its outcome; None if there is no such row."""
    if not decision.path.startswith(_LIBRARY):
        return None
    asked = decision.taken if decision.kind == "try" else decision.condition
    for point, function, asks, guards in _ROWS:
        if (
            decision.outcome in point.means
            and decision.kind != "conditional"  # the value of a variable does not determine how a load goes
            and asks.search(asked)
            and function.fullmatch(decision.function)
            and guards.match(decision.guards)
            and (decision.kind != "loop" or decision.ended == "exhausted")  # its iterations count as one
            and all(wanted(decision.names.get(name) or variable(name)) for name, wanted in point.where.items())
        ):
            return point, point.means[decision.outcome]
    return None
