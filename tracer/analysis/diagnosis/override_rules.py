"""Rules for classes of the model's own that don't fit the library's class that they derive from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from tracer.analysis.diagnosis.argument_rules import attribute_gone
from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.own_code import own_classes
from tracer.analysis.diagnosis.recorded_load import ClassInSource, RecordedLoad, file_name, last_name, release_numbers
from tracer.analysis.diagnosis.thrown import Thrown, behind, in_library, is_own, thrown
from tracer.analysis.syntax import Function
from tracer.releases import library
from tracer.trace.events import (
    ClassResolved,
    ConfigBuilt,
    ModelBuilt,
    ModelLoaded,
    NotEncoded,
    NotFed,
    NotGenerated,
    Recorded,
    TokenizerLoaded,
    TracebackFrame,
)

_UNEXPECTED: Final = re.compile(r"^(?P<callee>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_FEWER: Final = re.compile(
    r"^(?P<callee>[\w.<>]+)\(\) takes (?:from \d+ to )?(?P<takes>\d+) positional arguments? "
    r"but (?P<given>\d+) (?:was|were) given"
)
_WANTS: Final = re.compile(r"^(?P<callee>[\w.<>]+)\(\) missing \d+ required [\w-]+ arguments?: (?P<names>.+)$")
_LACKS: Final = re.compile(r"^'?(?P<class>\w+)'?(?: object)? has no attribute '?(?P<name>\w+)'?")
_LOOKING_UP: Final = ("__getattr__", "__getattribute__")


# A parameter that an override lacks


def override_lacks_parameter(load: RecordedLoad) -> Cause | None:
    """Detect a method that the library calls with an argument which the own class that overrides it does not take."""
    failure = thrown(load)
    return None if failure is None else _lacking(load, failure)


def overrides_that_kept_passes_away(load: RecordedLoad) -> Iterator[Cause]:
    """Yield what keeps the model from being used although it loaded, such as a tokenizer that can't encode."""
    for skipped in load.events(NotFed, NotEncoded, NotGenerated):
        failure = behind(skipped)
        cause = _lacking(load, failure) or _set_too_late(load, failure) if failure is not None else None
        if cause is not None:
            seen = Evidence(skipped.step.number, skipped.step.kind)
            yield Cause(cause.kind, cause.certainty, [*cause.chain, seen], cause.values, cause.remedy)


def _lacking(load: RecordedLoad, failure: Thrown) -> Cause | None:
    match = None
    for pattern in (_UNEXPECTED, _FEWER, _WANTS) if failure.error == "TypeError" else ():
        match = match or pattern.match(failure.text)
    if match is None:
        return None
    owner, _, method = match["callee"].rpartition(".")
    owner = owner.rpartition(".")[2]
    if not owner or method in ("__init__", "__new__") or not _called_by_library(load, failure):
        return None
    own = _own_class(load, owner)
    if own is None and owner not in _own_names(load):
        return None
    written = own.method(method) if own is not None else None
    if own is not None and written is None:
        return None  # inherited, perhaps from the library
    values: dict[str, Any] = {
        "class": owner,
        "method": method,
        "release": load.release_text,
        "file": file_name(own.path) if own is not None else owner,
        "line": written.lineno if written is not None else None,
    }
    certainty: Certainty = "certain" if failure.frames and own is not None else "likely"
    chain = load.raised() if load.status != "loaded" else []
    if match.re is _FEWER:
        values |= {"takes": int(match["takes"]) - 1, "given": int(match["given"]) - 1}  # without self
        return Cause("override-takes-fewer", certainty, chain, values, "take-all")
    if match.re is _WANTS:
        values["names"] = re.findall(r"'(\w+)'", match["names"])
        return Cause("override-wants-more", certainty, chain, values, "give-default")
    since = _passed_since(method, match["name"])
    values |= {"name": match["name"], "since": since}
    if since is None:
        return Cause("override-lacks-parameter", certainty, chain, values, "take-parameter")
    return Cause("override-lacks-newer-parameter", certainty, chain, values, "take-parameter-or-older")


