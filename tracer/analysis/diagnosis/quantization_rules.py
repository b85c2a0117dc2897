"""Rules for quantization: a method that the release does not have, whose package is absent, or that can't run here."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.config_values import Asked, asked_in_call, asked_in_config, asking
from tracer.analysis.diagnosis.dtype_rules import is_floating
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.package_rules import IMPORT_ERRORS, in_quantization, named_packages
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name
from tracer.analysis.diagnosis.remote_code_rules import packages_of
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.releases import library
from tracer.trace.events import StoredTensor, WeightsReport

SHORT_FORMS: Final = ("load_in_4bit", "load_in_8bit")
"""Arguments that transformers 4 made a BitsAndBytesConfig of."""
_ARGUMENTS: Final = ("quantization_config", *SHORT_FORMS)
# The packages of each method, for releases whose error does not name them. Where two are given, the method needs both.
_PACKAGES: Final = {
    "bitsandbytes": ["bitsandbytes"],
    "awq": ["autoawq"],
    "gptq": ["optimum", "gptqmodel"],
    "aqlm": ["aqlm"],
    "quanto": ["optimum-quanto"],
    "eetq": ["eetq"],
    "higgs": ["flute-kernel"],
    "hqq": ["hqq"],
    "compressed-tensors": ["compressed-tensors"],
    "fbgemm_fp8": ["fbgemm-gpu"],
    "torchao": ["torchao"],
    "vptq": ["vptq"],
    "spqr": ["spqr_quant"],
    "fp_quant": ["fp_quant"],
    "auto-round": ["auto-round"],
    "quark": ["amd-quark"],
    "mxfp4": ["kernels"],
    "gguf": ["gguf"],
}
# GptqHfQuantizer, FbgemmFp8HfQuantizer and others: Python's message, and theirs for what no package helps against
_NO_MODULE: Final = re.compile(r"^No module named '(?P<name>\w+)")
_WANTS_DEVICE: Final = re.compile(r"\b(?:requires?|needs?|only (?:available|supported) on) an? (?:GPU|XPU|CUDA|MPS)\b")
_NOT_BOUND: Final = ("NameError", "UnboundLocalError")


def short_form_gone(load: RecordedLoad) -> Cause | None:
    """Detect ``load_in_4bit=True`` and the like in a release that has no such argument and hands it to the model."""
    failure = load.failure
    if failure is None or failure.error != "TypeError" or load.release < (5,):
        return None
    asked = asked_in_call(load, *SHORT_FORMS)
    if asked is None or f"argument '{asked.argument}'" not in failure.text:
        return None
    values = {"given": asked.written, "name": asked.argument, "release": load.release_text}
    return Cause("short-form-gone", "certain", load.with_raised(asking(load, asked)), values, "bits-in-config")


def quantization_failed(load: RecordedLoad) -> Cause | None:
    """Detect an exception of the library's code for quantization, by what asked for it."""
    failure = load.failure
    if failure is None or not failure.origin.function.endswith(MODEL_LOADER) or not in_quantization(load):
        return None
    asked = asked_in_call(load, *_ARGUMENTS) or asked_in_config(load, "quantization_config")
    if asked is None:
        return None
    method = _method(asked)
    in_call = asked.argument is not None
    chain = load.with_raised(asking(load, asked))
    values: dict[str, Any] = {
        "method": method or "?",
        "where": asked.where,
        "given": asked.key,
        "release": load.release_text,
        "message": failure.message or failure.name,
    }
    packages = _missing_packages(load, failure, method)
    if packages:
        values |= {"packages": packages, "install": " ".join(packages)}
        remedy = "install-or-unquantized" if in_call else "install-or-other-weights"
        certainty: Certainty = "certain" if failure.error in IMPORT_ERRORS else "likely"
        return Cause("quantization-package", certainty, chain, values, remedy)
    if failure.error == "ValueError" and method is None:
        return Cause("quantization-unnamed", "certain", chain, values, "quantization-name")
    # "Unknown quantization type, got … - supported types are: […]": every release since 4.38
    if failure.error == "ValueError" and failure.text.startswith("Unknown quantization type"):
        return Cause("quantization-unknown", "certain", chain, values, "quantization-unknown")
    remedy = "as-it-says-or-unquantized" if in_call else "as-it-says-or-other-weights"
    return Cause("quantization-refused", "certain", chain, values, remedy)


class StoredOtherwise(NamedTuple):
    """Weights that are not stored as the method of ``quantization_config`` stores them.

    Attributes:
        asked: the entry of config.json.
        modules: the modules whose weights these are.
        wanted: what the model looks for in the first of them.
        there: the tensor that the checkpoint has for it instead.
        names: every parameter that is not there, and every tensor in place of them.
    """

    asked: Asked
    modules: list[str]
    wanted: list[str]
    there: StoredTensor
    names: set[str]


