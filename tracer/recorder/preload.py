"""What a warm process imports once, so that every fork of it has it."""

import torch  # noqa: F401
import transformers
import transformers.modeling_utils
import transformers.models.auto.auto_factory
import transformers.models.auto.tokenization_auto  # noqa: F401

import tracer.recorder.child  # noqa: F401
