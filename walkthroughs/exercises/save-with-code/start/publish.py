"""Writes a tide model to `published/`, the folder that others will get."""

import torch
from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel

torch.manual_seed(12)
model = TideModel(TideConfig())

# TODO: make sure that the saved folder brings its own code and says which classes to load it with.

model.save_pretrained("published")
