"""What a trace is: the step types, the journal written while recording, the sealed file, and how it is read."""
