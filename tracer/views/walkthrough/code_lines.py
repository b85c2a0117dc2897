"""An excerpt of code with its line numbers and marks, in characters that any font and any highlighter takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tracer.i18n import NP_, Lang, tr
from tracer.views.walkthrough.catalogue import WORDS
from tracer.walkthrough.excerpt import Excerpt, ExcerptGap, ExcerptLine


def code_lines(excerpt: Excerpt, lang: Lang) -> Iterator[str]:
    """Each line with its mark and number, moved to the left as far as they all can be."""
    width = len(str(excerpt.last))
    own = [
        len(one.text) - len(one.text.lstrip())
        for one in excerpt.lines
        if isinstance(one, ExcerptLine) and one.text.strip()
    ]
    margin = min(own, default=0)
    for one in excerpt.lines:
        if isinstance(one, ExcerptGap):
            yield f"  {'':>{width}} | # {gap_text(one, lang)}"
        else:
            yield f"{line_mark(one)} {one.number:>{width}} | {one.text[margin:]}".rstrip()


def line_mark(line: ExcerptLine) -> str:
    """``>``: the statement of the step. ``-``: it did not run."""
    return ">" if line.here else "-" if line.ran is False else " "


def gap_text(one: ExcerptGap, lang: Lang) -> str:
    """How many lines are left out."""
    not_run = NP_("… {count} line that did not run", "… {count} lines that did not run")
    gap = NP_("… {count} line", "… {count} lines")
    return tr(lang, not_run if one.ran is False else gap, count=one.lines)


def excerpt_location(excerpt: Excerpt, lang: Lang, marked: Callable[[str], str] = str) -> str:
    """The file and the lines."""
    key = "file-line" if excerpt.first == excerpt.last else "file-lines"
    return tr(lang, WORDS[key], path=marked(excerpt.path), first=excerpt.first, last=excerpt.last)


def covered_text(excerpts: Sequence[Excerpt], lang: Lang) -> str:
    """The functions with their lines, as one sentence."""
    said: dict[str, list[str]] = {}
    for one in excerpts:
        key = "line-alone" if one.first == one.last else "lines"
        said.setdefault(one.function, []).append(tr(lang, WORDS[key], first=one.first, last=one.last))
    comma, semicolon = (", ", "; ") if lang == "en" else ("、", "；")
    opening, closing = (" (", ")") if lang == "en" else ("（", "）")
    code = semicolon.join(f"{function}{opening}{comma.join(lines)}{closing}" for function, lines in said.items())
    return tr(lang, "Also explained: {code}", code=code)
