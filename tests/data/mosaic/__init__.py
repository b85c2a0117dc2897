"""The code of a small vision-language model, which a test puts into a directory with weights."""
