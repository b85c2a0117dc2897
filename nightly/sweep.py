"""Record the load of every causal and image-text type of the library, and compare it with the same load untraced.

Each type is built tiny with random weights in a fork of its own, saved, loaded as a script does, and loaded as
``glm-trace load DIR`` does: with one pass and four tokens. ``nox -s sweep -- llava qwen2_vl`` for some types alone,
``--results FILE`` to go on later where a run was ended. It exits with 1 if a load was not equal, an account not true or
the process of a type ended without a row.
"""

from __future__ import annotations

import argparse
import copy
import gc
import hashlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import transformers
import transformers.models.auto.modeling_auto as tables

from nightly.tiny_configs import tiny_config
from nightly.towers import tower_modules
from nightly.weights_account import problems_of_account
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.stage_summary import summarize_stages
from tracer.recorder import run_load as work
from tracer.recorder.auto_class import suitable_class
from tracer.recorder.feeding.senses import senses_of
from tracer.recorder.session import Session
from tracer.trace.events import InputsPrepared, ModuleEntered, NotFed, NotGenerated, TokenGenerated, events
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace
from tracer.trace.sealing import seal
from tracer.views.show import fact_text

TABLES: Final = {
    "causal": ("AutoModelForCausalLM", "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"),
    "image": ("AutoModelForImageTextToText", "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES"),
}
TOKENS: Final = 4
MOST_NUMBERS: Final = 60_000_000
SECONDS: Final = 240
SEED: Final = 7
_PASSES: Final = ("class", "fed", "picture", "sound", "tokens", "equal", "account", "read")
_MUST: Final = ("class", "equal", "account", "read")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "types", nargs="*", help="types to run (llava, or image:llava for one of two tables); all if none"
    )
    parser.add_argument("--results", type=Path, help="a file of JSON lines: those that are in it are not run again")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)  # threads do not pay for models this small, and one thread adds in one order
    known: dict[str, dict[str, Any]] = {}
    if options.results is not None and options.results.exists():
        known = {row["type"]: row for row in map(json.loads, options.results.read_text().splitlines())}
    rows = []
    for table, name in _types(options.types):
        key = f"{table}:{name}"
        row = known.get(key)
        if row is None:
            began = time.monotonic()
            row = {"type": key, **in_fork(sweep_type, table, name), "seconds": round(time.monotonic() - began, 1)}
            if options.results is not None:
                with options.results.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        print(line_of(row), flush=True)
        rows.append(row)
    print_totals(rows)
    return int(any("crashed" in row or any(row.get(what) is False for what in _MUST) for row in rows))


def _types(asked: list[str]) -> Iterator[tuple[str, str]]:
    for table, (auto_class, names) in TABLES.items():
        if not hasattr(transformers, auto_class):  # of a later release
            continue
        for name in getattr(tables, names):
            if not asked or name in asked or f"{table}:{name}" in asked or table in asked:
                yield table, name


# ── One type ────────────────────────────────────────────────────────────────────────────────────────


def sweep_type(table: str, name: str) -> dict[str, Any]:
    """Build, save, load untraced and traced, and compare; return what was seen, with ``why`` for what is not so."""
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        model_folder = Path(folder) / "model"
        try:
            saved = build(table, name)
            saved.save_pretrained(model_folder)
        except Exception as error:
            return {"built": False, "why": _named(error)}
        row: dict[str, Any] = {"built": True, "saved": type(saved).__name__}
        try:
            plain = load_plainly(getattr(transformers, suitable_class(str(model_folder), trust=False)), model_folder)
        except Exception as error:
            return {**row, "class": False, "equal": False, "account": False, "not_loaded": _named(error)}
        random_numbers = _digest(torch.get_rng_state())
        traced = Traced(model_folder, Path(folder))
        row["class"] = traced.model is not None and type(traced.model) is type(saved)
        with open_trace(traced.path) as trace:
            row |= _fed(trace)
            row["tokens"] = len(list(events(trace, TokenGenerated)))
            refusals = [one.event.why for one in events(trace, NotGenerated)]
            row |= {"no_tokens": str(refusals[0])} if refusals else {}
            try:
                row |= {"read": True, "decisions": read(trace)}
            except Exception as error:
                row |= {"read": False, "unread": _named(error)}
            if traced.error is not None:
                row["raised"] = _named(traced.error)
            if traced.model is None:
                return {**row, "equal": False, "account": False}
            different = traced.differences(plain)
            if traced.random_state is not None and _digest(traced.random_state) != random_numbers:
                different.append("random numbers")
            row |= {"equal": not different, "different": different}
            paths = traced.paths or _paths(traced.model)
            problems = problems_of_account(trace, traced.model, saved, model_folder, paths)
            row |= {"account": not problems, "problems": problems}
            row |= _perceived(trace, plain, traced.inputs or {})
        return row


