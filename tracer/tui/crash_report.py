"""What a screen says when it fails itself: one line, and where the traceback is."""

from __future__ import annotations

import sys
import tempfile
import traceback

from rich.text import Text
from textual.app import App

from tracer.i18n import Lang, tr
from tracer.text.visible import one_line, visible


class CrashReportingApp(App[None]):
    """An app that leaves a bug's traceback in a file for whoever reports it, and says so in one line."""

    def said_in(self) -> Lang:
        """The language to say it in."""
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
        except OSError:  # then the terminal has to hold it
            super()._fatal_error()
            return
        what = one_line(f"{type(error).__name__}: {error}", 200)
        self.bell()
        self.panic(
            Text(
                tr(
                    self.said_in(),
                    "The player failed, which is a fault of glm-trace ({what}). Please report it, with this "
                    "traceback: {path}",
                    what=what,
                    path=visible(file.name),
                )
            )
        )
