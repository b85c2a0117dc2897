"""A scaffold for a new walkthrough: a commented file whose claims hold for the load it was made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import one_line
from tracer.trace.errors import TracerError
from tracer.trace.steps import Step
from tracer.trace.vocabulary import KINDS, STAGES
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.format import Anchor
from tracer.walkthrough.step_values import paths_at, statement_at
from tracer.walkthrough.value_paths import PATH, StepScope, simplified, to_plain
from tracer.walkthrough.yaml_file import is_id

_MOST_EXPECTED: Final = 4
_LONGEST: Final = 60  # characters of a value that is expected, and of a piece of a statement

COMMENTS: Final[dict[str, Message]] = {
    "head": N_("Notes about a part of a load. Check them with: glm-trace walkthrough check"),
    "suits": N_("the kind of load it is about: any, remote-code, adapter, vision, failed"),
    "loads": N_("The loads that it is checked against; left out, that of `glm-trace demo`."),
    "stage": N_("the stage of the step"),
    "anchor": N_("The step: the function, and a piece of its statement. `through:` goes on to a later one."),
    "text": N_("Markdown. Recorded values are written in braces."),
    "expect": N_("What the text relies on. The check reads it from the trace."),
    "question": N_("A question for the reader; remove the # to use it."),
}


def scaffold(
    name: str, binder: Binder | None, steps: Iterable[int], loads: dict[str, Any] | None, schema: str, lang: Lang
) -> str:
    """Return the text of a new file.

    Args:
        name: the walkthrough's id.
        binder: of the trace to begin from.
        steps: the steps to write notes about.
        loads: the ``loads`` entry; None for the load of the demo.
        schema: where an editor finds the schema.
        lang: the language of the comments.

    Raises:
        TracerError: a step can't have a note.
    """
    notes = [_example()] if binder is None else [_at(binder, step) for step in steps]
    return "\n".join(_lines(name, notes or [_first(binder)], loads, schema, lang)) + "\n"


def checked_name(name: str) -> str:
    """Return a name after checking that a walkthrough can have it.

    Raises:
        TracerError: it can't.
    """
    if not is_id(name):
        raise TracerError(
            N_(
                "{name!r} can't be a walkthrough's name: use lower-case letters and digits with single "
                "dashes, such as my-model."
            ),
            name=one_line(name, 80),
        )
    return name


class _NoteBegun(msgspec.Struct):
    stage: str
    anchor: dict[str, Any]
    expect: list[dict[str, Any]]
    paths: list[str]
    name: str = ""


def _example() -> _NoteBegun:
    return _NoteBegun("config", {"function": "AutoConfig.from_pretrained"}, [], ["pretrained_model_name_or_path"])


def _first(binder: Binder | None) -> _NoteBegun:
    """Return a note at the first step of a load that can have one."""
    if binder is not None:
        for step in binder.trace.steps(kinds=["call"]):
            if step.frame is not None:
                return _at(binder, step.number)
    raise TracerError(N_("This trace has no step in a function, so no note can be started from it. Leave FILE out."))


def _at(binder: Binder, number: int) -> _NoteBegun:
    if not 0 <= number < len(binder.trace):
        raise TracerError(
            N_("{path} has {count:,} steps; there is no step {number}."),
            path=binder.trace.path,
            count=len(binder.trace),
            number=number,
        )
    step = binder.trace.step(number)
    if step.stage not in STAGES:
        raise TracerError(
            N_("Step {number} of {path} is in a stage that this release does not know."),
            number=number,
            path=binder.trace.path,
        )
    anchor = _anchor(binder, step)
    place = StepScope(binder.trace, number, binder.variables)
    paths = [path for path in paths_at(binder, step) if _can_be_written(path) and place.value(path) is not None]
    expected = [one for path in paths if (one := _expected(binder, place, path)) is not None]
    function = anchor.get("function") or step.kind
    return _NoteBegun(step.stage, anchor, expected[:_MOST_EXPECTED], paths[:_MOST_EXPECTED], str(function))


def _can_be_written(path: str) -> bool:
    """Return whether a path can be written in a text, and is about the load and not the machine's speed."""
    return PATH.fullmatch(path) is not None and path.isprintable() and "seconds" not in path


