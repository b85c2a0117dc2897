"""Try made-up inputs on a model before the recorded pass, to see whether its ``forward`` accepts them."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tracer.recorder.feeding.model_state import ModelState
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.settrace import unstepped


class Trial:
    """Passes that nobody sees: nothing of them is stepped or recorded, and they leave the model as it was.

    torch's random numbers stay as they were too.

    Only inputs that were made up are tried; those of a processor go straight into the recorded pass.

    Args:
        fake: what made fake weights, if the model has no others.
    """

    def __init__(self, model: Any, recording: Recording, fake: Any = None) -> None:
        self._model = model
        self._recording = recording
        self._fake = fake
        self._before: ModelState | None = None

    def error(self, arguments: dict[str, Any]) -> Exception | None:
        """Return what the model raises for these arguments; None if it accepts them."""
        import torch

        given = self._fake.inputs(arguments) if self._fake is not None else arguments
        try:
            with torch.no_grad(), self._unseen(torch):
                self._model(**given)
        except Exception as error:
            return error.with_traceback(None)
        return None

    @contextmanager
    def _unseen(self, torch: Any) -> Iterator[None]:
        device = getattr(self._model, "device", None)
        devices = [device] if getattr(device, "type", None) == "cuda" else []
        with (
            torch.random.fork_rng(devices=devices),
            self._recording.silence(),
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            unstepped(),
        ):
            warnings.simplefilter("ignore")
            if self._before is None:
                self._before = ModelState(self._model)
            try:
                yield
            finally:
                self._before.put_back()
