"""The reported failures that ``glm-trace why`` does not explain yet: the reason by case and release of transformers."""

NOT_YET: dict[str, dict[str, str]] = {
    "auto-map-list": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "auto-map-number": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "bitsandbytes-absent": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "buffer-never-filled": {"5.23.0": "the right cause is not named in full"},
    "circular-imports": {"4.44.2": "names a wrong cause", "5.23.0": "names a wrong cause"},
    "config-class-differs": {"5.23.0": "the right cause is not named in full"},
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
    "lfs-pointer-code": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "llava-as-causal": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "load-in-4bit-keyword": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "neighbour-opened": {
        "4.44.2": "no rule for it; the cause is own-code-called",
        "5.23.0": "no rule for it; the cause is own-code-called",
    },
    "no-post-init": {"5.23.0": "no rule for it; the cause is unknown"},
    "package-broken": {"4.44.2": "names a wrong cause"},
    "quantization-unknown": {"4.44.2": "no rule for it; the cause is unknown"},
    "rope-scaling-own-check": {
        "4.44.2": "no rule for it; the cause is own-code-raised",
        "5.23.0": "no rule for it; the cause is own-code-raised",
    },
    "rope-scaling-two-fields": {"4.44.2": "no rule for it; the cause is unknown"},
    "same-folder-name": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "sdpa-not-declared": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is own-code-called",
    },
    "second-level-import": {"4.44.2": "the right cause is not named in full"},
    "second-level-stale": {"4.44.2": "the right cause is not named in full"},
    "second-repository": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "tie-default-gone": {"5.23.0": "the right cause is not named in full"},
    "tie-nested": {"5.23.0": "the right cause is not named in full"},
    "tied-keys-list": {"5.23.0": "no rule for it; the cause is own-code-called"},
    "tied-overwritten": {"4.44.2": "the right cause is not named in full"},
    "trust-misspelt": {
        "4.44.2": "the right cause is not named in full",
        "5.23.0": "the right cause is not named in full",
    },
    "two-dots-in-reference": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "weights-other-zip": {
        "4.44.2": "no rule for it; the cause is unknown",
        "5.23.0": "no rule for it; the cause is unknown",
    },
    "weights-whole-numbers": {"5.23.0": "no rule for it; the cause is unknown"},
}
