"""What is said of the model's own files: imports that fail, code that fails when it is imported, files beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, by_line
from tests.support.shell_model import LOAD, building, importing, only_cause, shell
from tracer.analysis.diagnosis import diagnose
from tracer.trace.reading import open_trace

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "7d" * 32 + "\nsize 133466304\n"
OF_OTHERS = by_line("transformers.modeling_layers", "transformers.deepspeed")
"""A module of other releases than the installed one."""
CIRCLE = "from .modeling_shell import SCALE\n\nPART = SCALE\n"


@dataclass(frozen=True)
class Wrong:
    """Files of the model, and what is to be said of them.

    Attributes:
        files: replaced or added.
        kind: of the cause; None for a load that goes well.
        values: some of the cause's values.
        mended: files with which the load goes well, as the remedy says; none if it is not tried.
    """

    files: dict[str, str | bytes]
    kind: str | None
    values: dict[str, Any] = field(default_factory=dict)
    mended: dict[str, str | bytes] | None = None


def model(line: str, **more: str) -> dict[str, str | bytes]:
    return {"modeling_shell.py": importing(line), **{f"{name}.py": text for name, text in more.items()}}


def opening(name: str) -> dict[str, str | bytes]:
    """The model's code as it opens a file of its repository."""
    line = f'open(cached_file(config.name_or_path, "{name}")).close()'
    imports = "import torch\nfrom transformers.utils import cached_file\n"
    return {"modeling_shell.py": building(line).replace("import torch\n", imports, 1)}


