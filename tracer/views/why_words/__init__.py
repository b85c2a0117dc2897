"""The sentences of a diagnosis, in English and in Chinese.

``headline:`` and ``title:`` frame it, ``cause:`` says what is wrong, ``remedy:`` what to do about it, ``surprise:``
what a load did unasked, ``step:`` what a step shows. What stands in backquotes is to be typed or written as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.i18n import Lang
from tracer.views.filling import fill
from tracer.views.why_words.frame import FRAME
from tracer.views.why_words.loading import LOADING
from tracer.views.why_words.model import MODEL
from tracer.views.why_words.surprises import SURPRISES

WHY: Final[dict[str, tuple[str, str]]] = {**FRAME, **LOADING, **MODEL, **SURPRISES}


def tell(lang: Lang, key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key, filled in; its ``:one`` where ``count`` is 1 and there is such.

    Raises:
        KeyError: there is no such key, or a placeholder has no value.
    """
    values = values or {}
    if str(values.get("count")) == "1":
        key = f"{key}:one" if f"{key}:one" in WHY else key  # where the words are other ones for a single thing
    return fill(WHY[key][0 if lang == "en" else 1], values)
