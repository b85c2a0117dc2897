"""Writes a tide model to `published/`, the folder that others will get."""

import torch
from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel
from transformers import AutoConfig, AutoModel

torch.manual_seed(12)
AutoConfig.register("tide", TideConfig)
AutoModel.register(TideConfig, TideModel)
model = TideModel(TideConfig())

model.save_pretrained("published")
