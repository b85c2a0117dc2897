"""Ends that are no exception of the load's own: memory, signals, exits, interrupts, and what was asked for."""

from __future__ import annotations

import re
from typing import Final

from tracer.analysis.diagnosis.facts import REMOTE, Facts, file_name
from tracer.analysis.diagnosis.model import Cause, Evidence

_NATIVE: Final = {"SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT"}
_ALLOCATE = re.compile(r"(?:[Tt]ried to allocate|you tried to allocate) (?P<size>[\d.]+ \w+)")  # torch 2, GPU and CPU


def out_of_memory(facts: Facts) -> Cause | None:
    """Torch has a type of its own for a GPU's memory; the CPU's allocator says so in a RuntimeError (torch 2)."""
    name = facts.error.rpartition(".")[2]
    if facts.status != "failed":
        return None
    if name not in ("MemoryError", "OutOfMemoryError") and "DefaultCPUAllocator" not in facts.message:
        return None
    wanted = _ALLOCATE.search(facts.message)
    kind = "out-of-memory-asked" if wanted else "out-of-memory"
    values = {"size": wanted["size"]} if wanted else {}
    return Cause(kind, "certain", facts.raised() or _last(facts), values, "less-memory")


def own_fault(facts: Facts) -> Cause | None:
    """The recorder itself raised it; nothing is to be said of the load."""
    place = facts.outcome.get("fault")
    if not isinstance(place, str):
        return None
    values = {"error": facts.error.rpartition(".")[2], "place": place}
    return Cause("own-fault", "certain", _last(facts), values, "report-fault")


def killed(facts: Facts) -> Cause | None:
    """The process was ended from outside, or by native code."""
    signal = facts.outcome.get("signal")
    if facts.status != "killed" or not isinstance(signal, str):
        return None
    values = {"signal": signal, "where": _where(facts)}
    if signal == "SIGKILL":
        return Cause("killed-sigkill", "likely", _last(facts), values, "less-memory")
    if signal in _NATIVE:
        output = facts.trace.meta.get("native_output")
        values["output"] = output if isinstance(output, str) else ""
        return Cause("killed-native", "certain", _last(facts), values, "native-code")
    return Cause("killed-signal", "certain", _last(facts), values, "who-sent-it")


def exited(facts: Facts) -> Cause | None:
    """The process ended itself in the middle of the load."""
    code = facts.outcome.get("exit_code")
    if facts.status != "killed" or code is None:
        return None
    file = _own_file(facts)
    values = {"code": code, "where": _where(facts), "file": file}
    if file is not None:
        return Cause("own-code-exits", "likely", _last(facts), values, "no-exit-in-code")
    if facts.end is None:  # there are no steps to look at; what it printed may tell
        output = facts.trace.meta.get("native_output")
        values["output"] = output if isinstance(output, str) else ""
        return Cause("exits-early", "certain", [], values)
    return Cause("exits", "certain", _last(facts), values, "look-at-last-steps")


def interrupted(facts: Facts) -> Cause | None:
    if facts.status != "interrupted":
        return None
    return Cause("interrupted", "certain", _last(facts), {"where": _where(facts)}, "load-again")


def unfinished(facts: Facts) -> Cause | None:
    """A journal that nobody sealed: whoever was to do so is gone, or is still at it."""
    if facts.status != "unfinished":
        return None
    return Cause("unfinished", "certain", _last(facts), {"where": _where(facts)}, "load-again")


def misused(facts: Facts) -> Cause | None:
    """What was asked for can't be done at all."""
    if facts.status != "misused":
        return None
    return Cause("misused", "certain", [], {"message": facts.message}, "ask-otherwise")


def no_load(facts: Facts) -> Cause | None:
    """Nothing was loaded, or nothing that is recorded."""
    if facts.status != "no-load":
        return None
    return Cause("no-load", "certain", [], {}, "load-inside")


def script_failed(facts: Facts) -> Cause | None:
    """The exception is the script's own."""
    if facts.part not in ("script", "before-load"):
        return None
    chain = facts.raised() if facts.failure is not None else _last(facts)
    return Cause("script-failed", "certain", chain, {"error": facts.error.rpartition(".")[2]}, "look-at-script")


def stopped(facts: Facts) -> Cause | None:
    """Ended where it was told to."""
    if facts.status != "stopped":
        return None
    return Cause("stopped", "certain", _last(facts), {"where": _where(facts)})


def _last(facts: Facts) -> list[Evidence]:
    end = facts.end
    if end is None:
        return []
    step = facts.trace.step(end)
    function = facts.trace.frame(step.frame).function if step.frame is not None else "–"
    place = f"{_file(facts, step.source)}:{step.line}" if step.source is not None else "–"
    return [Evidence(end, "last", {"function": function, "place": place})]


def _file(facts: Facts, source: int | None) -> str | None:
    return facts.trace.source_paths().get(source) if source is not None else None


def _where(facts: Facts) -> str:
    """The function that was running: the innermost of the directory's own code, or of the library."""
    if facts.end is None:
        return "–"
    step = facts.trace.step(facts.end)
    return facts.trace.frame(step.frame).function if step.frame is not None else step.stage


def _own_file(facts: Facts) -> str | None:
    """The file of the directory's code that was running at the end, with the line."""
    if facts.end is None:
        return None
    step = facts.trace.step(facts.end)
    if step.frame is None or not facts.trace.frame(step.frame).module.startswith(f"{REMOTE}."):
        return None
    return f"{file_name(_file(facts, step.source))}:{step.line}"
