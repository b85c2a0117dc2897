"""Compare outcomes, chosen classes, files, messages, and the text that went in and came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.analysis.diff.difference import Difference, Table, class_name, path_name, table_differences
from tracer.trace.events import (
    AdapterFound,
    ClassRegistered,
    ClassResolved,
    FileMissing,
    FileResolved,
    LogWritten,
    TextPrepared,
    TokenGenerated,
    WarningGiven,
    events,
)
from tracer.trace.reading import Trace

_ENDED: Final = ("status", "result", "part", "error", "message", "signal", "exit_code")
_SAID: Final = ("WARNING", "ERROR", "CRITICAL")


def compare_outcomes(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare how the loads ended."""
    yield from table_differences("outcome", "outcome", _outcome(a), _outcome(b))


def compare_classes(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare what each class name was resolved to and how, and where remote code was imported from."""
    yield from table_differences("classes", "class", _classes(a), _classes(b))
    for what, how in (("registered-loading", "for loading"), ("registered-saving", "for saving")):
        yield from table_differences("classes", what, _registered(a, how), _registered(b, how))
    yield from table_differences("classes", "imported-from", _modules(a), _modules(b))


def compare_files(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the files that were found or missing."""
    yield from table_differences("files", "file", _files(a), _files(b))


def compare_messages(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the warnings and log messages."""
    yield from table_differences("messages", "message", _messages(a), _messages(b))


def compare_text(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare the prompt's token ids, and the tokens that were generated."""
    yield from table_differences("text", "text", _text(a), _text(b))


def _outcome(trace: Trace) -> Table:
    outcome = trace.outcome
    last = outcome.step
    step = last if last is not None else max(len(trace) - 1, 0)
    facts = {name: getattr(outcome, name) for name in _ENDED if getattr(outcome, name) is not None}
    return {name: (class_name(value) if isinstance(value, str) else value, step) for name, value in facts.items()}


def _classes(trace: Trace) -> Table:
    found: Table = {}
    for resolved in events(trace, ClassResolved):
        event = resolved.event
        subject = event.reference or event.key or event.class_
        if subject is not None:
            chosen = {"way": event.way, "class": class_name(str(event.class_))}
            found.setdefault(subject, (chosen, resolved.step.number))
    return found


def _registered(trace: Trace, how: str) -> Table:
    """Return the classes that were registered for one purpose, each with its auto class in brackets."""
    found: Table = {}
    for registered in events(trace, ClassRegistered):
        event = registered.event
        auto = str(event.with_).rpartition(".")[2]
        if event.how == how:
            found.setdefault(f"{class_name(str(event.class_))} ({auto})", (True, registered.step.number))
    return found


def _modules(trace: Trace) -> Table:
    found: Table = {}
    for resolved in events(trace, ClassResolved):
        path = resolved.event.final_module
        if path is not None:
            found.setdefault(path_name(path), (path, resolved.step.number))
    return found


def _files(trace: Trace) -> Table:
    found: Table = {}
    for recorded in events(trace, FileResolved, FileMissing, AdapterFound):
        event, number = recorded.event, recorded.step.number
        if isinstance(event, FileMissing):
            found.setdefault(path_name(f"{event.in_}/{event.name}"), ("missing", number))
        elif isinstance(event, (FileResolved, AdapterFound)) and event.path is not None:
            found.setdefault(path_name(event.path), ("found", number))
    return found


def _messages(trace: Trace) -> Table:
    found: Table = {}
    for recorded in events(trace, LogWritten, WarningGiven):
        event, number = recorded.event, recorded.step.number
        if isinstance(event, WarningGiven) and event.message is not None:
            found.setdefault(class_name(event.message), (event.category, number))
        elif isinstance(event, LogWritten) and event.level in _SAID and event.message is not None:
            found.setdefault(class_name(event.message), (event.level, number))
    return found


def _text(trace: Trace) -> Table:
    found: Table = {}
    for prepared in events(trace, TextPrepared):
        found["prompt"] = (prepared.event.ids, prepared.step.number)
    for generated in events(trace, TokenGenerated):
        event = generated.event
        told = event.text if event.text is not None else event.ids or event.id
        found[f"token {event.index}"] = (told, generated.step.number)
    return found
