"""Make ``tracer/releases/names.json.gz``: what each release of transformers has, read from its published wheel.

    python release_names.py WHEELS

WHEELS is a folder with wheels of transformers, one for each release that the table is to have; ``--download`` gets
those that are missing. Nothing is imported: the sources are parsed, so no release has to be installable here.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

# fmt: off
RELEASES: Final = (
    "4.30.2", "4.31.0", "4.32.1", "4.33.3", "4.34.1", "4.35.2", "4.36.2", "4.37.2", "4.38.2", "4.39.3", "4.40.2",
    "4.41.2", "4.42.4", "4.43.4", "4.44.2", "4.45.2", "4.46.3", "4.47.1", "4.48.3", "4.49.0", "4.50.3", "4.51.3",
    "4.52.4", "4.53.3", "4.54.1", "4.55.4", "4.56.2", "4.57.6", "5.0.0", "5.1.0", "5.2.0", "5.3.0", "5.4.0",
    "5.5.4", "5.6.2", "5.7.0", "5.8.1", "5.9.0", "5.10.4", "5.11.0", "5.12.1", "5.13.1", "5.14.1", "5.15.1",
    "5.16.1", "5.17.0", "5.18.0", "5.19.0", "5.20.2", "5.21.1", "5.22.2", "5.23.0",
)
# fmt: on
"""The last patch release of each minor release, from the one of July 2023 on: the oldest remote code still in use."""

TARGET: Final = Path(__file__).parent / "tracer" / "releases" / "names.json.gz"

# Parts of the library that hardly any model's code imports: that they exist is noted, what they define is not.
_LEFT_OUT: Final = re.compile(
    r"^transformers\.(commands|cli|testing_utils|onnx|sagemaker)\b|_(tf|flax)_"
    r"|\.models\..*\.(modular|convert)_\w+$|dummy_\w+_objects$"
)
_EXPORTED: Final = re.compile(r"^__all__ *= *(\[[^\]]*\])", re.MULTILINE)
_MODELS: Final = "transformers.models."
_DEPRECATED: Final = re.compile(
    r"`+(?P<old>[A-Za-z_]\w*)(?:\(\))?`+ (?:(?:argument|parameter|keyword|attribute|property|method|function|class) )?"
    r"(?:is|are|was|has been|is now|will be) (?:being )?(?:deprecated|removed)(?P<rest>.*)",
    re.DOTALL,
)
_INSTEAD: Final = re.compile(
    r"(?:\b[Uu]se|in favou?r of|replaced (?:by|with)|renamed to) (?:the )?`+(?P<new>[A-Za-z_][\w.]*(?:\([^`]*\))?)`+"
)
"""How the library's deprecation messages name what is deprecated, and what to use instead."""
_MODULE_ALIAS: Final = re.compile(
    r"_create_\w+_alias\(f\"{__name__}\.(\w+)\", \"\.(\w+)\"\)|^        \"(\w+)\": \"(\w+)\",$", re.MULTILINE
)
"""How ``transformers/__init__.py`` keeps modules importable by an earlier name, in two notations."""


