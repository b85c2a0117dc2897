"""The tokenizer: one token per character, four special tokens, and pictures as tensors.

It lays out one conversation at a time; a batch of them is one step more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizer

SPECIAL = ("<pad>", "<image>", "<user>", "<assistant>")
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # 96 of them, so that there are 100 tokens
UNKNOWN = "?"


class SmallTokenizer(PreTrainedTokenizer):
    """``image_size`` is the side, in pixels, that pictures are brought to."""

    model_input_names = ["input_ids", "attention_mask"]  # noqa: RUF012

    def __init__(self, image_size: int = 32, pad_token: str = "<pad>", **kwargs: Any) -> None:
        # transformers asks for the vocabulary while its own __init__ runs, so it has to be there before.
        self.tokens = [*SPECIAL, *CHARACTERS]
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.image_size = image_size
        super().__init__(image_size=image_size, pad_token=pad_token, **kwargs)

    @property
    def vocab_size(self) -> int:
        return len(self.tokens)

    def get_vocab(self) -> dict[str, int]:
        return {**self.ids, **self.added_tokens_encoder}

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return list(text)

    def _convert_token_to_id(self, token: str) -> int:
        return self.ids.get(token, self.ids[UNKNOWN])

    def _convert_id_to_token(self, index: int) -> str:
        return self.tokens[index]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return "".join(tokens)

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> tuple[str, ...]:
        return ()  # it is in this file

    def apply_chat_template(
        self,
        conversation: list[dict[str, Any]],
        add_generation_prompt: bool = False,
        tokenize: bool = True,
        return_tensors: str | None = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Lays out a conversation: ``<user><image>What is this?<assistant>``; pictures go beside it, as ``images``."""
        tokens = [token for message in conversation for token in self._laid_out(message)]
        if add_generation_prompt:
            tokens.append("<assistant>")
        if not tokenize:
            return self.convert_tokens_to_string(tokens)
        # From tokens, not from text: writing "<image>" into a question does not make the special token.
        ids = self.convert_tokens_to_ids(tokens)
        batch = self.pad({"input_ids": [ids]}, return_tensors=return_tensors)
        if not return_dict:
            return batch["input_ids"]
        pictures = [message["image"] for message in conversation if message.get("image") is not None]
        if pictures:
            batch["images"] = torch.stack([self.pixels(picture) for picture in pictures])
        return batch

    def _laid_out(self, message: dict[str, Any]) -> list[str]:
        picture = ["<image>"] if message.get("image") is not None else []
        return [f"<{message['role']}>", *picture, *message["content"]]

    def pixels(self, picture: Any) -> Tensor:
        """A ``PIL.Image`` as numbers from −1 to 1: (3, side, side)."""
        side = self.image_size
        data = bytearray(picture.convert("RGB").resize((side, side)).tobytes())
        return torch.frombuffer(data, dtype=torch.uint8).view(side, side, 3).permute(2, 0, 1) / 127.5 - 1
