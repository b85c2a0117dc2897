"""Parts of one function that belong to different stages, told by a piece of the statement that begins them."""

from __future__ import annotations

import bisect
from types import CodeType
from typing import NamedTuple

from tracer.recorder.source_text import read_source


class Section(NamedTuple):
    """From the first line that holds ``statement`` on, lines belong to ``stage``.

    ``above`` moves the beginning up to the nearest earlier line that holds it: the ``if`` around the statement.
    """

    stage: str
    statement: str
    above: str = ""


class Sections:
    """The stage of every line of one function, as far as this release has the sections' statements."""

    def __init__(self, code: CodeType, first: str, sections: tuple[Section, ...]) -> None:
        self._starts, self._stages = [0], [first]
        lines = read_source(code.co_filename).splitlines()
        last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
        at = code.co_firstlineno - 1
        for section in sections:
            found = _find(lines, section, at, last)
            if found is not None:
                at = found
                self._starts.append(found + 1)
                self._stages.append(section.stage)

    def stage(self, line: int) -> str:
        return self._stages[bisect.bisect_right(self._starts, line) - 1]


def _find(lines: list[str], section: Section, start: int, stop: int) -> int | None:
    for index in range(start, min(stop, len(lines))):
        if section.statement in lines[index]:
            if section.above:
                for earlier in range(index, start - 1, -1):
                    if section.above in lines[earlier]:
                        return earlier
            return index
    return None
