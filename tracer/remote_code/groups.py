"""Findings as they are told: the same thing on many lines once, what runs on import first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tracer.remote_code.result import Finding

_LINES_TOLD: Final = 3


def grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The same thing found on many lines is told once; what runs on import comes first.

    Where what is passed matters, only calls written alike are the same.
    """
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for finding in findings:
        written = finding.name if finding.weak else as_written(finding)
        groups.setdefault((finding.kind, written, finding.on_import), []).append(finding)
    return sorted(groups.values(), key=lambda group: (not group[0].on_import, group[0].line))


def line_numbers(group: list[Finding]) -> str:
    """The first few lines of a group: ``12, 40, 51, …``."""
    lines = sorted({finding.line for finding in group})
    return ", ".join(map(str, lines[:_LINES_TOLD])) + (", …" if len(lines) > _LINES_TOLD else "")


def as_written(finding: Finding) -> str:
    """The source of a finding, with what it stands for in front where an alias hides that."""
    name = finding.name.removeprefix("….")
    last = name.rpartition(".")[2].rpartition(" ")[2]
    if not finding.source:
        return finding.name
    clear = name in finding.source or f".{last}" in finding.source or "." not in name
    return finding.source if clear else f"{name}: {finding.source}"
