"""Which functions are stepped: by file and qualified name, so that no release has to be imported to know them.

A function that a release lacks never shows up; :func:`missing_targets` lists it for the metadata. Parts of one function
can belong to different stages; a piece of the statement that begins such a part identifies it.
"""

from __future__ import annotations

import bisect
import os
import re
from collections.abc import Iterator
from types import CodeType
from typing import Final, NamedTuple

from tracer.recorder.source_text import read_source


class Section(NamedTuple):
    """From the first line that contains ``statement`` on, lines belong to ``stage``.

    ``above`` moves the beginning up to the nearest earlier line that contains it: the ``if`` around the statement.
    """

    stage: str
    statement: str
    above: str = ""


class Sections:
    """The stage of every line of one function, as far as this release has the sections' statements."""

    def __init__(self, code: CodeType, first: str, sections: tuple[Section, ...]) -> None:
        self._starts, self._stages = [0], [first]
        lines = read_source(code.co_filename).splitlines()
        last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
        at = code.co_firstlineno - 1
        for section in sections:
            found = _find(lines, section, at, last)
            if found is not None:
                at = found
                self._starts.append(found + 1)
                self._stages.append(section.stage)

    def stage(self, line: int) -> str:
        return self._stages[bisect.bisect_right(self._starts, line) - 1]


def _find(lines: list[str], section: Section, start: int, stop: int) -> int | None:
    for index in range(start, min(stop, len(lines))):
        if section.statement in lines[index]:
            if section.above:
                for earlier in range(index, start - 1, -1):
                    if section.above in lines[earlier]:
                        return earlier
            return index
    return None


class Target(NamedTuple):
    """A function to step.

    Attributes:
        file: the end of its file's path, from the package on, with ``/``.
        function: its qualified name.
        stage: the stage of its steps; None for the caller's.
        lines: whether its lines are stepped, or only its call and return.
        sections: statements from which on its lines belong to another stage.
        whole: whether everything inside the call belongs to ``stage``, whatever the stages of the functions inside.
        in_model: whether it is the model's own code, of which by default the first execution is stepped.
    """

    file: str
    function: str
    stage: str | None
    lines: bool = True
    sections: tuple[Section, ...] = ()
    whole: bool = False
    in_model: bool = False


_AUTO: Final = "transformers/models/auto/"
_HUB: Final = "transformers/utils/hub.py"
_DYNAMIC: Final = "transformers/dynamic_module_utils.py"
_CONFIG: Final = "transformers/configuration_utils.py"
_MODEL: Final = "transformers/modeling_utils.py"
_TOKENIZER: Final = "transformers/tokenization_utils_base.py"
_PROCESSOR: Final = "transformers/processing_utils.py"
_IMAGES: Final = "transformers/image_processing_base.py"
_FEATURES: Final = "transformers/feature_extraction_utils.py"
_VIDEOS: Final = "transformers/video_processing_utils.py"

_MODEL_SECTIONS: Final = (
    Section("config", "if commit_hash is None:"),
    Section("config", 'hub_kwargs["revision"] = resolve_revision('),
    Section("adapter", "if is_peft_available():"),
    Section("config", "kwargs_orig = copy.deepcopy(kwargs)", above="if not isinstance(config,"),
    Section("trust", "has_remote_code = "),
    Section("dynamic-class", "if has_remote_code and trust_remote_code"),
    Section("construct", "return model_class.from_pretrained("),
)
_FROM_CONFIG_SECTIONS: Final = (
    Section("trust", "has_remote_code = "),
    Section("dynamic-class", "if has_remote_code and trust_remote_code"),
    Section("construct", "return model_class._from_config("),
)
_CONFIG_SECTIONS: Final = (
    Section("trust", "has_remote_code = "),
    Section("dynamic-class", "if has_remote_code and trust_remote_code"),
    Section("config", 'elif "model_type" in config_dict'),
)

