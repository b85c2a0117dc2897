"""The traced work of ``glm-trace load``: the calls a user's own script would make, from the load to the last token."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

from tracer.recorder.auto_class import auto_class
from tracer.recorder.feeding.inputs import make_inputs, not_made
from tracer.recorder.feeding.samples import TEXT, read_picture, read_sound
from tracer.recorder.hub_files import prepare
from tracer.recorder.model.generation import TokenWatch, call_for, carry_out, generates
from tracer.recorder.model.lora import apply_lora, lora_config
from tracer.recorder.model.outputs import read_outputs
from tracer.recorder.model.weightless import FakeWeights, dtype_argument, from_configuration
from tracer.recorder.processors import Preparers, load_preparers
from tracer.recorder.recording import Recording
from tracer.recorder.session import Session
from tracer.trace import reasons
from tracer.trace.errors import TracerError
from tracer.trace.job import Job


def check_job(job: Job) -> None:
    """Check everything that can be known before the load, so that no finished load fails because of it.

    Raises:
        TracerError: the device, the auto class, a file for the pass or the LoRA configuration is missing or bad.
    """
    _device(job)
    prepare(job)
    auto_class(job)
    if job.image is not None:
        read_picture(job.image)
    if job.audio is not None:
        read_sound(job.audio)
    if job.peft is not None:
        lora_config(job.peft)


def run_load(job: Job, session: Session) -> Any:
    """Load, move to the device, apply LoRA, run a pass, generate; return the model."""
    session.part = None
    device = _device(job)
    model, made, fake = load_model(job, session.recording, device)
    if not hasattr(model, "eval"):  # AutoConfig, AutoTokenizer: there is nothing to run
        if job.forward and any((job.generate, job.image, job.audio, job.ids, job.prompt)):
            why = reasons.NO_MODEL.format(name=type(model).__name__)
            session.recording.record_event("not-fed", session.recording.clean_data({"why": why}), stage="forward")
        return model
    session.part = "device"
    if fake is None and device != "cpu":
        model = model.to(device)
    model.eval()
    if job.peft is not None:
        session.part = "peft"
        model = apply_lora(model, job.peft, session.recording)
    if job.forward:
        _run_model(job, session, model, made, fake)
    return model


def _run_model(job: Job, session: Session, model: Any, made: Preparers, fake: Any) -> None:
    import torch

    recording = session.recording
    session.part = "inputs"
    with recording.stage("tokenizer" if made.has_only_tokenizer else "processor"):
        inputs = make_inputs(job, model, made, recording, fake)
    if inputs.arguments is None:
        why = recording.clean_data({"why": inputs.why})
        recording.record_event("not-fed", {**why, **(inputs.failure or {})}, stage="forward")
        return
    arguments = fake.inputs(inputs.arguments) if fake is not None else inputs.arguments
    unstepped = fake.unstepped() if fake is not None else nullcontext()
    session.part = "forward"
    try:
        with torch.no_grad(), session.model.passes(model, "forward"), unstepped:
            outputs = model(**arguments)
    except Exception as error:
        if not inputs.guessed:
            raise
        _not_done(recording, "not-fed", _guess_refused(error, not_made(model, arguments)), error)
        return
    if not generates(model):
        facts = recording.guard.call("outputs", read_outputs, outputs, model, arguments, made.tokenizer)
        if facts:
            recording.record_event("outputs-read", recording.clean_data(facts), stage="forward")
    del outputs
    if job.generate:
        _generate(job, session, model, made, arguments, guessed=inputs.guessed)


def _generate(
    job: Job, session: Session, model: Any, made: Preparers, arguments: dict[str, Any], *, guessed: bool
) -> None:
    """Make the model write. What it raises is raised, unless the inputs or the form of the call are a guess of ours."""
    recording = session.recording
    call = call_for(
        model, arguments, job.generate, prompt=job.prompt or TEXT, tokenizer=made.tokenizer, processor=made.processor
    )
    if call.function is None:
        with recording.stage("generate"):
            recording.record_event("not-generated", recording.clean_data({"why": call.why}))
        return
    session.part = "generate"
    watch = TokenWatch(recording, made.tokenizer)
    try:
        with session.model.passes(model, "generate"):
            carry_out(call, watch)
    except Exception as error:
        why = call.refused(error)
        if why is None and not guessed:
            raise
        _not_done(recording, "not-generated", why or _guess_refused(error), error)


def _guess_refused(error: Exception, missing: list[str] | None = None) -> str:
    raised = f"{type(error).__name__}: {error}".partition("\n")[0]
    if missing:
        return reasons.GUESS_REFUSED_WITHOUT.format(error=raised, names=", ".join(missing))
    return reasons.GUESS_REFUSED.format(error=raised)


def _not_done(recording: Recording, kind: str, why: str, error: Exception) -> None:
    """Record that inputs or a call of ours did not fit, which says nothing about the model."""
    failure = recording.guard.call("traceback", recording.tracebacks.failure, error) or {}
    stage = "forward" if kind == "not-fed" else "generate"
    recording.record_event(kind, {**recording.clean_data({"why": why}), **failure}, stage=stage)


def _device(job: Job) -> str:
    import torch

    if job.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if job.device.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = int(job.device.partition(":")[2] or 0)
        if index >= count > 0:
            raise TracerError(reasons.NO_SUCH_CUDA_DEVICE, device=job.device, count=count, last=count - 1)
        if index >= count:
            raise TracerError(reasons.NO_CUDA_DEVICE, device=job.device, release=str(torch.__version__), count=count)
    return job.device


class Loaded(NamedTuple):
    """What a load gave: the model, what makes its inputs, and what made fake weights."""

    model: Any
    preparers: Preparers
    fake: FakeWeights | None = None


def load_model(job: Job, recording: Recording, device: str = "cpu") -> Loaded:
    """Load the processor or tokenizer, if wanted, and the model.

    ``device`` is where random weights are made; those of a checkpoint are read to the CPU first.
    """
    kind = auto_class(job)
    made = load_preparers(job, recording)
    arguments = {"trust_remote_code": job.trust_remote_code, **_with_dtypes(job.kwargs)}
    arguments["trust_remote_code"] = job.trust_remote_code  # what the user consented to, whatever the keywords say
    dtype = dtype_named(job.dtype) if job.dtype is not None else None
    if job.weights == "random":
        return Loaded(from_configuration(kind, job.model, arguments, dtype, device), made)
    if job.weights == "fake":
        fake = FakeWeights()
        return Loaded(fake.build(kind, job.model, arguments, dtype), made, fake)
    if dtype is not None:
        arguments[dtype_argument()] = dtype
    return Loaded(kind.from_pretrained(job.model, **arguments), made)


def dtype_named(name: str) -> Any:
    """Return a torch dtype by name; ``auto`` stays the string that transformers knows."""
    import torch

    return "auto" if name == "auto" else getattr(torch, name)


def _with_dtypes(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with strings such as ``torch.float16`` turned into dtypes."""
    import torch

    converted = dict(arguments)
    for name, value in arguments.items():
        if isinstance(value, str) and value.startswith("torch."):
            found = getattr(torch, value.removeprefix("torch."), None)
            converted[name] = found if isinstance(found, torch.dtype) else value
    return converted
