"""What makes inputs of a model out of text, pictures and sound: the processor or the tokenizer of a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tracer.recorder.auto_class import read_json
from tracer.recorder.hub_files import HUB_ARGUMENTS, has_file, settings_folder
from tracer.recorder.recording import Recording
from tracer.trace import reasons
from tracer.trace.job import Job
from tracer.trace.missing_libraries import missing_packages

_TOKENIZER_FILES: Final = (
    "tokenizer_config.json", "tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model",
)  # fmt: skip
_PROCESSOR_FILES: Final = ("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json")
_MAPPED: Final = ("AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor")
_PARTS: Final = {
    "image_processor": ("AutoImageProcessor", "preprocessor_config.json", "image_processor_type"),
    "feature_extractor": ("AutoFeatureExtractor", "preprocessor_config.json", "feature_extractor_type"),
    "video_processor": ("AutoVideoProcessor", "video_preprocessor_config.json", "video_processor_type"),
}
"""Parts that ``AutoProcessor`` leaves out where it finds a tokenizer first: the auto class, file and key of each."""


@dataclass
class Preparers:
    """What a directory has for the inputs; None for what it does not have or what could not be loaded."""

    processor: Any = None
    tokenizer: Any = None
    image_processor: Any = None
    feature_extractor: Any = None
    video_processor: Any = None

    @property
    def has_only_tokenizer(self) -> bool:
        others = (self.processor, self.image_processor, self.feature_extractor, self.video_processor)
        return self.tokenizer is not None and all(other is None for other in others)

    def take(self, found: Any) -> None:
        """Keep a processor with its parts, or a part by itself."""
        kinds = {base.__name__ for base in type(found).__mro__}
        if "ProcessorMixin" in kinds:
            self.processor = found
            for name in ("tokenizer", "image_processor", "feature_extractor", "video_processor"):
                setattr(self, name, vars(found).get(name))
            return
        for name, base in _BASES.items():
            if base in kinds:
                setattr(self, name, found)
                return


_BASES: Final = {
    "tokenizer": "PreTrainedTokenizerBase",
    "video_processor": "BaseVideoProcessor",
    "image_processor": "ImageProcessingMixin",
    "feature_extractor": "FeatureExtractionMixin",
}
"""The classes that say what a part is; a video processor is an image processor as well."""


def load_preparers(job: Job, recording: Recording) -> Preparers:
    """Load the directory's processor, or its tokenizer if it has no more than that.

    A processor that can't be loaded does not end the load: the failure is recorded, and the tokenizer is loaded alone.
    """
    import transformers

    made = Preparers()
    hub = {name: value for name, value in job.kwargs.items() if name in HUB_ARGUMENTS}
    hub["trust_remote_code"] = job.trust_remote_code
    source = _source(job, _has_processor) if job.processor and job.tokenizer else None
    if source is not None:
        if (found := _tried(transformers.AutoProcessor, source.name, hub, recording)) is not None:
            made.take(found)
        for name in _left_out(source.folder, made):
            auto_class = getattr(transformers, _PARTS[name][0], None)
            if auto_class is not None and (found := _tried(auto_class, source.name, hub, recording)) is not None:
                made.take(found)
    if job.tokenizer and made.tokenizer is None and (source := _source(job, _has_tokenizer)) is not None:
        made.tokenizer = transformers.AutoTokenizer.from_pretrained(source.name, **hub)
    elif job.tokenizer and made.tokenizer is None and isinstance(file := job.kwargs.get("gguf_file"), str):
        # A GGUF file can bring its tokenizer.
        arguments = {**hub, "gguf_file": file}
        made.tokenizer = _tried(transformers.AutoTokenizer, job.model, arguments, recording)
    return made


def _tried(auto_class: Any, source: str, arguments: dict[str, Any], recording: Recording) -> Any:
    """Return what an auto class loads; None, with the failure recorded, if it raises. A refusal is raised on."""
    try:
        return auto_class.from_pretrained(source, **arguments)
    except Exception as error:
        if recording.refused:
            raise
        failure = recording.guard.call("traceback", recording.tracebacks.failure, error) or {}
        named = {"name": auto_class.__name__, "error": type(error).__name__}
        part, packages = missing_packages(str(failure.get("message") or ""))
        reason = reasons.PROCESSOR_FAILED
        if part and packages:
            reason, named = reasons.PROCESSOR_NEEDS, {**named, "part": part, "packages": ", ".join(packages)}
        why = recording.clean(reason.format(**named))
        facts = {"class": auto_class.__name__, "why": why, **failure}
        recording.record_event("processor-failed", facts, stage="processor")
        return None


def _left_out(folder: str, made: Preparers) -> Iterator[str]:
    """Yield the parts that the directory has a file for and that the processor did not bring."""
    for name, (_, file, key) in _PARTS.items():
        if getattr(made, name) is None and made.processor is None and key in _read(folder, file):
            yield name


class _Source(NamedTuple):
    """A directory or hub id to load from, and the folder with its small files."""

    name: str
    folder: str


def _source(job: Job, has: Callable[[str], bool]) -> _Source | None:
    """Return where something is: the directory or hub id itself, or an adapter's base; None if it is not there."""
    folder = settings_folder(job.model, job.kwargs)
    if not folder:  # neither on the hub nor in the cache: the load fails, and the library says why
        return _Source(job.model, folder) if has is _has_tokenizer else None
    if has(folder):
        return _Source(job.model, folder)
    base = _read(folder, "adapter_config.json").get("base_model_name_or_path")
    return _Source(base, base) if isinstance(base, str) and os.path.isdir(base) and has(base) else None


def _has_tokenizer(folder: str) -> bool:
    return any(has_file(folder, name) for name in _TOKENIZER_FILES)


def _has_processor(folder: str) -> bool:
    if any(has_file(folder, name) for name in _PROCESSOR_FILES):
        return True
    read = [_read(folder, name) for name in ("tokenizer_config.json", "config.json")]
    maps = [one.get("auto_map") for one in read]
    mapped = any(name in one for one in maps if isinstance(one, dict) for name in _MAPPED)
    return mapped or any("processor_class" in one for one in read)


def _read(folder: str, name: str) -> dict[str, Any]:
    try:
        return read_json(os.path.join(folder, name))
    except (OSError, ValueError):
        return {}
