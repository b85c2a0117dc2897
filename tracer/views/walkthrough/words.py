"""The sentences of walkthroughs, filled in: why a note has no step, what is wrong, frames of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tracer.i18n import Lang, tr
from tracer.text.visible import one_line, visible
from tracer.views.decisions_words import WORDS as DECISIONS
from tracer.views.phrases import stage_name
from tracer.views.walkthrough.catalogue import WORDS
from tracer.walkthrough.applicability import NoteMismatch
from tracer.walkthrough.binder import UnboundReason
from tracer.walkthrough.checker import WalkthroughProblem

_CODE: Final = ("function", "inside", "within", "statement", "asked", "kind")
_LONGEST: Final = 100

_QUOTED: Final = ("path", "link", "function", "statement", "subject")

Marked = Callable[[str], str]
"""How code stands in a sentence: as it is, or marked as code."""


def told(unbound: UnboundReason, lang: Lang, marked: Marked = str) -> str:
    """Why a note has no step in a load, as a sentence.

    Args:
        unbound: the reason.
        lang: the language.
        marked: what is done to the code in the sentence; by default nothing.
    """
    return _reason(unbound.what, unbound.values, lang, marked)


def misfit_told(misfit: NoteMismatch, lang: Lang, marked: Marked = str, *, legend: bool = True) -> str:
    """That a note was written for another load, and what is otherwise in this one, as a sentence.

    Args:
        misfit: what is otherwise.
        lang: the language.
        marked: what is done to the code in the sentence; by default nothing.
        legend: whether to say what stands in the place of that load's values.
    """
    first = misfit.unmet[0] if misfit.unmet else None
    if first is None:
        why = tr(lang, "there is no {subject}", subject=marked(one_line(misfit.missing[0], _LONGEST)))
    else:
        words = {"subject": first.subject, "asked": first.asked, "there": first.there}
        why = tr(
            lang, WORDS[f"here:{first.claim}"], **{name: marked(one_line(word, 60)) for name, word in words.items()}
        )
    said = tr(lang, "‹…› stands for a value of that load.") if legend else ""
    return tr(
        lang,
        "Written for a load of the bundled model {model}; in this load {why}. {legend}",
        model=marked(one_line(misfit.model, 60)),
        why=why,
        legend=said,
    ).rstrip()


def problem_told(problem: WalkthroughProblem, lang: Lang) -> str:
    """What is wrong, as a sentence that goes on from the names of walkthrough and note."""
    values = problem.values
    if problem.what == "unbound":
        return tr(lang, "the note has no step. {why}", why=_reason(str(values.get("why")), values, lang, _quoted))
    key = f"expect:{values.get('claim')}" if problem.what == "expect" else f"problem:{problem.what}"
    words = {name: one_line(str(value), 300) for name, value in values.items()}
    quoted = {name: _quoted(word) if name in _QUOTED else word
              for name, word in words.items()}  # fmt: skip
    return tr(lang, WORDS[key], **quoted)


def _reason(what: str, values: Mapping[str, Any], lang: Lang, marked: Marked) -> str:
    key = f"why:{what}"
    if what in ("decision", "left-before"):
        key += "-call" * bool(values.get("called"))
    if what == "decision":
        key += "-values" * bool(values.get("names"))
    if key not in WORDS:
        return visible(what)
    words: dict[str, str] = {}
    for name, value in values.items():
        text = one_line(str(value), _LONGEST)
        words[name] = marked(text) if name in _CODE else text
    words["stage"] = stage_name(str(values.get("stage")), lang)
    words["there"] = ("、" if lang == "zh" else " and ").join(
        stage_name(one, lang) for one in values.get("there") or ()
    )
    words["wanted"] = _wanted(values.get("wanted"), marked, lang)
    if what == "decision":
        words["outcome"] = _outcome(str(values.get("outcome")), str(values.get("taken") or ""), lang)
        words["names"] = _names(values.get("names"), marked, lang)
    return tr(lang, WORDS[key], **words)


def _outcome(outcome: str, taken: str, lang: Lang) -> str:
    key = {"then": "yes", "after": "no", "else": "no-else", "elif": "no-elif", "not-entered": "rounds-none",
           "entered": "rounds-unknown"}.get(outcome, outcome)  # fmt: skip
    if key not in DECISIONS:
        return visible(outcome)
    return tr(lang, DECISIONS[key], taken=one_line(taken, _LONGEST))


def _wanted(wanted: object, marked: Marked, lang: Lang) -> str:
    if not isinstance(wanted, dict):
        return one_line(str(wanted), _LONGEST)  # a range of releases
    shown = {name: value if value and isinstance(value, str) else repr(value) for name, value in wanted.items()}
    return _names(shown, marked, lang)


def _names(names: object, marked: Marked, lang: Lang) -> str:
    pairs = names.items() if isinstance(names, dict) else ()
    between = ", " if lang == "en" else "，"
    return between.join(marked(one_line(f"{name} = {value}", _LONGEST)) for name, value in pairs)


def _quoted(text: str) -> str:
    return f"`{text}`"
