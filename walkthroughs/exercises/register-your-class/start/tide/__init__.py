"""Our own copy of the tide model's code, read and approved."""
