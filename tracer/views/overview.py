"""The overview of a trace: on one page what was loaded and why, and what became of it, each line with its step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from rich.cells import cell_len
from rich.text import Text

from tracer.analysis.diagnosis import Cause
from tracer.analysis.kwargs.hops import USER
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loading_calls import loading_calls
from tracer.analysis.loads import ModelLoad, decision_on_class, load_of, model_loads, outermost_frame
from tracer.analysis.stage_summary import Fact, Slowest, StageSummary
from tracer.analysis.value_format import format_value
from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.text.sizes import format_duration
from tracer.text.visible import one_line, visible
from tracer.trace.events import ModuleImported, TensorLoaded, events, read_event
from tracer.trace.outcome import GOOD
from tracer.trace.reading import Trace
from tracer.views.decisions import headline
from tracer.views.kwargs import LOST, end_text
from tracer.views.model_flow import flow_line
from tracer.views.outcome import class_text, failure_was_seen, outcome_style, outcome_text
from tracer.views.stages import stage_name

TOPICS: Final[dict[str, Message]] = {
    "end": N_("Ended"),
    "cause": N_("Cause"),
    "call": N_("Call"),
    "class": N_("Class"),
    "argument": N_("Arguments"),
    "weights": N_("Weights"),
    "pass": N_("Pass"),
    "written": N_("Output"),
    "time": N_("Time"),
    "odd": N_("Notable"),
}
_OF_WEIGHTS: Final = "weights"
_OF_PASS: Final = ("fed-picture", "fed-film", "fed-sound", "not-fed", "outputs-")
_WRITTEN: Final = ("generated", "not-generated")
_LOOK_UPS: Final = ("_get_model_class(", "._model_mapping[")
_SLOWEST: Final = 3  # stages
_WORTH_TELLING: Final = 0.01  # seconds
_MOST: Final = 6  # lines on one topic
_WIDTH: Final = 160  # characters of a line


class OverviewLine(msgspec.Struct):
    """A line of the overview: a key of :data:`TOPICS`, what there is to say, and the step that shows it."""

    topic: str
    text: Text
    step: int | None = None
    load: int = 0


def overview(
    trace: Trace,
    stages: Iterable[StageSummary],
    lang: Lang,
    *,
    causes: Iterable[Cause] = (),
    surprises: Iterable[Cause] = (),
) -> list[OverviewLine]:
    """Return the lines of the overview, in the order in which they are read.

    Args:
        trace: the trace.
        stages: its stages.
        lang: the language of the lines.
        causes: of a failure, if they were looked for.
        surprises: what its user may not expect, if that was looked for.
    """
    stages = list(stages)
    facts = sorted((fact for stage in stages for fact in stage.facts), key=lambda fact: fact.step)
    lines = [*_end(trace, causes, lang)]
    loads = model_loads(trace)
    if not loads:
        lines += [OverviewLine("call", Text(visible(call.call)), call.step) for call in loading_calls(trace)[:_MOST]]
    owners = [load_of(trace, loads, trace.step(fact.step)) for fact in facts] if len(loads) > 1 else []
    for number, load in enumerate(loads, 1 if len(loads) > 1 else 0):
        own = [fact for fact, owner in zip(facts, owners, strict=True) if owner is load] if owners else facts
        found = [*_of_class(trace, load, lang), *_of_arguments(trace, load, lang), *_of_weights(trace, load, own, lang)]
        found += _of_pass(trace, load, own, lang)
        lines += [msgspec.structs.replace(line, load=number) for line in found]
    lines += _of_time(trace, stages, loads, lang)
    lines += _of_surprises(surprises, lang)
    return lines


def overview_lines(lines: Iterable[OverviewLine], lang: Lang) -> Iterator[tuple[str, Text, int | None]]:
    """Yield each line with the name of its topic, which is empty where it is that of the line before."""
    before: tuple[str, int] | None = None
    for line in lines:
        name = tr(lang, TOPICS[line.topic])
        if line.load and (before is None or before[1] != line.load):
            yield tr(lang, "Load {number}", number=line.load), Text(), line.step
        yield name if before != (line.topic, line.load) else "", line.text, line.step
        before = line.topic, line.load


def topic_width(lang: Lang) -> int:
    return max(cell_len(tr(lang, name)) for name in TOPICS.values())


def _end(trace: Trace, causes: Iterable[Cause], lang: Lang) -> Iterator[OverviewLine]:
    """Yield how a load ended that did not end well, and why."""
    outcome = trace.outcome
    if outcome.status in GOOD:
        return
    text = Text(outcome_text(outcome, lang), outcome_style(outcome))
    if outcome.error is not None:
        raised = f"{outcome.error.rpartition('.')[2]}: {outcome.message or ''}"
        text.append(f" · {one_line(raised, _WIDTH)}")
    yield OverviewLine("end", text, outcome.step if failure_was_seen(trace) else None)
    if causes:
        from tracer.views.why import explanation

        for cause in causes:
            said, remedy = explanation(cause, lang)
            at = cause.chain[-1].step if cause.chain else None
            yield OverviewLine("cause", Text(said if remedy is None else f"{said}\n{remedy}"), at)


def _of_class(trace: Trace, load: ModelLoad, lang: Lang) -> Iterator[OverviewLine]:
    yield OverviewLine("call", Text(visible(load.call.call)), load.call.step)
    if load.class_ is not None:
        yield OverviewLine("class", Text(class_text(load.class_, lang), "bold"), load.loaded)
    chosen = decision_on_class(trace, load.call)
    if chosen is not None:
        yield OverviewLine("class", headline(trace, chosen, lang), chosen.decision.step)


def _of_arguments(trace: Trace, load: ModelLoad, lang: Lang) -> Iterator[OverviewLine]:
    """Yield each argument that the user gave, with its end."""
    for path in keyword_paths(trace, call=load.call.step):
        if path.origin == USER:
            value = "…" if path.value is None else visible(format_value(trace, path.value, 40))
            text = Text.assemble((visible(path.name), "bold"), f"={value} → ")
            text.append(end_text(path, lang, most=1), "yellow" if path.end.what in LOST else "")
            last = path.end.step if path.end.step is not None else path.hops[-1].step if path.hops else load.call.step
            yield OverviewLine("argument", text, last)


def _of_weights(trace: Trace, load: ModelLoad, facts: list[Fact], lang: Lang) -> Iterator[OverviewLine]:
    """Yield the account of the weights, and the dtypes that they have in the model."""
    from tracer.views.show import fact_text

    for fact in facts:
        if fact.what.startswith(_OF_WEIGHTS):
            yield OverviewLine("weights", Text(fact_text(fact, lang), "yellow" if fact.trouble else ""), fact.step)
    dtypes: Counter[str] = Counter()
    first: dict[str, int] = {}
    is_own: dict[int | None, bool] = {}
    for loaded in events(trace, TensorLoaded):
        frame = loaded.step.frame
        if frame not in is_own:
            is_own[frame] = outermost_frame(trace, loaded.step) == load.call.frame
        if is_own[frame] and loaded.event.dtype is not None:
            dtypes[loaded.event.dtype] += 1
            first.setdefault(loaded.event.dtype, loaded.step.number)
    for dtype, count in dtypes.most_common(_MOST):
        said = NP_("{dtype}: {count} tensor", "{dtype}: {count} tensors")
        yield OverviewLine("weights", Text(tr(lang, said, dtype=visible(dtype), count=count)), first[dtype])


def _of_pass(trace: Trace, load: ModelLoad, facts: list[Fact], lang: Lang) -> Iterator[OverviewLine]:
    """Yield what went into the first pass and what came out of it, and what was generated."""
    from tracer.views.show import fact_text

    flow = flow_line(trace, lang)
    if flow is not None and load.call.step <= flow[1] < load.until:
        yield OverviewLine("pass", Text(flow[0]), flow[1])
    told = [fact for fact in facts if fact.what.startswith(_OF_PASS) or fact.what == "passed"]
    for fact in told[:_MOST]:
        yield OverviewLine("pass", Text(fact_text(fact, lang), "yellow" if fact.trouble else ""), fact.step)
    tokens = [fact for fact in facts if fact.what.startswith("token")]
    if tokens:
        text = "".join(str(fact.values.get("text") or "") for fact in tokens)
        said = (
            NP_("{count} token: {text}", "{count} tokens: {text}") if text else NP_("{count} token", "{count} tokens")
        )
        told_text = tr(lang, said, count=len(tokens), text=one_line(repr(text), _WIDTH))
        yield OverviewLine("written", Text(told_text), tokens[0].step)
    for fact in [fact for fact in facts if fact.what.startswith(_WRITTEN)][:_MOST]:
        yield OverviewLine("written", Text(fact_text(fact, lang), "yellow" if fact.trouble else ""), fact.step)


def _of_time(trace: Trace, stages: list[StageSummary], loads: list[ModelLoad], lang: Lang) -> Iterator[OverviewLine]:
    """Yield the stages that took longest, with what took their time where one step did."""
    long = [stage for stage in stages if stage.seconds >= _WORTH_TELLING]
    for stage in sorted(long, key=lambda stage: -stage.seconds)[:_SLOWEST]:
        text = Text(f"{format_duration(stage.seconds)} {stage_name(stage.stage, lang)}")
        step = None
        if stage.slowest is not None:
            step = stage.slowest.step
            spent = format_duration(stage.slowest.seconds)
            module = _imported(trace, stage.slowest)
            if module is not None:
                text.append(tr(lang, ", of which {time} importing {module}", time=spent, module=visible(module)))
            elif (looked_up := _looked_up(trace, stage.slowest, loads)) is not None:
                said = N_(", of which {time} looking up the class, which imports {module} the first time")
                text.append(tr(lang, said, time=spent, module=visible(looked_up)))
            elif stage.slowest.text:
                ran = one_line(stage.slowest.text, 80)
                text.append(tr(lang, ", of which {time} in {statement}", time=spent, statement=ran))
        yield OverviewLine("time", text, step)


def _imported(trace: Trace, slow: Slowest) -> str | None:
    """Return the remote module that a step's statement imported, if that is what it did.

    Source: ``get_class_in_module`` in ``transformers/dynamic_module_utils.py``, 4.44.2 and 5.23.0.
    """
    frame = trace.step(slow.step).frame
    if frame is None or "exec_module" not in slow.text:
        return None
    found = trace.nearest(slow.step, frame=frame, kind=ModuleImported.kind)
    module = None if found is None else read_event(trace.step(found).data, ModuleImported).module
    return module.rpartition(".")[2] if module is not None else None


def _looked_up(trace: Trace, slow: Slowest, loads: list[ModelLoad]) -> str | None:
    """Return the module of the class that a step's statement looked up in the library's own tables for a load.

    The load of a part, in the constructor of the whole, looks up another class.

    Source: ``_LazyAutoMapping._load_attr_from_module`` in ``transformers/models/auto/auto_factory.py``, which imports
    the module of a model when its class is asked for; 4.44.2 and 5.23.0.
    """
    if not any(name in slow.text for name in _LOOK_UPS):
        return None
    frame = trace.step(slow.step).frame
    after = (load.class_ for load in loads if load.class_ is not None and load.call.frame == frame)
    class_ = next(after, "")
    return class_.rpartition(".")[0].rpartition(".")[2] if class_.startswith("transformers.models.") else None


def _of_surprises(surprises: Iterable[Cause], lang: Lang) -> Iterator[OverviewLine]:
    listed = list(surprises)
    if not listed:
        return
    from tracer.views.why import explanation

    for surprise in listed[:_MOST]:
        said, _ = explanation(surprise, lang, kind="surprise")
        yield OverviewLine("odd", Text(said, "yellow"), surprise.chain[-1].step if surprise.chain else None)
    if len(listed) > _MOST:
        yield OverviewLine("odd", Text(tr(lang, "… and {count} more", count=len(listed) - _MOST), "dim"))
