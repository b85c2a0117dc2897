"""Walkthroughs made by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.format import Note, Walkthrough


def words(text: str = "text") -> dict[str, str]:
    return {"en": text, "zh": text}


def note(anchor: Any, *, stage: str = "dynamic-class", **fields: Any) -> dict[str, Any]:
    whole = {"id": "one", "stage": stage, "anchor": anchor, "title": words(), "text": words()}
    return {**whole, **fields}


def document(*notes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {"id": "made", "title": words(), "summary": words(), "notes": list(notes)}
    return {**whole, **fields}


def walkthrough(*notes: dict[str, Any], **fields: Any) -> Walkthrough:
    return msgspec.convert(document(*notes, **fields), Walkthrough)


def made_note(anchor: Any, **fields: Any) -> Note:
    return walkthrough(note(anchor, **fields)).notes[0]


def bound(binder: Binder, anchor: Any, stage: str = "dynamic-class", **fields: Any) -> BoundNote:
    """Return a note made by hand, bound to its step."""
    found = binder.note(made_note(anchor, stage=stage, **fields), walkthrough(note(anchor)))
    assert isinstance(found, BoundNote)
    return found


def as_yaml(*notes: dict[str, Any], **fields: Any) -> str:
    return yaml.safe_dump(document(*notes, **fields), allow_unicode=True, sort_keys=False)
