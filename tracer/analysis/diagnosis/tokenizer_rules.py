"""Rules for tokenizers: their files, packages and templates, and token ids that the model has no embedding for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.file_rules import not_json
from tracer.analysis.diagnosis.own_code import own_names
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, class_in, file_name, last_name, release_numbers
from tracer.analysis.diagnosis.thrown import Thrown, in_library, is_own, thrown
from tracer.analysis.loading_calls import AUTO_TOKENIZER
from tracer.analysis.value_format import to_json
from tracer.releases import library
from tracer.trace.events import (
    ChatRendered,
    FileMissing,
    FileResolved,
    JsonRead,
    LogWritten,
    ModelBuilt,
    ModuleBuilt,
    ModuleEntered,
    ModuleLeft,
    Recorded,
    TextPrepared,
    TokenizerLoaded,
    events,
)
from tracer.trace.missing_libraries import PACKAGES, missing_libraries

_LOADER: Final = "PreTrainedTokenizerBase.from_pretrained"
# Those that can be there or not be there in every tokenizer's directory.
_OPTIONAL: Final = (
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
    "config.json",
    "tokenizer.json",
)
_NOT_VOCABULARIES: Final = re.compile(r"chat_template|processor_config|\.py$|adapter_|generation_config")
# Messages of serde, which tokenizers reads tokenizer.json with.
_ANOTHER_FORM: Final = re.compile(r"untagged enum (?P<part>\w+)|unknown variant `(?P<variant>[^`]+)`")
# Of tokenizers and processors, in 4.44.2 and in 5.23.0. Other errors speak of the template that there is.
_NO_TEMPLATE: Final = re.compile(
    r"chat_template is not set|No chat template is set|does not have a chat template|multiple chat templates"
)
_PLACE: Final = re.compile(r"(?:at|:) line (?P<line>\d+) column (?P<column>\d+)")


def _loading(load: RecordedLoad) -> bool:
    """Return whether the load failed while a tokenizer was loaded."""
    origin = load.failure.origin if load.failure is not None else None
    return any(load.enclosing(origin, function) is not None for function in (_LOADER, AUTO_TOKENIZER))


# The class


def tokenizer_class_missing(load: RecordedLoad) -> Cause | None:
    """Detect a tokenizer class that this release does not have. Only 4.x fails; 5.x takes another class."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or failure.origin.function != AUTO_TOKENIZER:
        return None
    frame = failure.origin.frame
    wanted = load.variable(frame, "config_tokenizer_class") if frame is not None else None
    tried = load.variable(frame, "tokenizer_class_candidate") if frame is not None else None
    if not isinstance(wanted, str) or not isinstance(tried, str):
        return None
    values: dict[str, Any] = {"class": wanted, "release": load.release_text}
    presence = library().name("transformers", wanted)
    if presence is not None and presence.since is not None and library().has(presence, values["release"]) is False:
        values["since"] = presence.since
        return Cause("tokenizer-class-newer", "certain", load.with_raised(), values, "upgrade-or-name-tokenizer-class")
    if presence is None and (unmapped := _not_mapped(load, wanted)) is not None:
        return unmapped
    return Cause("tokenizer-class-missing", "certain", load.with_raised(), values, "name-tokenizer-class")


def _not_mapped(load: RecordedLoad, wanted: str) -> Cause | None:
    """Return the cause for a class that seems to be in a file of the directory, and that no ``auto_map`` names."""
    settings = load.trace.meta.json_object("tokenizer_config.json")
    own = sorted(name for name in own_names(load) if name.startswith("tokenization"))
    if not own or (settings is not None and "AutoTokenizer" in (settings.get("auto_map") or {})):
        return None
    release = load.release_text
    values = {"class": wanted, "release": release, "file": f"{own[0]}.py", "module": own[0]}
    return Cause("tokenizer-code-not-mapped", "likely", load.with_raised(), values, "map-tokenizer")


# Packages


