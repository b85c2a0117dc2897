"""The directory's own code: how it is found, checked, copied and imported."""

from __future__ import annotations

import re
from typing import Any

from tracer.analysis.diagnosis.facts import REMOTE, Facts, file_name, stem, texts
from tracer.analysis.diagnosis.model import Cause, Certainty, Evidence, Passage
from tracer.analysis.diagnosis.packages import packages_of
from tracer.trace.steps import Step

_FETCH = "get_class_from_dynamic_module"
_PLACE = re.compile(r"\((?P<file>[^()]+), line (?P<line>\d+)\)$")  # of str(SyntaxError), since Python 3.0
_NO_MODULE = re.compile(r"No module named '(?P<module>[^']+)'")  # since Python 3.3
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>[^']+)' from (?:partially initialized module )?'(?P<module>[^']+)'"
)


def class_file_missing(facts: Facts) -> Cause | None:
    """The file that ``auto_map`` names is not in the directory."""
    failure = facts.failure
    frame = facts.enclosing(failure.origin, _FETCH) if failure is not None else None
    if failure is None or frame is None:
        return None
    last = failure.passages[-1].step
    missing = [step for step in facts.steps("file-missing") if failure.step <= step.number <= last]
    if not missing or not str(missing[-1].data.get("name")).endswith(".py"):
        return None
    values = _reference(facts, failure.origin, frame) | {"file": missing[-1].data.get("name")}
    where = str(missing[-1].data.get("in"))
    if values["repository"] and where == values["repository"]:
        return _repository_missing(facts, frame, values, missing[-1])
    gone = Evidence(missing[-1].number, "file-missing", {"name": values["file"], "in": missing[-1].data.get("in")})
    return Cause("class-file-missing", "certain", _chain(facts, frame, gone), values, "name-class-file")


def _repository_missing(facts: Facts, frame: int, values: dict[str, str | None], missing: Step) -> Cause:
    """``auto_map`` sends to another repository, which could not be had."""
    gone = Evidence(missing.number, "file-missing", {"name": values["file"], "in": values["repository"]})
    beside = values["module"] in own_names(facts)
    remedy = "fetch-repository-or-stay" if beside else "fetch-repository"
    return Cause("class-repository-missing", "certain", _chain(facts, frame, gone), values, remedy)


def class_missing(facts: Facts) -> Cause | None:
    """The file is there and defines no class of the name that ``auto_map`` gives."""
    failure = facts.failure
    if failure is None or failure.error != "AttributeError" or failure.origin.function != "get_class_in_module":
        return None
    frame = facts.enclosing(failure.origin, _FETCH)
    if frame is None or failure.origin.frame is None:
        return None
    asked = facts.variable(failure.origin.frame, "class_name")
    values = _reference(facts, failure.origin, frame) | {"class": asked}
    return Cause("class-missing", "certain", _chain(facts, frame, _copied(facts)), values, "name-class")


def package_missing(facts: Facts) -> Cause | None:
    """The code imports packages that are not installed, or a neighbouring file without the dot."""
    failure = facts.failure
    checked = facts.last("imports-checked")
    if failure is None or checked is None or not texts(checked.data.get("missing")):
        return None
    if not failure.step <= checked.number <= failure.passages[-1].step:
        return None
    missing, file = texts(checked.data.get("missing")), str(checked.data.get("file"))
    seen = Evidence(checked.number, "imports", {"file": file, "missing": missing})
    siblings = [name for name in missing if name.partition(".")[0] in own_names(facts)]
    if siblings:
        return _sibling(facts, file, siblings, [name for name in missing if name not in siblings], seen)
    return _not_installed(file, missing, "certain", facts.with_raised(seen))


def _sibling(facts: Facts, file: str, siblings: list[str], missing: list[str], *seen: Evidence | None) -> Cause:
    """Files of the directory are imported as if they were packages; ``missing`` are packages beside them."""
    found = _own_files(facts).get(siblings[0])
    known = None
    if found is not None:
        known = Evidence(found.number, "own-file", {"path": found.data.get("from") or found.data.get("path")})
    values: dict[str, Any] = {"file": file_name(file), "module": siblings[0], "modules": siblings, "names": missing}
    kind, remedy = (
        ("sibling-and-package", "import-relatively-first") if missing else ("sibling-absolute", "import-relatively")
    )
    return Cause(kind, "certain", facts.with_raised(known, *seen), values, remedy)


