"""What a pass is given: by the processor, by its parts, by the tokenizer, or made up; and what is said of it."""

from __future__ import annotations

import json
import math
import shutil
import struct
import wave
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import transformers
from PIL import Image

from tests.support.forked import in_fork
from tests.support.library_models import saved
from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tests.support.writing_models import save
from tracer.analysis.diagnosis import diagnose
from tracer.recorder.feeding.inputs import Inputs, make_inputs
from tracer.recorder.feeding.made_up import shown_forms
from tracer.recorder.feeding.samples import Sound, own_sound, read_sound
from tracer.recorder.feeding.trial import Trial
from tracer.recorder.processors import Preparers
from tracer.trace.errors import TracerError
from tracer.trace.events import ChatRendered, InputsPrepared, ModuleEntered, NotFed, TokenGenerated, events
from tracer.trace.job import Job
from tracer.trace.reading import Trace


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("llava", tmp_path_factory.mktemp("m") / "llava")


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved("vit", tmp_path_factory.mktemp("m") / "vit")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("m") / "llama")


def fed(trace: Trace) -> InputsPrepared:
    assert trace.outcome.status == "loaded", trace.outcome
    assert [one.event.why for one in events(trace, NotFed)] == []
    [found] = events(trace, InputsPrepared)
    return found.event


def entered(trace: Trace) -> set[str | None]:
    return {one.event.path for one in events(trace, ModuleEntered)}


def test_a_processor_gets_the_picture_and_the_text_in_its_templates_form(loads: Loads, llava: Path) -> None:
    with loads.trace(llava, generate=2) as trace:
        found = fed(trace)
        assert found.by == "processor"
        shapes = {one.name: one.shape for one in found.inputs}
        assert shapes["pixel_values"] == [1, 3, 32, 32]
        assert next(events(trace, ChatRendered)).event.text == "USER: <image> What is in this picture? ASSISTANT:"
        assert [(one.id, (one.count or 0) >= 1) for one in found.placeholders] == [(4, True)]
        assert found.picture is not None
        assert (found.picture.file, found.picture.size) == (None, [224, 224])
        assert any("vision_tower" in str(path) for path in entered(trace))
        assert len(list(events(trace, TokenGenerated))) == 2


def test_the_users_picture_is_shown(loads: Loads, llava: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 24), "red").save(tmp_path / "red.png")
    with loads.trace(llava, image=str(tmp_path / "red.png"), prompt="What is this ?") as trace:
        picture = fed(trace).picture
        assert picture is not None
        assert (str(picture.file).endswith("red.png"), picture.size) == (True, [40, 24])
        assert "What is this ?" in str(next(events(trace, ChatRendered)).event.text)


def test_an_image_processor_alone_feeds_a_model_that_only_sees(loads: Loads, vit: Path) -> None:
    with loads.trace(vit) as trace:
        found = fed(trace)
        assert (found.by, [one.name for one in found.inputs]) == ("image_processor", ["pixel_values"])
        assert found.notes == []


def test_without_a_processor_the_picture_is_scaled_to_the_configured_size(loads: Loads, vit: Path) -> None:
    with loads.trace(vit, processor=False) as trace:
        found = fed(trace)
        assert found.by == "sizes"
        assert found.inputs[0].shape == [1, 3, 16, 16]
        assert ["configuration's size" in note for note in found.notes] == [True]


def placeholders(found: InputsPrepared) -> list[tuple[int | None, bool]]:
    return [(one.id, (one.count or 0) >= 1) for one in found.placeholders]


