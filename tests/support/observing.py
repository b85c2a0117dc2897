"""Observe a load from outside: everything comparable about its result, and what it left behind."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import logging
import re
import shutil
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from tests.support.forked import in_fork

Observation = dict[str, Any]


def observe(model: str, kwargs: dict[str, Any], auto_class: str, traced: bool, lines: bool, folder: str) -> Observation:
    """Load tokenizer and model, recorded or not, and return the observations."""
    import torch
    from transformers import dynamic_module_utils

    records: list[tuple[Any, ...]] = []
    handler = logging.Handler()
    handler.emit = lambda one: records.append(  # type: ignore[method-assign]
        (one.levelname, one.getMessage(), one.pathname, one.lineno, one.funcName)
    )
    logging.getLogger("transformers").addHandler(handler)
    # Remote code is copied to, and imported from, a folder that is empty at first and has the same name each time.
    modules = Path(folder) / "modules"
    shutil.rmtree(modules, ignore_errors=True)
    dynamic_module_utils.HF_MODULES_CACHE = str(modules)
    # A package of that name that another test imported, or left on the path, would be used instead.
    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers_modules"]:
        del sys.modules[name]
    sys.path.insert(0, str(modules))
    importlib.invalidate_caches()
    torch.set_num_threads(1)
    torch.manual_seed(7)
    seen: Observation = {}
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        warnings.catch_warnings(record=True) as given,
    ):
        warnings.simplefilter("always")
        before = attributes()
        seen.update(
            _load_traced(model, kwargs, auto_class, lines, folder) if traced else _load(model, kwargs, auto_class)
        )
        seen["attributes changed"] = changed(before)
        seen["left behind"] = left_behind()
    seen["random state"] = _sha(torch.get_rng_state())
    seen["warnings"] = [(one.category.__name__, str(one.message), one.filename, one.lineno) for one in given]
    seen["logs"] = records
    seen["stdout"] = out.getvalue()
    seen["stderr"] = _without_progress(err.getvalue())
    seen["threads"] = sorted(thread.name for thread in threading.enumerate())
    return seen


def _load_traced(model: str, kwargs: dict[str, Any], auto_class: str, lines: bool, folder: str) -> Observation:
    from tracer.recorder.session import Session

    session = Session(Path(folder) / "journal", model=model, lines=lines)
    with session:
        seen = _load(model, kwargs, auto_class)
    session.finish(None)
    seen["steps"] = session.recording.steps
    return seen


def _load(model: str, kwargs: dict[str, Any], auto_class: str) -> Observation:
    import transformers

    try:
        if (Path(model) / "tokenizer_config.json").exists():
            transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=True)
        loaded = getattr(transformers, auto_class).from_pretrained(model, trust_remote_code=True, **_live(kwargs))
    except Exception as error:
        return {"error": _chain(error)}
    return {
        "class": f"{type(loaded).__module__}.{type(loaded).__qualname__}",
        "config": loaded.config.to_dict(),
        "attributes of the config": sorted(vars(loaded.config)),
        "weights": {name: (str(value.dtype), _sha(value)) for name, value in loaded.state_dict().items()},
        "buffers": {name: (str(value.dtype), _sha(value)) for name, value in loaded.named_buffers()},
        "logits": _logits(loaded),
        "training": loaded.training,
        "hooks": [name for name, module in loaded.named_modules() if _hooks(module)],
        "noted": getattr(loaded, "noted", None),
    }


def _logits(model: Any) -> list[str]:
    import torch

    inputs: dict[str, Any] = {"input_ids": torch.tensor([[5, 6, 7, 8, 9, 10]])}
    if getattr(model.config, "vision_config", None):
        ids = [258, 260, 263, 10, model.config.boi_token_id, 256, model.config.eoi_token_id, 72, 105]
        pixels = torch.linspace(-1, 1, 3 * 56 * 56).reshape(1, 3, 56, 56).to(model.dtype)
        inputs = {"input_ids": torch.tensor([ids]), "images": pixels}
    if hasattr(model, "example"):
        inputs = model.example()
    with torch.no_grad():
        output = model(**inputs)
    found = output.to_tuple() if hasattr(output, "to_tuple") else (output,)
    return [_sha(value) for value in found if isinstance(value, torch.Tensor)]


def _hooks(module: Any) -> bool:
    return any(value for name, value in vars(module).items() if name.endswith("_hooks"))


def _live(kwargs: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.float32 if value == "torch.float32" else value for name, value in kwargs.items()}


def _chain(error: BaseException | None) -> list[tuple[str, str]]:
    found = []
    while error is not None:
        found.append((f"{type(error).__module__}.{type(error).__qualname__}", str(error)))
        error = error.__cause__ or error.__context__
    return found


def _sha(value: Any) -> str:
    import torch

    return hashlib.sha256(value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()).hexdigest()


_PROGRESS = re.compile(r"it/s|s/it|/s\]")


def _without_progress(text: str) -> str:
    return "\n".join(line for line in text.replace("\r", "\n").split("\n") if not _PROGRESS.search(line))


_WATCHED = (
    "transformers.", "torch.nn.", "torch.utils.", "logging", "warnings", "copy", "importlib", "_frozen_importlib",
    "safetensors", "threading", "peft.", "huggingface_hub.", "sys", "os", "builtins", "io", "gc", "signal", "runpy",
)  # fmt: skip
# Counters that only grow: torch's counters of hooks, which have been removed.
_COUNTERS = ("RemovableHandle.next_id",)
_GONE = object()
Place = tuple[str, str, str]


def attributes() -> dict[Place, Any]:
    """Return everything that can be replaced: the attributes of modules, and of the classes in them."""
    found: dict[Place, Any] = {}
    for name, module in list(sys.modules.items()):
        if module is None or not f"{name}.".startswith(_WATCHED):
            continue
        for attribute, value in list(vars(module).items()):
            found[name, "", attribute] = value
            if isinstance(value, type):
                found.update({(name, attribute, member): held for member, held in list(vars(value).items())})
    return found


def changed(before: dict[Place, Any]) -> list[str]:
    """Return which attributes are another object now, are new in an existing module, or are gone."""
    after = attributes()
    modules = {name for name, _, _ in before}
    places = {place: ".".join(filter(None, place)) for place in {**before, **after} if place[0] in modules}
    return sorted(
        name
        for place, name in places.items()
        if before.get(place, _GONE) is not after.get(place, _GONE) and not name.endswith(_COUNTERS)
    )


def left_behind() -> list[str]:
    """Return what a recording must not leave active: trace functions, tools, hooks, wrapped streams."""
    left = []
    if sys.gettrace() is not None:
        left.append("sys.settrace")
    if threading.gettrace() is not None:
        left.append("threading.settrace")
    if sys.getprofile() is not None:
        left.append("sys.setprofile")
    for stream in ("stdout", "stderr"):
        if type(getattr(sys, stream)).__module__.startswith("tracer"):
            left.append(f"sys.{stream}")
    modules = sys.modules.get("torch.nn.modules.module")
    left += [name for name, value in vars(modules).items() if name.startswith("_global_") and value] if modules else []
    if sys.version_info >= (3, 12):
        left += [f"sys.monitoring tool {tool}" for tool in range(6) if sys.monitoring.get_tool(tool) == "glm-trace"]
    return left


def compare(model: str, kwargs: dict[str, Any], auto_class: str, lines: bool, folder: Path) -> Observation:
    """Check that a recorded load is observed like an unrecorded one, each in its own fork; return what was observed."""
    plain, recorded = (
        in_fork(observe, model, kwargs, auto_class, traced, lines, str(folder)) for traced in (False, True)
    )
    assert_equal(plain, recorded)
    return recorded


def assert_equal(plain: Observation, recorded: Observation) -> None:
    if "error" not in recorded:
        assert recorded["steps"] > 10
        assert recorded["hooks"] == []
    recorded.pop("steps", None)
    assert recorded["left behind"] == plain["left behind"] == []
    for what in {**plain, **recorded}:
        assert recorded.get(what) == plain.get(what), what
