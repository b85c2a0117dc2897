"""Weights: which tensor of a checkpoint went into which parameter, in transformers 4.x and 5.x."""
