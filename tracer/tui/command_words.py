"""What is said around the player: while a load is recorded, and while the player is served to a browser."""

from __future__ import annotations

from typing import Any, Final

from tracer.i18n import Lang
from tracer.views.filling import fill

COMMAND_WORDS: Final[dict[str, tuple[str, str]]] = {
    # while it is recorded
    "recording": ("recording", "正在记录"),
    "ending": ("ending the load", "正在结束加载"),
    "sealing": ("writing the trace", "正在写入记录文件"),
    "starting": (
        "Starting Python and importing torch and transformers …",
        "正在启动 Python，导入 torch 和 transformers……",
    ),
    "steps": ("{count:# step|# steps}", "{count} 步"),
    "seconds": ("{count} s", "{count} 秒"),
    "tensors": ("{count:# tensor|# tensors}", "{count} 个张量"),
    "stages": ("Stages", "阶段"),
    "so-far": ("What has happened", "已经发生的事"),
    "now": ("now at {file}", "正在处理 {file}"),
    "interrupt": ("end the load and play what there is", "结束加载，播放已经记下的部分"),
    "kill": (
        "The load was asked to end and has 10 seconds for it. Once more: kill it",
        "已经要求结束加载，最多等 10 秒。再按一次：立即杀死",
    ),
    # when it fails itself
    "failed": (
        "The player failed, which is a fault of glm-trace ({what}). Please report it, with this traceback: {path}",
        "播放器自己出错了，这是 glm-trace 的缺陷（{what}）。请报告它，并附上这份 traceback：{path}",
    ),
    # while it is served
    "served": (
        "The player is at {url}, for browsers on this machine. Whoever has this address can open it. Ctrl-C ends it.",
        "播放器在 {url}，只有本机的浏览器能打开；谁知道这个地址，谁就能打开。按 Ctrl-C 结束。",
    ),
}


def word(lang: Lang, key: str, **values: Any) -> str:
    """The words of a key, filled in."""
    return fill(COMMAND_WORDS[key][0 if lang == "en" else 1], values)
