"""What the outputs of a model mean that writes no text: labels, boxes, segments, an embedding, sound.

What they are is told by their names and shapes, the configuration's labels, and the library's tables of classes.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.feeding.senses import configs, number_in
from tracer.recorder.library_values import without_modes
from tracer.recorder.model.lora import unwrap_peft

_BEST: Final = 3  # labels told
_TOKENS: Final = 12  # tokens told with their labels
_IDS: Final = 200
_THRESHOLD: Final = 0.5
_VECTORS: Final = (
    "text_embeds", "image_embeds", "audio_embeds", "video_embeds", "sentence_embedding", "embeddings", "pooler_output",
    "last_hidden_state", "prediction_logits",
)  # fmt: skip
_PICTURES: Final = {"predicted_depth": "depth", "reconstruction": "picture", "spectrogram": "spectrogram"}
_RATES: Final = ("sampling_rate", "sample_rate")
_MODELING: Final = "transformers.models.auto.modeling_auto"


def read_outputs(outputs: Any, model: Any, inputs: Mapping[str, Any], tokenizer: Any) -> dict[str, Any] | None:
    """Return what outputs mean; None for those of which it is not known."""
    import torch

    with without_modes(), torch.no_grad():
        named = _named(outputs)
        if any(_is_without_numbers(value) for value in named.values()):
            return None
        for read in (_boxes, _masks, _span, _sound, _field, _logits, _vectors):
            found = read(named, model, inputs, tokenizer)
            if found is not None:
                return dict(found)
    return None


def made_of(result: Any, model: Any) -> dict[str, Any]:
    """Return what a call that makes a model write returned: its class, tensors, text, and the length of a sound."""
    facts: dict[str, Any] = {"class": type(result).__name__}
    text = _text_of(result)
    if text is not None:
        facts["text"] = text
    named = _named(result)
    facts["tensors"] = [
        {"name": name, "shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        for name, value in named.items()
    ]
    floating = [value for value in named.values() if value.is_floating_point()]
    kind = sound_kind(model)
    if kind is not None and floating:
        facts["what"] = kind
        if kind == "sound":
            facts.update(_length_of(floating[0], model))
    return facts


def _text_of(result: Any) -> str | None:
    if isinstance(result, str):
        return result
    if isinstance(result, (tuple, list)) and result and isinstance(result[0], str):
        return str(result[0])
    return None


def writes_text(model: Any) -> bool:
    """Return whether what a model generates can be text, as far as the library tells, and not codes of sound."""
    told = getattr(unwrap_peft(model), "output_modalities", None)
    if isinstance(told, (tuple, list)) and told:
        return "text" in told
    return sound_kind(model) is None


def sound_kind(model: Any) -> str | None:
    """Return ``sound`` or ``spectrogram`` for a model that makes one, by the library's tables; None for others."""
    if _in_table(model, "MODEL_FOR_TEXT_TO_SPECTROGRAM_MAPPING_NAMES"):
        return "spectrogram"
    told = getattr(unwrap_peft(model), "output_modalities", None)
    if isinstance(told, (tuple, list)) and "audio" in told:
        return "sound"
    return "sound" if _in_table(model, "MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES") else None


def _in_table(model: Any, table: str) -> bool:
    """Return whether a model's class, or one that it is made from, is in a table of the library's auto classes."""
    values = getattr(importlib.import_module(_MODELING), table, {}).values()
    names = {name for value in values for name in ([value] if isinstance(value, str) else value)}
    return any(base.__name__ in names for base in type(unwrap_peft(model)).__mro__)


def _length_of(sound: Any, model: Any) -> dict[str, Any]:
    """Return rate and seconds of a sound, if something says how many samples a second has."""
    inner = unwrap_peft(model)
    settings = getattr(inner, "generation_config", None)
    rate = number_in(getattr(inner, "config", None), *_RATES)
    if rate is None:
        rate = next((value for name in _RATES if type(value := getattr(settings, name, None)) is int), None)
    return {} if not rate else {"rate": rate, "seconds": round(sound.shape[-1] / rate, 4)}


def _named(outputs: Any) -> dict[str, Any]:
    """Return the tensors of outputs by name, those of a tuple by number."""
    if hasattr(outputs, "shape") and hasattr(outputs, "is_floating_point"):
        return {"": outputs}
    if isinstance(outputs, Mapping):
        pairs = list(outputs.items())
    elif isinstance(outputs, (tuple, list)):
        pairs = [(f"[{index}]", value) for index, value in enumerate(outputs)]
    else:
        return {}
    return {
        str(name): value for name, value in pairs if hasattr(value, "is_floating_point") and hasattr(value, "shape")
    }


