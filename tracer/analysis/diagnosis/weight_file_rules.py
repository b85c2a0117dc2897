"""What lies in a directory in place of the weights: variants, other names or formats, shards without an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.config_values import Asked, asked_in_call, asking
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name
from tracer.trace.events import Recorded, Shard, ShardOpened, ShardRead, WeightsReport

_SUFFIXES: Final = (".safetensors", ".bin", ".gguf", ".pt", ".pth", ".ckpt")
_USUAL: Final = re.compile(r"^(?:model|pytorch_model)(?:-\d{5}-of-\d{5})?\.(?:safetensors|bin)$")
_SHARD: Final = re.compile(r"^(?P<stem>model|pytorch_model)-\d{5}-of-\d{5}\.(?P<suffix>safetensors|bin)$")
_SHARD_INDEX: Final = re.compile(r"^(?:model|pytorch_model)\.(?:safetensors|bin)\.index\.json$")
_VARIANT: Final = re.compile(
    r"^(?:model|pytorch_model)\.(?P<variant>(?!safetensors|bin)[\w-]+?)(?:-\d{5}-of-\d{5})?\.(?:safetensors|bin)$"
)
# Formats of other frameworks and runtimes, by the file's name.
_FORMATS: Final = {
    "TensorFlow": re.compile(r"^(?:tf_model.*\.h5|model\.ckpt.*|saved_model\.pb)$"),
    "Flax": re.compile(r"^flax_model.*\.msgpack$"),
    "ONNX": re.compile(r"\.onnx$"),
    "OpenVINO": re.compile(r"^openvino_.*\.(?:xml|bin)$"),
    "TensorFlow Lite": re.compile(r"\.tflite$"),
}
_CONVERTIBLE: Final = {"TensorFlow": "from_tf", "Flax": "from_flax"}
"""Formats that transformers 4 can read, with the argument that asks for it."""
# What training and tokenizers leave in a directory under such a suffix.
_NO_WEIGHTS: Final = re.compile(
    r"^(?:training_args|optimizer|scheduler|scaler|rng_state|adapter_|tokenizer|spiece|openvino_)"
)


def files_differ(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that a directory has two whole weights files which differ, of which the load read one."""
    file = load.trace.meta.file("pytorch_model.bin")
    shards: list[Recorded[Shard]] = load.events(ShardOpened, ShardRead)
    reads = {str(shard.event.path): shard.step for shard in reversed(shards)}
    read = [path for path in ("<model>/model.safetensors", "<model>/pytorch_model.bin") if path in reads]
    if file is None or len(read) != 1:
        return
    # Old files of torch.save have buffers that no model of today does: what only such a file has, the model must want.
    new = {name for report in load.events(WeightsReport) for name in report.event.new}
    differing = _names(file.note("differs")) + [name for name in _names(file.note("more")) if name in new]
    if differing:
        (path,) = read
        other = "pytorch_model.bin" if path.endswith(".safetensors") else "model.safetensors"
        values: dict[str, Any] = {"file": file_name(path), "other": other, "names": differing, "count": len(differing)}
        values["name"] = str(other == "model.safetensors")
        seen = Evidence(reads[path].number, "shard-read", {"path": path})
        yield Cause("weights-files-differ", "certain", [seen], values, "keep-one-weights-file")


def _names(note: str | None) -> list[str]:
    return note.split(", ") if note else []


def of_gguf(load: RecordedLoad, files: list[str]) -> list[str]:
    """Return those of the load's weights files that are GGUF files under another name."""
    return [one for one in files if _kind(load, one) == "gguf"]


def begins_as_zip(load: RecordedLoad, path: str) -> bool:
    """Return whether a weights file begins as ``torch.save`` writes it."""
    return _kind(load, path) == "zip"


def absent(load: RecordedLoad, files: list[str]) -> list[str]:
    """Return those of the load's weights files that are not in the directory; empty if it was not listed whole."""
    meta = load.trace.meta
    if meta.directory is None or not meta.directory_whole or not all(one.startswith("<model>/") for one in files):
        return []
    return [one for one in files if meta.file(one.removeprefix("<model>/")) is None]