def vocabulary_package_missing(load: RecordedLoad) -> Cause | None:
    """Detect a SentencePiece or tiktoken vocabulary that can't be read for want of a package."""
    failure = load.failure
    slow = _slow_vocabulary(load)
    if failure is None or slow is None or not _loading(load):
        return None
    said = "\n".join([exception.text for exception in load.exceptions] + _said_before(load, failure.step))
    kind = _kind_of_file(load, str(slow.event.name))
    if kind in ("lfs-pointer", "html", "empty"):
        return None
    missing = [PACKAGES.get(name, name) for name in missing_libraries(said)]
    installed = load.trace.meta.releases
    if kind == "text" or slow.event.name == "tiktoken.model":
        missing = ["tiktoken"] if "tiktoken" in said and "tiktoken" not in installed else []
    elif not missing and "sentencepiece" in said.lower() and "sentencepiece" not in installed:
        missing = ["sentencepiece"]
    # protobuf missing, the SentencePiece model is read as text: 5.23.0
    elif not missing and "Error parsing line b" in said and "protobuf" not in installed:
        missing = ["protobuf"]
    if not missing:
        return None
    if "sentencepiece" in missing and "protobuf" not in installed and "protobuf" not in missing:
        missing.append("protobuf")  # the next thing that the conversion needs
    names = list(dict.fromkeys(missing))
    values: dict[str, Any] = {"file": slow.event.name, "names": names, "packages": " ".join(names)}
    misled = "tiktoken" in failure.text and "tiktoken" not in names
    which = "vocabulary-package-missing-misled" if misled else "vocabulary-package-missing"
    found = Evidence(slow.step.number, "file", {"path": slow.event.path})
    return Cause(
        which, "certain", load.with_raised(found, _absent(load, "tokenizer.json")), values, "install-or-convert"
    )


def _slow_vocabulary(load: RecordedLoad) -> Recorded[FileResolved] | None:
    """Return the vocabulary of a slow tokenizer that was found, if there is no tokenizer.json beside it."""
    before = load.failure.step if load.failure is not None else len(load.trace)
    found = [file for file in load.events(FileResolved) if file.step.number <= before]
    if any(file.event.name == "tokenizer.json" for file in found):
        return None
    return next((file for file in reversed(found) if str(file.event.name).endswith(".model")), None)


def _said_before(load: RecordedLoad, step: int) -> list[str]:
    """Return what the library logged in the same stage before it gave up."""
    stage = load.trace.step(step).stage
    logs = load.events(LogWritten)
    return [str(log.event.message) for log in logs if log.step.number < step and log.step.stage == stage]


def library_package_missing(load: RecordedLoad) -> Cause | None:
    """Detect an optional package that a class of the library needs: its own check says which."""
    failure = thrown(load)
    if failure is None or failure.error != "ImportError" or not (names := missing_libraries(failure.text)):
        return None
    if failure.frames and not failure.passes("requires_backends"):
        return None
    if vocabulary_package_missing(load) is not None:  # which says what for
        return None
    packages = list(dict.fromkeys(PACKAGES[name] for name in names if name in PACKAGES))
    who = re.match(r"\s*(?P<class>\w+) requires the", failure.text)
    values = {
        "class": who["class"] if who else "?",
        "names": list(dict.fromkeys(names)),
        "packages": " ".join(packages),
    }
    certainty: Certainty = "certain" if failure.frames else "likely"
    remedy = "install-for-class" if packages else "install-as-told"
    return Cause("library-package-missing", certainty, load.raised(), values, remedy)


# Files


def vocabulary_missing(load: RecordedLoad) -> Cause | None:
    """Detect a tokenizer that fails because none of the files that could hold its vocabulary is there."""
    failure = load.failure
    if (
        failure is None
        or failure.name not in ("OSError", "TypeError", "ValueError", "AttributeError")
        or not _loading(load)
    ):
        return None
    if not (missing := _vocabularies_missing(load, failure.step)):
        return None
    named = (load.trace.meta.json_object("tokenizer_config.json") or {}).get("tokenizer_class")
    if isinstance(named, str) and library().name("transformers", named) is None:
        unmapped = _not_mapped(load, named)  # 5.x goes on with a class of its own, and then misses the vocabulary
        if unmapped is not None:
            return unmapped
    loader = load.enclosing(failure.origin, _LOADER)
    wanted = class_in(load.variable(loader, "cls")) if loader is not None else None
    values = {"names": [str(one.event.name) for one in missing], "in": missing[0].event.in_, "class": wanted or "?"}
    certainty: Certainty = "certain" if failure.error == "OSError" else "likely"
    return Cause("vocabulary-missing", certainty, load.with_raised(*map(_gone, missing)), values, "add-vocabulary")


