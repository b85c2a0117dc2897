"""Meaning derived from a trace. Nothing here needs torch, transformers or the model."""
