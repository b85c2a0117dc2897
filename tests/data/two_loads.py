"""Load one model after the other, each with its tokenizer."""

from pathlib import Path

from transformers import AutoModel, AutoTokenizer

MODEL = str(Path(__file__).parents[2] / "fixtures" / "bert-tiny")

AutoTokenizer.from_pretrained(MODEL)
AutoModel.from_pretrained(MODEL)
AutoTokenizer.from_pretrained(MODEL)
AutoModel.from_pretrained(MODEL, add_pooling_layer=False)
