"""Starting Python without the current folder on ``sys.path``.

``python -c`` puts the current folder in front of the library, and ``python -m`` too. That folder may be a model's or a
learner's: a ``torch.py`` in it would run in place of the real one, and nobody has agreed to it. ``-P`` would do, but
Python 3.10 does not know it and the code that we run would see it in ``sys.flags``; ``-I`` ignores PYTHONPATH as well.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import util
from typing import Any, Final

_LEAVE_OUT: Final = "import sys; sys.path[0] or sys.path.pop(0); "  # sys is built in, no file can stand in its place
_lock = threading.RLock()


def python_command(code: str, *arguments: str) -> list[str]:
    """Return the command line that runs ``code`` in a new interpreter; it finds its arguments in ``sys.argv[1:]``."""
    return [sys.executable, "-c", _LEAVE_OUT + code, *arguments]


@contextmanager
def safe_helpers() -> Iterator[None]:
    """Have multiprocessing start its helper processes (fork server, resource tracker) without the current folder.

    It starts them with ``python -c`` whenever one is missing, and has no setting for how.
    """
    with _lock:
        before: Any = util.spawnv_passfds

        def spawn(path: Any, arguments: list[Any], descriptors: Any) -> Any:
            words = list(arguments)
            if "-c" in words:
                at = words.index("-c") + 1
                words[at] = _LEAVE_OUT + words[at]
            return before(path, words, descriptors)

        vars(util)["spawnv_passfds"] = spawn
        try:
            yield
        finally:
            vars(util)["spawnv_passfds"] = before
