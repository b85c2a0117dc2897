"""Rules for packages that the library itself asks for, and which are not there: for a class, an argument, a method."""

from __future__ import annotations

import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause
from tracer.analysis.diagnosis.config_values import asked_in_call, asking
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name
from tracer.analysis.diagnosis.thrown import is_users, thrown

IMPORT_ERRORS: Final = ("ImportError", "ModuleNotFoundError", "importlib.metadata.PackageNotFoundError")
_INSTALL: Final = re.compile(r"pip3? install (?P<arguments>[^`\n]+)")
_NEEDS: Final = re.compile(r"requires? (?:the )?(?:latest version of )?(?P<name>[A-Za-z][\w.-]+)(?: library)?[:;.`]")
_QUANTIZATION: Final = re.compile(
    r"<transformers>/(?:quantizers/|utils/quantization_config|integrations/\w*bitsandbytes)"
)
_BACKEND: Final = (
    "library but it was not found in your environment"  # of requires_backends: a tokenizer's rule knows more
)


def library_package_missing(load: RecordedLoad) -> Cause | None:
    """Detect a package that the library needs for what was asked of it."""
    failure = load.failure
    if failure is None or failure.error not in IMPORT_ERRORS or not _by_library(load, failure):
        return None
    if in_quantization(load):  # its own rule knows more
        return None
    packages = named_packages(failure) or _framework(load, failure)
    if not packages:
        return None
    given = load.given_arguments(load.user_call)
    # Such as "Using `low_cpu_mem_usage=True` or a `device_map` requires Accelerate".
    quoted = re.findall(r"`([a-z]\w+)", failure.text)
    frameworks = [name for name, package in _FRAMEWORKS.items() if package in packages]
    asked = asked_in_call(load, *(name for name in [*quoted, *frameworks] if name in given))
    values: dict[str, Any] = {"packages": packages, "install": " ".join(packages)}
    chain = load.with_raised(asking(load, asked))
    if asked is not None:
        values |= {"given": asked.written, "name": asked.argument}
        return Cause("library-package-argument", "certain", chain, values, "install-or-leave-out")
    values["name"] = failure.origin.function
    return Cause("library-package", "likely", chain, values, "install-for-library")


_FRAMEWORKS: Final = {"from_tf": "tensorflow", "from_flax": "flax", "gguf_file": "gguf"}
"""Arguments for weights of another framework (transformers 4) or file format, with its package."""


def _framework(load: RecordedLoad, failure: RecordedException) -> list[str]:
    """Return the package of another framework or file format whose weights were asked for, if it is what is missing."""
    if asked_in_call(load, "gguf_file") and re.search(r"\bgguf\b", failure.text):
        return ["gguf"]
    missing = re.match(r"^No module named '(?P<module>\w+)", failure.text)
    asked = asked_in_call(load, *_FRAMEWORKS)
    if missing is None or asked is None or asked.argument is None:
        return []
    needed = _FRAMEWORKS[asked.argument]
    return [needed] if missing["module"] in (needed, "jax") else []


def named_packages(failure: RecordedException) -> list[str]:
    """Return the packages, as the index has them, that an error of the library names."""
    text = failure.text
    if failure.name == "PackageNotFoundError" and re.fullmatch(r"[\w.-]+", text):
        return [text]
    if text.startswith("No package metadata was found for "):  # PackageNotFoundError of Python 3.8 and later
        return text.split()[-1:]
    found: list[str] = []
    for match in _INSTALL.finditer(text):
        found += _installed(match["arguments"])
    if not found:
        found = [match["name"].lower() for match in _NEEDS.finditer(text)]
    return list(dict.fromkeys(found))


def in_quantization(load: RecordedLoad) -> bool:
    """Return whether the exception came from the library's code for quantization."""
    assert load.failure is not None
    if load.failure.traceback is not None:
        return any(_QUANTIZATION.search(frame.file.replace("\\", "/")) for frame in load.failure.frames[1:])
    statement = load.statement(load.failure.origin).lower()
    return "quantiz" in statement or "bitsandbytes" in statement


