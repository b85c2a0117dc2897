"""The path of each keyword argument of a loading call, and where it ended.

Hops that only pass an argument on are merged, so that a path shows what made a difference.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from tracer.analysis.kwargs.follower import Follower
from tracer.analysis.kwargs.frames import Track
from tracer.analysis.kwargs.model import PathEnd, KeywordPath, Hop
from tracer.analysis.loading_calls import LoadingCall, loading_calls, loads_a_model
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace


def journeys(trace: Trace, *, call: int | None = None) -> list[KeywordPath]:
    """The keyword arguments of one loading call: the user's in the order given, then the library's.

    Args:
        call: step number of the call, see :func:`chosen_call`.

    Raises:
        TracerError: there is no such call.
    """
    chosen = chosen_call(trace, call)
    return (
        []
        if chosen is None
        else [finished(track, returned=chosen.returned) for track in Follower(trace, chosen).follow()]
    )


def journey_of(trace: Trace, name: str, *, call: int | None = None) -> KeywordPath | None:
    """The journey of one keyword argument of the call, or None where it has none of that name."""
    return next((one for one in journeys(trace, call=call) if one.name == name), None)


def located(trace: Trace, name: str, *, call: int | None = None) -> tuple[LoadingCall, KeywordPath]:
    """The journey of a name with its call: the one asked for, else :func:`chosen_call`, else the last that has it.

    Raises:
        TracerError: there is none; the sentence has the names that are like it.
    """
    chosen = chosen_call(trace, call)
    others = [one for one in reversed(loading_calls(trace)) if one != chosen] if call is None else []
    names: list[str] = []
    for candidate in [chosen, *others] if chosen is not None else []:
        for journey in journeys(trace, call=candidate.step):
            if journey.name == name:
                return candidate, journey
            names.append(journey.name)
    near = get_close_matches(name, dict.fromkeys(names), n=3, cutoff=0.5)
    hint = f" Near to it: {', '.join(near)}." if near else f" There are: {', '.join(dict.fromkeys(names))}."
    raise TracerError(f"{trace.path} has no keyword argument {name!r}.{hint if names else ''}")


def chosen_call(trace: Trace, call: int | None = None) -> LoadingCall | None:
    """The call that begins at a step; by default the last that loads a model, or where none does, the last of all.

    Raises:
        TracerError: a step was named, and none of the user's calls begins there.
    """
    calls = loading_calls(trace)
    if call is None:
        return next((one for one in reversed(calls) if loads_a_model(trace, one)), calls[-1] if calls else None)
    for one in calls:
        if one.step == call:
            return one
    known = ", ".join(str(one.step) for one in calls) or "none"
    raise TracerError(f"The user loads nothing at step {call}. Such calls begin at: {known}.")


_PASSING: Final = {"handed-on", "copied", "came-back", "unused"}
_CALLS: Final = {"handed-on", "unused"}


def finished(track: Track, *, returned: bool) -> KeywordPath:
    """The journey of a track; ``returned`` says whether the user's call came to its end."""
    stops = _without_tidying(track.stops)
    for merge in (_unused, _collected_in_vain, _side_by_side):
        stops = merge(stops)
    end = _end(track, stops, returned)
    return KeywordPath(track.name, track.origin, track.value, _repeated(_chained(stops)), end)


def essential(journey: KeywordPath) -> list[Hop]:
    """Its stops without calls that made no use of it, where it got on all the same, and copies nobody came back to.

    Nor are there the calls that the end names and that could not be followed.
    """
    lost = journey.end.what in ("refused", "left", "unfinished")
    return [
        stop
        for index, stop in enumerate(journey.stops)
        if (lost or stop.what != "unused")
        and not _idle_copy(stop, journey.stops[index + 1 :])
        and not (stop.what == "handed-on" and stop.callee is None and stop.where.partition("(")[0] in journey.end.on)
    ]


def _idle_copy(stop: Hop, later: list[Hop]) -> bool:
    whole = stop.what == "copied" and stop.where.isidentifier()
    named = re.compile(rf"\b{re.escape(stop.where)}\b")
    return whole and not any(one.frame == stop.frame and named.search(one.statement) for one in later)


def _without_tidying(stops: list[Hop]) -> list[Hop]:
    """Without the removal of a key from where it was set on a configuration before: there it is used up, not lost."""
    kept: list[Hop] = []
    for stop in stops:
        used = any(one.what == "became-config" for one in kept)
        if stop.what != "dropped" or not used:
            kept.append(stop)
    return kept


def _unused(stops: list[Hop]) -> list[Hop]:
    """A call that only passed it on and gave it back, as one stop."""
    kept: list[Hop] = []
    for stop in stops:
        start = next((at for at, one in enumerate(kept) if one.what == "handed-on" and _answers(stop, one)), None)
        if start is not None and all(one.what in _PASSING for one in kept[start:]):
            first, inner = kept[start], kept[start + 1 :]
            first.what = "unused"
            _through(first, *(one for one in inner if one.what in _CALLS))
            del kept[start + 1 :]
        else:
            kept.append(stop)
    return kept


def _answers(back: Hop, call: Hop) -> bool:
    return back.what == "came-back" and back.frame == call.frame and back.step == call.step


