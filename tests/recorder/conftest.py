"""Fixtures of the recorder's tests."""

from tests.recorder.toy import toy

__all__ = ["toy"]