def constructor_wants_more(load: RecordedLoad) -> Cause | None:
    """Detect an own class whose constructor needs arguments that the library does not pass it."""
    failure = thrown(load)
    match = _WANTS.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if failure is None or match is None or not match["callee"].endswith(".__init__"):
        return None
    owner = match["callee"].removesuffix(".__init__").rpartition(".")[2]
    # No line of such a class may have run, so that its source is not in the trace.
    files = [f"{name}.py" for name, classes in own_classes(load).items() if owner in classes]
    caller = failure.caller
    if len(files) != 1 or caller is None or not in_library(caller):
        return None
    values: dict[str, Any] = {
        "class": owner,
        "names": re.findall(r"'(\w+)'", match["names"]),
        "file": files[0],
        "function": caller.function,
        "release": load.release_text,
    }
    values["name"] = values["names"][0]
    made = file_name(caller.file)
    remedy = {"configuration_utils.py": "default-in-configuration", "modeling_utils.py": "default-in-model"}
    return Cause(
        "constructor-wants-more", "certain", load.with_raised(), values, remedy.get(made, "default-in-constructor")
    )


def forward_wants_more(load: RecordedLoad) -> Cause | None:
    """Detect a model whose ``forward`` needs more than the inputs that the pass was run with."""
    failure = thrown(load)
    match = _WANTS.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if failure is None or match is None or load.part != "forward" or failure.caller is not None or not failure.frames:
        return None
    owner, _, method = match["callee"].rpartition(".")
    own = _own_class(load, owner.rpartition(".")[2])
    written = own.method(method) if own is not None else None
    if own is None or written is None or method != "forward":
        return None
    model = load.last_built
    seen = Evidence(model.step.number, "model-class", {"class": own.node.name}) if model is not None else None
    values = {
        "class": own.node.name,
        "names": re.findall(r"'(\w+)'", match["names"]),
        "file": file_name(own.path),
        "line": written.lineno,
    }
    return Cause("forward-wants-more", "certain", load.with_raised(seen), values, "default-in-forward")


def _called_by_library(load: RecordedLoad, failure: Thrown) -> bool:
    if failure.caller is not None:
        return in_library(failure.caller)
    origin = load.failure.origin if load.failure is not None else None
    return origin is not None and origin.module.startswith("transformers.")


@cache
def _passed_since(method: str, parameter: str) -> str | None:
    """Return the release in which the library's own methods of this name got a parameter."""
    known = library()
    found = [known.parameter(function, parameter) for function in known.functions(method) if _is_of_base(function)]
    since = [presence.since for presence in found if presence is not None]
    if not since or any(release is None for release in since):
        return None
    return min((release for release in since if release is not None), key=release_numbers)


def _is_of_base(function: str) -> bool:
    """Return whether it is a method of a class that models, tokenizers and the like derive from."""
    owner = function.split(".")[-2]
    return owner[:1].isupper() and not function.startswith("transformers.models.")


# An attribute that is set too late


def attribute_set_too_late(load: RecordedLoad) -> Cause | None:
    """Detect a constructor that calls the library's before it sets what its own methods then read."""
    failure = thrown(load)
    return None if failure is None else _set_too_late(load, failure)


