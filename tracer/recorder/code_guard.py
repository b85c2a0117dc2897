"""Only agreed remote code runs: the bytes that are about to be compiled are compared with those that were shown.

The files were shown before the loading process started, so they could have been changed since, and transformers may
find others: a newer commit, another cache, an older copy among its modules. In every case Python reads the source of a
module through ``SourceFileLoader.get_data`` and compiles what that returns; so the check is done there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from typing import Any, Final

from tracer.recorder.patches import Patches
from tracer.trace.job import AgreedCode

_REMOTE_CODE: Final = "transformers_modules"  # the package into which transformers puts all remote code
_Loader = SourceFileLoader | SourcelessFileLoader | ExtensionFileLoader
_SHOWN: Final = 12  # characters of a checksum


class CodeRefused(BaseException):
    """Ends a load before a file runs that the user has not agreed to; ``except Exception`` does not catch it.

    Attributes:
        file: the name of the file.
        agreed: the checksums of the files of that name that were agreed to.
        found: the checksum of what would have run; empty for compiled code.
    """

    def __init__(self, file: str, agreed: list[str], found: str) -> None:
        self.file, self.agreed, self.found = file, agreed, found
        is_now = f"it is {found[:_SHOWN]}… now" if found else "there is only compiled code now"
        was = " or ".join(f"{checksum[:_SHOWN]}…" for checksum in agreed)
        why = f"agreed to was sha256 {was}, and {is_now}" if agreed else f"nobody was asked about it; {is_now}"
        super().__init__(f"{file} is not the code that was agreed to: {why}. It was not run.")


class CodeGuard:
    """Checks what is imported as remote code, or from the modules cache and the folders of the model.

    Attributes:
        ran: the checksums of what ran, by the path in its folder.
        refused: the refusal, if something was stopped.
    """

    def __init__(self, agreed: AgreedCode | None, folders: Iterable[str]) -> None:
        """Without ``agreed`` nothing was shown, so nothing is compared; what runs is noted anyway."""
        self._agreed = agreed
        named = [*folders, *(agreed.folders if agreed is not None else ())]
        self._folders = list(dict.fromkeys(f"{way(folder)}{os.sep}" for folder in named for way in _SPELLINGS))
        self._patches = Patches()
        self.ran: dict[str, str] = {}
        self.refused: CodeRefused | None = None

    def __enter__(self) -> CodeGuard:
        source = SourceFileLoader.get_data

        def get_data(loader: SourceFileLoader, path: str) -> bytes:
            name = self._name(loader)
            if name is None:
                return source(loader, path)
            if path == loader.path:
                data = source(loader, path)
                self._check(name, data)
                return data
            if path.endswith(".pyc"):
                raise FileNotFoundError(path)  # its source is unknown: Python compiles it again
            return source(loader, path)

        self._patches.set(SourceFileLoader, "get_data", get_data)
        self._patches.set(SourcelessFileLoader, "get_code", self._compiled(SourcelessFileLoader.get_code))
        self._patches.set(ExtensionFileLoader, "create_module", self._compiled(ExtensionFileLoader.create_module))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.restore()

    def facts(self) -> dict[str, Any]:
        """Return what the trace records about it."""
        facts: dict[str, Any] = {"ran": self.ran}
        if self._agreed is not None:
            facts["agreed"] = self._agreed.files
        if self.refused is not None:
            facts["refused"] = {name: getattr(self.refused, name) for name in ("file", "agreed", "found")}
        return facts

    def _name(self, loader: _Loader) -> str | None:
        """Return the path in a guarded folder, or that of a remote module; None for everything else."""
        for way in _SPELLINGS:
            for folder in self._folders:
                if (whole := way(loader.path)).startswith(folder):
                    return whole[len(folder) :]
        if loader.name.partition(".")[0] != _REMOTE_CODE:
            return None
        # Python searches all of sys.path for a relative import, where another modules cache may come first.
        package = loader.name if loader.is_package(loader.name) else loader.name.rpartition(".")[0]
        return os.path.join(*package.split("."), os.path.basename(loader.path))

    def _check(self, name: str, data: bytes) -> None:
        if not data:
            return  # transformers puts an empty __init__.py into each of its folders
        found = hashlib.sha256(data).hexdigest()
        if self._agreed is not None and not self._agreed.covers(os.path.basename(name), found):
            self._refuse(name, found)
        self.ran[name] = found

    def _compiled(self, original: Any) -> Any:
        def load(loader: Any, what: Any) -> Any:
            name = self._name(loader)
            if name is not None and self._agreed is not None:
                self._refuse(name, "")
            return original(loader, what)

        return load

    def _refuse(self, name: str, found: str) -> None:
        assert self._agreed is not None
        file = os.path.basename(name)
        self.refused = CodeRefused(file, self._agreed.files.get(file, []), found)
        raise self.refused


_SPELLINGS: Final = (os.path.abspath, os.path.realpath)
