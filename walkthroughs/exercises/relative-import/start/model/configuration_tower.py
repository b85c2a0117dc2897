"""The config of the model in `modeling_tower.py`."""

from transformers import PretrainedConfig


class TowerConfig(PretrainedConfig):
    model_type = "floor-tower"

    def __init__(self, width: int = 8, floors: int = 2, **kwargs):
        self.width = width
        self.floors = floors
        super().__init__(**kwargs)
