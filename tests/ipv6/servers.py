"""Servers on this machine alone: an authoritative DNS server over UDP and TCP, and web servers on ::1 and 127.0.0.1."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

__all__ = ["Dns", "Site", "Web", "in_thread", "page", "require_ipv6"]


def machine_has_loopback_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def kernel_has_ipv6() -> bool:
    """Tell whether the machine is meant to have IPv6: then ::1 has to be there."""
    return os.path.exists("/proc/net/if_inet6") and os.path.getsize("/proc/net/if_inet6") >= 0 and bool(
        open("/proc/net/if_inet6", encoding="ascii").read().strip()
    )


def require_ipv6() -> None:
    """Skip without ::1; where nothing may be skipped, fail if the kernel has IPv6 addresses and ::1 cannot be bound all the same."""
    if machine_has_loopback_ipv6():
        return
    if os.environ.get("VUNGPHU_REQUIRE_EXTERNAL", "0") not in {"", "0"} and kernel_has_ipv6():
        pytest.fail("this machine has IPv6 addresses but nothing can be bound to ::1", pytrace=False)
    pytest.skip("::1 is not available: IPv6 is switched off on this machine")


@contextmanager
def in_thread() -> Iterator[Callable[[Any], Any]]:
    """Yield a function that runs a coroutine in the loop of another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def settle() -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(settle(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass
class Dns:
    """An authoritative server.

    ``records``: (name, kind) to texts; ``zones``: names that have an SOA; ``behaviour``: name to one of servfail, refused, silent, garbage, cut
    (the answer is cut over UDP), nameless (REFUSED for AAAA alone), lying (NXDOMAIN for AAAA alone), whole (the chain in one answer, as resolvers do).
    """

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    zones: list[str] = field(default_factory=list)
    behaviour: dict[str, str] = field(default_factory=dict)
    validates: bool = False
    port: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    _closers: list[Callable[[], None]] = field(default_factory=list)

    def add(self, name: str, kind: str, *texts: str) -> None:
        self.records[name, kind] = list(texts)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=("127.0.0.1", self.port))
        self._closers = [transport.close, server.close]

    async def stop(self) -> None:
        for close in self._closers:
            close()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2), "big")
            reply = self.reply(await reader.readexactly(size), "tcp")
            if reply is not None:
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def reply(self, wire: bytes, over: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, over))
        how = self.behaviour.get(name, "")
        if how == "silent":
            return None
        if how == "garbage":
            return wire[:2] + b"\x84\x00\xff\xff"
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | (dns.flags.AD if self.validates else 0)
        failed = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED}.get(how)
        if kind == "AAAA" and how in {"nameless", "lying"}:
            failed = dns.rcode.REFUSED if how == "nameless" else dns.rcode.NXDOMAIN
        if failed is not None:
            answer.set_rcode(failed)
            return answer.to_wire()
        if how == "cut" and over == "udp":
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        self._fill(answer, name, kind)
        while how == "whole" and answer.answer and answer.answer[-1].rdtype == dns.rdatatype.CNAME and kind != "CNAME":
            target = answer.answer[-1][0].target.to_text(omit_final_dot=True)
            if target in {rrset.name.to_text(omit_final_dot=True) for rrset in answer.answer}:
                break
            before = len(answer.answer)
            self._fill(answer, target, kind)
            if len(answer.answer) == before:
                break
        return answer.to_wire(max_size=65535)

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        owner = dns.name.from_text(name)
        for have in (kind, "CNAME"):
            texts = self.records.get((name, have))
            if texts:
                answer.answer.append(dns.rrset.from_text(owner, 60, "IN", have, *texts))
                return
        zone = next((z for z in sorted(self.zones, key=len, reverse=True) if name == z or name.endswith(f".{z}")), "")
        soa = dns.rrset.from_text(dns.name.from_text(zone or "."), 60, "IN", "SOA", "ns. root. 1 2 3 4 5")
        if kind == "SOA" and name == zone:
            answer.answer.append(soa)
            return
        if zone:
            answer.authority.append(soa)
        exists = name == zone or any(have == name or have.endswith(f".{name}") for have, _ in self.records)
        if not exists:
            answer.set_rcode(dns.rcode.NXDOMAIN)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Dns) -> None:
        self.server = server
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        reply = self.server.reply(data, "udp")
        if reply is not None:
            self.transport.sendto(reply, addr)


