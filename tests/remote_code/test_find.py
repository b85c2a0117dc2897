"""Which files would run: found by reading, in every form that releases of transformers accept."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.remote_code import RemoteCode, find_remote_code
from tracer.remote_code import files as reading
from tracer.remote_code import find as find_module

HUB_VARIABLES = (
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HOME",
    "XDG_CACHE_HOME",
    "TRANSFORMERS_CACHE",
    "PYTORCH_TRANSFORMERS_CACHE",
    "PYTORCH_PRETRAINED_BERT_CACHE",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _no_network_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in HUB_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return folder


def cached(cache: Path, name: str, files: dict[str, Any], *, commit: str = COMMIT, ref: str = "main") -> Path:
    """Write a repository to a hub cache like huggingface_hub: snapshots of links to blobs."""
    repository = cache / f"models--{name.replace('/', '--')}"
    write(repository, {f"refs/{ref}": commit})
    for path, content in files.items():
        blob = hashlib.sha1(f"{commit}{path}".encode()).hexdigest()
        write(repository, {f"blobs/{blob}": content})
        link = repository / "snapshots" / commit / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(repository / "blobs" / blob, link.parent))
    return repository / "snapshots" / commit


def paths(code: RemoteCode) -> list[str]:
    return [file.path for file in code.files]


def kinds(code: RemoteCode) -> list[str]:
    return [note.kind for note in code.notes]


def reached(code: RemoteCode, path: str) -> list[tuple[str, str]]:
    return [(one.way, one.name) for file in code.files if file.path == path for one in file.reached]


def auto_map(**entries: Any) -> dict[str, Any]:
    return {"auto_map": entries}


# What auto_map names


def test_a_model_with_its_own_code(tmp_path: Path) -> None:
    source = "from .visual import Tower\n"
    folder = write(
        tmp_path / "glm",
        {
            "config.json": auto_map(AutoConfig="conf.C", AutoModel="model.M", AutoModelForCausalLM="model.M"),
            "tokenizer_config.json": auto_map(AutoTokenizer=["tok.Slow", None]),
            "conf.py": "class C: ...\n",
            "model.py": source,
            "visual.py": "class Tower: ...\n",
            "tok.py": "class Slow: ...\n",
            "convert.py": "print('never reached')\n",
        },
    )
    code = find_remote_code(str(folder))
    assert paths(code) == ["conf.py", "model.py", "tok.py", "visual.py"]
    assert code.files
    assert not code.is_empty
    assert (code.unseen, code.notes, code.others) == ((), (), ("convert.py",))
    model = code.files[1]
    assert model.repository == str(folder)
    assert model.absolute == str(folder / "model.py")
    assert model.size == len(source)
    assert model.sha256 == hashlib.sha256(source.encode()).hexdigest()
    assert [(r.way, r.name, r.source) for r in model.reached] == [
        ("auto-class", "AutoModel", "config.json"),
        ("auto-class", "AutoModelForCausalLM", "config.json"),
    ]
    assert reached(code, "visual.py") == [("import", "model.py")]
    assert msgspec.json.decode(msgspec.json.encode(code), type=RemoteCode) == code


def test_a_model_without_code_is_empty(tmp_path: Path) -> None:
    folder = write(tmp_path / "bert", {"config.json": {"model_type": "bert"}, "train.py": "x = 1\n"})
    code = find_remote_code(str(folder))
    assert code.is_empty
    assert not code.files
    assert code.notes == ()
    assert code.others == ("train.py",)


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ("config.json", {"auto_map": {"AutoModel": "a.A"}}),
        ("config.json", {"text_config": {"deep": [{"auto_map": {"AutoModel": "a.A"}}]}}),
        ("config.4.44.0.json", {"auto_map": {"AutoConfig": "a.A"}}),
        ("tokenizer_config.json", {"auto_map": ["a.A", None]}),
        ("tokenizer_config.json", {"auto_map": [None, "a.A"]}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": [None, "a.A"]}}),
        ("tokenizer_config.json", {"nested": {"auto_map": {"AutoTokenizer": "a.A"}}}),
        ("processor_config.json", {"auto_map": {"AutoProcessor": "a.A"}}),
        ("processor_config.json", {"image_processor": {"auto_map": {"AutoImageProcessor": "a.A"}}}),
        ("preprocessor_config.json", {"auto_map": {"AutoImageProcessor": {"torchvision": "a.A"}}}),
        ("video_preprocessor_config.json", {"auto_map": {"AutoVideoProcessor": "a.A"}}),
        ("feature_extractor_config.json", {"auto_map": {"AutoFeatureExtractor": "a.A"}}),
        ("generation_config.json", {"auto_map": {"AutoX": "a.A"}}),
    ],
)
def test_every_json_file_that_may_name_code(tmp_path: Path, config: str, value: Any) -> None:
    folder = write(tmp_path, {config: value, "a.py": "class A: ...\n"})
    assert paths(find_remote_code(str(folder))) == ["a.py"]


def test_configuration_files_may_have_any_name(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {"config.json": {"configuration_files": ["c.5.0.json", 3]}, "c.5.0.json": auto_map(AutoConfig="a.A")},
    )
    write(folder, {"a.py": ""})
    assert paths(find_remote_code(str(folder))) == ["a.py"]


def test_configuration_files_may_be_in_a_folder(tmp_path: Path) -> None:
    newer = {"v/config.5.0.json": auto_map(AutoConfig="a.A")}
    folder = write(tmp_path, {"config.json": {"configuration_files": list(newer)}, **newer, "a.py": ""})
    assert paths(find_remote_code(str(folder))) == ["a.py"]


def test_notes_about_another_repository_name_it(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"config.json": "{", "tokenizer_config.json": auto_map(AutoTokenizer="t.T")})
    write(tmp_path / "lora", {"adapter_config.json": {"base_model_name_or_path": str(base)}})
    code = find_remote_code(str(tmp_path / "lora"))
    assert [(n.kind, n.subject) for n in code.notes[1:]] == [
        ("bad-json", f"{base}: config.json"),
        ("missing-file", f"{base}: t.py"),
    ]


def test_a_derived_image_processor_is_reported(tmp_path: Path) -> None:
    """transformers replaces the words in the whole text, including the file's name."""
    folder = write(
        tmp_path,
        {
            "preprocessor_config.json": auto_map(AutoFeatureExtractor="myFeatureExtractor.A"),
            "myFeatureExtractor.py": "",
            "myImageProcessor.py": "",
        },
    )
    assert paths(find_remote_code(str(folder))) == ["myFeatureExtractor.py", "myImageProcessor.py"]


