"""Rules for the settings beside config.json: those of generation, and those of processors of images and the like."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name, last_name
from tracer.analysis.diagnosis.thrown import Thrown, in_library, thrown
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.releases import library
from tracer.trace.events import FileMissing, FileResolved, JsonRead, LogWritten

_GENERATION: Final = "generation_config.json"
_CHECKING: Final = "generation/configuration_utils.py"
_READ: Final = re.compile(r"\bself\.(\w+)")


def generation_settings_invalid(load: RecordedLoad) -> Cause | None:
    """Detect a value in generation_config.json that the library does not accept."""
    failure = thrown(load)
    if failure is None or failure.name not in ("ValueError", "TypeError", "AttributeError", "KeyError"):
        return None
    if not (at := _place_of_check(load, failure)):
        return None
    settings = load.trace.meta.json_object(_GENERATION)
    words = set(re.findall(r"\w+", failure.text))
    names = [key for key in settings or () if key in words]
    if (
        failure.error == "TypeError" and failure.raised_in is not None
    ):  # Python's message names no setting, the line does
        names = [key for key in settings or () if key in _READ.findall(failure.raised_in.source)]
    if settings is None:
        read = _READ.findall(failure.raised_in.source) if failure.raised_in is not None else []
        names = [name for name in re.findall(r"`(\w+)`", failure.text) if not name[0].isupper()][:1] or read[:1]
    if not names:
        return None
    values: dict[str, Any] = {"file": _GENERATION, "names": names, "name": names[0], "message": failure.text.strip()}
    certainty: Certainty = "certain" if settings is not None and at == "reading" else "likely"
    if settings is None:
        return Cause("generation-setting-invalid", certainty, load.raised(), values, "correct-generation-setting")
    values["written"] = ", ".join(f'"{name}": {json.dumps(settings[name], ensure_ascii=False)}' for name in names)
    return Cause("generation-settings-invalid", certainty, load.raised(), values, "correct-generation-setting")


def _place_of_check(load: RecordedLoad, failure: Thrown) -> str | None:
    """Return where the library refused generation settings: while it read the file, or later; None if it did not."""
    checks = [frame for frame in failure.frames if in_library(frame) and frame.file.endswith(_CHECKING)]
    if checks:
        reading = any(frame.function.endswith("GenerationConfig.from_pretrained") for frame in checks)
        return "reading" if reading else "later"
    if failure.frames or load.failure is None or not load.failure.origin.function.endswith(MODEL_LOADER):
        return None
    statement = load.statement(load.failure.origin)  # a trace without tracebacks
    return "later" if "generation_config" in statement or "adjust_generation_fn" in statement else None


def generation_settings_unread(load: RecordedLoad) -> Iterator[Cause]:
    """Yield a generation_config.json that is no JSON: the library says nothing and takes its own defaults."""
    text = load.trace.meta.json_files.get(_GENERATION)
    if text is None or load.status != "loaded":
        return
    try:
        json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        values = {"file": _GENERATION, "message": str(error)}
        yield Cause("generation-settings-unread", "likely", [], values, "repair-generation-settings")


# Processors

_PROCESSOR: Final = "preprocessor_config.json"
_KEYS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "AutoImageProcessor.from_pretrained": ("image_processor_type", (_PROCESSOR,)),
    "AutoFeatureExtractor.from_pretrained": ("feature_extractor_type", (_PROCESSOR,)),
    "AutoVideoProcessor.from_pretrained": ("video_processor_type", ("video_preprocessor_config.json", _PROCESSOR)),
    "AutoProcessor.from_pretrained": (
        "processor_class",
        ("processor_config.json", _PROCESSOR, "tokenizer_config.json", "config.json"),
    ),
}
"""The automatic classes of processors: the key that names the class, and the files that it is looked for in."""
_ALIKE: Final = 0.85


def processor_class_unknown(load: RecordedLoad) -> Cause | None:
    """Detect a processor whose class is not named, or not one of this release."""
    failure = load.failure
    wanted = _KEYS.get(failure.origin.function) if failure is not None else None
    if failure is None or wanted is None or failure.error not in ("ValueError", "AttributeError"):
        return None
    key, files = wanted
    read = {name: settings for name in files if (settings := load.trace.meta.json_object(name)) is not None}
    auto_class = failure.origin.function.partition(".")[0]
    values: dict[str, Any] = {"key": key, "auto_class": auto_class, "release": load.release_text}
    named = next(((name, settings[key]) for name, settings in read.items() if isinstance(settings.get(key), str)), None)
    class_ = named[1] if named is not None else _class_tried(load)
    values["file"] = named[0] if named is not None else files[0]
    chain = load.with_raised(*_found(load, str(values["file"])))
    if class_ is None:
        if not read or any(auto_class in (settings.get("auto_map") or {}) for settings in read.values()):
            return None
        return Cause("processor-class-not-named", "certain", chain, values, "name-processor-class")
    if any(auto_class in (settings.get("auto_map") or {}) for settings in read.values()):
        return None  # code was named for it, and ran; the failure is of something else
    values["class"] = class_
    presence = library().name("transformers", class_)
    if presence is not None and presence.since is not None and library().has(presence, str(values["release"])) is False:
        values["since"] = presence.since
        return Cause("processor-class-newer", "certain", chain, values, "upgrade-for-processor")
    if presence is not None and library().has(presence, str(values["release"])):
        return None  # it is there; something else is wrong
    known = [name for name in library().names_of("transformers", str(values["release"])) if name.endswith(_kind(key))]
    alike = difflib.get_close_matches(class_, known, 3, _ALIKE)
    if alike:
        values["alike"] = alike
        return Cause("processor-class-misspelt", "likely", chain, values, "write-processor-class")
    return Cause("processor-class-unknown", "certain", chain, values, "upgrade-or-map-processor")


# ProcessorMixin: 4.44.2, which looks the class up in the module transformers; 5.23.0, which warns first
_NO_PART: Final = re.compile(r"^module transformers\S* has no attribute '?(?P<name>[A-Z]\w+)'?$")
_PART_WRITTEN: Final = re.compile(r"`(?P<class>\w+)` defines `(?P<part>\w+)_class = '(?P<name>\w+)'`")
_PARTS: Final = {
    "ImageProcessor": "image_processor",
    "VideoProcessor": "video_processor",
    "FeatureExtractor": "feature_extractor",
    "Tokenizer": "tokenizer",
}
"""The parts of processors, by how the names of their classes end."""


def part_of_own_processor_unknown(load: RecordedLoad) -> Cause | None:
    """Detect a processor of the directory's own that names a class for a part which the library does not have."""
    failure, own = thrown(load), _processors_named(load)
    if failure is None or not own or not failure.passes("_get_arguments_from_pretrained"):
        return None
    values: dict[str, Any] = {"class": own[0]}
    if (match := _NO_PART.match(failure.text)) is not None:
        name = match["name"].removesuffix("Fast")
        part = next((part for ending, part in _PARTS.items() if name.endswith(ending)), None)
        values |= {"name": match["name"], "part": part}
    else:
        said = [_PART_WRITTEN.search(str(log.event.message)) for log in load.events(LogWritten)]
        named = [one for one in said if one is not None and one["class"] == own[0]]
        unknown = [one for one in named if library().name("transformers", one["name"]) is None]
        if failure.error != "AttributeError" or not unknown:
            return None
        values |= {"name": unknown[0]["name"], "part": unknown[0]["part"]}
    if values["part"] not in _PARTS.values() or library().name("transformers", values["name"]) is not None:
        return None
    values["auto_class"] = "Auto" + next(ending for ending, part in _PARTS.items() if part == values["part"])
    return Cause("processor-part-unknown", "likely", load.raised(), values, "map-part")


