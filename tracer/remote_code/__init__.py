"""Find which Python files a model directory would run, and what is notable in them. Nothing is run."""

from __future__ import annotations

from tracer.remote_code.find import find_remote_code
from tracer.remote_code.result import CodeNote, Finding, Reached, RemoteCode, RemoteFile, Repository, Unseen
from tracer.remote_code.scan import scan_source

__all__ = [
    "CodeNote",
    "Finding",
    "Reached",
    "RemoteCode",
    "RemoteFile",
    "Repository",
    "Unseen",
    "find_remote_code",
    "scan_source",
]