WRONG: dict[str, Wrong] = {
    "two files import each other": Wrong(
        model("from .parts import PART\n\nSCALE = 2.0", parts=CIRCLE),
        "circular-import",
        {"name": "SCALE", "by": "parts.py", "file": "modeling_shell.py", "names": ["modeling_shell.py", "parts.py"]},
        model("from .parts import PART", parts="from .scale import SCALE\n\nPART = SCALE\n", scale="SCALE = 2.0\n")
        | ({} if not OLD_LINE else model("from .scale import SCALE\nfrom .parts import PART")),
    ),
    "three files in a circle": Wrong(
        model(
            "from .scale import OTHER\nfrom .parts import PART\n\nSCALE = 2.0",
            parts="from .scale import OTHER\n\nPART = OTHER\n",
            scale="from .modeling_shell import SCALE\n\nOTHER = SCALE\n",
        ),
        "circular-import",
        {"name": "SCALE", "by": "scale.py", "file": "modeling_shell.py"},
    ),
    "a module with from dot": Wrong(
        model("from . import parts", parts="PART = 1\n"),
        "sibling-from-dot",
        {"name": "parts"},
        model("from .parts import PART", parts="PART = 1\n"),
    ),
    "a name of another file": Wrong(
        model("from .parts import Mixer", parts="PART = 1\n", layers="class Mixer:\n    pass\n"),
        "sibling-name-missing",
        {"name": "Mixer", "file": "parts.py", "home": "layers"},
        model("from .layers import Mixer", parts="PART = 1\n", layers="class Mixer:\n    pass\n"),
    ),
    "a misspelt name": Wrong(
        model("from .parts import Mixxer", parts="class Mixer:\n    pass\n"),
        "sibling-name-missing",
        {"name": "Mixxer", "meant": "Mixer"},
        model("from .parts import Mixer", parts="class Mixer:\n    pass\n"),
    ),
    "several files missing": Wrong(
        model("from .parts import PART\nfrom .layers import Mixer"),
        "relative-imports-missing",
        {"by": "modeling_shell.py"},
    ),
    "a file of another case": Wrong(
        model("from .Parts import PART", parts="PART = 1\n"),
        "relative-import-missing",
        {"found": "parts"},
        model("from .parts import PART", parts="PART = 1\n"),
    ),
    "a file in a folder": Wrong(
        model("from .sub.parts import PART") | {"sub/parts.py": "PART = 1\n"},
        "relative-import-folder",
        {"folder": "sub"},
        model("from .parts import PART", parts="PART = 1\n"),
    ),
    "out of the folder": Wrong(
        model("from ..parts import PART"), "relative-import-beyond", {"dots": "..", "module": "parts"}
    ),
    "a package on a condition": Wrong(
        model("WITH = False\nif WITH:\n    import glm_trace_absent"),
        "package-on-condition",
        {"names": ["glm_trace_absent"], "condition": "WITH", "line": 4},
        model(
            "WITH = False\nif WITH:\n    try:\n        import glm_trace_absent\n    except ImportError:\n        pass"
        ),
    ),
    "a package in a function": Wrong(
        model("def late():\n    import glm_trace_absent"), "package-in-function", {"names": ["glm_trace_absent"]}
    ),
    "a package in a docstring": Wrong(
        model('NOTE = """\nimport glm_trace_absent\n"""'),
        by_line("package-in-text", None),
        by_line({"names": ["glm_trace_absent"]}, {}),
    ),
    "packages, one of them on a condition": Wrong(
        model("import glm_trace_absent\nif 1 < 0:\n    import glm_trace_other"),
        "package-missing",
        {"names": ["glm_trace_absent", "glm_trace_other"]},
    ),
    "a pointer": Wrong({"modeling_shell.py": POINTER}, "code-is-pointer", {"names": ["modeling_shell.py"]}),
    "a neighbour that is a pointer": Wrong(
        model("from .parts import PART", parts=POINTER), "code-is-pointer", {"file": "parts.py"}
    ),
    "a web page": Wrong(
        {"modeling_shell.py": "<!DOCTYPE html>\n<html><body>404</body></html>\n"}, "code-is-page", {"line": 1}
    ),
    "just a typing error": Wrong(model("def f(:\n    pass"), "not-python", {"file": "modeling_shell.py", "line": 2}),
    "an f-string that is not closed": Wrong(model('print(f"{a")'), "not-python", {"line": 2}),
    "an f-string with braces of its own": Wrong(model('print(f"{{", "}" "a)'), "not-python", {"line": 2}),
    "a typing name": Wrong(
        model("def late(one: List[int]):\n    pass"),
        "name-undefined",
        {"name": "List", "file": "modeling_shell.py", "import": "from typing import List"},
        model("from typing import List\n\n\ndef late(one: List[int]):\n    pass"),
    ),
    "an undefined name in a neighbour": Wrong(
        model("from .parts import PART", parts="PART = Elsewhere\n"),
        "name-undefined",
        {"name": "Elsewhere", "file": "parts.py", "line": 1, "import": None},
    ),
    "a name imported on a condition": Wrong(
        {
            "modeling_shell.py": importing("WITH = False\nif WITH:\n    from math import sqrt").replace(
                "        self.post_init()\n", "        self.root = sqrt(4)\n        self.post_init()\n"
            )
        },
        "name-imported-sometimes",
        {"name": "sqrt", "there": 4, "condition": "WITH", "module": "math"},
    ),
    "a name imported in a function": Wrong(
        {
            "modeling_shell.py": importing("def root(x):\n    from math import sqrt\n\n    return sqrt(x)").replace(
                "        self.post_init()\n", "        self.root = sqrt(4)\n        self.post_init()\n"
            )
        },
        "name-undefined",
        {"name": "sqrt", "import": None},
    ),
    "a name imported in try": Wrong(
        {
            "modeling_shell.py": importing(
                "try:\n    from glm_trace_absent import sqrt\nexcept ImportError:\n    pass"
            ).replace("        self.post_init()\n", "        self.root = sqrt(4)\n        self.post_init()\n")
        },
        "name-imported-in-try",
        {"name": "sqrt", "there": 3, "module": "glm_trace_absent"},
    ),
    "a name that a function tries to import": Wrong(
        {
            "modeling_shell.py": importing(
                "def root(x):\n    try:\n        from math import sqrt\n    except ImportError:\n        raise\n\n"
                "    return sqrt(x)"
            ).replace("        self.post_init()\n", "        self.root = sqrt(4)\n        self.post_init()\n")
        },
        "name-undefined",
        {"name": "sqrt", "import": None},
    ),
    "a name that a handler would import": Wrong(
        {
            "modeling_shell.py": importing(
                "try:\n    import math\nexcept ImportError:\n    from cmath import sqrt"
            ).replace("        self.post_init()\n", "        self.root = sqrt(4)\n        self.post_init()\n")
        },
        "name-defined-later",
        {"name": "sqrt"},
    ),
    "a name defined below": Wrong(model("EARLY = LATE\nLATE = 1"), "name-defined-later", {"name": "LATE", "line": 2}),
    "code at the top that fails": Wrong(
        model('raise NotImplementedError("not for import")'),
        "fails-at-import",
        {"error": "NotImplementedError", "file": "modeling_shell.py", "line": 2},
    ),
    "code at the top that calls what fails": Wrong(
        model('import json\n\njson.loads("{")'), "fails-at-import-inside", {"line": 4, "file": "modeling_shell.py"}
    ),
    "a module of the library by name": Wrong(
        model(f'import importlib\n\nimportlib.import_module("{OF_OTHERS}")'),
        by_line("release-new", "release-gone"),
        {"things": [OF_OTHERS], "file": "modeling_shell.py"},
    ),
    "an attribute at the top that a package lacks": Wrong(
        model("A = torch.glm_trace_absent"),
        "package-name-gone",
        {"thing": "torch.glm_trace_absent", "line": 2, "file": "modeling_shell.py", "instead": None},
    ),
    "an attribute at the top that an object lacks": Wrong(
        model("A = object().glm_trace_absent"), "fails-at-import", {"error": "AttributeError", "line": 2}
    ),
    "a neighbour's file beside the copy": Wrong(
        {
            "modeling_shell.py": importing("from pathlib import Path").replace(
                "        self.post_init()\n",
                '        self.table = Path(__file__).with_name("table.txt").read_text()\n        self.post_init()\n',
            ),
            "table.txt": "1 2 3\n",
        },
        "neighbour-not-copied",
        {"name": "table.txt", "file": "modeling_shell.py"},
        {**opening("table.txt"), "table.txt": "1 2 3\n"},
    ),
    "a file opened in the folder of the code": Wrong(
        {
            "modeling_shell.py": importing("import os").replace(
                "        self.post_init()\n",
                '        open(os.path.join(os.path.dirname(__file__), "data", "table.txt")).close()\n'
                "        self.post_init()\n",
            ),
            "data/table.txt": "1 2 3\n",
        },
        "neighbour-not-copied",
        {"name": "table.txt", "there": "data/table.txt"},
        {**opening("data/table.txt"), "data/table.txt": "1 2 3\n"},
    ),
    "a neighbour": Wrong(model("from .parts import PART", parts="PART = 1\n"), None),
    "a package inside try": Wrong(
        model("try:\n    import glm_trace_absent\nexcept ImportError:\n    glm_trace_absent = None"), None
    ),
}


