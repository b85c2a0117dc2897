"""The conditions of the library that decide about the way of a load, and what each outcome means.

A condition is named by the end of its function's name and a piece of its text, never by a line, so that one row serves
every release that still asks the same. A row for another release simply stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tracer.replay.decision import Decision
from tracer.trace.values import Plain


class TurningPoint(NamedTuple):
    """A condition that matters.

    Attributes:
        function: the end of the function's qualified name.
        asks: a pattern to be found in the condition; for a ``try``, in the ``except`` clause that ran.
        means: what an outcome means, as a key of :mod:`tracer.export.decisions_words`; an outcome that is not in here
            does not matter.
        where: values that names of the condition must have.
        skips: how the first line that was skipped begins, where the condition alone is not enough.
        of_user: a name that must hold the name of an argument of the user's.
        counts: names whose values make it another decision, such as the file that is looked for.
    """

    function: str
    asks: str
    means: Mapping[str, str]
    where: Mapping[str, Any] = {}
    skips: str = ""
    of_user: str = ""
    counts: tuple[str, ...] = ()


_NO: Final = {"else": "", "elif": "", "after": ""}


def _otherwise(meaning: str) -> dict[str, str]:
    """The condition did not hold, whatever the code then went on with."""
    return dict.fromkeys(_NO, meaning)


_P = TurningPoint
_MODEL: Final = "BaseAutoModelClass.from_pretrained"
_CONFIG: Final = "AutoConfig.from_pretrained"
_TOKENIZER: Final = "AutoTokenizer.from_pretrained"
_LOAD: Final = "reTrainedModel.from_pretrained"
_GET_CONFIG: Final = "_get_config_dict"

TURNING_POINTS: Final = (
    # the adapter
    _P(_MODEL, r"^is_peft_available\(\)$", _otherwise("peft-missing")),
    _P(_MODEL, r"maybe_adapter_path is not None", {"then": "adapter-found", **_otherwise("adapter-none")}),
    _P(_MODEL, r"not os\.path\.exists\(.*CONFIG_NAME", {"then": "adapter-base", **_otherwise("adapter-own-model")}),
    _P(_LOAD, r"^_adapter_model_path is not None$", {"then": "adapter-loaded"}),
    # the configuration
    _P(_MODEL, r"not isinstance\(config, Pre", {"then": "config-to-read", **_otherwise("config-given")}),
    _P(_MODEL, r"^kwargs\.get\(.(torch_)?dtype.*== .auto.$", {"then": "dtype-auto-aside"}),
    _P(_MODEL, r"^kwargs\.get\(.quantization_config", {"then": "quantization-aside"}),
    _P(_MODEL, r"^kwargs_orig\.get\(.(torch_)?dtype", {"then": "dtype-put-back"}),
    _P(_GET_CONFIG, r"^is_local$", {"then": "config-local", **_otherwise("config-cached")}),
    _P(_GET_CONFIG, r"EnvironmentError|OSError", {"except": "config-not-found"}),
    _P(_GET_CONFIG, r"JSONDecodeError", {"except": "config-not-json"}),
    _P(_CONFIG, r"has_remote_code and trust_remote_code", {"then": "config-remote", **_otherwise("config-library")}),
    _P(_CONFIG, r'"model_type" in config_dict', {"then": "config-by-type", **_otherwise("config-no-type")}),
    _P(_CONFIG, r"except KeyError", {"except": "config-type-unknown"}),
    _P(_CONFIG, r"^pattern in str\(", {"then": "config-by-name"}),
    _P(
        "from_dict",
        r"^hasattr\(config, key\)$",
        {"then": "became-attribute", **_otherwise("no-attribute")},
        of_user="key",
    ),
    _P("from_dict", r"^return_unused_kwargs$", {"then": "unused-kwargs"}),
    # trust
    _P(
        "resolve_trust_remote_code",
        r"has_remote_code and not has_local_code",
        _otherwise("trust-allowed"),
        {"has_remote_code": True},
    ),
    _P("resolve_trust_remote_code", r"has_remote_code and not has_local_code", {"then": "trust-refused"}),
    _P("resolve_trust_remote_code", r"^trust_remote_code is None$", {"then": "trust-not-said"}),
    # the dynamic class
    _P("from_dynamic_module", r'"--" in class_ref', {"then": "code-elsewhere", **_otherwise("code-here")}),
    _P(
        "get_cached_module_file",
        r"not \(submodule_path / module_file\)\.exists",
        {"then": "code-copied", **_otherwise("code-cached")},
    ),
    _P("get_cached_module_file", r"^for (module_needed|source_file) in", {"entered": "code-imports"}),
    _P("get_cached_module_file", r"EnvironmentError|OSError", {"except": "code-not-found"}),
    _P("check_imports", r"len\(missing_packages\) > 0", {"then": "packages-missing", **_otherwise("packages-there")}),
    _P("get_class_in_module", r"^module is None$", {"then": "module-run"}),
    _P("get_class_in_module", r"__transformers_module_hash__", {"then": "module-run", **_otherwise("module-kept")}),
    # the model class
    _P(_MODEL, r"has_remote_code and trust_remote_code", {"then": "model-remote", **_otherwise("model-not-remote")}),
    _P(_MODEL, r"^(has_local_code|type\(config\) in cls\._model_mapping)", {"then": "model-library"}),
    _P(_MODEL, r"^(has_local_code|type\(config\) in cls\._model_mapping)", _otherwise("model-unknown")),
    _P(_MODEL, r"^not has_local_code$", {"then": "model-registered"}),
    # building it
    _P(_LOAD, r"^not isinstance\(config, Pre", {"then": "config-to-read", **_otherwise("config-handed-on")}),
    _P(_LOAD, r"^torch_dtype is not None$", {"then": "dtype-given"}),
    _P(_LOAD, r"^dtype is not None$", {"then": "dtype-given"}),
    _P(_LOAD, r"^torch_dtype is not None$", _otherwise("dtype-default"), skips="if isinstance(torch_dtype, str)"),
    _P(_LOAD, r"^dtype is None$", {"then": "dtype-auto"}),
    _P(_LOAD, r"^device_map is not None$", {"then": "device-map", **_otherwise("device-map-none")}),
    _P(_LOAD, r"^low_cpu_mem_usage$", {"then": "memory-low", **_otherwise("memory-plain")}),
    _P(_LOAD, r"^hf_quantizer is not None$", {"then": "quantized", **_otherwise("quantized-not")}),
    _P(_LOAD, r"isfile\(.*SAFE_WEIGHTS_INDEX_NAME", {"then": "weights-shards"}),
    _P(_LOAD, r"isfile\(.*SAFE_WEIGHTS_NAME", {"then": "weights-one-file"}),
    _P(_LOAD, r"isfile\(.*[( ]WEIGHTS_(INDEX_)?NAME", {"then": "weights-pickled"}),
    _P(_LOAD, r"^is_sharded$", {"then": "weights-by-shard"}),
    _P(_LOAD, r"^model\.can_generate\(\)", {"then": "can-generate", **_otherwise("cannot-generate")}),
    _P(_LOAD, r"EnvironmentError|OSError", {"except": "generation-config-none"}),
    # the tokenizer
    _P(_TOKENIZER, r'"auto_map" in tokenizer_config', {"then": "tokenizer-own", **_otherwise("tokenizer-not-own")}),
    _P(_TOKENIZER, r"tokenizer_auto_map\[1\] is not None", {"then": "tokenizer-fast", **_otherwise("tokenizer-slow")}),
    _P(_TOKENIZER, r"has_remote_code and trust_remote_code", {"then": "tokenizer-remote"}),
    _P(_TOKENIZER, r"^(config_)?tokenizer_(config_)?class is not None$", {"then": "tokenizer-named"}),
    # files
    _P("cached_file", r"^not os\.path\.isfile\(resolved_file\)$", {"then": "file-missing"}, counts=("resolved_file",)),
    _P("cached_files", r"^not os\.path\.isfile\(resolved_file\)$", {"then": "file-missing"}, counts=("resolved_file",)),
)

MINOR: Final = frozenset(
    {"file-missing", "module-kept", "packages-there", "config-handed-on", "config-local", "code-here", "unused-kwargs"}
)
"""Meanings that make way first, where a load has more turning points than a short list can hold."""

_COMPILED: Final = [(point, re.compile(point.asks)) for point in TURNING_POINTS]


def turning_point(decision: Decision) -> tuple[TurningPoint, str] | None:
    """The row of a decision and what its outcome means; None where it is in no row."""
    asked = decision.taken if decision.kind == "try" else decision.condition
    for point, pattern in _COMPILED:
        if (
            decision.outcome in point.means
            and decision.function.endswith(point.function)
            and pattern.search(asked)
            and (not point.skips or (decision.skipped is not None and decision.skipped.text.startswith(point.skips)))
            and all(_is(decision, name, wanted) for name, wanted in point.where.items())
        ):
            return point, point.means[decision.outcome]
    return None


def _is(decision: Decision, name: str, wanted: Any) -> bool:
    value = decision.names.get(name)
    return isinstance(value, Plain) and value.value is wanted
