"""Keeping secrets out of a trace: which names hold them, what they look like, and where this machine keeps them."""
