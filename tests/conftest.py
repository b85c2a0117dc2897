"""Shared by all tests: no hub, separate caches, and loads recorded in forks of a process that has imported torch."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before anything imports transformers or huggingface_hub, here and in every child.
_HOME = Path(tempfile.mkdtemp(prefix="glm-trace-tests-"))
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_HOME=str(_HOME / "hf"),
    HF_MODULES_CACHE=str(_HOME / "hf" / "modules"),
    XDG_STATE_HOME=str(_HOME / "state"),
    HF_HUB_DISABLE_TELEMETRY="1",
    TOKENIZERS_PARALLELISM="false",
    ONEDNN_MAX_CPU_ISA="AVX512_CORE_FP16",  # the machines that run these tests may report AMX and not allow it
    GLM_TRACE_LANG="en",
)
for _name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "COLUMNS", "LINES"):
    os.environ.pop(_name, None)

import hypothesis  # noqa: E402
import pytest  # noqa: E402

pytest.register_assert_rewrite("tests.support")

from tests.data.demo.store import unpack  # noqa: E402
from tests.support.loads import Loads  # noqa: E402
from tests.support.signals import restore_signals_in_programs  # noqa: E402
from tracer.trace.reading import Trace, open_trace  # noqa: E402

restore_signals_in_programs()
# On a busy machine an example takes long now and then; pytest's timeout ends a test that hangs.
hypothesis.settings.register_profile("glm-trace", deadline=None)
hypothesis.settings.load_profile("glm-trace")

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"


@pytest.fixture(scope="session", autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def old_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """Open the stored recording of the demo on transformers 4.44.2."""
    with open_trace(unpack("4.44.2", tmp_path_factory.mktemp("old-demo"))) as trace:
        yield trace


@pytest.fixture(scope="session")
def new_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """Open the stored recording of the demo on transformers 5.23.0."""
    with open_trace(unpack("5.23.0", tmp_path_factory.mktemp("new-demo"))) as trace:
        yield trace


@pytest.fixture(scope="session", params=["old_demo", "new_demo"])
def stored_demo(request: pytest.FixtureRequest) -> Trace:
    """Return the demo as it was recorded on each line, whichever is installed."""
    trace: Trace = request.getfixturevalue(request.param)
    return trace


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Return the folder of the bundled fixtures."""
    return FIXTURES


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Loads:
    """Return a recorder that loads in warm children and records each load once per run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of the whole run
    (folder / "loads").mkdir(exist_ok=True)
    return Loads(folder / "loads")