def test_without_a_tokenizer(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "config.json": auto_map(AutoModel="a.A", AutoTokenizer="t.T"),
            "tokenizer_config.json": auto_map(AutoTokenizer=["t.T", None]),
            "a.py": "",
            "t.py": "",
        },
    )
    assert paths(find_remote_code(str(folder), tokenizer=False)) == ["a.py"]
    assert paths(find_remote_code(str(folder))) == ["a.py", "t.py"]


def test_a_subfolder_holds_the_json_files_but_not_the_code(tmp_path: Path) -> None:
    folder = write(tmp_path, {"sub/config.json": auto_map(AutoModel="a.A"), "a.py": "", "sub/a.py": ""})
    assert find_remote_code(str(folder)).is_empty
    assert paths(find_remote_code(str(folder), subfolder="sub")) == ["a.py"]


def test_a_named_file_that_is_missing(tmp_path: Path) -> None:
    code = find_remote_code(str(write(tmp_path, {"config.json": auto_map(AutoModel="gone.G")})))
    assert code.is_empty
    assert [(n.kind, n.subject, n.detail) for n in code.notes] == [
        ("missing-file", "gone.py", "AutoModel, config.json")
    ]


def test_an_absolute_name_leads_anywhere_and_is_reported(tmp_path: Path) -> None:
    """transformers joins the name to the folder, and an absolute name replaces it: the file does run."""
    evil = write(tmp_path / "elsewhere", {"evil.py": ""}) / "evil.py"
    folder = write(tmp_path / "m", {"config.json": auto_map(AutoModel=f"{evil.with_suffix('')}.C")})
    (file,) = find_remote_code(str(folder)).files
    assert (file.path, file.absolute, file.leaves_to) == (str(evil), str(evil), str(evil))


def test_irregular_class_names_are_reported_and_their_files_shown(tmp_path: Path) -> None:
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="sub/a.b.C", AutoConfig="plain"), "sub/a.b.py": ""})
    code = find_remote_code(str(folder))
    assert paths(code) == ["sub/a.b.py"]
    assert kinds(code) == ["odd-reference", "odd-auto-map"]


