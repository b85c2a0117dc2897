"""The player in a browser: textual-serve on the loopback address, for this machine alone."""

from __future__ import annotations

import errno
import logging
import re
import shlex
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from tracer.export.phrases import Lang
from tracer.launch.interpreter import python_command
from tracer.trace.errors import TracerError

HOST: Final = "127.0.0.1"
PORT: Final = 8765
_PATIENCE: Final = 2.0  # seconds that open browsers hold up the end

_RUN: Final = "from tracer.cli.main import main; main()"

# In textual-serve's page: a font that it would fetch from the network, and keys that wait for a click.
_FONT: Final = re.compile(r"<link[^>]*https://fonts[^>]*>")
_KEYS_AT_ONCE: Final = """<link rel="icon" href="data:,"><script>
const waiting = setInterval(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys) { keys.focus(); clearInterval(waiting); }
}, 50);
</script></head>"""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def command(file: Path, lang: Lang, options: Sequence[str] = ()) -> str:
    """The command that textual-serve runs for each browser."""
    return shlex.join(python_command(_RUN, "replay", "--lang", lang, *options, "--", str(file.absolute())))


def serve(file: Path, lang: Lang, port: int, ready: Callable[[str], None], options: Sequence[str] = ()) -> None:
    """Serve until Ctrl-C; ``ready`` is told the address once browsers can connect.

    Raises:
        TracerError: the port can't be had.
    """
    with _listening(port) as listening:
        server = _Loopback(command(file, lang, options), listening.getsockname()[1], f"glm-trace · {file.name}")
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # a browser's player may end a moment after the server
        web.run_app(
            server.application(lambda: ready(server.public_url)),
            sock=listening,
            shutdown_timeout=_PATIENCE,
            access_log=None,
            print=lambda *_: None,
        )


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be had ({error.strerror or error})"
        raise TracerError(
            f"Port {port} of {HOST} {why}. Choose another with --port, or any free one: --port 0"
        ) from error
    return listening


class _Loopback(Server):
    """textual-serve that answers its own page alone: another page in the same browser must not read a trace."""

    def __init__(self, command: str, port: int, title: str) -> None:
        super().__init__(command, host=HOST, port=port, title=title, public_url=f"http://{HOST}:{port}")

    async def application(self, ready: Callable[[], None]) -> web.Application:
        app = await self._make_app()
        app.middlewares.append(self._guard)

        async def started(_: web.Application) -> None:
            ready()

        app.on_startup.append(started)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing; the command does."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.host == f"localhost:{self.port}" and request.path == "/":
            raise web.HTTPFound(self.public_url)
        # The host keeps out names that were made to point here, the origin pages of somebody else.
        if request.host != f"{HOST}:{self.port}" or request.headers.get("Origin", self.public_url) != self.public_url:
            raise web.HTTPForbidden(text="This player is for its own page alone.")
        response = await handler(request)
        if request.path == "/" and isinstance(response, web.Response) and response.text is not None:
            response.text = _FONT.sub("", response.text).replace("</head>", _KEYS_AT_ONCE)
            response.headers["Content-Security-Policy"] = self._policy
        return response

    @property
    def _policy(self) -> str:
        """Nothing from elsewhere, and in nobody's frame."""
        return (
            "default-src 'self' 'unsafe-inline' data: blob:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
            f"connect-src 'self' ws://{HOST}:{self.port}; frame-ancestors 'none'"
        )
