"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

from tide.configuration_tide import TideConfig
from transformers import AutoConfig

AutoConfig.register("tide", TideConfig)
