"""What the consent screen says, in English and in Chinese."""

from __future__ import annotations

from typing import Final

from tracer.i18n import Lang
from tracer.remote_code.result import PROCESSORS, Note, Reached, RemoteCode, RemoteFile, Unseen

ENGLISH: Final = {
    "title": "Remote code",
    "runs-1": "Loading this model runs one Python file that came with it, with your rights.",
    "runs": "Loading this model runs {count} Python files that came with it, with your rights.",
    "processors": "Listed too is what would run only if its code asked for a processor, which the load does not make.",
    "runs-unseen": "Loading this model runs code that cannot be shown here, with your rights.",
    "runs-none": "No code of its own was found with this model.",
    "stands-out": "What stands out",
    "nothing": "Nothing of the known kinds was found in {files}. That does not make it safe: read the code yourself.",
    "with-lines": "{file} ({count} lines)",
    "with-line": "{file} (1 line)",
    "more-findings": "and {count} more",
    "minor": "minor: {items}",
    "minor-many": "{package} ({kind}, {count} places)",
    "unseen": "Cannot be shown",
    "notes": "Worth knowing",
    "others": "Python files there that nothing was seen to lead to: {files}",
    "proof": "Found in the syntax tree: a help for reading, no proof that the code is safe. "
    "Code that is meant to hide something can hide it from this.",
    "at-line": "{name} (line {lines})",
    "at-lines": "{name} (lines {lines})",
    "on-import": "on import",
    "when-called": "when called",
    "line": "line",
    "does-not-parse": "line {line} does not parse ({why}): the load would fail here too",
    "not-searched": "nothing was looked for in it: {why}",
    "no-hash": "too large for a checksum",
    "unread": "could not be read",
    "really": "really {path}",
    "outside": "outside the model's directory",
    "from": "from {name}",
    "and": ", ",
    "for-processor": "{name}, not made by this load",
    "imported": "imported by {name}",
    "plain-import": "maybe imported by {name}",
    "custom-generate": "replaces generate (transformers 5: imported on load)",
    "question": "Run this code? [y/N/v] ",
    "question-unseen": "Run it unseen? [y/N] ",
    "keys": "y runs it · Enter does not · v shows a source",
    "keys-unseen": "y runs it · Enter does not",
    "which": "Which file? [1-{count}] ",
    "more": "-- Enter: more · q and Enter: back -- ",
    "end": "end of {file}",
    "changed": "It has changed since it was listed: sha256 is now {sha256}",
    "cut": "Only the first {size} are shown.",
    "refused": "Not run.",
    # kinds of findings
    "process": "process",
    "network": "network",
    "file-system": "files",
    "eval-exec": "eval/exec",
    "native": "native code",
    "environment": "environment",
    # why code cannot be shown
    "not-in-cache": "{name} is not in the local hub cache, so what would run cannot be shown",
    "file-not-in-cache": "{name} is not in the local hub cache; it would be fetched and run",
    "modules-cache": "{name} is taken from the modules cache, where another model left it",
    "config-too-large": "{name} is too large to be looked at, and may name code",
    "named": " (named by {name})",
    # notes
    "absent-model": "{subject} is neither a directory nor a hub id: nothing to look at",
    "adapter-base": "{subject} is an adapter: the code of its base model {detail} runs too",
    "adapter-imports": "{subject} has peft before 0.21 import the installed module {detail}",
    "adapter-stays": "adapter with a config.json of its own: transformers 4 goes on to {detail}, "
    "transformers 5 stays here",
    "bad-json": "{subject} is not JSON ({detail}): transformers will stop there",
    "hidden-characters": "{subject} has invisible or text-reordering characters in line {detail}",
    "hub-may-differ": "{subject} is shown as cached (commit {detail}); online, the hub may send a newer one",
    "hub-kernel": "{subject} asks for {detail} from the hub: native code, fetched if kernels is installed",
    "missing-file": "{subject} does not exist, but is asked for by {detail}",
    "not-text": "{subject} cannot be decoded: {detail}",
    "odd-auto-map": "{subject}: an auto_map entry is no class name: {detail}",
    "odd-base": "{subject} names no base model",
    "odd-reference": "{subject}: transformers does not accept this class name: {detail}",
    "other-encoding": "{subject} declares the encoding {detail}: Python reads it unlike most editors show it",
    "symlink-leaves": "{subject} is a link out of the directory, to {detail}",
    "too-large": "{subject}: nothing was looked for, only the first {detail} bytes were read",
    "too-many": "{subject}: only the first {detail} files are listed",
    "unreadable": "{subject} cannot be read: {detail}",
}

