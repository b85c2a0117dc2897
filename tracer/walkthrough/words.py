"""The sentences of walkthroughs, in English and in Chinese: why a note has no step, what is wrong, frames of pages.

Each pair says the same thing in its own way; a test holds that no key and no placeholder is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tracer.export.decisions_words import WORDS as DECISIONS
from tracer.export.filling import fill
from tracer.export.phrases import Lang, stage_name
from tracer.trace.visible import one_line, visible
from tracer.walkthrough.checking import Problem
from tracer.walkthrough.unbound import Unbound

WORDS: Final[dict[str, tuple[str, str]]] = {
    # why a note has no step
    "why:release": (
        "It is about transformers {wanted}, and this load ran on {release}.",
        "它讲的是 transformers {wanted}，这次加载用的是 {release}。",
    ),
    "why:stage": ("This load never came to the stage {stage}.", "这次加载没有走到“{stage}”阶段。"),
    "why:kind": ("Nothing of the kind {kind} happened in the stage {stage}.", "“{stage}”阶段没有出现 {kind}。"),
    "why:function": ("{function} was never called in this load.", "这次加载没有调用 {function}。"),
    "why:statement": (
        "{function} of this release has no statement {statement}.",
        "这个版本的 {function} 里没有语句 {statement}。",
    ),
    "why:values": (
        "{function} ran in the stage {stage}, but not in the case that the note is about.",
        "“{stage}”阶段执行了 {function}，但不是这条讲解所说的情形。",
    ),
    "why:other-stage": (
        "{function} ran, but not in the stage {stage}.",
        "执行过 {function}，但不在“{stage}”阶段。",
    ),
    "why:decision": (
        "{statement} did not run: in {inside}, line {line}, {asked} → {outcome}.",
        "{statement} 没有执行：{inside} 第 {line} 行，{asked} → {outcome}。",
    ),
    "why:decision-values": (
        "{statement} did not run: in {inside}, line {line}, {asked} → {outcome}, with {names}.",
        "{statement} 没有执行：{inside} 第 {line} 行，{asked} → {outcome}，当时 {names}。",
    ),
    "why:decision-call": (
        "{function} was not called: in {inside}, line {line}, {asked} → {outcome}.",
        "没有调用 {function}：{inside} 第 {line} 行，{asked} → {outcome}。",
    ),
    "why:decision-call-values": (
        "{function} was not called: in {inside}, line {line}, {asked} → {outcome}, with {names}.",
        "没有调用 {function}：{inside} 第 {line} 行，{asked} → {outcome}，当时 {names}。",
    ),
    "why:left-before": (
        "{inside} ended before it came to {statement}.",
        "{inside} 在走到 {statement} 之前就结束了。",
    ),
    "why:same": ("For the same reason as the one before.", "原因与上一条相同。"),
    # what is wrong with a walkthrough
    "problem:unbound": ("the note has no step. {why}", "找不到对应的步骤。{why}"),
    "expect:recorded": (
        "expected a value under {subject}; nothing is recorded under it at this step",
        "预期 {subject} 有值，但这一步没有记录到",
    ),
    "expect:is": ("expected {subject} to be {asked}; it is {there}", "预期 {subject} 是 {asked}，实际是 {there}"),
    "expect:is near": (
        "expected {subject} to be about {asked}; it is {there}",
        "预期 {subject} 约为 {asked}，实际是 {there}",
    ),
    "expect:is of type": (
        "expected {subject} to be of type {asked}; it is {there}",
        "预期 {subject} 的类型是 {asked}，实际是 {there}",
    ),
    "expect:has shape": (
        "expected {subject} to have shape {asked}; it is {there}",
        "预期 {subject} 的形状是 {asked}，实际是 {there}",
    ),
    "expect:has dtype": (
        "expected {subject} to have dtype {asked}; it is {there}",
        "预期 {subject} 的 dtype 是 {asked}，实际是 {there}",
    ),
    "expect:has length": (
        "expected {subject} to have length {asked}; it is {there}",
        "预期 {subject} 的长度是 {asked}，实际是 {there}",
    ),
    "expect:has parameters": (
        "expected {subject} to have {asked} parameters; it is {there}",
        "预期 {subject} 有 {asked} 个参数，实际是 {there}",
    ),
    "expect:has": (
        "expected {subject} to hold {asked}; it holds {there}",
        "预期 {subject} 含有 {asked}，实际含有 {there}",
    ),
    "expect:lacks": (
        "expected {subject} not to hold {asked}; it holds {there}",
        "预期 {subject} 不含 {asked}，实际含有 {there}",
    ),
    "expect:decision": (
        "expected a decision to go {asked}; there is: {there}",
        "预期判断走 {asked}，实际是：{there}",
    ),
    "expect:no decision": (
        "expected a decision to go {asked}; no decision is made at this step",
        "预期判断走 {asked}，但这一步没有判断",
    ),
    "expect:journey": (
        "expected the argument {subject} to end as {asked}; there is: {there}",
        "预期参数 {subject} 的下落是 {asked}，实际是：{there}",
    ),
    "expect:difference": (
        "expected the releases to differ in {subject}; they do not",
        "预期两个版本在 {subject} 上有差别，实际没有",
    ),
    "expect:cause": ("expected the cause {asked}; there is: {there}", "预期失败原因是 {asked}，实际是：{there}"),
    "expect:no cause": ("expected the cause {asked}; no cause is found", "预期失败原因是 {asked}，但没有找到任何原因"),
    "problem:value": (
        "the text asks for {path}, and nothing is recorded under it at this step",
        "正文要用 {path}，但这一步没有记录到它的值",
    ),
    "problem:path": ("{path} can't be the path of a value", "{path} 不是合法的取值路径"),
    "problem:link": ("the link {link} leads nowhere", "链接 {link} 没有目标"),
    "problem:statement": ("{function} has no statement {statement}", "{function} 里没有语句 {statement}"),
    "problem:function": ("{function} was never called in this load", "这次加载没有调用 {function}"),
    "at-step": ("at step {step}", "第 {step} 步"),
    # the list
    "list:number": ("No.", "序号"),
    "list:id": ("Name", "名称"),
    "list:title": ("Title", "标题"),
    "list:notes": ("Notes", "讲解"),
    "list:here": ("Here", "适用"),
    "list:suits": ("For", "适用于"),
    "list:releases": ("transformers", "transformers"),
    "list:none": ("There is no walkthrough.", "没有导读。"),
    "suits:any": ("any load", "任何加载"),
    "suits:remote-code": ("remote code", "远程代码"),
    "suits:adapter": ("adapters", "适配器"),
    "suits:vision": ("vision", "视觉模型"),
    "suits:failed": ("failed loads", "加载失败"),
    # the frame of an article
    "part": ("Part {order} of the course", "课程第 {order} 篇"),
    "before": ("Read first: {titles}.", "请先读：{titles}。"),
    "made-from": ("Made from this load", "本文依据的加载"),
    "made:model": ("Model", "模型"),
    "made:class": ("Class", "类"),
    "made:releases": ("Releases", "版本"),
    "made:outcome": ("Outcome", "结果"),
    "made:notes": ("Notes", "讲解"),
    "made:notes-told": (
        "{bound} of {count} apply to this load",
        "共 {count} 条，{bound} 条适用于这次加载",
    ),
    "made:steps": ("{steps:# step|# steps}", "{steps} 步"),
    "contents": ("Contents", "目录"),
    "not-here": ("Does not apply to this load", "不适用于这次加载"),
    "legend": (
        "In the code, `>` marks the statement of the note and `-` lines that did not run. Values are those recorded "
        "at that step.",
        "代码中，`>` 标出所讲的语句，`-` 标出没有执行的行。文中的值都是那一步记录下来的。",
    ),
    "unbound-legend": (
        "No load was given: a value stands as its path, such as {example}. Give a trace to fill them in.",
        "没有给出加载记录，值以路径表示，例如 {example}。给出记录文件后会填入实际的值。",
    ),
    "place": ("step {step} · {stage} · {function}", "第 {step} 步 · {stage} · {function}"),
    "place-outside": ("step {step} · {stage} · {kind}", "第 {step} 步 · {stage} · {kind}"),
    "file-line": ("{path}, line {first}", "{path} 第 {first} 行"),
    "file-lines": ("{path}, lines {first}–{last}", "{path} 第 {first}–{last} 行"),
    "also": ("Also explained: {code}", "一并讲解：{code}"),
    "line-alone": ("line {first}", "第 {first} 行"),
    "lines": ("lines {first}–{last}", "第 {first}–{last} 行"),
    "gap": ("… {count} lines", "…… 省略 {count} 行"),
    "gap-one": ("… 1 line", "…… 省略 1 行"),
    "gap-not-run": ("… {count} lines that did not run", "…… 另有 {count} 行没有执行"),
    "gap-not-run-one": ("… 1 line that did not run", "…… 另有 1 行没有执行"),
    "value:role": ("When", "时刻"),
    "value:name": ("Name", "名称"),
    "value:value": ("Value", "值"),
    "value:used": ("before", "执行前"),
    "value:made": ("after", "执行后"),
    "value:argument": ("argument", "参数"),
    "value:returned": ("returned", "返回"),
    "value:raised": ("raised", "抛出"),
    "value:told": ("recorded", "记录"),
    "decided": ("Which way it went", "实际走向"),
    "decided-line": ("line {line}", "第 {line} 行"),
    "question": ("Question", "思考"),
    "answers": ("Answer", "答案"),
    "right": ("right", "正确"),
    "wrong": ("wrong", "错误"),
    "see": ("See also: {links}", "另见：{links}"),
    "of-walkthrough": ("“{note}” in “{title}”", "《{title}》中的“{note}”"),
    "walkthrough": ("the walkthrough “{title}”", "导读《{title}》"),
    "where": ("Where: {function}, at {statement}", "位置：{function}，{statement}"),
    "where-call": ("Where: {function}", "位置：{function}"),
    "where-kind": ("Where: a step of the kind {kind}", "位置：类型为 {kind} 的步骤"),
    "note-of": ("Note {number} of {count}", "讲解 {number}/{count}"),
    "its-text": ("What the note explains", "这条讲解说的是什么"),
    # checking
    "check:ok": ("ok", "通过"),
    "check:bad": ("{count} problems", "{count} 处问题"),
    "check:bad-one": ("1 problem", "1 处问题"),
    "check:checked": ("{count:# note|# notes} checked", "检查了 {count} 条讲解"),
    "check:checked-one": ("1 note checked", "检查了 1 条讲解"),
    "check:nothing": ("no note is about these loads", "没有讲解针对这些加载"),
    "check:recording": ("recording load {number} of {count}: {load}", "正在录制第 {number}/{count} 次加载：{load}"),
    "check:no-walkthroughs": ("There is no walkthrough to check.", "没有可检查的导读。"),
    "coverage:function": ("Function", "函数"),
    "coverage:statements": ("Explained", "已讲解"),
    "coverage:share": ("%", "%"),
    "coverage:total": ("total", "合计"),
    "coverage:of": ("Coverage of {load} on transformers {release}", "{load} 的讲解覆盖率（transformers {release}）"),
    "coverage:none": ("None of these notes explains code of this load.", "这些讲解没有讲到这次加载的代码。"),
    # a new one
    "new:written": ("Written: {path}", "已写入：{path}"),
    "new:next": ("Check it with:", "检查它："),
}


def tell(lang: Lang, key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key, filled in; a value that is not known is ``…``."""
    return fill(WORDS[key][0 if lang == "en" else 1], _Known(values or {}))


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


