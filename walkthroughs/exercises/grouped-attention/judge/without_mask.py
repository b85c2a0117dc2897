"""Calls the model without an attention mask: a whole sentence at once, and its last token after a cache."""

import torch
from transformers import AutoModelForCausalLM

NEAR = 1e-3  # float32, logits around 1: rounding stays far below it, and what is wrong far above

model = AutoModelForCausalLM.from_pretrained("model", trust_remote_code=True).float().eval()
ids = torch.tensor([[258, 260, 263, 10, *b"Where is the red square?", 264]])
other = ids.clone()
other[0, -1] = 262  # another last token, and the same before it

with torch.no_grad():
    whole = model(ids).logits
    moved = (model(other).logits - whole)[:, :-1].abs().max().item()
    begun = model(ids[:, :-1], use_cache=True)
    last = torch.tensor([[ids.shape[1] - 1]])
    continued = model(ids[:, -1:], position_ids=last, past_key_values=begun.past_key_values).logits
    apart = (continued[:, -1] - whole[:, -1]).abs().max().item()

print(f"the future is {'hidden' if moved < NEAR else 'seen'}: {moved:.4f}")
print(f"after a cache it is {'the same' if apart < NEAR else 'different'}: {apart:.4f}")
