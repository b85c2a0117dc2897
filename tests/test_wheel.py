"""The built package, installed where the checkout is not visible and run from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import translations
from tests.conftest import ROOT

pytest.importorskip("hatchling", reason="builds the package with hatchling (nox installs it)")

pytestmark = pytest.mark.slow

BUILD = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir"]
OURS = ("tracer", "glm_trace", "_editable_impl_glm_trace", "__editable__")


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*BUILD, folder, ROOT)
    return next(folder.glob("*.whl"))


class Elsewhere:
    """A virtual environment with the dependencies of the current environment but without glm-trace, and an empty
    folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self.home = folder / "home"
        self.home.mkdir()
        self.venv = folder / "venv"
        venv.create(self.venv, symlinks=True)
        self.site_packages = next((self.venv / "lib").glob("python*/site-packages"))
        self.env = {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "hf"),
            "HF_HUB_OFFLINE": "1",
            "GLM_TRACE_LANG": "en",
            **{name: os.environ[name] for name in ("ONEDNN_MAX_CPU_ISA",) if name in os.environ},
        }
        self._borrow_dependencies(folder / "dependencies")

    def _borrow_dependencies(self, links: Path) -> None:
        # Torch alone has gigabytes, so nothing is installed again. A .pth file with the running environment's
        # site-packages would do, were glm-trace not installed there too: hence a folder of links without it.
        links.mkdir()
        for place in {sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}:
            for entry in Path(place).iterdir():
                if not entry.name.startswith(OURS) and not (links / entry.name).exists():
                    (links / entry.name).symlink_to(entry)
        (self.site_packages / "dependencies.pth").write_text(f"{links}\n")

    def install(self, wheel: Path) -> None:
        run(sys.executable, "-m", "pip", "--quiet", "--python", self.python, "install", "--no-deps", wheel)

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    def glm_trace(self, *arguments: str) -> str:
        return run(self.venv / "bin" / "glm-trace", *arguments, cwd=self.folder, env=self.env)

    def ask(self, code: str) -> str:
        return run(self.python, "-c", code, cwd=self.folder, env=self.env).strip()


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    place = Elsewhere(tmp_path_factory.mktemp("elsewhere"))
    found = "import importlib.util as u; print(u.find_spec('tracer'), u.find_spec('torch') is not None)"
    assert place.ask(found) == "None True", "glm-trace must not be there before it is installed, and torch must"
    place.install(wheel)
    return place


def test_the_wheel_holds_the_package_and_what_travels_with_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    bundled = {name.removeprefix("tracer/_bundled/") for name in names if name.startswith("tracer/_bundled/")}

    def tracked(folder: str) -> set[str]:
        # Neither files that a test run leaves behind, nor the generators of the fixtures.
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        names = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
        return {name for name in names if not name.startswith("fixtures/make_")}

    assert bundled == tracked("fixtures") | tracked("walkthroughs")
    assert {name for name in names if name.startswith("tracer/") and "_bundled" not in name} == tracked("tracer")
    assert not [name for name in names if name.endswith(".pyc")]
    with zipfile.ZipFile(wheel) as held:
        for po in translations.po_files():
            compiled = held.read(po.with_suffix(".mo").relative_to(ROOT).as_posix())
            assert compiled == translations.compiled(po), "the build compiles the translations"
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"tracer", "glm_trace"}


def test_demo_works_from_an_empty_folder(elsewhere: Elsewhere) -> None:
    said = elsewhere.glm_trace("demo")

    assert [path.name for path in elsewhere.folder.iterdir()] == ["glm-4v-tiny.glmtrace"]
    assert "loaded ChatGLMForConditionalGeneration" in said
    shown = elsewhere.glm_trace("show", "glm-4v-tiny.glmtrace")
    assert "loaded ChatGLMForConditionalGeneration" in shown
    # The installed package ran, on the fixture inside it.
    assert Path(elsewhere.ask("import tracer; print(tracer.__file__)")).parent == elsewhere.site_packages / "tracer"
    roots = json.loads(elsewhere.glm_trace("show", "glm-4v-tiny.glmtrace", "--json"))["meta"]["roots"]
    assert roots["glm-trace"] == str(elsewhere.site_packages / "tracer")
    assert roots["model"] == str(elsewhere.site_packages / "tracer/_bundled/fixtures/glm-4v-tiny")


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=ROOT)
    run(*BUILD, tmp_path, next(tmp_path.glob("*.tar.gz")))

    again = next(tmp_path.glob("*.whl"))
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    return {entry.filename: entry.CRC for entry in zipfile.ZipFile(wheel).infolist()}
