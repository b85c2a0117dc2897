"""A walkthrough as a self-contained Markdown document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.i18n import N_, NC_, NP_, Lang, tr
from tracer.text.markdown_writer import anchor, fenced, folded, in_link, indented, literal, table, to_anchor
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.views.outcome import outcome_text
from tracer.views.stages import stage_name
from tracer.views.walkthrough.localized import (
    WORDS,
    DecisionText,
    Link,
    LocalizedNote,
    LocalizedWalkthrough,
    code_lines,
    covered_text,
    excerpt_location,
)
from tracer.walkthrough.explained_code import Excerpt
from tracer.walkthrough.placeholders import inline_code

_UNBOUND: Final = "not-here"


def render_article(walkthrough: LocalizedWalkthrough, trace: Trace | None, lang: Lang) -> str:
    """Return the whole document, with a line break at its end."""
    return "\n\n".join(part for part in _parts(walkthrough, trace, lang) if part) + "\n"


def _parts(walkthrough: LocalizedWalkthrough, trace: Trace | None, lang: Lang) -> Iterator[str]:
    yield f"# {walkthrough.title}"
    order = walkthrough.walkthrough.order
    if order is not None:
        yield f"*{tr(lang, 'Part {order} of the course', order=order)}*"
    yield walkthrough.summary
    if walkthrough.before:
        between = ", " if lang == "en" else "、"
        titles = between.join(f"“{one}”" if lang == "en" else f"《{one}》" for one in walkthrough.before)
        yield tr(lang, "Read first: {titles}.", titles=titles)
    if trace is not None:
        yield from _load(walkthrough, trace, lang)
    else:
        yield tr(
            lang,
            "No load was given: values are shown as their paths, such as {example}. Give a trace to fill them in.",
            example=inline_code("‹config.model_type›"),
        )
    if nowhere := walkthrough.nowhere(lang, inline_code):
        yield nowhere
        return
    here, elsewhere = walkthrough.here, walkthrough.elsewhere
    yield f"## {tr(lang, 'Contents')}"
    yield "\n".join(_contents(walkthrough, lang))
    for number, note in enumerate(here, 1):
        yield render_note(number, note, lang, walkthrough.example(note, lang, inline_code))
    if elsewhere:
        yield anchor(_UNBOUND)
        yield f"## {tr(lang, 'Does not apply to this load')}"
        apart = walkthrough._replace(notes=elsewhere)
        for note in elsewhere:
            yield from _not_here(apart, note, lang)


def _load(walkthrough: LocalizedWalkthrough, trace: Trace, lang: Lang) -> Iterator[str]:
    """Yield what load the values are from."""
    yield f"## {tr(lang, 'Made from this load')}"
    colon = ": " if lang == "en" else "："
    yield "\n".join(f"- **{name}**{colon}{fact}" for name, fact in _facts(walkthrough, trace, lang))
    yield tr(
        lang,
        "In the code, `>` marks the statement of the note and `-` lines that did not run. Values "
        "are those recorded at that step.",
    )


def _facts(walkthrough: LocalizedWalkthrough, trace: Trace, lang: Lang) -> Iterator[tuple[str, str]]:
    yield tr(lang, "Model"), inline_code(visible(trace.meta.model_name))
    if result := trace.outcome.result:
        yield tr(lang, "Class"), inline_code(visible(str(result).rpartition(".")[2]))
    releases = trace.meta.releases
    if releases:
        names = [name for name in ("transformers", "torch", "peft") if name in releases]
        yield tr(lang, "Releases"), literal(", ".join(f"{name} {releases[name]}" for name in names))
    yield tr(lang, "Outcome"), _outcome(trace, lang)
    yield tr(lang, "Notes"), walkthrough.count_text(lang)


def _outcome(trace: Trace, lang: Lang) -> str:
    said = literal(outcome_text(trace.outcome, lang))
    steps = tr(lang, NP_("{steps} step", "{steps} steps", by="steps"), steps=f"{len(trace):,}")
    error = trace.outcome.error
    return " · ".join([said, *([inline_code(visible(str(error)))] if error else []), steps])


def _contents(walkthrough: LocalizedWalkthrough, lang: Lang) -> Iterator[str]:
    for number, one in enumerate(walkthrough.here, 1):
        yield f"{number}. [{in_link(one.title)}]({to_anchor(one.note.id)})"
    if walkthrough.elsewhere:
        yield f"\n[{tr(lang, 'Does not apply to this load')}]({to_anchor(_UNBOUND)})"


def _not_here(walkthrough: LocalizedWalkthrough, note: LocalizedNote, lang: Lang) -> Iterator[str]:
    yield f"{anchor(note.note.id)}\n\n### {note.title}"
    yield walkthrough.reason(note, lang, inline_code)
    yield folded(tr(lang, "What the note explains"), note.text)


def render_note(number: int, note: LocalizedNote, lang: Lang, example: str = "") -> str:
    """Heading, text, code, values, decisions, question, links: as far as the note has them.

    Args:
        number: of the heading.
        note: the note.
        lang: the language.
        example: what is said ahead of a text that tells of another load; Markdown.
    """
    return "\n\n".join(_note_parts(number, note, lang, example))


def _note_parts(number: int, note: LocalizedNote, lang: Lang, example: str) -> Iterator[str]:
    yield f"{anchor(note.note.id)}\n\n## {number}. {note.title}"
    yield _where(note, lang)
    if example:
        yield f"> {example}"
    yield note.text
    if note.excerpt is not None:
        yield _code_block(note.excerpt, lang)
    if note.other_excerpts:
        yield folded(
            covered_text(note.other_excerpts, lang),
            "\n\n".join(_code_block(other, lang) for other in note.other_excerpts),
        )
    if note.values:
        head = (tr(lang, NC_("moment", "When")), tr(lang, "Name"), tr(lang, "Value"))
        yield table(head, (_value(role, name, value, lang) for role, name, value in note.values))
    if note.decisions:
        yield f"**{tr(lang, 'Which way it went')}**"
        yield "\n".join(f"- {_decision_item(way, lang)}" for way in note.decisions)
    if note.ask:
        yield from _question(note, lang)
    if note.links:
        yield tr(lang, "See also: {links}", links=(", " if lang == "en" else "、").join(map(_link, note.links)))


def _where(note: LocalizedNote, lang: Lang) -> str:
    if note.step is None:
        first = note.note.anchors[0]
        where = (
            N_("Where: {function}, at {statement}")
            if first.statement
            else N_("Where: {function}")
            if first.function
            else N_("Where: a step of the kind {kind}")
        )
        values = {"function": first.function, "statement": first.statement, "kind": first.kind}
        return f"*{tr(lang, where, **{name: inline_code(visible(text)) for name, text in values.items()})}*"
    step = note.step
    values = {"step": str(step.number), "stage": literal(stage_name(step.stage, lang))}
    if note.function:
        function = inline_code(visible(note.function))
        return f"*{tr(lang, 'step {step} · {stage} · {function}', **values, function=function)}*"
    return f"*{tr(lang, 'step {step} · {stage} · {kind}', **values, kind=inline_code(visible(step.kind)))}*"


def _code_block(excerpt: Excerpt, lang: Lang) -> str:
    return f"{excerpt_location(excerpt, lang, lambda path: inline_code(visible(path)))}\n\n" + fenced(
        code_lines(excerpt, lang), "python"
    )


def _value(role: str, name: str, value: str, lang: Lang) -> tuple[str, str, str]:
    return tr(lang, WORDS[f"value:{role}"]), inline_code(visible(name)) if name else "", inline_code(visible(value))


def _decision_item(way: DecisionText, lang: Lang) -> str:
    line = tr(lang, "line {line}", line=way.line)
    colon = ": " if lang == "en" else "："
    said = f"{line}{colon}{inline_code(visible(way.asked))} → **{literal(way.outcome)}**"
    if way.times > 1:
        said += f" ×{way.times:,}"
    if way.values:
        between = ", " if lang == "en" else "，"
        values = between.join(inline_code(one) for one in way.values)
        said += f" ({values})" if lang == "en" else f"（{values}）"
    return said + (f"{' — ' if lang == 'en' else '——'}{literal(way.means)}" if way.means else "")


def _question(note: LocalizedNote, lang: Lang) -> Iterator[str]:
    colon = ". " if lang == "en" else "："
    yield f"**{tr(lang, 'Question')}**{colon}{note.ask}"
    yield "\n".join(f"{number}. {indented(one.text, 3)}" for number, one in enumerate(note.answers, 1))
    said = []
    for number, one in enumerate(note.answers, 1):
        word = tr(lang, N_("right") if one.right else N_("wrong"))
        head = f"**{number} — {word}.** " if lang == "en" else f"**{number}，{word}。** "
        said.append(f"- {head}{indented(one.because, 2)}")
    yield folded(tr(lang, "Answer"), "\n".join(said))


def _link(link: Link) -> str:
    return f"[{in_link(link.words)}]({to_anchor(link.note)})" if link.note else link.words
