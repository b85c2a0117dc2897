"""Curtains: library functions inside which no target runs, so that the trace function can be off there.

Needed on Python 3.10 and 3.11 alone, where a trace function slows down all Python code, and chosen by measuring a
load of the tiny GLM-4V: each of these runs thousands of lines of Python.
"""

from __future__ import annotations

import functools
import importlib.machinery
import sys
from collections.abc import Callable
from typing import Any, Final

from tracer.recorder.patches import Patches
from tracer.recorder.stepping.settrace import Paused, TraceFunction

CURTAINS: Final[tuple[tuple[str, str], ...]] = (
    ("copy", "deepcopy"),
    ("torch.nn.modules.module", "Module.eval"),
    ("transformers.dynamic_module_utils", "_compute_local_source_files_hash"),
    ("transformers.dynamic_module_utils", "create_dynamic_module"),
    ("transformers.dynamic_module_utils", "get_imports"),
    ("transformers.dynamic_module_utils", "get_relative_import_files"),
    ("transformers.dynamic_module_utils", "get_relative_imports"),
    ("transformers.configuration_utils", "PretrainedConfig.to_dict"),
    ("transformers.configuration_utils", "PretrainedConfig.to_diff_dict"),
    ("transformers.configuration_utils", "PretrainedConfig.__repr__"),
    ("transformers.configuration_utils", "PreTrainedConfig._decode_special_floats"),
    ("transformers.configuration_utils", "PreTrainedConfig.to_dict"),
    ("transformers.configuration_utils", "PreTrainedConfig.to_diff_dict"),
    ("transformers.generation.configuration_utils", "GenerationConfig.from_pretrained"),
    ("transformers.generation.configuration_utils", "GenerationConfig.from_model_config"),
    ("transformers.modeling_utils", "PreTrainedModel._finalize_model_loading"),
    ("transformers.modeling_utils", "PreTrainedModel._load_pretrained_model"),
    ("transformers.modeling_utils", "PreTrainedModel.eval"),
    ("transformers.modeling_utils", "PreTrainedModel.tie_weights"),
    ("transformers.modeling_utils", "get_model_conversion_mapping"),
    ("transformers.modeling_utils", "load_state_dict"),
    ("transformers.modeling_utils", "PreTrainedModel.__init__"),
    ("transformers.modeling_utils", "PreTrainedModel.post_init"),
    ("torch.nn.modules.module", "Module.__init__"),
    ("torch.nn.modules.module", "Module.__setattr__"),
    ("torch.nn.modules.module", "Module.register_buffer"),
    ("torch.nn.modules.linear", "Linear.__init__"),
    ("torch.nn.modules.sparse", "Embedding.__init__"),
    ("torch.nn.modules.normalization", "LayerNorm.__init__"),
    ("torch.nn.modules.conv", "Conv2d.__init__"),
    ("torch.nn.modules.container", "ModuleList.__init__"),
    ("torch.nn.utils.init", "skip_init"),
    ("transformers.models.auto.auto_factory", "_LazyAutoMapping.keys"),
)


class Curtains:
    """Wraps the functions of the list that this release has, as their modules come to be loaded."""

    def __init__(self, router: TraceFunction) -> None:
        self._router = router
        self._drawn: set[tuple[str, str]] = set()

    def draw_around_construction(self, model_class: type, patches: Patches) -> None:
        """Off while a model of this class is built: thousands of modules, none of them a target."""
        if ("", model_class.__qualname__) not in self._drawn:
            self._drawn.add(("", model_class.__qualname__))
            build = model_class.__init__  # type: ignore[misc]  # the class's own, no instance is involved
            patches.set(model_class, "__init__", _behind(build, self._router))

    def draw(self, patches: Patches) -> None:
        """Draw those whose module is loaded by now."""
        if not self._drawn:
            # Imports: the bodies of modules and what they call are nobody's journey.
            loader = importlib.machinery.SourceFileLoader
            patches.set(loader, "exec_module", _behind(loader.exec_module, self._router))
        for curtain in CURTAINS:
            module_name, path = curtain
            module = sys.modules.get(module_name)
            if module is None or curtain in self._drawn:
                continue
            self._drawn.add(curtain)
            owner_name, _, name = path.rpartition(".")
            owner = vars(module).get(owner_name) if owner_name else module
            if owner is not None and name in vars(owner):
                patches.set(owner, name, _wrapped(vars(owner)[name], self._router))


def _wrapped(member: Any, router: TraceFunction) -> Any:
    if isinstance(member, (classmethod, staticmethod)):
        return type(member)(_behind(member.__func__, router))
    return _behind(member, router)


def _behind(function: Callable[..., Any], router: TraceFunction) -> Callable[..., Any]:
    @functools.wraps(function)
    def curtained(*args: Any, **kwargs: Any) -> Any:
        with Paused(router):
            return function(*args, **kwargs)

    return curtained