def load_of(loads: Loads, folder: Path, files: dict[str, str | bytes]) -> Any:
    """Record a load under a folder name of its own: 4.44 keeps one copy of the code for each."""
    return loads.trace(shell(folder.with_name(f"{folder.name}-{folder.parent.name}"), files), **LOAD)


EVERYDAY = list(WRONG)[::3]
SOME = [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in WRONG]
MENDED = [name for name, wrong in WRONG.items() if wrong.mended is not None]


@pytest.mark.parametrize("name", SOME)
def test_a_wrong_file(name: str, loads: Loads, tmp_path: Path) -> None:
    wrong = WRONG[name]
    with load_of(loads, tmp_path / "dir", wrong.files) as trace:
        if wrong.kind is None:
            assert (trace.outcome.status, diagnose(trace).surprises) == ("loaded", [])
            return
        cause = only_cause(trace)
    assert (cause.kind, cause.certainty) == (wrong.kind, "certain")
    assert wrong.values.items() <= cause.values.items()


@pytest.mark.parametrize("name", [*MENDED[:2], *(pytest.param(name, marks=pytest.mark.slow) for name in MENDED[2:])])
def test_it_loads_once_it_is_mended_as_told(name: str, loads: Loads, tmp_path: Path) -> None:
    files = WRONG[name].mended
    assert files is not None
    with load_of(loads, tmp_path / "dir", files) as trace:
        assert trace.outcome.status == "loaded", trace.outcome.message