def page(title: str = "Cổng thông tin điện tử", text: str = "", *, status: str = "200 OK", head: str = "", charset: str = "utf-8") -> bytes:
    """Return a whole HTTP answer; ``text`` is repeated words unless given."""
    words = text or " ".join(f"tin số {k} của xã {title}" for k in range(30))
    body = f"<!doctype html><html><head><title>{title}</title></head><body><p>{words}</p></body></html>".encode(charset, "xmlcharrefreplace")
    return answer(body, f"Content-Type: text/html; charset={charset}\r\n{head}", status)


def answer(body: bytes, head: str = "", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n".encode() + body


def redirect(to: str, head: str = "") -> bytes:
    return answer(b"", f"Location: {to}\r\n{head}", "302 Found")


@dataclass
class Site:
    """What a host answers over each protocol: bytes, a function of the request's head, or silent, closed, slow, endless."""

    ipv4: Any = ""
    ipv6: Any = ""
    certificate: str = "good"


@dataclass
class Web:
    """Web servers on one port of 127.0.0.1 and ::1, plain and under TLS; the site is chosen by the Host header."""

    sites: dict[str, Site] = field(default_factory=dict)
    http_port: int = 0
    https_port: int = 0
    requests: list[tuple[int, str, str, bytes]] = field(default_factory=list)
    greeting: bytes = b""
    busy: int = 0
    busiest: int = 0
    _servers: list[asyncio.Server] = field(default_factory=list)

    async def start(self, tls: ssl.SSLContext | None = None, families: tuple[str, ...] = ("127.0.0.1", "::1")) -> None:
        self.http_port = await self._listen(families, None)
        if tls is not None:
            self.https_port = await self._listen(families, tls)

    async def _listen(self, families: tuple[str, ...], tls: ssl.SSLContext | None) -> int:
        for _ in range(50):
            port, made = 0, []
            try:
                for family in families:
                    made.append(await asyncio.start_server(lambda r, w: self._serve(r, w, tls is not None), family, port, ssl=tls))
                    port = made[0].sockets[0].getsockname()[1]
            except OSError:  # the port is taken in the other protocol
                for server in made:
                    server.close()
                continue
            self._servers += made
            return int(port)
        raise OSError("no port is free in both protocols")

    async def stop(self) -> None:
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: bool) -> None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            if self.greeting:
                writer.write(self.greeting)
                return
            head = await reader.readuntil(b"\r\n\r\n")
            family = 6 if ":" in writer.get_extra_info("sockname")[0] else 4
            host = next(line[5:].strip().decode() for line in head.split(b"\r\n") if line.lower().startswith(b"host:"))
            name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
            self.requests.append((family, "https" if tls else "http", host, head))
            site = self.sites.get(name)
            what = "closed" if site is None else site.ipv6 if family == 6 else site.ipv4
            what = what(head, "https" if tls else "http") if callable(what) else what
            await self._answer(what, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self.busy -= 1
            writer.close()

    async def _answer(self, what: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(what, bytes):
            writer.write(what)
            await writer.drain()
        elif what == "silent":
            await reader.read()  # until the other side has enough
        elif what == "slow":  # a byte now and then
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            for _ in range(100):
                writer.write(b"<p>x")
                await writer.drain()
                await asyncio.sleep(0.05)
        elif what == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Endless</title>")
            while not writer.transport.is_closing():  # a closed one takes writes without a word
                writer.write(b"<p>word</p>" * 1000)
                await writer.drain()
                await asyncio.sleep(0)  # drain alone lets nobody else run while the other side keeps up
