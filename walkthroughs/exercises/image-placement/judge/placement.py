"""Asks the model where it puts a picture, with one row and with two whose pictures begin in different columns."""

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

START, IMAGE, ANSWER = [258, 260, 263, 10], [266, 256, 267], [264]
ROWS = torch.tensor([[*START, *IMAGE, *b"Hi", *ANSWER], [*START, *b"Hi", *IMAGE, *ANSWER]])

model = AutoModelForCausalLM.from_pretrained("model", trust_remote_code=True).float().eval().transformer
pixels = torch.stack([torch.full((3, 56, 56), level) for level in (-1.0, 1.0)])


def places(sequence: Tensor, vectors: Tensor) -> list[str]:
    """The position of each vector in a sequence, ``-`` for one that is not there."""
    same = (sequence.unsqueeze(0) - vectors.unsqueeze(1)).abs().amax(dim=-1) < 1e-5  # (vectors, positions)
    return [str(int(row.nonzero()[0])) if row.any() else "-" for row in same]


def embedded(ids: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    columns = model.expanded_columns(ids)
    return columns, model.embed_with_image(ids, images, columns)


with torch.no_grad():
    visual, words = model.vision(pixels), model.embedding(ROWS)
    columns = model.expanded_columns(ROWS[:1])
    print(f"columns: {' '.join(map(str, columns[0].tolist()))}")
    sequence = model.embed_with_image(ROWS[:1], pixels[:1], columns)[0]
    print(f"picture at: {' '.join(places(sequence, visual[0]))} of {len(sequence)}")
    # The two letters and the end, in the first row; no vector before the picture occurs twice.
    print(f"words at: {' '.join(places(sequence, torch.cat((words[0, :4], words[0, 7:]))))}")
    both = embedded(ROWS, pixels)[1]
    print(f"second row's picture at: {' '.join(places(both[1], visual[1]))}")