class Definition:
    """A class as it is written: its bases, members, and the parameters of its methods."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.bases = [name for name in map(_dotted, node.bases) if name]
        self.members: dict[str, None] = {}
        self.parameters: dict[str, tuple[list[str], bool]] = {}
        decorators = [_dotted(one.func if isinstance(one, ast.Call) else one) or "" for one in node.decorator_list]
        fields: list[str] = []
        for part in _statements(node.body):
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.members[part.name] = None
                self.parameters[part.name] = _parameters(part)
                self.members.update(dict.fromkeys(_assigned_to_self(part)))
            elif isinstance(part, ast.Assign):
                self.members.update((one.id, None) for one in part.targets if isinstance(one, ast.Name))
            elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                self.members[part.target.id] = None
                if (_dotted(part.annotation) or "").rpartition(".")[2] != "ClassVar":
                    fields.append(part.target.id)
        self.members.update(dict.fromkeys(_set_in_loops(node)))
        # ``strict`` alone is on classes whose base makes them dataclasses: configurations, from 5.4 on.
        made = any("dataclass" in name or name.endswith("strict") for name in decorators)
        self.has_fields = made and "__init__" not in self.parameters
        if self.has_fields:
            self.parameters["__init__"] = (fields, any("strict" in name for name in decorators))


class Module:
    """A module as it is written: what it defines, imports and re-exports."""

    def __init__(self, source: str, name: str, is_package: bool) -> None:
        self._package = name if is_package else name.rpartition(".")[0]
        self.functions: dict[str, tuple[list[str], bool]] = {}
        self.classes: dict[str, Definition] = {}
        self.assigned: list[str] = []
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.stars: list[str] = []
        self.exported: list[str] | None = None
        self.lazy: list[str] = []
        self.tables: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}
        self.instead: dict[str, str] = {}
        self.module_aliases: dict[str, str] = {}
        self.has_fast_aliases = False
        if name == "transformers":
            for found in _MODULE_ALIAS.findall(source):
                self.module_aliases[found[0] or found[2]] = found[1] or found[3]
            self.has_fast_aliases = "XImageProcessorFast" in source or "_LEGACY_FAST_IMAGE_PROCESSOR_MODULE" in source
        self.is_lazy = is_package and "_LazyModule(" in source
        self.scans = "define_import_structure(" in source and is_package
        """Whether the package finds its names by what the modules below it list in ``__all__``."""
        for statement in _statements(ast.parse(source).body, type_checking=False if not self.is_lazy else None):
            self._read(statement)
        if self.is_lazy:
            # It replaces itself: its own imports are gone then, and what it gives is written for type checkers.
            self.imports, self.stars = {}, []
            for statement in _statements(ast.parse(source).body, type_checking=True):
                if isinstance(statement, ast.ImportFrom):
                    self._read(statement)

    def _read(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.functions[node.name] = _parameters(node)
            self._read_deprecations(node, "")
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = Definition(node)
            for part in _statements(node.body):
                if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self._read_deprecations(part, f"{node.name}.")
        elif isinstance(node, ast.ImportFrom):
            module = self._absolute(node.level, node.module)
            for alias in node.names:
                if alias.name == "*":
                    self.stars.append(module)
                else:
                    self.imports[alias.asname or alias.name] = (module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imports[alias.asname or top] = (alias.name if alias.asname else top, None)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._assign(target, node.value)
        elif isinstance(node, ast.AugAssign) and _dotted(node.target) == "__all__":
            self.exported = [*(self.exported or []), *_texts(node.value)]
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and (_dotted(node.value.func) or "").startswith("_import_structure")
        ):
            self.lazy += [text for argument in node.value.args for text in _texts(argument)]

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        for part in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(part, ast.Subscript) and _dotted(part.value) == "_import_structure":
                self.lazy += _texts(value)
            if not isinstance(part, ast.Name):
                continue
            if part.id == "__all__":
                self.exported = _texts(value)
            elif part.id == "_import_structure" and isinstance(value, ast.Dict):
                self.lazy += [text for names in value.values for text in _texts(names)]
            else:
                self.assigned.append(part.id)
                if isinstance(value, ast.Name):
                    self.aliases[part.id] = value.id
                if part.id.isupper() and (table := _table(value)):
                    self.tables[part.id] = table

    def _read_deprecations(self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> None:
        """Note what the library names as replacement of a function, method or parameter that it deprecates."""
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and (_dotted(decorator.func) or "").endswith("deprecate_kwarg"):
                keywords = {one.arg: one.value for one in decorator.keywords}
                old = decorator.args[0] if decorator.args else keywords.get("old_name")
                new = keywords.get("new_name")
                if isinstance(old, ast.Constant) and isinstance(new, ast.Constant):
                    self.instead[f"{owner}{node.name}({old.value})"] = str(new.value)
        for part in ast.walk(node):
            for old, new in _deprecations(_message(part)):
                if f"{old}." == owner:
                    self.instead.setdefault(old, new)
                elif old == node.name:
                    self.instead.setdefault(f"{owner}{node.name}", new)
                else:
                    self.instead.setdefault(f"{owner}{node.name}({old})", new)

    def _absolute(self, level: int, module: str | None) -> str:
        if not level:
            return module or ""
        parts = self._package.split(".")
        return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])


Origin = tuple[str, "str | None"]
"""Where a name is defined: module, and name in it; None for a module itself."""


class Release:
    """All modules of one release, with the names that each of them gives to others."""

    def __init__(self, modules: dict[str, Module], others: dict[str, list[str]]) -> None:
        self.modules = modules
        self.others = others
        """The modules whose contents are left out, each with its ``__all__``."""
        self._names: dict[str, set[str]] = {}
        self._members: dict[Origin, tuple[set[str], dict[str, Any]]] = {}

    def names(self, module: str) -> set[str]:
        """Return the names in a module: what it defines, imports from the library, and exports lazily."""
        if module not in self._names:
            written = self.modules[module]
            imported = {name for name, (source, _) in written.imports.items() if _is_library(source)}
            found = imported | {*written.lazy}
            if not written.is_lazy:
                found |= {*written.assigned, *written.functions, *written.classes}
            self._names[module] = found  # a circle of star imports ends here
            if written.scans:
                found |= self._scanned(_MODELS if module == "transformers" else f"{module}.")
            for star in written.stars:
                found |= self._exported(star)
        return self._names[module]

    def others_names(self, module: str) -> set[str]:
        """Return the names that a module has from other packages: they can be imported from it all the same."""
        return {name for name, (source, _) in self.modules[module].imports.items() if not _is_library(source)}

    def origin(self, module: str, name: str) -> Origin:
        """Return where a name in a module is defined, through imports and star imports."""
        asked: set[Origin] = set()
        while module in self.modules and (module, name) not in asked:
            asked.add((module, name))
            written = self.modules[module]
            if name in written.classes or name in written.functions:
                break
            if name in written.aliases:
                name = written.aliases[name]
                continue
            if name in written.imports:
                source, original = written.imports[name]
                if original is None or (f"{source}.{original}" in self.modules and original not in self.names(source)):
                    return (source if original is None else f"{source}.{original}"), None
                module, name = source, original
                continue
            module = next((star for star in written.stars if name in self._exported(star)), "")
        return module, name

    def members(self, module: str, name: str, asked: tuple[Origin, ...] = ()) -> tuple[set[str], dict[str, Any]]:
        """Return the members of a class and the parameters of its methods, with those that it inherits."""
        if (module, name) in self._members:
            return self._members[module, name]
        if module in self.modules and name in (aliases := self.modules[module].aliases):
            return self.members(module, aliases[name], asked)
        if (module, name) in asked or module not in self.modules or name not in self.modules[module].classes:
            return set(), {}
        written = self.modules[module].classes[name]
        members: set[str] = set()
        parameters: dict[str, Any] = {}
        for base in reversed(written.bases):
            first, _, last = base.partition(".")
            source, original = self.origin(module, first)
            if last:
                source, original = (source if original is None else f"{source}.{original}"), last.rpartition(".")[2]
            if original is not None:
                inherited, of_methods = self.members(source, original, (*asked, (module, name)))
                members |= inherited
                parameters |= of_methods
        own = dict(written.parameters)
        if written.has_fields and "__init__" in parameters:
            (inherited_fields, any_before), (fields, takes_any) = parameters["__init__"], own["__init__"]
            own["__init__"] = ([*dict.fromkeys((*inherited_fields, *fields))], any_before or takes_any)
        found = members | set(written.members), parameters | own
        self._members[module, name] = found
        return found

    def _scanned(self, below: str) -> set[str]:
        """Return what the modules of a package list in ``__all__``, which is what ``define_import_structure`` finds."""
        found = {name for module, names in self.others.items() if module.startswith(below) for name in names}
        for module, written in self.modules.items():
            if module.startswith(below) and not written.is_lazy:
                found |= {*(written.exported or ())}
        return found

    def _exported(self, module: str) -> set[str]:
        """Return what ``from module import *`` gives."""
        if module not in self.modules:
            return set()
        exported = self.modules[module].exported
        return set(exported) if exported is not None else {name for name in self.names(module) if name[0] != "_"}


class Table:
    """In which releases each thing exists, as one bit for each release."""

    def __init__(self) -> None:
        self.modules: dict[str, int] = defaultdict(int)
        self.names: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.of_others: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.members: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.parameters: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.variadic: dict[str, int] = defaultdict(int)
        self.entries: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        self.instead: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.definitions: dict[str, list[str]] = {}

    def add(self, release: Release, bit: int) -> None:
        self.definitions = defaultdict(list)
        for module in release.others:
            self.modules[module] |= bit
        for module, written in release.modules.items():
            self.modules[module] |= bit
            for name in release.names(module):
                if not name.startswith("__"):
                    self.names[module][name] |= bit
            for name in release.others_names(module):
                self.of_others[module][name] |= bit
            for name in (*written.functions, *written.classes):
                self.definitions[name].append(module)
            for name, replacement in written.instead.items():
                self.instead[f"{module}.{name}"] = replacement
            is_model = module.startswith(_MODELS) and not module.startswith(f"{_MODELS}auto.")
            aliased = {name: of for name, of in written.aliases.items() if of in written.classes}
            self.aliases |= {f"{module}.{name}": f"{module}.{of}" for name, of in aliased.items()}
            classes = written.classes | {name: written.classes[of] for name, of in aliased.items()}
            for name, definition in classes.items():
                members, parameters = (set(), definition.parameters) if is_model else release.members(module, name)
                for member in members:
                    if not member.startswith("__"):
                        self.members[f"{module}.{name}"][member] |= bit
                for method, taken in parameters.items():
                    if not is_model or method in ("__init__", "forward"):
                        self._add_parameters(f"{module}.{name}.{method}", taken, bit)
            if is_model:
                continue
            for name, taken in written.functions.items():
                self._add_parameters(f"{module}.{name}", taken, bit)
            for name, entries in written.tables.items():
                for key, value in entries.items():
                    self.entries[f"{module}.{name}"][key, value] |= bit

    def _add_parameters(self, function: str, taken: tuple[list[str], bool], bit: int) -> None:
        names, takes_any = taken
        for name in names:
            if name not in ("self", "cls"):
                self.parameters[function][name] |= bit
        if takes_any:
            self.variadic[function] |= bit

    def join_aliases(self) -> None:
        """Give a class that was renamed, with its earlier name kept as an alias, the members of both names."""
        for alias, name in self.aliases.items():
            for known in (self.members, self.parameters):
                of_methods = [one for one in known if one == alias or one.startswith(f"{alias}.")]
                for qualified in of_methods:
                    renamed = name + qualified.removeprefix(alias)
                    for member, bits in known[qualified].items():
                        known[renamed][member] |= bits

    def join_names_of_others(self) -> None:
        """Let a name that is the library's own in some releases count where a module has it from another package."""
        for module, known in self.names.items():
            for name in known:
                known[name] |= self.of_others[module].get(name, 0)

    def encoded(self, releases: list[str]) -> dict[str, Any]:
        """Return the table as JSON. ``always`` lists what exists as long as its owner."""
        every, last = (1 << len(releases)) - 1, 1 << (len(releases) - 1)
        lost = {name for known in self.names.values() for name, bits in known.items() if not bits & last}
        lost |= {module.rpartition(".")[2] for module, bits in self.modules.items() if not bits & last}

        def owner_of(qualified: str) -> int:
            owner, _, name = qualified.rpartition(".")
            if name in self.names.get(owner, {}):
                return self.names[owner][name]
            if name in self.members.get(owner, {}):
                return self.members[owner][name]
            return owner_of(owner) if "." in owner else every

        def grouped(known: dict[str, dict[str, int]], owners: Any) -> dict[str, Any]:
            encoded: dict[str, Any] = {}
            for qualified, names in sorted(known.items()):
                whole = owners(qualified)
                always = sorted(name for name, bits in names.items() if bits == whole)
                rest = {name: _spans(bits, len(releases)) for name, bits in sorted(names.items()) if bits != whole}
                encoded[qualified] = ({"always": always} if always else {}) | ({"some": rest} if rest else {})
            return encoded

        return {
            "releases": releases,
            "modules": {name: _spans(bits, len(releases)) for name, bits in sorted(self.modules.items())},
            "names": grouped(self.names, lambda module: self.modules[module]),
            "members": grouped(self.members, owner_of),
            "parameters": grouped(self.parameters, owner_of),
            "variadic": {name: _spans(bits, len(releases)) for name, bits in sorted(self.variadic.items())},
            "entries": {
                table: [(key, value, _spans(bits, len(releases))) for (key, value), bits in sorted(known.items())]
                for table, known in sorted(self.entries.items())
            },
            "homes": {name: sorted(self.definitions[name]) for name in sorted(lost) if name in self.definitions},
            "replacements": dict(sorted(self.instead.items())),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Read from the wheels of transformers what each release has.")
    parser.add_argument("wheels", type=Path, help="a folder of wheels")
    parser.add_argument("--download", action="store_true", help="download the wheels that are missing")
    given = parser.parse_args()
    if given.download:
        _download(given.wheels)
    wheels = sorted(given.wheels.glob("transformers-*.whl"), key=lambda path: _numbers(_release(path)))
    if not wheels:
        parser.error(f"{given.wheels} has no wheels of transformers; download them with --download")
    table = Table()
    for at, release in enumerate(read_wheels(wheels)):
        print(_release(wheels[at]), file=sys.stderr, flush=True)
        table.add(release, 1 << at)
    table.join_aliases()
    table.join_names_of_others()
    text = json.dumps(table.encoded([_release(wheel) for wheel in wheels]), separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes", file=sys.stderr)


def read_wheels(paths: list[Path]) -> Iterator[Release]:
    """Read the modules of each release from its wheel. Most are the same in many releases, and parsed once."""
    parsed: dict[tuple[str, str, bool], Module] = {}
    with ProcessPoolExecutor() as pool:
        for path in paths:
            sources, others = _sources(path)
            new = [one for one in sources if one not in parsed]
            read = dict(zip(new, pool.map(_parsed, new, chunksize=32), strict=True))
            parsed = {one: read[one] if one in read else parsed[one] for one in sources}
            yield _with_aliases(Release({one[1]: module for one, module in parsed.items()}, others))


def _sources(path: Path) -> tuple[list[tuple[str, str, bool]], dict[str, list[str]]]:
    """Return a wheel's modules to parse (source, name, whether a package), and those whose contents are left out."""
    sources, others = [], {}
    with zipfile.ZipFile(path) as wheel:
        for file in wheel.namelist():
            if file.startswith("transformers/") and file.endswith(".py"):
                name = file[: -len(".py")].replace("/", ".")
                is_package = name.endswith(".__init__")
                name = name.removesuffix(".__init__")
                source = wheel.read(file).decode()
                if _LEFT_OUT.search(name):
                    exported = _EXPORTED.search(source) if "_tf_" in name or "_flax_" in name else None
                    others[name] = ast.literal_eval(exported[1]) if exported else []
                else:
                    sources.append((source, name, is_package))
    return sources, others


def _parsed(module: tuple[str, str, bool]) -> Module:
    return Module(*module)


def _with_aliases(release: Release) -> Release:
    """Add the modules that ``transformers/__init__.py`` keeps importable by an earlier name."""
    targets = {
        f"transformers.{alias}": f"transformers.{of}"
        for alias, of in release.modules["transformers"].module_aliases.items()
    }
    if release.modules["transformers"].has_fast_aliases:
        targets |= {
            f"{module}_fast": module
            for module in release.modules
            if re.match(r"transformers\.models\.\w+\.image_processing_(?!pil_)", module)
        }
    for alias, target in targets.items():
        if target in release.modules and alias not in release.modules:
            names = sorted(release.names(target))
            names += [f"{name}Fast" for name in names if alias.endswith("_fast") and name.endswith("ImageProcessor")]
            release.modules[alias] = Module("", alias, is_package=False)
            release.modules[alias].imports = {name: (target, name) for name in names}
    return release


def _download(folder: Path) -> None:
    for release in RELEASES:
        if not list(folder.glob(f"transformers-{release}-*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*command, "-d", str(folder), f"transformers=={release}"], check=True)


def _release(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def _spans(bits: int, count: int) -> list[int]:
    """Return the releases of a bit mask as ``[since, until, …]``; open at the end if the last release has it."""
    return [at for at in range(count) if (bits >> at & 1) != (bits >> (at - 1) & 1 if at else 0)]


def _is_library(module: str) -> bool:
    """Return whether a module is the library's: names that it has from other packages are not its own to keep."""
    return module.partition(".")[0] == "transformers"


def _statements(body: Iterable[ast.stmt], type_checking: bool | None = False) -> Iterator[ast.stmt]:
    """Yield the statements of a module or class, also those under a condition.

    ``type_checking`` says whether to yield what is under ``if TYPE_CHECKING``: True for that alone, None for all.
    """
    for node in body:
        if isinstance(node, ast.If) and (_dotted(node.test) or "").endswith("TYPE_CHECKING"):
            yield from _statements(
                (
                    *(node.body if type_checking is not False else ()),
                    *(node.orelse if type_checking is not True else ()),
                ),
                None,
            )
        elif isinstance(node, ast.If):
            yield from _statements((*node.body, *node.orelse), type_checking)
        elif isinstance(node, ast.Try):
            handled = (part for one in node.handlers for part in one.body)
            yield from _statements((*node.body, *handled, *node.orelse), type_checking)
        elif isinstance(node, ast.With):
            yield from _statements(node.body, type_checking)
        elif type_checking is not True:
            yield node


def _dotted(node: ast.AST | None) -> str | None:
    parts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[list[str], bool]:
    taken = node.args
    return [one.arg for one in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)], taken.kwarg is not None


def _assigned_to_self(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
                    yield part.attr


def _set_in_loops(definition: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes that ``for name, value in self.method().items(): setattr(self, name, …)`` sets.

    The method has to return a dictionary that is written out: so did configurations with the settings of generation.
    """
    methods = {one.name: one for one in definition.body if isinstance(one, ast.FunctionDef)}
    for loop in (node for method in methods.values() for node in ast.walk(method) if isinstance(node, ast.For)):
        over = (_dotted(loop.iter.func.value.func) if _is_items_of_call(loop.iter) else None) or ""  # type: ignore[attr-defined]
        first = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else None
        made = methods.get(over.removeprefix("self.")) if over.startswith("self.") else None
        if made is None or not isinstance(first, ast.Name) or not _sets_on_self(loop, first.id):
            continue
        for node in ast.walk(made):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
                yield from (key.value for key in node.value.keys if isinstance(key, ast.Constant))


def _is_items_of_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "items"
        and isinstance(node.func.value, ast.Call)
    )


def _sets_on_self(loop: ast.For, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and _dotted(node.func) == "setattr"
        and [_dotted(one) for one in node.args[:2]] == ["self", name]
        for node in ast.walk(loop)
    )


def _texts(node: ast.AST) -> list[str]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def _message(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "" for part in node.values)
    return ""


def _deprecations(message: str) -> Iterator[tuple[str, str]]:
    """Yield what a message says is deprecated, with what to use instead, if it names exactly one of each."""
    found = _DEPRECATED.search(message)
    if found is None or len(set(_DEPRECATED.findall(found["rest"]))):
        return
    instead = set(_INSTEAD.findall(found["rest"]))
    if len(instead) == 1 and (new := instead.pop()) != found["old"]:
        yield found["old"], new


def _table(value: ast.expr) -> dict[str, str] | None:
    """Return a dictionary with texts as keys, written as such or as an OrderedDict; values are the classes named."""
    if isinstance(value, ast.Dict):
        pairs = list(zip(value.keys, value.values, strict=True))
    elif isinstance(value, ast.Call) and value.args and isinstance(value.args[0], (ast.List, ast.Tuple)):
        if not (_dotted(value.func) or "").endswith("OrderedDict"):
            return None
        pairs = [tuple(one.elts) for one in value.args[0].elts if isinstance(one, ast.Tuple) and len(one.elts) == 2]
    else:
        return None
    return {
        key.value: " ".join(dict.fromkeys(text for text in _texts(named) if text.isidentifier() and text[0].isupper()))
        for key, named in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    } or None


if __name__ == "__main__":
    main()
