"""The model itself: its construction, its inputs, its passes, and the tokens that it generates."""
