"""The configuration of a small model of the tide."""

from transformers import PretrainedConfig


class TideConfig(PretrainedConfig):
    """How many hours the model looks back, and how wide it is."""

    model_type = "tide"

    def __init__(self, hours: int = 12, width: int = 16, **kwargs):
        self.hours = hours
        self.width = width
        super().__init__(**kwargs)
