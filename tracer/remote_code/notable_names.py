"""Notable names: a table from dotted name to what it can do.

A name covers everything below it (``subprocess`` covers ``subprocess.run``). The longest matching name wins, so
``urllib.parse`` can be harmless although ``urllib`` is not. ``()`` means the object that a call returns.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tracer.remote_code.result import Kind

_LONGEST: Final = 12


class Rule(NamedTuple):
    """What a name can do, and whether it is common in honest model code."""

    kind: Kind
    weak: bool = False


def rule_for(dotted: str) -> Rule | None:
    """Return the rule for a resolved name, or ``None`` if nothing notable is known about it."""
    parts = normal(dotted).split(".")[:_LONGEST]
    shortest = max((i + 1 for i, part in enumerate(parts) if part.endswith("()")), default=1)
    if len(parts) == shortest and parts[-1].endswith("()"):
        return None  # the object itself: the call that returned it has been reported
    for length in range(len(parts), shortest - 1, -1):
        key = ".".join(parts[:length])
        if key in _RULES:
            return _RULES[key]
    return None


def normal(dotted: str) -> str:
    """Return the canonical spelling of a name: ``posix.system`` and ``torch.os.system`` are ``os.system``."""
    parts = dotted.split(".")
    for index in range(len(parts) - 1, 0, -1):
        bare = parts[index].lstrip("_")
        before = parts[index - 1].lstrip("_")
        if bare in _MODULES_REACHED_THROUGH_OTHERS and before != bare and not before.endswith("()"):
            parts = [bare, *parts[index + 1 :]]
            break
    if parts[0] in ("posix", "nt"):
        parts[0] = "os"
    if parts[0] in ("builtins", "__builtins__", "__builtin__") and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts)


def has_own_rule(dotted: str) -> bool:
    """Return whether the table has this very name, not only a name above it."""
    return normal(dotted) in _RULES


def is_notable_module(name: str) -> bool:
    """Return whether the module as a whole, or something in it, is notable."""
    return rule_for(name) is not None or name in MODULES_NOT_TO_HAND_ON


MODULES_NOT_TO_HAND_ON: Final = frozenset(
    {"os", "posix", "nt", "sys", "builtins", "__builtins__", "subprocess", "shutil", "socket", "importlib"}
    | {"ctypes", "pickle"}
)
"""Modules that are passed around as values only to hide what is taken from them."""

_MODULES_REACHED_THROUGH_OTHERS: Final = frozenset(
    {"os", "sys", "subprocess", "builtins", "socket", "shutil", "ctypes", "importlib", "pickle", "marshal"}
)

METHODS: Final[dict[str, Rule]] = {
    **dict.fromkeys(("write_text", "write_bytes", "unlink", "rmdir", "symlink_to"), Rule("file-system")),
    **dict.fromkeys(("hardlink_to", "touch", "extractall", "rmtree", "chmod"), Rule("file-system")),
    **dict.fromkeys(("read_text", "read_bytes", "save_pretrained", "mkdir"), Rule("file-system", weak=True)),
    **dict.fromkeys(("system", "popen", "execv", "execve", "spawnv", "check_output"), Rule("process")),
    **dict.fromkeys(("urlopen", "urlretrieve", "push_to_hub", "sendall"), Rule("network")),
    **dict.fromkeys(("exec_module", "load_module", "import_module"), Rule("eval-exec")),
    **dict.fromkeys(("load_library", "LoadLibrary"), Rule("native")),
}
"""Methods whose name is notable even when the object is unknown."""

BUILTINS: Final = frozenset(
    {"eval", "exec", "compile", "open", "exit", "quit", "globals", "locals", "vars", "getattr", "bytes"}
    | {"__import__", "__builtins__", "get_ipython"}
)
"""Names that need no import."""

REFLECTION: Final = frozenset(
    {"__subclasses__", "__globals__", "__builtins__", "__code__", "__import__", "__loader__"}
    | {"__annotations__", "f_builtins", "f_globals"}
)
"""Attributes through which code reaches what it does not name."""

NOT_TO_HAND_ON: Final = frozenset({"getattr", "__builtins__", "builtins"})
"""Names that honest code uses directly: passed on or looped over, they give access to what is not named."""

DISGUISES: Final = frozenset({"chr", "join", "decode", "fromhex", "translate", "reversed", "replace", "format"})
"""Functions and methods that assemble a name so that it can't be read."""

