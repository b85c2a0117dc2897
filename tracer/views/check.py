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
    "shards-missing": N_("It names {count} files, and these are missing: {names}."),
    "no-weights": N_("The directory has no weights."),
    "no-vocabulary": N_("There is a tokenizer's configuration, and none of the files that a tokenizer reads."),
    # keys and values
    "key-misspelt": N_("{class} has no `{key}`. Is `{meant}` meant?"),
    "rope-not-read": N_(
        "transformers {release} does not read `rope_parameters` and takes 10000 for `rope_theta`, instead of {value}: "
        "the model computes something else. Write `rope_theta` beside it."
    ),
    "trust-in-file": N_("`trust_remote_code` has no effect in a file: who loads the model decides."),
    "kernel-fetched": N_("`{key}` is {value}: a load fetches this code from the Hub."),
    "generation-refused": N_("`{key}` is {value}, which transformers {release} refuses; it takes {wanted}."),
    "quantization-new": N_(
        "transformers {release} does not know the quantization “{method}” yet: it is new in {since}."
    ),
    "quantization-gone": N_(
        "transformers {release} does not know the quantization “{method}” any more: it was removed in {gone}."
    ),
    "merges-newer": N_(
        "Its merges are pairs, which transformers {release} can't read with the tokenizers that it needs: they are new "
        "in {since}."
    ),
    "extra-tokens-newer": N_(
        "`extra_special_tokens` is a list, which transformers reads from {since} on; {release} needs an object: names "
        "with their tokens."
    ),
    "class-newer": N_("`{key}`: transformers {release} has no {class} yet: it is new in {since}."),
    "template-not-read": N_(
        "transformers {release} does not look for it: it does from {since} on. Write the template into "
        "tokenizer_config.json too."
    ),
    "adapter-keys-newer": N_(
        "The installed peft {version} does not know {names}: that takes {since} or newer. Upgrade peft."
    ),
    # code in places that need none
    "pickle-imports": N_("Unpickling it imports {names}, which weights have no use for. Don't load it."),
    "template-reaches": N_(
        "The chat template asks for {names}, the insides of Python's objects, which no template needs."
    ),
    "custom-generate": N_(
        "transformers can run this code in place of its own `generate`: read it before you trust it."
    ),
    # the directory's own code
    "auto-map-not-object": N_("`auto_map` must be an object, but is of type `{type}`."),
    "reference-not-text": N_(
        "`auto_map`: {auto_class} is `{reference}`, of the type `{type}`. It has to be a string: `FILE.CLASS`."
    ),
    "tokenizer-not-pair": N_(
        '`auto_map`: AutoTokenizer has to be a list of two, the slow class and the fast one: `["{reference}", null]`.'
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
    "circular-import": N_(
        "It imports {names} from {needed}, which is being imported just then and does not have that yet: {files} "
        "import each other. Move what both need into a third file."
    ),
    "neighbour-not-copied": N_(
        "It imports {needed}, and transformers {release} copies only what the files in `auto_map` import themselves: "
        "import {module} there too."
    ),
    "neighbour-from-dot": N_(
        "`from . import {module}`: transformers does not see {needed} in this and does not copy it. Write "
        "`from .{module} import …`."
    ),
    "neighbour-in-folder": N_(
        "`from .{name} import`: transformers looks for a file {needed} for this, and fails without it; it does not "
        "copy folders. Move the code beside this file."
    ),
    "file-not-copied": N_(
        "It looks for {needed} beside its own file, but runs from a copy, and only Python files are copied. Look for "
        "it in `config.name_or_path`."
    ),
    "neighbour-above": N_("`from .{name} import`: transformers copies nothing from above the directory, and fails."),
    "neighbour-looked-for": N_(
        "transformers looks for {needed} since the text imports it, and fails without it, even if the import is in "
        "`try` or a comment."
    ),
    "package-missing": N_("It imports {module}, which is not installed in this Python."),
    # releases
    "name-gone": N_("{thing} is not in transformers {release}: it was removed in {gone}."),
    "name-replaced": N_(
        "{thing} is not in transformers {release}: it was removed in {gone}. Use {instead} in its place."
    ),
    "name-new": N_("{thing} is not in transformers {release} yet: it is new in {since}."),
    "use-gone": N_(
        "{thing} is not in transformers {release}: it was removed in {gone}. What uses it fails when it runs."
    ),
    "use-replaced": N_(
        "{thing} is not in transformers {release}: it was removed in {gone}. What uses it fails when it runs. Use "
        "{instead} in its place."
    ),
    "use-new": N_(
        "{thing} is not in transformers {release} yet: it is new in {since}. What uses it fails when it runs."
    ),
    "default-gone": N_(
        "The key may be {thing}, which is not in transformers {release}: it was removed in {gone}. A load fails if it "
        "is."
    ),
    "default-replaced": N_(
        "The key may be {thing}, which is not in transformers {release}: it was removed in {gone}. A load fails if it "
        "is. Use {instead} in its place."
    ),
    "default-new": N_(
        "The key may be {thing}, which is new in transformers {since}. A load with {release} fails if it is."
    ),
    "no-post-init": N_(
        "The constructor of {class} never calls `post_init`, which sets what transformers reads of every model from "
        "5.0 on. Call `self.post_init()` in its last line."
    ),
    "override-lacks": N_(
        "`{name}` of {class} does not take {names}, which transformers passes it from {since} on. Add "
        "what is missing, or `**kwargs`."
    ),
    "attribute-set-late": N_(
        "{class} calls `super().__init__` before it sets {names}, which its `get_vocab` reads: transformers from "
        "{since} on calls that there. Set them before."
    ),
    "config-class-differs": N_(
        "{class} has {name} as its `config_class`, and `auto_map` has {instead}: write `config_class = {instead}`."
    ),
    "tied-keys-list": N_(
        "`_tied_weights_keys` of {class} is of type `{type}`, and transformers from 5.0 on needs a dictionary: each "
        "parameter with the one whose values it shares."
    ),
    "numbers-on-meta": N_(
        "The constructor of {class} asks for the numbers in a tensor: `{statement}`. transformers from 5.0 on builds "
        "models on the device meta, where tensors have none. Compute them in plain Python."
    ),
    "config-attribute-gone": N_(
        "{class} has no attribute `{name}` with transformers {release}: up to 4.57 its base had it. Write "
        '`getattr(config, "{name}", {default})`.'
    ),
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
        nothing = tr(lang, "No fault found in its files, in `auto_map` and in its code.")
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
