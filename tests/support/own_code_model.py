"""A model whose configuration, model and tokenizer classes are files of its own directory."""

from __future__ import annotations

from pathlib import Path

CONFIG = """
from transformers import PretrainedConfig
class OwnConfig(PretrainedConfig):
    model_type = "own"
"""


MODEL = """
import torch
from transformers import PreTrainedModel
from .conf import OwnConfig
from .part import word
class OwnModel(PreTrainedModel):
    config_class = OwnConfig
    def __init__(self, config):
        super().__init__(config)
        self.linear = torch.nn.Linear(2, 2)
        self.word = word
        self.post_init()
    def _init_weights(self, module):
        pass
"""


PART = "word = 'seen'\n"


JSON = '{"model_type": "own", "auto_map": {"AutoConfig": "conf.OwnConfig", "AutoModel": "model.OwnModel"}}'


TOKENIZER_JSON = '{"tokenizer_class": "T", "auto_map": {"AutoTokenizer": ["tok.T", null]}}'


TOKENIZER = """
from transformers import PreTrainedTokenizer
class T(PreTrainedTokenizer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
    @property
    def vocab_size(self):
        return 1
    def get_vocab(self):
        return {"a": 0}
    def _tokenize(self, text):
        return ["a"]
    def _convert_token_to_id(self, token):
        return 0
    def _convert_id_to_token(self, index):
        return "a"
    def save_vocabulary(self, *args, **kwargs):
        return ()
"""


FILES = {"conf.py": CONFIG, "model.py": MODEL, "part.py": PART, "tok.py": TOKENIZER}


def write_own_model(folder: Path, *, tokenizer: bool = True) -> Path:
    """Write the model's directory; its weights are missing, so it is loaded with random ones."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(JSON, encoding="utf-8")
    for name, text in FILES.items():
        if tokenizer or name != "tok.py":
            (folder / name).write_text(text, encoding="utf-8")
    if tokenizer:
        (folder / "tokenizer_config.json").write_text(TOKENIZER_JSON, encoding="utf-8")
        (folder / "vocab.txt").write_text("a\n", encoding="utf-8")
    return folder
