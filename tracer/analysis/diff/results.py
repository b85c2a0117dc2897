"""Compare outcomes, chosen classes, files, messages, and the text that went in and came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.analysis.diff.difference import Difference, Table, class_name, path_name, table_differences
from tracer.trace.reading import Trace

_ENDED: Final = ("status", "result", "part", "error", "message", "signal", "exit_code")
_SAID: Final = ("WARNING", "ERROR", "CRITICAL")


def compare_outcomes(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare how the loads ended."""
    yield from table_differences("outcome", "outcome", _outcome(a), _outcome(b))


def compare_classes(a: Trace, b: Trace) -> Iterator[Difference]:
    """Compare what each class name was resolved to and how, and where remote code was imported from."""
    yield from table_differences("classes", "class", _classes(a), _classes(b))
    yield from table_differences("classes", "registered", _registered(a), _registered(b))
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
    for step in trace.steps(kinds=["class-resolved"]):
        subject = step.data.get("reference") or step.data.get("key") or step.data.get("class")
        if isinstance(subject, str):
            chosen = {"way": step.data.get("way"), "class": class_name(str(step.data.get("class")))}
            found.setdefault(subject, (chosen, step.number))
    return found


def _registered(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["class-registered"]):
        auto = str(step.data.get("with")).rpartition(".")[2]
        name = f"{class_name(str(step.data.get('class')))} with {auto}, {step.data.get('how')}"
        found.setdefault(name, (True, step.number))
    return found


def _modules(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["class-resolved"]):
        path = step.data.get("final_module")
        if isinstance(path, str):
            found.setdefault(path_name(path), (path, step.number))
    return found


def _files(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["file-resolved", "file-missing", "adapter-found"]):
        path = step.data.get("path")
        if step.kind == "file-missing":
            path = f"{step.data.get('in')}/{step.data.get('name')}"
        if isinstance(path, str):
            found.setdefault(path_name(path), ("missing" if step.kind == "file-missing" else "found", step.number))
    return found


def _messages(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["log", "warning"]):
        who = step.data.get("level") if step.kind == "log" else step.data.get("category")
        message = step.data.get("message")
        if isinstance(message, str) and (step.kind == "warning" or who in _SAID):
            found.setdefault(class_name(message), (who, step.number))
    return found


def _text(trace: Trace) -> Table:
    found: Table = {}
    for step in trace.steps(kinds=["text-prepared", "token-generated"]):
        if step.kind == "text-prepared":
            found["prompt"] = (step.data.get("ids"), step.number)
        else:
            found[f"token {step.data.get('index')}"] = (step.data.get("text"), step.number)
    return found
