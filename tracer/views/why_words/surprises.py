"""What a load did unasked."""

from __future__ import annotations

from typing import Final

SURPRISES: Final[dict[str, tuple[str, str]]] = {
    # surprises
    "surprise:recording-ended-full": (
        "The disk was full: recording ended at step {step}; the load itself went on.",
        "磁盘已满：记录到第 {step} 步为止，加载本身没有停。",
    ),
    "surprise:recording-ended-quota": (
        "The disk quota was used up: recording ended at step {step}; the load itself went on.",
        "磁盘配额已用完：记录到第 {step} 步为止，加载本身没有停。",
    ),
    "surprise:recording-ended-limit": (
        "The journal reached the largest size that a file may have here (`ulimit -f`): recording ended at step {step}; "
        "the load itself went on.",
        "日志达到了文件大小上限（`ulimit -f`）：记录到第 {step} 步为止，加载本身没有停。",
    ),
    "surprise:recording-ended": (
        "The journal could not be written on ({message}): recording ended at step {step}; the load itself went on.",
        "日志无法继续写入（{message}）：记录到第 {step} 步为止，加载本身没有停。",
    ),
    "surprise:journal-damaged": (
        "The journal was damaged: everything up to step {step} is here, and what came after it is lost.",
        "日志已损坏：第 {step} 步及之前的内容都在，之后的已经丢失。",
    ),
    "surprise:head-new": (
        "{count} parameters are newly initialised, with random numbers: {names}. The checkpoint was used whole and has "
        "no such head.",
        "有 {count} 个参数是新初始化的（随机数）：{names}。检查点全部用上了，但里面没有这个输出头。",
    ),
    "surprise:head-new:one": (
        "1 parameter is newly initialised, with random numbers: {names}. The checkpoint was used whole and has no such "
        "head.",
        "有 1 个参数是新初始化的（随机数）：{names}。检查点全部用上了，但里面没有这个输出头。",
    ),
    "surprise:layers-new": (
        "{count} parameters are newly initialised, with random numbers: {names}. They are of layers that the "
        "checkpoint has nothing of; of other layers it has all these names.",
        "有 {count} 个参数是新初始化的（随机数）：{names}。检查点里根本没有它们所在的层；其他层的同名参数它都有。",
    ),
    "surprise:layers-new:one": (
        "1 parameter is newly initialised, with random numbers: {names}. It is of a layer that the checkpoint has "
        "nothing of; of other layers it has this name.",
        "有 1 个参数是新初始化的（随机数）：{names}。检查点里根本没有它所在的层；其他层的同名参数它都有。",
    ),
    "remedy:number-of-layers": (
        "Compare the number of layers in config.json with the layers in the checkpoint; set it to theirs unless the "
        "new layers are meant to be trained.",
        "对照 config.json 里的层数与检查点里实际有的层；除非打算训练新增的层，否则把层数改成与检查点一致。",
    ),
    "remedy:train-head": (
        "Train the model before you use its answers, or load with the auto class that the checkpoint was saved from.",
        "先训练再使用它的结果；或换用检查点保存时的自动类。",
    ),
    "surprise:weights-new": (
        "{count} parameters are newly initialised, with random numbers, as the checkpoint has no tensor of their name: "
        "{names}.",
        "有 {count} 个参数是新初始化的（随机数），因为检查点里没有同名张量：{names}。",
    ),
    "surprise:weights-new:one": (
        "1 parameter is newly initialised, with random numbers, as the checkpoint has no tensor of its name: {names}.",
        "有 1 个参数是新初始化的（随机数），因为检查点里没有同名张量：{names}。",
    ),
    "surprise:weights-unexpected": (
        "{count} tensors of the checkpoint have no place in the model and were not used: {names}.",
        "检查点里有 {count} 个张量在模型里没有位置，没有用上：{names}。",
    ),
    "surprise:weights-unexpected:one": (
        "1 tensor of the checkpoint has no place in the model and was not used: {names}.",
        "检查点里有 1 个张量在模型里没有位置，没有用上：{names}。",
    ),
    "remedy:names-of-weights": (
        "Compare the names: a tensor that was renamed shows up once as unexpected and once as newly initialised.",
        "对照名字：被改名的张量会同时出现在“没有用上”和“新初始化”里。",
    ),
    "surprise:weights-mismatched": (
        "{count} parameters have another shape in the checkpoint, which was not used for them: {names}.",
        "有 {count} 个参数在检查点里的形状不同，没有用上检查点的值：{names}。",
    ),
    "surprise:weights-mismatched:one": (
        "1 parameter has another shape in the checkpoint, which was not used for it: {names}.",
        "有 1 个参数在检查点里的形状不同，没有用上检查点的值：{names}。",
    ),
    "surprise:weights-empty": (
        "{count} parameters have no numbers at all (they are on meta): {names}.",
        "有 {count} 个参数没有数值（停留在 meta 上）：{names}。",
    ),
    "surprise:weights-empty:one": (
        "1 parameter has no numbers at all (it is on meta): {names}.",
        "有 1 个参数没有数值（停留在 meta 上）：{names}。",
    ),
    "surprise:argument-dropped": (
        "The argument {name} was thrown away: this release takes it and does nothing with it.",
        "参数 {name} 被丢弃：这个版本接受它，但什么也不做。",
    ),
    "remedy:leave-out-dropped": ("Leave `{name}` out.", "不必再写 `{name}`。"),
    "surprise:dtype-changed": (
        "{count} tensors are stored as {there} and were loaded as {here}.",
        "有 {count} 个张量存储为 {there}，加载成了 {here}。",
    ),
    "surprise:dtype-changed:one": (
        "1 tensor is stored as {there} and was loaded as {here}.",
        "有 1 个张量存储为 {there}，加载成了 {here}。",
    ),
    "remedy:name-dtype": (
        'To keep the stored type: `torch_dtype="auto"` (4.x) or `dtype="auto"` (5.x); here `--dtype auto`.',
        '要保持存储时的类型：`torch_dtype="auto"`（4.x）或 `dtype="auto"`（5.x）；这里用 `--dtype auto`。',
    ),
    "surprise:tokenizer-replaced": (
        "tokenizer_config.json names {wanted}, and the tokenizer is a {class}.",
        "tokenizer_config.json 指定的是 {wanted}，实际得到的是 {class}。",
    ),
    "surprise:local-preferred": (
        "The directory has code of its own, and the library's class was taken instead.",
        "目录自带了代码，但用的是库里的类。",
    ),
    "remedy:take-remote": (
        "If the directory's code is meant: `trust_remote_code=True`.",
        "如果要用目录自带的代码：`trust_remote_code=True`。",
    ),
    "surprise:not-refreshed": (
        "{file} ran from the modules cache without being compared with the directory's: it may be a stale copy.",
        "{file} 直接从模块缓存运行，没有与目录里的文件比对，可能是旧副本。",
    ),
    "surprise:not-fed": ("No pass was run: {why}", "没有做前向计算：{why}"),
    "surprise:not-generated": ("Nothing was generated: {why}", "没有生成文本：{why}"),
    "surprise:not-recorded": ("Not recorded: {what}. {reason}", "没有记录：{what}。{reason}"),
    "surprise:said": ("{message}", "{message}"),
}
