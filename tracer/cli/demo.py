"""``glm-trace demo``: load the bundled tiny GLM-4V as its fine-tuning script loads the 9B model."""

from __future__ import annotations

import typer

from tracer.bundled import bundled
from tracer.cli import arguments
from tracer.cli.load import record_load
from tracer.cli.load_flags import Dtype, LoadFlags, with_load_flags
from tracer.i18n import N_

HELP = """Load the bundled tiny GLM-4V with its own remote code, and print a report.

The call is that of GLM-4V's fine-tuning script: AutoModelForCausalLM.from_pretrained with empty_init=False,
use_cache=False and bfloat16. The code is ours and part of this package, so nothing is asked.
"""
EXAMPLES = (
    ("demo", N_("record it, and print the report")),
    ("demo --tui", N_("watch it, then play it")),
    ("demo --kwarg torch_dtype=float16", N_("with another argument")),
)


@with_load_flags(dtype=Dtype.bfloat16, generate=8)
def demo(ctx: typer.Context, flags: LoadFlags) -> None:
    kwargs = {"empty_init": False, "use_cache": False, **arguments.keyword_arguments(flags.kwarg or [])}
    source = ctx.get_parameter_source("dtype")
    if source is not None and source.name == "DEFAULT" and kwargs.keys() & {"dtype", "torch_dtype"}:
        flags = flags._replace(dtype=None)  # the call's own dtype, and not that of the script
    record_load(str(bundled("fixtures") / "glm-4v-tiny"), flags, kwargs=kwargs, trust_remote_code=True)
