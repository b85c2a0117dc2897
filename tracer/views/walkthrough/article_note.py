"""One note as a section of a Markdown document."""

from __future__ import annotations

from collections.abc import Iterator

from tracer.i18n import N_, NC_, Lang, tr
from tracer.text.markdown_writer import anchor, fenced, folded, in_link, indented, literal, table, to_anchor
from tracer.text.visible import visible
from tracer.views.phrases import stage_name
from tracer.views.walkthrough.catalogue import WORDS
from tracer.views.walkthrough.code_lines import code_lines, covered_text, excerpt_location
from tracer.views.walkthrough.localized import DecisionText, Link, LocalizedNote
from tracer.walkthrough.excerpt import Excerpt
from tracer.walkthrough.filling import inline_code


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
        key = "where" if first.statement else "where-call" if first.function else "where-kind"
        values = {"function": first.function, "statement": first.statement, "kind": first.kind}
        return f"*{tr(lang, WORDS[key], **{name: inline_code(visible(text)) for name, text in values.items()})}*"
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
