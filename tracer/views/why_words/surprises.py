"""What a load did unasked."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

SURPRISES: Final[dict[str, Message]] = {
    # surprises
    "surprise:recording-ended-full": N_("The disk was full: recording ended at step {step}; the load itself went on."),
    "surprise:recording-ended-quota": N_(
        "The disk quota was used up: recording ended at step {step}; the load itself went on."
    ),
    "surprise:recording-ended-limit": N_(
        "The journal reached the largest size that a file may have here (`ulimit -f`): recording "
        "ended at step {step}; the load itself went on."
    ),
    "surprise:recording-ended": N_(
        "The journal could not be written on ({message}): recording ended at step {step}; the load itself went on."
    ),
    "surprise:journal-damaged": N_(
        "The journal was damaged: everything up to step {step} is here, and what came after it is lost."
    ),
    "surprise:head-new": NP_(
        "1 parameter is newly initialised, with random numbers: {names}. The checkpoint was used "
        "whole and has no such head.",
        "{count} parameters are newly initialised, with random numbers: {names}. The checkpoint "
        "was used whole and has no such head.",
    ),
    "surprise:layers-new": NP_(
        "1 parameter is newly initialised, with random numbers: {names}. It is of a layer that "
        "the checkpoint has nothing of; of other layers it has this name.",
        "{count} parameters are newly initialised, with random numbers: {names}. They are of "
        "layers that the checkpoint has nothing of; of other layers it has all these names.",
    ),
    "remedy:number-of-layers": N_(
        "Compare the number of layers in config.json with the layers in the checkpoint; set it "
        "to theirs unless the new layers are meant to be trained."
    ),
    "remedy:train-head": N_(
        "Train the model before you use its answers, or load with the auto class that the checkpoint was saved from."
    ),
    "surprise:weights-new": NP_(
        "1 parameter is newly initialised, with random numbers, as the checkpoint has no tensor of its name: {names}.",
        "{count} parameters are newly initialised, with random numbers, as the checkpoint has no "
        "tensor of their name: {names}.",
    ),
    "surprise:weights-unexpected": NP_(
        "1 tensor of the checkpoint has no place in the model and was not used: {names}.",
        "{count} tensors of the checkpoint have no place in the model and were not used: {names}.",
    ),
    "remedy:names-of-weights": N_(
        "Compare the names: a tensor that was renamed shows up once as unexpected and once as newly initialised."
    ),
    "surprise:weights-mismatched": NP_(
        "1 parameter has another shape in the checkpoint, which was not used for it: {names}.",
        "{count} parameters have another shape in the checkpoint, which was not used for them: {names}.",
    ),
    "surprise:weights-empty": NP_(
        "1 parameter has no numbers at all (it is on meta): {names}.",
        "{count} parameters have no numbers at all (they are on meta): {names}.",
    ),
    "surprise:argument-dropped": N_(
        "The argument {name} was thrown away: this release takes it and does nothing with it."
    ),
    "remedy:leave-out-dropped": N_("Leave `{name}` out."),
    "surprise:dtype-changed": NP_(
        "1 tensor is stored as {there} and was loaded as {here}.",
        "{count} tensors are stored as {there} and were loaded as {here}.",
    ),
    "remedy:name-dtype": N_(
        'To keep the stored type: `torch_dtype="auto"` (4.x) or `dtype="auto"` (5.x); here `--dtype auto`.'
    ),
    "surprise:tokenizer-replaced": N_("tokenizer_config.json names {wanted}, and the tokenizer is a {class}."),
    "surprise:local-preferred": N_("The directory has code of its own, and the library's class was taken instead."),
    "remedy:take-remote": N_("If the directory's code is meant: `trust_remote_code=True`."),
    "surprise:not-refreshed": N_(
        "{file} ran from the modules cache without being compared with the directory's: it may be a stale copy."
    ),
    "surprise:not-fed": N_("No pass was run: {why}"),
    "surprise:not-generated": N_("Nothing was generated: {why}"),
    "surprise:not-recorded": N_("Not recorded: {what}. {reason}"),
    "surprise:said": N_("{message}"),
}
