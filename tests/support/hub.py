"""A loopback hub: the few endpoints that huggingface_hub asks when a model is loaded, served from folders of ours."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tests.support.loads import Loads
from tracer.launch.process_start import PRELOADED, Child, _ForkedChild, path_of, run_forked, write_job_file
from tracer.trace.job import Job

TOKEN: Final = "hf_LoopbackTokenOfTheTests1234567890"


@dataclass
class Answer:
    """What the hub says in place of a file or a list: a status, headers and a body, as they are."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None  # the connection is closed after so many bytes of the body
    after: float = 0.0  # seconds until it is given


@dataclass
class Repository:
    """A repository: its commits, each with a folder, and the branches and tags that name them."""

    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Path] = field(default_factory=dict)
    gated: bool = False
    private: bool = False

    def add(self, folder: Path, *refs: str) -> str:
        """Add a commit with these files; return its hash."""
        commit = hashlib.sha1(f"{id(self)} {len(self.commits)}".encode()).hexdigest()
        self.commits[commit] = folder
        self.refs.update(dict.fromkeys(refs or ("main",), commit))
        return commit


class Hub:
    """A hub on a port of its own.

    Attributes:
        url: for ``HF_ENDPOINT``.
        repositories: by ``OWNER/NAME``.
        requests: what was asked: method, path, whether with a token.
        answers: asked first, for each request; None leaves it to the hub.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[tuple[str, str, bool]] = []
        self.answers: Callable[[str, str], Answer | None] = lambda method, path: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._other_host = f"http://localhost:{self._server.server_address[1]}"  # what stores the large files
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, folder: Path, *refs: str, **kinds: bool) -> str:
        """Add a commit to a repository, which is made if need be; return its hash."""
        repository = self.repositories.setdefault(name, Repository(**kinds))
        return repository.add(folder, *refs)

    def asked(self, ending: str, method: str = "GET") -> int:
        """Return how often something was asked for."""
        return sum(1 for made, path, _ in self.requests if made == method and path.endswith(ending))

    def answer(self, method: str, path: str, *, token: bool) -> Answer:
        given = self.answers(method, path)
        if given is not None:
            return given
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[:2] == ["api", "models"] and len(parts) >= 4:
            name, kind, rest = "/".join(parts[2:4]), (parts[4:5] or ["revision"])[0], parts[5:]
        elif len(parts) >= 5 and parts[2] == "resolve":
            name, kind, rest = "/".join(parts[:2]), "resolve", parts[3:]
        elif parts[0] == "cdn":
            return _file(Path("/", *parts[1:]), "")
        else:
            return Answer(404)
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not token):
            return _refusal(401, "RepoNotFound", "Repository not found")
        revision = rest[0] if rest else "main"
        commit = repository.refs.get(revision, revision)
        if commit not in repository.commits:
            return _refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        folder = repository.commits[commit]
        if kind == "revision":
            return _as_json(_info(name, commit, folder, repository))
        if repository.gated and not token:
            return _refusal(401, "GatedRepo", f"Access to model {name} is restricted. You must be authenticated.")
        if kind == "tree":
            below = folder.joinpath(*rest[1:])
            listed = [file for file in _tree(folder) if (folder / file["path"]).is_relative_to(below)]
            return _as_json(listed) if below.is_dir() else _refusal(404, "EntryNotFound", "Entry not found", commit)
        if kind == "resolve":
            file = folder.joinpath(*rest[1:])
            if not file.is_file():
                return _refusal(404, "EntryNotFound", "Entry not found", commit)
            if file.suffix == ".safetensors":
                return _redirect(f"{self._other_host}/cdn{file}", file, commit)
            return _file(file, commit)
        return Answer(404)


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            token = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            hub.requests.append((self.command, path, token))
            answer = hub.answer(self.command, path, token=token)
            time.sleep(answer.after)
            body = answer.body
            status = answer.status
            range_ = self.headers.get("Range")
            if range_ and status == 200:
                body, status = body[int(range_.removeprefix("bytes=").split("-")[0]) :], 206
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body[: answer.cut_at])
                    if answer.cut_at is not None:
                        self.wfile.flush()
                        self.connection.shutdown(socket.SHUT_RDWR)
                        self.close_connection = True

        do_HEAD = do_GET  # noqa: N815 - what BaseHTTPRequestHandler calls

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _refusal(status: int, code: str, message: str, commit: str = "") -> Answer:
    headers = {"X-Error-Code": code, "X-Error-Message": message, **({"X-Repo-Commit": commit} if commit else {})}
    return Answer(status, headers, json.dumps({"error": message}).encode())


def _as_json(value: Any) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _file(path: Path, commit: str) -> Answer:
    body = path.read_bytes()
    headers = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "Accept-Ranges": "bytes"}
    return Answer(200, {**headers, **({"X-Repo-Commit": commit} if commit else {})}, body)


def _redirect(url: str, path: Path, commit: str) -> Answer:
    body = path.read_bytes()
    linked = {"X-Linked-Etag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Linked-Size": str(len(body))}
    return Answer(302, {"Location": url, "X-Repo-Commit": commit, "ETag": '"pointer"', **linked})


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _info(name: str, commit: str, folder: Path, repository: Repository) -> dict[str, Any]:
    siblings = [{"rfilename": file} for file, _ in _files(folder)]
    gated = "manual" if repository.gated else False
    return {"_id": commit[:24], "id": name, "modelId": name, "sha": commit, "siblings": siblings, "gated": gated,
            "private": repository.private, "tags": [], "downloads": 0, "likes": 0}  # fmt: skip


def _tree(folder: Path) -> list[dict[str, Any]]:
    return [
        {"type": "file", "oid": hashlib.sha1(path.read_bytes()).hexdigest(), "size": path.stat().st_size, "path": name}
        for name, path in _files(folder)
    ]


# A warm process has read the hub's variables when it imported huggingface_hub; its forks get those of the test.


class HubLoads(Loads):
    """A recorder of loads in forks that see a hub, with caches of their own."""

    def __init__(self, folder: Path, hub: Hub | None, home: Path, **variables: str) -> None:
        super().__init__(folder)
        self.variables = hub_variables(hub, home, **variables)
        self._start = self.start  # type: ignore[assignment]

    def start(self, job: Job, output: Path | None) -> Child:
        context = get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        job_file = write_job_file(job)
        arguments = (self.variables, str(path_of(job_file)), str(output or os.devnull))
        process = context.Process(target=_run_on_hub, args=arguments)
        process.start()
        return _ForkedChild(process, job_file)


def hub_variables(hub: Hub | None, home: Path, **variables: str) -> dict[str, str]:
    """Return the environment variables that make huggingface_hub ask this hub; without one, a port that is closed."""
    url = hub.url if hub is not None else "http://127.0.0.1:9"
    own = {"HF_HUB_OFFLINE": "0", "HF_HOME": str(home), "HF_MODULES_CACHE": str(home / "modules")}
    return {"HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", **own, **variables}


def _run_on_hub(variables: dict[str, str], job_file: str, output: str) -> None:
    use_hub(variables)
    run_forked(job_file, output)


def use_hub(variables: dict[str, str]) -> None:
    """Make this process, which may have imported huggingface_hub and transformers, see the variables of a hub."""
    os.environ.update(variables)
    import huggingface_hub.constants as constants
    import huggingface_hub.hf_api as hf_api
    from huggingface_hub import utils

    url, home = variables["HF_ENDPOINT"], variables["HF_HOME"]
    offline = variables["HF_HUB_OFFLINE"] == "1"
    cache = os.path.join(home, "hub")
    values: dict[str, Any] = {
        "ENDPOINT": url,
        "HUGGINGFACE_CO_URL_TEMPLATE": url + "/{repo_id}/resolve/{revision}/{filename}",
        "HUGGINGFACE_CO_RESOLVE_ENDPOINT": url,
        "HF_HUB_OFFLINE": offline,
        "_is_offline_mode": offline,
        "HF_HOME": home,
        "HF_HUB_CACHE": cache,
        "HUGGINGFACE_HUB_CACHE": cache,
        "TRANSFORMERS_CACHE": cache,
        "PYTORCH_TRANSFORMERS_CACHE": cache,
        "HF_TOKEN_PATH": os.path.join(home, "token"),
        "HF_MODULES_CACHE": variables["HF_MODULES_CACHE"],
        "HF_HUB_DISABLE_XET": True,
    }
    del constants
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("huggingface_hub", "transformers"):
            held = vars(module)
            held.update({key: value for key, value in values.items() if key in held})
    hf_api.api.endpoint = url
    http = sys.modules["huggingface_hub.utils._http"]
    vars(http)["time"] = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})  # between its attempts
    for reset in ("reset_sessions", "close_session"):
        if hasattr(utils, reset):
            getattr(utils, reset)()


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    try:
        yield hub
    finally:
        hub.close()
