"""Probes: what adds meaning to the events of stepped functions, and what watches things that are no function.

:data:`PROBES` maps a target's function and a frame event to the probe that gives the step its kind and data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tracer.recorder.probes import adapter, config, dynamic_class, files, model, tokenizer, trust
from tracer.recorder.stepping.stepped_frame import Probe

PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    **files.PROBES,
    **adapter.PROBES,
    **config.PROBES,
    **trust.PROBES,
    **dynamic_class.PROBES,
    **model.PROBES,
    **tokenizer.PROBES,
}
