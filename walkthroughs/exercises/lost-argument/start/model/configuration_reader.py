"""The config of the model in `modeling_reader.py`."""

from transformers import PretrainedConfig


class ReaderConfig(PretrainedConfig):
    model_type = "block-reader"

    def __init__(self, width: int = 8, depth: int = 2, **kwargs):
        self.width = width
        self.depth = depth
        super().__init__(**kwargs)
