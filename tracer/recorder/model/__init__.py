"""Watching the model itself: how it is built, what fills it, what flows through it."""
