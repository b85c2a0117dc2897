"""Load a BERT and a Llama of these directories at once, each in a thread of its own, several times."""

import sys
import threading

from transformers import BertModel, LlamaForCausalLM

begin = threading.Barrier(2)


class Together:
    @classmethod
    def _load_pretrained_model(cls, *args, **kwargs):
        begin.wait()
        return super()._load_pretrained_model(*args, **kwargs)


class Bert(Together, BertModel):
    pass


class Llama(Together, LlamaForCausalLM):
    pass


for _ in range(3):
    threads = [
        threading.Thread(target=kind.from_pretrained, args=(folder,))
        for kind, folder in zip((Bert, Llama), sys.argv[1:], strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
