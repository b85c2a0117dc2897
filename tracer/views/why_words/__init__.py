"""The sentences of a diagnosis.

``headline:`` and ``title:`` frame it, ``cause:`` says what is wrong, ``remedy:`` what to do about it, ``surprise:``
what a load did unasked, ``step:`` what a step shows. What stands in backquotes is to be typed or written as it is.
"""

from __future__ import annotations

from typing import Final

from tracer.i18n import Message
from tracer.views.why_words.frame import FRAME
from tracer.views.why_words.loading import LOADING
from tracer.views.why_words.model import MODEL
from tracer.views.why_words.surprises import SURPRISES

WHY: Final[dict[str, Message]] = {**FRAME, **LOADING, **MODEL, **SURPRISES}
