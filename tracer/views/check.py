"""What ``check`` prints: what is wrong with a model directory, file by file."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.check.problem import Problem
from tracer.i18n import N_, Lang, Message, tr
from tracer.releases import library
from tracer.text.visible import visible
from tracer.text.wrapping import Prose

PROBLEMS: Final[dict[str, Message]] = {
    # files
    "lfs-pointer": N_("This is a pointer of Git LFS, not the file itself: get it with `git lfs pull`."),
    "web-page": N_("This is a web page saved under the file's name, not the file itself: download it again."),
    "empty-file": N_("This file is empty: download it again."),
    "truncated": N_("It is cut off: it has {size} bytes, and its header promises {told}. Download it again."),
    "not-safetensors": N_("It does not begin with a header of safetensors: download it again."),
    "not-json": N_("It is not valid JSON: {place}."),
    "not-utf-8": N_("It is not UTF-8: save it as UTF-8."),
    "broken-link": N_("It is a link to a file that does not exist."),
    "unreadable": N_("It can't be read: look at its permissions."),
    "bom": N_("It begins with a byte order mark, which json refuses: save it as UTF-8 without BOM."),
    "duplicate-keys": N_("These keys are there more than once, and only the last counts: {names}."),
    "constants": N_("It has {names}, which is not valid JSON: some readers refuse it."),
    "not-object": N_("It must hold an object, but holds a value of type `{type}`."),
    "config-missing": N_("There is no config.json, so the library can't know what kind of model this is."),
    "shards-missing": N_("Of the {count} files that it names, these are not there: {names}."),
    "no-weights": N_("The directory has no weights."),
    "no-vocabulary": N_("There is a tokenizer's configuration, and none of the files that a tokenizer reads."),
    # the directory's own code
    "auto-map-not-object": N_("`auto_map` must be an object, but is of type `{type}`."),
    "reference-not-text": N_(
        "`auto_map`: {auto_class} is `{reference}`, of the type `{type}`. It has to be a string: `FILE.CLASS`."
    ),
    "reference-malformed": N_(
        "`auto_map`: {auto_class} is `{reference}`. It has to name a file without its ending and a class, with one dot "
        "between them: `FILE.CLASS`."
    ),
    "other-repository": N_(
        "`auto_map`: {auto_class} takes its code from another repository, {repository}, which the load has to fetch."
    ),
    "class-file-missing": N_("`auto_map`: {auto_class} is `{reference}`, and there is no file {needed}."),
    "class-missing": N_("`auto_map`: {auto_class} is `{reference}`, and {needed} defines nothing named {class}."),
    "not-python": N_("It is not valid Python."),
    "neighbour-missing": N_("It imports {needed}, which is not in the directory."),
    "neighbour-absolute": N_(
        "It imports {module} as if it were an installed package; it is a file of this directory. Write the import with "
        "a dot: `from .{module} import …`."
    ),
    "package-missing": N_("It imports {module}, which is not installed in this Python."),
    # releases
    "name-gone": N_("{thing} is not in transformers {release}: it was removed in {gone}."),
    "name-replaced": N_(
        "{thing} is not in transformers {release}: it was removed in {gone}. Use {instead} in its place."
    ),
    "name-new": N_("{thing} is not in transformers {release} yet: it is new in {since}."),
    "model-type-missing": N_("It has neither a `model_type` nor an `auto_map` with AutoConfig."),
    "model-type-unknown": N_("transformers {release} does not know the model type “{model_type}”."),
    "model-type-new": N_(
        "transformers {release} does not know the model type “{model_type}” yet: it is new in {since}."
    ),
}


def check_report(problems: list[Problem], releases: list[str], lang: Lang) -> RenderableType:
    """Return what was found, by file; what makes a load fail is marked."""
    values = {"releases": ", ".join(map(visible, releases)), "newest": library().releases[-1]}
    if any(library().is_newer(release) for release in releases):
        asked = tr(lang, "checked for transformers {releases} (names as of {newest})", **values)
    else:
        asked = tr(lang, "checked for transformers {releases}", **values)
    if not problems:
        nothing = tr(lang, "No fault found in its files, in `auto_map` and in the imports of its code.")
        limit = tr(lang, "A load can still fail for other reasons: check runs nothing.")
        return Group(Text(nothing, "green"), Text(limit), Text(asked, "dim"))
    parts: list[RenderableType] = []
    for file, found in groupby(sorted(problems, key=lambda one: one.file), key=lambda one: one.file):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column()
        for problem in sorted(found, key=lambda one: (not one.fails, one.line or 0)):
            mark = Text("✗", "red") if problem.fails else Text("!", "yellow")
            grid.add_row(mark, Prose(problem_text(problem, lang)))
        parts += [Text(visible(file), "bold"), Padding(grid, (0, 0, 1, 2), expand=False)]
    return Group(*parts, Text(asked, "dim"))


def problem_text(problem: Problem, lang: Lang) -> str:
    """Return the sentence of a problem, with its line."""
    values = {
        name: visible(", ".join(value) if isinstance(value, list) else str(value))
        for name, value in problem.values.items()
    }
    text = tr(lang, PROBLEMS[problem.kind], **{"release": problem.release or "", **values})
    return text if problem.line is None else tr(lang, "line {line}: {text}", line=problem.line, text=text)
