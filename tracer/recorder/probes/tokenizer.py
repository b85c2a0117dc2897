"""The tokenizer and its kin: which class came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.probes.reading import class_of
from tracer.recorder.stepping.stepped_frame import Observed, Probe


def tokenizer_loaded(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "tokenizer-loaded", {"class": class_of(seen.value)}


def processor_loaded(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "processor-loaded", {"class": class_of(seen.value)}


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "AutoTokenizer.from_pretrained": {"return": tokenizer_loaded},
    "AutoProcessor.from_pretrained": {"return": processor_loaded},
    "AutoImageProcessor.from_pretrained": {"return": processor_loaded},
    "AutoFeatureExtractor.from_pretrained": {"return": processor_loaded},
    "AutoVideoProcessor.from_pretrained": {"return": processor_loaded},
}
