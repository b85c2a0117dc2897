"""The sentences of a load's report."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.text.visible import visible

PHRASES: Final[dict[str, Message]] = {
    # stages
    "stage:arguments": N_("Arguments"),
    "stage:adapter": N_("Adapter look-up"),
    "stage:config": N_("Configuration"),
    "stage:trust": N_("Trust"),
    "stage:dynamic-class": N_("Dynamic class"),
    "stage:construct": N_("Construction"),
    "stage:weights": N_("Weights"),
    "stage:forward": N_("Forward"),
    "stage:generate": N_("Generation"),
    "stage:tokenizer": N_("Tokenizer"),
    "stage:peft": N_("PEFT"),
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
    "class-mapping": N_("{key} → {class}, from the library's own mapping"),
    "class-name-pattern": N_("no model_type; the path contains '{key}' → {class}"),
    "packages-missing": N_("{file} needs packages that are not installed: {names}"),
    "registered-saving": N_("{class} marked for {with}: save_pretrained will copy its code"),
    "registered-loading": N_("{class} registered with {with} for the rest of this process"),
    "model": N_("loaded {class} with {parameters} numbers"),
    "loaded": N_("loaded {class}"),
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
    "chat": N_("the chat template gives: {text}"),
    "text": NP_("“{prompt}” became {count} token", "“{prompt}” became {count} tokens"),
    "token": N_("token {id} {text}"),
    "token-cached": N_("token {id} {text}, cache {cache}"),
    "peft": NP_(
        "LoRA in {count} module: {trainable} of {all} numbers can be trained ({percent} %)",
        "LoRA in {count} modules: {trainable} of {all} numbers can be trained ({percent} %)",
    ),
    "not-fed": N_("no pass was run: {why}"),
    "shard": NP_("{path}: {tensors} tensor, {bytes}", "{path}: {tensors} tensors, {bytes}", by="tensors"),
    "not-generated": N_("nothing was generated: {why}"),
    "weights": NP_(
        "{count} of {of} tensor of the checkpoint became parameters",
        "{count} of {of} tensors of the checkpoint became parameters",
        by="of",
    ),
    "weights-new": N_("{count} not in the checkpoint, newly initialised: {names}"),
    "weights-empty": NP_(
        "1 got no numbers and is left on meta: {names}", "{count} got no numbers and are left on meta: {names}"
    ),
    "weights-unexpected": N_("{count} in the checkpoint that the model has no place for: {names}"),
    "weights-passed-over": N_("{count} in the checkpoint that the model leaves aside: {names}"),
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
    # outcomes
    "outcome:loaded": N_("loaded"),
    "undone:not-fed": N_("no pass was run"),
    "undone:not-generated": N_("nothing was generated"),
    "outcome:no-load": N_("no load was recorded"),
    "outcome:failed": N_("the load failed"),
    "outcome:failed:device": N_("loaded; moving it to the device failed"),
    "outcome:failed:peft": N_("loaded; adding LoRA failed"),
    "outcome:failed:inputs": N_("loaded; preparing the input failed"),
    "outcome:failed:forward": N_("loaded; the forward pass failed"),
    "outcome:failed:generate": N_("loaded; the generation failed"),
    "outcome:failed:script": N_("loaded; the code after it failed"),
    "outcome:failed:before-load": N_("the code failed before anything was loaded"),
    "outcome:stopped": N_("stopped after the stage you asked for"),
    "outcome:interrupted": N_("interrupted; what was recorded until then is in the trace"),
    "outcome:refused": N_("not run: its code was not consented to"),
    "outcome:killed": N_("the process was killed"),
    "outcome:misused": N_("could not begin"),
    "outcome:unfinished": N_("never finished: a journal that was not sealed"),
    "failed-at": N_("at step {step}, stage {stage}, {place}"),
    "failed-after-stage": N_("after step {step}, stage {stage}"),
    "failed-at-stage": N_("at step {step}, stage {stage}"),
    "failed-after": N_("after step {step}, stage {stage}, {place}"),
    # frame of the report
    "step": N_("step {number}"),
    "next-stage": N_("every step of a stage"),
    "next-replay": N_("step through it"),
    "next-decisions": N_("which way it went, and why"),
    "next-failed": N_("the steps around the failure"),
    # while it runs
    "sealing": N_("writing the trace"),
}


def stage_name(stage: str, lang: Lang) -> str:
    """A stage's name for a person; one that a newer release may have stays as it is written."""
    key = f"stage:{stage}"
    return tr(lang, PHRASES[key]) if key in PHRASES else visible(stage)
