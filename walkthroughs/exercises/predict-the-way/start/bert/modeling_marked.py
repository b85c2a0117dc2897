"""BERT with a head for classification, and a mark to know it by."""

from transformers import BertForSequenceClassification


class MarkedBert(BertForSequenceClassification):
    mark = "from the directory"
