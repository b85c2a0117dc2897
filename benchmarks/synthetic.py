"""Write a large synthetic trace that looks like the recording of a model with many layers: a million steps.

    python benchmarks/synthetic.py million.glmtrace --steps 1000000

It is written to a journal and sealed like a recording. The same seed gives the same trace.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tracer.trace import journal
from tracer.trace.journal import JournalWriter, encode_record
from tracer.trace.sealing import seal
from tracer.trace.steps import Bound, Change, Frame, Items, Step, Unbound, encode_source
from tracer.trace.values import Config, Mapping, Plain, Sequence, Tensor, Text, Value, encode_value
from tracer.trace.vocabulary import STAGES

STEPS: Final = 1_000_000
STEPS_OF_A_FRAME: Final = 50  # on average
LONG_FRAME: Final = 10_000  # line steps of the single long loop
STAGE_SWITCHES: Final = 200
SOURCES: Final = 12
FUNCTIONS: Final = 30  # in a source
_BLOCK: Final = """\
    name_{n} = config_0
    if name_{n} > 1 and path_0 is not None:
        path_{n} = name_{n}
    elif layer_0:
        path_{n} = layer_0
    else:
        path_{n} = None
    for index_{n} in range(name_{n}):
        tensor_{n} = index_{n}
        if tensor_{n} in kwargs:
            layer_{n} = kwargs.pop(tensor_{n})
    try:
        config_{n} = kwargs["key_{n}"]
    except KeyError:
        config_{n} = None