def _processors_named(load: RecordedLoad) -> list[str]:
    """Return the classes that ``auto_map`` names for AutoProcessor."""
    maps = [
        (load.trace.meta.json_object(name) or {}).get("auto_map") for name in _KEYS["AutoProcessor.from_pretrained"][1]
    ]
    return [last_name(one["AutoProcessor"]) for one in maps if isinstance(one, dict) and "AutoProcessor" in one]


def _kind(key: str) -> str:
    """Return the end of the names of classes that a key can name: ``ImageProcessor`` for ``image_processor_type``."""
    return {"processor_class": "Processor"}.get(key, "".join(part.title() for part in key.split("_")[:-1]))


def _class_tried(load: RecordedLoad) -> str | None:
    """Return the class that the library looked for, in a trace without the texts of the files."""
    frame = load.failure.origin.frame if load.failure is not None else None
    if frame is None:
        return None
    for name in (
        "image_processor_type",
        "image_processor_class",
        "feature_extractor_class",
        "processor_class",
        "video_processor_class",
    ):
        value = load.variable(frame, name)
        if isinstance(value, str):
            return value
    return None


# ProcessorMixin, in 4.44.2 and in 5.23.0
_OTHER_PART: Final = re.compile(
    r"^Received an? (?P<given>\w+) for argument (?P<part>\w+), but an? (?P<wanted>.+) was expected"
)