@pytest.mark.parametrize(
    ("model", "pixels", "token"),
    [
        ("idefics2", [1, 1, 3, 32, 32], 60),
        pytest.param(
            *("qwen2_vl", [64, 2 * 3 * 8 * 8], 60),
            marks=pytest.mark.skipif(not hasattr(transformers, "Qwen2VLConfig"), reason="this release has no Qwen2-VL"),
        ),
    ],
)
def test_a_picture_is_made_up_in_the_form_that_the_model_accepts(
    loads: Loads, tmp_path: Path, model: str, pixels: list[int], token: int
) -> None:
    with loads.trace(saved(model, tmp_path / model), generate=2) as trace:
        found = fed(trace)
        assert found.by == "sizes"
        assert {one.name: one.shape for one in found.inputs}["pixel_values"] == pixels
        assert placeholders(found) == [(token, True)]
        assert ["made up" in note or "scaled to the configuration's size" in note for note in found.notes] == [
            True,
            True,
        ]
        assert any("vis" in str(path) for path in entered(trace))
        assert len(list(events(trace, TokenGenerated))) == 2


@pytest.mark.parametrize(("options", "by"), [({"tokenizer": False}, "sizes"), ({}, "tokenizer, sizes")])
def test_trials_of_forms_are_not_recorded(loads: Loads, llava: Path, options: dict[str, Any], by: str) -> None:
    with loads.trace(llava, processor=False, **options) as trace:
        found = fed(trace)
        assert found.by == by
        assert {one.name: one.shape for one in found.inputs}["pixel_values"] == [1, 3, 32, 32]
        assert placeholders(found) == [(4, True)]
        assert [one.event.path for one in events(trace, ModuleEntered)].count("") == 1
        assert [step.kind for step in trace.steps(kinds=("warning", "log"))] == []


