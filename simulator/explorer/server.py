"""The page and its questions over HTTP, for a browser on this machine.

Only the files of the page are given out, by name. A request that another site has a browser send is refused: its
``Host`` has to name this server (whatever name another site lets point here), its ``Origin``, where there is one, has
to be this server, and a question is JSON, which no form sends. Requests are bounded in size, time and number.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import threading
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import simulator
from simulator.errors import UsageError, VirtlabError
from simulator.explorer import choices
from simulator.explorer.answering import Explorer
from simulator.explorer.question import Mistaken, read
from simulator.explorer.visitors import Visitors
from simulator.explorer.workers import LATER, NOW, Unwanted

LARGEST_BYTES = 64 * 1024
"""Of a question."""
SILENT_S = 30.0
"""After so long without a word a connection is closed."""
MOST_AT_ONCE = 64
"""Connections; more have to wait until one ends."""
PORTS_TRIED = 20
_MOST_GIVEN = 8
_PAGE = {
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    "/words.js": ("words.js", "text/javascript"),
    "/state.js": ("state.js", "text/javascript"),
    "/figures.js": ("figures.js", "text/javascript"),
    "/controls.js": ("controls.js", "text/javascript"),
    "/page.js": ("page.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Server(ThreadingHTTPServer):
    """Serves one explorer.

    Args:
        host: the address to listen at.
        port: the port; 0: any that is free.
        explorer: what answers questions.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, explorer: Explorer) -> None:
        self.explorer = explorer
        self.visitors = Visitors()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._host = host
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Take the address; no name is looked up for it, which may take long without a network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self._host, self.server_address[1]

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    @cached_property
    def open_to_others(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(str(self.server_address[0])).is_loopback

    def is_here(self, host: str) -> bool:
        """Whether a ``Host`` header names this server: no name that others could let point here."""
        try:
            name = urlsplit(f"//{host}")
            port = name.port or 80
        except ValueError:
            return False
        if port != self.server_port or name.username is not None or name.hostname is None:
            return False
        if name.hostname in ("localhost", self._host.lower()):
            return True
        try:
            address = ipaddress.ip_address(name.hostname)
        except ValueError:
            return self.open_to_others and name.hostname == socket.gethostname().lower()
        return address.is_loopback or self.open_to_others

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, as soon as there are few enough."""
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is nothing to tell."""

    def close(self) -> None:
        """Stop listening and end all worker processes."""
        self.server_close()
        self.explorer.close()


def open_server(host: str, port: int, explorer: Explorer, *, exactly: bool) -> Server:
    """A server at the port, or where that is taken at the next one that is free.

    Args:
        host: the address to listen at.
        port: the port.
        explorer: what answers questions.
        exactly: no other port will do.

    Raises:
        UsageError: there is no such address, or no port.
    """
    if not host:  # to a socket that would mean every address
        raise UsageError("an empty text is no address; leave out --host, or take 127.0.0.1")
    tried = range(port, min(port + 1 if exactly or port == 0 else port + PORTS_TRIED, 65536))
    for each in tried:
        try:
            return Server(host, each, explorer)
        except socket.gaierror:
            raise UsageError(f"{host!r} is no address of this machine; leave out --host, or take 127.0.0.1") from None
        except PermissionError:
            raise UsageError(f"port {each} is not for everybody; take one above 1023, e.g. --port 8765") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise UsageError(f"cannot listen at {host}: {error.strerror}; take --host 127.0.0.1") from None
    taken = f"port {port} is" if len(tried) == 1 else f"ports {port} to {tried[-1]} are"
    raise UsageError(f"{taken} in use; end what runs there, or take another, e.g. --port {min(port + 100, 65000)}")


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = f"virtlab/{simulator.__version__}", ""
    timeout = SILENT_S
    _READ: ClassVar[dict[str, tuple[Any, tuple[str, ...]]]] = {
        "/api/choices": (choices.names, ()),
        "/api/titles": (choices.titles, ()),
        "/api/machine": (choices.machine, ("name",)),
        "/api/workload": (choices.workload, ("name", "machine")),
    }

    def do_GET(self) -> None:
        """The page's files, and what there is to choose."""
        if not self._is_ours():
            return
        try:
            url = urlsplit(self.path)
            given = dict(parse_qsl(url.query, max_num_fields=_MOST_GIVEN))
        except ValueError:
            self._say(400, "this is no address of a page, or too much is given")
            return
        if url.path in _PAGE:
            name, kind = _PAGE[url.path]
            self._send(200, files("simulator.explorer").joinpath("page", name).read_bytes(), kind)
            return
        if url.path == "/api/stacks":
            self._reply(lambda: self.server.explorer.stacks(given.get("name", ""), given.get("machine", "")))
        elif url.path in self._READ:
            function, wanted = self._READ[url.path]
            self._reply(lambda: self.server.explorer.choices(function, *(given.get(name, "") for name in wanted)))
        else:
            self._say(404, "there is no such page")

    def do_POST(self) -> None:
        """A question."""
        if not self._is_ours():
            return
        body = self._body()
        if body is None:
            return
        if self.path != "/api/answer":
            self._say(404, "there is no such page")
            return
        try:
            data = json.loads(body)
            page, number, later = str(data["page"])[:64], int(data["number"]), bool(data.get("later"))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self._say(400, "a question is JSON with 'page', 'number' and 'question'")
            return
        wanted = self.server.visitors.asks(page, number)
        priority = LATER if later else NOW
        self._reply(lambda: self.server.explorer.answer(read(data.get("question")), wanted, priority))

    def _is_ours(self) -> bool:
        """Whether a request was meant for this server by its own page or its user; else it is refused."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if not self.server.is_here(host):
            self._say(421, "this server is asked for by another name; open the address that 'virtlab serve' printed")
            return False
        foreign = self.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and self.command != "GET"
        if foreign or (origin is not None and origin != f"http://{host}"):
            self._say(403, "only the page of this server may ask")
            return False
        return True

    def _body(self) -> bytes | None:
        """The body of a request; None where it was refused."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        length = self.headers.get("Content-Length", "")
        if kind != "application/json":
            self._say(415, "a question is JSON")
        elif not length.isdecimal():
            self._say(411, "say how long the question is")
        elif len(length) > 9 or int(length) > LARGEST_BYTES:
            self._say(413, f"a question has at most {LARGEST_BYTES} bytes")
        else:
            return self.rfile.read(int(length))
        return None

    def _reply(self, answer: Any) -> None:
        """The answer of a function as JSON, or in words why there is none."""
        code = 200
        try:
            body = _encoded(answer())
        except Mistaken as error:
            # no error of the protocol: a browser's console is not to complain of what somebody has typed
            body = _encoded({"mistakes": [each.data() for each in error.mistakes]})
        except Unwanted:
            body = _encoded({"stale": True})
        except VirtlabError as error:
            body = _encoded({"mistakes": [{"field": "", "message": str(error), "remedy": ""}]})
        except Exception as error:  # a defect: the page says so, and the server goes on
            code, body = 500, _encoded({"error": f"a defect of virtlab: {type(error).__name__}: {error}"})
        self._send(code, body, "application/json")

    def _say(self, code: int, text: str) -> None:
        self.close_connection = True  # what it may have sent beside was not read
        self._send(code, _encoded({"error": text}), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is a lecturer's."""


def _encoded(data: Any) -> bytes:
    """As JSON.

    Raises:
        ValueError: it has a number that JSON has not, as infinity.
    """
    return json.dumps(data, allow_nan=False).encode()
