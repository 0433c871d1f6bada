"""What answers mean, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from geo.ipv6 import VERDICTS, judge, page_settings
from geo.ipv6.answers import Family, HostAnswers, Machine, NameAnswer, ServerAnswer, Visit
from geo.ipv6.verdicts import NOT_READY, UNDECIDED, servers_with_ipv6

PAGES = page_settings()
GOOD, OTHER = "2001:ee0::1", "2402:800::1"
FOUND, NONE, MISSING = NameAnswer("found", (GOOD,)), NameAnswer("no_data"), NameAnswer("no_domain")
WORDS = tuple(range(64))


def visit(family: Family, scheme: str, status: str = "answered", http: int | None = 200, **more: Any) -> Visit:
    return Visit(family, scheme, status, http if status == "answered" else None, final_url=f"{scheme}://a.example/", title="Trang chủ", sketch=WORDS, **more)


def answers(**replaced: Any) -> HostAnswers:
    every = tuple(visit(family, scheme) for family in (4, 6) for scheme in ("https", "http"))
    made = HostAnswers(
        "a.example", "https://a.example/", "", "2026-11-01T00:00:00+00:00", Machine("global", "global", ipv6_works=True, ipv4_works=True),
        FOUND, NameAnswer("found", ("203.113.0.1",)), every,
    )  # fmt: skip
    return replace(made, **replaced)


def with_visits(*given: Visit, **replaced: Any) -> HostAnswers:
    base = answers(**replaced)
    mine = {(v.family, v.scheme): v for v in base.visits} | {(v.family, v.scheme): v for v in given}
    return replace(base, visits=tuple(mine.values()))


def said(given: HostAnswers) -> tuple[str, str, tuple[str, ...]]:
    found = judge(given, PAGES)
    return found.verdict, found.reason, found.remarks


def test_verdicts_are_sorted_into_three_kinds() -> None:
    assert set(VERDICTS) == {"ready", *NOT_READY, *UNDECIDED}
    assert len(VERDICTS) == len(set(VERDICTS))


def test_ready() -> None:
    found = judge(answers(), PAGES)
    assert (found.verdict, found.reason, found.remarks, found.has_aaaa, found.likeness, found.scheme) == ("ready", "", (), True, 1.0, "https")


@pytest.mark.parametrize(
    ("aaaa", "a", "verdict", "reason", "has_aaaa"),
    [
        (NONE, NameAnswer("found", ("203.113.0.1",)), "no_aaaa", "", False),
        (NONE, NONE, "no_aaaa", "no_address_at_all", False),
        (MISSING, MISSING, "domain_missing", "", False),
        (NameAnswer("no_domain", (), ("b.example",)), MISSING, "domain_missing", "alias_leads_nowhere", False),
        (MISSING, NameAnswer("found", ("203.113.0.1",)), "no_aaaa", "server_denies_name", False),
        (NameAnswer("chain_loop"), NONE, "name_fault", "chain_loop", False),
        (NameAnswer("chain_too_long"), NONE, "name_fault", "chain_too_long", False),
        (NameAnswer("timeout"), NONE, "unknown", "dns_timeout", None),
        (NameAnswer("server_failure"), NONE, "unknown", "dns_server_failure", None),
        (NameAnswer("refused"), NONE, "unknown", "dns_refused", None),
        (NameAnswer("found", ("::1",)), NONE, "nowhere", "loopback", False),
        (NameAnswer("found", ("fe80::1", "fd00::1")), NONE, "nowhere", "link_local; unique_local", False),
        (NameAnswer("found", ("::ffff:203.113.0.1",)), NONE, "nowhere", "ipv4_mapped", False),
        (NameAnswer("found", ("2001:db8::1",)), NONE, "nowhere", "documentation", False),
        (NameAnswer("found", ("2002:cb71:1::1",)), NONE, "nowhere", "six_to_four", False),
    ],
)
def test_what_the_name_alone_decides(aaaa: NameAnswer, a: NameAnswer, verdict: str, reason: str, has_aaaa: bool | None) -> None:
    # Whatever the machine can do: the name is DNS's.
    for works in (True, False):
        found = judge(answers(aaaa=aaaa, a=a, machine=Machine("none", "none", ipv6_works=works, ipv4_works=works)), PAGES)
        assert (found.verdict, found.reason, found.has_aaaa) == (verdict, reason, has_aaaa)


FAULTS = ["no_route", "connection_refused", "connect_timeout", "tls_timeout", "read_timeout", "reset", "tls_failed", "malformed"]


@pytest.mark.parametrize("fault", FAULTS)
def test_down_over_ipv6_is_told_from_down(fault: str) -> None:
    only_six = with_visits(visit(6, "https", fault), visit(6, "http", fault))
    assert said(only_six) == ("unreachable", fault, ("http_not_over_ipv6",))
    both = with_visits(*(visit(f, s, "connect_timeout") for f in (4, 6) for s in ("https", "http")))
    assert said(both) == ("down", "connect_timeout", ())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_machine_without_ipv6_says_nothing(fault: str) -> None:
    given = with_visits(visit(6, "https", fault), visit(6, "http", fault), machine=Machine("none", "global", ipv6_works=False, ipv4_works=True))
    found = judge(given, PAGES)
    assert (found.verdict, found.reason, found.has_aaaa) == ("unknown", "machine_without_ipv6", True)


def test_what_answers_needs_no_other_proof() -> None:
    assert said(answers(machine=Machine("none", "none", ipv6_works=False, ipv4_works=False)))[0] == "ready"


def test_without_ipv4_on_the_machine_nothing_is_called_down() -> None:
    given = with_visits(
        *(visit(f, s, "connect_timeout") for f in (4, 6) for s in ("https", "http")), machine=Machine("global", "none", ipv6_works=True, ipv4_works=False)
    )
    assert said(given) == ("unreachable", "connect_timeout", ("not_compared",))


def test_a_portal_of_ipv6_alone() -> None:
    assert said(answers(a=NONE, visits=(visit(6, "https"),))) == ("ready", "", ("not_compared",))
    assert said(answers(a=NONE, visits=(visit(6, "https", "connect_timeout"),))) == ("unreachable", "connect_timeout", ("only_ipv6",))


@pytest.mark.parametrize("kind", ["certificate_expired", "certificate_wrong_name", "certificate_self_signed"])
def test_certificates(kind: str) -> None:
    assert said(with_visits(visit(6, "https", kind))) == ("certificate", kind, ())
    both = with_visits(visit(6, "https", kind), visit(4, "https", kind), scheme="https")
    assert said(both) == ("certificate", kind, ("same_over_ipv4",))
    # A list that names no scheme is judged by the one that works over IPv4.
    assert said(with_visits(visit(6, "https", kind), visit(4, "https", kind))) == ("ready", "", ())


def test_other_page() -> None:
    strange = replace(visit(6, "https"), title="Welcome to nginx!", sketch=tuple(range(100, 164)))
    assert said(with_visits(strange))[0] == "another_page"
    assert said(with_visits(replace(strange, title="Trang chủ")))[0] == "ready"  # news of another hour
    half = replace(strange, sketch=(*range(20), *range(100, 144)))
    found = judge(with_visits(half), PAGES)
    assert found.verdict == "ready"
    assert found.remarks == ("compared_by_address_only",)
    assert said(with_visits(replace(half, final_url="https://b.example/")))[:2] == ("unknown", "pages_not_told_apart")


@pytest.mark.parametrize(
    ("six", "four", "verdict", "reason"),
    [
        (403, 200, "http_error", "error_status"),
        (503, 200, "http_error", "error_status"),
        (403, 403, "unknown", "turned_away"),
        (404, 503, "unknown", "turned_away"),
        (503, 502, "down", "error_status"),
        (200, 503, "ready", ""),
    ],
)
def test_errors_that_servers_answer(six: int, four: int, verdict: str, reason: str) -> None:
    given = with_visits(visit(6, "https", http=six), visit(4, "https", http=four), scheme="https")
    assert said(given)[:2] == (verdict, reason)


def test_redirects() -> None:
    assert said(with_visits(visit(6, "https", "redirect_without_address")))[:2] == ("leads_to_ipv4", "redirect_without_address")
    for status in ("redirect_not_allowed", "too_many_redirects"):
        assert said(with_visits(visit(6, "https", status)))[:2] == ("http_error", status)
        assert said(with_visits(visit(6, "https", status), visit(4, "https", status), scheme="https"))[:2] == ("unknown", status)


def test_remarks() -> None:
    given = with_visits(visit(6, "http", "connection_refused"), aaaa=NameAnswer("found", (GOOD, "fe80::1")))
    assert said(given) == ("ready", "", ("some_addresses_nowhere", "http_not_over_ipv6"))


def test_servers() -> None:
    listed = NameAnswer("found", ("a", "b", "c", "d"))
    servers = (ServerAnswer("a", "found", (GOOD,)), ServerAnswer("b", "found", ("fe80::1",)), ServerAnswer("c", "no_data"), ServerAnswer("d", "timeout"))
    assert servers_with_ipv6(answers(servers=servers), listed) == (1, 2, 1)
    assert servers_with_ipv6(answers(), NameAnswer("timeout")) == (0, 0, 0)


def test_answers_survive_the_disk() -> None:
    import json

    given = answers(servers=(ServerAnswer("a", "found", (GOOD, OTHER)),), signed=True, aaaa=NameAnswer("found", (GOOD,), ("b",), validated=True))
    assert HostAnswers.from_json(json.loads(json.dumps(given.to_json()))) == given
