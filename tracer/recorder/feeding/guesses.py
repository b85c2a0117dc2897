"""Made-up text with a picture or a sound: which form a model accepts is found by trying."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from tracer.recorder.feeding.made_up import Shown, made_up_ids
from tracer.recorder.feeding.senses import configs, number_in


class Marks(NamedTuple):
    """What configurations call the tokens for something in the text: those it is put in, and those before and after."""

    held: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


SEEN: Final = Marks(
    (
        "image_token_id", "image_token_index", "image_patch_id", "media_placeholder_token_id", "vision_token_id",
        "im_patch_id", "img_context_token_id",
    ),
    ("vision_start_token_id", "image_start_token_id", "boi_token_id", "image_begin_token_id"),
    ("vision_end_token_id", "image_end_token_id", "eoi_token_id"),
)  # fmt: skip
HEARD: Final = Marks(
    ("audio_token_id", "audio_token_index"),
    ("audio_start_token_id", "audio_bos_token_id", "boa_token_id"),
    ("audio_end_token_id", "audio_eos_token_id", "eoa_token_id"),
)
_MOST_TRIALS: Final = 60
_COUNTS_A_FORM: Final = 6
_LONGEST: Final = 4096


class Guess(NamedTuple):
    """Arguments that the model accepts; ``refused`` is what it raised for the first form, if it accepts none."""

    arguments: dict[str, Any] | None
    refused: Exception | None = None


def guess(
    given: dict[str, Any],
    forms: Iterable[Shown],
    marks: Marks,
    model: Any,
    names: set[str],
    error_of: Callable[[dict[str, Any]], Exception | None],
) -> Guess:
    """Return text with a picture or a sound in the first form that the model accepts.

    Args:
        given: tensors that are there already, such as token ids.
        forms: those to try, the likeliest first.
        marks: what the tokens are called that stand for it in the text.
        names: the parameters of ``forward``.
        error_of: what the model raises for arguments.
    """
    config = getattr(model, "config", None)
    ids = given.get("input_ids")
    ids = ids if ids is not None else made_up_ids(model) if "input_ids" in names else None
    trials, first = 0, None
    for form in forms:
        tried: set[int] = set()
        counts = [form.features] if ids is not None and takes_placeholders(config, names, marks) else [0]
        while counts and len(tried) < _COUNTS_A_FORM and trials < _MOST_TRIALS:
            count = counts.pop(0)
            if count in tried:
                continue
            tried.add(count)
            trials += 1
            arguments = {**form.tensors, **_text(ids, count, config, names, form.tensors, marks)}
            error = error_of(arguments)
            if error is None:
                return Guess(arguments)
            first = first or error
            counts += [one for one in _counts_in(error, count, config) if one not in tried and count]
        if trials >= _MOST_TRIALS:
            break
    return Guess(None, first)


def text_forms(model: Any, names: set[str]) -> Iterator[dict[str, Any]]:
    """Yield forms of made-up text alone, the likeliest first: some models want a mask, some a certain length."""
    import torch

    for count in (8, 64):
        ids = made_up_ids(model, count)
        yield {"input_ids": ids}
        config = getattr(model, "config", None)
        beside = _text(ids, 0, config, names, {})
        yield {name: value for name, value in beside.items() if name != "image_attention_mask"}
        more = {name: ids for name in names if name.endswith("_input_ids") and name != "decoder_input_ids"}
        masks = {name: torch.ones_like(ids) for name in names if name.endswith("_attention_mask")}
        if more:
            yield {
                **beside,
                **more,
                **{name: value for name, value in masks.items() if name[:-14] + "input_ids" in more},
            }
    if (books := number_in(getattr(model, "config", None), "num_codebooks")) is not None:
        yield {"input_ids": made_up_ids(model).repeat(books, 1)}  # a row for each code book of sound


def has_placeholders(ids: Any, model: Any, marks: Marks) -> bool:
    """Return whether there is a token in a text that stands for a picture or a sound, or none is needed."""
    mark = _token(getattr(model, "config", None), marks.held)
    return ids is None or mark is None or bool((ids == mark).any())


def takes_placeholders(config: Any, names: set[str], marks: Marks) -> bool:
    """Return whether there are tokens that stand for a picture or a sound in a text."""
    return _token(config, marks.held) is not None or (marks is SEEN and "image_embeds_position_mask" in names)


def _token(config: Any, names: tuple[str, ...]) -> int | None:
    for name in names:
        for one in configs(config):
            try:
                number = getattr(one, name, None)
            except Exception:  # a property of the configuration
                continue
            if type(number) is int:
                return number
    return None


def _text(
    ids: Any, count: int, config: Any, names: set[str], tensors: dict[str, Any], marks: Marks = SEEN
) -> dict[str, Any]:
    """Return token ids with ``count`` placeholders after the first, and what ``forward`` takes beside them."""
    import torch

    if ids is None:
        return {}
    row = ids[0].tolist()
    mark = _token(config, marks.held)
    held = [mark if mark is not None else row[0]] * count
    around = [
        [] if token is None or not count else [token]
        for token in (_token(config, marks.before), _token(config, marks.after))
    ]
    whole = [*row[:1], *around[0], *held, *around[1], *row[1:]]
    where = [0] * (len(whole))
    begin = 1 + len(around[0])
    where[begin : begin + count] = [1] * count
    marked = torch.tensor([where])
    found = {"input_ids": torch.tensor([whole])}
    found["attention_mask"] = torch.ones_like(marked)
    for name in names & {"mm_token_type_ids", "moe_mm_token_type_ids", "token_type_ids", "image_embeds_position_mask"}:
        found[name] = marked if marks is SEEN else _spread(tensors.get(name), ids, len(whole))
    if "qformer_input_ids" in names:
        found["qformer_input_ids"] = ids
        found["qformer_attention_mask"] = torch.ones_like(ids)
    if "bbox" in names:
        found["bbox"] = torch.zeros(1, len(whole), 4)
    if "image_attention_mask" in names and "image_attention_mask" not in tensors:
        found["image_attention_mask"] = torch.ones(1, len(whole), 1, dtype=torch.long)
    if "cross_attention_mask" in names and "aspect_ratio_mask" in tensors:
        tiles = tensors["aspect_ratio_mask"].shape[-1]
        found["cross_attention_mask"] = torch.ones(1, len(whole), 1, tiles, dtype=torch.long)
    return {name: value for name, value in found.items() if name in names}


def _spread(kinds: Any, ids: Any, length: int) -> Any:
    """Return the kinds of a text's tokens, of which pictures have their own, with plain ones after the first."""
    import torch

    if kinds is None or kinds.shape != ids.shape:
        return torch.zeros(1, length, dtype=torch.long)
    plain = torch.zeros(1, length - ids.shape[1], dtype=kinds.dtype)
    return torch.cat([kinds[:, :1], plain, kinds[:, 1:]], dim=1)


def _counts_in(error: Exception, count: int, config: Any) -> Iterator[int]:
    """Yield the numbers of an error that may be the right count: "tokens: 15, features: 17"."""
    if not _ABOUT_COUNTS.search(str(error)):
        return
    numbers = [int(one) for one in re.findall(r"\d+", str(error)) if len(one) < 9]
    features = re.findall(r"features:? *(?:torch\.Size\(\[)?(\d+)", str(error))
    widths = {
        value for one in configs(config) for name, value in vars(one).items() if name in _WIDTHS and type(value) is int
    }
    for number in [*(int(one) for one in features), *numbers]:
        for found in (number, *(number // width for width in widths if width > 1 and number % width == 0)):
            if 0 < found <= _LONGEST and found != count:
                yield found


_ABOUT_COUNTS: Final = re.compile(r"token|feature|placeholder|mismatch|scatter|must match|number of elements", re.I)
_WIDTHS: Final = ("hidden_size", "text_hidden_size", "d_model", "n_embd", "out_hidden_size")
