"""Makes the weights that the model begins with: ``python make_weights.py``, in this folder."""

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

torch.manual_seed(0)
config = AutoConfig.from_pretrained("model", trust_remote_code=True)
model = AutoModelForCausalLM.from_config(config, trust_remote_code=True)
save_file(model.state_dict(), "model/model.safetensors", metadata={"format": "pt"})
