"""The inputs of a pass: what was asked for, made by the directory's own processor or tokenizer, else by us."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Set
from typing import Any, Final, NamedTuple

from tracer.recorder.feeding.conversation import Encoded, Wanted, encode
from tracer.recorder.feeding.guesses import HEARD, SEEN, guess, has_placeholders, takes_placeholders, text_forms
from tracer.recorder.feeding.handed_on import handed_on
from tracer.recorder.feeding.made_up import (
    Shown,
    heard_forms,
    holds_samples,
    made_up_ids,
    made_up_picture,
    made_up_sound,
    rate_of,
    shown_forms,
)
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
    arrived,
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
        batch, guessed = _filled_up(encoded, _Filling(senses, model, wanted, notes, Trial(model, recording, fake), job))
    by = encoded.by
    arguments = _fitting(batch, model, handed_on(model) if by == "processor" else set())
    problem = _problem(arguments, encoded._replace(batch=batch), senses, model, job, _Lost(wanted, made, notes))
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


class _Filling(NamedTuple):
    """What a model's inputs are filled up with, and a way to try them on the model."""

    senses: Senses
    model: Any
    wanted: Wanted
    notes: list[str]
    trial: Trial
    job: Job

    @property
    def names(self) -> set[str]:
        return set(parameters(self.model))

    def error_of(self, arguments: dict[str, Any]) -> Exception | None:
        """Return what the model raises for these arguments; None if it accepts them."""
        inputs = _with_decoder_start(_fitting(arguments, self.model), self.model)
        return self.trial.error(inputs.arguments) if inputs.arguments is not None else ValueError(inputs.why)


def _filled_up(encoded: Encoded, filling: _Filling) -> tuple[dict[str, Any], bool]:
    """Return a batch with what the model can't do without, made up if nothing gave it; and whether it was.

    The user's own ids stay as they are, and nothing is made up in the place of the user's own sound.
    """
    heard = {name: value for name, value in encoded.batch.items() if name in encoded.heard}
    batch = {name: value for name, value in encoded.batch.items() if name not in encoded.heard}
    batch, shown = _with_picture(encoded._replace(batch=batch), filling)
    batch, told = _with_sound(batch, heard, filling)
    if shown or told or filling.senses.main in batch:
        return batch, shown or told
    return _with_main(batch, filling)


def _with_picture(encoded: Encoded, filling: _Filling) -> tuple[dict[str, Any], bool]:
    """Return a batch with a picture in its text, in the first form that the model accepts; and whether it is made up.

    A picture that it takes in no form is left out.
    """
    batch, model, notes, picture = encoded.batch, filling.model, filling.notes, filling.wanted.picture
    pixels = picture_name(model)
    if picture is None or pixels is None or filling.job.ids:
        return batch, False
    if not _wants_more(filling.senses) or not _unseen(encoded, model):
        return batch, False
    config = getattr(model, "config", None)
    forms = [Shown(batch, 1)] if pixels in batch else shown_forms(picture, pixels, filling.names, config)
    found = guess(batch, forms, SEEN, model, filling.names, filling.error_of)
    notes[:] = [note for note in notes if note != reasons.PICTURE_LEFT_OUT]
    if found.arguments is None:
        notes.append(reasons.PICTURE_REFUSED.format(error=_first_line(found.refused)))
        return {name: value for name, value in batch.items() if not value.is_floating_point()}, False
    notes += [reasons.IDS_MADE_UP] if "input_ids" in found.arguments and "input_ids" not in batch else []
    notes += [reasons.PIXELS_BY_SIZE] if pixels not in batch else []
    return found.arguments, True


def _with_sound(batch: dict[str, Any], heard: dict[str, Any], filling: _Filling) -> tuple[dict[str, Any], bool]:
    """Return a batch with a sound in its text, in the first form that the model accepts; and whether it is made up.

    ``heard`` is what the feature extractor made. A sound of its own that the model takes in no form is left out.
    """
    model, notes, sound, job = filling.model, filling.notes, filling.wanted.sound, filling.job
    name, ids = sound_name(model), batch.get("input_ids")
    if sound is None or name is None or filling.senses.main != "input_ids" or job.ids:
        return {**batch, **heard}, False
    if name in heard:
        free = not takes_placeholders(getattr(model, "config", None), filling.names, HEARD)
        if free or (ids is not None and has_placeholders(ids, model, HEARD)):
            return {**batch, **heard}, False
        forms: Iterable[Shown] = [Shown({**batch, **heard}, 1)]
    elif filling.wanted.picture is None and name not in batch and (job.audio is None or holds_samples(name)):
        forms = heard_forms(sound, name, filling.names, model)
    else:
        return {**batch, **heard}, False
    found = guess(batch, forms, HEARD, model, filling.names, filling.error_of)
    if found.arguments is not None and _is_ignored(name, found.arguments, filling):
        notes[:] = [note for note in notes if note != reasons.SOUND_LEFT_OUT] + [reasons.SOUND_IGNORED]
        return batch, False
    if found.arguments is None:
        if name not in heard:
            return {**batch, **heard}, False
        notes.append(reasons.SOUND_REFUSED.format(error=_first_line(found.refused)))
        return batch, False
    notes[:] = [note for note in notes if note != reasons.SOUND_LEFT_OUT]
    notes += [reasons.IDS_MADE_UP] if ids is None else []
    notes += [_sound_note(name, model)] if name not in heard else []
    return found.arguments, True


