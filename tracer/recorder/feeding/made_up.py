"""Inputs made up from a model's configuration, where the directory has nothing that makes them."""

from __future__ import annotations

from typing import Any, Final

from tracer.recorder.feeding.samples import Sound
from tracer.recorder.feeding.senses import configs, number_in

_COUNT: Final = 8
_MEL_BINS: Final = ("num_mel_bins", "n_mel_bins", "n_mels", "feature_size", "input_feat_per_channel")
_FRAMES: Final = 100


def made_up_ids(model: Any) -> Any:
    """Return a few token ids from the middle of the vocabulary, where few special tokens are; None without a size."""
    import torch

    size = number_in(getattr(model, "config", None), "vocab_size")
    if size is None or size < 2:
        return None
    return torch.tensor([[size // 2 + index if size > 4 * _COUNT else index % size for index in range(_COUNT)]])


def made_up_picture(model: Any, picture: Any) -> Any:
    """Return pixels from -1 to 1 of the size that the configuration names, shape (1, channels, height, width)."""
    import torch

    config = getattr(model, "config", None)
    size = _size(config)
    if size is None:
        return None
    height, width = size
    data = bytearray(picture.convert("RGB").resize((width, height)).tobytes())
    pixels = torch.frombuffer(data, dtype=torch.uint8).reshape(height, width, 3).permute(2, 0, 1).float() / 127.5 - 1
    channels = number_in(config, "num_channels", "in_channels", "in_chans") or 3
    return pixels[[index % 3 for index in range(channels)]].unsqueeze(0)


def made_up_sound(model: Any, name: str, sound: Sound) -> Any:
    """Return the samples themselves, shape (1, samples), or made-up features, shape (1, mel bins, frames)."""
    import torch

    if name.endswith("values"):
        return torch.tensor([sound.samples])
    config = getattr(model, "config", None)
    bins = number_in(config, *_MEL_BINS)
    if bins is None:
        return None
    positions = number_in(config, "max_source_positions")
    frames = positions * 2 if positions is not None else _FRAMES  # the convolutions of Whisper halve the length
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, bins, frames, generator=generator)


def _size(config: Any) -> tuple[int, int] | None:
    for one in configs(config):
        size = getattr(one, "image_size", None)
        if type(size) is int:
            return size, size
        if isinstance(size, (list, tuple)) and len(size) == 2 and all(type(side) is int for side in size):
            return size[0], size[1]
    return None
