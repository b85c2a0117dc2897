"""Outside the traced process: start and watch it, and seal its journal."""
