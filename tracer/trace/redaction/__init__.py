"""Keeping secrets out of a trace: which names hold them, what they look like, and where this machine keeps them."""

from typing import Final

MASK: Final = "‹secret›"
"""What stands in the place of a secret."""
