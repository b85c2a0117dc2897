"""What stands around a diagnosis, and what its steps show."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

FRAME: Final[dict[str, Message]] = {
    # headlines
    "headline:loaded": N_("The load went well."),
    "headline:loaded-surprise": N_("The load went well, with one thing to know about it."),
    "headline:loaded-surprises": N_("The load went well, with {count} things to know about it."),
    "headline:failed": N_("The load failed {when}, in the stage “{stage}”, with {error}."),
    "headline:failed-early": N_("The load failed before a step could be recorded, with {error}."),
    "headline:failed:device": N_("The model loaded; moving it to the device failed after step {step}, with {error}."),
    "headline:failed:peft": N_("The model loaded; adding LoRA failed {when}, with {error}."),
    "headline:failed:inputs": N_("The model loaded; preparing its input failed {when}, with {error}."),
    "headline:failed:forward": N_("The model loaded; its forward pass failed {when}, with {error}."),
    "headline:failed:generate": N_("The model loaded; the generation failed {when}, with {error}."),
    "headline:failed:script": N_("The load went well; the code after it failed, with {error}."),
    "headline:failed:before-load": N_("The code failed before anything was loaded, with {error}."),
    "headline:no-load": N_("No load was recorded."),
    "headline:refused": N_("The load stopped at step {step}: the directory's own code may not run."),
    "headline:killed": N_("The process died after step {step}, in the stage “{stage}”."),
    "headline:killed-early": N_("The process died before a step could be recorded."),
    "headline:interrupted": N_("It was interrupted after step {step}, in the stage “{stage}”."),
    "headline:interrupted-early": N_("The load was interrupted before its first step."),
    "headline:unfinished": N_("The recording never finished; its last step is {step}, in the stage “{stage}”."),
    "headline:unfinished-early": N_("The recording holds no steps and never finished."),
    "headline:stopped": N_("The load was stopped on purpose after step {step}; nothing failed."),
    "headline:stopped-early": N_("The load was stopped on purpose before its first step."),
    "headline:misused": N_("The load could not begin."),
    "headline:other": N_("The load ended as “{status}”."),
    # titles
    "title:cause": N_("Cause"),
    "title:cause-likely": N_("Likely cause"),
    "title:unknown": N_("Cause: not known"),
    "title:other": N_("It may also be"),
    # steps
    "step:raised": N_("{error} in {function}: {message}"),
    "step:raised-it": N_("{error} in {function}"),
    "step:passed": N_("it went on through {function}"),
    "step:file": N_("found {path}"),
    "step:file-missing": N_("{name} was looked for in {in} and is not there"),
    "step:shard-read": N_("opened {path}"),
    "step:class-asked": N_("config asks for {reference}"),
    "step:class-resolved": N_("the class is {class}"),
    "step:imports": N_("{file} imports what is not there: {missing}"),
    "step:imports-relatively": N_("{file} imports of its neighbours: {names}"),
    "step:own-file": N_("{path} is a file of the directory"),
    "step:copied": N_("{path} was put into the modules cache"),
    "step:model-type": N_("config.json says model_type “{model_type}”"),
    "step:no-model-type": NP_(
        "config.json was read: one key, no model_type", "config.json was read: {count} keys, no model_type"
    ),
    "step:config-built": N_("{class} was built"),
    "step:trust": N_(
        "has_local_code {has_local_code}, has_remote_code {has_remote_code}, trust_remote_code {given} → {decision}"
    ),
    "step:given": N_("the call gave {name}={value}"),
    "step:left-over": N_("{class} was built and left {name} over"),
    "step:thrown-away": N_("{name} was taken out of kwargs and dropped"),
    "step:adapter": N_("an adapter was found: {path}"),
    "step:base-filled": NP_(
        "the base, {class}, got all its {count} tensor", "the base, {class}, got all its {count} tensors"
    ),
    "step:mismatched": NP_("{name} does not fit", "{count} parameters do not fit, first {name}"),
    "step:conversion-failed": NP_(
        "{name} could not be made into {parameter}: {reason}",
        "{count} tensors could not be made into {parameter}: {reason}",
    ),
    "step:last": N_("the last step: {function}, {place}"),
    "step:dtype": N_("first of them: {there} became {here}"),
}
