"""Diagnose a load that failed or surprised: the failing step, what led to it, the likely cause and the remedy.

Each rule looks at the types of exceptions and the structure of what was recorded; the text of a message only supports
it, with the release that it comes from in a comment. No rule looks at the name of a directory.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from typing import Any, Final

from tracer.analysis.diagnosis import (
    adapter_rules,
    argument_rules,
    attention_rules,
    auto_map_rules,
    class_rules,
    config_rules,
    construction_rules,
    contract_rules,
    device_rules,
    dtype_rules,
    file_rules,
    generation_rules,
    hub_rules,
    json_rules,
    override_rules,
    own_file_rules,
    package_rules,
    process_end_rules,
    quantization_rules,
    release_rules,
    remote_code_rules,
    settings_rules,
    tokenizer_rules,
    weight_rules,
)
from tracer.analysis.diagnosis.cause import Cause, Certainty, Diagnosis, Evidence
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name
from tracer.analysis.diagnosis.surprises import surprises
from tracer.trace.reading import Trace

__all__ = ["Cause", "Diagnosis", "Evidence", "diagnose"]

Rule = Callable[[RecordedLoad], "Cause | None"]

RULES: Final[tuple[Rule, ...]] = (
    process_end_rules.stopped,
    process_end_rules.interrupted,
    process_end_rules.unfinished,
    process_end_rules.misused,
    process_end_rules.no_load,
    process_end_rules.killed,
    process_end_rules.exited,
    process_end_rules.out_of_memory,
    remote_code_rules.code_changed,
    remote_code_rules.trust_refused,
    adapter_rules.configuration_left_behind,
    adapter_rules.base_missing,
    adapter_rules.rank_differs,
    adapter_rules.does_not_fit,
    adapter_rules.targets_missing,
    adapter_rules.key_unknown,
    file_rules.file_not_itself,
    adapter_rules.weights_of_adapter_missing,
    adapter_rules.kind_unknown,
    adapter_rules.setting_refused,
    file_rules.not_json,
    file_rules.config_missing,
    file_rules.path_in_own_code,
    file_rules.file_of_hub_absent,
    file_rules.pickle_refused,
    hub_rules.not_from_hub,
    file_rules.path_not_there,
    file_rules.second_repository,
    auto_map_rules.auto_map_malformed,
    auto_map_rules.folder_not_copied,
    auto_map_rules.class_file_missing,
    auto_map_rules.class_missing,
    release_rules.import_of_another_release,
    remote_code_rules.package_missing,
    remote_code_rules.relative_import_missing,
    remote_code_rules.import_failed,
    config_rules.not_an_object,
    config_rules.padding_beyond_embedding,
    package_rules.name_of_package_gone,
    class_rules.registration_refused,
    own_file_rules.not_python,
    own_file_rules.name_undefined,
    own_file_rules.neighbour_opened,
    class_rules.unknown_model_type,
    class_rules.no_model_type,
    class_rules.config_class_mismatch,
    class_rules.auto_class_not_mapped,
    construction_rules.no_post_init,
    construction_rules.tied_keys_no_dictionary,
    construction_rules.numbers_on_meta,
    construction_rules.no_split_modules,
    contract_rules.configuration_takes_no_rest,
    contract_rules.property_without_setter,
    contract_rules.not_pretrained,
    contract_rules.base_not_built_yet,
    contract_rules.section_is_dictionary,
    contract_rules.embeddings_not_named,
    contract_rules.rope_needs_name,
    device_rules.cuda_missing,
    tokenizer_rules.tokenizer_class_missing,
    tokenizer_rules.vocabulary_package_missing,
    tokenizer_rules.library_package_missing,
    tokenizer_rules.tokenizer_file_of_other_release,
    tokenizer_rules.vocabulary_missing,
    tokenizer_rules.special_token_of_other_kind,
    tokenizer_rules.property_without_setter,
    tokenizer_rules.vocabulary_half_missing,
    tokenizer_rules.chat_template_missing,
    tokenizer_rules.chat_template_failed,
    tokenizer_rules.padding_token_missing,
    tokenizer_rules.index_out_of_range,
    settings_rules.processor_files_missing,
    settings_rules.processor_part_differs,
    settings_rules.processor_class_unknown,
    settings_rules.part_of_own_processor_unknown,
    settings_rules.generation_settings_invalid,
    override_rules.override_lacks_parameter,
    override_rules.constructor_wants_more,
    override_rules.forward_wants_more,
    override_rules.attribute_set_too_late,
    override_rules.generation_mixin_missing,
    override_rules.head_missing,
    override_rules.configuration_lacks_name,
    generation_rules.inputs_unused,
    generation_rules.no_room,
    generation_rules.tuple_returned,
    generation_rules.cache_as_tuple,
    generation_rules.argument_given_twice,
    generation_rules.argument_is_none,
    release_rules.member_of_another_release,
    release_rules.keyword_of_another_release,
    release_rules.entry_of_another_release,
    release_rules.rope_scaling_of_5,
    release_rules.returns_another_count,
    release_rules.base_lacks,
    attention_rules.attention_not_in_table,
    attention_rules.attention_package_missing,
    attention_rules.attention_unsupported,
    attention_rules.attention_unknown,
    quantization_rules.short_form_gone,
    quantization_rules.quantization_failed,
    quantization_rules.not_in_weights,
    package_rules.library_package_missing,
    dtype_rules.dtype_not_floating,
    dtype_rules.dtype_unknown,
    dtype_rules.dtypes_meet,
    argument_rules.unexpected_argument,
    argument_rules.attribute_gone,
    argument_rules.incompatible_packages,
    file_rules.shard_missing,
    file_rules.index_lacks_entry,
    file_rules.tensors_nested,
    file_rules.shard_damaged,
    file_rules.weights_missing,
    file_rules.torch_too_old,
    file_rules.offload_folder_missing,
    file_rules.format_not_named,
    weight_rules.names_mixed,
    weight_rules.not_converted,
    weight_rules.shapes_differ,
)
"""Every rule, the more specific first."""
_SCRIPT_RULES: Final[tuple[Rule, ...]] = (
    process_end_rules.out_of_memory,
    adapter_rules.targets_missing,
    tokenizer_rules.chat_template_missing,
    tokenizer_rules.chat_template_failed,
    tokenizer_rules.padding_token_missing,
    tokenizer_rules.library_package_missing,
    tokenizer_rules.index_out_of_range,
    settings_rules.generation_settings_invalid,
    override_rules.override_lacks_parameter,
    override_rules.generation_mixin_missing,
    override_rules.head_missing,
    override_rules.configuration_lacks_name,
    release_rules.script_of_another_release,
    generation_rules.inputs_unused,
    generation_rules.no_room,
    generation_rules.tuple_returned,
    generation_rules.cache_as_tuple,
    generation_rules.argument_given_twice,
    generation_rules.argument_is_none,
    adapter_rules.adapter_configuration_missing,
    settings_rules.processor_setting_refused,
    release_rules.keyword_of_another_release,
    package_rules.name_of_package_gone,
    class_rules.registration_refused,
    contract_rules.property_without_setter,
    contract_rules.base_not_built_yet,
    contract_rules.embeddings_not_named,
    device_rules.cuda_missing,
    file_rules.pickle_refused,
)
"""The rules for an exception that did not come from a load."""
_WIDE_RULES: Final[tuple[Rule, ...]] = (
    own_file_rules.failed_at_import,
    json_rules.no_object,
    config_rules.value_refused,
)
"""Rules that fit many failures; they are asked where no other rule knows the cause."""
_WIDE_SCRIPT_RULES: Final[tuple[Rule, ...]] = (process_end_rules.script_failed,)
"""The same for an exception that did not come from a load."""
_PLACES: Final = ("script-failed", "fails-at-import", "fails-at-import-inside")
"""Kinds that say where an exception came from; what is known of the exception itself says more."""
_CALLS_NAMED: Final = 3  # at most, of one statement


def diagnose(trace: Trace) -> Diagnosis:
    """Return why a load ended as it did. A successful load has no causes, and may have surprises."""
    load = RecordedLoad(trace)
    return Diagnosis(
        status=load.status,
        part=load.part,
        step=load.last_step,
        stage=trace.step(load.last_step).stage if load.last_step is not None else None,
        error=load.error or None,
        message=load.message or None,
        exceptions=load.exceptions,
        causes=[] if load.status == "loaded" else _causes(load),
        surprises=surprises(load),
    )


def _causes(load: RecordedLoad) -> list[Cause]:
    if (fault := process_end_rules.recorder_fault(load)) is not None:
        return [fault]
    of_script = load.part in ("script", "before-load")
    tiers = (_SCRIPT_RULES, _WIDE_SCRIPT_RULES) if of_script else (RULES, _WIDE_RULES)
    found: list[Cause] = []
    for rules in tiers:
        found = found or [cause for rule in rules if (cause := rule(load)) is not None]
    if load.hidden is not None and not load.hidden_is_seen:  # the others speak of an attribute that is there
        found = [cause for cause in found if cause.kind == "attribute-set-too-late"]
    if len(found) > 1:
        found = [cause for cause in found if cause.kind not in _PLACES] or found
    if any(cause.kind.startswith("release-") for cause in found):
        found = [cause for cause in found if cause.kind != "attribute-missing"]  # the release is why it is missing
    if not found:
        return [argument_rules.hidden_error(load) or _raised_in_remote_code(load) or _unexplained(load)]
    return sorted(found, key=lambda cause: cause.certainty != "certain")


def _raised_in_remote_code(load: RecordedLoad) -> Cause | None:
    """Return the cause for an exception that came out of remote code: raised there, or in something that it called."""
    failure = load.failure
    if failure is None:
        return None
    if failure.innermost is None:
        return _seen_in_remote_code(load, failure)
    own = failure.innermost_remote
    if own is None:
        return None
    seen_there = own == failure.frames[0]
    values = {
        "error": failure.name,
        "file": file_name(own.file),
        "line": own.line,
        "function": own.function,
        "statement": load.statement_of(own).strip(),
    }
    remedy = "look-at-code" if seen_there else "look-at-last-steps"
    if own != failure.innermost:
        return Cause("own-code-called", "unknown", _through(load), {**values, **_raiser(load, failure)}, remedy)
    raises, calls = _raises_and_calls(str(values["statement"]))
    if raises != failure.name:
        return Cause("own-code-failed", "unknown", _through(load), values, remedy)
    return Cause("own-code-raised", "likely" if calls else "certain", _through(load), values, remedy)


def _raiser(load: RecordedLoad, failure: RecordedException) -> dict[str, Any]:
    """Return where an exception was raised; empty if that was not recorded."""
    frame = failure.innermost
    if frame is None:
        return {}
    return {
        "raiser": frame.function,
        "raiser_file": frame.file,
        "raiser_line": frame.line,
        "raiser_statement": frame.source,
    }


def _seen_in_remote_code(load: RecordedLoad, failure: RecordedException) -> Cause | None:
    """Return the same for a trace without tracebacks: the statement shows whether it was raised there."""
    if not failure.origin.module.startswith(f"{REMOTE}."):
        return None
    origin = failure.origin
    statement = load.statement(origin).strip()
    raises, calls = _raises_and_calls(statement)
    kind = "own-code-or-called" if calls else "own-code-failed"
    certainty: Certainty = "unknown"
    if raises == failure.name:
        kind, certainty = "own-code-raised", "likely" if calls else "certain"  # a call in it can raise the same
    values = {
        "error": failure.name,
        "file": file_name(origin.file),
        "line": origin.line,
        "function": origin.function,
        "statement": statement,
        "calls": calls,
    }
    return Cause(kind, certainty, _through(load), values, "look-at-code")


def _unexplained(load: RecordedLoad) -> Cause:
    """Return a cause that says where it happened, for an exception that no rule explains."""
    if load.failure is None:
        values = {"error": load.error or load.status, "step": load.last_step}
        kind = "unknown-unseen" if load.error and load.last_step is not None else "unknown-outside"
        return Cause(kind, "unknown", [], values, "look-at-last-steps" if load.last_step is not None else None)
    origin = load.failure.origin
    values = {"error": load.failure.name, "function": origin.function, **_raiser(load, load.failure)}
    kind = "unknown-raised" if "raiser" in values else "unknown"
    return Cause(kind, "unknown", _through(load), values, "look-at-last-steps")


def _raises_and_calls(statement: str) -> tuple[str | None, list[str]]:
    """Return the exception that a statement raises by name, and its calls; only the header of a compound one."""
    try:
        (node,) = ast.parse(textwrap.dedent(statement)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        try:
            (node,) = ast.parse(f"{textwrap.dedent(statement).rstrip()} pass").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None, []
    raised = node.exc if isinstance(node, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    name = ast.unparse(raised).rpartition(".")[2] if isinstance(raised, (ast.Name, ast.Attribute)) else None
    own = node.exc if isinstance(node, ast.Raise) else None
    called = [ast.unparse(part.func) for part in ast.walk(node) if isinstance(part, ast.Call) and part is not own]
    return name, [f"{one}()" for one in dict.fromkeys(called)][:_CALLS_NAMED]


def _through(load: RecordedLoad) -> list[Evidence]:
    """Return each exception, and the functions that the last one passed through."""
    failure = load.failure
    assert failure is not None
    seen = {
        passage.step: Evidence(passage.step, "passed", {"function": passage.function})
        for passage in failure.passages[1:]
        if passage.event == "raise"
    }
    return load.with_raised(*seen.values())
