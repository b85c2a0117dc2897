"""Rules for files: missing, malformed or truncated."""

from __future__ import annotations

import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Certainty, Evidence
from tracer.analysis.diagnosis.config_values import asked_in_call, config_json
from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.hub_rules import not_from_hub
from tracer.analysis.diagnosis.json_rules import READ_BY_THE_LIBRARY, fault, text_of
from tracer.analysis.diagnosis.own_code import files_of_kind
from tracer.analysis.diagnosis.recorded_load import REMOTE, RecordedLoad, file_name
from tracer.analysis.diagnosis.thrown import is_users, thrown
from tracer.analysis.diagnosis.weight_file_rules import absent, begins_as_zip, broken_links, neighbours, of_gguf
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_TOKENIZER, MODEL_LOADER
from tracer.trace.events import (
    AdapterFound,
    FileMissing,
    FileResolved,
    JsonRead,
    Recorded,
    Shard,
    ShardOpened,
    ShardRead,
)
from tracer.trace.steps import texts

_WHERE_IN_JSON = re.compile(r"line (\d+) column (\d+)")  # the format of json's errors, since Python 2.6


_NOT_THEMSELVES: Final = {"lfs-pointer": "file-is-pointer", "html": "file-is-page", "empty": "file-is-empty"}


def file_not_itself(load: RecordedLoad) -> Cause | None:
    """Detect a file that holds a Git LFS pointer, a web page or nothing in place of what its name says."""
    if load.failure is None:
        return None
    kinds = files_of_kind(load, *_NOT_THEMSELVES)
    name = _name_being_read(load, kinds)
    if name is None or (kinds[name] == "empty" and name.endswith(".json")):
        return None
    alike = [other for other, kind in kinds.items() if kind == kinds[name] and not other.endswith(".py")]
    values = {"file": name, "names": alike, "count": len(alike)}
    found = next((one for one in reversed(load.events(FileResolved)) if file_name(one.event.path) == name), None)
    certain: Certainty = "likely" if load.enclosing(load.failure.origin, AUTO_TOKENIZER) is not None else "certain"
    remedy = "fetch-files-themselves" if kinds[name] == "lfs-pointer" else "download-again"
    return Cause(_NOT_THEMSELVES[kinds[name]], certain, load.with_raised(_found(found)), values, remedy)


def _name_being_read(load: RecordedLoad, kinds: dict[str, str]) -> str | None:
    """Return which of these files, by name in the directory, was being read when the load failed."""
    failure, root = load.failure, load.root
    if failure is None or root is None or not kinds:
        return None
    reading = load.enclosing(root.origin, "_dict_from_json_file")
    if root.name == "JSONDecodeError" and (reading is not None or load.enclosing(root.origin, AUTO_TOKENIZER) is None):
        if root.origin.function.endswith(MODEL_LOADER):
            return next((name for name in kinds if name.endswith(".index.json")), None)
        path = load.variable(reading, "json_file", at=root.step) if reading is not None else None
        found = _resolved_and_not_read(load, root.step, path)
        path = path if found is None else found.event.path
    elif load.enclosing(failure.origin, MODEL_LOADER) is not None:
        if failure.name not in _UNREADABLE:
            return None
        path = _first_unread(load)
        adapter = next((name for name in kinds if name.startswith("adapter_model.")), None)
        if adapter is not None and load.last(AdapterFound) is not None and _in_model(path) not in kinds:
            return adapter
    elif load.enclosing(failure.origin, AUTO_TOKENIZER) is not None:
        read = [one.event.path for one in load.events(FileResolved) if one.step.number < failure.step]
        path = next((one for one in reversed(read) if _in_model(one) in kinds), None)
    else:
        return None
    name = _in_model(path)
    return name if name in kinds else None


def _in_model(path: Any) -> str:
    return str(path).replace("\\", "/").removeprefix("<model>/")


_UNREADABLE: Final = ("SafetensorError", "UnpicklingError", "EOFError", "OSError", "RuntimeError", "ValueError")
"""What safetensors, torch and the library raise for weights that they can't read."""


