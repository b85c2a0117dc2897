"""JSON for programs and editors: the documents that ``--json`` prints, and the schemas of YAML files."""
