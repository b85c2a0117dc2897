"""Which class: the model type, the auto class, and the configuration that a class says it is made from."""

from __future__ import annotations

from tracer.analysis.diagnosis.facts import AUTO_CONFIG, AUTO_MODEL, AUTO_TOKENIZER, Facts, class_in, last_name
from tracer.analysis.diagnosis.model import Cause, Evidence


def unknown_model_type(facts: Facts) -> Cause | None:
    """``model_type`` names no architecture of this release, and ``auto_map`` no code for it."""
    failure, root = facts.failure, facts.root
    if failure is None or root is None or not failure.origin.function.endswith(AUTO_CONFIG):
        return None
    if root.name != "KeyError" or root.origin.frame != failure.origin.frame:
        return None
    read = facts.last("config-read")
    if read is None or not isinstance(read.data.get("model_type"), str):
        return None
    model_type = read.data["model_type"]
    seen = Evidence(read.number, "model-type", {"model_type": model_type})
    values = {"model_type": model_type, "release": _release(facts)}
    return Cause("unknown-model-type", "certain", facts.with_raised(seen), values, "spell-or-upgrade")


def no_model_type(facts: Facts) -> Cause | None:
    """config.json has no ``model_type``, and nothing else told the class."""
    failure = facts.failure
    if failure is None or failure.error != "ValueError" or not failure.origin.function.endswith(AUTO_CONFIG):
        return None
    read = facts.last("config-read")
    found = facts.last("file-resolved", name="config.json")
    if len(facts.chain) > 1 or read is None or found is None or read.data.get("model_type") is not None:
        return None
    seen = Evidence(read.number, "no-model-type", {"count": len(read.data.get("keys") or [])})
    return Cause("no-model-type", "certain", facts.with_raised(seen), {"release": _release(facts)}, "write-model-type")


def auto_class_not_mapped(facts: Facts) -> Cause | None:
    """The configuration is fine, and the auto class has no model for it."""
    failure = facts.failure
    if failure is None or failure.error != "ValueError" or failure.origin.function != AUTO_MODEL:
        return None
    built = facts.last("config-built")
    if built is None or len(facts.chain) > 1 or not isinstance(built.data.get("class"), str):
        return None
    values = {"auto_class": facts.auto_class(failure.origin), "class": last_name(built.data["class"])}
    own = built.data["class"].startswith("transformers_modules.")
    seen = Evidence(built.number, "config-built", {"class": values["class"]})
    remedy = "map-auto-class" if own else "other-auto-class"
    return Cause("auto-class-not-mapped", "certain", facts.with_raised(seen), values, remedy)


def config_class(facts: Facts) -> Cause | None:
    """Only 5.x: it registers the model's class, which has to say the same configuration as ``auto_map``."""
    failure = facts.failure
    if (
        failure is None
        or failure.origin.frame is None
        or not failure.origin.function.endswith("AutoModelClass.register")
    ):
        return None
    frame = failure.origin.frame
    wanted, model = (class_in(facts.variable(frame, name)) for name in ("config_class", "model_class"))
    if wanted is None or model is None:
        return None
    values = {"class": model, "config_class": wanted}
    resolved = facts.last("class-resolved", class_name=model)
    seen = Evidence(resolved.number, "class-resolved", {"class": model}) if resolved is not None else None
    # The class says none (5.23.0 then asks None for its name), or another.
    kind = "config-class-missing" if failure.error == "AttributeError" else "config-class-differs"
    return Cause(kind, "certain", facts.with_raised(seen), values, "write-config-class")


def tokenizer_class_missing(facts: Facts) -> Cause | None:
    """Only 4.x: tokenizer_config.json names a class that this release does not have. 5.x takes another one."""
    failure = facts.failure
    if failure is None or failure.error != "ValueError" or failure.origin.function != AUTO_TOKENIZER:
        return None
    frame = failure.origin.frame
    wanted = facts.variable(frame, "config_tokenizer_class") if frame is not None else None
    tried = facts.variable(frame, "tokenizer_class_candidate") if frame is not None else None
    if not isinstance(wanted, str) or not isinstance(tried, str):
        return None
    values = {"class": wanted, "release": _release(facts)}
    return Cause("tokenizer-class-missing", "certain", facts.with_raised(), values, "name-tokenizer-class")


def _release(facts: Facts) -> str:
    return ".".join(map(str, facts.release)) or "?"
