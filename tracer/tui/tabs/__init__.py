"""The tabs below the source: one file each, each a widget with ``show(playing, lang)``."""
