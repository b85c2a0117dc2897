"""A floor of the tower. Called `layers.py` until all files got new names."""

from activations import Squared
from torch import Tensor, nn


class Floor(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.act = Squared()

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.act(self.linear(inputs))