def test_several_missing_files_are_all_named(loads: Loads, tmp_path: Path) -> None:
    with load_of(loads, tmp_path / "dir", WRONG["several files missing"].files) as trace:
        assert sorted(only_cause(trace).values["names"]) == ["layers.py", "parts.py"]


def test_a_file_at_the_second_level(loads: Loads, tmp_path: Path) -> None:
    """4.44 copies what the model's file imports, and not what those files import; the import that is told is enough."""
    files = model("from .parts import PART", parts="from .numbers import PART\n", numbers="PART = 1\n")
    with load_of(loads, tmp_path / "dir", files) as trace:
        if not OLD_LINE:
            assert trace.outcome.status == "loaded"
            return
        cause = only_cause(trace)
    assert (cause.kind, cause.certainty) == ("import-not-copied", "certain")
    told = {"file": "numbers.py", "main": "modeling_shell.py", "by": "parts.py", "module": "numbers", "name": "PART"}
    assert told.items() <= cause.values.items()
    mended = model("from .numbers import PART\nfrom .parts import PART", parts="from .numbers import PART\n")
    with load_of(loads, tmp_path / "mended", mended | {"numbers.py": "PART = 1\n"}) as trace:
        assert trace.outcome.status == "loaded"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the newer syntax")
@pytest.mark.parametrize(
    "line",
    [
        "type Number = int",
        "def f[T](x: T) -> T:\n    return x",
        'A = f"{dict(a=1)["a"]}"',
        "A = f\"{'\\n'.join('ab')}\"",
    ],
)
def test_a_newer_python(line: str, loads: Loads, tmp_path: Path) -> None:
    with load_of(loads, tmp_path / "dir", model(line)) as trace:
        cause = only_cause(trace)
    assert (cause.kind, cause.certainty, cause.values["since"]) == ("newer-python", "likely", "3.12")


def test_a_second_repository(loads: Loads, tmp_path: Path) -> None:
    code = building('AutoConfig.from_pretrained("harbour/tower-small")')
    files = {"modeling_shell.py": code.replace("import PreTrainedModel", "import AutoConfig, PreTrainedModel")}
    with load_of(loads, tmp_path / "dir", files) as trace:
        cause = only_cause(trace)
    assert (cause.kind, cause.certainty) == ("second-repository", "certain")
    told = {"repository": "harbour/tower-small", "file": "modeling_shell.py", "missing": "config.json"}
    assert told.items() <= cause.values.items()
    assert "harbour/tower-small" in cause.values["statement"]


FOLDERS = """
import os
from transformers import AutoModel
for folder in {folders!r}:
    AutoModel.from_pretrained(folder, trust_remote_code=True)
"""


