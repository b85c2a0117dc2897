"""What probes record: one type for each kind of step that a probe makes, read from the step's ``data``.

A step keeps its data as plain JSON, for everything that treats all kinds alike: documents, paths in walkthroughs,
search. Code that knows the kind reads it here::

    for loaded in events(trace, TensorLoaded):
        print(loaded.step.number, loaded.event.parameter)

Every field has a default, which means that it is not known: a trace of an earlier release may lack the field, and a
file made by hand may have another type there, which is ignored like any field that a newer release adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec

from tracer.trace.steps import Step

if TYPE_CHECKING:
    from tracer.trace.reading import Trace


def _in_json(name: str) -> str:
    return name.removesuffix("_")


class Event(msgspec.Struct, rename=_in_json):
    """The data of one kind of step. A name in the JSON that is a Python keyword has a ``_`` after it here."""

    kind: ClassVar[str]


# Exceptions


class TracebackFrame(NamedTuple):
    """A frame of a traceback: ``file`` is relative to a named root, ``source`` the text of the line, maybe empty."""

    file: str
    line: int
    function: str
    source: str

    @property
    def is_remote(self) -> bool:
        """Whether it is remote code in the modules cache."""
        return "transformers_modules/" in self.file.replace("\\", "/")


Traceback: TypeAlias = list[TracebackFrame | None]
"""Frames, the innermost last; None stands for those that were left out."""


class ChainedException(msgspec.Struct):
    """An exception that another was raised from (``relation`` is ``cause``) or while handling (``context``).

    Attributes:
        relation: see above.
        error: ``module.Class``, or ``Class`` if it is built in.
        message: its message; None where reading it would have run foreign code.
        traceback: from where it was caught.
    """

    relation: Literal["cause", "context"]
    error: str
    message: str | None = None
    traceback: Traceback = []


class HiddenProperty(msgspec.Struct, rename=_in_json):
    """A property of the class ``class_`` that raised an AttributeError of its own, which Python dropped."""

    property: str
    class_: str


class Raised(Event):
    """The data of the step at which a stepped function first saw an exception.

    Attributes:
        traceback: the frames below that function; empty if it raised the exception itself, None if not recorded.
        chained: the exception that this one was raised from or while handling, the one behind that, and so on.
        hidden: the property that failed, where a ``__getattr__`` says that there is no such attribute.
    """

    kind = "raise"
    traceback: Traceback | None = None
    chained: list[ChainedException] = []
    hidden: HiddenProperty | None = None


# Files


class _RequestedFile(Event):
    """A file that was asked for.

    Attributes:
        name: its name inside the model.
        in_: the directory, or the name on the hub, that it was looked for in.
    """

    name: str | None = None
    in_: str | None = None


class FileResolved(_RequestedFile):
    """A file of the model was found at ``path``."""

    kind = "file-resolved"
    path: str | None = None


class FileMissing(_RequestedFile):
    """A file of the model was looked for and is not there."""

    kind = "file-missing"


class CommitResolved(Event):
    """The commit, 40 hexadecimal digits, that every later file is read from."""

    kind = "commit-resolved"
    commit: str | None = None


class JsonRead(Event):
    """A JSON file was read into a dictionary with these top-level ``keys``."""

    kind = "json-read"
    path: str | None = None
    keys: list[str] = []


# The adapter


class AdapterAbsent(Event):
    """The directory (or name on the hub) ``in_`` holds no PEFT adapter."""

    kind = "adapter-absent"
    in_: str | None = None


class AdapterFound(Event):
    """The directory (or name on the hub) ``in_`` holds a PEFT adapter; ``path`` is its configuration file."""

    kind = "adapter-found"
    in_: str | None = None
    path: str | None = None


# The configuration


class ConfigRead(Event):
    """config.json was read and the arguments were split.

    Attributes:
        keys: the keys in the file.
        unused: names of the keyword arguments that are left.
        model_type: the file's ``model_type``, if it is a text.
    """

    kind = "config-read"
    keys: list[str] = []
    unused: list[str] = []
    model_type: str | None = None


class ConfigBuilt(Event):
    """A configuration object was built.

    Attributes:
        class_: its class, ``module.Class``.
        taken: keyword arguments that became attributes.
        unused: keyword arguments that are passed on.
        kept: those of ``unused`` that became attributes as well.
    """

    kind = "config-built"
    class_: str | None = None
    taken: list[str] = []
    unused: list[str] = []
    kept: list[str] = []


# Remote code


class TrustAsked(Event):
    """It was decided whether remote code may run.

    Attributes:
        has_local_code: whether the library has a class for the model.
        has_remote_code: whether the model has code of its own.
        given: the ``trust_remote_code`` that was given; None if it was not.
        decision: whether the remote code is used.
        refused: whether the load ends here because it may not run.
    """

    kind = "trust-asked"
    has_local_code: bool | None = None
    has_remote_code: bool | None = None
    given: bool | None = None
    decision: bool | None = None
    refused: bool = False


class ImportsChecked(Event):
    """The packages that a remote file imports were looked for.

    Attributes:
        file: path of the file.
        packages: the packages that it imports.
        missing: those of them that are not installed, or that the library takes for it.
        broken: the message of the ImportError of those that are installed and fail when they are imported.
        relative: the neighbouring files that it imports, without ``.py``.
    """

    kind = "imports-checked"
    file: str | None = None
    packages: list[str] = []
    missing: list[str] = []
    broken: dict[str, str | None] = {}
    relative: list[str] = []


class ModuleCopied(Event):
    """Remote code was put into the modules cache.

    Attributes:
        from_: path of the file.
        into: the folder in the cache.
        module: path of the copy, relative to the cache.
    """

    kind = "module-copied"
    from_: str | None = None
    into: str | None = None
    module: str | None = None


class ModuleImported(Event):
    """A remote module was imported from the modules cache, for its class ``class_`` (``module.Class``)."""

    kind = "module-imported"
    module: str | None = None
    class_: str | None = None


class ClassResolved(Event):
    """It was decided which class is used.

    Attributes:
        way: ``remote`` for a reference in ``auto_map``; ``mapping`` or ``name-pattern`` for the library's tables.
        key: what the class was found by in a table: a model type, a configuration class, a part of the path.
        class_: the class, ``module.Class``.
        reference: the reference in ``auto_map``, without its repository.
        repository: the directory or the name on the hub that the reference points into.
        module_file: the Python file in it.
        class_name: the name of the class in that file.
        final_module: path of the copy in the modules cache, relative to it.
        referrer: the directory or the name on the hub whose ``auto_map`` has the reference, if that is another.
    """

    kind = "class-resolved"
    way: str | None = None
    key: str | None = None
    class_: str | None = None
    reference: str | None = None
    repository: str | None = None
    module_file: str | None = None
    class_name: str | None = None
    final_module: str | None = None
    referrer: str | None = None


class ClassRegistered(Event):
    """A class was registered with an auto class.

    Attributes:
        class_: the class, ``module.Class``.
        with_: the auto class, by its name or as ``module.Class``.
        how: ``for saving`` or ``for loading``.
        config: the configuration class or the model type that it is registered under.
    """

    kind = "class-registered"
    class_: str | None = None
    with_: str | None = None
    how: str | None = None
    config: str | None = None


# The model


class TensorRow(NamedTuple):
    """A parameter or buffer of a module. ``shape`` is empty for a scalar; ``dtype`` as in ``float32``."""

    name: str
    shape: list[int]
    dtype: str
    device: str


class TreeRow(NamedTuple):
    """A module of a whole model: the number it has in the trace, and its path, which is empty for the model."""

    module: int
    path: str


class Built(Event):
    """A module that was built.

    Attributes:
        module: its number in the trace.
        class_: its class, ``module.Class``.
        place: ``file:line`` of the ``__init__`` that its class has or inherits.
        parameters: the parameters that it holds itself.
        buffers: the buffers that it holds itself.
    """

    module: int | None = None
    class_: str | None = None
    place: str | None = None
    parameters: list[TensorRow] = []
    buffers: list[TensorRow] = []


class ModuleBuilt(Built):
    """A module was built and put, under ``name``, into the module whose number is ``parent``."""

    kind = "module-built"
    parent: int | None = None
    name: str | None = None


class ModelBuilt(Built):
    """A model was built whole.

    Attributes:
        modules: number of its modules, itself included.
        tensors: number of its different parameters, without those that will be tied.
        numbers: number of the elements in them.
        tied: names of the parameters that have a tensor of their own now and will share another's.
        tree: all of its modules.
    """

    kind = "model-built"
    modules: int | None = None
    tensors: int | None = None
    numbers: int | None = None
    tied: list[str] = []
    tree: list[TreeRow] = []


class Loaded(Event):
    """An object that was loaded; ``class_`` is its class, ``module.Class``."""

    class_: str | None = None


class PackedWeights(msgspec.Struct):
    """Quantised weights of one type.

    Attributes:
        type: their class, if they are tensors that wrap others, or their dtype.
        count: how many tensors they are.
        numbers: number of the elements that are in memory for them, their scales included where a tensor wraps both.
        bytes: how much memory that takes.
    """

    type: str
    count: int
    numbers: int
    bytes: int


class ModelLoaded(Loaded):
    """A model was loaded.

    Attributes:
        parameters: the number of the elements in them.
        packed: those weights that are quantised, by type.
        within: the class of the model during whose load, in its constructor say, this one was loaded.
        device_map: where each module is, by its name, as ``hf_device_map`` of the model has it.
    """

    kind = "model-loaded"
    parameters: int | None = None
    packed: list[PackedWeights] = []
    within: str | None = None
    device_map: dict[str, str] = {}


class TokenizerLoaded(Loaded):
    """A tokenizer was loaded."""

    kind = "tokenizer-loaded"


class ProcessorPart(msgspec.Struct, rename=_in_json):
    """A part of a processor.

    Attributes:
        name: the attribute that holds it, such as ``image_processor``.
        class_: its class, ``module.Class``.
        settings: its plain values, by name; sizes are in pixels, or samples for sound.
    """

    name: str
    class_: str | None = None
    settings: dict[str, Any] = {}


class ProcessorLoaded(Loaded):
    """A processor was loaded.

    Attributes:
        settings: its own plain values, by name.
        parts: what it is made of: the tokenizer, and what prepares pictures, films or sound.
    """

    kind = "processor-loaded"
    settings: dict[str, Any] = {}
    parts: list[ProcessorPart] = []


# Weights


class StoredTensor(msgspec.Struct):
    """A tensor of the checkpoint. Only its name is known if it is in none of the files.

    Attributes:
        name: its name in the file.
        path: the file; None if the tensors were given in memory.
        shape: its shape in the file.
        dtype: its dtype there, as in ``bfloat16``.
        bytes: its size there.
        pattern: the name that it matched, of those that the library merges; only where that went wrong.
    """

    name: str = "?"
    path: str | None = None
    shape: list[int] | None = None
    dtype: str | None = None
    bytes: int | None = None
    pattern: str | None = None


class UnexpectedTensor(StoredTensor):
    """A tensor that no parameter took; ``told`` is whether the library reported it."""

    told: bool = False


class Mismatch(msgspec.Struct):
    """Tensors whose shape is not that of their parameter.

    Attributes:
        parameter: the name in the model.
        shape: what the tensors have in the checkpoint, or were converted to.
        shape_there: what the parameter has in the model.
        sources: the tensors.
    """

    parameter: str = "?"
    shape: list[int] | None = None
    shape_there: list[int] | None = None
    sources: list[StoredTensor] = []


class Shard(Event):
    """A weights file.

    Attributes:
        path: the file.
        bytes: its size.
        tensors: number of tensors in it.
    """

    path: str | None = None
    bytes: int | None = None
    tensors: int | None = None


class ShardOpened(Shard):
    """A weights file was opened, to take slices of its tensors later."""

    kind = "shard-opened"


class ShardRead(Shard):
    """The tensors of a weights file were read; only their names and shapes if ``device`` is ``meta``."""

    kind = "shard-read"
    device: str | None = None


class TensorLoaded(Event):
    """Tensors of the checkpoint became a parameter.

    Attributes:
        sources: the tensors.
        parameter: the name in the model.
        shared_with: other parameters that the same tensors became, if it is not known which became which.
        shape: the parameter's shape.
        dtype: the parameter's dtype.
        device: where it is: a torch device, or ``disk``.
    """

    kind = "tensor-loaded"
    sources: list[StoredTensor] = []
    parameter: str | None = None
    shared_with: list[str] = []
    shape: list[int] | None = None
    dtype: str | None = None
    device: str | None = None


class ConversionFailed(Event):
    """Tensors of the checkpoint could not be made into parameters, and the library went on without them.

    Attributes:
        parameters: the names in the model.
        sources: the tensors.
        operation: the library's name for the conversion.
        reason: what went wrong, in the library's words.
    """

    kind = "conversion-failed"
    parameters: list[str] = []
    sources: list[StoredTensor] = []
    operation: str | None = None
    reason: str | None = None


class WeightsReport(Event):
    """What the checkpoint gave the model, and what is left on either side.

    Attributes:
        class_: the class of the model, ``module.Class``.
        within: the class of the model during whose load this one was loaded.
        checkpoint: number of tensors in the checkpoint.
        loaded: number of those that became parameters.
        filled: number of parameters that got values.
        missing: parameters that the library reports as missing.
        unexpected: tensors that no parameter took.
        mismatched: tensors of another shape than their parameter's.
        unconverted: tensors that could not be made into parameters.
        tied: names of the parameters that share a tensor, one list for each tensor.
        new: parameters that got no values from the checkpoint.
        empty: those that have no values at all, because they are on ``meta``.
        unread: tensors that a load which ended early had not reached.
        never_filled: parameters and buffers that got empty memory, and that nobody wrote to.
        never_filled_zero: those of them that hold zeros, which may have been written past torch's count of changes.
        tied_differ: pairs of parameters that share a tensor and had different ones in the checkpoint.
    """

    kind = "weights-report"
    class_: str | None = None
    within: str | None = None
    checkpoint: int | None = None
    loaded: int | None = None
    filled: int | None = None
    missing: list[str] = []
    unexpected: list[UnexpectedTensor] = []
    mismatched: list[Mismatch] = []
    unconverted: list[ConversionFailed] = []
    tied: list[list[str]] = []
    new: list[str] = []
    empty: list[str] = []
    unread: list[str] = []
    never_filled: list[str] = []
    never_filled_zero: list[str] = []
    tied_differ: list[list[str]] = []


# The pass through the model


class _Call(Event):
    """A call of a module.

    Attributes:
        call: its number, from 0.
        parent: the number of the call that it was made in; None for the model's own.
        path: path of the module in the model; empty for the model.
    """

    call: int | None = None
    parent: int | None = None
    path: str | None = None


class ModuleEntered(_Call):
    """A module was called; the step's value has its inputs.

    Attributes:
        class_: name of its class, without the module.
        cuda_before: bytes allocated on the GPU.
    """

    kind = "module-entered"
    class_: str | None = None
    cuda_before: int | None = None


class Statistics(msgspec.Struct):
    """The numbers in a tensor: minimum, maximum and mean of the finite ones, and how many are NaN and infinite.

    ``at`` is where in the output the tensor is; empty if it is the output.
    """

    at: str = ""
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    nan: int = 0
    inf: int = 0


class ModuleLeft(_Call):
    """A module returned, or raised; the step's value has its outputs.

    Attributes:
        raised: name of the exception's class.
        nanoseconds: time spent in the call on the host.
        cuda_after: bytes allocated on the GPU.
        statistics: of the tensors in its output, if they were asked for.
    """

    kind = "module-left"
    raised: str | None = None
    nanoseconds: int | None = None
    cuda_after: int | None = None
    statistics: list[Statistics] = []


class OperatorRan(Event):
    """torch ran an operator, ``aten.add.Tensor`` for example; the step's value has its inputs and outputs."""

    kind = "operator"
    name: str | None = None


