"""Loads the model as it was received, whatever the learner has done to theirs: the questions are about this one."""

from pathlib import Path

from transformers import AutoModel

AutoModel.from_pretrained(str(Path(__file__).parent / "received"), trust_remote_code=True)
