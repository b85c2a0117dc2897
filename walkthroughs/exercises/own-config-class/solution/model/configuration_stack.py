"""The config of the model in `modeling_stack.py`."""

from transformers import PretrainedConfig


class StackConfig(PretrainedConfig):
    model_type = "layer-stack"

    def __init__(self, width: int = 8, depth: int = 3, **kwargs):
        self.width = width
        self.depth = depth
        super().__init__(**kwargs)
