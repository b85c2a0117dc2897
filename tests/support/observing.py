"""A load seen from outside: everything about its result that can be compared, and what it left behind."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

Observation = dict[str, Any]


def observe(model: str, kwargs: dict[str, Any], auto_class: str, traced: bool, lines: bool, folder: str) -> Observation:
    """Load tokenizer and model, recorded or not, and tell what came of it."""
    import torch
    import transformers

    records: list[tuple[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))  # type: ignore[method-assign]
    logging.getLogger("transformers").addHandler(handler)
    torch.manual_seed(7)
    seen: Observation = {}
    before = _attributes() if traced else {}
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        warnings.catch_warnings(record=True) as given,
    ):
        warnings.simplefilter("always")
        seen.update(
            _load_traced(model, kwargs, auto_class, lines, folder) if traced else _load(model, kwargs, auto_class)
        )
    seen["random state"] = _sha(torch.get_rng_state())
    seen["warnings"] = [(one.category.__name__, str(one.message)) for one in given]
    seen["logs"] = records
    seen["stdout"] = out.getvalue()
    seen["stderr"] = _without_progress(err.getvalue())
    if traced:
        seen["left behind"] = _left_behind(before)
    del transformers
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
        "weights": {name: (str(value.dtype), _sha(value)) for name, value in loaded.state_dict().items()},
        "logits": _logits(loaded),
        "training": loaded.training,
    }


def _logits(model: Any) -> list[str]:
    import torch

    inputs: dict[str, Any] = {"input_ids": torch.tensor([[5, 6, 7, 8, 9, 10]])}
    if getattr(model.config, "vision_config", None):
        ids = [258, 260, 263, 10, model.config.boi_token_id, 256, model.config.eoi_token_id, 72, 105]
        pixels = torch.linspace(-1, 1, 3 * 56 * 56).reshape(1, 3, 56, 56).to(model.dtype)
        inputs = {"input_ids": torch.tensor([ids]), "images": pixels}
    with torch.no_grad():
        output = model(**inputs)
    return [_sha(value) for value in output.to_tuple() if isinstance(value, torch.Tensor)]


def _live(kwargs: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.float32 if value == "torch.float32" else value for name, value in kwargs.items()}


def _chain(error: BaseException | None) -> list[tuple[str, str]]:
    found = []
    while error is not None:
        found.append((type(error).__name__, str(error)))
        error = error.__cause__ or error.__context__
    return found


def _sha(value: Any) -> str:
    import torch

    return hashlib.sha256(value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()).hexdigest()


def _without_progress(text: str) -> str:
    return "\n".join(line for line in text.replace("\r", "\n").split("\n") if "it/s" not in line and "/s]" not in line)


_WATCHED = ("transformers", "torch.nn", "logging", "warnings", "copy", "importlib", "safetensors", "threading")


def _attributes() -> dict[tuple[str, str, str], int]:
    """The identity of everything that could have been replaced: names in modules and in their classes."""
    found: dict[tuple[str, str, str], int] = {}
    keep.clear()
    for name, module in list(sys.modules.items()):
        if not name.startswith(_WATCHED) or module is None:
            continue
        for attribute, value in list(vars(module).items()):
            found[name, "", attribute] = id(value)
            keep.append(value)
            if isinstance(value, type) and value.__module__ == name:
                for member, held in list(vars(value).items()):
                    found[name, attribute, member] = id(held)
                    keep.append(held)
    return found


keep: list[Any] = []  # what was seen stays alive, or an identity could be used again

# What a load changes of itself, recorded or not.
_OWN_DOING = {"_modules", "_extra_content", "_reverse_config_mapping", "__doc__"}


def _left_behind(before: dict[tuple[str, str, str], int]) -> list[str]:
    """Whatever is not as it was, of what recording replaces; empty when everything was put back."""
    left = []
    for (name, owner, attribute), identity in before.items():
        module = sys.modules.get(name)
        place = vars(module).get(owner) if owner else module
        if place is None or attribute in _OWN_DOING:
            continue
        now = vars(place).get(attribute)
        inner = getattr(now, "__func__", now)
        if id(now) != identity and "tracer" in f"{getattr(inner, '__module__', '')} {getattr(inner, '__code__', '')}":
            left.append(f"{name}.{owner}.{attribute}")
    if sys.gettrace() is not None:
        left.append("sys.settrace")
    if threading._trace_hook is not None:  # type: ignore[attr-defined]
        left.append("threading.settrace")
    for stream in ("stdout", "stderr"):
        if type(getattr(sys, stream)).__module__.startswith("tracer"):
            left.append(f"sys.{stream}")
    return left
