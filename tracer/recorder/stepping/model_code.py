"""The model's own code: in which files it is, and which of its functions are stepped when."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any, Final, Literal, TypeAlias

from tracer.recorder.stepping.code_objects import qualified_name
from tracer.recorder.stepping.targets import (
    CONFIG_INIT,
    CONFIG_LOAD,
    MODEL_CODE,
    MODEL_INIT,
    MODEL_LOAD,
    PROCESSOR_LOAD,
    TOKENIZER_INIT,
    TOKENIZER_LOAD,
    Target,
    tail,
)

StepForward: TypeAlias = Literal["first", "all", "none"]

_REMOTE: Final = "/transformers_modules/"
_CONFIGURATIONS: Final = frozenset({"PretrainedConfig", "PreTrainedConfig"})
_PREPARE_INPUT: Final = frozenset(
    {"PreTrainedTokenizerBase", "ProcessorMixin", "ImageProcessingMixin", "FeatureExtractionMixin"}
)
_RESUMED: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class ModelCode:
    """The functions in the model directory's files, or in the modeling file of a built-in model.

    Attributes:
        files: the files whose functions are stepped while a pass runs; empty until the model is built.
    """

    def __init__(self, step: StepForward) -> None:
        self.files: set[str] = set()
        self._step = step
        self._executed: set[int] = set()

    @property
    def steps_passes(self) -> bool:
        """Whether anything is stepped in a pass."""
        return self._step != "none"

    def add_files_of(self, classes: Iterable[type]) -> None:
        """Add the files in which these classes are written, unless they are torch's."""
        for kind in classes:
            # The library decorates many forward methods; the function inside counts.
            code = getattr(inspect.unwrap(getattr(kind, "forward", None)), "__code__", None)  # type: ignore[arg-type]
            if code is not None and is_model_file(code.co_filename):
                self.files.add(code.co_filename)

    def new_pass(self) -> None:
        """Step the first execution of every function again."""
        self._executed.clear()

    def may_step(self, code: CodeType) -> bool:
        """Return whether this execution is stepped; the call counts as one. The first of a constructor always is."""
        if self._step != "first" and code.co_name != "__init__":
            return self._step == "all"
        if id(code) in self._executed:
            return False
        self._executed.add(id(code))
        return True

    def target(self, code: CodeType, variables: Mapping[str, Any]) -> Target | None:
        """Return the target for a function in a model's or configuration's file."""
        if code.co_name == "__init__":
            return _initialiser(code, variables)
        if code.co_name == "from_pretrained" and is_remote(code.co_filename):
            return _loader(code, variables)
        if code.co_filename not in self.files or code.co_name.startswith("<") or code.co_flags & _RESUMED:
            return None
        return MODEL_CODE._replace(file=code.co_filename, function=qualified_name(code))


def is_model_file(filename: str) -> bool:
    """Return whether a file is remote code in the modules cache, or a modeling file of transformers."""
    ending = tail(filename)
    return is_remote(filename) or (ending.startswith("transformers/models/") and "/modeling_" in ending)


def is_remote(filename: str) -> bool:
    """Return whether a file is remote code in the modules cache."""
    return _REMOTE in filename.replace("\\", "/")


def _loader(code: CodeType, variables: Mapping[str, Any]) -> Target | None:
    """Return the target for the own ``from_pretrained`` of a model, configuration, tokenizer or processor class.

    It replaces the library's, or calls that with other arguments.
    """
    called_on = variables.get(code.co_varnames[0]) if code.co_argcount else None
    if not isinstance(called_on, type):
        return None
    bases = {base.__name__ for base in type.__dict__["__mro__"].__get__(called_on)}
    if "Module" in bases:
        target = MODEL_LOAD
    elif bases & _CONFIGURATIONS:
        target = CONFIG_LOAD
    elif bases & _PREPARE_INPUT:
        target = TOKENIZER_LOAD if "PreTrainedTokenizerBase" in bases else PROCESSOR_LOAD
    else:
        return None
    return target._replace(file=code.co_filename, function=qualified_name(code))


def _initialiser(code: CodeType, variables: Mapping[str, Any]) -> Target | None:
    """Return the target for the ``__init__`` of a configuration, a module, a tokenizer or a processor."""
    if not code.co_argcount:
        return None
    instance = type(variables.get(code.co_varnames[0]))
    bases = {base.__name__ for base in type.__dict__["__mro__"].__get__(instance)}
    ending = tail(code.co_filename)
    built_in_config = ending.startswith("transformers/models/") and "/configuration_" in ending
    if bases & _CONFIGURATIONS and (is_remote(code.co_filename) or built_in_config):
        return CONFIG_INIT._replace(file=code.co_filename, function=qualified_name(code))
    if "Module" in bases and is_model_file(code.co_filename):
        return MODEL_INIT._replace(file=code.co_filename, function=qualified_name(code))
    if bases & _PREPARE_INPUT and is_remote(code.co_filename):
        return TOKENIZER_INIT._replace(file=code.co_filename, function=qualified_name(code))
    return None
