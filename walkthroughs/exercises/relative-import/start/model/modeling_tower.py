"""A tower of floors. Called `tower.py` until all files got new names."""

from activations import Squared
from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_tower import TowerConfig
from .layers import Floor


class TowerModel(PreTrainedModel):
    config_class = TowerConfig

    def __init__(self, config: TowerConfig):
        super().__init__(config)
        self.floors = nn.ModuleList(Floor(config.width) for _ in range(config.floors))
        self.roof = Squared()
        self.post_init()

    def forward(self, inputs: Tensor) -> Tensor:
        for floor in self.floors:
            inputs = floor(inputs)
        return self.roof(inputs)
