"""A diagnosis as an issue to paste: Markdown with the releases, the command, the cause, the traceback and the steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tracer.analysis.diagnosis import Diagnosis
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.markdown_writer import fenced, literal, table
from tracer.text.shell import shell_line
from tracer.text.visible import one_line, visible
from tracer.trace.events import ChainedException, Traceback
from tracer.trace.reading import Trace
from tracer.views.why import cause_title, evidence_text, explanation, headline

_HOME: Final = re.compile(
    r"(?:(?<![\w/.>-])|(?<=file://)|(?<=-[ILR])|(?<=\\[nt]))"  # where a path begins: not within one, or within a URL
    r"(?:(?:/[^\s/:'\"]+)*?/(?:home|Users)/[^\s/\\:'\"]+|/root(?=/|\b))"
    r"|[A-Za-z]:[\\/]Users[\\/][^\s/\\:'\"]+"
)
_STEPS: Final = 8  # of the last steps that show it
_FRAMES: Final = 16  # of a traceback, the innermost
_MESSAGE: Final = 2_000  # characters
_RELATIONS: Final[dict[str, Message]] = {
    "cause": N_("It was raised from:"),
    "context": N_("It was raised while handling:"),
}


def issue(trace: Trace, found: Diagnosis, lang: Lang) -> str:
    """Return the issue's text. Folders of people's homes are written as ``~``."""
    return without_homes("\n\n".join(_parts(trace, found, lang))) + "\n"


def without_homes(text: str) -> str:
    return _HOME.sub("~", text)


def _parts(trace: Trace, found: Diagnosis, lang: Lang) -> Iterator[str]:
    meta = trace.meta
    yield f"# {literal(headline(found, lang))}"
    for position, cause in enumerate(found.causes):
        sentence, remedy = explanation(cause, lang)
        yield f"## {literal(cause_title(cause, lang, first=position == 0))}\n\n{in_markdown(sentence)}"
        if remedy is not None:
            yield f"**{literal(tr(lang, 'What to do'))}**: {in_markdown(remedy)}"
    if found.surprises:
        told = [explanation(one, lang, kind="surprise") for one in found.surprises]
        lines = [f"- {in_markdown(' '.join(part for part in one if part is not None))}" for one in told]
        yield "\n".join([f"## {literal(tr(lang, N_('What it did')))}\n", *lines])
    if found.error is not None:
        yield f"## {literal(tr(lang, N_('The exception')))}\n\n{fenced(_exception(trace, found, lang))}"
    evidence = found.causes[0].chain[-_STEPS:] if found.causes else []
    if evidence:
        columns = (tr(lang, N_("Step")), tr(lang, N_("Kind")), tr(lang, N_("What it shows")))
        rows = [
            (str(one.step), f"`{visible(trace.step(one.step).kind)}`", literal(evidence_text(found, one, lang)))
            for one in evidence
        ]
        yield f"## {literal(tr(lang, 'How it happened'))}\n\n{table(columns, rows)}"
    yield f"## {literal(tr(lang, N_('Where it ran')))}"
    if meta.command:
        yield fenced([one_line(shell_line(*meta.command), 500)], "sh")
    releases = [(name, release) for name, release in meta.releases.items()]
    if meta.python is not None:
        releases.insert(0, ("Python", meta.python))
    if meta.platform is not None:
        releases.append((tr(lang, N_("System")), meta.platform))
    releases += [("GPU", gpu) for gpu in meta.gpus]
    if releases:
        head = (tr(lang, N_("Package")), tr(lang, N_("Release")))
        yield table(head, [(literal(name), literal(release)) for name, release in releases])


def in_markdown(text: str) -> str:
    """Return a sentence in which only the code between backquotes is Markdown."""
    text = one_line(text, _MESSAGE)
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return literal(text, _MESSAGE)
    return "".join(f"`{part}`" if at % 2 else _spaced(part) for at, part in enumerate(parts))


def _spaced(part: str) -> str:
    """Return literal text with the blanks at its ends."""
    inner = part.strip()
    return part.replace(inner, literal(inner, _MESSAGE), 1) if inner else part


def _exception(trace: Trace, found: Diagnosis, lang: Lang) -> Iterator[str]:
    failure = trace.meta.failure
    traceback: Traceback | None = failure.traceback if failure is not None else None
    chained: list[ChainedException] = failure.chained if failure is not None else []
    if traceback is None and found.exceptions:
        traceback, chained = list(found.exceptions[-1].frames), found.exceptions[-1].chained
    yield from _frames(traceback or [])
    yield from _told(found.error, found.message)
    for one in chained:
        yield ""
        yield tr(lang, _RELATIONS.get(one.relation, _RELATIONS["context"]))
        yield from _frames(one.traceback)
        yield from _told(one.error, one.message)


def _frames(traceback: Traceback) -> Iterator[str]:
    if len(traceback) > _FRAMES:
        yield "  …"
    for frame in traceback[-_FRAMES:]:
        if frame is None:
            yield "  …"
            continue
        yield visible(f"  {frame.file}:{frame.line}, {frame.function}")
        if frame.source.strip():
            yield visible(f"    {frame.source.strip()}")


def _told(error: str | None, message: str | None) -> Iterator[str]:
    text = f"{error}: {message[:_MESSAGE]}" if message else str(error)
    yield from (visible(line.replace("\t", "  ")) for line in text.split("\n"))