_TABLE: Final[tuple[tuple[Kind, bool, str], ...]] = (
    (
        "process",
        False,
        """subprocess os.system os.popen os.execl os.execle os.execlp os.execlpe os.execv os.execve
        os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp
        os.spawnvpe os.posix_spawn os.posix_spawnp os.fork os.forkpty os.kill os.killpg os._exit
        os.abort os.startfile os.setuid os.setgid os.setsid os.ptrace pty signal multiprocessing
        billiard commands popen2 pexpect sh plumbum fabric invoke asyncio.create_subprocess_exec
        asyncio.create_subprocess_shell torch.multiprocessing concurrent.futures.ProcessPoolExecutor
        concurrent.futures.process psutil.Process psutil.Popen sys.settrace sys.setprofile
        sys.monitoring sys.addaudithook IPython.get_ipython get_ipython torch.utils.collect_env setuptools
        distutils numpy.distutils pip""",
    ),
    (
        "process",
        True,
        "sys.exit exit quit threading.Thread atexit psutil os.setpriority os.nice _thread "
        "multiprocessing.cpu_count torch.multiprocessing.get_sharing_strategy",
    ),
    (
        "network",
        False,
        """socket ssl socketserver urllib urllib2 urllib3 http.client http.server httplib httplib2 requests
        httpx aiohttp ftplib smtplib imaplib poplib telnetlib nntplib xmlrpc websocket websockets
        paramiko asyncssh pycurl wget gdown grpc zmq boto3 botocore s3fs gcsfs pysftp twisted tornado
        flask fastapi uvicorn dns webbrowser asyncio.open_connection asyncio.open_unix_connection
        asyncio.start_server torch.hub torch.utils.model_zoo torch.distributed.rpc
        torchvision.datasets.utils.download_url huggingface_hub.hf_hub_download
        huggingface_hub.snapshot_download huggingface_hub.HfApi huggingface_hub.cached_download
        huggingface_hub.upload_file huggingface_hub.upload_folder huggingface_hub.create_repo
        huggingface_hub.login huggingface_hub.InferenceClient huggingface_hub.HfFileSystem
        huggingface_hub.Repository huggingface_hub.file_download modelscope datasets.load_dataset
        nltk.download wandb kaggle openai""",
    ),
    (
        "network",
        True,
        """huggingface_hub torch.distributed.init_process_group fsspec tiktoken.get_encoding
        tiktoken.encoding_for_model tiktoken.load transformers.utils.cached_file transformers.utils.hub
        transformers.image_utils.load_image transformers.utils.has_file socket.gethostname""",
    ),
    (
        "file-system",
        False,
        """os.remove os.unlink os.rename os.renames os.replace os.rmdir os.removedirs os.chmod os.fchmod
        os.lchmod os.chown os.lchown os.fchown os.link os.symlink os.truncate os.ftruncate os.mkfifo
        os.mknod os.chroot os.open os.fdopen os.sendfile shutil tempfile fileinput sqlite3 dbm
        torch.save numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.memmap joblib.dump
        pickle.dump safetensors.torch.save_file safetensors.numpy.save_file zipfile.ZipFile().extractall
        tarfile.open().extractall pathlib.Path().write_text pathlib.Path().write_bytes
        pathlib.Path().unlink pathlib.Path().rename pathlib.Path().replace pathlib.Path().rmdir
        pathlib.Path().chmod pathlib.Path().touch pathlib.Path().symlink_to pathlib.Path().hardlink_to
        logging.FileHandler""",
    ),
    (
        "file-system",
        True,
        """open io.open io.FileIO codecs.open gzip.open bz2.open lzma.open tarfile zipfile os.makedirs
        os.mkdir os.chdir os.walk os.listdir os.scandir os.write os.read os.utime glob shutil.which
        shutil.disk_usage shutil.get_terminal_size pathlib.Path().open pathlib.Path().read_text
        pathlib.Path().read_bytes pathlib.Path().mkdir pathlib.Path().glob pathlib.Path().rglob
        pathlib.Path().iterdir linecache""",
    ),
    (
        "eval-exec",
        False,
        """eval exec compile execfile __import__ importlib imp runpy code codeop pkgutil.get_loader
        pkgutil.find_loader zipimport pickle cPickle _pickle cloudpickle dill joblib.load marshal shelve
        jsonpickle pandas.read_pickle pandas.eval torch.load torch.serialization.load torch.package
        numpy.load yaml.load yaml.load_all yaml.unsafe_load yaml.full_load yaml.UnsafeLoader
        types.CodeType types.FunctionType sys.path sys.meta_path sys.path_hooks
        transformers.dynamic_module_utils timeit profile cProfile pdb bdb trace doctest pydoc
        pkgutil.resolve_name logging.config jinja2 mako sympy numexpr gc.get_objects gc.get_referrers
        gc.get_referents operator.methodcaller dataclasses.make_dataclass""",
    ),
    (
        "eval-exec",
        True,
        """importlib.metadata importlib.util.find_spec importlib.resources importlib.util.LazyLoader
        importlib.machinery.ModuleSpec importlib_metadata base64.b64decode base64.b85decode
        base64.b32decode base64.a85decode base64.urlsafe_b64decode base64.decodebytes binascii.unhexlify
        binascii.a2b_base64 codecs.decode zlib.decompress lzma.decompress bz2.decompress bytes.fromhex
        globals locals vars sys.modules sys._getframe inspect.currentframe operator.attrgetter
        typing.get_type_hints inspect.get_annotations""",
    ),
    (
        "native",
        False,
        """ctypes _ctypes cffi cppyy pyximport Cython pybind11 mmap pycuda cupy tvm
        torch.utils.cpp_extension torch.ops.load_library torch.classes.load_library numpy.ctypeslib
        kernels llvmlite keystone unicorn sys.setdlopenflags torch.utils._cpp_extension_versioner""",
    ),
    ("native", True, "triton numba jax.experimental.pallas"),
    (
        "environment",
        False,
        """keyring getpass netrc huggingface_hub.get_token huggingface_hub.HfFolder
        huggingface_hub.utils.get_token pwd spwd winreg""",
    ),
    (
        "environment",
        True,
        "os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv os.path.expanduser dotenv "
        "pathlib.Path.home os.getlogin",
    ),
)

_HARMLESS: Final = """jinja2.sandbox jinja2.exceptions
        urllib.parse requests.exceptions requests.compat urllib.error urllib3.exceptions
        huggingface_hub.PyTorchModelHubMixin huggingface_hub.errors huggingface_hub.utils
        huggingface_hub.constants torch.distributed signal.Signals socket.timeout socket.error
        subprocess.CalledProcessError subprocess.PIPE subprocess.DEVNULL subprocess.STDOUT
        pickle.HIGHEST_PROTOCOL pickle.DEFAULT_PROTOCOL ctypes.c_int ctypes.sizeof http.HTTPStatus"""

_RULES: Final[dict[str, Rule | None]] = {
    **{name: Rule(kind, weak) for kind, weak, names in _TABLE for name in names.split()},
    **dict.fromkeys(_HARMLESS.split()),
}
