"""``replay --serve``: only for browsers of this machine that know the address, and until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError

from tests.tui.pseudo_terminal import PROGRAM
from tracer.tui.serving import MOST_PLAYERS

pytestmark = pytest.mark.slow  # seconds each, of whole processes

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Served:
    def __init__(self, file: Path, *options: str) -> None:
        self.folder = file.parent
        self.process = subprocess.Popen(
            [PROGRAM, "replay", file, "--serve", "--port", "0", "--lang", "en", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder,
        )  # fmt: skip
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        found = re.search(r"(http://127\.0\.0\.1:(\d+))(/[\w-]{20,})/", self.said)
        assert found, self.said + self.process.stderr.read()
        self.url, self.origin, self.port, self.secret = found.group(), found[1], int(found[2]), found[3]

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and the output."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out + err


@pytest.fixture
def served(demo_file: Path, tmp_path: Path) -> Iterator[Served]:
    """A server of a trace whose name needs quoting in a shell."""
    folder = tmp_path / 'it\'s "a" $(folder)'
    folder.mkdir()
    one = Served(Path(shutil.copy(demo_file, folder / "de mo;.glmtrace")), "--step", "1000")
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.communicate()


async def output(socket: ClientWebSocketResponse, text: bytes) -> None:
    """Wait until the player has written a text."""
    said = b""
    while text not in said:
        message = await asyncio.wait_for(socket.receive(), 30)
        assert isinstance(message.data, bytes), message
        said += message.data


async def delivered(socket: ClientWebSocketResponse) -> str:
    """Wait until the player offers a file; return its key."""
    while True:
        message = await asyncio.wait_for(socket.receive(), 30)
        if isinstance(message.data, str) and json.loads(message.data)[0] == "deliver_file_start":
            return str(json.loads(message.data)[1])


def test_the_player_is_served_and_ctrl_c_ends_it_quietly(served: Served) -> None:
    async def visit() -> tuple[int, str]:
        async with ClientSession() as session:
            async with session.get(served.url) as page:
                text = await page.text()
                assert page.status == 200
                assert "de mo;.glmtrace" in text
                assert re.findall(r"https?://(?!127\.0\.0\.1|www\.w3\.org)[\w.]+", text) == []  # nothing from elsewhere
                assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
                assert page.headers["Referrer-Policy"] == "no-referrer"
            for script in re.findall(r'src="(http[^"]+)"', text):
                async with session.get(script) as answer:
                    assert answer.status == 200
            address = f"{served.url}ws?width=120&height=40"
            async with session.ws_connect(address, headers={"Origin": served.origin}) as terminal:
                await output(terminal, b"1000")
                await terminal.send_json(["stdin", "\x1b[C"])
                await output(terminal, b"1001")
                return await asyncio.to_thread(served.interrupt)

    assert asyncio.run(visit()) == (0, "")


def test_the_page_has_a_title_and_its_own_end(served: Served) -> None:
    """The player there adds the step to the title, so that two pages can be told apart."""

    async def visit() -> None:
        async with ClientSession() as session:
            async with session.get(served.url) as page:
                text = await page.text()
            title = re.search("<title>(.*?)</title>", text)
            assert title is not None
            assert re.fullmatch(r".+ · de mo;\.glmtrace · glm-trace", title[1])
            assert "The player has been closed." in text
            assert "Session ended." not in text
            address = f"{served.url}ws?width=120&height=40"
            async with session.ws_connect(address, headers={"Origin": served.origin}) as terminal:
                await output(terminal, "step 1000 · de mo;.glmtrace · glm-trace\x07".encode())

    asyncio.run(visit())


def test_the_screen_is_downloaded(served: Served) -> None:
    folder = served.folder

    async def visit() -> None:
        async with ClientSession() as session:
            address = f"{served.url}ws?width=120&height=40"
            async with session.ws_connect(address, headers={"Origin": served.origin}) as terminal:
                await output(terminal, b"Variables")
                await terminal.send_json(["stdin", "\x13"])
                key = await delivered(terminal)
                async with session.get(f"{served.url}download/{key}") as answer:
                    assert answer.status == 200
                    assert "attachment; filename=glm-trace-step-1000.svg" in answer.headers["Content-Disposition"]
                    assert (await answer.text()).startswith("<svg")

    asyncio.run(visit())
    assert list(folder.glob("*.svg")) == []  # nothing beside the server


def test_other_pages_and_hosts_are_refused(served: Served) -> None:
    """That is another page in the same browser, a host name made to point here, and another address."""

    async def visit() -> None:
        async with ClientSession() as session:
            with pytest.raises(WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served.url}ws", headers={"Origin": "http://elsewhere.example"})
            assert refused.value.status == 403
            for path in ("", "ws", "static/js/textual.js"):
                headers = {"Host": f"elsewhere.example:{served.port}"}
                async with session.get(served.url + path, headers=headers) as answer:
                    assert answer.status == 403
            name = f"http://localhost:{served.port}/"
            async with session.get(served.url, headers={"Host": name[7:-1]}, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, served.url)

    asyncio.run(visit())
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", served.port))  # another loopback address of this machine


def test_other_users_of_the_machine_are_refused(served: Served) -> None:
    """Without the secret there is neither a page nor a player, also for a request without an Origin."""
    wrong = served.secret[:-1] + ("a" if served.secret[-1] != "a" else "b")

    async def visit() -> None:
        async with ClientSession() as session:
            for start in ("", wrong, f"{wrong}{served.secret}", served.secret.lower() + "x", f"/x{served.secret}"):
                for path in ("/", "/ws", "/static/js/textual.js", "/download/x"):
                    async with session.get(f"{served.origin}{start}{path}", allow_redirects=False) as answer:
                        assert answer.status == 403
                        assert served.secret not in await answer.text()
                with pytest.raises(WSServerHandshakeError) as refused:
                    await session.ws_connect(f"{served.origin}{start}/ws")
                assert refused.value.status == 403

    asyncio.run(visit())
    assert served.interrupt() == (0, "")


def test_the_number_of_players_is_limited(served: Served) -> None:
    async def visit() -> None:
        async with ClientSession() as session:
            opened = [await session.ws_connect(f"{served.url}ws") for _ in range(MOST_PLAYERS)]
            with pytest.raises(WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served.url}ws")
            assert refused.value.status == 503
            await output(opened[0], b"1000")
            for one in opened:
                await one.close()
            for _ in range(300):
                with suppress(WSServerHandshakeError):
                    await (await session.ws_connect(f"{served.url}ws")).close()
                    return
                await asyncio.sleep(0.1)
            raise AssertionError("no player can be opened again")

    asyncio.run(visit())


def test_an_address_without_a_page_is_answered_quietly(served: Served) -> None:
    async def visit() -> None:
        async with ClientSession() as session:
            async with session.get(f"{served.url}ws") as answer:
                assert answer.status == 426
            async with session.get(served.url.rstrip("/")) as answer:
                assert answer.status == 200

    asyncio.run(visit())
    assert served.interrupt() == (0, "")


def test_a_port_in_use(demo_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [PROGRAM, "replay", demo_file, "--serve", "--port", str(port)], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert " ".join(done.stderr.split()).startswith(f"Error: Port {port} of 127.0.0.1 is in use.")


class Page:
    """A page of a headless Chromium, driven through its developer tools."""

    def __init__(self, tools: ClientWebSocketResponse) -> None:
        self._tools = tools
        self._count = 0

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        self._count += 1
        await self._tools.send_json({"id": self._count, "method": method, "params": arguments})
        while True:
            answer = json.loads((await asyncio.wait_for(self._tools.receive(), 30)).data)
            if answer.get("id") == self._count:
                return answer["result"]

    async def until(self, condition: str) -> None:
        for _ in range(300):
            answer = await self.call("Runtime.evaluate", expression=condition, returnByValue=True)
            if answer["result"].get("value") is True:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"never: {condition}")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_in_a_browser(served: Served, tmp_path: Path) -> None:
    """The player paints, and takes keys without a click."""
    profile = tmp_path / "profile"
    browser = subprocess.Popen(
        [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
         f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip

    async def visit() -> None:
        port_file = profile / "DevToolsActivePort"
        for _ in range(300):
            if port_file.exists() and "\n" in port_file.read_text():
                break
            await asyncio.sleep(0.1)
        tools = f"http://127.0.0.1:{port_file.read_text().splitlines()[0]}"
        async with ClientSession() as session:
            async with session.get(f"{tools}/json") as answer:
                [found] = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(found["webSocketDebuggerUrl"], max_msg_size=0) as opened:
                page = Page(opened)
                await page.call("Page.navigate", url=served.url)
                await page.until("document.body?.classList.contains('-first-byte') === true")
                await page.until("document.activeElement.classList.contains('xterm-helper-textarea')")
                await asyncio.sleep(1)
                await page.call("Input.dispatchKeyEvent", type="keyDown", key="q", text="q")
                await page.until("document.body.classList.contains('-closed')")

    try:
        asyncio.run(visit())
    finally:
        browser.terminate()
        browser.wait(30)
