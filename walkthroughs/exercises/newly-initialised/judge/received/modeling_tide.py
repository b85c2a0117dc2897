"""A small model of the tide: from the water levels of the last hours to that of the next."""

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_tide import TideConfig


class TideModel(PreTrainedModel):
    """Two linear layers."""

    config_class = TideConfig

    def __init__(self, config: TideConfig):
        super().__init__(config)
        self.reader = nn.Linear(config.hours, config.width)
        self.head = nn.Linear(config.width, 1)
        self.post_init()

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        return self.head(torch.tanh(self.reader(levels)))
