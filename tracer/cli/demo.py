"""``glm-trace demo``: load the bundled tiny GLM-4V as its fine-tuning script loads the 9B model."""

from __future__ import annotations

from tracer.bundled import bundled
from tracer.cli import arguments
from tracer.cli.load import record_load
from tracer.cli.options import (
    AutoClass,
    Device,
    Dtype,
    DtypeName,
    Forward,
    Generate,
    Image,
    Kwargs,
    Lines,
    Operators,
    Output,
    Peft,
    Prompt,
    Speak,
    Statistics,
    StepForward,
    StepForwardMode,
    StopAfter,
    Tokenizer,
    Tui,
    Weights,
    WeightsFrom,
)
from tracer.launch.load_options import LoadOptions

HELP = """Load the bundled tiny GLM-4V with its own remote code, and print the journey.

The call is the one of GLM-4V's fine-tuning script: AutoModelForCausalLM.from_pretrained with empty_init=False,
use_cache=False and bfloat16. The code is ours and part of this package, so nothing is asked.
"""


def demo(
    output: Output = None,
    auto_class: AutoClass = None,
    kwarg: Kwargs = None,
    dtype: DtypeName = Dtype.bfloat16,
    tokenizer: Tokenizer = True,
    lines: Lines = True,
    stop_after: StopAfter = None,
    device: Device = "cpu",
    weights: WeightsFrom = Weights.checkpoint,
    forward: Forward = True,
    prompt: Prompt = None,
    image: Image = None,
    generate: Generate = 8,
    operators: Operators = False,
    statistics: Statistics = False,
    step_forward: StepForwardMode = StepForward.first,
    peft: Peft = None,
    tui: Tui = False,
    lang: Speak = None,
) -> None:
    record_load(
        str(bundled("fixtures") / "glm-4v-tiny"),
        kwargs={"empty_init": False, "use_cache": False, **arguments.keyword_arguments(kwarg or [])},
        output=output,
        trust_remote_code=True,
        auto_class=auto_class,
        dtype=dtype,
        tokenizer=tokenizer,
        lines=lines,
        stop_after=stop_after,
        lang=lang,
        tui=tui,
        options=LoadOptions(
            device=device,
            weights=weights.value,
            forward=forward,
            prompt=prompt,
            image=image,
            generate=generate,
            operators=operators,
            statistics=statistics,
            step_forward=step_forward.value,
            peft=peft,
        ),
    )
