"""One DNS server, one web server, certificates made for the run."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import trustme

from geo.ipv6.answers import HostAnswers
from geo.ipv6.asking.portals import ask_portals
from geo.ipv6.hosts import Target, target_of
from geo.ipv6.settings import AskingSettings, asking_settings, page_settings
from tests.ipv6.servers import Dns, Site, Web, in_thread, page, require_ipv6


@dataclass
class Kept:
    """Answers held in memory."""

    content: dict[Target, HostAnswers]
    saved: int = 0

    def find(self, target: Target) -> HostAnswers | None:
        return self.content.get(target)

    def keep(self, target: Target, answers: HostAnswers) -> None:
        assert HostAnswers.from_json(answers.to_json()) == answers
        self.content[target] = answers
        self.saved += 1


@dataclass
class Internet:
    """The part of the Internet that a test makes."""

    dns: Dns
    web: Web
    tls: ssl.SSLContext

    def settings(self, **replaced: Any) -> AskingSettings:
        values: dict[str, Any] = {
            "resolvers": [f"127.0.0.1:{self.dns.port}"], "dns_seconds": 0.3, "dns_times": 1, "connect_seconds": 0.4, "read_seconds": 0.4,
            "visit_seconds": 1.5, "times": 1, "again_seconds": 0.0, "http_port": self.web.http_port, "https_port": self.web.https_port,
            "allowed_ports": [], "allowed_networks": ["::1/128", "127.0.0.0/8"], "pause_seconds": 0.0, "per_address": 8,
            "reference_hosts": [f"reference.example:{self.web.http_port}"],
        }  # fmt: skip
        return asking_settings(**{**values, **replaced})

    def site(self, host: str, ipv4: Any = None, ipv6: Any = None, *, certificate: str = "good", a: str = "127.0.0.1", aaaa: str = "::1") -> None:
        """Add a host; the same page over both protocols unless told otherwise, no record where the address is empty."""
        first = page() if ipv4 is None else ipv4
        self.web.sites[host] = Site(first, first if ipv6 is None else ipv6, certificate)
        if a:
            self.dns.add(host, "A", a)
        if aaaa:
            self.dns.add(host, "AAAA", *aaaa.split())

    def ask(self, *texts: str, store: Kept | None = None, **replaced: Any) -> HostAnswers:
        """Ask about portals; return the answers of the first."""
        settings = self.settings(**replaced)
        targets = [target_of(text, allowed_ports=settings.allowed_ports) for text in texts]
        found = ask_portals(targets, settings, page_settings(), store if store is not None else Kept({}), tls=self.tls)
        return found[targets[0]]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def context_of(authority: trustme.CA) -> Callable[[str, str], ssl.SSLContext]:
    """Give the server's side of TLS for a name, with a good certificate or one of a kind of fault."""
    now = datetime.now(UTC)

    @cache
    def made(name: str, kind: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        maker = trustme.CA() if kind == "unknown" else authority
        dates = {"expired": (now - timedelta(30), now - timedelta(1)), "early": (now + timedelta(5), now + timedelta(9))}.get(kind, (None, None))
        identity = "other.example" if kind == "wrong_name" else name
        maker.issue_cert(identity, not_before=dates[0], not_after=dates[1]).configure_cert(context)
        return context

    return made


@pytest.fixture
def internet(authority: trustme.CA, context_of: Callable[[str, str], ssl.SSLContext]) -> Iterator[Internet]:
    require_ipv6()
    web, names = Web(), Dns(zones=["example"])

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        site = web.sites.get(name or "")
        connection.context = context_of(name or "none.example", site.certificate if site else "good")

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.sni_callback = choose
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    with in_thread() as run:
        run(names.start())
        run(web.start(server))
        made = Internet(names, web, client)
        made.site("reference.example")
        try:
            yield made
        finally:
            run(web.stop())
            run(names.stop())


@pytest.fixture
def kept() -> Callable[[], Kept]:
    return lambda: Kept({})
