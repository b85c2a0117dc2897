"""Causes and remedies up to the class: files, the directory's own code, which class, trust."""

from __future__ import annotations

from typing import Final

from tracer.i18n import N_, NP_, Message

LOADING: Final[dict[str, Message]] = {
    # files
    "cause:not-json": N_("{file} is no valid JSON: it can't be read at line {line}, column {column}."),
    "remedy:repair-json": N_(
        "Open {file} at line {line}. The usual faults: a comma after the last entry, a missing "
        "comma or quote on the line before, a comment. `python -m json.tool FILE` points at the "
        "place too."
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
        "“{model}” is no directory here, and as the name of a hub model it could not be read: it "
        "does not exist, is private, or the hub can't be reached and the model is not in the "
        "cache."
    ),
    "remedy:name-or-download": N_(
        "Check the spelling of “{model}”. If it is a hub model, download it while online "
        "(`huggingface-cli download {model}`) and log in if it is private; if it is a directory, "
        "give its path."
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
    "cause:shard-truncated": N_(
        "{file} is cut off: its header promises more than the file holds. A download or copy "
        "that broke off leaves such a file."
    ),
    "cause:shard-not-safetensors": N_(
        "{file} is no safetensors file: it does not begin with a header that can be read. A "
        "pointer of Git LFS (a few lines of text) or an error page saved under that name looks "
        "like this."
    ),
    "cause:shard-damaged": N_("{file} can't be read: {message}"),
    "remedy:download-again": N_(
        "Get {file} again (`huggingface-cli download MODEL`, or `git lfs pull` in a clone) and "
        "compare its size and SHA-256 with what the hub shows."
    ),
    # the directory's own code
    "cause:class-file-missing": N_("`auto_map` asks for {reference}, and there is no file {file} in the directory."),
    "remedy:name-class-file": N_(
        "Put {file} into the directory. If the file is there under another name, write that name "
        'in config.json: `"auto_map": {{"{auto_class}": "FILE.{class}"}}` (FILE without “.py”).'
    ),
    "cause:class-missing": N_("`auto_map` asks for {reference}, and {module}.py defines nothing of the name {class}."),
    "remedy:name-class": N_(
        'Look up the class in {module}.py and write its name in config.json: `"auto_map": '
        '{{"{auto_class}": "{module}.CLASS"}}`.'
    ),
    "cause:class-repository-missing": N_(
        "`auto_map` takes {class} from another repository, {repository}, and {file} of it could "
        "not be had: it is not in the hub cache, and the hub was not reached or does not have it."
    ),
    "remedy:fetch-repository": N_(
        "Load once with access to the hub, or fetch it: `hf download {repository}`. If you have "
        "its code, put {file} into the directory and write `{module}.{class}` without "
        "`{repository}--`."
    ),
    "remedy:fetch-repository-or-stay": N_(
        "There is a {file} in the directory too: if that is the code that is meant, write "
        "`{module}.{class}` in config.json, without `{repository}--`. Else load once with access "
        "to the hub, or fetch the repository: `hf download {repository}`."
    ),
    "cause:package-missing": N_("{file} imports {names}, which is not installed in this Python."),
    "remedy:install-packages": N_(
        "`pip install {packages}`. If the model runs without it, put the import inside `try: … "
        "except ImportError:`, which the check leaves out."
    ),
    "remedy:find-packages": N_(
        "Look up on the model's page what has to be installed. Do not guess: an import name is "
        "not always a package's name, and a package that merely has this name may be somebody "
        "else's. If the model runs without it, put the import inside `try: … except "
        "ImportError:`, which the check leaves out."
    ),
    "cause:package-fails": N_("{file} imports {package}, which is installed but can't be imported here: {message}"),
    "remedy:match-package": N_(
        "Bring {package} and the other packages to releases that go together: see the model's "
        "page for those that its code was written with. If the model runs without {package}, put "
        "the import inside `try: … except ImportError:`, which the check leaves out."
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
        "{file} was not copied into the modules cache: a file that the model's file imports "
        "needs it, and transformers 4 copies only what the model's file itself imports."
    ),
    "remedy:import-in-main-file": N_(
        "Add `from . import {module}` to the file that `auto_map` names, so that {file} is "
        "copied too; or use transformers 5, which follows the imports to their end."
    ),
    "cause:stale-copy": N_(
        "The name {name} was looked for in a stale copy of {file}: this load did not refresh "
        "that file in the modules cache, it was left there by an earlier load."
    ),
    "remedy:clear-copy": N_(
        "Delete the copy: the folder `transformers_modules` in the modules cache "
        "(`HF_MODULES_CACHE`, normally ~/.cache/huggingface/modules) is made again by the next "
        "load. So that {file} is always refreshed, import it in the file that `auto_map` names."
    ),
    "cause:sibling-name-missing": N_("The code imports {name} from {file}, and that file does not define it."),
    "remedy:define-name": N_(
        "Bring the files of the model to one revision (download all of them again), or define {name} in {file}."
    ),
    "cause:library-name-gone": N_(
        "The code imports {name} from {module}, and the installed release has no such name: it "
        "was written for another release of {package}."
    ),
    "remedy:other-release": N_(
        "See `transformers_version` in config.json and the model's page for the release it was "
        "written for, and install that one; or write the code without {name}."
    ),
    "cause:not-python": N_("{file} is no valid Python: line {line}: {message}"),
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
        "{error} was first seen in {file}, line {line}, in {function}, at the statement "
        "`{statement}`, which calls {calls}. Whether the statement itself raised it, or "
        "something that it calls, is not recorded."
    ),
    # which class
    "cause:unknown-model-type": N_(
        "config.json has the model type “{model_type}”, which transformers {release} does not "
        "know, and no `auto_map` that names code for it."
    ),
    "remedy:spell-or-upgrade": N_(
        "Check the spelling of `model_type`. If the architecture is newer than transformers "
        "{release}: `pip install --upgrade transformers`. If its code lies in the directory, "
        'config.json needs `"auto_map"` to name it.'
    ),
    "cause:no-model-type": N_(
        "config.json has no `model_type`, so transformers {release} can't tell which architecture it is."
    ),
    "remedy:write-model-type": N_(
        'Write it into config.json: `"model_type": "…"`, say `"bert"`. (4.x also guessed from the path; 5.x does not.)'
    ),
    "cause:auto-class-not-mapped": N_(
        "{auto_class} has no model for {class}: neither does its own table list one, nor does "
        "`auto_map` have an entry “{auto_class}”."
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
        "The class {class} says another `config_class` than {config_class}, which `auto_map` names."
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
        "The directory has code of its own that this model needs, and `trust_remote_code=False` forbids to run it."
    ),
    "cause:trust-not-given": N_(
        "The directory has code of its own that this model needs, and nobody allowed it to run: "
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
}
