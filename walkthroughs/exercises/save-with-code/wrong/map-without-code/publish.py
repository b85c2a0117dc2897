"""Writes a tide model to `published/`, the folder that others will get."""

import torch
from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel

torch.manual_seed(12)
config = TideConfig(auto_map={"AutoConfig": "configuration_tide.TideConfig", "AutoModel": "modeling_tide.TideModel"})
model = TideModel(config)

model.save_pretrained("published")
