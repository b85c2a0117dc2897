"""Causes and remedies up to the class: files, the directory's own code, which class, trust."""

from __future__ import annotations

from typing import Final

LOADING: Final[dict[str, tuple[str, str]]] = {
    # files
    "cause:not-json": (
        "{file} is no valid JSON: it can't be read at line {line}, column {column}.",
        "{file} 不是合法的 JSON：读到第 {line} 行第 {column} 列出错。",
    ),
    "remedy:repair-json": (
        "Open {file} at line {line}. The usual faults: a comma after the last entry, a missing comma or quote on the "
        "line before, a comment. `python -m json.tool FILE` points at the place too.",
        "打开 {file}，看第 {line} 行附近。常见的毛病：最后一项后面多了逗号，上一行少了逗号或引号，写了注释。"
        "`python -m json.tool 文件` 也会指出位置。",
    ),
    "cause:config-missing": (
        "There is no config.json in {in}, so the library can't know what kind of model this is.",
        "{in} 里没有 config.json，库无从知道这是什么模型。",
    ),
    "remedy:write-config": (
        "Put the model's config.json into the directory, or load the directory that holds it: weights saved with "
        "`torch.save` or `safetensors` alone come without one, `model.save_pretrained(DIR)` writes it.",
        "把该模型的 config.json 放进目录，或改为加载真正含有它的目录。只用 `torch.save` 或 `safetensors` "
        "保存的权重不带 config.json，`model.save_pretrained(目录)` 才会写出它。",
    ),
    "cause:model-not-found": (
        "“{model}” is no directory here, and as the name of a hub model it could not be read: it does not exist, is "
        "private, or the hub can't be reached and the model is not in the cache.",
        "这里没有目录“{model}”；当作 Hub 上的模型名也读不到：要么不存在，要么没有权限，要么连不上 Hub 而缓存里又没有。",
    ),
    "remedy:name-or-download": (
        "Check the spelling of “{model}”. If it is a hub model, download it while online "
        "(`huggingface-cli download {model}`) and log in if it is private; if it is a directory, give its path.",
        "检查“{model}”的拼写。如果是 Hub 模型，请联网下载（`huggingface-cli download {model}`），"
        "私有模型先登录；如果是目录，请写出它的路径。",
    ),
    "cause:weights-missing": (
        "No weights in {in}: none of the file names that the library looks for is there ({names}).",
        "{in} 里没有权重：库要找的文件名一个也没有（{names}）。",
    ),
    "remedy:weights-here": (
        "Put the weights there under one of these names, or with an index beside several shards. To look at the model "
        "without weights: `--weights random`.",
        "把权重放进去，用上面的文件名之一；分片的权重还要带上索引文件。只想看看模型、不要权重，可用 "
        "`--weights random`。",
    ),
    "cause:shard-missing": (
        "The index of the weights names {count:# file|# files}, and {file} is not there (read before it: {read}).",
        "权重索引列出 {count} 个文件，而 {file} 不存在（在它之前已读：{read} 个）。",
    ),
    "cause:shard-truncated": (
        "{file} is cut off: its header promises more than the file holds. A download or copy that broke off leaves "
        "such a file.",
        "{file} 不完整：文件头声明的内容比实际的多。下载或复制中途断掉就会留下这样的文件。",
    ),
    "cause:shard-not-safetensors": (
        "{file} is no safetensors file: it does not begin with a header that can be read. A pointer of Git LFS (a few "
        "lines of text) or an error page saved under that name looks like this.",
        "{file} 不是 safetensors 文件：开头不是能读的文件头。常见的情形是它只是 Git LFS 指针（几行文本），"
        "或者把出错网页存成了这个名字。",
    ),
    "cause:shard-damaged": ("{file} can't be read: {message}", "{file} 无法读取：{message}"),
    "remedy:download-again": (
        "Get {file} again (`huggingface-cli download MODEL`, or `git lfs pull` in a clone) and compare its size and "
        "SHA-256 with what the hub shows.",
        "重新获取 {file}（`huggingface-cli download 模型名`；git 克隆的目录里用 `git lfs pull`），"
        "并与 Hub 页面上的大小和 SHA-256 核对。",
    ),
    # the directory's own code
    "cause:class-file-missing": (
        "`auto_map` asks for {reference}, and there is no file {file} in the directory.",
        "`auto_map` 要用 {reference}，而目录里没有 {file}。",
    ),
    "remedy:name-class-file": (
        "Put {file} into the directory. If the file is there under another name, write that name in config.json: "
        '`"auto_map": {{"{auto_class}": "FILE.{class}"}}` (FILE without “.py”).',
        "把 {file} 放进目录。如果文件在，只是名字不同，就在 config.json 里改成它的名字："
        '`"auto_map": {{"{auto_class}": "文件名.{class}"}}`（文件名不带“.py”）。',
    ),
    "cause:class-missing": (
        "`auto_map` asks for {reference}, and {module}.py defines nothing of the name {class}.",
        "`auto_map` 要用 {reference}，而 {module}.py 里没有定义 {class}。",
    ),
    "remedy:name-class": (
        "Look up the class in {module}.py and write its name in config.json: "
        '`"auto_map": {{"{auto_class}": "{module}.CLASS"}}`.',
        '到 {module}.py 里查出类名，写进 config.json：`"auto_map": {{"{auto_class}": "{module}.类名"}}`。',
    ),
    "cause:class-repository-missing": (
        "`auto_map` takes {class} from another repository, {repository}, and {file} of it could not be had: it is not "
        "in the hub cache, and the hub was not reached or does not have it.",
        "`auto_map` 要从另一个仓库 {repository} 取 {class}，而拿不到其中的 {file}："
        "hub 缓存里没有，也没能从 hub 上取到。",
    ),
    "remedy:fetch-repository": (
        "Load once with access to the hub, or fetch it: `hf download {repository}`. If you have its code, put {file} "
        "into the directory and write `{module}.{class}` without `{repository}--`.",
        "联网加载一次，或者先下载：`hf download {repository}`。如果你有它的代码，就把 {file} 放进目录，"
        "并去掉 `{repository}--`，只写 `{module}.{class}`。",
    ),
    "remedy:fetch-repository-or-stay": (
        "There is a {file} in the directory too: if that is the code that is meant, write `{module}.{class}` in "
        "config.json, without `{repository}--`. Else load once with access to the hub, or fetch the repository: "
        "`hf download {repository}`.",
        "目录里也有 {file}：如果要用的就是它，就在 config.json 里去掉 `{repository}--`，只写 `{module}.{class}`。"
        "否则请联网加载一次，或者先下载那个仓库：`hf download {repository}`。",
    ),
    "cause:package-missing": (
        "{file} imports {names}, which is not installed in this Python.",
        "{file} 导入了 {names}，而当前 Python 环境没有安装。",
    ),
    "remedy:install-packages": (
        "`pip install {packages}`. If the model runs without it, put the import inside "
        "`try: … except ImportError:`, which the check leaves out.",
        "`pip install {packages}`。如果模型不用它也能运行，"
        "就把这句 import 放进 `try: … except ImportError:`，检查时会跳过。",
    ),
    "remedy:find-packages": (
        "Look up on the model's page what has to be installed. Do not guess: an import name is not always a package's "
        "name, and a package that merely has this name may be somebody else's. If the model runs without it, put the "
        "import inside `try: … except ImportError:`, which the check leaves out.",
        "到模型主页上查该装什么，不要凭导入名去猜：导入名和包名可能不同，恰好叫这个名字的包也可能是别人发布的。"
        "如果模型不用它也能运行，就把这句 import 放进 `try: … except ImportError:`，检查时会跳过。",
    ),
    "cause:package-fails": (
        "{file} imports {package}, which is installed but can't be imported here: {message}",
        "{file} 导入了 {package}。它已经安装，但在这里无法导入：{message}",
    ),
    "remedy:match-package": (
        "Bring {package} and the other packages to releases that go together: see the model's page for those that its "
        "code was written with. If the model runs without {package}, put the import inside "
        "`try: … except ImportError:`, which the check leaves out.",
        "让 {package} 和其他包的版本互相匹配：代码当初用的版本请看模型主页。"
        "如果模型不用 {package} 也能运行，就把这句 import 放进 `try: … except ImportError:`，检查时会跳过。",
    ),
    "cause:sibling-absolute": (
        "{file} imports {modules} as if it were an installed package; it is a file of the same directory.",
        "{file} 把 {modules} 当作已安装的包来导入，而它其实是同一目录里的文件。",
    ),
    "cause:sibling-and-package": (
        "{file} imports {modules} as if it were an installed package; it is a file of the same directory. It also "
        "imports {names}, which is not installed in this Python.",
        "{file} 把 {modules} 当作已安装的包来导入，而它其实是同一目录里的文件。它还导入了 {names}，"
        "当前 Python 环境没有安装。",
    ),
    "remedy:import-relatively": (
        "Write the import in {file} with a dot: `from .{module} import …`. Only then is {module}.py copied along. "
        "There is nothing to install, whatever the message says.",
        "在 {file} 里写成带点的相对导入：`from .{module} import …`。"
        "这样 {module}.py 才会一起被复制。不管报错怎么说，都不需要安装任何包。",
    ),
    "remedy:import-relatively-first": (
        "Write the import in {file} with a dot: `from .{module} import …`. Only then is {module}.py copied along. "
        "Then look up on the model's page what brings {names}, or put that import inside "
        "`try: … except ImportError:` if the model runs without it.",
        "先在 {file} 里写成带点的相对导入：`from .{module} import …`，这样 {module}.py 才会一起被复制。"
        "再到模型主页上查 {names} 该装什么；如果模型不用它也能运行，就把那句 import 放进 "
        "`try: … except ImportError:`。",
    ),
    "cause:relative-import-missing": (
        "{by} imports `.{module}`, and there is no file {file} in the directory.",
        "{by} 导入了 `.{module}`，而目录里没有 {file}。",
    ),
    "remedy:add-file": (
        "Put {file} beside {by}; the model's code is not complete without it. Download the whole repository rather "
        "than single files.",
        "把 {file} 放到 {by} 旁边，缺了它模型代码就不完整。下载时请取整个仓库，不要只取个别文件。",
    ),
    "cause:import-not-copied": (
        "{file} was not copied into the modules cache: a file that the model's file imports needs it, and transformers "
        "4 copies only what the model's file itself imports.",
        "{file} 没有被复制到模块缓存：需要它的是模型文件所导入的另一个文件，"
        "而 transformers 4 只复制模型文件自己导入的那些。",
    ),
    "remedy:import-in-main-file": (
        "Add `from . import {module}` to the file that `auto_map` names, so that {file} is copied too; or use "
        "transformers 5, which follows the imports to their end.",
        "在 `auto_map` 指定的文件里加一句 `from . import {module}`，{file} 就会一起复制；"
        "或者换用 transformers 5，它会沿着导入一直找下去。",
    ),
    "cause:stale-copy": (
        "The name {name} was looked for in a stale copy of {file}: this load did not refresh that file in the modules "
        "cache, it was left there by an earlier load.",
        "要找的名字 {name} 不在 {file} 的旧副本里：这次加载没有更新模块缓存里的这个文件，它是以前某次加载留下的。",
    ),
    "remedy:clear-copy": (
        "Delete the copy: the folder `transformers_modules` in the modules cache (`HF_MODULES_CACHE`, normally "
        "~/.cache/huggingface/modules) is made again by the next load. So that {file} is always refreshed, import it "
        "in the file that `auto_map` names.",
        "删掉旧副本：模块缓存（`HF_MODULES_CACHE`，一般是 ~/.cache/huggingface/modules）里的 "
        "`transformers_modules` 会在下次加载时重建。要让 {file} 每次都更新，请在 `auto_map` 指定的文件里导入它。",
    ),
    "cause:sibling-name-missing": (
        "The code imports {name} from {file}, and that file does not define it.",
        "代码要从 {file} 导入 {name}，而该文件没有定义它。",
    ),
    "remedy:define-name": (
        "Bring the files of the model to one revision (download all of them again), or define {name} in {file}.",
        "让模型的各个文件来自同一版本（全部重新下载），或者在 {file} 里定义 {name}。",
    ),
    "cause:library-name-gone": (
        "The code imports {name} from {module}, and the installed release has no such name: it was written for "
        "another release of {package}.",
        "代码要从 {module} 导入 {name}，而已安装的版本没有这个名字：代码是为另一个版本的 {package} 写的。",
    ),
    "remedy:other-release": (
        "See `transformers_version` in config.json and the model's page for the release it was written for, and "
        "install that one; or write the code without {name}.",
        "查看 config.json 里的 `transformers_version` 和模型主页，安装代码当初所用的版本；"
        "或者改写代码，不再用 {name}。",
    ),
    "cause:not-python": (
        "{file} is no valid Python: line {line}: {message}",
        "{file} 不是合法的 Python：第 {line} 行：{message}",
    ),
    "remedy:repair-line": (
        "Repair line {line} of {file}. If the file is as published, it may need a newer Python than the one in use.",
        "修正 {file} 第 {line} 行。如果文件是原样发布的，它可能需要比当前更新的 Python。",
    ),
    "cause:own-code-raised": (
        "The directory's own code raised it: {file}, line {line}, in {function}: `{statement}`. Why it does so is not "
        "known here; the message is its own.",
        "是目录自带的代码抛出的：{file} 第 {line} 行，{function}：`{statement}`。"
        "它为什么这样做，这里无从得知；报错文字出自它自己。",
    ),
    "remedy:look-at-code": (
        "Look at the steps of {function} up to line {line}: they show its variables.",
        "查看 {function} 到第 {line} 行为止的各步，可以看到它的变量。",
    ),
    "cause:own-code-failed": (
        "{error} came up in the directory's own code: {file}, line {line}, in {function}: `{statement}`. Why is not "
        "known here.",
        "{error} 出现在目录自带的代码里：{file} 第 {line} 行，{function}：`{statement}`。原因这里无从得知。",
    ),
    "cause:own-code-called": (
        "{error} was first seen in {file}, line {line}, in {function}, at the statement `{statement}`, which calls "
        "{calls}. Whether the statement itself raised it, or something that it calls, is not recorded.",
        "{error} 最早出现在 {file} 第 {line} 行（{function}），语句是 `{statement}`，其中调用了 {calls}。"
        "是语句本身抛出的，还是它所调用的代码抛出的，没有记录。",
    ),
    # which class
    "cause:unknown-model-type": (
        "config.json has the model type “{model_type}”, which transformers {release} does not know, and no `auto_map` "
        "that names code for it.",
        "config.json 里的模型类型是“{model_type}”，transformers {release} 不认识，也没有 `auto_map` 指明它的代码。",
    ),
    "remedy:spell-or-upgrade": (
        "Check the spelling of `model_type`. If the architecture is newer than transformers {release}: `pip install "
        '--upgrade transformers`. If its code lies in the directory, config.json needs `"auto_map"` to name it.',
        "检查 `model_type` 的拼写。如果该架构比 transformers {release} 新：`pip install --upgrade transformers`。"
        '如果代码就在目录里，config.json 需要用 `"auto_map"` 指明。',
    ),
    "cause:no-model-type": (
        "config.json has no `model_type`, so transformers {release} can't tell which architecture it is.",
        "config.json 里没有 `model_type`，transformers {release} 无法判断是哪种架构。",
    ),
    "remedy:write-model-type": (
        'Write it into config.json: `"model_type": "…"`, say `"bert"`. (4.x also guessed from the path; 5.x does not.)',
        '在 config.json 里写上：`"model_type": "…"`，例如 `"bert"`。（4.x 还会从路径名猜，5.x 不再猜。）',
    ),
    "cause:auto-class-not-mapped": (
        "{auto_class} has no model for {class}: neither does its own table list one, nor does `auto_map` have an entry "
        "“{auto_class}”.",
        "{auto_class} 没有与 {class} 对应的模型：自带的映射表里没有，`auto_map` 里也没有“{auto_class}”这一项。",
    ),
    "remedy:map-auto-class": (
        "Load with an auto class that `auto_map` in config.json lists (`--auto-class NAME`), or add an entry: "
        '`"auto_map": {{"{auto_class}": "FILE.CLASS"}}`.',
        "换用 config.json 的 `auto_map` 里列出的自动类（`--auto-class 名称`），或者加上一项："
        '`"auto_map": {{"{auto_class}": "文件名.类名"}}`。',
    ),
    "remedy:other-auto-class": (
        "Load with the auto class that goes with `architectures` in config.json (`--auto-class NAME`); the message "
        "lists what {auto_class} takes.",
        "换用与 config.json 里 `architectures` 相配的自动类（`--auto-class 名称`）；"
        "报错里列出了 {auto_class} 接受哪些。",
    ),
    "cause:config-class-missing": (
        "The class {class} does not say which configuration it is made from, and transformers 5 registers it by that.",
        "类 {class} 没有说明自己用哪个配置类构造，而 transformers 5 要靠这一点来注册它。",
    ),
    "cause:config-class-differs": (
        "The class {class} says another `config_class` than {config_class}, which `auto_map` names.",
        "类 {class} 的 `config_class` 与 `auto_map` 指明的 {config_class} 不是同一个类。",
    ),
    "remedy:write-config-class": (
        "Write this line into the body of {class} (or of its base): `config_class = {config_class}`.",
        "在 {class}（或它的基类）的类体里写上：`config_class = {config_class}`。",
    ),
    "cause:tokenizer-class-missing": (
        "tokenizer_config.json names the class {class}, which transformers {release} does not have.",
        "tokenizer_config.json 指定的类 {class} 在 transformers {release} 里不存在。",
    ),
    "remedy:name-tokenizer-class": (
        'Name a class that exists: `"tokenizer_class": "PreTrainedTokenizerFast"` fits every directory with a '
        "tokenizer.json. Code of the directory's own is named in "
        '`"auto_map": {{"AutoTokenizer": ["FILE.CLASS", null]}}`.',
        '改成存在的类：有 tokenizer.json 的目录都可以写 `"tokenizer_class": "PreTrainedTokenizerFast"`。'
        '目录自带的分词器代码要写在 `"auto_map": {{"AutoTokenizer": ["文件名.类名", null]}}` 里。',
    ),
    # trust
    "cause:trust-refused": (
        "The directory has code of its own that this model needs, and `trust_remote_code=False` forbids to run it.",
        "这个模型必须运行目录自带的代码，而 `trust_remote_code=False` 不允许。",
    ),
    "cause:trust-not-given": (
        "The directory has code of its own that this model needs, and nobody allowed it to run: `trust_remote_code` "
        "was not given.",
        "这个模型必须运行目录自带的代码，而没有给出 `trust_remote_code`，等于没有得到允许。",
    ),
    "cause:code-changed": (
        "{file} is not the file that was agreed to, so it was not run: agreed to was sha256 {agreed}, "
        "found was {found}",
        "{file} 不是你同意运行的那个文件，因此没有运行。你同意的是 sha256 {agreed}，找到的是 {found}",
    ),
    "cause:code-not-shown": (
        "{file} was not among the files that were agreed to, so it was not run. Its sha256 is {found}",
        "{file} 不在你同意运行的文件之中，因此没有运行。它的 sha256 是 {found}",
    ),
    "cause:code-compiled": (
        "{file} is compiled code, which could not be shown, so nobody agreed to it and it was not run.",
        "{file} 是编译过的代码，无法显示给你看，也就没有人同意过，因此没有运行。",
    ),
    "remedy:look-again": (
        "Load again: the code is shown as it is now, and you are asked again. Find out first who changed it; of a hub "
        "model, the hub may have a newer commit than the cache.",
        "重新加载：会显示代码现在的样子，并重新询问。先弄清楚是谁改动了它；"
        "如果是 hub 上的模型，可能是 hub 上的提交比缓存里的新。",
    ),
    "remedy:trust-remote-code": (
        "Read the directory's .py files. If you trust them: `--trust-remote-code` here, `trust_remote_code=True` in "
        "your own code, in each `from_pretrained`.",
        "先读一读目录里的 .py 文件。如果信得过：这里加 `--trust-remote-code`，自己的代码里给每个 "
        "`from_pretrained` 加上 `trust_remote_code=True`。",
    ),
}
