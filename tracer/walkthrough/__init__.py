"""Walkthroughs: notes in two languages, bound to the steps of a trace and checked against it."""
