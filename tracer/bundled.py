"""Where the fixtures and walkthroughs that travel with the package are."""

from __future__ import annotations

from pathlib import Path

from tracer.trace.errors import TracerError


def bundled(kind: str) -> Path:
    """The folder ``fixtures`` or ``walkthroughs``: inside an installed package, or at the top of a checkout.

    Raises:
        TracerError: the installation is incomplete.
    """
    package = Path(__file__).parent
    for folder in (package / "_bundled" / kind, package.parent / kind):
        if folder.is_dir():
            return folder
    raise TracerError(
        f"This installation of glm-trace lacks its {kind}. Reinstall it: pip install --force-reinstall glm-trace"
    )
