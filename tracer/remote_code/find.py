"""Find which Python files of a model would run under ``trust_remote_code=True``, without running them.

Releases differ in what they read. Where they do, the files of all releases are reported: better too many than too few.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tracer.remote_code.files import (
    ModelPlace,
    SourceText,
    UnreadableError,
    cached_places,
    hidden_lines,
    hub_caches,
    is_file,
    is_hub_id,
    local_place,
    read_json,
    read_source,
    split_lines,
)
from tracer.remote_code.references import (
    MODULES_CACHE,
    Import,
    Odd,
    Reference,
    base_model,
    hub_kernels,
    imported_by_peft,
    imports,
    references,
    versioned_configs,
)
from tracer.remote_code.result import (
    CodeNote,
    Finding,
    NoteKind,
    Reached,
    RemoteCode,
    RemoteFile,
    Repository,
    Unseen,
    Why,
)
from tracer.remote_code.scan import scan_source
from tracer.text.visible import visible
from tracer.trace.hub_folders import is_offline

MOST_FILES: Final = 500
_CUSTOM_GENERATE: Final = "custom_generate/generate.py"
_FIRST_CONFIGS: Final = ("config.json", "tokenizer_config.json")


def find_remote_code(
    model: str,
    *,
    cache_dir: str = "",
    tokenizer: bool = True,
    revision: str | None = None,
    code_revision: str | None = None,
    subfolder: str = "",
    folder: Path | None = None,
    fetched: Mapping[str, str] | None = None,
) -> RemoteCode:
    """Find the code that loading a model would run, by reading only: nothing is imported or fetched.

    Args:
        model: a directory or a hub id, as it would be passed to ``from_pretrained``.
        cache_dir: the hub cache of the load; by default, where transformers would look.
        tokenizer: whether a tokenizer or a processor is loaded too.
        revision: the revision of the load.
        code_revision: the same for code in other repositories.
        subfolder: the folder from which the load reads the JSON files.
        folder: the working directory of the load, which relative names start from; by default, this process's.
        fetched: the commit of each hub id whose code was fetched for this search.
    """
    caches = [(folder or Path()) / cache for cache in hub_caches(Path(cache_dir) if cache_dir else None)]
    search = _Search(caches, tokenizer, revision, code_revision, subfolder, str(folder or ""), fetched or {})
    search.follow(os.fspath(model))
    return search.result(os.fspath(model))


class _Reached(NamedTuple):
    """A file to be added to the result."""

    place: ModelPlace
    path: Path
    entry_folder: Path  # transformers resolves every relative import from the folder of the first file
    reasons: list[Reached]


class _Search:
    def __init__(
        self,
        caches: list[Path],
        tokenizer: bool,
        revision: str | None,
        code_revision: str | None,
        subfolder: str,
        folder: str,
        fetched: Mapping[str, str],
    ) -> None:
        self._caches = caches
        self._fetched = fetched
        self._tokenizer = tokenizer
        self._revision = revision
        self._code_revision = code_revision
        self._subfolder = subfolder
        self._folders = [folder]
        self._followed: set[Path] = set()
        self._places: dict[Path, ModelPlace] = {}
        self._files: dict[Path, _Reached] = {}
        self._waiting: deque[_Reached] = deque()
        self._unseen: dict[Unseen, None] = {}
        self._notes: dict[CodeNote, None] = {}

    def result(self, model: str) -> RemoteCode:
        shown: list[RemoteFile] = []
        while self._waiting:
            shown.append(self._open(self._waiting.popleft()))
        final = [self._with_reasons(file) for file in shown]
        places = self._places.values()
        return RemoteCode(
            model=visible(model),
            files=tuple(final),
            unseen=tuple(self._unseen),
            notes=tuple(self._notes),
            repositories=tuple(Repository(_shown_name(p.name), str(p.root), p.commit) for p in places),
            others=tuple(self._others()),
        )

    # From a model to the classes that it names

    def follow(self, model: str) -> None:
        """Search a model and, if it is an adapter, its base model."""
        single = Path(os.path.abspath(os.path.join(self._folders[0], model)))
        if model and is_file(single):
            self._read_single(single)
            return
        for place in self._find(model, self._revision, named_by=""):
            if place.root in self._followed:
                continue
            self._followed.add(place.root)
            for config in self._configs(place):
                self._read_config(place, config)
            if is_file(place.root / _CUSTOM_GENERATE):
                self._reach(place, place.root / _CUSTOM_GENERATE, Reached("custom-generate", "generate"))
            self._follow_adapter(place)

    def _read_single(self, path: Path) -> None:
        """Search a JSON file given as the model: it has no folder with code, but can name repositories."""
        self._note("absent-model", path.name)
        place = ModelPlace(str(path), path.parent, path.parent, "", on_hub=False)
        for item in references(self._json(place, path)) if path.suffix == ".json" else ():
            if isinstance(item, Reference) and item.repository:
                self._refer(place, path.name, item)

    def _find(self, name: str, revision: str | None, named_by: str) -> list[ModelPlace]:
        places = [place for folder in self._folders if (place := local_place(name, folder))]
        if local_place(name, self._folders[0]) is None and is_hub_id(name):
            places += self._cached(name, revision)
            if not places:
                self._not_seen(name, "not-in-cache", named_by)
        elif not places:
            self._note("absent-model", name, named_by)
        for found in places:
            if found.root not in self._places:
                self._places[found.root] = found
                if found.on_hub and not found.whole and revision != found.commit and not is_offline(os.environ):
                    self._note("hub-may-differ", name, found.commit)
        return places

    def _cached(self, name: str, revision: str | None) -> list[ModelPlace]:
        commit = self._fetched.get(name)
        if commit is None:
            return cached_places(name, revision, self._caches)
        return [place._replace(whole=True) for place in cached_places(name, commit, self._caches)]

    def _configs(self, place: ModelPlace) -> list[Path]:
        """Return the JSON files that may name code: everything called config, in order of precedence."""
        folders = dict.fromkeys((place.root, Path(os.path.normpath(place.root / self._subfolder))))
        found = [folder / name for folder in folders for name in _names(folder, ".json") if "config" in name]
        if (
            place.on_hub
            and not place.whole
            and not any(path.name in ("config.json", "adapter_config.json") for path in found)
        ):
            self._not_seen(f"{place.name}: config.json", "file-not-in-cache")
        found.sort(key=lambda path: (path.name not in _FIRST_CONFIGS, path.name))
        if len(found) > MOST_FILES:
            self._note("too-many", place.name, str(MOST_FILES))
        return [path for path in found[:MOST_FILES] if self._tokenizer or path.name != "tokenizer_config.json"]

    def _read_config(self, place: ModelPlace, path: Path) -> None:
        name = _relative(place, path)
        config = self._json(place, path)
        for item in references(config):
            if isinstance(item, Odd):
                self._note("odd-auto-map", name, f"{item.entry}: {item.value}")
            elif self._tokenizer or item.auto_class != "AutoTokenizer":
                self._refer(place, name, item)
        for kernel in hub_kernels(config):
            self._note("hub-kernel", name, kernel)
        for other in versioned_configs(config):
            newer = place.root / other
            if is_file(newer):
                for item in references(self._json(place, newer)):
                    if isinstance(item, Reference):
                        self._refer(place, other, item)

    def _json(self, place: ModelPlace, path: Path) -> object:
        name = self._display_path(place, path)
        try:
            config: object = read_json(path)
        except UnreadableError as trouble:
            if trouble.kind == "too-large":
                self._not_seen(name, "config-too-large")
            else:
                self._note(trouble.kind, name, trouble.detail)
            return None
        leaves_to = _leaves_to(place, path)
        if leaves_to:
            self._note("symlink-leaves", name, leaves_to)
        return config

    def _refer(self, place: ModelPlace, config: str, reference: Reference) -> None:
        reason = Reached("auto-class", visible(reference.auto_class), config)
        if not reference.regular and not reference.derived:
            self._note("odd-reference", config, f"{reference.auto_class}: {reference.text}")
        places = [place]
        if reference.repository:
            places = self._find(reference.repository, self._code_revision, reference.auto_class)
        elif place.on_hub and self._code_revision is not None:
            places = self._at_code_revision(place, reference)
        for where in places:
            path = where.root / f"{reference.module}.py"
            if is_file(path):
                self._reach(where, path, reason)
            elif not reference.derived and reference.regular:
                self._missing(where, f"{reference.module}.py", f"{reference.auto_class}, {config}")

    def _at_code_revision(self, place: ModelPlace, reference: Reference) -> list[ModelPlace]:
        """Return the snapshots of a model's own repository that its code is taken from: not those of the load."""
        places = cached_places(place.name, self._code_revision, self._caches)
        if not places:
            self._not_seen(f"{place.name}: {reference.module}.py", "file-not-in-cache", reference.auto_class)
            return [place]
        for found in places:
            self._places.setdefault(found.root, found)
        return places

    def _follow_adapter(self, place: ModelPlace) -> None:
        path = place.root / "adapter_config.json"
        if not is_file(path):
            return
        adapter = self._json(place, path)
        if (module := imported_by_peft(adapter)) is not None:
            self._note("adapter-imports", self._display_path(place, path), module)
        base = base_model(adapter)
        if base is None:
            self._note("odd-base", self._display_path(place, path))
            return
        beside = local_place(base, str(place.root))
        if base.startswith(".") and beside and not local_place(base, self._folders[0]):
            self._folders.append(str(place.root))  # an adapter shipped with its base is loaded from its own folder
        stays = not place.on_hub and is_file(place.root / "config.json")
        self._note("adapter-stays" if stays else "adapter-base", place.name, base)
        self.follow(base)

    # From a file to the files that it imports

    def _reach(self, place: ModelPlace, path: Path, reason: Reached, entry_folder: Path | None = None) -> None:
        path = Path(os.path.normpath(path))
        known = self._files.get(path)
        if known is None and len(self._files) >= MOST_FILES:
            self._note("too-many", place.name, str(MOST_FILES))
        elif known is None:
            known = _Reached(place, path, entry_folder or path.parent, [])
            self._files[path] = known
            self._waiting.append(known)
        if known is not None and reason not in known.reasons:
            known.reasons.append(reason)

    def _open(self, file: _Reached) -> RemoteFile:
        name = _relative(file.place, file.path)
        try:
            source = read_source(file.path)
        except UnreadableError as trouble:
            self._note(trouble.kind, self._display_path(file.place, file.path), trouble.detail)
            return RemoteFile(_shown_name(file.place.name), name, str(file.path), 0, "", ())
        self._follow_imports(file, source)
        leaves_to = _leaves_to(file.place, file.path)
        return RemoteFile(
            repository=_shown_name(file.place.name),
            path=name,
            absolute=str(file.path),
            size=source.size,
            sha256=source.sha256,
            reached=(),
            findings=tuple(self._findings(self._display_path(file.place, file.path), source)),
            leaves_to=visible(leaves_to),
            lines=len(split_lines(source.text.rstrip())) if source.text.strip() else 0,
        )

    def _findings(self, name: str, source: SourceText) -> list[Finding]:
        if source.encoding not in ("utf-8", "utf-8-sig"):
            self._note("other-encoding", name, source.encoding)
        if source.trouble:
            self._note("not-text", name, source.trouble)
            return [Finding("does-not-parse", 1, source.trouble, "", on_import=True)]
        hidden = hidden_lines(source.text)
        if hidden:
            more = ", …" if len(hidden) > 8 else ""
            self._note("hidden-characters", name, ", ".join(map(str, hidden[:8])) + more)
        if not source.complete:
            self._note("too-large", name, str(len(source.data)))
            return [Finding("not-searched", 1, f"{source.size} bytes", "", on_import=True)]
        return scan_source(source.text)

    def _follow_imports(self, file: _Reached, source: SourceText) -> None:
        name = _relative(file.place, file.path)
        as_transformers_reads = source.data.decode("utf-8", "ignore")
        found = dict.fromkeys([*imports(source.text), *imports(as_transformers_reads)])
        for item in found:
            if item.module.split(".")[0] == MODULES_CACHE:
                self._not_seen(item.module, "modules-cache", name)
            elif not self._reach_import(file, item, name) and item.required and item.tries:
                self._missing(file.place, item.tries[0], name)

    def _reach_import(self, file: _Reached, item: Import, name: str) -> bool:
        folders = dict.fromkeys([file.path.parent, file.entry_folder])
        if item.plain:
            folders[file.place.root] = None
        reached = False
        for folder in folders:
            for path in (folder / tried for tried in item.tries):
                if is_file(path) and Path(os.path.normpath(path)) != file.path:
                    reason = Reached("plain-import" if item.plain else "import", name)
                    self._reach(file.place, path, reason, file.entry_folder)
                    reached = True
        return reached

    # What else to report

    def _with_reasons(self, file: RemoteFile) -> RemoteFile:
        reasons = self._files[Path(file.absolute)].reasons
        return msgspec.structs.replace(file, reached=tuple(reasons))

    def _missing(self, place: ModelPlace, path: str, named_by: str) -> None:
        if place.on_hub and not place.whole:
            self._not_seen(f"{place.name}: {path}", "file-not-in-cache", named_by)
        else:
            self._note("missing-file", self._display_path(place, place.root / path), named_by)

    def _display_path(self, place: ModelPlace, path: Path) -> str:
        """Return a file's path for notes: with its repository, unless that is the model itself."""
        first = next(iter(self._places), place.root)
        name = _relative(place, path)
        return name if place.root == first or os.path.isabs(name) else f"{_shown_name(place.name)}: {name}"

    def _not_seen(self, name: str, why: Why, named_by: str = "") -> None:
        self._unseen[Unseen(visible(name), why, visible(named_by))] = None

    def _note(self, kind: NoteKind, subject: str, detail: str = "") -> None:
        self._notes[CodeNote(kind, visible(subject), visible(detail))] = None

    def _others(self) -> list[str]:
        lying = [self._places[root].root / name for root in self._followed for name in _names(root, ".py")]
        return sorted(visible(path.name) for path in lying if path not in self._files)[:MOST_FILES]


def _names(folder: Path, ending: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(ending) and is_file(folder / name))
    except (OSError, ValueError):
        return []


def _relative(place: ModelPlace, path: Path) -> str:
    normal = Path(os.path.normpath(path))
    return visible(normal.relative_to(place.root).as_posix() if normal.is_relative_to(place.root) else str(normal))


def _shown_name(name: str) -> str:
    return visible(name.rstrip("/\\") or name)


def _leaves_to(place: ModelPlace, path: Path) -> str:
    """Return where a file really is, if that is outside its repository."""
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return ""
    return "" if Path(real).is_relative_to(place.fence) else real
