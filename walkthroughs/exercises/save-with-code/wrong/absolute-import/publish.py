"""Writes a tide model to `published/`, the folder that others will get."""

import torch
from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel

torch.manual_seed(12)
TideConfig.register_for_auto_class("AutoConfig")
TideModel.register_for_auto_class("AutoModel")
model = TideModel(TideConfig())

model.save_pretrained("published")