def _is_ignored(name: str, arguments: dict[str, Any], filling: _Filling) -> bool:
    """Return whether a model accepts nothing at all in the place of an input, so that it does not look at it."""
    return filling.error_of({**arguments, name: arguments[name].new_zeros(1, 0)}) is None


def _with_main(batch: dict[str, Any], filling: _Filling) -> tuple[dict[str, Any], bool]:
    """Return a batch with the model's main input, made up; and whether it could be."""
    senses, model, wanted, notes = filling.senses, filling.model, filling.wanted, filling.notes
    if senses.main == "input_ids":
        if made_up_ids(model) is not None:
            notes.append(reasons.IDS_MADE_UP)
            texts = list(text_forms(model, filling.names))
            fitting = next((text for text in texts if filling.error_of({**batch, **text}) is None), texts[0])
            return {**batch, **fitting}, True
        return batch, False
    sense = sense_of(senses.main)
    made: Any = None
    if wanted.picture is not None and sense in ("picture", None) and picture_name(model) in (None, senses.main):
        made, note = made_up_picture(model, wanted.picture), reasons.PIXELS_BY_SIZE
    may_make_up = filling.job.audio is None or holds_samples(senses.main)
    if made is None and wanted.sound is not None and sense in ("sound", None) and may_make_up:
        made, note = made_up_sound(model, senses.main, wanted.sound), _sound_note(senses.main, model)
    if made is None:
        return batch, False
    notes.append(note)
    return {**batch, senses.main: made}, True


def _sound_note(name: str, model: Any) -> str:
    """Return how a sound was given to a parameter without a feature extractor."""
    if holds_samples(name):
        return reasons.SOUND_AS_SAMPLES.format(rate=rate_of(model))
    return reasons.SOUND_BY_SIZE


def _first_line(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0] if error is not None else "–"


def _wants_more(senses: Senses) -> bool:
    """Return whether pixels in the shape of a picture may not be enough."""
    return senses.text or not senses.main.endswith("pixel_values")


def _unseen(encoded: Encoded, model: Any) -> bool:
    """Return whether a picture did not get into the text: there are no pixels, or no tokens that stand for them."""
    batch = encoded.batch
    if not any(hasattr(value, "is_floating_point") and value.is_floating_point() for value in batch.values()):
        return True
    return "image_processor" in encoded.by and not has_placeholders(batch.get("input_ids"), model, SEEN)


class _Lost(NamedTuple):
    """What was wanted of which preparers, and what was noted: why a picture or a sound got lost on the way."""

    wanted: Wanted
    made: Preparers
    notes: list[str]

    def wants(self, sense: str) -> bool:
        return (self.wanted.picture if sense == "picture" else self.wanted.sound) is not None

    def why(self, sense: str) -> str:
        told = [note for note in self.notes if note.startswith(_LOST[sense])]
        if told:
            return told[-1]
        deaf = sense == "sound" and self.made.feature_extractor is None
        return reasons.NO_EXTRACTOR if deaf else reasons.NOTHING_MADE_IT


_LOST: Final = {
    "picture": ("the picture was", "the image processor "),
    "sound": ("the sound was", "the feature extractor "),
}


def _problem(
    arguments: dict[str, Any], encoded: Encoded, senses: Senses, model: Any, job: Job, lost: _Lost
) -> Inputs | None:
    """Return why the pass is not run: its main input is missing, or the user's picture or sound did not arrive."""
    for given, option, sense in ((job.image, "--image", "picture"), (job.audio, "--audio", "sound")):
        if given is not None and not (lost.wants(sense) and arrived(sense, arguments)):
            return Inputs(None, reasons.NOT_ARRIVED.format(option=option, why=lost.why(sense)))
    if senses.main in arguments:
        return None
    if encoded.why is not None:
        return Inputs(None, encoded.why, encoded.failure)
    if senses.main not in encoded.batch:
        reason = reasons.NOT_GIVEN if lost.made.has_only_tokenizer else reasons.NOT_MADE
        return Inputs(None, reason.format(name=senses.main))
    return Inputs(None, _why_not_named(senses.main, model))


def _tensor_of(ids: list[int]) -> Any:
    import torch

    return torch.tensor([ids])


def _fitting(batch: dict[str, Any], model: Any, inner: Set[str] = frozenset()) -> dict[str, Any]:
    """Return those tensors that the model's ``forward`` takes, on its device; numbers of pictures in its dtype.

    ``inner`` is what it takes for a module inside, which names it.
    """
    import torch

    named, takes_all = parameters(model), open_ended(model)
    fitting: dict[str, Any] = {}
    for name, value in batch.items():
        taken = name in named or name in inner or (takes_all and not _is_named_otherwise(name, named))
        if isinstance(value, torch.Tensor) and taken:
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
    if wanted.picture is not None and arrived("picture", arguments):
        fed["picture"] = {"file": job.image, "size": list(wanted.picture.size)}
    if wanted.film is not None and arrived("film", arguments):
        fed["film"] = {"frames": len(wanted.film), "size": list(wanted.film[0].size)}
    # Features that were made up are neither the user's sound nor ours.
    if wanted.sound is not None and arrived("sound", arguments) and reasons.SOUND_BY_SIZE not in notes:
        fed["sound"] = {"file": job.audio, "seconds": round(wanted.sound.seconds, 3), "rate": wanted.sound.rate}
    # They were made in the tokenizer's or processor's stage, but a reader looks for them with the pass.
    recording.check_limit("forward")
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
