"""Rules for the choice of a class: the model type, the auto class, the configuration class, the tokenizer class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.config_rules import not_an_object
from tracer.analysis.diagnosis.config_values import config_json
from tracer.analysis.diagnosis.exceptions import Passage
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, class_in, file_name, last_name
from tracer.analysis.diagnosis.thrown import is_users, thrown
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_MODEL
from tracer.releases.library import Presence, library
from tracer.trace.events import ClassResolved, ConfigBuilt, ConfigRead, FileResolved, ModelLoaded

_MODEL_HAS = re.compile(r"model has <class '(?P<class>[^']+)'>")  # 5.0 to 5.23


def unknown_model_type(load: RecordedLoad) -> Cause | None:
    """Detect a ``model_type`` that this release does not know and that ``auto_map`` has no code for."""
    failure, root = load.failure, load.root
    if failure is None or root is None or not failure.origin.function.endswith(AUTO_CONFIG):
        return None
    if root.name != "KeyError" or root.origin.frame != failure.origin.frame:
        return None
    read = load.last(ConfigRead)
    model_type = read.event.model_type if read is not None else None
    if read is None or model_type is None:
        return None
    seen = Evidence(read.step.number, "model-type", {"model_type": model_type})
    values = {"model_type": model_type, "release": load.release_text}
    since, until = _type_since(model_type), _type_until(model_type, values["release"])
    if since is not None and all(library().is_new(one, values["release"]) for one in _types(model_type)):
        values["since"] = since
        return Cause("model-type-newer", "certain", load.with_raised(seen), values, "release-upgrade")
    if until is not None:
        values["until"] = until
        return Cause("model-type-removed", "certain", load.with_raised(seen), values, "release-of-type")
    return Cause("unknown-model-type", "certain", load.with_raised(seen), values, "spell-or-upgrade")


def no_model_type(load: RecordedLoad) -> Cause | None:
    """Detect a config.json without ``model_type`` where nothing else determines the class."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or not failure.origin.function.endswith(AUTO_CONFIG):
        return None
    read = load.last(ConfigRead)
    found = load.last(FileResolved, name="config.json")
    if len(load.exceptions) > 1 or read is None or found is None or read.event.model_type is not None:
        return None
    if not_an_object(load) is not None:
        return None
    seen = Evidence(read.step.number, "no-model-type", {"count": len(read.event.keys)})
    return Cause("no-model-type", "certain", load.with_raised(seen), {"release": load.release_text}, "write-model-type")


def auto_class_not_mapped(load: RecordedLoad) -> Cause | None:
    """Detect an auto class that has no model for the configuration."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or failure.origin.function != AUTO_MODEL:
        return None
    built = load.last(ConfigBuilt)
    if built is None or len(load.exceptions) > 1 or built.event.class_ is None:
        return None
    values: dict[str, Any] = {"auto_class": load.auto_class(failure.origin), "class": last_name(built.event.class_)}
    seen = Evidence(built.step.number, "config-built", {"class": values["class"]})
    chain = load.with_raised(seen)
    architectures, mapped = _of_config(load, failure.origin)
    if built.event.class_.startswith("transformers_modules."):
        if mapped:
            values["auto_classes"] = mapped
            return Cause("auto-class-not-mapped", "certain", chain, values, "take-mapped-auto-class")
        return Cause("auto-class-not-mapped", "certain", chain, values, "map-auto-class")
    read = load.last(ConfigRead)
    model_type = read.event.model_type if read is not None else None
    known = library().auto_classes(model_type, load.release_text) if model_type is not None else {}
    fitting = [name for name, class_ in known.items() if class_ in architectures]
    others = [name for name in known if name not in fitting]
    values |= {"release": load.release_text, "architectures": architectures, "auto_classes": [*fitting, *others]}
    if known:
        best = (fitting or others)[0]
        values |= {"best": best, "model": known[best]}
        return Cause("auto-class-not-mapped", "certain", chain, values, "take-auto-class")
    remedy = "take-class-itself" if architectures else "other-auto-class"
    return Cause("auto-class-not-mapped", "certain", chain, values, remedy)


def _of_config(load: RecordedLoad, raised: Passage) -> tuple[list[str], list[str]]:
    """Return a configuration's ``architectures``, and the auto classes of models in its ``auto_map``."""
    config = load.variable(raised.frame, "config") if raised.frame is not None else None
    items = config.get("items") if isinstance(config, dict) else None
    if not isinstance(items, dict):
        return [], []
    architectures, auto_map = items.get("architectures"), items.get("auto_map")
    names = [one for one in architectures if isinstance(one, str)] if isinstance(architectures, list) else []
    mapped = [name for name in auto_map if name.startswith("AutoModel")] if isinstance(auto_map, dict) else []
    return names, mapped


