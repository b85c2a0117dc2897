"""What the player says around the notes of a walkthrough."""

from __future__ import annotations

from typing import Any, Final

from tracer.i18n import Lang
from tracer.views.filling import fill

NOTE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "loading": ("Looking up the notes for this load …", "正在为这次加载查找讲解……"),
    "none": ("No walkthrough has a note about this load.", "没有哪篇导读适用于这次加载。"),
    "not-open": (
        "{count:# note is|# notes are} about this load. Press w for the first one, or choose a "
        "walkthrough on the left.",
        "有 {count} 条讲解适用于这次加载。按 w 打开第一条，也可以在左侧选一篇。",
    ),
    "not-open-narrow": (
        "{count:# note is|# notes are} about this load. Press w for the first one.",
        "有 {count} 条讲解适用于这次加载。按 w 打开第一条。",
    ),
    "head": ("{title} · note {number} of {count}", "{title} · 第 {number}/{count} 条"),
    "at-step": ("step {step}", "第 {step} 步"),
    "away": (
        "You have walked away from this note's step. Press Enter here to go back to step {step}.",
        "你已经离开这条讲解对应的步骤。在这里按回车，回到第 {step} 步。",
    ),
    "not-here": ("Does not apply to this load: {why}", "不适用于这次加载：{why}"),
    "question": ("Before you look", "先想一想"),
    "choose": ("x, then ↑↓ and Enter to answer", "按 x 后用 ↑↓ 选择，回车作答"),
    "right": ("✓ Right.", "✓ 答对了。"),
    "wrong": ("✗ Not so.", "✗ 不对。"),
    "see": ("See also", "另见"),
    "next": ("w  next: {title}", "w  下一条：{title}"),
    "next-chapter": ("w  next walkthrough: {title}", "w  下一篇：{title}"),
    "last": ("This was the last note.", "这是最后一条讲解。"),
    "first": ("This is the first note.", "这是第一条讲解。"),
    "no-question": ("This note asks nothing.", "这条讲解没有提问。"),
}


def note_word(lang: Lang, key: str, **values: Any) -> str:
    """The words of a key, filled in."""
    return fill(NOTE_WORDS[key][0 if lang == "en" else 1], values)
