"""What was agreed to is what runs: the bytes that are compiled are compared, whatever way they come."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import py_compile
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import Loads
from tests.support.own_code_model import CONFIG, FILES, JSON, MODEL, PART, write_own_model
from tests.support.reading import Reading
from tracer.analysis.diagnosis import diagnose
from tracer.cli.consent import agreed_code
from tracer.remote_code import find_remote_code
from tracer.trace.job import AgreedCode
from tracer.trace.reading import open_trace


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_own_model(tmp_path / "own")


def agreed_to(model: Path | str, **which: Any) -> AgreedCode:
    return agreed_code(find_remote_code(str(model), **which))


def checksum(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def mark(folder: Path) -> str:
    return f"open({str(folder / 'mark')!r}, 'w').close()\n"


@pytest.fixture
def load(loads: Loads, tmp_path: Path) -> Callable[..., Reading]:
    """Loads with a modules cache of its own."""
    environment = {"HF_MODULES_CACHE": str(tmp_path / "modules")}

    def record(model: Path | str, agreed: AgreedCode | None, **options: Any) -> Reading:
        options = {"weights": "random", **options}
        recorded = loads.record_anew(
            work="load", model=str(model), trust_remote_code=True, agreed=agreed, forward=False,
            environment=environment, **options,
        )  # fmt: skip
        return Reading(open_trace(recorded.path))

    return record


def test_agreed_code_runs_and_is_recorded(model: Path, load: Any) -> None:
    reading = load(model, agreed_to(model))
    assert reading.trace.outcome.status == "loaded"
    shown = reading.trace.meta.remote_code
    expected = {name: checksum(text) for name, text in FILES.items()}
    assert {Path(path).name: found for path, found in shown.ran.items()} == expected
    assert shown.agreed == {name: [found] for name, found in expected.items()}
    assert shown.refused is None


def test_code_that_was_not_shown_is_recorded_too(model: Path, load: Any) -> None:
    shown = load(model, None).trace.meta.remote_code
    assert {Path(path).name for path in shown.ran} == set(FILES)
    assert shown.agreed is None


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_was_changed_does_not_run(model: Path, load: Any, tmp_path: Path, file: str) -> None:
    agreed = agreed_to(model)
    changed = mark(tmp_path) + FILES[file]
    (model / file).write_text(changed, encoding="utf-8")
    trace = load(model, agreed).trace
    assert not (tmp_path / "mark").exists()
    assert trace.outcome.status == "refused"
    assert file in trace.outcome.message
    assert checksum(FILES[file])[:12] in trace.outcome.message
    assert checksum(changed)[:12] in trace.outcome.message
    [cause] = diagnose(trace).causes
    assert (cause.kind, cause.values["file"]) == ("code-changed", file)


def test_a_file_that_was_not_shown_does_not_run(model: Path, load: Any, tmp_path: Path) -> None:
    agreed = agreed_to(model)
    (model / "more.py").write_text(mark(tmp_path), encoding="utf-8")
    (model / "part.py").write_text(PART, encoding="utf-8")
    config = JSON.replace("conf.OwnConfig", "more.OwnConfig")
    (model / "config.json").write_text(config, encoding="utf-8")
    trace = load(model, agreed, tokenizer=False).trace
    assert not (tmp_path / "mark").exists()
    assert trace.outcome.status == "refused"
    assert diagnose(trace).causes[0].kind == "code-not-shown"


def test_code_that_passes_over_exceptions_does_not_hide_it(model: Path, load: Any, tmp_path: Path) -> None:
    text = MODEL.replace("from .part import word", "try:\n    from .part import word\nexcept:\n    word = 'none'")
    (model / "model.py").write_text(text, encoding="utf-8")
    agreed = agreed_to(model)
    (model / "part.py").write_text(mark(tmp_path) + PART, encoding="utf-8")
    trace = load(model, agreed, tokenizer=False).trace
    assert not (tmp_path / "mark").exists()
    assert trace.outcome.status == "refused"


def test_code_imported_from_the_directory_itself_is_compared(model: Path, load: Any, tmp_path: Path) -> None:
    text = f"import sys\nsys.path.append({str(model)!r})\nimport beside\n" + CONFIG
    (model / "conf.py").write_text(text, encoding="utf-8")
    (model / "beside.py").write_text("x = 1\n", encoding="utf-8")
    agreed = agreed_to(model)
    assert "beside.py" in agreed.files
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "failed"  # no installed package
    text = text.replace("import beside", "import importlib\nimportlib.import_module('beside')")
    (model / "conf.py").write_text(text, encoding="utf-8")
    agreed = agreed_to(model)
    agreed.files["beside.py"] = [checksum("x = 1\n")]
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "loaded"
    (model / "beside.py").write_text(mark(tmp_path), encoding="utf-8")
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "refused"
    assert not (tmp_path / "mark").exists()


@pytest.mark.slow
def test_code_of_another_modules_cache_does_not_run(
    model: Path, load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python looks for a relative import all along the path, whatever modules cache transformers has copied to."""
    agreed = agreed_to(model, tokenizer=False)
    ran = load(model, agreed, tokenizer=False).trace.meta.remote_code.ran
    other = shutil.copytree(tmp_path / "modules", tmp_path / "other")
    monkeypatch.syspath_prepend(other)  # a fork takes over the path
    same = load(model, agreed, tokenizer=False).trace
    assert (same.outcome.status, same.meta.remote_code.ran) == ("loaded", ran)
    [part] = other.rglob("part.py")
    part.write_text(mark(tmp_path) + PART, encoding="utf-8")
    trace = load(model, agreed, tokenizer=False).trace
    assert not (tmp_path / "mark").exists()
    assert (trace.outcome.status, diagnose(trace).causes[0].values["file"]) == ("refused", "part.py")
    py_compile.compile(str(part), cfile=str(part.with_suffix(".pyc")))
    part.unlink()
    trace = load(model, agreed, tokenizer=False).trace
    assert not (tmp_path / "mark").exists()
    assert diagnose(trace).causes[0].kind == "code-compiled"