def _collected_in_vain(stops: list[Hop]) -> list[Hop]:
    """A call that collected it in its ``**kwargs``, where it was still lying when the journey went on elsewhere."""
    for index, stop in enumerate(stops[:-1]):
        if stop.what == "handed-on" and stop.callee is not None and "(**" in stop.where:
            after = stops[index + 1 :]
            if not any(one.frame == stop.callee or _answers(one, stop) for one in after):
                stop.what = "unused"
    return stops


def _side_by_side(stops: list[Hop]) -> list[Hop]:
    """Calls of one function that made no use of it, one after the other, as one stop."""
    kept: list[Hop] = []
    for stop in stops:
        last = kept[-1] if kept else None
        if last is not None and last.what == stop.what == "unused" and last.frame == stop.frame:
            _through(last, stop)
        else:
            kept.append(stop)
    return kept


def _chained(stops: list[Hop]) -> list[Hop]:
    """A call whose only act was to hand it on to the next, as one stop that leads to the last of them."""
    kept: list[Hop] = []
    for index, stop in enumerate(stops):
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.what in ("handed-on", "reached-constructor")
            and stop.what == "handed-on"
            and stop.frame == last.callee
            and not any(one.frame == last.callee for one in stops[index + 1 :])
        ):
            _through(last, stop)
            last.callee = stop.callee
        else:
            kept.append(stop)
    return kept


def _through(stop: Hop, *others: Hop) -> None:
    names = [name for one in others for name in (_callee(one), *one.through)]
    stop.through = [name for name in dict.fromkeys([*stop.through, *names]) if name != _callee(stop)]


def _callee(stop: Hop) -> str:
    return stop.where.partition("(")[0]


def _repeated(stops: list[Hop]) -> list[Hop]:
    """What one frame does over and over, as in a loop, as one stop."""
    kept: dict[tuple[object, ...], Hop] = {}
    for number, stop in enumerate(stops):
        key = _same(stop) if stop.what in _REPEATABLE else (number,)
        if key in kept:
            kept[key].times += stop.times
        else:
            kept[key] = stop
    return list(kept.values())


_REPEATABLE: Final = {"handed-on", "unused", "changed-value", "copied", "read"}


def _same(stop: Hop) -> tuple[object, ...]:
    return stop.frame, stop.what, stop.where, *stop.through


def _end(track: Track, stops: list[Hop], returned: bool) -> PathEnd:
    """What the last stop that used it, lost it or turned it down says."""
    overwritten = None
    for stop in reversed(stops):
        if stop.what == "overwritten":
            overwritten = overwritten or stop
            continue
        if stop.what in ("put-in", "put-back", "given") or (stop.what == "renamed" and stop.where.endswith("]")):
            break  # from there on it was a keyword argument again
        if stop.what == "reached-constructor":
            return _constructor(stops)
        if (end := _landing(track, stop)) is not None:
            if end.what == "config" and overwritten is not None:
                owner, _, name = overwritten.where.rpartition(".")
                return PathEnd("overwritten", owner, name, step=overwritten.step, by=overwritten.by)
            end.on = _unfollowed(stops[stops.index(stop) + 1 :]) if end.what == "used" else []
            return end
    last = stops[-1].step if stops else None
    if returned and (unfollowed := [stop for stop in stops if _is_unfollowed(stop)]):
        callee, _, parameter = unfollowed[-1].where.partition("(")
        return PathEnd("handed", callee, parameter.removesuffix(")"), step=unfollowed[-1].step)
    return PathEnd("left" if returned else "unfinished", step=last)


def _unfollowed(stops: list[Hop]) -> list[str]:
    return list(dict.fromkeys(_callee(stop) for stop in stops if _is_unfollowed(stop)))


def _is_unfollowed(stop: Hop) -> bool:
    return stop.what == "handed-on" and stop.callee is None


def _constructor(stops: list[Hop]) -> PathEnd:
    """Of constructors that hand it on to each other the first that has a parameter for it, else the first."""
    last = max(index for index, stop in enumerate(stops) if stop.what == "reached-constructor")
    first = last
    while first and stops[first - 1].what == "reached-constructor":
        first -= 1
    run = stops[first : last + 1]
    stop = next((one for one in run if "(**" not in one.where), run[0])
    callee, _, parameter = stop.where.partition("(")
    return PathEnd("constructor", callee, parameter.removesuffix(")"), step=stop.step)


def _landing(track: Track, stop: Hop) -> PathEnd | None:
    callee, _, parameter = stop.where.partition("(")
    parameter = parameter.removesuffix(")")
    if stop.what == "refused":
        return PathEnd("refused", stop.where, track.name, track.error, stop.step)
    if stop.what == "became-config":
        owner, _, name = stop.where.rpartition(".")
        return PathEnd("config", owner, name, step=stop.step)
    if stop.what == "dropped":
        return PathEnd("dropped", stop.function, track.name, step=stop.step)
    if stop.what == "handed-on" and stop.callee is not None and not parameter.startswith("*"):
        return PathEnd("used", callee, parameter, step=stop.step)
    if stop.what in ("taken-out", "renamed", "read"):
        return PathEnd("used", stop.function, stop.where, step=stop.step)
    return None