"""
_BODY: Final = "".join(_BLOCK.format(n=n) for n in range(4))
FUNCTION_LINES: Final = 2 + _BODY.count("\n")
_BATCH: Final = 1_000
_NAMES: Final = [f"{word}_{n}" for n in range(4) for word in ("config", "name", "path", "tensor", "layer", "index")]

_encode = msgspec.json.encode


class Synthetic:
    """Write the journal of a synthetic load, step by step."""

    def __init__(self, path: Path, steps: int, seed: int = 0) -> None:
        self._writer = JournalWriter(path)
        self._pending: list[bytes] = []
        self._chance = random.Random(seed)
        self._steps = steps
        self._number = self._frames = self._values = 0
        self._stage = STAGES[0]
        self._switch = max(1, steps // STAGE_SWITCHES)
        self._stacks: dict[int, list[_Running]] = {0: [], 1: []}

    def write(self) -> None:
        self._put(journal.META, {"command": ["glm-trace", "load", "made-up"], "threads": {"0": "main", "1": "loader"}})
        for number in range(SOURCES):
            text = "\n".join(f"def function_{n}(config_0, **kwargs):\n{_BODY}" for n in range(FUNCTIONS))
            self._pending.append(
                encode_record(journal.SOURCE, encode_source(number, f"<library>/file_{number}.py", text.encode()))
            )
        for key in range(400):
            self._value(Text(f"text {key} of some length, as a path or a message would have it"))
        long_at = self._steps // 2
        while self._number < self._steps:
            if self._number >= long_at:
                long_at = self._steps
                self._long_frame(min(LONG_FRAME, self._steps // 10))
            self._tick(0 if self._chance.random() < 0.95 else 1)
        self._put(journal.END, {"outcome": {"status": "loaded", "step": self._number - 1}})
        self._flush()
        self._writer.close()

    def _tick(self, thread: int) -> None:
        stack, what = self._stacks[thread], self._chance.random()
        if not stack or (what < 1 / STEPS_OF_A_FRAME and len(stack) < 12):
            self._call(thread)
        elif what < 2 / STEPS_OF_A_FRAME:
            self._step(thread, "return", "return", value=self._chance.randrange(self._values))
            stack.pop()
        elif what < 0.13:
            self._point(thread)
        else:
            self._step(thread, "line", "line", stack[-1].changes(self))

    def _call(self, thread: int) -> None:
        stack = self._stacks[thread]
        parent = stack[-1].number if stack else None
        source, function = self._chance.randrange(SOURCES), self._chance.randrange(FUNCTIONS)
        line, name = 1 + function * FUNCTION_LINES, f"function_{function}"
        frame = Frame(self._frames, parent, thread, f"library.file_{source}", name, source, line, len(stack))
        self._put(journal.FRAME, frame)
        self._frames += 1
        stack.append(_Running(frame.number, source, line))
        self._step(thread, "call", "call", stack[-1].bound(self, 6))

    def _long_frame(self, lines: int) -> None:
        """Write a loop that fills and empties a dictionary, ten thousand line steps long."""
        self._call(0)
        for _ in range(lines):
            running = self._stacks[0][-1]
            self._step(0, "line", "line", running.changes(self, often=0.9))
        self._step(0, "return", "return", value=0)
        self._stacks[0].pop()

    def _point(self, thread: int) -> None:
        kind = self._chance.choice(["tensor-loaded", "module-built", "module-entered", "module-left", "log"])
        layer = f"transformer.layers.{self._number % 40}.mlp.weight_{self._chance.randrange(900)}"
        known: dict[str, dict[str, Any]] = {
            "tensor-loaded": {"parameter": layer, "from": [layer], "shape": [4096, 4096], "dtype": "bfloat16"},
            "module-built": {"class": "Linear", "path": layer, "parameters": 1 << 24},
            "log": {"level": "INFO", "message": f"loaded {layer}", "logger": "library"},
        }
        self._step(thread, kind, None, data=known.get(kind, {"path": layer, "call": self._number}))

    def _step(
        self, thread: int, kind: str, event: str | None, changes: list[Change] | None = None, **more: Any
    ) -> None:
        running = self._stacks[thread][-1]
        if self._number % self._switch == 0:
            self._stage = STAGES[self._number // self._switch % len(STAGES)]
        if event == "line":
            running.go_on(self._chance.choice([1, 1, 1, 2, 3]))
        step = Step(
            self._number, self._number * 1_500, thread, running.number, self._stage, kind, event, running.source,
            running.line, changes or [], more.get("value"), more.get("data", {}),
        )  # fmt: skip
        self._number += 1
        self._put(journal.STEP, step)

    def new_value(self) -> int:
        """Return a value of a common kind; every second value has been used before."""
        chance = self._chance
        if chance.random() < 0.8:
            return chance.randrange(self._values)
        made: list[Value] = [
            Plain(chance.randrange(1 << 30)),
            Text(f"transformer.layers.{chance.randrange(40)}.weight {self._values}"),
            Tensor("torch.Tensor", [chance.randrange(4096), 4096], "torch.bfloat16", "cpu"),
            Sequence("list", 5, [chance.randrange(self._values) for _ in range(5)]),
        ]
        return self._value(chance.choice(made))

    def new_mapping(self, length: int) -> tuple[int, list[str]]:
        keys = [f"key_{n}" for n in range(length)]
        items = [(key, self._chance.randrange(self._values)) for key in keys]
        config = self._chance.random() < 0.5
        return self._value(Config("ChatGLMConfig", length, items) if config else Mapping("dict", length, items)), keys

    def _value(self, value: Value) -> int:
        self._pending.append(encode_record(journal.VALUE, b"[%d,%b]" % (self._values, encode_value(value))))
        self._values += 1
        return self._values - 1

    def _put(self, kind: bytes, record: object) -> None:
        self._pending.append(encode_record(kind, _encode(record)))
        if len(self._pending) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._writer.append(b"".join(self._pending))
        self._pending.clear()

    @property
    def chance(self) -> random.Random:
        return self._chance


class _Running:
    """A frame that is running."""

    def __init__(self, number: int, source: int, first: int) -> None:
        self.number, self.source, self.first, self.line = number, source, first, first
        self._known: set[str] = set()
        self._keys: list[str] = []

    def go_on(self, lines: int) -> None:
        """Advance to a later line; from the last line, to the first."""
        self.line += lines
        if self.line > self.first + FUNCTION_LINES - 2:
            self.line = self.first + 1

    def bound(self, maker: Synthetic, count: int) -> list[Change]:
        number, self._keys = maker.new_mapping(maker.chance.choice([3, 10, 40, 200]))
        names = _NAMES[:count]
        self._known.update(names)
        return [Bound("kwargs", number), *(Bound(name, maker.new_value()) for name in names)]

    def changes(self, maker: Synthetic, often: float = 0.45) -> list[Change]:
        return list(self._some(maker)) if maker.chance.random() < often else []

    def _some(self, maker: Synthetic) -> Iterator[Change]:
        what, name = maker.chance.random(), maker.chance.choice(_NAMES)
        if what < 0.25 and self._keys:
            yield self._items(maker)
        elif what < 0.28 and name in self._known:
            self._known.discard(name)
            yield Unbound(name)
        else:
            self._known.add(name)
            yield Bound(name, maker.new_value())

    def _items(self, maker: Synthetic) -> Items:
        what, key = maker.chance.randrange(3), maker.chance.choice(self._keys)
        if what == 0 and len(self._keys) > 1:
            self._keys.remove(key)
            return Items("kwargs", {}, {}, [key])
        if what == 1:
            return Items("kwargs", {}, {key: maker.new_value()}, [])
        new = f"new_{maker.chance.randrange(1 << 30)}"
        self._keys.append(new)
        return Items("kwargs", {new: maker.new_value()}, {}, [])


def make(path: Path, steps: int = STEPS, seed: int = 0) -> Path:
    """Write a sealed trace with ``steps`` steps."""
    written = path.with_name(f"{path.name}.journal")
    Synthetic(written, steps, seed).write()
    seal(written, path)
    written.unlink()
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    make(arguments.path, arguments.steps)


if __name__ == "__main__":
    main()
