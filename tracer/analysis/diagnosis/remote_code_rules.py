"""Rules for remote code: whether it may run, and how it is found, checked, copied and imported.

An import name is not a package's name: the package of that name may be someone else's, put there for those who guess.
So only well-known packages are named; for any other, the model's page has to say which one it is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.known_arguments import meant_argument
from tracer.analysis.diagnosis.own_code import imports_of, outlines, own_files, own_names
from tracer.analysis.diagnosis.package_rules import REPLACED, name_of_package_gone
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, stem
from tracer.analysis.diagnosis.thrown import imported_by_package
from tracer.trace.events import ImportsChecked, ModuleCopied, Recorded, TrustAsked
from tracer.trace.reading import Trace

_CHECKSUM: Final = 12  # characters shown of a checksum
_LIKE: Final = 0.6  # how alike a suggested name is, as a ratio of matching characters


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
        return Cause(
            "trust-misspelt", "certain", load.with_raised(called, trust_evidence(asked)), values, "spell-trust"
        )
    kind = "trust-refused" if given is False else "trust-not-given"
    return Cause(kind, "certain", load.with_raised(trust_evidence(asked)), {"given": given}, "trust-remote-code")


def local_preferred(load: RecordedLoad) -> list[Cause]:
    """Return a surprise if the library's code was taken although the directory has its own."""
    return [
        Cause("local-preferred", "certain", [trust_evidence(asked)], {"given": asked.event.given}, "take-remote")
        for asked in load.events(TrustAsked)
        if asked.event.has_local_code and asked.event.has_remote_code and asked.event.decision is False
    ][-1:]


def trust_evidence(asked: Recorded[TrustAsked]) -> Evidence:
    names = ("has_local_code", "has_remote_code", "given", "decision")
    return Evidence(asked.step.number, "trust", {name: getattr(asked.event, name) for name in names})


_IMPORTING: Final = re.compile(r"\s*(?:from|import)\s+(?P<package>\w+)")
FETCH: Final = "get_class_from_dynamic_module"
_TRUST: Final = "trust_remote_code"
_NO_MODULE = re.compile(r"No module named '(?P<module>[^']+)'")  # since Python 3.3
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>[^']+)' from (?:partially initialized module )?'(?P<module>[^']+)'"
)


def package_missing(load: RecordedLoad) -> Cause | None:
    """Detect imports of packages that are not installed, or that fail, or of a neighbouring file without the dot."""
    failure = load.failure
    checked = load.last(ImportsChecked)
    if failure is None or checked is None:
        return None
    if not failure.step <= checked.step.number <= failure.passages[-1].step:
        return None
    file = str(checked.event.file)
    broken = {name: said or "" for name, said in checked.event.broken.items() if name not in own_names(load)}
    missing = [name for name in checked.event.missing if name not in broken]
    seen = Evidence(checked.step.number, "imports", {"file": file, "missing": [*missing, *broken]})
    siblings = [name for name in missing if name.partition(".")[0] in own_names(load)]
    if siblings:
        rest = [name for name in (*missing, *broken) if name not in siblings]
        return _sibling(load, file, siblings, rest, seen)
    if broken:
        return _packages_fail(load, file, broken, missing, seen)
    if not missing:
        return None
    return _only_counted(load, file, missing, seen) or _not_installed(file, missing, "certain", load.with_raised(seen))


def _packages_fail(load: RecordedLoad, file: str, broken: dict[str, str], missing: list[str], seen: Evidence) -> Cause:
    """Return the cause for packages that are installed and fail when they are imported."""
    values: dict[str, Any] = {"file": file_name(file), "package": ", ".join(broken)}
    values["message"] = "; ".join(f"{name}: {message}" for name, message in broken.items())
    chain = load.with_raised(seen)
    if missing:
        values["names"] = missing
        return Cause("package-fails-and-missing", "certain", chain, values, "match-package")
    if len(broken) > 1:
        return Cause("packages-fail", "certain", chain, values, "match-package")
    values["message"] = next(iter(broken.values()))
    needed = _NO_MODULE.search(values["message"])
    if needed is not None and needed["module"].partition(".")[0] not in broken:
        packages = packages_of([needed["module"]])
        values |= {"names": [needed["module"]], "packages": " ".join(packages or ())}
        remedy = "install-packages" if packages else "find-packages"
        return Cause("package-lacks", "certain", chain, values, remedy)
    return Cause("package-fails", "certain", chain, values, "match-package")


