"""What a trace is: the step types, the journal written while recording, the sealed file, and reading it."""
