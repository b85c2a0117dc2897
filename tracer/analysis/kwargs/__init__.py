"""Keyword arguments: the path of each one from the user's call, or from the library, to where it ends up."""
