"""Printed commands can be pasted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tracer.views.shell_commands import command, program


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program in a separate environment, called from the folder that contains the environment."""
    path = tmp_path / ".venv" / "bin" / "glm-trace"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [".venv/bin/glm-trace", "demo"])
    monkeypatch.setenv("PATH", os.defpath)
    return path


def test_a_program_that_is_not_on_the_path_is_named_as_it_was_called(installed: Path) -> None:
    assert program() == ".venv/bin/glm-trace"
    assert command("replay", "a b.glmtrace") == ".venv/bin/glm-trace replay 'a b.glmtrace'"


def test_a_program_on_the_path_has_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program() == "glm-trace"


def test_another_program_of_that_name_on_the_path_is_not_meant(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "glm-trace"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == ".venv/bin/glm-trace"


def test_from_elsewhere_the_whole_path(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "argv", [str(installed), "demo"])
    assert program() == str(installed)


def test_a_module_or_a_notebook_has_no_such_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [__file__])
    assert program() == "glm-trace"
