"""Rules for adapters: their configuration, their base model, and the modules that they want to adapt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name, release_numbers
from tracer.analysis.diagnosis.thrown import thrown
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.trace.events import (
    AdapterFound,
    ClassResolved,
    ConfigBuilt,
    FileMissing,
    FileResolved,
    ModelBuilt,
    ModuleBuilt,
    WeightsReport,
    events,
)

# Keys that newer releases of peft write into a LoRA adapter's adapter_config.json, with the first that knows them, as
# read from LoraConfig and its bases in the wheels of peft 0.9 to 0.21.
NEWER_KEYS: Final[dict[str, str]] = {
    "use_dora": "0.9",
    "layer_replication": "0.10",
    "runtime_config": "0.12",
    "eva_config": "0.14",
    "exclude_modules": "0.14",
    "lora_bias": "0.14",
    "corda_config": "0.15",
    "trainable_token_indices": "0.15",
    "qalora_group_size": "0.16",
    "use_qalora": "0.16",
    "target_parameters": "0.17",
    "alora_invocation_tokens": "0.18",
    "arrow_config": "0.18",
    "ensure_weight_tying": "0.18",
    "peft_version": "0.18",
    "lora_ga_config": "0.19",
    "use_bdlora": "0.19",
    "monteclora_config": "0.20",
    "velora_config": "0.20",
    "kasa_config": "0.21",
}
_UNEXPECTED: Final = re.compile(
    r"^(?P<class>\w+Config)(?:\.__init__)?\(\) got an unexpected keyword argument '(?P<name>\w+)'"
)
_HEADS: Final = ("classifier", "score")
_CLASSIFYING: Final = ("SEQ_CLS", "TOKEN_CLS")
_LINEAR: Final = ("Linear", "Conv1D")
# torch's load_state_dict, which peft fills an adapter with
_RANK: Final = re.compile(
    r"size mismatch for (?P<name>\S*lora_[AB]\S*): copying a param with shape torch\.Size\(\[(?P<there>[\d, ]+)\]\) "
    r"from checkpoint, the shape in current model is torch\.Size\(\[(?P<here>[\d, ]+)\]\)"
)


def targets_missing(load: RecordedLoad) -> Cause | None:
    """Detect LoRA that was asked for modules which the model does not have."""
    failure, adapter = thrown(load), load.last(AdapterFound)
    targets = _TARGETS.match(failure.text) if failure is not None else None
    if failure is None or (failure.name != "NoMatchingPeftModuleError" and targets is None):
        return None
    if adapter is not None and load.part is None:
        return None  # the adapter was found in the directory, and is for another model: a rule of its own
    names = re.findall(r"'([^']+)'", targets["names"]) if targets is not None else []
    model = load.last(ModelBuilt)
    values: dict[str, Any] = {"names": names or ["?"], "modules": linear_layers(load)}
    values["class"] = last_name(model.event.class_) if model is not None else "?"
    seen = Evidence(model.step.number, "model-class", {"class": values["class"]}) if model is not None else None
    remedy = "name-targets" if values["modules"] else "look-up-targets"
    return Cause("lora-targets-missing", "certain", load.with_raised(seen), values, remedy)


def linear_layers(load: RecordedLoad) -> list[str]:
    """Return the names of the model's linear layers, each name once."""
    model = load.last(ModelBuilt)
    if model is None:
        return []
    kinds = {built.event.module: last_name(built.event.class_) for built in events(load.trace, ModuleBuilt)}
    last_names = (row.path.rpartition(".")[2] for row in model.event.tree if kinds.get(row.module, "") in _LINEAR)
    return list(dict.fromkeys(name for name in last_names if not name.isdigit()))


def key_unknown(load: RecordedLoad) -> Cause | None:
    """Detect a key of adapter_config.json that the installed peft does not know."""
    failure, found = thrown(load), load.last(AdapterFound)
    match = _UNEXPECTED.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if failure is None or found is None or match is None or match["name"] in load.given_arguments(load.user_call):
        return None
    settings = _settings(load)
    if settings is not None and match["name"] not in settings:
        return None
    if match["class"] == "PeftConfig" and settings is not None and settings.get("peft_type") is None:
        # Peft took the class that all kinds derive from.
        lacking = {"file": found.event.path, "name": "peft_type"}
        return Cause("adapter-entry-missing", "certain", load.with_raised(_adapter(load)), lacking, "add-adapter-entry")
    installed = load.trace.meta.releases.get("peft", "?")
    keys = [match["name"], *(key for key in settings or () if key != match["name"])]
    newer = [key for key in keys if _is_newer(NEWER_KEYS.get(key), installed)]
    values = {
        "names": newer,
        "name": match["name"],
        "class": match["class"],
        "file": found.event.path,
        "release": installed,
    }
    chain = load.with_raised(_adapter(load))
    if match["name"] not in newer:
        return Cause(
            "adapter-key-unknown", "certain" if settings else "likely", chain, values, "newer-peft-or-without-key"
        )
    values["since"] = max((NEWER_KEYS[key] for key in newer), key=release_numbers)
    return Cause("adapter-key-newer", "certain" if settings else "likely", chain, values, "upgrade-peft-or-without-key")


