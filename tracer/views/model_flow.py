"""The pass through the model in words: from what goes in to what comes out."""

from __future__ import annotations

from typing import Final

from tracer.analysis.model_flow import Port, first_pass, input_order, main_ports, ports_of
from tracer.i18n import N_, Lang, tr
from tracer.text.visible import visible
from tracer.trace.reading import Trace

_INPUTS: Final = 4  # named in a line


def flow_line(trace: Trace, lang: Lang) -> tuple[str, int] | None:
    """Return the first pass in one line, and the step at which it enters the model; None if there is no pass.

    For example ``pixel_values 1×3×56×56 + input_ids 1×32 → logits 1×37×256``.
    """
    found = first_pass(trace)
    if found is None:
        return None
    entered, left = found
    inputs = input_order(main_ports(ports_of(trace, entered.step.value)))
    told = [port_text(port) for port in inputs[:_INPUTS]]
    more = [f"+{len(inputs) - _INPUTS}"] if len(inputs) > _INPUTS else []
    if left is None:
        came = tr(lang, N_("the pass did not end"))
    elif left.event.raised is not None:
        came = tr(lang, N_("raised {name}"), name=visible(left.event.raised))
    else:
        came = next(map(port_text, main_ports(ports_of(trace, left.step.value))), tr(lang, N_("no tensor")))
    return f"{' + '.join([*told, *more]) or tr(lang, N_('no tensor'))} → {came}", entered.step.number


def port_text(port: Port) -> str:
    """Return a tensor by its name, if it has one, and its shape."""
    return f"{visible(port.name)} {port.size}" if port.name else port.size