def tokenizer_without_vocabulary(load: RecordedLoad) -> Iterator[Cause]:
    """Yield tokenizers of the library that were made without a vocabulary: 5.x takes an empty one where 4.x fails."""
    begun = 0
    for loaded in load.events(TokenizerLoaded):
        missing = _vocabularies_missing(load, loaded.step.number, since=begun)
        begun = loaded.step.number
        if missing and not is_own(loaded.event.class_):
            values = {"names": [str(one.event.name) for one in missing], "class": last_name(loaded.event.class_)}
            seen = Evidence(loaded.step.number, "tokenizer-loaded", {"class": values["class"]})
            yield Cause("tokenizer-empty", "likely", [*map(_gone, missing), seen], values, "add-vocabulary")


def _vocabularies_missing(load: RecordedLoad, until: int, *, since: int = 0) -> list[Recorded[FileMissing]]:
    """Return the vocabularies that were looked for, if none of them was found."""

    def asked(file: Recorded[Any]) -> bool:
        within = since <= file.step.number <= until and file.step.stage in ("processor", "tokenizer")
        return within and _is_vocabulary(str(file.event.name))

    if any(map(asked, load.events(FileResolved))):
        return []
    named = {str(file.event.name): file for file in load.events(FileMissing) if asked(file)}
    # tokenizer.json alone: the tokenizer may be one that needs no file
    return list(named.values()) if named.keys() - {"tokenizer.json"} else []


def _is_vocabulary(name: str) -> bool:
    if name == "tokenizer.json":
        return True
    return name not in _OPTIONAL and not _NOT_VOCABULARIES.search(name)


def tokenizer_file_of_other_release(load: RecordedLoad) -> Cause | None:
    """Detect a tokenizer.json that the installed tokenizers can't read: of a newer release, or not whole."""
    failure = load.root
    if failure is None or not _loading(load):
        return None
    if failure.name == "JSONDecodeError":  # 4.44 reads it as JSON as well
        file = load.trace.meta.file("tokenizer.json")
        if file is None or file.note("not-json") is None or not_json(load) is not None:
            return None
    elif failure.error != "Exception":
        return None
    found = load.last(FileResolved, name="tokenizer.json")
    another, place = _ANOTHER_FORM.search(failure.text), _PLACE.search(failure.text)
    if found is None or (another is None and place is None):
        return None
    installed = load.trace.meta.releases.get("tokenizers", "?")
    values: dict[str, Any] = {"file": found.event.path, "release": installed, "message": failure.message}
    chain = load.with_raised(Evidence(found.step.number, "file", {"path": found.event.path}))
    if another is None:
        return Cause("tokenizer-file-broken", "certain", chain, values, "repair-tokenizer-file")
    pairs = _merges_are_pairs(load)
    values["part"] = another["variant"] or str(another["part"]).removesuffix("Wrapper").lower()
    if pairs and release_numbers(installed) < (0, 20):
        return Cause("tokenizer-merges-newer", "certain", chain, values, "upgrade-tokenizers-or-join")
    return Cause("tokenizer-file-newer", "likely", chain, values, "upgrade-tokenizers")


def _merges_are_pairs(load: RecordedLoad) -> bool:
    """Return whether the merges of tokenizer.json are written as pairs, which tokenizers reads from 0.20 on."""
    try:
        merges = load.trace.meta.json_file("tokenizer.json")["model"]["merges"]
    except (TypeError, KeyError):
        return False
    return isinstance(merges, list) and bool(merges) and isinstance(merges[0], list)


# Templates and padding