def _is_newer(since: str | None, installed: str) -> bool:
    return (
        since is not None and bool(release_numbers(installed)) and release_numbers(since) > release_numbers(installed)
    )


def _settings(load: RecordedLoad) -> dict[str, Any] | None:
    """Return what adapter_config.json says; None if it is not in the trace."""
    return load.trace.meta.json_object("adapter_config.json")


def configuration_left_behind(load: RecordedLoad) -> Cause | None:
    """Detect a whole model with an adapter's configuration beside it: the library takes it for that adapter."""
    failure, found = load.failure, load.last(AdapterFound)
    if failure is None or found is None or not _left_behind(load):
        return None
    settings = _settings(load) or {}
    missing = load.last(FileMissing, name="config.json")
    base = settings.get("base_model_name_or_path") or (missing.event.in_ if missing is not None else None)
    config = next(one for one in load.events(FileResolved) if _beside(one.event.path, found.event.path))
    chain = load.with_raised(_adapter(load), Evidence(config.step.number, "file", {"path": config.event.path}))
    values = {"file": found.event.path, "config": config.event.path, "base": base or "?"}
    return Cause("adapter-config-left", "certain", chain, values, "take-adapter-config-out")


def weights_of_adapter_missing(load: RecordedLoad) -> Cause | None:
    """Detect an adapter's configuration without its weights."""
    failure, found = load.failure, load.last(AdapterFound)
    listed = load.trace.meta.directory
    if failure is None or found is None or found.event.in_ != "<model>" or not listed or _left_behind(load):
        return None
    names = [one.name for one in listed if "/" not in one.name]
    seen = thrown(load)
    loading = [frame.function.rpartition(".")[2] for frame in seen.frames] if seen is not None else []
    if any(name.startswith("adapter_model.") for name in names):
        return None
    if "adapter_model" not in failure.text and not {"load_adapter", "load_peft_weights"} & set(loading):
        return None
    if failure.name in ("KeyError", "TypeError"):  # of the configuration, which is read before
        return None
    values = {
        "file": found.event.path,
        "in": found.event.in_,
        "names": ["adapter_model.safetensors", "adapter_model.bin"],
    }
    return Cause("adapter-weights-missing", "certain", load.with_raised(_adapter(load)), values, "add-adapter-weights")


def saved_modules_absent(load: RecordedLoad) -> Iterator[Cause]:
    """Yield names in ``modules_to_save`` that no module of the base model ends with: peft passes over them."""
    found, settings, model = load.last(AdapterFound), _settings(load), load.last_built
    if found is None or settings is None or model is None or found.event.in_ != "<model>":
        return
    listed = settings.get("modules_to_save")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    absent = [name for name in names if not any(row.path.endswith(name) for row in model.event.tree)]
    if settings.get("task_type") in _CLASSIFYING and (set(names) - set(absent)) & set(_HEADS):
        absent = [name for name in absent if name not in _HEADS]  # peft writes both, for whichever there is
    if absent:
        values = {"file": found.event.path, "names": absent, "class": last_name(model.event.class_)}
        seen = Evidence(model.step.number, "model-class", {"class": values["class"]})
        chain = [one for one in (_adapter(load), seen) if one is not None]
        yield Cause("saved-modules-absent", "certain", chain, values, "name-saved-modules")


def saved_modules_unfilled(load: RecordedLoad, report: int, names: list[str]) -> Cause:
    """Return the cause for modules of ``modules_to_save`` that the adapter's weights have nothing for."""
    found = load.last(AdapterFound)
    file = found.event.path if found is not None else "adapter_config.json"
    values = {"file": file, "names": names, "count": len(names)}
    return Cause("saved-modules-unfilled", "certain", [Evidence(report, "new", {"names": names})], values, "save-again")


def is_of_saved_module(parameter: str) -> bool:
    """Return whether peft made a parameter, as a copy of the base model's, for an entry of ``modules_to_save``."""
    return ".modules_to_save." in parameter