CHINESE: Final = {
    "title": "远程代码",
    "runs-1": "加载这个模型时，会以你的全部权限运行它自带的 1 个 Python 文件。",
    "runs": "加载这个模型时，会以你的全部权限运行它自带的 {count} 个 Python 文件。",
    "processors": "下面还列出了一些文件：只有当它的代码要用处理器时才会运行，加载本身不会创建处理器。",
    "runs-unseen": "加载这个模型时，会以你的全部权限运行一些这里看不到的代码。",
    "runs-none": "没有发现这个模型自带代码。",
    "stands-out": "值得留意",
    "nothing": "没有发现已知类型的可疑之处：{files}。这不等于安全，请自己读一遍。",
    "with-lines": "{file}（{count} 行）",
    "with-line": "{file}（1 行）",
    "more-findings": "另有 {count} 处",
    "minor": "次要：{items}",
    "minor-many": "{package}（{kind}，{count} 处）",
    "unseen": "看不到的代码",
    "notes": "另请注意",
    "others": "目录里另有一些 Python 文件，没有发现会被用到：{files}",
    "proof": "以上只是在语法树里查找的结果，可以帮你读代码，但不能证明代码安全；存心隐藏的内容是查不出来的。",
    "at-line": "{name}（第 {lines} 行）",
    "at-lines": "{name}（第 {lines} 行）",
    "on-import": "导入时",
    "when-called": "调用时",
    "line": "行号",
    "does-not-parse": "第 {line} 行有语法错误（{why}），加载也会在这里失败",
    "not-searched": "没有在其中查找：{why}",
    "no-hash": "文件太大，未计算校验和",
    "unread": "无法读取",
    "really": "实际位于 {path}",
    "outside": "不在模型目录里",
    "from": "来自 {name}",
    "and": "、",
    "for-processor": "{name}（本次加载不会创建）",
    "imported": "由 {name} 导入",
    "plain-import": "可能由 {name} 导入",
    "custom-generate": "替换 generate（transformers 5 在加载时就会导入）",
    "question": "运行这些代码吗？[y/N/v] ",
    "question-unseen": "不看内容就运行吗？[y/N] ",
    "keys": "y 运行 · 回车 不运行 · v 查看源码",
    "keys-unseen": "y 运行 · 回车 不运行",
    "which": "看哪个文件？[1-{count}] ",
    "more": "-- 按回车继续，输入 q 再回车返回 -- ",
    "end": "{file} 到此为止",
    "changed": "文件在列出之后变了：现在的 sha256 是 {sha256}",
    "cut": "只显示开头的 {size}。",
    "refused": "没有运行。",
    "process": "进程",
    "network": "网络",
    "file-system": "文件",
    "eval-exec": "动态执行",
    "native": "原生代码",
    "environment": "环境/密钥",
    "not-in-cache": "{name} 不在本机的 hub 缓存里，无法显示会运行什么",
    "file-not-in-cache": "{name} 不在本机的 hub 缓存里，加载时会下载并运行",
    "modules-cache": "{name} 取自模块缓存，是别的模型留下的代码",
    "config-too-large": "{name} 太大，没有查看，其中可能指定了代码",
    "named": "（由 {name} 指定）",
    "absent-model": "{subject} 既不是目录，也不是 hub 上的模型名，没有可看的内容",
    "adapter-base": "{subject} 是适配器：它的基座模型 {detail} 的代码也会运行",
    "adapter-imports": "{subject} 会让 0.21 之前的 peft 导入已安装的模块 {detail}",
    "adapter-stays": "适配器目录里有自己的 config.json：transformers 4 会转去加载 {detail}，"
    "transformers 5 则留在本目录",
    "bad-json": "{subject} 不是合法的 JSON（{detail}），transformers 会在这里出错",
    "hidden-characters": "{subject} 第 {detail} 行有看不见的字符，或会打乱文字显示顺序的字符",
    "hub-may-differ": "{subject} 显示的是缓存里的版本（提交 {detail}）；联网时 hub 可能给出更新的版本",
    "hub-kernel": "{subject} 要用 hub 上的 {detail}：如果装了 kernels 包，会下载并运行其中的原生代码",
    "missing-file": "{subject} 不存在，但 {detail} 要用到它",
    "not-text": "{subject} 无法解码：{detail}",
    "odd-auto-map": "{subject}：auto_map 里有一项不是类名：{detail}",
    "odd-base": "{subject} 没有写明基座模型",
    "odd-reference": "{subject}：transformers 不接受这样的类名：{detail}",
    "other-encoding": "{subject} 声明的编码是 {detail}：Python 读到的内容和多数编辑器里看到的不一样",
    "symlink-leaves": "{subject} 是指向目录之外的链接，指向 {detail}",
    "too-large": "{subject} 没有查找，只读了开头的 {detail} 字节",
    "too-many": "{subject}：只列出前 {detail} 个文件",
    "unreadable": "{subject} 无法读取：{detail}",
}

