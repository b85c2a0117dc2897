"""Rules for loads that did not end by their own exception: memory, signals, exits, interrupts, misuse."""

from __future__ import annotations

import re
from typing import Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name

_NATIVE: Final = {"SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT"}
_ALLOCATE = re.compile(r"(?:[Tt]ried to allocate|you tried to allocate) (?P<size>[\d.]+ \w+)")  # torch 2, GPU and CPU


def out_of_memory(load: RecordedLoad) -> Cause | None:
    """Detect a lack of memory: torch has its own type for a GPU, and a RuntimeError of its CPU allocator (torch 2)."""
    name = load.error.rpartition(".")[2]
    if load.status != "failed":
        return None
    if name not in ("MemoryError", "OutOfMemoryError") and "DefaultCPUAllocator" not in load.message:
        return None
    wanted = _ALLOCATE.search(load.message)
    kind = "out-of-memory-asked" if wanted else "out-of-memory"
    values = {"size": wanted["size"]} if wanted else {}
    return Cause(kind, "certain", load.raised() or _last(load), values, "less-memory")


def recorder_fault(load: RecordedLoad) -> Cause | None:
    """Detect an exception of the recorder itself, which says nothing about the load."""
    place = load.outcome.fault
    if place is None:
        return None
    values = {"error": load.error.rpartition(".")[2], "place": place}
    return Cause("own-fault", "certain", _last(load), values, "report-fault")


def killed(load: RecordedLoad) -> Cause | None:
    """Detect a process ended by a signal, from outside or from native code."""
    signal = load.outcome.signal
    if load.status != "killed" or signal is None:
        return None
    values = {"signal": signal, "where": _where(load)}
    if signal == "SIGKILL":
        return Cause("killed-sigkill", "likely", _last(load), values, "less-memory")
    if signal in _NATIVE:
        values["output"] = load.trace.meta.native_output
        return Cause("killed-native", "certain", _last(load), values, "native-code")
    return Cause("killed-signal", "certain", _last(load), values, "who-sent-it")


def exited(load: RecordedLoad) -> Cause | None:
    """Detect a process that exited in the middle of the load."""
    code = load.outcome.exit_code
    if load.status != "killed" or code is None:
        return None
    file = _remote_file(load)
    values = {"code": code, "where": _where(load), "file": file}
    if file is not None:
        return Cause("own-code-exits", "likely", _last(load), values, "no-exit-in-code")
    if load.last_step is None:  # there are no steps to look at; what it printed may explain it
        values["output"] = load.trace.meta.native_output
        return Cause("exits-early", "certain", [], values)
    return Cause("exits", "certain", _last(load), values, "look-at-last-steps")


def interrupted(load: RecordedLoad) -> Cause | None:
    if load.status != "interrupted":
        return None
    return Cause("interrupted", "certain", _last(load), {"where": _where(load)}, "load-again")


def unfinished(load: RecordedLoad) -> Cause | None:
    """Detect a journal that was not sealed: its parent process is gone, or still recording."""
    if load.status != "unfinished":
        return None
    return Cause("unfinished", "certain", _last(load), {"where": _where(load)}, "load-again")


def misused(load: RecordedLoad) -> Cause | None:
    """Detect a request that can't be carried out at all."""
    if load.status != "misused":
        return None
    return Cause("misused", "certain", [], {"message": load.message}, "ask-otherwise")


def no_load(load: RecordedLoad) -> Cause | None:
    """Detect a run that loaded nothing, or nothing that is recorded."""
    if load.status != "no-load":
        return None
    return Cause("no-load", "certain", [], {}, "load-inside")


def script_failed(load: RecordedLoad) -> Cause | None:
    """Detect an exception of the script itself."""
    if load.part not in ("script", "before-load"):
        return None
    chain = load.raised() if load.failure is not None else _last(load)
    return Cause("script-failed", "certain", chain, {"error": load.error.rpartition(".")[2]}, "look-at-script")


def stopped(load: RecordedLoad) -> Cause | None:
    """Detect a load that ended where the user asked it to."""
    if load.status != "stopped":
        return None
    return Cause("stopped", "certain", _last(load), {"where": _where(load)})


def _last(load: RecordedLoad) -> list[Evidence]:
    end = load.last_step
    if end is None:
        return []
    step = load.trace.step(end)
    function = load.trace.frame(step.frame).function if step.frame is not None else "–"
    place = f"{_file(load, step.source)}:{step.line}" if step.source is not None else "–"
    return [Evidence(end, "last", {"function": function, "place": place})]


def _file(load: RecordedLoad, source: int | None) -> str | None:
    return load.trace.source_paths().get(source) if source is not None else None


def _where(load: RecordedLoad) -> str:
    """Return the function that was running at the last step, or its stage outside all functions."""
    if load.last_step is None:
        return "–"
    step = load.trace.step(load.last_step)
    return load.trace.frame(step.frame).function if step.frame is not None else step.stage


def _remote_file(load: RecordedLoad) -> str | None:
    """Return the remote file and line that were running at the end, if it was remote code."""
    if load.last_step is None:
        return None
    step = load.trace.step(load.last_step)
    if step.frame is None or not load.trace.frame(step.frame).module.startswith(f"{REMOTE}."):
        return None
    return f"{file_name(_file(load, step.source))}:{step.line}"
