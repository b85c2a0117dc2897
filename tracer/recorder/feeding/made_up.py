"""Inputs made up from a model's configuration, where the directory has nothing that makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from tracer.recorder.feeding.samples import USUAL_RATE, Sound
from tracer.recorder.feeding.senses import configs, number_in

_COUNT: Final = 8
_MEL_BINS: Final = ("num_mel_bins", "n_mel_bins", "n_mels", "feature_size", "input_feat_per_channel")
_FRAMES: Final = 100


def made_up_ids(model: Any, count: int = _COUNT) -> Any:
    """Return a few token ids from the middle of the vocabulary, where few special tokens are; None without a size."""
    import torch

    config = getattr(model, "config", None)
    size = number_in(config, "vocab_size")
    if size is None or size < 2:
        return None
    special = special_ids(config)
    start = size // 2 if size > 4 * _COUNT else 0
    plain = list(islice((number for number in range(start, size) if number not in special), _COUNT)) or [0, 1]
    return torch.tensor([[plain[index % len(plain)] for index in range(count)]])


def special_ids(config: Any) -> set[int]:
    """Return the token ids that a configuration names."""
    found: set[int] = set()
    for one in configs(config):
        for name, value in list(vars(one).items()):
            if name.endswith(("token_id", "token_ids", "token_index", "_patch_id")):
                numbers = value if isinstance(value, list) else [value]
                found.update(number for number in numbers if type(number) is int)
    return found


def made_up_sound(model: Any, name: str, sound: Sound) -> Any:
    """Return the samples themselves, shape (1, samples), or made-up features, shape (1, mel bins, frames).

    Of a model whose configuration counts channels the samples have the shape (1, channels, samples). The features are
    random numbers: they have nothing of the sound.
    """
    import torch

    config = getattr(model, "config", None)
    if holds_samples(name):
        samples = torch.tensor([sound.at_rate(rate_of(model)).samples])
        channels = number_in(config, "audio_channels")
        return samples[:, None].repeat(1, channels, 1) if channels else samples
    bins = number_in(config, *_MEL_BINS)
    if bins is None:
        return None
    positions = number_in(config, "max_source_positions")
    frames = positions * 2 if positions is not None else _FRAMES  # the convolutions of Whisper halve the length
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, bins, frames, generator=generator)


def holds_samples(name: str) -> bool:
    """Return whether a parameter takes the samples of a sound, and not features of it."""
    return name.endswith("values")


def rate_of(model: Any) -> int:
    """Return how many samples a second a model wants."""
    return number_in(getattr(model, "config", None), "sampling_rate") or USUAL_RATE


class Shown(NamedTuple):
    """A form of a picture or a sound: tensors by name, and how many placeholders in the text it probably takes."""

    tensors: dict[str, Any]
    features: int


def heard_forms(sound: Sound, name: str, names: set[str], model: Any) -> Iterator[Shown]:
    """Yield forms of a sound in which a model with these parameters may want it beside text, the likeliest first.

    ``name`` is the parameter for the sound. How many placeholders it takes only the model can say.
    """
    import torch

    numbers = made_up_sound(model, name, sound)
    if numbers is None:
        return
    masks = {one: torch.ones(1, numbers.shape[-1], dtype=torch.long) for one in names if _MASK_OF_SOUND.match(one)}
    others = [] if numbers.dim() == 2 else [numbers[:, 0] if holds_samples(name) else numbers.transpose(1, 2)]
    for shaped in [numbers, *others]:
        for beside in [masks, {}] if masks else [{}]:
            yield Shown({name: shaped, **beside}, 1)


_MASK_OF_SOUND: Final = re.compile(r"^(.*(feature|audio|input_values).*|padding)_mask$")


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────────


class Eyes(NamedTuple):
    """What a configuration says of the part that sees; ``side`` is None where pictures can have any size."""

    side: tuple[int, int] | None
    patch: int
    merge: int
    frames: int
    channels: int


def eyes_of(config: Any) -> Eyes:
    """Return the sizes of the part that sees, or else those of the whole."""
    seeing = list(_seeing(config))
    patch = _side(seeing, "patch_size", "spatial_patch_size", "patch_sizes")
    frames = _side(seeing, "temporal_patch_size", "patch_temporal")
    merge = _side(seeing, "spatial_merge_size", "merge_size", "merge_kernel_size", "pixel_unshuffle_factor")
    channels = _side(seeing, "num_channels", "in_channels", "in_chans", "channels")
    side = None
    for one in seeing:
        size = getattr(one, "image_size", None) or getattr(one, "img_size", None)
        if type(size) is int:
            side = size, size
        elif isinstance(size, (list, tuple)) and len(size) == 2 and all(type(length) is int for length in size):
            side = size[0], size[1]
        if side is not None:
            break
    return Eyes(
        side,
        patch[0] if patch else 16,
        merge[0] if merge else _downsampled(seeing),
        frames[0] if frames else 1,
        channels[0] if channels else 3,
    )


def _seeing(config: Any) -> Iterator[Any]:
    """Yield the configurations of the part that sees, then the others."""
    whole = list(configs(config))
    names = ("vis", "image", "img", "pixel", "vit", "clip", "siglip", "encoder")
    held = [(name, value) for one in whole for name, value in vars(one).items() if any(value is sub for sub in whole)]
    first = [value for name, value in held if any(part in name or part in str(value.model_type) for part in names)]
    first = [value for value in first if "text" not in value.model_type and "audio" not in value.model_type] + first
    yield from first
    yield from (one for one in whole if all(one is not other for other in first))


def _side(seeing: list[Any], *names: str) -> list[int]:
    for one in seeing:
        for name in names:
            value = getattr(one, name, None)
            if type(value) is int:
                return [value]
            if isinstance(value, (list, tuple)) and value and type(value[0]) is int:
                return list(value)
    return []


def _downsampled(seeing: list[Any]) -> int:
    """Return by how much a projector shortens both sides of the patches, where it says so by a factor."""
    for one in seeing:
        for name in ("downsample_factor", "scale_factor", "downsample_ratio", "pooling_kernel_size"):
            value = getattr(one, name, None)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
                return max(1, round(value if value >= 1 else 1 / value))
    return 1


def shown_forms(picture: Any, name: str, names: set[str], config: Any) -> Iterator[Shown]:
    """Yield forms of a picture in which a model with these parameters may want it, the likeliest first.

    ``name`` is the parameter for pixels; its companions in ``names`` tell how they are laid out.
    """
    import torch

    eyes = eyes_of(config)
    grids = [one for one in names if one.startswith(("image_grid", "grid_")) and one != "image_grids"]
    told = _features_in(config)
    if name == "flattened_patches":
        high = wide = 4
        patches = _patches(picture, high, wide, eyes)
        places = torch.tensor([[row + 1.0, column + 1.0] for row in range(high) for column in range(wide)])
        beside = {"width": torch.tensor([wide]), "height": torch.tensor([high])}
        numbered = {one: value for one, value in beside.items() if one in names}
        yield Shown({name: torch.cat([places, patches], dim=1).unsqueeze(0), **numbered}, told or high * wide)
        return
    if grids or name == "image_patches" or names & _SHAPED:
        for high, wide in _grids(eyes, name):
            yield from _packed_forms(picture, name, high, wide, eyes, grids, names)
    for height, wide in _sides(eyes):
        pixels = _pixels(picture, height, wide, eyes.channels)
        count = told or max(1, (height // eyes.patch // eyes.merge) * (wide // eyes.patch // eyes.merge))
        for shaped in _shaped(pixels, names, _tiles(config, height, wide)):
            for tensors in _accompanied(shaped, name, names, picture, config, height, wide):
                yield Shown(tensors, count)


def _packed_forms(
    picture: Any, name: str, high: int, wide: int, eyes: Eyes, grids: list[str], names: set[str]
) -> Iterator[Shown]:
    """Yield a picture as a list of patches, with what says how many there are downwards and across."""
    import torch

    length, merged = high * wide, max(1, (high // eyes.merge) * (wide // eyes.merge))
    beside = _beside(grids, high, wide, eyes, names)
    flat = _patches(picture, high, wide, eyes)
    square = flat.reshape(length, eyes.channels, eyes.patch, eyes.patch)
    films = [flat.repeat(1, frames) for frames in dict.fromkeys((eyes.frames, 1, 2))]
    batched = [flat.unsqueeze(0), square.unsqueeze(0)]
    for pixels in [films[0], square, batched[0], *films[1:], batched[1]] if grids else [*batched, *films, square]:
        yield Shown({name: pixels, **beside}, merged)
    if "target_sizes" in names:  # one row of patches, side by side
        row = square.permute(1, 2, 0, 3).reshape(1, eyes.channels, eyes.patch, length * eyes.patch)
        yield Shown({name: row, **beside}, merged)
    if "image_token_pooling" in names:
        pooled = {"image_token_pooling": torch.arange(length)[:, None], "image_num_crops": torch.tensor([1])}
        yield Shown({name: flat.unsqueeze(0), **pooled, "image_grids": torch.tensor([[high, wide, 0, 0]])}, length)
    if eyes.merge > 1:  # patches that are merged already
        whole = eyes._replace(patch=eyes.patch * eyes.merge)
        high, wide = high // eyes.merge, wide // eyes.merge
        beside, flat = _beside(grids, high, wide, eyes, names), _patches(picture, high, wide, whole)
        last = flat.reshape(-1, eyes.channels, whole.patch, whole.patch).permute(0, 2, 3, 1)  # the channels last
        for pixels in [last] if grids else [flat.unsqueeze(0)]:
            yield Shown({name: pixels, **beside}, merged)


_SHAPED: Final = {"spatial_shapes", "pixel_position_ids", "image_position_ids", "target_sizes", "image_token_pooling"}


def _tiles(config: Any, height: int, wide: int) -> int:
    """Return into how many tiles a picture of this size is cut, with the whole as one of them."""
    for one in configs(config):
        found = getattr(one, "image_grid_pinpoints", None)
        if isinstance(found, (list, tuple)) and found and all(len(size) == 2 for size in found):
            first = min(found, key=lambda size: size[0] * size[1])
            return 1 + max(1, -(-int(first[0]) // height)) * max(1, -(-int(first[1]) // wide))
    return 2


def _shaped(pixels: Any, names: set[str], tiles: int) -> list[Any]:
    """Return a picture alone, as the only one of a text, and in tiles: in the order in which the parameters suggest."""
    plain, listed, tiled = pixels, pixels[:, None], pixels[:, None, None]
    if "aspect_ratio_ids" in names:
        return [tiled, listed, plain]
    if names >= {"image_attention_mask", "image_sizes"}:
        return [listed.repeat(1, tiles, 1, 1, 1), listed, plain]
    if names & {"pixel_attention_mask", "image_attention_mask", "tile_fine_mask"}:
        return [listed, plain, tiled]
    if "image_sizes" in names:
        return [plain, listed.repeat(1, tiles, 1, 1, 1), listed, tiled]
    return [plain, listed, tiled]


def _grids(eyes: Eyes, name: str) -> list[tuple[int, int]]:
    """Return numbers of patches that a picture has downwards and across."""
    if name == "image_patches":
        return [(2, 2)]
    most = min(eyes.side) // eyes.patch if eyes.side is not None else 8
    fitting = max(eyes.merge, most // eyes.merge * eyes.merge)
    found = [min(fitting, 4 * eyes.merge), 2 * eyes.merge, eyes.merge]
    return [(length, length) for length in dict.fromkeys(found)]


def _sides(eyes: Eyes) -> list[tuple[int, int]]:
    """Return heights and widths of a picture in pixels."""
    stride = eyes.patch * eyes.merge
    found = [eyes.side] if eyes.side is not None else []
    found += [(length, length) for length in (4 * stride, 2 * stride, 8 * stride, 224)]
    return list(dict.fromkeys(found))[:4]


def _beside(grids: list[str], high: int, wide: int, eyes: Eyes, names: set[str]) -> dict[str, Any]:
    """Return what says how many patches there are."""
    import torch

    beside: dict[str, Any] = {}
    for one in grids:
        beside[one] = torch.tensor([[high, wide] if one.endswith(("_hw", "_hws")) else [1, high, wide]])
    for one in names & {"spatial_shapes", "target_sizes"}:
        beside[one] = torch.tensor([[high, wide]])
    if "image_merge_sizes" in names:
        beside["image_merge_sizes"] = torch.tensor([eyes.merge])
    if "pixel_attention_mask" in names:
        beside["pixel_attention_mask"] = torch.ones(1, high * wide, dtype=torch.long)
    places = torch.tensor([[[column, row] for row in range(high) for column in range(wide)]])
    for one in names & {"pixel_position_ids", "image_position_ids"}:
        beside[one] = places
    return beside


def _accompanied(
    pixels: Any, name: str, names: set[str], picture: Any, config: Any, height: int, wide: int
) -> Iterator[dict[str, Any]]:
    """Yield pixels with what else forward takes to understand them: sizes, and masks of pixels or of pictures."""
    import torch

    found: dict[str, Any] = {name: pixels}
    if "aspect_ratio_ids" in names:
        most = number_in(config, "max_num_tiles") or 1
        found[name] = pixels.repeat(1, 1, most, 1, 1, 1) if pixels.dim() == 6 else pixels
        found["aspect_ratio_ids"] = torch.ones(1, 1, dtype=torch.long)
        if "aspect_ratio_mask" in names:
            found["aspect_ratio_mask"] = torch.ones(1, 1, most, dtype=torch.long)
    if "high_res_pixel_values" in names:
        sizes = [one.image_size for one in configs(config) if type(getattr(one, "image_size", None)) is int]
        most = max(sizes, default=height)
        found["high_res_pixel_values"] = _pixels(picture, most, most, pixels.shape[-3])
    for mask in ("pixel_attention_mask", "pixel_mask"):
        if mask in names:
            yield {**found, mask: torch.ones(*pixels.shape[:-3], height, wide, dtype=torch.long)}
            yield {**found, mask: torch.ones(*pixels.shape[:-3], dtype=torch.bool)}
    if names >= {"image_attention_mask", "image_sizes"} and pixels.dim() == 5:  # a mask of the patches of each tile
        patch = eyes_of(config).patch
        mask = torch.ones(*pixels.shape[:2], height // patch, wide // patch, dtype=torch.long)
        yield {**found, "image_sizes": torch.tensor([[height, wide]]), "image_attention_mask": mask}
    if "image_sizes" in names:
        yield {**found, "image_sizes": torch.tensor([[height, wide]])}
    yield found  # some take the rest for other towers than theirs alone


def _features_in(config: Any) -> int | None:
    """Return how many features a picture has, where the configuration says so."""
    return number_in(
        config, "mm_tokens_per_image", "image_seq_length", "image_seq_len", "num_image_tokens", "num_query_tokens",
        "vision_soft_tokens_per_image", "latent_query_num",
    )  # fmt: skip


def _pixels(picture: Any, height: int, width: int, channels: int) -> Any:
    """Return pixels from -1 to 1, shape (1, channels, height, width)."""
    import torch

    data = bytearray(picture.convert("RGB").resize((width, height)).tobytes())
    pixels = torch.frombuffer(data, dtype=torch.uint8).reshape(height, width, 3).permute(2, 0, 1).float() / 127.5 - 1
    return pixels[[index % 3 for index in range(channels)]].unsqueeze(0)


def _patches(picture: Any, high: int, wide: int, eyes: Eyes) -> Any:
    """Return a picture cut into patches, shape (patches, channels × patch × patch)."""
    pixels = _pixels(picture, high * eyes.patch, wide * eyes.patch, eyes.channels)[0]
    cut = pixels.reshape(eyes.channels, high, eyes.patch, wide, eyes.patch).permute(1, 3, 0, 2, 4)
    return cut.reshape(high * wide, -1)


def made_up_picture(model: Any, picture: Any) -> Any:
    """Return pixels of the size that the configuration names, shape (1, channels, height, width); None without one."""
    eyes = eyes_of(getattr(model, "config", None))
    return _pixels(picture, *eyes.side, eyes.channels) if eyes.side is not None else None