@pytest.mark.parametrize("differing", [True, False])
def test_two_folders_of_one_name(differing: bool, loads: Loads, tmp_path: Path) -> None:
    from safetensors.torch import save_file
    from torch import ones

    folders = []
    for number in (1, 2):
        folder = shell(tmp_path / str(number) / "model", model("from .parts import PART", parts="PART = 1\n"))
        (folder / "parts.py").write_text(f"PART = {number if differing else 1}\n")
        save_file({"mix.weight": ones(4, 4), "mix.bias": ones(4)}, folder / "model.safetensors", {"format": "pt"})
        folders.append(str(folder))
    script = tmp_path / "script.py"
    script.write_text(FOLDERS.format(folders=folders))
    recorded = loads.record_anew(work="script", script=[str(script)])
    with open_trace(recorded.path) as trace:
        found = diagnose(trace)
    assert found.status == "loaded", found
    kinds = [one.kind for one in found.surprises if one.kind.endswith("earlier-load")]
    assert kinds == ([by_line("module-of-earlier-load", "class-of-earlier-load")] if differing else [])
    for one in found.surprises:
        if one.kind in kinds:
            assert one.values["names"] == ["parts.py"]


def test_a_copy_that_imports_what_the_file_no_longer_does(loads: Loads, tmp_path: Path) -> None:
    """Only 4.44 keeps one copy for each folder name, and refreshes only what the model's file itself imports."""
    folder = tmp_path / f"model-{tmp_path.name}"
    first = model("from .parts import PART\nfrom .more import MORE", parts="PART = 1\n")
    shell(folder, first | {"more.py": "from .parts import PART\n\nMORE = PART\n"})
    assert loads.record_anew(model=str(folder), trust_remote_code=True, work="load", **LOAD).outcome.status == "loaded"
    second = model(
        "from .parts import OTHER\nfrom .mid import MORE", parts="OTHER = 1\n", mid="from .more import MORE\n"
    )
    shell(folder, second | {"more.py": "MORE = 1\n"})
    recorded = loads.record_anew(model=str(folder), trust_remote_code=True, work="load", **LOAD)
    with open_trace(recorded.path) as trace:
        if not OLD_LINE:
            assert trace.outcome.status == "loaded"
            return
        cause = only_cause(trace)
    assert (cause.kind, cause.values["file"], cause.values["from"]) == ("stale-importer", "more.py", "parts.py")


PAGE = "<!DOCTYPE html>\n<html><head><title>Not Found</title></head></html>\n"
WITH_WEIGHTS = {"tokenizer": False, "forward": False}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.safetensors", POINTER, "file-is-pointer"),
        ("model.safetensors", PAGE, "file-is-page"),
        ("model.safetensors", "", "file-is-empty"),
        ("pytorch_model.bin", POINTER, "file-is-pointer"),
        ("config.json", PAGE, "file-is-page"),
        ("generation_config.json", POINTER, None),
        ("model.safetensors.index.json", POINTER, "file-is-pointer"),
        ("model.safetensors", "no weights, and nothing else that is known\n", "shard-not-safetensors"),
    ],
    ids=["weights", "page", "empty", "bin", "config page", "unused", "index", "something else"],
)
def test_a_file_that_is_not_itself(name: str, content: str, kind: str | None, loads: Loads, tmp_path: Path) -> None:
    with loads.trace(shell(tmp_path / "dir", {name: content}), **WITH_WEIGHTS) as trace:
        causes = diagnose(trace).causes
    if kind is None:
        assert [one.kind for one in causes if one.kind.startswith("file-is")] == []
        return
    assert [(one.kind, one.certainty) for one in causes] == [(kind, "certain")]
    assert causes[0].values["file"].removeprefix("<model>/") == name


def test_all_pointers_are_named(loads: Loads, tmp_path: Path) -> None:
    import json

    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = json.dumps({"metadata": {}, "weight_map": dict(zip(("mix.weight", "mix.bias"), names, strict=True))})
    files: dict[str, str | bytes] = {"model.safetensors.index.json": index} | dict.fromkeys(names, POINTER)
    with loads.trace(shell(tmp_path / "dir", files), **WITH_WEIGHTS) as trace:
        cause = only_cause(trace)
    assert (cause.kind, sorted(cause.values["names"])) == ("file-is-pointer", names)


