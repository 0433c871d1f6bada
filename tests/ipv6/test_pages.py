"""Titles and sketches of pages, addresses, and texts that may not be asked for."""

from __future__ import annotations

import ipaddress
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.ipv6.addresses import address_kind, is_allowed
from geo.ipv6.hosts import BadHostError, Target, joined, target_of
from geo.ipv6.pages import Page, read_page, resemblance, same_page
from geo.ipv6.settings import page_settings

PAGES = page_settings()
HTML = "text/html; charset=utf-8"
TITLE = "Cổng thông tin điện tử xã Mẫu"


def title(content: bytes, kind: str = HTML) -> str:
    return read_page(content, kind, PAGES).title


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (f"<title>{TITLE}</title>".encode(), HTML),
        (f"<title>{TITLE}</title>".encode(), ""),
        (f"<TITLE lang=vi>\n  {TITLE}\r\n</TITLE>".encode(), "text/html"),
        (f"<title>{TITLE}</title>".encode("utf-8-sig"), "text/html"),
        (f"<title>{TITLE}</title>".encode("utf-16"), "text/html"),
        (f"<meta charset=cp1258><title>{TITLE.encode('cp1258', 'xmlcharrefreplace').decode('cp1258')}</title>".encode("cp1258"), "text/html"),
        (f"<title>{TITLE}</title>".encode("ascii", "xmlcharrefreplace"), "text/html; charset=us-ascii"),
        (f"<title>{TITLE}</title><svg><title>Biểu tượng</title></svg>".encode(), HTML),
        (f"<svg><title>Biểu tượng</title></svg><title>{TITLE}</title>".encode(), HTML),
        (f"<title>{TITLE}</title><title>Hai</title>".encode(), HTML),
        (f"<title><b>{TITLE}</b></title>".encode(), HTML),
        ("<title>Cổng&nbsp;thông tin&#32;điện tử xã Mẫu</title>".encode(), HTML),
        (f"<title>{TITLE}</title>".encode(), "text/html; charset=no-such-thing"),
        (f"<title>{TITLE}</title>".encode(), "text/html; charset=base64"),
        (f"<meta http-equiv=Content-Type content='text/html; charset=utf-16'><title>{TITLE}</title>".encode(), "text/html"),
    ],
)
def test_titles(content: bytes, kind: str) -> None:
    assert title(content, kind) == TITLE


def test_titles_that_are_none() -> None:
    assert title(b"") == ""
    assert title(b"<title></title>") == ""
    assert title(b"%PDF-1.7 <title>x</title>", "application/pdf") == ""
    assert title(b"<p>no title</p>") == ""
    assert title(b"<title>" + b"x" * 10_000) == "x" * 200
    assert title("<title>Mẫu".encode()[:-2]) == "M�"


@given(st.binary(max_size=400), st.sampled_from([HTML, "", "text/html; charset=shift_jis", "text/html; charset=utf-7", "\x00"]))
@example(b"<![", HTML)
@example(b"<!DOCTYPE [<!ENTITY", HTML)
@settings(max_examples=60, deadline=None)
def test_no_page_stops_a_run(content: bytes, kind: str) -> None:
    found = read_page(content, kind, PAGES)
    assert len(found.title) <= 200
    assert "\n" not in found.title


def body(*words: str) -> tuple[int, ...]:
    return read_page(f"<body>{' '.join(words)}</body>".encode(), HTML, PAGES).sketch


def test_sketches_see_what_readers_see() -> None:
    words = [f"tin{k}" for k in range(40)]
    text = " ".join(words)
    plain = body(*words)
    dressed = f"<head><style>p{{}}</style><script>var x = 1</script></head><body><p>{text.upper()}</p><script>y</script></body>"
    assert read_page(dressed.encode(), HTML, PAGES).sketch == plain
    unclosed = f"<head><title>x</title><body>{text}"
    assert read_page(unclosed.encode(), HTML, PAGES).sketch == plain


def test_resemblance_is_that_of_the_pages() -> None:
    one, other = [f"a{k}" for k in range(1500)], [f"b{k}" for k in range(500)]
    # 1,498 runs of three against 998 of them and 500 others: 998 / 1,998 shared; the sketch errs by 0.0625 (one sd)
    estimate = resemblance(body(*one), body(*one[:1000], *other), PAGES)
    assert abs(estimate - 998 / 1998) < 3 * math.sqrt(0.25 / 64)
    assert resemblance(body(*one), body(*one), PAGES) == 1.0
    assert resemblance(body(*one), body(*other), PAGES) == 0.0
    assert math.isnan(resemblance(body(*one), body("ba", "từ", "thôi"), PAGES))


