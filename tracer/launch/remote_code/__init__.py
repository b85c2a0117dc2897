"""The static look at remote code, and the question whether it may run."""

from __future__ import annotations

from .ask import ask_consent
from .find import find_remote_code
from .render import render_consent
from .result import Finding, Note, Reached, RemoteCode, RemoteFile, Repository, Unseen
from .scan import scan_source

__all__ = [
    "Finding",
    "Note",
    "Reached",
    "RemoteCode",
    "RemoteFile",
    "Repository",
    "Unseen",
    "ask_consent",
    "find_remote_code",
    "render_consent",
    "scan_source",
]
