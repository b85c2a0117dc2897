"""Curtains: library functions inside which no target runs, so that the trace function can be off there.

Needed for ``sys.settrace`` alone, which slows down all Python code, and chosen by measuring a load of the tiny GLM-4V:
each of these runs thousands of lines of Python. Where a call may come to a target, the curtain stays open for it.
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

Closes = Callable[..., bool]
"""Told a call's arguments: whether no target can run inside of it."""


def _always(*_: Any, **__: Any) -> bool:
    return True


def _for_libraries(loader: Any, *_: Any, **__: Any) -> bool:
    """Of importing a module: the model's and the user's own can load something while they are imported."""
    path = safe_inspect.text((safe_inspect.instance_dict(loader) or {}).get("path")) or ""
    return is_library_file(path) or "site-packages" in path or "dist-packages" in path


def _unless_copied_by_itself(value: Any, *_: Any, **__: Any) -> bool:
    return not any(
        "__deepcopy__" in safe_inspect.members(base) and _is_own(base) for base in safe_inspect.mro(type(value))
    )


def _for_torchs_own(module: Any, *_: Any, **__: Any) -> bool:
    """Of building a module: a subclass can do anything in what the constructor calls."""
    return safe_inspect.module_name(type(module)).startswith("torch.")


def _for_torchs_own_class(kind: Any, *_: Any, **__: Any) -> bool:
    return safe_inspect.is_a(kind, type) and safe_inspect.module_name(kind).startswith("torch.")


def _for_modules_that_stand(_: Any, modules: Any = None, *__: Any, **___: Any) -> bool:
    """Of a container of modules: a generator builds them as they are put in."""
    return modules is None or type(modules) in (list, tuple)


def _unless_by_a_setter(module: Any, name: Any = None, *_: Any, **__: Any) -> bool:
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
        if _is_own(base)
        for name, member in safe_inspect.members(base).items()
        if any("__set__" in safe_inspect.members(one) for one in safe_inspect.mro(type(member)))
    )


def _is_own(kind: type) -> bool:
    """Whether a class is not of Python, torch or transformers."""
    return safe_inspect.module_name(kind).partition(".")[0] not in ("builtins", "abc", "enum", "torch", "transformers")


class Curtain(NamedTuple):
    module: str
    function: str
    closes: Closes = _always


_DYNAMIC: Final = "transformers.dynamic_module_utils"
_CONFIG: Final = "transformers.configuration_utils"
_MODEL: Final = "transformers.modeling_utils"
_TORCH: Final = "torch.nn.modules"

CURTAINS: Final = (
    Curtain("copy", "deepcopy", _unless_copied_by_itself),
    Curtain(_DYNAMIC, "_compute_local_source_files_hash"),
    Curtain(_DYNAMIC, "create_dynamic_module"),
    Curtain(_DYNAMIC, "get_imports"),
    Curtain(_DYNAMIC, "get_relative_import_files"),
    Curtain(_DYNAMIC, "get_relative_imports"),
    Curtain(_CONFIG, "PretrainedConfig.to_dict"),
    Curtain(_CONFIG, "PreTrainedConfig._decode_special_floats"),
    Curtain(_CONFIG, "PreTrainedConfig.to_dict"),
    Curtain("transformers.generation.configuration_utils", "GenerationConfig.from_model_config"),
    Curtain(_MODEL, "PreTrainedModel._finalize_model_loading"),
    Curtain(_MODEL, "PreTrainedModel._load_pretrained_model"),
    Curtain(_MODEL, "PreTrainedModel.eval"),
    Curtain(_MODEL, "PreTrainedModel.tie_weights"),
    Curtain(_MODEL, "get_model_conversion_mapping"),
    Curtain(_MODEL, "load_state_dict"),
    Curtain(_MODEL, "PreTrainedModel.__init__"),
    Curtain(_MODEL, "PreTrainedModel.post_init"),
    Curtain(f"{_TORCH}.module", "Module.__init__"),
    Curtain(f"{_TORCH}.module", "Module.__setattr__", _unless_by_a_setter),
    Curtain(f"{_TORCH}.module", "Module.eval"),
    Curtain(f"{_TORCH}.module", "Module.register_buffer"),
    Curtain(f"{_TORCH}.linear", "Linear.__init__", _for_torchs_own),
    Curtain(f"{_TORCH}.sparse", "Embedding.__init__", _for_torchs_own),
    Curtain(f"{_TORCH}.normalization", "LayerNorm.__init__", _for_torchs_own),
    Curtain(f"{_TORCH}.conv", "Conv2d.__init__", _for_torchs_own),
    Curtain(f"{_TORCH}.container", "ModuleList.__init__", _for_modules_that_stand),
    Curtain("torch.nn.utils.init", "skip_init", _for_torchs_own_class),
    Curtain("transformers.models.auto.auto_factory", "_LazyAutoMapping.keys"),
)


class Curtains:
    """Wraps the functions of the list that this release has, as their modules come to be loaded."""

    def __init__(self, stepper: SettraceStepper) -> None:
        self._stepper = stepper
        self._drawn: set[tuple[str, str]] = set()

    def draw(self, patches: Patches) -> None:
        """Draw those whose module is loaded by now."""
        if not self._drawn:
            # Imports: the bodies of a library's modules and what they call are nobody's journey.
            loader = importlib.machinery.SourceFileLoader
            patches.set(loader, "exec_module", _behind(loader.exec_module, self._stepper, _for_libraries))
        for module_name, path, closes in CURTAINS:
            module = sys.modules.get(module_name)
            if module is None or (module_name, path) in self._drawn:
                continue
            self._drawn.add((module_name, path))
            owner_name, _, name = path.rpartition(".")
            owner = vars(module).get(owner_name) if owner_name else module
            if owner is not None and name in vars(owner):
                patches.set(owner, name, _wrapped(vars(owner)[name], self._stepper, closes))


def _wrapped(member: Any, stepper: SettraceStepper, closes: Closes) -> Any:
    if isinstance(member, (classmethod, staticmethod)):
        return type(member)(_behind(member.__func__, stepper, closes))
    return _behind(member, stepper, closes)


def _behind(function: Callable[..., Any], stepper: SettraceStepper, closes: Closes) -> Callable[..., Any]:
    if closes is _always:

        @functools.wraps(function)
        def curtained(*args: Any, **kwargs: Any) -> Any:
            with Paused(stepper):
                return function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def curtained(*args: Any, **kwargs: Any) -> Any:
            if not _ask(closes, stepper, args, kwargs):
                return function(*args, **kwargs)
            with Paused(stepper):
                return function(*args, **kwargs)

    return curtained


def _ask(closes: Closes, stepper: SettraceStepper, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        return closes(*args, **kwargs)
    except Exception as error:
        stepper.recording.guard.note("curtains", error)
        return False
