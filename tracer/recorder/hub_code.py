"""Fetch what a hub model could run, before anything runs: its Python files and the JSON files that name them.

A process of its own does it, because huggingface_hub reads its settings once, when it is imported; nothing of the model
is imported or run. It reads the request from standard input and writes the answer to standard output, both as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

_FILES: Final = ("*.py", "*config*.json")


def main() -> int:
    """Fetch the files; write the commit that they are from, or the class of the error."""
    request = json.load(sys.stdin)
    answer = sys.stdout
    sys.stdout = sys.stderr  # for whatever else is printed
    try:
        json.dump({"commit": _fetch(request)}, answer)
    except Exception as error:
        json.dump({"error": type(error).__name__}, answer)
    return 0


def _fetch(request: dict[str, Any]) -> str:
    from huggingface_hub import snapshot_download

    given = {name: request[name] for name in ("revision", "token", "cache_dir") if request.get(name) is not None}
    folder: str = snapshot_download(request["model"], allow_patterns=list(_FILES), **given)
    return os.path.basename(folder)


if __name__ == "__main__":
    sys.exit(main())