def chat_template_missing(load: RecordedLoad) -> Cause | None:
    """Detect a conversation that was to be rendered by a tokenizer or processor without a chat template."""
    failure = thrown(load)
    if failure is None or failure.error != "ValueError" or _NO_TEMPLATE.search(failure.text) is None:
        return None
    if failure.frames and not failure.passes("get_chat_template", "apply_chat_template"):
        return None
    loaded = load.last(TokenizerLoaded)
    values = {"class": last_name(loaded.event.class_) if loaded is not None else "?"}
    seen = Evidence(loaded.step.number, "tokenizer-loaded", values) if loaded is not None else None
    chain = load.with_raised(seen, _absent(load, "chat_template.jinja"))
    certainty: Certainty = "certain" if failure.frames else "likely"
    if "multiple chat templates" in failure.text:
        return Cause("chat-template-to-choose", certainty, chain, values, "choose-template")
    return Cause("chat-template-missing", certainty, chain, values, "give-template")


# What newer releases give to a chat template, with the first that does, as read from chat_template_utils.
_GIVEN_SINCE: Final = {"strftime_now": "4.46"}
_UNDEFINED: Final = re.compile(r"^'(?P<name>\w+)' is undefined$")


def chat_template_failed(load: RecordedLoad) -> Cause | None:
    """Detect a chat template that refuses the conversation, or can't be rendered."""
    failure = thrown(load)
    if failure is None or not failure.error.startswith("jinja2."):
        return None
    undefined = _UNDEFINED.match(failure.text) if failure.name == "UndefinedError" else None
    if undefined is not None:
        values = {"name": undefined["name"], "since": _GIVEN_SINCE.get(undefined["name"]), "release": load.release_text}
        newer = values["since"] is not None and load.release < release_numbers(str(values["since"]))
        kind = "template-name-newer" if newer else "template-name-undefined"
        remedy = "upgrade-for-template" if newer else "give-to-template"
        return Cause(kind, "certain", load.raised(), values, remedy)
    if failure.name == "TemplateError" and any(frame.function.endswith("raise_exception") for frame in failure.frames):
        values = {"message": failure.text.strip().rstrip(".")}
        return Cause("chat-template-refused", "certain", load.raised(), values, "speak-as-template-wants")
    return Cause("chat-template-failed", "certain", load.raised(), {"message": failure.text}, "read-template")


def padding_token_missing(load: RecordedLoad) -> Cause | None:
    """Detect padding that was asked of a tokenizer without a padding token."""
    failure = thrown(load)
    if failure is None or failure.error != "ValueError" or "does not have a padding token" not in failure.text:
        return None
    if failure.frames and not failure.passes("_get_padding_truncation_strategies"):
        return None
    loaded = load.last(TokenizerLoaded)
    values = {"class": last_name(loaded.event.class_) if loaded is not None else "?"}
    seen = Evidence(loaded.step.number, "tokenizer-loaded", values) if loaded is not None else None
    return Cause(
        "padding-token-missing",
        "certain" if failure.frames else "likely",
        load.with_raised(seen),
        values,
        "set-padding-token",
    )


# Special tokens

_OTHER_KIND: Final = re.compile(
    r"^Special token (?P<name>\w+) has to be either str or AddedToken but got: <class '(?P<type>\w+)'>"
)
_NO_SETTER: Final = re.compile(r"^property '(?P<name>\w+)' of '(?P<class>\w+)' object has no setter$")


def special_token_of_other_kind(load: RecordedLoad) -> Cause | None:
    """Detect a special token that a file gives as an object or list where the library wants a text."""
    failure = thrown(load)
    match = _OTHER_KIND.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if match is None:
        return None
    values: dict[str, Any] = {"name": match["name"], "type": match["type"], "file": "tokenizer_config.json"}
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        given = (load.trace.meta.json_object(file) or {}).get(match["name"])
        if given is not None and not isinstance(given, str):
            values |= {"file": file, "written": json.dumps(given, ensure_ascii=False)}
            values["content"] = given.get("content") if isinstance(given, dict) else None
            break
    else:
        return None
    return Cause("special-token-no-text", "certain", load.raised(), values, "write-token")


