"""Probes: what gives events of stepped functions their meaning, and what watches messages and printed text."""
