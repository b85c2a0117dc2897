"""Makes the weights that the model begins with: ``python make_weights.py``, in this folder."""

# TODO: build the model in model/ from its configuration alone, and save what its parameters hold into
# model/model.safetensors. Run it again whenever a module gets another name or size.
