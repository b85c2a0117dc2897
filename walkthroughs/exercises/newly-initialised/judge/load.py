"""Loads the learner's model and predicts a water level with it."""

import torch
from transformers import AutoModel

model = AutoModel.from_pretrained("model", trust_remote_code=True)
with torch.no_grad():
    model(torch.linspace(-1, 1, 12)[None])
