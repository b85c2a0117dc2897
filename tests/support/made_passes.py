"""Passes through models that never were: calls of modules with shapes, written by hand into a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.trace import made
from tracer.trace import values as v


class MadePass:
    """Writes the steps of a pass; ``with made.call(…)`` nests calls, :meth:`write` seals the trace."""

    def __init__(self, stage: str = "forward") -> None:
        self.records: list[bytes] = []
        self.stage = stage
        self._steps = self._values = self._calls = 0
        self._open: list[int] = []

    @contextmanager
    def call(
        self,
        path: str,
        class_: str,
        takes: dict[str, Sequence[int]],
        gives: Sequence[int] | dict[str, Sequence[int]] | None = None,
        *,
        dtypes: tuple[str, str] = ("float32", "float32"),
        **left: Any,
    ) -> Iterator[None]:
        """Enter a module and leave it again; ``left`` is what the step at its end has besides."""
        call, parent = self._calls, self._open[-1] if self._open else None
        self._calls += 1
        facts = {"call": call, "parent": parent, "path": path}
        self._step("module-entered", {**facts, "class": class_}, self._mapping(takes, dtypes[0]))
        self._open.append(call)
        yield
        self._open.pop()
        came = None if gives is None else self._mapping(gives, dtypes[1]) if isinstance(gives, dict) else self._tensor(gives, dtypes[1])  # fmt: skip
        self._step("module-left", {**facts, "nanoseconds": 1_500_000, **left}, came)

    def leaf(self, path: str, class_: str, takes: Sequence[int], gives: Sequence[int], **more: Any) -> None:
        """Write the call of a module that calls none."""
        with self.call(path, class_, {"input": takes}, gives, **more):
            pass

    def operator(self, name: str, takes: Sequence[int], gives: Sequence[int]) -> None:
        inside = self._value(v.Sequence("tuple", 1, [self._tensor(takes, "float32")]))
        value = self._value(v.Mapping("dict", 2, [("in", inside), ("out", self._tensor(gives, "float32"))]))
        self._step("operator", {"name": name}, value)

    def write(self, folder: Path) -> Path:
        return made.sealed(folder, [made.meta_record(), *self.records, made.end_record(status="loaded")])

    def _step(self, kind: str, data: dict[str, Any], value: int | None) -> None:
        step = made.step(
            self._steps, frame=None, stage=self.stage, kind=kind, event=None, source=None, line=None, data=data,
            value=value,
        )  # fmt: skip
        self.records.append(made.step_record(step))
        self._steps += 1

    def _value(self, value: v.Value) -> int:
        self.records.append(made.value_record(self._values, value))
        self._values += 1
        return self._values - 1

    def _tensor(self, shape: Sequence[int], dtype: str) -> int:
        return self._value(v.Tensor("Tensor", list(shape), dtype, "cpu"))

    def _mapping(self, named: dict[str, Sequence[int]], dtype: str) -> int:
        items = [(name, self._tensor(shape, dtype)) for name, shape in named.items()]
        return self._value(v.Mapping("dict", len(items), items))
