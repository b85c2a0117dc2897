"""What a person sees before any remote code runs: the files, what stands out, and what cannot be shown.

Everything that comes from the model is foreign text. It is put on the screen as plain text, with control
characters written out, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.i18n import N_, NP_, Lang, Message, join, tr
from tracer.remote_code.result import PROCESSORS, CodeNote, Finding, Reached, RemoteCode, RemoteFile, Unseen
from tracer.text.sizes import format_size
from tracer.text.visible import visible
from tracer.text.wrapping import wrapped

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
    "odd-auto-map": N_("{subject}: an auto_map entry is not a class name: {detail}"),
    "odd-base": N_("{subject} names no base model"),
    "odd-reference": N_("{subject}: transformers does not accept this class name: {detail}"),
    "other-encoding": N_(
        "{subject} declares the encoding {detail}: Python reads it differently from what most editors show"
    ),
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
        lang, "Also listed: what would run only if the code asked for a processor, which the load does not create."
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


_SHORT_HASH = 12
_FINDINGS_TOLD = 40
_MINOR_TOLD = 3  # signs of one package
_OTHERS_TOLD = 12
_LOUD = "bold red"
_CALM = "yellow"


def render_consent(code: RemoteCode, console: Console, lang: Lang) -> None:
    """Print which files would run and what stands out in them; readable without colour and at 80 columns."""
    _Screen(code, console, lang).render()


class _Screen:
    def __init__(self, code: RemoteCode, console: Console, lang: Lang) -> None:
        self._code = code
        self._console = console
        self._lang = lang
        self._width = console.width - 2

    def render(self) -> None:
        code = self._code
        title = Text.assemble(
            (f" {self._say(N_('Remote code'))} ", "bold reverse"), "  ", self._text(code.model, "bold")
        )
        self._console.print()
        self._part(title)
        self._part(self._prose(intro(self._lang, code)))
        if code.files:
            self._part(self._files())
            self._part(*self._findings())
        self._points(N_("Cannot be shown"), (unseen_line(self._lang, one) for one in code.unseen), _LOUD)
        self._points(N_("Worth knowing"), self._notes(), "bold")
        if code.files:
            self._part(
                self._prose(
                    self._say(
                        N_(
                            "Found in the syntax tree: an aid for reading, not a proof that the code is safe. Code "
                            "that is meant to hide something can hide it from this."
                        )
                    ),
                    "italic",
                )
            )

    # The list of files

    def _files(self) -> RenderableType:
        """A line of facts for each file, its whole checksum under it: at 80 columns both fit."""
        files = self._code.files
        paths = [self._path(file) for file in files]
        sizes = [Text(format_size(file.size), justify="right") for file in files]
        widest = max(cell_len(line) for path in paths for line in path.plain.split("\n"))
        widest = min(widest, self._width * 2 // 5)
        longest = max(map(len, sizes))
        room = self._width - len(str(len(files))) - widest - longest - 6
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", style="bold", no_wrap=True)
        table.add_column()
        for number, (file, path, count) in enumerate(zip(files, paths, sizes, strict=True), 1):
            facts = Table.grid(padding=(0, 2, 0, 0))
            facts.add_column(width=widest, overflow="fold")
            facts.add_column(width=longest, no_wrap=True)
            facts.add_column(overflow="fold")
            facts.add_row(path, count, self._why(file, room))
            table.add_row(str(number), Group(facts, self._hash(file)))
        return table

    def _path(self, file: RemoteFile) -> Text:
        path = self._text(file.path, "bold")
        if file.leaves_to:
            outside = file.leaves_to == file.path
            where = (
                self._say(N_("outside the model's directory"))
                if outside
                else self._say(N_("really {path}"), path=file.leaves_to)
            )
            path.append("\n" + self._clean(where), _LOUD)
        return path

    def _why(self, file: RemoteFile, width: int) -> Text:
        why = self._prose(join(self._lang, reasons(self._lang, file.reached)), width=width)
        if len({one.repository for one in self._code.files}) > 1:
            why.append("\n" + self._clean(self._say(N_("from {name}"), name=file.repository)), "dim")
        return why

    def _hash(self, file: RemoteFile) -> Text:
        if not file.sha256:
            return Text(self._say(N_("too large for a checksum") if file.size else N_("could not be read")), _LOUD)
        start, rest = file.sha256[:_SHORT_HASH], file.sha256[_SHORT_HASH:]
        return Text.assemble(("sha256 ", "dim"), (start, "cyan"), (rest, "dim"), overflow="fold")

    # What stands out in them

    def _findings(self) -> list[RenderableType]:
        parts: list[RenderableType] = []
        quiet = [with_lines(self._lang, file) for file in self._code.files if not file.findings and file.sha256]
        for number, file in enumerate(self._code.files, 1):
            if file.findings:
                parts.append(Text.assemble((f"{number}  ", "bold"), self._text(file.path, "bold")))
                parts.append(Padding(self._found(file.findings), (0, 0, 0, 3)))
        if parts:
            parts.insert(0, Text(self._say(N_("What stands out")), "bold underline"))
        if quiet:
            parts.append(
                self._prose(
                    self._say(
                        N_(
                            "Nothing of the known kinds was found in {files}. That does not make it safe: read the "
                            "code yourself."
                        ),
                        files=join(self._lang, quiet),
                    )
                )
            )
        return parts

    def _found(self, findings: tuple[Finding, ...]) -> RenderableType:
        if findings[0].kind in ("does-not-parse", "not-searched"):
            only = findings[0]
            return self._prose(self._say(SENTENCES[only.kind], line=only.line, why=only.name), _LOUD, indent=3)
        groups = grouped(finding for finding in findings if not finding.weak)
        told = groups[:_FINDINGS_TOLD]
        heads = [
            self._say(N_("on import")),
            self._say(N_("when called")),
            *(self._say(SENTENCES[group[0].kind]) for group in told),
        ]
        kinds = max(map(cell_len, heads))
        lines = max(map(cell_len, [self._say(N_("line")), *map(line_numbers, told)]))
        parts: list[RenderableType] = []
        for on_import in (True, False):
            table = Table.grid(padding=(0, 2, 0, 0), expand=True)
            table.add_column(width=kinds, no_wrap=True)
            table.add_column(width=lines, no_wrap=True, justify="right")
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            when = self._say(N_("on import") if on_import else N_("when called"))
            table.add_row(Text(when, "dim"), Text(self._say(N_("line")), "dim"))
            for group in (group for group in told if group[0].on_import is on_import):
                kind = Text(self._say(SENTENCES[group[0].kind]), _LOUD if on_import else _CALM)
                table.add_row(kind, line_numbers(group), self._text(as_written(group[0])))
            if table.row_count > 1:
                parts.append(table)
        if len(groups) > len(told):
            parts.append(Text(self._say(N_("and {count} more"), count=len(groups) - len(told)), _LOUD))
        return Group(*parts, *self._minor(findings))

    def _minor(self, findings: tuple[Finding, ...]) -> list[Text]:
        """The weaker signs on one line; an import only where nothing it brings in has been told already.

        Many signs of one package are one item: a file of kernels names the language it is written in on every line.
        """
        loud = {finding.name.split(".")[0] for finding in findings if not finding.weak}
        weak = [finding for finding in findings if finding.weak]
        packages: dict[tuple[str, str], list[Finding]] = {}
        for finding in weak:
            packages.setdefault((finding.kind, _package(finding)), []).append(finding)
        items: list[str] = []
        for (kind, package), group in list(packages.items())[:_FINDINGS_TOLD]:
            parts = grouped(group)
            if len(parts) > _MINOR_TOLD:
                items.append(
                    self._say(
                        N_("{package} ({kind}, {count} places)"),
                        package=package,
                        count=len(parts),
                        kind=self._say(SENTENCES[kind]),
                    )
                )
                continue
            for part in parts:
                name, numbers = part[0].name, line_numbers(part)
                if not name.startswith("import ") or _package(part[0]) not in loud:
                    items.append(
                        self._say(
                            N_("{name} (lines {lines})") if "," in numbers else N_("{name} (line {lines})"),
                            name=name,
                            lines=numbers,
                        )
                    )
        if not items:
            return []
        return [self._prose(self._say(N_("minor: {items}"), items=join(self._lang, items)), "dim", indent=3)]

    # What else there is to know

    def _notes(self) -> Iterable[str]:
        for note in self._code.notes:
            yield note_line(self._lang, note)
        others = self._code.others
        if others:
            told = [*others[:_OTHERS_TOLD], *(["…"] if len(others) > _OTHERS_TOLD else [])]
            yield self._say(
                N_("Python files there that nothing was found to lead to: {files}"), files=join(self._lang, told)
            )

    def _points(self, title: Message, lines: Iterable[str], style: str) -> None:
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column()
        table.add_column(overflow="fold")
        for line in lines:
            table.add_row("-", self._prose(line, indent=2))
        if table.row_count:
            self._part(Text(self._say(title), style), table)

    # Foreign and own text

    def _part(self, *parts: RenderableType) -> None:
        if parts:
            self._console.print(Padding(Group(*parts), (0, 1, 1, 1)))

    def _say(self, message: Message, **values: object) -> str:
        return tr(self._lang, message, **values)

    def _clean(self, text: str) -> str:
        return visible(text, encoding=self._console.encoding)

    def _text(self, text: str, style: str = "") -> Text:
        return Text(self._clean(text), style)

    def _prose(self, text: str, style: str = "", *, indent: int = 0, width: int = 0) -> Text:
        return Text("\n".join(wrapped(self._clean(text), width or self._width - indent)), style, overflow="fold")


def _package(finding: Finding) -> str:
    """The package that a finding is of."""
    return finding.name.removeprefix("import ").split(".")[0]


_LINES_TOLD: Final = 3


def grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The same thing found on many lines is told once; what runs on import comes first.

    Where what is passed matters, only calls written alike are the same.
    """
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for finding in findings:
        written = finding.name if finding.weak else as_written(finding)
        groups.setdefault((finding.kind, written, finding.on_import), []).append(finding)
    return sorted(groups.values(), key=lambda group: (not group[0].on_import, group[0].line))


def line_numbers(group: list[Finding]) -> str:
    """The first few lines of a group: ``12, 40, 51, …``."""
    lines = sorted({finding.line for finding in group})
    return ", ".join(map(str, lines[:_LINES_TOLD])) + (", …" if len(lines) > _LINES_TOLD else "")


def as_written(finding: Finding) -> str:
    """The source of a finding, with what it stands for in front where an alias hides that."""
    name = finding.name.removeprefix("….")
    last = name.rpartition(".")[2].rpartition(" ")[2]
    if not finding.source:
        return finding.name
    clear = name in finding.source or f".{last}" in finding.source or "." not in name
    return finding.source if clear else f"{name}: {finding.source}"
