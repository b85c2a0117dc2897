"""The config of the model in `modeling_stack.py`."""

# TODO: write the class `StackConfig`. Its arguments are `width`, 8 by default, and `depth`, 3 by default. Everything
# else in `config.json` has to become an attribute of the config as well.