def not_json(load: RecordedLoad) -> Cause | None:
    """Detect a JSON file that does not parse: config.json, the index of the weights, a tokenizer's file."""
    root = load.root
    if root is None or root.name not in ("JSONDecodeError", "UnicodeDecodeError") or file_not_itself(load) is not None:
        return None
    place = _WHERE_IN_JSON.search(root.text)
    values: dict[str, Any] = {"line": int(place[1]), "column": int(place[2])} if place else {"line": "?", "column": "?"}
    # Both release lines read the index in the statement that assigns sharded_metadata.
    if root.origin.function.endswith(MODEL_LOADER) and "sharded_metadata" in load.statement(root.origin):
        values["file"] = "model.safetensors.index.json"
        return Cause("not-json", "likely", load.raised(), values, "download-again")
    reading = load.enclosing(root.origin, "_dict_from_json_file")
    path = load.variable(reading, "json_file", at=root.step) if reading is not None else None
    found = _resolved_and_not_read(load, root.step, path)
    values["file"] = path if found is None else found.event.path
    broken = [f"<model>/{name}" for name in READ_BY_THE_LIBRARY if _is_broken(load, name)]
    if broken and root.name == "JSONDecodeError" and values["file"] not in broken:
        if values["file"] is not None and not str(values["file"]).startswith("<model>/"):
            return None
        if len(broken) > 1:
            return None
        values["file"], found = broken[0], None
    if values["file"] is None:
        return None
    if root.name == "UnicodeDecodeError":
        return Cause("not-utf-8", "certain", load.with_raised(_found(found)), {"file": values["file"]}, "write-utf-8")
    text = text_of(load, values["file"])
    if text is not None and place is not None:
        remedy, more = fault(text, values["line"], values["column"])
        chain = load.with_raised(_found(found))
        return Cause("not-json", "certain", chain, {**values, "at": values["line"], **more}, remedy)
    return Cause("not-json", "certain", load.with_raised(_found(found)), values, "repair-json")


def _is_broken(load: RecordedLoad, name: str) -> bool:
    """Return whether a JSON file of the directory was found not to be one when the directory was listed."""
    file = load.trace.meta.file(name)
    return file is not None and file.note("not-json") is not None


def _resolved_and_not_read(load: RecordedLoad, until: int, path: str | None) -> Recorded[FileResolved] | None:
    """Return the event that resolved the last JSON file before a step, unless that file was parsed."""
    for found in reversed(load.events(FileResolved)):
        if found.step.number >= until or not str(found.event.path).endswith(".json"):
            continue
        if path is None and any(
            read.step.number > found.step.number and read.event.path == found.event.path
            for read in load.events(JsonRead)
        ):
            return None
        if path in (None, found.event.path):
            return found
    return None


def config_missing(load: RecordedLoad) -> Cause | None:
    """Detect a directory without config.json. The base of an adapter is another rule's."""
    failure = load.failure
    if failure is None or load.enclosing(failure.origin, AUTO_CONFIG) is None or asked_in_call(load, "gguf_file"):
        return None  # a GGUF file that was named holds the configuration itself
    missing = _missing(load, "config.json", failure.passages[-1].step)
    if missing is None or load.last(AdapterFound) is not None:
        return None
    found = load.last(FileResolved, name="config.json")
    if found is not None and found.step.number > missing.step.number:
        return None
    where = str(missing.event.in_)
    if not _is_folder(where) or path_in_own_code(load) is not None:
        return None
    chain = load.with_raised(_gone(missing))
    kind, values, remedy = _instead_of_config(load, where)
    return Cause(kind, "certain", chain, {"in": where, **values}, remedy)


def _instead_of_config(load: RecordedLoad, where: str) -> tuple[str, dict[str, Any], str]:
    """Return kind, values and remedy for a directory without config.json, by what else is in it."""
    listed = load.trace.meta.directory if where == "<model>" else None
    names = [file.name for file in listed or ()]
    if broken_links(load, _CONFIG) and names:
        return "link-broken", {"file": "config.json"}, "copy-files"
    folders = [name.removesuffix("/config.json") for name in names if name.endswith("/config.json")]
    folders = [folder for folder in folders if _is_of_model(load.trace.meta.json_object(f"{folder}/config.json"))]
    values: dict[str, Any] = {"folders": folders, "folder": folders[0] if folders else None, "count": len(folders)}
    if "model_index.json" in names:
        return "pipeline-of-diffusers", values, "load-pipeline" if folders else "load-whole-pipeline"
    if folders:
        return "config-in-subfolder", values, "load-subfolder"
    original = [name for name in names if name == "params.json" or _ORIGINAL.match(name)]
    if "params.json" in original and len(original) > 1:
        return "weights-as-published", {"names": original}, "take-converted"
    return "config-missing", {}, "write-config"


