"""Rules for arguments that a constructor does not accept, and for attributes that do not exist."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.config_values import config_json
from tracer.analysis.diagnosis.dtype_rules import dtype_unknown
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.known_arguments import loading_arguments, meant_argument
from tracer.analysis.diagnosis.package_rules import name_of_package_gone
from tracer.analysis.diagnosis.quantization_rules import SHORT_FORMS
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name, last_name
from tracer.releases import library
from tracer.trace.events import ConfigBuilt, Recorded, TracebackFrame

# Python's own messages; the first has had the qualified name since 3.10.
_UNEXPECTED = re.compile(r"^(?P<callee>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_MODULE_LACKS = re.compile(r"^module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
_NO_ATTRIBUTE = re.compile(r"^'(?P<class>\w+)' object has no attribute '(?P<name>\w+)'")

_CONFIGURATION: Final = "transformers.configuration_utils.PreTrainedConfig"  # by its name of today, in every release

# What configurations had by default. Which attributes are gone is said by the table of releases, which has no values.
# use_cache is the exception: the base class never had it. Up to 4.x config.json set it, from 5 on it is a setting of
# generation.
_NOT_IN_THE_TABLE: Final = "use_cache"
DEFAULTS: Final[dict[str, str]] = {
    _NOT_IN_THE_TABLE: "True",
    "max_length": "20",
    "min_length": "0",
    "do_sample": "False",
    "early_stopping": "False",
    "num_beams": "1",
    "num_beam_groups": "1",
    "diversity_penalty": "0.0",
    "temperature": "1.0",
    "top_k": "50",
    "top_p": "1.0",
    "typical_p": "1.0",
    "repetition_penalty": "1.0",
    "length_penalty": "1.0",
    "no_repeat_ngram_size": "0",
    "encoder_no_repeat_ngram_size": "0",
    "bad_words_ids": "None",
    "num_return_sequences": "1",
    "output_scores": "False",
    "return_dict_in_generate": "False",
    "forced_bos_token_id": "None",
    "forced_eos_token_id": "None",
    "remove_invalid_values": "False",
    "exponential_decay_length_penalty": "None",
    "suppress_tokens": "None",
    "begin_suppress_tokens": "None",
    "torchscript": "False",
    "use_bfloat16": "False",
    "tf_legacy_loss": "False",
    "pruned_heads": "{}",
    "tie_word_embeddings": "True",
    "is_decoder": "False",
    "cross_attention_hidden_size": "None",
    "add_cross_attention": "False",
    "tie_encoder_decoder": "False",
    "finetuning_task": "None",
    "tokenizer_class": "None",
    "prefix": "None",
    "bos_token_id": "None",
    "pad_token_id": "None",
    "eos_token_id": "None",
    "sep_token_id": "None",
    "decoder_start_token_id": "None",
    "task_specific_params": "None",
}


def unexpected_argument(load: RecordedLoad) -> Cause | None:
    """Detect a keyword of ``from_pretrained`` that no configuration attribute took and that reached a constructor."""
    failure = load.failure
    if failure is None or failure.error != "TypeError" or "got multiple values" in failure.text:
        return None
    built = _config_before(load, failure.step)
    left = built.event.unused if built is not None else []
    given = load.given_arguments(load.user_call)
    match = _UNEXPECTED.match(failure.text)
    name = match["name"] if match else next((unused for unused in left if unused in given), None)
    if name is None or name in SHORT_FORMS or (name not in given and name not in left):
        return None
    callee = match["callee"].rpartition(".")[0] or match["callee"] if match else "?"
    chain = [_given(load, name), _left(built, name) if name in left else None]
    values: dict[str, Any] = {"name": name, "value": given.get(name), "class": callee}
    values["config"] = last_name(built.event.class_) if built is not None else "?"
    remedy = "leave-out-use-cache" if name == "use_cache" else "leave-out"
    if (meant := meant_argument(load, name)) is not None:
        values["meant"], remedy = meant, "spell-or-leave-out"
    certainty: Certainty = "certain" if match else "likely"
    if name in loading_arguments() and (instead := library().replacement_of(name)):
        values |= {"instead": instead, "release": load.release_text}
        return Cause("argument-gone", certainty, load.with_raised(*chain), values, "argument-instead")
    return Cause("unexpected-argument", certainty, load.with_raised(*chain), values, remedy)


def attribute_gone(load: RecordedLoad) -> Cause | None:
    """Detect a read of a configuration attribute that does not exist, or not in this release."""
    failure = load.failure
    if failure is None or failure.error != "AttributeError":
        return None
    match = _NO_ATTRIBUTE.match(failure.text)
    built = _config_before(load, failure.step)
    if match is None or built is None or last_name(built.event.class_) != match["class"]:
        return None
    name, own = match["name"], _is_own(failure.origin.module)
    values = {
        "name": name,
        "class": match["class"],
        "file": file_name(failure.origin.file),
        "line": failure.origin.line,
        "default": DEFAULTS.get(name),
        "function": failure.origin.function,
    }
    seen = Evidence(built.step.number, "config-built", {"class": match["class"]})
    if name in DEFAULTS and is_gone(name, load.release):
        return Cause("attribute-gone-in-5", "certain", load.with_raised(seen), values, "ask-with-default")
    if (nested := _nested(load, name)) is not None:
        values |= {"nested": nested, "release": load.release_text}
        return Cause("attribute-nested", "certain" if own else "likely", load.with_raised(seen), values, "ask-nested")
    if not own and not str(built.event.class_).startswith(f"{REMOTE}."):
        # The code and the configuration are both the library's: a value we made up would make a different model.
        values["release"] = load.release_text
        return Cause("attribute-missing-library", "certain", load.with_raised(seen), values, "library-attribute")
    return Cause("attribute-missing", "certain" if own else "likely", load.with_raised(seen), values, "write-attribute")


def hidden_error(load: RecordedLoad) -> Cause | None:
    """Detect a property whose own AttributeError Python dropped: ``__getattr__`` then says that it is missing."""
    hidden, failure = load.hidden, load.failure
    if hidden is None or failure is None:
        return None
    owner = last_name(hidden.class_)
    written = next((found for found in load.classes(owner) if _defines(found.node, hidden.property)), None)
    values: dict[str, Any] = {
        "property": hidden.property,
        "class": owner,
        "file": file_name(written.path) if written is not None else hidden.class_.rpartition(".")[0] or "?",
    }
    if not load.hidden_is_seen:
        return Cause("hidden-error-unseen", "certain", load.with_raised(), values, "ask-property")
    values |= {
        "error": failure.name,
        "message": failure.text,
        "line": failure.origin.line,
        "statement": load.statement(failure.origin).strip(),
    }
    return Cause("hidden-error", "certain", load.with_raised(), values, "look-at-property")


def _defines(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(part, ast.FunctionDef) and part.name == name for part in node.body)


def _nested(load: RecordedLoad, name: str) -> str | None:
    """Return which configuration inside config.json gives an attribute that the outer one does not."""
    held = config_json(load)
    if name in held:
        return None
    inner = [key for key, value in held.items() if key.endswith("config") and isinstance(value, dict) and name in value]
    return "text_config" if "text_config" in inner else inner[0] if inner else None


def is_gone(name: str, release: tuple[int, ...]) -> bool:
    """Return whether configurations no longer have an attribute in a release that earlier ones gave them."""
    if name == _NOT_IN_THE_TABLE:
        return release >= (5,)
    known, recorded = library(), ".".join(map(str, release))
    presence = known.member(_CONFIGURATION, name)
    return presence is not None and known.has(presence, recorded) is False and not known.is_new(presence, recorded)


def incompatible_packages(load: RecordedLoad) -> Cause | None:
    """Detect a library that uses something which another library's module does not have."""
    failure = load.failure
    match = _MODULE_LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or f"{REMOTE}." in f"{match['module']}." or _used_by_own(failure):
        return None
    if match["module"] == "torch" and dtype_unknown(load) is not None:
        return None
    if name_of_package_gone(load) is not None:
        return None
    values: dict[str, Any] = {"module": match["module"], "name": match["name"], "release": load.release_text}
    asking = _asking(failure)
    package = _INSTALLED.search(asking.file.replace("\\", "/")) if asking is not None else None
    version = load.trace.meta.releases.get(package["name"].replace("_", "-")) if package is not None else None
    others = ("transformers", match["module"].partition(".")[0])
    if asking is None or package is None or version is None or package["name"] in others:
        return Cause("packages-apart", "likely", load.with_raised(), values, "releases-together")
    values |= {"package": package["name"].replace("_", "-"), "version": version, "line": asking.line}
    values["file"] = file_name(asking.file)
    return Cause("package-apart", "likely", load.with_raised(), values, "release-of-package")


