"""BERT with a note: the library's own layers, and one more attribute."""

from transformers import BertModel

from .configuration_noted import NotedBertConfig


class NotedBertModel(BertModel):
    """Has the same weights as `BertModel`, under the same names, so that either class can load them."""

    config_class = NotedBertConfig

    def __init__(self, config, add_pooling_layer=True):
        super().__init__(config, add_pooling_layer)
        self.note = "I am the class beside the weights."
