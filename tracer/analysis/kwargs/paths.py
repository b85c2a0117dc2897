"""The path of each keyword argument of a loading call, and where it ended.

Hops that only pass an argument on are merged, so that a path shows what made a difference.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from tracer.analysis.kwargs.follower import ArgumentFollower
from tracer.analysis.kwargs.frames import TrackedArgument
from tracer.analysis.kwargs.hops import Hop, KeywordPath, LastSeen, PathEnd
from tracer.analysis.loading_calls import LoadingCall, loading_calls, loads_a_model
from tracer.i18n import N_, Sentence
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace


def keyword_paths(trace: Trace, *, call: int | None = None) -> list[KeywordPath]:
    """Return the paths of the keyword arguments of one loading call: the user's in the order given, then the library's.

    Args:
        call: step number of the call, see :func:`select_call`.

    Raises:
        TracerError: there is no such call.
    """
    chosen = select_call(trace, call)
    if chosen is None:
        return []
    known = _KNOWN.setdefault(trace, {})
    if chosen not in known:
        tracks = ArgumentFollower(trace, chosen).follow()
        known[chosen] = [finish_path(track, returned=chosen.returned) for track in tracks]
        for path in known[chosen] if not trace.meta.lines else ():  # no statement was seen that could use one
            if path.end.what in ("left", "unfinished"):
                path.end = PathEnd("unseen", step=path.end.step)
    return [
        msgspec.structs.replace(path, hops=[msgspec.structs.replace(hop) for hop in path.hops])
        for path in known[chosen]
    ]


_KNOWN: Final[WeakKeyDictionary[Trace, dict[LoadingCall, list[KeywordPath]]]] = WeakKeyDictionary()
"""The paths that were followed already: a report asks for those of a call from several sides."""


def find_keyword_path(trace: Trace, name: str, *, call: int | None = None) -> tuple[LoadingCall, KeywordPath]:
    """Return the path of a name with its call: the call asked for, else :func:`select_call`, else the last that has it.

    Raises:
        TracerError: there is none; the message suggests similar names.
    """
    chosen = select_call(trace, call)
    others = [other for other in reversed(loading_calls(trace)) if other != chosen] if call is None else []
    names: list[str] = []
    for candidate in [chosen, *others] if chosen is not None else []:
        for path in keyword_paths(trace, call=candidate.step):
            if path.name == name:
                return candidate, path
            names.append(path.name)
    near = get_close_matches(name, dict.fromkeys(names), n=3, cutoff=0.5)
    hint = (
        Sentence(N_(" Similar names: {names}."), names=", ".join(near))
        if near
        else Sentence(N_(" There are: {names}."), names=", ".join(dict.fromkeys(names)))
    )
    raise TracerError(
        N_("{path} has no keyword argument {name!r}.{hint}"), path=trace.path, name=name, hint=hint if names else ""
    )


def select_call(trace: Trace, call: int | None = None) -> LoadingCall | None:
    """Return the call that begins at a step; by default the last that loads a model, else the last of all.

    Raises:
        TracerError: a step was named, and none of the user's calls begins there.
    """
    calls = loading_calls(trace)
    if call is None:
        return next((known for known in reversed(calls) if loads_a_model(trace, known)), calls[-1] if calls else None)
    for known in calls:
        if known.step == call:
            return known
    steps = ", ".join(str(known.step) for known in calls) or Sentence(N_("none"))
    raise TracerError(
        N_("The user loads nothing at step {call}. Such calls begin at: {steps}."), call=call, steps=steps
    )


_PASSING: Final = {"handed-on", "copied", "came-back", "unused"}
_CALLS: Final = {"handed-on", "unused"}


def finish_path(track: TrackedArgument, *, returned: bool) -> KeywordPath:
    """Return the path of a followed argument; ``returned`` says whether the user's call completed."""
    hops = _without_tidying(track.hops)
    for merge in (_unused, _collected_in_vain, _side_by_side):
        hops = merge(hops)
    end = _end(track, hops, returned)
    readings = _repeated(sorted((hop for one in track.readings for hop in one.hops), key=lambda hop: hop.step))
    end.seen = _last_seen(end, hops, readings)
    return KeywordPath(track.name, track.origin, track.value, [*_repeated(_chained(hops)), *readings], end)


