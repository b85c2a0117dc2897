"""The inputs of a pass: what was asked for, made by the directory's own processor or tokenizer, else by us."""

from __future__ import annotations

import inspect
import re
from typing import Any, Final, NamedTuple

from tracer.recorder.feeding.conversation import Encoded, Wanted, encode
from tracer.recorder.feeding.guesses import HEARD, SEEN, guess, has_placeholders, text_forms
from tracer.recorder.feeding.made_up import Shown, heard_forms, made_up_ids, made_up_picture, made_up_sound, shown_forms
from tracer.recorder.feeding.samples import (
    PROMPT,
    PROMPT_FOR_SOUND,
    TEXT,
    own_film,
    own_picture,
    own_sound,
    read_picture,
    read_sound,
)
from tracer.recorder.feeding.senses import (
    Senses,
    configs,
    has_no_forward,
    number_in,
    open_ended,
    parameters,
    picture_name,
    sense_of,
    senses_of,
    sound_name,
)
from tracer.recorder.feeding.trial import Trial
from tracer.recorder.processors import Preparers
from tracer.recorder.recording import Recording
from tracer.trace import reasons
from tracer.trace.errors import TracerError
from tracer.trace.job import Job

_MAX_PIECES: Final = 400
_NUMBERS: Final = re.compile(r"_(values|features|embeds|embeddings)$")
_PLACEHOLDERS: Final = ("image_token_id", "image_token_index", "audio_token_id", "audio_token_index", "video_token_id")


class Inputs(NamedTuple):
    """``arguments`` for ``forward``; or None with the reason ``why``, and an exception as it is recorded.

    ``guessed`` is whether they were made up: a pass that refuses them says nothing about the model.
    """

    arguments: dict[str, Any] | None
    why: str = ""
    failure: dict[str, Any] | None = None
    guessed: bool = False


def make_inputs(job: Job, model: Any, made: Preparers, recording: Recording, fake: Any = None) -> Inputs:
    """Return inputs on the model's device and in its dtype, and record what they were made of.

    ``fake`` is what made fake weights, if the model has no others.
    """
    if has_no_forward(model):
        return Inputs(None, reasons.NO_FORWARD.format(name=type(model).__name__))
    senses = senses_of(model)
    try:
        wanted = _wanted(job, senses, made)
    except TracerError as error:  # the file existed before the load
        return Inputs(None, str(error).rstrip("."))
    if job.image is not None and not senses.picture:
        return Inputs(None, reasons.NO_VISION)
    if job.audio is not None and not senses.sound:
        return Inputs(None, reasons.NO_HEARING)
    notes: list[str] = []
    if job.ids:
        encoded = Encoded({"input_ids": _tensor_of(job.ids)}, "ids")
    else:
        encoded = encode(wanted, senses, made, recording, notes)
    if encoded.failure is not None:
        recording.record_event("not-encoded", {**recording.clean_data({"why": encoded.why}), **encoded.failure})
    batch, guessed = encoded.batch, False
    if encoded.by != "processor":
        trial = Trial(model, recording, fake)
        batch, guessed = _filled_up(encoded, senses, model, wanted, notes, trial, job)
    by, arguments = encoded.by, _fitting(batch, model)
    problem = _problem(arguments, encoded._replace(batch=batch), senses, model, job, notes)
    if problem is not None:
        return problem
    inputs = _with_decoder_start(arguments, model)
    if inputs.arguments is not None:
        by = by if not guessed else "sizes" if by == "" else f"{by}, sizes"
        _record(job, wanted, made, inputs.arguments, by, notes, model, recording)
    return inputs._replace(guessed=guessed)


def not_made(model: Any, arguments: dict[str, Any]) -> list[str]:
    """Return the parameters of ``forward`` for numbers that were not given, such as ``speaker_embeddings``."""
    names = [name for name in parameters(model) if name not in arguments and _NUMBERS.search(name)]
    return [name for name in names if name != "past_key_values" and not name.endswith("inputs_embeds")]


def _wanted(job: Job, senses: Senses, made: Preparers) -> Wanted:
    """Return what is to be shown and told to the model: what the user gave, and else a test picture or sound."""
    hears = senses.sound and (made.feature_extractor is not None or senses.main != "input_ids" or not senses.picture)
    sound = None if not hears else own_sound() if job.audio is None else read_sound(job.audio)
    picture = None if not senses.picture else own_picture() if job.image is None else read_picture(job.image)
    film = own_film() if senses.film and not senses.picture else None
    usual = PROMPT if picture is not None or film is not None else PROMPT_FOR_SOUND if sound is not None else TEXT
    return Wanted(job.prompt or usual, picture, film, sound)