_INSTALLED: Final = re.compile(r"\b(?:site|dist)-packages>?/(?P<name>\w+)/")


def _asking(failure: RecordedException) -> TracebackFrame | None:
    """Return the frame that asked for what is not there. A module can answer with a ``__getattr__`` of its own."""
    frames = (frame for frame in reversed(failure.frames) if frame.function.rpartition(".")[2] != "__getattr__")
    return next(frames, None)


def _used_by_own(failure: RecordedException) -> bool:
    """Return whether it was the model's own code that asked a module for what it lacks."""
    if _is_own(failure.origin.module):
        return True
    asking = _asking(failure)
    return asking is not None and asking.is_remote


def _is_own(module: str) -> bool:
    return module.startswith(f"{REMOTE}.")


def _config_before(load: RecordedLoad, number: int) -> Recorded[ConfigBuilt] | None:
    return next((built for built in reversed(load.events(ConfigBuilt)) if built.step.number < number), None)


def _given(load: RecordedLoad, name: str) -> Evidence | None:
    call = load.user_call
    if call is None or name not in (given := load.given_arguments(call)):
        return None
    return Evidence(call.number, "given", {"name": name, "value": given[name]})


def _left(built: Recorded[ConfigBuilt] | None, name: str) -> Evidence | None:
    if built is None:
        return None
    return Evidence(built.step.number, "left-over", {"name": name, "class": last_name(built.event.class_)})
