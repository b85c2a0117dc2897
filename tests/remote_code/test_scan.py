"""What is notable in a source, under whatever name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.remote_code import Finding, scan_source


def told(source: str) -> list[tuple[str, str]]:
    """Return the findings that are not weak, as (kind, name)."""
    return [(finding.kind, finding.name) for finding in scan_source(source) if not finding.weak]


def weak_findings(source: str) -> list[tuple[str, str]]:
    return [(f.kind, f.name) for f in scan_source(source) if f.weak and not f.name.startswith("import ")]


def only(source: str) -> Finding:
    (finding,) = [finding for finding in scan_source(source) if not finding.weak]
    return finding


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("import subprocess\nsubprocess.run(['ls'])", "process", "subprocess.run"),
        ("import os\nos.system('ls')", "process", "os.system"),
        ("import os\nos.execvp('ls', [])", "process", "os.execvp"),
        ("import os\nos.fork()", "process", "os.fork"),
        ("import os\nos.kill(1, 9)", "process", "os.kill"),
        ("import os\nos._exit(0)", "process", "os._exit"),
        ("import multiprocessing as m\nm.Process()", "process", "multiprocessing.Process"),
        ("import pty\npty.spawn('sh')", "process", "pty.spawn"),
        ("import signal\nsignal.alarm(1)", "process", "signal.alarm"),
        ("import sys\nsys.settrace(f)", "process", "sys.settrace"),
        ("import socket\nsocket.socket()", "network", "socket.socket"),
        ("import urllib.request\nurllib.request.urlopen(u)", "network", "urllib.request.urlopen"),
        ("from urllib.request import urlretrieve\nurlretrieve(u)", "network", "urllib.request.urlretrieve"),
        ("import requests\nrequests.get(u)", "network", "requests.get"),
        ("import httpx\nhttpx.post(u)", "network", "httpx.post"),
        ("import aiohttp\naiohttp.ClientSession()", "network", "aiohttp.ClientSession"),
        ("import http.client\nhttp.client.HTTPConnection(h)", "network", "http.client.HTTPConnection"),
        ("import ftplib\nftplib.FTP(h)", "network", "ftplib.FTP"),
        ("import smtplib\nsmtplib.SMTP(h)", "network", "smtplib.SMTP"),
        ("import torch\ntorch.hub.load('a/b')", "network", "torch.hub.load"),
        (
            "from huggingface_hub import hf_hub_download as d\nd('a/b', 'c')",
            "network",
            "huggingface_hub.hf_hub_download",
        ),
        ("import wget\nwget.download(u)", "network", "wget.download"),
        ("open('a', 'w')", "file-system", "open"),
        ("open('a', mode='ab')", "file-system", "open"),
        ("open('a', mode)", "file-system", "open"),
        ("open(*arguments)", "file-system", "open"),
        ("open('a', **options)", "file-system", "open"),
        ("import io\nio.open('a', 'r+')", "file-system", "io.open"),
        ("import os\nos.remove('a')", "file-system", "os.remove"),
        ("import os\nos.chmod('a', 0)", "file-system", "os.chmod"),
        ("import shutil\nshutil.rmtree('a')", "file-system", "shutil.rmtree"),
        ("import tempfile\ntempfile.mkdtemp()", "file-system", "tempfile.mkdtemp"),
        ("from pathlib import Path\nPath('a').write_text('b')", "file-system", "pathlib.Path().write_text"),
        ("import pathlib\n(pathlib.Path('a') / 'b').unlink()", "file-system", "pathlib.Path().unlink"),
        ("from pathlib import Path\np = Path('a')\np.rename('b')", "file-system", "pathlib.Path().rename"),
        ("from pathlib import Path\nPath('a').open('w')", "file-system", "pathlib.Path().open"),
        ("def f(p):\n    p.write_bytes(b'')", "file-system", "….write_bytes"),
        ("def f(p):\n    p.open('w')", "file-system", "….open"),
        ("eval('1')", "eval-exec", "eval"),
        ("exec('x = 1')", "eval-exec", "exec"),
        ("compile('1', '', 'eval')", "eval-exec", "compile"),
        ("__import__(name)", "eval-exec", "__import__"),
        ("import importlib\nimportlib.import_module(n)", "eval-exec", "importlib.import_module"),
        ("import pickle\npickle.load(f)", "eval-exec", "pickle.load"),
        ("import marshal\nmarshal.loads(b)", "eval-exec", "marshal.loads"),
        ("import dill\ndill.load(f)", "eval-exec", "dill.load"),
        ("import torch\ntorch.load('a')", "eval-exec", "torch.load"),
        ("import torch\ntorch.load('a', weights_only=False)", "eval-exec", "torch.load"),
        ("import numpy as np\nnp.load('a', allow_pickle=True)", "eval-exec", "numpy.load"),
        ("import yaml\nyaml.load(f, Loader=yaml.Loader)", "eval-exec", "yaml.load"),
        ("import types\ntypes.CodeType()", "eval-exec", "types.CodeType"),
        ("f.__code__ = other", "eval-exec", "….__code__"),
        ("().__class__.__subclasses__()", "eval-exec", "….__subclasses__"),
        ("import builtins\ngetattr(builtins, n)('x')", "eval-exec", "getattr(builtins, …)"),
        ("getattr(__builtins__, n)('x')", "eval-exec", "getattr(__builtins__, …)"),
        ("import sys\nsys.path.insert(0, 'x')", "eval-exec", "sys.path.insert"),
        (
            "from x import A\nA.from_pretrained('o/r', trust_remote_code=True)",
            "eval-exec",
            "trust_remote_code=True",
        ),
        ("import base64\nexec(base64.b64decode(s))", "eval-exec", "exec ← base64.b64decode"),
        ("import zlib\nexec(compile(zlib.decompress(s), '', 'exec'))", "eval-exec", "exec ← zlib.decompress"),
        ("import ctypes\nctypes.CDLL('x')", "native", "ctypes.CDLL"),
        ("from torch.utils.cpp_extension import load\nload('x')", "native", "torch.utils.cpp_extension.load"),
        ("import cffi\ncffi.FFI()", "native", "cffi.FFI"),
        ("import mmap\nmmap.mmap(0, 1)", "native", "mmap.mmap"),
        ("import cupy\ncupy.RawKernel(a, b)", "native", "cupy.RawKernel"),
        ("import torch\ntorch.ops.load_library('x.so')", "native", "torch.ops.load_library"),
        ("import os\nos.environ['HF_TOKEN']", "environment", "os.environ"),
        ("import os\nos.getenv('MY_API_KEY')", "environment", "os.getenv"),
        ("import os\nsend(dict(os.environ))", "environment", "os.environ"),
        ("import os\nos.environ.items()", "environment", "os.environ.items"),
        ("import keyring\nkeyring.get_password(a, b)", "environment", "keyring.get_password"),
        ("path = '~/.ssh/id_rsa'", "environment", "~/.ssh/id_rsa"),
        ("path = home + '/.netrc'", "environment", "/.netrc"),
        ("from huggingface_hub import get_token\nget_token()", "environment", "huggingface_hub.get_token"),
    ],
)
def test_each_kind(source: str, kind: str, name: str) -> None:
    assert (kind, name) in told(source)


@pytest.mark.parametrize(
    "source",
    [
        "import os as o\no.system('x')",
        "from os import system\nsystem('x')",
        "from os import system as s\ns('x')",
        "from os import *\nsystem('x')",
        "import os\nf = os.system\nf('x')",
        "import os\ng = f = os.system\ng('x')",
        "import os\n(f := os.system)('x')",
        "import os\na, b = os.system, 1\na('x')",
        "import os\nm = os\nm.system('x')",
        "import os\nclass A:\n    run = os.system\n    def f(self):\n        self.run('x')",
        "import os\nclass A:\n  def f(self):\n    self.run = os.system\n  def g(self):\n    self.run('x')",
        "import os\ndef f(run=os.system):\n    run('x')",
        "import os\ndef f():\n    global run\n    run = os.system\ndef g():\n    run('x')",
        "def f():\n    import os\n    def g():\n        os.system('x')",
        "import os\n[f('x') for f in [os.system]]",
        "import os\nlist(map(os.system, ['x']))",
        "import os\ngetattr(os, 'system')('x')",
        "import os\ngetattr(os, 'sys' + 'tem')('x')",
        "import os\nvars(os)['system']('x')",
        "import os\nos.__dict__['system']('x')",
        "import sys\nsys.modules['os'].system('x')",
        "__import__('os').system('x')",
        "import importlib\nimportlib.import_module('os').system('x')",
        "import posix\nposix.system('x')",
        "import torch\ntorch.os.system('x')",
        "import tempfile\ntempfile._os.system('x')",
        "import os\n(os.system if x else print)('x')",
        "import os\n(None or os.system)('x')",
        "def os_(): ...\nimport os as os_\nos_.system('x')",
        "if TYPE_CHECKING:\n    import os\nos.system('x')",
        "try:\n    from os import system as run\nexcept ImportError:\n    run = None\nrun('x')",
        "import os\nf = lambda: os.system('x')",
        "import os\n@os.system\ndef f(): ...",
        "import os\nclass A(metaclass=os.system): ...",
        "import os\ndef f(x: os.system('x')): ...",
        "import os\nasync def f():\n    await os.system('x')",
        "import os\nf'{os.system(1)}'",
    ],
)
def test_aliases_are_resolved(source: str) -> None:
    assert ("process", "os.system") in told(source)


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "self.model.eval()",
        "import re\nre.compile('x')",
        "import torch\ntorch.compile(f)",
        "import ast\nast.literal_eval('1')",
        "def eval_step(): ...\neval_step()",
        "def f(open):\n    open('a', 'w')",
        "def f():\n    eval = g\n    eval('x')",
        "'a'.replace('b', 'c')",
        "frame.rename(columns={})",
        "import torch\ntorch.nn.Linear(1, 2)\ntorch.distributed.get_rank()",
        "from PIL import Image\nImage.open('a')",
        "import urllib.parse\nurllib.parse.quote('a')",
        "import scipy\nscipy.signal.convolve(a, b)",
        "def f(run):\n    run('x')",
        "from .helper import system\nsystem('x')",
        "'''Reads ~/.netrc'''",
        "getattr(self, name)",
        "getattr(torch, 'float16')",
        "import importlib.metadata\nimportlib.metadata.version('torch')",
        "import importlib.util\nimportlib.util.find_spec('x')",
        "import torch\ntorch.load('a', weights_only=True)",
        "import yaml\nyaml.load(f, Loader=yaml.SafeLoader)",
        "import os\nos.path.join('a', 'b')\nos.environ.get('LOCAL_RANK')",
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'",
        "A.from_pretrained('x', trust_remote_code=trust)",
    ],
)
def test_ordinary_model_code_is_not_notable(source: str) -> None:
    assert told(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "from torch.utils import collect_env\ncollect_env.run('touch x')",
        "import timeit\ntimeit.timeit('code', number=1)",
        "from timeit import Timer\nTimer('code').timeit(1)",
        "import pkgutil\npkgutil.resolve_name('os:system')('touch x')",
        "import pydoc\npydoc.locate('os.system')('touch x')",
        'import typing\ndef f(x: \'__import__("os").system("touch x")\'): ...\ntyping.get_type_hints(f)',
        "import inspect\ndef f() -> 'g(1)': ...\ninspect.signature(f, eval_str=True)",
        "import inspect\nclass A:\n    x: 'list[g(1)]'\ninspect.get_annotations(A, eval_str=True)",
        "import cProfile\ncProfile.run('code')",
        "import logging.config\nlogging.config.dictConfig({'()': 'os.system'})",
        "import torch\ngetattr(torch, ''.join(map(chr, [111, 115]))).system('touch x')",
        "import torch\ngetattr(torch, 'so'[::-1]).system('touch x')",
        "def f(x, y):\n    getattr(x, bytes(y).decode())('touch x')",
        "import torch\nfor name in torch.__dict__:\n    torch.__dict__[name]",
        "import torch\nfor name, value in vars(torch).items():\n    value.system('x')",
        "import jinja2\njinja2.Template('{{ x }}').render()",
        "import gc\nfor x in gc.get_objects():\n    pass",
        "import sympy\nsympy.sympify('code')",
        "from setuptools._distutils.spawn import spawn\nspawn(['touch', 'x'])",
        "import operator\noperator.methodcaller('system', 'touch x')(x)",
        "import torch\nlist(map(getattr, [torch], names))",
        "import builtins\nvars(builtins)['ex' + 'ec']('code')",
        "import builtins\nvars(builtins)[name]('code')",
        "import sys\nsys._getframe().f_builtins[name]('code')",
        "for name in __builtins__:\n    pass",
        "f = getattr\ng = [f]",
        "A.__annotations__ = {'x': text}",
    ],
)
def test_indirect_ways_to_evaluate_are_notable(source: str) -> None:
    assert told(source), source


def test_a_selected_name_is_a_weak_sign() -> None:
    assert weak_findings("import torch.nn as nn\nnn = getattr(nn, name)") == [("eval-exec", "getattr(torch.nn, …)")]
    assert told("import torch.nn as nn\nact = getattr(nn, config.hidden_act)") == []
    assert scan_source("def f(self, i):\n    return getattr(self, f'layer_{i}')") == []
    assert scan_source("def f(self, i):\n    return getattr(self, '_'.join(i))") == []
    assert scan_source("def f(x: 'torch.Tensor', y: 'Optional[int]' = None) -> 'Tuple[int, ...]': ...") == []


def test_weak_signs() -> None:
    source = "import os, requests, triton\nopen('a')\nos.environ.get('X')\ntriton.jit(f)\n'X' in os.environ\n"
    assert weak_findings(source) == [
        ("file-system", "open"),
        ("environment", "os.environ.get"),
        ("native", "triton.jit"),
        ("environment", "os.environ"),
    ]
    assert ("network", "import requests") in [(f.kind, f.name) for f in scan_source(source)]


def test_what_runs_on_import_is_marked() -> None:
    source = """
