"""Takes the weights away, lets the learner's own script make them, and loads the model again."""

import runpy
from pathlib import Path

from transformers import AutoModelForCausalLM

for pattern in ("*.safetensors", "*.bin", "*.index.json"):
    for path in Path("model").glob(pattern):
        path.unlink()
if Path("make_weights.py").is_file():
    runpy.run_path("make_weights.py", run_name="__main__")
made = sorted(path.name for path in Path("model").glob("*.safetensors"))
print(f"weights made: {', '.join(made)}" if made else "weights missing")
AutoModelForCausalLM.from_pretrained("model", trust_remote_code=True)
