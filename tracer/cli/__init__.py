"""The commands: a file for each, without logic of its own."""