def _is_of_model(config: dict[str, Any] | None) -> bool:
    """Return whether a config.json is that of a model, and not, say, of a pooling layer of sentence-transformers."""
    return config is not None and bool({"model_type", "architectures", "auto_map"} & config.keys())


_CONFIG: Final = re.compile(r"^config\.json$")
_ORIGINAL: Final = re.compile(r"^consolidated[\w.-]*\.(?:pth|safetensors)$")
"""Weights in the form in which some publishers train and publish, beside a params.json."""


# What huggingface_hub says of a name that can't be one of the hub's, and what transformers 4 makes of it: both only
# where there is no such directory.
_NO_NAME: Final = re.compile(r": '(?P<path>[^']+)'\. (?:Use `repo_type`|Please provide either the path)")


def path_in_own_code(load: RecordedLoad) -> Cause | None:
    """Detect a path that is no directory on this machine, and that the model's own code or its config.json names."""
    failure = thrown(load)
    if failure is None or failure.name not in ("OSError", "HFValidationError"):
        return None
    match = _NO_NAME.search(failure.text)
    if match is None or not re.search(r"^<|[/\\].*[/\\]|^[./~]|^\w:", match["path"]):
        return None
    path, user = match["path"], next(filter(is_users, reversed(failure.frames)), None)
    if user is None or not user.is_remote:
        return None
    values: dict[str, Any] = {"path": path, "file": file_name(user.file), "line": user.line}
    values["statement"] = " ".join(load.statement_of(user).split())
    key = next((name for name, value in config_json(load).items() if value == path), None)
    if key is not None:
        values["key"] = key
        return Cause("path-of-config-absent", "certain", load.with_raised(), values, "write-other-path")
    return Cause("path-of-code-absent", "certain", load.with_raised(), values, "give-other-path")


_HUB_ERRORS: Final = frozenset(
    {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "RepositoryNotFoundError", "GatedRepoError"}
    | {"EntryNotFoundError", "RemoteEntryNotFoundError", "RevisionNotFoundError", "HfHubHTTPError"}
)
_URL: Final = re.compile(r"https?://[^/\s]+/(?P<repository>[^/\s]+/[^/\s]+)/resolve/[^/\s]+/(?P<name>[^\s?]+[^\s?:.,])")


def file_of_hub_absent(load: RecordedLoad) -> Cause | None:
    """Detect own code that downloads a file of the hub by itself, and can't."""
    failure = load.failure
    place = failure.innermost_remote if failure is not None else None
    if failure is None or place is None or failure.name not in _HUB_ERRORS:
        return None
    if any(frame.file.startswith("<transformers>") for frame in failure.frames[failure.frames.index(place) :]):
        return None  # a second model, which another rule knows
    said = [failure.text, *(one.message or "" for one in failure.chained)]
    url = next((found for text in said if (found := _URL.search(text)) is not None), None)
    values: dict[str, Any] = {
        "file": file_name(place.file),
        "line": place.line,
        "statement": " ".join(load.statement_of(place).split()),
        "repository": url["repository"] if url is not None else None,
        "name": url["name"] if url is not None else None,
    }
    kind = "file-of-hub-absent" if url is not None else "download-fails"
    return Cause(kind, "certain", load.with_raised(), values, "download-it" if url is not None else "go-online")


def pickle_refused(load: RecordedLoad) -> Cause | None:
    """Detect own code that reads a pickle with ``torch.load``, which reads only tensors from torch 2.6 on."""
    failure = thrown(load)
    if failure is None or failure.name != "UnpicklingError" or not failure.text.startswith("Weights only load failed"):
        return None
    user = next(filter(is_users, reversed(failure.frames)), None)
    if user is None:
        return None
    values: dict[str, Any] = {
        "file": file_name(user.file),
        "line": user.line,
        "statement": " ".join(load.statement_of(user).split()),
        "torch": load.trace.meta.releases.get("torch", "?"),
    }
    return Cause("pickle-refused", "certain", load.with_raised(), values, "weights-only-false")


_INVALID_NAME: Final = re.compile(
    r"^(?:Repo id must be in the form 'repo_name' or 'namespace/repo_name'|Incorrect path_or_model_id): "
    r"'(?P<path>[^']+)'"
)
"""What the library says of a path that is not there, in 5.23.0 and in 4.44.2."""
_WEIGHTS_FILE: Final = re.compile(r"\.(?:safetensors|bin|gguf|pth?|ckpt|json)$")