def kind_unknown(load: RecordedLoad) -> Cause | None:
    """Detect an adapter of a kind that the installed peft does not have, or that does not say its kind."""
    failure, found, settings = thrown(load), load.last(AdapterFound), _settings(load)
    if failure is None or found is None or settings is None or failure.name not in ("KeyError", "ValueError"):
        return None
    kind = settings.get("peft_type")
    values = {"file": found.event.path, "release": load.trace.meta.releases.get("peft", "?"), "kind": kind}
    chain = load.with_raised(_adapter(load))
    if kind is None and failure.text.strip("'") in ("None", "peft_type"):
        return Cause("adapter-kind-not-named", "certain", chain, values, "name-adapter-kind")
    if isinstance(kind, str) and re.search(rf"\b{re.escape(kind)}\b", failure.text):
        return Cause("adapter-kind-unknown", "certain", chain, values, "upgrade-peft-for-kind")
    return None


def setting_refused(load: RecordedLoad) -> Cause | None:
    """Detect an entry of adapter_config.json that peft does not accept, or lacks."""
    failure, found, settings = thrown(load), load.last(AdapterFound), load.trace.meta.json_object(_ADAPTER)
    if failure is None or found is None or not settings or failure.name not in ("ValueError", "TypeError"):
        return None
    raiser = failure.frames[-1] if failure.frames else None
    if raiser is None or not raiser.file.replace("\\", "/").startswith("<peft>/"):
        return None
    missing = re.search(r"missing required keys: \{'(?P<name>\w+)'", failure.text)
    values: dict[str, Any] = {"file": found.event.path, "message": " ".join(failure.text.split())[:200]}
    chain = load.with_raised(_adapter(load))
    if missing is not None and missing["name"] not in settings:
        values |= {"name": missing["name"]}
        return Cause("adapter-entry-missing", "certain", chain, values, "add-adapter-entry")
    asked = re.findall(r"`(\w+)`", failure.text) + re.findall(r"\b(?:self|peft_config|config)\.(\w+)", raiser.source)
    texts = set(re.findall(r"'([^'\s]+)'", failure.text))
    names = [key for key in settings if key in asked or (isinstance(settings[key], str) and settings[key] in texts)]
    if len(names) != 1:
        return None
    values |= {"name": names[0], "written": f'"{names[0]}": {json.dumps(settings[names[0]], ensure_ascii=False)}'}
    return Cause("adapter-setting-refused", "likely", chain, values, "correct-adapter-setting")


_ADAPTER: Final = "adapter_config.json"


# peft 0.9 to 0.21
_NO_CONFIGURATION: Final = re.compile(r"^Can't find 'adapter_config\.json' at '(?P<place>.+)'")


def adapter_configuration_missing(load: RecordedLoad) -> Cause | None:
    """Detect a folder, or a name on the hub, that peft was to take an adapter from and that has no configuration."""
    failure = thrown(load)
    match = _NO_CONFIGURATION.match(failure.text) if failure is not None and failure.error == "ValueError" else None
    if match is None:
        return None
    return Cause("adapter-config-missing", "certain", load.raised(), {"place": match["place"]}, "add-adapter-config")


def _left_behind(load: RecordedLoad) -> bool:
    """Return whether a model's config.json and weights, and no adapter's weights, are where the adapter was found."""
    found = load.last(AdapterFound)
    if found is None or not any(_beside(one.event.path, found.event.path) for one in load.events(FileResolved)):
        return False
    listed = load.trace.meta.directory
    if listed is None:
        return "adapter_model." in load.message
    names = {one.name for one in listed}
    return "adapter_config.json" in names and not any(name.startswith("adapter_model.") for name in names)


def _beside(path: str | None, adapter: str | None) -> bool:
    """Return whether a path is that of config.json in the adapter's folder."""
    folder = str(adapter).replace("\\", "/").rpartition("/")[0]
    return bool(folder) and str(path).replace("\\", "/") == f"{folder}/config.json"


def rank_differs(load: RecordedLoad) -> Cause | None:
    """Detect an adapter whose weights have another rank than its adapter_config.json says."""
    failure, found = load.failure, load.last(AdapterFound)
    ranks = _ranks(load) if failure is not None and found is not None else None
    if failure is None or found is None or ranks is None:
        return None
    values = {"file": found.event.path, "there": ranks[0], "here": ranks[1]}
    return Cause("adapter-rank-differs", "certain", load.with_raised(_adapter(load)), values, "write-rank")


def _ranks(load: RecordedLoad) -> tuple[int, int] | None:
    """Return the rank of an adapter's weights and the one that the layers were made with, if nothing else differs."""
    assert load.failure is not None
    pairs = [
        (found["name"], [*map(int, found["there"].split(","))], [*map(int, found["here"].split(","))])
        for found in _RANK.finditer(load.failure.text)
    ]
    if len(pairs) != load.failure.text.count("size mismatch for"):
        return None
    for report in load.events(WeightsReport):
        pairs += [(one.parameter, one.shape or [], one.shape_there or []) for one in report.event.mismatched]
    ranks = set()
    for name, there, here in pairs:
        at = 0 if "lora_A" in name else 1 if "lora_B" in name else None
        if at is None or len(there) != 2 or len(here) != 2 or there[1 - at] != here[1 - at]:
            return None
        ranks.add((there[at], here[at]))
    return ranks.pop() if len(ranks) == 1 else None


