"""What the tower and its floors share."""

from torch import Tensor, nn


class Squared(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.relu().square()
