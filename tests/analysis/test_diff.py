"""Comparing two loads: what parted their ways is told, and nothing else."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import FIXTURES
from tests.data.demo.store import record, stored, unpack
from tests.support.commands import Command, command_line
from tests.support.loads import Loads
from tests.trace.made import meta_record, ordinary_records, sealed
from tracer.analysis.diff import TOPICS, Comparison, Difference, compare
from tracer.recorder.environment import environment_facts
from tracer.trace.reading import Trace, open_trace
from tracer.views.diff import WORDS, focused

OLD, NEW = "4.44.2", "5.23.0"


@pytest.fixture(scope="module")
def lines(old_demo: Trace, new_demo: Trace) -> Comparison:
    return compare(old_demo, new_demo)


def told(comparison: Comparison, topic: str, what: str | None = None) -> list[Difference]:
    return [one for one in comparison.of(topic) if what is None or one.what == what]


def statements(comparison: Comparison, function: str) -> tuple[str, str]:
    """All statements of a function that ran on one side only, side by side."""
    found = [one for one in comparison.of("code") if one.subject == function]
    return "\n".join(str(one.a) for one in found if one.a), "\n".join(str(one.b) for one in found if one.b)


def test_a_different_environment_is_at_the_head(tmp_path: Path, command: Command) -> None:
    files = []
    for name, environment in (("a", {"HF_HUB_OFFLINE": "1", "HF_HOME": "x"}), ("b", {"HF_HOME": "x"})):
        records = [meta_record(environment=environment), *ordinary_records()]
        files.append(str(sealed(tmp_path, records, f"{name}.glmtrace")))
    code, said, _ = command(*files)
    assert code == 0  # what they ran under may differ without the loads being different
    assert "HF_HUB_OFFLINE: A 1, B not set" in said
    assert "HF_HOME" not in said


def test_a_folder_that_torch_names_after_the_user_is_no_difference(tmp_path: Path, command: Command) -> None:
    files = []
    for name, folder in (("a", "<tmp>/torchinductor_root"), ("b", "<tmp>/torchinductor_me"), ("c", "/mine")):
        records = [meta_record(environment={"TORCHINDUCTOR_CACHE_DIR": folder}), *ordinary_records()]
        files.append(str(sealed(tmp_path, records, f"{name}.glmtrace")))
    assert "TORCHINDUCTOR" not in command(*files[:2])[1]
    assert "TORCHINDUCTOR_CACHE_DIR: A not set, B /mine" in command(*files[1:])[1]
    recorded = environment_facts({"TORCHINDUCTOR_CACHE_DIR": "/tmp/torchinductor_root", "TORCH_HOME": "x"})
    assert recorded["environment"] == {"TORCH_HOME": "x"}


# ── The table of what differs between the two lines, row by row ─────────────────────────────────────


def test_trust_is_popped_and_then_only_read(lines: Comparison) -> None:
    [row] = [one for one in lines.of("code") if "kwargs.pop('trust_remote_code'" in str(one.a)][:1]
    assert row.subject == "_BaseAutoModelClass.from_pretrained"
    assert row.b == "trust_remote_code = kwargs.get('trust_remote_code')"
    assert next(one for one in lines.of("keywords") if one.subject == "trust_remote_code").what == "keyword"


def test_names_of_hub_arguments(lines: Comparison) -> None:
    [row] = [
        one
        for one in lines.of("code")
        if one.subject == "_BaseAutoModelClass.from_pretrained"
        and "hub_kwargs_names" in str(one.a)
        and "[" in str(one.a)
    ]
    assert "'resume_download'" in row.a
    assert "'use_auth_token'" in row.a
    assert "'resume_download'" not in row.b
    assert "'use_auth_token'" not in row.b


def test_the_commit(lines: Comparison) -> None:
    calls = {one.subject: one for one in lines.of("calls")}
    assert calls["extract_commit_hash"].what == "call-only-a"
    assert calls["resolve_revision"].what == "call-only-b"
    before, after = statements(lines, "_BaseAutoModelClass.from_pretrained")
    assert "commit_hash = kwargs.pop('_commit_hash', None)" in before
    assert "resolve_revision(" in after
    assert any(one.subject == "_commit_hash" for one in told(lines, "keywords", "keyword-only-a"))


def test_dtype(lines: Comparison) -> None:
    attributes = {one.subject: one.what for one in lines.of("config")}
    assert attributes["torch_dtype"] == "config-only-a"
    assert attributes["dtype"] == "config-only-b"
    dtypes = {(one.a, one.b) for one in told(lines, "weights", "tensor-became")}
    assert dtypes == {("float32", "bfloat16")}  # 5.x takes the checkpoint's own where nobody asks for another


def test_use_auth_token_is_gone(lines: Comparison) -> None:
    before, after = statements(lines, "_BaseAutoModelClass.from_pretrained")
    assert "use_auth_token" in before
    assert "use_auth_token" not in after


def test_a_class_of_the_users_own_wins(lines: Comparison) -> None:
    before, after = statements(lines, "_BaseAutoModelClass.from_pretrained")
    assert "explicit_local_code" not in before
    assert "explicit_local_code" in after


def test_registration(lines: Comparison) -> None:
    [registered] = told(lines, "classes", "registered-loading-only-b")
    assert registered.subject.endswith(" (AutoModelForCausalLM)")
    before, after = statements(lines, "_BaseAutoModelClass.from_pretrained")
    assert "os.path.isdir(pretrained_model_name_or_path)" in before
    assert "cls.register(config.__class__, model_class, exist_ok=True)" in after
    assert any(one.subject == "_BaseAutoModelClass.register" for one in told(lines, "calls", "call-only-b"))


def test_the_generation_mixin(lines: Comparison) -> None:
    before, after = statements(lines, "_BaseAutoModelClass.from_pretrained")
    assert "add_generation_mixin_to_remote_model" not in before
    assert "add_generation_mixin_to_remote_model" in after


def test_where_remote_code_is_imported_from(lines: Comparison) -> None:
    rows = told(lines, "classes", "imported-from")
    assert {Path(one.subject).name for one in rows} == {
        "configuration_chatglm.py", "modeling_chatglm.py", "tokenization_chatglm.py"
    }  # fmt: skip
    for one in rows:
        assert one.a.split("/")[1] == "glm-4v-tiny"
        assert len(one.b.split("/")[2]) == 16  # a hash of the sources


def test_how_weights_come_in(lines: Comparison) -> None:
    assert [(one.a, one.b) for one in told(lines, "weights", "read-by")] == [
        (["shard-opened", "shard-read"], ["shard-opened"])
    ] * 2
    [devices] = told(lines, "modules", "built-on")
    assert "cpu" in devices.a
    assert devices.b == ["meta"]


# ── Sameness ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_the_same_is_not_told(lines: Comparison) -> None:
    assert lines.of("outcome") == []
    assert told(lines, "modules", "module") == []
    assert told(lines, "modules", "parameter-shape") == []
    assert told(lines, "weights", "tensor-from") == []
    assert told(lines, "weights", "report") == []


def test_a_load_is_like_itself(new_demo: Trace) -> None:
    assert compare(new_demo, new_demo).differences == []


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="stored on Python 3.11; others report other lines")
@pytest.mark.skipif(not stored(version("transformers")).exists(), reason="no recording of this release is kept")
def test_the_stored_recording_is_what_is_recorded_now(tmp_path: Path) -> None:
    with open_trace(unpack(version("transformers"), tmp_path)) as kept, open_trace(record(tmp_path)) as now:
        found = compare(kept, now).differences
    assert found == [], "it changed: look at this, then run  python -m tests.data.demo.store  on each line"


# ── Directories before and after an edit ────────────────────────────────────────────────────────────


def edited(folder: Path, name: str, **values: Any) -> Path:
    """A copy of the small BERT with other values in its config.json."""
    copy = folder / name
    shutil.copytree(FIXTURES / "bert-tiny", copy)
    config = msgspec.json.decode((copy / "config.json").read_bytes())
    (copy / "config.json").write_bytes(msgspec.json.encode({**config, **values}))
    return copy


def test_an_edit_of_the_configuration(loads: Loads, tmp_path: Path) -> None:
    before = edited(tmp_path, "before")
    after = edited(tmp_path, "after", num_hidden_layers=1, hidden_dropout_prob=0.25)
    comparison = compare(loads.trace(before), loads.trace(after))
    attributes = {one.subject: (one.a, one.b) for one in comparison.of("config")}
    assert attributes["hidden_dropout_prob"][1] == 0.25
    assert attributes["num_hidden_layers"][1] == 1
    gone = {one.subject for one in told(comparison, "modules", "module-only-a")}
    assert any(".layer.1." in path for path in gone)
    assert not told(comparison, "modules", "module-only-b")
    report = {one.subject for one in told(comparison, "weights", "report")}
    assert "unexpected" in report
    assert comparison.of("calls") == []


def test_a_load_that_fails_and_one_that_does_not(loads: Loads, tmp_path: Path) -> None:
    whole, broken = edited(tmp_path, "whole"), edited(tmp_path, "broken", model_type="no-such-type")
    comparison = compare(loads.trace(whole), loads.trace(broken))
    outcome = {one.subject: (one.a, one.b) for one in comparison.of("outcome")}
    assert outcome["status"] == ("loaded", "failed")
    assert told(comparison, "calls", "call-only-a")


# ── The command ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return str(unpack(OLD, tmp_path)), str(unpack(NEW, tmp_path))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_line(monkeypatch, capsys, "diff")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_a_glance(files: tuple[str, str], lang: str, command: Command) -> None:
    code, said, _ = command(*files, "--lang", lang)
    assert code == 1
    assert "\x1b" not in said
    assert "transformers 4.44.2" in said
    assert "transformers 5.23.0" in said
    assert "resolve_revision" in said
    assert "hub_kwargs_names" in said
    assert len(said.splitlines()) < 200


@pytest.mark.slow
def test_everything_on_request(files: tuple[str, str], command: Command) -> None:
    _, everything, _ = command(*files, "--lang", "zh", "--all")
    assert len(everything.splitlines()) > 500


def test_one_topic_is_told_whole(files: tuple[str, str], command: Command) -> None:
    _, said, _ = command(*files, "--topic", "config", "--lang", "en")
    for one in ("torch_dtype", "dtype", "max_length", "pruned_heads"):
        assert one in said
    assert "resolve_revision" not in said


def test_json_is_one_document(files: tuple[str, str], command: Command) -> None:
    code, said, _ = command(*files, "--json")
    found = msgspec.json.decode(said)
    assert code == 1
    assert found["same"] is False
    assert {one["topic"] for one in found["differences"]} <= set(TOPICS)
    assert found["a"]["releases"]["transformers"] == OLD
    code, said, _ = command(files[0], files[0], "--json")
    assert (code, msgspec.json.decode(said)["differences"]) == (0, [])


def test_loads_that_are_the_same(files: tuple[str, str], command: Command) -> None:
    code, said, _ = command(files[1], files[1], "--lang", "en")
    assert code == 0
    assert "went the same way" in said


# ── Pieces ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_topic_has_a_title() -> None:
    assert {f"topic:{topic}" for topic in TOPICS} <= set(WORDS)


def test_long_statements_are_brought_to_their_changes() -> None:
    shared = ", ".join(f"name_{number}=value_{number}" for number in range(20))
    a, b = focused(f"call({shared}, old=1, {shared})", f"call({shared}, {shared})")
    assert "old=1" in a
    assert "old" not in b
    assert len(a) < 200
    assert focused("short = 1", "short = 2") == ("short = 1", "short = 2")


def test_a_trace_made_by_hand(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path)) as made:
        assert compare(made, made).differences == []