def test_custom_generate_is_marked(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {"custom_generate/generate.py": "from .helper import x\n", "custom_generate/helper.py": ""}
    )
    code = find_remote_code(str(folder))
    assert paths(code) == ["custom_generate/generate.py", "custom_generate/helper.py"]
    assert reached(code, "custom_generate/generate.py") == [("custom-generate", "generate")]


def test_kernels_of_the_hub_are_noted(tmp_path: Path) -> None:
    code = find_remote_code(str(write(tmp_path, {"config.json": {"attn_implementation": "org/kernel@v1"}})))
    assert [(n.kind, n.detail) for n in code.notes] == [("hub-kernel", "org/kernel@v1")]


# Imports


@pytest.mark.parametrize(
    "statement",
    [
        "from .b import x",
        "from .b import (\n    x,\n)",
        "    from .b import x",
        "from . import b",
        "from . import (other, b)",
        "import .b",
        "x = 1; from .b import y",
        "def f():\n    from .b import x",
        "try:\n    from .b import x\nexcept ImportError:\n    pass",
        '"""\nfrom .b import x\n"""',
        "from .b \\\n  import x",
    ],
)
def test_relative_imports_in_every_spelling(tmp_path: Path, statement: str) -> None:
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": f"{statement}\n", "b.py": ""})
    code = find_remote_code(str(folder))
    assert paths(code) == ["a.py", "b.py"]
    assert reached(code, "b.py") == [("import", "a.py")]


def test_imports_are_followed_to_the_end_and_in_circles(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "config.json": auto_map(AutoModel="a.A"),
            "a.py": "from .b import x\n",
            "b.py": "from .c import x\nfrom .a import y\n",
            "c.py": "from .pkg.deep import z\n",
            "pkg/__init__.py": "",
            "pkg/deep.py": "from ..top import q\n",
            "top.py": "",
        },
    )
    code = find_remote_code(str(folder))
    assert set(paths(code)) == {"a.py", "b.py", "c.py", "pkg/__init__.py", "pkg/deep.py", "top.py"}
    assert reached(code, "a.py") == [("auto-class", "AutoModel"), ("import", "b.py")]


def test_imports_of_a_nested_entry_are_taken_from_its_own_folder_and_the_entrys(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "config.json": auto_map(AutoModel="sub/a.A"),
            "sub/a.py": "from .deep.b import x\n",
            "sub/deep/b.py": "from .c import y\n",
            "sub/c.py": "",
            "sub/deep/c.py": "",
        },
    )
    assert set(paths(find_remote_code(str(folder)))) == {
        "sub/a.py",
        "sub/deep/b.py",
        "sub/c.py",
        "sub/deep/c.py",
    }


def test_plain_imports_of_files_in_the_folder(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "config.json": auto_map(AutoModel="a.A"),
            "a.py": "import helper, torch\n",
            "helper.py": "import os\n",
        },
    )
    code = find_remote_code(str(folder))
    assert reached(code, "helper.py") == [("plain-import", "a.py")]
    assert code.notes == ()


def test_an_import_that_leads_nowhere(tmp_path: Path) -> None:
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": "from .gone import x\n"})
    code = find_remote_code(str(folder))
    assert [(n.kind, n.subject, n.detail) for n in code.notes] == [("missing-file", "gone.py", "a.py")]


def test_code_of_another_model_in_the_modules_cache(tmp_path: Path) -> None:
    source = "from transformers_modules.other.modeling import X\n"
    code = find_remote_code(str(write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": source})))
    assert {(u.name, u.why) for u in code.unseen} == {
        ("transformers_modules.other.modeling", "modules-cache"),
        ("transformers_modules.other.modeling.X", "modules-cache"),
    }


# Links and odd files


def test_a_link_out_of_the_directory(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"real.py": "x = 1\n", "config.json": auto_map(AutoModel="a.A")})
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "a.py").symlink_to(outside / "real.py")
    (folder / "config.json").symlink_to(outside / "config.json")
    code = find_remote_code(str(folder))
    assert [(file.path, file.leaves_to) for file in code.files] == [("a.py", str(outside / "real.py"))]
    assert [(n.kind, n.detail) for n in code.notes] == [("symlink-leaves", str(outside / "config.json"))]