def _last_seen(end: PathEnd, hops: list[Hop], readings: list[Hop]) -> LastSeen | None:
    """Return where constructors took an argument in the end, if it became an attribute or reached one."""
    if end.what not in ("config", "constructor"):
        return None
    last = readings[-1] if readings else next((hop for hop in reversed(hops) if hop.what == "stored"), None)
    return None if last is None else LastSeen(last.what, last.where, last.function, last.step)


def essential_hops(path: KeywordPath) -> list[Hop]:
    """Return the hops of a path without unused copies, and without calls that did not use the argument if it went on.

    Calls that could not be followed are left out too if the end names them.
    """
    lost = path.end.what in ("refused", "left", "unfinished")
    return [
        hop
        for index, hop in enumerate(path.hops)
        if (lost or hop.what != "unused")
        and not _idle_copy(hop, path.hops[index + 1 :])
        and not (hop.what == "handed-on" and hop.callee is None and hop.where.partition("(")[0] in path.end.on)
    ]


def _idle_copy(hop: Hop, later: list[Hop]) -> bool:
    whole = hop.what == "copied" and hop.where.isidentifier()
    named = re.compile(rf"\b{re.escape(hop.where)}\b")
    return whole and not any(other.frame == hop.frame and named.search(other.statement) for other in later)


def _without_tidying(hops: list[Hop]) -> list[Hop]:
    """Drop the removal of a key that was set on a configuration before: it was used, not lost."""
    kept: list[Hop] = []
    for hop in hops:
        used = any(other.what == "became-config" for other in kept)
        if hop.what != "dropped" or not used:
            kept.append(hop)
    return kept


def _unused(hops: list[Hop]) -> list[Hop]:
    """Merge a call that only passed the argument on and gave it back into one hop."""
    kept: list[Hop] = []
    for hop in hops:
        start = next((at for at, call in enumerate(kept) if call.what == "handed-on" and _answers(hop, call)), None)
        if start is not None and all(other.what in _PASSING for other in kept[start:]):
            first, inner = kept[start], kept[start + 1 :]
            first.what = "unused"
            _through(first, *(call for call in inner if call.what in _CALLS))
            del kept[start + 1 :]
        else:
            kept.append(hop)
    return kept


def _answers(back: Hop, call: Hop) -> bool:
    return back.what == "came-back" and back.frame == call.frame and back.step == call.step


def _collected_in_vain(hops: list[Hop]) -> list[Hop]:
    """Mark calls that collected the argument in their ``**kwargs`` and did nothing with it."""
    for index, hop in enumerate(hops[:-1]):
        if hop.what == "handed-on" and hop.callee is not None and "(**" in hop.where:
            after = hops[index + 1 :]
            if not any(later.frame == hop.callee or _answers(later, hop) for later in after):
                hop.what = "unused"
    return hops


def _side_by_side(hops: list[Hop]) -> list[Hop]:
    """Merge successive calls that made no use of the argument into one hop."""
    kept: list[Hop] = []
    for hop in hops:
        last = kept[-1] if kept else None
        if last is not None and last.what == hop.what == "unused" and last.frame == hop.frame:
            _through(last, hop)
        else:
            kept.append(hop)
    return kept


def _chained(hops: list[Hop]) -> list[Hop]:
    """Merge a call that only handed the argument on with the next call, up to where it arrived."""
    kept: list[Hop] = []
    for index, hop in enumerate(hops):
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.what in ("handed-on", "reached-constructor")
            and hop.what == "handed-on"
            and hop.frame == last.callee
            and not any(later.frame == last.callee for later in hops[index + 1 :])
        ):
            _through(last, hop)
            last.callee = hop.callee
        else:
            kept.append(hop)
    return kept