def build(table: str, name: str) -> Any:
    """Return a tiny model with random numbers in each parameter, so that no equality is one of zeros and ones."""
    with torch.device("meta"):
        try:
            numbers = sum(one.numel() for one in _made(table, name).parameters())
        except Exception:  # some count in their constructor what meta tensors don't have
            numbers = 0
    if numbers > MOST_NUMBERS:
        raise ValueError(f"{numbers:,} numbers are too many")
    torch.manual_seed(0)
    model = _made(table, name).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.is_floating_point():
                parameter.add_((torch.randn(parameter.shape, generator=generator) * 0.01).to(parameter.dtype))
    return model


def _made(table: str, name: str) -> Any:
    """Return a model of the auto class; of a class for one part of a model, that part alone.

    Of a class that stands in the table of an auto class which refuses its configuration, the model that it makes.
    """
    auto_class, names = getattr(transformers, TABLES[table][0]), getattr(tables, TABLES[table][1])
    config, named = tiny_config(name), names[name]
    class_ = getattr(transformers, named, None) if isinstance(named, str) else None
    wanted = getattr(class_, "config_class", None)
    if wanted is not None and not isinstance(config, wanted):
        for part in vars(config).values():
            if isinstance(part, wanted):
                return class_._from_config(part)
    elif wanted is not None and type(config) not in auto_class._model_mapping:
        return class_._from_config(config)
    return auto_class.from_config(config)


def load_plainly(auto_class: Any, folder: Path) -> Any:
    torch.manual_seed(SEED)
    return auto_class.from_pretrained(folder).eval()