def _anchor(binder: Binder, step: Step) -> dict[str, Any]:
    """Return an anchor that finds this very step."""
    found: dict[str, Any]
    if step.frame is None:
        found = {"kind": step.kind}
    else:
        found = {"function": binder.trace.frame(step.frame).function}
        statement = statement_at(binder, step) if step.event == "line" else None
        if statement is not None:
            found["statement"] = _piece(statement.shown)
        elif step.event is not None and step.event != "line":
            found["event"] = step.event
        else:
            found["kind"] = step.kind
    if found.get("kind", "line") not in KINDS:
        raise TracerError(
            N_("Step {number} of {path} is of a kind that this release does not know."),
            number=step.number,
            path=binder.trace.path,
        )
    position = _position(binder, msgspec.convert(found, Anchor), step)
    return found if position == 1 else {**found, "occurrence": position}


def _piece(shown: str) -> str:
    """Return the beginning of a statement, short enough to quote."""
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST].rstrip()


def _position(binder: Binder, anchor: Anchor, step: Step) -> int:
    for position, number in enumerate(binder.candidates(anchor, step.stage), 1):
        if number == step.number:
            return position
    raise TracerError(
        N_("Step {number} of {path} can't be found again by its code; name another step."),
        number=step.number,
        path=binder.trace.path,
    )


def _expected(binder: Binder, place: StepScope, path: str) -> dict[str, Any] | None:
    """Return a fact about a value that a check can hold, where the value is short and plain."""
    plain = simplified(to_plain(binder.trace, place.value(path)))
    if plain is None or isinstance(plain, (bool, int)):
        return {"value": path, "is": plain}
    if isinstance(plain, str) and 0 < len(plain) <= _LONGEST and plain.isprintable() and "*" not in plain:
        return {"value": path, "is": plain}
    return None


def _lines(name: str, notes: list[_NoteBegun], loads: dict[str, Any] | None, schema: str, lang: Lang) -> Iterator[str]:
    def comment(key: str) -> str:
        return f"# {tr(lang, COMMENTS[key])}"

    title = name.replace("-", " ")
    yield f"# yaml-language-server: $schema={schema}"
    yield comment("head")
    yield f"id: {name}"
    yield f"title: {{en: {_scalar(title)}, zh: {_scalar(title)}}}"
    yield "summary:"
    yield "  en: What the reader will know at its end."
    yield "  zh: 读完以后知道什么。"
    yield f"suits: any  {comment('suits')}"
    if loads is not None:
        yield comment("loads")
        yield f"loads: {json.dumps(loads, ensure_ascii=False)}"
    yield "notes:"
    for number, note in enumerate(notes, 1):
        yield from _note(number, note, comment if number == 1 else None)
    yield f"    {comment('question')}"
    for line in _QUESTION:
        yield f"    # {line}"


_QUESTION: Final = (
    "question:",
    "  ask: {en: Which branch is taken?, zh: 会走哪个分支？}",
    "  answers:",
    "    - {text: {en: The first., zh: 第一个。}, because: {en: Because…, zh: 因为……}, right: true}",
    "    - {text: {en: The second., zh: 第二个。}, because: {en: Because…, zh: 因为……}}",
)


def _note(number: int, note: _NoteBegun, comment: Callable[[str], str] | None) -> Iterator[str]:
    """Yield a note's lines; the first one's are explained."""

    def explained(key: str) -> Iterator[str]:
        if comment is not None:
            yield f"    {comment(key)}"

    title = note.name or "AutoConfig.from_pretrained"
    yield f"  - id: note-{number}"
    yield from explained("stage")
    yield f"    stage: {note.stage}"
    yield from explained("anchor")
    yield "    anchor:"
    for key, value in note.anchor.items():
        yield f"      {key}: {_scalar(value)}"
    yield f"    title: {{en: {_scalar(title)}, zh: {_scalar(title)}}}"
    yield from explained("text")
    yield "    text:"
    holes = [f"        - `{path}`: {{{{ {path} }}}}" for path in note.paths]
    for key, words in (("en", "What this code does, and why it is there."), ("zh", "这段代码做什么，为什么需要它。")):
        yield from (f"      {key}: |", f"        {words}", *([""] if holes else []), *holes)
    if note.expect:
        yield from explained("expect")
        yield "    expect:"
        for one in note.expect:
            yield f"      - {{value: {_scalar(one['value'])}, is: {_scalar(one['is'])}}}"


def _scalar(value: Any) -> str:
    """Return a value as YAML reads it back: JSON is YAML."""
    return json.dumps(value, ensure_ascii=not str(value).isprintable())
