"""Options that several of these commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