def path_not_there(load: RecordedLoad) -> Cause | None:
    """Detect a path that is no directory here, and that can't be the name of a hub model either."""
    failure = load.failure
    match = _INVALID_NAME.match(failure.text) if failure is not None and failure.error == "OSError" else None
    if failure is None or match is None or load.last(AdapterFound) is not None:  # that of a base is another rule's
        return None
    if not any(one.name == "HFValidationError" for one in load.exceptions) or path_in_own_code(load) is not None:
        return None
    path = match["path"]
    values = {"path": path, "folder": path.replace("\\", "/").rpartition("/")[0] or "."}
    if _WEIGHTS_FILE.search(path):
        return Cause("path-of-file", "likely", load.with_raised(), values, "give-directory")
    return Cause("path-not-there", "certain", load.with_raised(), values, "correct-path")


def second_repository(load: RecordedLoad) -> Cause | None:
    """Detect a second model that this one needs and that is not on this machine. Its own code asks."""
    failure, missing = load.failure, load.last(FileMissing)
    if failure is None or missing is None or load.last(AdapterFound) is not None:
        return None
    where, asked = str(missing.event.in_), load.trace.meta.asked
    if _is_folder(where) or where in (asked, "None") or not load.exceptions[0].step <= missing.step.number:
        return None
    if missing.step.number > failure.passages[-1].step or load.enclosing(failure.origin, "get_cached_module_file"):
        return None
    values: dict[str, Any] = {"repository": where, "missing": missing.event.name}
    by = next((one for one in failure.passages if one.module.startswith(f"{REMOTE}.")), None)
    if by is None:
        return None
    values |= {"file": file_name(by.file), "line": by.line, "function": by.function}
    values["statement"] = load.statement(by).strip()
    chain = load.with_raised(_gone(missing), Evidence(by.step, "passed", {"function": by.function}))
    return Cause("second-repository", "certain", chain, values, "fetch-second")


def weights_missing(load: RecordedLoad) -> Cause | None:
    """Detect a directory without weights under any name that the library knows."""
    failure = load.failure
    if failure is None or failure.error != "OSError" or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    shards: list[Recorded[Shard]] = load.events(ShardOpened, ShardRead)
    if shards or checkpoint_files(load) or not_from_hub(load) is not None:
        return None
    # "Error no file named …": 4.44.2 and 5.23.0
    certain = "no file named" in failure.text
    if certain and (instead := neighbours(load, _model_folder(load))) is not None:
        return instead
    return Cause(
        "weights-missing",
        "certain" if certain else "likely",
        load.raised(),
        {"in": _model_folder(load), "names": _named(failure.text)},
        "weights-here",
    )


def shard_missing(load: RecordedLoad) -> Cause | None:
    """Detect a shard that the index names and that is missing."""
    failure = load.failure
    if failure is None or failure.error != "FileNotFoundError":
        return None
    path = _first_unread(load)
    if path is None or not (file_name(path) in failure.text or failure.message is None):
        return None
    files = checkpoint_files(load)
    gone = absent(load, files)
    values: dict[str, Any] = {"file": path, "count": len(files), "read": files.index(path)}
    if len(gone) > 1 and path in gone:
        values["files"] = gone
        return Cause("shards-missing", "certain", load.with_raised(*_shards(load)), values, "download-all-again")
    return Cause("shard-missing", "certain", load.with_raised(*_shards(load)), values, "download-again")


def shard_damaged(load: RecordedLoad) -> Cause | None:
    """Detect a weights file that safetensors or torch can't read."""
    failure = load.failure
    if failure is None:
        return None
    by_safetensors = failure.error.startswith("safetensors") and failure.name == "SafetensorError"
    by_torch = failure.origin.function.endswith(MODEL_LOADER) and _by_torch_load(failure)
    path = _first_unread(load)
    if not (by_safetensors or by_torch) or path is None or file_not_itself(load) is not None:
        return None
    if path in (files := of_gguf(load, checkpoint_files(load))):
        named = {"file": path, "files": files, "count": len(files)}
        return Cause("shard-gguf", "certain", load.with_raised(*_shards(load)), named, "gguf-by-name")
    if by_torch and (objects := _objects_in(failure)):
        named = {"file": path, "names": objects}
        return Cause("shard-has-objects", "certain", load.with_raised(*_shards(load)), named, "save-tensors-alone")
    if by_safetensors and (dtype := _UNKNOWN_DTYPE.search(failure.text)) is not None:
        release = load.trace.meta.releases.get("safetensors", "?")
        named = {"file": path, "dtype": dtype["dtype"], "release": release}
        return Cause("shard-dtype-unknown", "certain", load.with_raised(*_shards(load)), named, "upgrade-safetensors")
    # safetensors 0.4 to 0.6: "incomplete metadata, file not fully covered" for a truncated file, "header too large" and
    # "invalid header" for a file in another format
    if "file not fully covered" in failure.text:
        kind = "shard-truncated"
    elif by_safetensors and "header" in failure.text.rpartition(":")[2]:
        kind = "shard-not-safetensors"
    elif _says(failure, "PytorchStreamReader failed locating file", "file in archive is not in a subdirectory"):
        kind = "shard-other-zip"
    elif _says(failure, "PytorchStreamReader failed finding central directory") or failure.name == "EOFError":
        kind = "shard-truncated-bin"
    elif (
        by_torch and _says(failure, "[Errno 22]") and begins_as_zip(load, path)
    ):  # it seeks the end before the beginning
        kind = "shard-truncated-bin"
    else:
        kind = "shard-damaged"
    values = {"file": path, "message": failure.message}
    return Cause(kind, "certain", load.with_raised(*_shards(load)), values, "download-again")


