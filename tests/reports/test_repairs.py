"""The repairs of reported failures are tried: the repaired copy loads, or fails in another way that is said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.reports.not_explained_yet import NOT_YET
from tests.reports.reported import RELEASE, Reported, record, reported
from tests.support.loads import Loads
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.repair import ModelFiles, repair
from tracer.trace.reading import open_trace

CASES: Final = (
    "no-post-init", "tied-keys-list", "config-class-differs", "two-dots-in-reference", "auto-map-list",
    "config-trailing-comma", "package-conditional", "pad-without-side", "tie-default-gone", "tie-nested",
    "tied-overwritten", "import-flash-check", "import-pruning-helper", "import-module-gone", "cache-seen-tokens",
    "second-level-import", "neighbour-opened",
)  # fmt: skip
WITH_DIRECTORY: Final = (
    "two-dots-in-reference", "auto-map-list", "second-level-import", "import-flash-check", "import-pruning-helper",
    "import-module-gone", "config-class-differs", "package-conditional",
)  # fmt: skip
"""No function of the file to be repaired was stepped, so the trace does not have it; the others need the trace only."""
HERE: Final = [
    one for one in reported() if one.id in CASES and RELEASE in one.fails and RELEASE not in NOT_YET.get(one.id, {})
]


@pytest.mark.slow
@pytest.mark.parametrize("one", [pytest.param(one, id=one.id) for one in HERE])
def test_the_repaired_copy_loads(one: Reported, tmp_path: Path, loads: Loads) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    directory = one.write(before)
    with open_trace(record(loads, one, before)) as trace:
        found = diagnose(trace)
        made = repair(found, ModelFiles(trace, directory))
        without_directory = repair(found, ModelFiles(trace))
    assert made.repaired, found
    if one.id not in WITH_DIRECTORY:
        assert without_directory.edits == made.edits
    shutil.copytree(directory, after / one.id)
    for name, text in made.edits.items():
        (after / one.id / name).write_text(text)
    with open_trace(record(loads, one, after)) as trace:
        found_after = diagnose(trace)
    assert found_after.status == "loaded", found_after
    kinds = {cause.kind for cause in made.repaired}
    assert kinds.isdisjoint(cause.kind for cause in found_after.surprises)


@pytest.mark.skipif(RELEASE != "5.23.0", reason="4.44 doesn't pass padding_side yet")
def test_one_fault_that_keeps_two_passes_away_is_told_once(tmp_path: Path, loads: Loads) -> None:
    [one] = (one for one in reported() if one.id == "pad-without-side")
    one.write(tmp_path)
    with open_trace(record(loads, one, tmp_path)) as trace:
        found = diagnose(trace).surprises
    [told] = (cause for cause in found if cause.kind == "override-lacks-newer-parameter")
    assert len({evidence.step for evidence in told.chain}) > 1
