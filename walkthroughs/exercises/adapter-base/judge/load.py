"""Load the adapter as its user does: in the folder of the exercise."""

from transformers import AutoModelForCausalLM

AutoModelForCausalLM.from_pretrained("adapter", trust_remote_code=True)
