"""The reported failures that ``glm-trace why`` does not explain yet: the reason by case and release of transformers."""

NOT_YET: dict[str, dict[str, str]] = {
    "bitsandbytes-absent": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "flash-attention-absent": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "load-in-4bit-keyword": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "quantization-unknown": {"4.44.2": "no rule for it; the cause is unknown"},
    "sdpa-not-declared": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is own-code-called",
    },
    "weights-other-zip": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "weights-whole-numbers": {"5.23.0": "no rule for it; the cause is unknown"},
}
