"""What an address is: one of the Internet, or one that leads nowhere from outside.

Ranges: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890), as the standard library has them; those that an AAAA
record is met with are named.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from geo.ipv6.settings import Network

__all__ = ["KINDS", "address_kind", "is_allowed"]

#: Kind to the ranges that have it; the first that holds.
_KINDS: tuple[tuple[str, tuple[Network, ...]], ...] = tuple(
    (kind, tuple(ipaddress.ip_network(text) for text in texts))
    for kind, texts in (
        ("unspecified", ("::/128", "0.0.0.0/8")),
        ("loopback", ("::1/128", "127.0.0.0/8")),
        ("ipv4_mapped", ("::ffff:0:0/96",)),  # RFC 4291, 2.5.5.2
        ("ipv4_compatible", ("::/96",)),  # RFC 4291, 2.5.5.1, deprecated
        ("nat64", ("64:ff9b::/96", "64:ff9b:1::/48")),  # RFC 6052, 8215: made by a network's own resolver, an IPv4 server behind
        ("discard", ("100::/64",)),  # RFC 6666
        ("teredo", ("2001::/32",)),  # RFC 4380
        ("documentation", ("2001:db8::/32", "3fff::/20", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")),  # RFC 3849, 9637, 5737
        ("six_to_four", ("2002::/16", "192.88.99.0/24")),  # RFC 3056; its relays are gone (RFC 7526)
        ("unique_local", ("fc00::/7",)),  # RFC 4193
        ("link_local", ("fe80::/10", "169.254.0.0/16")),
        ("site_local", ("fec0::/10",)),  # RFC 3879, deprecated
        ("multicast", ("ff00::/8", "224.0.0.0/4")),
        ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")),  # RFC 1918, 6598
    )
)
#: What an address can be, besides an address of the Internet (``global``).
KINDS = (*(kind for kind, _ in _KINDS), "reserved", "invalid")


def address_kind(address: str) -> str:
    """Return ``global`` for an address of the Internet, else which of :data:`KINDS`: ``reserved`` is every range without a name here."""
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return "invalid"
    if getattr(value, "scope_id", None):
        return "invalid"  # a zone of one machine: no record holds it
    for kind, ranges in _KINDS:
        if any(value in network for network in ranges if network.version == value.version):
            return kind
    # 2000::/3 is what IANA gives out (RFC 4291, 2.4; RFC 3513).
    given_out = value.version == 4 or value in ipaddress.ip_network("2000::/3")
    return "global" if value.is_global and given_out else "reserved"


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address may be visited: one of the Internet, or in a network that the settings allow."""
    kind = address_kind(address)
    if kind in {"global", "invalid"}:
        return kind == "global"
    value = ipaddress.ip_address(address)
    return any(value in network for network in networks if network.version == value.version)