def _installed(arguments: str) -> list[str]:
    """Return the names of packages in the arguments of ``pip install``, without versions; none after other words."""
    found = []
    for word in arguments.split():
        name = re.match(r"[A-Za-z][\w.-]*", word.strip("'\"(),;"))
        if word.startswith("-"):
            continue
        if name is None or word in ("and", "or", "to", "in", "for", "with", "&&"):
            break
        found.append(name[0].rstrip("."))
    return found


def _by_library(load: RecordedLoad, failure: RecordedException) -> bool:
    """Return whether the library raised it, and not while it checked or ran the imports of remote code."""
    if load.enclosing(failure.origin, "check_imports") is not None or _BACKEND in failure.text:
        return False
    return not failure.origin.module.startswith(f"{REMOTE}.")


# Python's own messages. The interpreter names the inner module only if it could import the outer one; where the outer
# one is a file and no package, it says so behind the name.
_NO_MODULE: Final = re.compile(r"^No module named '(?P<owner>[\w.]+)\.(?P<name>\w+)'$")
_LACKS: Final = re.compile(r"^module '(?P<owner>[\w.]+)' has no attribute '(?P<name>\w+)'")
_OTHER_MODULES: Final = ("transformers", REMOTE, "__main__")
REPLACED: Final = {
    "PIL.Image.ANTIALIAS": "PIL.Image.LANCZOS",
    "huggingface_hub.HfFolder": "huggingface_hub.get_token()",
    "huggingface_hub.cached_download": "huggingface_hub.hf_hub_download",
    "huggingface_hub.cached_file": "huggingface_hub.hf_hub_download",
    "inspect.getargspec": "inspect.getfullargspec",
    "numpy.Inf": "numpy.inf",
    "numpy.NaN": "numpy.nan",
    "numpy.bool": "bool",
    "numpy.complex": "complex",
    "numpy.float": "float",
    "numpy.float_": "numpy.float64",
    "numpy.in1d": "numpy.isin",
    "numpy.infty": "numpy.inf",
    "numpy.int": "int",
    "numpy.object": "object",
    "numpy.product": "numpy.prod",
    "numpy.str": "str",
    "numpy.trapz": "numpy.trapezoid",
    "timm.models.layers": "timm.layers",
    "torch._six": "the standard library: collections.abc, str, math.inf",
    "torchvision.transforms.functional_tensor": "torchvision.transforms.functional",
} | {
    f"collections.{name}": f"collections.abc.{name}"
    for name in ("Callable", "Iterable", "Iterator", "Mapping", "MutableMapping", "MutableSequence", "Sequence", "Set")
}
"""What other packages put in the place of names that code for models often uses, by what their releases say."""


def name_of_package_gone(load: RecordedLoad) -> Cause | None:
    """Detect a module or name that an installed package other than transformers does not have, or not any more."""
    failure = thrown(load)
    if failure is None or failure.error not in ("ModuleNotFoundError", "AttributeError"):
        return None
    match = (_NO_MODULE if failure.error == "ModuleNotFoundError" else _LACKS).match(failure.text)
    users = [frame for frame in failure.frames if is_users(frame)]
    if match is None or not users or match["owner"].partition(".")[0] in _OTHER_MODULES:
        return None
    user = users[-1]
    below = failure.frames[failure.frames.index(user) + 1 :]
    if any(frame.function != "__getattr__" and not frame.file.startswith("<frozen") for frame in below):
        return None  # what uses it is another package
    name, owner = match["name"], match["owner"]
    statement = " ".join(load.statement_of(user).split())
    if name not in statement:
        return None
    package = owner.partition(".")[0]
    values: dict[str, Any] = {
        "file": file_name(user.file),
        "line": user.line,
        "statement": statement,
        "thing": f"{owner}.{name}",
        "package": package,
        "version": load.trace.meta.releases.get(package.replace("_", "-")) or "",
        "instead": REPLACED.get(f"{owner}.{name}"),
    }
    kind = "package-name-gone" if values["version"] else "package-name-absent"
    remedy = "other-name-or-release" if values["instead"] else "other-name"
    return Cause(kind, "certain", load.with_raised(), values, remedy)
