"""What stands around a diagnosis, and what its steps show."""

from __future__ import annotations

from typing import Final

FRAME: Final[dict[str, tuple[str, str]]] = {
    # headlines
    "headline:loaded": ("The load went well.", "加载成功。"),
    "headline:loaded-surprise": (
        "The load went well, with one thing to know about it.",
        "加载成功，但有一点值得留意。",
    ),
    "headline:loaded-surprises": (
        "The load went well, with {count} things to know about it.",
        "加载成功，但有 {count} 点值得留意。",
    ),
    "headline:failed": (
        "The load failed {when}, in the stage “{stage}”, with {error}.",
        "加载{when}失败（{stage}阶段）：{error}。",
    ),
    "headline:failed-early": (
        "The load failed before a step could be recorded, with {error}.",
        "还没有记录到任何一步，加载就失败了：{error}。",
    ),
    "headline:failed:device": (
        "The model loaded; moving it to the device failed after step {step}, with {error}.",
        "模型加载成功；第 {step} 步之后移到设备上时失败：{error}。",
    ),
    "headline:failed:peft": (
        "The model loaded; adding LoRA failed {when}, with {error}.",
        "模型加载成功；加装 LoRA 时{when}失败：{error}。",
    ),
    "headline:failed:inputs": (
        "The model loaded; preparing its input failed {when}, with {error}.",
        "模型加载成功；准备输入时{when}失败：{error}。",
    ),
    "headline:failed:forward": (
        "The model loaded; its forward pass failed {when}, with {error}.",
        "模型加载成功；前向计算{when}失败：{error}。",
    ),
    "headline:failed:generate": (
        "The model loaded; the generation failed {when}, with {error}.",
        "模型加载成功；生成{when}失败：{error}。",
    ),
    "headline:failed:script": (
        "The load went well; the code after it failed, with {error}.",
        "加载成功；之后的代码出错：{error}。",
    ),
    "headline:failed:before-load": (
        "The code failed before anything was loaded, with {error}.",
        "还没有加载任何东西，代码就出错了：{error}。",
    ),
    "headline:no-load": ("No load was recorded.", "没有记录到任何加载。"),
    "headline:refused": (
        "The load stopped at step {step}: the directory's own code may not run.",
        "加载停在第 {step} 步：不允许运行目录自带的代码。",
    ),
    "headline:killed": (
        "The process died after step {step}, in the stage “{stage}”.",
        "进程在第 {step} 步（{stage}阶段）之后突然终止。",
    ),
    "headline:killed-early": (
        "The process died before a step could be recorded.",
        "还没有记录到任何一步，进程就终止了。",
    ),
    "headline:interrupted": (
        "It was interrupted after step {step}, in the stage “{stage}”.",
        "在第 {step} 步（{stage}阶段）之后被中断。",
    ),
    "headline:interrupted-early": ("The load was interrupted before its first step.", "第一步之前加载就被中断了。"),
    "headline:unfinished": (
        "The recording never finished; its last step is {step}, in the stage “{stage}”.",
        "记录没有结束，最后一步是第 {step} 步（{stage}阶段）。",
    ),
    "headline:unfinished-early": ("The recording holds no steps and never finished.", "记录里一步也没有，也没有结束。"),
    "headline:stopped": (
        "The load was stopped on purpose after step {step}; nothing failed.",
        "加载按要求在第 {step} 步之后停下，没有出错。",
    ),
    "headline:stopped-early": (
        "The load was stopped on purpose before its first step.",
        "加载按要求在第一步之前停下。",
    ),
    "headline:misused": ("The load could not begin.", "加载没有开始。"),
    "headline:other": ("The load ended as “{status}”.", "加载以“{status}”结束。"),
    "when:at": ("at step {step}", "在第 {step} 步"),
    "when:after": ("after step {step}", "在第 {step} 步之后"),
    # titles
    "title:cause": ("Cause", "原因"),
    "title:cause-likely": ("Likely cause", "可能的原因"),
    "title:unknown": ("Cause: not known", "原因：不清楚"),
    "title:other": ("It may also be", "也可能是"),
    "title:remedy": ("What to do", "怎么办"),
    "title:chain": ("How it came about", "来龙去脉"),
    "title:surprises": ("Worth knowing", "值得留意"),
    "title:see": ("See it", "亲自查看"),
    "title:output": ("Its last words", "进程最后的输出"),
    "title:said": ("What the library said", "库给出的报错"),
    "step": ("step {number}", "第 {number} 步"),
    "more": ("… and {count} more", "……还有 {count} 条"),
    "why-hint": ("Why, and what to do: {command}", "原因和解决办法：{command}"),
    # steps
    "step:raised": ("{error} in {function}: {message}", "{function} 中出现 {error}：{message}"),
    "step:raised-it": ("{error} in {function}", "{function} 中出现 {error}"),
    "step:passed": ("it went on through {function}", "继续向外穿过 {function}"),
    "step:file": ("found {path}", "找到 {path}"),
    "step:file-missing": ("{name} was looked for in {in} and is not there", "在 {in} 里找 {name}，没有"),
    "step:shard-read": ("opened {path}", "打开 {path}"),
    "step:class-asked": ("config asks for {reference}", "配置要求 {reference}"),
    "step:class-resolved": ("the class is {class}", "确定使用的类是 {class}"),
    "step:imports": ("{file} imports what is not there: {missing}", "{file} 导入了找不到的：{missing}"),
    "step:imports-relatively": ("{file} imports of its neighbours: {names}", "{file} 导入同目录的：{names}"),
    "step:own-file": ("{path} is a file of the directory", "{path} 是目录里的文件"),
    "step:copied": ("{path} was put into the modules cache", "{path} 已放进模块缓存"),
    "step:model-type": ("config.json says model_type “{model_type}”", "config.json 的 model_type 是“{model_type}”"),
    "step:no-model-type": (
        "config.json was read: {count:# key|# keys}, no model_type",
        "读到 config.json 的 {count} 个键，没有 model_type",
    ),
    "step:no-model-type:one": (
        "config.json was read: one key, no model_type",
        "读到 config.json 的 1 个键，没有 model_type",
    ),
    "step:config-built": ("{class} was built", "建成 {class}"),
    "step:trust": (
        "has_local_code {has_local_code}, has_remote_code {has_remote_code}, trust_remote_code {given} → {decision}",
        "has_local_code {has_local_code}，has_remote_code {has_remote_code}，trust_remote_code {given} → {decision}",
    ),
    "step:given": ("the call gave {name}={value}", "调用时给出 {name}={value}"),
    "step:left-over": ("{class} was built and left {name} over", "建成 {class}，{name} 没有用掉"),
    "step:thrown-away": ("{name} was taken out of kwargs and dropped", "{name} 从 kwargs 里取出后被丢弃"),
    "step:adapter": ("an adapter was found: {path}", "找到适配器：{path}"),
    "step:base-filled": (
        "the base, {class}, got all its {count:# tensor|# tensors}",
        "基座 {class} 的 {count} 个张量全部就位",
    ),
    "step:mismatched": ("{count} parameters do not fit, first {name}", "{count} 个参数对不上，第一个是 {name}"),
    "step:mismatched:one": ("{name} does not fit", "{name} 对不上"),
    "step:conversion-failed": (
        "{count} tensors could not be made into {parameter}: {reason}",
        "{count} 个张量没能转换成 {parameter}：{reason}",
    ),
    "step:conversion-failed:one": (
        "{name} could not be made into {parameter}: {reason}",
        "{name} 没能转换成 {parameter}：{reason}",
    ),
    "step:last": ("the last step: {function}, {place}", "最后一步：{function}，{place}"),
    "step:dtype": ("first of them: {there} became {here}", "第一个：{there} 变成 {here}"),
}
