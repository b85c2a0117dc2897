"""Causes and remedies from the class on: arguments, weights, adapters, and how processes end."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

MODEL: Final[dict[str, Message]] = {
    # arguments and attributes
    "cause:unexpected-argument": N_(
        "{name}={value} reached the constructor of {class}, which does not take it: {config} has "
        "no attribute of that name, so the argument was left over and handed on to the model."
    ),
    "remedy:leave-out": N_(
        "Leave `{name}` out of the call. If the model is to know it, give {config} an attribute "
        "of that name, or `{class}.__init__` a parameter."
    ),
    "remedy:leave-out-use-cache": N_(
        "Leave `use_cache` out of `from_pretrained` and set it afterwards: "
        "`model.generation_config.use_cache = False`. From transformers 5 on it is a setting of "
        "generation, also where config.json names it, and no attribute of the configuration; "
        "code that needs it there says so itself, in `{config}.__init__`: `self.use_cache = "
        'kwargs.pop("use_cache", True)`.'
    ),
    "cause:attribute-gone-in-5": N_(
        "{file} line {line} reads `{name}` of {class}. Up to transformers 4 configurations had "
        "it ({default} if nothing was said); from 5 on they do not."
    ),
    "remedy:ask-with-default": N_(
        'Write in line {line}: `getattr(config, "{name}", {default})`. Or set it in the '
        'configuration class: `self.{name} = kwargs.pop("{name}", {default})`. Or install the '
        "4.x release the code was written for."
    ),
    "cause:attribute-missing": N_(
        "{file} line {line} reads `{name}` of {class}, and neither config.json nor the class sets it."
    ),
    "remedy:write-attribute": N_(
        'Write it into config.json: `"{name}": …`, or give it a default in `{class}.__init__`.'
    ),
    "cause:attribute-missing-library": N_(
        "Code of transformers {release} reads `{name}` of its own {class}, and neither "
        "config.json nor the class sets it."
    ),
    "remedy:library-attribute": N_(
        "Compare config.json with the one that the model was published with. If they are alike, "
        "look whether another release of transformers loads it."
    ),
    # weights
    "cause:shapes-differ": NP_(
        "{name} has another shape in the checkpoint than the configuration asks for: {there} in "
        "the checkpoint, {here} in the model.",
        "{count} parameters have other shapes in the checkpoint than the configuration asks for; "
        "first {name}: {there} in the checkpoint, {here} in the model.",
    ),
    "cause:tensors-missing": N_(
        "{parameter} is made of several tensors of the checkpoint, and some are missing: "
        "{missing}. {count} of them are there."
    ),
    "cause:tensors-of-two-shapes": N_(
        "{parameter} is to be merged from {count} tensors of the checkpoint, and they are not of "
        "one shape: {name} is {there}, others of its kind are {others}."
    ),
    "cause:not-converted": N_(
        "The library could not make {parameter} of the tensors that the checkpoint has for it ({names}): {reason}"
    ),
    "remedy:tensors-of-a-group": N_(
        "Get the checkpoint again, or save it again from the model that it comes from: all "
        "tensors of a group have to be there, and of one shape."
    ),
    "remedy:look-at-the-tensors": N_("Compare names and shapes of these tensors with what config.json asks for."),
    "remedy:sizes-in-config": N_(
        "Set the sizes in config.json to those of the checkpoint (they can be read off the "
        "shapes). If the differing layers are meant to be trained anew: "
        "`ignore_mismatched_sizes=True`."
    ),
    # adapters
    "cause:adapter-base-missing": N_(
        "{file} names the base model “{base}”, and it is not there: no directory of that name "
        "where the load ran, and no hub model that could be read."
    ),
    "remedy:name-base": N_(
        'Write the base\'s real place in {file}: `"base_model_name_or_path": "/path/to/base"`. A '
        "relative path counts from the folder in which Python is started, not from the adapter."
    ),
    "cause:adapter-for-another-model": N_(
        "The adapter was made for another architecture: it wants the modules {names}, and the "
        "base, {class}, has none of these names."
    ),
    "cause:adapter-of-other-sizes": N_(
        "The adapter's tensors have other shapes than the base, {class}, asks for: it was "
        "trained on another model, or with another rank `r`."
    ),
    "remedy:adapters-own-base": N_(
        "In {file}, `base_model_name_or_path` has to name the model that the adapter was trained "
        "on, and `target_modules` and `r` have to stay as they were in training."
    ),
    # ends
    "cause:out-of-memory": N_("There was not enough memory."),
    "cause:out-of-memory-asked": N_("There was not enough memory: a single request of {size} could not be met."),
    "cause:killed-sigkill": N_(
        "Something outside killed the process with {signal} while {where} was running. Most "
        "often it is the system, out of memory; it may also be a time limit of the machine, a "
        "person, or the model's own code."
    ),
    "remedy:less-memory": N_(
        "`--dtype bfloat16` needs half of float32's memory, `--weights fake` none. Another "
        "`--device`, or a machine with more. After a SIGKILL, `dmesg` says whether it was the "
        "memory."
    ),
    "cause:killed-native": N_(
        "Native code crashed with {signal} while {where} was running: a fault in a compiled library, not in Python."
    ),
    "remedy:native-code": N_(
        "Bring torch and its companions to releases that go together (`pip install --upgrade "
        "torch torchvision safetensors tokenizers`), and try `--device cpu`. `native_output` in "
        "the metadata holds what it last said."
    ),
    "cause:killed-signal": N_("The process was ended with {signal} while {where} was running."),
    "remedy:who-sent-it": N_(
        "Find out who sends {signal}: a time limit, a job scheduler, a closed terminal. Then load again."
    ),
    "cause:own-code-exits": N_(
        "The directory's own code seems to end the process itself, with exit code {code}: {file} was running."
    ),
    "remedy:no-exit-in-code": N_(
        "Look at {file}: no code of a model should call `os._exit` or `sys.exit`. If you did not "
        "write it, do not trust it."
    ),
    "cause:exits-early": N_("The process ended itself with exit code {code} before anything could be recorded."),
    "cause:exits": N_(
        "The process ended itself with exit code {code} while {where} was running, in the middle of the load."
    ),
    "remedy:look-at-last-steps": N_("Look at the steps before the end, see below."),
    "cause:interrupted": N_("Somebody interrupted it (Ctrl-C, or a request to terminate) while {where} was running."),
    "cause:unfinished": N_(
        "This is a journal that was never sealed: glm-trace itself was killed, or is still "
        "recording. The last thing it holds is {where}."
    ),
    "remedy:load-again": N_("Load again; nothing is broken."),
    "cause:misused": N_("{message}"),
    "remedy:ask-otherwise": N_("Change the call as the sentence says."),
    "cause:no-load": N_(
        "No load came to its end in what was recorded. glm-trace follows from_pretrained and "
        "from_config of transformers' models, configurations and tokenizers."
    ),
    "remedy:load-inside": N_(
        "Put the call that loads inside the recorded script or `with tracer.record(…)` block; a "
        "model that was loaded before is not watched."
    ),
    "cause:script-failed": N_("The code around the load raised {error}; no load was running then."),
    "remedy:look-at-script": N_("Look at the traceback that the script printed; what its loads did is in this trace."),
    "cause:stopped": N_("`--stop-after` asked for it; the last thing that ran is {where}."),
    "cause:own-fault": N_(
        "This is a bug in glm-trace, not in the model or in transformers: {error} was raised in {place}."
    ),
    "remedy:report-fault": N_(
        "Please report it, with what `glm-trace why` prints. Without the recorder the load would have gone on."
    ),
    "cause:unknown": N_(
        "glm-trace has no rule for this one. {error} was first seen in {function}; what is "
        "recorded around it stands below."
    ),
    "cause:unknown-outside": N_(
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised "
        "before the library was called, or outside what is recorded."
    ),
    "cause:unknown-unseen": N_(
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised "
        "after step {step}, in code that is not stepped."
    ),
    "cause:packages-apart": N_(
        "Installed packages do not go together: something asks the module {module} for `{name}`, "
        "which this release of it does not have, or has not imported."
    ),
    "remedy:releases-together": N_(
        "Install releases that go together: of packages that were published at about the time of "
        "transformers {release}. The metadata lists the releases that are installed."
    ),
}
