"""A stack of linear layers. All that it needs to know comes from its config."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_stack import StackConfig


class StackModel(PreTrainedModel):
    config_class = StackConfig

    def __init__(self, config: StackConfig):
        super().__init__(config)
        self.layers = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.depth))
        self.post_init()

    def forward(self, inputs: Tensor) -> Tensor:
        for layer in self.layers:
            inputs = layer(inputs).relu()
        return inputs
