"""JSON documents: what ``--json`` prints."""
