"""The program: it runs the learner's `register.py`, and then loads the model without any remote code."""

import sys

sys.path.insert(0, "")

import register  # noqa: F401
from transformers import AutoModel

AutoModel.from_pretrained("model", trust_remote_code=False)
