"""Rules for remote code: whether it may run, and how it is found, checked, copied and imported.

An import name is not a package's name: the package of that name may be someone else's, put there for those who guess.
So only well-known packages are named; for any other, the model's page has to say which one it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.known_arguments import meant_argument
from tracer.analysis.diagnosis.own_code import own_files, own_names
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, stem
from tracer.trace.events import ImportsChecked, ModuleCopied, Recorded, TrustAsked
from tracer.trace.reading import Trace

_CHECKSUM: Final = 12  # characters shown of a checksum


def code_changed(load: RecordedLoad) -> Cause | None:
    """Detect a file that was about to run and was not the one that the user had agreed to."""
    return changed_code(load.trace)


def changed_code(trace: Trace) -> Cause | None:
    """Return the cause of a load that was stopped because other code would have run; None for any other trace."""
    code = trace.meta.remote_code
    if code is None or code.refused is None:
        return None
    agreed, found = code.refused.agreed, code.refused.found or ""
    values = {
        "file": code.refused.file,
        "agreed": ", ".join(f"{checksum[:_CHECKSUM]}…" for checksum in agreed),
        "found": f"{found[:_CHECKSUM]}…",
    }
    kind = "code-compiled" if not found else "code-changed" if agreed else "code-not-shown"
    return Cause(kind, "certain", [], values, "look-again")


def trust_refused(load: RecordedLoad) -> Cause | None:
    """Detect remote code that is needed while ``trust_remote_code`` is false or was not given."""
    asked = load.last(TrustAsked, refused=True)
    failure = load.failure
    if asked is None or failure is None or not failure.step <= asked.step.number <= failure.passages[-1].step:
        return None
    given = asked.event.given
    arguments = load.given_arguments(load.user_call)
    near = [name for name in arguments if meant_argument(load, name) == _TRUST]
    if near and given is None and _TRUST not in arguments and load.user_call is not None:
        values = {"name": near[0], "value": arguments[near[0]], "meant": _TRUST}
        called = Evidence(load.user_call.number, "given", {"name": near[0], "value": arguments[near[0]]})
        return Cause("trust-misspelt", "certain", load.with_raised(called, _evidence(asked)), values, "spell-trust")
    kind = "trust-refused" if given is False else "trust-not-given"
    return Cause(kind, "certain", load.with_raised(_evidence(asked)), {"given": given}, "trust-remote-code")


def local_preferred(load: RecordedLoad) -> list[Cause]:
    """Return a surprise if the library's code was taken although the directory has its own."""
    return [
        Cause("local-preferred", "certain", [_evidence(asked)], {"given": asked.event.given}, "take-remote")
        for asked in load.events(TrustAsked)
        if asked.event.has_local_code and asked.event.has_remote_code and asked.event.decision is False
    ][-1:]


def _evidence(asked: Recorded[TrustAsked]) -> Evidence:
    names = ("has_local_code", "has_remote_code", "given", "decision")
    return Evidence(asked.step.number, "trust", {name: getattr(asked.event, name) for name in names})


FETCH: Final = "get_class_from_dynamic_module"
_TRUST: Final = "trust_remote_code"
_PLACE = re.compile(r"\((?P<file>[^()]+), line (?P<line>\d+)\)$")  # in str(SyntaxError), since Python 3.0
_NO_MODULE = re.compile(r"No module named '(?P<module>[^']+)'")  # since Python 3.3
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>[^']+)' from (?:partially initialized module )?'(?P<module>[^']+)'"
)


def package_missing(load: RecordedLoad) -> Cause | None:
    """Detect imports of packages that are not installed, or of a neighbouring file without the dot."""
    failure = load.failure
    checked = load.last(ImportsChecked)
    if failure is None or checked is None or not checked.event.missing:
        return None
    if not failure.step <= checked.step.number <= failure.passages[-1].step:
        return None
    missing, file = checked.event.missing, str(checked.event.file)
    seen = Evidence(checked.step.number, "imports", {"file": file, "missing": missing})
    siblings = [name for name in missing if name.partition(".")[0] in own_names(load)]
    if siblings:
        return _sibling(load, file, siblings, [name for name in missing if name not in siblings], seen)
    return _not_installed(file, missing, "certain", load.with_raised(seen))


