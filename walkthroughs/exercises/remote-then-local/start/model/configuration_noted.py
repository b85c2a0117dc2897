"""A config class for the model beside it. Whether you need it is up to you."""

from transformers import BertConfig


class NotedBertConfig(BertConfig):
    model_type = "noted-bert"