class DeviceTimes(Event):
    """The GPU's own times of the calls so far: milliseconds, by the number of the call."""

    kind = "device-times"
    milliseconds: dict[str, float] = {}


class ChatRendered(Event):
    """The chat template was filled in, which gave ``text``."""

    kind = "chat-rendered"
    text: str | None = None


class TextPrepared(Event):
    """A prompt became token ids.

    Attributes:
        prompt: the user's prompt.
        ids: the token ids; only the first few hundred of a long text.
        pieces: the text of each of them.
        count: number of all ids.
        special: the tokenizer's special tokens by name.
    """

    kind = "text-prepared"
    prompt: str | None = None
    ids: list[int] = []
    pieces: list[str] = []
    count: int | None = None
    special: dict[str, str] = {}


class Fed(msgspec.Struct):
    """An input of a pass: the parameter, its shape and dtype."""

    name: str
    shape: list[int] = []
    dtype: str | None = None


class Placeholder(msgspec.Struct):
    """A token that stands for pictures or sound: its entry in the configuration, its id, and its number in the text."""

    name: str
    id: int | None = None
    count: int | None = None


class Shown(msgspec.Struct):
    """A picture, film or sound that a model was given.

    Attributes:
        file: the user's file; None for the built-in one.
        size: width and height in pixels, before the processor.
        frames: number of pictures in a film.
        seconds: length of a sound.
        rate: samples in a second.
    """

    file: str | None = None
    size: list[int] = []
    frames: int | None = None
    seconds: float | None = None
    rate: int | None = None


