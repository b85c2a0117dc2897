"""Which decisions ask about an argument of the user's: told by the argument's path, not by a name that is like it."""

from __future__ import annotations

from collections.abc import Iterable

from tracer.analysis.auto_calls import auto_calls
from tracer.analysis.decision import Decision
from tracer.analysis.keyword_following import Follower
from tracer.analysis.keyword_frames import LiveFrame
from tracer.analysis.keyword_stops import USER, Stop
from tracer.trace.reading import Trace


class AskedArguments:
    """The user's arguments behind the variables of decisions, in each loading call of the user's."""

    def __init__(self, trace: Trace, found: Iterable[Decision]) -> None:
        self._steps = {decision.step: list(decision.names) for decision in found}
        self._holders: dict[int, dict[str, str]] = {}
        self._overwritten: dict[str, list[Stop]] = {}
        for call in auto_calls(trace):
            for track in Follower(trace, call, self._look).follow():
                self._overwritten.setdefault(track.name, []).extend(
                    stop for stop in track.stops if stop.what in ("became-config", "overwritten")
                )

    def holders(self, decision: Decision) -> dict[str, str]:
        """The variables that hold a user's argument, or the name of one, as a decision was made: how it is written
        → the argument."""
        return self._holders.get(decision.step, {})

    def asked_by(self, decision: Decision) -> str | None:
        """The user's argument that a condition asks about."""
        holders = self.holders(decision)
        return next((holders[written] for written in decision.names if written in holders), None)

    def overwritten(self, name: str, after: int) -> int | None:
        """The step at which an attribute, to which an argument was set at another, last got another value."""
        later = [stop for stop in self._overwritten.get(name, []) if stop.step > after]
        return later[-1].step if later and later[-1].what == "overwritten" else None

    def _look(self, live: LiveFrame) -> None:
        written = self._steps.get(live.step.number)
        if written is None:
            return
        found = {name: track.name for name, track in live.locals.items() if track.origin == USER}
        for dictionary, held in live.held.items():
            for key, track in held.items():
                if track.origin == USER:
                    found[f"{dictionary}[{key!r}]"] = track.name
        for dictionary, key_variable in live.loops.values():
            at_key = live.held.get(dictionary, {}).get(live.texts.get(key_variable, ""))
            if at_key is not None and at_key.origin == USER:
                found[key_variable] = at_key.name
        for dictionary in live.held.keys() & set(written):  # ``key in kwargs``, where the key is in a variable
            for name in written:
                at_key = live.held[dictionary].get(live.texts.get(name, ""))
                if at_key is not None and at_key.origin == USER:
                    found[name] = at_key.name
        # the decisions about trust are turning points anyhow
        self._holders[live.step.number] = {name: told for name, told in found.items() if told != "trust_remote_code"}
