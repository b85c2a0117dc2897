"""The config of the model in `modeling_pair.py`."""

from transformers import PretrainedConfig


class PairConfig(PretrainedConfig):
    model_type = "named-in-the-class"

    def __init__(self, width: int = 8, **kwargs):
        self.width = width
        super().__init__(**kwargs)