def neighbours(load: RecordedLoad, where: Any) -> Cause | None:
    """Return why the library found no weights, as far as the files in the directory tell."""
    listed = load.trace.meta.directory
    if listed is None or where != "<model>" or asked_in_call(load, "subfolder") is not None:
        return None
    if links := broken_links(load, _USUAL, _SHARD_INDEX):
        return Cause("link-broken", "certain", load.with_raised(), {"file": links[0], "files": links}, "copy-files")
    weights = [
        file.name for file in listed if file.name.endswith(_SUFFIXES) and not _NO_WEIGHTS.match(file_name(file.name))
    ]
    here = [name for name in weights if "/" not in name]
    usual = [name for name in here if _USUAL.match(name)]
    variants = {found["variant"]: name for name in here if (found := _VARIANT.match(name)) is not None}
    safe = [name for name in usual if name.endswith(".safetensors")]
    whole = [name for name in usual if _SHARD.match(name) is None]

    def because(kind: str, files: list[str], remedy: str, asked: Asked | None = None, **values: Any) -> Cause:
        chain: list[Evidence | None] = [asking(load, asked)]
        return Cause(
            kind,
            "certain",
            load.with_raised(*chain),
            {"in": where, "files": files, "release": load.release_text, **values},
            remedy,
        )

    wanted = asked_in_call(load, "variant")
    if wanted is not None and wanted.value not in variants and usual:
        return because("variant-absent", usual, "leave-variant", wanted, variant=wanted.value)
    given = load.given_arguments(load.user_call)
    if wanted is None and given.get("use_safetensors") is True and usual and not safe:
        return because("pickle-not-wanted", usual, "leave-use-safetensors", asked_in_call(load, "use_safetensors"))
    if wanted is None and given.get("use_safetensors") is False and usual == safe and safe:
        return because("safetensors-not-wanted", safe, "leave-use-safetensors-false")
    if wanted is None and usual and not whole:
        shard = _SHARD.match(usual[0])
        assert shard is not None
        index = f"{shard['stem']}.{shard['suffix']}.index.json"
        if load.trace.meta.file(index) is None:
            return because("index-absent", usual, "get-index", name=index, count=len(usual))
    if wanted is None and variants and not usual:
        variant, _ = next(iter(variants.items()))
        files = [name for name in here if (match := _VARIANT.match(name)) is not None and match["variant"] == variant]
        return because("weights-variant", files, "ask-for-variant", variant=variant)
    gguf = [name for name in here if name.endswith(".gguf")]
    if not usual and gguf:
        return because("weights-gguf", gguf, "ask-for-gguf", file=gguf[0])
    if not here and (inner := [name for name in weights if _USUAL.match(file_name(name))]):
        folder = inner[0].rpartition("/")[0]
        files = [name for name in inner if name.startswith(f"{folder}/")]
        return because("weights-in-subfolder", files, "ask-for-subfolder", folder=folder)
    if here and not usual and not variants:
        name = "model.safetensors" if here[0].endswith(".safetensors") else "pytorch_model.bin"
        return because("weights-elsewhere", here, "rename-weights", name=name)
    for format_, pattern in _FORMATS.items():
        if not weights and (files := [file.name for file in listed if pattern.search(file_name(file.name))]):
            argument = _CONVERTIBLE.get(format_)
            remedy = "convert-weights" if argument is not None else "run-elsewhere"
            return because("weights-of-format", files, remedy, format=format_, argument=argument)
    return None


def broken_links(load: RecordedLoad, *patterns: re.Pattern[str]) -> list[str]:
    """Return the files in the directory with such a name that are symbolic links to nowhere."""
    return [
        file.name
        for file in load.trace.meta.directory or ()
        if "broken-link" in file.notes and any(pattern.match(file.name) for pattern in patterns)
    ]


def _kind(load: RecordedLoad, path: str) -> str | None:
    file = load.trace.meta.file(path.removeprefix("<model>/")) if path.startswith("<model>/") else None
    return file.kind if file is not None else None