def _sibling(load: RecordedLoad, file: str, siblings: list[str], missing: list[str], *seen: Evidence | None) -> Cause:
    """Return the cause for files imported as if they were packages; ``missing`` are real packages missing as well."""
    found = own_files(load).get(siblings[0])
    known = None if found is None else Evidence(found[0], "own-file", {"path": found[1]})
    values: dict[str, Any] = {"file": file_name(file), "module": siblings[0], "modules": siblings, "names": missing}
    kind, remedy = (
        ("sibling-and-package", "import-relatively-first") if missing else ("sibling-absolute", "import-relatively")
    )
    return Cause(kind, "certain", load.with_raised(known, *seen), values, remedy)


def _not_installed(file: str, names: list[str], certainty: Certainty, chain: list[Evidence]) -> Cause:
    """Return the cause for packages not installed. Only known ones are named: a guess could install a stranger's."""
    known = packages_of(names)
    values = {"file": file_name(file), "names": names, "packages": " ".join(known or ())}
    return Cause("package-missing", certainty, chain, values, "install-packages" if known else "find-packages")


def import_failed(load: RecordedLoad) -> Cause | None:
    """Detect an import in remote code that failed while its file ran."""
    failure = load.failure
    if failure is None or failure.name not in ("ModuleNotFoundError", "ImportError"):
        return None
    frame = load.enclosing(failure.origin, FETCH)
    if frame is None:
        return None
    checking = load.enclosing(failure.origin, "check_imports")
    if checking is not None:
        return _package_fails(load, frame, checking, failure.message)
    if found := _NO_NAME.search(failure.text):
        return _name_missing(load, frame, found["name"], found["module"])
    if found := _NO_MODULE.search(failure.text):
        return _module_missing(load, frame, found["module"])
    return None


def _package_fails(load: RecordedLoad, frame: int, checking: int, message: str | None) -> Cause | None:
    """Return the cause for a package that is installed and that can't be imported itself."""
    package, file = load.variable(checking, "imp"), load.variable(checking, "filename")
    checked = load.last(ImportsChecked)
    if not isinstance(package, str) or (checked is not None and checked.event.missing):
        return None
    values = {"file": file_name(file), "package": package.partition(".")[0], "message": message}
    return Cause("package-fails", "certain", fetching_chain(load, frame), values, "match-package")


def _name_missing(load: RecordedLoad, frame: int, name: str, module: str) -> Cause:
    values = {"name": name, "module": module, "file": f"{stem(module.replace('.', '/'))}.py"}
    if not module.startswith(f"{REMOTE}."):
        values["package"] = module.partition(".")[0]
        return Cause(
            "library-name-gone", "certain", fetching_chain(load, frame, _checked(load)), values, "other-release"
        )
    if stem(values["file"]) not in _refreshed(load):
        return Cause(
            "stale-copy",
            "likely",
            fetching_chain(load, frame, _checked(load), copied_evidence(load)),
            values,
            "clear-copy",
        )
    return Cause("sibling-name-missing", "certain", fetching_chain(load, frame, _checked(load)), values, "define-name")


def _module_missing(load: RecordedLoad, frame: int, module: str) -> Cause | None:
    if module.startswith("transformers."):
        return None  # the library is installed; another release of it has the module, or none
    if module.startswith(f"{REMOTE}."):
        name = module.rpartition(".")[2]
        values = {"module": name, "file": f"{name}.py"}
        return Cause(
            "import-not-copied", "likely", fetching_chain(load, frame, _checked(load)), values, "import-in-main-file"
        )
    file = _reference_file(load, frame)
    if module.partition(".")[0] in own_names(load):
        return _sibling(load, file, [module], [], _checked(load))
    return _not_installed(file, [module], "likely", fetching_chain(load, frame, _checked(load)))


def relative_import_missing(load: RecordedLoad) -> Cause | None:
    """Detect a relative import of a file that is not in the directory."""
    failure = load.failure
    if failure is None or failure.error != "FileNotFoundError":
        return None
    frame, copying = load.enclosing(failure.origin, FETCH), load.enclosing(failure.origin, "get_cached_module_file")
    checked = load.last(ImportsChecked)
    if frame is None or copying is None or checked is None:
        return None
    # FileNotFoundError names the path; in 5.x nothing else in the step does
    gone = next((name for name in checked.event.relative if f"{name}.py" in failure.text), None)
    if gone is None:
        return None
    values = {"file": f"{gone}.py", "by": file_name(checked.event.file), "module": gone}
    return Cause("relative-import-missing", "certain", fetching_chain(load, frame, _checked(load)), values, "add-file")


