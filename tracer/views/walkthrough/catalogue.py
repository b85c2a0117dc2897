"""The catalogue of walkthroughs' sentences, in English and in Chinese, by their keys.

Each pair says the same thing in its own way; a test holds that no key and no placeholder is missing.
"""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    # why a note has no step
    "why:release": (
        "It is about transformers {wanted}, and this load ran on {release}.",
        "它讲的是 transformers {wanted}，这次加载用的是 {release}。",
    ),
    "why:stage": ("This load never came to the stage {stage}.", "这次加载没有走到“{stage}”阶段。"),
    "why:kind": ("Nothing of the kind {kind} happened in the stage {stage}.", "“{stage}”阶段没有出现 {kind}。"),
    "why:kind-elsewhere": (
        "{kind} was recorded, but not in the stage {stage}: it was recorded in {there}.",
        "记录到了 {kind}，但不在“{stage}”阶段，而在“{there}”阶段。",
    ),
    "why:kind-data": (
        "In the stage {stage} there is no {kind} with {wanted}.",
        "“{stage}”阶段没有 {wanted} 的 {kind}。",
    ),
    "why:function": ("{function} was never called in this load.", "这次加载没有调用 {function}。"),
    "why:no-function": (
        "The code that this load ran has no {function}.",
        "这次加载执行的代码里没有 {function}。",
    ),
    "why:no-call": ("{function} was never called in this load.", "这次加载没有调用 {function}。"),
    "why:no-return": ("{function} never returned in this load.", "这次加载中 {function} 没有返回过。"),
    "why:no-raise": ("{function} raised nothing in this load.", "这次加载中 {function} 没有抛出异常。"),
    "why:no-unwind": (
        "No exception passed through {function} in this load.",
        "这次加载中没有异常穿过 {function}。",
    ),
    "why:statement": (
        "{function} of transformers {release} has no statement {statement}.",
        "transformers {release} 的 {function} 里没有语句 {statement}。",
    ),
    "why:statement-of-model": (
        "{function} of this model's code has no statement {statement}; the note is about the bundled model's code.",
        "这个模型的代码里，{function} 没有语句 {statement}；这条讲解针对的是自带模型的代码。",
    ),
    "why:statement-anywhere": (
        "No {function} that ran has the statement {statement}.",
        "执行过的 {function} 里都没有语句 {statement}。",
    ),
    "why:lines-not-recorded": (
        "{function} ran, but its lines were not recorded.",
        "执行过 {function}，但没有逐行记录。",
    ),
    "why:not-run": ("{statement} in {inside} did not run.", "{inside} 里的 {statement} 没有执行。"),
    "why:values": (
        "In the stage {stage} there is no step of {function} with {wanted}.",
        "“{stage}”阶段的 {function} 里，没有 {wanted} 的那一步。",
    ),
    "why:not-within": (
        "{function} ran in the stage {stage}, but was not called from {within}.",
        "“{stage}”阶段执行了 {function}，但不是由 {within} 调用的。",
    ),
    "why:too-few": (
        "In the stage {stage} this happened {count}×; the note is about number {occurrence}.",
        "“{stage}”阶段只发生了 {count} 次，这条讲解讲的是第 {occurrence} 次。",
    ),
    "why:no-such-case": (
        "It ran in the stage {stage}, but not in the case that the note is about.",
        "“{stage}”阶段执行过，但不是这条讲解所说的情形。",
    ),
    "why:other-stage": (
        "{function} ran, but not in the stage {stage}: it ran in {there}.",
        "执行过 {function}，但不在“{stage}”阶段，而在“{there}”阶段。",
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
    "why:left-before-call": (
        "{function} was not called: {inside} ended before it came to {statement}.",
        "没有调用 {function}：{inside} 在走到 {statement} 之前就结束了。",
    ),
    "none-here:demo": (
        "None of its {count} notes applies to this load: they are about the bundled model {model}. "
        "Read them along its load, which {demo} records: {replay}",
        "共 {count} 条讲解，没有一条适用于这次加载：它们讲的是自带模型 {model}。"
        "可以对着它的加载记录来读，记录由 {demo} 生成：{replay}",
    ),
    "none-here:other": (
        "None of its {count} notes applies to this load. Read them without a load: {show}",
        "共 {count} 条讲解，没有一条适用于这次加载。可以不带加载记录直接读：{show}",
    ),
    # what is otherwise in a load than where the note was written
    "example": (
        "Written for a load of the bundled model {model}; in this load {why}. {legend}",
        "这条讲解写的是自带模型 {model} 的一次加载；这次加载里，{why}。{legend}",
    ),
    "example-legend": ("‹…› stands for a value of that load.", "‹…› 代表那次加载里的值。"),
    "here:recorded": ("there is no {subject}", "没有 {subject}"),
    "here:is": ("{subject} is {there}, not {asked}", "{subject} 是 {there}，不是 {asked}"),
    "here:is near": ("{subject} is {there}, not about {asked}", "{subject} 是 {there}，而不是约 {asked}"),
    "here:is of type": ("{subject} is of type {there}, not {asked}", "{subject} 的类型是 {there}，不是 {asked}"),
    "here:has shape": ("{subject} has the shape {there}, not {asked}", "{subject} 的形状是 {there}，不是 {asked}"),
    "here:has dtype": ("{subject} has the dtype {there}, not {asked}", "{subject} 的 dtype 是 {there}，不是 {asked}"),
    "here:has length": ("{subject} has the length {there}, not {asked}", "{subject} 的长度是 {there}，不是 {asked}"),
    "here:has parameters": (
        "{subject} has {there} parameters, not {asked}",
        "{subject} 有 {there} 个参数，不是 {asked} 个",
    ),
    "here:has": ("{subject} does not hold {asked}", "{subject} 里没有 {asked}"),
    "here:lacks": ("{subject} holds {asked}", "{subject} 里有 {asked}"),
    "here:decision": ("the decision went otherwise: {there}", "判断走的是另一条路：{there}"),
    "here:no decision": ("no decision is made at this step", "这一步没有判断"),
    "here:journey": ("the argument {subject} does not end as it did there", "参数 {subject} 的去向不同"),
    "here:no journey": ("there is no argument {subject}", "没有参数 {subject}"),
    "here:cause": ("the cause is another one: {there}", "失败原因不同：{there}"),
    "here:no cause": ("no such cause is found", "没有找到这样的原因"),
    "here:missing": ("there is no {subject}", "没有 {subject}"),
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
    "expect:no journey": (
        "expected the argument {subject} to end as {asked}; there is no such argument",
        "预期参数 {subject} 的下落是 {asked}，但没有这个参数",
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
    "made:notes-examples": (
        "{bound} of {count} apply to this load; {examples:# more is shown as an example|# more are shown as examples}",
        "共 {count} 条，{bound} 条适用于这次加载，另有 {examples} 条作为示例给出",
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