def _only_counted(load: RecordedLoad, file: str, missing: list[str], seen: Evidence) -> Cause | None:
    """Return the cause for packages that the check counts although the file may run without them.

    4.44 looks for lines that begin with an import wherever they stand; 5.x reads the syntax tree, and leaves out what
    is inside ``try`` or a condition that calls one of its own functions.
    """
    outline = outlines(load).get(stem(file))
    if outline is None or outline.problem is not None:
        return None
    values: dict[str, Any] = {"file": file_name(file), "names": missing, "release": load.release_text}
    found = [one for name in missing for one in imports_of(load, stem(file), name)]
    if not found:
        kind = "package-in-text"
    elif all(one.condition is not None for one in found):
        kind, values["condition"] = "package-on-condition", found[0].condition
    elif all(one.inside == "function" for one in found):
        kind = "package-in-function"
    else:
        return None
    if len({bool(imports_of(load, stem(file), name)) for name in missing}) > 1:
        return None
    values |= {"line": found[0].line if found else None, "packages": " ".join(packages_of(missing) or ())}
    remedy = "reword-text" if kind == "package-in-text" else "import-inside-try"
    return Cause(kind, "certain", load.with_raised(seen), values, remedy)


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
        return _package_lacks_name(load, failure, frame) or _name_missing(load, frame, found["name"], found["module"])
    if found := _NO_MODULE.search(failure.text):
        return _module_missing(load, frame, found["module"])
    return None


def _package_fails(load: RecordedLoad, frame: int, checking: int, message: str | None) -> Cause | None:
    """Return the cause for a package that is installed and that can't be imported itself."""
    package, file = load.variable(checking, "imp"), load.variable(checking, "filename")
    checked = load.last(ImportsChecked)
    if not isinstance(package, str) or (checked is not None and (checked.event.missing or checked.event.broken)):
        return None
    values = {"file": file_name(file), "package": package.partition(".")[0], "message": message}
    return Cause("package-fails", "certain", fetching_chain(load, frame), values, "match-package")


def _package_lacks_name(load: RecordedLoad, failure: RecordedException, frame: int) -> Cause | None:
    """Return the cause for an installed package that misses a name itself when the model's code imports it."""
    place = failure.innermost_remote
    importing = _IMPORTING.match(load.statement_of(place)) if place is not None else None
    if place is None or importing is None or not imported_by_package(failure):
        return None
    values = {"file": file_name(place.file), "package": importing["package"], "message": failure.message}
    chain = fetching_chain(load, frame, checked_evidence(load))
    return Cause("package-fails", "certain", chain, values, "match-package")


def _name_missing(load: RecordedLoad, frame: int, name: str, module: str) -> Cause | None:
    values: dict[str, Any] = {"name": name, "module": module, "file": f"{stem(module.replace('.', '/'))}.py"}
    if not module.startswith(f"{REMOTE}."):
        values["package"] = module.partition(".")[0]
        values["instead"] = REPLACED.get(f"{module}.{name}")
        remedy = "other-release-or-name" if values["instead"] else "other-release"
        return Cause(
            "library-name-gone", "certain", fetching_chain(load, frame, checked_evidence(load)), values, remedy
        )
    return _own_name_missing(load, frame, name, module)


