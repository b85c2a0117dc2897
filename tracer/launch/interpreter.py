"""Start Python without the current folder on ``sys.path``.

``python -c`` and ``python -m`` put the current folder before the library. That folder may be a model's or a learner's:
a ``torch.py`` in it would run in place of the real module, without consent. ``-P`` would help, but Python 3.10 does not
have it and the code that runs would see it in ``sys.flags``; ``-I`` ignores PYTHONPATH as well.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import util
from typing import Any, Final

_LEAVE_OUT: Final = "import sys; sys.path[0] or sys.path.pop(0); "  # sys is built in, so no file can replace it
_lock = threading.RLock()


def python_command(code: str, *arguments: str, python: str | None = None) -> list[str]:
    """Return the command line that runs ``code`` in a new interpreter, with its arguments in ``sys.argv[1:]``.

    ``python`` is the interpreter, if not this one.
    """
    return [python or sys.executable, "-c", _LEAVE_OUT + code, *arguments]


@contextmanager
def safe_helpers() -> Iterator[None]:
    """Have multiprocessing start its helper processes (fork server, resource tracker) without the current folder.

    It starts them with ``python -c`` whenever they are missing, and has no setting to change that.
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