def test_same_and_other_pages() -> None:
    one, other = body(*(f"a{k}" for k in range(50))), body(*(f"b{k}" for k in range(50)))
    assert same_page(Page("Trang chủ", one), Page("TRANG  CHU", other), PAGES) == "same"
    assert same_page(Page("Một", one), Page("Hai", one), PAGES) == "same"
    assert same_page(Page("Một", one), Page("Hai", other), PAGES) == "another"
    assert same_page(Page("", one), Page("", other), PAGES) == "another"
    assert same_page(Page("Một", ()), Page("Hai", ()), PAGES) == "another"
    assert same_page(Page("", ()), Page("", ()), PAGES) == "not_told"
    assert same_page(Page("Một", one), Page("", ()), PAGES) == "not_told"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("2001:ee0::1", "global"), ("2402:800::1", "global"), ("203.113.0.1", "global"), ("::1", "loopback"), ("::", "unspecified"),
        ("fe80::1", "link_local"), ("fd12::1", "unique_local"), ("fc00::1", "unique_local"), ("::ffff:203.113.0.1", "ipv4_mapped"),
        ("::203.113.0.1", "ipv4_compatible"), ("2001:db8::1", "documentation"), ("3fff::1", "documentation"), ("2002:cb71:1::1", "six_to_four"),
        ("2001::1", "teredo"), ("64:ff9b::cb71:1", "nat64"), ("100::1", "discard"), ("fec0::1", "site_local"), ("ff02::1", "multicast"),
        ("4000::1", "reserved"), ("10.0.0.1", "private"), ("100.64.0.1", "private"), ("169.254.169.254", "link_local"), ("127.0.0.1", "loopback"),
        ("0.1.2.3", "unspecified"), ("fe80::1%eth0", "invalid"), ("xã", "invalid"), ("", "invalid"),
    ],
)  # fmt: skip
def test_kinds_of_addresses(address: str, kind: str) -> None:
    assert address_kind(address) == kind


@given(st.ip_addresses())
@settings(max_examples=200)
def test_nothing_that_is_not_of_the_internet_is_visited(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    text = str(address)
    assert is_allowed(text, ()) == (address_kind(text) == "global")
    if is_allowed(text, ()):
        assert address.is_global
        assert not address.is_multicast
    assert is_allowed(text, (ipaddress.ip_network("::/0"), ipaddress.ip_network("0.0.0.0/0")))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("xa.example", Target("xa.example", "", None, "/")),
        ("  XA.Example.  ", Target("xa.example", "", None, "/")),
        ("xa.example/tin tức?id=1&x=a b#phần", Target("xa.example", "", None, "/tin%20t%E1%BB%A9c?id=1&x=a%20b")),
        ("xa.example:8080/x", Target("xa.example", "", 8080, "/x")),
        ("HTTPS://xã-mẫu.example", Target("xn--x-mu-goa0686b.example", "https", None, "/")),
        ("http://[2001:db8::1]:8080/", Target("2001:db8::1", "http", 8080, "/")),
        ("//xa.example/x", Target("xa.example", "", None, "/x")),
        ("https://xa.example/%E1%BB%A9", Target("xa.example", "https", None, "/%E1%BB%A9")),
    ],
)
def test_texts_of_lists(text: str, target: Target) -> None:
    assert target_of(text) == target


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_host"), ("   ", "no_host"), (None, "no_host"), (float("nan"), "no_host"), ("file:///etc/passwd", "not_http"), ("ftp://xa.example", "not_http"),
        ("javascript:alert(1)", "not_http"), ("data:text/html,x", "not_http"), ("mailto:a@xa.example", "not_http"), ("xa.example\r\nHost: b.example", "control_character"),
        ("http://xa.example/\x00", "control_character"), ("http://a@xa.example/", "user_in_address"), ("http://xa.example\\@b.example/", "user_in_address"),
        ("localhost", "bad_name"), ("http://2130706433/", "bad_name"), ("http://0x7f.1/", "bad_name"), ("http://127.1/", "bad_name"), ("Xã Mẫu chưa có", "bad_name"),
        ("http://[::1", "bad_name"), ("http://xa..example/", "bad_name"), ("http://-xa.example/", "bad_name"), (f"http://{'a' * 64}.example/", "bad_name"),
        (f"{'a.' * 130}example", "bad_name"), ("http://xa.example:99999/", "bad_port"), ("http://xa.example:x/", "bad_port"), ("http://xa.example:22/", "port_not_allowed"),
        ("x" * 3000, "too_long"), ("http://[fe80::1%25eth0]/", "bad_name"),
    ],
)  # fmt: skip
def test_texts_that_are_not_asked_for(text: object, code: str) -> None:
    with pytest.raises(BadHostError) as caught:
        target_of(text, allowed_ports=(80, 443, 8080))
    assert caught.value.code == code


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://xa.example/"]))
@example("\u2100.example", "http://")
@settings(max_examples=150)
def test_whatever_a_list_says_names_and_paths_are_plain(text: str, before: str) -> None:
    try:
        found = target_of(before + text)
    except BadHostError:
        return
    whole = found.url("http", 80)
    assert whole.isascii()
    assert whole.isprintable()
    assert " " not in whole
    assert found.scheme in {"", "http", "https"}
    # Said again it is the same: nothing is decoded twice.
    assert target_of(whole) == Target(found.host, "http", found.port if found.scheme in {"", "http"} and found.port != 80 else None, found.path)


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_redirects_lead_to_plain_addresses_or_nowhere(location: str) -> None:
    try:
        found = joined("http://xa.example/a/b", location)
    except BadHostError:
        return
    assert found.scheme in {"http", "https"}
    assert found.url(found.scheme, 80).isascii()


def test_ports_belong_to_the_scheme_that_named_them() -> None:
    assert target_of("http://xa.example:8080/x").url("http", 80) == "http://xa.example:8080/x"
    assert target_of("http://xa.example:8080/x").url("https", 443) == "https://xa.example/x"
    assert target_of("xa.example:8080").url("https", 443) == "https://xa.example:8080/"
    assert target_of("http://[2001:db8::1]/").url("http", 8080) == "http://[2001:db8::1]:8080/"
