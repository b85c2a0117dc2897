"""The sentences of exercises, in English and in Chinese: what a learner is told, asked, and what is wrong.

Each pair says the same thing in its own way; a test holds that no key and no placeholder is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.exercise.errors import ERRORS
from tracer.i18n import Lang
from tracer.views.filling import fill

WORDS: Final[dict[str, tuple[str, str]]] = {
    **ERRORS,
    # tables
    "column:order": ("No.", "序号"),
    "column:id": ("Name", "名称"),
    "column:title": ("Title", "标题"),
    "column:state": ("State", "进度"),
    "column:checks": ("Checks", "检查"),
    "column:hints": ("Hints", "提示"),
    "column:solution": ("Solution", "答案"),
    "column:when": ("When", "时间"),
    "state:solved": ("solved", "已完成"),
    "state:started": ("started", "进行中"),
    "state:new": ("not started", "未开始"),
    "state:release": ("needs {releases}", "需要 {releases}"),
    "solution:seen": ("seen", "看过"),
    "list:none": ("There is no exercise.", "没有练习。"),
    "list:begin": ("Begin with: {command}", "开始做：{command}"),
    "progress:count": ("{solved} of {count} solved", "共 {count} 题，已完成 {solved} 题"),
    # the sheet
    "sheet:heading": ("Exercise {order}: {title}", "练习 {order}：{title}"),
    "sheet:questions": ("Predict first", "先预测"),
    "sheet:questions-why": (
        "`check` asks you this before it runs anything. Look at the files, think, then answer.",
        "`check` 会在运行之前先问你下面的问题。先看文件、想一想，再回答。",
    ),
    "sheet:working": ("Working on it", "怎样做"),
    "sheet:commands": (
        "Edit the files in this folder. In it, or anywhere in the course folder:",
        "直接修改这个目录里的文件。在这里，或在课程目录的任何位置，都可以运行：",
    ),
    "sheet:check": ("record a load and judge it", "录制一次加载，并据此评判"),
    "sheet:watch": ("do so whenever you save a file", "每次保存文件都自动评判"),
    "sheet:hint": ("a hint; there are {hints}", "看一条提示，共 {hints} 条"),
    "sheet:solution": ("one way to do it, in a folder beside this one", "看一种做法，写在旁边的目录里"),
    "sheet:reset": ("begin anew; this folder is kept aside", "重新开始；现在的目录会留在一旁"),
    # starting
    "start:made": ("Your files are in {folder}", "文件放在 {folder}"),
    "start:next": ("Go there, edit, and let it be checked whenever you save:", "进入目录，一边修改，一边自动评判："),
    "start:exists": (
        "{id} was started before; your files in {folder} are as you left them.",
        "{id} 之前已经开始了，{folder} 里的文件没有动过。",
    ),
    "start:reset": ("To begin it anew: {command}", "想重新开始：{command}"),
    "start:all-solved": (
        "Every exercise here is solved. To do one again: glm-trace exercise reset NAME",
        "这里的练习都完成了。想再做一遍：glm-trace exercise reset 名称",
    ),
    # consent
    "trust:what": (
        "{id} is not part of glm-trace; it comes from {folder}. When it is checked, code of that folder runs on this "
        "machine:",
        "{id} 不是 glm-trace 自带的，它来自 {folder}。检查时，会在本机运行该目录里的代码：",
    ),
    "trust:course": (
        "{folder} was not made here by you, or was moved since. When an exercise is checked, the code in it runs on "
        "this machine.",
        "{folder} 不是你在这台机器上建的，或者后来移动过。检查练习时，会在本机运行其中的代码。",
    ),
    "trust:none": ("(no Python file of its own)", "（没有自己的 Python 文件）"),
    "trust:more": ("… and {count} more", "…… 另有 {count} 个"),
    "trust:ask": ("Do you trust it? [y/N] ", "信任它吗？[y/N] "),
    # asking
    "ask:heading": (
        "Before anything runs: what do you expect? ({number} of {count})",
        "运行之前，先预测一下（{number}/{count}）",
    ),
    "ask:choose": ("Number: ", "选几号："),
    "ask:type": ("Answer: ", "你的回答："),
    "ask:range": ("Please type a number from 1 to {count}.", "请输入 1 到 {count} 之间的数字。"),
    "ask:empty": ("Please type an answer; Ctrl-C leaves.", "请输入回答；按 Ctrl-C 离开。"),
    "ask:nothing": (
        "There is nothing to answer again: this task asks nothing, or every answer was right.",
        "没有要重新回答的：这道题没有提问，或者都答对了。",
    ),
    # the judgement
    "told:checking": ("Checking {id}: {title}", "检查 {id}：{title}"),
    "told:see": ("See that step:", "看那一步："),
    "told:expected": ("Checked by: {fact}.", "判定依据：{fact}。"),
    "told:answer": ("You said: {given}", "你的回答：{given}"),
    "told:right": ("Right.", "答对了。"),
    "told:wrong": ("It came out otherwise: {found}", "实际结果不同：{found}"),
    "told:again": ("Think it over, then answer again: {command}", "想一想，再回答一次：{command}"),
    "told:not-seen": (
        "The recording never came to the place that this is about: {message}",
        "这次录制没有走到要看的地方：{message}",
    ),
    "told:no-message": ("it ended before", "它提前结束了"),
    "told:hint": ("A hint: {command}", "需要提示：{command}"),
    "told:solved": ("Solved: {title}. Well done!", "完成了：{title}。做得好！"),
    "told:read": ("What you have just seen is explained here:", "刚才看到的东西，这里有讲解："),
    "told:next": ("Next: {title}", "下一题：{title}"),
    "told:last": ("That was the last one that was open. Every exercise is solved.", "这是最后一题，全部练习都完成了。"),
    # runs that ended badly
    "broken:run": ("The run {run} did not end as a load ends", "“{run}”没有正常跑完"),
    "broken:seconds": (
        "It was still running after {seconds} s and was ended. Look for a loop that never ends, or for work that is "
        "far larger than it has to be. The last step that was recorded shows where it was.",
        "跑了 {seconds} 秒还没结束，被终止了。找找有没有不会结束的循环，或者远超需要的计算量。"
        "录到的最后一步就是它当时所在的位置。",
    ),
    "broken:output": (
        "It printed, or made the recording hold, more than {limit} MB, and was ended. Look for printing or calling in "
        "a loop that goes round far too often.",
        "它打印或产生的记录超过 {limit} MB，被终止了。找找有没有循环了太多遍的打印或调用。",
    ),
    "broken:memory": (
        "It wanted more than {limit} GB of memory, and did not get it. Look for sizes that are far larger than they "
        "have to be, or for something that grows in a loop.",
        "它要的内存超过 {limit} GB，没有分配给它。找找有没有大得出奇的尺寸，或者在循环里越积越多的东西。",
    ),
    "broken:missing": (
        "There is no {missing} in your folder to run. Was it moved or renamed?",
        "你的目录里没有要运行的 {missing}。是不是移走或改名了？",
    ),
    "broken:signal": (
        "Its process was killed by {signal}. Python can't report that: it ran out of memory, native code crashed, or "
        "the code sent the signal itself. The last step that was recorded shows where it was.",
        "它的进程被信号 {signal} 杀死，Python 来不及报告：可能是内存不够、原生代码崩溃，或者代码自己发了信号。"
        "录到的最后一步就是它当时所在的位置。",
    ),
    "broken:exit": (
        "The code ended its own process with exit code {code}, in the middle of the load. Look for `sys.exit`, "
        "`os._exit`, `exit` or `quit`: code of a model raises an error and lets whoever loads it decide.",
        "加载进行到一半，代码自己结束了进程，退出码是 {code}。找找 `sys.exit`、`os._exit`、`exit` 或 `quit`："
        "模型代码出错时应当抛出异常，由加载它的人决定怎么办。",
    ),
    "broken:unfinished": (
        "Its process ended without saying how. The last step that was recorded shows where it was.",
        "它的进程没有交代就结束了。录到的最后一步就是它当时所在的位置。",
    ),
    # hints and the solution
    "hint:of": ("Hint {number} of {count}", "提示 {number}/{count}"),
    "hint:no-more": (
        "That was the last hint. One way to do it: {command}",
        "提示都看完了。想看一种做法：{command}",
    ),
    "solution:ask": (
        "The solution of {id} takes the finding away from you. Look at it now? [y/N] ",
        "看了 {id} 的答案，就少了自己找出来的乐趣。现在就看吗？[y/N] ",
    ),
    "solution:kept": ("Then not. A hint instead: {command}", "那就先不看。可以先看提示：{command}"),
    "solution:written": (
        "One way to do it is in {folder}. Your own files are as they were.",
        "一种做法写在 {folder}，你自己的文件没有动。",
    ),
    "solution:there": ("It is in {folder} already; nothing was written.", "答案已经在 {folder} 里，没有重写。"),
    "solution:differs": ("It differs from the start in:", "与起始文件不同之处："),
    "solution:compare": ("Compare it with yours:", "和自己的对比："),
    "solution:answers": ("Its answers:", "提问的答案："),
    # resetting
    "reset:ask": (
        "{id} begins anew; what is in {folder} now is moved to {aside}. Go on? [y/N] ",
        "{id} 将重新开始，{folder} 里现有的内容会移到 {aside}。继续吗？[y/N] ",
    ),
    "reset:kept": ("Nothing was changed.", "没有任何改动。"),
    "reset:moved": ("Your old files are in {folder}", "原来的文件在 {folder}"),
    # watching
    "watch:waiting": (
        "{time} · Save a file, and it is checked again. Ctrl-C leaves.",
        "{time} · 保存文件就会重新检查；按 Ctrl-C 离开。",
    ),
    "watch:go-on": ("Go on with it? [Y/n] ", "接着做吗？[Y/n] "),
    "left": ("Left. Nothing is lost.", "已离开，什么都没丢。"),
    # validating
    "validate:ok": ("ok", "通过"),
    "validate:bad": ("{count} problems", "{count} 处问题"),
    "validate:bad-one": ("1 problem", "1 处问题"),
    "validate:other-release": ("not for transformers {release}", "不适用于 transformers {release}"),
    "validate:of": ("{attempts} wrong attempts", "{attempts} 个错误示例"),
    "validate:doing": ("{id}: {layer}", "{id}：{layer}"),
    "problem:start-passes": ("the untouched start passes", "起始文件没改就通过了"),
    "problem:solution-fails": ("the solution does not pass; first: {first}", "答案没有通过，最先失败的是：{first}"),
    "problem:attempt-passes": ("the wrong attempt {attempt} passes", "错误示例 {attempt} 居然通过了"),
    "problem:attempt-fails-elsewhere": (
        "the wrong attempt {attempt} should fail at {wanted}; it fails at {first}",
        "错误示例 {attempt} 应当败在 {wanted}，实际败在 {first}",
    ),
    "problem:few-attempts": (
        "it has {count:# wrong attempt|# wrong attempts}; there have to be at least {least}",
        "只有 {count} 个错误示例，至少要有 {least} 个",
    ),
    "problem:same-reason": (
        "the wrong attempts {attempt} and {other} fail for the same reason, {first}",
        "错误示例 {attempt} 和 {other} 败因相同：{first}",
    ),
    "problem:unlisted": (
        "there is a folder wrong/{attempt}, and the task names no such attempt",
        "有目录 wrong/{attempt}，但 task.yaml 里没有列出",
    ),
    "problem:no-files": ("{layer} can't be put together: {message}", "{layer} 拼不起来：{message}"),
    "problem:read": ("there is no walkthrough {name} to read", "没有可读的讲解 {name}"),
}


def tell(lang: Lang, key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key, filled in."""
    return fill(WORDS[key][0 if lang == "en" else 1], values or {})
