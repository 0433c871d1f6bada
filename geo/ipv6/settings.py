"""Settings of the IPv6 checks; values, units and sources stand in ``resources/ipv6.toml``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from geo import __version__
from geo.errors import InputError
from geo.io.resources import load_toml
from geo.numbers import vietnamese

__all__ = ["AskingSettings", "PageSettings", "UptakeSettings", "asking_settings", "page_settings", "uptake_settings"]

#: Of either protocol.
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Of the user agent: no control character, no bracket.
_CONTACT = re.compile(r"[A-Za-z0-9@._+:/~?=&%-]{0,120}")


@dataclass(frozen=True)
class AskingSettings:
    """How the network is asked.

    Attributes
    ----------
    resolvers : tuple of str
        DNS resolvers, with or without a port; empty: the machine's.
    dns_seconds : float
        For one question to one resolver.
    dns_times : int
        Rounds over the resolvers.
    longest_chain : int
        CNAME records that are followed.
    connect_seconds, read_seconds, visit_seconds : float
    times : int
        How often a visit is made while it runs into time-outs or broken connections.
    again_seconds : float
    most_redirects, most_addresses, body_bytes : int
    http_port, https_port : int
        Used where an address names none.
    allowed_ports : tuple of int
        Empty: any.
    allowed_networks : tuple of str
        Reserved networks that may be visited all the same.
    together, per_address : int
        Portals, and visits to one address, at one time.
    pause_seconds : float
        Between two visits to one address.
    contact : str
    fresh_days : float
        Age up to which an answer is taken again.
    reference_hosts : tuple of str
        Names (with a port if it is not 443) that show whether the machine has IPv6 and IPv4.
    check_mail_port : bool
    mail_port : int
    """

    resolvers: tuple[str, ...]
    dns_seconds: float
    dns_times: int
    longest_chain: int
    connect_seconds: float
    read_seconds: float
    visit_seconds: float
    times: int
    again_seconds: float
    most_redirects: int
    most_addresses: int
    body_bytes: int
    http_port: int
    https_port: int
    allowed_ports: tuple[int, ...]
    allowed_networks: tuple[str, ...]
    together: int
    per_address: int
    pause_seconds: float
    contact: str
    fresh_days: float
    reference_hosts: tuple[str, ...]
    check_mail_port: bool
    mail_port: int

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The allowed networks."""
        return tuple(ipaddress.ip_network(text, strict=False) for text in self.allowed_networks)

    @property
    def user_agent(self) -> str:
        """What a server's log shows."""
        contact = f"; +{self.contact}" if self.contact else ""
        return f"vungphu/{__version__} (IPv6 readiness check of public portals, one page each{contact})"


@dataclass(frozen=True, slots=True)
class PageSettings:
    """How two pages are told apart.

    Attributes
    ----------
    run_words, kept, least_runs : int
        Words in a run, hashes kept, and the runs from which on pages are compared by content.
    like_share, unlike_share : float
        Resemblance from which on pages are one, and below which they are two.
    """

    run_words: int
    kept: int
    least_runs: int
    like_share: float
    unlike_share: float


@dataclass(frozen=True, slots=True)
class UptakeSettings:
    """How shares of tests are formed.

    Attributes
    ----------
    place_m : float
        Size of the places whose tests of one day hang together.
    """

    place_m: float


def asking_settings(**replaced: Any) -> AskingSettings:
    """Return the default settings; keywords replace single ones.

    Raises
    ------
    InputError
        If a value is not of its kind.
    """
    entries = load_toml("ipv6.toml")["asking"]
    values = {f.name: _like(f.name, replaced.pop(f.name, entries[f.name]["value"]), entries[f.name]["value"]) for f in fields(AskingSettings)}
    if replaced:
        raise TypeError(f"no such settings: {sorted(replaced)}")
    made = AskingSettings(**values)
    if not _CONTACT.fullmatch(made.contact):
        raise _wrong("contact", made.contact, "cần địa chỉ thư hoặc trang, không dấu cách", "an e-mail or web address without spaces is needed")
    try:
        made.networks  # noqa: B018 - parsed here, so that a slip shows before the network is asked
    except ValueError as error:
        raise _wrong("allowed_networks", made.allowed_networks, "cần mạng dạng fd00::/8", "networks such as fd00::/8 are needed") from error
    return made


def _like(name: str, value: Any, default: Any) -> Any:
    """Return a value of the default's kind."""
    if isinstance(default, list):
        kind = int if name == "allowed_ports" else str
        if not isinstance(value, list | tuple) or not all(isinstance(v, kind) and not isinstance(v, bool) for v in value):
            raise _wrong(name, value, "cần một danh sách", "a list is needed")
        return tuple(value)
    if isinstance(default, bool | str):
        if not isinstance(value, type(default)):
            raise _wrong(name, value, "cần chữ trong nháy hoặc true/false", "a text in quotes, or true or false, is needed")
        return value
    whole = isinstance(default, int)
    least = 0.0 if name in {"again_seconds", "pause_seconds", "fresh_days", "most_redirects"} else 1.0 if whole else 0.01
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1e9 or (whole and value != int(value)):
        raise _wrong(name, value, f"cần số từ {vietnamese(least)}", f"a number from {least:g} on is needed")
    return int(value) if whole else float(value)


def _wrong(name: str, value: object, vi: str, en: str) -> InputError:
    return InputError(f"[settings.ipv6] {name} = {value}: {vi}.", f"[settings.ipv6] {name} = {value}: {en}.")


def page_settings(**replaced: float) -> PageSettings:
    """Return the default settings; keywords replace single ones."""
    values = {name: entry["value"] for name, entry in load_toml("ipv6.toml")["pages"].items()}
    return PageSettings(**{**values, **replaced})


def uptake_settings(**replaced: float) -> UptakeSettings:
    """Return the default settings; keywords replace single ones."""
    values = {name: entry["value"] for name, entry in load_toml("ipv6.toml")["uptake"].items()}
    return UptakeSettings(**{**values, **replaced})
