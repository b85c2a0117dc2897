"""Sentences of the consent screen: what is found, and why a file would run."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Lang, Message, join, tr
from tracer.remote_code.result import PROCESSORS, CodeNote, Reached, RemoteCode, RemoteFile, Unseen

SENTENCES: Final[dict[str, Message]] = {
    # notes
    "does-not-parse": N_("line {line} does not parse ({why}): the load would fail here too"),
    "not-searched": N_("nothing was looked for in it: {why}"),
    "imported": N_("imported by {name}"),
    "plain-import": N_("maybe imported by {name}"),
    "process": N_("process"),
    "network": N_("network"),
    "file-system": N_("files"),
    "eval-exec": N_("eval/exec"),
    "native": N_("native code"),
    "environment": N_("environment"),
    "not-in-cache": N_("{name} is not in the local hub cache, so what would run cannot be shown"),
    "file-not-in-cache": N_("{name} is not in the local hub cache; it would be fetched and run"),
    "modules-cache": N_("{name} is taken from the modules cache, where another model left it"),
    "config-too-large": N_("{name} is too large to be looked at, and may name code"),
    "absent-model": N_("{subject} is neither a directory nor a hub id: nothing to look at"),
    "adapter-base": N_("{subject} is an adapter: the code of its base model {detail} runs too"),
    "adapter-imports": N_("{subject} has peft before 0.21 import the installed module {detail}"),
    "adapter-stays": N_(
        "adapter with a config.json of its own: transformers 4 goes on to {detail}, transformers 5 stays here"
    ),
    "bad-json": N_("{subject} is not JSON ({detail}): transformers will stop there"),
    "hidden-characters": N_("{subject} has invisible or text-reordering characters in line {detail}"),
    "hub-may-differ": N_("{subject} is shown as cached (commit {detail}); online, the hub may send a newer one"),
    "hub-kernel": N_("{subject} asks for {detail} from the hub: native code, fetched if kernels is installed"),
    "missing-file": N_("{subject} does not exist, but is asked for by {detail}"),
    "not-text": N_("{subject} cannot be decoded: {detail}"),
    "odd-auto-map": N_("{subject}: an auto_map entry is no class name: {detail}"),
    "odd-base": N_("{subject} names no base model"),
    "odd-reference": N_("{subject}: transformers does not accept this class name: {detail}"),
    "other-encoding": N_("{subject} declares the encoding {detail}: Python reads it unlike most editors show it"),
    "symlink-leaves": N_("{subject} is a link out of the directory, to {detail}"),
    "too-large": N_("{subject}: nothing was looked for, only the first {detail} bytes were read"),
    "too-many": N_("{subject}: only the first {detail} files are listed"),
    "unreadable": N_("{subject} cannot be read: {detail}"),
}


def intro(lang: Lang, code: RemoteCode) -> str:
    count = len(code.running)
    if not count:
        return tr(
            lang,
            N_("Loading this model runs code that cannot be shown here, with your rights.")
            if code.unseen
            else N_("No code of its own was found with this model."),
        )
    runs = tr(
        lang,
        NP_(
            "Loading this model runs one Python file that came with it, with your rights.",
            "Loading this model runs {count} Python files that came with it, with your rights.",
        ),
        count=count,
    )
    if count == len(code.files):
        return runs
    processors = tr(
        lang, "Listed too is what would run only if its code asked for a processor, which the load does not make."
    )
    return f"{runs}{' ' if lang == 'en' else ''}{processors}"


def with_lines(lang: Lang, file: RemoteFile) -> str:
    """Return a file's name with how much there is to read."""
    lines = NP_("{file} ({count} line)", "{file} ({count} lines)")
    return tr(lang, lines, file=file.path, count=file.lines)


def reasons(lang: Lang, reached: tuple[Reached, ...]) -> list[str]:
    """Why a file would run, in a few words each: the auto classes, or else the files that import it."""
    auto = list(dict.fromkeys(one.name for one in reached if one.way == "auto-class"))
    parts = [name for name in auto if name not in PROCESSORS]
    if not parts and auto:
        parts = [tr(lang, "{name}, not made by this load", name=join(lang, auto))]
    if any(one.way == "custom-generate" for one in reached):
        parts.append(tr(lang, "replaces generate (transformers 5: imported on load)"))
    for way, key in (("import", "imported"), ("plain-import", "plain-import")):
        importers = list(dict.fromkeys(one.name for one in reached if one.way == way))
        if importers and not parts:
            parts.append(tr(lang, SENTENCES[key], name=join(lang, importers)))
    return parts


def unseen_line(lang: Lang, unseen: Unseen) -> str:
    named = tr(lang, " (named by {name})", name=unseen.named_by) if unseen.named_by else ""
    return tr(lang, SENTENCES[unseen.why], name=unseen.name) + named


def note_line(lang: Lang, note: CodeNote) -> str:
    return tr(lang, SENTENCES[note.kind], subject=note.subject, detail=note.detail)


def size(count: int) -> str:
    """Bytes for a person: 812 B, 4.2 kB, 1.3 MB."""
    if count < 1000:
        return f"{count} B"
    value, units = count / 1000, ["GB", "MB", "kB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop()
    return f"{value:.1f} {units[-1]}"
