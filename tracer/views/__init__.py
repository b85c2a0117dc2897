"""What people read: every sentence and table, made from what the rooms below give."""
