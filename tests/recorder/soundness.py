"""Whether a journal is sound: numbered without gaps, nothing twice, nothing pointed at before it is there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tracer.trace import journal
from tracer.trace.journal import JournalReader
from tracer.trace.steps import Bound, Frame, Items, Step, decode_source
from tracer.trace.values import Config, Mapping, Sequence, decode_value

_decode_step = msgspec.json.Decoder(Step).decode
_decode_frame = msgspec.json.Decoder(Frame).decode
_decode_value = msgspec.json.Decoder(tuple[int, msgspec.Raw]).decode


def steps_of_sound_journal(path: Path) -> list[Step]:
    """The steps, after everything about the journal was checked."""
    reader = JournalReader(path)
    steps: list[Step] = []
    values: set[int] = set()
    frames: set[int] = set()
    sources: set[int] = set()
    for kind, payload in reader.read_new():
        if kind == journal.STEP:
            step = _decode_step(payload)
            assert step.number == len(steps), f"step {step.number} stands where {len(steps)} is due"
            assert not steps or step.time >= steps[-1].time, f"step {step.number} is earlier than the one before"
            missing = _pointed_at(step) - values
            assert not missing, f"step {step.number} points at values {missing} that are not there"
            assert step.frame is None or step.frame in frames
            assert step.source is None or step.source in sources
            steps.append(step)
        elif kind == journal.VALUE:
            number, data = _decode_value(payload)
            assert number not in values, f"value {number} is there twice"
            value = decode_value(bytes(data))
            inner: set[int] = set()
            if isinstance(value, (Mapping, Config)):
                inner = {item for _, item in value.items}
            elif isinstance(value, Sequence):
                inner = set(value.items)
            assert inner <= values, f"value {number} holds {inner - values}, which are not there"
            values.add(number)
        elif kind == journal.FRAME:
            frame = _decode_frame(payload)
            assert frame.number not in frames, f"frame {frame.number} is there twice"
            assert frame.parent is None or frame.parent in frames
            frames.add(frame.number)
        elif kind == journal.SOURCE:
            source = decode_source(payload)
            assert source.number not in sources, f"source {source.number} is there twice"
            sources.add(source.number)
    reader.close()
    assert not reader.damaged
    assert not path.read_bytes()[reader.end :].strip(b"\0"), "an unfinished record"
    return steps


def _pointed_at(step: Step) -> set[int]:
    found = {step.value} if step.value is not None else set()
    for change in step.changes:
        if isinstance(change, Bound):
            found.add(change.value)
        elif isinstance(change, Items):
            found |= {*change.added.values(), *change.changed.values()}
    return found
