"""Write ``tracer/trace/redaction/shapes.json`` from the rules of gitleaks (MIT licence).

    python docs/make_secret_shapes.py path/to/gitleaks/config/gitleaks.toml path/to/gitleaks/LICENSE

Only rules that recognize a secret by its own shape are used. Rules that look for a provider's name before a value are
not: :mod:`tracer.trace.redaction.names` checks names, of any provider. Needs Python 3.11 or later.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import tomllib

TARGET = Path(__file__).parents[1] / "tracer" / "trace" / "redaction" / "shapes.json"

# What these match is not a secret by itself: a shell command, a manifest, any 40 hexadecimal digits in a text that
# contains the provider's name, any number before a bar, a public key.
NOT_TAKEN = {
    "curl-auth-header", "curl-auth-user", "kubernetes-secret-yaml", "sourcegraph-access-token",
    "facebook-access-token", "flutterwave-public-key", "nuget-config-password", "freemius-secret-key",
    "sidekiq-sensitive-url", "aws-amazon-bedrock-api-key-short-lived", "generic-api-key",
}  # fmt: skip
# gitleaks reads source files, where these follow a secret; in a URL or a message other characters do.
_END = r"""(?:[\x60'"\s;]|\\[nr]|$)"""


def main(rules: str, licence: str) -> None:
    config = tomllib.loads(Path(rules).read_text())
    shapes = [shape for rule in config["rules"] if (shape := converted(rule)) is not None]
    content = {"source": "https://github.com/gitleaks/gitleaks", "licence": Path(licence).read_text(), "shapes": shapes}
    TARGET.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(shapes)} shapes")


def converted(rule: dict[str, Any]) -> dict[str, Any] | None:
    """Return a rule with its expression in Python's syntax; None if it is not used."""
    pattern = rule.get("regex")
    names_a_provider = pattern is not None and r"[\w.-]{0,50}?" in pattern
    if pattern is None or names_a_provider or rule["id"] in NOT_TAKEN:
        return None
    for end in (_END, _END.replace("|$", r"|$|\b")):
        pattern = pattern.replace(end, r"(?![\w-])")
    pattern = pattern.replace(r"\z", r"\Z").replace("[[:alnum:]]", "[A-Za-z0-9]")
    pattern = scoped(pattern)
    re.compile(pattern)
    group = rule.get("secretGroup") or (1 if re.search(r"(?<!\\)\((?!\?)", pattern) else 0)
    return {
        "id": rule["id"],
        "keywords": [keyword.lower() for keyword in rule["keywords"]],
        "pattern": pattern,
        "group": group,
        "entropy": rule.get("entropy", 0),
    }


def scoped(pattern: str) -> str:
    """Limit a flag in the middle of an expression as Python requires: as in Go, it applies to the end of its group."""
    while (at := pattern.find("(?i)", 1)) >= 0:
        depth, end, in_class = 0, len(pattern), False
        position = at + 4
        while position < len(pattern):
            character = pattern[position]
            if character == "\\":
                position += 1
            elif in_class:
                in_class = character != "]"
            elif character == "[":
                in_class = True
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
                if depth < 0:
                    end = position
                    break
            position += 1
        pattern = f"{pattern[:at]}(?i:{pattern[at + 4 : end]}){pattern[end:]}"
    return pattern


if __name__ == "__main__":
    main(*sys.argv[1:])
