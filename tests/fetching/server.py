"""A publisher on 127.0.0.1 that serves files as one should, and on demand as none should: byte by byte, over plain sockets."""

from __future__ import annotations

import email.utils
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["OLD", "Publisher", "Request", "answer", "publishing"]

#: A day long before any test.
OLD = email.utils.formatdate(1_600_000_000, usegmt=True)


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]

    @property
    def first_byte(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(found[1]) if found else 0


@dataclass
class Reply:
    """What is written: a head, and a body as chunks with a pause after each."""

    head: bytes
    chunks: tuple[bytes, ...] = ()
    pause: float = 0.0
    abort: bool = False


Way = Callable[["Publisher", Request], Reply]


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"", *, length: int | None = None, **how: object) -> Reply:
    """Return an answer; ``length`` lies about the body's."""
    given = {"Connection": "close", "Date": email.utils.formatdate(usegmt=True), **(headers or {})}
    if length != -1 and "Transfer-Encoding" not in given:
        given["Content-Length"] = str(len(body) if length is None else length)
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items() if value)]
    return Reply(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), (body,), **how)  # type: ignore[arg-type]


@dataclass
class Publisher:
    """Files by path; ``script``: ways in which the next requests for a path are answered, each once, the last one ever after if ``lasting``."""

    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    script: dict[str, list[Way]] = field(default_factory=dict)
    lasting: set[str] = field(default_factory=set)
    asked: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def etag(self, path: str) -> str:
        return f'"{hashlib.md5(self.files[path], usedforsecurity=False).hexdigest()}"'

    def whole(self, path: str) -> dict[str, str]:
        return {"ETag": self.etag(path), "Last-Modified": OLD, "Accept-Ranges": "bytes", **self.headers.get(path, {})}

    def proper(self, request: Request) -> Reply:
        """Answer as RFC 9110 asks."""
        if request.path not in self.files:
            return answer(404, {"Content-Type": "text/html"}, b"<html><title>Not Found</title></html>")
        body, headers = self.files[request.path], self.whole(request.path)
        first = request.first_byte
        if "range" in request.headers and request.headers.get("if-range", self.etag(request.path)) in {self.etag(request.path), OLD}:
            if first >= len(body):
                return answer(416, {"Content-Range": f"bytes */{len(body)}"})
            return answer(206, {**headers, "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}, body[first:])
        return answer(200, headers, body)

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        ways = self.script.get(request.path, [])
        if not ways:
            return self.proper(request)
        return (ways[0] if len(ways) == 1 and request.path in self.lasting else ways.pop(0))(self, request)

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            raw = b""
            while b"\r\n\r\n" not in raw:
                more = connection.recv(65536)
                if not more:
                    return
                raw += more
            first, *lines = raw.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            reply = self.reply(Request(first.split(" ")[1], {k.lower(): v for k, v in headers.items()}))
            connection.sendall(reply.head)
            for chunk in reply.chunks:
                connection.sendall(chunk)
                if reply.pause:
                    time.sleep(reply.pause)
            if reply.abort:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def publishing() -> Iterator[Publisher]:
    """Give a running publisher."""
    publisher = Publisher()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher.port = listener.getsockname()[1]
        stopped = threading.Event()

        def accept() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=publisher.serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield publisher
        finally:
            stopped.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", publisher.port), 1).close()
            thread.join(5)
