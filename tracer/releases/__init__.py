"""What each release of transformers has: modules, names, members of classes, parameters and table entries."""

from __future__ import annotations

from tracer.releases.library import Library, Presence, installed_release, library

__all__ = ["Library", "Presence", "installed_release", "library"]
