"""Failures that people reported in public: each is made again, loaded for real, and has to be explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reports.not_explained_yet import NOT_YET
from tests.reports.reported import RELEASE, Reported, matches, record, reported
from tests.support.forked import in_fork
from tests.support.loads import Loads
from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.trace.reading import open_trace
from tracer.views.why import explanation

EVERYDAY = ("no-post-init", "sibling-missing", "config-trailing-comma", "lfs-pointer-weights")
"""The cases that are not marked slow."""
NO_ANSWER = (
    "own-code-raised",
    "own-code-failed",
    "own-code-called",
    "unknown",
    "unknown-raised",
    "unknown-outside",
    "unknown-unseen",
)


def _parameter(case: Reported) -> Any:
    marks = [] if case.id in EVERYDAY else [pytest.mark.slow]
    if (reason := NOT_YET.get(case.id, {}).get(RELEASE)) is not None:
        marks.append(pytest.mark.xfail(reason=reason, strict=True, raises=NotExplained))
    return pytest.param(case, id=case.id, marks=marks)


class NotExplained(AssertionError):
    """The load ended as it should, and ``why`` does not give the right answer."""


CASES = [one for one in reported() if RELEASE in one.fails]
"""What fails on the installed release."""


@pytest.mark.parametrize("case", [_parameter(one) for one in CASES])
def test_a_reported_failure_is_explained(case: Reported, tmp_path: Path, loads: Loads) -> None:
    untraced_folder, folder = tmp_path / "untraced", tmp_path / "traced"
    case.write(untraced_folder)
    untraced = in_fork(case.load_untraced, untraced_folder)
    _assert_it_shows_its_fault(case, untraced)

    case.write(folder)
    with open_trace(record(loads, case, folder)) as trace:
        found = diagnose(trace)
    _assert_it_ended_as_untraced(case, untraced, found)
    said = _said(found)
    missing = [one for one in case.expect if not matches(one, said)]
    wrong = [one for one in case.wrong if matches(one, said)]
    unexplained = [one.kind for one in found.causes[:1] if one.kind in NO_ANSWER]
    if missing or wrong or unexplained:
        raise NotExplained(f"{missing=} {wrong=} {unexplained=}\n{said}")


def _assert_it_shows_its_fault(case: Reported, untraced: dict[str, Any]) -> None:
    if "error" not in case.expected:
        assert untraced == {"status": "loaded", "proof": True}
    else:
        assert untraced.get("error") == case.expected["error"], untraced
        assert matches(case.expected["message"], untraced["message"])


def _assert_it_ended_as_untraced(case: Reported, untraced: dict[str, Any], found: Diagnosis) -> None:
    if untraced["status"] == "loaded" or case.expected.get("told_as_loaded"):  # the pass is our own addition
        assert found.status == "loaded", found
        return
    assert found.status in ("failed", "refused")
    assert found.error == untraced["error"]
    if found.message is not None:  # it is not recorded where reading it would have run foreign code
        assert matches(case.expected["message"], found.message)


def _said(found: Diagnosis) -> str:
    """Return what ``why`` says in its own words, without the exception, the library's warnings and the steps."""
    told = [explanation(one, "en") for one in found.causes]
    told += [explanation(one, "en", kind="surprise") for one in found.surprises if one.kind != "said"]
    return " ".join(part for sentences in told for part in sentences if part is not None)


def test_the_cases_are_known_here() -> None:
    assert len({one.id for one in reported()}) == len(reported()) > 60
    assert set(NOT_YET) <= {one.id for one in reported()}
    assert set(EVERYDAY) <= {one.id for one in reported()}
