"""Questions to DNS against an authoritative server on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from geo.errors import InputError
from geo.ipv6.answers import NameAnswer
from geo.ipv6.asking.names import Names, resolver_addresses
from geo.ipv6.settings import asking_settings
from tests.ipv6.servers import Dns, in_thread


@pytest.fixture
def server() -> Iterator[Dns]:
    made = Dns(zones=["example"])
    with in_thread() as run:
        run(made.start())
        try:
            yield made
        finally:
            run(made.stop())


def find(server: Dns, name: str, kind: str = "AAAA", **replaced: Any) -> NameAnswer:
    settings = asking_settings(**{"dns_seconds": 0.2, "dns_times": 1, "longest_chain": 4, "resolvers": [f"127.0.0.1:{server.port}"], **replaced})

    async def ask() -> NameAnswer:
        return await Names(settings, resolver_addresses(settings)).find(name, kind)

    return asyncio.run(ask())


def test_an_address_is_found(server: Dns) -> None:
    server.add("a.example", "AAAA", "2001:DB8:0::1", "2001:db8::2")
    assert find(server, "A.example.") == NameAnswer("found", ("2001:db8::1", "2001:db8::2"))


def test_a_checked_signature_is_told(server: Dns) -> None:
    server.add("a.example", "AAAA", "2001:db8::1")
    server.validates = True
    assert find(server, "a.example").validated is True
    assert find(server, "b.example").validated is True


@pytest.mark.parametrize("whole", [False, True])
def test_aliases_are_followed(server: Dns, whole: bool) -> None:
    server.add("a.example", "CNAME", "b.example.")
    server.add("b.example", "CNAME", "c.example.")
    server.add("c.example", "AAAA", "2001:db8::1")
    if whole:
        server.behaviour["a.example"] = "whole"
    assert find(server, "a.example") == NameAnswer("found", ("2001:db8::1",), ("b.example", "c.example"))
    assert len(server.asked) == (1 if whole else 3)


@pytest.mark.parametrize("whole", ["", "whole"])
def test_an_alias_of_what_has_no_such_record(server: Dns, whole: str) -> None:
    server.add("a.example", "CNAME", "b.example.")
    server.add("b.example", "A", "127.0.0.1")
    server.behaviour["a.example"] = whole
    assert find(server, "a.example") == NameAnswer("no_data", (), ("b.example",))


@pytest.mark.parametrize("zones", [["example"], []])
def test_an_alias_of_what_does_not_exist(server: Dns, zones: list[str]) -> None:
    server.zones = zones  # without an SOA in the answer the target is asked for once more, and no more
    server.add("a.example", "CNAME", "gone.example.")
    server.behaviour["a.example"] = "whole"
    assert find(server, "a.example") == NameAnswer("no_domain", (), ("gone.example",))
    assert len(server.asked) <= 2


@pytest.mark.parametrize("whole", ["", "whole"])
@pytest.mark.parametrize("ring", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_loop_is_named(server: Dns, ring: list[str], whole: str) -> None:
    for one, other in zip(ring, [*ring[1:], ring[0]], strict=True):
        server.add(f"{one}.example", "CNAME", f"{other}.example.")
        server.behaviour[f"{one}.example"] = whole
    found = find(server, "a.example")
    assert found.status == "chain_loop"
    assert found.chain[-1] == "a.example"


def test_a_loop_that_the_name_is_not_part_of(server: Dns) -> None:
    server.add("a.example", "CNAME", "b.example.")
    server.add("b.example", "CNAME", "c.example.")
    server.add("c.example", "CNAME", "b.example.")
    assert find(server, "a.example").status == "chain_loop"


def test_a_chain_as_long_as_allowed_and_one_longer(server: Dns) -> None:
    for k in range(5):
        server.add(f"n{k}.example", "CNAME", f"n{k + 1}.example.")
    server.add("n5.example", "AAAA", "2001:db8::5")
    assert find(server, "n1.example").status == "found"
    assert find(server, "n0.example").status == "chain_too_long"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [("servfail", "server_failure"), ("refused", "refused"), ("silent", "timeout"), ("garbage", "malformed"), ("lying", "no_domain"), ("nameless", "refused")],
)
def test_faults_are_told_apart(server: Dns, behaviour: str, status: str) -> None:
    server.add("a.example", "AAAA", "2001:db8::1")
    server.behaviour["a.example"] = behaviour
    assert find(server, "a.example").status == status


def test_a_fault_behind_an_alias_keeps_the_chain(server: Dns) -> None:
    server.add("a.example", "CNAME", "b.example.")
    server.behaviour["b.example"] = "servfail"
    assert find(server, "a.example") == NameAnswer("server_failure", (), ("b.example",))


def test_no_record_and_no_name(server: Dns) -> None:
    server.add("a.example", "A", "127.0.0.1")
    assert find(server, "a.example").status == "no_data"
    assert find(server, "b.example").status == "no_domain"
    assert find(server, "a.example", "A").values == ("127.0.0.1",)


def test_an_answer_that_was_cut_is_asked_for_over_tcp(server: Dns) -> None:
    server.add("a.example", "AAAA", *[f"2001:db8::{k:x}" for k in range(1, 100)])
    server.behaviour["a.example"] = "cut"
    assert len(find(server, "a.example").values) == 99
    assert [over for *_, over in server.asked] == ["udp", "tcp"]


def test_another_resolver_is_asked_where_one_fails(server: Dns) -> None:
    server.add("a.example", "AAAA", "2001:db8::1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        found = find(server, "a.example", resolvers=[f"127.0.0.1:{deaf.getsockname()[1]}", f"127.0.0.1:{server.port}"])
    assert found.status == "found"


def test_no_resolver_is_no_answer(server: Dns) -> None:
    settings = asking_settings(resolvers=["127.0.0.1"])

    async def ask() -> NameAnswer:
        return await Names(settings, []).find("a.example", "AAAA")

    assert asyncio.run(ask()).status == "no_resolver"


def test_a_name_is_asked_for_once(server: Dns) -> None:
    server.add("a.example", "AAAA", "2001:db8::1")
    settings = asking_settings(resolvers=[f"127.0.0.1:{server.port}"], dns_seconds=0.2)

    async def ask() -> None:
        names = Names(settings, resolver_addresses(settings))
        await asyncio.gather(*(names.find(name, "AAAA") for name in ("a.example", "A.EXAMPLE", "a.example.")))

    asyncio.run(ask())
    assert len(server.asked) == 1


def test_zone_servers_and_mail(server: Dns) -> None:
    server.add("example", "NS", "ns1.example.", "NS2.example.")
    server.add("example", "MX", "10 mx.example.")
    server.add("www.example", "A", "127.0.0.1")
    assert find(server, "example", "NS").values == ("ns1.example", "ns2.example")
    assert find(server, "example", "MX").values == ("mx.example",)
    assert find(server, "example", "SOA").values == ("example",)
    assert find(server, "www.example", "SOA") == NameAnswer("no_data", ("example",))


@pytest.mark.parametrize(
    ("text", "address"),
    [("192.0.2.1", ("192.0.2.1", 53)), ("192.0.2.1:5353", ("192.0.2.1", 5353)), ("2001:db8::1", ("2001:db8::1", 53)), ("[2001:db8::1]:54", ("2001:db8::1", 54))],
)
def test_resolvers_as_they_are_written(text: str, address: tuple[str, int]) -> None:
    assert resolver_addresses(asking_settings(resolvers=[text])) == [address]


@pytest.mark.parametrize("text", ["dns.example", "192.0.2.1:x", "", "[2001:db8::1", "192.0.2"])
def test_a_resolver_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="resolvers"):
        resolver_addresses(asking_settings(resolvers=[text]))
