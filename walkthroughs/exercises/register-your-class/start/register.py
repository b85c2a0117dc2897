"""Makes the tide model known to the auto classes. The program imports this first, and then loads `model`."""

# TODO: register the classes of our own package `tide`, so that `AutoModel.from_pretrained("model")` finds them by
# itself and needs none of the code in `model/`.
