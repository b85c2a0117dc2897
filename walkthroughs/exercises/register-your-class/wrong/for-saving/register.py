"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

from tide.configuration_tide import TideConfig
from tide.modeling_tide import TideModel

TideConfig.register_for_auto_class("AutoConfig")
TideModel.register_for_auto_class("AutoModel")
