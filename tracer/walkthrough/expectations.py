"""Whether the facts that a note expects hold in a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.diff import Difference, compare
from tracer.trace import values as v
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.format import Expectation, in_range
from tracer.walkthrough.statements import name_matches, without_spaces
from tracer.walkthrough.value_paths import (
    FoundValue,
    PlainData,
    StepScope,
    matches_pattern,
    matches_value,
    simplified,
    to_plain,
)


class UnmetExpectation(NamedTuple):
    """A fact that does not hold: what was expected, and what there is instead, in English words.

    The last four do not depend on the language: the claim, its subject, what was expected, what there is.
    """

    expect: Expectation
    wanted: str
    found: str
    claim: str
    subject: str
    asked: str
    there: str


def unmet_expectations(binder: Binder, bound: BoundNote, others: Sequence[Trace] = ()) -> list[UnmetExpectation]:
    """Return the facts of a bound note that don't hold, in their order.

    Args:
        binder: of the trace.
        bound: the note at its step.
        others: traces of other releases, to compare with; without one, differences are not looked at.
    """
    found = []
    for expect in bound.note.expect:
        if in_range(binder.release, expect.releases):
            wrong = _CHECKS[expect.about](binder, bound, expect, others)
            if wrong is not None:
                found.append(UnmetExpectation(expect, *wrong))
    return found


class _Mismatch(NamedTuple):
    wanted: str
    found: str
    claim: str
    subject: str
    asked: str = ""
    there: str = ""


_Wrong = _Mismatch | None


def _value(binder: Binder, bound: BoundNote, expect: Expectation, _: Sequence[Trace]) -> _Wrong:
    trace = binder.trace
    found = StepScope(trace, bound.step, binder.variables).value(expect.value)
    if found is None:
        return _Mismatch(f"{expect.value} to be recorded", "nothing under it", "recorded", expect.value)
    plain = to_plain(trace, found)
    for what, wanted, holds in claims_of(expect):
        if not holds(found, plain):
            there = _shown(found, plain, what)
            given = f"the keys {there}" if what in ("has", "lacks") and isinstance(plain, dict) else there
            asked = ", ".join(map(str, _at_fault(plain, expect, what))) or f"{wanted!r}"
            return _Mismatch(f"{expect.value} {what} {wanted!r}", given, what, expect.value, asked, there)
    return None


def _at_fault(plain: Any, expect: Expectation, what: str) -> list[Any]:
    """Return those of the expected keys and items that are not as expected."""
    if what == "has":
        return [one for one in expect.has if not _holds(plain, one)]
    return [one for one in expect.lacks if _holds(plain, one)] if what == "lacks" else []


Claim = tuple[str, Any, Callable[[FoundValue, Any], bool]]


def claims_of(expect: Expectation) -> list[Claim]:
    claims: list[Claim] = []
    if expect.is_ is not UNSET:
        claims.append(("is", expect.is_, lambda found, plain: matches_value(plain, expect.is_)))
    if expect.near is not None:
        near, within = expect.near, expect.within
        claims.append(("is near", near, lambda found, plain: _is_near(plain, near, within)))
    if expect.type:
        claims.append(("is of type", expect.type, lambda found, plain: _has_type(found, plain, expect.type)))
    if expect.shape is not None:
        shape = expect.shape
        claims.append(("has shape", shape, lambda found, plain: _has_shape(found, shape)))
    if expect.dtype:
        claims.append(("has dtype", expect.dtype, lambda found, plain: _has_dtype(found, expect.dtype)))
    if expect.length is not None:
        claims.append(("has length", expect.length, lambda found, plain: _length(found, plain) == expect.length))
    if expect.parameters is not None:
        wanted = expect.parameters
        claims.append(("has parameters", wanted, lambda found, plain: getattr(found, "parameters", None) == wanted))
    if expect.has:
        claims.append(("has", expect.has, lambda found, plain: all(_holds(plain, one) for one in expect.has)))
    if expect.lacks:
        claims.append(("lacks", expect.lacks, lambda found, plain: not any(_holds(plain, one) for one in expect.lacks)))
    return claims


_PLAIN_TYPES: Final[dict[type, str]] = {bool: "bool", int: "int", float: "float", str: "str", type(None): "NoneType",
                                        list: "list", dict: "dict"}  # fmt: skip


def _is_near(plain: Any, wanted: float, within: float) -> bool:
    return isinstance(plain, (int, float)) and not isinstance(plain, bool) and abs(plain - wanted) <= within


def _has_type(found: FoundValue, plain: Any, wanted: str) -> bool:
    if isinstance(found, (PlainData, v.Plain, v.Text)):
        return _PLAIN_TYPES.get(type(simplified(plain))) == wanted
    own = getattr(found, "type", None) or type(found).__name__.strip("_").lower()
    return own == wanted or str(own).endswith(f".{wanted}")


def _has_shape(found: FoundValue, wanted: list[int | str]) -> bool:
    given = found.shape if isinstance(found, v.Tensor) else found.plain if isinstance(found, PlainData) else None
    return (
        isinstance(given, list)
        and len(given) == len(wanted)
        and all(want in ("*", size) for size, want in zip(given, wanted, strict=True))
    )


def _has_dtype(found: FoundValue, wanted: str) -> bool:
    own = found.dtype if isinstance(found, v.Tensor) else found.text if isinstance(found, v.Named) else ""
    return own.removeprefix("torch.") == wanted.removeprefix("torch.")


def _length(found: FoundValue, plain: Any) -> int | None:
    if isinstance(found, v.Text):
        return found.length or len(found.value)
    if not isinstance(found, PlainData):
        return getattr(found, "length", None)
    return len(plain) if isinstance(plain, (list, dict, str)) else None


def _holds(plain: Any, wanted: Any) -> bool:
    """Return whether a container has a key or an item."""
    inside = simplified(plain)
    if isinstance(inside, dict):
        inside = list(inside.get("items", {})) if "is" in inside else list(inside)
    return isinstance(inside, list) and any(matches_value(one, wanted) for one in inside)


def _shown(found: FoundValue, plain: Any, what: str) -> str:
    """Return the part of a value that a claim is about, as text."""
    if what in ("has", "lacks") and isinstance(plain, dict):
        keys = plain.get("items", plain) if "is" in plain else plain
        return ", ".join(map(str, keys)) if isinstance(keys, (dict, list)) else f"{simplified(plain)!r}"
    if what == "is of type" or (what == "is" and isinstance(simplified(plain), dict)):
        return str(getattr(found, "type", "") or type(simplified(plain)).__name__).rpartition(".")[2]
    if what == "has shape":
        return f"{getattr(found, 'shape', simplified(plain))!r}"
    if what == "has length":
        return f"{_length(found, plain)!r}"
    return f"{getattr(found, 'parameters', None) if what == 'has parameters' else simplified(plain)!r}"


def _decision(binder: Binder, bound: BoundNote, expect: Expectation, _: Sequence[Trace]) -> _Wrong:
    frame = binder.trace.step(bound.step).frame
    made = [] if frame is None else [one for one in decisions(binder.trace, frame=frame) if one.step == bound.step]
    asked = without_spaces(expect.asks)
    fitting = [one for one in made if asked in without_spaces(one.condition)]
    if any(one.outcome == expect.decision for one in fitting):
        return None
    went = ", ".join(f"{one.condition} → {one.outcome}" for one in made)
    claim = "decision" if made else "no decision"
    said = went or "no decision at this step"
    return _Mismatch(f"the decision {expect.decision!r}", said, claim, expect.asks, expect.decision, went)


def _journey(binder: Binder, bound: BoundNote, expect: Expectation, _: Sequence[Trace]) -> _Wrong:
    asked = " ".join(part for part in (expect.end, expect.where) if part)
    wanted = f"{expect.journey} to end as {expect.end!r}" + (f" at {expect.where}" if expect.where else "")
    journey = binder.journeys.get(expect.journey)
    if journey is None:
        return _Mismatch(wanted, "no such argument", "no journey", expect.journey, asked)
    end = journey.end
    places = (end.where, end.where.removesuffix(".__init__"))
    if end.what == expect.end and (not expect.where or any(name_matches(place, expect.where) for place in places)):
        return None
    there = f"{end.what} {end.where}".strip()
    return _Mismatch(wanted, there, "journey", expect.journey, asked, there)


def _difference(binder: Binder, bound: BoundNote, expect: Expectation, others: Sequence[Trace]) -> _Wrong:
    for other in others:
        for one in _compared(other, binder.trace):
            if matches_pattern(one.subject, expect.difference) and expect.topic in ("", one.topic):
                return None
    if not others:
        return None
    topic = f" ({expect.topic})" if expect.topic else ""
    wanted = f"a difference about {expect.difference!r}{topic} between the releases"
    return _Mismatch(wanted, "none", "difference", f"{expect.difference}{topic}")


@lru_cache(maxsize=2)  # a walkthrough about the releases asks for the same two again and again
def _compared(one: Trace, other: Trace) -> list[Difference]:
    return compare(one, other).differences


def _cause(binder: Binder, bound: BoundNote, expect: Expectation, _: Sequence[Trace]) -> _Wrong:
    found = diagnose(binder.trace)
    kinds = [cause.kind for cause in (*found.causes, *found.surprises)]
    if expect.cause in kinds:
        return None
    there = ", ".join(kinds)
    claim = "cause" if kinds else "no cause"
    return _Mismatch(f"the cause {expect.cause!r}", there or "no cause", claim, "", expect.cause, there)


_CHECKS: Final[dict[str, Callable[[Binder, BoundNote, Expectation, Sequence[Trace]], _Wrong]]] = {
    "value": _value,
    "decision": _decision,
    "journey": _journey,
    "difference": _difference,
    "cause": _cause,
}
