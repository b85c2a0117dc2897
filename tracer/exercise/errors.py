"""What is said where a command about exercises can't be done, in both languages."""

from __future__ import annotations

from typing import Any, Final

from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.trace.errors import TracerError

ERRORS: Final[dict[str, tuple[str, str]]] = {
    "error:no-course": (
        "There is no course folder here or above. Begin with: glm-trace exercise start",
        "这里和上层都没有课程目录。先运行：glm-trace exercise start",
    ),
    "error:nothing-started": (
        "No exercise has been started in {folder}. Begin with: glm-trace exercise start",
        "{folder} 里还没有开始任何练习。先运行：glm-trace exercise start",
    ),
    "error:not-started": (
        "{id} has not been started in {folder}. Start it with: {command}",
        "{folder} 里还没有开始 {id}。先运行：{command}",
    ),
    "error:no-exercise": ("There is no exercise {name}. {hint}", "没有名为 {name} 的练习。{hint}"),
    "error:near": ("Did you mean {near}?", "是不是 {near}？"),
    "error:see-list": ("See them with: glm-trace exercise list", "查看全部：glm-trace exercise list"),
    "error:source-gone": (
        "The exercise {id} was started from {folder}, and it is not there any more. Name the folder that holds it with "
        "--exercises.",
        "练习 {id} 原来在 {folder}，现在已不在那里。请用 --exercises 给出它所在的目录。",
    ),
    "error:not-a-folder": (
        "{folder} is a file; a course folder is needed there. Name another.",
        "{folder} 是文件，而这里需要课程目录。请换一个。",
    ),
    "error:in-the-way": (
        "{folder} exists and was not made by glm-trace, so nothing is written there. Move it, or name another folder.",
        "{folder} 已经存在，而且不是 glm-trace 建的，所以没有写入。请移走它，或换一个目录。",
    ),
    "error:damaged": (
        "{path} is damaged ({message}) and was left as it is. Mend it, or move it away: your exercises stay, what is "
        "remembered of them begins anew.",
        "{path} 已损坏（{message}），没有改动它。请修好或移走它：练习文件都在，只是进度会重新记起。",
    ),
    "error:newer": (
        "{path} was written by a newer glm-trace and was left as it is. Use that one, or another course folder.",
        "{path} 是更新版本的 glm-trace 写的，没有改动它。请用那个版本，或换一个课程目录。",
    ),
    "error:too-large": (
        "{folder} holds more than {megabytes} MB or {files} files; an exercise needs far fewer. Move what does not "
        "belong to it elsewhere.",
        "{folder} 超过 {megabytes} MB 或 {files} 个文件，练习用不着这么多。请把无关的文件移到别处。",
    ),
    "error:check-under-way": (
        "Another check of {folder} is still running. Wait until it has ended.",
        "{folder} 正在另一处检查，请等它结束。",
    ),
    "error:os": ("{path} can't be read or written: {message}.", "{path} 无法读写：{message}。"),
    "error:not-agreed": (
        "{id} comes from {folder} and runs code from there, to which nobody has agreed. Look at it, then say yes with: "
        "{command}",
        "{id} 来自 {folder}，会运行那里的代码，但还没有人同意。看过之后可以这样同意：{command}",
    ),
    "error:foreign-course": (
        "{folder} was not made here by you, or was moved since, and checking runs the code in it. Look at it, then say "
        "yes with: {command}",
        "{folder} 不是你在这台机器上建的，或者后来移动过；检查会运行其中的代码。看过之后可以这样同意：{command}",
    ),
    "error:changed": (
        "{folder} has changed since you agreed to run its code. Look at {id} again, then say yes with: {command}",
        "同意运行之后，{folder} 里的内容变了。请重新看看 {id}，然后这样同意：{command}",
    ),
    "error:release": (
        "{id} needs transformers {releases}, and {release} is installed.",
        "{id} 需要 transformers {releases}，现在装的是 {release}。",
    ),
    "error:bad-answer": (
        "--answer {pair} is no ID=TEXT pair. The questions are: {ids}.",
        "--answer {pair} 不是“名称=回答”的形式。题目里的提问有：{ids}。",
    ),
    "error:no-question": (
        "{id} has no question {name}. The questions are: {ids}.",
        "{id} 里没有名为 {name} 的提问。提问有：{ids}。",
    ),
    "error:no-questions": ("{id} asks nothing, so there is nothing to answer.", "{id} 没有提问，无需回答。"),
    "error:bad-number": (
        "{name} is answered with a number from 1 to {count}, and not with {given}.",
        "{name} 要用 1 到 {count} 的数字回答，不能是 {given}。",
    ),
    "error:unanswered": (
        "{id} asks a question first, and this is no terminal to answer it in. Answer it with: {command}",
        "{id} 要先回答问题，而这里不是终端，没法问。可以这样回答：{command}",
    ),
    "error:say-yes": (
        "This asks first, and there is no terminal to answer in. Say yes with --yes.",
        "这一步要先确认，而这里不是终端。可以用 --yes 表示同意。",
    ),
    "error:terminal": (
        "Watching needs a terminal. Check once instead with: {command}",
        "留意文件变化需要终端。可以只检查一次：{command}",
    ),
}


class ExerciseError(TracerError):
    """A mistake about exercises, which can be told in both languages; ``str()`` of it is English."""

    def __init__(self, key: str, exit_code: int = 2, /, **values: Any) -> None:
        self.key = f"error:{key}"
        self.values = {
            name: value if isinstance(value, tuple) else visible(str(value)) for name, value in values.items()
        }
        self.exit_code = exit_code
        super().__init__(self.told("en"))

    def told(self, lang: Lang) -> str:
        """The sentence; a value that is itself two sentences is a pair."""
        number = 0 if lang == "en" else 1
        values = {name: value[number] if isinstance(value, tuple) else value for name, value in self.values.items()}
        return ERRORS[self.key][number].format_map(values)


def pair(key: str, /, **values: Any) -> tuple[str, str]:
    """A sentence in both languages, to stand in another."""
    shown = {name: visible(str(value)) for name, value in values.items()}
    english, chinese = ERRORS[f"error:{key}"]
    return english.format_map(shown), chinese.format_map(shown)
