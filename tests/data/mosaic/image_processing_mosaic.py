"""Cut pictures into patches; a picture keeps its proportions, and has as many patches as fit into a limit."""

import math
from typing import ClassVar

import numpy as np
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature


class MosaicImageProcessor(BaseImageProcessor):
    model_input_names: ClassVar = ["pixel_values", "image_grid"]

    def __init__(self, patch_size=8, merge_size=2, max_patches=16, do_rescale=True, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size
        self.merge_size = merge_size
        self.max_patches = max_patches
        self.do_rescale = do_rescale

    def preprocess(self, images, return_tensors=None, **kwargs):
        pictures = images if isinstance(images, (list, tuple)) else [images]
        patches, grids = [], []
        for picture in pictures:
            rows, columns = self.grid(*picture.size)
            patches.append(self.cut(picture, rows, columns))
            grids.append([rows, columns])
        data = {"pixel_values": np.concatenate(patches), "image_grid": np.array(grids)}
        return BatchFeature(data=data, tensor_type=return_tensors)

    def grid(self, width, height):
        """Return the numbers of patches downwards and across, both multiples of the merge size."""
        side = math.sqrt(self.max_patches * width * height) / self.merge_size
        most = self.max_patches // self.merge_size**2
        across = min(max(1, int(side / height)), most)
        return self.merge_size * max(1, min(int(side / width), most // across)), self.merge_size * across

    def cut(self, picture, rows, columns):
        side = self.patch_size
        resized = np.asarray(picture.convert("RGB").resize((columns * side, rows * side)), dtype=np.float32)
        pixels = resized / 127.5 - 1 if self.do_rescale else resized
        return pixels.reshape(rows, side, columns, side, 3).transpose(0, 2, 4, 1, 3).reshape(rows * columns, -1)
