"""Look up in which releases of transformers a name exists.

``names.json.gz`` was read from the published wheels by ``release_names.py`` without importing them. Only the last patch
release of each minor release is in it, so a release is named by its minor, such as ``4.39``. ``replacements.json`` is
written by hand: what to use instead of the things that remote code needs most and the library says nothing about.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from importlib import resources
from typing import Final, TypeAlias

import msgspec

Spans: TypeAlias = list[int]
"""Indices of releases: ``[since, until, since, until, …]``, without the last ``until`` if the newest release has it."""

_RELEASE: Final = re.compile(r"(\d+)\.(\d+)")
_ATTENTION: Final = re.compile(r"(?:FlashAttention2?|SdpaAttention)$")
"""The classes of one attention implementation, which one class for all of them replaced."""


class Presence(msgspec.Struct, frozen=True):
    """In which releases something exists.

    Attributes:
        since: the first release that has it; None if the oldest release of the table has it already.
        until: the last release that has it; None if the newest one does.
        gone: the first release without it after ``until``.
        gaps: whether it was away in between.
        homes: modules that define the same name in the newest release of the table.
        replacement: what to use instead, as a list of ours or the library's own deprecation names it; empty if nothing
            takes its place and what needs it can go.
    """

    since: str | None = None
    until: str | None = None
    gone: str | None = None
    gaps: bool = False
    homes: list[str] = []
    replacement: str | None = None

    def instead(self, name: str) -> str | None:
        """Return what takes the place of a name: a replacement, or the same name in another module; None if nothing."""
        if self.replacement is not None:
            return self.replacement or None
        return f"{self.homes[0]}.{name}" if self.homes else None


class _Names(msgspec.Struct, frozen=True):
    """The names in a module, class or signature: those that exist as long as it does, and the others."""

    always: list[str] = []
    some: dict[str, Spans] = {}


class _Tables(msgspec.Struct, frozen=True):
    """The file. Only the parts that are asked for are decoded; together they would take half a second."""

    releases: list[str]
    modules: msgspec.Raw
    names: msgspec.Raw
    members: msgspec.Raw
    parameters: msgspec.Raw
    variadic: msgspec.Raw
    entries: msgspec.Raw
    homes: msgspec.Raw
    replacements: msgspec.Raw


class _Replacements(msgspec.Struct, frozen=True):
    """What to use instead of a module, of a name in any module, of a member of any class, and so on."""

    modules: dict[str, str]
    names: dict[str, str]
    members: dict[str, str]
    parameters: dict[str, str]
    entries: dict[str, str]


class _Owners:
    """What each of many modules, classes or functions has, decoded one by one."""

    def __init__(self, data: msgspec.Raw) -> None:
        self._data = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        self._decoded: dict[str, _Names] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def mentioning(self, name: str) -> list[str]:
        """Return the owners whose names may include this one; those that can't are not decoded."""
        written = f'"{name}"'.encode()
        return [owner for owner, data in self._data.items() if written in bytes(data)]

    def get(self, owner: str) -> _Names | None:
        if owner not in self._decoded and owner in self._data:
            self._decoded[owner] = msgspec.json.decode(self._data[owner], type=_Names)
        return self._decoded.get(owner)