def test_links_inside_are_not_reported(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", {"config.json": auto_map(AutoModel="a.A"), "code/real.py": ""})
    (folder / "a.py").symlink_to("code/real.py")
    (tmp_path / "alias").symlink_to(folder)
    (file,) = find_remote_code(str(tmp_path / "alias")).files
    assert file.leaves_to == ""


def test_a_broken_link_and_a_directory(tmp_path: Path) -> None:
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A", AutoConfig="b.B"), "b.py/x": ""})
    (folder / "a.py").symlink_to("nowhere")
    code = find_remote_code(str(folder))
    assert paths(code) == ["a.py"]
    assert sorted(kinds(code)) == ["missing-file", "unreadable"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_do_not_block(tmp_path: Path) -> None:
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A", AutoConfig="z.Z")})
    os.mkfifo(folder / "a.py")
    os.mkfifo(folder / "other_config.json")
    (folder / "z.py").symlink_to("/dev/zero")
    code = find_remote_code(str(folder))
    assert kinds(code) == ["unreadable", "unreadable", "unreadable"]
    assert [file.sha256 for file in code.files] == ["", ""]


def test_a_huge_source_is_hashed_but_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from .b import x\nimport os\nos.system('x')\n" + "# filler\n" * 300
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": source, "b.py": ""})
    monkeypatch.setattr(reading, "SOURCE_LIMIT", 1000)
    code = find_remote_code(str(folder))
    assert paths(code) == ["a.py", "b.py"]
    assert code.files[0].sha256 == hashlib.sha256(source.encode()).hexdigest()
    assert [finding.kind for finding in code.files[0].findings] == ["not-searched"]
    assert kinds(code) == ["too-large"]
    monkeypatch.setattr(reading, "HASH_LIMIT", 1200)
    huge = find_remote_code(str(folder)).files[0]
    assert (huge.sha256, huge.size) == ("", len(source))


def test_a_huge_config_may_name_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "JSON_LIMIT", 100)
    code = find_remote_code(str(write(tmp_path, {"config.json": {"filler": "x" * 200}})))
    assert [(u.name, u.why) for u in code.unseen] == [("config.json", "config-too-large")]
    assert not code.is_empty


@pytest.mark.parametrize(
    "data", [b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"", b"[" * 100_000, b"1" * 10_000, b'{"a": 1,}']
)
def test_malformed_json(tmp_path: Path, data: bytes) -> None:
    code = find_remote_code(str(write(tmp_path, {"config.json": data})))
    assert code.is_empty
    if sys.version_info >= (3, 11) or not data.startswith(b"1"):
        assert kinds(code) == ["bad-json"]


def test_sources_that_are_neither_text_nor_python(tmp_path: Path) -> None:
    names = {f"AutoModelFor{x}": f"{x}.C" for x in "abcd"}
    folder = write(tmp_path, {"config.json": {"auto_map": names}})
    write(
        folder,
        {"a.py": b"\xff\xfe\x00", "b.py": "def f(:\n", "c.py": b"x = 1\x00", "d.py": "# coding: nope\n"},
    )
    code = find_remote_code(str(folder))
    assert [file.findings[0].kind for file in code.files] == ["does-not-parse"] * 4
    assert kinds(code).count("not-text") == 2


def test_a_declared_encoding_is_obeyed_as_python_obeys_it(tmp_path: Path) -> None:
    hidden = "\nimport os\nos.system('x')\n".encode("utf-7").replace(b"\n", b"+AAo-")
    folder = write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": b"# coding: utf-7\nx = 1 # " + hidden})
    code = find_remote_code(str(folder))
    assert [(n.kind, n.detail) for n in code.notes] == [("other-encoding", "utf-7")]
    assert "os.system" in {finding.name for finding in code.files[0].findings}


def test_invisible_and_reordering_characters_are_noted(tmp_path: Path) -> None:
    source = "x = 1\ny = '\u202e'\nz = '\ufe01'\n中文 = '，。！\u3000'\n"
    code = find_remote_code(str(write(tmp_path, {"config.json": auto_map(AutoModel="a.A"), "a.py": source})))
    assert [(n.kind, n.detail) for n in code.notes] == [("hidden-characters", "2, 3")]


def test_too_many_files_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_module, "MOST_FILES", 5)
    files = {f"m{i}.py": f"from .m{i + 1} import x\n" for i in range(20)}
    code = find_remote_code(str(write(tmp_path, {"config.json": auto_map(AutoModel="m0.A"), **files})))
    assert len(code.files) == 5
    assert kinds(code) == ["too-many"]


