"""What is recorded of a model directory besides its code."""

from __future__ import annotations

import json
from pathlib import Path

from tests.recorder.toy import Toy


def test_its_files_and_json_texts_without_secrets(toy: Toy, tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "sub").mkdir(parents=True)
    config = {"model_type": "x", "api_key": "key-Aa11-planted", "beside": f"{model}/sub"}
    (model / "config.json").write_text(json.dumps(config))
    (model / "sub" / "key-Aa11-planted.json").write_text('{"eos_token": "</s>", "eos_token": "</s>"}')
    with toy.recording(model=str(model)) as recorded:
        pass
    with recorded.trace as trace:
        meta = trace.meta
    assert meta.directory is not None
    assert meta.directory_whole
    assert [(file.name, file.kind) for file in meta.directory] == [
        ("config.json", "json"),
        ("sub/‹secret›.json", "json"),
    ]
    assert meta.directory[1].notes == ["duplicate-keys: eos_token"]
    assert meta.json_file("config.json") == {"model_type": "x", "api_key": "‹secret›", "beside": "<model>/sub"}
    assert meta.json_file("sub/‹secret›.json") == {"eos_token": "</s>"}
    assert b"Aa11" not in recorded.path.read_bytes()


def test_without_a_model_directory_nothing_is_listed(toy: Toy) -> None:
    with toy.recording() as recorded:
        pass
    with recorded.trace as trace:
        assert trace.meta.directory is None
        assert trace.meta.json_files == {}
