"""The base of the widgets that show the player's step: what they are bound to, and when they are updated."""

from __future__ import annotations

from typing import Any, Final

from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tracer.i18n import Lang
from tracer.trace.errors import TracerError
from tracer.tui.player_state import PlayerState

_NOTHING: Final = object()


class StepView(Widget):
    """A widget that shows the step ``number`` in the language ``lang``, both bound to the player's with ``data_bind``.

    It is updated when what it shows has changed; while ``shown`` is false, it is not, and catches up when it is shown.
    As a base it comes last, so that styles and keys are inherited from the widget before it.
    """

    number: reactive[int] = reactive(0, repaint=False)
    lang: reactive[Lang] = reactive("en", repaint=False)
    shown: reactive[bool] = reactive(True, repaint=False)

    class Damaged(Message):
        """The trace is damaged where the view reads it."""

        def __init__(self, error: TracerError) -> None:
            self.error = error
            super().__init__()

    _state: PlayerState
    _followed: object = _NOTHING

    def begin_with(self, state: PlayerState, lang: Lang, *, shown: bool = True) -> None:
        """Take over the state before the view is bound, so that it is right from its first picture on."""
        self._state = state
        self.set_reactive(StepView.number, state.number)
        self.set_reactive(StepView.lang, lang)
        self.set_reactive(StepView.shown, shown)

    def content_key(self) -> Any:
        """Return what is shown, or something that differs when it does; the view is updated when this changes.

        Raises:
            TracerError: the trace is damaged.
        """
        return self.number, self.lang

    def update_view(self) -> None:
        """Show the content.

        Raises:
            TracerError: the trace is damaged.
        """
        raise NotImplementedError

    def follow(self) -> None:
        """Update the view if its content has changed."""
        if not self.shown:
            return
        try:
            key = self.content_key()
            if key != self._followed:
                self._followed = key
                self.update_view()
        except TracerError as error:
            self.post_message(self.Damaged(error))

    def on_mount(self) -> None:
        self.follow()

    def watch_number(self) -> None:
        self.follow()

    def watch_lang(self) -> None:
        self.follow()

    def watch_shown(self) -> None:
        self.follow()