def _filled_up(
    encoded: Encoded, senses: Senses, model: Any, wanted: Wanted, notes: list[str], trial: Trial, job: Job
) -> tuple[dict[str, Any], bool]:
    """Return a batch with what the model can't do without, made up if nothing gave it; and whether it was.

    The user's own ids stay as they are, and nothing is made up in the place of the user's own sound.
    """
    batch, names = encoded.batch, set(parameters(model))
    told = bool(job.ids)

    def error_of(arguments: dict[str, Any]) -> Exception | None:
        inputs = _with_decoder_start(_fitting(arguments, model), model)
        return trial.error(inputs.arguments) if inputs.arguments is not None else ValueError(inputs.why)

    pixels = picture_name(model)
    if (
        wanted.picture is not None
        and pixels is not None
        and _wants_more(senses)
        and not told
        and _unseen(encoded, model)
    ):
        config = getattr(model, "config", None)
        forms = [Shown(batch, 1)] if pixels in batch else shown_forms(wanted.picture, pixels, names, config)
        found = guess(batch, forms, SEEN, model, names, error_of)
        if found.arguments is not None:
            notes[:] = [note for note in notes if note != reasons.PICTURE_LEFT_OUT]
            notes += [reasons.IDS_MADE_UP] if "input_ids" in found.arguments and "input_ids" not in batch else []
            notes += [reasons.PIXELS_BY_SIZE] if pixels not in batch else []
            return found.arguments, True
        notes[:] = [note for note in notes if note != reasons.PICTURE_LEFT_OUT]
        error = found.refused
        refused = f"{type(error).__name__}: {error}".partition("\n")[0] if error is not None else "–"
        notes.append(reasons.PICTURE_REFUSED.format(error=refused))
        batch = {name: value for name, value in batch.items() if not value.is_floating_point()}
    heard = sound_name(model)
    beside_text = senses.main == "input_ids" and not told and wanted.picture is None
    if wanted.sound is not None and job.audio is None and heard is not None and beside_text and heard not in batch:
        found = guess(batch, heard_forms(wanted.sound, heard, names, model), HEARD, model, names, error_of)
        if found.arguments is not None:
            notes[:] = [note for note in notes if note != reasons.SOUND_LEFT_OUT]
            notes += [reasons.IDS_MADE_UP] if "input_ids" not in batch else []
            notes += [reasons.SOUND_BY_SIZE]
            return found.arguments, True
    if senses.main in batch:
        return batch, False
    if senses.main == "input_ids":
        if made_up_ids(model) is not None:
            notes.append(reasons.IDS_MADE_UP)
            texts = list(text_forms(model, names))
            fitting = next((text for text in texts if error_of({**batch, **text}) is None), texts[0])
            return {**batch, **fitting}, True
    elif (
        wanted.picture is not None
        and pixels in (None, senses.main)
        and (shown := made_up_picture(model, wanted.picture)) is not None
    ):
        notes.append(reasons.PIXELS_BY_SIZE)
        return {**batch, senses.main: shown}, True
    elif wanted.sound is not None and (sound := made_up_sound(model, senses.main, wanted.sound)) is not None:
        notes.append(reasons.SOUND_BY_SIZE)
        return {**batch, senses.main: sound}, True
    return batch, False


def _wants_more(senses: Senses) -> bool:
    """Return whether pixels in the shape of a picture may not be enough."""
    return senses.text or not senses.main.endswith("pixel_values")


def _unseen(encoded: Encoded, model: Any) -> bool:
    """Return whether a picture did not get into the text: there are no pixels, or no tokens that stand for them."""
    batch = encoded.batch
    if not any(hasattr(value, "is_floating_point") and value.is_floating_point() for value in batch.values()):
        return True
    return "image_processor" in encoded.by and not has_placeholders(batch.get("input_ids"), model)


def _problem(
    arguments: dict[str, Any], encoded: Encoded, senses: Senses, model: Any, job: Job, notes: list[str]
) -> Inputs | None:
    """Return why the pass is not run: its main input is missing, or the user's picture or sound did not arrive."""
    for given, option, sense in ((job.image, "--image", "picture"), (job.audio, "--audio", "sound")):
        if given is not None and not _arrived(sense, arguments):
            why = notes[-1] if notes else reasons.NOTHING_MADE_IT
            return Inputs(None, reasons.NOT_ARRIVED.format(option=option, why=why))
    if senses.main in arguments:
        return None
    if encoded.why is not None:
        return Inputs(None, encoded.why, encoded.failure)
    if senses.main not in encoded.batch:
        return Inputs(None, reasons.NOT_GIVEN.format(name=senses.main))
    return Inputs(None, _why_not_named(senses.main, model))


def _arrived(sense: str, arguments: dict[str, Any]) -> bool:
    """Return whether there are numbers among the inputs that are for this sense, or may be."""
    return any(value.is_floating_point() and sense_of(name) in (sense, None) for name, value in arguments.items())


def _tensor_of(ids: list[int]) -> Any:
    import torch

    return torch.tensor([ids])