def _own_name_missing(load: RecordedLoad, frame: int, name: str, module: str) -> Cause | None:
    """Return the cause for a name that one of the model's own files was to have."""
    target, known = stem(module.replace(".", "/")), outlines(load)
    by = _importing_file(load, target, name)
    values: dict[str, Any] = {"name": name, "module": module, "file": f"{target}.py", "by": by and f"{by}.py"}
    chain = fetching_chain(load, frame, checked_evidence(load))
    outline = known.get(target)
    if any(file in known and known[file].problem is not None for file in (target, by)):
        return None  # what it defines and imports is not known
    if by is not None and by in known and not any(name in one.names for one in known[by].imports):
        return Cause(
            "stale-importer", "certain", chain, values | {"file": f"{by}.py", "from": values["file"]}, "clear-copy"
        )
    if outline is None and name in known:  # 4.44 and 5.x only look for `from .name import`
        values["names"] = [f"{name}.py"]
        return Cause("sibling-from-dot", "certain", chain, values, "import-from-file")
    if outline is not None and name in outline.names and by is not None and (way := _way(load, target, by)):
        values["names"] = [f"{one}.py" for one in way]
        return Cause("circular-import", "certain", chain, values, "third-file")
    if target not in _refreshed(load) or (outline is not None and name in outline.names):
        chain = fetching_chain(load, frame, checked_evidence(load), copied_evidence(load))
        return Cause("stale-copy", "likely", chain, values, "clear-copy")
    if home := next((file for file, one in known.items() if name in one.classes), None):
        values["home"] = home
        return Cause("sibling-name-missing", "certain", chain, values, "import-from-other")
    if outline is not None and (alike := difflib.get_close_matches(name, outline.names, 1, _LIKE)):
        values["meant"] = alike[0]
        return Cause("sibling-name-missing", "certain", chain, values, "import-similar-name")
    return Cause("sibling-name-missing", "certain", chain, values, "define-name")


def _importing_file(load: RecordedLoad, target: str, name: str) -> str | None:
    """Return the file whose import failed: the traceback names it, else the only one that imports that name."""
    frame = load.failure.innermost_remote if load.failure is not None else None
    if frame is not None and stem(frame.file) in outlines(load):
        return stem(frame.file)
    files = [
        file
        for file, outline in outlines(load).items()
        if any(name in one.names and (target in one.neighbours or one.module == ".") for one in outline.imports)
    ]
    return files[0] if len(files) == 1 else None


def _way(load: RecordedLoad, start: str, end: str) -> list[str]:
    """Return the files through which one imports another when it is imported, both included; empty if it does not."""
    known = outlines(load)
    ways = [[start]]
    seen = {start}
    for way in ways:  # grows while it is walked through
        if way[-1] == end:
            return way
        outline = known.get(way[-1])
        for one in outline.imports if outline is not None else []:
            if one.inside == "function":
                continue
            for name in one.neighbours:
                if name not in seen and name in known:
                    seen.add(name)
                    ways.append([*way, name])
    return []


def _module_missing(load: RecordedLoad, frame: int, module: str) -> Cause | None:
    if module.startswith("transformers."):
        return None  # the library is installed; another release of it has the module, or none
    if name_of_package_gone(load) is not None:
        return None
    if module.startswith(f"{REMOTE}."):
        return _not_copied(load, frame, module.rpartition(".")[2])
    place = load.failure.innermost_remote if load.failure is not None else None
    file = place.file if place is not None and place.file.endswith(".py") else reference_file(load, frame)
    if module.partition(".")[0] in own_names(load):
        return _sibling(load, file, [module], [], checked_evidence(load))
    cause = _not_installed(file, [module], "likely", fetching_chain(load, frame, checked_evidence(load)))
    innermost = load.failure.innermost if load.failure is not None else None
    if place is None or innermost is None:
        return cause
    values = cause.values | {"line": place.line, "statement": place.source}
    kind = "module-missing-at" if innermost.is_remote else "module-missing-inside"
    return msgspec.structs.replace(cause, kind=kind, certainty="certain", values=values)


