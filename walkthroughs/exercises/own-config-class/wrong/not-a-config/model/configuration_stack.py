"""The config of the model in `modeling_stack.py`."""

from dataclasses import dataclass


@dataclass
class StackConfig:
    width: int = 8
    depth: int = 3