def stored_otherwise(load: RecordedLoad, report: WeightsReport) -> StoredOtherwise | None:
    """Return what is amiss if config.json names a quantization and the checkpoint has other tensors than it wants.

    The method gave modules parameters of its own, such as ``weight_scale``. Those are not in the checkpoint, and what
    it has for the same modules has no place in the model, or another shape.
    """
    asked = asked_in_config(load, "quantization_config")
    if asked is None or asked_in_call(load, *_ARGUMENTS) is not None or _method(asked) is None:
        return None
    there: dict[str, list[StoredTensor]] = {}
    for tensor in [*report.unexpected, *(tensor for mismatch in report.mismatched for tensor in mismatch.sources)]:
        there.setdefault(_module(tensor.name), []).append(tensor)
    differing = {mismatch.parameter for mismatch in report.mismatched}
    wanted: dict[str, list[str]] = {}
    for name in report.new:
        if name.rpartition(".")[2] not in _PLAIN and name not in differing and _module(name) in there:
            wanted.setdefault(_module(name), []).append(name)
    modules = [module for module in wanted if any(_is_weight(tensor) for tensor in there[module])]
    if not modules:
        return None
    names = {name for module in modules for name in [*wanted[module], *(one.name for one in there[module])]}
    first = next(tensor for tensor in there[modules[0]] if _is_weight(tensor))
    return StoredOtherwise(asked, modules, wanted[modules[0]], first, names)


_PLAIN: Final = ("weight", "bias")


def _is_weight(tensor: StoredTensor) -> bool:
    leaf = tensor.name.rpartition(".")[2]
    return leaf == "weight" or "weight_" in leaf or leaf.startswith("q")


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def not_in_weights(load: RecordedLoad) -> Cause | None:
    """Detect weights that are stored otherwise than config.json says, which makes a load or a pass fail."""
    failure, report = load.failure, load.last(WeightsReport)
    if failure is None or report is None or report.step.number > failure.step:
        return None
    if load.part is None and not report.event.mismatched:
        return None
    found = stored_otherwise(load, report.event)
    return None if found is None else not_in_weights_as(load, report.step.number, found, failed=True)


def not_in_weights_as(load: RecordedLoad, step: int, found: StoredOtherwise, *, failed: bool) -> Cause:
    """Return the cause of a failure, or the surprise, for weights that are not stored as config.json says."""
    is_plain = is_floating(found.there.dtype)
    values: dict[str, Any] = {
        "method": _method(found.asked),
        "given": found.asked.key,
        "count": len(found.modules),
        "wanted": found.wanted,
        "there": found.there.name,
        "dtype": found.there.dtype or "?",
    }
    seen = Evidence(step, "new", {"names": found.wanted})
    chain = [one for one in (asking(load, found.asked), seen) if one is not None]
    certainty: Certainty = "likely" if failed and load.part is not None else "certain"
    remedy = "leave-quantization-out" if is_plain else "quantization-of-weights"
    return Cause(
        "quantization-not-in-weights", certainty, load.with_raised(*chain) if failed else chain, values, remedy
    )


def _missing_packages(load: RecordedLoad, failure: RecordedException, method: str | None) -> list[str]:
    """Return the packages that the method needs and that are not there, as far as the exception tells."""
    own = _packages_of(load, method)
    if failure.error in _NOT_BOUND:  # a name of the package, which the library imports only where the package is
        return own if any(_folded(package) in _folded(failure.text) for package in own) else []
    if failure.error not in IMPORT_ERRORS:
        return []
    if (module := _NO_MODULE.match(failure.text)) is not None:
        name = module["name"]
        is_own = any(_folded(package) == _folded(name) for package in own)
        return own if is_own else packages_of([name]) or []
    return named_packages(failure) or ([] if _WANTS_DEVICE.search(failure.text) else own)


def _packages_of(load: RecordedLoad, method: str | None) -> list[str]:
    known = library()
    if method == "gptq" and known.index(load.release_text) is not None and not known.reaches(load.release_text, "4.49"):
        return ["optimum", "auto-gptq"]  # is_gptqmodel_available is there since 4.49
    return _PACKAGES.get(method or "", [])


def _method(asked: Asked) -> str | None:
    """Return the ``quant_method``, of an object by its class; bitsandbytes may go without."""
    if asked.argument in SHORT_FORMS:
        return "bitsandbytes"
    value = asked.value if isinstance(asked.value, dict) else {}
    if value.get("is") == "object":  # a configuration object, of which only the class is recorded
        return _method_of(last_name(value.get("type")))
    items = value.get("items")
    value = items if "is" in value and isinstance(items, dict) else value
    method = value.get("quant_method")
    if isinstance(method, str):
        return method.rpartition(".")[2].lower()
    return "bitsandbytes" if any(value.get(name) for name in SHORT_FORMS) else None


def _method_of(class_: str) -> str:
    """Return the method of a configuration class, ``gptq`` for ``GPTQConfig``; the class's own name for another."""
    named = _folded(class_.removesuffix("Config"))
    return next((method for method in _PACKAGES if _folded(method) == named), class_)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
