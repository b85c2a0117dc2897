"""Edits of Python and JSON texts keep everything else as it is written."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.trace import made
from tracer.analysis.repair import REPAIRS, ModelFiles, patch
from tracer.analysis.repair.edits import PythonEdit, json_with, without_trailing_commas
from tracer.trace.reading import open_trace
from tracer.views.causes import CAUSES


def test_every_repair_is_for_a_kind_of_cause() -> None:
    assert {kind for kind in REPAIRS if f"cause:{kind}" not in CAUSES and f"surprise:{kind}" not in CAUSES} == set()


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ('{"a": 1,\n "b": [1, {"c": 2}]}\n', ["a"], "x", '{"a": "x",\n "b": [1, {"c": 2}]}\n'),
        ('{"a": {"b" : null} }', ["a", "b"], True, '{"a": {"b" : true} }'),
        ('{\n  "a": 1\n}\n', ["new"], False, '{\n  "new": false,\n  "a": 1\n}\n'),
        ("{}", ["new"], 1, '{"new": 1}'),
        ('{"a": 1, "a": 2}', ["a"], 3, '{"a": 1, "a": 3}'),
        ("[1]", ["a"], 3, None),
        ('{"a": 1}', ["b", "c"], 3, None),
        ("{", ["a"], 3, None),
    ],
)
def test_json(text: str, path: list[str], value: Any, expected: str | None) -> None:
    assert json_with(text, path, value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, 2,],\n}\n', '{"a": [1, 2]\n}\n'),
        ('\ufeff{"a": ",}"}', '{"a": ",}"}'),
        ('{"a": 1}', None),
        ('{"a" 1,}', None),
        ('{"a": 1,, }', None),
    ],
)
def test_trailing_commas(text: str, expected: str | None) -> None:
    assert without_trailing_commas(text) == expected


def repaired(folder: Path, kind: str, values: dict[str, Any], **files: str) -> dict[str, str] | None:
    directory = folder / "model"
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / f"{name.replace('__', '.')}").write_bytes(text.encode())
    with open_trace(made.sealed(folder)) as trace:
        model = ModelFiles(trace, directory)
        edits = REPAIRS[kind](values, model)
        if edits:
            applied = subprocess.run(
                ["git", "apply", "-"], input="".join(patch(edits, model)).encode(), cwd=directory, capture_output=True
            )
            assert applied.returncode == 0, applied.stderr
            assert {name: (directory / name).read_bytes().decode() for name in edits} == edits
        return edits


def test_a_call_at_the_end_of_a_constructor(tmp_path: Path) -> None:
    code = "class A(B):\n    def __init__(self, c):\n        super().__init__(c)  # é\n        if c:\n            self.x = 1\n\n    def f(self): ...\n"
    edits = repaired(tmp_path, "no-post-init", {"class": "A"}, a__py=code)
    assert edits == {"a.py": code.replace("self.x = 1\n", "self.x = 1\n        self.post_init()\n")}


def test_the_last_line_may_have_no_line_break(tmp_path: Path) -> None:
    code = "class A(B):\n    def __init__(self, c):\n        super().__init__(c)"
    edits = repaired(tmp_path, "no-post-init", {"class": "A"}, a__py=code)
    assert edits == {"a.py": f"{code}\n        self.post_init()"}


def test_init_weights_is_replaced(tmp_path: Path) -> None:
    code = "class A(B):\r\n    def __init__(self, c):\r\n        self.init_weights()\r\n"
    edits = repaired(tmp_path, "no-post-init", {"class": "A"}, a__py=code)
    assert edits == {"a.py": code.replace("init_weights", "post_init")}


def test_a_constructor_that_returns_early_is_left(tmp_path: Path) -> None:
    code = "class A(B):\n    def __init__(self, c):\n        if c:\n            return\n"
    assert repaired(tmp_path, "no-post-init", {"class": "A"}, a__py=code) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("(self, a, b=1)", "(self, a, b=1, side=None)"),
        ("(self, a: int)", "(self, a: int, side=None)"),
        ("(self, *rest)", "(self, *rest, side=None)"),
        ("(self, *, a=2,\n              )", "(self, *, a=2, side=None,\n              )"),
    ],
)
def test_a_parameter(tmp_path: Path, header: str, expected: str) -> None:
    code = f"class A:\n    def _pad{header}:\n        return 1\n"
    values = {"class": "A", "method": "_pad", "name": "side", "file": "a.py"}
    assert repaired(tmp_path, "override-lacks-newer-parameter", values, a__py=code) == {
        "a.py": code.replace(header, expected)
    }


ON_ONE_LINE = [
    ("no-post-init", {"class": "A"}, "class A(B):\n    def __init__(self, config): super().__init__(config)\n"),
    ("no-post-init", {"class": "A"}, "class A(B):\n    def __init__(self, c):\n        self.a = 1; self.b = 2\n"),
    ("config-class-missing", {"class": "A", "config_class": "C"}, "class C: pass\n\nclass A(P): pass\n"),
    ("package-missing", {"file": "a.py", "names": ["p"]}, "if True: import p\n"),
    ("package-missing", {"file": "a.py", "names": ["p"]}, "import p; import os\n"),
    (
        "attribute-set-too-late",
        {"class": "A", "names": ["v"]},
        "class A(B):\n    def __init__(self, v):\n        super().__init__(); self.w = 1\n        self.v = v\n",
    ),
    ("generation-mixin-missing", {"class": "A"}, "import os; import re\nclass A(B):\n    pass\n"),
]


@pytest.mark.parametrize(("kind", "values", "code"), ON_ONE_LINE)
def test_statements_that_share_a_line_are_left(tmp_path: Path, kind: str, values: dict[str, Any], code: str) -> None:
    assert repaired(tmp_path, kind, values, a__py=code) is None


@pytest.mark.parametrize("code", ["if a: from m import x\n", "a = 1; from m import x\n", "if a: import m\nm.x()\n"])
def test_an_import_that_the_library_would_not_see_is_left(tmp_path: Path, code: str) -> None:
    assert repaired(tmp_path, "sibling-absolute", {"file": "a.py", "modules": ["m"]}, a__py=code) is None


def test_imports_with_a_dot(tmp_path: Path) -> None:
    code = (
        "from m import x, y  # why\nimport m as n, os\nfrom om import z\nimport m.part\nprint(n.a + n.b(n.a), os.sep)\n"
    )
    edits = repaired(tmp_path, "sibling-absolute", {"file": "a.py", "modules": ["m"]}, a__py=code)
    expected = "from .m import x, y  # why\nfrom .m import a, b\nimport os\nfrom om import z\nimport m.part\nprint(a + b(a), os.sep)\n"
    assert edits == {"a.py": expected}


@pytest.mark.parametrize(
    "use", ["", "print(m)", "m.x = 1", "x = m.x", "def f(x):\n    return m.x", "print(m.max, max(1))", "import x\nm.x"]
)
def test_a_module_whose_names_can_not_stand_by_themselves_is_left(tmp_path: Path, use: str) -> None:
    code = f"import m\n{use}\n"
    assert repaired(tmp_path, "sibling-absolute", {"file": "a.py", "modules": ["m"]}, a__py=code) is None


def test_a_file_imported_from_the_package(tmp_path: Path) -> None:
    code = "from . import m as n, o\n\n\ndef f():\n    return n.x(o)\n"
    edits = repaired(tmp_path, "sibling-from-dot", {"by": "a.py", "name": "m"}, a__py=code)
    assert edits == {"a.py": "from .m import x\nfrom . import o\n\n\ndef f():\n    return x(o)\n"}


def test_imports_in_try(tmp_path: Path) -> None:
    code = "if True:\n    from p.q import (\n        a,\n        b as c,\n    )\ntry:\n    import p\nexcept ImportError:\n    p = None\nimport p\n"
    edits = repaired(tmp_path, "package-missing", {"file": "a.py", "names": ["p"]}, a__py=code)
    assert edits is not None
    found: dict[str, Any] = {}
    exec(edits["a.py"], found)
    assert (found["a"], found["c"], found["p"]) == (None, None, None)
    assert "            b as c,\n        )\n    except ImportError:" in edits["a.py"]


@pytest.mark.parametrize("use", ["class A(p.B):\n    pass", "@p.f\ndef f(): ...", "def f(a: p.T): ...", "X = p.x()"])
def test_an_import_that_the_file_needs_at_once_stays(tmp_path: Path, use: str) -> None:
    assert repaired(tmp_path, "package-missing", {"file": "a.py", "names": ["p"]}, a__py=f"import p\n{use}\n") is None


def test_an_import_that_the_file_asks_about_is_tried(tmp_path: Path) -> None:
    code = "import p\nHAS = p is not None\n\ndef f():\n    return p.x\n"
    tried = "try:\n    import p\nexcept ImportError:\n    p = None\n"
    values = {"file": "a.py", "package": "p, q", "message": "cut", "names": ["r"]}
    assert repaired(tmp_path, "package-fails-and-missing", values, a__py=code) == {
        "a.py": code.replace("import p\n", tried, 1)
    }


CIRCULAR = {"by": "a.py", "file": "b.py", "name": "X", "names": ["b.py", "a.py"]}
IMPORTS_A = "from .a import f\nX = 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from .b import X\n\n\ndef f():\n    return X\n",
            "\n\ndef f():\n    from .b import X\n    return X\n",
        ),
        (
            'import os\nfrom .b import W, X as Y\n\nclass A:\n    @property\n    def f(self):\n        """Say."""\n        return Y, Y\n\n    async def g(self): ...\n',
            'import os\nfrom .b import W\n\nclass A:\n    @property\n    def f(self):\n        """Say."""\n        from .b import X as Y\n        return Y, Y\n\n    async def g(self): ...\n',
        ),
        (
            "from .b import (\n    X,\n    Z,\n)\ndef f():\n    @staticmethod\n    def g():\n        return X\n    return g\n",
            "from .b import (\n    Z,\n)\ndef f():\n    from .b import X\n    @staticmethod\n    def g():\n        return X\n    return g\n",
        ),
    ],
)
def test_a_name_of_a_circle_is_imported_where_it_is_used(tmp_path: Path, before: str, after: str) -> None:
    assert repaired(tmp_path, "circular-import", CIRCULAR, a__py=before, b__py=IMPORTS_A) == {"a.py": after}


@pytest.mark.parametrize(
    "code",
    [
        "Y = X", "class A(X):\n    pass", "class A:\n    x = X", "def f(a=X): ...", "def f(a: X): ...", "F = lambda: X",
        "def f(X):\n    return X", "def f():\n    X = 1\n    return X", "def f(): return X", "@X\ndef f(): ...",
        "__all__ = ['X']\ndef f():\n    return X", "def f():\n    return X\nY = f()", "def f():\n    global X\n    return X",
        "def f():\n    return X\n@f\ndef g(): ...", "class A:\n    def f(self):\n        return X\nY = A().f()", "",
        "def f():\n    from .c import X\n    return X",
    ],
)  # fmt: skip
def test_a_name_of_a_circle_that_is_needed_at_once_is_left(tmp_path: Path, code: str) -> None:
    text = f"from .b import X\n{code}\n"
    assert repaired(tmp_path, "circular-import", CIRCULAR, a__py=text, b__py=IMPORTS_A) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.py", "from .a import f\nY = f()\nX = 1\n"), ("c.py", "from .a import X\n"), ("c.py", "from .a import *\n"),
        ("c.py", "from . import a\n"),
    ],
)  # fmt: skip
def test_a_name_of_a_circle_that_others_need_is_left(tmp_path: Path, name: str, text: str) -> None:
    held = {"a__py": "from .b import X\n\ndef f():\n    return X\n", "b__py": IMPORTS_A, name.replace(".", "__"): text}
    assert repaired(tmp_path, "circular-import", CIRCULAR, **held) is None


IN_AUTO_MAP = json.dumps({"auto_map": {"AutoModel": "a.A"}})
IN_CACHE = "<modules>/transformers_modules/dir/0f/"


@pytest.mark.parametrize(
    ("kind", "path", "before", "after"),
    [
        ("opened-in-working-folder", "t.txt", 'open("t.txt")', 'open(os.path.join(config.name_or_path, "t.txt"))'),
        ("opened-in-working-folder", "d/t.txt", "with open('d/t.txt') as f:\n            f.read()",
         "with open(os.path.join(config.name_or_path, 'd/t.txt')) as f:\n            f.read()"),
        ("neighbour-not-copied", f"{IN_CACHE}t.txt", 'open(os.path.join(os.path.dirname(__file__), "t.txt"))',
         'open(os.path.join(config.name_or_path, "t.txt"))'),
        ("neighbour-not-copied", f"{IN_CACHE}d/t.txt", 'open(osp.dirname(osp.abspath(__file__)) + "/d/t.txt")',
         'open(config.name_or_path + "/d/t.txt")'),
        ("neighbour-not-copied", f"{IN_CACHE}t.txt", 'Path(__file__).with_name("t.txt").read_text()',
         'Path(config.name_or_path, "t.txt").read_text()'),
        ("neighbour-not-copied", f"{IN_CACHE}d/t.txt", '(pathlib.Path(__file__).resolve().parent / "d" / "t.txt").read_text()',
         '(pathlib.Path(config.name_or_path) / "d" / "t.txt").read_text()'),
    ],
)  # fmt: skip
def test_a_file_is_opened_in_the_models_directory(
    tmp_path: Path, kind: str, path: str, before: str, after: str
) -> None:
    code = "import torch\n\nclass A(B):\n    def __init__(self, config):\n        {}\n"
    (tmp_path / "model" / "d").mkdir(parents=True)
    (tmp_path / "model" / "d" / "t.txt").write_text("1")
    values = {"file": "a.py", "line": 5, "path": path, "name": "t.txt"}
    held = {"a__py": code.format(before), "t__txt": "1", "config__json": IN_AUTO_MAP}
    expected = code.format(after)
    expected = f"import os\n{expected}" if kind == "opened-in-working-folder" else expected
    assert repaired(tmp_path, kind, values, **held) == {"a.py": expected}


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("class A(B):\n    def __init__(self, config):\n        open('gone.txt')\n", {}),
        ("class A(B):\n    def __init__(self, settings):\n        open('t.txt')\n", {}),
        ("class A(B):\n    def __init__(self, config):\n        open('t.txt'), open('t.txt')\n", {}),
        ("class A(B):\n    def __init__(self, config, p='t.txt'):\n        open(p)\n", {}),
        ("class A(B):\n    def __init__(self, config):\n        config = config.part; open('t.txt')\n", {}),
        ("class C(B):\n    def __init__(self, config):\n        open('t.txt')\n", {}),
        ("class A(B):\n    def __init__(self, config):\n        open('t.txt')\n", {"config__json": "{}"}),
        ("class A(B):\n    x = 1\n    y = open('t.txt')\n", {}),
    ],
)
def test_a_file_that_is_not_surely_found_in_the_directory_is_left(
    tmp_path: Path, code: str, more: dict[str, str]
) -> None:
    values = {"file": "a.py", "line": 3, "path": "gone.txt" if "gone" in code else "t.txt", "name": "t.txt"}
    held = {"a__py": code, "t__txt": "1", "config__json": IN_AUTO_MAP, **more}
    assert repaired(tmp_path, "opened-in-working-folder", values, **held) is None


def test_the_base_is_called_after_the_attributes(tmp_path: Path) -> None:
    code = "class T(PreTrainedTokenizer):\n    def __init__(self, v, **kwargs):\n        super().__init__(**kwargs)\n        self.v = v\n        self.w = 1\n        self.x = 2\n"
    edits = repaired(tmp_path, "attribute-set-too-late", {"class": "T", "names": ["v", "w"]}, a__py=code)
    assert edits is not None
    lines = [line.strip() for line in edits["a.py"].splitlines()[2:]]
    assert lines == ["self.v = v", "self.w = 1", "super().__init__(**kwargs)", "self.x = 2"]


@pytest.mark.parametrize(
    "statement",
    [
        "self.w = self.size", "self.w = self.size()", "self.w = build(self)", "self.w += 1", "self.init()",
        "self.w.x = 1", "self.w = super().size", "if v:\n            self.u = 1\n        self.w = self.u",
        "if v:\n            return", "kwargs = {}", "kwargs['w'] = v", "self.w = kwargs.pop('w')", "fill(kwargs)",
        "del kwargs['w']", "size += 1", "self.padding_side = v", "self.given = v",
    ],
)  # fmt: skip
def test_the_base_stays_before_what_may_need_it(tmp_path: Path, statement: str) -> None:
    call = "super().__init__(size, self.given, **kwargs)"
    code = f"class T(PreTrainedTokenizer):\n    def __init__(self, v, size, **kwargs):\n        self.given = 1\n        {call}\n        {statement}\n        self.v = v\n"
    assert repaired(tmp_path, "attribute-set-too-late", {"class": "T", "names": ["v"]}, a__py=code) is None


def test_the_base_is_called_after_statements_that_need_each_other(tmp_path: Path) -> None:
    code = "class T(PreTrainedTokenizer):\n    def __init__(self, v):\n        super().__init__()\n        self.w = v\n        self.v = self.w.size()\n"
    edits = repaired(tmp_path, "attribute-set-too-late", {"class": "T", "names": ["v"]}, a__py=code)
    call = "        super().__init__()\n"
    assert edits == {"a.py": code.replace(call, "") + call}


@pytest.mark.parametrize(
    ("base", "value", "is_moved"),
    [
        ("PreTrainedTokenizer", "load(v)", True),
        ("transformers.PreTrainedTokenizerFast", "load(v)", True),
        ("PreTrainedTokenizer, Mixin", "load(v)", False),
        ("OwnTokenizer", "1", False),
        ("PreTrainedModel", "nn.Linear(1, 1)", False),
        ("PreTrainedModel", "v", False),
        ("PreTrainedModel", "config.v", True),
    ],
)
def test_what_the_base_sets_is_known_of_the_librarys_classes(
    tmp_path: Path, base: str, value: str, is_moved: bool
) -> None:
    code = f"class T({base}):\n    def __init__(self, v):\n        super().__init__()\n        self.v = {value}\n"
    edits = repaired(tmp_path, "attribute-set-too-late", {"class": "T", "names": ["v"]}, a__py=code)
    call = "        super().__init__()\n"
    assert edits == ({"a.py": code.replace(call, "") + call} if is_moved else None)


GONE = ["is_torch_fx_available", "is_flash_attn_available", "gone"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("is_torch_fx_available, is_flash_attn_available", None),
        ("is_torch_fx_available, is_flash_attn_available, a", "a"),
        ("a, is_torch_fx_available, is_flash_attn_available", "a"),
        ("is_torch_fx_available, a, is_flash_attn_available  # why", "a  # why"),
        ("a, \\\n    gone", "a"),
        ("(a, gone)", "(a)"),
        ("(\n    a,  # first\n    gone,  # second\n    b\n)", "(\n    a,  # first\n    # second\n    b\n)"),
        ("(\n    gone,\n    is_torch_fx_available,\n    a,\n)", "(\n    a,\n)"),
        ("(\r\n    a,\r\n    gone\r\n)", "(\r\n    a,\r\n)"),
        ("(\n    a, b,\n    c, gone, is_torch_fx_available\n)", "(\n    a, b,\n    c\n)"),
        ("(\n    a,\n    gone, is_torch_fx_available,\n    c,\n)", "(\n    a,\n    c,\n)"),
        ("(a,\n      gone, is_torch_fx_available,\n      é)", "(a,\n      é)"),
        ("(  # é\n    gone, a,\n    is_torch_fx_available as x, b as gone,\n)", "(  # é\n    a,\n    b as gone,\n)"),
    ],
)
def test_imports_of_several_names_that_are_gone(tmp_path: Path, code: str, expected: str | None) -> None:
    before = f"import os\nfrom transformers.utils import {code}\nX = 1\n"
    after = "import os\n" + ("" if expected is None else f"from transformers.utils import {expected}\n") + "X = 1\n"
    values = {"file": "a.py", "things": [f"transformers.utils.{name}" for name in GONE], "replacements": []}
    assert repaired(tmp_path, "release-gone", values, a__py=before) == {"a.py": after}


def test_one_name_replaced_and_another_removed(tmp_path: Path) -> None:
    code = (
        "from transformers.utils import is_torch_fx_available, is_flash_attn_available\nX = is_flash_attn_available()\n"
    )
    values = {
        "file": "a.py",
        "things": [f"transformers.utils.{name}" for name in GONE],
        "replacements": ["is_flash_attn_available → is_flash_attn_2_available"],
    }
    assert repaired(tmp_path, "release-gone", values, a__py=code) == {
        "a.py": "from transformers.utils import is_flash_attn_2_available\nX = is_flash_attn_2_available()\n"
    }


def test_a_name_imported_in_try_and_in_its_handler(tmp_path: Path) -> None:
    code = "try:\n    from t.u import old, gone\nexcept ImportError:\n    from t.u import old\n    from t.u import gone\nX = old()\n"
    values = {"file": "a.py", "things": ["t.u.old", "t.u.gone"], "replacements": ["old → newer"]}
    assert repaired(tmp_path, "release-gone", values, a__py=code) == {
        "a.py": "try:\n    from t.u import newer\nexcept ImportError:\n    from t.u import newer\n    pass\nX = newer()\n"
    }


def test_a_name_of_another_module_is_left_where_others_are_imported_with_it(tmp_path: Path) -> None:
    code = "try:\n    from t.u import old\nexcept ImportError:\n    from t.u import old, b\nX = old()\n"
    values = {"file": "a.py", "things": ["t.u.old"], "replacements": ["old → t.v.newer"]}
    assert repaired(tmp_path, "release-gone", values, a__py=code) is None


def test_an_import_beside_another_statement(tmp_path: Path) -> None:
    values = {"file": "a.py", "things": ["t.u.gone"], "replacements": []}
    edits = repaired(tmp_path, "release-gone", values, a__py="import os; from t.u import gone\n")
    assert edits == {"a.py": "import os; pass\n"}


def test_two_edits_of_one_place_are_none() -> None:
    edit = PythonEdit("x = [1, 2]\n")
    statement = edit.tree.body[0]
    assert isinstance(statement, ast.Assign)
    edit.replace(statement, "x = [1]")
    edit.replace(statement.value, "[2]")
    assert edit.result() is None


def test_two_insertions_at_one_place_are_none() -> None:
    edit = PythonEdit("def f(a): ...\n")
    edit.insert_at_end(edit.tree.body[0].args.args[0], ", b=1")  # type: ignore[attr-defined]
    edit.insert_at_end(edit.tree.body[0].args.args[0], ", c=1")  # type: ignore[attr-defined]
    assert edit.result() is None


def test_names_that_are_gone(tmp_path: Path) -> None:
    code = (
        "from transformers.utils import is_a, unused, is_flash_attn_available\n"
        "from transformers.pytorch_utils import prune_layer\n"
        "from transformers.deepspeed import is_deepspeed_zero3_enabled\n"
        "USE = is_flash_attn_available() or is_a\n\ndef f(cache):\n    return cache.seen_tokens + cache.get_max_length()\n"
    )
    values = {
        "file": "a.py",
        "things": [
            "transformers.utils.is_flash_attn_available", "transformers.pytorch_utils.prune_layer",
            "transformers.deepspeed", "transformers.cache_utils.DynamicCache.seen_tokens",
        ],
        "replacements": [
            "is_flash_attn_available → is_flash_attn_2_available", "deepspeed → transformers.integrations",
            "seen_tokens → get_seq_length()",
        ],
    }  # fmt: skip
    assert repaired(tmp_path, "release-gone", values, a__py=code) == {
        "a.py": "from transformers.utils import is_a, unused, is_flash_attn_2_available\n"
        "from transformers.integrations import is_deepspeed_zero3_enabled\n"
        "USE = is_flash_attn_2_available() or is_a\n\ndef f(cache):\n    return cache.get_seq_length() + cache.get_max_length()\n"
    }


def test_an_import_that_is_used_stays(tmp_path: Path) -> None:
    code = "from transformers.pytorch_utils import prune_layer\nprune_layer()\n"
    values = {"file": "a.py", "things": ["transformers.pytorch_utils.prune_layer"], "replacements": []}
    assert repaired(tmp_path, "release-gone", values, a__py=code) is None


def test_an_import_that_copies_a_file_along(tmp_path: Path) -> None:
    values = {"main": "a.py", "module": "n", "name": "X", "file": "n.py"}
    edits = repaired(tmp_path, "import-not-copied", values, a__py="from .b import Y\nZ = Y\n")
    assert edits == {"a.py": "from .b import Y\nfrom .n import X\nZ = Y\n"}


def test_a_base_class_with_its_import(tmp_path: Path) -> None:
    code = "from torch import nn\nfrom transformers import (\n    PreTrainedModel,\n)\n\nclass A(PreTrainedModel):\n    pass\n"
    edits = repaired(tmp_path, "generation-mixin-missing", {"class": "A"}, a__py=code)
    assert edits is not None
    assert "    PreTrainedModel, GenerationMixin,\n)" in edits["a.py"]
    assert "class A(PreTrainedModel, GenerationMixin):" in edits["a.py"]


def test_a_configuration_class(tmp_path: Path) -> None:
    code = "from transformers import BertConfig\n\nclass A(B):\n    config_class = BertConfig\n"
    values = {"class": "A", "config_class": "C"}
    edits = repaired(tmp_path, "config-class-differs", values, a__py=code, c__py="class C:\n    pass\n")
    assert edits == {
        "a.py": "from transformers import BertConfig\nfrom .c import C\n\nclass A(B):\n    config_class = C\n"
    }


def test_tied_keys(tmp_path: Path) -> None:
    code = 'class A(B):\n    _tied_weights_keys = ["h.weight"]  # tied\n'
    values = {"class": "A", "mapping": {"h.weight": "e.weight"}, "names": ["h.weight"]}
    edits = repaired(tmp_path, "tied-keys-no-dictionary", values, a__py=code)
    assert edits == {"a.py": code.replace('["h.weight"]', '{"h.weight": "e.weight"}')}


def test_a_reference_is_written_only_if_its_class_is_there(tmp_path: Path) -> None:
    config = json.dumps({"auto_map": {"AutoModel": ["a.A", None]}})
    values = {"auto_class": "AutoModel", "reference": "a.A"}
    assert repaired(tmp_path, "reference-not-text", values, config__json=config) is None
    (tmp_path / "b").mkdir()
    edits = repaired(tmp_path / "b", "reference-not-text", values, config__json=config, a__py="class A:\n    pass\n")
    assert edits == {"config.json": '{"auto_map": {"AutoModel": "a.A"}}'}


def test_code_of_another_repository_that_is_here(tmp_path: Path) -> None:
    config = '{"auto_map": {"AutoConfig": "u/r--a.C", "AutoModel": "u/r--a.A"}}'
    values = {"repository": "u/r", "module": "a", "class": "A"}
    edits = repaired(
        tmp_path, "class-repository-missing", values, config__json=config, a__py="class A: ...\nclass C: ...\n"
    )
    assert edits == {"config.json": config.replace("u/r--", "")}


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    values = {"file": "a.py", "things": ["t.u.gone"], "replacements": []}
    edits = repaired(tmp_path, "release-gone", values, a__py="\ufefffrom t.u import a, gone\nX = a\n")
    assert edits == {"a.py": "\ufefffrom t.u import a\nX = a\n"}


def test_a_file_whose_lines_git_counts_in_another_way_is_left(tmp_path: Path) -> None:
    values = {"file": "a.py", "things": ["t.u.gone"], "replacements": []}
    code = "X = 1\rfrom t.u import a, gone\nfrom t.u import a, b\nY = 1\n"
    assert repaired(tmp_path, "release-gone", values, a__py=code) is None


def test_brackets_around_what_is_added_to_are_left(tmp_path: Path) -> None:
    code = "class A((B)):\n    def f(self, a=(1)): ...\n"
    assert repaired(tmp_path, "generation-mixin-missing", {"class": "A"}, a__py=code) is None
    values = {"class": "A", "method": "f", "name": "side", "file": "a.py"}
    assert repaired(tmp_path, "override-lacks-newer-parameter", values, a__py=code) is None


def test_a_class_whose_first_method_is_decorated_gets_its_line_above(tmp_path: Path) -> None:
    code = "class C: ...\n\nclass A(P):\n    @property\n    def f(self): ...\n"
    edits = repaired(tmp_path, "config-class-missing", {"class": "A", "config_class": "C"}, a__py=code)
    assert edits == {"a.py": code.replace("    @property", "    config_class = C\n    @property")}


def test_an_edit_that_is_no_longer_python_is_none() -> None:
    edit = PythonEdit("a = 1\n")
    edit.replace(edit.tree.body[0], "a = = 1")
    assert edit.result() is None
