"""Outside the traced process: consent to remote code, starting and watching the process, sealing its journal."""
