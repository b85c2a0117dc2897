"""A teacher's exercise made by hand: the bundled first one under another name, with questions."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ROOT
from tests.support.damaged import edit_text

FIRST = "misspelt-auto-map"
QUESTIONS = """predictions:
  - id: class
    ask: {en: "Which class will it be?", zh: "会是哪个类？"}
    answer: load.class
    after: {en: "It is {{ load.class }}.", zh: "是 {{ load.class }}。"}
    choices:
      - {text: {en: "`BertModel`", zh: "`BertModel`"}, is: "*BertModel"}
      - {text: {en: "`BrokenModel`", zh: "`BrokenModel`"}, is: "*BrokenModel"}
  - id: status
    ask: {en: "How does the load end?", zh: "加载的结果是什么？"}
    answer: load.status
    after: {en: "It ends as {{ load.status }}.", zh: "结果是 {{ load.status }}。"}
solution: {class: "2", status: loaded}
wrong:
"""


def teachers(folder: Path, name: str = "asking", *, questions: bool = True) -> Path:
    """Write it as ``FOLDER/NAME``; returns the folder."""
    shutil.copytree(ROOT / "walkthroughs" / "exercises" / FIRST, folder / name)
    task = folder / name / "task.yaml"
    edit_text(task, f"id: {FIRST}\norder: 1\n", f"id: {name}\n")
    if questions:
        edit_text(task, "wrong:\n", QUESTIONS)
    return folder


def mend(learner: Path) -> None:
    """Do what the task asks for."""
    edit_text(learner / "model" / "config.json", "modelling_broken", "modeling_broken")


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