class InputsPrepared(Event):
    """What a pass is given was made.

    Attributes:
        by: what made it: the ``processor``, the ``tokenizer``, a part of a processor, ``ids``, or ``sizes`` for what
            was made up from the configuration; several with a comma between them.
        inputs: the tensors.
        notes: what was left out or made up, in English.
        placeholders: the tokens in the text that stand for the rest.
        picture, film, sound: what the model was shown and told.
    """

    kind = "inputs-prepared"
    by: str | None = None
    inputs: list[Fed] = []
    notes: list[str] = []
    placeholders: list[Placeholder] = []
    picture: Shown | None = None
    film: Shown | None = None
    sound: Shown | None = None


class Label(msgspec.Struct):
    """A class that a model gives to something.

    Attributes:
        id: its number.
        label: its name, if the configuration has one.
        probability: how likely it is; of segments, the share of the picture that it covers.
        token: the text of the token that it is given to.
    """

    id: int | None = None
    label: str | None = None
    probability: float | None = None
    token: str | None = None


class Vector(msgspec.Struct):
    """Vectors that a model gives: their name and shape, and the length of the first."""

    name: str
    shape: list[int] = []
    norm: float | None = None


class OutputsRead(Event):
    """What a pass gave was read, of a model that writes no text.

    Attributes:
        what: ``labels``, ``each-token``, ``ctc``, ``boxes``, ``masks``, ``segments``, ``span``, ``vectors``,
            ``vocabulary``, ``numbers``, ``depth``, ``picture``, ``spectrogram`` or ``sound``.
        shape: of the tensor that it was read from.
        labels: the best ones; of ``each-token`` those of the first tokens.
        count: number of boxes or masks above the threshold, of classes in a picture, of tokens.
        threshold: of the probability of a box or mask.
        ids: token ids; of a ``span`` the first and the last position.
        text: the text of these.
        vectors: with their lengths.
        range: the lowest and the highest number.
        rate, seconds: of a sound.
    """

    kind = "outputs-read"
    what: str | None = None
    shape: list[int] = []
    labels: list[Label] = []
    count: int | None = None
    threshold: float | None = None
    ids: list[int] = []
    text: str | None = None
    vectors: list[Vector] = []
    range: list[float] = []
    rate: int | None = None
    seconds: float | None = None