def not_python(load: RecordedLoad) -> Cause | None:
    """Detect a file of remote code that Python can't parse."""
    failure = load.failure
    if failure is None or failure.name not in ("SyntaxError", "IndentationError", "TabError"):
        return None
    frame = load.enclosing(failure.origin, FETCH)
    if frame is None:
        return None
    place = _PLACE.search(failure.text)
    file = place["file"] if place else None
    if file in (None, "<unknown>"):  # 5.x parses only the text when it looks for imports
        file = _reference_file(load, frame)
    values = {"file": file_name(file), "line": int(place["line"]) if place else None, "message": failure.message}
    return Cause("not-python", "certain", fetching_chain(load, frame, _checked(load)), values, "repair-line")


def own_files_left_alone(load: RecordedLoad) -> dict[str, str]:
    """Return the files that ran from the modules cache and that this load did not refresh there, as name to path."""
    refreshed = _refreshed(load)
    if not refreshed:
        return {}
    paths = [path for path in load.trace.source_paths().values() if f"{REMOTE}/" in path.replace("\\", "/")]
    return {stem(path): path for path in paths if stem(path) not in refreshed and stem(path) != "__init__"}


def _refreshed(load: RecordedLoad) -> set[str]:
    """Return the modules that this load copied into the modules cache, or compared with the copy there."""
    modules = [found.event for found in load.events(ModuleCopied)]
    copied = {stem(module.from_) for module in modules}
    relative = {name for checked in load.events(ImportsChecked) for name in checked.event.relative}
    if load.release and load.release[0] >= 5:  # 5.x follows relative imports transitively
        for module in modules:
            relative |= {stem(path) for path in load.trace.source_paths().values() if str(module.into) in path}
    return copied | relative


def asked_reference(load: RecordedLoad, frame: int) -> Any:
    """Return the reference as it was passed in: the function removes the repository from it."""
    called = load.entry_step(frame)
    return load.variable(frame, "class_reference", at=called.number if called is not None else None)


def _reference_file(load: RecordedLoad, frame: int) -> str:
    checked = load.last(ImportsChecked)
    if checked is not None and checked.event.file:
        return file_name(checked.event.file)
    return f"{str(load.variable(frame, 'class_reference')).rpartition('--')[2].partition('.')[0]}.py"


def fetching_chain(load: RecordedLoad, frame: int, *more: Evidence | None) -> list[Evidence]:
    """Return the reference that was being fetched, this evidence and the exceptions, in the order of the steps."""
    called = load.entry_step(frame)
    asked = None
    if called is not None:
        asked = Evidence(called.number, "class-asked", {"reference": asked_reference(load, frame)})
    return load.with_raised(asked, *more)


def _checked(load: RecordedLoad) -> Evidence | None:
    found = load.last(ImportsChecked)
    if found is None or not found.event.relative:
        return None
    values = {"file": found.event.file, "names": found.event.relative}
    return Evidence(found.step.number, "imports-relatively", values)


def copied_evidence(load: RecordedLoad) -> Evidence | None:
    found = load.last(ModuleCopied)
    return None if found is None else Evidence(found.step.number, "copied", {"path": found.event.from_})


_OTHER_NAMES: Final = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "causal_conv1d": "causal-conv1d",
    "cpm_kernels": "cpm-kernels",
    "cv2": "opencv-python",
    "fla": "flash-linear-attention",
    "flash_attn": "flash-attn",
    "google.protobuf": "protobuf",
    "huggingface_hub": "huggingface-hub",
    "mamba_ssm": "mamba-ssm",
    "open_clip": "open_clip_torch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_SAME_NAME: Final = frozenset(
    {"accelerate", "av", "bitsandbytes", "datasets", "decord", "deepspeed", "diffusers", "einops", "ftfy", "gguf"}
    | {"h5py", "imageio", "jieba", "librosa", "matplotlib", "networkx", "nltk", "numba", "numpy", "onnx"}
    | {"onnxruntime", "optimum", "pandas", "peft", "pydantic", "regex", "requests", "sacremoses", "safetensors"}
    | {"scipy", "sentencepiece", "soundfile", "tiktoken", "timm", "tokenizers", "torchaudio", "torchvision", "tqdm"}
    | {"transformers_stream_generator", "triton", "xformers"}
)


def packages_of(modules: Iterable[str]) -> list[str] | None:
    """Return the packages that bring these modules; None where one of them is not known."""
    found: list[str] = []
    for module in modules:
        top = module.partition(".")[0]
        package = _OTHER_NAMES.get(module) or _OTHER_NAMES.get(top) or (top if top in _SAME_NAME else None)
        if package is None:
            return None
        found.append(package)
    return list(dict.fromkeys(found))
