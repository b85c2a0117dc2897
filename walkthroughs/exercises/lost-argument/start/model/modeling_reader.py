"""Residual blocks that normalise their branches if the caller of `from_pretrained` asks for it."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_reader import ReaderConfig


class Block(nn.Module):
    def __init__(self, width: int, normalise: bool = False):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False) if normalise else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.norm(self.linear(inputs).relu())


class Encoder(nn.Module):
    def __init__(self, config: ReaderConfig, normalise: bool = False):
        super().__init__()
        self.blocks = nn.ModuleList()
        for _ in range(config.depth):
            self.blocks.append(Block(config.width))

    def forward(self, inputs: Tensor) -> Tensor:
        for block in self.blocks:
            inputs = block(inputs)
        return inputs


class ReaderModel(PreTrainedModel):
    config_class = ReaderConfig

    def __init__(self, config: ReaderConfig, normalise: bool = False):
        super().__init__(config)
        self.encoder = Encoder(config, normalise=normalise)
        self.post_init()

    @classmethod
    def from_pretrained(cls, path, *args, normalise: bool = False, **kwargs):
        """As in every model, but `normalise` has to be True or False."""
        if not isinstance(normalise, bool):
            raise TypeError(f"normalise is True or False, not {normalise!r}.")
        return super().from_pretrained(path, *args, **kwargs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.encoder(inputs)
