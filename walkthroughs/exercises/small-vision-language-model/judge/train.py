"""Trains the model on three pictures and the words for their colours, and prints what became of the loss."""

import torch
from pictures import COLOURS, answered, picture
from transformers import AutoModelForCausalLM, AutoTokenizer

STEPS = 60

torch.manual_seed(0)
torch.set_num_threads(1)  # for matrices this small, threads would only wait for one another
tokenizer = AutoTokenizer.from_pretrained("model", trust_remote_code=True)
model = AutoModelForCausalLM.from_pretrained("model", trust_remote_code=True).float().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
names = list(COLOURS)


def rows(turned: int) -> list[dict[str, torch.Tensor]]:
    """One example per colour; with ``turned``, each word comes with another colour's picture."""
    shown = names[turned:] + names[:turned]
    return [answered(tokenizer, picture(colour), word) for colour, word in zip(shown, names, strict=True)]


def loss(examples: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    return torch.stack([model(**example).loss for example in examples]).mean()


right, wrong = rows(turned=0), rows(turned=1)
losses = []
for _ in range(STEPS):
    optimizer.zero_grad()
    now = loss(right)
    now.backward()
    optimizer.step()
    losses.append(now.item())
    if len(losses) % 10 == 1:
        print(f"step {len(losses):2}  loss {losses[-1]:.4f}")

first, last = losses[0], losses[-1]
print(f"the loss {'falls' if last < first / 2 else 'does not fall'}: from {first:.4f} to {last:.4f}")
with torch.no_grad():
    model.eval()
    seen, turned = loss(right).item(), loss(wrong).item()
print(f"the picture {'decides' if turned > seen + 0.2 else 'does not decide'}: {seen:.4f}, turned {turned:.4f}")
