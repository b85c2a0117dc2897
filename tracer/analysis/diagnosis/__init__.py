"""Why a load failed, or surprised: the failing step, what led there, the likely cause and the remedy.

Each rule looks at the types of exceptions and the structure of what was recorded; the text of a message supports it,
and the release that it comes from stands beside it. No rule looks at the name of a directory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tracer.analysis.diagnosis import adapters, arguments, code, ends, fallback, files, registry, trust, weights
from tracer.analysis.diagnosis.facts import Facts
from tracer.analysis.diagnosis.model import Cause, Diagnosis, Evidence, Passage, Thrown
from tracer.analysis.diagnosis.surprises import surprises
from tracer.trace.reading import Trace

__all__ = ["Cause", "Diagnosis", "Evidence", "Passage", "Thrown", "diagnose"]

Rule = Callable[[Facts], "Cause | None"]

RULES: Final[tuple[Rule, ...]] = (
    ends.stopped,
    ends.interrupted,
    ends.unfinished,
    ends.misused,
    ends.no_load,
    ends.killed,
    ends.exited,
    ends.out_of_memory,
    trust.code_not_agreed,
    trust.refused,
    adapters.base_missing,
    adapters.does_not_fit,
    files.not_json,
    files.config_missing,
    files.not_on_this_machine,
    code.class_file_missing,
    code.class_missing,
    code.package_missing,
    code.relative_import_missing,
    code.import_failed,
    code.not_python,
    registry.unknown_model_type,
    registry.no_model_type,
    registry.config_class,
    registry.auto_class_not_mapped,
    registry.tokenizer_class_missing,
    arguments.unexpected_argument,
    arguments.attribute_gone,
    arguments.packages_apart,
    files.shard_missing,
    files.shard_damaged,
    files.weights_missing,
    weights.not_converted,
    weights.shapes_differ,
)
"""Every rule, the more telling first."""
_OF_A_SCRIPT: Final[tuple[Rule, ...]] = (ends.out_of_memory, ends.script_failed)
"""Those for an exception that came out of no load."""


def diagnose(trace: Trace) -> Diagnosis:
    """Why a load ended as it did. A load that went well has no causes, and may have surprises."""
    facts = Facts(trace)
    return Diagnosis(
        status=facts.status,
        part=facts.part,
        step=facts.end,
        stage=trace.step(facts.end).stage if facts.end is not None else None,
        error=facts.error or None,
        message=facts.message or None,
        exceptions=facts.chain,
        causes=[] if facts.status == "loaded" else _causes(facts),
        surprises=surprises(facts),
    )


def _causes(facts: Facts) -> list[Cause]:
    if (fault := ends.own_fault(facts)) is not None:
        return [fault]
    rules = _OF_A_SCRIPT if facts.part in ("script", "before-load") else RULES
    found = [cause for rule in rules if (cause := rule(facts)) is not None]
    if not found:
        return [fallback.own_code_raised(facts) or fallback.unknown(facts)]
    return sorted(found, key=lambda cause: cause.certainty != "certain")
