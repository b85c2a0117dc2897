"""A small model of the tide: from the water levels of the last hours to those of the next."""

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_tide import TideConfig


class TideModel(PreTrainedModel):
    """Two linear layers, applied once for each hour that is forecast."""

    config_class = TideConfig

    def __init__(self, config: TideConfig):
        super().__init__(config)
        self.longest_forecast = config.max_length
        self.encoder = nn.Linear(config.hours, config.width)
        self.head = nn.Linear(config.width, 1)
        self.last_levels = None  # where a later call can go on from
        self.post_init()

    def forward(self, levels: torch.Tensor, hours: int = 1) -> torch.Tensor:
        if hours > self.longest_forecast:
            raise ValueError(f"Asked for {hours} hours, and this model forecasts {self.longest_forecast} at most.")
        for _ in range(hours):
            window = levels[:, -self.config.hours :]
            levels = torch.cat([levels, self.head(torch.tanh(self.encoder(window)))], dim=1)
        if self.config.use_cache:
            self.last_levels = levels
        return levels[:, -hours:]