@pytest.mark.parametrize("model", ["", "/no/such/place", "./nothing", "a/b/c", "bad\x00name", "\ud800", "-x", "a--b"])
def test_a_model_that_does_not_exist(model: str) -> None:
    code = find_remote_code(model)
    assert code.is_empty
    assert kinds(code) == ["absent-model"]


def test_a_json_file_given_as_the_model(tmp_path: Path) -> None:
    write(tmp_path, {"c.json": auto_map(AutoConfig="org/far--a.A", AutoModel="a.A"), "a.py": ""})
    code = find_remote_code(str(tmp_path / "c.json"))
    assert code.files == ()
    assert [(u.name, u.why) for u in code.unseen] == [("org/far", "not-in-cache")]


# Adapters


def test_an_adapter_brings_the_code_of_its_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "base", {"config.json": auto_map(AutoModel="a.A"), "a.py": ""})
    write(tmp_path / "lora", {"adapter_config.json": {"base_model_name_or_path": "base"}})
    monkeypatch.chdir(tmp_path)
    code = find_remote_code("lora")
    assert [(file.repository, file.path) for file in code.files] == [("base", "a.py")]
    assert [(n.kind, n.subject, n.detail) for n in code.notes] == [("adapter-base", "lora", "base")]
    assert [repository.name for repository in code.repositories] == ["lora", "base"]
    monkeypatch.chdir(tmp_path / "lora")
    code = find_remote_code(".", cache_dir=str(tmp_path))  # "base" is not a directory here
    assert [(u.name, u.why) for u in code.unseen] == [("base", "not-in-cache")]


