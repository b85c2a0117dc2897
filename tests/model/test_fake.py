"""Models without a checkpoint: seeded random weights, and fake ones that take no memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.model.side_by_side import PROMPT, do_traced, job_for, recorded_shapes, same_bits
from tests.support.commands import PROGRAM
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.bundled import write_fixture
from tracer.trace.reading import open_trace
from tracer.views.outcome import failure_lines

ROOT = Path(__file__).parents[2]
GIB = 2**30
VISUAL_TOKENS = 1602

# Runs a command and prints what it needed: the most memory of any process in it, and its time.
_MEASURED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_maxrss * 1024, time.perf_counter() - began]))
"""


@pytest.fixture(scope="module")
def geometry(fixtures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that ``glm-trace fixture glm-4v-9b`` writes."""
    return write_fixture(fixtures, "glm-4v-9b", tmp_path_factory.mktemp("full") / "glm-4v-9b")


# ── random ──────────────────────────────────────────────────────────────────────────────────────────


def test_random_weights_are_the_same_each_time(glm: Path, tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    done = [do_traced(random_job(glm, tmp_path), tmp_path / f"{turn}.glmtrace") for turn in range(2)]
    assert torch.equal(torch.random.get_rng_state(), state)
    one, other = (dict(traced.model.named_parameters()) for traced in done)
    assert one.keys() == other.keys()
    assert all(same_bits(one[name].detach(), other[name].detach()) for name in one)
    assert same_bits(done[0].results[0].logits, done[1].results[0].logits)
    assert not any(value.isnan().any() for value in one.values())


def test_random_weights_are_those_of_an_untraced_construction(glm: Path, tmp_path: Path) -> None:
    done = do_traced(random_job(glm, tmp_path), tmp_path / "a.glmtrace")
    config = transformers.AutoConfig.from_pretrained(glm, trust_remote_code=True)
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(
        config, trust_remote_code=True, empty_init=False, torch_dtype=torch.float32
    )
    torch.random.set_rng_state(state)
    expected = dict(model.named_parameters())
    for name, value in done.model.named_parameters():
        assert same_bits(value.detach(), expected[name].detach()), name


@pytest.mark.slow
def test_no_checkpoint_is_needed(loads: Loads, geometry_of_tiny: Path) -> None:
    for weights in ("random", "fake"):
        reading = Reading(loads.trace(geometry_of_tiny, weights=weights, kwargs={"use_cache": False}))
        assert reading.trace.outcome.status == "loaded", reading.trace.outcome
        assert reading.only("model-built")["numbers"] == 262_992
        assert "weights" not in reading.trace.stage_counts()
    assert loads.record(geometry_of_tiny).outcome.status == "failed"


@pytest.fixture(scope="module")
def geometry_of_tiny(glm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model without its weights."""
    import shutil

    folder: Path = tmp_path_factory.mktemp("bare") / "glm-4v-bare"
    shutil.copytree(glm, folder, ignore=shutil.ignore_patterns("*.safetensors*", "__pycache__"))
    return folder


@pytest.mark.slow
def test_a_dtype_holds_without_a_checkpoint_too(loads: Loads, glm: Path) -> None:
    for weights in ("random", "fake"):
        reading = Reading(loads.trace(glm, weights=weights, dtype="bfloat16"))
        [root] = reading.kinds("module-left", path="")
        assert reading.value(root.value)["items"]["logits"]["dtype"] == "bfloat16"


# ── fake ────────────────────────────────────────────────────────────────────────────────────────────


def test_fake_tensors_have_no_statistics(loads: Loads, fixtures: Path) -> None:
    """There are no numbers to count, and the steps are there all the same."""
    trace = loads.trace(fixtures / "bert-tiny", weights="fake", statistics=True, operators=True)
    left = list(trace.steps(kinds=("module-left",)))
    assert len(left) == len(list(trace.steps(kinds=("module-entered",)))) > 20
    assert {str(step.data["statistics"]) for step in left} == {"[]"}
    assert not [name for name in trace.meta.skipped if ".py" not in name]


def test_a_fake_pass_has_the_shapes_of_a_real_one(loads: Loads, glm: Path, image: Path) -> None:
    options: dict[str, Any] = {
        "kwargs": {"empty_init": False}, "dtype": "float32", "prompt": PROMPT, "image": str(image)
    }  # fmt: skip
    fake, real = (Reading(loads.trace(glm, weights=weights, **options)) for weights in ("fake", "checkpoint"))
    for kind in ("module-entered", "module-left"):
        one, other = (
            [(step.data["path"], recorded_shapes(reading.value(step.value))) for step in reading.kinds(kind)]
            for reading in (fake, real)
        )
        assert one == other
    functions = [
        [reading.frames[step.frame or 0].function for step in reading.kinds("call") if step.stage == "forward"]
        for reading in (fake, real)
    ]
    assert functions[0] == functions[1]


def test_fakes_leave_nothing_patched(glm: Path, tmp_path: Path) -> None:
    from torch._subclasses import fake_tensor

    kinds = (fake_tensor.FakeTensor, fake_tensor.FakeTensorMode)
    before = [vars(kind)["__torch_dispatch__"] for kind in kinds], torch.nn.utils.skip_init
    done = do_traced(job_for(glm, tmp_path, weights="fake"), tmp_path / "a.glmtrace")
    assert isinstance(next(done.model.parameters()), fake_tensor.FakeTensor)
    assert ([vars(kind)["__torch_dispatch__"] for kind in kinds], torch.nn.utils.skip_init) == before
    assert torch.utils._python_dispatch._get_current_dispatch_mode_stack() == []
    assert type(torch.ones(1)) is torch.Tensor


@pytest.mark.slow
def test_the_full_geometry(geometry: Path, image: Path, tmp_path: Path, record_property: Any) -> None:
    """13.9 billion parameters and 1,602 visual tokens, on a laptop; the time is reported and not held to."""
    path = tmp_path / "full.glmtrace"
    command = [
        PROGRAM, "load", geometry, "--weights", "fake", "--trust-remote-code", "--dtype", "bfloat16",
        "--image", image, "--prompt", PROMPT, "-o", path,
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=True, timeout=280,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    code, memory, seconds = json.loads(done.stdout)
    record_property("seconds", round(seconds, 1))
    record_property("GiB", round(memory / GIB, 2))
    print(f"the full geometry: {seconds:.1f} s, {memory / GIB:.2f} GiB")
    assert (code, done.stderr) == (0, "")
    assert memory <= 3 * GIB
    with open_trace(path) as trace:
        reading = Reading(trace)
        whole = reading.only("model-built")
        assert (whole["tensors"], whole["numbers"]) == (1_053, 13_906_320_896)
        assert named_numbers(reading) == (1_053, 13_906_320_896)
        [vision] = reading.kinds("module-left", path="transformer.vision")
        assert recorded_shapes(reading.value(vision.value)) == ([1, VISUAL_TOKENS, 4096], "bfloat16")
        count = reading.only("text-prepared")["count"] - 3 + VISUAL_TOKENS
        [root] = reading.kinds("module-left", path="")
        output = recorded_shapes(reading.value(root.value))
        assert output["logits"] == ([1, count, 151_552], "bfloat16")
        assert output["past_key_values"] == [[([1, 2, count, 128], "bfloat16")] * 2] * 40
        [patches] = reading.kinds("module-left", path="transformer.vision.patch_embedding")
        assert recorded_shapes(reading.value(patches.value)) == ([1, 6401, 1792], "bfloat16")
        layers = {step.data["path"] for step in reading.kinds("module-entered")}
        assert {f"transformer.encoder.layers.{index}.mlp" for index in range(40)} <= layers
        assert {f"transformer.vision.transformer.layers.{index}.mlp" for index in range(63)} <= layers


def named_numbers(reading: Reading) -> tuple[int, int]:
    """Parameters that the trace names under modules of the model, and the numbers in them."""
    whole = reading.only("model-built")
    tree = dict(whole["tree"])
    tensors = numbers = 0
    for data in [step.data for step in reading.kinds("module-built")] + [whole]:
        for _, shape, _, _ in data["parameters"] if data["module"] in tree else ():
            tensors += 1
            size = 1
            for extent in shape:
                size *= extent
            numbers += size
    return tensors, numbers


# ── what can't be done ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there(loads: Loads, glm: Path, device: str) -> None:
    outcome = loads.record(glm, device=device).outcome
    assert outcome.status == "misused"
    assert outcome.message is not None
    assert outcome.message.startswith(f"--device {device}: torch ")
    assert "--device cpu" in outcome.message
    assert Reading(loads.trace(glm, device=device)).steps == []  # nothing was begun


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_by_command(glm: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.glmtrace"
    command = [PROGRAM, "load", glm, "--trust-remote-code", "--device", "cuda", "-o", path]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "--device cuda" in done.stderr
    assert [*tmp_path.iterdir()] == []


def test_auto_takes_what_there_is(loads: Loads, glm: Path) -> None:
    reading = Reading(loads.trace(glm, device="auto", weights="random"))
    [root] = reading.kinds("module-left", path="")
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    assert reading.value(root.value)["items"]["logits"]["device"] == device


def test_out_of_memory(loads: Loads, tmp_path: Path) -> None:
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=2 * 10**12
    )
    config.save_pretrained(tmp_path)
    with loads.trace(tmp_path, weights="random") as trace:
        assert trace.outcome.status == "failed"
        assert trace.frame(trace.step(trace.outcome.step).frame).function == "BertEmbeddings.__init__"
        for lang, said in (("en", "not enough memory"), ("zh", "内存不够")):
            shown = "\n".join(text.plain for text in failure_lines(trace, lang))  # type: ignore[arg-type]
            assert said in shown
            assert "--weights fake" in shown
    with loads.trace(tmp_path, weights="fake") as trace:
        assert trace.outcome.status == "loaded", trace.outcome


def test_out_of_memory_in_the_middle_of_a_pass(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    """A limit of the process: the trace shows the module in which it was reached."""
    import shutil

    source = (fixtures / "glm-4v-tiny" / "modeling_chatglm.py").read_text(encoding="utf-8")
    greedy = "        gate, value = self.dense_h_to_4h(hidden_states)"
    assert greedy in source
    folder = tmp_path / "glm-4v-greedy"
    shutil.copytree(fixtures / "glm-4v-tiny", folder, ignore=shutil.ignore_patterns("__pycache__"))
    source = source.replace(greedy, f"        hidden_states.new_empty(2**60 // 16)\n{greedy}")
    (folder / "modeling_chatglm.py").write_text(source, encoding="utf-8")
    with loads.trace(folder) as trace:
        reading = Reading(trace)
        assert trace.outcome.status == "failed"
        assert trace.frame(trace.step(trace.outcome.step).frame).function == "MLP.forward"
        raised = [step.data["path"] for step in reading.kinds("module-left") if "raised" in step.data]
        assert raised[0] == "transformer.encoder.layers.0.mlp"
        assert any("not enough memory" in text.plain for text in failure_lines(trace, "en"))


def random_job(glm: Path, tmp_path: Path) -> Any:
    return job_for(glm, tmp_path, weights="random", prompt=PROMPT)
