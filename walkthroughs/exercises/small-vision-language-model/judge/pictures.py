"""Pictures of one colour and the word for it: all that the small model has to learn."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 220)}
QUESTION = "Which colour?"


def picture(colour: str) -> Any:
    return Image.new("RGB", (48, 48), COLOURS[colour])


def asked(tokenizer: Any, image: Any = None) -> dict[str, Any]:
    """The question, with a picture or without, as the model takes it."""
    message = {"role": "user", "content": QUESTION}
    if image is not None:
        message["image"] = image
    return dict(
        tokenizer.apply_chat_template(
            [message], add_generation_prompt=True, tokenize=True, return_tensors="pt", return_dict=True
        )
    )


def answered(tokenizer: Any, image: Any, answer: str) -> dict[str, Any]:
    """The same, followed by its answer; only the answer is learnt."""
    batch = asked(tokenizer, image)
    ids = torch.tensor([tokenizer(answer, add_special_tokens=False)["input_ids"]])
    prompt = batch["input_ids"]
    whole = torch.cat((prompt, ids), dim=1)
    labels = torch.cat((torch.full_like(prompt, -100), ids), dim=1)
    return {"input_ids": whole, "images": batch["images"], "labels": labels}
