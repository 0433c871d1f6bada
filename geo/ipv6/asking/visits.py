"""One page over one protocol: the addresses that DNS gave, the name kept for TLS and for the Host header, redirects followed by hand.

aiohttp is told what a name resolves to (its resolver is replaced, a documented way), so a connection goes to the addresses of one
protocol and no other, and the certificate is still held against the name. Every redirect is checked like the address that began: its
scheme, its port, its name, the addresses that it has in this protocol.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from socket import AF_INET, AF_INET6, AddressFamily
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from geo.ipv6.addresses import is_allowed
from geo.ipv6.answers import Family, NameAnswer, Visit
from geo.ipv6.hosts import BadHostError, Target, joined
from geo.ipv6.pages import read_page
from geo.ipv6.settings import AskingSettings, PageSettings

__all__ = ["Visitor"]

_FAMILIES: Mapping[Family, AddressFamily] = {4: AF_INET, 6: AF_INET6}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: What may be gone another time.
_PASSING = frozenset({"connect_timeout", "tls_timeout", "read_timeout", "reset", "malformed"})
#: OpenSSL's X509_V_ERR_… (x509_vfy.h) behind a certificate that was refused.
_CERTIFICATES = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "certificate_self_signed",
    19: "certificate_unknown_issuer",
    20: "certificate_unknown_issuer",
    21: "certificate_unknown_issuer",
    62: "certificate_wrong_name",
    64: "certificate_wrong_name",
}
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETDOWN, errno.EACCES, errno.EPERM})

Lookup = Callable[[str, Family], Awaitable[NameAnswer]]
Gate = Callable[[str], AbstractAsyncContextManager[None]]


class _Pinned(AbstractResolver):
    """Answers with addresses that were chosen before."""

    def __init__(self, addresses: Mapping[str, str], family: Family) -> None:
        self._addresses = addresses
        self._family = _FAMILIES[family]

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        """Return the address of a name that was pinned; no other name has one."""
        address = self._addresses.get(host)
        if address is None:
            raise OSError(errno.EADDRNOTAVAIL, "not pinned")
        return [ResolveResult(hostname=host, host=address, port=port, family=self._family, proto=0, flags=0)]

    async def close(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Makes visits.

    Attributes
    ----------
    settings : AskingSettings
    pages : PageSettings
    lookup : callable
        Addresses of a name in a protocol.
    gate : callable
        Holds visits to one address apart.
    tls : ssl.SSLContext
    """

    settings: AskingSettings
    pages: PageSettings
    lookup: Lookup
    gate: Gate
    tls: ssl.SSLContext

    async def visit(self, target: Target, scheme: str, family: Family) -> Visit:
        """Return what came of asking for a page over one protocol alone."""
        for time in range(self.settings.times):
            if time:
                await asyncio.sleep(self.settings.again_seconds)
            try:
                async with asyncio.timeout(self.settings.visit_seconds):
                    found = await self._followed(target, scheme, family)
            except TimeoutError:
                found = Visit(family, scheme, "read_timeout", final_url=target.url(scheme, self._default(scheme)))
            if found.status not in _PASSING:
                break
        return found

    def _default(self, scheme: str) -> int:
        return self.settings.https_port if scheme == "https" else self.settings.http_port

    async def _followed(self, target: Target, scheme: str, family: Family) -> Visit:
        limits = self.settings
        pinned: dict[str, str] = {}
        resolver = _Pinned(pinned, family)
        # With one address at a time nothing falls back: what answered is known. unsafe: hosts that are addresses may set cookies too.
        connector = aiohttp.TCPConnector(
            resolver=resolver, family=_FAMILIES[family], ssl=self.tls, use_dns_cache=False, happy_eyeballs_delay=None, force_close=True
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_seconds, sock_read=limits.read_seconds)
        headers = {"User-Agent": limits.user_agent, "Accept": "text/html,application/xhtml+xml,*/*;q=0.5", "Accept-Language": "vi,en;q=0.5", "Accept-Encoding": "identity"}
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True), auto_decompress=False, trust_env=False
        ) as session:
            now = scheme
            for redirects in range(limits.most_redirects + 1):
                url = target.url(now, self._default(now))
                here = Visit(family, scheme, "answered", final_url=url, redirects=redirects)
                found, location = await self._one(session, target, url, here, pinned)
                if location is None:
                    return found
                try:
                    target = joined(url, location, allowed_ports=limits.allowed_ports)
                except BadHostError:
                    return replace(found, status="redirect_not_allowed")
                now = target.scheme
        return replace(found, status="too_many_redirects")

    async def _one(
        self, session: aiohttp.ClientSession, target: Target, url: str, here: Visit, pinned: dict[str, str]
    ) -> tuple[Visit, str | None]:
        """Return what one URL gave, and where it leads if it is a redirect."""
        answer = await self._addresses(target, here.family)
        redirected = here.redirects > 0
        if answer.status != "found":
            nothing = answer.status in {"no_data", "no_domain"}
            status = ("redirect_without_address" if nothing else "redirect_name_fault") if redirected else "no_address"
            return replace(here, status=status), None
        allowed = [address for address in answer.values if is_allowed(address, self.settings.networks)]
        if not allowed:
            return replace(here, status="redirect_not_allowed" if redirected else "address_not_allowed", address=answer.values[0]), None
        worst: Visit | None = None
        for address in allowed[: self.settings.most_addresses]:
            pinned[target.host] = address
            async with self.gate(address):
                found, location = await self._fetched(session, url, replace(here, address=address))
            if found.status == "answered":
                return found, location
            # What is said of several addresses that all fail: the fault that came furthest.
            worst = found if worst is None or _far(found.status) > _far(worst.status) else worst
        return worst or here, None

    async def _addresses(self, target: Target, family: Family) -> NameAnswer:
        if target.address:
            version: Family = 6 if ":" in target.address else 4
            return NameAnswer("found", (target.address,)) if version == family else NameAnswer("no_data")
        return await self.lookup(target.host, family)

    async def _fetched(self, session: aiohttp.ClientSession, url: str, here: Visit) -> tuple[Visit, str | None]:
        try:
            async with session.get(url, allow_redirects=False) as reply:
                location = reply.headers.get("Location") if reply.status in _REDIRECTS else None
                if location is not None:
                    return replace(here, http_status=reply.status), location
                body, cut = await _read(reply.content, self.settings.body_bytes)
                plain = _inflated(body, reply.headers.get("Content-Encoding", ""), self.settings.body_bytes)
                page = read_page(plain, reply.headers.get("Content-Type", ""), self.pages)
                return replace(here, http_status=reply.status, title=page.title, sketch=page.sketch, body_bytes=len(body), cut=cut), None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            status = _fault(error)
        if status == "connect_timeout" and url.startswith("https") and await self._connects(here.address, url):
            status = "tls_timeout"
        return replace(here, status=status), None

    async def _connects(self, address: str, url: str) -> bool:
        """Tell whether TCP alone comes about: one time-out is counted for TCP and TLS together."""
        try:
            async with asyncio.timeout(self.settings.connect_seconds):
                _, writer = await asyncio.open_connection(address, urlsplit(url).port or self.settings.https_port)
        except (TimeoutError, OSError):
            return False
        writer.close()
        return True


