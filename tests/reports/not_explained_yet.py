"""The reported failures that ``glm-trace why`` does not explain yet: the reason by case and release of transformers."""

NOT_YET: dict[str, dict[str, str]] = {}