class Library:
    """transformers as it is in each release, from the oldest of the table to the newest.

    Every lookup returns None if the table can't say: the thing is unknown to it in all releases.
    """

    def __init__(self, data: bytes, replacements: bytes) -> None:
        self._tables = msgspec.json.decode(data, type=_Tables)
        self._by_hand = msgspec.json.decode(replacements, type=_Replacements)
        self.releases: Final = [".".join(release.split(".")[:2]) for release in self._tables.releases]
        """The minor releases that are known, from the oldest to the newest."""
        self.patches: Final = self._tables.releases
        """The last patch release of each of them."""
        self._numbers: Final = [tuple(map(int, release.split("."))) for release in self.releases]

    @cached_property
    def _modules(self) -> dict[str, Spans]:
        return msgspec.json.decode(self._tables.modules, type=dict[str, Spans])

    @cached_property
    def _names(self) -> _Owners:
        return _Owners(self._tables.names)

    @cached_property
    def _members(self) -> _Owners:
        return _Owners(self._tables.members)

    @cached_property
    def _parameters(self) -> _Owners:
        return _Owners(self._tables.parameters)

    @cached_property
    def _variadic(self) -> dict[str, Spans]:
        return msgspec.json.decode(self._tables.variadic, type=dict[str, Spans])

    @cached_property
    def _entries(self) -> dict[str, list[tuple[str, str, Spans]]]:
        return msgspec.json.decode(self._tables.entries, type=dict[str, list[tuple[str, str, Spans]]])

    @cached_property
    def _homes(self) -> dict[str, list[str]]:
        return msgspec.json.decode(self._tables.homes, type=dict[str, list[str]])

    @cached_property
    def _deprecations(self) -> dict[str, str]:
        return msgspec.json.decode(self._tables.replacements, type=dict[str, str])

    def index(self, release: str) -> int | None:
        """Return the place of a release in :attr:`releases`; None if it is older than the table or no release."""
        found = _RELEASE.match(release)
        if found is None:
            return None
        asked = (int(found[1]), int(found[2]))
        return max((at for at, number in enumerate(self._numbers) if number <= asked), default=None)

    def reaches(self, release: str, first: str) -> bool:
        """Return whether a release is ``first``, which the table has, or a later one."""
        at = self.index(release)
        return at is not None and at >= self.releases.index(first)

    def is_newer(self, release: str) -> bool:
        """Return whether a release came after the newest of the table."""
        found = _RELEASE.match(release)
        return found is not None and (int(found[1]), int(found[2])) > self._numbers[-1]

    def module(self, name: str) -> Presence | None:
        """Return in which releases a module, such as ``transformers.deepspeed``, exists."""
        spans = self._modules.get(name)
        if spans is None:
            return None
        return self._presence(spans, self._homes.get(name.rpartition(".")[2], []), self._by_hand.modules.get(name))

    def name(self, module: str, name: str) -> Presence | None:
        """Return in which releases ``from module import name`` works; a submodule counts as a name."""
        spans = self._spans(self._names, module, name)
        if spans is None:
            return self.module(f"{module}.{name}")
        homes = [home for home in self._homes.get(name, []) if home != module]
        if module != "transformers" and name in self.names_of("transformers", self.releases[-1]):
            homes.insert(0, "transformers")
        replacement = self._by_hand.names.get(name, self._deprecations.get(f"{module}.{name}"))
        if replacement is None and _ATTENTION.search(name):
            merged = _ATTENTION.sub("Attention", name)
            replacement = merged if merged in self.names_of(module, self.releases[-1]) else None
        return self._presence(spans, homes, replacement)

    def member(self, owner: str, member: str) -> Presence | None:
        """Return in which releases a class, given as ``module.Class``, has an attribute or method."""
        spans = self._spans(self._members, owner, member)
        if spans is None:
            return None
        return self._presence(spans, [], self._by_hand.members.get(member, self._deprecations.get(f"{owner}.{member}")))

    def parameter(self, function: str, parameter: str) -> Presence | None:
        """Return in which releases ``module.function`` or ``module.Class.method`` has a parameter."""
        spans = self._spans(self._parameters, function, parameter)
        return None if spans is None else self._presence(spans, [], self.replacement_of(parameter, function))

    def replacement_of(self, parameter: str, function: str | None = None) -> str | None:
        """Return what to pass instead of a parameter, whether or not a release's function lists it by name."""
        named = self._deprecations.get(f"{function}({parameter})")
        return self._by_hand.parameters.get(parameter, named)

    def entry(self, table: str, key: str) -> Presence | None:
        """Return in which releases a dictionary of the library, such as ``ROPE_INIT_FUNCTIONS``, has a key."""
        found = [spans for name, _, spans in self._entries.get(table, ()) if name == key]
        if not found:
            return None
        replacement = self._by_hand.entries.get(f"{table.rpartition('.')[2]}[{key}]")
        return self._presence(_union(found, len(self.releases)), [], replacement)

    def has(self, presence: Presence, release: str) -> bool | None:
        """Return whether something with this presence is in a release; None where the table can't say."""
        at = self.index(release)
        if at is None or presence.gaps:
            return None
        since = 0 if presence.since is None else self.releases.index(presence.since)
        gone = len(self.releases) if presence.gone is None else self.releases.index(presence.gone)
        return since <= at < gone

    def is_new(self, presence: Presence, release: str) -> bool:
        """Return whether a release is older than the first that has something."""
        at = self.index(release)
        return at is not None and presence.since is not None and self.releases.index(presence.since) > at

    def missing(self, module: str, names: list[str], release: str) -> list[tuple[str, Presence]]:
        """Return what an import of a module or of names in it needs, and what a release lacks and others have."""
        whole = self.module(module)
        if whole is not None and self.has(whole, release) is False:
            return [(module, whole)]
        found = ((f"{module}.{name}", self.name(module, name)) for name in names)
        return [(name, one) for name, one in found if one is not None and self.has(one, release) is False]

    def entries(self, table: str, release: str) -> dict[str, str]:
        """Return a dictionary of the library as it is in a release; values that are no names of classes are empty."""
        at = self.index(release)
        if at is None:
            return {}
        return {key: value for key, value, spans in self._entries.get(table, ()) if _covers(spans, at)}

    def tables_with(self, key: str, release: str) -> dict[str, str]:
        """Return the library's dictionaries that have a key in a release, with what they have there."""
        at = self.index(release)
        found = {}
        for table, rows in self._entries.items() if at is not None else ():
            for name, value, spans in rows:
                if name == key and at is not None and _covers(spans, at):
                    found[table] = value
        return found

    def auto_classes(self, model_type: str, release: str) -> dict[str, str]:
        """Return the auto classes that have a model for a ``model_type``, each with the class that it would build."""
        found = {}
        for table, value in self.tables_with(model_type, release).items():
            variable = table.rpartition(".")[2]
            if (auto_class := _AUTO_CLASSES.get(variable)) is not None and value:
                found[auto_class] = value
        return dict(sorted(found.items(), key=lambda item: list(_AUTO_CLASSES.values()).index(item[0])))

    def names_of(self, module: str, release: str) -> list[str]:
        """Return the names in a module of a release."""
        return self._alive(self._names.get(module), release)

    def members_of(self, owner: str, release: str) -> list[str]:
        """Return the members of a class, given as ``module.Class``, in a release."""
        return self._alive(self._members.get(owner), release)

    def parameters_of(self, function: str, release: str) -> list[str]:
        """Return the parameters of a function or method in a release, without ``self``; in no particular order."""
        return self._alive(self._parameters.get(function), release)

    def takes_any(self, function: str, release: str) -> bool:
        """Return whether a function or method has a ``**kwargs`` in a release."""
        at, spans = self.index(release), self._variadic.get(function)
        return at is not None and spans is not None and _covers(spans, at)

    def parameters_ever(self, name: str) -> set[str]:
        """Return the parameters, in any release, of the functions and methods that end in a name: ``Class.method``."""
        found = [known for function in self.functions(name) if (known := self._parameters.get(function)) is not None]
        return {parameter for known in found for parameter in (*known.always, *known.some)}

    def classes(self, name: str) -> list[str]:
        """Return the classes of this name whose members are known, as ``module.Class``."""
        return [owner for owner in self._members if owner.rpartition(".")[2] == name]

    def owners_of(self, member: str) -> list[tuple[str, Presence]]:
        """Return every class that has an attribute or method in some release, as ``module.Class``."""
        found = ((owner, self.member(owner, member)) for owner in self._members.mentioning(member))
        return [(owner, presence) for owner, presence in found if presence is not None]

    def functions(self, name: str) -> list[str]:
        """Return the functions and methods whose parameters are known and that end in a name: ``Class.method``."""
        return [owner for owner in self._parameters if owner.endswith(f".{name}")]

    def tables(self, name: str) -> list[str]:
        """Return the library's dictionaries of this name, as ``module.NAME``."""
        return [table for table in self._entries if table.rpartition(".")[2] == name]

    def _spans(self, table: _Owners, owner: str, name: str) -> Spans | None:
        known = table.get(owner)
        if known is None:
            return None
        if name in known.always:
            return self._spans_of(owner)
        return known.some.get(name)

    def _spans_of(self, qualified: str) -> Spans:
        """Return the releases that have a module, class, function or method."""
        if qualified in self._modules:
            return self._modules[qualified]
        owner, _, name = qualified.rpartition(".")
        for table in (self._names, self._members):
            if (spans := self._spans(table, owner, name)) is not None:
                return spans
        return self._spans_of(owner) if owner else [0]

    def _alive(self, known: _Names | None, release: str) -> list[str]:
        at = self.index(release)
        if known is None or at is None:
            return []
        return sorted((*known.always, *(name for name, spans in known.some.items() if _covers(spans, at))))

    def _presence(self, spans: Spans, homes: list[str], replacement: str | None) -> Presence:
        last = spans[-1] if len(spans) % 2 == 0 else None
        return Presence(
            self.releases[spans[0]] if spans[0] else None,
            self.releases[last - 1] if last is not None else None,
            self.releases[last] if last is not None else None,
            len(spans) > 2,
            homes,
            replacement,
        )


