"""What exercises say: the task, how an attempt went, hints, progress."""
