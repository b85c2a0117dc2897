"""The model's own Python files, as the rules see them: their names, what they define, and what they import."""

from __future__ import annotations

from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name, stem
from tracer.trace.code_outline import CodeOutline, Import
from tracer.trace.events import FileResolved, ModuleCopied


def own_names(load: RecordedLoad) -> set[str]:
    """Return the names by which the model's code files are imported, whether the load reached them or not."""
    listed = load.trace.meta.code_folders.values()
    return {name for names in listed for name in names} | set(own_files(load))


def own_files(load: RecordedLoad) -> dict[str, tuple[int, str]]:
    """Return the directory's Python files that the load reached, by the name they are imported by.

    Each comes as the first step that shows it, and its path.
    """
    resolved = [(found.step.number, found.event.path) for found in load.events(FileResolved)]
    copied = [(found.step.number, found.event.from_) for found in load.events(ModuleCopied)]
    files: dict[str, tuple[int, str]] = {}
    for number, path in sorted([*resolved, *copied], key=lambda file: file[0]):
        if path is not None and path.endswith(".py"):
            files.setdefault(stem(path), (number, path))
    return files


def outlines(load: RecordedLoad) -> dict[str, CodeOutline]:
    """Return what each file defines and imports, by the name it is imported by.

    Of files with one name, those of the folder that was noted last: a load that fails is a script's last.
    """
    return {stem(path): outline for path, outline in load.trace.meta.code_outlines.items()}


def own_classes(load: RecordedLoad) -> dict[str, list[str]]:
    """Return the classes that each file defines."""
    return {name: outline.classes for name, outline in outlines(load).items()}


def bases_of(load: RecordedLoad, name: str) -> list[str] | None:
    """Return the last names of all bases of a class of the model's own files; None if it is in none of them."""
    known = {class_: one for one in outlines(load).values() for class_ in one.classes}
    if name not in known:
        return None
    found: list[str] = []
    waiting = [name]
    for class_ in waiting:  # grows while it is walked through
        for base in known[class_].bases.get(class_, ()) if class_ in known else ():
            last = base.rpartition(".")[2]
            if last not in found:
                found.append(last)
                waiting.append(last)
    return found


def imports_of(load: RecordedLoad, file: str, package: str) -> list[Import]:
    """Return a file's imports of a package, as ``import package.part`` or ``from package import name``."""
    outline = outlines(load).get(file)
    found = outline.imports if outline is not None else []
    return [one for one in found if one.module == package or one.module.startswith(f"{package}.")]


def named_in_directory(load: RecordedLoad, path: str) -> str | None:
    """Return the file of the model's directory that a path means: of that name, and in the same folder if one is."""
    path = path.replace("\\", "/")
    named = [one.name for one in load.trace.meta.directory or () if file_name(one.name) == file_name(path)]
    return max(named, key=lambda name: (f"/{path}".endswith(f"/{name}"), len(name)), default=None)


def is_whole_directory_known(load: RecordedLoad) -> bool:
    """Return whether every file of the model's directory is listed."""
    return load.trace.meta.directory is not None and load.trace.meta.directory_whole


def files_of_kind(load: RecordedLoad, *kinds: str) -> dict[str, str]:
    """Return the kinds of the directory's files that are of one of these."""
    listed = load.trace.meta.directory or ()
    return {one.name: one.kind for one in listed if one.kind in kinds}


def differing_modules(load: RecordedLoad) -> dict[str, str] | None:
    """Return the modules that ran from the cache and are not what the directory has now, as name to path.

    None if that was not recorded.
    """
    modules = load.trace.meta.own_modules
    if modules is None:
        return None
    return {file_name(one.file): one.file for one in modules if one.in_directory and one.same is False}
