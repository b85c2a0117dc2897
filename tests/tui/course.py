"""A course of three walkthroughs over the demo, and a player that reads it."""

from __future__ import annotations

from typing import Any

from tests.walkthrough.writing import note, walkthrough, words
from tracer.trace.reading import Trace
from tracer.tui.player import Player

F = "get_class_from_dynamic_module"
SPLIT = {"function": F, "statement": "module_file, class_name =", "through": "return get_class_in_module"}
QUESTION = {
    "ask": {"en": "Which half comes first?", "zh": "前一半是什么？"},
    "answers": [
        {
            "text": {"en": "The class", "zh": "类名"},
            "because": {"en": "It stands behind the dot.", "zh": "类名在点的后面。"},
        },
        {
            "text": {"en": "The module", "zh": "模块名"},
            "because": {"en": "It is {{ after.module_file }}.", "zh": "是 {{ after.module_file }}。"},
            "right": True,
        },
    ],
}
FIRST = walkthrough(
    note({"function": F}, id="call", title={"en": "A class is wanted", "zh": "要找一个类"}),
    note(
        SPLIT,
        id="split",
        title={"en": "Split at the dot", "zh": "按点拆开"},
        text={"en": "{{ class_reference }} becomes two.", "zh": "{{ class_reference }} 拆成两段。"},
        question=QUESTION,
    ),
    note({"function": F, "statement": "repo_id, class_reference ="}, id="prefix", title=words("Another repository")),
    id="first", order=1, title={"en": "The dynamic class", "zh": "动态类"},
)  # fmt: skip
SECOND = walkthrough(
    note({"kind": "adapter-absent"}, stage="adapter", id="absent", title={"en": "No adapter", "zh": "没有适配器"}),
    id="second", order=2, title={"en": "Adapters", "zh": "适配器"},
)  # fmt: skip
NOWHERE = walkthrough(note({"function": "never"}), id="nowhere", order=3, title=words("Nowhere"))
COURSE = [FIRST, SECOND, NOWHERE]


def reading(trace: Trace, lang: Any = "en", **options: Any) -> Player:
    return Player(trace, lang, options.pop("start", None), walkthroughs=options.pop("walkthroughs", COURSE), **options)
