"""What a person sees while a load runs: stage, file, tensors, time."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from tracer.i18n import Lang
from tracer.launch.watching import Watched
from tracer.text.visible import one_line
from tracer.views.phrases import say


class Progress:
    """One line that changes, on a terminal; silent elsewhere."""

    def __init__(self, console: Console, lang: Lang) -> None:
        self._lang = lang
        self._status = Status("", console=console, spinner="dots") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status is not None:
            self._status.update(Text(say(self._lang, "starting")))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, watched: Watched) -> None:
        if self._status is not None:
            self._status.update(self._line(watched))

    def _line(self, watched: Watched) -> Text:
        if watched.last is None:
            return Text(f"{say(self._lang, 'starting')} · {watched.seconds:.0f} s")
        stage = say(self._lang, f"stage:{watched.last.stage}")
        parts = [say(self._lang, "running", {"stage": stage, "step": watched.last.number})]
        if watched.file:
            parts.append(one_line(watched.file, 50))
        if watched.tensors:
            parts.append(say(self._lang, "tensors", {"count": f"{watched.tensors:,}"}))
        parts.append(f"{watched.seconds:.1f} s")
        return Text(" · ".join(parts))
