"""The config of the model in `modeling_stack.py`."""

# TODO: write the class `StackConfig`. Its arguments are `width`, 8 where nothing is said, and `depth`, 3 where nothing
# is said. Whatever else stands in `config.json` has to be an attribute of the config as well.