def _is_without_numbers(value: Any) -> bool:
    return bool(value.is_meta) or type(value).__name__ == "FakeTensor"


def _floats(value: Any) -> Any:
    return value.detach().float().cpu()


# ── What a kind of head gives ──────────────────────────────────────────────────────────────────────


def _boxes(named: dict[str, Any], model: Any, *_: Any) -> dict[str, Any] | None:
    """Of a detector: how many boxes are likelier than the threshold, and the best label."""
    boxes, logits = named.get("pred_boxes"), named.get("logits")
    if boxes is None or logits is None or logits.dim() != 3 or logits.shape[:2] != boxes.shape[:2]:
        return None
    labels = _labels(model)
    known = logits.shape[-1] in (len(labels), len(labels) + 1)
    chances = _without_none(_floats(logits)[0], len(labels))
    best, which = chances.max(-1)
    at = int(best.argmax())
    return {
        "what": "boxes", "shape": list(boxes.shape), "count": int((best > _THRESHOLD).sum()), "threshold": _THRESHOLD,
        "labels": [_label(int(which[at]), float(best[at]), labels if known else {})],
    }  # fmt: skip


def _without_none(logits: Any, labels: int) -> Any:
    """Return probabilities without that of "nothing", which heads with one class more than there are labels have."""
    return logits.softmax(-1)[..., :-1] if logits.shape[-1] == labels + 1 else logits.sigmoid()


def _masks(named: dict[str, Any], model: Any, *_: Any) -> dict[str, Any] | None:
    """Of a model that segments by masks, each with a class or with a quality."""
    for name, classes in (("masks_queries_logits", "class_queries_logits"), ("pred_masks", "logits")):
        masks, logits = named.get(name), named.get(classes)
        if masks is not None and logits is not None and logits.dim() == 3:
            labels = _labels(model)
            best, which = _without_none(_floats(logits)[0], len(labels)).max(-1)
            at = int(best.argmax())
            return {
                "what": "masks", "shape": list(masks.shape), "count": int((best > _THRESHOLD).sum()),
                "threshold": _THRESHOLD, "labels": [_label(int(which[at]), float(best[at]), labels)],
            }  # fmt: skip
    if (masks := named.get("pred_masks")) is not None and masks.is_floating_point():
        scores = named.get("iou_scores")
        best = [] if scores is None or not scores.numel() else [_label(None, float(_floats(scores).max()), {})]
        return {"what": "masks", "shape": list(masks.shape), "labels": best}
    return None


def _span(named: dict[str, Any], _: Any, inputs: Mapping[str, Any], tokenizer: Any) -> dict[str, Any] | None:
    """Of a model that marks an answer in the text: where it begins and ends, with its text."""
    start, end, ids = named.get("start_logits"), named.get("end_logits"), inputs.get("input_ids")
    if start is None or end is None or start.dim() != 2 or ids is None:
        return None
    begins, ends = int(_floats(start)[0].argmax()), int(_floats(end)[0].argmax())
    marked = ids[0, begins : ends + 1].tolist()
    text = tokenizer.decode(marked) if tokenizer is not None and marked else None
    return {"what": "span", "shape": list(start.shape), "ids": [begins, ends], "text": text}


def _sound(named: dict[str, Any], model: Any, *_: Any) -> dict[str, Any] | None:
    for name in ("waveform", "audio_values"):
        if (sound := named.get(name)) is not None and sound.is_floating_point():
            return {"what": "sound", "shape": list(sound.shape), **_length_of(sound, model)}
    return None


def _field(named: dict[str, Any], *_: Any) -> dict[str, Any] | None:
    """Of a model that makes a picture or a map: its shape, and the range of its numbers."""
    for name, what in _PICTURES.items():
        if (value := named.get(name)) is not None and value.numel():
            numbers = _floats(value)
            return {"what": what, "shape": list(value.shape), "range": [float(numbers.min()), float(numbers.max())]}
    return None


def _logits(named: dict[str, Any], model: Any, inputs: Mapping[str, Any], tokenizer: Any) -> dict[str, Any] | None:
    logits = named.get("logits")
    if logits is None or not logits.is_floating_point() or not logits.numel():
        return None
    numbers, labels = _floats(logits), _labels(model)
    of_labels = logits.shape[-1] == len(labels)
    if _in_table(model, "MODEL_FOR_CTC_MAPPING_NAMES"):
        return _ctc(numbers, model, tokenizer)
    if _in_table(model, "MODEL_FOR_MASKED_LM_MAPPING_NAMES"):
        return {"what": "vocabulary", "shape": list(logits.shape)}
    if numbers.dim() == 4 and logits.shape[1] == len(labels):
        return _segments(numbers, labels)
    if numbers.dim() == 2 and of_labels:
        return _classes(numbers[0], model, labels, list(logits.shape))
    if numbers.dim() == 2 and _in_table(model, "MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES"):
        return _classes(numbers[0], model, {}, list(logits.shape))
    ids = inputs.get("input_ids")
    if numbers.dim() == 3 and of_labels and ids is not None and ids.shape[-1] == logits.shape[1]:
        return _each_token(numbers[0], labels, ids[0].tolist(), tokenizer, list(logits.shape))
    return None


