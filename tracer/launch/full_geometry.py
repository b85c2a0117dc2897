"""The full GLM-4V-9B without its weights: configuration, code and tokenizer, a few kilobytes.

The figures of the configuration are those that the model's publishers give; the code is the bundled tiny model's.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from tracer.trace.errors import TracerError

GEOMETRY: Final[dict[str, Any]] = {
    "num_layers": 40,
    "num_hidden_layers": 40,
    "hidden_size": 4096,
    "ffn_hidden_size": 13696,
    "kv_channels": 128,
    "num_attention_heads": 32,
    "multi_query_group_num": 2,
    "padded_vocab_size": 151552,
    "vocab_size": 151552,
    "seq_length": 8192,
    "boi_token_id": 151339,
    "eoi_token_id": 151340,
    "eos_token_id": [151329, 151336, 151338],
    "pad_token_id": 151329,
}
VISION: Final[dict[str, Any]] = {
    "num_hidden_layers": 63,
    "hidden_size": 1792,
    "num_heads": 16,
    "intermediate_size": 15360,
    "num_positions": 6401,
    "image_size": 1120,
}
FIRST_SPECIAL_TOKEN: Final = 151329
_BYTES: Final = 256


def write_full_geometry(tiny: Path, folder: Path) -> None:
    """Write the directory, from the bundled tiny model; an existing folder must be empty.

    Raises:
        TracerError: the folder holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(f"{folder} exists and is not an empty folder, so nothing is written there. Name another.")
    folder.mkdir(parents=True, exist_ok=True)
    for path in tiny.glob("*.py"):
        shutil.copyfile(path, folder / path.name)
    config = _read(tiny / "config.json")
    config["vision_config"] = {**config["vision_config"], **VISION}
    _write(folder / "config.json", {**config, **GEOMETRY})
    tokenizer = _read(tiny / "tokenizer_config.json")
    _write(folder / "tokenizer_config.json", {**tokenizer, "image_size": VISION["image_size"]})
    vocabulary = _read(tiny / "vocab.json")
    shift = FIRST_SPECIAL_TOKEN - _BYTES
    _write(
        folder / "vocab.json",
        {token: number if number < _BYTES else number + shift for token, number in vocabulary.items()},
    )
    if (tiny / "generation_config.json").is_file():
        generation = _read(tiny / "generation_config.json")
        known = {name: GEOMETRY[name] for name in ("eos_token_id", "pad_token_id") if name in generation}
        _write(folder / "generation_config.json", {**generation, **known})


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