class Traced:
    """The work of ``glm-trace load`` in this process, with what went into its pass and came out of it."""

    def __init__(self, model_folder: Path, folder: Path) -> None:
        self.path = folder / "load.glmtrace"
        self.model: Any = None
        self.error: Exception | None = None
        self.random_state: Any = None
        self.state: dict[str, Any] | None = None
        self.paths: set[str] = set()
        self.inputs: dict[str, Any] | None = None
        self.output: Any = None
        journal = folder / "journal"
        job = Job(work="load", journal=str(journal), model=str(model_folder), generate=TOKENS)
        work.check_job(job)
        session = Session(journal, model=job.model, forward_output=False)
        passes = session.model.passes

        @contextmanager
        def watched(model: Any, stage: str) -> Iterator[None]:
            if stage == "forward":
                self.model, self.random_state, self.state = model, torch.get_rng_state(), _state(model)
                self.paths = _paths(model)
            with passes(model, stage), self._watching(model, stage):
                yield

        session.model.passes = watched  # type: ignore[method-assign]
        torch.manual_seed(SEED)
        try:
            with session:
                self.model = work.run_load(job, session)
        except Exception as error:
            self.error = error
        session.finish(self.error, self.model)
        seal(journal, self.path)

    @contextmanager
    def _watching(self, model: Any, stage: str) -> Iterator[None]:
        def left(module: Any, _: Any, inputs: dict[str, Any], output: Any) -> None:
            if module is model and stage == "forward":
                self.inputs = copy.deepcopy(inputs)  # generation changes the ids of some models in place
                self.output = _digests(output)

        hook = torch.nn.modules.module.register_module_forward_hook(left, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    def differences(self, plain: Any) -> list[str]:
        """Return what is not bit for bit as in a model that was loaded without a recording."""
        mine, other = self.state or _state(self.model), _state(plain)  # as loaded: passes change some of it
        different = [what for what in mine if mine[what] != other[what]]
        if self.inputs is not None:
            torch.set_rng_state(self.random_state)
            with torch.no_grad():
                if _digests(plain(**self.inputs)) != self.output:
                    different.append("logits")
        if self.inputs is not None and _hooks(self.model) != _hooks(plain):  # the library's first pass adds some
            different.append("hooks")
        return different


def _state(model: Any) -> dict[str, Any]:
    return {
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "config": json.dumps(model.config.to_dict(), sort_keys=True, default=str),
        "generation": str(getattr(model, "generation_config", None)),
        "weights": _digests(model.state_dict()),
        "buffers": _digests(dict(model.named_buffers())),
        "parameters": [(name, one.requires_grad, type(one).__name__) for name, one in model.named_parameters()],
        "training": model.training,
    }


def _paths(model: Any) -> set[str]:
    return {path for path, _ in model.named_modules()}


def _hooks(model: Any) -> list[str]:
    return [name for name, one in model.named_modules() if any(v for k, v in vars(one).items() if k.endswith("_hooks"))]


def _digests(value: Any, prefix: str = "") -> dict[str, str]:
    """Return a digest of each tensor in a value, by its place in it."""
    if isinstance(value, torch.Tensor):
        return {prefix: _digest(value)}
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        return {}
    return {place: digest for key, one in items for place, digest in _digests(one, f"{prefix}.{key}").items()}


def _digest(tensor: Any) -> str:
    if tensor.device.type == "meta":
        return "meta"
    held = tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    return f"{hashlib.sha256(held).hexdigest()} {tensor.dtype} {tuple(tensor.shape)}"


def _fed(trace: Trace) -> dict[str, Any]:
    """Return whether a pass was run, and what it was given."""
    prepared = [one.event for one in events(trace, InputsPrepared)]
    refused = [str(one.event.why) for one in events(trace, NotFed)]
    found: dict[str, Any] = {"fed": bool(prepared) and not refused}
    if refused:
        found["not_fed"] = refused[0]
    if prepared:
        found["inputs"] = {one.name: one.shape for one in prepared[0].inputs}
        found["notes"] = prepared[0].notes
    return found


def _perceived(trace: Trace, plain: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return whether the modules that a picture, or a sound, goes through were called in the recorded pass.

    A model that sees and hears is shown a picture only, as there is no processor that makes both.
    """
    senses = senses_of(plain)
    sense = "picture" if senses.picture else "sound" if senses.sound else None
    if sense is None:
        return {}
    modules = tower_modules(plain, inputs, sense)
    entered = {one.event.path for one in events(trace, ModuleEntered) if one.step.stage == "forward"}
    return {sense: bool(modules) and modules <= entered, "tower": sorted(modules)[:3]}


def read(trace: Trace) -> int:
    """Run what reads a trace; return how many decisions there are."""
    for stage in summarize_stages(trace):
        for fact in stage.facts:
            fact_text(fact, "en")
    diagnose(trace)
    return sum(1 for _ in decisions(trace))


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]


# ── Forks ───────────────────────────────────────────────────────────────────────────────────────────


def in_fork(function: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    """Return what a function returns in a fork of this process, which has the library imported."""
    gc.collect()
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        try:
            found = function(*args)
        except BaseException as error:
            found = {"crashed": _named(error), "where": traceback.format_exc()[-1500:]}
        try:
            with os.fdopen(writer, "w") as pipe:
                json.dump(found, pipe, default=str)
        finally:
            os._exit(0)
    os.close(writer)
    text, end = b"", time.monotonic() + SECONDS
    while select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        if not (part := os.read(reader, 1 << 16)):
            break
        text += part
    else:
        os.kill(process, signal.SIGKILL)
        text = json.dumps({"crashed": f"no answer in {SECONDS} s"}).encode()
    os.close(reader)
    _, status = os.waitpid(process, 0)
    found: dict[str, Any] = json.loads(text) if text else {"crashed": f"the process ended with {status}"}
    return found


# ── The table ───────────────────────────────────────────────────────────────────────────────────────


def line_of(row: dict[str, Any]) -> str:
    """Return a row of the table: what holds, and why the rest does not."""
    if "crashed" in row:
        return f"{row['type']:34} crashed: {row['crashed']}"
    if not row["built"]:
        return f"{row['type']:34} not built: {row['why']}"
    marks = [f"{what} {_mark(row.get(what))}" for what in _PASSES]
    whys = [str(row[what]) for what in ("not_loaded", "not_fed", "raised", "no_tokens", "unread") if what in row]
    whys += [note for note in row.get("notes", []) if False in (row.get("picture"), row.get("sound"))]
    whys += [", ".join(row["different"])] if row.get("different") else []
    whys += row.get("problems", [])
    return f"{row['type']:34} {'  '.join(marks)}  {'; '.join(whys)}".rstrip()


def _mark(value: Any) -> str:
    return "–" if value is None else str(value) if type(value) is int else "✓" if value else "✗"


def print_totals(rows: list[dict[str, Any]]) -> None:
    for table in TABLES:
        mine = [row for row in rows if row["type"].startswith(table + ":")]
        built = [row for row in mine if row.get("built")]
        counts = {what: sum(1 for row in built if row.get(what)) for what in _PASSES}
        taking = {what: sum(1 for row in built if what in row) for what in ("picture", "sound")}
        if not mine:
            continue
        print(
            f"{table}: {len(mine)} types, {sum('crashed' in row for row in mine)} crashed, {len(built)} built; of these"
            f" loaded by the saved class {counts['class']}, fed {counts['fed']}, with their picture"
            f" {counts['picture']} of {taking['picture']}, with their sound {counts['sound']} of {taking['sound']},"
            f" generated {counts['tokens']}, equal {counts['equal']}, accounts true {counts['account']},"
            f" read {counts['read']}"
        )


if __name__ == "__main__":
    sys.exit(main())