def _not_copied(load: RecordedLoad, frame: int, name: str) -> Cause:
    """Return the cause for a file that is not in the modules cache although one of the model's files imports it."""
    main = stem(_main_file(load, frame))
    values: dict[str, Any] = {"module": name, "file": f"{name}.py", "main": f"{main}.py"}
    chain = fetching_chain(load, frame, checked_evidence(load))
    importing = [
        (file, one)
        for file, outline in outlines(load).items()
        for one in outline.imports
        if name in one.neighbours and file != main
    ]
    if not importing:
        values |= {"by": "?", "name": "…"}
        return Cause("import-not-copied", "likely", chain, values, "import-in-main-file")
    file, found = importing[0]
    values |= {"by": f"{file}.py", "name": found.names[0] if found.names and found.module != "." else "…"}
    return Cause("import-not-copied", "certain", chain, values, "import-in-main-file")


def _main_file(load: RecordedLoad, frame: int) -> str:
    """Return the file that ``auto_map`` names."""
    return f"{str(asked_reference(load, frame)).rpartition('--')[2].partition('.')[0]}.py"


def relative_import_missing(load: RecordedLoad) -> Cause | None:
    """Detect relative imports of files that are not in the directory."""
    failure = load.failure
    if failure is None or failure.error != "FileNotFoundError":
        return None
    frame, copying = load.enclosing(failure.origin, FETCH), load.enclosing(failure.origin, "get_cached_module_file")
    checked = load.last(ImportsChecked)
    if frame is None or copying is None or checked is None:
        return None
    main = stem(checked.event.file)
    by, gone = next(
        (
            (file, name)
            for file, names in _relative_imports(load, main, checked.event.relative)
            for name in names
            if failure.text.replace("\\", "/").rstrip("'").endswith(f"/{name}.py")
        ),
        (main, None),
    )
    if gone is None:
        return None
    chain = fetching_chain(load, frame, checked_evidence(load))
    values: dict[str, Any] = {"file": f"{gone}.py", "by": f"{by}.py", "module": gone}
    if gone.startswith("."):
        values |= {"module": gone.lstrip("."), "dots": "." * (len(gone) - len(gone.lstrip(".")) + 1)}
        return Cause("relative-import-beyond", "certain", chain, values, "one-dot")
    folder, _, rest = gone.partition(".")
    known = outlines(load)
    if folder in own_names(load) and folder not in known:
        values |= {"folder": folder, "file": f"{rest.replace('.', '/')}.py" if rest else "…", "module": rest or "…"}
        return Cause("relative-import-folder", "certain", chain, values, "out-of-folder")
    alike = [file for file in known if file.lower() == gone.lower()] or difflib.get_close_matches(gone, known, 1, _LIKE)
    if alike and alike[0] != by:
        values["found"] = alike[0]
        return Cause("relative-import-missing", "certain", chain, values, "import-found-file")
    missing = [
        name
        for _, names in _relative_imports(load, main, checked.event.relative)
        for name in names
        if name.isidentifier() and name not in own_names(load)
    ]
    values["names"] = [f"{name}.py" for name in dict.fromkeys([gone, *missing])]
    kind = "relative-import-missing" if len(values["names"]) == 1 else "relative-imports-missing"
    return Cause(kind, "certain", chain, values, "add-file" if len(values["names"]) == 1 else "add-files")


def _relative_imports(load: RecordedLoad, main: str, checked: list[str]) -> list[tuple[str, list[str]]]:
    """Return the modules that a file and those it imports import relatively, without the first dot."""
    known = outlines(load)
    found: list[tuple[str, list[str]]] = [(main, list(checked))]
    seen = {main}
    waiting = [main]
    for file in waiting:  # grows while it is walked through
        outline = known.get(file)
        for one in outline.imports if outline is not None else []:
            if one.relative and one.module != ".":
                found.append((file, [one.module[1:]]))
                name = one.module[1:]
                if name not in seen and name in known:
                    seen.add(name)
                    waiting.append(name)
    return found


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


def reference_file(load: RecordedLoad, frame: int) -> str:
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


def checked_evidence(load: RecordedLoad) -> Evidence | None:
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
