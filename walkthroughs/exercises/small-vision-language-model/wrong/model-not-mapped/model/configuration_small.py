"""The configuration: every size that a weight's shape follows from."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig


class SmallVLMConfig(PretrainedConfig):
    """``vision_config`` holds the sizes of the vision part: image_size, patch_size, hidden_size, layers, heads."""

    model_type = "small-vlm"

    def __init__(
        self,
        vocab_size: int = 100,
        hidden_size: int = 24,
        num_layers: int = 2,
        num_heads: int = 2,
        max_positions: int = 96,
        image_token_id: int = 1,
        vision_config: dict[str, int] | None = None,
        tie_word_embeddings: bool = False,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.max_positions = max_positions
        self.image_token_id = image_token_id
        # Every argument has a default: transformers builds the class without any to see what differs from it.
        self.vision_config = vision_config or {
            "image_size": 32,
            "patch_size": 8,
            "hidden_size": 16,
            "num_layers": 1,
            "num_heads": 2,
        }
        # The output layer has weights of its own. transformers 4 takes them for the embedding's unless told so.
        super().__init__(tie_word_embeddings=tie_word_embeddings, **kwargs)
