"""What a warm process imports besides, so that not each of its forks does: importing this module is enough.

transformers 4.44 asks ``torch._dynamo`` in the first pass whether the model is being compiled
(``modeling_attn_mask_utils._prepare_4d_attention_mask_for_sdpa``); that import takes more than a second.
"""

from __future__ import annotations

import inspect

from transformers import modeling_attn_mask_utils

if "torch._dynamo" in inspect.getsource(modeling_attn_mask_utils):
    import torch._dynamo  # noqa: F401
