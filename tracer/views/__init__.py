"""What people read: every sentence and table, returned as rich renderables that commands print and the player shows.

Print them with ``crop=False``: lines made to be copied are never broken. Only dialogues (the exercises' printer, the
consent screen) print by themselves, since they ask and wait in between.
"""
