"""What was asked of the network and what came back, without judgement; kept on disk as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

__all__ = [
    "CERTIFICATE_FAULTS", "NAME_STATUSES", "VISIT_STATUSES", "Family", "HostAnswers", "Machine", "NameAnswer", "ServerAnswer", "Visit",
]  # fmt: skip

Family = Literal[4, 6]
#: Of a question to DNS. ``no_data``: the name exists, the record does not; ``no_domain``: NXDOMAIN; ``server_failure``: SERVFAIL.
NAME_STATUSES = (
    "found", "no_data", "no_domain", "chain_loop", "chain_too_long", "timeout", "server_failure", "refused", "malformed", "no_resolver", "not_asked",
)  # fmt: skip
#: An issuer is unknown too where the server leaves out a certificate between its own and a known one.
CERTIFICATE_FAULTS = (
    "certificate_expired", "certificate_not_yet_valid", "certificate_wrong_name", "certificate_self_signed",
    "certificate_unknown_issuer", "certificate_invalid",
)  # fmt: skip
#: Of a visit. ``answered``: a whole HTTP answer, of whatever status; ``tls_timeout``: TCP came about, TLS did not, as where packets are too large
#: for the path; ``malformed``: what came is no HTTP.
VISIT_STATUSES = (
    "answered", "no_address", "address_not_allowed", "no_route", "connection_refused", "connect_timeout", "tls_timeout", "read_timeout", "reset", "malformed",
    "tls_failed", *CERTIFICATE_FAULTS, "too_many_redirects", "redirect_not_allowed", "redirect_without_address", "redirect_name_fault", "not_asked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """What DNS says of one name and kind of record.

    Attributes
    ----------
    status : str
        One of :data:`NAME_STATUSES`.
    values : tuple of str
        Addresses, or names of servers; sorted.
    chain : tuple of str
        Canonical names that were gone through, in order.
    validated : bool or None
        True where the resolver says that it checked the signatures; None where it says nothing, which an unsigned zone and a resolver
        that does not check have in common.
    """

    status: str
    values: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    validated: bool | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One page asked for over one protocol alone.

    Attributes
    ----------
    family : {4, 6}
    scheme : {"http", "https"}
    status : str
        One of :data:`VISIT_STATUSES`.
    http_status : int or None
    final_url : str
        After redirects, or where they ended.
    redirects : int
    address : str
        That answered last, or was tried last.
    title : str
    sketch : tuple of int
        See :mod:`geo.ipv6.pages`.
    body_bytes : int
        Read.
    cut : bool
        Whether there was more.
    """

    family: Family
    scheme: str
    status: str
    http_status: int | None = None
    final_url: str = ""
    redirects: int = 0
    address: str = ""
    title: str = ""
    sketch: tuple[int, ...] = ()
    body_bytes: int = 0
    cut: bool = False

    @property
    def spoke(self) -> bool:
        """Whether a server was there, whatever it said: not a refusal, which a wall on the way may send too."""
        return self.status in {"answered", "tls_failed", "malformed", *CERTIFICATE_FAULTS} or self.status.startswith(("redirect", "too_many"))


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """A mail or name server of a domain.

    Attributes
    ----------
    name : str
    status : str
        Of the question for its AAAA record.
    addresses : tuple of str
    port : str
        Of a mail server over IPv6, as statuses of visits; ``not_asked`` unless the settings ask for it.
    """

    name: str
    status: str
    addresses: tuple[str, ...] = ()
    port: str = "not_asked"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine that asked can reach itself.

    Attributes
    ----------
    ipv6_source, ipv4_source : str
        Kind of the address that it would send from, ``none`` without one.
    ipv6_works, ipv4_works : bool
        Something answered over the protocol: a reference host or a portal.
    """

    ipv6_source: str
    ipv4_source: str
    ipv6_works: bool
    ipv4_works: bool


@dataclass(frozen=True, slots=True)
class HostAnswers:
    """All that was asked about one portal.

    Attributes
    ----------
    host, url : str
        Checked; the address that was asked for, and as which it was asked.
    scheme : str
        As the list named it, empty where it did not.
    checked_at : str
        UTC, ISO 8601.
    machine : Machine
    aaaa, a : NameAnswer
    visits : tuple of Visit
    zone : str
        Nearest zone above or at the host, empty where not found.
    signed : bool or None
        Whether the zone has a DNSKEY record; None where that was not answered.
    name_servers : NameAnswer
        NS of the zone.
    mail : NameAnswer
        MX, of the nearest name that has any.
    mail_domain : str
    servers : tuple of ServerAnswer
        Of both.
    """

    host: str
    url: str
    scheme: str
    checked_at: str
    machine: Machine
    aaaa: NameAnswer
    a: NameAnswer
    visits: tuple[Visit, ...] = ()
    zone: str = ""
    signed: bool | None = None
    name_servers: NameAnswer = NameAnswer("not_asked")
    mail: NameAnswer = NameAnswer("not_asked")
    mail_domain: str = ""
    servers: tuple[ServerAnswer, ...] = ()

    def visit(self, family: Family, scheme: str) -> Visit:
        """Return the visit over a protocol and scheme; ``not_asked`` if there was none."""
        for visit in self.visits:
            if (visit.family, visit.scheme) == (family, scheme):
                return visit
        return Visit(family, scheme, "not_asked")

    def server(self, name: str) -> ServerAnswer:
        """Return what was found of a server."""
        return next((server for server in self.servers if server.name == name), ServerAnswer(name, "not_asked"))

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, texts and numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> HostAnswers:
        """Return what :meth:`to_json` made.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the content is something else.
        """
        plain = dict(content)
        texts = ("host", "url", "scheme", "checked_at", "zone", "mail_domain")
        values: dict[str, Any] = {name: str(plain[name]) for name in texts}
        values |= {name: _made(NameAnswer, plain[name]) for name in ("aaaa", "a", "name_servers", "mail")}
        values |= {"machine": _made(Machine, plain["machine"]), "signed": plain["signed"]}
        values |= {name: tuple(_made(kind, item) for item in plain[name]) for name, kind in (("visits", Visit), ("servers", ServerAnswer))}
        return cls(**values)


def _made(kind: Any, content: Mapping[str, Any]) -> Any:
    values = {f.name: content[f.name] for f in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
