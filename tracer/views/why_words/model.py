"""Causes and remedies from the class on: arguments, weights, adapters, and how processes end."""

from __future__ import annotations

from typing import Final

MODEL: Final[dict[str, tuple[str, str]]] = {
    # arguments and attributes
    "cause:unexpected-argument": (
        "{name}={value} reached the constructor of {class}, which does not take it: {config} has no attribute of that "
        "name, so the argument was left over and handed on to the model.",
        "{name}={value} 传到了 {class} 的构造函数，而它不接受：{config} 没有这个属性，参数没人用掉，就一路传给了模型。",
    ),
    "remedy:leave-out": (
        "Leave `{name}` out of the call. If the model is to know it, give {config} an attribute of that name, or "
        "`{class}.__init__` a parameter.",
        "调用时不要写 `{name}`。如果模型确实需要它，就给 {config} 加上同名属性，或给 `{class}.__init__` 加上这个参数。",
    ),
    "remedy:leave-out-use-cache": (
        "Leave `use_cache` out of `from_pretrained` and set it afterwards: "
        "`model.generation_config.use_cache = False`. From transformers 5 on it is a setting of generation, also where "
        "config.json names it, and no attribute of the configuration; code that needs it there says so itself, in "
        "`{config}.__init__`: "
        '`self.use_cache = kwargs.pop("use_cache", True)`.',
        "不要把 `use_cache` 写进 `from_pretrained`，加载之后再设：`model.generation_config.use_cache = False`。"
        "从 transformers 5 起，它即使写在 config.json 里也只算生成设置，不再是配置的属性；"
        "需要它的代码可以自己在 `{config}.__init__` 里写："
        '`self.use_cache = kwargs.pop("use_cache", True)`。',
    ),
    "cause:attribute-gone-in-5": (
        "{file} line {line} reads `{name}` of {class}. Up to transformers 4 configurations had it ({default} if "
        "nothing was said); from 5 on they do not.",
        "{file} 第 {line} 行读取 {class} 的 `{name}`。transformers 4 的配置有这个属性（默认 {default}），"
        "从 5 起没有了。",
    ),
    "remedy:ask-with-default": (
        'Write in line {line}: `getattr(config, "{name}", {default})`. Or set it in the configuration class: '
        '`self.{name} = kwargs.pop("{name}", {default})`. Or install the 4.x release the code was written for.',
        '把第 {line} 行写成：`getattr(config, "{name}", {default})`；或者在配置类里设好：'
        '`self.{name} = kwargs.pop("{name}", {default})`；或者安装代码当初所用的 4.x 版本。',
    ),
    "cause:attribute-missing": (
        "{file} line {line} reads `{name}` of {class}, and neither config.json nor the class sets it.",
        "{file} 第 {line} 行读取 {class} 的 `{name}`，而 config.json 和这个类都没有给出它。",
    ),
    "remedy:write-attribute": (
        'Write it into config.json: `"{name}": …`, or give it a default in `{class}.__init__`.',
        '在 config.json 里写上：`"{name}": …`，或在 `{class}.__init__` 里给它默认值。',
    ),
    "cause:attribute-missing-library": (
        "Code of transformers {release} reads `{name}` of its own {class}, and neither config.json nor the class sets "
        "it.",
        "transformers {release} 自己的代码要读 {class} 的 `{name}`，而 config.json 和这个类都没有给出它。",
    ),
    "remedy:library-attribute": (
        "Compare config.json with the one that the model was published with. If they are alike, look whether another "
        "release of transformers loads it.",
        "把 config.json 与模型发布时的原件对照；如果一致，再看换一个 transformers 版本能否加载。",
    ),
    # weights
    "cause:shapes-differ": (
        "{count} parameters have other shapes in the checkpoint than the configuration asks for; first {name}: {there} "
        "in the checkpoint, {here} in the model.",
        "有 {count} 个参数在检查点里的形状与配置要求的不同；第一个是 {name}：检查点里 {there}，模型里 {here}。",
    ),
    "cause:shapes-differ:one": (
        "{name} has another shape in the checkpoint than the configuration asks for: {there} in the checkpoint, "
        "{here} in the model.",
        "{name} 在检查点里的形状与配置要求的不同：检查点里 {there}，模型里 {here}。",
    ),
    "cause:tensors-missing": (
        "{parameter} is made of several tensors of the checkpoint, and some are missing: {missing}. {count} of them "
        "are there.",
        "{parameter} 要由检查点里的多个张量组成，其中缺少：{missing}。现有 {count} 个。",
    ),
    "cause:tensors-of-two-shapes": (
        "{parameter} is to be merged from {count} tensors of the checkpoint, and they are not of one shape: {name} is "
        "{there}, others of its kind are {others}.",
        "{parameter} 要由检查点里的 {count} 个张量合并而成，而它们形状不一："
        "{name} 是 {there}，同类的其他张量是 {others}。",
    ),
    "cause:not-converted": (
        "The library could not make {parameter} of the tensors that the checkpoint has for it ({names}): {reason}",
        "库没能用检查点里对应的张量（{names}）做出 {parameter}：{reason}",
    ),
    "remedy:tensors-of-a-group": (
        "Get the checkpoint again, or save it again from the model that it comes from: all tensors of a group have to "
        "be there, and of one shape.",
        "重新获取检查点，或从原来的模型重新保存一份：同一组的张量必须齐全，形状也必须一致。",
    ),
    "remedy:look-at-the-tensors": (
        "Compare names and shapes of these tensors with what config.json asks for.",
        "把这些张量的名字和形状与 config.json 的要求对照。",
    ),
    "remedy:sizes-in-config": (
        "Set the sizes in config.json to those of the checkpoint (they can be read off the shapes). If the differing "
        "layers are meant to be trained anew: `ignore_mismatched_sizes=True`.",
        "把 config.json 里的尺寸改成检查点的尺寸（从形状就能看出）。如果这些层本来就打算重新训练："
        "`ignore_mismatched_sizes=True`。",
    ),
    # adapters
    "cause:adapter-base-missing": (
        "{file} names the base model “{base}”, and it is not there: no directory of that name where the load ran, and "
        "no hub model that could be read.",
        "{file} 指明的基座模型“{base}”不存在：加载时的工作目录下没有这个目录，也不是能读到的 Hub 模型。",
    ),
    "remedy:name-base": (
        'Write the base\'s real place in {file}: `"base_model_name_or_path": "/path/to/base"`. A relative path counts '
        "from the folder in which Python is started, not from the adapter.",
        '在 {file} 里写明基座的真实位置：`"base_model_name_or_path": "/path/to/base"`。'
        "相对路径从启动 Python 的目录算起，不是从适配器目录算起。",
    ),
    "cause:adapter-for-another-model": (
        "The adapter was made for another architecture: it wants the modules {names}, and the base, {class}, has none "
        "of these names.",
        "适配器是为别的架构做的：它要找模块 {names}，而基座 {class} 里没有这些名字。",
    ),
    "cause:adapter-of-other-sizes": (
        "The adapter's tensors have other shapes than the base, {class}, asks for: it was trained on another model, or "
        "with another rank `r`.",
        "适配器张量的形状与基座 {class} 所要求的不同：它是在别的模型上训练的，或者秩 `r` 不一样。",
    ),
    "remedy:adapters-own-base": (
        "In {file}, `base_model_name_or_path` has to name the model that the adapter was trained on, and "
        "`target_modules` and `r` have to stay as they were in training.",
        "{file} 里的 `base_model_name_or_path` 必须是训练适配器时所用的模型，"
        "`target_modules` 和 `r` 也要与训练时一致。",
    ),
    # ends
    "cause:out-of-memory": ("There was not enough memory.", "内存不够。"),
    "cause:out-of-memory-asked": (
        "There was not enough memory: a single request of {size} could not be met.",
        "内存不够：有一次申请 {size} 没能满足。",
    ),
    "cause:killed-sigkill": (
        "Something outside killed the process with {signal} while {where} was running. Most often it is the system, "
        "out of memory; it may also be a time limit of the machine, a person, or the "
        "model's own code.",
        "{where} 运行时，进程被外部以 {signal} 终止。最常见的是系统内存不足；也可能是机器的时间限制、有人手动结束，"
        "或模型代码自己所为。",
    ),
    "remedy:less-memory": (
        "`--dtype bfloat16` needs half of float32's memory, `--weights fake` none. Another `--device`, or a machine "
        "with more. After a SIGKILL, `dmesg` says whether it was the memory.",
        "`--dtype bfloat16` 只占 float32 的一半内存，`--weights fake` 不占内存；也可以换 `--device`，"
        "或换内存更大的机器。如果是 SIGKILL，`dmesg` 会写明是不是内存不足。",
    ),
    "cause:killed-native": (
        "Native code crashed with {signal} while {where} was running: a fault in a compiled library, not in Python.",
        "{where} 运行时，原生代码以 {signal} 崩溃：问题在编译好的库里，不在 Python 里。",
    ),
    "remedy:native-code": (
        "Bring torch and its companions to releases that go together (`pip install --upgrade torch torchvision "
        "safetensors tokenizers`), and try `--device cpu`. `native_output` in the metadata holds what it last said.",
        "把 torch 和配套的库升级到互相匹配的版本（`pip install --upgrade torch torchvision safetensors tokenizers`），"
        "再试试 `--device cpu`。元数据的 native_output 保存了它最后的输出。",
    ),
    "cause:killed-signal": (
        "The process was ended with {signal} while {where} was running.",
        "{where} 运行时，进程被 {signal} 终止。",
    ),
    "remedy:who-sent-it": (
        "Find out who sends {signal}: a time limit, a job scheduler, a closed terminal. Then load again.",
        "查清是谁发出的 {signal}：时间限制、作业调度系统，还是终端被关闭。然后重新加载。",
    ),
    "cause:own-code-exits": (
        "The directory's own code seems to end the process itself, with exit code {code}: {file} was running.",
        "看来是目录自带的代码自己结束了进程，退出码 {code}：当时正运行到 {file}。",
    ),
    "remedy:no-exit-in-code": (
        "Look at {file}: no code of a model should call `os._exit` or `sys.exit`. If you did not write it, do not "
        "trust it.",
        "看看 {file}：模型代码不应调用 `os._exit` 或 `sys.exit`。如果不是你自己写的，就不要信任它。",
    ),
    "cause:exits-early": (
        "The process ended itself with exit code {code} before anything could be recorded.",
        "进程以退出码 {code} 自行结束，当时还没有记录到任何东西。",
    ),
    "cause:exits": (
        "The process ended itself with exit code {code} while {where} was running, in the middle of the load.",
        "{where} 运行时，进程以退出码 {code} 自行结束，此时加载还没有完成。",
    ),
    "remedy:look-at-last-steps": (
        "Look at the steps before the end, see below.",
        "用下面的命令查看结束之前的各步。",
    ),
    "cause:interrupted": (
        "Somebody interrupted it (Ctrl-C, or a request to terminate) while {where} was running.",
        "{where} 运行时有人中断了它（Ctrl-C，或终止请求）。",
    ),
    "cause:unfinished": (
        "This is a journal that was never sealed: glm-trace itself was killed, or is still recording. The last thing "
        "it holds is {where}.",
        "这是没有封存的日志：glm-trace 自己被终止了，或者还在记录。最后记下的是 {where}。",
    ),
    "remedy:load-again": ("Load again; nothing is broken.", "重新加载即可，没有东西损坏。"),
    "cause:misused": ("{message}", "{message}"),
    "remedy:ask-otherwise": ("Change the call as the sentence says.", "按上面的提示修改调用。"),
    "cause:no-load": (
        "No load came to its end in what was recorded. glm-trace follows from_pretrained and from_config of "
        "transformers' models, configurations and tokenizers.",
        "记录范围内没有一次加载执行到底。glm-trace 跟踪的是 transformers 的模型、配置和分词器的 "
        "from_pretrained 与 from_config。",
    ),
    "remedy:load-inside": (
        "Put the call that loads inside the recorded script or `with tracer.record(…)` block; a model that was loaded "
        "before is not watched.",
        "把加载语句放进被记录的脚本或 `with tracer.record(…)` 块里；事先加载好的模型不在观察之列。",
    ),
    "cause:script-failed": (
        "The code around the load raised {error}; no load was running then.",
        "{error} 是加载之外的代码抛出的，当时没有加载在进行。",
    ),
    "remedy:look-at-script": (
        "Look at the traceback that the script printed; what its loads did is in this trace.",
        "请看脚本打印的 traceback；其中各次加载的经过都在这份记录里。",
    ),
    "cause:stopped": (
        "`--stop-after` asked for it; the last thing that ran is {where}.",
        "这是 `--stop-after` 的要求；最后运行的是 {where}。",
    ),
    "cause:own-fault": (
        "This is a fault of glm-trace itself, and none of the model or of transformers: {error} was raised in {place}.",
        "这是 glm-trace 自身的错误，与模型和 transformers 无关：{error} 出现在 {place}。",
    ),
    "remedy:report-fault": (
        "Please report it, with what `glm-trace why` prints. Without the recorder the load would have gone on.",
        "请把 `glm-trace why` 的输出一并反馈给我们。不用 glm-trace 时，加载不会因此中断。",
    ),
    "cause:unknown": (
        "glm-trace has no rule for this one. {error} was first seen in {function}; what is recorded around it stands "
        "below.",
        "glm-trace 没有适用的规则。{error} 最早出现在 {function}；相关记录列在下面。",
    ),
    "cause:unknown-outside": (
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised before the library was "
        "called, or outside what is recorded.",
        "glm-trace 没有适用的规则，逐步记录的函数里也没有出现它：{error} 发生在调用库之前，或在记录范围之外。",
    ),
    "cause:unknown-unseen": (
        "glm-trace has no rule for this one, and no stepped function saw it: {error} was raised after step {step}, in "
        "code that is not stepped.",
        "glm-trace 没有适用的规则，逐步记录的函数里也没有出现它：{error} 发生在第 {step} 步之后，"
        "在没有逐步记录的代码里。",
    ),
    "cause:packages-apart": (
        "Installed packages do not go together: something asks the module {module} for `{name}`, which this release of "
        "it does not have, or has not imported.",
        "安装的包互不匹配：有代码要用模块 {module} 的 `{name}`，而这个版本里没有它，或者还没有导入它。",
    ),
    "remedy:releases-together": (
        "Install releases that go together: of packages that were published at about the time of transformers "
        "{release}. The metadata lists the releases that are installed.",
        "安装互相匹配的版本，也就是与 transformers {release} 同一时期发布的各个包。元数据里列有当前安装的版本。",
    ),
}
