"""Feeds the model with text alone and with pictures, and says what came out."""

import torch
from pictures import asked, picture
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("model", trust_remote_code=True)
model = AutoModelForCausalLM.from_pretrained("model", trust_remote_code=True).float().eval()


def shape(tensor: torch.Tensor) -> str:
    return "×".join(map(str, tensor.shape))


with torch.no_grad():
    ids = asked(tokenizer)["input_ids"]
    logits = model(input_ids=ids).logits
    fits = tuple(logits.shape) == (1, ids.shape[1], model.config.vocab_size) and bool(logits.isfinite().all())
    print(f"text {'fits' if fits else 'does not fit'}: {ids.shape[1]} tokens, logits {shape(logits)}")

    other = ids.clone()
    other[0, -1] = next(int(token) for token in ids[0] if token != ids[0, -1])
    moved = (model(input_ids=other).logits - logits)[:, :-1].abs().max().item()
    print(f"the future is {'hidden' if moved < 1e-4 else 'seen'}: {moved:.5f}")

    batch = asked(tokenizer, picture("red"))
    print(f"placeholders: {int((batch['input_ids'] == model.config.image_token_id).sum())}")
    print(f"images {shape(batch['images'])}" if "images" in batch else "images missing")
    tokens = batch["input_ids"].shape[1]
    red = model(input_ids=batch["input_ids"], images=batch["images"]).logits
    print(f"picture {'placed' if red.shape[1] > tokens else 'not placed'}: {tokens} tokens, logits {shape(red)}")

    blue = model(input_ids=batch["input_ids"], images=asked(tokenizer, picture("blue"))["images"]).logits
    apart = (red - blue)[:, -1].abs().max().item()
    print(f"the picture {'matters' if apart > 1e-5 else 'does not matter'}: {apart:.5f}")