def config_class_mismatch(load: RecordedLoad) -> Cause | None:
    """Detect a model class whose configuration class is not the one in ``auto_map``. Only 5.x registers the class."""
    failure = load.failure
    if (
        failure is None
        or failure.origin.frame is None
        or not failure.origin.function.endswith("AutoModelClass.register")
    ):
        return None
    frame = failure.origin.frame
    wanted, model = (class_in(load.variable(frame, name)) for name in ("config_class", "model_class"))
    if wanted is None or model is None:
        return None
    values = {"class": model, "config_class": wanted}
    resolved = load.last(ClassResolved, class_name=model)
    seen = Evidence(resolved.step.number, "class-resolved", {"class": model}) if resolved is not None else None
    # The class has none (5.23.0 then reads None.__name__), or another one.
    kind = "config-class-missing" if failure.error == "AttributeError" else "config-class-differs"
    if kind == "config-class-differs":
        named = _MODEL_HAS.search(failure.text)
        values["own"] = last_name(named["class"]) if named is not None else "?"
    return Cause(kind, "certain", load.with_raised(seen), values, "write-config-class")


_HEADS: Final = {
    "SEQ_CLS": "ForSequenceClassification",
    "TOKEN_CLS": "ForTokenClassification",
    "QUESTION_ANS": "ForQuestionAnswering",
}
"""What peft's task types are called at the end of a class's name."""


def class_not_saved(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that another class was loaded than config.json says was saved, if an auto class loads that one."""
    loaded, config = load.last(ModelLoaded), config_json(load)
    architectures = config.get("architectures")
    saved = architectures[0] if isinstance(architectures, list) and architectures else None
    if loaded is None or not isinstance(saved, str) or saved == last_name(loaded.event.class_):
        return
    adapter = load.trace.meta.json_object("adapter_config.json") or {}
    head = _HEADS.get(str(adapter.get("task_type")))
    if head is not None and last_name(loaded.event.class_).endswith(head):
        return  # it is the base of an adapter, which was trained with this head
    best = next(_loading(saved, config, load.release_text), None)
    if best is not None:
        values = {"saved": saved, "class": last_name(loaded.event.class_), "best": best}
        seen = Evidence(loaded.step.number, "model-class", {"class": values["class"]})
        yield Cause("class-not-saved", "certain", [seen], values, "load-saved-class")


def _loading(saved: str, config: dict[str, Any], release: str) -> Iterator[str]:
    """Yield the auto classes that load a class, by ``auto_map`` and by the library's tables."""
    auto_map, model_type = config.get("auto_map"), config.get("model_type")
    for name, reference in auto_map.items() if isinstance(auto_map, dict) else ():
        if name.startswith("AutoModel") and str(reference).rpartition(".")[2] == saved:
            yield name
    if isinstance(model_type, str):
        yield from (name for name, class_ in library().auto_classes(model_type, release).items() if class_ == saved)


# 4.30 to 5.23.
_TAKEN: Final = re.compile(r"^'(?P<type>[^']+)' is already used by a Transformers (?P<what>\w+)")
_TYPES_DIFFER: Final = re.compile(r"\(config has (?P<own>\S+) and you passed (?P<given>[^\s.]+)")


def registration_refused(load: RecordedLoad) -> Cause | None:
    """Detect ``AutoConfig.register`` with a model type that the library has itself, or that is not the class's."""
    failure = thrown(load)
    if failure is None or failure.error != "ValueError" or not failure.passes("register"):
        return None
    user = next(filter(is_users, reversed(failure.frames)), None)
    if user is None:
        return None
    values: dict[str, Any] = {"file": file_name(user.file), "line": user.line, "release": load.release_text}
    values["statement"] = " ".join(load.statement_of(user).split())
    if (taken := _TAKEN.match(failure.text)) is not None:
        values |= {"model_type": taken["type"], "since": _type_since(taken["type"])}
        kind = "type-taken" if values["since"] is None else "type-taken-since"
        return Cause(kind, "certain", load.with_raised(), values, "register-otherwise")
    if (differ := _TYPES_DIFFER.search(failure.text)) is not None:
        values |= {"own": differ["own"], "given": differ["given"]}
        return Cause("type-registered-differs", "certain", load.with_raised(), values, "register-own-type")
    return None


def _type_since(model_type: str) -> str | None:
    """Return the first release that knows a model type; None if all do, or none is known to."""
    since = [one.since for one in _types(model_type)]
    return None if not since or None in since else min(filter(None, since), key=_numbers)


def _type_until(model_type: str, release: str) -> str | None:
    """Return the last release that knew a model type, if it was before a release."""
    known = library()
    until = [
        one.until for one in _types(model_type) if known.has(one, release) is False and not known.is_new(one, release)
    ]
    return max(filter(None, until), key=_numbers, default=None) if until and None not in until else None


def _types(model_type: str) -> list[Presence]:
    known = library()
    found = (known.entry(table, model_type) for table in known.tables("CONFIG_MAPPING_NAMES"))
    return [one for one in found if one is not None]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
