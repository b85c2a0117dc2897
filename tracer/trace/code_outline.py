"""What a Python file of a model defines and imports, as its text says."""

from __future__ import annotations

import msgspec


class Import(msgspec.Struct, omit_defaults=True):
    """An import statement, or one module of it.

    Attributes:
        module: the module, with a leading dot for each level of a relative import.
        names: what is imported from it; empty for ``import module``.
        line: its line.
        condition: the innermost ``if`` around it; ``not (…)`` in its ``else``.
        inside: ``try`` or ``function`` if one of these is around it.
    """

    module: str
    names: list[str] = []
    line: int = 0
    condition: str | None = None
    inside: str | None = None

    @property
    def relative(self) -> bool:
        return self.module.startswith(".")

    @property
    def neighbours(self) -> list[str]:
        """Return the files beside this one that it may import, without ``.py``."""
        if not self.relative or self.module.startswith(".."):
            return []
        name = self.module[1:].partition(".")[0]
        return [name] if name else list(self.names)


class CodeOutline(msgspec.Struct, omit_defaults=True):
    """A Python file.

    Attributes:
        names: what the module itself defines or imports.
        classes: the classes among them.
        imports: its imports, wherever they are.
        problem: ``lfs-pointer``, ``web-page`` or ``not-python`` if it can't be parsed.
        line: the line where parsing ended, for ``not-python``.
        source: that line.
        sha256: checksum of the file.
    """

    names: list[str] = []
    classes: list[str] = []
    imports: list[Import] = []
    problem: str | None = None
    line: int | None = None
    source: str | None = None
    sha256: str | None = None