# torch 2: "Unsupported global: GLOBAL argparse.Namespace was not an allowed global by default"
_OBJECT: Final = re.compile(r"Unsupported global: GLOBAL (?P<name>[\w.]+)")
_UNKNOWN_DTYPE: Final = re.compile(r"in header: unknown variant `(?P<dtype>\w+)`, expected one of `BOOL`")


def _objects_in(failure: RecordedException) -> list[str]:
    """Return the classes in a pickle that ``torch.load(weights_only=True)`` refused to make objects of."""
    said = [failure.text, *(chained.message or "" for chained in failure.chained)]
    return list(dict.fromkeys(name for text in said for name in _OBJECT.findall(text)))


def index_lacks_entry(load: RecordedLoad) -> Cause | None:
    """Detect an index of the weights that is JSON and has not the entries of an index."""
    failure = load.failure
    if failure is None or failure.error != "KeyError" or failure.text.strip("'\"") not in ("weight_map", "metadata"):
        return None
    if not any(frame.function.endswith("get_checkpoint_shard_files") for frame in failure.frames):
        return None
    found = next(
        (one for one in reversed(load.events(FileResolved)) if str(one.event.name).endswith("index.json")), None
    )
    path = found.event.path if found is not None else "model.safetensors.index.json"
    values = {"file": path, "key": failure.text.strip("'\"")}
    return Cause("index-lacks-entry", "certain", load.with_raised(_found(found)), values, "download-again")


def tensors_nested(load: RecordedLoad) -> Cause | None:
    """Detect a pickle that holds dictionaries where the library expects tensors: the checkpoint of a training."""
    failure = load.failure
    if failure is None or failure.error != "AttributeError" or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    inside = _NO_TENSOR.match(failure.text)
    read_dtype = any(frame.function == "get_state_dict_dtype" for frame in failure.frames)
    files = checkpoint_files(load)
    if inside is None or not read_dtype or not files or not files[0].endswith(".bin"):
        return None
    values = {"file": files[0], "type": inside["type"]}
    return Cause("checkpoint-nested", "likely", load.with_raised(), values, "take-inner-dictionary")


_NO_TENSOR: Final = re.compile(r"^'(?P<type>\w+)' object has no attribute 'is_floating_point'")


def torch_too_old(load: RecordedLoad) -> Cause | None:
    """Detect weights that are a pickle, which the library reads with torch 2.6 or later only (since 4.49)."""
    failure = load.failure
    if failure is None or failure.error != "ValueError":
        return None
    checked = any(frame.function == "check_torch_load_is_safe" for frame in failure.frames)
    if not checked and "CVE-2025-32434" not in failure.text:
        return None
    files = [file_name(path) for path in checkpoint_files(load)]
    values = {
        "files": files or ["pytorch_model.bin"],
        "torch": load.trace.meta.releases.get("torch", "?"),
        "release": load.trace.meta.transformers or "?",
    }
    return Cause("torch-too-old", "certain", load.with_raised(), values, "newer-torch-or-safetensors")


