"""Two linear layers."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_pair import PairConfig


class PairModel(PreTrainedModel):
    config_class = PairConfig

    def __init__(self, config: PairConfig):
        super().__init__(config)
        self.up = nn.Linear(config.width, 2 * config.width)
        self.down = nn.Linear(2 * config.width, config.width)
        self.post_init()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.down(self.up(inputs).relu())
