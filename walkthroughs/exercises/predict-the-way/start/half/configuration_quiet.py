"""BERT's config under another name."""

from transformers import BertConfig


class QuietConfig(BertConfig):
    model_type = "quiet-bert"
