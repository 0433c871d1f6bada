"""Questions to DNS: UDP, then TCP where the answer was cut; chains of canonical names followed by hand, so that loops are named.

dnspython speaks the protocol; what is ours is what an answer means.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from geo.errors import InputError
from geo.ipv6.answers import NameAnswer
from geo.ipv6.settings import AskingSettings

__all__ = ["Names", "resolver_addresses"]

#: Largest answer asked for over UDP: the DNS flag day 2020's, that no path cuts.
_PAYLOAD = 1232


def resolver_addresses(settings: AskingSettings) -> list[tuple[str, int]]:
    """Return address and port of the resolvers that are asked; empty if the machine has none.

    Raises
    ------
    InputError
        If one that the settings name is no address.
    """
    if settings.resolvers:
        return [_address_and_port(text) for text in settings.resolvers]
    try:
        machine = dns.resolver.Resolver(configure=True)
    except dns.exception.DNSException:
        return []
    return [(str(server), machine.port) for server in machine.nameservers]


def _address_and_port(text: str) -> tuple[str, int]:
    host, port = text.strip(), "53"
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", host)
    if bracketed:
        host, port = bracketed.group(1), bracketed.group(2) or port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError as error:
        raise InputError(
            f"resolvers = '{text}': cần địa chỉ IP của máy chủ DNS, ví dụ 192.0.2.1 hoặc [2001:db8::1]:53.",
            f"resolvers = '{text}': the IP address of a DNS resolver is needed, such as 192.0.2.1 or [2001:db8::1]:53.",
        ) from error


@dataclass(slots=True)
class Names:
    """Asks DNS and remembers for one run what it said, so that a zone of a hundred portals is asked once.

    Attributes
    ----------
    settings : AskingSettings
    resolvers : sequence of (str, int)
    asked : int
        Questions sent.
    """

    settings: AskingSettings
    resolvers: Sequence[tuple[str, int]]
    asked: int = 0
    _known: dict[tuple[str, str], asyncio.Task[NameAnswer]] = field(default_factory=dict)

    async def find(self, name: str, kind: str) -> NameAnswer:
        """Return what DNS says of a name.

        Parameters
        ----------
        name : str
            A-labels.
        kind : {"AAAA", "A", "NS", "MX", "DNSKEY", "SOA"}
            Values of NS and MX are names of servers, of SOA the zone's name (of the zone above where the name has no such record
            but the answer says), of DNSKEY the number of keys.
        """
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = asyncio.create_task(self._followed(*key))
        return await asyncio.shield(self._known[key])

    async def _followed(self, name: str, kind: str) -> NameAnswer:
        wanted = dns.rdatatype.from_text(kind)
        chain: list[str] = []
        current, validated = name, True
        while True:
            status, reply = await self._asked(current, wanted)
            if reply is None:
                return NameAnswer(status, (), tuple(chain))
            validated = validated and bool(reply.flags & dns.flags.AD)
            asked_for = current
            # Follow what this answer holds of the chain.
            while True:
                owner = dns.name.from_text(current)
                found = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, wanted)
                if found is not None:
                    return NameAnswer("found", tuple(sorted({_value(item, kind, current) for item in found})), tuple(chain), validated or None)
                alias = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.CNAME)
                if alias is None:
                    break
                target = alias[0].target.to_text(omit_final_dot=True).lower()
                if target == name or target in chain:
                    return NameAnswer("chain_loop", (), (*chain, target))
                chain.append(target)
                current = target
                if len(chain) > self.settings.longest_chain:
                    return NameAnswer("chain_too_long", (), tuple(chain))
            if current != asked_for and not _zone_said(reply, current):
                continue  # an alias of whose target this answer says nothing: ask for it
            if status == "no_domain":
                return NameAnswer("no_domain", (), tuple(chain), validated or None)
            above = _zone_said(reply, current) if kind == "SOA" else ""
            return NameAnswer("no_data", (above,) if above else (), tuple(chain), validated or None)

    async def _asked(self, name: str, kind: dns.rdatatype.RdataType) -> tuple[str, dns.message.Message | None]:
        """Return ``answered`` or ``no_domain`` with the answer, else a fault without one."""
        fault = "no_resolver"
        for _ in range(self.settings.dns_times):
            for where, port in self.resolvers:
                self.asked += 1
                try:
                    question = dns.message.make_query(name, kind, use_edns=0, payload=_PAYLOAD)
                    question.flags |= dns.flags.AD  # asks to be told whether signatures were checked (RFC 6840, 5.7)
                    reply, _ = await dns.asyncquery.udp_with_fallback(question, where, timeout=self.settings.dns_seconds, port=port, ignore_unexpected=True)
                except dns.exception.Timeout:
                    fault = "timeout"
                    continue
                except (dns.exception.DNSException, EOFError, ValueError):
                    fault = "malformed"
                    continue
                except OSError:
                    fault = "no_resolver"
                    continue
                code = reply.rcode()
                if code == dns.rcode.NOERROR:
                    return "answered", reply
                if code == dns.rcode.NXDOMAIN:
                    return "no_domain", reply
                fault = {dns.rcode.SERVFAIL: "server_failure", dns.rcode.REFUSED: "refused"}.get(code, "malformed")
        return fault, None


def _value(item: object, kind: str, owner: str) -> str:
    match kind:
        case "NS":
            return _text(item, "target")
        case "MX":
            return _text(item, "exchange")
        case "SOA":
            return owner
        case "DNSKEY":
            return "key"
        case _:
            return str(ipaddress.ip_address(_text(item, "address")))


def _text(item: object, attribute: str) -> str:
    value = getattr(item, attribute)
    return value.to_text(omit_final_dot=True).lower() if isinstance(value, dns.name.Name) else str(value)


def _zone_said(reply: dns.message.Message, name: str) -> str:
    """Return the zone that the SOA record of a negative answer names (RFC 2308), empty if it is none above or at the name."""
    whole = dns.name.from_text(name)
    for rrset in reply.authority:
        if rrset.rdtype == dns.rdatatype.SOA and whole.is_subdomain(rrset.name) and rrset.name != dns.name.root:
            return rrset.name.to_text(omit_final_dot=True).lower()
    return ""