def _not_installed(file: str, names: list[str], certainty: Certainty, chain: list[Evidence]) -> Cause:
    """Packages are not installed. Only those that are known are named: a wrong guess would install a stranger's."""
    known = packages_of(names)
    values = {"file": file_name(file), "names": names, "packages": " ".join(known or ())}
    return Cause("package-missing", certainty, chain, values, "install-packages" if known else "find-packages")


def import_failed(facts: Facts) -> Cause | None:
    """An import inside the directory's code failed while its file ran."""
    failure = facts.failure
    if failure is None or failure.name not in ("ModuleNotFoundError", "ImportError"):
        return None
    frame = facts.enclosing(failure.origin, _FETCH)
    if frame is None:
        return None
    checking = facts.enclosing(failure.origin, "check_imports")
    if checking is not None:
        return _package_fails(facts, frame, checking, failure.message)
    if found := _NO_NAME.search(failure.text):
        return _name_missing(facts, frame, found["name"], found["module"])
    if found := _NO_MODULE.search(failure.text):
        return _module_missing(facts, frame, found["module"])
    return None


def _package_fails(facts: Facts, frame: int, checking: int, message: str | None) -> Cause | None:
    """A package that the code imports is installed, and can't be imported itself."""
    package, file = facts.variable(checking, "imp"), facts.variable(checking, "filename")
    missing = facts.last("imports-checked")
    if not isinstance(package, str) or (missing is not None and texts(missing.data.get("missing"))):
        return None
    values = {"file": file_name(file), "package": package.partition(".")[0], "message": message}
    return Cause("package-fails", "certain", _chain(facts, frame), values, "match-package")


def _name_missing(facts: Facts, frame: int, name: str, module: str) -> Cause:
    values = {"name": name, "module": module, "file": f"{stem(module.replace('.', '/'))}.py"}
    if not module.startswith(f"{REMOTE}."):
        values["package"] = module.partition(".")[0]
        return Cause("library-name-gone", "certain", _chain(facts, frame, _checked(facts)), values, "other-release")
    if stem(values["file"]) not in _refreshed(facts):
        return Cause(
            "stale-copy", "likely", _chain(facts, frame, _checked(facts), _copied(facts)), values, "clear-copy"
        )
    return Cause("sibling-name-missing", "certain", _chain(facts, frame, _checked(facts)), values, "define-name")


def _module_missing(facts: Facts, frame: int, module: str) -> Cause:
    if module.startswith(f"{REMOTE}."):
        name = module.rpartition(".")[2]
        values = {"module": name, "file": f"{name}.py"}
        return Cause(
            "import-not-copied", "likely", _chain(facts, frame, _checked(facts)), values, "import-in-main-file"
        )
    file = _reference_file(facts, frame)
    if module.partition(".")[0] in own_names(facts):
        return _sibling(facts, file, [module], [], _checked(facts))
    return _not_installed(file, [module], "likely", _chain(facts, frame, _checked(facts)))


def relative_import_missing(facts: Facts) -> Cause | None:
    """A file that the code imports relatively is not in the directory."""
    failure = facts.failure
    if failure is None or failure.error != "FileNotFoundError":
        return None
    frame, copying = facts.enclosing(failure.origin, _FETCH), facts.enclosing(failure.origin, "get_cached_module_file")
    checked = facts.last("imports-checked")
    if frame is None or copying is None or checked is None:
        return None
    relative = texts(checked.data.get("relative"))
    # FileNotFoundError names the path; nothing else of the step does in 5.x
    gone = next((name for name in relative if f"{name}.py" in failure.text), None)
    if gone is None:
        return None
    values = {"file": f"{gone}.py", "by": file_name(checked.data.get("file")), "module": gone}
    return Cause("relative-import-missing", "certain", _chain(facts, frame, _checked(facts)), values, "add-file")