_WORDS: Final[dict[str, dict[str, str]]] = {"en": ENGLISH, "zh": CHINESE}


def say(lang: Lang, key: str, /, **values: object) -> str:
    """One phrase with its values. The values are foreign text: put in, never read as a format."""
    return _WORDS[lang][key].format_map(values)


def intro(lang: Lang, code: RemoteCode) -> str:
    count = len(code.running)
    if not count:
        return say(lang, "runs-unseen" if code.unseen else "runs-none")
    runs = say(lang, "runs-1" if count == 1 else "runs", count=count)
    return runs if count == len(code.files) else f"{runs}{' ' if lang == 'en' else ''}{say(lang, 'processors')}"


def with_lines(lang: Lang, file: RemoteFile) -> str:
    """Return a file's name with how much there is to read."""
    return say(lang, "with-line" if file.lines == 1 else "with-lines", file=file.path, count=file.lines)


def reasons(lang: Lang, reached: tuple[Reached, ...]) -> list[str]:
    """Why a file would run, in a few words each: the auto classes, or else the files that import it."""
    auto = list(dict.fromkeys(one.name for one in reached if one.way == "auto-class"))
    parts = [name for name in auto if name not in PROCESSORS]
    if not parts and auto:
        parts = [say(lang, "for-processor", name=say(lang, "and").join(auto))]
    if any(one.way == "custom-generate" for one in reached):
        parts.append(say(lang, "custom-generate"))
    for way, key in (("import", "imported"), ("plain-import", "plain-import")):
        importers = list(dict.fromkeys(one.name for one in reached if one.way == way))
        if importers and not parts:
            parts.append(say(lang, key, name=say(lang, "and").join(importers)))
    return parts


def unseen_line(lang: Lang, unseen: Unseen) -> str:
    named = say(lang, "named", name=unseen.named_by) if unseen.named_by else ""
    return say(lang, unseen.why, name=unseen.name) + named


def note_line(lang: Lang, note: Note) -> str:
    return say(lang, note.kind, subject=note.subject, detail=note.detail)


def size(count: int) -> str:
    """Bytes for a person: 812 B, 4.2 kB, 1.3 MB."""
    if count < 1000:
        return f"{count} B"
    value, units = count / 1000, ["GB", "MB", "kB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop()
    return f"{value:.1f} {units[-1]}"
