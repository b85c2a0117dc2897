"""Loads of hub ids, from a hub on the loopback interface: what is asked of it, and what the trace says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import TOKEN, Answer, Hub, HubLoads, running_hub
from tests.support.library_models import saved
from tests.support.small_models import tiny_llama
from tracer.launch.runner import Interrupts, JobProgress, run_job
from tracer.trace.events import CommitResolved, FileResolved, ModelLoaded, ProcessorLoaded, TokenizerLoaded, events
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace

SHORT = {"forward": False}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("repositories")
    with running_hub() as hub:
        llama = tiny_llama(folder / "llama")
        hub.add("harbour/llama", llama, "main", "v1")
        newer = Path(shutil.copytree(llama, folder / "newer"))
        (newer / "README.md").write_text("newer")
        hub.add("harbour/llama", newer, "main", "next")
        hub.add("harbour/private", llama, private=True)
        yield hub


def loaded(trace: Trace) -> str:
    return str(next(iter(events(trace, ModelLoaded))).event.class_).rpartition(".")[2]


def commits(trace: Trace) -> set[str]:
    found = {str(one.event.commit) for one in events(trace, CommitResolved)}
    paths = [str(one.event.path) for one in events(trace, FileResolved)]
    return found | {path.split("/snapshots/")[1].split("/")[0] for path in paths if "/snapshots/" in path}


def recorded(hub: Hub | None, home: Path, model: str, **options: Any) -> Trace:
    variables = options.pop("variables", {})
    options = {"work": "load", "model": model, **SHORT, **options}
    home.mkdir(exist_ok=True)
    return open_trace(HubLoads(home, hub, home, **variables).record_anew(**options).path)


@pytest.mark.parametrize(
    "revision", [None, "v1", *(pytest.param(one, marks=pytest.mark.slow) for one in ("main", "next", "commit"))]
)
def test_a_hub_model_is_loaded_by_its_saved_class_at_the_commit_that_is_asked_for(
    hub: Hub, tmp_path: Path, revision: str | None
) -> None:
    refs = hub.repositories["harbour/llama"].refs
    commit = refs[revision or "main"] if revision != "commit" else refs["v1"]
    given = {} if revision is None else {"kwargs": {"revision": commit if revision == "commit" else revision}}
    hub.requests.clear()
    with recorded(hub, tmp_path, "harbour/llama", **given) as trace:
        assert trace.outcome.status == "loaded"
        assert loaded(trace) == "LlamaForCausalLM"
        assert commits(trace) == {commit}
    assert refs["v1"] != refs["main"]
    for name in ("config.json", "model.safetensors"):
        assert hub.asked(name) == 1, f"{name} is downloaded once"


def test_what_was_downloaded_is_loaded_without_a_hub(hub: Hub, tmp_path: Path) -> None:
    recorded(hub, tmp_path, "harbour/llama").close()
    hub.requests.clear()
    with recorded(hub, tmp_path, "harbour/llama", variables={"HF_HUB_OFFLINE": "1"}) as trace:
        assert (trace.outcome.status, loaded(trace)) == ("loaded", "LlamaForCausalLM")
    assert hub.requests == []
    with recorded(None, tmp_path, "harbour/llama") as trace:
        assert (trace.outcome.status, loaded(trace)) == ("loaded", "LlamaForCausalLM")


def test_a_mirror_is_asked_in_place_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    with running_hub() as mirror:
        mirror.repositories["harbour/llama"] = hub.repositories["harbour/llama"]
        hub.requests.clear()
        with recorded(mirror, tmp_path, "harbour/llama") as trace:
            assert trace.outcome.status == "loaded"
            assert trace.meta.environment["HF_ENDPOINT"] == mirror.url
        assert mirror.asked("config.json") == 1
        assert hub.requests == []


@pytest.mark.parametrize("by", ["variable", "argument"])
def test_a_token_opens_a_private_repository_and_stays_out_of_the_trace(hub: Hub, tmp_path: Path, by: str) -> None:
    given: dict[str, Any] = {"variables": {"HF_TOKEN": TOKEN}} if by == "variable" else {"kwargs": {"token": TOKEN}}
    hub.requests.clear()
    with recorded(hub, tmp_path, "harbour/private", **given) as trace:
        assert trace.outcome.status == "loaded"
        path = trace.path
    assert any(with_token for _, _, with_token in hub.requests)
    assert TOKEN.encode() not in Path(path).read_bytes()


@pytest.mark.slow
def test_a_processor_of_the_hub_is_loaded(hub: Hub, tmp_path: Path) -> None:
    hub.add("harbour/llava", saved("llava", tmp_path / "llava"))
    hub.requests.clear()
    with recorded(hub, tmp_path / "home", "harbour/llava", forward=True) as trace:
        assert trace.outcome.status == "loaded"
        assert loaded(trace) == "LlavaForConditionalGeneration"
        last = list(events(trace, ProcessorLoaded))[-1].event
        assert str(last.class_).endswith(".LlavaProcessor")
    assert hub.asked("tokenizer.json") == 1


@pytest.mark.slow
def test_no_tokenizer_is_asked_of_a_repository_that_has_none(hub: Hub, tmp_path: Path) -> None:
    hub.add("harbour/vit", saved("vit", tmp_path / "vit"))
    with recorded(hub, tmp_path / "home", "harbour/vit", forward=True) as trace:
        assert (trace.outcome.status, loaded(trace)) == ("loaded", "ViTForImageClassification")
        assert not list(events(trace, TokenizerLoaded))


@pytest.mark.slow
def test_a_slow_download_shows_progress_and_can_be_interrupted(hub: Hub, tmp_path: Path) -> None:
    """What is left is a whole trace, and what huggingface_hub goes on from the next time."""
    interrupts = Interrupts()
    seen: list[str] = []

    def watch(progress: JobProgress) -> None:
        if any(path.startswith("/cdn") for _, path, _ in hub.requests) and progress.last is not None:
            seen.append(str(progress.last.stage))
            if len(seen) == 3:
                interrupts.add()

    hub.requests.clear()
    hub.answers = lambda method, path: Answer(503, after=20) if path.startswith("/cdn") else None
    loads = HubLoads(tmp_path, hub, tmp_path / "home")
    trace = tmp_path / "made" / "slow.glmtrace"
    trace.parent.mkdir()
    job = Job(work="load", model="harbour/llama", forward=False)
    try:
        result = run_job(job, trace, start=loads.start, progress=watch, interrupts=interrupts)
    finally:
        hub.answers = lambda method, path: None
    assert result.outcome.status == "interrupted"
    assert result.outcome.seconds is not None
    assert result.outcome.seconds < 15
    assert seen[0] == "construct"
    assert [path.name for path in trace.parent.iterdir()] == ["slow.glmtrace"]
    with recorded(hub, tmp_path, "harbour/llama") as again:
        assert again.outcome.status == "loaded"