def property_without_setter(load: RecordedLoad) -> Cause | None:
    """Detect an own class with a property that the library sets."""
    failure = thrown(load)
    match = _NO_SETTER.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or (failure.frames and not in_library(failure.frames[-1])):
        return None
    own = next((found for found in load.classes(match["class"]) if found.is_own and found.method(match["name"])), None)
    if own is None:
        return None
    written = own.method(match["name"])
    values = {
        "class": own.node.name,
        "name": match["name"],
        "file": file_name(own.path),
        "line": written.lineno if written is not None else None,
        "by": failure.frames[-1].function if failure.frames else "?",
    }
    meta = load.trace.meta
    giving = [file for file in sorted(meta.json_files) if match["name"] in (meta.json_object(file) or {})]
    if not giving:
        return Cause("property-without-setter", "certain", load.raised(), values, "give-setter")
    values["files"] = giving
    return Cause("property-given-in-json", "certain", load.raised(), values, "give-setter-or-take-out")


def vocabulary_half_missing(load: RecordedLoad) -> Cause | None:
    """Detect a tokenizer that fails in its constructor, with one of its two files there and the other not."""
    failure = load.failure
    if failure is None or failure.name not in ("TypeError", "ValueError", "OSError") or not _loading(load):
        return None
    built_in = [frame for frame in failure.frames if "tokenization" in file_name(frame.file)]
    if not any(frame.function.endswith(".__init__") for frame in built_in if in_library(frame)):
        return None
    found = [one for one in load.events(FileResolved) if one.step.number < failure.step and _is_half(one)]
    gone = [one for one in load.events(FileMissing) if one.step.number < failure.step and _is_half(one)]
    if not found or not gone or load.last(FileResolved, name="tokenizer.json") is not None:
        return None
    values = {"name": gone[0].event.name, "there": found[-1].event.name, "in": gone[0].event.in_}
    loader = load.enclosing(failure.origin, _LOADER)
    values["class"] = (class_in(load.variable(loader, "cls")) if loader is not None else None) or "?"
    return Cause("vocabulary-half-missing", "likely", load.with_raised(_gone(gone[0])), values, "add-half")


def _is_half(file: Recorded[Any]) -> bool:
    """Return whether it is one of the two files of a tokenizer of byte pairs."""
    return file.step.stage in ("tokenizer", "processor") and file.event.name in ("vocab.json", "merges.txt")


# Token ids


def index_out_of_range(load: RecordedLoad) -> Cause | None:
    """Detect a token id, or a position, that an embedding has no row for."""
    failure = thrown(load)
    if failure is None or failure.error not in ("IndexError", "RuntimeError"):
        return None
    model = load.last_built
    entered = _embedding_that_raised(load, failure, since=model.step.number if model is not None else 0)
    if model is None or entered is None:
        return None
    rows = _rows(load, model, str(entered.event.path))
    prepared = load.last(TextPrepared)
    if rows is None or prepared is None or not prepared.event.ids:
        return None
    ids = prepared.event.ids
    at = max(range(len(ids)), key=ids.__getitem__)
    piece = prepared.event.pieces[at] if at < len(prepared.event.pieces) else ""
    values: dict[str, Any] = {"path": entered.event.path, "rows": rows, "id": ids[at], "piece": piece}
    values["count"] = prepared.event.count or len(ids)
    chain = load.with_raised(
        Evidence(prepared.step.number, "token-ids", {"count": values["count"], "id": ids[at]}),
        Evidence(entered.step.number, "module-entered", {"path": entered.event.path}),
    )
    if "type" in str(entered.event.path).rpartition(".")[2]:
        return None
    earlier = _embedded_before(load, entered, since=model.step.number)
    if ids[at] >= rows and not earlier:
        certainty: Certainty = "certain" if values["count"] < rows else "likely"
        if prepared.event.prompt is None:  # the user's own ids, which no tokenizer made
            return Cause("given-id-out-of-range", certainty, chain, values, "give-smaller-ids")
        return Cause("token-out-of-range", certainty, chain, values, "resize-or-own-tokenizer")
    if earlier and values["count"] > rows:  # the token ids went into another embedding, which has a row for each
        return Cause("position-out-of-range", "likely", chain, values, "shorten-input")
    return None


