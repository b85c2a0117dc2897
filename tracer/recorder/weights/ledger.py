"""The account of one checkpoint: what became of each tensor that its files hold."""

from __future__ import annotations

from typing import Any

from tracer.recorder.recording import Recording
from tracer.recorder.surrogates import without_surrogates
from tracer.recorder.torch_values import described
from tracer.recorder.weights.files import WeightsFiles
from tracer.recorder.weights.places import Places
from tracer.recorder.weights.stored import Stored, describe
from tracer.recorder.weights.verdict import Verdict, verdict


class Ledger:
    """Records each tensor as it is loaded, and the report once it is known what was left.

    Args:
        model: the model that is filled.
        paths: the files of the checkpoint.
        state_dict: tensors that were handed over instead.
        wanted: names of the parameters that this load is about; None for all.
    """

    def __init__(
        self,
        recording: Recording,
        files: WeightsFiles,
        model: Any,
        paths: list[str],
        state_dict: Any = None,
        wanted: list[str] | None = None,
    ) -> None:
        self.model = model
        self.places = Places(model)
        self.renamed: dict[str, str] = {}  # names in the files → names in the model, as the library has told them
        self.returned: Any = None
        self._recording = recording
        self._files = files
        self._paths = paths
        self._wanted = None if wanted is None else set(wanted)
        self._stored: dict[str, Stored] = {}
        self._loaded: dict[str, None] = {}  # by names in the files
        self._filled: list[str] = []  # by names in the model
        self._mismatched: dict[str, str] = {}
        base = getattr(type(model), "base_model_prefix", "")
        self._base = base if isinstance(base, str) else ""
        if not paths and state_dict is not None:
            self._stored = describe(None, state_dict)
        self.look_up_files()

    def look_up_files(self) -> None:
        """Take in what the files hold, as far as it is known by now."""
        for path in self._paths:
            try:
                self._stored.update(self._files.tensors(path))
            except (OSError, ValueError, RecursionError) as error:
                self._recording.skip("names in the weights files", f"{type(error).__name__}: {error}")

    def source(self, key: str, value: Any) -> str:
        """The name in the file of a tensor that a state dict has under this key."""
        return key if key in self._stored else self._files.name(value) or key

    def is_settled(self, source: str) -> bool:
        return source in self._loaded or source in self._mismatched

    def is_on_meta(self, parameter: str) -> bool:
        """Whether a parameter of the model has no memory."""
        value = self.places.find(parameter)
        return value is not None and described(value).device == "meta"

    def target(self, name: str) -> str | None:
        """The parameter that a name in a file or in the library's words means; None where the model has none."""
        for candidate in self._candidates(name):
            if self.places.has(candidate):
                return candidate
        return None

    def _candidates(self, name: str) -> list[str]:
        names = [self.renamed[name]] if name in self.renamed else []
        names += [name, name.replace("gamma", "weight").replace("beta", "bias")]
        base = f"{self._base}."
        return [other for name in names for other in (name, base + name, name.removeprefix(base))]

    def loaded(self, sources: list[str], parameter: str, *, device: str | None = None) -> None:
        """Tensors of the checkpoint have become a parameter."""
        self._loaded.update(dict.fromkeys(sources))
        self._filled.append(parameter)
        if self._recording.calls_only:
            return
        try:
            held = [self._from_file(name) for name in sources]
            facts: dict[str, Any] = {"sources": held, "parameter": self._clean(parameter)}
            value = self.places.find(parameter)
            if value is not None:
                made = described(value)
                facts.update(shape=made.shape, dtype=made.dtype, device=device or made.device)
            self._recording.point("tensor-loaded", facts, stage="weights")
        except Exception as error:  # a parameter that is like no other; the load must not notice
            self._recording.skip("tensor-loaded", f"{type(error).__name__}: {error}")

    def mismatched(self, sources: list[str], parameter: str) -> None:
        """Tensors of the checkpoint have another shape than their parameter."""
        self._mismatched.update(dict.fromkeys(sources, parameter))

    def report(self) -> None:
        """Record what is left, in the library's words and by our own count."""
        self.look_up_files()
        said = verdict(self.returned)
        for name in said.mismatched if said is not None else ():
            self._library_says_mismatched(name)
        if said is not None:
            self._left_on_disk(said)
        left = [name for name in self._stored if not self.is_settled(name)]
        unread: list[str] = []
        if said is None:  # it broke off: what has a place in the model would have come later
            unread = [name for name in left if self.target(name) is not None]
            left = [name for name in left if self.target(name) is None]
        told = set(said.unexpected) if said is not None else set()
        standing = list(self.places.parameters())
        new = self._new(standing) if said is not None else []
        facts = {
            "checkpoint": len(self._stored),
            "loaded": len(self._loaded),
            "filled": len(set(self._filled)),
            "missing": self._missing(said) if said is not None else [],
            "unexpected": [
                {**self._from_file(name), "told": not told.isdisjoint(self._candidates(name))} for name in left
            ],
            "mismatched": [
                {**self._from_file(name), "parameter": parameter, "shape_there": self._shape(parameter)}
                for name, parameter in self._mismatched.items()
            ],
            "tied": [names for names in _together(standing).values() if len(names) > 1],
            "new": [name for name in new if not self.is_on_meta(name)],
            "empty": [name for name in new if self.is_on_meta(name)],
            "unread": unread,
        }
        self._recording.point("weights-report", self._recording.clean_data(facts), stage="weights")

    def _library_says_mismatched(self, name: str) -> None:
        parameter = self.target(name) or name
        sources = [own for own in self._stored if not self.is_settled(own) and self.target(own) == parameter]
        self.mismatched(sources, parameter)

    def _left_on_disk(self, said: Verdict) -> None:
        """A file is not even opened when all that is in it stays on the disk."""
        told = set(said.unexpected)
        for name in [name for name in self._stored if not self.is_settled(name)]:
            parameter = self.target(name)
            if parameter is not None and self.is_on_meta(parameter) and told.isdisjoint(self._candidates(name)):
                self.loaded([name], parameter, device="disk")

    def _missing(self, said: Verdict) -> list[str]:
        names = [self.target(name) or name for name in said.missing]
        return [name for name in names if self._wanted is None or name in self._wanted]

    def _new(self, standing: list[tuple[str, Any]]) -> list[str]:
        """Parameters to which nothing in the checkpoint has given a value, under any of their names."""
        given = set(self._filled)
        filled = {id(value) for name, value in standing if name in given}
        return [
            name
            for name, value in standing
            if id(value) not in filled and (self._wanted is None or name in self._wanted)
        ]

    def _shape(self, parameter: str) -> list[int] | None:
        value = self.places.find(parameter)
        return None if value is None else described(value).shape

    def _from_file(self, name: str) -> dict[str, Any]:
        stored = self._stored.get(name)
        if stored is None:
            return {"name": self._clean(name)}
        path = None if stored.path is None else self._clean(stored.path)
        dtype = self._clean(stored.dtype)
        return {"name": self._clean(name), "path": path, "shape": stored.shape, "dtype": dtype, "bytes": stored.bytes}

    def _clean(self, text: str) -> str:
        return self._recording.clean(without_surrogates(text))


def _together(standing: list[tuple[str, Any]]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for name, value in standing:
        names.setdefault(id(value), []).append(name)
    return names
