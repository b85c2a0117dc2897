"""The repairs of a model's own files are tried: the repaired copy loads, or fails in the next way that is said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.loads import Loads
from tests.support.shell_model import LOAD, building, importing, shell
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.repair import ModelFiles, repair
from tracer.trace.reading import open_trace

CALLED_LATER = "        self.post_init()\n\n    def scale(self):\n        return part()\n"


@dataclass(frozen=True)
class Broken:
    """Files of the model, the cause that is repaired, and what is said then: the cause, or None if the copy loads."""

    files: dict[str, str]
    kind: str
    after: str | None = None
    packages: tuple[str, ...] = ()


def code(line: str) -> str:
    return importing(line).replace("        self.post_init()\n", CALLED_LATER, 1)


BROKEN: dict[str, Broken] = {
    "two files in a circle": Broken(
        {
            "modeling_shell.py": code("from .parts import part\n\nSCALE = 2.0"),
            "parts.py": "from .modeling_shell import SCALE\n\n\ndef part():\n    return SCALE\n",
        },
        "circular-import",
    ),
    "three files in a circle": Broken(
        {
            "modeling_shell.py": code("from .parts import part\nfrom .scale import scaled\n\nSCALE = 2.0"),
            "parts.py": "from .scale import scaled\n\n\ndef part():\n    return scaled()\n",
            "scale.py": "from .modeling_shell import (\n    SCALE as S,\n)\n\n\ndef scaled():\n    return S\n",
        },
        "circular-import",
    ),
    "several names of a circle": Broken(
        {
            "modeling_shell.py": code("SIGN = 1\nfrom .parts import part\n\nSCALE = 2.0\nSHIFT = 1.0"),
            "parts.py": "from .modeling_shell import SCALE, SHIFT, SIGN\n\nS = SIGN\n\n\ndef part():\n    return SCALE + SHIFT\n",
        },
        "circular-import",
    ),
    "a name of a circle that is needed at once beside one that is not": Broken(
        {
            "modeling_shell.py": code("from .parts import part\n\nSCALE = 2.0\nSHIFT = 1.0"),
            "parts.py": "from .modeling_shell import SCALE, SHIFT\n\nS = SHIFT\n\n\ndef part():\n    return SCALE\n",
        },
        "circular-import",
        "circular-import",
    ),
    "a file opened where Python was started": Broken(
        {"modeling_shell.py": building('open("gt_words.txt").close()'), "gt_words.txt": "1"}, "opened-in-working-folder"
    ),
    "a file opened beside the code": Broken(
        {
            "modeling_shell.py": building('Path(__file__).with_name("t.txt").read_text()').replace(
                "import torch\n", "import torch\nfrom pathlib import Path\n", 1
            ),
            "t.txt": "1",
        },
        "neighbour-not-copied",
    ),
    "a file opened in a folder beside the code": Broken(
        {
            "modeling_shell.py": building(
                'open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "d", "t.txt")).close()'
            ).replace("import torch\n", "import os\n\nimport torch\n", 1),
            "d/t.txt": "1",
        },
        "neighbour-not-copied",
    ),
    "a package that fails": Broken(
        {"modeling_shell.py": importing("import gt_tried_one")}, "package-fails", packages=("gt_tried_one",)
    ),
    "a package that fails, and one that is not installed": Broken(
        {"modeling_shell.py": importing("import gt_tried_one\nimport glm_trace_absent")},
        "package-fails-and-missing",
        packages=("gt_tried_one",),
    ),
    "a file imported as a package": Broken(
        {"modeling_shell.py": code("import gt_parts as parts").replace("part()", "parts.part()"),
         "gt_parts.py": "def part():\n    return 1\n"},
        "sibling-absolute",
    ),
    "a file imported from the package": Broken(
        {"modeling_shell.py": code("from . import parts").replace("part()", "parts.part()"),
         "parts.py": "def part():\n    return 1\n"},
        "sibling-from-dot",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_repair_is_tried(name: str, loads: Loads, tmp_path: Path) -> None:
    broken = BROKEN[name]
    for package in broken.packages:
        folder = Path(os.environ["HF_MODULES_CACHE"]) / package
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("raise ImportError('cut')\n", encoding="utf-8")
    # Each under a folder name of its own: 4.44 keeps one copy of the code for each.
    model = shell(tmp_path / f"before-{tmp_path.name}", dict(broken.files))
    with open_trace(loads.record(model, **LOAD).path) as trace:
        found = diagnose(trace)
        made = repair(found, ModelFiles(trace, model))
    assert [cause.kind for cause in made.repaired] == [broken.kind], found
    copy = shell(tmp_path / f"after-{tmp_path.name}", {**broken.files, **made.edits})
    with open_trace(loads.record(copy, **LOAD).path) as trace:
        found = diagnose(trace)
    if broken.after is None:
        assert found.status == "loaded", (made.edits, found)
    else:
        assert [cause.kind for cause in found.causes] == [broken.after], (made.edits, found)
