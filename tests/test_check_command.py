"""``glm-trace check``: what is wrong with a model directory, without loading it."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from tests.conftest import ROOT
from tests.support.commands import Command, command_line
from tests.support.own_code_model import write_own_model
from tracer.analysis.check.directory import check_directory, packages_looked_for
from tracer.analysis.check.problem import Problem
from tracer.releases import library
from tracer.views.check import PROBLEMS, check_report, problem_text

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"
NEW, OLD = "5.23.0", "4.44.2"


@pytest.fixture
def check(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_line(monkeypatch, capsys, "check")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = write_own_model(tmp_path / "own")
    header = json.dumps({"linear.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    return folder


def found(folder: Path, *releases: str, installed: bool = False) -> list[Problem]:
    return check_directory(folder, releases or (NEW,), installed=installed)


def kinds(folder: Path, *releases: str, installed: bool = False) -> list[tuple[str, str]]:
    return [(problem.kind, problem.file) for problem in found(folder, *releases, installed=installed)]


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def append(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text() + text)


def auto_map(**entries: object) -> Callable[[Path], object]:
    return write(
        "config.json", json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "conf.OwnConfig", **entries}})
    )


def sharded(index: str, shard: str) -> Callable[[Path], object]:
    """Put the first of two shards in place of the weights."""

    def change(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / shard.format(1))
        write(index, json.dumps({"weight_map": {"a": shard.format(1), "b": shard.format(2)}}))(folder)

    return change


def pointer_for_shard(folder: Path) -> None:
    sharded("model.safetensors.index.json", "model-{}-of-2.safetensors")(folder)
    (folder / "model-1-of-2.safetensors").rename(folder / "model-2-of-2.safetensors")
    write("model-1-of-2.safetensors", POINTER)(folder)


def link_to_nothing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "blobs" / "weights")


def no_vocabulary(folder: Path) -> None:
    (folder / "vocab.txt").unlink()
    write("tokenizer_config.json", "{}")(folder)


WRONG: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "a pointer for weights": (write("model.safetensors", POINTER), [("lfs-pointer", "model.safetensors")]),
    "a web page for weights": (write("model.safetensors", "<!DOCTYPE html><p>"), [("web-page", "model.safetensors")]),
    "an empty file": (write("model.safetensors", ""), [("empty-file", "model.safetensors")]),
    "text for weights": (write("model.safetensors", "not weights"), [("not-safetensors", "model.safetensors")]),
    "a shard missing": (
        sharded("model.safetensors.index.json", "model-{}-of-2.safetensors"),
        [("shards-missing", "model.safetensors.index.json")],
    ),
    "a shard of the old format missing": (
        sharded("pytorch_model.bin.index.json", "pytorch_model-{}-of-2.bin"),
        [("shards-missing", "pytorch_model.bin.index.json")],
    ),
    "a pointer for a shard": (pointer_for_shard, [("lfs-pointer", "model-1-of-2.safetensors")]),
    "another encoding": (
        lambda folder: (folder / "tokenizer_config.json").write_bytes('{"unk_token": "é"}'.encode("latin-1")),
        [("not-utf-8", "tokenizer_config.json")],
    ),
    "a link to nothing": (link_to_nothing, [("broken-link", "model.safetensors")]),
    "no vocabulary": (no_vocabulary, [("no-vocabulary", "tokenizer_config.json")]),
    "broken JSON": (write("generation_config.json", '{"a": 1,}'), [("not-json", "generation_config.json")]),
    "a mark": (write("generation_config.json", '\ufeff{"a": 1}'), [("bom", "generation_config.json")]),
    "a list": (write("generation_config.json", "[1]"), [("not-object", "generation_config.json")]),
    "a key twice": (
        write("generation_config.json", '{"a": 1, "a": 2}'),
        [("duplicate-keys", "generation_config.json")],
    ),
    "NaN": (write("generation_config.json", '{"a": NaN}'), [("constants", "generation_config.json")]),
    "no such file": (auto_map(AutoModel="modul.OwnModel"), [("class-file-missing", "config.json")]),
    "no such class": (auto_map(AutoModel="model.OwnModell"), [("class-missing", "config.json")]),
    "two dots": (auto_map(AutoModel="model.py.OwnModel"), [("reference-malformed", "config.json")]),
    "a list for a class": (auto_map(AutoModel=["model.OwnModel"]), [("reference-not-text", "config.json")]),
    "a number for a class": (auto_map(AutoModel=3), [("reference-not-text", "config.json")]),
    "another repository": (auto_map(AutoModel="a/b--model.OwnModel"), [("other-repository", "config.json")]),
    "auto_map is text": (
        write("config.json", '{"model_type": "bert", "auto_map": "model.OwnModel"}'),
        [("auto-map-not-object", "config.json")],
    ),
    "an unknown type": (write("config.json", '{"model_type": "bertt"}'), [("model-type-unknown", "config.json")]),
    "no type": (write("config.json", "{}"), [("model-type-missing", "config.json")]),
    "no config": (lambda folder: (folder / "config.json").unlink(), [("config-missing", "config.json")]),
    "a neighbour missing": (lambda folder: (folder / "part.py").unlink(), [("neighbour-missing", "model.py")]),
    "a neighbour as a package": (append("model.py", "import part\n"), [("neighbour-absolute", "model.py")]),
    "not Python": (append("part.py", "def\n"), [("not-python", "part.py")]),
    "a name that is gone": (
        append("part.py", "from transformers.utils import is_flash_attn_available\n"),
        [("name-replaced", "part.py")],
    ),
    "a module that is gone": (append("part.py", "import transformers.deepspeed\n"), [("name-replaced", "part.py")]),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), [("no-weights", "config.json")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(model: Path, name: str) -> None:
    change, expected = WRONG[name]
    change(model)
    assert kinds(model) == expected


@pytest.mark.parametrize(
    "name", ["a pointer for weights", "a web page for weights", "an empty file", "a shard missing",
             "a shard of the old format missing", "a pointer for a shard", "another encoding", "a link to nothing"],
)  # fmt: skip
def test_a_load_fails_by_a_file_that_it_reads(model: Path, name: str) -> None:
    WRONG[name][0](model)
    assert [one.fails for one in found(model)] == [True]


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [
        ("assets/cat.safetensors", POINTER, "lfs-pointer"),
        ("assets/cat.png", POINTER, "lfs-pointer"),
        ("onnx/model.onnx", POINTER, "lfs-pointer"),
        ("pytorch_model.bin", POINTER, "lfs-pointer"),
        ("model.safetensors.index.json", "", "empty-file"),
        ("evals/log.json", '{"a": 1}\n{"a": 2}\n', "not-json"),
        ("trainer_state.json", "", "empty-file"),
        ("generation_config.json", '\ufeff{"a": 1}', "bom"),
        ("convert.py", "<!DOCTYPE html><p>", "web-page"),
    ],
)
def test_a_load_does_not_fail_by_a_file_that_it_does_not_read(model: Path, file: str, content: str, kind: str) -> None:
    (model / file).parent.mkdir(exist_ok=True)
    write(file, content)(model)
    assert [(one.kind, one.file, one.fails) for one in found(model)] == [(kind, file, False)]


def test_an_index_beside_whole_weights_is_not_read(model: Path) -> None:
    write("model.safetensors.index.json", '{"weight_map": {"a": "model-00001-of-00001.safetensors"}}')(model)
    assert kinds(model) == []


def test_code_that_is_too_long_to_read_is_there(model: Path) -> None:
    (model / "model.py").write_text((model / "model.py").read_text() + "#" * 300_000)
    assert kinds(model) == []


def test_code_after_the_first_sixty_files_is_there(model: Path) -> None:
    for number in range(60):
        write(f"a{number:02}.py", "")(model)
    assert kinds(model) == []


def test_a_class_may_be_after_the_names_that_are_listed(model: Path) -> None:
    (model / "model.py").write_text(
        "".join(f"A{number} = 1\n" for number in range(400)) + (model / "model.py").read_text()
    )
    assert kinds(model) == []


def test_an_installed_package_may_be_called_like_a_file(model: Path) -> None:
    write("msgspec.py", "")(model)
    append("part.py", "import msgspec\n")(model)
    assert kinds(model) == []


def test_a_type_that_the_path_names() -> None:
    folder = ROOT / "fixtures" / "distilbert-without-model-type"
    assert [(one.kind, one.release, one.fails) for one in found(folder, OLD, NEW)] == [
        ("model-type-missing", OLD, False),
        ("model-type-missing", NEW, True),
    ]


def test_a_type_of_a_later_release(model: Path) -> None:
    write("config.json", '{"model_type": "qwen3"}')(model)
    (problem,) = found(model, OLD, NEW)
    assert (problem.kind, problem.release, problem.values["since"]) == ("model-type-new", OLD, "4.51")


def test_a_file_that_is_cut_off(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-3])
    (problem,) = found(model)
    assert problem.kind == "truncated"
    assert problem.values["size"] < int(problem.values["told"])


def test_names_by_release(model: Path) -> None:
    code = (
        "from transformers import Qwen3Model\nfrom transformers.pytorch_utils import find_pruneable_heads_and_indices\n"
    )
    append("part.py", code)(model)
    both = [(one.kind, one.release, one.line) for one in found(model, OLD, NEW)]
    assert both == [("name-new", OLD, 2), ("name-gone", NEW, 3)]


def test_imports_that_may_fail_are_left_alone(model: Path) -> None:
    code = "try:\n    from transformers.utils import is_flash_attn_available\n    import not_there\nexcept ImportError:\n    pass\n"
    append("part.py", code)(model)
    assert kinds(model, installed=True) == []


def test_packages_are_looked_for_in_this_python(model: Path) -> None:
    append("part.py", "import pebble_kernels\nimport os.path\n")(model)
    assert kinds(model) == []
    assert kinds(model, installed=True) == [("package-missing", "part.py")]


GUARDED = "from transformers.utils import is_flash_attn_2_available, is_torch_available\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("if is_flash_attn_2_available():\n    import pebble\n", {"4.44.2": [True], "4.50.3": [True], NEW: []}),
        ("if is_flash_attn_2_available():\n    from flash_attn import f\n", {"4.44.2": [True], "4.50.3": [], NEW: []}),
        ("if is_torch_available():\n    import pebble\n", {"4.50.3": [True], "4.51.3": [], NEW: []}),
        ("if not is_torch_available():\n    a = 1\nelse:\n    import pebble\n", {"4.50.3": [True], NEW: []}),
        ("if word == 1:\n    import pebble\n", {"4.50.3": [True], NEW: [True]}),
        ("try:\n    import json\nexcept ImportError:\n    import pebble\n", {"4.50.3": [True], NEW: []}),
        ("def f():\n    import pebble\n", {"4.50.3": [True], NEW: [True]}),
        ("def f():\n    import pebble as p\n", {"4.50.3": [], NEW: [True]}),
        ("import pebble as p\n", {"4.50.3": [True], NEW: [True]}),
        ("if is_torch_available():\n    if word == 1:\n        import pebble\n", {"4.50.3": [True], NEW: []}),
        (
            "try:\n    import json\nexcept ImportError:\n    pass\nelse:\n    import pebble\n",
            {"4.50.3": [True], NEW: []},
        ),
        ('def f():\n    """Use it so:\n\n    import pebble\n    """\n', {"4.50.3": [True], NEW: []}),
    ],
)
def test_packages_that_a_release_does_not_look_for(model: Path, code: str, expected: dict[str, list[bool]]) -> None:
    append("part.py", GUARDED + "word = 1\n" + code)(model)
    for release, fails in expected.items():
        missing = [one for one in found(model, release, installed=True) if one.kind == "package-missing"]
        assert [one.fails for one in missing] == fails, release


AROUND = (
    "{}", "def f():\n    {}", "class A:\n    {}", "try:\n    {}\nexcept ImportError:\n    pass",
    "try:\n    import json\nexcept ImportError:\n    {}", "try:\n    import json\nexcept ImportError: pass\n{}",
    "try:\n    import json\nfinally:\n    {}", "if is_torch_available():\n    {}", "with a:\n    {}",
    "if is_torch_available():\n    pass\nelse:\n    {}", "if is_flash_attn_2_available():\n    {}", "if a: {}",
    "if a:\n    {}", "if is_torch_available():\n    if a:\n        {}", "if a:\n    if is_torch_available():\n        {}",
    "def f():\n    try:\n        {}\n    except Exception:\n        pass", "'''\n{}\n'''",
)  # fmt: skip
"""An import here is looked at or not: it depends on the release."""


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "line",
    ["import pebble", "import pebble as p", "import pebble, os", "from pebble.a import x", "import pebble  # it"],
)
def test_the_library_looks_for_the_same_packages(line: str, around: str, tmp_path: Path) -> None:
    from transformers import __version__
    from transformers.dynamic_module_utils import get_imports

    text = around.format(line) + "\n"
    (tmp_path / "a.py").write_text(text)
    assert {*packages_looked_for(text, __version__)} == {*get_imports(tmp_path / "a.py")}


def test_code_that_nothing_names_is_not_looked_at(model: Path) -> None:
    write("convert.py", "import pebble_kernels\nfrom transformers.utils import is_flash_attn_available\n")(model)
    assert kinds(model, installed=True) == []


@pytest.mark.parametrize("release", [OLD, NEW])
@pytest.mark.parametrize("name", ["glm-4v-tiny", "glm-4v-tiny-lora", "bert-tiny"])
def test_healthy_models_are_quiet(name: str, release: str) -> None:
    assert kinds(ROOT / "fixtures" / name, release, installed=True) == []


def test_every_kind_has_a_sentence_in_both_languages() -> None:
    for kind in PROBLEMS:
        values = dict.fromkeys(
            "size told place names type count auto_class reference repository needed class module thing gone instead since model_type key value wanted version meant files name statement default method".split(),
            "x",
        )
        problem = Problem(kind, "config.json", values, 3, release=NEW)
        assert problem_text(problem, "en") != problem_text(problem, "zh")


def test_the_command(check: Command, model: Path) -> None:
    code, out, _ = check(str(model), "--for", NEW, "--lang", "en")
    assert (code, out.splitlines()[0]) == (
        0,
        "No fault found in its files, in `auto_map` and in its code.",
    )
    append("part.py", "import transformers.deepspeed\n")(model)
    code, out, _ = check(str(model), "--for", NEW, "--lang", "en")
    assert code == 1
    assert "part.py" in out
    assert "transformers.integrations" in out
    code, out, _ = check(str(model), "--for", OLD, "--for", NEW, "--json")
    assert code == 1
    document = json.loads(out)
    assert document["releases"] == [OLD, NEW]
    assert [(one["kind"], one["release"], one["fails"]) for one in document["problems"]] == [
        ("name-replaced", NEW, True)
    ]


def test_wrong_use(check: Command, model: Path) -> None:
    assert check("nowhere", "--lang", "en")[0] == 2
    code, _, err = check(str(model), "--for", "4.1")
    assert code == 2
    assert "4.30" in err
    code, _, err = check(str(model), "--for", "9.9.9", "--lang", "en")
    assert (code, "--for 9.9.9: this glm-trace knows transformers from 4.30 to 5." in err) == (2, True)


def text_of(report: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


def test_names_of_a_newer_release_are_those_of_the_newest_known() -> None:
    newest = library().releases[-1]
    assert f"9.9.0 (names as of {newest})" in text_of(check_report([], ["9.9.0"], "en"))
    assert "names as of" not in text_of(check_report([], [NEW], "en"))


def test_a_model_of_the_hub_has_to_be_downloaded_first(check: Command) -> None:
    result = check("harbour/pebble")
    assert result.code == 2
    assert "no model of that name in the hub cache" in result.sentence
    assert result.sentence.endswith("download it, then check it again: hf download harbour/pebble")
    assert "hf download" not in check("./harbour/pebble/no").sentence
    result = check("harbour/pebble", "--revision", "v2")
    assert result.code == 2
    assert "not have harbour/pebble at v2" in result.sentence
    assert result.sentence.endswith("hf download harbour/pebble --revision v2")


@pytest.fixture
def cached(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a snapshot of harbour/pebble in a hub cache, as huggingface_hub leaves it: links to blobs."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for variable in ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE", "PYTORCH_PRETRAINED_BERT_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    repository = tmp_path / "hub" / "models--harbour--pebble"
    snapshot = repository / "snapshots" / COMMIT
    for folder in (repository / "refs", repository / "blobs", snapshot):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    for number, file in enumerate(model.iterdir()):
        blob = Path(shutil.copyfile(file, repository / "blobs" / f"{number:040}"))
        (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("revision", [(), ("--revision", "main"), ("--revision", COMMIT)], ids=["-", "main", "commit"])
def test_a_model_of_the_hub_is_looked_up_in_the_cache(check: Command, cached: Path, revision: tuple[str, ...]) -> None:
    result = check("harbour/pebble", *revision, "--for", NEW)
    assert result.code == 0, result.text
    assert "harbour/pebble: checked as it is in the hub cache, commit 0123456789ab: " in result.sentence
    assert "may not have been downloaded" not in result.sentence


def test_a_snapshot_that_is_not_whole(check: Command, cached: Path) -> None:
    (cached / "model.safetensors").unlink()
    result = check("harbour/pebble", "--for", NEW)
    assert "has no weights" in result.text
    assert f"The whole commit: hf download harbour/pebble --revision {COMMIT}" in result.sentence
    json_ = json.loads(check("harbour/pebble", "--for", NEW, "--json").out)
    assert [problem["kind"] for problem in json_["problems"]] == ["no-weights"]


def test_a_directory_comes_before_the_cache_and_has_no_revision(check: Command, cached: Path, place: Path) -> None:
    own = place / "harbour" / "pebble"
    own.mkdir(parents=True)
    result = check("harbour/pebble", "--for", NEW)
    assert result.code == 1
    assert "There is no config.json" in result.text
    assert "hub cache" not in result.sentence
    assert check("harbour/pebble", "--revision", "main").code == 2


def test_a_file_is_no_model(check: Command, place: Path) -> None:
    (place / "model.gguf").write_bytes(b"GGUF")
    result = check("model.gguf")
    assert (result.code, "model.gguf is a file" in result.sentence) == (2, True)
