"""Decisions as ``decisions`` prints them: the explanation of a load, or every decision on a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.value_format import format_summary
from tracer.i18n import N_, NC_, NP_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.trace.reading import Trace
from tracer.trace.values import Sequence
from tracer.trace.values import Text as TextValue
from tracer.views.stages import stage_name

if TYPE_CHECKING:
    from tracer.analysis.decisions.explanation import ExplainedDecision

WORDS: Final[dict[str, Message]] = {
    # frame
    "none": N_("No decisions are recorded here."),
    "none-without-lines": N_("No decisions are recorded: the load was recorded without lines (--no-lines)."),
    "no-explanation": NP_(
        "The one decision here does not decide which way the load goes; --all lists what there is.",
        "None of the {all} decisions here decides which way the load goes; --all lists what there is.",
        by="all",
    ),
    # outcomes; the sign stands before them
    "yes": NC_("condition", "yes"),
    "no": NC_("condition", "no"),
    "no-else": N_("no: else"),
    "no-elif": N_("no: on to elif"),
    "raised": N_("ended in an exception"),
    "unknown": N_("not recorded"),
    "completed": N_("no exception"),
    "except": N_("{taken}"),
    "not-caught": N_("exception, not caught here"),
    "rounds-unknown": N_("ran, count not recorded"),
    "rounds-none": N_("not once"),
    "end:break": N_("left by break"),
    "end:return": N_("left by return"),
    "end:exception": N_("left by an exception"),
    "case": N_("{taken}"),
    "no-case": N_("no case"),
    "returned": N_("returned"),
    # details
    "failure": N_("the load failed inside this"),
    "user": N_("asks about your argument"),
    "own-code": N_("asked by the model's own code"),
    # what outcomes mean: the adapter
    "means:peft-missing": N_("peft is not installed, so no adapter is looked for"),
    "means:adapter-found": N_("the directory holds an adapter"),
    "means:adapter-none": N_("no adapter here: it is loaded as a model"),
    "means:adapter-base": N_(
        "there is no config.json beside the adapter on this disk: its base model is loaded from here on"
    ),
    "means:adapter-own-model": N_("config.json is beside the adapter: the model in this directory is loaded"),
    "means:adapter-loaded": N_("the adapter is put into the model"),
    # the configuration
    "means:config-to-read": N_("no config object was given: it is read"),
    "means:config-given": N_("a config object was given: none is read"),
    "means:config-handed-on": N_("the config made before is used"),
    "means:dtype-auto-aside": N_("dtype 'auto' is set aside, so that it does not get into the config"),
    "means:quantization-aside": N_("quantization_config is set aside while the config is read"),
    "means:dtype-put-back": N_("the dtype that was given is put back into the arguments for the model"),
    "means:config-local": N_("config.json is read from a local directory"),
    "means:config-cached": N_("config.json is read from the hub's cache"),
    "means:config-not-found": N_("config.json could not be fetched"),
    "means:config-not-json": N_("config.json is not valid JSON"),
    "means:config-remote": N_("the config class is the directory's own, named in auto_map"),
    "means:config-library": N_("the config class is not taken from the directory's code"),
    "means:config-by-type": N_("model_type decides the config class"),
    "means:config-no-type": N_("config.json names no model_type"),
    "means:config-type-unknown": N_("this release does not know that model_type"),
    "means:config-by-name": N_("the path contains {pattern}: this alone determines the config class"),
    "means:became-attribute": N_("{key} is set on the config"),
    "means:attribute-overwritten": N_("{key} is set on the config, and overwritten at step {later}"),
    "means:no-attribute": N_("the config has no {key}: it stays an argument for the model"),
    "means:unused-kwargs": N_("arguments that the config did not take go back to the caller"),
    # trust
    "means:trust-allowed": N_("the directory's code is needed, and you allowed it"),
    "means:trust-refused": N_("the directory's code is needed, and it was not allowed"),
    "means:trust-not-said": N_("it was not said whether to trust the code"),
    # the dynamic class
    "means:code-elsewhere": N_("the code is in another repository"),
    "means:code-here": N_("no other repository is named: the code comes with the model itself"),
    "means:code-copied": N_("{module_file} is copied into the modules cache"),
    "means:code-cached": N_("the modules cache already holds this {module_file}: it is not copied again"),
    "means:code-imports": N_("{module_file} imports other files that come with it ({times}); they are needed too"),
    "means:code-not-found": N_("{module_file}, a file with code, could not be fetched"),
    "means:packages-missing": N_("packages that the code imports could not be imported: {missing_packages}"),
    "means:packages-there": N_("every package that the check looks for could be imported"),
    "means:module-run": N_("the module's code is run"),
    "means:module-kept": N_("its code is unchanged: not run again"),
    # the model class
    "means:model-remote": N_("the model class is the directory's own, named in auto_map"),
    "means:model-not-remote": N_("the model class is not taken from the directory's code"),
    "means:model-library": N_("the library has a model class for this config"),
    "means:model-unknown": N_("the library has no model class for this config"),
    "means:model-registered": N_("the library does not know the class: it is registered for this process"),
    # building the model
    "means:dtype-given": N_("your dtype is taken: neither the config nor the checkpoint is asked for one"),
    "means:dtype-default": N_("no dtype comes as an argument here: the model is made in torch's default"),
    "means:dtype-auto": N_("no dtype comes as an argument here: the config's is used, or else the checkpoint's"),
    "means:dtype-auto-given": N_("dtype is 'auto': the config's is used, or else the checkpoint's"),
    "means:device-map": N_("a device map says where each part of the model goes"),
    "means:device-map-none": N_("no device map: nothing is spread over devices"),
    "means:memory-low": N_("built without memory, filled tensor by tensor"),
    "means:memory-plain": N_("built with memory at once (no low_cpu_mem_usage)"),
    "means:quantized": N_("a quantizer takes care of the weights"),
    "means:quantized-not": N_("no quantizer is used"),
    "means:weights-shards": N_("the weights are safetensors in several files"),
    "means:weights-one-file": N_("the weights are one safetensors file"),
    "means:weights-pickled": N_("the weights are in torch's pickle format"),
    "means:weights-by-shard": N_("the index says which files to read"),
    "means:can-generate": N_("the model can generate: generation_config is looked for"),
    "means:generation-config-given": N_("the model can generate: the generation_config that was given is used"),
    "means:cannot-generate": N_("the model cannot generate: no generation_config is looked for"),
    "means:generation-config-not-asked": N_("no generation_config is looked for"),
    "means:generation-config-none": N_("no generation_config.json could be read: one is made from the config"),
    # the tokenizer
    "means:tokenizer-own": N_("tokenizer_config.json has an auto_map"),
    "means:tokenizer-not-own": N_("tokenizer_config.json has no auto_map"),
    "means:tokenizer-fast": N_("auto_map names a fast tokenizer: it takes precedence over the slow one"),
    "means:tokenizer-slow": N_("auto_map names no fast tokenizer: the slow one is meant"),
    "means:tokenizer-remote": N_("the tokenizer class is run from the directory's code"),
    "means:tokenizer-named": N_("a configuration file names the tokenizer's class"),
    # files
    "means:file-missing": N_("{resolved_file} is not there"),
}


_CONDITION: Final = 200  # characters of a condition, at most
_VALUE: Final = 44
_NAMES: Final = 6
_TEXT: Final = 46  # characters of a skipped line
_NOT_TAKEN: Final = {"after": "no", "else": "no-else", "elif": "no-elif"}
_MARKS: Final = {"then": "green", "case": "green", "entered": "green", "except": "yellow", "not-caught": "red"}


def explanation_report(trace: Trace, explained: list[ExplainedDecision], count: int, lang: Lang) -> RenderableType:
    """Return the decisions that explain the load, stage by stage; ``count`` is how many there are in all."""
    if not explained:
        return Text(tr(lang, WORDS["no-explanation" if count else _none(trace)], all=count))
    title = NP_("{count} of {all} decision explain this load", "{count} of {all} decisions explain this load", by="all")
    head = Text(tr(lang, title, count=len(explained), all=f"{count:,}"), "dim")
    return Group(head, *(_stage(trace, stage, group, lang) for stage, group in _by_stage(explained)))


def all_decisions(trace: Trace, decisions: list[Decision], lang: Lang) -> Iterator[Text]:
    """Yield every decision on a line of its own, or one sentence if there are none."""
    if not decisions:
        yield Text(tr(lang, WORDS[_none(trace)]))
    yield from decision_lines(trace, decisions, lang)


def decision_lines(trace: Trace, decisions: Iterable[Decision], lang: Lang) -> Iterator[Text]:
    """Yield lines of step, stage, function and line, the condition, its outcome, and the values in it."""
    width = len(str(max(len(trace) - 1, 0)))
    for decision in decisions:
        text = Text(f"{decision.step:>{width}} ", "dim", no_wrap=True, overflow="ignore")
        text.append(f"{visible(decision.stage):<13} ", "cyan")
        text.append(f"{_where(decision)} ", "dim")
        text.append(asked_text(decision))
        text.append(" ")
        text.append_text(outcome_text(trace, decision, lang))
        if details := ", ".join(value_texts(trace, decision, lang)):
            text.append(f"  ({details})", "yellow")
        yield text


def _none(trace: Trace) -> str:
    return "none-without-lines" if not any(True for _ in trace.steps(kinds=["line"])) else "none"


def _by_stage(explained: list[ExplainedDecision]) -> Iterator[tuple[str, list[ExplainedDecision]]]:
    """Group neighbours of the same stage; a stage that comes again gets its heading again."""
    group: list[ExplainedDecision] = []
    for decision in explained:
        if group and group[0].decision.stage != decision.decision.stage:
            yield group[0].decision.stage, group
            group = []
        group.append(decision)
    if group:
        yield group[0].decision.stage, group


def _stage(trace: Trace, stage: str, explained: list[ExplainedDecision], lang: Lang) -> RenderableType:
    title = Text.assemble((stage_name(stage, lang), "bold cyan"), (f"  {visible(stage)}", "dim"))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for decision in explained:
        grid.add_row(str(decision.decision.step), _explained(trace, decision, lang))
    return Padding(Group(title, grid), (1, 0, 0, 0), expand=False)


def _explained(trace: Trace, one: ExplainedDecision, lang: Lang) -> Text:
    decision = one.decision
    lines = [headline(trace, one, lang)]
    asked = Text(f"{asked_text(decision)} ")
    asked.append_text(outcome_text(trace, decision, lang))
    lines.append(asked)
    if values := value_texts(trace, decision, lang):
        lines.append(Text(", ".join(values), "yellow"))
    details = [_where(decision)]
    if one.times > 1:
        details.append(tr(lang, "×{times}", times=one.times))
    lines.append(Text(" · ".join(details), "dim"))
    if decision.skipped is not None:
        lines.append(Text(_skipped(decision, lang), "dim"))
    return Text("\n").join(lines)


def headline(trace: Trace, one: ExplainedDecision, lang: Lang) -> Text:
    """Return what an explained decision means for the load, as one sentence; empty if only its code shows it."""
    key = f"means:{one.means}"
    text = Text()
    if key in WORDS:
        text.append(one_line(tr(lang, WORDS[key], **_placeholders(trace, one)), _CONDITION), "bold")
    if one.why != "turning-point":
        text.append((" — " if lang == "en" else "——") if text else "")
        text.append(tr(lang, WORDS[one.why]), "bold red" if one.why == "failure" else "bold")
    return text


def _placeholders(trace: Trace, one: ExplainedDecision) -> dict[str, Any]:
    """Return the values for a sentence: texts without quotes, lists without brackets."""
    values: dict[str, Any] = {"times": one.decision.times}
    for name, value in {**one.values, **one.decision.names}.items():
        parts = [trace.value(item) for item in value.items] if isinstance(value, Sequence) else [value]
        values[name] = ", ".join(
            part.value if isinstance(part, TextValue) else format_summary(trace, part, _VALUE)
            for part in parts[:_NAMES]
        )
    return values


def asked_text(decision: Decision) -> str:
    """Return the condition after its keyword."""
    condition = one_line(decision.condition, _CONDITION)
    if decision.kind in ("if", "elif", "match"):
        return f"{decision.kind} {condition}"
    return f"… if {condition} else …" if decision.kind == "conditional" else condition


def outcome_text(trace: Trace, decision: Decision, lang: Lang) -> Text:
    """Return the outcome of a decision."""
    return Text(f"→ {'; '.join(_ways(trace, decision, lang))}", _MARKS.get(decision.outcome, "blue"))


def _ways(trace: Trace, decision: Decision, lang: Lang) -> Iterator[str]:
    outcome = decision.outcome
    if outcome == "then":
        yield tr(lang, WORDS["yes"])
    elif outcome in _NOT_TAKEN:
        yield tr(lang, WORDS["no" if decision.kind == "conditional" else _NOT_TAKEN[outcome]])
    elif outcome in ("entered", "not-entered"):
        yield _rounds(decision, lang)
        if f"end:{decision.ended}" in WORDS:
            yield tr(lang, WORDS[f"end:{decision.ended}"])
    elif outcome in WORDS:
        yield visible(tr(lang, WORDS[outcome], taken=decision.taken))
    else:
        yield visible(outcome)
    if decision.value is not None:
        yield visible(format_summary(trace, decision.value))


def _rounds(decision: Decision, lang: Lang) -> str:
    if decision.outcome == "not-entered":
        return tr(lang, WORDS["rounds-none"])
    if decision.times is None:
        return tr(lang, WORDS["rounds-unknown"])
    return tr(lang, N_("once") if decision.times == 1 else N_("{times} times"), times=f"{decision.times:,}")


def value_texts(trace: Trace, decision: Decision, lang: Lang) -> list[str]:
    """Return the values in the condition, each as ``name = value``."""
    shown = [
        f"{visible(name)} = {visible(format_summary(trace, value, _VALUE))}" for name, value in decision.names.items()
    ]
    shown += [tr(lang, "no {name}", name=visible(name)) for name in decision.absent]
    return [*shown[:_NAMES], "…"] if len(shown) > _NAMES else shown


def _where(decision: Decision) -> str:
    return f"{visible(decision.function)}:{decision.line}"


def _skipped(decision: Decision, lang: Lang) -> str:
    skipped = decision.skipped
    assert skipped is not None
    values = {"first": skipped.first, "last": skipped.last, "text": one_line(skipped.text, _TEXT)}
    return tr(
        lang,
        N_("skipped {first}: {text}") if skipped.first == skipped.last else N_("skipped {first}–{last}: {text}"),
        **values,
    )
