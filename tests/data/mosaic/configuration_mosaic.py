"""Configuration of Mosaic, a small vision-language model whose pictures become rows of patches."""

from transformers import PretrainedConfig


class MosaicVisionConfig(PretrainedConfig):
    model_type = "mosaic_vision"

    def __init__(self, hidden_size=16, num_hidden_layers=1, num_heads=2, patch_size=8, merge_size=2, **kwargs):
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_heads = num_heads
        self.patch_size = patch_size
        self.merge_size = merge_size
        super().__init__(**kwargs)


class MosaicTextConfig(PretrainedConfig):
    model_type = "mosaic_text"

    def __init__(
        self,
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        **kwargs,
    ):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.max_position_embeddings = max_position_embeddings
        super().__init__(**{"tie_word_embeddings": False, **kwargs})


class MosaicConfig(PretrainedConfig):
    model_type = "mosaic"

    def __init__(self, vision_config=None, text_config=None, image_token_id=4, **kwargs):
        self.vision_config = _config(vision_config, MosaicVisionConfig)
        self.text_config = _config(text_config, MosaicTextConfig)
        self.image_token_id = image_token_id
        super().__init__(**{"tie_word_embeddings": False, **kwargs})


def _config(value, kind):
    return value if isinstance(value, kind) else kind(**(value or {}))
