"""What is kept of a tensor's bytes: little, and nothing that the program's own modes see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from tracer.recorder import run_load  # noqa: E402
from tracer.recorder.weights.weights_files import Sample, StoredTensor, WeightsFiles, sample  # noqa: E402
from tracer.trace.errors import TracerError  # noqa: E402
from tracer.trace.job import Job  # noqa: E402


class Counting(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
    seen = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen += 1
        return function(*args, **(kwargs or {}))


def test_a_sample_is_small_and_tells_zeros() -> None:
    large = torch.arange(100_000)
    found = sample(large)
    assert isinstance(found, Sample)
    assert (len(found.digest), found.all_zero) == (16, False)
    assert sample(large.clone()) == found
    assert sample(large.flip(0)) != found
    zeros = sample(torch.zeros(3))
    assert zeros is not None
    assert zeros.all_zero
    assert sample(torch.zeros(0)) is None


def test_the_program_s_modes_do_not_see_it() -> None:
    value = torch.arange(10)
    with Counting() as counting:
        assert sample(value) is not None
    assert counting.seen == 0


def test_a_tensor_in_memory_is_compared_with_one_in_a_file(tmp_path: Path) -> None:
    values = {"small": torch.arange(4), "large": torch.arange(9_000, dtype=torch.float64)}
    for name, value in values.items():
        path = tmp_path / name
        path.write_bytes(b"head" + value.numpy().tobytes())
        here = StoredTensor(None, [*value.shape], "x", value.nbytes, sample=sample(value))
        there = StoredTensor(str(path), [*value.shape], "x", value.nbytes, 4)
        other = here._replace(sample=sample(value + 1))
        files = WeightsFiles()
        assert not files.differ({"a": here, "b": there}, "a", "b")
        assert files.differ({"a": other, "b": there}, "a", "b")


@pytest.mark.parametrize(("count", "told"), [(0, "sees 0 CUDA devices"), (2, "Use --device cuda:1 or lower")])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, count: int, told: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(TracerError, match=told):
        run_load._device(Job(work="load", model="m", device="cuda:2"))