def offload_folder_missing(load: RecordedLoad) -> Cause | None:
    """Detect a device map that leaves weights on the disk, in a load that was given no folder for them."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    given = load.given_arguments(load.user_call)
    # "The current `device_map` had weights offloaded to the disk …": every release since 4.20
    if "device_map" not in given or "offload_folder" in given or "offloaded to the disk" not in failure.text:
        return None
    return Cause("offload-folder-missing", "certain", load.with_raised(), {}, "give-offload-folder")


def format_not_named(load: RecordedLoad) -> Cause | None:
    """Detect a safetensors file whose header does not name the format, which transformers 4 insists on."""
    failure = load.failure
    # "The safetensors archive passed at … does not contain the valid metadata." (OSError) and "Incompatible safetensors
    # file. File metadata is not ['pt', …]" (ValueError): 4.30 to 4.57
    said = ("does not contain the valid metadata", "Incompatible safetensors file. File metadata is not")
    if (
        failure is None
        or failure.error not in ("OSError", "ValueError")
        or not any(text in failure.text for text in said)
    ):
        return None
    path = _first_unread(load)
    if path is None:
        return None
    return Cause("format-not-named", "certain", load.with_raised(*_shards(load)), {"file": path}, "name-format")


def _by_torch_load(failure: RecordedException) -> bool:
    """Return whether an exception came out of ``torch.load``, or of what transformers 4 makes of such a one."""
    if failure.name in ("UnpicklingError", "EOFError"):
        return True
    if any(frame.file.replace("\\", "/").endswith("<torch>/serialization.py") for frame in failure.frames):
        return True
    # 4.x, in load_state_dict, where it can't tell what is wrong; RuntimeError is torch's own
    return "PytorchStreamReader" in failure.text or "load weights from pytorch checkpoint file" in failure.text


def _says(failure: RecordedException, *texts: str) -> bool:
    """Return whether an exception, or one that it came from, says one of these."""
    said = [failure.text, *(chained.message or "" for chained in failure.chained)]
    return any(text in message for text in texts for message in said)


def checkpoint_files(load: RecordedLoad) -> list[str]:
    """Return the weights files of the load that failed: those in the index, or the only file."""
    frame = load.enclosing(load.failure.origin, MODEL_LOADER) if load.failure is not None else None
    if frame is None:
        return []
    # 4.44 names the variable resolved_archive_file, 5.x checkpoint_files
    for name in ("checkpoint_files", "resolved_archive_file"):
        value = load.variable(frame, name)
        if isinstance(value, str):
            return [value]
        if files := texts(value):
            return files
    return []


def _first_unread(load: RecordedLoad) -> str | None:
    """Return the first file without a step: files are read (4.44) or opened (5.x) in order; a failing one has none."""
    is_4 = load.release and load.release[0] < 5
    shards: list[Recorded[Shard]] = load.events(ShardRead) if is_4 else load.events(ShardOpened)
    done = {shard.event.path for shard in shards}
    return next((path for path in checkpoint_files(load) if path not in done), None)


def _shards(load: RecordedLoad) -> list[Evidence]:
    """Return the index, and the last files that were read."""
    resolved = load.events(FileResolved)
    index = next((found for found in reversed(resolved) if str(found.event.name).endswith("index.json")), None)
    opened = load.events(ShardOpened)
    read = [Evidence(shard.step.number, "shard-read", {"path": shard.event.path}) for shard in opened]
    found = _found(index)
    return [*([found] if found is not None else []), *read[-2:]]


def _missing(load: RecordedLoad, name: str, until: int) -> Recorded[FileMissing] | None:
    found = load.events(FileMissing)
    before = [missing for missing in found if missing.step.number <= until and missing.event.name == name]
    return before[-1] if before else None


def _found(found: Recorded[FileResolved] | None) -> Evidence | None:
    return Evidence(found.step.number, "file", {"path": found.event.path}) if found is not None else None


def _gone(missing: Recorded[FileMissing]) -> Evidence:
    return Evidence(missing.step.number, "file-missing", {"name": missing.event.name, "in": missing.event.in_})


def _is_folder(where: str) -> bool:
    """Return whether a place in a trace is a folder: under a named root, or a path. A hub name is neither."""
    return where.startswith(("<", "/", "./", "../", "~")) or "\\" in where


def _model_folder(load: RecordedLoad) -> Any:
    call = load.model_call
    frame = call.frame if call is not None else None
    return load.variable(frame, "pretrained_model_name_or_path") if frame is not None else "<model>"


def _named(message: str) -> list[str]:
    """Return the names of weights files that the message lists."""
    said = message.partition(" found in ")[0]  # the directory's own name comes after it
    return re.findall(r"[\w.-]+\.(?:safetensors|bin|h5|msgpack|index)\b", said)
