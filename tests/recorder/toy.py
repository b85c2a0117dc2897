"""A toy package that is stepped as if it were transformers: functions of the targets' names in files of their names."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.recorder.soundness import steps_of_sound_journal
from tracer.analysis.value_format import format_value
from tracer.recorder.session import Session
from tracer.recorder.stepping.targets import BY_FUNCTION
from tracer.trace.journal import JournalReader
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound, Change, Step, Unbound

FILE = "transformers/utils/hub.py"
TARGETS = tuple(target.function for target in BY_FUNCTION.values() if target.file == FILE)


class Toy:
    """A module with stepped functions, and recordings of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def module(self, code: str, file: str = FILE) -> ModuleType:
        """Import ``code`` from a file that looks like transformers' own."""
        self._count += 1
        path = self._folder / f"site{self._count}" / file
        path.parent.mkdir(parents=True)
        path.write_text(textwrap.dedent(code))
        name = f"toy_{id(self)}_{self._count}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    @contextmanager
    def recording(self, **options: Any) -> Iterator[Recorded]:
        """Record what happens in the block; afterwards the journal is checked."""
        self._count += 1
        path = self._folder / f"{self._count}.journal"
        session = Session(path, **{"all_threads": True, **options})
        recorded = Recorded(path, session)
        error: BaseException | None = None
        try:
            with session:
                yield recorded
        except BaseException as caught:
            error = caught
            raise
        finally:
            session.finish(error)
        recorded.steps = steps_of_sound_journal(path)


class Recorded:
    def __init__(self, path: Path, session: Session) -> None:
        self.path = path
        self.session = session
        self.steps: list[Step] = []

    @property
    def trace(self) -> Trace:
        return open_trace(self.path)

    def meta(self) -> dict[str, Any]:
        with self.trace as trace:
            return trace.stored_meta

    def size(self) -> int:
        reader = JournalReader(self.path)
        return sum(1 for _ in reader.read_new())


def steps_text(recorded: Recorded) -> str:
    """The steps as the golden lists have them; of several threads, one thread after the other."""
    with recorded.trace as trace:
        sources = {number: trace.source(number).text.splitlines() for number in trace.source_paths()}
        steps = sorted(trace.steps(), key=lambda step: step.thread)
        return "\n".join(told_step(trace, step, sources) for step in steps)


def told_step(trace: Trace, step: Step, sources: dict[int, list[str]]) -> str:
    assert step.frame is not None
    assert step.source is not None
    assert step.line is not None
    frame = trace.frame(step.frame)
    text = f"{'  ' * frame.depth}{step.event} {frame.function} | {sources[step.source][step.line - 1].strip()}"
    if step.value is not None:
        text += f" -> {format_value(trace, step.value)}"
    if step.changes:
        text += f" | {'; '.join(told_change(trace, change) for change in step.changes)}"
    return text


def told_change(trace: Trace, change: Change) -> str:
    if isinstance(change, Bound):
        return f"{change.name} = {format_value(trace, change.value)}"
    if isinstance(change, Unbound):
        return f"del {change.name}"
    parts = [f"+{key}: {format_value(trace, value)}" for key, value in change.added.items()]
    parts += [f"{key}: {format_value(trace, value)}" for key, value in change.changed.items()]
    parts += [f"-{key}" for key in change.removed]
    return f"{change.name}[{', '.join(parts)}]"


def troubles(recorded: Recorded) -> list[str]:
    """What could not be recorded, besides targets that the toy does not have."""
    return [name for name in recorded.meta().get("skipped", {}) if not name.startswith("transformers/")]


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    before = set(sys.modules)
    yield Toy(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("toy_"):
            del sys.modules[name]
