"""What the exercise commands share: the course folder, questions on the terminal, errors in the learner's language."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from tracer.cli.completion import complete_exercise
from tracer.cli.console import complain, messages, results
from tracer.cli.options import Language
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.course_folder import (
    DEFAULT_NAME,
    CourseFolder,
    current_exercise,
    find_course_folder,
    known_exercises,
)
from tracer.exercise.errors import ExerciseError
from tracer.exercise.progress import CourseProgress, ExerciseProgress
from tracer.exercise.trust import CHANGED, NOT_AGREED, code_of, digest, needs_consent
from tracer.i18n import N_, NC_, Lang, language, tr
from tracer.text.visible import visible
from tracer.views.exercise.printer import ExercisePrinter
from tracer.views.shell_commands import command

_MOST_SHOWN = 20  # files
_NO, _YES = ("", "n", "no", "否", "不"), ("y", "yes", "是", "好")


class ExerciseContext(msgspec.Struct):
    """A command that runs: in which folder, with which exercises, in which language."""

    lang: Lang
    folders: Sequence[Path]
    here: Path
    printer: ExercisePrinter

    def course_folder(self) -> CourseFolder:
        """Return the course folder.

        Raises:
            ExerciseError: there is none.
        """
        found = find_course_folder(self.here)
        if found is None:
            raise ExerciseError(N_("There is no course folder here or above. Start with: glm-trace exercise start"))
        return found

    def course_folder_or_new(self, folder: Path | None) -> CourseFolder:
        """Return the folder named, else the one that contains ``here``, else the default, which may not exist yet."""
        if folder is not None:
            return CourseFolder(Path(os.path.expanduser(folder)))
        return find_course_folder(self.here) or CourseFolder(self.here / DEFAULT_NAME)

    def known(self, progress: CourseProgress | None = None) -> dict[str, ExerciseFiles]:
        """Return every known exercise by id."""
        return known_exercises(self.folders, progress)

    def current(self, name: str | None, course: CourseFolder) -> ExerciseFiles:
        """Return the exercise that is meant; it has been started."""
        files = current_exercise(name, course, self.known(course.progress), self.here)
        course.require_started(files, self.command("start", files))
        return files

    def command(self, name: str, files: ExerciseFiles, *arguments: str) -> str:
        """Return a command about an exercise, with the folder that it needs to be found in."""
        folders = [] if files.bundled else ["--exercises", self.printer.path(files.folder.parent)]
        return command("exercise", name, files.exercise.id, *arguments, *folders)


@contextmanager
def exercise_context(lang: Language | None, folders: Sequence[Path] | None = None) -> Iterator[ExerciseContext]:
    """Errors become sentences in the learner's language, Ctrl-C exit code 130."""
    speak = language(lang.value if lang is not None else None)
    here = Path.cwd()
    try:
        yield ExerciseContext(speak, folders or (), here, ExercisePrinter(results(), speak, here))
    except ExerciseError as error:
        complain(error.localized(speak))
        raise typer.Exit(error.exit_code) from None
    except (KeyboardInterrupt, EOFError):
        console = messages()
        console.print()
        console.print(Text(tr(speak, "Stopped. Your work is kept."), "dim"))
        raise typer.Exit(130) from None


def can_ask() -> bool:
    """Return whether input and messages are on a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, default: bool = False) -> bool:
    """Ask until the answer is yes or no, and return which."""
    console = messages()
    while True:
        answer = console.input(Text(visible(question))).strip().lower()
        if answer in _YES or answer in _NO:
            return answer in _YES or (default and not answer)


def ask_consent(
    files: ExerciseFiles, entry: ExerciseProgress | None, given: bool, lang: Lang, command: str
) -> str | None:
    """Return what is agreed to from now on, as a digest; None where nothing has to be, or was before.

    Raises:
        ExerciseError: with exit code 3, without consent; ``command`` gives it.
    """
    if not needs_consent(files, entry):
        return None
    digest_shown = digest(files.folder)
    if given:
        return digest_shown
    refused = ExerciseError(NOT_AGREED, 3, id=files.exercise.id, folder=files.folder, command=command)
    if not can_ask():
        raise refused
    console = messages()
    values = {"id": visible(files.exercise.id), "folder": visible(str(files.folder))}
    console.print(
        Text(
            tr(
                lang,
                "{id} is not part of glm-trace; it comes from {folder}. When it is checked, code of that "
                "folder runs on this machine:",
                **values,
            )
        )
    )
    code_files = code_of(files)
    for name in code_files[:_MOST_SHOWN] or [tr(lang, "(no Python file of its own)")]:
        console.print(Text(f"  {visible(name)}"))
    if len(code_files) > _MOST_SHOWN:
        console.print(Text(f"  {tr(lang, NC_('files', '… and {count} more'), count=len(code_files) - _MOST_SHOWN)}"))
    if not confirm(tr(lang, "Do you trust it? [y/N] ")):
        raise refused
    if digest(files.folder) != digest_shown:
        raise ExerciseError(CHANGED, 3, id=files.exercise.id, folder=files.folder, command=command)
    return digest_shown


def ask_course_consent(context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, given: bool) -> None:
    """Ask for consent to the code of a course folder that was not made here.

    Raises:
        ExerciseError: with exit code 3, without consent.
    """
    if course.is_own:
        return
    command = context.command("start", files, "--trust")
    refused = ExerciseError(
        N_(
            "{folder} was not made here by you, or was moved since, and checking runs the code in "
            "it. Look at it, then say yes with: {command}"
        ),
        3,
        folder=course.folder,
        command=command,
    )
    if not given:
        if not can_ask():
            raise refused
        messages().print(
            Text(
                tr(
                    context.lang,
                    "{folder} was not made here by you, or was moved since. When an exercise is checked, the "
                    "code in it runs on this machine.",
                    folder=visible(str(course.folder)),
                )
            )
        )
        if not confirm(tr(context.lang, "Do you trust it? [y/N] ")):
            raise refused
    course.adopt()


Folders = Annotated[
    list[Path] | None,
    typer.Option("--exercises", metavar="DIR", help="A folder of a teacher's exercises; may be repeated."),
]
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="An exercise, by name or number. [default: that of the folder you are in, else the last started]",
        show_default=False,
        autocompletion=complete_exercise,
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Agree to running code that is not ours: a teacher's exercises, a course folder made elsewhere."
    ),
]
Answers = Annotated[
    list[str] | None,
    typer.Option("--answer", metavar="ID=TEXT", help="The answer to a question of the task; may be repeated."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