def _set_too_late(load: RecordedLoad, failure: Thrown) -> Cause | None:
    match = _LACKS.match(failure.text) if failure.error == "AttributeError" else None
    calling = _calls_of_base(failure.frames)
    if match is None or calling is None:
        return None
    constructor, reading = calling
    owner = constructor.function.rpartition(".")[0].rpartition(".")[2]
    derived = any(found.node.name == owner for found in load.classes(match["class"]))
    if not derived and match["class"] not in (owner, *_own_names(load)):
        return None  # an attribute of something else
    own = _own_class(load, owner)
    built = own.method("__init__") if own is not None else None
    values: dict[str, Any] = {
        "class": owner,
        "file": file_name(constructor.file),
        "line": constructor.line,
        "method": reading.function.rpartition(".")[2],
    }
    tokenizer = any("tokenization" in frame.file for frame in failure.frames if in_library(frame))
    remedy = "set-before-base-or-leave-out" if tokenizer else "set-before-base"
    if own is None or built is None:  # its text is not in the trace
        values |= {"name": match["name"], "names": [match["name"]]}
        return Cause("attribute-not-set-yet", "likely", load.raised(), values, remedy)
    # A property that fails is looked up again as a plain attribute: then the message names the property.
    wanted = {match["name"]} if own.method(match["name"]) is None else _read(own, match["name"])
    late = {name: line for name, line in _assigned(built).items() if name in wanted and line > constructor.line}
    if not late:
        return None
    names = sorted(late, key=late.__getitem__)
    values |= {"names": names, "name": names[0], "set": late[names[0]]}
    return Cause("attribute-set-too-late", "certain", load.raised(), values, remedy)


def _calls_of_base(frames: list[TracebackFrame]) -> tuple[TracebackFrame, TracebackFrame] | None:
    """Return an own constructor that calls the library, and the own function that the library calls back from there."""
    reading = next((at for at in range(len(frames) - 1, -1, -1) if frames[at].is_remote), None)
    if reading is None:
        return None
    own = (at for at in range(reading - 1, -1, -1) if frames[at].is_remote)
    through = next((at for at in own if frames[at].function.endswith(".__init__")), None)
    if through is None:
        return None
    if not any(in_library(frame) for frame in frames[through + 1 : reading]):
        # The library's base asks for a property: its frame is the last, and the own one is the constructor.
        return None
    return frames[through], frames[reading]


def _assigned(function: Function) -> dict[str, int]:
    """Return the attributes of ``self`` that a function sets, each with the first line that does."""
    found: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
            found[node.attr] = min(node.lineno, found.get(node.attr, node.lineno))
    return found


def _read(own: ClassInSource, method: str) -> set[str]:
    written = own.method(method)
    nodes = ast.walk(written) if written is not None else ()
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_self(node.value)
    }


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


# Generation


def generation_mixin_missing(load: RecordedLoad) -> Cause | None:
    """Detect a model that is asked to generate and whose class does not inherit ``GenerationMixin``."""
    failure = thrown(load)
    match = _LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or load.release < (4, 50):  # up to 4.49 every model inherits it
        return None
    found: list[Recorded[ModelLoaded | ModelBuilt]] = load.events(ModelLoaded, ModelBuilt)
    loaded = found[-1] if found else None
    class_ = loaded.event.class_ if loaded is not None else None
    if loaded is None or last_name(class_) != match["class"] or not _of_generation(match["name"], load.release_text):
        return None
    seen = Evidence(loaded.step.number, "model-class", {"class": match["class"]})
    values = {"class": match["class"], "name": match["name"], "release": load.release_text}
    if not is_own(class_):
        return Cause("model-without-head", "certain", load.with_raised(seen), values, "class-that-generates")
    values["file"] = _place_of(load, class_)
    certainty: Certainty = "certain" if match["name"] == "generate" else "likely"
    return Cause("generation-mixin-missing", certainty, load.with_raised(seen), values, "inherit-generation-mixin")


def head_missing(load: RecordedLoad) -> Cause | None:
    """Detect a class without a language model head that is asked to generate, as the library itself found."""
    failure = thrown(load)
    if failure is None or failure.error != "TypeError" or not failure.passes("_validate_model_class"):
        return None
    found: list[Recorded[ModelLoaded | ModelBuilt]] = load.events(ModelLoaded, ModelBuilt)
    if not found:
        return None
    class_ = last_name(found[-1].event.class_)
    seen = Evidence(found[-1].step.number, "model-class", {"class": class_})
    return Cause("model-without-head", "certain", load.with_raised(seen), {"class": class_}, "class-that-generates")