import os
os.system("1")
class A:
    os.system("2")
    def method(self):
        os.system("3")
def never():
    os.system("4")
def called():
    deeper()
def deeper():
    os.system("5")
called()
def decorate(f):
    os.system("6")
@decorate
def g(x=os.system("7")):
    os.system("8")
if True:
    [os.system("9") for _ in x]
later = lambda: os.system("10")
class B:
    def __init__(self):
        os.system("11")
B()
register(callback)
def callback():
    os.system("12")
"""
    marks = {f.source: f.on_import for f in scan_source(source) if f.name == "os.system"}
    assert {text.split('"')[1] for text, on_import in marks.items() if on_import} == set("125679") | {
        "11",
        "12",
    }
    assert {text.split('"')[1] for text, on_import in marks.items() if not on_import} == {"3", "4", "8", "10"}


def test_a_finding_has_place_and_name() -> None:
    finding = only("import os\n\nos.system(\n    'a'\n    'b',\n)\n")
    assert (finding.line, finding.source) == (3, "os.system( 'a' 'b', )")
    assert finding.on_import


def test_the_source_is_one_short_visible_line() -> None:
    finding = only(
        "import os\nos.system('\x1b]0;owned\x07\u202e中文\u3164', " + "'padding'" + " " * 500 + ", '" + "x" * 900 + "')"
    )
    assert finding.source.startswith(r"os.system('\x1b]0;owned\x07\u202e中文\u3164', 'padding' , 'xxx")
    assert finding.source.endswith("…")
    assert len(finding.source) == 160
    assert finding.source.isprintable()


def test_columns_are_counted_in_bytes() -> None:
    assert only("import os\nx = '中文'; os.system('文')\n").source == "os.system('文')"


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1\ndef f(:\n", 2), ("a\x00b", 1), ("'unfinished", 1), ("  x = 1", 1)]
)
def test_a_source_that_does_not_parse(source: str, line: int) -> None:
    (finding,) = scan_source(source)
    assert (finding.kind, finding.line, finding.on_import) == ("does-not-parse", line, True)
    assert finding.name


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5_000 + ")" * 5_000,
        "-" * 50_000 + "1",
        "x" + ".a" * 20_000,
        "f" + "()" * 5_000,
        "x = " + "1+" * 20_000 + "1",
    ],
)
def test_sources_made_to_break_the_reader(source: str) -> None:
    (finding,) = scan_source(source)
    assert finding.kind in ("does-not-parse", "not-searched")


def test_names_bound_in_circles_end() -> None:
    lines = ["import os"]
    lines += [f"a{i} = a{(i * 7 + 3) % 60}(a{(i * 11 + 5) % 60})" for i in range(60)] * 3
    lines += [
        "b = c",
        "c = b",
        "c = os.system",
        "b('x')",
        "hidden = os",
        *["hidden = hidden"] * 200,
        "hidden.system('y')",
    ]
    found = {(f.name, f.source) for f in scan_source("\n".join(lines))}
    assert {("os.system", "b('x')"), ("os.system", "hidden.system('y')")} <= found


def test_decoys_do_not_displace_notable_names() -> None:
    lines = ["import aaa, os", *(f"run = aaa.a{i}" for i in range(100)), "run = os.system", "run('x')"]
    assert ("os.system", "run('x')") in {(f.name, f.source) for f in scan_source("\n".join(lines))}


@pytest.mark.slow
def test_long_files_take_seconds_not_minutes() -> None:
    body = "    x = self.layer(x) + x\n" * 20
    source = "import os\n" + "".join(f"class M{i}(Base):\n  def forward(self, x):\n{body}" for i in range(800))
    assert scan_source(source) == []


def test_the_project_itself_can_be_scanned() -> None:
    folder = Path(__file__).parents[2] / "tracer" / "remote_code"
    files = sorted(folder.glob("*.py"))
    assert len(files) > 3
    for path in files:
        source = path.read_text("utf-8")
        assert all(1 <= f.line <= source.count("\n") + 1 for f in scan_source(source))


NAMES = st.sampled_from(["os", "system", "eval", "x", "f", "self", "__builtins__", "open", "getattr", "sys", "modules"])
EXPRESSIONS = st.recursive(
    NAMES | st.sampled_from(["'os'", "'system'", "1", "None", "b''", "f'{x}'", "lambda: 0"]),
    lambda e: st.one_of(
        st.builds("{}.{}".format, e, NAMES),
        st.builds("{}({})".format, e, e),
        st.builds("{}[{}]".format, e, e),
        st.builds("({} or {})".format, e, e),
        st.builds("({} + {})".format, e, e),
        st.builds("[{} for x in {}]".format, e, e),
        st.builds("getattr({}, {})".format, e, e),
        st.builds("f({}, *{})".format, e, e),
    ),
    max_leaves=8,
)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.builds("{} = {}".format, NAMES.filter(str.isidentifier), EXPRESSIONS),
    st.builds("import {} as {}".format, NAMES, NAMES),
    st.builds("from {} import *".format, NAMES),
    st.builds("def {}({}={}):\n    global f\n    return {}".format, NAMES, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("class {}({}):\n    {} = {}".format, NAMES, EXPRESSIONS, NAMES, EXPRESSIONS),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(STATEMENTS, max_size=12).map("\n".join))
def test_no_program_raises(source: str) -> None:
    for finding in scan_source(source):
        assert finding.source.isprintable()
        assert finding.name.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(source: str) -> None:
    scan_source(source)


def test_line_numbers_follow_python_not_unicode() -> None:
    source = "x = '\u2028'\n\x0cimport os\r\nos.system('a')\ros.remove('b')\n"
    assert [(f.line, f.name) for f in scan_source(source) if not f.weak] == [
        (3, "os.system"),
        (4, "os.remove"),
    ]
    assert len(ast.parse(source).body) == 4
