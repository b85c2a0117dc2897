"""The base of the apps: text can be read, and a bug of ours is reported in one line, with its traceback in a file."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text
from textual.app import App
from textual.filter import LineFilter

from tracer.i18n import Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.errors import TracerError
from tracer.tui.contrast import ReadableText

THEMES: Final = ("textual-dark", "textual-light")


class CrashReportingApp(App[None]):
    """An app that writes the traceback of a bug into a file and names the file in one line."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._readable = ReadableText()
        self.failure: TracerError | None = None

    def run(self, *arguments: Any, **options: Any) -> None:
        """Run until the user quits.

        Raises:
            TracerError: the trace is damaged and the app could not continue.
        """
        result = super().run(*arguments, **options)
        if self.failure is not None:
            raise self.failure
        return result

    def _handle_exception(self, error: Exception) -> None:
        # A pane that met damage no longer works: leave with the sentence rather than go on without it.
        if isinstance(error, TracerError):
            self.failure = self.failure or error
            self.exit(return_code=error.exit_code)
        elif self.failure is None:  # later errors are consequences of the first
            super()._handle_exception(error)

    def action_theme(self) -> None:
        """Change between the dark and the light theme; from any other, to the dark one."""
        at = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(at + 1) % len(THEMES)]

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._readable]

    def report_language(self) -> Lang:
        """Return the language of the report."""
        return "en"

    def _fatal_error(self) -> None:
        error = self._exception or sys.exc_info()[1]
        if error is None:
            super()._fatal_error()
            return
        try:
            with tempfile.NamedTemporaryFile(
                "w", prefix="glm-trace-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
            ) as file:
                file.writelines(traceback.format_exception(error))
        except OSError:  # then the traceback goes to the terminal
            super()._fatal_error()
            return
        what = one_line(f"{type(error).__name__}: {error}", 200)
        self.bell()
        self.panic(
            Text(
                tr(
                    self.report_language(),
                    "The player failed because of a bug in glm-trace ({what}). Please report it, with this "
                    "traceback: {path}",
                    what=what,
                    path=visible(file.name),
                )
            )
        )