def test_a_tokenizer_that_is_a_pointer(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "tokenizer.json": POINTER,
        "tokenizer_config.json": '{"tokenizer_class": "PreTrainedTokenizerFast"}',
    }
    with loads.trace(shell(tmp_path / "dir", files), **{**LOAD, "tokenizer": True}) as trace:
        cause = diagnose(trace).causes[0]
    assert (cause.kind, cause.values["file"]) == ("file-is-pointer", "tokenizer.json")


PACKAGES = {
    "package-lacks": ({"gt_lacks": "import glm_trace_absent"}, "import gt_lacks"),
    "packages-fail": (dict.fromkeys(("gt_one", "gt_two"), "raise ImportError('cut')"), "import gt_one\nimport gt_two"),
    "package-fails-and-missing": ({"gt_one": "raise ImportError('cut')"}, "import gt_one\nimport glm_trace_absent"),
    "module-missing-inside": (
        {"gt_lacks": "import glm_trace_absent"},
        "try:\n    import gt_lacks\nexcept ImportError:\n    raise",
    ),
}


@pytest.mark.parametrize("kind", PACKAGES)
def test_installed_packages_that_fail(kind: str, loads: Loads, tmp_path: Path) -> None:
    packages, line = PACKAGES[kind]
    for name, text in packages.items():
        package = Path(os.environ["HF_MODULES_CACHE"]) / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(f"{text}\n", encoding="utf-8")
    with load_of(loads, tmp_path / "dir", model(line)) as trace:
        first = diagnose(trace).causes[0]
    expected = by_line(kind, "package-fails") if kind == "packages-fail" else kind  # 5.x stops at the first
    assert first.kind == expected, first


@pytest.mark.parametrize("line", ["import gt_late", "try:\n    import gt_late\nexcept ImportError:\n    raise"])
def test_an_import_inside_an_installed_package(line: str, loads: Loads, tmp_path: Path) -> None:
    """The model's file is not what was written for another release."""
    package = Path(os.environ["HF_MODULES_CACHE"]) / "gt_late"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("from transformers.utils import is_flash_attn_available\n", encoding="utf-8")
    with load_of(loads, tmp_path / "dir", model(line)) as trace:
        cause = only_cause(trace)
    assert (cause.kind, cause.values["file"]) == ("package-fails", "modeling_shell.py")
    assert cause.values["package"] == "gt_late"


GRADIENTS = "from transformers.modeling_layers import GradientCheckpointingLayer as Layer"
LAYERS = {
    "a plain layer": ("from torch.nn import Module as Layer", ""),
    "a layer of the library": (by_line("from torch.nn import Module as Layer", GRADIENTS), ""),
    "a decorator": (
        "from torch.nn import Module as Layer\n"
        + by_line("", "from transformers.utils.generic import can_return_tuple"),
        by_line("", "    @can_return_tuple\n"),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_own_code_calls_its_own_layer(name: str, loads: Loads, tmp_path: Path) -> None:
    """What the library only hands on is not the library's argument."""
    imports, decorator = LAYERS[name]
    layer = f"{imports}\n\n\nclass Part(Layer):\n{decorator}    def forward(self, x):\n        return x\n"
    code = building("self.part = Part()\n        self.part(1, cache_position=2)").replace(
        "import torch\n", f"import torch\n{layer}\n", 1
    )
    with load_of(loads, tmp_path / "dir", {"modeling_shell.py": code}) as trace:
        kinds = [cause.kind for cause in diagnose(trace).causes]
        assert trace.outcome.error == "TypeError"
    assert "own-code" in kinds[0], kinds


def test_a_file_opened_where_python_was_started(loads: Loads, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"modeling_shell.py": building('open("gt_table.txt").close()'), "gt_table.txt": "1"}
    with load_of(loads, tmp_path / "dir", files) as trace:
        assert only_cause(trace).kind == "opened-in-working-folder"
