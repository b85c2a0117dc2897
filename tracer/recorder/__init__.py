"""Inside the traced process: probes, line stepping, value summaries, redaction.

The only folder that imports torch, transformers, safetensors and peft.
"""
