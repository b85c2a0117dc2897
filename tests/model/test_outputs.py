"""What the outputs of a pass mean, of models that write no text: as a reader of the logits would say it."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from rich.console import Console

from tests.support.library_models import saved
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tests.support.writing_models import LAYERS, MARKS
from tracer.i18n import Lang
from tracer.recorder.model.outputs import read_outputs
from tracer.trace.events import OutputsRead, events
from tracer.views.show import load_report

LABELS = {0: "cat", 1: "dog", 2: "bird"}
IDS = torch.tensor([[1, 7, 8, 9, 10, 2]])
PIXELS = torch.linspace(-1, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)
VISION = {**LAYERS, "image_size": 16, "patch_size": 8}


class Tokenizer:
    def decode(self, ids: list[int]) -> str:
        return " ".join(f"w{number}" for number in ids)


def bert(kind: str, **more: Any) -> Any:
    config = transformers.BertConfig(vocab_size=32, **LAYERS, max_position_embeddings=32, id2label=LABELS, **more)
    return getattr(transformers, kind)(config)


def ready(make: Callable[[], Any]) -> Any:
    torch.manual_seed(0)
    return make().eval()


def read(model: Any, tokenizer: Any = None, **inputs: Any) -> tuple[dict[str, Any], Any]:
    """Return what is told of a pass, and its outputs."""
    with torch.no_grad():
        outputs = model(**inputs)
    found = read_outputs(outputs, model, inputs, tokenizer)
    assert found is not None
    return found, outputs


def test_a_classifier_gives_labels() -> None:
    found, outputs = read(ready(lambda: bert("BertForSequenceClassification")), input_ids=IDS)
    chances = outputs.logits[0].softmax(-1)
    order = chances.argsort(descending=True).tolist()
    assert (found["what"], found["shape"]) == ("labels", [1, 3])
    assert [one["label"] for one in found["labels"]] == [LABELS[number] for number in order]
    assert [one["probability"] for one in found["labels"]] == [round(float(chances[one]), 4) for one in order]


def test_several_labels_may_hold_at_once() -> None:
    model = ready(lambda: bert("BertForSequenceClassification", problem_type="multi_label_classification"))
    found, outputs = read(model, input_ids=IDS)
    assert found["labels"][0]["probability"] == round(float(outputs.logits[0].sigmoid().max()), 4)


def test_a_regression_gives_a_number() -> None:
    model = ready(lambda: bert("BertForSequenceClassification", problem_type="regression"))
    found, outputs = read(model, input_ids=IDS)
    assert (found["what"], found["range"]) == ("numbers", [float(outputs.logits.min()), float(outputs.logits.max())])


def test_tokens_get_labels() -> None:
    found, outputs = read(ready(lambda: bert("BertForTokenClassification")), Tokenizer(), input_ids=IDS)
    best = outputs.logits[0].argmax(-1).tolist()
    assert (found["what"], found["count"]) == ("each-token", 6)
    assert [one["token"] for one in found["labels"]] == [f"w{number}" for number in IDS[0].tolist()]
    assert [one["label"] for one in found["labels"]] == [LABELS[number] for number in best]


def test_an_answer_is_marked() -> None:
    config = transformers.BertConfig(vocab_size=32, **LAYERS, max_position_embeddings=32)
    model = ready(lambda: transformers.BertForQuestionAnswering(config))
    found, outputs = read(model, Tokenizer(), input_ids=IDS)
    begin, end = int(outputs.start_logits.argmax()), int(outputs.end_logits.argmax())
    assert (found["what"], found["ids"]) == ("span", [begin, end])
    assert found["text"] == (Tokenizer().decode(IDS[0, begin : end + 1].tolist()) or None)


def test_a_masked_model_scores_the_vocabulary() -> None:
    found, _ = read(ready(lambda: bert("BertForMaskedLM")), input_ids=IDS)
    assert found == {"what": "vocabulary", "shape": [1, 6, 32]}


def test_a_model_without_a_head_gives_vectors() -> None:
    found, outputs = read(ready(lambda: bert("BertModel")), input_ids=IDS)
    vectors = {one["name"]: one for one in found["vectors"]}
    assert vectors["pooler_output"]["shape"] == [1, 16]
    assert vectors["pooler_output"]["norm"] == pytest.approx(float(outputs.pooler_output[0].norm()))
    assert vectors["last_hidden_state"]["norm"] == pytest.approx(float(outputs.last_hidden_state[0, 0].norm()))


def test_a_picture_and_a_text_get_vectors() -> None:
    config = transformers.CLIPConfig(
        text_config={**LAYERS, "vocab_size": 32, "max_position_embeddings": 16, **MARKS, "projection_dim": 8},
        vision_config={**VISION, "projection_dim": 8},
        projection_dim=8,
    )
    found, _ = read(ready(lambda: transformers.CLIPModel(config)), input_ids=IDS, pixel_values=PIXELS)
    assert {one["name"]: one["shape"] for one in found["vectors"]} == {"text_embeds": [1, 8], "image_embeds": [1, 8]}
    assert all(math.isclose(one["norm"], 1, rel_tol=1e-5) for one in found["vectors"])


def hearing(**more: Any) -> Any:
    config = transformers.Wav2Vec2Config(
        vocab_size=32, **LAYERS, conv_dim=[8], conv_kernel=[4], conv_stride=[4], num_feat_extract_layers=1,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, feat_extract_norm="layer", **MARKS, **more,
    )  # fmt: skip
    return transformers.Wav2Vec2ForCTC(config)


def test_what_was_heard_is_without_blanks_and_repeats() -> None:
    sound = torch.linspace(-1, 1, 64).reshape(1, 64)
    model = ready(hearing)
    found, outputs = read(model, Tokenizer(), input_values=sound)
    expected: list[int] = []
    before = None
    for number in outputs.logits[0].argmax(-1).tolist():
        if number not in (before, 0):
            expected.append(number)
        before = number
    assert (found["what"], found["ids"], found["count"]) == ("ctc", expected, len(expected))
    assert found["text"] == Tokenizer().decode(expected)
    assert read(model, None, input_values=sound)[0]["text"] is None


class MergingCTCTokenizer(Tokenizer):
    pass


def test_a_tokenizer_that_merges_repeats_itself_gets_all() -> None:
    found, outputs = read(ready(hearing), MergingCTCTokenizer(), input_values=torch.linspace(-1, 1, 64).reshape(1, 64))
    assert found["text"] == Tokenizer().decode(outputs.logits[0].argmax(-1).tolist())


def test_a_detector_gives_boxes() -> None:
    config = transformers.YolosConfig(
        **LAYERS, image_size=[16, 16], patch_size=8, num_detection_tokens=5, id2label=LABELS,
        use_mid_position_embeddings=False,
    )  # fmt: skip
    found, outputs = read(ready(lambda: transformers.YolosForObjectDetection(config)), pixel_values=PIXELS)
    best, which = outputs.logits[0].softmax(-1)[:, :-1].max(-1)  # the last class is "nothing"
    assert (found["what"], found["shape"], found["threshold"]) == ("boxes", [1, 5, 4], 0.5)
    assert found["count"] == int((best > 0.5).sum())
    [label] = found["labels"]
    assert (label["label"], label["probability"]) == (LABELS[int(which[best.argmax()])], round(float(best.max()), 4))


def test_pixels_get_classes() -> None:
    config = transformers.SegformerConfig(
        num_encoder_blocks=1, depths=[1], sr_ratios=[1], hidden_sizes=[8], patch_sizes=[7], strides=[4],
        num_attention_heads=[2], mlp_ratios=[2], decoder_hidden_size=8, id2label=LABELS,
    )  # fmt: skip
    found, outputs = read(ready(lambda: transformers.SegformerForSemanticSegmentation(config)), pixel_values=PIXELS)
    classes = outputs.logits[0].argmax(0)
    assert (found["what"], found["shape"]) == ("segments", list(outputs.logits.shape))
    assert found["count"] == len(classes.unique())
    shares = {one["label"]: one["probability"] for one in found["labels"]}
    assert shares == {LABELS[int(n)]: round(float((classes == n).float().mean()), 4) for n in classes.unique()}


def test_a_depth_has_a_range() -> None:
    class Output(dict):  # type: ignore[type-arg]
        pass

    depth = torch.arange(6.0).reshape(1, 2, 3)
    found = read_outputs(Output(predicted_depth=depth), ready(lambda: bert("BertModel")), {}, None)
    assert found == {"what": "depth", "shape": [1, 2, 3], "range": [0.0, 5.0]}


def test_a_voice_gives_a_sound() -> None:
    config = transformers.VitsConfig(
        vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, window_size=2, ffn_dim=8,
        flow_size=8, spectrogram_bins=9, upsample_initial_channel=8, upsample_rates=[2, 2],
        upsample_kernel_sizes=[4, 4], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
        prior_encoder_num_wavenet_layers=1, posterior_encoder_num_wavenet_layers=1, depth_separable_num_layers=1,
        duration_predictor_flow_bins=4, duration_predictor_filter_channels=8, sampling_rate=100,
    )  # fmt: skip
    found, outputs = read(ready(lambda: transformers.VitsModel(config)), input_ids=IDS)
    assert (found["what"], found["shape"], found["rate"]) == ("sound", list(outputs.waveform.shape), 100)
    assert found["seconds"] == outputs.waveform.shape[-1] / 100


@pytest.mark.parametrize("outputs", [None, (), "text", {"loss": torch.zeros(())}, {"logits": torch.zeros(2, 2, 2)}])
def test_of_what_is_not_known_nothing_is_told(outputs: Any) -> None:
    assert read_outputs(outputs, ready(lambda: bert("BertForSequenceClassification")), {}, None) is None


def test_outputs_without_numbers_are_left_alone() -> None:
    outputs = {"logits": torch.zeros(1, 3, device="meta")}
    assert read_outputs(outputs, ready(lambda: bert("BertForSequenceClassification")), {}, None) is None


# ── In a load ──────────────────────────────────────────────────────────────────────────────────────


def shown(trace: Any, lang: Lang) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(load_report(trace, lang))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("vit", tmp_path_factory.mktemp("m") / "vit")


def test_a_load_tells_the_labels(loads: Loads, vit: Path) -> None:
    with loads.trace(vit) as trace:
        [found] = events(trace, OutputsRead)
        assert (found.step.stage, found.event.what) == ("forward", "labels")
        best = found.event.labels[0]
        assert f"the likeliest labels: {best.label} {best.probability:.1%}" in shown(trace, "en")
        assert f"最可能的标签：{best.label} {best.probability:.1%}" in shown(trace, "zh")


def test_of_fake_weights_nothing_is_told(loads: Loads, fixtures: Path) -> None:
    with loads.trace(fixtures / "bert-tiny", weights="fake") as trace:
        assert trace.nearest(-1, kind="module-left") is not None
        assert list(events(trace, OutputsRead)) == []
        assert "outputs" not in trace.meta.skipped


def test_of_a_model_that_writes_nothing_is_told(loads: Loads, tmp_path: Path) -> None:
    with loads.trace(tiny_llama(tmp_path / "llama")) as trace:
        assert trace.nearest(-1, kind="module-left") is not None
        assert list(events(trace, OutputsRead)) == []