class TokenGenerated(Event):
    """A token was generated.

    Attributes:
        index: its number, from 0.
        id: its id.
        ids: its ids, where one position has several: the code books of a model that writes sound.
        text: its text; None without a tokenizer, and for codes of sound.
        nanoseconds: time since the last token; None where the model streamed none.
        cache: number of tokens in the cache then.
        state: shapes of the recurrent state, which stay the same from token to token.
        attention_mask: length of the attention mask then.
        position_ids: number of positions then.
    """

    kind = "token-generated"
    index: int | None = None
    id: int | None = None
    ids: list[int] = []
    text: str | None = None
    nanoseconds: int | None = None
    cache: int | None = None
    state: list[list[int]] = []
    attention_mask: int | None = None
    position_ids: int | None = None


class Generated(Event):
    """A call that makes a model write returned something else than the tokens that were seen on the way.

    Attributes:
        by: the method: ``generate`` or ``chat``.
        left_out: what it was not told because it has no parameter for it.
        class_: the class of what it returned.
        what: ``sound`` or ``spectrogram``, of a model that makes one.
        tensors: the tensors in what it returned.
        text: the text that it returned.
        rate, seconds: of a sound.
    """

    kind = "generated"
    by: str | None = None
    left_out: list[str] = []
    class_: str | None = None
    what: str | None = None
    tensors: list[Fed] = []
    text: str | None = None
    rate: int | None = None
    seconds: float | None = None