TARGETS: Final[tuple[Target, ...]] = (
    Target(_AUTO + "auto_factory.py", "_BaseAutoModelClass.from_pretrained", "arguments", sections=_MODEL_SECTIONS),
    Target(_AUTO + "auto_factory.py", "_BaseAutoModelClass.from_config", "arguments", sections=_FROM_CONFIG_SECTIONS),
    Target(_AUTO + "auto_factory.py", "_BaseAutoModelClass.register", "dynamic-class"),
    Target(_AUTO + "configuration_auto.py", "AutoConfig.from_pretrained", "config", sections=_CONFIG_SECTIONS),
    Target(_AUTO + "configuration_auto.py", "AutoConfig.register", "dynamic-class"),
    Target(_AUTO + "tokenization_auto.py", "AutoTokenizer.from_pretrained", "tokenizer", whole=True),
    Target(_AUTO + "tokenization_auto.py", "AutoTokenizer.register", "dynamic-class"),
    Target(_AUTO + "tokenization_auto.py", "get_tokenizer_config", "tokenizer"),
    Target(_AUTO + "processing_auto.py", "AutoProcessor.from_pretrained", "processor", whole=True),
    Target(_AUTO + "image_processing_auto.py", "AutoImageProcessor.from_pretrained", "processor", whole=True),
    Target(_AUTO + "feature_extraction_auto.py", "AutoFeatureExtractor.from_pretrained", "processor", whole=True),
    Target(_AUTO + "video_processing_auto.py", "AutoVideoProcessor.from_pretrained", "processor", whole=True),
    Target(_CONFIG, "PretrainedConfig.from_pretrained", "config"),
    Target(_CONFIG, "PretrainedConfig.get_config_dict", "config"),
    Target(_CONFIG, "PretrainedConfig._get_config_dict", "config"),
    Target(_CONFIG, "PretrainedConfig._dict_from_json_file", "config"),
    Target(_CONFIG, "PretrainedConfig.from_dict", "config"),
    Target(_CONFIG, "PretrainedConfig.register_for_auto_class", "dynamic-class"),
    Target(_CONFIG, "PretrainedConfig.__init__", "config"),
    Target(_CONFIG, "PreTrainedConfig.__init__", "config"),  # 5.0 to 5.3; then it became a dataclass
    Target(_CONFIG, "PreTrainedConfig.__post_init__", "config"),
    Target(_CONFIG, "PreTrainedConfig.from_pretrained", "config"),
    Target(_CONFIG, "PreTrainedConfig.get_config_dict", "config"),
    Target(_CONFIG, "PreTrainedConfig._get_config_dict", "config"),
    Target(_CONFIG, "PreTrainedConfig._dict_from_json_file", "config"),
    Target(_CONFIG, "PreTrainedConfig.from_dict", "config"),
    Target(_CONFIG, "PreTrainedConfig.register_for_auto_class", "dynamic-class"),
    Target(_HUB, "cached_file", None),
    Target(_HUB, "cached_files", None),
    Target(_HUB, "extract_commit_hash", None),
    Target(_HUB, "resolve_revision", "config"),
    Target("transformers/utils/peft_utils.py", "find_adapter_config_file", "adapter"),
    Target(_DYNAMIC, "resolve_trust_remote_code", "trust"),
    Target(_DYNAMIC, "get_class_from_dynamic_module", "dynamic-class"),
    Target(_DYNAMIC, "get_cached_module_file", "dynamic-class"),
    Target(_DYNAMIC, "check_imports", "dynamic-class"),
    Target(_DYNAMIC, "get_class_in_module", "dynamic-class"),
    Target(_MODEL, "PreTrainedModel.from_pretrained", "construct"),
    Target(_MODEL, "PreTrainedModel._from_config", "construct"),
    Target(_MODEL, "PreTrainedModel.register_for_auto_class", "dynamic-class"),
    Target(_TOKENIZER, "PreTrainedTokenizerBase.from_pretrained", "tokenizer"),
    Target(_PROCESSOR, "ProcessorMixin.from_pretrained", "processor", whole=True),
    Target(_PROCESSOR, "ProcessorMixin.get_processor_dict", "processor"),
    Target(_PROCESSOR, "ProcessorMixin._get_arguments_from_pretrained", "processor"),
    Target(_PROCESSOR, "ProcessorMixin.from_args_and_dict", "processor"),
    Target(_IMAGES, "ImageProcessingMixin.from_pretrained", "processor", whole=True),
    Target(_IMAGES, "ImageProcessingMixin.get_image_processor_dict", "processor"),
    Target(_FEATURES, "FeatureExtractionMixin.from_pretrained", "processor", whole=True),
    Target(_FEATURES, "FeatureExtractionMixin.get_feature_extractor_dict", "processor"),
    Target(_VIDEOS, "BaseVideoProcessor.from_pretrained", "processor", whole=True),
    Target(_VIDEOS, "BaseVideoProcessor.get_video_processor_dict", "processor"),
    Target(
        "transformers/tokenization_utils_base.py", "PreTrainedTokenizerBase.register_for_auto_class", "dynamic-class"
    ),
)

AUTO_CALLS: Final = tuple(
    target.function
    for target in TARGETS
    if target.file.startswith(_AUTO) and target.function.endswith("from_pretrained")
)
"""What a user calls: the auto classes' own ``from_pretrained``."""
BY_FUNCTION: Final = {(target.file, target.function): target for target in TARGETS}
NAMES: Final = frozenset(target.function.rpartition(".")[2] for target in TARGETS) | {"__init__"}
"""Simple names of all targets: they rule most functions out."""

CONFIG_INIT: Final = Target("", "", "config")
MODEL_INIT: Final = Target("", "", "construct", in_model=True)
TOKENIZER_INIT: Final = Target("", "", None, in_model=True)
CONFIG_LOAD: Final = Target("", "", "config")
MODEL_LOAD: Final = Target("", "", "construct")
TOKENIZER_LOAD: Final = Target("", "", "tokenizer")
PROCESSOR_LOAD: Final = Target("", "", "processor")
MODEL_CODE: Final = Target("", "", None, in_model=True)


def tail(filename: str) -> str:
    """Return the end of a path from the package ``transformers`` on, with ``/``; empty for other packages."""
    parts = filename.replace(os.sep, "/").rpartition("/transformers/")
    return f"transformers/{parts[2]}" if parts[1] else ""


_TOP_LEVEL: Final = re.compile(r"^[^\s)#]", re.MULTILINE)


def missing_targets(seen_files: dict[str, str]) -> Iterator[Target]:
    """Yield targets of loaded files (tail → source text) that this release does not define in any spelling."""

    def defined(target: Target) -> bool:
        owner, _, name = target.function.rpartition(".")
        text = f"\n{seen_files[target.file]}"
        if owner:
            begin = max(text.find(f"\nclass {owner}{after}") for after in ("(", ":"))
            end = _TOP_LEVEL.search(text, begin + 2) if begin >= 0 else None
            text = text[begin : end.start() if end else len(text)] if begin >= 0 else ""
        return f" def {name}(" in text or f"\ndef {name}(" in text

    def spelling(target: Target) -> tuple[str, str]:
        return target.file, target.function.lower().replace("__post_init__", "__init__")

    looked_for = [target for target in TARGETS if target.file in seen_files]
    found = {spelling(target) for target in looked_for if defined(target)}
    for target in looked_for:
        if spelling(target) not in found:
            found.add(spelling(target))
            yield target