def _through(hop: Hop, *others: Hop) -> None:
    names = [name for other in others for name in (_callee(other), *other.through)]
    hop.through = [name for name in dict.fromkeys([*hop.through, *names]) if name != _callee(hop)]


def _callee(hop: Hop) -> str:
    return hop.where.partition("(")[0]


def _repeated(hops: list[Hop]) -> list[Hop]:
    """Merge what one frame does repeatedly, as in a loop, into one hop."""
    kept: dict[tuple[object, ...], Hop] = {}
    for number, hop in enumerate(hops):
        key = _same(hop) if hop.what in _REPEATABLE else (number,)
        if key in kept:
            kept[key].times += hop.times
        else:
            kept[key] = hop
    return list(kept.values())


_REPEATABLE: Final = {"handed-on", "unused", "changed-value", "copied", "read", "read-config", "stored"}


def _same(hop: Hop) -> tuple[object, ...]:
    return hop.frame, hop.what, hop.where, *hop.through


def _end(track: TrackedArgument, hops: list[Hop], returned: bool) -> PathEnd:
    """Return the end, as the last hop that used, lost or refused the argument shows it."""
    overwritten = None
    for hop in reversed(hops):
        if hop.what == "overwritten":
            overwritten = overwritten or hop
            continue
        if hop.what in ("put-in", "put-back", "given") or (hop.what == "renamed" and hop.where.endswith("]")):
            break  # from there on it was a keyword argument again
        if hop.what == "reached-constructor":
            return _constructor(hops)
        if (end := _landing(track, hop)) is not None:
            if end.what == "config" and overwritten is not None:
                owner, _, name = overwritten.where.rpartition(".")
                return PathEnd("overwritten", owner, name, step=overwritten.step, by=overwritten.by)
            end.on = _unfollowed(hops[hops.index(hop) + 1 :]) if end.what == "used" else []
            return end
    last = hops[-1].step if hops else None
    if returned and (unfollowed := [hop for hop in hops if _is_unfollowed(hop)]):
        callee, _, parameter = unfollowed[-1].where.partition("(")
        return PathEnd("handed", callee, parameter.removesuffix(")"), step=unfollowed[-1].step)
    return PathEnd("left" if returned else "unfinished", step=last)


def _unfollowed(hops: list[Hop]) -> list[str]:
    return list(dict.fromkeys(_callee(hop) for hop in hops if _is_unfollowed(hop)))


def _is_unfollowed(hop: Hop) -> bool:
    return hop.what == "handed-on" and hop.callee is None


def _constructor(hops: list[Hop]) -> PathEnd:
    """Return the first of a chain of constructors that has a parameter for the argument, else the first of all."""
    last = max(index for index, hop in enumerate(hops) if hop.what == "reached-constructor")
    first = last
    while first and hops[first - 1].what == "reached-constructor":
        first -= 1
    run = hops[first : last + 1]
    hop = next((other for other in run if "(**" not in other.where), run[0])
    callee, _, parameter = hop.where.partition("(")
    return PathEnd("constructor", callee, parameter.removesuffix(")"), step=hop.step)


def _landing(track: TrackedArgument, hop: Hop) -> PathEnd | None:
    callee, _, parameter = hop.where.partition("(")
    parameter = parameter.removesuffix(")")
    if hop.what == "refused":
        return PathEnd("refused", hop.where, track.name, track.error, hop.step)
    if hop.what == "became-config":
        owner, _, name = hop.where.rpartition(".")
        return PathEnd("config", owner, name, step=hop.step)
    if hop.what == "dropped":
        return PathEnd("dropped", hop.function, track.name, step=hop.step)
    if hop.what == "handed-on" and hop.callee is not None and not parameter.startswith("*"):
        return PathEnd("used", callee, parameter, step=hop.step)
    if hop.what in ("taken-out", "renamed", "read"):
        return PathEnd("used", hop.function, hop.where, step=hop.step)
    return None
