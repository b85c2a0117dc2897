"""Have the code of hub models fetched into the hub cache, so that it can be shown before it runs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import Any, Final

import msgspec

from tracer.launch.interpreter import python_command
from tracer.releases import installed_release
from tracer.trace.hub_folders import hub_folders

_CODE: Final = "from tracer.recorder.hub_code import main; sys.exit(main())"


class FetchedCode(msgspec.Struct, frozen=True):
    """What became of a fetch.

    Attributes:
        commit: the commit that the files are from; None if they could not be fetched.
        error: the class of huggingface_hub's exception.
    """

    commit: str | None = None
    error: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the hub answered that there is nothing to be had."""
        return self.error in ("RepositoryNotFoundError", "RevisionNotFoundError", "GatedRepoError")


def fetch_code(model: str, *, revision: str | None, cache_dir: str | None, token: Any = None) -> FetchedCode:
    """Fetch the Python files of a hub id and the JSON files that name them, all from one commit.

    An interrupt ends the fetch; what has arrived stays in the cache, where huggingface_hub goes on from it.
    """
    request = {"model": model, "revision": revision, "token": token, "cache_dir": cache_dir or _cache()}
    variables = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(python_command(_CODE), env=variables, text=True, start_new_session=True, **pipes) as process:
        try:
            said, _ = process.communicate(json.dumps(request))
        except BaseException:
            process.kill()
            raise
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(said, type=FetchedCode)
    return FetchedCode(error="ImportError")


def _cache() -> str:
    """Return the cache of the installed transformers: that of 4.x can be elsewhere than huggingface_hub's."""
    folders = hub_folders(os.environ)
    is_4 = (installed_release() or "").startswith("4.")
    return os.path.abspath(folders.older_hub_cache if is_4 else folders.hub_cache)