def test_an_adapter_shipped_beside_its_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher loads such an adapter in its own folder, so all relative names start there."""
    entries = auto_map(AutoModel="a.A", AutoConfig="../code--c.C")
    write(tmp_path / "all", {"base/config.json": entries, "base/a.py": "", "code/c.py": ""})
    write(tmp_path / "all/lora", {"adapter_config.json": {"base_model_name_or_path": "../base"}})
    write(tmp_path / "far", {})
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    lora = str(tmp_path / "all/lora")
    assert sorted(paths(find_remote_code(lora))) == ["a.py", "c.py"]
    assert sorted(paths(find_remote_code(lora, folder=tmp_path / "all/lora"))) == ["a.py", "c.py"]
    assert paths(find_remote_code("base", folder=tmp_path / "all")) == ["a.py"]
    assert find_remote_code(lora, folder=tmp_path / "far").files


def test_an_adapter_with_a_config_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "base", {"config.json": auto_map(AutoModel="b.B"), "b.py": ""})
    adapter = {"base_model_name_or_path": str(tmp_path / "base")}
    own = {"config.json": auto_map(AutoModel="a.A"), "a.py": ""}
    code = find_remote_code(str(write(tmp_path / "lora", {"adapter_config.json": adapter, **own})))
    assert paths(code) == ["a.py", "b.py"]
    assert kinds(code) == ["adapter-stays"]


def test_adapters_in_a_circle(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, {"adapter_config.json": {"base_model_name_or_path": str(two)}})
    write(two, {"adapter_config.json": {"base_model_name_or_path": str(one)}, "config.json": auto_map(A="a.A")})
    write(two, {"a.py": ""})
    assert paths(find_remote_code(str(one))) == ["a.py"]


@pytest.mark.parametrize("content", ["[]", "{}", '{"base_model_name_or_path": 3}', "nonsense", "null"])
def test_adapters_that_name_no_base(tmp_path: Path, content: str) -> None:
    code = find_remote_code(str(write(tmp_path, {"adapter_config.json": content})))
    assert "odd-base" in kinds(code)
    assert code.is_empty


def test_an_adapter_whose_base_is_on_the_hub(tmp_path: Path) -> None:
    write(tmp_path, {"adapter_config.json": {"base_model_name_or_path": "org/base"}})
    code = find_remote_code(str(tmp_path))
    assert [(u.name, u.why) for u in code.unseen] == [("org/base", "not-in-cache")]


# The hub cache


def test_a_hub_id_in_the_cache(tmp_path: Path) -> None:
    root = cached(tmp_path, "org/model", {"config.json": auto_map(AutoModel="a.A"), "a.py": "x = 1\n"})
    code = find_remote_code("org/model", cache_dir=str(tmp_path))
    (file,) = code.files
    assert (file.repository, file.path, file.absolute) == ("org/model", "a.py", str(root / "a.py"))
    assert file.leaves_to == ""  # a cache consists of links to the blobs
    assert [(r.name, r.commit) for r in code.repositories] == [("org/model", COMMIT)]
    assert [(n.kind, n.detail) for n in code.notes] == [("hub-may-differ", COMMIT)]
    local = find_remote_code(str(root))
    assert [file.leaves_to for file in local.files] == [""]
    assert local.notes == ()


def test_nothing_newer_is_fetched_when_pinned_or_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(tmp_path, "org/model", {"config.json": auto_map(AutoModel="a.A"), "a.py": ""})
    assert find_remote_code("org/model", cache_dir=str(tmp_path), revision=COMMIT).notes == ()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert find_remote_code("org/model", cache_dir=str(tmp_path)).notes == ()


def test_a_hub_id_that_is_not_in_the_cache(tmp_path: Path) -> None:
    code = find_remote_code("org/model", cache_dir=str(tmp_path))
    assert [(u.name, u.why) for u in code.unseen] == [("org/model", "not-in-cache")]
    assert not code.files
    assert not code.is_empty


def test_a_file_that_is_not_in_the_cache(tmp_path: Path) -> None:
    files = {"config.json": auto_map(AutoModel="a.A", AutoConfig="gone.G"), "a.py": "from .b import x\n"}
    cached(tmp_path, "org/model", files)
    code = find_remote_code("org/model", cache_dir=str(tmp_path))
    assert {(u.name, u.why) for u in code.unseen} == {
        ("org/model: gone.py", "file-not-in-cache"),
        ("org/model: b.py", "file-not-in-cache"),
    }
    cached(tmp_path, "org/bare", {"README.md": ""})
    bare = find_remote_code("org/bare", cache_dir=str(tmp_path))
    assert [u.name for u in bare.unseen] == ["org/bare: config.json"]


def test_revisions(tmp_path: Path) -> None:
    old, new = "a" * 40, "b" * 40
    config = auto_map(AutoModel="a.A", AutoConfig="org/code--c.C")
    cached(tmp_path, "org/model", {"config.json": config, "a.py": "old"}, commit=old, ref="refs/pr/1")
    cached(tmp_path, "org/model", {"config.json": config, "a.py": "newer"}, commit=new)
    cached(tmp_path, "org/code", {"c.py": "main"}, commit=new)
    cached(tmp_path, "org/code", {"c.py": "pinned"}, commit=old, ref="v1")

    def sizes(**given: Any) -> list[int]:
        return [file.size for file in find_remote_code("org/model", cache_dir=str(tmp_path), **given).files]

    assert sizes() == [5, 4]
    assert sizes(revision="refs/pr/1") == [3, 4]
    assert sizes(revision=old, code_revision="v1") == [3, 6]
    assert find_remote_code("org/model", cache_dir=str(tmp_path), revision="nope").unseen[0].why == "not-in-cache"


def test_code_of_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(tmp_path / "hub", "org/code", {"c.py": "from .d import x\n", "d.py": "", "config.json": "{}"})
    local = write(tmp_path / "here", {"e.py": ""})
    entries = {"AutoConfig": "org/code--c.C", "AutoModel": "here--e.E", "AutoX": "org/far--f.F"}
    write(tmp_path / "m", {"config.json": {"auto_map": entries}})
    monkeypatch.chdir(tmp_path)
    code = find_remote_code("m", cache_dir=str(tmp_path / "hub"))
    assert [(file.repository, file.path) for file in code.files] == [
        ("org/code", "c.py"),
        ("here", "e.py"),
        ("org/code", "d.py"),
    ]
    assert code.files[1].absolute == str(local / "e.py")
    assert [(u.name, u.named_by) for u in code.unseen] == [("org/far", "AutoX")]


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"HF_HUB_CACHE": "x", "HUGGINGFACE_HUB_CACHE": "y", "HF_HOME": "z"}, "x"),
        ({"HUGGINGFACE_HUB_CACHE": "y", "HF_HOME": "z"}, "y"),
        ({"HF_HOME": "z", "XDG_CACHE_HOME": "w"}, "z/hub"),
        ({"XDG_CACHE_HOME": "w"}, "w/huggingface/hub"),
        ({}, "home/.cache/huggingface/hub"),
        ({"HF_HOME": "~/z"}, "home/z/hub"),
        ({"TRANSFORMERS_CACHE": "old"}, "old"),
    ],
)
def test_where_the_cache_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], where: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value if value.startswith("~") else str(tmp_path / value))
    cached(tmp_path / where, "org/model", {"config.json": auto_map(AutoModel="a.A"), "a.py": ""})
    assert paths(find_remote_code("org/model")) == ["a.py"]


def test_a_directory_wins_over_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(tmp_path / "hub", "org/model", {"config.json": auto_map(AutoModel="far.F"), "far.py": ""})
    write(tmp_path / "org/model", {"config.json": auto_map(AutoModel="near.N"), "near.py": ""})
    monkeypatch.chdir(tmp_path)
    assert paths(find_remote_code("org/model", cache_dir=str(tmp_path / "hub"))) == ["near.py"]


# Nothing runs, nothing raises


def test_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "ran"
    source = f"open({str(marker)!r}, 'w').write('x')\n"
    every = dict.fromkeys(("a.py", "b.py", "__init__.py", "conftest.py", "sitecustomize.py"), source)
    every["a.py"] += "from .b import x\nimport sitecustomize\n"
    folder = write(tmp_path / "m", {"config.json": auto_map(AutoConfig="a.A", AutoModel="a.A"), **every})
    write(folder, {"tokenizer_config.json": auto_map(AutoTokenizer=["b.B", "b.B"])})
    write(tmp_path / "lora", {"adapter_config.json": {"base_model_name_or_path": str(folder)}})
    monkeypatch.chdir(folder)
    before = set(sys.modules)
    for model in (folder, tmp_path / "lora", Path(".")):
        assert find_remote_code(str(model)).files
    assert not marker.exists()
    assert not list(tmp_path.rglob("*.pyc"))
    added = {name.split(".")[0] for name in set(sys.modules) - before}
    assert not added & {"a", "b", "torch", "transformers", "transformers_modules"}


texts = st.text(max_size=30) | st.sampled_from(["a.A", "../a.A", "/etc/x.Y", "o/r--a.A", "a--b--c.D", "--a.A", "."])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(auto=values, outer=values, base=values)
def test_no_shape_of_json_raises(tmp_path: Path, auto: Any, outer: Any, base: Any) -> None:
    write(tmp_path, {"a.py": "from .b import x\n", "b.py": ""})
    configs = {
        "config.json": {"auto_map": auto, "configuration_files": outer, "attn_implementation": base},
        "tokenizer_config.json": outer,
        "adapter_config.json": {"base_model_name_or_path": base},
    }
    for name, content in configs.items():
        (tmp_path / name).write_text(json.dumps(content), "utf-8")
    code = find_remote_code(str(tmp_path))
    for note in code.notes:
        assert note.subject.isprintable()
        assert note.detail.isprintable()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=st.binary(max_size=200), source=st.binary(max_size=200))
def test_no_bytes_raise(tmp_path: Path, config: bytes, source: bytes) -> None:
    auto = json.dumps(auto_map(AutoModel="a.A"))
    write(tmp_path, {"config.json": auto, "tokenizer_config.json": config, "a.py": source})
    code = find_remote_code(str(tmp_path))
    assert code.files[0].sha256 == hashlib.sha256(source).hexdigest()


def test_a_module_that_an_adapter_has_peft_import_is_noted(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "model.M"}}))
    (base / "model.py").write_text("x = 1\n")
    adapter = {"base_model_name_or_path": str(base), "megatron_config": {"a": 1}, "megatron_core": "this"}
    lora = tmp_path / "lora"
    lora.mkdir()
    (lora / "adapter_config.json").write_text(json.dumps(adapter))
    assert ("adapter-imports", "this") in [(note.kind, note.detail) for note in find_remote_code(str(lora)).notes]
    (lora / "adapter_config.json").write_text(json.dumps({**adapter, "megatron_config": None}))
    assert "adapter-imports" not in [note.kind for note in find_remote_code(str(lora)).notes]