def _fitting(batch: dict[str, Any], model: Any) -> dict[str, Any]:
    """Return those tensors that the model's ``forward`` takes, on its device; numbers of pictures in its dtype."""
    import torch

    named, takes_all = parameters(model), open_ended(model)
    fitting: dict[str, Any] = {}
    for name, value in batch.items():
        if isinstance(value, torch.Tensor) and (name in named or (takes_all and not _is_named_otherwise(name, named))):
            value = value.to(model.device)
            fitting[name] = value.to(model.dtype) if value.is_floating_point() else value
    return fitting


def _is_named_otherwise(name: str, named: Any) -> bool:
    """Return whether a ``forward`` that takes any keyword names its inputs all the same, and not this one.

    The library's ``**kwargs`` are options of attention functions; ``forward(*args, **kwargs)`` of a wrapper takes all.
    """
    return any(one.kind is not one.VAR_POSITIONAL and one.kind is not one.VAR_KEYWORD for one in named.values())


def _why_not_named(wanted: str, model: Any) -> str:
    """Return why ``forward`` is not given what the tokenizer gives: only what it names is."""
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    taken = [stars.get(given.kind, "") + name for name, given in parameters(model).items()]
    if not taken:
        return reasons.NOT_NAMED.format(name=wanted)
    return reasons.NOT_NAMED_OPEN.format(name=wanted, others=", ".join(taken))


def _with_decoder_start(arguments: dict[str, Any], model: Any) -> Inputs:
    """Add the token with which the decoder begins, for an encoder-decoder model."""
    config = getattr(model, "config", None)
    if not getattr(config, "is_encoder_decoder", False) or "decoder_input_ids" not in parameters(model):
        return Inputs(arguments)
    if "decoder_input_ids" in arguments or not arguments:
        return Inputs(arguments)
    import torch

    first = next(iter(arguments.values()))
    generation = getattr(model, "generation_config", None)
    for one in [*configs(config), *([generation] if generation is not None else [])]:
        for name in ("decoder_start_token_id", "bos_token_id", "pad_token_id"):
            start = getattr(one, name, None)
            if type(start) is int:
                rows = len(first) * (number_in(config, "num_codebooks") or 1)  # a row for each code book of sound
                ids = torch.full((rows, 1), start, dtype=torch.long, device=first.device)
                return Inputs({**arguments, "decoder_input_ids": ids})
    return Inputs(None, reasons.NO_DECODER_START)


def _record(
    job: Job,
    wanted: Wanted,
    made: Preparers,
    arguments: dict[str, Any],
    by: str,
    notes: list[str],
    model: Any,
    recording: Recording,
) -> None:
    """Record the ids with the text that each token covers, and what else was given to the model."""
    ids = arguments.get("input_ids")
    shown = [] if ids is None or ids.dim() != 2 else ids[0].tolist()
    if shown and made.tokenizer is not None:
        pieces = recording.guard.call("tokens", _pieces, made.tokenizer, shown[:_MAX_PIECES]) or []
        special = {str(name): str(value) for name, value in getattr(made.tokenizer, "special_tokens_map", {}).items()}
        prompt = None if job.ids else wanted.prompt
        facts = {
            "prompt": prompt,
            "ids": shown[:_MAX_PIECES],
            "pieces": pieces,
            "count": len(shown),
            "special": special,
        }
        recording.record_event("text-prepared", recording.clean_data(facts))
    fed: dict[str, Any] = {
        "by": by,
        "inputs": [
            {"name": name, "shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
            for name, value in arguments.items()
        ],
        "notes": notes,
        "placeholders": _placeholders(shown, model),
    }
    if wanted.picture is not None and _arrived("picture", arguments):
        fed["picture"] = {"file": job.image, "size": list(wanted.picture.size)}
    if wanted.film is not None and _arrived("film", arguments):
        fed["film"] = {"frames": len(wanted.film), "size": list(wanted.film[0].size)}
    if wanted.sound is not None and _arrived("sound", arguments):
        fed["sound"] = {"file": job.audio, "seconds": round(wanted.sound.seconds, 3), "rate": wanted.sound.rate}
    # They were made in the tokenizer's or processor's stage, but a reader looks for them with the pass.
    recording.record_event("inputs-prepared", recording.clean_data(fed), stage="forward")


def _pieces(tokenizer: Any, ids: list[int]) -> list[str]:
    return [str(tokenizer.decode([number])) for number in ids]


def _placeholders(ids: list[int], model: Any) -> list[dict[str, Any]]:
    """Return the tokens that stand for a picture or sound, each with its number in the text."""
    found: dict[int, dict[str, Any]] = {}
    for name in _PLACEHOLDERS:
        for config in configs(getattr(model, "config", None)):
            number = getattr(config, name, None)
            if type(number) is int and number in ids:
                found.setdefault(number, {"name": name, "id": number, "count": ids.count(number)})
    return list(found.values())
