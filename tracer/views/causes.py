"""The sentences of a diagnosis: each cause, what to do about it, and what a load did unasked.

``cause:`` says what is wrong, ``remedy:`` what to do about it, ``surprise:`` what a load did unasked. What is in
backquotes is to be typed or written as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause
from tracer.i18n import N_, NP_, Lang, Message, Sentence
from tracer.trace.reasons import localized, localized_name

CAUSES: Final[dict[str, Message]] = {
    # files
    "cause:not-json": N_("{file} is not valid JSON: it can't be read at line {line}, column {column}."),
    "remedy:repair-json": N_(
        "Open {file} at line {line}. The usual faults: a comma after the last entry, a missing "
        "comma or quote on the line before, a comment. `python -m json.tool FILE` points at the "
        "place too."
    ),
    "remedy:json-trailing-comma": N_(
        "Take out the comma at the end of line {at} of {file}: JSON allows none after the last entry."
    ),
    "remedy:json-missing-comma": N_("Put a comma at the end of line {at} of {file}."),
    "remedy:json-comment": N_("Take the comment in line {at} out of {file}: JSON has none."),
    "remedy:json-single-quotes": N_(
        "From line {at} of {file} on, write double quotes in place of single ones: JSON allows only double quotes."
    ),
    "remedy:json-python-word": N_("Write `{meant}` in place of `{written}` in line {at} of {file}."),
    "remedy:json-cut-off": N_("{file} ends too early, so it was not written or downloaded whole: get it again."),
    "remedy:json-empty": N_("{file} is empty: get it again."),
    "remedy:json-bom": N_(
        "{file} begins with a byte order mark (BOM), which JSON does not have: save it as UTF-8 without one."
    ),
    "cause:not-utf-8": N_("{file} is not UTF-8 text, so it can't be read as JSON."),
    "remedy:write-utf-8": N_("Save {file} as UTF-8 without a byte order mark; some editors on Windows write UTF-16."),
    "cause:json-no-object": N_(
        "{file} is valid JSON but not an object: it holds {value}, and the library looks up keys in it."
    ),
    "remedy:write-object": N_(
        'Write an object into {file}, `{{"model_type": "…", …}}`, or get the file again from where the '
        "model is published."
    ),
    "cause:config-missing": N_(
        "There is no config.json in {in}, so the library can't know what kind of model this is."
    ),
    "remedy:write-config": N_(
        "Put the model's config.json into the directory, or load the directory that holds it: "
        "weights saved with `torch.save` or `safetensors` alone come without one, "
        "`model.save_pretrained(DIR)` writes it."
    ),
    "cause:model-not-found": N_(
        "“{model}” is not a directory here, and as the name of a hub model it could not be read: it does not "
        "exist, is private, or the hub can't be reached and the model is not in the cache."
    ),
    "remedy:name-or-download": N_(
        "Check the spelling of “{model}”. If it is a hub model, download it while online (`hf download "
        "{model}`) and log in if it is private; if it is a directory, give its path."
    ),
    "cause:hub-gated": N_(
        "“{model}” is a gated model: the hub gives {file} only to accounts that have accepted its terms, and it was "
        "asked without a token, or with one that it does not accept."
    ),
    "remedy:accept-and-log-in": N_(
        "Accept the terms on the page of “{model}”, then log in on this machine (`hf auth login`) or set `HF_TOKEN`, "
        "and load again."
    ),
    "cause:hub-not-admitted": N_(
        "“{model}” is a gated model, and the account whose token was used may not read {file}: access was not asked "
        "for, or not granted yet."
    ),
    "remedy:ask-access": N_(
        "Ask for access on the page of “{model}” with the account that this token belongs to. A token of limited "
        "scope must also allow gated repositories."
    ),
    "cause:hub-no-repository": N_(
        "The hub shows no model “{model}” to whoever asked: it does not exist, or it is private."
    ),
    "remedy:name-or-log-in": N_(
        "Check owner and name of “{model}”. If it is private, log in with an account that may read it "
        "(`hf auth login`, or `HF_TOKEN`); if it is a directory, give its path."
    ),
    "cause:hub-no-revision": N_(
        "“{model}” is on the hub and has no revision “{revision}”: no branch, tag or commit is called that."
    ),
    "remedy:existing-revision": N_(
        "Leave `revision` out for the main branch, or take one from the page of “{model}”: a branch, a tag, or all 40 "
        "digits of a commit."
    ),
    "cause:hub-not-asked": N_(
        "{file} of “{model}” is not in the cache of this machine, and the hub was not asked because of `{setting}`."
    ),
    "remedy:load-online-once": N_(
        "Load once without `{setting}`, or download it on a machine that is online (`hf download {model}`) and copy "
        "the cache. If another cache has it, name that one with `HF_HOME` or `HF_HUB_CACHE`."
    ),
    "cause:hub-unreachable": N_(
        "The hub could not be reached at {endpoint}, and {file} of “{model}” is not in the cache of this machine."
    ),
    "remedy:reach-hub": N_(
        "Check the network, the proxy (`HTTPS_PROXY`) and the mirror (`HF_ENDPOINT`), and load again; or copy the "
        "model from a machine that has it and give its directory."
    ),
    "cause:hub-token-refused": N_(
        "{endpoint} did not accept the token that it was asked with for {file} of “{model}”: it is wrong or expired."
    ),
    "remedy:renew-token": N_(
        "Log in again (`hf auth login`) or set `HF_TOKEN` to a valid token; without any, public models load too."
    ),
    "cause:hub-error": N_("{endpoint} answered with error {status} when it was asked for {file} of “{model}”."),
    "remedy:try-later": N_(
        "Load again a little later: what has arrived is kept. If the error stays, ask whoever runs {endpoint}."
    ),
    "remedy:ask-less-often": N_(
        "Too much was asked in a short time. Load again in a few minutes; accounts that are logged in "
        "(`hf auth login`) may ask for more."
    ),
    "cause:hub-not-a-hub": N_(
        "What answered at {endpoint} is not a hub: its answer about {file} of “{model}” does not name a commit. A "
        "proxy, the login page of a network or a wrong mirror answers like that."
    ),
    "remedy:check-endpoint": N_(
        "Open {endpoint} in a browser on this machine, check `HF_ENDPOINT` and the proxy, and load again."
    ),
    "cause:hub-cut": N_("The connection broke off while {file} of “{model}” was downloaded."),
    "cause:hub-other-size": N_(
        "What arrived as {file} of “{model}” has another size than the hub says: the download was cut, or something on "
        "the way changed it."
    ),
    "remedy:download-whole": N_(
        "Load again: what has arrived is kept and the rest is fetched. If it happens again, download it first "
        "(`hf download {model}`), which says more of each try."
    ),
    "cause:hub-no-config": N_(
        "“{model}” is on the hub and has no config.json, so the library can't know what kind of model it is."
    ),
    "remedy:repository-with-config": N_(
        "Look at the files on the page of “{model}”: the model may be in a folder (`subfolder`), or the repository "
        "holds another form of it (GGUF, weights alone), and another repository has the one for transformers."
    ),
    "cause:weights-missing": N_(
        "No weights in {in}: none of the file names that the library looks for is there ({names})."
    ),
    "remedy:weights-here": N_(
        "Put the weights there under one of these names, or with an index beside several shards. "
        "To look at the model without weights: `--weights random`."
    ),
    "cause:shard-missing": NP_(
        "The index of the weights names {count} file, and {file} is not there (read before it: {read}).",
        "The index of the weights names {count} files, and {file} is not there (read before it: {read}).",
    ),
    "cause:shards-missing": N_("The index of the weights names {count} files, and these are not there: {files}."),
    "remedy:download-all-again": N_(
        "Get all of these files again (`hf download MODEL`, or `git lfs pull` in a clone) and compare "
        "their sizes and SHA-256 with what the hub shows."
    ),
    "cause:shard-gguf": NP_("{files} is a GGUF file under another name.", "{files} are GGUF files under other names."),
    "remedy:gguf-by-name": N_(
        'Rename it so that it ends in `.gguf`, and load it with `gguf_file="NAME.gguf"` (needs `pip install gguf`).'
    ),
    "cause:weights-variant": N_(
        "No weights in {in} under the usual names; there is a variant of them, “{variant}”: {files}."
    ),
    "remedy:ask-for-variant": N_(
        'Load with `variant="{variant}"` (here `--kwarg variant={variant}`), or take “.{variant}” out of the file '
        "names."
    ),
    "cause:variant-absent": N_(
        "The variant “{variant}” was asked for, and {in} has no weights of it; what it has is {files}."
    ),
    "remedy:leave-variant": N_("Leave `variant` out, or download the variant if the model's page has it."),
    "cause:index-absent": N_(
        "The weights are in {count} files ({files}), and the index that says which tensor is in which file, {name}, is "
        "not there."
    ),
    "remedy:get-index": N_("Download {name} from the model's page into the folder of these files."),
    "cause:pickle-not-wanted": N_("`use_safetensors=True` asks for .safetensors files, and {in} has only {files}."),
    "remedy:leave-use-safetensors": N_(
        "Leave `use_safetensors` out, or save the weights as .safetensors with `model.save_pretrained(DIR)`."
    ),
    "cause:safetensors-not-wanted": N_(
        "`use_safetensors=False` forbids .safetensors files, and {in} has only {files}."
    ),
    "remedy:leave-use-safetensors-false": N_("Leave `use_safetensors` out."),
    "cause:weights-gguf": N_(
        "The weights in {in} are in GGUF files ({files}), which the library reads only if one is named."
    ),
    "remedy:ask-for-gguf": N_(
        'Load with `gguf_file="{file}"` (here `--kwarg gguf_file={file}`), which needs `pip install gguf`.'
    ),
    "cause:weights-elsewhere": N_(
        "No weights in {in} under a name that the library looks for; there is {files}, under another name."
    ),
    "remedy:rename-weights": N_(
        "If these are the weights, give the file a name that the library looks for ({name}); if they are in the "
        "format of another program, take the model's weights for transformers from its page."
    ),
    "cause:weights-in-subfolder": N_("No weights in {in} itself; there are some in its folder {folder}: {files}."),
    "remedy:ask-for-subfolder": N_(
        'Load with `subfolder="{folder}"` (here `--kwarg subfolder={folder}`), or load that folder.'
    ),
    "cause:shard-truncated": N_(
        "{file} is cut off: its header promises more than the file holds. A download or copy "
        "that broke off leaves such a file."
    ),
    "cause:shard-not-safetensors": N_(
        "{file} is not a safetensors file: it does not begin with a header that can be read. A pointer of Git LFS "
        "(a few lines of text) or an error page saved under that name looks like this."
    ),
    "cause:shard-damaged": N_("{file} can't be read: {message}"),
    "cause:file-is-pointer": NP_(
        "{file} is a Git LFS pointer, a few lines of text that stand in for the file, not the file itself.",
        "{file} is a Git LFS pointer, a few lines of text that stand in for the file, not the file "
        "itself. The files affected: {names}.",
    ),
    "cause:file-is-page": NP_(
        "{file} is a web page saved under that name, not the file itself.",
        "{file} is a web page saved under that name, not the file itself. The files affected: {names}.",
    ),
    "cause:file-is-empty": NP_("{file} is empty.", "{file} is empty. The files affected: {names}."),
    "remedy:fetch-files-themselves": NP_(
        "Run `git lfs pull` in the clone, or download the file again: `hf download MODEL {file}`.",
        "Run `git lfs pull` in the clone, or download {file} and the others again: `hf download MODEL`.",
    ),
    "cause:shard-other-zip": N_(
        "{file} is a zip archive, but not one of weights: torch finds none of the entries that `torch.save` writes."
    ),
    "cause:shard-truncated-bin": N_("{file} is cut off or empty: torch can't find the end of its archive."),
    "cause:torch-too-old": N_(
        "transformers {release} reads pickle files such as {files} only with torch 2.6 or later, because "
        "of a vulnerability in `torch.load` (CVE-2025-32434); torch {torch} is installed."
    ),
    "remedy:newer-torch-or-safetensors": N_(
        "`pip install --upgrade 'torch>=2.6'`, or take the model's weights as `.safetensors`: its page may have them, "
        "and with a newer torch `model.save_pretrained(DIR)` writes them."
    ),
    "cause:offload-folder-missing": N_(
        "The device map offloads some of the weights to disk, and the call names no folder for them."
    ),
    "remedy:give-offload-folder": N_(
        '`offload_folder="offload"` in the call (here `--kwarg offload_folder=offload`), or a `device_map` without '
        "“disk” on a machine with more memory."
    ),
    "cause:format-not-named": N_(
        "The header of {file} does not say which framework wrote it, and transformers 4 does not read "
        'such files: its metadata lacks the entry `"format": "pt"`.'
    ),
    "remedy:name-format": N_(
        'Write the file again with the entry: `save_file(load_file(FILE), FILE, metadata={{"format": "pt"}})`, both of '
        "`safetensors.torch`. Transformers 5 reads it as it is."
    ),
    "remedy:download-again": N_(
        "Get {file} again (`hf download MODEL`, or `git lfs pull` in a clone) and compare its size and "
        "SHA-256 with what the hub shows."
    ),
    "cause:weights-of-format": N_(
        "The weights in {in} are in the format of {format} ({files}), and transformers {release} was to load PyTorch "
        "weights (model.safetensors or pytorch_model.bin), of which there are none."
    ),
    "remedy:convert-weights": N_(
        "Take the PyTorch weights from the model's page, or convert these where {format} and transformers 4 are "
        "installed: `AutoModel.from_pretrained(DIR, {argument}=True).save_pretrained(OUT)`. Transformers 5 does not "
        "read {format} weights."
    ),
    "remedy:run-elsewhere": N_(
        "Take the PyTorch weights from the model's page. Files of {format} are run by its own runtime; the package "
        "`optimum` has classes that use it as transformers does."
    ),
    "cause:link-broken": N_("{file} is a symbolic link that leads nowhere: the file it points to is not there."),
    "remedy:copy-files": N_(
        "Copy the files themselves and not the links to them (`cp -rL`), or download the model into the directory "
        "(`hf download MODEL --local-dir DIR`). In the hub's cache the files of a model are links into "
        "its folder `blobs`."
    ),
    "cause:config-in-subfolder": NP_(
        "There is no config.json in {in} itself; there is one in its folder {folder}.",
        "There is no config.json in {in} itself; these folders in it have one: {folders}.",
    ),
    "remedy:load-subfolder": N_("Load the folder that has it: give the path of the directory with `/{folder}` added."),
    "cause:pipeline-of-diffusers": N_(
        "{in} is a pipeline of diffusers, which has a model_index.json and no config.json of its own."
    ),
    "remedy:load-pipeline": N_(
        "Load it with `DiffusionPipeline.from_pretrained(DIR)` of the package diffusers, or one of its models that "
        "transformers has, each from its folder: {folders}."
    ),
    "remedy:load-whole-pipeline": N_("Load it with `DiffusionPipeline.from_pretrained(DIR)` of the package diffusers."),
    "cause:weights-as-published": N_(
        "There is no config.json in {in}: it has the weights in the form of their publisher's own code ({names}), "
        "which transformers does not read."
    ),
    "remedy:take-converted": N_(
        "Take the version of this model that is made for transformers (its page names it, often with “-hf”), or "
        "convert these files with the script `convert_…_weights_to_hf.py` that transformers has for the architecture."
    ),
    "cause:path-not-there": N_(
        "“{path}” is not a directory here, and it can't be the name of a hub model either, which has the form "
        "`NAME` or `OWNER/NAME`."
    ),
    "remedy:correct-path": N_(
        "Check the path: its spelling, and, if it is relative, the working directory, where it begins. If "
        "a hub model was meant, give its name alone."
    ),
    "cause:path-of-file": N_(
        "“{path}” was given, which looks like the path of a file. What is loaded is the directory, with config.json "
        "and all the rest."
    ),
    "remedy:give-directory": N_("Give the directory that holds the file: `{folder}`."),
    "cause:shard-has-objects": N_(
        "{file} holds more than tensors: objects of {names}. The library reads such files with "
        "`torch.load(weights_only=True)`, which makes no other objects, because doing so can run code."
    ),
    "remedy:save-tensors-alone": N_(
        "If you trust the file, read it with `torch.load(FILE, weights_only=False)` and save the tensors alone: "
        "`torch.save(model.state_dict(), …)` for a whole model, the dictionary without its other entries for a "
        "checkpoint; better still with `safetensors.torch.save_file`."
    ),
    "cause:shard-dtype-unknown": N_(
        "A tensor in {file} has the dtype {dtype}, which the installed safetensors {release} does not know."
    ),
    "remedy:upgrade-safetensors": N_(
        "Install a newer safetensors (`pip install --upgrade safetensors`), and a torch that has this dtype. If the "
        "newest does not know {dtype} either, another program wrote the file for itself: take the weights for "
        "transformers."
    ),
    "cause:index-lacks-entry": N_("{file} is not an index of weights: it has no entry `{key}`."),
    "cause:checkpoint-nested": N_(
        "{file} does not hold tensors by name alone: an entry of it is of the type `{type}`. A checkpoint saved in "
        "training is like this, with the weights one level deeper, beside a number of epochs, say."
    ),
    "surprise:adapter-unused": N_(
        "The adapter has no effect: none of its tensors fits the base. They are called {there}, and what they were to "
        "fill is called {names}; that is newly initialised, as if the adapter had not been trained."
    ),
    "remedy:names-of-adapter": N_(
        "The adapter belongs to another model, or its tensors were saved under other names than peft's, which begin "
        "with `base_model.model.` and the model's own path. Name the model that it was trained on, or rename its "
        "tensors."
    ),
    "surprise:checkpoint-without-tensors": N_(
        "{file} has no tensors by name, so all {count} parameters are newly initialised, with random numbers. A "
        "checkpoint saved in training is often like this, with the weights one level deeper."
    ),
    "remedy:take-inner-dictionary": N_(
        "Look at its keys (`torch.load(FILE, map_location='cpu').keys()`), and save the inner dictionary that has the "
        'tensors in a file of its own, under the same name: `torch.save(checkpoint["model"], FILE)`, for example.'
    ),
    # the directory's own code
    "cause:class-file-missing": N_("`auto_map` asks for {reference}, and there is no file {file} in the directory."),
    "remedy:name-class-file": N_(
        "Put {file} into the directory. If the file is there under another name, write that name "
        'in config.json: `"auto_map": {{"{auto_class}": "FILE.{class}"}}` (FILE without “.py”).'
    ),
    "cause:class-missing": N_("`auto_map` asks for {reference}, and {module}.py defines nothing named {class}."),
    "remedy:name-class": N_(
        'Look up the class in {module}.py and write its name in config.json: `"auto_map": '
        '{{"{auto_class}": "{module}.CLASS"}}`.'
    ),
    "remedy:name-found-file": N_(
        'The directory has {found}: if that is the file, write in config.json `"auto_map": {{"{auto_class}": '
        '"{meant}"}}`. Otherwise put {file} into the directory.'
    ),
    "remedy:name-found-class": N_(
        'Write in config.json `"auto_map": {{"{auto_class}": "{meant}"}}`, if that is the class that is meant.'
    ),
    "cause:auto-map-not-object": N_(
        "`auto_map` in {config} is `{written}`, of the type `{type}`. It has to be an object that gives each auto "
        "class a reference, such as {auto_class}."
    ),
    "remedy:write-auto-map": N_(
        'Write `"auto_map": {{"{auto_class}": "FILE.CLASS"}}` in {config}, with FILE without “.py”, and an entry for '
        "each auto class that is to load the model; or take `auto_map` out, if the library's own classes are meant."
    ),
    "cause:reference-not-text": N_(
        "The entry “{auto_class}” of `auto_map` in {config} is `{written}`, of the type `{type}`. It has to be a "
        "string of the form `FILE.CLASS`."
    ),
    "cause:reference-without-dot": N_(
        "The entry “{auto_class}” of `auto_map` in {config} is `{written}`. It has to name a file and a "
        "class, with a dot between them: `FILE.CLASS`."
    ),
    "cause:reference-with-ending": N_(
        "The entry “{auto_class}” of `auto_map` in {config} is `{written}`. The file has to be named "
        "without its extension: the only dot allowed is the one between file and class."
    ),
    "cause:reference-with-dots": N_(
        "The entry “{auto_class}” of `auto_map` in {config} is `{written}`. It has {count} dots, and "
        "there can be only the one between file and class: `FILE.CLASS`."
    ),
    "cause:reference-repositories": N_(
        "The entry “{auto_class}” of `auto_map` in {config} is `{written}`. It has “--” more than once; "
        "only the one between repository and file is allowed."
    ),
    "remedy:write-reference": N_('Write in {config} `"auto_map": {{"{auto_class}": "{reference}"}}`.'),
    "cause:reference-into-folder": N_(
        "The entry “{auto_class}” of `auto_map` is `{text}`, a file in the folder {folder}, and "
        "transformers {release} can't copy code out of a folder into the modules cache."
    ),
    "remedy:move-to-top": N_(
        "Put {file} and the files that it imports into the model's top folder, and write `{reference}` in config.json."
    ),
    "cause:tokenizer-entry-not-pair": N_(
        "The entry “AutoTokenizer” of `auto_map` in {config} is `{written}`, of the type `{type}`. It has "
        "to be a list of two: the slow tokenizer and the fast one, with `null` for one that does not "
        "exist."
    ),
    "remedy:write-pair": N_('Write in {config} `"auto_map": {{"AutoTokenizer": ["{reference}", null]}}`.'),
    "cause:class-repository-missing": N_(
        "`auto_map` takes {class} from another repository, {repository}, and its {file} could not be fetched: it "
        "is not in the hub cache, and the hub was not reached or does not have it."
    ),
    "remedy:fetch-repository": N_(
        "Load once with access to the hub, or fetch it: `hf download {repository}`. If you have "
        "its code, put {file} into the directory and write `{module}.{class}` without "
        "`{repository}--`."
    ),
    "remedy:fetch-repository-or-stay": N_(
        "There is a {file} in the directory too: if that is the code that is meant, write `{module}.{class}` in "
        "config.json, without `{repository}--`. Otherwise load once with access to the hub, or fetch the "
        "repository: `hf download {repository}`."
    ),
    "cause:package-missing": N_("{file} imports {names}, which is not installed in this Python."),
    "remedy:install-packages": N_(
        "`pip install {packages}`. If the model runs without it, put the import inside `try: … "
        "except ImportError:`, which the check leaves out."
    ),
    "remedy:find-packages": N_(
        "Look up on the model's page what has to be installed. Do not guess: an import name is not always a "
        "package's name, and a package that merely has this name may be someone else's. If the model runs without "
        "it, put the import inside `try: … except ImportError:`, which the check leaves out."
    ),
    "cause:package-fails": N_("{file} imports {package}, which is installed but can't be imported here: {message}"),
    "remedy:match-package": N_(
        "Install releases of {package} and the other packages that go together: see the model's page for those "
        "that its code was written with. If the model runs without {package}, put the import inside `try: … except "
        "ImportError:`, which the check leaves out."
    ),
    "cause:sibling-absolute": N_(
        "{file} imports {modules} as if it were an installed package; it is a file of the same directory."
    ),
    "cause:sibling-and-package": N_(
        "{file} imports {modules} as if it were an installed package; it is a file of the same "
        "directory. It also imports {names}, which is not installed in this Python."
    ),
    "remedy:import-relatively": N_(
        "Write the import in {file} with a dot: `from .{module} import …`. Only then is "
        "{module}.py copied along. There is nothing to install, whatever the message says."
    ),
    "remedy:import-relatively-first": N_(
        "Write the import in {file} with a dot: `from .{module} import …`. Only then is "
        "{module}.py copied along. Then look up on the model's page what brings {names}, or put "
        "that import inside `try: … except ImportError:` if the model runs without it."
    ),
    "cause:relative-import-missing": N_("{by} imports `.{module}`, and there is no file {file} in the directory."),
    "remedy:add-file": N_(
        "Put {file} beside {by}; the model's code is not complete without it. Download the whole "
        "repository rather than single files."
    ),
    "cause:import-not-copied": N_(
        "{file} was not copied into the modules cache: {by} imports it, and transformers 4 copies only what {main} "
        "itself imports."
    ),
    "remedy:import-in-main-file": N_(
        "Add `from .{module} import {name}` to {main}, the file that `auto_map` names, so that {file} is copied too; "
        "or use transformers 5, which follows the imports to their end."
    ),
    "cause:stale-copy": N_(
        "The name {name} was looked for in a stale copy of {file}: this load did not refresh "
        "that file in the modules cache, it was left there by an earlier load."
    ),
    "cause:stale-importer": N_(
        "The copy of {file} in the modules cache imports {name} from {from}, and the directory's {file} does not: it "
        "is a stale copy that an earlier load left there."
    ),
    "remedy:clear-copy": N_(
        "Delete the copy: the folder `transformers_modules` in the modules cache "
        "(`HF_MODULES_CACHE`, normally ~/.cache/huggingface/modules) is made again by the next "
        "load. So that {file} is always refreshed, import it in the file that `auto_map` names."
    ),
    "cause:sibling-name-missing": N_("The code imports {name} from {file}, and that file does not define it."),
    "remedy:define-name": N_(
        "Get all files of the model from one revision (download all of them again), or define {name} in {file}."
    ),
    "cause:library-name-gone": N_(
        "The code imports {name} from {module}, and the installed release has no such name: it "
        "was written for another release of {package}."
    ),
    "remedy:other-release": N_(
        "See `transformers_version` in config.json and the model's page for the release it was "
        "written for, and install that one; or write the code without {name}."
    ),
    "cause:not-python": N_("{file} is not valid Python: line {line}: {message}"),
    "remedy:repair-line": N_(
        "Repair line {line} of {file}. If the file is as published, it may need a newer Python than the one in use."
    ),
    "cause:own-code-raised": N_(
        "The directory's own code raised it: {file}, line {line}, in {function}: `{statement}`. "
        "Why it does so is not known here; the message is its own."
    ),
    "remedy:look-at-code": N_("Look at the steps of {function} up to line {line}: they show its variables."),
    "cause:own-code-failed": N_(
        "{error} came up in the directory's own code: {file}, line {line}, in {function}: "
        "`{statement}`. Why is not known here."
    ),
    "cause:own-code-called": N_(
        "{raiser} raised it, in {raiser_file}, line {raiser_line}: `{raiser_statement}`. The directory's own code "
        "had called it: {file}, line {line}, in {function}: `{statement}`. Why it fails is not known here."
    ),
    "cause:own-code-or-called": N_(
        "{error} was first seen in {file}, line {line}, in {function}, at the statement "
        "`{statement}`, which calls {calls}. Whether the statement itself raised it, or "
        "something that it calls, is not recorded."
    ),
    # own classes, names and devices
    "cause:path-of-config-absent": N_(
        "config.json gives `{key}` as {path}, which {file}, line {line}, loads: `{statement}`. There is no such "
        "directory on this machine, and the hub has no such names."
    ),
    "remedy:write-other-path": N_(
        "Write into config.json, as `{key}`, where that is here, or the name that it has on the hub."
    ),
    "cause:path-of-code-absent": N_(
        "{file}, line {line}, loads {path}: `{statement}`. There is no such directory on this machine, and the hub has "
        "no such names."
    ),
    "remedy:give-other-path": N_("Give the path that it has here, or its name on the hub, in line {line} of {file}."),
    "cause:file-of-hub-absent": N_(
        "{file}, line {line}, downloads {name} from the hub repository {repository}: `{statement}`. It is not in the "
        "cache of this machine, and it could not be fetched."
    ),
    "remedy:download-it": N_(
        "Go online, or download it before: `hf download {repository} {name}`. If it is private, log in."
    ),
    "cause:download-fails": N_(
        "{file}, line {line}, downloads something from the hub: `{statement}`. It is not in the cache of this machine, "
        "and it could not be fetched."
    ),
    "remedy:go-online": N_("Go online, or download it before; if it is private, log in."),
    "cause:pickle-refused": N_(
        "{file}, line {line}, reads a file that has other objects in it than tensors: `{statement}`. From torch 2.6 on "
        "`torch.load` reads only tensors, unless it is told otherwise; here is torch {torch}."
    ),
    "remedy:weights-only-false": N_(
        "If you trust the file, for a pickle can run anything: `torch.load(…, weights_only=False)`. Otherwise save "
        "what is in it as safetensors or JSON."
    ),
    "cause:returns-another-count": N_(
        "{file}, line {line}, takes {wanted} values of {function}, and in transformers {release} it returned {got}: "
        "`{statement}`"
    ),
    "cause:returns-more": N_(
        "{file}, line {line}, takes {wanted} values of {function}, and in transformers {release} it returned more: "
        "`{statement}`"
    ),
    "remedy:unpack-as-returned": N_(
        "Take as many values as it returns, see {function} in transformers {release}; or install the release that the "
        "code was written for, see `transformers_version` in config.json and the model's page."
    ),
    "cause:base-lacks": N_(
        "{file}, line {line}, calls `self.{name}()`, which neither {class} nor the model's other code defines, and "
        "its base, {base} of transformers {release}, does not have it: the code was written for another release."
    ),
    "cause:base-lacks-written": N_(
        "{file}, line {line}, calls `self.{name}()`, which neither {class} nor the model's other code defines, and "
        "its base, {base} of transformers {release}, does not have it: the code was written for another release. The "
        "model was saved with {written}, says config.json."
    ),
    "remedy:copy-from-release": N_(
        "Install the release that the code was written for (`transformers_version` in config.json, or the model's "
        "page), take a newer version of the code, or copy `{name}` from that release into {class}."
    ),
    "cause:rope-scaling-always": N_(
        "{file} line {line} takes a `rope_scaling` that is there for one of 4.x, with the key `{key}`: `{statement}`. "
        "Up to transformers 4 it is None where config.json scales nothing; from 5.0 on `rope_scaling` is "
        '`rope_parameters`, always a dictionary, and has the `rope_type` "default" where nothing is scaled.'
    ),
    "cause:rope-scaling-keys": N_(
        "{file} line {line} looks for `{key}` in `rope_scaling`: `{statement}`. From transformers 5.0 on that is "
        "`rope_parameters`, made of what config.json says ({said}), and its keys are `rope_type`, `rope_theta` and "
        "those of the type."
    ),
    "remedy:rope-type-default": N_(
        'Read `rope_type`, and take "default" for no scaling: `scaling = config.rope_scaling or {{}}`, '
        '`kind = scaling.get("rope_type", scaling.get("type", "default"))`. Or install the release that the code was '
        'written for: `pip install "transformers<5"`.'
    ),
    "cause:argument-gone": N_(
        "{name}={value} reached the constructor of {class}: transformers {release} has no argument `{name}` any more."
    ),
    "remedy:argument-instead": N_("Give `{instead}` instead of `{name}`, or leave it out."),
    "cause:package-name-gone": N_(
        "{file}, line {line}, uses {thing}, which the installed {package} {version} does not have; the code was "
        "probably written for another release of {package}. `{statement}`"
    ),
    "cause:package-name-absent": N_(
        "{file}, line {line}, uses {thing}, and {package} has no such name in the release that is installed here. "
        "`{statement}`"
    ),
    "remedy:other-name-or-release": N_(
        "Write {instead} in line {line} of {file}. Or install a release of {package} that still has {thing}; the "
        "model's page may say which."
    ),
    "remedy:other-name": N_(
        "Write line {line} of {file} without it, take a newer version of the code from the model's page, or install "
        "the release of {package} that it was written for."
    ),
    "remedy:other-release-or-name": N_(
        "Write {instead} in its place. Or see the model's page for the release of {package} that the code was written "
        "for, and install that one."
    ),
    "cause:cuda-in-code": N_(
        "{file}, line {line}, wants a GPU, and torch {torch} has none here, or is a build without CUDA: `{statement}`"
    ),
    "remedy:device-of-inputs": N_(
        "Put the tensor where the model is, `.to(self.device)` or `.to(input_ids.device)` in place of `.cuda()`; or "
        "run it on a machine with a GPU and a build of torch for CUDA."
    ),
    "cause:cuda-asked": N_("`{given}` asks for a GPU, and torch {torch} has none here, or is a build without CUDA."),
    "remedy:other-device": N_(
        'Leave `{name}` out, or say `{name}="cpu"`; for a GPU, install a build of torch for CUDA and its driver.'
    ),
    "cause:saved-on-cuda": N_(
        "{file}, line {line}, reads a file whose tensors were saved on a GPU, and torch {torch} has none here: "
        "`{statement}`"
    ),
    "remedy:map-location": N_('Read it with `torch.load(…, map_location="cpu")`.'),
    "cause:attention-not-in-table": N_(
        "{file}, line {line}, looks the attention implementation “{implementation}” up in {table}, which has "
        "{names} only."
    ),
    "cause:attention-not-in-some-table": N_(
        "{file}, line {line}, looks the attention implementation “{implementation}” up in {table}, which does not "
        "have it."
    ),
    "remedy:attention-of-table": N_(
        'Load with `attn_implementation="{name}"`, or add an entry “{implementation}” to {table} in {file}.'
    ),
    "cause:type-taken": N_(
        "{file}, line {line}, registers the model type “{model_type}”, which transformers {release} has itself: "
        "`{statement}`"
    ),
    "cause:type-taken-since": N_(
        "{file}, line {line}, registers the model type “{model_type}”, which transformers has itself since {since}: "
        "`{statement}`"
    ),
    "remedy:register-otherwise": N_(
        "Take the line out if the library's class will do, or let yours take its place: `register(…, exist_ok=True)`. "
        "Or give the class another `model_type`, in config.json too."
    ),
    "cause:type-registered-differs": N_(
        "{file}, line {line}, registers a configuration class as “{given}”, and the class says `model_type = "
        '"{own}"`: `{statement}`'
    ),
    "remedy:register-own-type": N_(
        "Write the same in both places: register it as “{own}”, or correct `model_type` in the class; config.json has "
        "to say the same."
    ),
    "cause:model-type-newer": N_(
        "config.json has the model type “{model_type}”, which transformers has from {since} on; {release} is installed."
    ),
    "cause:model-type-removed": N_(
        "config.json has the model type “{model_type}”, which transformers {release} does not have any more: {until} "
        "is the last release with it."
    ),
    "remedy:release-of-type": N_(
        'Install that release: `pip install "transformers=={until}.*"`. Newer ones need code of its own in the '
        "directory, with an `auto_map`."
    ),
    "cause:config-takes-no-rest": N_(
        "`{class}.__init__` ({file}) has no `**kwargs`, and the library gives a configuration every key "
        "of config.json, and some of its own: it does not take `{name}`."
    ),
    "remedy:take-rest": N_(
        "Give `{class}.__init__` the parameter `**kwargs`, and hand it on: `super().__init__(**kwargs)`."
    ),
    "cause:sets-property": N_(
        "{file}, line {line}, sets `{name}`, which is a property of the library's base class and can't be set: "
        "`{statement}`"
    ),
    "cause:sets-own-property": N_(
        "{file}, line {line}, sets `{name}`, which {class} itself makes a property without a setter: `{statement}`"
    ),
    "remedy:other-attribute-name": N_(
        "Remove the line if the property's own value will do, or give the attribute another name wherever the code "
        "uses it."
    ),
    "cause:not-pretrained": N_(
        "{class} ({file}) derives from {base} and not from `PreTrainedModel`, so it has no "
        "`from_pretrained` and the like: {name} is missing."
    ),
    "remedy:inherit-pretrained": N_(
        "Write `class {class}(PreTrainedModel):` with `config_class`, `super().__init__(config)` in its constructor "
        "and `self.post_init()` at the end of it."
    ),
    "cause:base-built-too-late": N_(
        "{file}, line {line}, in the constructor of {class}, gives the model a part before the constructor of its base "
        "has run, which line {at} calls: `{statement}`"
    ),
    "cause:base-never-built": N_(
        "{file}, line {line}, in the constructor of {class}, gives the model a part, and the constructor of its base "
        "has not run: `{statement}`"
    ),
    "remedy:base-first": N_("Make `super().__init__(config)` the first line of `{class}.__init__` in {file}."),
    "cause:section-is-dictionary": N_(
        "{file} line {line} reads `{name}` of `config.{section}`, and that is a plain dictionary, as config.json has "
        "it: {class} makes no configuration of it."
    ),
    "remedy:build-section": N_(
        "Let `{class}.__init__` make one: `self.{section} = PretrainedConfig(**({section} or {{}}))`, or the class "
        'that is meant. Or read it as a dictionary: `config.{section}["{name}"]`.'
    ),
    "cause:rope-needs-name": N_(
        "config.json has `{key}`, for which transformers {release} reads `{name}` of the configuration ({function}), "
        "and {class} has not set it by then."
    ),
    "remedy:name-for-rope-first": N_(
        "In `{class}.__init__` in {file}, set `self.{name}` before line {line} calls the library's constructor; "
        "config.json gives its value, or else the parameter's default."
    ),
    "remedy:name-for-rope": N_(
        'Write `"{name}": …` into config.json, or let {class} set it, before the library\'s constructor is called.'
    ),
    "cause:embeddings-not-named": N_(
        "{class} does not say which module its input embeddings are, and {caller} asks for them."
    ),
    "remedy:name-embeddings": N_(
        "Give {class} the methods `get_input_embeddings(self)`, which returns that module, and "
        "`set_input_embeddings(self, value)`."
    ),
    # another release of the library
    "cause:release-gone": N_(
        "{file} uses what transformers {release} does not have: {things}. {thing} was removed in {gone}; {until} is "
        "the last release with it."
    ),
    "cause:release-gone-written": N_(
        "{file} uses what transformers {release} does not have: {things}. {thing} was removed in {gone}; {until} is "
        "the last release with it. The model was saved with {written}, says config.json."
    ),
    "cause:release-new": N_(
        "{file} uses what transformers {release} does not have yet: {things}. {thing} is new in {since}."
    ),
    "cause:release-new-written": N_(
        "{file} uses what transformers {release} does not have yet: {things}. {thing} is new in {since}. The model "
        "was saved with {written}, says config.json."
    ),
    "remedy:release-replace": N_(
        'Replace in the code: {replacements}. Or install a release that has it: `pip install "transformers<{gone}"`.'
    ),
    "remedy:release-remove": N_(
        "Remove it from the code: newer releases do not need anything in its place. Or install a release "
        'that has it: `pip install "transformers<{gone}"`.'
    ),
    "remedy:release-rewrite": N_(
        "Write the code without it, or copy it from release {until} into the model's code. Or install a release that "
        'has it: `pip install "transformers<{gone}"`.'
    ),
    "remedy:release-upgrade": N_(
        'Install a release that has it: `pip install "transformers>={since}"`. Or write the code without it.'
    ),
    "cause:package-on-condition": N_(
        "{file} imports {names} only if `{condition}` (line {line}), and the check that transformers {release} makes "
        "before it runs the file does not understand that condition: it counts the package as needed, and it is not "
        "installed."
    ),
    "cause:package-in-function": N_(
        "{file} imports {names} only inside a function (line {line}), and the check that transformers {release} makes "
        "before it runs the file counts such a package as needed; it is not installed."
    ),
    "remedy:import-inside-try": N_(
        "To run the model without it, wrap the import, where it is, in `try: … except ImportError: pass`: "
        "the check skips such imports. Otherwise install the package that provides {names}; look it up on "
        "the model's page."
    ),
    "cause:package-in-text": N_(
        "No statement of {file} imports {names}. The check in transformers {release} only searches the "
        "text of the file, and mistakes a line in a docstring or another string for an import."
    ),
    "remedy:reword-text": N_(
        "Reword the line of {file} that begins with `import {names}` or `from {names}`, so that it no "
        "longer does. There is nothing to install."
    ),
    "cause:module-missing-at": N_(
        "{file}, line {line}: `{statement}` needs {names}, which is not installed in this Python."
    ),
    "cause:module-missing-inside": N_(
        "{file}, line {line}: `{statement}` imports something that is installed and itself needs {names}, which is not "
        "installed in this Python."
    ),
    "cause:package-lacks": N_(
        "{file} imports {package}, which is installed, but can't be imported: it needs {names}, which is not installed."
    ),
    "cause:packages-fail": N_("{file} imports {package}, which are installed but can't be imported here. {message}"),
    "cause:package-fails-and-missing": N_(
        "{file} imports {package}, which is installed but can't be imported here: {message}. It also imports {names}, "
        "which is not installed in this Python."
    ),
    "cause:circular-import": N_(
        "{by} imports {name} from {file}, where it is not defined yet: the files import each other "
        "({names}), and {file} has run only as far as its own import statement."
    ),
    "remedy:third-file": N_(
        "Move {name} into a third file that both import, or import it in {by} inside the function that needs it."
    ),
    "cause:sibling-from-dot": N_(
        "`from . import {name}` does not bring {names} into the modules cache: the library looks for imports of the "
        "form `from .{name} import …` only."
    ),
    "remedy:import-from-file": N_("Write `from .{name} import …` with the names that are needed."),
    "remedy:import-from-other": N_("{home}.py defines {name}: write `from .{home} import {name}`."),
    "remedy:import-similar-name": N_(
        "{file} has a name like it, {meant}: write that, if it is meant. Otherwise get all files of the model from one "
        "revision (download all of them again)."
    ),
    "cause:relative-imports-missing": N_(
        "{by} imports `.{module}`, and these files are not in the directory: {names}."
    ),
    "remedy:add-files": N_(
        "Put these files into the directory: {names}. The model's code is not complete without them. Download the "
        "whole repository rather than single files."
    ),
    "cause:relative-import-beyond": N_(
        "{by} imports `{dots}{module}`, from outside the model's folder. Only files beside {by} are copied into the "
        "modules cache."
    ),
    "remedy:one-dot": N_("Put {module}.py beside {by} and write the import with one dot: `from .{module} import …`."),
    "cause:relative-import-folder": N_(
        "{by} imports from the folder {folder}, and the library copies only files that lie beside {by} into the "
        "modules cache."
    ),
    "remedy:out-of-folder": N_(
        "Move {file} out of {folder} to beside {by}, and write `from .{module} import …`. Do the same "
        "with the files that it imports."
    ),
    "remedy:import-found-file": N_(
        "The directory has {found}.py: if that is the file, write `from .{found} import …` in {by}. Otherwise put "
        "{file} beside {by}."
    ),
    "cause:code-is-pointer": N_(
        "{file} is a Git LFS pointer, a few lines of text that stand in for the file, not the code itself "
        "(pointers: {names})."
    ),
    "cause:code-is-page": N_("{file} is a web page saved under that name, and not the code itself ({names})."),
    "remedy:fetch-file-itself": N_(
        "Run `git lfs pull` in the clone, or download the file again (`hf download MODEL {file}`, or the “raw” link of "
        "the page)."
    ),
    "cause:newer-python": N_(
        "{file}, line {line}: `{statement}` is Python {since} or later, and this is Python {python}."
    ),
    "remedy:newer-python": N_("Use Python {since} or later, or write line {line} of {file} in the older form."),
    "cause:fails-at-import": N_("{file} raised {error} while it was being imported, at line {line}: `{statement}`"),
    "cause:fails-at-import-inside": N_(
        "{file}, line {line}: `{statement}` was running while the file was being imported, and what it calls raised "
        "{error}: {message}"
    ),
    "remedy:look-at-line": N_(
        "Look at line {line} of {file}: it runs as soon as the file is imported, before there is a model. "
        'Code that is only for trying the file out belongs under `if __name__ == "__main__":`.'
    ),
    "cause:name-undefined": N_(
        "{file}, line {line}, uses {name}, and the file neither defines it nor imports it where this line can see it: "
        "`{statement}`"
    ),
    "remedy:import-usual": N_("Write at the top of {file}: `{import}`."),
    "remedy:import-or-define": N_("Import or define {name} at the top of {file}; or correct its spelling."),
    "cause:name-imported-sometimes": N_(
        "{file}, line {line}, uses {name}, which line {there} imports from {module} only on a condition that did not "
        "hold here ({condition})."
    ),
    "remedy:define-otherwise": N_("Install what the condition asks for, or keep {file} from using {name} without it."),
    "cause:name-imported-in-try": N_(
        "{file}, line {line}, uses {name}, which line {there} imports from {module} inside `try`, and that did not "
        "succeed here."
    ),
    "remedy:import-or-do-without": N_("Make that import succeed, or keep {file} from using {name} without it."),
    "cause:name-defined-later": N_(
        "{file}, line {line}, uses {name} before the file has defined it, or defines it in a branch that did not run: "
        "`{statement}`"
    ),
    "remedy:define-before": N_("Define {name} above line {line} of {file}, in every branch."),
    "cause:neighbour-not-copied": N_(
        "{file}, line {line}, opens {name} beside its own file: `{statement}`. But the code runs from a copy in the "
        "modules cache, and only Python files are copied there."
    ),
    "remedy:open-in-directory": N_(
        'Open it in the model\'s repository: `cached_file(config.name_or_path, "{there}")` of `transformers.utils`, '
        "which takes a directory and a hub name. Or put what it holds into config.json or a Python file."
    ),
    "remedy:add-and-open": N_(
        "Put {name} into the model's directory, where it is missing too, and open it in the model's repository: "
        '`cached_file(config.name_or_path, "{name}")` of `transformers.utils`, which takes a directory and a hub name. '
        "Or put what it holds into config.json or a Python file."
    ),
    "cause:opened-in-working-folder": N_(
        "{file}, line {line}, opens {path}: `{statement}`. Such a path begins at the folder in which Python was "
        "started, and {there} lies in the model's directory."
    ),
    "cause:second-repository": N_(
        "{file}, line {line}, loads a second model, {repository}: `{statement}`. That one is not on this machine and "
        "could not be fetched ({missing} was looked for)."
    ),
    "remedy:fetch-second": N_(
        "Download it while online (`hf download {repository}`), or load online once. If it is a folder of yours, write "
        "its path in line {line} of {file}."
    ),
    "surprise:stale-code-ran": N_(
        "{file} ran from the modules cache: the copy that ran was left there by an earlier load, and "
        "differs from the file that the directory has now."
    ),
    "surprise:class-of-earlier-load": N_(
        "The model in {second} was built with the class that an earlier load had registered, from the "
        "code in {first}: the two folders have the same name and the same configuration code. These files "
        "differ, and those in {second} did not run: {names}."
    ),
    "surprise:module-of-earlier-load": N_(
        "The model in {second} ran with these files of {first}, a folder of the same name that was loaded earlier in "
        "this process: {names}. They were copied again, but not imported again."
    ),
    "remedy:other-folder-name": N_("Give the folders different names, or load each in a process of its own."),
    # which class
    "cause:unknown-model-type": N_(
        "config.json has the model type “{model_type}”, which transformers {release} does not "
        "know, and no `auto_map` that names code for it."
    ),
    "remedy:spell-or-upgrade": N_(
        "Check the spelling of `model_type`. If the architecture is newer than transformers {release}: `pip "
        'install --upgrade transformers`. If its code is in the directory, config.json needs `"auto_map"` to name '
        "it."
    ),
    "cause:no-model-type": N_(
        "config.json has no `model_type`, so transformers {release} can't tell which architecture it is."
    ),
    "remedy:write-model-type": N_(
        'Write it into config.json: `"model_type": "…"`, say `"bert"`. (4.x also guessed from the path; 5.x does not.)'
    ),
    "cause:auto-class-not-mapped": N_(
        "{auto_class} has no model for {class}: its own table lists none, and `auto_map` has no entry “{auto_class}”."
    ),
    "remedy:take-auto-class": N_(
        "Load with {best} (`--auto-class {best}`), which builds a {model} from it in transformers "
        "{release}. The auto classes there with an entry for this configuration: {auto_classes}."
    ),
    "remedy:take-class-itself": N_(
        "No auto class of transformers {release} builds a model from it. Load with the class itself: {architectures}."
    ),
    "remedy:take-mapped-auto-class": N_(
        "Load with an auto class that `auto_map` in config.json lists: {auto_classes} (`--auto-class NAME`). Or add an "
        'entry: `"auto_map": {{"{auto_class}": "FILE.CLASS"}}`.'
    ),
    "remedy:map-auto-class": N_(
        "Load with an auto class that `auto_map` in config.json lists (`--auto-class NAME`), or "
        'add an entry: `"auto_map": {{"{auto_class}": "FILE.CLASS"}}`.'
    ),
    "remedy:other-auto-class": N_(
        "Load with the auto class that goes with `architectures` in config.json (`--auto-class "
        "NAME`); the message lists what {auto_class} takes."
    ),
    "cause:config-class-missing": N_(
        "The class {class} does not say which configuration it is made from, and transformers 5 registers it by that."
    ),
    "cause:config-class-differs": N_(
        "{class} says `config_class = {own}`, and the configuration that `auto_map` names is a {config_class}."
    ),
    "remedy:write-config-class": N_(
        "Write this line into the body of {class} (or of its base): `config_class = {config_class}`."
    ),
    "cause:tokenizer-class-missing": N_(
        "tokenizer_config.json names the class {class}, which transformers {release} does not have."
    ),
    "remedy:name-tokenizer-class": N_(
        'Name a class that exists: `"tokenizer_class": "PreTrainedTokenizerFast"` fits every '
        'directory with a tokenizer.json. Code of the directory\'s own is named in `"auto_map": '
        '{{"AutoTokenizer": ["FILE.CLASS", null]}}`.'
    ),
    # trust
    "cause:trust-refused": N_(
        "The directory has code of its own that this model needs, and `trust_remote_code=False` forbids running it."
    ),
    "cause:trust-not-given": N_(
        "The directory has code of its own that this model needs, and it was not allowed to run: "
        "`trust_remote_code` was not given."
    ),
    "cause:code-changed": N_(
        "{file} is not the file that was agreed to, so it was not run: agreed to was sha256 {agreed}, found was {found}"
    ),
    "cause:code-not-shown": N_(
        "{file} was not among the files that were agreed to, so it was not run. Its sha256 is {found}"
    ),
    "cause:code-compiled": N_(
        "{file} is compiled code, which could not be shown, so it was not agreed to and was not run."
    ),
    "remedy:look-again": N_(
        "Load again: the code is shown as it is now, and you are asked again. Find out first who "
        "changed it; of a hub model, the hub may have a newer commit than the cache."
    ),
    "remedy:trust-remote-code": N_(
        "Read the directory's .py files. If you trust them: `--trust-remote-code` here, "
        "`trust_remote_code=True` in your own code, in each `from_pretrained`."
    ),
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
        "Leave `use_cache` out of `from_pretrained` and set it afterwards: `model.generation_config.use_cache = "
        "False`. From transformers 5 on it is a generation setting, even where config.json names it, and not an "
        "attribute of the configuration; code that needs it there has to set it itself, in `{config}.__init__`: "
        '`self.use_cache = kwargs.pop("use_cache", True)`.'
    ),
    "cause:attribute-gone-in-5": N_(
        "{file} line {line} reads `{name}` of {class}. Up to transformers 4 configurations had it ({default} by "
        "default); from 5 on they do not."
    ),
    "remedy:ask-with-default": N_(
        'Write in line {line}: `getattr(config, "{name}", {default})`. Or set it in the '
        'configuration class: `self.{name} = kwargs.pop("{name}", {default})`. Or install the '
        "4.x release the code was written for."
    ),
    "cause:attribute-missing": N_(
        "{file} line {line} reads `{name}` of {class}, and neither config.json nor the class sets it."
    ),
    "cause:attribute-nested": N_(
        "{file} line {line} reads `{name}` of {class}, which does not have it itself: config.json gives it inside "
        "`{nested}`."
    ),
    "remedy:ask-nested": N_(
        "Read it there: `config.{nested}.{name}`, or `config.get_text_config().{name}` if it is of the language model. "
        "Code that is not yours was written for another model, or another release, whose configuration has it outside."
    ),
    "remedy:write-attribute": N_(
        'Write it into config.json: `"{name}": …`, or give it a default in `{class}.__init__`.'
    ),
    "cause:attribute-missing-library": N_(
        "Code of transformers {release} reads `{name}` of its own {class}, and neither "
        "config.json nor the class sets it."
    ),
    "remedy:library-attribute": N_(
        "Compare config.json with the one that the model was published with. If they are the same, check whether "
        "another release of transformers loads it."
    ),
    "cause:trust-misspelt": N_(
        "The call gave `{name}={value}` and not `{meant}`: there is no argument `{name}`; `{meant}` was probably meant."
    ),
    "remedy:spell-trust": N_(
        "Read the directory's .py files. If you trust them, write `trust_remote_code=True` in the call in"
        " place of `{name}`."
    ),
    "remedy:spell-or-leave-out": N_(
        "Did you mean `{meant}`? Write that, or leave `{name}` out of the call. If the model is to know "
        "`{name}`, give {config} an attribute of that name, or `{class}.__init__` a parameter."
    ),
    # construction
    "cause:no-post-init": N_(
        "The constructor of {class} ({file}) never calls `self.post_init()`. That call sets `{name}` and other "
        "attributes, which transformers {release} reads of every model that it loads."
    ),
    "remedy:call-post-init": N_("Add `self.post_init()` as the last line of `{class}.__init__` in {file}."),
    "remedy:call-post-init-instead": N_(
        "In `{class}.__init__` in {file}, call `self.post_init()` as the last line in place of "
        "`self.init_weights()`: it initialises the weights as well."
    ),
    "cause:post-init-overridden": N_(
        "{class} has a `post_init` of its own ({file}, line {line}) that never calls the library's. That one sets "
        "`{name}` and other attributes, which transformers {release} reads of every model that it loads."
    ),
    "remedy:call-post-init-of-base": N_("Add `super().post_init()` to `{class}.post_init` in {file}."),
    "cause:tied-keys-no-dictionary": N_(
        "`_tied_weights_keys` of {base} ({file}, line {line}) is a {type}, the form of transformers 4: "
        "{names}. Transformers {release} wants a dictionary that maps the name of each tied parameter to "
        "the name of the one it shares its tensor with."
    ),
    "remedy:tied-keys-dictionary": N_("Write in line {line} of {file}: `_tied_weights_keys = {dictionary}`."),
    "remedy:tied-keys-dictionary-open": N_(
        "Write in line {line} of {file} `_tied_weights_keys = {dictionary}`, and for each key fill in the "
        "parameter that it shares its tensor with, usually the weight of the input embedding."
    ),
    "cause:numbers-on-meta": N_(
        "{file} line {line}, in the constructor of {class}, needs the numbers in a tensor: `{statement}`. The "
        "model is being built on the device “meta”, where a tensor has a shape and no numbers; transformers 5 builds "
        "every model so; late 4.x releases put the parameters of every model there, earlier ones only with "
        "`low_cpu_mem_usage` or `device_map`."
    ),
    "cause:mixed-with-meta": N_(
        "{file} line {line}, in the constructor of {class}, puts a tensor in memory and one on the device “meta” "
        "together: `{statement}`. The model is being built on meta, where a tensor has a shape and no numbers; "
        "transformers 5 builds every model so; late 4.x releases put the parameters of every model there, earlier ones "
        "only with `low_cpu_mem_usage` or `device_map`."
    ),
    "remedy:compute-without-meta": N_(
        "Compute it in plain Python (`math`, a Python list) instead of with tensors, or make all tensors of this "
        'computation on the CPU: `torch.arange(…, device="cpu")`. Below 5 only parameters are on meta: a plain tensor '
        "such as `torch.arange(…)` is made in memory."
    ),
    "cause:loads-while-built": N_(
        "{file} line {line}, in the constructor of {class}, loads another model: `{statement}`. This model is being "
        "built on the device “meta”, and transformers {release} refuses `from_pretrained` there."
    ),
    "cause:no-split-modules": N_(
        "`{given}` asks the library to spread the model over the devices, and {class} does not declare "
        "`_no_split_modules`, the modules that have to stay whole."
    ),
    "remedy:declare-no-split": N_(
        'Leave `device_map` out, or put everything on one device (`device_map={{"": 0}}`). If {class} is yours, '
        "declare it in the class, with the names of its layers' classes: "
        '`_no_split_modules = ["…Layer"]`, or `[]` if there are none.'
    ),
    "remedy:load-after": N_(
        "Build the inner model with `AutoModel.from_config(…)` in line {line}, so that its weights come with this "
        "model's checkpoint; or load it after the outer one and put it in. Releases below 5 do not refuse it."
    ),
    "cause:dtype-unknown": N_("{where} asks for `{given}`, and torch {torch} has no dtype “{dtype}”."),
    "remedy:write-dtype": N_("Write `{meant}` instead."),
    "remedy:dtype-of-torch": N_(
        "Write the name of a dtype as torch has it, such as `bfloat16`, `float16` or `float32`; newer dtypes need a "
        "newer torch."
    ),
    # values in config.json
    "cause:config-value-refused": N_(
        "config.json gives {found}, and {class} of transformers {release} does not accept it: {message}"
    ),
    "cause:config-value-refused-own": N_(
        "config.json gives {found}, and the directory's own {class} ({file}, line {line}) does not accept it: {message}"
    ),
    "cause:padding-beyond-vocabulary": N_(
        "config.json gives `{key}` as {value}, and `vocab_size` as {rows}: the embedding has rows for the ids below "
        "{rows} only, and none for padding."
    ),
    "cause:padding-beyond-embedding": N_(
        "config.json gives `{key}` as {value}, and the embedding that is made with it has no such row."
    ),
    "remedy:padding-within": N_(
        "Give `{key}` in config.json the id of a token that there is (the tokenizer's padding token, or that of the "
        "end), or null. If a padding token was added to the tokenizer, the checkpoint has to be saved with its row "
        "as well: `model.resize_token_embeddings(len(tokenizer))` before `save_pretrained`, which writes `vocab_size`."
    ),
    "cause:config-value-misspelt": N_(
        "config.json gives {found}, and {class} of transformers {release} knows no such value: {message}"
    ),
    "remedy:write-value": N_(
        "Did you mean {alike}? Correct `{key}` in config.json. If it is as published, the model was written for "
        "another release: see `transformers_version` in config.json."
    ),
    "cause:config-value-of-own": N_(
        "config.json gives {found}, and the directory's own {class} does not accept it: {message}"
    ),
    "remedy:correct-value-of-own": N_("Correct `{key}` in config.json, or let {class} accept it."),
    "remedy:correct-value": N_(
        "Correct `{key}` in config.json. If it is as published, the model was written for another "
        "release: see `transformers_version` in config.json, and install a newer transformers (`pip "
        "install --upgrade transformers`) or that one."
    ),
    "remedy:correct-value-own": N_("Correct `{key}` in config.json, or let line {line} of {file} accept it."),
    "remedy:two-fields": N_(
        "Install a newer transformers (`pip install --upgrade transformers`): `rope_type` is the form "
        "that later releases write and read. Or write `rope_scaling` in config.json with the fields "
        "`type` and `factor` alone, `{fields}`, if a scaling that this release knows will do."
    ),
    "remedy:two-fields-own": N_(
        "`rope_type` is the form of later releases. Write `rope_scaling` in config.json as this class "
        "reads it, with the fields `type` and `factor`: `{fields}`; or let line {line} of {file} accept "
        "`rope_type` too."
    ),
    # attention, quantization and other things that need a package
    "cause:attention-package": N_(
        "{where} asks for `{given}`, and that needs the package {package}, which is not installed in this Python."
    ),
    "cause:attention-package-in-spite": N_(
        "config.json asks for `{given}`, and that needs the package {package}, which is not installed in "
        "this Python. The argument `{argument}` had no effect: the entry in config.json took precedence."
    ),
    "cause:attention-refused": N_("{where} asks for `{given}`, and that can't be used here: {message}"),
    "cause:attention-unsupported": N_(
        "{where} asks for `{given}`, and {class} does not declare that it supports {implementation}."
    ),
    "remedy:attention-in-call": N_(
        'Load with `attn_implementation="sdpa"` or `attn_implementation="eager"` instead (here `--kwarg '
        "attn_implementation=eager`). Flash Attention needs a GPU that it supports, and `pip install {install}`."
    ),
    "remedy:attention-in-config-json": N_(
        'Write `"{key}": "eager"` in config.json, or `"sdpa"` if the class supports it. Flash Attention needs a '
        "GPU that it supports, and `pip install {install}`."
    ),
    "remedy:attention-in-call-or-declared": N_(
        'Load with `attn_implementation="eager"` (here `--kwarg attn_implementation=eager`), or leave it out. If '
        "{class} is your own and its code does use {implementation}, declare it in the class: `{flag} = True`."
    ),
    "remedy:attention-in-config-or-declared": N_(
        'Write `"{key}": "eager"` in config.json, or take the entry out. If {class} is your own and its code does use '
        "{implementation}, declare it in the class: `{flag} = True`."
    ),
    "cause:attention-unknown": N_(
        "transformers {release} has no attention implementation “{implementation}”; for this class it has {names}."
    ),
    "remedy:attention-known": N_('Write `{key}="{name}"`, or another of them.'),
    "remedy:attention-known-in-config": N_(
        'In config.json, write `"{key}": "{name}"` in place of `{given}`, or another of them.'
    ),
    "cause:short-form-gone": N_(
        "`{given}` reached the constructor of the model: transformers {release} has no argument {name} any more, it "
        "became part of `quantization_config`."
    ),
    "remedy:bits-in-config": N_(
        "Write `quantization_config=BitsAndBytesConfig({given})` instead, which needs `pip install bitsandbytes "
        "accelerate`; or leave `{name}` out to load the model unquantized."
    ),
    "cause:quantization-package": N_(
        "`{given}` in {where} asks for quantization with {method}, and that needs {packages}, which is not "
        "installed in this Python, or too old."
    ),
    "remedy:install-or-unquantized": N_(
        "`pip install --upgrade {install}`, or leave `{given}` out to load the model unquantized. In newer "
        "releases the short forms are written `quantization_config=BitsAndBytesConfig(load_in_4bit=True)`."
    ),
    "remedy:install-or-other-weights": N_(
        "`pip install --upgrade {install}`, or take the model's unquantized weights. Taking `quantization_config` "
        "out of config.json is right only if the weights are stored unquantized."
    ),
    "cause:quantization-unnamed": N_(
        "`quantization_config` names no method: it has no entry `quant_method`, and the library can't guess it."
    ),
    "remedy:quantization-name": N_(
        'Write the method into `quantization_config`: `"quant_method": "…"`, say `"gptq"` or `"awq"`, as the '
        "model's page tells it; or take `quantization_config` out if the weights are stored unquantized."
    ),
    "cause:quantization-unknown": N_(
        "`quantization_config` names the method “{method}”, which transformers {release} does not know."
    ),
    "remedy:quantization-unknown": N_(
        "Check the spelling of `quant_method`. If the method is newer than transformers {release}: `pip install "
        "--upgrade transformers`; some come with a package of their own that has to be imported first. If the "
        "weights are stored unquantized, take `quantization_config` out of config.json."
    ),
    "cause:quantization-refused": N_(
        "`{given}` in {where} asks for quantization with {method}, and the library refuses it here: {message}"
    ),
    "remedy:as-it-says-or-unquantized": N_(
        "Change what the message names, or leave `{given}` out to load the model unquantized."
    ),
    "remedy:as-it-says-or-other-weights": N_(
        "Change what the message names, or take the model's unquantized weights. Taking `quantization_config` out of "
        "config.json is right only if the weights are stored unquantized."
    ),
    "cause:quantization-not-in-weights": NP_(
        "`{given}` in config.json says that the weights are quantized with {method}, and those of 1 module are "
        "stored otherwise: the model looks for {wanted}, and the checkpoint has {there} ({dtype}) instead.",
        "`{given}` in config.json says that the weights are quantized with {method}, and those of {count} modules are "
        "stored otherwise: the model looks for {wanted}, and the checkpoint has {there} ({dtype}) instead.",
    ),
    "remedy:leave-quantization-out": N_(
        "These weights are not quantized: take `{given}` out of config.json. Or take the weights that were quantized "
        "with {method}."
    ),
    "remedy:quantization-of-weights": N_(
        "Write the `{given}` that goes with these weights, as their model's page has it, or take the weights that were "
        "quantized with {method}."
    ),
    "cause:library-package": N_("{name} of transformers needs {packages}, which is not installed in this Python."),
    "remedy:install-for-library": N_("`pip install {install}`, then start Python again."),
    "cause:library-package-argument": N_(
        "`{given}` needs {packages}, which is not installed in this Python, or too old."
    ),
    "remedy:install-or-leave-out": N_("`pip install --upgrade {install}`, or leave `{name}` out of the call."),
    # dtypes
    "cause:dtype-asked-integer": N_(
        "`{given}` asks for parameters of an integer dtype; they have to be floating point."
    ),
    "remedy:dtype-asked-integer": N_(
        "Ask for a floating point dtype, such as `bfloat16` or `float32`. To load in 8 or 4 bits, give a "
        "`quantization_config`."
    ),
    "cause:dtype-config-integer": N_(
        "config.json says `{given}`, a dtype of whole numbers; parameters have to be floating point."
    ),
    "remedy:dtype-config-integer": N_(
        "Write a floating point dtype there, such as `bfloat16`, or name one when loading: `--dtype float32`."
    ),
    "cause:dtype-stored-integer": N_(
        "The checkpoint holds whole numbers ({dtype}), and the model would take its dtype from there; parameters "
        "have to be floating point."
    ),
    "remedy:store-floating": N_(
        "Save the weights in a floating point dtype (float32 or bfloat16). If the numbers in the checkpoint are "
        "right as they are, name the dtype when loading: `--dtype float32` here, `dtype=torch.float32` in your own "
        "code. If they are quantized weights, config.json lacks its `quantization_config`."
    ),
    "cause:dtypes-meet": N_(
        "The parameters have two dtypes, and {other} and {dtype} met in one operation: {many} are {dtype} ({there}), "
        "{few} are {other} ({here})."
    ),
    "remedy:one-dtype": N_(
        "Load all of it with one dtype: `--dtype {wanted}` here, `torch_dtype=torch.{wanted}` (4.x) or "
        "`dtype=torch.{wanted}` (5.x) in your own code."
    ),
    "cause:dtype-of-inputs": N_(
        "All parameters are {dtype}, and the pass brought in a tensor of {other}: an input, or one that the "
        "model's code makes itself."
    ),
    "remedy:dtype-of-inputs": N_(
        "Give the inputs the model's dtype (`inputs.to(model.dtype)`), or load the model as {other}: `--dtype "
        "{other}`. If the model's own code makes the tensor, it has to make it with the dtype of its parameters."
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
        "Set the sizes in config.json to those of the checkpoint (they can be read off the shapes). If the "
        "differing layers are meant to be trained again: `ignore_mismatched_sizes=True`."
    ),
    "cause:names-mixed": N_(
        "The names in the checkpoint fit neither {class} nor its base model: none begins with the name that the "
        "base model has in {class}, and some belong beside it. They are {names}."
    ),
    "remedy:names-of-the-class": N_(
        "Load with the class that the checkpoint was saved from, or rename its tensors as `model.state_dict()` has "
        "them."
    ),
    "cause:shapes-differ-in-labels": NP_(
        "The checkpoint was trained with {fits} labels, and config.json gives {value} (`{key}`): {name} is {there} in "
        "the checkpoint, {here} in the model.",
        "The checkpoint was trained with {fits} labels, and config.json gives {value} (`{key}`): {count} parameters "
        "have another shape, first {name}: {there} in the checkpoint, {here} in the model.",
    ),
    "remedy:labels-in-config": N_(
        "To use the checkpoint as it is, give `id2label` in config.json {fits} entries (or `num_labels`: {fits}, where "
        "there is no `id2label`). For labels of your own, load with `ignore_mismatched_sizes=True`, which makes the "
        "head new, and train it."
    ),
    "remedy:size-in-config": N_(
        'Write `"{key}": {fits}` in config.json, where it says {value}: that explains every shape that differs. Or '
        "take the checkpoint that goes with this config.json."
    ),
    # generation
    "cause:generation-inputs-unused": N_(
        "`generate` was given {names}, which {class} takes nowhere: neither its `forward` nor its "
        "`prepare_inputs_for_generation` has such a parameter."
    ),
    "remedy:leave-tokenizer-outputs": N_(
        'Leave it out: `inputs.pop("{name}")` before `generate(**inputs)`, or ask the tokenizer not to make it '
        "(`return_{name}=False`), or list what the model takes in tokenizer_config.json: "
        '`"model_input_names": ["input_ids", "attention_mask"]`.'
    ),
    "remedy:leave-generation-inputs": N_(
        "Leave it out, or spell it as the model or a generation setting is called: misspelt settings of generation end "
        "here too."
    ),
    "cause:generation-no-room": N_(
        "`max_length` is {most}, and it counts the input as well, which has {length} tokens: there is no room to write."
    ),
    "remedy:give-new-tokens": N_(
        "Say how many tokens to write: `max_new_tokens=…` in the call or in generation_config.json, in place of "
        "`max_length`."
    ),
    "cause:forward-returns-tuple": N_(
        "`forward` of {class} returned a tuple, and {function} reads `{name}` of what it returns."
    ),
    "remedy:return-output": N_(
        "Return an output with names from `forward`, such as `CausalLMOutputWithPast(logits=…)` of "
        "`transformers.modeling_outputs`, at least when `return_dict` is true or not given."
    ),
    "cause:cache-as-tuple": N_(
        "{file}, line {line}, takes the cache for tuples of tensors, and it is a {class}, which can't be subscripted "
        "in transformers {release}: `{statement}`"
    ),
    "remedy:ask-cache": N_(
        "Ask the cache: `past_key_values.get_seq_length()` for its length, `past_key_values.layers[0].keys` for the "
        "tensors of a layer. Or install a release below 5, in which it could be read like a tuple: "
        '`pip install "transformers<5"`.'
    ),
    "cause:argument-given-twice": N_(
        "{function} ({file}, line {line}) gives the library `{name}`, and again in `**kwargs`, where it comes from "
        "{there}."
    ),
    "cause:argument-given-twice-somewhere": N_(
        "{function} ({file}, line {line}) gives the library `{name}`, and again in `**kwargs`: it was given from "
        "outside as well."
    ),
    "remedy:take-out-of-kwargs": N_(
        'Make `{name}` a parameter of {function}, or take it out before the call, `kwargs.pop("{name}", None)`, so '
        "that it is given once."
    ),
    "cause:argument-is-none": N_(
        "{file}, line {line}, in {function}, uses its argument `{name}`, which is None where it is not given, and it "
        "was not: `{statement}`"
    ),
    "remedy:give-argument": N_(
        "Give `{name}` in the call (a tokenizer or processor makes it), or let the code handle None: "
        "`if {name} is not None:`."
    ),
    # adapters
    "cause:adapter-setting-refused": N_("{file} says {written}, which peft does not accept: {message}"),
    "remedy:correct-adapter-setting": N_("Correct `{name}` in {file}, with what it was in training."),
    "cause:adapter-entry-missing": N_("{file} has no `{name}`, without which peft can't tell what the adapter is."),
    "remedy:add-adapter-entry": N_(
        'Add the entry as it was in training, for LoRA `"peft_type": "LORA"`, or take the file that '
        "`save_pretrained` of the peft model wrote."
    ),
    "cause:adapter-config-missing": N_(
        "There is no adapter_config.json at {place}, from which peft was to take an adapter."
    ),
    "remedy:add-adapter-config": N_(
        "Check the path: it has to be the folder that `save_pretrained` of a peft model wrote, with "
        "adapter_config.json and the adapter's weights; of a training run it may be a folder inside, such as "
        "`checkpoint-500`. A whole model is loaded by transformers alone."
    ),
    "cause:adapter-base-missing": N_(
        "{file} names the base model “{base}”, and it is not there: no directory of that name "
        "where the load ran, and no hub model that could be read."
    ),
    "remedy:name-base": N_(
        'Write the base\'s real location in {file}: `"base_model_name_or_path": "/path/to/base"`. A relative '
        "path starts at the folder in which Python is started, not at the adapter."
    ),
    "cause:adapter-for-another-model": N_(
        "The adapter was made for another architecture: it wants the modules {names}, and the "
        "base, {class}, has none of these names."
    ),
    "cause:adapter-of-other-sizes": N_(
        "The adapter's tensors have other shapes than the base, {class}, asks for; first {name}: {there} in the "
        "adapter, {here} here. It was trained on another model, or with another rank `r`."
    ),
    "cause:adapter-of-other-vocabulary": N_(
        "The adapter has an embedding or head of its own for another vocabulary than the base, {class}: {names}: "
        "{there} in the adapter, {here} here. Usually that comes from tokens that were added before it was trained."
    ),
    "remedy:resize-before-adapter": N_(
        "Load the base alone, give it as many rows (`model.resize_token_embeddings({rows})`), and put the adapter on "
        "it: `PeftModel.from_pretrained(model, DIR)`. The tokenizer has to be the adapter's."
    ),
    "remedy:adapters-own-base-of-layers": N_(
        "The linear layers of this base are called {modules}. In {file}, `base_model_name_or_path` has to name the "
        "model that the adapter was trained on, and `target_modules` and `r` have to stay as they were in training."
    ),
    "remedy:adapters-own-base": N_(
        "In {file}, `base_model_name_or_path` has to name the model that the adapter was trained "
        "on, and `target_modules` and `r` have to stay as they were in training."
    ),
    # ends
    "cause:out-of-memory": N_("There was not enough memory."),
    "cause:out-of-memory-asked": N_("There was not enough memory: a single request of {size} could not be met."),
    "cause:killed-sigkill": N_(
        "The process was killed with {signal} while {where} was running; a signal does not say who sent it. Most "
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
        "Install releases of torch and its companions that go together (`pip install --upgrade torch torchvision "
        "safetensors tokenizers`), and try `--device cpu`. `native_output` in the metadata holds what it last said."
    ),
    "cause:killed-signal": N_("The process was ended with {signal} while {where} was running."),
    "remedy:who-sent-it": N_(
        "Find out who sends {signal}: a time limit, a job scheduler, a closed terminal. Then load again."
    ),
    "cause:own-code-exits": N_(
        "The directory's own code seems to end the process itself, with exit code {code}: {file} was running."
    ),
    "remedy:no-exit-in-code": N_(
        "Look at {file}: a model's code should never call `os._exit` or `sys.exit`. If you did not write it, do "
        "not trust it."
    ),
    "cause:exits-early": N_("The process ended itself with exit code {code} before anything could be recorded."),
    "cause:exits": N_(
        "The process ended itself with exit code {code} while {where} was running, in the middle of the load."
    ),
    "remedy:look-at-last-steps": N_("Look at the steps before the end, see below."),
    "cause:interrupted": N_("It was interrupted (Ctrl-C, or a request to terminate) while {where} was running."),
    "cause:unfinished": N_(
        "This is a journal that was never sealed: glm-trace itself was killed, or is still "
        "recording. The last thing it holds is {where}."
    ),
    "remedy:load-again": N_("Load again; nothing is broken."),
    "cause:misused": N_("{message}"),
    "remedy:ask-otherwise": N_("Change the call as the message says."),
    "cause:no-load": N_(
        "No load finished in what was recorded. glm-trace follows from_pretrained and from_config of transformers' "
        "models, configurations and tokenizers."
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
        "glm-trace has no rule for this one. {error} was first seen in {function}; what is recorded around it is "
        "shown below."
    ),
    "cause:unknown-raised": N_(
        "glm-trace has no rule for this one. {raiser} raised {error}, in {raiser_file}, line {raiser_line}: "
        "`{raiser_statement}`. The first stepped function that it came to is {function}; what is recorded around it "
        "is shown below."
    ),
    "cause:unknown-outside": N_(
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised "
        "before the library was called, or outside what is recorded."
    ),
    "cause:unknown-unseen": N_(
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised "
        "after step {step}, in code that is not stepped."
    ),
    "cause:hidden-error": N_(
        "`{property}` is a property of {class}, and computing it failed in {file}, line {line}, at `{statement}`: "
        "{message}. Python drops an AttributeError that a property raises and asks `__getattr__`, whose message only "
        "says that there is no `{property}`."
    ),
    "remedy:look-at-property": N_("Mend what {file}, line {line}, asks for; `{property}` itself is there."),
    "cause:hidden-error-unseen": N_(
        "`{property}` is a property of {class} ({file}), so it is there: an AttributeError came up while it was "
        "computed. Python drops such an error and asks `__getattr__`, whose message only says that there is no "
        "`{property}`. The error itself was not recorded."
    ),
    "remedy:ask-property": N_(
        "Look at what `{property}` reads. To see the error itself, call the property's function in its place: "
        "`type(self).{property}.fget(self)`, or `.func(self)` for a cached property."
    ),
    "cause:packages-apart": N_(
        "Installed packages do not go together: something asks the module {module} for `{name}`, "
        "which this release of it does not have, or has not imported."
    ),
    "cause:package-apart": N_(
        "The installed {package} {version} does not go with the other packages: {file}, line {line}, asks the module "
        "{module} for `{name}`, which this release of it does not have, or which nothing has imported. Transformers "
        "{release} is installed."
    ),
    "remedy:release-of-package": N_(
        "Install a release of {package} from about the time of transformers {release}: `pip install "
        '"{package}<{version}"`, and further back if that does not help. Or install a newer transformers.'
    ),
    "remedy:releases-together": N_(
        "Install releases that go together: of packages that were published at about the time of "
        "transformers {release}. The metadata lists the releases that are installed."
    ),
    # tokenizers
    "cause:vocabulary-package-missing": N_(
        "Reading the vocabulary {file} needs {names}, which is not installed in this Python. A "
        "tokenizer.json, which would do without, is not in the directory."
    ),
    "cause:vocabulary-package-missing-misled": N_(
        "{file} is a SentencePiece model, which is read with {names}, and that is not installed in this "
        "Python. A tokenizer.json, which would do without, is not in the directory. (The message speaks "
        "of tiktoken because the library then tried the file as one of tiktoken's, which it is not.)"
    ),
    "remedy:install-or-convert": N_(
        "`pip install {packages}`. Or make a tokenizer.json where these are installed, with "
        '`AutoTokenizer.from_pretrained("DIR").save_pretrained("DIR")`, and put it into the directory. To'
        " look at the model alone: `--no-tokenizer`."
    ),
    "cause:library-package-missing": N_("{class} of the library needs {names}, which is not installed in this Python."),
    "remedy:install-for-class": N_("`pip install {packages}`."),
    "remedy:install-as-told": N_("Install {names} as its own page says; the message has the address."),
    "cause:vocabulary-missing": N_(
        "{in} has no vocabulary for the tokenizer, {class}: the library looked for {names}, and none of them is there."
    ),
    "remedy:add-vocabulary": N_(
        "Put the tokenizer's files into the directory, from the place that the model comes from; a tokenizer.json is "
        "enough. To look at the model alone: `--no-tokenizer`."
    ),
    "surprise:tokenizer-empty": N_(
        "The tokenizer, {class}, seems to have no vocabulary: the library looked for {names}, found none "
        "of them, and built the tokenizer all the same. Almost every text becomes unknown tokens."
    ),
    "cause:tokenizer-file-broken": N_("{file} can't be read by tokenizers {release}: {message}"),
    "remedy:repair-tokenizer-file": N_(
        "Open the file at that place, or download it again: a file that was cut off, or a pointer of Git LFS, looks "
        "like this. To look at the model alone: `--no-tokenizer`."
    ),
    "cause:tokenizer-merges-newer": N_(
        "{file} was written by a newer release of tokenizers: its merges are pairs, which tokenizers reads from 0.20 "
        "on, and {release} is installed."
    ),
    "remedy:upgrade-tokenizers-or-join": N_(
        "`pip install --upgrade transformers tokenizers` (transformers 4.45 or newer goes with tokenizers 0.20). "
        'To stay with this release, write each of the merges as one text: `"a b"` instead of `["a", "b"]`.'
    ),
    "cause:tokenizer-file-newer": N_(
        "{file} has something that tokenizers {release} does not know ({part}): it seems to have been written by a "
        "newer release."
    ),
    "remedy:upgrade-tokenizers": N_(
        "`pip install --upgrade transformers tokenizers`, or save the tokenizer again with the release in"
        " use. To look at the model alone: `--no-tokenizer`."
    ),
    "cause:chat-template-missing": N_(
        "A conversation was to be rendered, and the tokenizer, {class}, has no chat template."
    ),
    "remedy:give-template": N_(
        "Write the template into chat_template.jinja (or, as `chat_template`, into tokenizer_config.json), or "
        "give it in the call: `chat_template=…`. It has to be the one that the model was trained with; a base "
        "model was trained with none: give it plain text, `tokenizer(text)`."
    ),
    "cause:chat-template-to-choose": N_(
        "The tokenizer, {class}, has several chat templates, and none of them is called “default”."
    ),
    "remedy:choose-template": N_("Name one in the call: `chat_template=…`; `tokenizer.chat_template` lists the names."),
    "cause:chat-template-failed": N_("The chat template itself failed or refused the conversation: {message}"),
    "remedy:read-template": N_(
        "Read the template (`tokenizer.chat_template`): it says which roles it takes, in which order, and what a "
        "message may hold."
    ),
    "cause:chat-template-refused": N_("The chat template refuses this conversation: {message}."),
    "remedy:speak-as-template-wants": N_(
        "Change the messages as it says. Templates that know no system message want its text at the beginning of the "
        "first message of the user; most want user and assistant in turn, the user first. Or give a template of "
        "your own: `apply_chat_template(messages, chat_template=…)`."
    ),
    "cause:template-name-newer": N_(
        "The chat template uses `{name}`, which transformers gives to templates from {since} on, and {release} is "
        "installed."
    ),
    "remedy:upgrade-for-template": N_(
        'Install a newer transformers (`pip install "transformers>={since}"`), or give the template what it wants in '
        "the call: `apply_chat_template(messages, {name}=…)`."
    ),
    "cause:template-name-undefined": N_("The chat template uses `{name}`, and nothing gives it that."),
    "remedy:give-to-template": N_(
        "Give it in the call, `apply_chat_template(messages, {name}=…)`, or in each message if it is a part of one; a "
        "processor's template may want other messages than a tokenizer's."
    ),
    "cause:special-token-no-text": N_(
        "{file} gives `{name}` as {written}, which is neither a text nor marked as a token, so the library takes it "
        "for a plain {type}."
    ),
    "remedy:write-token": N_(
        'Write the text of the token, `"{name}": "…"`, or add `"__type": "AddedToken"` to the object.'
    ),
    "cause:property-without-setter": N_(
        "{class} ({file}, line {line}) has `{name}` as a property that can't be set, and the library sets it ({by})."
    ),
    "cause:property-given-in-json": N_(
        "{class} ({file}, line {line}) has `{name}` as a property that can't be set, and the library sets it ({by}): "
        "{files} gives a value for it."
    ),
    "remedy:give-setter": N_(
        "Give the property a setter (`@{name}.setter`), or take it out of the class and let the library keep the value."
    ),
    "remedy:give-setter-or-take-out": N_(
        "Take `{name}` out of {files}, or give the property a setter (`@{name}.setter`)."
    ),
    "cause:vocabulary-half-missing": N_(
        "{in} has {there} and not {name}, and the tokenizer, {class}, needs both; a tokenizer.json, which would do "
        "without, is not there either."
    ),
    "remedy:add-half": N_(
        "Add {name} from the place that {there} is from, or a tokenizer.json: `tokenizer.save_pretrained(DIR)` writes "
        "all that is needed."
    ),
    "cause:padding-token-missing": N_(
        "Padding was asked for, and the tokenizer, {class}, has no padding token (`pad_token`)."
    ),
    "remedy:set-padding-token": N_(
        'Write it into tokenizer_config.json (`"pad_token": "…"`), or set one that exists: `tokenizer.pad_token = '
        "tokenizer.eos_token`. Pass the attention mask along, so that padded positions are ignored; a classifier also "
        "needs `model.config.pad_token_id`."
    ),
    "cause:token-out-of-range": N_(
        "The tokenizer gave the token id {id} (“{piece}”), and the embedding {path} has {rows} rows, for "
        "the ids below {rows}: the tokenizer and the model do not go together."
    ),
    "cause:given-id-out-of-range": N_(
        "The token id {id} was given, and the embedding {path} has {rows} rows, for the ids below {rows}."
    ),
    "remedy:give-smaller-ids": N_("Give ids below {rows}."),
    "remedy:resize-or-own-tokenizer": N_(
        "Use the tokenizer that the model was published with. If tokens were added on purpose: "
        "`model.resize_token_embeddings(len(tokenizer))`, and train the new rows."
    ),
    "cause:position-out-of-range": N_(
        "The text has {count} tokens, and the embedding {path} has {rows} rows: if it is the one for positions, "
        "the text is longer than the model can take."
    ),
    "remedy:shorten-input": N_(
        "Shorten the text to what the model takes (`max_position_embeddings` in config.json): `tokenizer(text, "
        "truncation=True, max_length=…)`."
    ),
    "cause:tokenizer-class-newer": N_(
        "tokenizer_config.json names the class {class}, which transformers has from {since} on; {release} is installed."
    ),
    "remedy:upgrade-or-name-tokenizer-class": N_(
        "Use transformers {since} or newer. To stay with this release, name a class that it has: "
        '`"tokenizer_class": "PreTrainedTokenizerFast"` fits every directory with a tokenizer.json.'
    ),
    "cause:tokenizer-code-not-mapped": N_(
        "tokenizer_config.json names the class {class}, which transformers {release} does not have. The "
        "directory has code for it, {file}, and `auto_map` does not say so."
    ),
    "remedy:map-tokenizer": N_(
        'Write into tokenizer_config.json: `"auto_map": {{"AutoTokenizer": ["{module}.{class}", null]}}`,'
        " and let the code run: `--trust-remote-code`."
    ),
    # own classes that do not fit the library's
    "cause:override-lacks-newer-parameter": N_(
        "{class} has a `{method}` of its own, written for a release before {since}: since {since} the library "
        "passes it `{name}`, which it does not take."
    ),
    "cause:override-lacks-parameter": N_(
        "{class} has a `{method}` of its own that does not take `{name}`, which transformers {release} passes to it."
    ),
    "surprise:override-lacks-newer-parameter": N_(
        "{class} has a `{method}` of its own, written for a release before {since}: since {since} the "
        "library passes it `{name}`, which it does not take. Every such call raises a TypeError."
    ),
    "surprise:override-lacks-parameter": N_(
        "{class} has a `{method}` of its own that does not take `{name}`, which transformers {release} "
        "passes to it. Every such call raises a TypeError."
    ),
    "cause:override-takes-fewer": N_(
        "{class} has a `{method}` of its own that takes fewer arguments ({takes}) than transformers "
        "{release} passes to it ({given})."
    ),
    "surprise:override-takes-fewer": N_(
        "{class} has a `{method}` of its own that takes fewer arguments ({takes}) than transformers "
        "{release} passes to it ({given})."
    ),
    "remedy:take-all": N_(
        "In {file}, give `{class}.{method}` the parameters that the library's method of this name has in this "
        "release. Or install the release that the code was written for (see `transformers_version` in "
        "config.json)."
    ),
    "cause:constructor-wants-more": N_(
        "The constructor of {class} ({file}) cannot do without {names}, and {function} of transformers {release} calls "
        "it without."
    ),
    "remedy:default-in-configuration": N_(
        "In {file}, give {names} default values in `{class}.__init__`: the library builds a configuration from the "
        "keys of config.json, and sometimes from none, to learn its defaults."
    ),
    "remedy:default-in-model": N_(
        "The library builds a model from its configuration alone. In {file}, read {names} from the configuration, or "
        "give default values in `{class}.__init__`. Or pass the values in the call: `from_pretrained(…, {name}=…)`."
    ),
    "remedy:default-in-constructor": N_("In {file}, give {names} default values in `{class}.__init__`."),
    "cause:forward-wants-more": N_(
        "`{class}.forward` ({file}, line {line}) cannot do without {names}, and the inputs of the pass have nothing of "
        "that name. The model itself was loaded."
    ),
    "remedy:default-in-forward": N_(
        "If the model can do without {names}, give default values in {file}. Otherwise make the inputs in a script of "
        "your own, and record that: `glm-trace run SCRIPT`. To look at the load alone: `--no-forward`."
    ),
    "cause:override-wants-more": N_(
        "{class} has a `{method}` of its own that cannot do without {names}, and transformers {release} calls it "
        "without."
    ),
    "surprise:override-wants-more": N_(
        "{class} has a `{method}` of its own that cannot do without {names}, and transformers {release} calls it "
        "without."
    ),
    "remedy:give-default": N_(
        "In {file}, give {names} a default in `{class}.{method}`. Or install the release that the code was written for "
        "(see `transformers_version` in config.json)."
    ),
    "remedy:take-parameter-or-older": N_(
        "In {file}, give `{class}.{method}` the parameter `{name}=None` (or `**kwargs`), and hand it on where "
        "the method calls the library's. Or install a release before {since}."
    ),
    "remedy:take-parameter": N_(
        "In {file}, give `{class}.{method}` the parameter `{name}=None` (or `**kwargs`), and hand it on where "
        "the method calls the library's. Or install the release that the code was written for (see "
        "`transformers_version` in config.json)."
    ),
    "cause:attribute-set-too-late": N_(
        "In {file}, `{class}.__init__` calls `super().__init__` in line {line} and sets {names} only after it (line "
        "{set}). The library's constructor calls `{method}`, which needs it."
    ),
    "cause:attribute-not-set-yet": N_(
        "In {file}, line {line}, `{class}.__init__` calls the library's constructor, which calls `{method}`: "
        "that needs {names}, which is not set by then."
    ),
    "surprise:attribute-not-set-yet": N_(
        "In {file}, line {line}, `{class}.__init__` calls the library's constructor, which calls `{method}`: "
        "that needs {names}, which is not set by then."
    ),
    "surprise:attribute-set-too-late": N_(
        "In {file}, `{class}.__init__` calls `super().__init__` in line {line} and sets {names} only after it (line "
        "{set}). The library's constructor calls `{method}`, which needs it."
    ),
    "remedy:set-before-base": N_("Move the lines that set {names} in front of `super().__init__` in {file}."),
    "remedy:set-before-base-or-leave-out": N_(
        "Move the lines that set {names} in front of `super().__init__` in {file}: since 4.34 the library"
        " asks for the vocabulary there. To look at the model without its tokenizer: `--no-tokenizer`."
    ),
    "cause:generation-mixin-missing": N_(
        "{class} does not inherit from `GenerationMixin`, so it has no `{name}`: up to 4.49 every model "
        "inherited it, from 4.50 on a class has to name it ({release} is installed)."
    ),
    "remedy:inherit-generation-mixin": N_(
        "In {file}: `class {class}(PreTrainedModel, GenerationMixin):`, with `from transformers import "
        "GenerationMixin`. It also needs a `prepare_inputs_for_generation`. Or load it with an auto class, where "
        "it is published for that."
    ),
    "cause:model-without-head": N_("{class} has no language model head, so it can't write text."),
    "remedy:class-that-generates": N_(
        "Load the checkpoint with a class that has one, such as with `AutoModelForCausalLM`."
    ),
    "cause:configuration-names-otherwise": N_(
        "The library reads `{name}` from the configuration ({function}, {file} line {line}), and {class} "
        "has no attribute of that name; its `{other}` is probably the same thing."
    ),
    "remedy:attribute-map": N_('Write into the body of {class}: `attribute_map = {{"{name}": "{other}"}}`.'),
    "cause:configuration-lacks-name": N_(
        "The library reads `{name}` of the configuration ({function}, {file} line {line}), and neither "
        "config.json nor {class} sets it."
    ),
    "remedy:set-for-library": N_(
        'Write it into config.json: `"{name}": …`. If {class} has it under another name: `attribute_map ='
        ' {{"{name}": "OTHER"}}` in the body of the class.'
    ),
    # settings beside config.json
    "cause:generation-settings-invalid": N_("{file} says {written}, which the library does not accept: {message}"),
    "cause:generation-setting-invalid": N_(
        "A generation setting has a value that the library does not accept, probably in {file}: {message}"
    ),
    "remedy:correct-generation-setting": N_(
        "Correct {names} in {file}, or take it out: then the library's default is taken."
    ),
    "surprise:generation-settings-unread": N_(
        "{file} is not valid JSON ({message}): the library ignored it without a word and used its own "
        "defaults for generation."
    ),
    "remedy:repair-generation-settings": N_("Repair it; `python -m json.tool {file}` points at the place."),
    "cause:processor-class-newer": N_(
        "{file} names {class} as `{key}`, which transformers has from {since} on; {release} is installed."
    ),
    "remedy:upgrade-for-processor": N_(
        "Use transformers {since} or newer, or name a class in {file} that this release has and that fits the model."
    ),
    "cause:processor-class-misspelt": N_(
        "{file} names {class} as `{key}`, which transformers {release} does not have. Did you mean {alike}?"
    ),
    "remedy:write-processor-class": N_("Correct the name in {file}."),
    "cause:processor-class-unknown": N_(
        "{file} names {class} as `{key}`, which transformers {release} does not have, and no `auto_map` "
        "names code for it."
    ),
    "remedy:upgrade-or-map-processor": N_(
        "Check the spelling in {file}. Use a release of transformers that has {class}, or name a class that this one "
        'has. If its code is in the directory: `"auto_map": {{"{auto_class}": "FILE.{class}"}}` in {file}.'
    ),
    "cause:processor-class-not-named": N_(
        "{file} does not say which class it is for: it has no `{key}`, and transformers {release} has none for the "
        "`model_type` in config.json."
    ),
    "remedy:name-processor-class": N_(
        'Write it into {file}: `"{key}": "…"`, as the model\'s page or a model of the same architecture has it.'
    ),
    "cause:processor-part-unknown": N_(
        "{class}, the directory's own processor, names {name} as its `{part}_class`. The library looks for that name "
        "among its own classes, and has none."
    ),
    "remedy:map-part": N_(
        'If {name} is in the directory\'s code, write `{part}_class = "{auto_class}"` in {class}, and give '
        "{auto_class} an entry in `auto_map` of the part's own settings, or register it: `{auto_class}.register(…)`. "
        "Otherwise name a class of this release."
    ),
    "cause:processor-setting-refused": N_("{file} says {written}, which {class} does not accept: {message}"),
    "remedy:correct-processor-setting": N_(
        "Correct `{name}` in {file}, or name the image processor that it was written for in `image_processor_type`."
    ),
    "cause:processor-part-differs": N_("{class} expects {wanted} as its `{part}`, and the directory has {given}."),
    "remedy:name-part": N_(
        "Correct `{key}` in {file}, so that it names {wanted}, or load the tokenizer and the rest one by one."
    ),
    "cause:processor-files-missing": N_(
        "{auto_class} was to load a processor from {in}, and none of its files is there: {names}."
    ),
    "remedy:add-processor-files": N_(
        "Put them into the directory, from the place that the model comes from. A model of text alone has none: "
        "load it with `AutoTokenizer`."
    ),
    # adapters
    "cause:lora-targets-missing": N_(
        "`target_modules` names {names}, and {class} has no modules of that name. Its linear layers are called "
        "{modules}."
    ),
    "remedy:name-targets": N_(
        "Write names of this model's modules into `target_modules`, chosen from {modules}. Or write "
        '`target_modules="all-linear"`, which means every linear layer except the head.'
    ),
    "remedy:look-up-targets": N_("Look up the names of the linear layers: `print(model)`."),
    "cause:adapter-key-newer": N_(
        "{file} was saved by a newer peft, with {names}: peft {since} is the first release that knows all of them, and "
        "{release} is installed."
    ),
    "remedy:upgrade-peft-or-without-key": N_(
        "`pip install --upgrade peft`. Or take {names} out of {file}, if its value is null or the default: then it "
        "changes nothing."
    ),
    "cause:adapter-key-unknown": N_(
        "{file} has the key `{name}`, which {class} of the installed peft ({release}) does not know: it was "
        "probably saved by another release."
    ),
    "remedy:newer-peft-or-without-key": N_(
        "Use the peft that the adapter was saved with, or a newer one; or take `{name}` out of {file}, if"
        " its value is null or the default."
    ),
    "cause:adapter-config-left": N_(
        "{file} is there beside {config}, so the directory is taken for an adapter of {base}. It has no "
        "adapter's weights: the file seems to be left over from a merged model."
    ),
    "remedy:take-adapter-config-out": N_(
        "Take adapter_config.json out of the directory (delete or rename it). If it is to be an adapter, its "
        "adapter_model.safetensors is missing, and config.json does not belong beside it."
    ),
    "cause:adapter-weights-missing": N_("{file} is there and the adapter's weights are not: {in} has none of {names}."),
    "remedy:add-adapter-weights": N_(
        "Put them there, from the place that the adapter comes from. Only what `model.save_pretrained` of a peft model "
        "wrote goes together."
    ),
    "cause:adapter-kind-unknown": N_(
        "{file} says `peft_type` {kind}, which the installed peft ({release}) does not have."
    ),
    "remedy:upgrade-peft-for-kind": N_(
        "`pip install --upgrade peft`, or correct the spelling of `peft_type` in {file}."
    ),
    "cause:adapter-kind-not-named": N_("{file} has no `peft_type`, so peft can't tell what kind of adapter this is."),
    "remedy:name-adapter-kind": N_('Write it into {file}: `"peft_type": "LORA"`, or what the adapter was trained as.'),
    "cause:adapter-rank-differs": N_("{file} says rank `r` {here}, and the adapter's weights have rank {there}."),
    "remedy:write-rank": N_('Write `"r": {there}` into {file}, and check `lora_alpha`, which goes with it.'),
    "surprise:weights-files-differ": NP_(
        "{file} was read, and {other} beside it was not. The two are not the same: 1 tensor is in only one of them, "
        "or has another shape or dtype: {names}.",
        "{file} was read, and {other} beside it was not. The two are not the same: {count} tensors are in only one of "
        "them, or have another shape or dtype: {names}.",
    ),
    "remedy:keep-one-weights-file": N_(
        "Find out which of the two is meant, and take the other one away. To read {other} for once: "
        "`use_safetensors={name}`."
    ),
    "surprise:saved-modules-absent": N_(
        "{file} names {names} in `modules_to_save`, and no module of {class} is called so: nothing was loaded there."
    ),
    "remedy:name-saved-modules": N_(
        "If the adapter was trained on another class, load it with that one: heads have other names there. Otherwise "
        "correct the names; `print(model)` shows those of the modules."
    ),
    "surprise:saved-modules-unfilled": N_(
        "{file} lists a module in `modules_to_save`, and the adapter's weights have nothing for {names}. It was made "
        "as a copy of the base model's, and nothing of the adapter's training is in it."
    ),
    "remedy:save-again": N_(
        "Save the adapter again from the trained model (`save_pretrained`), or take the name out of `modules_to_save` "
        "if that module was not trained."
    ),
    # pictures
    "surprise:picture-dropped": N_(
        "The model takes pictures, but its pass was run without one: the chat template left the picture out, and the "
        "pass got {names} only."
    ),
    "surprise:picture-not-given": N_(
        "The model takes pictures, but its pass was run without one: the tokenizer made {names} only, and no pixels."
    ),
    "remedy:use-processor": N_(
        "Its answers about a picture say nothing here. Use the model's processor (`AutoProcessor`) or its own way of "
        "putting the picture into the prompt, as its page shows; or a chat template that renders pictures."
    ),
    # surprises
    "surprise:buffer-never-filled": NP_(
        "The buffer {names} holds whatever was in memory. transformers {release} builds the model on meta "
        "and then gives a buffer that is not saved (`persistent=False`) uninitialised memory; nothing has "
        "computed it again.",
        "The buffers {names} hold whatever was in memory. transformers {release} builds the model on meta "
        "and then gives buffers that are not saved (`persistent=False`) uninitialised memory; nothing has "
        "computed them again.",
    ),
    "remedy:fill-buffers": N_(
        "Compute {first} in `_init_weights` too (`if isinstance(module, …): module.….copy_(…)`), or register it with "
        "`persistent=True` if the checkpoint has it, or compute it in the forward pass."
    ),
    "surprise:parameter-never-filled": NP_(
        "The parameter {names} holds whatever was in memory: the checkpoint has no tensor for it, and "
        "`_init_weights` did not initialise it.",
        "{count} parameters hold whatever was in memory: the checkpoint has no tensors for them, and "
        "`_init_weights` did not initialise them: {names}.",
    ),
    "remedy:fill-parameters": N_("Initialise {first} in `_init_weights`, or bring its tensor into the checkpoint."),
    "surprise:tied-overwritten": N_(
        "{name} was not used: the checkpoint has a separate tensor for each of {name} and {kept}, with "
        "different numbers, and `tie_word_embeddings` made both share that of {kept}."
    ),
    "remedy:do-not-tie": N_('Write `"tie_word_embeddings": false` into config.json.'),
    "surprise:tie-not-said": N_(
        "{class} ({file}) ties {names} where `tie_word_embeddings` is true, and config.json does not set "
        "it: up to transformers 4 that was the default, from 5 on it is not, so {names} is newly "
        "initialised."
    ),
    "surprise:tie-in-nested-config": N_(
        "{class} ({file}) ties {names} where `tie_word_embeddings` is true. config.json says so in "
        "{nested} alone, and the model asks the outer configuration, so {names} is new."
    ),
    "remedy:say-tie": N_(
        'If the model was trained so, write `"tie_word_embeddings": true` at the top of config.json, or '
        "set it in the configuration class."
    ),
    "surprise:class-of-another-type": N_(
        "{class} was loaded from files of another architecture: config.json has the model type {said}, and the class "
        "is one of {built}. What did not fit was dropped or is random: {names}."
    ),
    "remedy:class-of-config": N_(
        "Load with {architecture}, as config.json names it, or with an auto class such as AutoModelForCausalLM, which "
        "chooses by the model type."
    ),
    "remedy:auto-class-of-config": N_(
        "Load with an auto class such as AutoModelForCausalLM, which chooses by the model type."
    ),
    "surprise:not-a-number": N_("{file} gives `{key}` as {value}, and so is every result computed with it."),
    "surprise:infinite-number": N_(
        "{file} gives `{key}` as {value}, which JSON does not have; Python reads it. As a limit it means “none”; in a "
        "calculation the result becomes infinite or NaN."
    ),
    "remedy:write-number": N_("Write a number for `{key}` in {file}."),
    "surprise:duplicate-keys": N_("{file} gives {names} more than once, and only the last one counts."),
    "remedy:one-of-a-key": N_("Keep the one that is meant in {file}, and take out the other."),
    "surprise:argument-swallowed": N_(
        "The call gave `{name}={value}`, and nothing used it: the constructor of {class} takes it in "
        "`**kwargs` and never reads it."
    ),
    "surprise:argument-misspelt": N_(
        "The call gave `{name}={value}`, and nothing used it: there is no argument of that name, but "
        "there is `{meant}`."
    ),
    "remedy:spell-argument": N_("Write `{meant}` in place of `{name}`."),
    "surprise:recording-ended-full": N_("The disk was full: recording ended at step {step}; the load itself went on."),
    "surprise:recording-ended-quota": N_(
        "The disk quota was used up: recording ended at step {step}; the load itself went on."
    ),
    "surprise:recording-ended-limit": N_(
        "The journal reached the largest size that a file may have here (`ulimit -f`): recording "
        "ended at step {step}; the load itself went on."
    ),
    "surprise:recording-ended": N_(
        "The journal could not be continued ({message}): recording ended at step {step}; the load itself went on."
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
        "1 parameter is newly initialised, with random numbers: {names}. It belongs to a layer that the checkpoint "
        "does not have; for other layers it has this name.",
        "{count} parameters are newly initialised, with random numbers: {names}. They belong to layers that the "
        "checkpoint does not have; for other layers it has all these names.",
    ),
    "remedy:number-of-layers": N_(
        "Compare the number of layers in config.json with the layers in the checkpoint; set it "
        "to theirs unless the new layers are meant to be trained."
    ),
    "remedy:train-head": N_(
        "Train the model before you use its answers, or load with the auto class that the checkpoint was saved from."
    ),
    "surprise:layers-dropped": NP_(
        "1 tensor of the checkpoint was not used: {names}. It belongs to a layer that the model does not have; for "
        "other layers it has this name.",
        "{count} tensors of the checkpoint were not used: {names}. They belong to layers that the model does not "
        "have; for other layers it has all these names.",
    ),
    "remedy:layers-key": N_(
        'Write `"{key}": {fits}` in config.json, where it says {value}, unless the model is meant to have fewer layers.'
    ),
    "remedy:number-of-layers-dropped": N_(
        "Compare the number of layers in config.json with the layers in the checkpoint; set it to theirs unless "
        "the model is meant to have fewer."
    ),
    "surprise:prefix-lacking": N_(
        "{count} tensors of the checkpoint were not used, and as many parameters are random, only because the "
        "names in the checkpoint lack `{here}`: {tensor} there, {parameter} in the model."
    ),
    "surprise:prefix-too-much": N_(
        "{count} tensors of the checkpoint were not used, and as many parameters are random, only because the "
        "names in the checkpoint begin with `{there}`: {tensor} there, {parameter} in the model."
    ),
    "surprise:prefix-differs": N_(
        "{count} tensors of the checkpoint were not used, and as many parameters are random, only because the "
        "names in the checkpoint begin with `{there}` instead of `{here}`: {tensor} there, {parameter} in the "
        "model."
    ),
    "remedy:rename-tensors": N_(
        "Load with the class that the checkpoint was saved from, or rename its tensors: replace “{there}” at the "
        "beginning of their names with “{here}”."
    ),
    "remedy:add-prefix": N_(
        "Load with the class that the checkpoint was saved from, or rename its tensors: put “{here}” before their "
        "names."
    ),
    "remedy:strip-prefix": N_(
        "Load with the class that the checkpoint was saved from, or rename its tensors: take “{there}” off the "
        "beginning of their names."
    ),
    "surprise:integers-as-floats": NP_(
        "1 tensor is stored as whole numbers ({there}) and was loaded as {here}: {names}.",
        "{count} tensors are stored as whole numbers ({there}) and were loaded as {here}: {names}.",
    ),
    "remedy:store-floating-or-quantized": N_(
        "If these are quantized weights, the numbers in the model are wrong: config.json lacks its "
        "`quantization_config`. Otherwise save them in a floating point dtype (float32 or bfloat16)."
    ),
    "surprise:dtypes-mixed": N_(
        "The checkpoint is all {stored}, and the model's parameters have two dtypes: {many} are {dtype}, {few} are "
        "{other} ({here}). Operations between them may fail."
    ),
    "surprise:attention-of-config": N_(
        "`{given}` was asked for, and the model has {got}: config.json says `{said}`, and in transformers "
        "{release} that entry took precedence over the argument."
    ),
    "remedy:attention-in-config": N_('Write `"{key}": "{wanted}"` in config.json, or take the entry out.'),
    "surprise:attention-differs": N_("`{given}` was asked for, and the model has {got}."),
    "surprise:class-not-saved": N_("config.json says that the checkpoint was saved from {saved}; {class} was loaded."),
    "remedy:load-saved-class": N_("To load the class that was saved: `--auto-class {best}`."),
    "surprise:own-from-pretrained": N_(
        "{class} loads itself: its own `from_pretrained` ran instead of the library's, so nothing is recorded of "
        "how the weights were read, and arguments of the library may have had no effect."
    ),
    "remedy:look-at-own-loader": N_(
        "Read `from_pretrained` of {class} in the directory's code for what it does with the weights and the arguments."
    ),
    "surprise:index-lies": NP_(
        "1 parameter is newly initialised, with random numbers: {names}. The index says that it is in {file}, and "
        "it is not.",
        "{count} parameters are newly initialised, with random numbers: {names}. The index names a file for each "
        "(first {file}), and they are not there.",
    ),
    "remedy:same-revision": N_("Get the index and all weights files again, all from one revision."),
    "surprise:quantization-not-in-weights": NP_(
        "`{given}` in config.json says that the weights are quantized with {method}, and those of 1 module are "
        "stored otherwise and were not used: the model looks for {wanted}, and the checkpoint has {there} "
        "({dtype}) instead.",
        "`{given}` in config.json says that the weights are quantized with {method}, and those of {count} modules are "
        "stored otherwise and were not used: the model looks for {wanted}, and the checkpoint has {there} "
        "({dtype}) instead.",
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
    "surprise:not-finite": N_(
        "The pass gives numbers that are NaN or infinite. The first module to do so is `{name}` ({class}): {count}."
    ),
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
    "surprise:processor-failed": N_(
        "{class} could not be loaded: {error}: {message}. The model was loaded all the same, without a processor."
    ),
    "surprise:processor-package": N_(
        "{class} could not be loaded: {part} needs {packages}, which is not installed in this Python. The model was "
        "loaded all the same, without a processor."
    ),
    "remedy:install-for-processor": N_(
        "`pip install {install}`, then load it again; or leave the processor out: `--no-processor`."
    ),
    "remedy:look-at-processor": N_(
        "Load it by itself to see why (`--auto-class {class}`), or leave it out: `--no-processor`."
    ),
    "surprise:not-fed": N_("No pass was run: {why}"),
    "surprise:not-encoded": N_("The prompt was not encoded: {why}"),
    "surprise:not-generated": N_("Nothing was generated: {why}"),
    "surprise:not-recorded": N_("Not recorded: {what}. {reason}"),
    "surprise:said": N_("{message}"),
}


def cause_values(cause: Cause, lang: Lang) -> dict[str, Any]:
    """Return what the sentences of a cause are filled with; what the recorder wrote in English is translated."""
    values = dict(cause.values)
    for name, translate in _OF_RECORDER.get(cause.kind, {}).items():
        values[name] = translate(str(values.get(name)), lang)
    return values


_OF_RECORDER: Final[dict[str, dict[str, Callable[[str, Lang], str]]]] = {
    "misused": {"message": localized},
    "not-fed": {"why": localized},
    "not-encoded": {"why": localized},
    "not-generated": {"why": localized},
    "not-recorded": {"what": localized_name, "reason": localized},
    "recording-ended": {"message": lambda text, lang: Sentence(text).localized(lang)},  # of the system
}
