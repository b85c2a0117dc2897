"""Stepping: following chosen functions call by call and line by line, at no cost to the rest."""
