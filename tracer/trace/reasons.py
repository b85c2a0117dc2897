"""What the recorder writes into a trace in English sentences: why something was left out, not run, or not begun.

A trace holds the finished sentence, as it always did. It is translated where it is shown: :func:`localized`
finds the template that it was made from, and its values. A sentence that comes from none of them stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from tracer.i18n import N_, Lang, Sentence, reason_of, tr

# What was left out.
TENSORS_OF_WEIGHTS: Final = N_("tensors of the weights")
TENSORS_OF_ADAPTERS: Final = N_("tensors of adapters")
NAMES_IN_WEIGHTS: Final = N_("names in the weights files")
REPORT_OF_WEIGHTS: Final = N_("report of the weights")
TRACE_FUNCTION: Final = N_("trace function {name}")
OTHER_TRACE_FUNCTION: Final = N_("steps under a trace function of the program's own")
STEPS_BEFORE: Final = N_("steps before step {step}")
OTHER_TOOL: Final = N_("steps under another tool")
LINES_OF: Final = N_("lines of {name}")
STEPPING: Final = N_("stepping")
_LEFT_OUT: Final = (
    *(TENSORS_OF_WEIGHTS, TENSORS_OF_ADAPTERS, NAMES_IN_WEIGHTS, REPORT_OF_WEIGHTS, STEPPING, TRACE_FUNCTION),
    *(OTHER_TRACE_FUNCTION, STEPS_BEFORE, OTHER_TOOL, LINES_OF),
    # the recorder's own work that failed
    N_("watching {name}"),
    N_("call of {name}"),
    N_("text on {name}"),
    N_("{function} (frame {number})"),
    N_("cache folders"),
    N_("weights"),
    N_("passes"),
    N_("operators"),
    N_("statistics"),
    N_("tokens"),
    N_("outputs"),
    N_("a module that was built"),
    N_("lengths of mask, positions and cache"),
    N_("functions that this release lacks"),
    N_("model directory"),
    N_("imported remote code"),
    N_("traceback"),
    N_("probe {name}"),
    N_("paused functions"),
)

# Why it was left out.
NOT_IN_RELEASE: Final = N_("this release does not have it")
NO_LOAD_FUNCTION: Final = N_("this release has no {function}")
STACK_FULL: Final = N_("RecursionError: the stack was too full to record a step")
SET_ASIDE: Final = N_("set aside while recording: Python allows one at a time")
OTHER_TRACE_FUNCTION_SET: Final = N_(
    "it set {function} before step {step}; Python allows one at a time, so nothing is stepped until it is taken off"
)
SWITCHED_ON_AGAIN: Final = N_(
    "stepping was switched off from inside the load, by sys.settrace(None) or by an exception that the "
    "recorder's trace function could not keep to itself (RecursionError, say); it was switched on again here"
)
TOOL_TAKEN_BACK: Final = N_("the load took the recorder's sys.monitoring tool away; it was switched on again here")
TOOL_LOST: Final = N_("the load took the recorder's sys.monitoring tool away before step {step} and uses it itself")
FILE_KEEPS_LOCALS: Final = N_(
    "it names f_locals, by which it may keep the local variables of its functions as a dictionary that "
    "stepping would change on this Python: their calls and their ends are recorded, their lines and "
    "variables are not"
)
FUNCTION_READS_LOCALS: Final = N_(
    "it reads its own local variables as a dictionary, which stepping would change on this Python: its call "
    "and its end are recorded, its lines and variables are not"
)
TOO_MANY_LINES: Final = N_("after {count} line steps in one frame its further lines are not recorded")

# Why no pass was run, or nothing was generated.
NO_TOKENIZER: Final = N_("there is no tokenizer to make token ids with")
PROCESSOR_FAILED: Final = N_("{name}.from_pretrained raised {error}")
PROCESSOR_NEEDS: Final = N_("{name}.from_pretrained raised {error}, as {part} needs {packages}, which is not installed")
NO_VISION: Final = N_(
    "--image needs a model that takes pictures, and neither the forward of this one nor its configuration names any"
)
NO_HEARING: Final = N_("--audio needs a model that takes sound, and the forward of this one names none")
NOT_ARRIVED: Final = N_("{option} did not reach the model: {why}")
SOUND_IGNORED: Final = N_("the sound was left out: its forward makes no use of one beside the other inputs")
NO_EXTRACTOR: Final = N_("no feature extractor was loaded to make its features")
NOTHING_MADE_IT: Final = N_("nothing in the directory makes numbers of it")
PREPARER_FAILED: Final = N_("the {name} raised {error}")
PICTURE_LEFT_OUT: Final = N_("the picture was left out: what the directory has made tokens alone")
SOUND_LEFT_OUT: Final = N_("the sound was left out: what the directory has made tokens alone")
IDS_MADE_UP: Final = N_("the token ids are made up, as nothing in the directory makes any")
PIXELS_BY_SIZE: Final = N_("the pixels are scaled to the configuration's size, without the model's own processor")
SOUND_BY_SIZE: Final = N_(
    "the sound features are made up: random numbers in the configuration's sizes, without the model's own processor"
)
SOUND_AS_SAMPLES: Final = N_("the sound is given as samples, {rate} a second, without the model's own processor")
SOUND_REFUSED: Final = N_("the sound was left out: in no form that was tried did the model take it ({error})")
PICTURE_REFUSED: Final = N_("the picture was left out: in no form that was tried did the model take it ({error})")
GUESS_REFUSED: Final = N_("inputs made up from the configuration did not fit: {error}")
GUESS_REFUSED_WITHOUT: Final = N_(
    "inputs made up from the configuration did not fit: {error}; nothing here makes its forward's {names}"
)
NO_FORWARD: Final = N_("{name} has no forward: it runs only through methods of its own")
NOT_ENCODED: Final = N_("its tokenizer could not encode a prompt ({error})")
NOT_GIVEN: Final = N_("its forward wants {name}, which its tokenizer does not give")
NOT_MADE: Final = N_("its forward wants {name}, which nothing here makes")
NOT_NAMED: Final = N_("its forward does not name {name} as a parameter")
NOT_NAMED_OPEN: Final = N_(
    "its forward does not name {name} as a parameter (it takes {others}), so which inputs it wants is not known"
)
NO_DECODER_START: Final = N_("its configuration names no token for its decoder to begin with (decoder_start_token_id)")
WRITES_NO_TEXT: Final = N_("{name} writes no text")
CALL_WANTS: Final = N_("{function} can't do without {names}, which nothing here makes")
CALL_TAKES: Final = N_("{function} takes {names}, and none of what the pass was given")
CALL_REFUSED: Final = N_("a call in a form that is not known to be the model's own raised {error}")
NO_MODEL: Final = N_("a {name} was loaded, which has no forward pass")

# Why a load could not begin.
NO_IMAGE: Final = N_("There is no image file {path}.")
NO_AUDIO: Final = N_("There is no sound file {path}.")
BAD_AUDIO: Final = N_("{path} can't be read: {error}. Expected a WAV file of whole numbers, such as 16 bit.")
NO_PILLOW: Final = N_("--image needs Pillow, which can't be imported: {error}.")
BAD_IMAGE: Final = N_("{path} is not an image that can be read.")
LORA_UNREADABLE: Final = N_("The LoRA configuration {path} can't be read: {error}.")
LORA_NO_JSON: Final = N_("The LoRA configuration {path} is not JSON: {error}.")
LORA_NO_OBJECT: Final = N_("The LoRA configuration {path} is not a JSON object. Write for example {example}.")
LORA_OTHER_TYPE: Final = N_("{path} has peft_type {kind}; --peft takes a LoRA configuration, whose peft_type is LORA.")
LORA_REFUSED: Final = N_("{path} is not a LoRA configuration that peft takes: {error}.")
NO_CUDA_DEVICE: Final = N_(
    "--device {device}: torch {release} sees {count} CUDA devices here. "
    "Use --device cpu, or install a torch with CUDA on a machine that has one."
)
NO_SUCH_CUDA_DEVICE: Final = N_(
    "--device {device}: CUDA devices here: {count}, numbered from 0. Use --device cuda:{last} or lower."
)
NO_AUTO_CLASS: Final = N_(
    "Neither transformers {release} nor the model's auto_map has a class {name}. Name another with --auto-class."
)
NO_AUTO_CLASS_BUT: Final = N_(
    "Neither transformers {release} nor the model's auto_map has a class {name}. Did you mean {names}?"
)
NOT_A_LOADER: Final = N_("{name} of transformers {release} loads nothing: it has no from_pretrained.")
NO_TORCH: Final = N_(
    "A load needs torch and transformers, and {python} can't import them: {error}. "
    "Install them there: {python} -m pip install torch transformers"
)

# Errors of :func:`tracer.record`, which are in no trace.
ALREADY_RECORDING: Final = N_("A recording is under way already; one process can make one at a time.")
NO_FOLDER: Final = N_("The folder {folder} does not exist. Make it, or record to another place.")
IS_FOLDER: Final = N_("{path} is a directory. Name a file in it, such as {example}.")
UNWRITABLE: Final = N_("{path} can't be written: {reason}. Record to another place.")
ENDED_EARLY: Final = N_("Recording ended early, the block itself went on: {reason}. {rest}")
HOLDS_UNTIL_THEN: Final = N_("{path} holds what was recorded until then.")
_FORMER: Final = (  # in traces of earlier releases
    N_("{path} is no image that can be read: {error}."),
    N_("The LoRA configuration {path} is no JSON: {error}."),
    N_("{path} is no LoRA configuration: {error}."),
    N_("--image was given, and neither the model's forward nor its configuration names a picture"),
    N_("--audio was given, and the model's forward names no sound"),
    N_("the sound is made up by the configuration's sizes, without the model's own processor"),
)

_REASONS: Final = (
    *(value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str)),
    *_FORMER,
)


def ended_early(error: OSError, rest: Sentence) -> Sentence:
    """Return that a recording in this process ended early, and what is there."""
    return Sentence(ENDED_EARLY, reason=reason_of(error), rest=rest)


def holds_until_then(trace: Path) -> Sentence:
    return Sentence(HOLDS_UNTIL_THEN, path=trace)


def localized(text: str, lang: Lang) -> str:
    """Return a reason in a language."""
    return text if lang == "en" else _translated(text, lang, _REASONS)


def localized_name(text: str, lang: Lang) -> str:
    """Return the name of what was left out in a language."""
    return text if lang == "en" else _translated(text, lang, _LEFT_OUT)


def _translated(text: str, lang: Lang, templates: tuple[str, ...]) -> str:
    for template, pattern in _patterns(templates):
        if (match := pattern.fullmatch(text)) is not None:
            values = match.groupdict()
            return tr(
                lang,
                template,
                **values | {"why": _translated(values["why"], lang, templates)} if "why" in values else values,
            )
    return text


@cache
def _patterns(templates: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each template with a pattern of the sentences made from it; those with most words come first."""
    ordered = sorted(dict.fromkeys(templates), key=lambda template: len(re.sub(r"{\w+}", "", template)), reverse=True)
    return tuple((template, _pattern(template)) for template in ordered)


def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()
    pieces = []
    for index, piece in enumerate(re.split(r"{(\w+)}", template)):
        if index % 2 == 0:
            pieces.append(re.escape(piece))
        else:
            pieces.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)")
            seen.add(piece)
    return re.compile("".join(pieces), re.DOTALL)
