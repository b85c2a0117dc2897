"""The tabs below the source; each is a widget with ``show(state, lang)``."""
