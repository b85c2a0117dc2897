"""A walkthrough as a Markdown document that stands on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.i18n import NP_, Lang, tr
from tracer.text.markdown_writer import anchor, folded, in_link, literal, to_anchor
from tracer.text.visible import visible
from tracer.trace.meta import model_name
from tracer.trace.reading import Trace
from tracer.views.outcome import outcome_text
from tracer.views.walkthrough.article_note import render_note
from tracer.views.walkthrough.localized import LocalizedNote, LocalizedWalkthrough
from tracer.walkthrough.filling import inline_code

_UNBOUND: Final = "not-here"


def render_article(walkthrough: LocalizedWalkthrough, trace: Trace | None, lang: Lang) -> str:
    """The whole document, with a line break at its end."""
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
            "No load was given: a value stands as its path, such as {example}. Give a trace to fill them in.",
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
    """What load the values are from."""
    yield f"## {tr(lang, 'Made from this load')}"
    colon = ": " if lang == "en" else "："
    yield "\n".join(f"- **{name}**{colon}{fact}" for name, fact in _facts(walkthrough, trace, lang))
    yield tr(
        lang,
        "In the code, `>` marks the statement of the note and `-` lines that did not run. Values "
        "are those recorded at that step.",
    )


def _facts(walkthrough: LocalizedWalkthrough, trace: Trace, lang: Lang) -> Iterator[tuple[str, str]]:
    yield tr(lang, "Model"), inline_code(visible(model_name(trace.meta)))
    if result := trace.outcome.get("result"):
        yield tr(lang, "Class"), inline_code(visible(str(result).rpartition(".")[2]))
    releases = trace.meta.get("releases")
    if isinstance(releases, dict):
        names = [name for name in ("transformers", "torch", "peft") if name in releases]
        yield tr(lang, "Releases"), literal(", ".join(f"{name} {releases[name]}" for name in names))
    yield tr(lang, "Outcome"), _outcome(trace, lang)
    yield tr(lang, "Notes"), walkthrough.count_text(lang)


def _outcome(trace: Trace, lang: Lang) -> str:
    said = literal(outcome_text(trace.outcome, lang))
    steps = tr(lang, NP_("{steps} step", "{steps} steps", by="steps"), steps=f"{len(trace):,}")
    error = trace.outcome.get("error")
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
