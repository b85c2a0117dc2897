"""Watching weights: what the files hold, which parameter each tensor became, and what the library says at the end."""