def processor_part_differs(load: RecordedLoad) -> Cause | None:
    """Detect a processor whose tokenizer or image processor is of another class than it takes."""
    failure = thrown(load)
    match = _OTHER_PART.match(failure.text) if failure is not None and failure.error == "TypeError" else None
    if failure is None or match is None or (failure.frames and not any(map(in_library, failure.frames[-1:]))):
        return None
    constructor = next((one for one in reversed(failure.frames) if one.function.endswith("__init__")), None)
    owners = [one.function.partition(".")[0] for one in failure.frames if one.function.endswith(".from_pretrained")]
    class_ = constructor.function.partition(".")[0] if constructor is not None else (owners or ["?"])[-1]
    file, key = (
        ("tokenizer_config.json", "tokenizer_class")
        if match["part"] == "tokenizer"
        else (_PROCESSOR, f"{match['part']}_type")
    )
    values = {
        "class": class_,
        "part": match["part"],
        "given": match["given"],
        "wanted": match["wanted"],
        "file": file,
        "key": key,
    }
    certainty: Certainty = "certain" if failure.frames else "likely"
    return Cause("processor-part-differs", certainty, load.raised(), values, "name-part")


def processor_setting_refused(load: RecordedLoad) -> Cause | None:
    """Detect an entry of preprocessor_config.json that the library's image processor does not accept in a call."""
    failure, settings = thrown(load), load.trace.meta.json_object(_PROCESSOR)
    if failure is None or not settings or failure.name not in ("ValueError", "TypeError", "KeyError"):
        return None
    within = [frame for frame in failure.frames if in_library(frame) and "image_processing" in file_name(frame.file)]
    if not within or not in_library(failure.frames[-1]):
        return None
    names = [key for key in settings if re.search(rf"(?<!\w){re.escape(key)}(?!\w)", failure.text, re.IGNORECASE)]
    if not names:
        return None
    values = {
        "file": _PROCESSOR,
        "written": ", ".join(f'"{name}": {json.dumps(settings[name], ensure_ascii=False)}' for name in names),
        "name": names[0],
        "class": str(settings.get("image_processor_type") or within[0].function.partition(".")[0]),
        "message": " ".join(failure.text.split()),
    }
    return Cause("processor-setting-refused", "likely", load.raised(), values, "correct-processor-setting")


def processor_files_missing(load: RecordedLoad) -> Cause | None:
    """Detect a processor that was asked of a directory which has none of its files."""
    failure = load.failure
    around = [frame.function for _, frame in load.frames_around(failure.origin)] if failure is not None else []
    function = next((name for name in around if name in _KEYS), None)
    if failure is None or function is None or failure.error not in ("OSError", "FileNotFoundError"):
        return None
    files = _KEYS[function][1]
    missing = [
        one
        for one in load.events(FileMissing)
        if one.event.name in files and one.step.number <= failure.passages[-1].step
    ]
    named = [str(one.event.name) for one in missing]
    if not missing or any(one.event.name in named for one in load.events(FileResolved)) or _PROCESSOR not in named:
        return None
    auto_class = function.partition(".")[0]
    values = {"names": list(dict.fromkeys(named)), "in": missing[-1].event.in_, "auto_class": auto_class}
    gone = [Evidence(one.step.number, "file-missing", {"name": one.event.name, "in": one.event.in_}) for one in missing]
    return Cause("processor-files-missing", "certain", load.with_raised(*gone), values, "add-processor-files")


def _found(load: RecordedLoad, name: str) -> list[Evidence]:
    reads = [one for one in load.events(JsonRead) if file_name(one.event.path) == name]
    files = [one for one in load.events(FileResolved) if one.event.name == name]
    return [Evidence(one.step.number, "file", {"path": one.event.path}) for one in (files or reads)[-1:]]
