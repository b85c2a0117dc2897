"""A toy library whose loading calls pass keyword arguments on in every way that Python has."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from typing import Any

from tests.recorder.toy import Toy
from tracer.analysis.kwargs.hops import KeywordPath
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.value_format import to_json

AUTO = "transformers/models/auto/auto_factory.py"
CONFIG = "transformers/configuration_utils.py"

_OUTER = """
    import copy

    class _BaseAutoModelClass:
        @classmethod
        def from_pretrained(cls, path, *model_args, **kwargs):
{body}
"""
_INNER = """
    class PretrainedConfig:
        @classmethod
        def from_dict(cls, {parameters}):
{body}
"""


def followed(toy: Toy, outer: str, inner: str = "pass", parameters: str = "**kwargs", **given: Any) -> dict[str, Any]:
    """Record ``from_pretrained("a", **given)`` with these bodies; name → :class:`Told`."""
    config = toy.module(_INNER.format(parameters=parameters, body=_indented(inner)), CONFIG)
    auto = toy.module(_OUTER.format(body=_indented(outer)), AUTO)
    vars(auto).update(Config=config.PretrainedConfig, plain_function=lambda *arguments, **keywords: None)
    with toy.recording() as recorded, suppress(TypeError, ValueError):
        auto._BaseAutoModelClass.from_pretrained("a", **given)
    with recorded.trace as trace:
        return {one.name: Told(one, to_json(trace, one.value)) for one in keyword_paths(trace)}


class Told:
    """A path in short form."""

    def __init__(self, journey: KeywordPath, value: Any) -> None:
        self.journey = journey
        self.value = value
        self.origin = journey.origin
        self.end = journey.end
        self.hops = [(stop.what, stop.where) for stop in journey.hops]


def _indented(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 12)
