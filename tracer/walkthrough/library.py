"""The walkthroughs that exist: the bundled course and those in the user's folders."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from tracer.bundled import bundled
from tracer.i18n import N_, Sentence, reason_of
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.yaml_file import InvalidFile, note_lines, read_walkthrough

_ENDINGS = (".yaml", ".yml")


@lru_cache(maxsize=1)
def course() -> tuple[Walkthrough, ...]:
    """Return the bundled walkthroughs in their order."""
    return tuple(_in_folder(bundled("walkthroughs")).values())


def library(folders: Iterable[Path] = ()) -> dict[str, Walkthrough]:
    """Return the course, then what is in some folders, by id; theirs replaces a bundled one of the same id.

    Raises:
        InvalidFile: a file has a mistake, or a folder can't be read or has none.
    """
    found = {one.id: one for one in course()}
    for folder in folders:
        found.update(_in_folder(folder))
    return found


def is_file(wanted: str) -> bool:
    """Return whether a walkthrough is asked for by the path of its file."""
    return Path(wanted).suffix in _ENDINGS


def file_of(
    walkthrough: str, folders: Iterable[Path] = (), files: Iterable[Path] = ()
) -> tuple[Path, dict[str, int]] | None:
    """Return the file that a walkthrough is from, with the line at which each of its notes begins.

    Args:
        walkthrough: its id.
        folders: those that :func:`library` was asked for.
        files: files that were read by their paths, which come first.
    """
    within = (path for folder in (*reversed(list(folders)), bundled("walkthroughs")) for path in _files(folder))
    for path in (*files, *within):
        found, lines = note_lines(path)
        if found == walkthrough:
            return path, lines
    return None


def find_walkthrough(wanted: str, known: dict[str, Walkthrough]) -> Walkthrough:
    """Return a walkthrough by its id, its number in the course, or the path of its file.

    Raises:
        TracerError: there is none; the sentence has similar ids.
    """
    if wanted in known:
        return known[wanted]
    for one in known.values():
        if wanted.isdigit() and one.order == int(wanted):
            return one
    if is_file(wanted):
        return read_walkthrough(Path(wanted))
    near = get_close_matches(wanted, known, n=1)
    hint = (
        Sentence(N_("Did you mean {near}?"), near=visible(near[0]))
        if near
        else Sentence(N_("See them with: glm-trace walkthrough list"))
    )
    raise TracerError(N_("There is no walkthrough {wanted}. {hint}"), wanted=visible(wanted), hint=hint)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)
    except OSError as error:
        raise InvalidFile(
            N_("The folder {folder} can't be read: {reason}."),
            folder=visible(str(folder)),
            reason=reason_of(error),
        ) from None


def _in_folder(folder: Path) -> dict[str, Walkthrough]:
    found: dict[str, Walkthrough] = {}
    paths = _files(folder)
    if not paths:
        raise InvalidFile(N_("There is no walkthrough in {folder}: no .yaml file."), folder=visible(str(folder)))
    for path in paths:
        walkthrough = read_walkthrough(path)
        if walkthrough.id in found:
            raise InvalidFile(
                N_("{path}: another file in this folder has the id {id!r}."), path=visible(str(path)), id=walkthrough.id
            )
        found[walkthrough.id] = walkthrough
    return dict(sorted(found.items(), key=lambda pair: (pair[1].order is None, pair[1].order or 0, pair[0])))
