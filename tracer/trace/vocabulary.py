"""The vocabulary of a trace: stages of a load, frame events and step kinds.

Code, files, screens and walkthroughs use the same words.
"""

from __future__ import annotations

from typing import Final

STAGES: Final = (
    "arguments",
    "adapter",
    "config",
    "trust",
    "dynamic-class",
    "construct",
    "weights",
    "forward",
    "generate",
    "processor",
    "tokenizer",
    "peft",
)
"""The parts of a load. Every step belongs to exactly one of them."""

EVENTS: Final = ("call", "line", "return", "raise", "unwind")
"""What the interpreter did in a stepped frame.

``line`` comes before the line runs. ``raise`` is an exception seen in the frame, caught there or not;
``unwind`` is the end of the frame if it was not caught.
"""

KINDS: Final = {
    "call": "a stepped function was entered",
    "line": "a line of a stepped function is about to run",
    "return": "a stepped function returned",
    "raise": "an exception arrived in a stepped function",
    "unwind": "an exception left a stepped function",
    "file-resolved": "a file of the model was found",
    "file-missing": "a file of the model was looked for and is not there",
    "commit-resolved": "the commit that every later file is read from",
    "json-read": "a JSON file was read into a dictionary",
    "adapter-found": "the directory holds a PEFT adapter",
    "adapter-absent": "the directory holds no PEFT adapter",
    "trust-asked": "it was decided whether remote code may run",
    "imports-checked": "the packages that a remote file imports were looked for",
    "module-copied": "remote code was put into the modules cache",
    "module-imported": "a remote module was imported from the modules cache",
    "class-resolved": "it was decided which class is used",
    "class-registered": "a class was registered with an auto class",
    "config-read": "config.json was read and the arguments were split",
    "config-built": "a configuration object was built",
    "module-built": "a module was built and put into its parent",
    "model-built": "a model was built whole",
    "model-loaded": "a model was loaded",
    "tokenizer-loaded": "a tokenizer was loaded",
    "processor-loaded": "a processor was loaded",
    "processor-failed": "a processor could not be loaded, and the load went on without it",
    "shard-opened": "a weights file was opened",
    "shard-read": "the tensors of a weights file were read",
    "tensor-loaded": "tensors of the checkpoint became a parameter",
    "conversion-failed": "tensors of the checkpoint could not be made into parameters",
    "weights-report": "what the checkpoint gave the model, and what is left on either side",
    "module-entered": "a module was called",
    "module-left": "a module returned",
    "operator": "torch ran an operator",
    "device-times": "the device's own times of the calls so far",
    "text-prepared": "a prompt became token ids",
    "inputs-prepared": "what a pass is given was made",
    "outputs-read": "what a pass gave was read: labels, boxes, segments, an embedding, sound",
    "chat-rendered": "the chat template was filled in",
    "token-generated": "a token was generated",
    "generated": "a call that makes the model write returned something else than the tokens so far",
    "peft-applied": "adapters were put into a model",
    "not-fed": "no inputs could be made for a forward pass",
    "not-encoded": "the directory's own processor or tokenizer could not encode the prompt",
    "not-generated": "tokens were asked for and the model writes none",
    "warning": "a Python warning was given",
    "log": "a log record was written",
    "output": "something was printed",
}
"""Every step kind, with its meaning. A frame event to which a probe adds meaning has the probe's kind.

:mod:`tracer.trace.events` has the type of the data of each kind that is not a frame event.
"""
