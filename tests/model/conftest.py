"""What the tests of the model itself share."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

# Threads do not pay for models this small, and tests that run beside each other would wait for them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.model.accounts import Account, account_of
from tests.support.loads import Loads

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture in a file."""
    pictures = pytest.importorskip("PIL.Image")
    path: Path = tmp_path_factory.mktemp("picture") / "picture.png"
    pictures.radial_gradient("L").resize((90, 40)).convert("RGB").save(path)
    return path


@pytest.fixture(scope="session")
def glm(fixtures: Path) -> Path:
    return fixtures / "glm-4v-tiny"


@pytest.fixture
def account(loads: Loads) -> Callable[..., Account]:
    """Record a load and read its weights; ``fails`` when the load has to."""
    return partial(account_of, loads)
