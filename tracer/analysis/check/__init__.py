"""What makes a model directory fail, found without loading it."""