def _ctc(numbers: Any, model: Any, tokenizer: Any) -> dict[str, Any] | None:
    """Of a model that hears: the likeliest tokens, repeated ones once and blanks left out, and the text of them."""
    if numbers.dim() != 3:
        return None
    best = numbers[0].argmax(-1).tolist()
    blank = number_in(getattr(model, "config", None), "pad_token_id")
    ids = [one for index, one in enumerate(best) if one != blank and (not index or best[index - 1] != one)]
    text = None if tokenizer is None else _decoded(tokenizer, best, ids)
    return {"what": "ctc", "shape": list(numbers.shape), "count": len(ids), "ids": ids[:_IDS], "text": text}


def _decoded(tokenizer: Any, best: list[int], ids: list[int]) -> str:
    """Return the text of a row of the likeliest tokens; tokenizers for CTC merge repeated ones themselves."""
    merges = "CTC" in type(tokenizer).__name__
    return str(tokenizer.decode(best if merges else ids))


def _segments(numbers: Any, labels: Mapping[int, str]) -> dict[str, Any]:
    """Of a model that gives each pixel a class: the classes that cover the most."""
    import torch

    covered = torch.bincount(numbers[0].argmax(0).reshape(-1), minlength=numbers.shape[1])
    shares = covered / covered.sum()
    order = [int(one) for one in shares.argsort(descending=True) if covered[one]]
    found = [_label(one, float(shares[one]), labels) for one in order[:_BEST]]
    return {"what": "segments", "shape": list(numbers.shape), "count": len(order), "labels": found}


def _classes(numbers: Any, model: Any, labels: Mapping[int, str], shape: list[int]) -> dict[str, Any]:
    """Of a model that classifies: the best labels with their probabilities; of a regression its numbers."""
    problem = getattr(getattr(model, "config", None), "problem_type", None)
    if problem == "regression" or len(numbers) == 1:
        return {"what": "numbers", "shape": shape, "range": [float(numbers.min()), float(numbers.max())]}
    chances = numbers.sigmoid() if problem == "multi_label_classification" else numbers.softmax(-1)
    order = chances.argsort(descending=True)[:_BEST].tolist()
    return {"what": "labels", "shape": shape, "labels": [_label(one, float(chances[one]), labels) for one in order]}


def _each_token(
    numbers: Any, labels: Mapping[int, str], ids: list[int], tokenizer: Any, shape: list[int]
) -> dict[str, Any]:
    """Of a model that labels tokens: each of the first with its best label."""
    best, which = numbers.softmax(-1).max(-1)
    told = [
        {
            **_label(int(which[at]), float(best[at]), labels),
            "token": str(tokenizer.decode([ids[at]])) if tokenizer is not None else str(ids[at]),
        }
        for at in range(min(len(ids), _TOKENS))
    ]
    return {"what": "each-token", "shape": shape, "count": len(ids), "labels": told}


def _vectors(named: dict[str, Any], *_: Any) -> dict[str, Any] | None:
    """Of a model without a head: the shapes of its vectors and the length of each first one."""
    found = []
    for name in _VECTORS:
        value = named.get(name)
        if value is not None and value.is_floating_point() and value.dim() >= 2 and value.numel():
            flat = _floats(value).reshape(-1, value.shape[-1]) if value.dim() < 4 else _floats(value).reshape(1, -1)
            found.append({"name": name, "shape": list(value.shape), "norm": float(flat[0].norm())})
    return {"what": "vectors", "vectors": found} if found else None


def _labels(model: Any) -> dict[int, str]:
    """Return the labels of a configuration, or of one inside it."""
    for config in configs(getattr(model, "config", None)):
        found = getattr(config, "id2label", None)
        if isinstance(found, Mapping) and found:
            return {int(number): str(label) for number, label in found.items()}
    return {}


def _label(number: int | None, chance: float, labels: Mapping[int, str]) -> dict[str, Any]:
    return {"id": number, "label": None if number is None else labels.get(number), "probability": round(chance, 4)}
