"""The sentences of a journey, in English and in Chinese.

Each pair says the same thing in its own way; a test holds that no key and no placeholder is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.views.filling import fill

PHRASES: Final[dict[str, tuple[str, str]]] = {
    # stages
    "stage:arguments": ("Arguments", "参数"),
    "stage:adapter": ("Adapter look-up", "查找适配器"),
    "stage:config": ("Configuration", "配置"),
    "stage:trust": ("Trust", "信任判断"),
    "stage:dynamic-class": ("Dynamic class", "动态类"),
    "stage:construct": ("Construction", "构建模型"),
    "stage:weights": ("Weights", "权重"),
    "stage:forward": ("Forward", "前向计算"),
    "stage:generate": ("Generation", "生成"),
    "stage:tokenizer": ("Tokenizer", "分词器"),
    "stage:peft": ("PEFT", "PEFT"),
    # facts
    "called": ("called {call}", "调用 {call}"),
    "file": ("found {path}", "找到 {path}"),
    "file-not-there": ("{name} is not in {in}", "{in} 里没有 {name}"),
    "adapter": ("is an adapter: {path}", "这是一个适配器：{path}"),
    "no-adapter": ("no adapter_config.json, so no adapter", "没有 adapter_config.json，不是适配器"),
    "config-read": (
        "read {keys:# key|# keys}, model_type {model_type}",
        "读到 {keys} 个键，model_type 为 {model_type}",
    ),
    "config-read-left": (
        "read {keys:# key|# keys}, model_type {model_type}; arguments not used up: {left}",
        "读到 {keys} 个键，model_type 为 {model_type}；还没用掉的参数：{left}",
    ),
    "config-built": ("built {class}", "建成 {class}"),
    "became-config": ("set on the config: {names}", "写进配置的参数：{names}"),
    "left-for-model": ("left over for the model: {names}", "留给模型的参数：{names}"),
    "set-and-left": (
        "set on the config and handed on to the model all the same: {names}",
        "写进了配置，同时也照样传给模型的参数：{names}",
    ),
    "trust": (
        "has_local_code: {has_local_code}, has_remote_code: {has_remote_code}, trust_remote_code: {given} → {decision}",
        "has_local_code：{has_local_code}，has_remote_code：{has_remote_code}，trust_remote_code：{given} → {decision}",
    ),
    "trust-refused": (
        "remote code is needed and was not allowed",
        "必须运行目录自带的代码，但没有得到允许",
    ),
    "class-remote": (
        "{reference} is the directory's own; run from {final_module}",
        "{reference} 是目录自带的类，从 {final_module} 运行",
    ),
    "class-mapping": ("{key} → {class}, from the library's own mapping", "{key} → {class}，取自库自带的映射表"),
    "class-name-pattern": (
        "no model_type; the path contains '{key}' → {class}",
        "没有 model_type；路径里含有“{key}” → {class}",
    ),
    "packages-missing": (
        "{file} needs packages that are not installed: {names}",
        "{file} 需要的包没有安装：{names}",
    ),
    "registered-saving": (
        "{class} marked for {with}: save_pretrained will copy its code",
        "{class} 标记给 {with}：save_pretrained 会连代码一起保存",
    ),
    "registered-loading": (
        "{class} registered with {with} for the rest of this process",
        "{class} 注册到 {with}，在本进程内一直有效",
    ),
    "model": ("loaded {class} with {parameters} numbers", "加载 {class}，共 {parameters} 个参数"),
    "loaded": ("loaded {class}", "加载 {class}"),
    "argument-overwritten": (
        "{name} was set on the config, and overwritten: {attribute} is another value now",
        "{name} 写进了配置，又被覆盖：{attribute} 已是别的值",
    ),
    "argument-overwritten-by": (
        "{name} was set on the config, and overwritten by config.json's {by}: {attribute} is another value now",
        "{name} 写进了配置，又被 config.json 的 {by} 覆盖：{attribute} 已是别的值",
    ),
    "own-loader": (
        "{function} is the directory's own",
        "{function} 是目录自带的",
    ),
    "own-loader-alone": (
        "{function} is the directory's own and ran instead of the library's: what that one does is not in this load",
        "{function} 是目录自带的，代替了库的同名方法：库的那些步骤这次没有",
    ),
    "built": (
        "built {class}: {modules:# module|# modules}, {tensors:# parameter|# parameters}, {numbers:# number|# numbers}",
        "建成 {class}：{modules} 个模块，{tensors} 个参数张量，共 {numbers} 个数",
    ),
    "built-tied": (
        "built {class}: {modules} modules, {tensors} parameters, {numbers} numbers, without what will be tied to one "
        "of them: {names}",
        "建成 {class}：{modules} 个模块，{tensors} 个参数张量，共 {numbers} 个数（不含之后要与其共享的 {names}）",
    ),
    "passed": ("one pass took {seconds} s", "一次前向计算用时 {seconds} 秒"),
    "chat": ("the chat template gives: {text}", "对话模板填成：{text}"),
    "text": ("“{prompt}” became {count:# token|# tokens}", "“{prompt}”变成 {count} 个 token"),
    "token": ("token {id} {text}", "token {id} {text}"),
    "token-cached": ("token {id} {text}, cache {cache}", "token {id} {text}，缓存长度 {cache}"),
    "peft": (
        "LoRA in {count:# module|# modules}: {trainable} of {all} numbers can be trained ({percent} %)",
        "{count} 个模块装上 LoRA：{all} 个数里有 {trainable} 个可训练（{percent} %）",
    ),
    "not-fed": (
        "no pass was run: {why}",
        "没有做前向计算：{why}",
    ),
    "shard": ("{path}: {tensors:# tensor|# tensors}, {bytes}", "{path}：{tensors} 个张量，{bytes}"),
    "not-generated": (
        "nothing was generated: {why}",
        "没有生成文本：{why}",
    ),
    "asked-in-vain": (
        "{option} could not be done: {why}. The load itself is recorded.",
        "无法执行 {option}：{why}。加载过程已完整记录。",
    ),
    "weights": (
        "{count} of {of:# tensor|# tensors} of the checkpoint became parameters",
        "检查点的 {of} 个张量中有 {count} 个成为参数",
    ),
    "weights-new": (
        "{count} not in the checkpoint, newly initialised: {names}",
        "{count} 个参数不在检查点里，新初始化：{names}",
    ),
    "weights-empty": (
        "{count} got no numbers and are left on meta: {names}",
        "{count} 个参数没有得到数值，留在 meta 上：{names}",
    ),
    "weights-empty:one": (
        "1 got no numbers and is left on meta: {names}",
        "1 个参数没有得到数值，留在 meta 上：{names}",
    ),
    "weights-unexpected": (
        "{count} in the checkpoint that the model has no place for: {names}",
        "检查点里有 {count} 个张量在模型里没有位置：{names}",
    ),
    "weights-passed-over": (
        "{count} in the checkpoint that the model leaves aside: {names}",
        "检查点里有 {count} 个张量被模型略过：{names}",
    ),
    "weights-unread": (
        "{count} were not loaded any more: {names}",
        "还有 {count} 个张量没有加载：{names}",
    ),
    "weights-unread:one": (
        "1 was not loaded any more: {names}",
        "还有 1 个张量没有加载：{names}",
    ),
    "weights-mismatched": (
        "{name} is {there} in the checkpoint and {here} in the model",
        "{name} 的形状在检查点里是 {there}，在模型里是 {here}",
    ),
    "weights-mismatched-merged": (
        "{name} is {there} in the checkpoint (merged from {count} tensors) and {here} in the model",
        "{name} 的形状在检查点里是 {there}（由 {count} 个张量合并而成），在模型里是 {here}",
    ),
    "weights-mismatched-part": (
        "{name} is {there} in the checkpoint (made from {source}, {stored}) and {here} in the model",
        "{name} 的形状在检查点里是 {there}（由 {source} 得来，原形状 {stored}），在模型里是 {here}",
    ),
    "weights-unconverted": (
        "{count} tensors could not be made into {parameter} ({reason}): {names}",
        "{count} 个张量没能转换成 {parameter}（{reason}）：{names}",
    ),
    "weights-unconverted:one": (
        "{names} could not be made into {parameter} ({reason})",
        "{names} 没能转换成 {parameter}（{reason}）",
    ),
    "weights-tied": ("one tensor under several names: {names}", "同一个张量有多个名字：{names}"),
    "said": ("{who}: {message}", "{who}：{message}"),
    # outcomes
    "outcome:loaded": ("loaded", "加载成功"),
    "undone:not-fed": ("no pass was run", "没有做前向计算"),
    "undone:not-generated": ("nothing was generated", "没有生成"),
    "outcome:no-load": ("no load was recorded", "没有记录到任何加载"),
    "outcome:failed": ("the load failed", "加载失败"),
    "outcome:failed:device": ("loaded; moving it to the device failed", "加载成功；移到设备上时失败"),
    "outcome:failed:peft": ("loaded; adding LoRA failed", "加载成功；加装 LoRA 时失败"),
    "outcome:failed:inputs": ("loaded; preparing the input failed", "加载成功；准备输入时失败"),
    "outcome:failed:forward": ("loaded; the forward pass failed", "加载成功；前向计算失败"),
    "outcome:failed:generate": ("loaded; the generation failed", "加载成功；生成失败"),
    "outcome:failed:script": ("loaded; the code after it failed", "加载成功；之后的代码出错"),
    "outcome:failed:before-load": ("the code failed before anything was loaded", "还没有加载任何东西，代码就出错了"),
    "outcome:stopped": ("stopped after the stage you asked for", "按要求在指定阶段之后停下"),
    "outcome:interrupted": (
        "interrupted; what was recorded until then is in the trace",
        "被中断；此前的记录都在 trace 里",
    ),
    "outcome:refused": ("not run: its code was not consented to", "没有运行：目录自带的代码未获同意"),
    "outcome:killed": ("the process was killed", "进程被终止"),
    "outcome:misused": ("could not begin", "没有开始"),
    "outcome:unfinished": ("never finished: a journal that was not sealed", "没有结束：这是未封存的日志"),
    "journal-left": (
        "{journal} was left behind by a recording that could not finish. Make a trace of it with: "
        "glm-trace seal {quoted}",
        "{journal} 是一次没能完成的记录留下的日志。可以把它变成记录文件：glm-trace seal {quoted}",
    ),
    "nothing-recorded": (
        "It ended before the first step was recorded, so the earlier trace {path} was kept.",
        "还没有记录到第一步就结束了，因此保留了原有的记录文件 {path}。",
    ),
    "failed-at": ("at step {step}, stage {stage}, {place}", "第 {step} 步，{stage}阶段，{place}"),
    "failed-after-stage": ("after step {step}, stage {stage}", "在第 {step} 步（{stage}阶段）之后"),
    "failed-at-stage": ("at step {step}, stage {stage}", "第 {step} 步，{stage}阶段"),
    "failed-after": (
        "after step {step}, stage {stage}, {place}",
        "在第 {step} 步（{stage}阶段，{place}）之后",
    ),
    "no-load-hint": (
        "glm-trace records what from_pretrained and from_config of transformers' models, configurations and tokenizers "
        "do. None was called here, or none came to its end. Put that call inside what is recorded: a model that was "
        "loaded before is not watched.",
        "glm-trace 记录的是 transformers 的模型、配置和分词器的 from_pretrained 与 from_config。"
        "这里一个也没有调用，或者没有一个执行到底。请把加载语句本身放进记录范围：事先加载好的模型不在观察之列。",
    ),
    "killed-signal": (
        "The process was ended by {signal} after step {step} ({stage}, {place}).",
        "进程在第 {step} 步（{stage}，{place}）之后被 {signal} 终止。",
    ),
    "killed-exit": (
        "The process ended itself with exit code {code} after step {step} ({stage}, {place}), in the middle of the "
        "load.",
        "进程在第 {step} 步（{stage}，{place}）之后自己以退出码 {code} 结束，此时加载还没有完成。",
    ),
    "killed-early": (
        "It ended before the first step was recorded.",
        "还没有记录到第一步就结束了。",
    ),
    "hint-pip": (
        "The names in that pip command come from the model's code: they may be no packages, or other people's. "
        "Look before you install.",
        "那条 pip 命令里的名字出自模型自己的代码：它们不一定是软件包，也可能是别人发布的同名包。先弄清楚再安装。",
    ),
    "refused-hint": (
        "Look at the code, then load again with --trust-remote-code.",
        "请先看过这些代码，再加上 --trust-remote-code 重新加载。",
    ),
    "hint-sigkill": (
        "SIGKILL often means that the system ran out of memory. Try --dtype bfloat16, which halves what float32 takes, "
        "or --weights fake, which takes none.",
        "SIGKILL 往往意味着系统内存不足。可以试试 --dtype bfloat16（只占 float32 的一半），"
        "或者用 --weights fake（不占内存）。",
    ),
    "hint-memory": (
        "There was not enough memory. Try --dtype bfloat16, which halves what float32 takes, another --device, or "
        "--weights fake, which takes none.",
        "内存不够。可以试试 --dtype bfloat16（只占 float32 的一半），换一个 --device，"
        "或者用 --weights fake（不占内存）。",
    ),
    "hint-native": (
        "It was killed inside native code; 'native_output' in the metadata holds what it last said.",
        "它死在原生代码里；元数据的 native_output 保存了它最后的输出。",
    ),
    # frame of the report
    "steps": ("{count:# step|# steps}", "{count} 步"),
    "slowest": ("of which {time} in step {step}", "其中 {time} 用在第 {step} 步"),
    "slowest-at": ("of which {time} in step {step}: {statement}", "其中 {time} 用在第 {step} 步：{statement}"),
    "times": ("  (said {count} times)", "（共 {count} 次）"),
    "step": ("step {number}", "第 {number} 步"),
    "trace-at": ("Trace", "记录文件"),
    "next": ("Next", "接下来"),
    "next-stage": ("every step of a stage", "逐步查看一个阶段"),
    "next-replay": ("step through it", "一步一步回放"),
    "next-decisions": ("which way it went, and why", "每一处为什么这样走"),
    "next-failed": ("the steps around the failure", "查看失败前后的步骤"),
    "more": ("… {count} more like this", "……还有 {count} 条"),
    # while it runs
    "starting": ("starting Python and importing torch and transformers", "正在启动 Python，导入 torch 和 transformers"),
    "running": ("{stage} · step {step}", "{stage} · 第 {step} 步"),
    "tensors": ("{count:# tensor|# tensors}", "{count} 个张量"),
    "sealing": ("writing the trace", "正在写入记录文件"),
    # no consent
    "no-consent": (
        "{model} needs its own code to run ({files}), and nobody is here to be asked. Look at the code, then load "
        "again with --trust-remote-code.",
        "{model} 需要运行它自带的代码（{files}），而现在没有终端可以询问。请先看过这些代码，"
        "再加上 --trust-remote-code 重新加载。",
    ),
    "consent-refused": ("Nothing was run. No trace was written.", "什么都没有运行，也没有写记录文件。"),
    "code-changed": (
        "The code of {model} changed while you were reading it, so nothing was run. Load it again.",
        "{model} 的代码在你查看期间被改动了，因此什么都没有运行。请重新加载。",
    ),
    "adapter-folder": (
        "The adapter's base '{base}' is a path relative to the adapter, so the load runs in {folder}.",
        "适配器的基座“{base}”是相对于适配器目录的路径，因此在 {folder} 里加载。",
    ),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
}


def say(lang: Lang, key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key, filled in.

    Raises:
        KeyError: there is no such key, or a placeholder has no value.
    """
    values = values or {}
    if str(values.get("count")) == "1":
        key = f"{key}:one" if f"{key}:one" in PHRASES else key  # where the words are other ones for a single thing
    sentence = PHRASES[key][0 if lang == "en" else 1]
    return fill(sentence, values)


def stage_name(stage: str, lang: Lang) -> str:
    """A stage's name for a person; one that a newer release may have stays as it is written."""
    key = f"stage:{stage}"
    return say(lang, key) if key in PHRASES else visible(stage)
