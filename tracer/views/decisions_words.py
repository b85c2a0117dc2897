"""The sentences about decisions, in English and in Chinese.

``means:…`` says what an outcome means for the load; its placeholders are names of the condition, and ``times``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.i18n import Lang
from tracer.views.filling import fill

WORDS: Final[dict[str, tuple[str, str]]] = {
    # frame
    "explained": (
        "{count} of {all:# decision|# decisions} explain this load",
        "{all} 处判断中，{count} 处说明了这次加载",
    ),
    "none": ("No decisions are recorded here.", "这里没有记录到判断。"),
    "none-without-lines": (
        "No decisions are recorded: the load was recorded without lines (--no-lines).",
        "没有记录到判断：这次加载没有逐行记录（--no-lines）。",
    ),
    "no-explanation": (
        "{all:The one decision here does not decide|None of the # decisions here decides} about the way of the load; "
        "--all lists what there is.",
        "这里的 {all} 处判断都不影响加载的走向；加 --all 可全部列出。",
    ),
    # outcomes; the sign stands before them
    "yes": ("yes", "成立"),
    "no": ("no", "不成立"),
    "no-else": ("no: else", "不成立，走 else"),
    "no-elif": ("no: on to elif", "不成立，继续判断 elif"),
    "raised": ("ended in an exception", "判断时抛出异常"),
    "unknown": ("the recording does not tell", "记录里看不出来"),
    "completed": ("no exception", "没有异常"),
    "except": ("{taken}", "{taken}"),
    "not-caught": ("exception, not caught here", "有异常，这里没有接住"),
    "rounds-one": ("once", "1 次"),
    "rounds": ("{times} times", "{times} 次"),
    "rounds-unknown": ("ran, count not recorded", "执行过，次数没有记录"),
    "rounds-none": ("not once", "一次也没有执行"),
    "end:break": ("left by break", "由 break 结束"),
    "end:return": ("left by return", "由 return 结束"),
    "end:exception": ("left by an exception", "因异常结束"),
    "case": ("{taken}", "{taken}"),
    "no-case": ("no case", "没有匹配的 case"),
    "returned": ("returned", "返回"),
    # details
    "absent": ("no {name}", "没有 {name}"),
    "skipped-one": ("skipped {first}: {text}", "跳过 {first}：{text}"),
    "skipped": ("skipped {first}–{last}: {text}", "跳过 {first}–{last}：{text}"),
    "alike": ("×{times}", "×{times}"),
    "failure": ("the load failed inside this", "加载就在这个分支里失败"),
    "user": ("asks about your argument", "判断的是你传的参数"),
    "own-code": ("asked by the model's own code", "模型自带代码的判断"),
    # what outcomes mean: the adapter
    "means:peft-missing": (
        "peft is not installed, so no adapter is looked for",
        "没有安装 peft，不查找适配器",
    ),
    "means:adapter-found": ("the directory holds an adapter", "目录里有适配器"),
    "means:adapter-none": ("no adapter here: it is loaded as a model", "没有适配器，按普通模型加载"),
    "means:adapter-base": (
        "no config.json lies beside the adapter on this disk: its base model is loaded from here on",
        "适配器旁边没有 config.json，从这里起改为加载它的基座模型",
    ),
    "means:adapter-own-model": (
        "config.json lies beside the adapter: the model of this very directory is loaded",
        "适配器旁边就有 config.json，加载的就是这个目录里的模型",
    ),
    "means:adapter-loaded": ("the adapter is put into the model", "把适配器装进模型"),
    # the configuration
    "means:config-to-read": ("no config object was given: it is read", "没有传入配置对象，需要自己读取"),
    "means:config-given": ("a config object was given: none is read", "传入了配置对象，不再读取"),
    "means:config-handed-on": ("the config made before is used", "直接使用前面建好的配置"),
    "means:dtype-auto-aside": (
        "dtype 'auto' is laid aside, so that it does not get into the config",
        "先把值为 'auto' 的 dtype 取出，免得混进配置",
    ),
    "means:quantization-aside": (
        "quantization_config is laid aside while the config is read",
        "读取配置期间，先把 quantization_config 取出",
    ),
    "means:dtype-put-back": (
        "the dtype that was given is put back into the arguments for the model",
        "把传入的 dtype 放回留给模型的参数里",
    ),
    "means:config-local": ("config.json is read from a local directory", "从本地目录读取 config.json"),
    "means:config-cached": ("config.json is read from the hub's cache", "从 hub 缓存读取 config.json"),
    "means:config-not-found": ("config.json could not be got", "没能取得 config.json"),
    "means:config-not-json": ("config.json is no valid JSON", "config.json 不是合法的 JSON"),
    "means:config-remote": (
        "the config class is the directory's own, named in auto_map",
        "配置类用目录自带的，由 auto_map 指定",
    ),
    "means:config-library": (
        "the config class is not taken from the directory's code",
        "配置类不取自目录里的代码",
    ),
    "means:config-by-type": ("model_type tells the config class", "由 model_type 决定配置类"),
    "means:config-no-type": ("config.json names no model_type", "config.json 没有写 model_type"),
    "means:config-type-unknown": (
        "this release does not know that model_type",
        "这个版本的库不认识该 model_type",
    ),
    "means:config-by-name": (
        "the path contains {pattern}: this alone tells the config class",
        "路径里含有 {pattern}，仅凭这一点确定配置类",
    ),
    "means:became-attribute": ("{key} is set on the config", "{key} 写进配置"),
    "means:attribute-overwritten": (
        "{key} is set on the config, and overwritten at step {later}",
        "{key} 写进配置，第 {later} 步又被覆盖",
    ),
    "means:no-attribute": (
        "the config has no {key}: it stays an argument for the model",
        "配置没有 {key} 这个属性，它留作模型的参数",
    ),
    "means:unused-kwargs": (
        "arguments that the config did not take go back to the caller",
        "配置没有用掉的参数交还给调用者",
    ),
    # trust
    "means:trust-allowed": (
        "the directory's code is needed, and you allowed it",
        "需要运行目录自带的代码，而你已经允许",
    ),
    "means:trust-refused": (
        "the directory's code is needed, and it was not allowed",
        "需要运行目录自带的代码，但没有得到允许",
    ),
    "means:trust-not-said": ("nobody said whether to trust the code", "没有说明是否信任这些代码"),
    # the dynamic class
    "means:code-elsewhere": ("the code is in another repository", "代码在另一个仓库里"),
    "means:code-here": (
        "no other repository is named: the code comes with the model itself",
        "没有指明别的仓库，代码就在模型自己这里",
    ),
    "means:code-copied": (
        "{module_file} is copied into the modules cache",
        "把 {module_file} 复制到模块缓存",
    ),
    "means:code-cached": (
        "the modules cache already holds this {module_file}: it is not copied again",
        "模块缓存里已有这份 {module_file}，不再复制",
    ),
    "means:code-imports": (
        "{module_file} imports other files that come with it ({times}); they are needed too",
        "{module_file} 还导入同来的其他文件（{times} 个），也要一并处理",
    ),
    "means:code-not-found": (
        "{module_file}, a file with code, could not be got",
        "没能取得代码文件 {module_file}",
    ),
    "means:packages-missing": (
        "packages that the code imports could not be imported: {missing_packages}",
        "代码要导入的包导入失败：{missing_packages}",
    ),
    "means:packages-there": (
        "every package that the check looks for could be imported",
        "检查到的包都能导入",
    ),
    "means:module-run": ("the module's code is run", "运行模块的代码"),
    "means:module-kept": ("its code is unchanged: not run again", "代码没有变化，不再重新运行"),
    # the model class
    "means:model-remote": (
        "the model class is the directory's own, named in auto_map",
        "模型类用目录自带的，由 auto_map 指定",
    ),
    "means:model-not-remote": (
        "the model class is not taken from the directory's code",
        "模型类不取自目录里的代码",
    ),
    "means:model-library": ("the library has a model class for this config", "库里有这种配置对应的模型类"),
    "means:model-unknown": (
        "the library has no model class for this config",
        "库里没有这种配置对应的模型类",
    ),
    "means:model-registered": (
        "the library does not know the class: it is registered for this process",
        "库不认识这个类，在本进程内把它注册进去",
    ),
    # building the model
    "means:dtype-given": (
        "your dtype is taken: neither the config nor the checkpoint is asked for one",
        "用你指定的 dtype，不再问配置或检查点",
    ),
    "means:dtype-default": (
        "no dtype comes as an argument here: the model is made in torch's default",
        "这里没有传入 dtype，模型用 torch 的默认类型",
    ),
    "means:dtype-auto": (
        "no dtype comes as an argument here: the config's is used, or else the checkpoint's",
        "这里没有传入 dtype，用配置里的，配置没有则用检查点的",
    ),
    "means:dtype-auto-given": (
        "dtype is 'auto': the config's is used, or else the checkpoint's",
        "dtype 是 'auto'：用配置里的，配置没有则用检查点的",
    ),
    "means:device-map": (
        "a device map says where each part of the model goes",
        "由 device_map 决定模型各部分放在哪里",
    ),
    "means:device-map-none": ("no device map: nothing is spread over devices", "没有 device_map，不做设备分配"),
    "means:memory-low": ("built without memory, filled tensor by tensor", "先不占内存地建好，再逐个张量填入"),
    "means:memory-plain": (
        "built with memory at once (no low_cpu_mem_usage)",
        "直接占用内存建好（没有 low_cpu_mem_usage）",
    ),
    "means:quantized": (
        "a quantizer takes care of the weights",
        "权重由量化器处理",
    ),
    "means:quantized-not": (
        "no quantizer is at work",
        "没有用到量化器",
    ),
    "means:weights-shards": ("the weights are safetensors in several files", "权重是分成多个文件的 safetensors"),
    "means:weights-one-file": ("the weights are one safetensors file", "权重是单个 safetensors 文件"),
    "means:weights-pickled": ("the weights are in torch's pickle format", "权重是 torch 的 pickle 格式"),
    "means:weights-by-shard": ("the index tells which files to read", "由索引文件得知要读哪些文件"),
    "means:can-generate": (
        "the model can generate: generation_config is looked for",
        "模型能生成文本，于是查找 generation_config",
    ),
    "means:generation-config-given": (
        "the model can generate: the generation_config that was given is used",
        "模型能生成文本，使用传入的 generation_config",
    ),
    "means:cannot-generate": (
        "the model cannot generate: no generation_config is looked for",
        "模型不能生成文本，不查找 generation_config",
    ),
    "means:generation-config-not-asked": (
        "no generation_config is looked for",
        "不查找 generation_config",
    ),
    "means:generation-config-none": (
        "no generation_config.json could be read: one is made from the config",
        "没能读到 generation_config.json，从配置生成一份",
    ),
    # the tokenizer
    "means:tokenizer-own": (
        "tokenizer_config.json has an auto_map",
        "tokenizer_config.json 里有 auto_map",
    ),
    "means:tokenizer-not-own": (
        "tokenizer_config.json has no auto_map",
        "tokenizer_config.json 里没有 auto_map",
    ),
    "means:tokenizer-fast": (
        "auto_map names a fast tokenizer: it goes before the slow one",
        "auto_map 指定了快速（fast）分词器，优先用它",
    ),
    "means:tokenizer-slow": (
        "auto_map names no fast tokenizer: the slow one is meant",
        "auto_map 没有指定快速（fast）分词器，用普通的",
    ),
    "means:tokenizer-remote": (
        "the tokenizer class is run from the directory's code",
        "分词器类用目录里的代码",
    ),
    "means:tokenizer-named": (
        "a configuration file names the tokenizer's class",
        "配置文件写明了分词器的类名",
    ),
    # files
    "means:file-missing": ("{resolved_file} is not there", "没有 {resolved_file}"),
}


def tell(lang: Lang, key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of a key, filled in; a value that the trace does not hold is ``…``."""
    return fill(WORDS[key][0 if lang == "en" else 1], _Known(values or {}))


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"
