"""The configuration of a small model of the tide."""

from transformers import PretrainedConfig


class TideConfig(PretrainedConfig):
    """How many hours the model looks back, how wide it is, how far it forecasts, whether it remembers its last levels.

    transformers 4 kept the last two for any config whose file names them; since 5 a config has to do so itself.
    """

    model_type = "tide"

    def __init__(self, hours: int = 12, width: int = 16, max_length: int = 20, use_cache: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.hours = hours
        self.width = width
        self.max_length = max_length
        self.use_cache = use_cache