async def _read(stream: aiohttp.StreamReader, most: int) -> tuple[bytes, bool]:
    """Return the first bytes of a body and whether there were more."""
    parts: list[bytes] = []
    size = 0
    async for part in stream.iter_any():
        parts.append(part)
        size += len(part)
        if size > most:
            break
    return b"".join(parts)[:most], size > most


def _inflated(body: bytes, encoding: str, most: int) -> bytes:
    """Undo a compression that was not asked for, up to as many bytes: a small body may hold a giant page."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    try:
        return zlib.decompressobj(wbits=47 if "gzip" in encoding.lower() else 15).decompress(body, most)
    except zlib.error:
        return b""


def _far(status: str) -> int:
    order = ("no_route", "connect_timeout", "connection_refused", "reset", "tls_timeout", "tls_failed", "read_timeout", "malformed")
    return len(order) if status.startswith("certificate") else order.index(status) if status in order else 0


def _fault(error: BaseException) -> str:
    """Return the status of a visit that an error ended."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "connect_timeout"
    if isinstance(error, TimeoutError):
        return "read_timeout"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
        return _CERTIFICATES.get(getattr(inner, "verify_code", -1), "certificate_invalid")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "tls_failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _os_fault(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "reset"
    if isinstance(error, aiohttp.ClientOSError | OSError) and not isinstance(error, aiohttp.ClientResponseError):
        return _os_fault(error)
    return "malformed"


def _os_fault(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return "connection_refused"
    if error.errno in _NO_ROUTE:
        return "no_route"
    return "connect_timeout" if error.errno == errno.ETIMEDOUT else "reset"
