"""The player: stepping through a trace in the terminal, forwards and backwards. Needs no torch."""
