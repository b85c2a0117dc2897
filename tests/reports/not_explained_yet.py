"""The reported failures that ``glm-trace why`` does not explain yet: the reason by case and release of transformers."""

NOT_YET: dict[str, dict[str, str]] = {
    "bitsandbytes-absent": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "buffer-never-filled": {"5.23.0": "the right cause is not named in full"},
    "config-is-list": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "the right cause is not named in full",
    },
    "config-nan": {"4.44.2": "the right cause is not named in full", "5.23.0": "the right cause is not named in full"},
    "flash-attention-absent": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "item-on-meta": {"5.23.0": "no rule for it; the cause is own-code-called"},
    "load-in-4bit-keyword": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "no-post-init": {"5.23.0": "no rule for it; the cause is unknown"},
    "quantization-unknown": {"4.44.2": "no rule for it; the cause is unknown"},
    "rope-scaling-own-check": {
        "4.44.2": "no rule for it; the cause is own-code-raised",
        "5.23.0": "no rule for it; the cause is own-code-raised",
    },
    "rope-scaling-two-fields": {"4.44.2": "no rule for it; the cause is unknown"},
    "sdpa-not-declared": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is own-code-called",
    },
    "tie-default-gone": {"5.23.0": "the right cause is not named in full"},
    "tie-nested": {"5.23.0": "the right cause is not named in full"},
    "tied-keys-list": {"5.23.0": "no rule for it; the cause is own-code-called"},
    "tied-overwritten": {"4.44.2": "the right cause is not named in full"},
    "trust-misspelt": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "weights-other-zip": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "weights-whole-numbers": {"5.23.0": "no rule for it; the cause is unknown"},
}
