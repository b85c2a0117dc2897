"""Rules for quantization: a method that the release does not have, whose package is absent, or that can't run here."""

from __future__ import annotations

import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty
from tracer.analysis.diagnosis.config_values import Asked, asked_in_call, asked_in_config, asking
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.package_rules import IMPORT_ERRORS, in_quantization, named_packages
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name
from tracer.analysis.diagnosis.remote_code_rules import packages_of
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.releases import library

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
