"""A small vision-language model: a vision part, a projector, and a language part that reads what both give.

Shapes in the comments: B rows, S tokens a row, P patches of a picture, S' = S - 1 + P positions once a picture has
taken the place of its token; D the language part's width, d that of the vision part.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from .configuration_small import SmallVLMConfig

IGNORED = -100
"""A label that the loss leaves out."""


class Block(nn.Module):
    """Attention and an MLP, each with its norm in front and added to what came in: (B, L, width) -> the same."""

    def __init__(self, width: int, num_heads: int, causal: bool) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.causal = causal
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.dense = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, hidden: Tensor) -> Tensor:
        mixed = self.query_key_value(self.attention_norm(hidden)).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4)  # three times (B, heads, L, channels)
        context = functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        hidden = hidden + self.dense(context.transpose(1, 2).flatten(2))
        return hidden + self.mlp(self.mlp_norm(hidden))


class Vision(nn.Module):
    """Pictures to patch features: (B, 3, side, side) -> (B, P, d)."""

    def __init__(self, image_size: int, patch_size: int, hidden_size: int, num_layers: int, num_heads: int) -> None:
        super().__init__()
        self.num_patches = (image_size // patch_size) ** 2
        self.patches = nn.Conv2d(3, hidden_size, kernel_size=patch_size, stride=patch_size)
        self.positions = nn.Embedding(self.num_patches, hidden_size)
        self.blocks = nn.ModuleList(Block(hidden_size, num_heads, causal=False) for _ in range(num_layers))

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.patches(images).flatten(2).transpose(1, 2) + self.positions.weight
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class SmallVLM(PreTrainedModel):
    """Tokens (B, S), and pictures (B, 3, side, side) or none -> logits (B, S', vocabulary)."""

    config_class = SmallVLMConfig
    main_input_name = "input_ids"

    def __init__(self, config: SmallVLMConfig) -> None:
        super().__init__(config)
        self.vision = Vision(**config.vision_config)
        width = config.hidden_size
        self.projector = nn.Sequential(
            nn.Linear(config.vision_config["hidden_size"], width), nn.GELU(), nn.Linear(width, width)
        )
        self.embedding = nn.Embedding(config.vocab_size, width)
        self.positions = nn.Embedding(config.max_positions, width)
        self.blocks = nn.ModuleList(Block(width, config.num_heads, causal=True) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.embedding

    def get_output_embeddings(self) -> nn.Module:
        return self.output

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        images: Tensor | None = None,
        labels: Tensor | None = None,
        **kwargs: Any,
    ) -> CausalLMOutput:
        """``attention_mask`` is not needed: padding is on the right, where no earlier position looks."""
        hidden = self.embedding(input_ids)
        if images is not None:
            hidden, labels = self.with_pictures(hidden, input_ids, images, labels)
        places = torch.arange(hidden.shape[1], device=hidden.device)
        hidden = hidden + self.positions(places)
        for block in self.blocks:
            hidden = block(hidden)
        logits = self.output(self.norm(hidden))
        loss = None
        if labels is not None:
            # Each position predicts the next one.
            predicted, wanted = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
            loss = functional.cross_entropy(predicted, wanted, ignore_index=IGNORED)
        return CausalLMOutput(loss=loss, logits=logits)

    def with_pictures(
        self, hidden: Tensor, input_ids: Tensor, images: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Puts the vectors of each row's picture in the place of its one image token, and makes room in the labels."""
        visual = self.projector(self.vision(images.to(hidden.dtype)))  # (B, P, D)
        rows, label_rows = [], []
        for row in range(len(input_ids)):
            at = int((input_ids[row] == self.config.image_token_id).nonzero()[0])
            rows.append(torch.cat((hidden[row, :at], visual[row], hidden[row, at + 1 :])))
            if labels is not None:
                ignored = labels.new_full((visual.shape[1],), IGNORED)
                label_rows.append(torch.cat((labels[row, :at], ignored, labels[row, at + 1 :])))
        return torch.stack(rows), torch.stack(label_rows) if labels is not None else None