@pytest.mark.slow
def test_a_picture_that_no_form_suits_is_left_out_of_the_text(loads: Loads, llava: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(llava, broken)
    config = json.loads((broken / "config.json").read_text())
    config["vision_feature_layer"] = 99
    (broken / "config.json").write_text(json.dumps(config))
    with loads.trace(broken, processor=False, tokenizer=False) as trace:
        found = fed(trace)
        assert [one.name for one in found.inputs if one.dtype == "float32"] == []
        assert found.notes[0].startswith("the picture was left out: in no form that was tried")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with loads.trace(broken, processor=False, tokenizer=False, image=str(tmp_path / "a.png")) as trace:
        assert [str(one.event.why).startswith("--image did not reach") for one in events(trace, NotFed)] == [True]


def test_trials_leave_random_numbers_as_they_were() -> None:
    in_fork(_trial)


def _trial() -> None:
    import torch

    model = torch.nn.Dropout()

    class Silent:
        silence = staticmethod(nullcontext)

    before = torch.get_rng_state()
    trial = Trial(model, cast(Any, Silent()))
    assert trial.error({"input": torch.ones(4)}) is None
    assert isinstance(trial.error({"other": torch.ones(4)}), TypeError)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_picture_is_no_other_input_that_the_model_wants_first() -> None:
    in_fork(_inputs_of_a_robot)


def test_ids_are_made_up_with_a_row_for_each_code_book() -> None:
    in_fork(_inputs_of_code_books)


def recording_into(told: list[dict[str, Any]]) -> SimpleNamespace:
    """Return what stands for a recording, and appends the facts of its events to a list."""
    return SimpleNamespace(
        silence=nullcontext,
        clean_data=dict,
        clean=str,
        check_limit=lambda stage: None,
        record_event=lambda _, facts=None, **__: told.append(facts),
        guard=SimpleNamespace(call=lambda _, function, *given: function(*given)),
        tracebacks=SimpleNamespace(failure=lambda error: {"error": repr(error)}),
    )


def _made(
    model: Any, preparers: Preparers | None = None, told: list[dict[str, Any]] | None = None, **asked: Any
) -> Inputs:
    """Return the inputs that are made for a model; ``told`` gets what is recorded."""
    told = told if told is not None else []
    recording = recording_into(told)
    job = Job(work="load", journal="", model="", **asked)
    return make_inputs(job, model, preparers or Preparers(), cast(Any, recording))


@pytest.mark.parametrize("lost", ["", "--image", "--audio"])
def test_picture_and_sound_have_to_arrive_each_by_itself(lost: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    write_wav(tmp_path / "a.wav", [0.5] * 400, 16_000, 2, 1)
    in_fork(_inputs_of_two_senses, lost, str(tmp_path))


def _inputs_of_two_senses(lost: str, folder: str) -> None:
    import torch

    class Thinker(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.LlamaConfig(vocab_size=8)

        def forward(self, input_ids: Any, pixel_values: Any = None, input_features: Any = None) -> None:
            raise ValueError  # to whatever is made up in place of what the processor lost

    class Processor:
        def __call__(self, text: Any = None, images: Any = None, audio: Any = None, **kwargs: Any) -> dict[str, Any]:
            made = {"input_ids": torch.ones(1, 4, dtype=torch.int64)}
            if images is not None and lost != "--image":
                made["pixel_values"] = torch.ones(1, 3, 8, 8)
            if audio is not None and lost != "--audio":
                made["input_features"] = torch.ones(1, 4, 8)
            return made

    told: list[dict[str, Any]] = []
    recording = recording_into(told)
    job = Job(work="load", journal="", model="", image=f"{folder}/a.png", audio=f"{folder}/a.wav", prompt="Well")
    preparers = Preparers(processor=Processor(), image_processor=object(), feature_extractor=object())
    made = make_inputs(job, Thinker(), preparers, cast(Any, recording))
    if lost:
        assert made.arguments is None
        assert made.why.startswith(f"{lost} did not reach the model: ")
        return
    assert made.arguments is not None, made.why
    assert made.arguments.keys() == {"input_ids", "pixel_values", "input_features"}
    assert {"picture", "sound"} <= told[-1].keys()


def _inputs_of_a_robot() -> None:
    import torch

    class Robot(torch.nn.Module):
        main_input_name, device, dtype = "state", torch.device("cpu"), torch.float32
        config = transformers.ViTConfig(image_size=8, patch_size=4)

        def forward(self, state: Any, pixel_values: Any = None) -> None:
            raise ValueError

    made = _made(Robot())
    assert made.arguments is None
    assert made.why == "its forward wants state, which nothing here makes"


def test_a_sound_is_made_up_with_as_many_tokens_in_the_text_as_the_model_wants() -> None:
    in_fork(_inputs_of_a_listener)


def _inputs_of_a_listener() -> None:
    import torch

    class Listener(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig(vocab_size=64, audio_token_id=9, num_mel_bins=4, max_source_positions=6)

        def forward(self, input_ids: Any, input_features: Any = None, input_features_mask: Any = None) -> None:
            features, tokens = input_features.shape[-1] // 4, int((input_ids == 9).sum())
            if tokens != features or input_features_mask.sum() != 12:
                raise ValueError(
                    f"Audio features and audio tokens do not match, tokens: {tokens}, features: {features}"
                )

    made = _made(Listener())
    assert made.arguments is not None
    assert made.guessed
    assert list(made.arguments["input_features"].shape) == [1, 4, 12]
    assert (made.arguments["input_ids"] == 9).sum() == 3


def test_tiles_with_a_mask_of_their_patches_are_tried_where_forward_takes_both() -> None:
    in_fork(_tiles)


def _tiles() -> None:
    names = {"image_pixel_values", "image_sizes", "image_attention_mask"}
    config = transformers.ViTConfig(image_size=32, patch_size=8)
    form = next(shown_forms(Image.new("RGB", (40, 24)), "image_pixel_values", names, config))
    shapes = {name: list(value.shape) for name, value in form.tensors.items()}
    assert shapes == {
        "image_pixel_values": [1, 2, 3, 32, 32],
        "image_sizes": [1, 2],
        "image_attention_mask": [1, 2, 4, 4],
    }


def _inputs_of_code_books() -> None:
    import torch

    class Books(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig(num_codebooks=4, vocab_size=64)

        def forward(self, input_ids: Any) -> None:
            input_ids.reshape(-1, 4, input_ids.shape[-1])

    made = _made(Books())
    assert made.arguments is not None
    assert list(made.arguments["input_ids"].shape) == [4, 8]


@pytest.mark.parametrize("fails", [True, False])
def test_trials_leave_the_model_as_it_was(fails: bool) -> None:
    in_fork(_trial_of_a_model_that_changes, fails)


def _trial_of_a_model_that_changes(fails: bool) -> None:
    import torch

    class Changing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = transformers.BertConfig(hidden_size=8)
            self.inner, self.other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
            self.register_buffer("wide", torch.zeros(2).expand(3, 2))
            self.register_buffer("count", self.wide[0])
            self.state, self.seen = torch.zeros(2), [[1], {"a": 1}]
            self.later: Any = None

        def forward(self, numbers: Any) -> Any:
            if not getattr(self.inner, "hooked", False):
                self.inner.register_forward_hook(lambda module, _, output: output)
                self.inner.hooked = True  # type: ignore[assignment]
            found = self.inner(numbers)
            self.count.add_(1)
            self.state[0] = 5
            self.seen[0].append(2)  # type: ignore[attr-defined]
            self.seen[1]["b"] = 2  # type: ignore[index]
            self.other = torch.nn.Sequential(torch.nn.Linear(2, 2))  # type: ignore[assignment]
            self.register_buffer("cache", torch.ones(2))
            self.config.hidden_size, self.config.new, self.later = 9, 1, found
            if fails:
                raise ValueError
            return found

    class Silent:
        silence = staticmethod(nullcontext)

    def account() -> list[Any]:
        modules = list(model.named_modules())
        hooks = [len(module._forward_hooks) for _, module in modules]
        held = [list(vars(module)) for _, module in modules]
        buffers = {name: one.tolist() for name, one in model.named_buffers()}
        rest = [model.state.tolist(), str(model.seen), model.later, str(model.config)]
        return [modules, hooks, held, buffers, rest]

    model = Changing()
    before = account()
    trial = Trial(model, cast(Any, Silent()))
    for _ in range(2):
        assert isinstance(trial.error({"numbers": torch.ones(2)}), ValueError) is fails
        assert account() == before


@pytest.mark.parametrize(
    ("options", "by", "count"), [({}, "sizes", 8), ({"ids": [3, 1, 4]}, "ids", 3), ({"tokenizer": False}, "sizes", 8)]
)
def test_token_ids_are_made_up_where_nothing_makes_them(
    loads: Loads, llama: Path, options: dict[str, Any], by: str, count: int
) -> None:
    with loads.trace(llama, **options) as trace:
        found = fed(trace)
        assert found.by == by
        assert found.inputs[0].shape == [1, count]


def test_an_id_of_the_user_beyond_the_embedding_is_not_the_tokenizers(loads: Loads, llava: Path) -> None:
    with loads.trace(llava, ids=[1, 999_999]) as trace:
        [cause] = diagnose(trace).causes
    assert (cause.kind, cause.values["id"], cause.remedy) == ("given-id-out-of-range", 999_999, "give-smaller-ids")


def test_a_picture_for_a_model_that_does_not_see_is_refused(loads: Loads, llama: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with loads.trace(llama, image=str(tmp_path / "a.png")) as trace:
        assert [
            str(one.event.why).startswith("--image needs a model that takes pictures") for one in events(trace, NotFed)
        ] == [True]


def write_wav(path: Path, samples: list[float], rate: int, width: int, channels: int = 1) -> Path:
    whole = [round(value * (2 ** (8 * width - 1) - 1)) for value in samples]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        for value in whole:
            frame = struct.pack("<B", value + 128) if width == 1 else struct.pack("<q", value)[:width]
            file.writeframes(frame * channels)
    return path


AUDIO = pytest.mark.skipif(not hasattr(transformers, "Qwen2AudioProcessor"), reason="this release has no Qwen2-Audio")


@AUDIO
def test_the_users_sound_is_heard_among_the_words(loads: Loads, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", own_sound(8_000).samples[:4_000], 8_000, 2)
    with loads.trace(saved("qwen2_audio", tmp_path / "m"), audio=str(file)) as trace:
        found = fed(trace)
        assert found.sound is not None
        assert (str(found.sound.file).endswith("a.wav"), found.sound.seconds, found.sound.rate) == (True, 0.5, 8_000)
        assert placeholders(found) == [(24, True)]
        assert found.placeholders[0].count in (1, 12)  # 4.46's model expands the one placeholder itself
        assert any("audio_tower" in str(path) for path in entered(trace))


@AUDIO
def test_a_sound_is_made_up_but_not_in_the_place_of_the_users_own(loads: Loads, tmp_path: Path) -> None:
    folder = saved("qwen2_audio", tmp_path / "m")
    with loads.trace(folder, processor=False) as trace:
        found = fed(trace)
        assert [note.startswith("the sound features are made up") for note in found.notes][-1]
        assert found.sound is None  # random numbers are no sound
        assert not any("left out" in note for note in found.notes)
        assert placeholders(found) == [(24, True)]
        assert any("audio_tower" in str(path) for path in entered(trace))
    file = write_wav(tmp_path / "a.wav", [0.1] * 800, 16_000, 2)
    with loads.trace(folder, processor=False, audio=str(file)) as trace:
        [why] = [one.event.why for one in events(trace, NotFed)]
    assert str(why).startswith("--audio did not reach the model: the sound was left out")


def test_features_are_made_up_for_a_model_that_only_hears_but_not_of_the_users_sound(
    loads: Loads, tmp_path: Path
) -> None:
    folder = saved("whisper", tmp_path / "m")
    with loads.trace(folder, processor=False, tokenizer=False) as trace:
        found = fed(trace)
        assert (found.by, found.sound) == ("sizes", None)
        assert ["random numbers" in note for note in found.notes] == [True]
    file = write_wav(tmp_path / "a.wav", [0.1] * 800, 16_000, 2)
    with loads.trace(folder, processor=False, tokenizer=False, audio=str(file)) as trace:
        [why] = [one.event.why for one in events(trace, NotFed)]
    assert why == "--audio did not reach the model: no feature extractor was loaded to make its features"


def test_the_users_samples_are_given_where_samples_are_wanted(tmp_path: Path) -> None:
    in_fork(_inputs_of_samples, str(write_wav(tmp_path / "a.wav", [0.25] * 800, 8_000, 2)))


def _inputs_of_samples(file: str) -> None:
    import torch

    class Ears(torch.nn.Module):
        main_input_name, device, dtype = "input_values", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig()

        def forward(self, input_values: Any) -> None:
            pass

    told: list[dict[str, Any]] = []
    made = _made(Ears(), told=told, audio=file)
    assert made.arguments is not None
    assert list(made.arguments["input_values"].shape) == [1, 1600]
    assert made.arguments["input_values"].mean() == pytest.approx(0.25, abs=1e-3)
    assert told[-1]["sound"] == {"file": file, "seconds": 0.1, "rate": 8_000}
    assert told[-1]["notes"] == ["the sound is given as samples, 16000 a second, without the model's own processor"]


def test_a_sound_that_a_model_makes_no_use_of_is_not_said_to_be_heard() -> None:
    in_fork(_inputs_of_one_that_does_not_listen)


def _inputs_of_one_that_does_not_listen() -> None:
    import torch

    class Speaker(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig(vocab_size=64, audio_channels=2)
        listens = False

        def forward(self, input_ids: Any, input_values: Any = None) -> None:
            assert not self.listens or input_values.shape == (1, 2, 16_000)

    for listens in (True, False):
        Speaker.listens = listens
        told: list[dict[str, Any]] = []
        made = _made(Speaker(), told=told)
        assert made.arguments is not None
        assert ("input_values" in made.arguments, "sound" in told[-1]) == (listens, listens)
        assert any("makes no use of one" in note for note in told[-1]["notes"]) is not listens


@pytest.mark.parametrize("asked", ["image", "audio"])
def test_numbers_of_text_are_neither_a_picture_nor_a_sound(asked: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    write_wav(tmp_path / "a.wav", [0.5] * 400, 16_000, 2)
    in_fork(_inputs_of_a_reader_of_forms, asked, str(tmp_path / ("a.png" if asked == "image" else "a.wav")))


def _inputs_of_a_reader_of_forms(asked: str, file: str) -> None:
    import torch

    class Reader(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.LlamaConfig(vocab_size=8)

        def forward(self, input_ids: Any, bbox: Any, pixel_values: Any = None, input_features: Any = None) -> None:
            if pixel_values is not None or input_features is not None:
                raise ValueError

    made = _made(Reader(), **{asked: file})
    assert made.arguments is None
    assert made.why.startswith(f"--{asked} did not reach the model: ")
    assert "made up" not in made.why


@pytest.mark.parametrize("deaf", [True, False])
def test_a_picture_and_a_sound_get_into_the_text_without_a_whole_processor(deaf: bool) -> None:
    in_fork(_inputs_of_two_parts, deaf)


def _inputs_of_two_parts(deaf: bool) -> None:
    import torch

    class Thinker(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig(vocab_size=64, image_token_id=60, audio_token_id=61)

        def forward(
            self, input_ids: Any, attention_mask: Any, pixel_values: Any = None, input_features: Any = None,
            mm_token_type_ids: Any = None,
        ) -> None:  # fmt: skip
            for numbers, mark, count in ((pixel_values, 60, 4), (input_features, 61, 3)):
                found = int((input_ids == mark).sum())
                wanted = count if numbers is not None and numbers.numel() else 0
                if found != wanted or (deaf and mark == 61 and wanted):
                    raise ValueError(f"features and tokens do not match, tokens: {found}, features: {wanted}")
            if pixel_values is not None and not torch.equal(mm_token_type_ids == 1, input_ids == 60):
                raise ValueError
            assert attention_mask.shape == input_ids.shape

    class Tokenizer:
        decode = str

        def __call__(self, text: str, **_: Any) -> dict[str, Any]:
            return {"input_ids": torch.tensor([[1, 2, 3]]), "attention_mask": torch.ones(1, 3)}

    class Extractor:
        def __call__(self, samples: Any, **_: Any) -> dict[str, Any]:
            return {"input_features": torch.ones(1, 4, 8), "attention_mask": torch.ones(1, 99)}

    preparers = Preparers(
        tokenizer=Tokenizer(),
        image_processor=lambda *_, **__: {"pixel_values": torch.ones(1, 3, 8, 8)},
        feature_extractor=Extractor(),
    )
    told: list[dict[str, Any]] = []
    made = _made(Thinker(), preparers, told)
    assert made.arguments is not None, made.why
    assert Thinker()(**made.arguments) is None
    assert (made.arguments["input_ids"] == 60).sum() == 4
    assert ("input_features" in made.arguments, "sound" in told[-1]) == (not deaf, not deaf)
    assert [note.partition(":")[0] for note in told[-1]["notes"]] == (["the sound was left out"] if deaf else [])


def test_a_forward_is_given_what_it_hands_on_to_a_module_that_names_it() -> None:
    in_fork(_inputs_that_are_handed_on)


def _inputs_that_are_handed_on() -> None:
    import torch

    class Eyes(torch.nn.Module):
        def forward(self, ids: Any, pixel_values: Any = None, places: Any = None, scale: Any = None) -> None:
            self.seen = pixel_values

    class Middle(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.eyes = Eyes()

        def forward(self, input_ids: Any, places: Any = None, **more: Any) -> None:
            self.eyes(input_ids, places=places, **more)

    class Strict(torch.nn.Module):
        def forward(self, pixel_values: Any = None) -> None:
            pass

    class Whole(torch.nn.Module):
        main_input_name, device, dtype = "input_ids", torch.device("cpu"), torch.float32
        config = transformers.PretrainedConfig(vision_config={"image_size": 8})

        def __init__(self) -> None:
            super().__init__()
            self.part = torch.nn.ModuleDict({"middle": Middle()})
            self.middle, self.strict = Middle(), Strict()

        def forward(self, input_ids: Any, **kwargs: Any) -> None:
            self.middle(input_ids=input_ids, **kwargs)
            self.strict(**kwargs)

    class Processor:
        def __call__(self, images: Any = None, text: Any = None, **_: Any) -> dict[str, Any]:
            named = ("pixel_values", "places", "scale", "ids", "unknown")
            return {"input_ids": torch.ones(1, 4, dtype=torch.int64), **dict.fromkeys(named, torch.ones(1, 3, 8, 8))}

    told: list[dict[str, Any]] = []
    model = Whole()
    preparers = Preparers(processor=Processor(), tokenizer=SimpleNamespace(decode=str), image_processor=object())
    made = _made(model, preparers, told)
    assert made.arguments is not None, made.why
    assert made.arguments.keys() == {"input_ids", "pixel_values"}  # the strict one refuses the others
    model(**made.arguments)
    assert model.middle.eyes.seen is made.arguments["pixel_values"]
    assert "picture" in told[-1]


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("bark", "BarkModel has no forward: it runs only through methods of its own"),
        ("speecht5", "nothing here makes its forward's decoder_input_values, speaker_embeddings"),
    ],
)
def test_one_sentence_says_why_a_model_is_not_fed(loads: Loads, tmp_path: Path, model: str, why: str) -> None:
    in_fork(save, model, str(tmp_path / model))
    with loads.trace(tmp_path / model) as trace:
        assert trace.outcome.status == "loaded"
        assert [str(one.event.why).endswith(why) for one in events(trace, NotFed)] == [True]


@pytest.mark.parametrize("model", ["t5", "mamba", "mixtral", "blip"])
def test_kinds_of_models_are_fed_without_files_that_make_inputs(loads: Loads, tmp_path: Path, model: str) -> None:
    in_fork(save, model, str(tmp_path / model))
    with loads.trace(tmp_path / model, generate=2) as trace:
        found = fed(trace)
        assert found.by == "sizes"
        assert len(list(events(trace, TokenGenerated))) == 2
        shapes = {one.name: one.shape for one in found.inputs}
        assert shapes["input_ids"] == [1, 8]
        assert ("decoder_input_ids" in shapes, "pixel_values" in shapes) == (model == "t5", model == "blip")


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (3, 1), (4, 2)])
def test_sound_is_read_from_wav_files(tmp_path: Path, width: int, channels: int) -> None:
    wanted = [math.sin(index / 3) * 0.5 for index in range(50)]
    sound = read_sound(str(write_wav(tmp_path / "a.wav", wanted, 8_000, width, channels)))
    assert (sound.rate, len(sound.samples)) == (8_000, 50)
    assert sound.samples == pytest.approx(wanted, abs=2 / 2 ** (8 * width - 1))


def test_sound_is_resampled() -> None:
    sound = own_sound(8_000).at_rate(16_000)
    assert (sound.rate, len(sound.samples), sound.seconds) == (16_000, 16_000, 1.0)
    assert max(sound.samples) == pytest.approx(0.5, abs=0.02)
    assert Sound([1.0], 8_000).at_rate(4_000) == Sound([1.0], 8_000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x04 not a wav", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(TracerError, match=r"can't be read: .* Expected a WAV file"):
        read_sound(str(tmp_path / "a.wav"))
