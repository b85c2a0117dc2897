"""The names of a load's stages, as people read them."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import visible

STAGE_NAMES: Final[dict[str, Message]] = {
    "arguments": N_("Arguments"),
    "adapter": N_("Adapter look-up"),
    "config": N_("Configuration"),
    "trust": N_("Trust"),
    "dynamic-class": N_("Dynamic class"),
    "construct": N_("Construction"),
    "weights": N_("Weights"),
    "forward": N_("Forward"),
    "generate": N_("Generation"),
    "processor": N_("Processor"),
    "tokenizer": N_("Tokenizer"),
    "peft": N_("PEFT"),
}


def stage_name(stage: str, lang: Lang) -> str:
    """Return a stage's name for a person; one that a newer release may have stays as it is written."""
    return tr(lang, STAGE_NAMES[stage]) if stage in STAGE_NAMES else visible(stage)
