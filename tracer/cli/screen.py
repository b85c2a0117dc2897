"""The two consoles: results on standard output, everything else on standard error."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tracer.trace.visible import visible


def results() -> Console:
    return Console(highlight=False, soft_wrap=False)


def messages() -> Console:
    return Console(stderr=True, highlight=False)


def complain(sentence: str) -> None:
    """Print an error sentence."""
    messages().print(Text.assemble(("Error: ", "bold red"), visible(sentence)))


def note(sentence: str) -> None:
    """Print a remark."""
    messages().print(Text(visible(sentence), "yellow"))
