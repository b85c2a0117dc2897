"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel
from transformers import AutoConfig, AutoModel

AutoConfig.register("tide", TideConfig)
AutoModel.register(TideConfig, TideModel)
