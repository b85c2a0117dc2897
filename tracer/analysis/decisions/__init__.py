"""Decisions: every choice that a stepped function made, what it led to, and the short list that explains a load."""
