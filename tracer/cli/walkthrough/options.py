"""Options that several of these commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folders = Annotated[
    list[Path] | None,
    typer.Option("--walkthroughs", metavar="DIR", help="A folder of your own walkthroughs; may be repeated."),
]