@lru_cache(maxsize=1)
def library() -> Library:
    """Return what is known of transformers."""
    folder = resources.files(__package__)
    data = gzip.decompress(folder.joinpath("names.json.gz").read_bytes())
    return Library(data, folder.joinpath("replacements.json").read_bytes())


@lru_cache(maxsize=1)
def installed_release() -> str | None:
    """Return the release of transformers that is installed, without importing it; None if there is none."""
    try:
        return importlib.metadata.version("transformers")
    except importlib.metadata.PackageNotFoundError:
        return None


def _covers(spans: Spans, at: int) -> bool:
    return sum(place <= at for place in spans) % 2 == 1


def _union(several: list[Spans], count: int) -> Spans:
    """Return the spans of the releases that any of these cover."""
    places: Spans = []
    inside = False
    for at in range(count):
        covered = any(_covers(spans, at) for spans in several)
        if covered != inside:
            places.append(at)
            inside = covered
    return places


_AUTO_CLASSES: Final = {
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES": "AutoModelForCausalLM",
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES": "AutoModelForImageTextToText",
    "MODEL_FOR_VISION_2_SEQ_MAPPING_NAMES": "AutoModelForVision2Seq",
    "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES": "AutoModelForMultimodalLM",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES": "AutoModelForSeq2SeqLM",
    "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES": "AutoModelForSpeechSeq2Seq",
    "MODEL_FOR_MASKED_LM_MAPPING_NAMES": "AutoModelForMaskedLM",
    "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES": "AutoModelForSequenceClassification",
    "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES": "AutoModelForTokenClassification",
    "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES": "AutoModelForQuestionAnswering",
    "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES": "AutoModelForImageClassification",
    "MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES": "AutoModelForObjectDetection",
    "MODEL_FOR_CTC_MAPPING_NAMES": "AutoModelForCTC",
    "MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES": "AutoModelForAudioClassification",
    "MODEL_FOR_PRETRAINING_MAPPING_NAMES": "AutoModelForPreTraining",
    "MODEL_MAPPING_NAMES": "AutoModel",
}
"""The library's tables of model classes, in ``models/auto/modeling_auto.py``, and the auto class that looks in each."""
