"""The config of the model in `modeling_scaled.py`."""

from transformers import PretrainedConfig


class ScaledConfig(PretrainedConfig):
    model_type = "scaled-layer"

    def __init__(self, width: int = 8, scale: float = 1.0, **kwargs):
        self.width = width
        self.scale = scale
        super().__init__(**kwargs)
