"""The rules of the code base: imports, what starts without torch, and lists that have to agree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES, ROOT
from tests.support.loads import Loads
from tracer.trace.vocabulary import EVENTS, KINDS, STAGES
from tracer.views.stages import STAGE_NAMES

PACKAGE = ROOT / "tracer"
SOURCES = sorted(PACKAGE.rglob("*.py"))
READMES = ("README.md", "README.zh-CN.md")
LINES = {"4.44": "4.44.2", "5.23": "5.23.0"}

HEAVY = {"torch", "transformers", "safetensors", "peft", "accelerate", "tokenizers", "huggingface_hub", "numpy"}


def imports(path: Path) -> Iterator[str]:
    """Return every module that a file imports, also inside functions, by its absolute name."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: -node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_folder_has_its_place_in_the_contracts() -> None:
    """import-linter checks the layers of the folders and modules that are in its contracts."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    (house,) = [contract for contract in contracts if contract["id"] == "house"]
    modules = [path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    named = {f"tracer.{path.stem}" for path in (*modules, *folders)}
    assert set(re.split(r" \| |,", ",".join(house["layers"]))) == named
    (torch,) = [contract for contract in contracts if contract["id"] == "no-torch-outside-recorder"]
    assert set(torch["source_modules"]) == named - {"tracer.recorder"}
    assert set(torch["forbidden_modules"]) >= HEAVY


def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))


def loaded_by(code: str, *arguments: str, shows: int = 1) -> set[str]:
    """Return the heavy packages that a fresh interpreter has loaded after running some code."""
    report = f"{code}\nimport sys; print('LOADED', *({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", report, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nSHOWN\n") >= shows
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


DISTRIBUTIONS = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "huggingface_hub": "huggingface-hub",
    "markdown_it": "markdown-it-py",
    "textual_serve": "textual-serve",
}
"""Packages whose distribution has another name."""


def test_what_is_imported_is_declared() -> None:
    """A package that is installed only because of the tests' requirements would be missing for a user."""
    declared = {re.split(r"[^\w-]", one)[0] for one in project()["project"]["dependencies"]}
    tops = {name.partition(".")[0] for path in SOURCES for name in imports(path)}
    foreign = {top for top in tops if top not in sys.stdlib_module_names and top not in ("tracer", "")}
    assert len(foreign) > 8
    assert {DISTRIBUTIONS.get(top, top) for top in foreign} <= declared


EVERY_HELP = """
import typer
from tracer.cli.main import app

def every(command, *words):
    yield words
    for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
        yield from every(command.get_command(None, name), *words, name)

for words in every(typer.main.get_command(app)):
    app([*words, "--help"], standalone_mode=False)
    print("SHOWN")
"""


def test_help_loads_no_torch() -> None:
    """A single process checks all of it, because modules that a command's help loaded stay loaded."""
    assert loaded_by(EVERY_HELP, shows=25) == set()


EVERY_LOOK = """
import sys, tracer
from tracer.cli.main import app
for options in ([], ["--steps"], ["--json"]):
    app(["show", sys.argv[1], *options], standalone_mode=False)
with tracer.open_trace(sys.argv[1]) as trace:
    assert len(list(trace.steps())) > 100
print("SHOWN")
"""


def test_looking_at_a_trace_loads_no_torch(loads: Loads) -> None:
    assert loaded_by(EVERY_LOOK, str(loads.record(FIXTURES / "bert-tiny").path)) == set()


def test_every_stage_has_a_name() -> None:
    assert set(STAGES) <= STAGE_NAMES.keys()


def kinds_in_the_code() -> Iterator[str]:
    """Return the first items of the probes' results ``(kind, {…})`` and the first arguments of ``record_event(kind,
    …)``."""
    for path in (PACKAGE / "recorder").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record_event":
                first = node.args[0]
            elif isinstance(node, ast.Tuple) and path.parent.name == "probes" and len(node.elts) == 2:
                first = node.elts[0] if isinstance(node.elts[1], (ast.Dict, ast.Call)) else node
            else:
                continue
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def test_every_step_kind_is_in_the_vocabulary(loads: Loads) -> None:
    used = set(kinds_in_the_code())
    assert {"config-read", "file-missing", "warning", "output"} <= used
    assert used <= KINDS.keys()
    for name in ("glm-4v-tiny", "bert-tiny"):
        steps = list(loads.trace(FIXTURES / name).steps())
        assert {step.kind for step in steps} <= KINDS.keys()
        assert {step.stage for step in steps} <= set(STAGES)
        assert {step.event for step in steps} <= {*EVENTS, None}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "constraints" / name).read_text()
    return dict(line.split("==") for line in text.splitlines() if re.fullmatch(r"[\w.-]+==[\w.]+", line))


@pytest.mark.parametrize("line", sorted(LINES))
def test_constraints_are_what_readme_and_nox_say(line: str) -> None:
    name = f"transformers-{line}.txt"
    assert pins(name)["transformers"] == LINES[line]
    assert "-c common.txt" in (ROOT / "constraints" / name).read_text()
    assert f"tests-{line}" in (ROOT / "noxfile.py").read_text()
    for readme in READMES:
        assert LINES[line] in (ROOT / readme).read_text(encoding="utf-8"), readme


def test_torch_is_pinned() -> None:
    assert pins("common.txt")["torch"] == "2.13.0"


@pytest.mark.parametrize("document", [*READMES, "AGENTS.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_what_the_documents_name_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    top = "tracer|tests|fixtures|benchmarks|constraints|walkthroughs|docs"
    named = {*re.findall(rf"`((?:{top})/[\w./-]*)`", text), *re.findall(rf"\b((?:{top})/[\w/.-]+\.\w+)\b", text)}
    assert named
    example = {"walkthroughs/my-model.yaml", "tests/x.py"}  # what stands for a file of the reader's
    assert {path for path in named - example if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("readme", READMES)
def test_readme_names_files_that_exist_and_the_command_that_ci_runs(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    constraints = set(re.findall(r"constraints/[\w.-]+\.txt", text))
    assert constraints
    assert {name for name in constraints if not (ROOT / name).is_file()} == set()
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert script[-1] in text.splitlines()


def test_no_folder_of_this_machine_is_in_the_project() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout, so nothing tells the project's files from other ones")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    assert len(names) > 300
    private = [f"{folder}/".encode() for folder in (ROOT, Path.home()) if len(folder.parts) > 2]
    for path in (ROOT / name for name in names if name):
        if path.is_file():
            content = path.read_bytes()
            assert not [folder for folder in private if folder in content], path
