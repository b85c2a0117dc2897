"""Two linear layers with an activation between them."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from .configuration_pair import PairConfig

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}


class PairModel(PreTrainedModel):
    config_class = PairConfig

    def __init__(self, config: PairConfig):
        super().__init__(config)
        self.up = nn.Linear(config.width, 2 * config.width)
        # TODO: build the activation that is asked for.
        self.act = nn.ReLU()
        self.down = nn.Linear(2 * config.width, config.width)
        self.post_init()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.down(self.act(self.up(inputs)))