def not_python(facts: Facts) -> Cause | None:
    """A file of the directory's code that Python can't parse."""
    failure = facts.failure
    if failure is None or failure.name not in ("SyntaxError", "IndentationError", "TabError"):
        return None
    frame = facts.enclosing(failure.origin, _FETCH)
    if frame is None:
        return None
    place = _PLACE.search(failure.text)
    file = place["file"] if place else None
    if file in (None, "<unknown>"):  # 5.x parses the text alone when it looks for imports
        file = _reference_file(facts, frame)
    values = {"file": file_name(file), "line": int(place["line"]) if place else None, "message": failure.message}
    return Cause("not-python", "certain", _chain(facts, frame, _checked(facts)), values, "repair-line")


def own_files_left_alone(facts: Facts) -> dict[str, str]:
    """Files that ran from the modules cache though this load did not bring them there: name to path."""
    refreshed = _refreshed(facts)
    if not refreshed:
        return {}
    paths = [path for path in facts.trace.source_paths().values() if f"{REMOTE}/" in path.replace("\\", "/")]
    return {stem(path): path for path in paths if stem(path) not in refreshed and stem(path) != "__init__"}


def own_names(facts: Facts) -> set[str]:
    """The names that the files of the model's own code are imported by, whether the load came to them or not."""
    folders = facts.trace.meta.get("code_folders")
    listed = [texts(names) for names in folders.values()] if isinstance(folders, dict) else []
    return {name for names in listed for name in names} | set(_own_files(facts))


def _own_files(facts: Facts) -> dict[str, Step]:
    """The Python files of the directory that the load came across, by the name they are imported by."""
    found: dict[str, Step] = {}
    for step in facts.steps("file-resolved", "module-copied"):
        path = str(step.data.get("from") or step.data.get("path"))
        if path.endswith(".py"):
            found.setdefault(stem(path), step)
    return found


def _refreshed(facts: Facts) -> set[str]:
    """The modules that this load copied into the modules cache, or compared with what lies there."""
    copied = {stem(step.data.get("from")) for step in facts.steps("module-copied")}
    relative = {name for step in facts.steps("imports-checked") for name in texts(step.data.get("relative"))}
    if facts.release and facts.release[0] >= 5:  # 5.x follows relative imports to their end
        for step in facts.steps("module-copied"):
            relative |= {
                stem(path) for path in facts.trace.source_paths().values() if str(step.data.get("into")) in path
            }
    return copied | relative


def _reference(facts: Facts, passage: Passage, frame: int) -> dict[str, str | None]:
    """What ``auto_map`` says, and for which auto class."""
    reference = str(_asked(facts, frame))
    repository, _, rest = reference.rpartition("--")
    module, _, name = rest.partition(".")
    owner = facts.auto_class(passage)
    return {"reference": reference, "repository": repository, "module": module, "class": name, "auto_class": owner}


def _asked(facts: Facts, frame: int) -> Any:
    """What ``auto_map`` says, as it was handed in: the function takes the repository off it."""
    called = facts.called(frame)
    return facts.variable(frame, "class_reference", at=called.number if called is not None else None)


def _reference_file(facts: Facts, frame: int) -> str:
    checked = facts.last("imports-checked")
    if checked is not None and checked.data.get("file"):
        return file_name(checked.data["file"])
    return f"{str(facts.variable(frame, 'class_reference')).rpartition('--')[2].partition('.')[0]}.py"


def _chain(facts: Facts, frame: int, *more: Evidence | None) -> list[Evidence]:
    called = facts.called(frame)
    asked = None
    if called is not None:
        asked = Evidence(called.number, "class-asked", {"reference": _asked(facts, frame)})
    return facts.with_raised(asked, *more)


def _checked(facts: Facts) -> Evidence | None:
    step = facts.last("imports-checked")
    if step is None or not texts(step.data.get("relative")):
        return None
    return Evidence(step.number, "imports-relatively", {"file": step.data.get("file"), "names": step.data["relative"]})


def _copied(facts: Facts) -> Evidence | None:
    step = facts.last("module-copied")
    return None if step is None else Evidence(step.number, "copied", {"path": step.data.get("from")})