_CODE: Final = ("function", "inside", "statement", "asked", "kind")
_LONGEST: Final = 100

_QUOTED: Final = ("path", "link", "function", "statement", "subject")

Marked = Callable[[str], str]
"""How code stands in a sentence: as it is, or marked as code."""


def told(unbound: Unbound, lang: Lang, marked: Marked = str) -> str:
    """Why a note has no step in a load, as a sentence.

    Args:
        unbound: the reason.
        lang: the language.
        marked: what is done to the code in the sentence; by default nothing.
    """
    return _reason(unbound.what, unbound.values, lang, marked)


def problem_told(problem: Problem, lang: Lang) -> str:
    """What is wrong, as a sentence that goes on from the names of walkthrough and note."""
    values = problem.values
    if problem.what == "unbound":
        return tell(lang, "problem:unbound", {"why": _reason(str(values.get("why")), values, lang, _quoted)})
    key = f"expect:{values.get('claim')}" if problem.what == "expect" else f"problem:{problem.what}"
    words = {name: one_line(str(value), 300) for name, value in values.items()}
    quoted = {name: _quoted(word) if name in _QUOTED else word
              for name, word in words.items()}  # fmt: skip
    return tell(lang, key, quoted)


def _reason(what: str, values: Mapping[str, Any], lang: Lang, marked: Marked) -> str:
    key = f"why:{what}"
    if what == "decision":
        key += "-call" * bool(values.get("called")) + "-values" * bool(values.get("names"))
    if key not in WORDS:
        return visible(what)
    words: dict[str, str] = {}
    for name, value in values.items():
        text = one_line(str(value), _LONGEST)
        words[name] = marked(text) if name in _CODE else text
    words["stage"] = stage_name(str(values.get("stage")), lang)
    if what == "decision":
        words["outcome"] = _outcome(str(values.get("outcome")), str(values.get("taken") or ""), lang)
        words["names"] = _names(values.get("names"), marked, lang)
    return tell(lang, key, words)


def _outcome(outcome: str, taken: str, lang: Lang) -> str:
    key = {"then": "yes", "after": "no", "else": "no-else", "elif": "no-elif", "not-entered": "rounds-none",
           "entered": "rounds-unknown"}.get(outcome, outcome)  # fmt: skip
    if key not in DECISIONS:
        return visible(outcome)
    return fill(DECISIONS[key][0 if lang == "en" else 1], _Known({"taken": one_line(taken, _LONGEST)}))


def _names(names: object, marked: Marked, lang: Lang) -> str:
    pairs = names.items() if isinstance(names, dict) else ()
    between = ", " if lang == "en" else "，"
    return between.join(marked(one_line(f"{name} = {value}", _LONGEST)) for name, value in pairs)


def _quoted(text: str) -> str:
    return f"`{text}`"
