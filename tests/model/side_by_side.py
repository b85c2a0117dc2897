"""The same work untraced and traced: what a plain script sees, to hold a trace against."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers

from tracer.recorder import child
from tracer.recorder import run_load as work
from tracer.recorder.session import Session
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace
from tracer.trace.sealing import seal

PROMPT = "What is this?"
TRANSFORMERS = tuple(int(part) for part in version("transformers").split(".")[:2])
DTYPE = "dtype" if TRANSFORMERS >= (4, 56) else "torch_dtype"


class Pass(NamedTuple):
    """One call of one module: its path, what went in and what came out as shapes."""

    path: str
    inputs: Any
    outputs: Any


class Traced(NamedTuple):
    trace: Trace
    model: Any
    results: list[Any]  # what the model itself gave back in each pass


@contextmanager
def one_thread() -> Iterator[None]:
    """Threads do not pay for models this small, and one thread adds in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def load_glm(folder: Path, **arguments: Any) -> Any:
    """As the fine-tuning script does, in float32."""
    arguments = {"empty_init": False, DTYPE: torch.float32, **arguments}
    return transformers.AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, **arguments).eval()


def glm_inputs(folder: Path, model: Any, image: Path) -> dict[str, Any]:
    """What the chat template makes of a picture and a question."""
    from PIL import Image

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    with Image.open(image) as opened:
        message = {"role": "user", "content": PROMPT, "image": opened.convert("RGB")}
    batch = tokenizer.apply_chat_template(
        [message], add_generation_prompt=True, tokenize=True, return_tensors="pt", return_dict=True
    )
    return {name: value.to(model.dtype) if value.is_floating_point() else value for name, value in batch.items()}


def passes_of(model: Any, inputs: dict[str, Any]) -> tuple[list[Pass], Any]:
    """Every module call of a plain pass, in the order of their beginning, by forward hooks; and the result."""
    calls: list[list[Any]] = []
    open_calls: list[int] = []
    hooks = []

    def before(path: str) -> Any:
        def hook(module: Any, args: Any, kwargs: Any) -> None:
            names = [*inspect.signature(type(module).forward).parameters][1:]
            named = dict(zip(names, args, strict=False))
            open_calls.append(len(calls))
            calls.append([path, shapes({**named, **kwargs}), None])

        return hook

    def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        calls[open_calls.pop()][2] = shapes(output)

    for path, module in model.named_modules():
        hooks.append(module.register_forward_pre_hook(before(path), with_kwargs=True))
        hooks.append(module.register_forward_hook(after, with_kwargs=True))
    with torch.no_grad():
        result = model(**inputs)
    for hook in hooks:
        hook.remove()
    return [Pass(*call) for call in calls], result


def shapes(value: Any) -> Any:
    """Return tensors as shape and dtype, also in tuples and dictionaries; None for anything else."""
    if isinstance(value, torch.Tensor):
        return [*value.shape], str(value.dtype).removeprefix("torch.")
    if isinstance(value, dict):
        return _some({name: shapes(item) for name, item in value.items()})
    if isinstance(value, (tuple, list)):
        return [shapes(item) for item in value]
    if type(value).__module__ == "transformers.cache_utils":
        held = vars(value).items()
        return _some({name: shapes(item) for name, item in held if name[0] != "_" and name != "training"})
    return None


def recorded_shapes(value: Any) -> Any:
    """The same of a recorded value (as plain JSON)."""
    if isinstance(value, list):
        return [recorded_shapes(item) for item in value]
    if not isinstance(value, dict):
        return None
    if value.get("is") == "tensor":
        return value["shape"], value["dtype"]
    if value.get("is") == "sequence":
        return [recorded_shapes(item) for item in value["items"]]
    items = value["items"] if value.get("is") == "mapping" else value if "is" not in value else {}
    return _some({name: recorded_shapes(item) for name, item in items.items()})


def _some(items: dict[str, Any]) -> Any:
    return {name: item for name, item in items.items() if item is not None} or None


def do_traced(job: Job, trace_path: Path) -> Traced:
    """The work of ``glm-trace load`` in this process, so that its tensors can be looked at."""
    seen: list[tuple[Any, Any]] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, args, output: seen.append((module, output))
    )
    error: BaseException | None = None
    model = None
    session = Session(
        Path(job.journal), model=job.model, step_forward=job.step_forward, forward_output=False,
        model_options=child.ModelOptions(job.operators, job.statistics),
    )  # fmt: skip
    try:
        with one_thread(), session:
            model = work.run_load(job, session)
    except BaseException as caught:
        error = caught
        raise
    finally:
        hook.remove()
        session.finish(error, model)
        seal(Path(job.journal), trace_path)
        Path(job.journal).unlink()
    return Traced(open_trace(trace_path), model, [output for module, output in seen if module is model])


def job_for(model: Path, folder: Path, **options: Any) -> Job:
    kwargs = {"empty_init": False} if model.name.startswith("glm-4v") else {}
    options = {"trust_remote_code": True, "dtype": "float32", "kwargs": kwargs, **options}
    return Job(work="load", journal=str(folder / "journal"), model=str(model), **options)


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Also where a number is NaN or a zero negative."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return one.contiguous().numpy().tobytes() == other.contiguous().numpy().tobytes()