class PeftApplied(Event):
    """Adapters were put into a model.

    Attributes:
        r: rank of the adapters.
        lora_alpha: as peft completed it.
        lora_dropout: as peft completed it.
        target_modules: as peft completed it: names, or a pattern for them.
        scalings: the factors that the layers multiply B·A by.
        replaced: paths of the modules that were replaced.
        trainable: number of elements in the parameters that are trained.
        all: number of elements in all parameters.
        percent: the share of the first in the second.
    """

    kind = "peft-applied"
    r: int | None = None
    lora_alpha: float | None = None
    lora_dropout: float | None = None
    target_modules: list[str] | str | None = None
    scalings: list[float] = []
    replaced: list[str] = []
    trainable: int | None = None
    all: int | None = None
    percent: float | None = None


class NotDone(Event):
    """Something after the load could not be done.

    Attributes:
        why: the reason, in English.
        error: the exception behind it, ``module.Class``, if there was one.
        message: its message.
        traceback: where it was raised.
        chained: the exceptions that it was raised from or while handling.
    """

    why: str | None = None
    error: str | None = None
    message: str | None = None
    traceback: Traceback | None = None
    chained: list[ChainedException] = []


class ProcessorFailed(NotDone):
    """A processor could not be loaded, and the load went on without it; ``class_`` is the auto class asked for."""

    kind = "processor-failed"
    class_: str | None = None