def _of_generation(name: str, release: str) -> bool:
    """Return whether ``GenerationMixin`` of a release has this method; others have left it, and no base brings them."""
    known = library()
    member = known.member("transformers.generation.utils.GenerationMixin", name)
    return name == "generate" or (member is not None and known.has(member, release) is not False)


def _place_of(load: RecordedLoad, class_: str | None) -> str:
    built = load.last(ModelBuilt, class_=class_)
    place = str(built.event.place) if built is not None and built.event.place is not None else ""
    return file_name(place.rpartition(":")[0] or "?")


# Names that the library's code uses for sizes; own configurations often have the same thing under another name.
_STANDARD: Final = {
    "num_hidden_layers": ("num_layers", "n_layer", "n_layers", "layers", "depth", "num_layer", "decoder_layers"),
    "hidden_size": ("n_embd", "d_model", "dim", "embed_dim", "width", "n_embed", "model_dim"),
    "num_attention_heads": ("n_head", "n_heads", "num_heads", "heads"),
    "num_key_value_heads": ("multi_query_group_num", "n_kv_heads", "num_kv_heads", "n_head_kv"),
    "vocab_size": ("padded_vocab_size", "n_vocab", "words", "vocabulary_size"),
    "max_position_embeddings": ("seq_length", "n_positions", "n_ctx", "max_seq_len", "max_seq_length", "max_length"),
    "intermediate_size": ("ffn_hidden_size", "n_inner", "ffn_dim", "d_ff"),
    "head_dim": ("kv_channels", "d_kv"),
}


def configuration_lacks_name(load: RecordedLoad) -> Cause | None:
    """Detect an attribute that the library reads of an own configuration, which calls it otherwise or lacks it."""
    failure = thrown(load)
    match = _LACKS.match(failure.text) if failure is not None and failure.error == "AttributeError" else None
    if failure is None or match is None or not failure.frames or attribute_gone(load) is not None:
        return None
    built = next(
        (one for one in reversed(load.events(ConfigBuilt)) if last_name(one.event.class_) == match["class"]), None
    )
    reads = [frame for frame in failure.frames if frame.function.rpartition(".")[2] not in _LOOKING_UP]
    reader = reads[-1] if reads else None
    if built is None or not is_own(built.event.class_) or reader is None or not in_library(reader):
        return None
    values: dict[str, Any] = {
        "class": match["class"],
        "name": match["name"],
        "function": reader.function,
        "file": reader.file,
        "line": reader.line,
    }
    chain = load.with_raised(Evidence(built.step.number, "config-built", {"class": match["class"]}))
    other = _other_name(load, match["class"], match["name"])
    if other is None:
        return Cause("configuration-lacks-name", "certain", chain, values, "set-for-library")
    values["other"] = other
    return Cause("configuration-names-otherwise", "likely", chain, values, "attribute-map")


def _other_name(load: RecordedLoad, owner: str, name: str) -> str | None:
    """Return under which other name an own configuration seems to have something."""
    own = _own_class(load, owner)
    built = own.method("__init__") if own is not None else None
    have = set(_assigned(built)) if built is not None else set()
    return next((other for other in _STANDARD.get(name, ()) if other in have), None)


# The own classes


def _own_class(load: RecordedLoad, name: str) -> ClassInSource | None:
    """Return a class of the model's own, if its source is in the trace."""
    return next((found for found in load.classes(name) if found.is_own and found.node.name == name), None)


def _own_names(load: RecordedLoad) -> set[str]:
    """Return the names of the own classes that were chosen, built or loaded."""
    found: list[Recorded[ClassResolved | ConfigBuilt | TokenizerLoaded | ModelLoaded]] = load.events(
        ClassResolved, ConfigBuilt, TokenizerLoaded, ModelLoaded
    )
    return {last_name(one.event.class_) for one in found if is_own(one.event.class_)}
