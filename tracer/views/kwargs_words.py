"""What ``glm-trace kwargs`` says, in English and in Chinese."""

from __future__ import annotations

from typing import Any, Final

from tracer.i18n import Lang
from tracer.views.filling import fill

WORDS: Final[dict[str, tuple[str, str]]] = {
    # the overview
    "user": ("Given by the user", "用户给出的"),
    "library": ("Made up by the library", "库自己加的"),
    "stops": ("{count:# stop, step|# stops, steps} {first}–{last}", "{count} 站，第 {first}–{last} 步"),
    "one-stop": ("1 stop, step {first}", "1 站，第 {first} 步"),
    "none": ("The call had no keyword arguments.", "这次调用没有关键字参数。"),
    "no-calls": (
        "The user called no from_pretrained in this trace, so there are no keyword arguments to follow.",
        "这份记录里用户没有调用过 from_pretrained，没有可以跟踪的关键字参数。",
    ),
    "one": ("the whole path of one", "查看其中一个走过的全程"),
    "other-call": ("the other call, at step {step}", "第 {step} 步的另一次调用"),
    "next": ("Next", "接下来"),
    # origin, in the head of a path
    "by-user": ("given by the user", "用户给出"),
    "by-library": ("made up by the library", "库自己加的"),
    # ends
    "end:config": ("set on the config: {where}.{name}", "成为配置的属性：{where}.{name}"),
    "end:overwritten": (
        "set on the config: {where}.{name}, and overwritten later (step {step})",
        "成为配置的属性：{where}.{name}，后来又被覆盖（第 {step} 步）",
    ),
    "end:overwritten-by": (
        "set on the config: {where}.{name}, then overwritten by config.json's {by} (step {step})",
        "成为配置的属性：{where}.{name}，随后被 config.json 的 {by} 覆盖（第 {step} 步）",
    ),
    "end:handed": ("handed on to {where}, not followed further", "传给 {where}，之后没有跟踪"),
    "end:on": ("{end}; from there to {on}, not followed further", "{end}；再传给 {on}，之后没有跟踪"),
    "end:constructor": ("reached the constructor: {where}({name})", "传到构造函数：{where}({name})"),
    "end:used": ("taken by {where}", "由 {where} 取走"),
    "end:used-as": ("taken by {where} as {name}", "由 {where} 取走，名为 {name}"),
    "end:dropped": ("thrown away by {where}", "被 {where} 丢弃"),
    "end:refused": ("refused by {where}", "被 {where} 拒绝"),
    "end:left": ("left over: nothing used it", "到最后也没有谁用它"),
    "end:unfinished": ("was still on its way when the load ended", "加载结束时还在半路上"),
    # stops
    "given": ("given in {where}", "在 {where} 里给出"),
    "put-in": ("put into {where}: {value}", "放进 {where}：{value}"),
    "put-in-call": ("added to the call of {where}: {value}", "调用 {where} 时加上：{value}"),
    "copied": ("copied to {where}", "复制到 {where}"),
    "read": ("read into {where}, and left where it is", "读到 {where}，原处不动"),
    "taken-out": ("taken out into {where}", "取出，存到 {where}"),
    "taken-out-there": ("taken out by what was called", "被所调用的函数取走"),
    "renamed": ("goes on as {where}", "改名为 {where}"),
    "changed-value": ("{where} becomes {value}", "{where} 变为 {value}"),
    "handed-on": ("handed on to {where}", "传给 {where}"),
    "came-back": ("came back in {where}, unused", "没被用掉，回到 {where}"),
    "unused": ("not used by {where}", "没有用到它的：{where}"),
    "reached-constructor": ("reached the constructor {where}", "传到构造函数 {where}"),
    "became-config": ("set on the config: {where}", "成为配置的属性：{where}"),
    "overwritten": ("overwritten: {where} becomes {value}", "被覆盖：{where} 变为 {value}"),
    "overwritten-by": (
        "overwritten by config.json's {by}: {where} becomes {value}",
        "被 config.json 的 {by} 覆盖：{where} 变为 {value}",
    ),
    "put-back": ("put back: {where}", "放回 {where}"),
    "dropped": ("thrown away", "丢弃"),
    "refused": ("refused by {where}", "被 {where} 拒绝"),
    "times": ("({count} times)", "（{count} 次）"),
    "in": ("in {function}", "在 {function} 中"),
    "hidden": (
        "{count} not shown: calls that did not use it, calls named above, unused copies (--all)",
        "另有 {count} 站没有列出：没用上它的调用、上一行已列出的调用、没再用到的副本（--all）",
    ),
}


def word(lang: Lang, key: str, **values: Any) -> str:
    """The sentence of a key, filled in."""
    return fill(WORDS[key][0 if lang == "en" else 1], values)
