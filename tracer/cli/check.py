"""``glm-trace check``: look for what makes a model directory fail, without loading it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import typer

from tracer.analysis.check.directory import check_directory
from tracer.analysis.check.problem import Problem
from tracer.cli import arguments
from tracer.cli.console import note, print_document, print_result
from tracer.cli.options import Speak
from tracer.i18n import N_, Lang, language, path_here, tr
from tracer.releases import installed_release, library
from tracer.remote_code.files import ModelPlace, cached_places, hub_caches, local_place
from tracer.text.shell import shell_line
from tracer.trace.errors import TracerError
from tracer.views.check import check_report

HELP = """Look for what makes loading MODEL fail, without loading it or running its code.

Whether its files are complete and sound, whether the code that `auto_map` names is there, what that code imports, and
whether a release of transformers has it. Of a hub id, what the hub cache has is looked at; nothing is downloaded. The
exit code is 1 if a load would fail.
"""
EXAMPLES = (
    ("check path/to/model", N_("for the installed transformers")),
    ("check path/to/model --for 4.57.6", N_("for another release")),
    ("check path/to/model --json", N_("for programs")),
)


def check(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A model directory, or a hub id that is in the hub cache.", show_default=False
        ),
    ],
    releases: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="RELEASE",
            help="A release of transformers to check for; may be repeated. [default: the installed one]",
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Branch, tag or commit of a hub id. [default: main]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    place = _place(model, revision)
    known = library()
    for release in releases or []:
        if known.index(release) is None:
            raise TracerError(
                N_("--for {release}: expected a release of transformers from {oldest} on, such as {newest}."),
                release=release,
                oldest=known.releases[0],
                newest=known.releases[-1],
            )
        if known.is_newer(release):
            raise TracerError(
                N_("--for {release}: this glm-trace knows transformers from {oldest} to {newest}."),
                release=release,
                oldest=known.releases[0],
                newest=known.releases[-1],
            )
    here = installed_release()
    asked = releases or [here or known.releases[-1]]
    problems = check_directory(place.root, asked, installed=not releases and here is not None)
    if place.on_hub:
        _say_what_is_checked(place, problems, speak)
    if json:
        from tracer.export.json_documents import directory_check_document

        print_document(directory_check_document(problems, asked))
    else:
        print_result(check_report(problems, asked, speak))
    if any(problem.fails for problem in problems):
        raise typer.Exit(1)


_MISSING: Final = frozenset(
    {"config-missing", "no-weights", "shards-missing", "no-vocabulary", "class-file-missing", "neighbour-missing"}
)
"""Problems that a download which is not whole has too."""


def _place(model: str, revision: str | None) -> ModelPlace:
    """Return the directory, or the snapshot of a hub id.

    Raises:
        TracerError: it is neither.
    """
    name = arguments.model_argument(model)
    local = local_place(name)
    if local is not None:
        if revision is not None:
            raise TracerError(N_("--revision is for a hub id, and {path} is a directory."), path=model)
        return local
    cached = cached_places(name, revision, hub_caches())
    if cached:
        return cached[0]
    command = _download(name, revision)
    if revision is not None:
        raise TracerError(
            N_("The hub cache does not have {model} at {revision}. Download it, then check it again: {command}"),
            model=name,
            revision=revision,
            command=command,
        )
    raise TracerError(
        N_(
            "There is no directory {model}, and no model of that name in the hub cache. If it is a hub id, download "
            "it, then check it again: {command}"
        ),
        model=name,
        command=command,
    )


def _download(name: str, revision: str | None) -> str:
    return shell_line("hf", "download", name, *(() if revision is None else ("--revision", revision)))


def _say_what_is_checked(place: ModelPlace, problems: Iterable[Problem], lang: Lang) -> None:
    """Name the snapshot of a hub id, and what it may only lack because it was not downloaded whole."""
    note(
        tr(
            lang,
            "{model}: checked as it is in the hub cache, commit {commit}: {path}",
            model=place.name,
            commit=place.commit[:12],
            path=path_here(place.root),
        )
    )
    if any(problem.kind in _MISSING for problem in problems):
        note(
            tr(
                lang,
                "What is missing may not have been downloaded yet. The whole commit: {command}",
                command=_download(place.name, place.commit),
            )
        )