def _embedded_before(load: RecordedLoad, entered: Recorded[ModuleEntered], *, since: int) -> bool:
    """Return whether another embedding was called before this one: token ids are what the first one is for."""
    calls = events(load.trace, ModuleEntered, stop=entered.step.number)
    return any(call.step.number > since and is_embedding(call.event.class_) for call in calls)


def is_embedding(class_: str | None) -> bool:
    """Return whether a module is a plain embedding, and not one that is put together from several."""
    return class_ is not None and class_.endswith("Embedding")


def _embedding_that_raised(load: RecordedLoad, failure: Thrown, *, since: int) -> Recorded[ModuleEntered] | None:
    """Return the call of the module that the exception came out of first, if that is an embedding."""
    calls = (found for found in events(load.trace, ModuleLeft) if found.step.number > since)
    left = next((found for found in calls if found.event.raised == failure.name), None)
    if left is None:
        return None
    for entered in events(load.trace, ModuleEntered, stop=left.step.number):
        if entered.step.number > since and entered.event.call == left.event.call and is_embedding(entered.event.class_):
            return entered
    return None


def _rows(load: RecordedLoad, model: Recorded[ModelBuilt], path: str) -> int | None:
    """Return the number of rows of an embedding in the model."""
    number = next((row.module for row in model.event.tree if row.path == path), None)
    for built in events(load.trace, ModuleBuilt):
        if number is not None and built.event.module == number and built.event.parameters:
            shape = built.event.parameters[0].shape
            return shape[0] if len(shape) == 2 else None
    return None


# Pictures

_SIGHT: Final = re.compile(r"vis|image|img")  # in the path of a module that sees
_SEEING: Final = ("vision_config", "visual", "img_processor", "vision_encoder", "vision_tower", "mm_vision_tower")
"""Keys of config.json by which models that see describe the part that does."""


def picture_dropped(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that a model which sees was run without a picture, because nothing made pixels of it."""
    prepared, read = load.last(TextPrepared), load.last(JsonRead, path="<model>/config.json")
    entered = next(events(load.trace, ModuleEntered), None)
    if prepared is None or read is None or entered is None or entered.event.path != "":
        return
    config = to_json(load.trace, read.step.value) if read.step.value is not None else None
    given = to_json(load.trace, entered.step.value) if entered.step.value is not None else None
    if not isinstance(config, dict) or not any(config.get(key) for key in _SEEING) or not isinstance(given, dict):
        return
    tensors = {name: value for name, value in given.items() if isinstance(value, dict) and value.get("is") == "tensor"}
    if not tensors or any("float" in str(value.get("dtype")) for value in tensors.values()):
        return
    built = load.last_built
    if built is not None and not is_own(built.event.class_) and not _has_sight(built.event):
        return  # a class of the library for the text alone
    rendered = next(events(load.trace, ChatRendered, stop=entered.step.number), None)
    seen = [
        Evidence(found.step.number, found.step.kind) for found in (rendered, prepared, entered) if found is not None
    ]
    # The recorder puts a picture into the conversation of models with a vision_config alone.
    dropped = rendered is not None and config.get("vision_config")
    kind = "picture-dropped" if dropped else "picture-not-given"
    yield Cause(kind, "certain", seen, {"names": list(tensors)}, "use-processor")


def _has_sight(model: ModelBuilt) -> bool:
    """Return whether a module of the model is called as those are that see."""
    return any(_SIGHT.search(row.path) for row in model.tree)


# Evidence


def _absent(load: RecordedLoad, name: str) -> Evidence | None:
    missing = load.last(FileMissing, name=name)
    return None if missing is None else _gone(missing)


def _gone(missing: Recorded[FileMissing]) -> Evidence:
    return Evidence(missing.step.number, "file-missing", {"name": missing.event.name, "in": missing.event.in_})


def _kind_of_file(load: RecordedLoad, name: str) -> str | None:
    """Return what a file of the directory is by its first bytes."""
    file = load.trace.meta.file(name)
    return file.kind if file is not None else None
