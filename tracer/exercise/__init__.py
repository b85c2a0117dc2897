"""Exercises: tasks that a learner solves in real files, graded by recording what was built."""