def test_the_modules_cache_of_who_starts_the_load_is_not_looked_into(
    model: Path, load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once remote code was loaded in a process, its modules cache is on the path, which a fork takes over."""
    theirs = Path(os.environ["HF_MODULES_CACHE"])
    (theirs / "transformers_modules").mkdir(parents=True, exist_ok=True)
    (theirs / "transformers_modules" / "__init__.py").touch()
    monkeypatch.syspath_prepend(theirs)
    assert load(model, agreed_to(model)).trace.outcome.status == "loaded"


@pytest.mark.parametrize("kind", ["pyc", "cached"])
def test_compiled_code_does_not_run(model: Path, load: Any, tmp_path: Path, kind: str) -> None:
    """Neither in place of a source, nor from the cache of one: its source is unknown."""
    agreed = agreed_to(model, tokenizer=False)
    evil = tmp_path / "evil.py"
    evil.write_text(mark(tmp_path) + PART, encoding="utf-8")
    if kind == "pyc":
        text = f"import sys\nsys.path.append({str(model)!r})\nimport importlib\nimportlib.import_module('evil')\n"
        (model / "conf.py").write_text(text + CONFIG, encoding="utf-8")
        agreed = agreed_to(model, tokenizer=False)
        py_compile.compile(str(evil), cfile=str(model / "evil.pyc"))
        trace = load(model, agreed, tokenizer=False).trace
        assert diagnose(trace).causes[0].kind == "code-compiled"
    else:  # bytecode that claims to be that of part.py in the modules cache, in size and time
        load(model, agreed, tokenizer=False)
        [part] = (tmp_path / "modules").rglob("part.py")
        fake = tmp_path / "fake" / "part.py"
        fake.parent.mkdir()
        fake.write_text(f"{mark(tmp_path)}{PART}", encoding="utf-8")
        then = int(time.time()) - 100
        os.utime(part, (then, then))
        os.utime(fake, (then, then))
        cached = importlib.util.cache_from_source(str(part))
        py_compile.compile(str(fake), cfile=cached, dfile=str(part))
        data = bytearray(Path(cached).read_bytes())
        data[12:16] = len(PART).to_bytes(4, "little")
        Path(cached).write_bytes(data)
        trace = load(model, agreed, tokenizer=False).trace
        assert trace.outcome.status == "loaded"
    assert not (tmp_path / "mark").exists()


def in_hub_cache(cache: Path, model: Path, name: str = "org--own", commit: str = "a" * 40) -> str:
    """Put a directory into a hub cache; returns its id."""
    repository = cache / f"models--{name}"
    shutil.copytree(model, repository / "snapshots" / commit)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit, encoding="utf-8")
    return name.replace("--", "/")


def test_a_hub_id_of_the_cache_that_the_load_is_given(model: Path, load: Any, tmp_path: Path) -> None:
    shown, other = tmp_path / "a", tmp_path / "b"
    name = in_hub_cache(shown, model)
    changed = mark(tmp_path) + CONFIG
    (model / "conf.py").write_text(changed, encoding="utf-8")
    in_hub_cache(other, model)
    agreed = agreed_to(name, cache_dir=str(shown))
    given = {"tokenizer": False, "auto_class": "AutoConfig", "weights": "checkpoint"}
    assert load(name, agreed, kwargs={"cache_dir": str(shown)}, **given).trace.outcome.status == "loaded"
    shutil.rmtree(tmp_path / "modules")
    assert load(name, agreed, kwargs={"cache_dir": str(other)}, **given).trace.outcome.status == "refused"
    assert not (tmp_path / "mark").exists()
    assert agreed_to(name, cache_dir=str(other)).files["conf.py"] == [checksum(changed)]


@pytest.mark.slow
def test_what_could_not_be_shown_runs_where_that_was_agreed_to(model: Path, load: Any) -> None:
    agreed = agreed_to(model, tokenizer=False)
    del agreed.files["part.py"]
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "refused"
    agreed.unseen = True
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "loaded"
    agreed.files["part.py"] = [checksum("another text")]
    assert load(model, agreed, tokenizer=False).trace.outcome.status == "refused"


def test_an_argument_does_not_replace_consent(model: Path, loads: Loads) -> None:
    recorded = loads.record_anew(
        work="load", model=str(model), trust_remote_code=False, tokenizer=False, kwargs={"trust_remote_code": True}
    )
    assert recorded.outcome.status == "refused"
