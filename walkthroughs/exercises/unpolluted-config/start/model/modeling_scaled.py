"""A linear layer whose output the caller of `from_pretrained` can scale, for a trial."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_scaled import ScaledConfig


class ScaledModel(PreTrainedModel):
    config_class = ScaledConfig

    def __init__(self, config: ScaledConfig, scale: float = 1.0):
        super().__init__(config)
        self.linear = nn.Linear(config.width, config.width)
        self.scale = scale
        self.post_init()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs) * self.scale
