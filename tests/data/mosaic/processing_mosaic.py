"""Text and pictures for Mosaic: each picture's mark becomes one token for each group of merged patches."""

from typing import ClassVar

from transformers import BatchFeature
from transformers.processing_utils import ProcessorMixin


class MosaicProcessor(ProcessorMixin):
    attributes: ClassVar = ["image_processor", "tokenizer"]
    valid_kwargs: ClassVar = ["chat_template"]
    image_processor_class = "AutoImageProcessor"
    tokenizer_class = "AutoTokenizer"

    def __init__(self, image_processor=None, tokenizer=None, chat_template=None, image_token="<image>", **kwargs):
        self.image_token = image_token
        super().__init__(image_processor, tokenizer, chat_template=chat_template)

    def __call__(self, images=None, text=None, return_tensors=None, **kwargs):
        texts = [text] if isinstance(text, str) else list(text or [])
        seen = {}
        if images is not None:
            seen = self.image_processor(images, return_tensors=return_tensors)
            texts = self.expanded(texts, seen["image_grid"].tolist())
        return BatchFeature({**self.tokenizer(texts, return_tensors=return_tensors), **seen})

    def expanded(self, texts, grids):
        """Return the texts with as many marks as a picture has groups of patches."""
        counts = iter([rows * columns // self.image_processor.merge_size**2 for rows, columns in grids])
        found = []
        for text in texts:
            parts = text.split(self.image_token)
            whole = parts[0]
            for part in parts[1:]:
                whole += " ".join([self.image_token] * next(counts)) + part
            found.append(whole)
        return found
