"""The sentences about decisions.

``means:…`` says what an outcome means for the load; its placeholders are names of the condition, and ``times``.
"""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NC_, NP_, Message

WORDS: Final[dict[str, Message]] = {
    # frame
    "none": N_("No decisions are recorded here."),
    "none-without-lines": N_("No decisions are recorded: the load was recorded without lines (--no-lines)."),
    "no-explanation": NP_(
        "The one decision here does not decide about the way of the load; --all lists what there is.",
        "None of the {all} decisions here decides about the way of the load; --all lists what there is.",
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
    "means:dtype-auto-aside": N_("dtype 'auto' is laid aside, so that it does not get into the config"),
    "means:quantization-aside": N_("quantization_config is laid aside while the config is read"),
    "means:dtype-put-back": N_("the dtype that was given is put back into the arguments for the model"),
    "means:config-local": N_("config.json is read from a local directory"),
    "means:config-cached": N_("config.json is read from the hub's cache"),
    "means:config-not-found": N_("config.json could not be got"),
    "means:config-not-json": N_("config.json is not valid JSON"),
    "means:config-remote": N_("the config class is the directory's own, named in auto_map"),
    "means:config-library": N_("the config class is not taken from the directory's code"),
    "means:config-by-type": N_("model_type decides the config class"),
    "means:config-no-type": N_("config.json names no model_type"),
    "means:config-type-unknown": N_("this release does not know that model_type"),
    "means:config-by-name": N_("the path contains {pattern}: this alone tells the config class"),
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
    "means:code-not-found": N_("{module_file}, a file with code, could not be got"),
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
    "means:weights-by-shard": N_("the index tells which files to read"),
    "means:can-generate": N_("the model can generate: generation_config is looked for"),
    "means:generation-config-given": N_("the model can generate: the generation_config that was given is used"),
    "means:cannot-generate": N_("the model cannot generate: no generation_config is looked for"),
    "means:generation-config-not-asked": N_("no generation_config is looked for"),
    "means:generation-config-none": N_("no generation_config.json could be read: one is made from the config"),
    # the tokenizer
    "means:tokenizer-own": N_("tokenizer_config.json has an auto_map"),
    "means:tokenizer-not-own": N_("tokenizer_config.json has no auto_map"),
    "means:tokenizer-fast": N_("auto_map names a fast tokenizer: it goes before the slow one"),
    "means:tokenizer-slow": N_("auto_map names no fast tokenizer: the slow one is meant"),
    "means:tokenizer-remote": N_("the tokenizer class is run from the directory's code"),
    "means:tokenizer-named": N_("a configuration file names the tokenizer's class"),
    # files
    "means:file-missing": N_("{resolved_file} is not there"),
}
