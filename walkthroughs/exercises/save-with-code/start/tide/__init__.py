"""A small model of the tide, ready to be published."""
