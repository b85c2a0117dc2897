"""The inputs of the pass that follows a load: text, a picture or sound, in the form that the model wants."""
