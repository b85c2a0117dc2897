"""The traced work of ``glm-trace load`` from the first call to the last token."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tracer.recorder import loading
from tracer.recorder.model.adaptation import adapt, inner, lora_config
from tracer.recorder.model.generation import TokenWatch, generate
from tracer.recorder.model.inputs import make_inputs, read_image
from tracer.recorder.session import Session
from tracer.trace.errors import TracerError
from tracer.trace.job import Job


def check(job: Job) -> None:
    """Look at all that can be known before the load, so that no finished load is spoilt by it.

    Raises:
        TracerError: the device, the auto class, the picture or the LoRA configuration is not there or not usable.
    """
    _device(job)
    loading.auto_class(job)
    if job.image is not None:
        read_image(job.image)
    if job.peft is not None:
        lora_config(job.peft)


def do(job: Job, session: Session) -> Any:
    """Load, put on the device, adapt, run a pass, generate; returns the model."""
    session.part = None
    device = _device(job)
    model, tokenizer, fake = loading.load(job, device)
    if not hasattr(model, "eval"):
        return model  # AutoConfig, AutoTokenizer: there is nothing to run
    session.part = "device"
    if fake is None and device != "cpu":
        model = model.to(device)
    model.eval()
    if job.peft is not None:
        session.part = "peft"
        model = adapt(model, job.peft, session.recording)
    if job.forward:
        _run(job, session, model, tokenizer, fake)
    return model


def _run(job: Job, session: Session, model: Any, tokenizer: Any, fake: Any) -> None:
    import torch

    recording = session.recording
    session.part = "inputs"
    with recording.stage("tokenizer"):
        inputs = make_inputs(job, model, tokenizer, recording)
    if inputs.arguments is None:
        recording.point("not-fed", recording.clean_data({"why": inputs.why}), stage="forward")
        return
    arguments = fake.inputs(inputs.arguments) if fake is not None else inputs.arguments
    unstepped = fake.unstepped() if fake is not None else nullcontext()
    session.part = "forward"
    with torch.no_grad(), session.model.passes(model, "forward"), unstepped:
        model(**arguments)
    if job.generate and not _generates(model):
        with recording.stage("generate"):
            recording.point(
                "not-generated", recording.clean_data({"why": f"{type(inner(model)).__name__} writes no text"})
            )
    elif job.generate:
        session.part = "generate"
        with session.model.passes(model, "generate"):
            generate(model, arguments, job.generate, TokenWatch(recording, tokenizer))


def _generates(model: Any) -> bool:
    """Whether transformers' ``generate`` takes the model."""
    return hasattr(inner(model), "can_generate") and bool(inner(model).can_generate())


def _device(job: Job) -> str:
    import torch

    if job.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if job.device.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = int(job.device.partition(":")[2] or 0)
        if index >= count:
            raise TracerError(
                f"--device {job.device}: torch {torch.__version__} sees {count} CUDA devices here. "
                "Use --device cpu, or install a torch with CUDA on a machine that has one."
            )
    return job.device
