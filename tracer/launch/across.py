"""Record one load on several releases of transformers, each in an environment of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
from packaging.version import InvalidVersion, Version

from tracer.i18n import N_
from tracer.launch.environments import Obstacle
from tracer.releases.library import library
from tracer.trace.errors import TracerError
from tracer.trace.outcome import GOOD, Outcome

OLDEST: Final = "4.44.2"
"""The oldest release on which glm-trace records."""

Verdict: TypeAlias = Literal["found", "all-good", "all-bad", "end-not-run", "interrupted"]
"""What a bisection came to. ``all-good``, ``all-bad``: both ends came out the same, so nothing could be searched."""

_MINOR: Final = re.compile(r"\d+\.\d+")


class ReleaseRun(msgspec.Struct, frozen=True):
    """The load on one release.

    Attributes:
        release: the release of transformers.
        trace: the trace, if one was written.
        outcome: how the load ended; None if there was none.
        obstacle: why there is no environment, if there is none.
        detail: more about the obstacle.
    """

    release: str
    trace: Path | None = None
    outcome: Outcome | None = None
    obstacle: Obstacle | None = None
    detail: str = ""

    @property
    def good(self) -> bool | None:
        """Return whether the load went well; None if nothing can be said of this release."""
        if self.outcome is None or self.interrupted:
            return None
        return self.outcome.status in GOOD

    @property
    def interrupted(self) -> bool:
        return self.obstacle == "interrupted" or (self.outcome is not None and self.outcome.status == "interrupted")


class Turn(msgspec.Struct, frozen=True):
    """Two neighbouring releases, one on which the load goes well and one on which it does not."""

    good: ReleaseRun
    bad: ReleaseRun


class Bisection(msgspec.Struct, frozen=True):
    """A search for the release at which a load changes its outcome.

    Attributes:
        runs: the releases that were tried, from the oldest to the newest.
        verdict: see :data:`Verdict`.
        candidates: how many releases there were to choose from.
    """

    runs: list[ReleaseRun]
    verdict: Verdict
    candidates: int


def releases_in(text: str) -> list[str]:
    """Return the releases of a list such as ``4.44.2,4.49,5.23.0``, each once; a minor release means its last patch.

    Raises:
        TracerError: one of them is not a release, or is older than glm-trace supports.
    """
    return list(dict.fromkeys(_release(word.strip()) for word in text.split(",")))


def range_of(text: str) -> list[str]:
    """Return the two ends of a range such as ``4.44.2..5.23.0`` and the last patches of the minor releases between.

    Raises:
        TracerError: it is not a range from an older to a newer release.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise TracerError(N_("--bisect {text}: expected two releases such as 4.44.2..5.23.0."), text=text)
    ends = [_release(first.strip()), _release(last.strip())]
    oldest, newest = map(Version, ends)
    if oldest >= newest:
        raise TracerError(
            N_("--bisect {text}: the first release has to be older than the second. Exchange them."), text=text
        )
    between = [release for release in library().patches if oldest < Version(release) < newest]
    return [ends[0], *between, ends[1]]


def _release(word: str) -> str:
    try:
        version = Version(word)
    except InvalidVersion:
        raise TracerError(
            N_("'{word}' is not a release of transformers. Write for example: 4.49.0"), word=word
        ) from None
    if _MINOR.fullmatch(word):
        known = [patch for patch in library().patches if patch.startswith(f"{word}.")]
        word = known[0] if known else f"{word}.0"
        version = Version(word)
    if version < Version(OLDEST):
        raise TracerError(
            N_("glm-trace records on transformers {oldest} or later; {release} is older."), oldest=OLDEST, release=word
        )
    return word


def run_releases(releases: Iterable[str], load: Callable[[str], ReleaseRun]) -> list[ReleaseRun]:
    """Load on each of the releases, until one load is interrupted."""
    runs: list[ReleaseRun] = []
    for release in releases:
        runs.append(load(release))
        if runs[-1].interrupted:
            break
    return runs


def bisect(releases: Sequence[str], load: Callable[[str], ReleaseRun]) -> Bisection:
    """Search the releases, sorted from the oldest on, for two neighbours of which one loads and one does not.

    The ends are tried first. A release that can't be tried is passed over.
    """
    runs: dict[str, ReleaseRun] = {}

    def tried(release: str) -> bool | None:
        runs[release] = load(release)
        return runs[release].good

    def bisection(verdict: Verdict) -> Bisection:
        if any(run.interrupted for run in runs.values()):
            verdict = "interrupted"
        return Bisection([runs[release] for release in releases if release in runs], verdict, len(releases))

    first = tried(releases[0])
    if first is None:
        return bisection("end-not-run")
    last = tried(releases[-1])
    if last is None:
        return bisection("end-not-run")
    if first == last:
        return bisection("all-good" if first else "all-bad")
    low, high = 0, len(releases) - 1
    while untried := [place for place in range(low + 1, high) if releases[place] not in runs]:
        middle = untried[len(untried) // 2]
        good = tried(releases[middle])
        if good is None:
            if runs[releases[middle]].interrupted:
                break
        elif good == first:
            low = middle
        else:
            high = middle
    return bisection("found")


def turn_in(runs: Sequence[ReleaseRun]) -> Turn | None:
    """Return the last good release before the first bad one, by age; else the first good one after a bad one."""
    known = sorted((run for run in runs if run.good is not None), key=lambda run: Version(run.release))
    pairs = list(pairwise(known))
    for older, newer in pairs:
        if older.good and not newer.good:
            return Turn(older, newer)
    for older, newer in pairs:
        if newer.good and not older.good:
            return Turn(newer, older)
    return None
