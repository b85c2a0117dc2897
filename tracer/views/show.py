"""A trace as ``show`` prints it: a report by stage, or every step on a line. ``load`` ends with the report too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.loads import ModelLoad, are_apart, model_loads
from tracer.analysis.stage_summary import Fact, StageSummary, summarize_stages
from tracer.analysis.step_context import statement_changes, step_place
from tracer.analysis.value_format import format_value
from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.text.sizes import format_duration, format_size
from tracer.text.visible import visible, without_codes
from tracer.trace import reasons
from tracer.trace.events import raised_in
from tracer.trace.outcome import GOOD
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Step, Unbound
from tracer.views.outcome import failure_lines, outcome_style, outcome_text, undone_texts
from tracer.views.shell_commands import program, trace_argument, trace_path
from tracer.views.stages import stage_name
from tracer.views.traceback import hanging

WORDS: Final[dict[str, Message]] = {
    # facts
    "called": N_("called {call}"),
    "file": N_("found {path}"),
    "file-not-there": N_("{name} is not in {in}"),
    "adapter": N_("is an adapter: {path}"),
    "no-adapter": N_("no adapter_config.json, so no adapter"),
    "config-read": NP_(
        "read {keys} key, model_type {model_type}", "read {keys} keys, model_type {model_type}", by="keys"
    ),
    "config-read-left": NP_(
        "read {keys} key, model_type {model_type}; arguments not used up: {left}",
        "read {keys} keys, model_type {model_type}; arguments not used up: {left}",
        by="keys",
    ),
    "config-built": N_("built {class}"),
    "became-config": N_("set on the config: {names}"),
    "left-for-model": N_("left over for the model: {names}"),
    "set-and-left": N_("set on the config and handed on to the model all the same: {names}"),
    "trust": N_(
        "has_local_code: {has_local_code}, has_remote_code: {has_remote_code}, trust_remote_code: {given} → {decision}"
    ),
    "trust-refused": N_("remote code is needed and was not allowed"),
    "class-remote": N_("{reference} is the directory's own; run from {final_module}"),
    "class-elsewhere": N_("{reference} is from another repository, {repository}; run from {final_module}"),
    "class-mapping": N_("{key} → {class}, from the library's own mapping"),
    "class-name-pattern": N_("no model_type; the path contains '{key}' → {class}"),
    "packages-missing": N_("{file} needs packages that are not installed: {names}"),
    "registered-saving": N_("{class} marked for {with}: save_pretrained will copy its code"),
    "registered-loading": N_("{class} registered with {with} for the rest of this process"),
    "model": N_("loaded {class} with {parameters} numbers"),
    "model-within": N_("loaded {class} with {parameters} numbers, during the load of {outer}"),
    "model-packed": NP_(
        "{count} of its weights is packed, as {type}: {numbers} numbers, {bytes}",
        "{count} of its weights are packed, as {type}: {numbers} numbers, {bytes}",
    ),
    "placed-whole": N_("device_map: all of it is on {device}"),
    "placed": N_("device_map: on {device} are {names}"),
    "placed-disk": N_("device_map: left on the disk, and read in each pass, are {names}"),
    "loaded": N_("loaded {class}"),
    "processor-settings": N_("its settings: {settings}"),
    "processor-part": N_("{name} is {class}: {settings}"),
    "processor-part-plain": N_("{name} is {class}"),
    "processor-failed": N_("no processor: {why}"),
    "argument-overwritten": N_("{name} was set on the config, and overwritten: {attribute} is another value now"),
    "argument-overwritten-by": N_(
        "{name} was set on the config, and overwritten by config.json's {by}: {attribute} is another value now"
    ),
    "own-loader": N_("{function} is the directory's own"),
    "own-loader-alone": N_(
        "{function} is the directory's own and ran instead of the library's: what that one does is not in this load"
    ),
    "built": N_("built {class}: {modules}, {tensors}, {numbers}"),
    "built-tied": N_(
        "built {class}: {modules}, {tensors}, {numbers}, without what will be tied to one of them: {names}"
    ),
    "passed": N_("one pass took {seconds} s"),
    "not-finite": N_("first NaN or infinity: {name} ({class}) gives {count}"),
    "chat": N_("the chat template gives: {text}"),
    "text": NP_("“{prompt}” became {count} token", "“{prompt}” became {count} tokens"),
    "fed": N_("the pass gets {inputs} (made by: {by})"),
    "fed-picture": N_("it is shown {file}, {size} pixels"),
    "fed-picture-own": N_("it is shown a test picture, {size} pixels"),
    "fed-film": N_("it is shown {file}: {frames} pictures, {size} pixels"),
    "fed-film-own": N_("it is shown a test film: {frames} pictures, {size} pixels"),
    "fed-sound": N_("it hears {file}: {seconds} s, {rate} samples a second"),
    "fed-sound-own": N_("it hears a test tone: {seconds} s, {rate} samples a second"),
    "placeholder": NP_(
        "{count} token is a placeholder: id {id}, the configuration's {name}",
        "{count} tokens are placeholders: id {id}, the configuration's {name}",
    ),
    "fed-note": N_("{why}"),
    "token": N_("token {id} {text}"),
    "token-cached": N_("token {id} {text}, cache {cache}"),
    "token-state": N_("token {id} {text}, recurrent state {state}"),
    "token-id": N_("token {id}"),
    "token-id-cached": N_("token {id}, cache {cache}"),
    "token-id-state": N_("token {id}, recurrent state {state}"),
    "token-codes": N_("codes {ids}"),
    "token-codes-cached": N_("codes {ids}, cache {cache}"),
    "token-codes-state": N_("codes {ids}, recurrent state {state}"),
    "generated-text": N_("{by} returned {text}"),
    "generated-sound": N_("{by} returned sound: {tensors}, {seconds} s at {rate} samples a second"),
    "generated-sound-plain": N_("{by} returned sound: {tensors}"),
    "generated-spectrogram-plain": N_("{by} returned a spectrogram: {tensors}"),
    "generated-tensors": N_("{by} returned {tensors}"),
    "generated-other": N_("{by} returned a {class}"),
    "generated-left-out": N_("{by} has no parameter {names}: how much it writes was left to the model"),
    "outputs-labels": N_("the likeliest labels: {labels}"),
    "outputs-each-token": N_("the likeliest label of each token: {labels}"),
    "outputs-ctc": N_("it heard {text}"),
    "outputs-ctc-ids": NP_("it heard {count} token: {ids}", "it heard {count} tokens: {ids}"),
    "outputs-boxes": NP_(
        "{count} box of {shape} is likelier than {threshold}; the best: {labels}",
        "{count} boxes of {shape} are likelier than {threshold}; the best: {labels}",
    ),
    "outputs-masks": NP_(
        "{count} mask of {shape} is likelier than {threshold}; the best: {labels}",
        "{count} masks of {shape} are likelier than {threshold}; the best: {labels}",
    ),
    "outputs-masks-plain": N_("masks of the shape {shape} {labels}"),
    "outputs-segments": NP_(
        "{count} class covers the picture ({shape}): {labels}",
        "{count} classes share the picture ({shape}); most of it: {labels}",
    ),
    "outputs-span": N_("the likeliest answer is {text}, tokens {begin} to {end}"),
    "outputs-span-plain": N_("the likeliest answer is tokens {begin} to {end}"),
    "outputs-vectors": N_("{name} has the shape {shape}; its first vector has the length {norm}"),
    "outputs-vocabulary": N_("scores of the shape {shape}: for each place, of each entry of the vocabulary"),
    "outputs-numbers": N_("numbers of the shape {shape}, from {lowest} to {highest}"),
    "outputs-depth": N_("depths of the shape {shape}, from {lowest} to {highest}"),
    "outputs-picture": N_("a picture of the shape {shape}, from {lowest} to {highest}"),
    "outputs-spectrogram": N_("a spectrogram of the shape {shape}, from {lowest} to {highest}"),
    "outputs-sound": N_("sound of the shape {shape}: {seconds} s at {rate} samples a second"),
    "outputs-sound-plain": N_("sound of the shape {shape}"),
    "peft": NP_(
        "LoRA in {count} module: {trainable} of {all} numbers can be trained ({percent} %)",
        "LoRA in {count} modules: {trainable} of {all} numbers can be trained ({percent} %)",
    ),
    "not-fed": N_("no pass was run: {why}"),
    "not-encoded": N_("the prompt was not encoded: {why}"),
    "shard": NP_("{path}: {tensors} tensor, {bytes}", "{path}: {tensors} tensors, {bytes}", by="tensors"),
    "not-generated": N_("nothing was generated: {why}"),
    "weights": NP_(
        "{count} of {of} tensor of the checkpoint became parameters",
        "{count} of {of} tensors of the checkpoint became parameters",
        by="of",
    ),
    "weights-within": NP_(
        "{count} of {of} tensor of the checkpoint became parameters of {class}, a part of {outer}",
        "{count} of {of} tensors of the checkpoint became parameters of {class}, a part of {outer}",
        by="of",
    ),
    "weights-new": N_("{count} not in the checkpoint, newly initialised: {names}"),
    "weights-empty": NP_(
        "1 got no numbers and is left on meta: {names}", "{count} got no numbers and are left on meta: {names}"
    ),
    "weights-unexpected": N_("{count} in the checkpoint that the model has no place for: {names}"),
    "weights-passed-over": N_("{count} in the checkpoint that the model ignores: {names}"),
    "weights-unread": NP_("1 was not loaded any more: {names}", "{count} were not loaded any more: {names}"),
    "weights-mismatched": N_("{name} is {there} in the checkpoint and {here} in the model"),
    "weights-mismatched-merged": N_(
        "{name} is {there} in the checkpoint (merged from {count} tensors) and {here} in the model"
    ),
    "weights-mismatched-part": N_(
        "{name} is {there} in the checkpoint (made from {source}, {stored}) and {here} in the model"
    ),
    "weights-unconverted": NP_(
        "{names} could not be made into {parameter} ({reason})",
        "{count} tensors could not be made into {parameter} ({reason}): {names}",
    ),
    "weights-tied": N_("one tensor under several names: {names}"),
    # frame of the report
    "next-stage": N_("every step of a stage"),
    "next-replay": N_("step through it"),
    "next-decisions": N_("which way it went, and why"),
    "next-failed": N_("the steps around the failure"),
}

_FACTS_OF_A_KIND: Final = 4  # listed; if a stage has more of one kind, the rest is counted
_RULE: Final = re.compile(r"[-=_*~+| ]*[-=_*~]{4,}[-=_*~+| ]*")  # a line that is only a separator
_SHORTEST_RULE: Final = 20
_NAMES: Final = 12  # names listed, at most


def load_report(trace: Trace, lang: Lang, *, stage: str | None = None) -> RenderableType:
    """Return the head, the stages with their facts, and the end of a trace."""
    loads = model_loads(trace)
    whole = summarize_stages(trace)
    stages: list[RenderableType] = []
    is_told_apart = len(loads) > 1 and are_apart(loads)
    if not is_told_apart:
        stages += _stages(trace, whole, stage, lang)
    for number, load in enumerate(loads if is_told_apart else [], 1):
        of_load = [*_stages(trace, summarize_stages(trace, load.since, load.until), stage, lang)]
        if of_load:
            stages += [_load_head(number, len(loads), load, lang), *of_load]
    begin = [_overview(trace, whole, lang)] if stage is None and len(trace) else []
    return Group(_head(trace, lang), *begin, *stages, *_unnoticed(trace, lang), _end(trace, lang))


def _stages(trace: Trace, summaries: list[StageSummary], stage: str | None, lang: Lang) -> Iterator[RenderableType]:
    ended_in = _where_it_ended(trace)
    for summary in summaries:
        # A stage without facts is left out, unless it is asked for or the load ended in it.
        if summary.stage == stage or (stage is None and (summary.facts or ended_in == summary.stage)):
            yield _stage(summary, lang)


def _load_head(number: int, count: int, load: ModelLoad, lang: Lang) -> RenderableType:
    """Return the line above the stages of one load of several."""
    text = Text(tr(lang, "Load {number} of {count}", number=number, count=count), "bold reverse")
    text.append(f" {_text(load.call.call)}", "not reverse bold")
    return Padding(text, (1, 0, 0, 0), expand=False)


def _overview(trace: Trace, stages: list[StageSummary], lang: Lang) -> RenderableType:
    from tracer.views.overview import overview, overview_lines

    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", style="dim", no_wrap=True)
    for topic, text, step in overview_lines(overview(trace, stages, lang), lang):
        grid.add_row(topic, text, "" if step is None else str(step))
    return Padding(grid, (1, 0, 0, 0), expand=False)


def _unnoticed(trace: Trace, lang: Lang) -> Iterator[RenderableType]:
    """Yield what went wrong although the load succeeded."""
    # Most traces are shown without a diagnosis, whose modules take a while to import.
    from tracer.analysis.diagnosis.surprises import unnoticed
    from tracer.views.why import surprise_list

    if found := unnoticed(trace):
        yield surprise_list(found, lang)


def _where_it_ended(trace: Trace) -> str | None:
    """Return the stage in which a load failed; None for one that ended well."""
    if trace.outcome.status in GOOD or not len(trace):
        return None
    step = trace.outcome.step
    return trace.step(step if step is not None and 0 <= step < len(trace) else len(trace) - 1).stage


def _head(trace: Trace, lang: Lang) -> RenderableType:
    parts: list[Text] = [Text(_text(trace.meta.model_name), "bold")]
    if trace.meta.transformers is not None:
        parts.append(Text(_text(f"transformers {trace.meta.transformers}")))
    parts.append(Text(outcome_text(trace.outcome, lang), outcome_style(trace.outcome)))
    parts += [Text(undone, "bold yellow") for undone in undone_texts(trace, lang)]
    parts.append(Text(_steps(len(trace), lang), "dim"))
    seconds = trace.outcome.seconds
    if isinstance(seconds, (int, float)):
        parts.append(Text(format_duration(seconds), "dim"))
    return Padding(Text(" · ").join(parts), (1, 0, 0, 0), expand=False)


def _stage(summary: StageSummary, lang: Lang) -> RenderableType:
    title = Text.assemble(
        (stage_name(summary.stage, lang), "bold cyan"),
        (f"  {_text(summary.stage)}", "dim"),
        (f"  {_steps(summary.steps, lang)}  {format_duration(summary.seconds)}", "dim"),
    )
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if (slow := summary.slowest) is not None:
        values = {"time": format_duration(slow.seconds), "step": slow.step, "statement": _text(slow.text or "")}
        grid.add_row(
            "",
            Text(
                tr(
                    lang,
                    N_("of which {time} in step {step}: {statement}")
                    if slow.text
                    else N_("of which {time} in step {step}"),
                    **values,
                ),
                "dim",
            ),
        )
    for number, text in _lines(summary.facts, lang):
        grid.add_row(number, text)
    return Padding(Group(title, grid), (1, 0, 0, 0), expand=False)


def _lines(facts: list[Fact], lang: Lang) -> Iterator[tuple[str, Text]]:
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.what] = counts.get(fact.what, 0) + 1
    shown: dict[str, int] = {}
    for fact in facts:
        shown[fact.what] = shown.get(fact.what, 0) + 1
        many = counts[fact.what] > _FACTS_OF_A_KIND
        if not many or shown[fact.what] < _FACTS_OF_A_KIND:
            text = message_text(fact, lang) if fact.what == "said" else fact_text(fact, lang)
            yield str(fact.step), Text(text, "yellow" if fact.trouble else "")
        elif shown[fact.what] == _FACTS_OF_A_KIND:
            yield "", Text(tr(lang, "… {count} more like this", count=counts[fact.what] - _FACTS_OF_A_KIND + 1), "dim")


def message_text(fact: Fact, lang: Lang) -> str:
    """Return a warning or log record with its line breaks, its separators no longer than its text."""
    who, message = _text(str(fact.values.get("who"))), str(fact.values.get("message"))
    lines = [line.rstrip() for line in message.strip("\n").expandtabs(4).split("\n")]
    longest = max((len(line) for line in lines if not _RULE.fullmatch(line)), default=0)
    shown = [_text(line[: max(longest, _SHORTEST_RULE)] if _RULE.fullmatch(line) else line) for line in lines]
    text = tr(lang, "{who}: {message}", who=who, message="\n".join(shown))
    return text if fact.times == 1 else f"{text}{tr(lang, '  (said {count} times)', count=fact.times)}"


def fact_text(fact: Fact, lang: Lang) -> str:
    """Return a fact as one sentence; a message that was printed or logged in one line."""
    values = {name: _value(name, value, lang) for name, value in fact.values.items()}
    if fact.what == "said":
        return tr(lang, "{who}: {message}", **values)
    if fact.what in ("built", "built-tied"):
        values.update({name: tr(lang, part, count=values.get(name)) for name, part in _PARTS.items()})
    return tr(lang, WORDS[fact.what], **values)


_PARTS: Final = {
    "modules": NP_("{count} module", "{count} modules"),
    "tensors": NP_("{count} parameter", "{count} parameters"),
    "numbers": NP_("{count} number", "{count} numbers"),
}


def _steps(count: int, lang: Lang) -> str:
    return tr(lang, NP_("{count} step", "{count} steps"), count=f"{count:,}")


def _value(name: str, value: Any, lang: Lang) -> str:
    if name == "why":
        return _text(reasons.localized(str(value), lang))
    if name in ("has_local_code", "has_remote_code"):
        return tr(lang, N_("yes") if value else N_("no"))
    if name == "bytes":
        return format_size(value) if isinstance(value, int) else "?"
    if name in ("class", "outer", "with") and isinstance(value, str):
        return _text(_short_class(value))
    if name == "final_module" and isinstance(value, str):
        return _text(_cache_path(value))
    if name == "seconds" and isinstance(value, float):
        return f"{value:.3g}"
    if name == "text" and isinstance(value, str):
        return _text(repr(value))
    if name in ("parameters", "keys", "modules", "tensors", "numbers", "trainable", "all") and isinstance(value, int):
        return f"{value:,}"
    if name in ("there", "here", "stored") and isinstance(value, list):
        return _text(str(value))
    if name == "names" and isinstance(value, list) and len(value) > _NAMES:
        return _text(f"{', '.join(map(str, value[:_NAMES]))} …")
    if isinstance(value, list):
        return _text(", ".join(map(str, value)))
    return _text("–" if value is None and name == "model_type" else str(value))


def _end(trace: Trace, lang: Lang) -> RenderableType:
    lines: list[Text] = [*failure_lines(trace, lang)]
    if trace.meta.model_folder is not None:
        lines.append(Text(_text(f"<model> = {trace.meta.model_folder}"), "dim"))
    return Padding(Group(*map(hanging, lines)), (1, 0, 0, 0), expand=False) if lines else Text("")


def next_commands(trace: Trace, lang: Lang) -> RenderableType:
    """Return where the trace is and the commands to try next."""
    labels = tr(lang, "Trace"), tr(lang, "Next")
    width = max(map(cell_len, labels)) + 2

    def line(label: str, text: Text) -> Text:
        lead = (set_cell_size(label, width), "bold")
        return Text.assemble(lead, text, no_wrap=True, overflow="ignore")  # so that it can be copied

    lines = [Text(), line(labels[0], Text(f"{trace_path(trace)}  ({format_size(trace.path.stat().st_size)})"))]
    step = trace.outcome.step
    failed = trace.outcome.status not in (*GOOD, "no-load") and step is not None
    where = step_place(trace, step) if failed and step is not None else None
    counts = trace.stage_counts()
    if not counts:
        return Group(*lines)
    wanted = where.stage if where is not None else "trust" if "trust" in counts else next(iter(counts))
    path = trace_argument(trace)
    commands = [("next-replay", f"replay {path}")]
    if not failed:  # the end of the report names `why` for a failure
        commands.append(("next-decisions", f"decisions {path}"))
    commands.append(("next-failed" if failed else "next-stage", f"show {path} --stage {_text(wanted)} --steps"))
    for label, (what, words) in zip([labels[1], *[""] * len(commands)], commands, strict=False):
        lines += [line(label, Text(f"# {tr(lang, WORDS[what])}", "dim")), line("", Text(f"{program()} {words}"))]
    return Group(*lines)


def _short_class(name: str) -> str:
    module, _, last = name.rpartition(".")
    return last if module.startswith("transformers") else name


def _cache_path(path: str) -> str:
    """Return a file in the modules cache without the folders named after the model directory and its hash."""
    parts = path.replace("\\", "/").split("/")
    return path if len(parts) < 3 else f"{parts[0]}/…/{parts[-1]}"


def _text(text: str) -> str:
    return visible(text)


def step_lines(trace: Trace, *, stage: str | None = None, width: int | None = None) -> Iterator[Text]:
    """Yield every step: number, stage, kind, place, the statement and its changes, and what a probe adds.

    Each is one line. Where the changes do not fit behind the statement, within ``width`` columns, they follow on lines
    of their own.
    """
    sources: dict[int, list[str]] = {}
    digits = len(str(max(len(trace) - 1, 0)))
    for step in trace.steps(stages=None if stage is None else [stage]):
        depth = trace.frame(step.frame).depth if step.frame is not None else 0
        text = Text(no_wrap=True, overflow="ignore")
        text.append(f"{step.number:>{digits}} ", "dim")
        text.append(f"{visible(step.stage):<13} ", "cyan")
        text.append("  " * min(depth, 10))
        indent = text.cell_len + 2
        text.append_text(_what(trace, step, sources))
        if changes := statement_changes(trace, step):
            told = [visible(change_text(trace, change)) for change in changes]
            joined = _changes(told)
            if width is None or text.cell_len + 2 + joined.cell_len <= width:
                text.append("  ").append_text(joined)
            else:
                yield text
                yield from _below(told, min(indent, width // 2), width)
                continue
        yield text


def _changes(told: Sequence[str]) -> Text:
    return Text.assemble(("# ", "dim"), (", ".join(told), "yellow"))


def _below(told: Sequence[str], indent: int, width: int) -> Iterator[Text]:
    """Yield changes on lines of their own, as many on each as fit; one that is longer than a line is not cut."""
    row: list[str] = []
    for index, one in enumerate(told):
        row.append(one)
        end = index + 1 == len(told)
        if end or indent + _changes([*row, told[index + 1]]).cell_len > width:
            yield Text(" " * indent, no_wrap=True, overflow="ignore").append_text(_changes(row))
            row = []


def _what(trace: Trace, step: Step, sources: dict[int, list[str]]) -> Text:
    text = Text()
    style = {"raise": "bold red", "unwind": "red", "call": "bold", "line": "dim"}.get(step.kind, "green")
    text.append(f"{visible(step.kind)} ", style)
    if step.event == "call" and step.frame is not None:
        text.append(visible(trace.frame(step.frame).function))
    elif step.event is not None:
        text.append(f"{step.line}: ", "dim")
        if step.event == "line":
            text.append(visible(_source_line(trace, step, sources)))
    if step.value is not None:
        text.append(f"→ {visible(format_value(trace, step.value))}")
    for name, value in step.data.items():
        if value is not None and name not in ("keys", "traceback", "chained", "hidden"):
            text.append(f" {visible(name)}=", "dim")
            text.append(visible(without_codes(value) if isinstance(value, str) else str(value)))
    frame = (raised_in(step).traceback or [None])[-1] if "traceback" in step.data else None
    if frame is not None:  # what the stepped function called raised it
        text.append(visible(f" ← {frame.file}:{frame.line} {frame.function}"), "dim")
    return text


def _source_line(trace: Trace, step: Step, sources: dict[int, list[str]]) -> str:
    if step.source is None or step.line is None:
        return ""
    if step.source not in sources:
        sources[step.source] = trace.source(step.source).text.splitlines()
    lines = sources[step.source]
    return lines[step.line - 1].strip() if 0 < step.line <= len(lines) else ""


def change_text(trace: Trace, change: Change) -> str:
    """Return a change as a person would write it."""
    if isinstance(change, Bound):
        return f"{change.name} = {format_value(trace, change.value, 80)}"
    if isinstance(change, Unbound):
        return f"del {change.name}"
    added = [f"+{key}={format_value(trace, value, 30)}" for key, value in change.added.items()]
    changed = [f"{key}={format_value(trace, value, 30)}" for key, value in change.changed.items()]
    removed = [f"−{key}" for key in change.removed]
    return f"{change.name}[{', '.join([*added, *changed, *removed])}]"
