"""The player in a browser: textual-serve on the loopback address, for this machine only.

Every user of the machine reaches that address, so the player is served at a path that cannot be guessed.
"""

from __future__ import annotations

import errno
import hmac
import logging
import re
import secrets
import shlex
import socket
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from tracer.i18n import N_, Lang, reason_of, tr
from tracer.launch.interpreter import python_command
from tracer.trace.errors import TracerError

HOST: Final = "127.0.0.1"
PORT: Final = 8765
MOST_PLAYERS: Final = 8  # at a time: each is a process
_SHUTDOWN_TIMEOUT: Final = 2.0  # seconds that open browsers can delay the end

_RUN: Final = "from tracer.cli.main import main; main()"

# In textual-serve's page: a font that it would fetch from the network, no title, keys that wait for a click, downloads
# that leave the secret out of their address, and an end that looks like another program's.
_FONT: Final = re.compile(r"<link[^>]*https://fonts[^>]*>")
_LOOKS: Final = """
body { background: #121212; }
.shade { background: #121212; }
.intro { color: #e0e0e0; background: #1e1e1e; border: 1px solid #0178d4; font-family: menlo, consolas, monospace; }
.intro svg, .closed-dialog .shade { display: none; }
.closed-dialog .intro { flex-direction: column; }
body Button { background: #0178d4; color: #000; font-family: inherit; font-size: inherit; }
Button:hover { background: #4aa3e8; }
"""
_WORDS: Final = {"Session ended.": N_("The player has been closed."), "Restart": N_("Open it again")}
_ADDED: Final = """<title>{title}</title><link rel="icon" href="data:,"><style>{looks}</style><script>
const waiting = setInterval(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys) { keys.focus(); clearInterval(waiting); }
}, 50);
const open_ = window.open, here = location.origin + location.pathname;
window.open = (url, ...rest) => {
  const downloads = location.origin + "/download/";
  if (!String(url).startsWith(downloads)) return open_.call(window, url, ...rest);
  const link = document.createElement("a");
  link.href = String(url).replace(downloads, here + "download/");
  link.download = "";
  link.click();
};
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({data}) => {
      if (typeof data === "string") return;
      const title = new TextDecoder().decode(data).match(/\\x1b\\]2;([^\\x07]*)\\x07/);
      if (title) document.title = title[1];
    });
  }
};
</script></head>"""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def command(file: Path, lang: Lang, options: Sequence[str] = ()) -> str:
    """Return the command that textual-serve runs for each browser."""
    return shlex.join(python_command(_RUN, "replay", "--lang", lang, *options, "--", str(file.absolute())))


def serve(
    file: Path, title: str, lang: Lang, port: int, ready: Callable[[str], None], options: Sequence[str] = ()
) -> None:
    """Serve until Ctrl-C; ``ready`` is called with the address once browsers can connect.

    ``title`` is the page's, until the player there writes its own.

    Raises:
        TracerError: the port can't be had.
    """
    with _listening(port) as listening:
        server = _Loopback(command(file, lang, options), listening.getsockname()[1], title, lang)
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # a browser's player may end a moment after the server
        web.run_app(
            server.application(lambda: ready(server.address)),
            sock=listening,
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
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
        message = N_(
            "Port {port} of {host} can't be used ({why}). Choose another with --port, or any free one: --port 0"
        )
        if error.errno == errno.EADDRINUSE:
            message = N_("Port {port} of {host} is in use. Choose another with --port, or any free one: --port 0")
        raise TracerError(
            message,
            port=port,
            host=HOST,
            why=reason_of(error),
        ) from error
    return listening


class _Loopback(Server):
    """A server for those who know the address, not for the machine's other users or pages of other origins."""

    def __init__(self, command: str, port: int, title: str, lang: Lang) -> None:
        super().__init__(command, host=HOST, port=port, title=title, public_url=f"http://{HOST}:{port}")
        self._lang: Lang = lang
        self._secret = f"/{secrets.token_urlsafe(24)}"
        self._players = 0

    @property
    def address(self) -> str:
        """The address of the player."""
        return f"{self.public_url}{self._secret}/"

    async def application(self, ready: Callable[[], None]) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_subapp(self._secret, await self._make_app())

        async def started(_: web.Application) -> None:
            ready()

        app.on_startup.append(started)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing; the command prints the address."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            raise web.HTTPForbidden(text="This is not the address that glm-trace printed.")
        if request.host == f"localhost:{self.port}" and path in ("", "/"):
            raise web.HTTPFound(self.address)
        # Checking the host keeps out names made to point here; checking the origin, pages of other sites.
        if request.host != f"{HOST}:{self.port}" or request.headers.get("Origin", self.public_url) != self.public_url:
            raise web.HTTPForbidden(text="This player is for its own page alone.")
        if path == "":
            raise web.HTTPFound(self.address)
        if path == "/ws":
            return await self._play(request, handler)
        response = await handler(request)
        if path == "/" and isinstance(response, web.Response) and response.text is not None:
            response.text = self._own_page(response.text)
            response.headers["Content-Security-Policy"] = self._policy
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _own_page(self, page: str) -> str:
        """Return textual-serve's page with what it lacks."""
        added = _ADDED.replace("{title}", escape(self.title)).replace("{looks}", _LOOKS)
        page = _FONT.sub("", page).replace("</head>", added)
        for theirs, ours in _WORDS.items():
            page = page.replace(f">{theirs}<", f">{escape(tr(self._lang, ours))}<")
        return page

    def _path(self, request: web.Request) -> str | None:
        """Return the path below the secret; None if the secret is missing."""
        given, rest = request.path[: len(self._secret)], request.path[len(self._secret) :]
        known = hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode())
        return rest if known and (not rest or rest.startswith("/")) else None

    async def _play(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Run a player for each browser, unless too many are running."""
        if not web.WebSocketResponse().can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(text="The player's page opens this address as a websocket.")
        if self._players >= MOST_PLAYERS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PLAYERS} players are open already. Close one of them.")
        self._players += 1
        try:
            return await handler(request)
        finally:
            self._players -= 1

    @property
    def _policy(self) -> str:
        """The content security policy: nothing from elsewhere, and no embedding in frames."""
        return (
            "default-src 'self' 'unsafe-inline' data: blob:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
            f"connect-src 'self' ws://{HOST}:{self.port}; frame-ancestors 'none'"
        )
