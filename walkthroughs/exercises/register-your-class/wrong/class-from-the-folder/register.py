"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

from transformers import AutoConfig, AutoModel
from transformers.dynamic_module_utils import get_class_from_dynamic_module

TideConfig = get_class_from_dynamic_module("configuration_tide.TideConfig", "model")
TideModel = get_class_from_dynamic_module("modeling_tide.TideModel", "model")
AutoConfig.register("tide", TideConfig)
AutoModel.register(TideConfig, TideModel)
