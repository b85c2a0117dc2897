"""Library functions inside which no target runs, so that the trace function can be off while they run.

Only ``sys.settrace`` needs this, as it slows down all Python code. The functions were chosen by measuring a load of the
tiny GLM-4V: each of them runs thousands of lines of Python. A call that may reach a target is not paused.
"""

from __future__ import annotations

import functools
import importlib.machinery
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tracer.recorder import safe_inspect
from tracer.recorder.patches import Patches
from tracer.recorder.source_text import is_library_file
from tracer.recorder.stepping.settrace import Paused, SettraceStepper

Condition = Callable[..., bool]
"""Takes a call's arguments; returns whether no target can run inside the call."""


def _always(*_: Any, **__: Any) -> bool:
    return True


def _if_library(loader: Any, *_: Any, **__: Any) -> bool:
    """For the import of a module: the model's and the user's own modules can load something while they are imported."""
    path = safe_inspect.text((safe_inspect.instance_dict(loader) or {}).get("path")) or ""
    return is_library_file(path) or "site-packages" in path or "dist-packages" in path


def _unless_custom_copy(value: Any, *_: Any, **__: Any) -> bool:
    return not any(
        "__deepcopy__" in safe_inspect.members(base) and _is_foreign(base) for base in safe_inspect.mro(type(value))
    )


def _if_torch_module(module: Any, *_: Any, **__: Any) -> bool:
    """For the construction of a module: a subclass can do anything in the methods that the constructor calls."""
    return safe_inspect.module_name(type(module)).startswith("torch.")


def _if_torch_class(kind: Any, *_: Any, **__: Any) -> bool:
    return safe_inspect.is_a(kind, type) and safe_inspect.module_name(kind).startswith("torch.")


def _if_modules_built(_: Any, modules: Any = None, *__: Any, **___: Any) -> bool:
    """For a container of modules: a generator would build them while they are put in."""
    return modules is None or type(modules) in (list, tuple)


def _unless_setter(module: Any, name: Any = None, *_: Any, **__: Any) -> bool:
    kind = type(module)
    known = _setters.get(id(kind))
    if known is None or known[0] is not kind:
        known = _setters[id(kind)] = kind, _names_with_setters(kind)
    return name not in known[1]


_setters: dict[int, tuple[type, frozenset[str]]] = {}


def _names_with_setters(kind: type) -> frozenset[str]:
    return frozenset(
        name
        for base in safe_inspect.mro(kind)
        if _is_foreign(base)
        for name, member in safe_inspect.members(base).items()
        if any("__set__" in safe_inspect.members(ancestor) for ancestor in safe_inspect.mro(type(member)))
    )


def _is_foreign(kind: type) -> bool:
    """Return whether a class comes from elsewhere than Python, torch or transformers."""
    return safe_inspect.module_name(kind).partition(".")[0] not in ("builtins", "abc", "enum", "torch", "transformers")


class PausedFunction(NamedTuple):
    module: str
    function: str
    condition: Condition = _always


_DYNAMIC: Final = "transformers.dynamic_module_utils"
_CONFIG: Final = "transformers.configuration_utils"
_MODEL: Final = "transformers.modeling_utils"
_TORCH: Final = "torch.nn.modules"

PAUSED_FUNCTIONS: Final = (
    PausedFunction("copy", "deepcopy", _unless_custom_copy),
    PausedFunction(_DYNAMIC, "_compute_local_source_files_hash"),
    PausedFunction(_DYNAMIC, "create_dynamic_module"),
    PausedFunction(_DYNAMIC, "get_imports"),
    PausedFunction(_DYNAMIC, "get_relative_import_files"),
    PausedFunction(_DYNAMIC, "get_relative_imports"),
    PausedFunction(_CONFIG, "PretrainedConfig.to_dict"),
    PausedFunction(_CONFIG, "PreTrainedConfig._decode_special_floats"),
    PausedFunction(_CONFIG, "PreTrainedConfig.to_dict"),
    PausedFunction("transformers.generation.configuration_utils", "GenerationConfig.from_model_config"),
    PausedFunction(_MODEL, "PreTrainedModel._finalize_model_loading"),
    PausedFunction(_MODEL, "PreTrainedModel._load_pretrained_model"),
    PausedFunction(_MODEL, "PreTrainedModel.eval"),
    PausedFunction(_MODEL, "PreTrainedModel.tie_weights"),
    PausedFunction(_MODEL, "get_model_conversion_mapping"),
    PausedFunction(_MODEL, "load_state_dict"),
    PausedFunction(_MODEL, "PreTrainedModel.__init__"),
    PausedFunction(_MODEL, "PreTrainedModel.post_init"),
    PausedFunction(f"{_TORCH}.module", "Module.__init__"),
    PausedFunction(f"{_TORCH}.module", "Module.__setattr__", _unless_setter),
    PausedFunction(f"{_TORCH}.module", "Module.eval"),
    PausedFunction(f"{_TORCH}.module", "Module.register_buffer"),
    PausedFunction(f"{_TORCH}.linear", "Linear.__init__", _if_torch_module),
    PausedFunction(f"{_TORCH}.sparse", "Embedding.__init__", _if_torch_module),
    PausedFunction(f"{_TORCH}.normalization", "LayerNorm.__init__", _if_torch_module),
    PausedFunction(f"{_TORCH}.conv", "Conv2d.__init__", _if_torch_module),
    PausedFunction(f"{_TORCH}.container", "ModuleList.__init__", _if_modules_built),
    PausedFunction("torch.nn.utils.init", "skip_init", _if_torch_class),
    PausedFunction("transformers.models.auto.auto_factory", "_LazyAutoMapping.keys"),
)


class PausedFunctions:
    """Wraps those functions of the list that this release has, once their modules are loaded."""

    def __init__(self, stepper: SettraceStepper) -> None:
        self._stepper = stepper
        self._done: set[tuple[str, str]] = set()

    def wrap(self, patches: Patches) -> None:
        """Wrap the functions whose modules are loaded by now."""
        if not self._done:
            # Imports: the bodies of a library's modules and what they call are no part of a load.
            loader = importlib.machinery.SourceFileLoader
            patches.set(loader, "exec_module", _pausing(loader.exec_module, self._stepper, _if_library))
        for module_name, path, condition in PAUSED_FUNCTIONS:
            module = sys.modules.get(module_name)
            if module is None or (module_name, path) in self._done:
                continue
            self._done.add((module_name, path))
            owner_name, _, name = path.rpartition(".")
            owner = vars(module).get(owner_name) if owner_name else module
            if owner is not None and name in vars(owner):
                patches.set(owner, name, _wrapped(vars(owner)[name], self._stepper, condition))


def _wrapped(member: Any, stepper: SettraceStepper, condition: Condition) -> Any:
    if isinstance(member, (classmethod, staticmethod)):
        return type(member)(_pausing(member.__func__, stepper, condition))
    return _pausing(member, stepper, condition)


def _pausing(function: Callable[..., Any], stepper: SettraceStepper, condition: Condition) -> Callable[..., Any]:
    if condition is _always:

        @functools.wraps(function)
        def pausing(*args: Any, **kwargs: Any) -> Any:
            with Paused(stepper):
                return function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def pausing(*args: Any, **kwargs: Any) -> Any:
            if not _holds(condition, stepper, args, kwargs):
                return function(*args, **kwargs)
            with Paused(stepper):
                return function(*args, **kwargs)

    return pausing


def _holds(condition: Condition, stepper: SettraceStepper, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        return condition(*args, **kwargs)
    except Exception as error:
        stepper.recording.guard.note("paused functions", error)
        return False