# peft 0.12 (ValueError) to 0.18 (its own type): "Target modules {'query_key_value'} not found in the base model. …"
_TARGETS = re.compile(r"^Target modules (?P<names>.+?) not found in the base model")


def base_missing(load: RecordedLoad) -> Cause | None:
    """Detect an adapter whose base, named in adapter_config.json, is missing."""
    failure, found = load.failure, load.last(AdapterFound)
    if failure is None or found is None:
        return None
    missing, built = load.last(FileMissing, name="config.json"), load.last(ConfigBuilt)
    if missing is None or missing.step.number < found.step.number or missing.event.in_ == found.event.in_:
        return None
    if _left_behind(load):
        return None
    if built is not None and built.step.number > missing.step.number:
        return None
    base = missing.event.in_
    gone = Evidence(missing.step.number, "file-missing", {"name": "config.json", "in": base})
    values = {"base": base, "file": found.event.path}
    return Cause("adapter-base-missing", "certain", load.with_raised(_adapter(load), gone), values, "name-base")


def does_not_fit(load: RecordedLoad) -> Cause | None:
    """Detect an adapter that does not fit its base, which was built and filled."""
    failure, found = load.failure, load.last(AdapterFound)
    reports = load.events(WeightsReport)
    if failure is None or found is None or not reports or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    if _ranks(load) is not None:
        return None
    number, report = reports[0].step.number, reports[0].event
    if report.loaded != report.checkpoint or failure.step < number:
        return None
    resolved = load.last(ClassResolved)
    base = last_name(resolved.event.class_) if resolved is not None else "?"
    filled = Evidence(number, "base-filled", {"class": base, "count": report.loaded})
    chain = load.with_raised(_adapter(load), filled)
    targets = _TARGETS.match(failure.text)
    if failure.name == "NoMatchingPeftModuleError" or targets is not None:
        names = re.findall(r"'([^']+)'", targets["names"]) if targets else []
        values = {"class": base, "names": names, "file": found.event.path, "modules": linear_layers(load)}
        remedy = "adapters-own-base-of-layers" if values["modules"] else "adapters-own-base"
        return Cause("adapter-for-another-model", "certain", chain, values, remedy)
    again = [later for later in reports[1:] if later.event.mismatched]
    # 4.44 leaves it to torch's load_state_dict, which says "size mismatch for …" (torch 1 and 2)
    if failure.error == "RuntimeError" and (again or "size mismatch" in failure.text):
        sizes: dict[str, Any] = {"class": base, "file": found.event.path}
        shapes = [
            (str(one.parameter), one.shape, one.shape_there) for report in again for one in report.event.mismatched
        ]
        shapes = shapes or [
            (one["name"], [*map(int, one["there"].split(","))], [*map(int, one["here"].split(","))])
            for one in _SIZES.finditer(failure.text)
        ]
        if shapes:
            sizes |= {"name": shapes[0][0], "there": shapes[0][1], "here": shapes[0][2]}
        certainty: Certainty = "certain" if again else "likely"
        if shapes and all(_more_words(*one) for one in shapes):
            sizes["names"] = [one[0] for one in shapes]
            sizes["rows"] = (shapes[0][1] or [0])[0]
            return Cause("adapter-of-other-vocabulary", certainty, chain, sizes, "resize-before-adapter")
        return Cause("adapter-of-other-sizes", certainty, chain, sizes, "adapters-own-base")
    return None


# torch's load_state_dict
_SIZES: Final = re.compile(
    r"size mismatch for (?P<name>\S+): copying a param with shape torch\.Size\(\[(?P<there>[\d, ]+)\]\) "
    r"from checkpoint, the shape in current model is torch\.Size\(\[(?P<here>[\d, ]+)\]\)"
)
_OF_WORDS: Final = re.compile(r"(?:^|\.)(?:embed_tokens|wte|word_embeddings|lm_head|output|embed_out|embedding)\b")


def _more_words(name: str, there: list[int] | None, here: list[int] | None) -> bool:
    """Return whether a whole embedding or head of an adapter has another number of rows than the base's."""
    if there is None or here is None or "lora_" in name or not _OF_WORDS.search(name):
        return False
    return len(there) == len(here) == 2 and there[0] != here[0] and there[1] == here[1]


def _adapter(load: RecordedLoad) -> Evidence | None:
    found = next(iter(load.events(AdapterFound)), None)
    return None if found is None else Evidence(found.step.number, "adapter", {"path": found.event.path})
