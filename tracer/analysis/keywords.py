"""Keyword arguments on their way: what the user gave, what the library made up, and what became of each."""

from __future__ import annotations

from difflib import get_close_matches

from tracer.analysis.auto_calls import AutoCall, auto_calls, loads_a_model
from tracer.analysis.keyword_ends import finished
from tracer.analysis.keyword_following import Follower
from tracer.analysis.keyword_stops import KeywordJourney
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace


def journeys(trace: Trace, *, call: int | None = None) -> list[KeywordJourney]:
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


def journey_of(trace: Trace, name: str, *, call: int | None = None) -> KeywordJourney | None:
    """The journey of one keyword argument of the call, or None where it has none of that name."""
    return next((one for one in journeys(trace, call=call) if one.name == name), None)


def located(trace: Trace, name: str, *, call: int | None = None) -> tuple[AutoCall, KeywordJourney]:
    """The journey of a name with its call: the one asked for, else :func:`chosen_call`, else the last that has it.

    Raises:
        TracerError: there is none; the sentence has the names that are like it.
    """
    chosen = chosen_call(trace, call)
    others = [one for one in reversed(auto_calls(trace)) if one != chosen] if call is None else []
    names: list[str] = []
    for candidate in [chosen, *others] if chosen is not None else []:
        for journey in journeys(trace, call=candidate.step):
            if journey.name == name:
                return candidate, journey
            names.append(journey.name)
    near = get_close_matches(name, dict.fromkeys(names), n=3, cutoff=0.5)
    hint = f" Near to it: {', '.join(near)}." if near else f" There are: {', '.join(dict.fromkeys(names))}."
    raise TracerError(f"{trace.path} has no keyword argument {name!r}.{hint if names else ''}")


def chosen_call(trace: Trace, call: int | None = None) -> AutoCall | None:
    """The call that begins at a step; by default the last that loads a model, or where none does, the last of all.

    Raises:
        TracerError: a step was named, and none of the user's calls begins there.
    """
    calls = auto_calls(trace)
    if call is None:
        return next((one for one in reversed(calls) if loads_a_model(trace, one)), calls[-1] if calls else None)
    for one in calls:
        if one.step == call:
            return one
    known = ", ".join(str(one.step) for one in calls) or "none"
    raise TracerError(f"The user loads nothing at step {call}. Such calls begin at: {known}.")
