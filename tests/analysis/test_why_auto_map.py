"""What is said of an ``auto_map`` that can't be used, and that the load goes on once it is corrected as told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import Loads
from tests.support.reading import OLD_LINE
from tests.support.shell_model import AUTO_MAP, LOAD, MODELING, only_cause, shell

MODEL = AUTO_MAP["AutoModel"]
CONFIG = AUTO_MAP["AutoConfig"]


@dataclass(frozen=True)
class Wrong:
    """A wrong ``auto_map``, and what is to be said of it.

    Attributes:
        auto_map: the wrong one.
        kind: of the cause.
        values: some of the cause's values.
        right: the reference that is suggested; None if there is only a placeholder.
    """

    auto_map: Any
    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    right: str | None = None


WRONG = {
    "null": Wrong(None, "auto-map-not-object", {"written": "null", "type": "NoneType"}),
    "a number": Wrong(7, "auto-map-not-object", {"written": "7", "type": "int"}),
    "an entry that is a list": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": [MODEL, None]},
        "reference-not-text",
        {"auto_class": "AutoModel", "type": "list", "config": "config.json"},
        MODEL,
    ),
    "an entry that is an object": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": {"pt": MODEL}}, "reference-not-text", {"type": "dict"}, MODEL
    ),
    "an entry that is a number": Wrong(
        {"AutoConfig": 3, "AutoModel": MODEL},
        "reference-not-text",
        {"auto_class": "AutoConfig", "written": "3"},
        CONFIG,
    ),
    "an entry that is null": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": None}, "reference-not-text", {"auto_class": "AutoModel"}, MODEL
    ),
    "an empty entry": Wrong(
        {"AutoConfig": "", "AutoModel": MODEL}, "reference-without-dot", {"auto_class": "AutoConfig"}, CONFIG
    ),
    "the class alone": Wrong({"AutoConfig": CONFIG, "AutoModel": "ShellModel"}, "reference-without-dot", {}, MODEL),
    "the file alone": Wrong({"AutoConfig": CONFIG, "AutoModel": "modeling_shell"}, "reference-without-dot"),
    "the file with its ending": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "modeling_shell.py.ShellModel"}, "reference-with-ending", {}, MODEL
    ),
    "a folder": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "code.modeling_shell.ShellModel"},
        "reference-with-dots",
        {"count": 2, "written": '"code.modeling_shell.ShellModel"'},
        MODEL,
    ),
    "two repositories": Wrong({"AutoConfig": f"a/b--c/d--{CONFIG}", "AutoModel": MODEL}, "reference-repositories"),
    "a file of another name": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "modelling_shell.ShellModel"},
        "class-file-missing",
        {"file": "modelling_shell.py", "found": "modeling_shell.py"},
        MODEL,
    ),
    "a file of another case": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "Modeling_Shell.ShellModel"}, "class-file-missing", {}, MODEL
    ),
    "a misspelt class": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "modeling_shell.ShelModel"}, "class-missing", {"class": "ShelModel"}, MODEL
    ),
    "a class of another file": Wrong(
        {"AutoConfig": CONFIG, "AutoModel": "configuration_shell.ShellModel"}, "class-missing", {}, MODEL
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_auto_map(name: str, loads: Loads, tmp_path: Path) -> None:
    wrong = WRONG[name]
    with loads.trace(shell(tmp_path / "dir", auto_map=wrong.auto_map), **LOAD) as trace:
        cause = only_cause(trace)
    assert (cause.kind, cause.certainty) == (wrong.kind, "certain")
    assert wrong.values.items() <= cause.values.items()
    told = cause.values.get("meant", cause.values.get("reference"))
    if wrong.right is not None:
        assert told == wrong.right


@pytest.mark.parametrize("name", ["an entry that is a number", "the file with its ending", "a misspelt class"])
def test_the_reference_that_is_told_works(name: str, loads: Loads, tmp_path: Path) -> None:
    wrong = WRONG[name]
    with loads.trace(shell(tmp_path / "dir", auto_map=wrong.auto_map), **LOAD) as trace:
        values = only_cause(trace).values
    mended = wrong.auto_map | {values["auto_class"]: values.get("meant", values["reference"])}
    assert loads.record(shell(tmp_path / "mended", auto_map=mended), **LOAD).outcome.status == "loaded"


def test_code_in_a_folder(loads: Loads, tmp_path: Path) -> None:
    """4.44 does not make the folder in the cache."""
    auto_map = {"AutoConfig": CONFIG, "AutoModel": "code/modeling_shell.ShellModel"}
    code = MODELING.replace("from .configuration_shell import ShellConfig", "from transformers import PretrainedConfig")
    code = code.replace("    config_class = ShellConfig\n", "")
    model = shell(tmp_path / "dir", {"code/modeling_shell.py": code}, auto_map=auto_map)
    with loads.trace(model, **LOAD) as trace:
        if OLD_LINE:
            cause = only_cause(trace)
            assert (cause.kind, cause.values["reference"]) == ("reference-into-folder", MODEL)
        else:
            assert trace.outcome.error == "AttributeError"  # it has no config_class: the file itself was found and ran


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("tokenization_shell.ShellTokenizer", "tokenizer-entry-not-pair"),
        (["tokenization_shell.ShellTokenizer"], "tokenizer-entry-not-pair"),
        (["tokenization_shell.py.ShellTokenizer", None], "reference-with-ending"),
        ([4, None], "reference-not-text"),
    ],
)
def test_a_wrong_entry_for_a_tokenizer(entry: Any, kind: str, loads: Loads, tmp_path: Path) -> None:
    import json

    settings = json.dumps({"auto_map": {"AutoTokenizer": entry}})
    code = "from transformers import PreTrainedTokenizer\n\n\nclass ShellTokenizer(PreTrainedTokenizer):\n    pass\n"
    files: dict[str, str | bytes] = {"tokenizer_config.json": settings, "tokenization_shell.py": code}
    with loads.trace(shell(tmp_path / "dir", files), **{**LOAD, "tokenizer": True}) as trace:
        cause = only_cause(trace)
    assert (cause.kind, cause.values["config"]) == (kind, "tokenizer_config.json")
    assert cause.values["reference"] == "tokenization_shell.ShellTokenizer"


def test_a_right_auto_map_is_not_accused(loads: Loads, tmp_path: Path) -> None:
    """A ValueError out of the class itself has another cause."""
    code = MODELING.replace("        super().__init__(config)\n", '        raise ValueError("not today")\n')
    with loads.trace(shell(tmp_path / "dir", {"modeling_shell.py": code}), **LOAD) as trace:
        assert only_cause(trace).kind == "own-code-raised"
