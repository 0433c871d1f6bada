"""Visits over one protocol against web servers on ::1 and 127.0.0.1."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from geo.ipv6.answers import Visit
from tests.ipv6.conftest import Internet, Kept
from tests.ipv6.servers import answer, page, redirect

NAME = "a.example"


def visits(internet: Internet, *texts: str, **replaced: Any) -> dict[tuple[int, str], Visit]:
    answers = internet.ask(*(texts or (NAME,)), **replaced)
    return {(visit.family, visit.scheme): visit for visit in answers.visits}


def test_each_protocol_is_visited_alone_and_the_name_is_kept(internet: Internet) -> None:
    internet.site(NAME, page("Trang IPv4"), page("Trang IPv6"))
    found = visits(internet)
    assert {key: (visit.status, visit.http_status, visit.title, visit.address) for key, visit in found.items()} == {
        (4, "https"): ("answered", 200, "Trang IPv4", "127.0.0.1"),
        (6, "https"): ("answered", 200, "Trang IPv6", "::1"),
        (4, "http"): ("answered", 200, "Trang IPv4", "127.0.0.1"),
        (6, "http"): ("answered", 200, "Trang IPv6", "::1"),
    }
    hosts = {(scheme, host) for _, scheme, host, _ in internet.web.requests}
    assert hosts == {("http", f"{NAME}:{internet.web.http_port}"), ("https", f"{NAME}:{internet.web.https_port}")}
    head = internet.web.requests[0][3].decode()
    assert "User-Agent: vungphu/" in head
    assert "Accept-Encoding: identity" in head


def test_ipv4_never_stands_in_for_ipv6(internet: Internet) -> None:
    internet.site(NAME, page(), "closed")
    found = visits(internet)
    assert {found[6, scheme].status for scheme in ("http", "https")} == {"reset"}
    assert {found[4, scheme].status for scheme in ("http", "https")} == {"answered"}


def test_nothing_listens_over_ipv6(internet: Internet) -> None:
    internet.site(NAME)
    with socket.socket(socket.AF_INET6) as closed:
        closed.bind(("::1", 0))  # bound, not listening: refused
        found = visits(internet, f"http://{NAME}:{closed.getsockname()[1]}")
    assert found[6, "http"].status == "connection_refused"
    assert found[6, "https"].status == "answered"  # the port was named for http


def test_a_server_that_does_not_take_connections_times_out(internet: Internet) -> None:
    internet.site(NAME)
    fillers = []
    with socket.socket(socket.AF_INET6) as full:
        full.bind(("::1", 0))
        full.listen(0)
        for _ in range(3):  # the queue is full: further packets are dropped
            filler = socket.socket(socket.AF_INET6)
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        found = visits(internet, f"http://{NAME}:{full.getsockname()[1]}", read_seconds=5.0)
        for filler in fillers:
            filler.close()
    assert found[6, "http"].status == "connect_timeout"


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("silent", "read_timeout"),
        ("slow", "read_timeout"),
        ("closed", "reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 5_000 + b"\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"),
        (b"HTTP/1.1 999999 \r\n\r\n", "malformed"),
    ],
)
def test_servers_that_misbehave(internet: Internet, what: Any, status: str) -> None:
    internet.site(NAME, page(), what)
    begin = time.monotonic()
    found = visits(internet, f"http://{NAME}", visit_seconds=0.8)
    assert found[6, "http"].status == status
    assert found[4, "http"].status == "answered"
    assert time.monotonic() - begin < 4


def test_a_passing_fault_is_tried_again(internet: Internet) -> None:
    times: list[str] = []

    def second_time(_head: bytes, scheme: str) -> Any:
        times.append(scheme)
        return "closed" if times.count(scheme) == 1 else page()

    internet.site(NAME, page(), second_time)
    found = visits(internet, times=2)
    assert found[6, "http"].status == found[6, "https"].status == "answered"
    assert sorted(times) == ["http", "http", "https", "https"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("expired", "certificate_expired"),
        ("early", "certificate_not_yet_valid"),
        ("wrong_name", "certificate_wrong_name"),
        ("unknown", "certificate_unknown_issuer"),
    ],
)
def test_faults_of_certificates_are_told_apart(internet: Internet, kind: str, status: str) -> None:
    internet.site(NAME, certificate=kind)
    found = visits(internet)
    assert found[6, "https"].status == found[4, "https"].status == status
    assert found[6, "http"].status == "answered"


def test_plain_http_on_the_port_of_tls(internet: Internet) -> None:
    internet.site(NAME)
    # Connected, and then nothing: what large packets that are lost on the way look like too.
    assert visits(internet, f"https://{NAME}:{internet.web.http_port}")[6, "https"].status == "tls_timeout"
    internet.web.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert visits(internet, f"https://{NAME}:{internet.web.http_port}")[6, "https"].status == "tls_failed"


def test_giant_bodies_are_cut(internet: Internet) -> None:
    internet.site(NAME, page(), "endless")
    found = visits(internet, f"http://{NAME}", body_bytes=20_000, read_seconds=3.0)
    visit = found[6, "http"]
    assert (visit.status, visit.cut, visit.body_bytes, visit.title) == ("answered", True, 20_000, "Endless")
    assert found[4, "http"].cut is False


def test_a_compressed_bomb_is_read_in_part(internet: Internet) -> None:
    packed = "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"
    early, late = (gzip.compress(b" ".join(parts)) for parts in ((b"<title>x</title>", b"<p>" * 900_000), (b"<p>" * 900_000, b"<title>x</title>")))
    assert len(early) < 10_000
    internet.site(NAME, answer(late, packed), answer(early, packed))
    found = visits(internet, f"http://{NAME}", body_bytes=100_000)
    assert {family: found[family, "http"].title for family in (4, 6)} == {4: "", 6: "x"}
    assert found[4, "http"].status == "answered"


def test_redirects_are_followed_within_the_protocol(internet: Internet) -> None:
    port = internet.web.https_port
    internet.site(NAME, lambda head, scheme: page("Đích") if scheme == "https" else redirect(f"https://{NAME}:{port}/trang-chủ?x=1"))
    found = visits(internet, f"http://{NAME}")
    for family in (4, 6):
        visit = found[family, "http"]
        assert (visit.status, visit.title, visit.redirects) == ("answered", "Đích", 1)
        assert visit.final_url == f"https://{NAME}:{port}/trang-ch%E1%BB%A7?x=1"
    assert [r[0] for r in internet.web.requests if b"trang-ch" in r[3]] == [4, 6]


def test_a_relative_redirect_with_a_cookie(internet: Internet) -> None:
    def wall(head: bytes, _scheme: str) -> bytes:
        return page("Bên trong") if b"Cookie: pass=1" in head else redirect("/", "Set-Cookie: pass=1; Path=/\r\n")

    internet.site(NAME, wall)
    assert visits(internet, f"http://{NAME}")[6, "http"].title == "Bên trong"


def test_a_redirect_to_a_host_without_ipv6(internet: Internet) -> None:
    internet.site(NAME, lambda *_: redirect(f"http://old.example:{internet.web.http_port}/"))
    internet.site("old.example", aaaa="")
    found = visits(internet, f"http://{NAME}")
    assert found[6, "http"].status == "redirect_without_address"
    assert found[6, "http"].final_url == f"http://old.example:{internet.web.http_port}/"
    assert found[4, "http"].status == "answered"


@pytest.mark.parametrize(
    "where",
    [
        "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "javascript:alert(1)", "http://user@a.example/", "http://[fe80::1]/",
        "http://[fd00::1]/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://localhost/", "http://2130706433/",
        "http://[::ffff:10.0.0.1]/", "http://a.example:99999/", "http://inner.example/",
    ],
)  # fmt: skip
def test_redirects_that_are_not_followed(internet: Internet, where: str) -> None:
    internet.site("inner.example", a="10.1.2.3", aaaa="fd00::9")
    internet.site(NAME, lambda *_: redirect(where))
    found = visits(internet, f"http://{NAME}")
    # An address of the other protocol is no address here.
    assert {visit.status for visit in found.values()} <= {"redirect_not_allowed", "redirect_without_address"}
    assert "redirect_not_allowed" in {visit.status for visit in found.values()}
    assert {request[2].partition(":")[0] for request in internet.web.requests} == {NAME}


def test_ports_beside_those_allowed_are_not_knocked_at(internet: Internet) -> None:
    other = f"http://{NAME}:25/"
    internet.site(NAME, lambda *_: redirect(other))
    assert visits(internet, NAME, allowed_ports=[80, 443])[6, "http"].status == "redirect_not_allowed"


def test_redirects_without_end(internet: Internet) -> None:
    internet.site(NAME, lambda *_: redirect("/again"))
    visit = visits(internet, f"http://{NAME}", most_redirects=3)[6, "http"]
    assert (visit.status, visit.redirects) == ("too_many_redirects", 3)
    assert len([r for r in internet.web.requests if r[0] == 6 and r[1] == "http"]) == 4


def test_addresses_that_may_not_be_visited_are_not(internet: Internet) -> None:
    internet.site(NAME)
    found = visits(internet, allowed_networks=["127.0.0.0/8"])
    assert found[6, "http"].status == "address_not_allowed"
    assert {request[0] for request in internet.web.requests} == {4}


def test_the_next_address_is_tried_and_the_one_that_answered_is_told(internet: Internet) -> None:
    internet.site(NAME)
    internet.dns.add(NAME, "A", "127.0.0.0", "127.0.0.1")  # sorted: the first takes no connections
    visit = visits(internet, f"http://{NAME}")[4, "http"]
    assert (visit.status, visit.address) == ("answered", "127.0.0.1")


def test_a_name_with_vietnamese_letters(internet: Internet) -> None:
    internet.site("xn--x-mu-goa0686b.example")
    assert visits(internet, "https://xã-mẫu.example/giới thiệu")[6, "https"].status == "answered"
    assert b"GET /gi%E1%BB%9Bi%20thi%E1%BB%87u HTTP/1.1" in internet.web.requests[-1][3]


def test_an_address_instead_of_a_name(internet: Internet) -> None:
    internet.site("[::1]")
    answers = internet.ask(f"http://[::1]:{internet.web.http_port}/")
    assert answers.visit(6, "http").status == "answered"
    assert (answers.a.status, answers.zone) == ("no_data", "")


def test_visits_of_one_server_are_held_apart(internet: Internet, kept: Callable[[], Kept]) -> None:
    names = [f"n{k}.example" for k in range(6)]
    for name in names:
        internet.site(name, "silent", "silent")
    internet.ask(*names, read_seconds=0.6, per_address=2)  # longer than a busy machine takes to see that a caller has gone
    assert internet.web.busiest <= 4  # two to each of the two addresses
    for name in names[:2]:
        internet.site(name)
    begin = time.monotonic()
    internet.ask(*names[:2], per_address=8, pause_seconds=0.3)
    assert time.monotonic() - begin > 3 * 0.3  # four visits to each address
