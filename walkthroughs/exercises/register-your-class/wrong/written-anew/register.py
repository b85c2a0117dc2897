"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

import torch
from tide.configuration_tide import TideConfig
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel


class TideModel(PreTrainedModel):
    config_class = TideConfig

    def __init__(self, config: TideConfig):
        super().__init__(config)
        self.layers = nn.Sequential(nn.Linear(config.hours, config.width), nn.Tanh(), nn.Linear(config.width, 1))
        self.post_init()

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        return self.layers(levels)


AutoConfig.register("tide", TideConfig)
AutoModel.register(TideConfig, TideModel)
