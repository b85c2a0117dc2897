"""Walkthroughs as people read them: in the terminal, and as a document."""
