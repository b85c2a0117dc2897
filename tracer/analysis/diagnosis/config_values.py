"""Values of config.json, and who asked for something: an argument of the call, or an entry of config.json."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tracer.analysis.diagnosis.cause import Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import ConfigRead


class Asked(NamedTuple):
    """An option as it was asked for: an argument, or an entry of config.json at ``path``, the outermost key first."""

    argument: str | None
    path: tuple[str, ...]
    value: Any

    @property
    def written(self) -> str:
        """The option as it is written in the call, or in config.json."""
        if self.argument is not None:
            return f"{self.argument}={_python(self.value)}"
        return f'"{self.path[-1]}": {json.dumps(self.value, ensure_ascii=False)}'

    @property
    def where(self) -> str:
        """Where it was asked for."""
        return "from_pretrained" if self.argument is not None else "config.json"

    @property
    def key(self) -> str:
        return self.argument if self.argument is not None else ".".join(self.path)


def asked_in_call(load: RecordedLoad, *names: str) -> Asked | None:
    """Return the first of these arguments that the user's call gave a value other than None and False."""
    given = load.given_arguments(load.user_call)
    for name in names:
        if (value := _plain(given.get(name))) not in (None, False):
            return Asked(name, (), value)
    return None


def asked_in_config(load: RecordedLoad, *keys: str) -> Asked | None:
    """Return the first of these entries of config.json that is not null: at the top, or in a configuration in it."""
    config = config_json(load)
    inner = {name: value for name, value in config.items() if isinstance(value, dict)}
    for path, values in [((), config), *(((name,), value) for name, value in inner.items())]:
        for key in keys:
            if values.get(key) is not None:
                return Asked(None, (*path, key), values[key])
    return None


def asking(load: RecordedLoad, asked: Asked | None) -> Evidence | None:
    """Return the step that shows who asked."""
    if asked is None:
        return None
    if asked.argument is not None:
        call = load.user_call
        values = {"name": asked.argument, "value": asked.value}
        return Evidence(call.number, "given", values) if call is not None else None
    read = load.last(ConfigRead)
    return Evidence(read.step.number, "config-says", {"entry": asked.written}) if read is not None else None


def config_json(load: RecordedLoad) -> dict[str, Any]:
    """Return config.json as it was written, or else as it was read; empty if neither was recorded."""
    whole = load.trace.meta.json_object("config.json")
    return load.config if whole is None else whole


def _plain(value: Any) -> Any:
    """Return the text of a value, such as a dtype, that was recorded as one."""
    return value["text"] if isinstance(value, dict) and isinstance(value.get("text"), str) else value


def _python(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
