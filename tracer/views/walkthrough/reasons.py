"""Why a note has no step in a load, and what is wrong with a walkthrough, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.views.decisions import WORDS as DECISIONS
from tracer.views.stages import stage_name
from tracer.walkthrough.applicability import NoteMismatch
from tracer.walkthrough.binder import UnboundReason
from tracer.walkthrough.checker import WalkthroughProblem

WORDS: Final[dict[str, Message]] = {
    # why a note has no step
    "why:release": N_("It is about transformers {wanted}, and this load ran on {release}."),
    "why:stage": N_("This load never reached the stage {stage}."),
    "why:kind": N_("Nothing of the kind {kind} happened in the stage {stage}."),
    "why:kind-elsewhere": N_("{kind} was recorded, but not in the stage {stage}: it was recorded in {there}."),
    "why:kind-data": N_("In the stage {stage} there is no {kind} with {wanted}."),
    "why:function": N_("{function} was never called in this load."),
    "why:no-function": N_("The code that this load ran has no {function}."),
    "why:no-call": N_("{function} was never called in this load."),
    "why:no-return": N_("{function} never returned in this load."),
    "why:no-raise": N_("{function} raised nothing in this load."),
    "why:no-unwind": N_("No exception passed through {function} in this load."),
    "why:statement": N_("{function} of transformers {release} has no statement {statement}."),
    "why:statement-of-model": N_(
        "{function} of this model's code has no statement {statement}; the note is about the bundled model's code."
    ),
    "why:statement-anywhere": N_("No {function} that ran has the statement {statement}."),
    "why:lines-not-recorded": N_("{function} ran, but its lines were not recorded."),
    "why:not-run": N_("{statement} in {inside} did not run."),
    "why:values": N_("In the stage {stage} there is no step of {function} with {wanted}."),
    "why:not-within": N_("{function} ran in the stage {stage}, but was not called from {within}."),
    "why:too-few": N_("In the stage {stage} this happened {count}×; the note is about number {occurrence}."),
    "why:no-such-case": N_("It ran in the stage {stage}, but not in the case that the note is about."),
    "why:other-stage": N_("{function} ran, but not in the stage {stage}: it ran in {there}."),
    "why:decision": N_("{statement} did not run: in {inside}, line {line}, {asked} → {outcome}."),
    "why:decision-values": N_("{statement} did not run: in {inside}, line {line}, {asked} → {outcome}, with {names}."),
    "why:decision-call": N_("{function} was not called: in {inside}, line {line}, {asked} → {outcome}."),
    "why:decision-call-values": N_(
        "{function} was not called: in {inside}, line {line}, {asked} → {outcome}, with {names}."
    ),
    "why:left-before": N_("{inside} ended before it reached {statement}."),
    "why:left-before-call": N_("{function} was not called: {inside} ended before it reached {statement}."),
    # what is otherwise in a load than where the note was written
    "here:recorded": N_("there is no {subject}"),
    "here:is": N_("{subject} is {there}, not {asked}"),
    "here:is near": N_("{subject} is {there}, not about {asked}"),
    "here:is of type": N_("{subject} is of type {there}, not {asked}"),
    "here:has shape": N_("{subject} has the shape {there}, not {asked}"),
    "here:has dtype": N_("{subject} has the dtype {there}, not {asked}"),
    "here:has length": N_("{subject} has the length {there}, not {asked}"),
    "here:has parameters": N_("{subject} has {there} parameters, not {asked}"),
    "here:has": N_("{subject} does not hold {asked}"),
    "here:lacks": N_("{subject} holds {asked}"),
    "here:decision": N_("the decision went differently: {there}"),
    "here:no decision": N_("no decision is made at this step"),
    "here:journey": N_("the argument {subject} does not end as it did there"),
    "here:no journey": N_("there is no argument {subject}"),
    "here:cause": N_("the cause is another one: {there}"),
    "here:no cause": N_("no such cause is found"),
    # what is wrong with a walkthrough
    "expect:recorded": N_("expected a value under {subject}; nothing is recorded under it at this step"),
    "expect:is": N_("expected {subject} to be {asked}; it is {there}"),
    "expect:is near": N_("expected {subject} to be about {asked}; it is {there}"),
    "expect:is of type": N_("expected {subject} to be of type {asked}; it is {there}"),
    "expect:has shape": N_("expected {subject} to have shape {asked}; it is {there}"),
    "expect:has dtype": N_("expected {subject} to have dtype {asked}; it is {there}"),
    "expect:has length": N_("expected {subject} to have length {asked}; it is {there}"),
    "expect:has parameters": N_("expected {subject} to have {asked} parameters; it is {there}"),
    "expect:has": N_("expected {subject} to hold {asked}; it holds {there}"),
    "expect:lacks": N_("expected {subject} not to hold {asked}; it holds {there}"),
    "expect:decision": N_("expected a decision to go {asked}; there is: {there}"),
    "expect:no decision": N_("expected a decision to go {asked}; no decision is made at this step"),
    "expect:journey": N_("expected the argument {subject} to end as {asked}; there is: {there}"),
    "expect:no journey": N_("expected the argument {subject} to end as {asked}; there is no such argument"),
    "expect:difference": N_("expected the releases to differ in {subject}; they do not"),
    "expect:cause": N_("expected the cause {asked}; there is: {there}"),
    "expect:no cause": N_("expected the cause {asked}; no cause is found"),
    "problem:value": N_("the text asks for {path}, and nothing is recorded under it at this step"),
    "problem:path": N_("{path} can't be the path of a value"),
    "problem:link": N_("the link {link} leads nowhere"),
    "problem:statement": N_("{function} has no statement {statement}"),
    "problem:function": N_("{function} was never called in this load"),
}

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
    said = tr(lang, "‹…› stands for a value of that load.") if legend else ""
    if misfit.unchecked:
        return tr(
            lang,
            "Not checked on transformers {release}: what follows is told of a load of the bundled model {model} on "
            "other releases, and may be otherwise here. {legend}",
            release=marked(one_line(misfit.unchecked, 60)),
            model=marked(one_line(misfit.model, 60)),
            legend=said,
        ).rstrip()
    first = misfit.unmet[0] if misfit.unmet else None
    if first is None:
        why = tr(lang, "there is no {subject}", subject=marked(one_line(misfit.missing[0], _LONGEST)))
    else:
        words = {"subject": first.subject, "asked": first.asked, "there": first.there}
        why = tr(
            lang, WORDS[f"here:{first.claim}"], **{name: marked(one_line(word, 60)) for name, word in words.items()}
        )
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