class NotFed(NotDone):
    """No inputs could be made for a forward pass."""

    kind = "not-fed"


class NotEncoded(NotDone):
    """The directory's own processor or tokenizer could not encode the prompt; the pass may have gone on without it."""

    kind = "not-encoded"


class NotGenerated(NotDone):
    """Tokens were asked for, and the model writes none."""

    kind = "not-generated"


# Messages


class Message(Event):
    """A message; ``message`` is its text, cut if it is very long."""

    message: str | None = None


class WarningGiven(Message):
    """A Python warning was given, for a place in the code.

    Attributes:
        category: name of its class.
        file: path of the code.
        line: line of the code.
    """

    kind = "warning"
    category: str | None = None
    file: str | None = None
    line: int | None = None


class LogWritten(Message):
    """A log record was written.

    Attributes:
        level: ``WARNING``, for example.
        logger: name of the logger.
    """

    kind = "log"
    level: str | None = None
    logger: str | None = None


class TextPrinted(Event):
    """Whole lines were printed to ``stream``, ``stdout`` or ``stderr``."""

    kind = "output"
    stream: str | None = None
    text: str | None = None


EVENT_TYPES: Final[tuple[type[Event], ...]] = (
    FileResolved, FileMissing, CommitResolved, JsonRead, AdapterFound, AdapterAbsent, TrustAsked, ImportsChecked,
    ModuleCopied, ModuleImported, ClassResolved, ClassRegistered, ConfigRead, ConfigBuilt, ModuleBuilt, ModelBuilt,
    ModelLoaded, TokenizerLoaded, ProcessorLoaded, ProcessorFailed, ShardOpened, ShardRead, TensorLoaded,
    ConversionFailed, WeightsReport, ModuleEntered, ModuleLeft, OperatorRan, DeviceTimes, TextPrepared,
    InputsPrepared, OutputsRead, ChatRendered, TokenGenerated, Generated, PeftApplied, NotFed, NotEncoded, NotGenerated,
    WarningGiven, LogWritten, TextPrinted,
)  # fmt: skip
"""The type of each kind of step that a probe makes."""

E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


class Recorded(msgspec.Struct, Generic[E_co], frozen=True):
    """An event with the step that recorded it."""

    step: Step
    event: E_co


def event_of(step: Step, kind: type[E]) -> E | None:
    """Return what the step recorded if it is of this kind, else None."""
    return read_event(step.data, kind) if step.kind == kind.kind else None


def raised_in(step: Step) -> Raised:
    """Return what a step recorded of an exception that was first seen there, whatever kind a probe gave the step."""
    return read_event(step.data, Raised)


def events(trace: Trace, *kinds: type[E], stop: int | None = None) -> Iterator[Recorded[E]]:
    """Yield every event of these kinds in a trace, in order, up to but not including the step ``stop``."""
    types = {kind.kind: kind for kind in kinds}
    for step in trace.steps(stop=stop, kinds=types):
        yield Recorded(step, read_event(step.data, types[step.kind]))


def read_event(data: dict[str, Any], kind: type[E]) -> E:
    """Return the data of a step of this kind; a field of another type than it should have gets its default."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return msgspec.convert({name: data[name] for name, type_ in _fields(kind) if _fits(data, name, type_)}, kind)


def _fits(data: dict[str, Any], name: str, type_: Any) -> bool:
    if name not in data:
        return False
    try:
        msgspec.convert(data[name], type_)
    except msgspec.ValidationError:
        return False
    return True


@cache
def _fields(kind: type[Event]) -> list[tuple[str, Any]]:
    """Return the name in the JSON and the type of each field."""
    return [(field.encode_name, field.type) for field in msgspec.structs.fields(kind)]
