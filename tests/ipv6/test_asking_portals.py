"""A list of portals asked about and judged: DNS and web servers on this machine, answers kept on disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo.io.ipv6_answers import AnswerFiles
from geo.ipv6 import KeptAnswers, judge, judge_portals, page_settings, portal_targets, unique_targets
from geo.ipv6.answers import NameAnswer
from geo.ipv6.asking.portals import ask_portals, needs_asking
from geo.ipv6.hosts import target_of
from tests.ipv6.conftest import Internet, Kept
from tests.ipv6.servers import page, redirect

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def verdict(internet: Internet, text: str, **replaced: Any) -> tuple[str, str]:
    answers = internet.ask(text, **replaced)
    found = judge(answers, page_settings(), internet.settings(**replaced).networks)
    return found.verdict, found.reason


def dead(internet: Internet, host: str, **more: str) -> None:
    internet.site(host, "closed", "closed", **more)


def test_verdicts_end_to_end(internet: Internet) -> None:
    http = internet.web.http_port
    internet.site("ready.example")
    internet.site("down6.example", page(), "closed")
    dead(internet, "down.example")
    internet.site("strange.example", page("Cổng xã"), page("Welcome to nginx!", "If you see this page the web server is installed and working " * 3))
    internet.site("plain.example", aaaa="")
    internet.site("nowhere.example", aaaa="2001:db8::1 fe80::1")
    internet.site("mapped.example", aaaa="::ffff:127.0.0.1")
    internet.site("moved.example", lambda *_: redirect(f"http://plain.example:{http}/"))
    internet.site("badcert.example", certificate="wrong_name")
    internet.site("error6.example", page(), page(status="503 Service Unavailable"))
    internet.site("walled.example", page(status="403 Forbidden"))
    internet.dns.add("loop.example", "CNAME", "loop2.example.")
    internet.dns.add("loop2.example", "CNAME", "loop.example.")
    internet.dns.behaviour["broken.example"] = "servfail"
    internet.dns.add("alias.example", "CNAME", "ready.example.")
    internet.web.sites["alias.example"] = internet.web.sites["ready.example"]
    found = {
        name: verdict(internet, name)
        for name in ("ready.example", "down6.example", "down.example", "strange.example", "plain.example", "nowhere.example", "mapped.example", "gone.example", "loop.example", "broken.example", "alias.example")
    }
    found["moved.example"] = verdict(internet, "http://moved.example")
    found["badcert.example"] = verdict(internet, "https://badcert.example")
    found["error6.example"] = verdict(internet, "https://error6.example")
    found["walled.example"] = verdict(internet, "https://walled.example")
    assert found == {
        "ready.example": ("ready", ""),
        "down6.example": ("unreachable", "reset"),
        "down.example": ("down", "reset"),
        "strange.example": ("another_page", ""),
        "plain.example": ("no_aaaa", ""),
        "nowhere.example": ("nowhere", "documentation; link_local"),
        "mapped.example": ("nowhere", "ipv4_mapped"),
        "gone.example": ("domain_missing", ""),
        "loop.example": ("name_fault", "chain_loop"),
        "broken.example": ("unknown", "dns_server_failure"),
        "alias.example": ("ready", ""),
        "moved.example": ("leads_to_ipv4", "redirect_without_address"),
        "badcert.example": ("certificate", "certificate_wrong_name"),
        "error6.example": ("http_error", "error_status"),
        "walled.example": ("unknown", "turned_away"),
    }


def test_a_machine_without_ipv6_says_so(internet: Internet) -> None:
    # Nothing on this machine answers over IPv6, and neither does what it is told to try.
    internet.site("a.example", page(), "closed")
    del internet.dns.records["reference.example", "AAAA"]
    assert verdict(internet, "a.example") == ("unknown", "machine_without_ipv6")
    # One portal that answers proves that there is IPv6, for all asked in the same run.
    internet.site("b.example")
    store = Kept({})
    answers = internet.ask("a.example", "b.example", store=store)
    assert judge(answers, page_settings(), internet.settings().networks).verdict == "unreachable"
    assert all(kept.machine.ipv6_works for kept in store.content.values())


def test_without_a_resolver_nothing_is_said(internet: Internet) -> None:
    answers = internet.ask("a.example", resolvers=["127.0.0.1:9"])
    assert answers.aaaa.status in {"timeout", "no_resolver"}
    assert judge(answers, page_settings()).verdict == "unknown"


def test_servers_of_the_domain(internet: Internet) -> None:
    internet.site("www.xa.example")
    internet.dns.zones.append("xa.example")
    internet.dns.add("xa.example", "NS", "ns1.xa.example.", "ns2.xa.example.")
    internet.dns.add("ns1.xa.example", "AAAA", "2001:ee0::53")
    internet.dns.add("ns2.xa.example", "A", "203.113.0.53")
    internet.dns.add("xa.example", "MX", "10 mx.xa.example.", "20 old.xa.example.")
    internet.dns.add("mx.xa.example", "AAAA", "::1")
    internet.dns.add("old.xa.example", "A", "203.113.0.25")
    internet.dns.add("xa.example", "DNSKEY", "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==")
    answers = internet.ask("www.xa.example", check_mail_port=True, mail_port=internet.web.http_port)
    assert (answers.zone, answers.signed, answers.mail_domain) == ("xa.example", True, "xa.example")
    assert answers.server("mx.xa.example").port == "answered"
    table = judge_portals(
        pd.DataFrame({"url": ["www.xa.example"]}), {target_of("www.xa.example"): answers}, internet.settings(check_mail_port=True), page_settings()
    )
    row = table.iloc[0]
    assert (row.name_servers, row.name_servers_with_aaaa, row.mail_servers, row.mail_servers_with_aaaa, row.mail_port_answers) == (2, 1, 2, 1, 1)


def test_a_domain_without_mail_and_signature(internet: Internet) -> None:
    internet.site("www.xa.example")
    internet.dns.zones.append("xa.example")
    internet.dns.add("xa.example", "NS", "ns.example.")
    internet.dns.add("xa.example", "MX", "0 .")  # RFC 7505: takes no mail
    answers = internet.ask("www.xa.example")
    assert (answers.zone, answers.signed, answers.mail, answers.mail_domain) == ("xa.example", False, NameAnswer("no_data"), "xa.example")


def test_an_alias_into_another_zone_keeps_its_own(internet: Internet) -> None:
    internet.dns.zones.append("cdn.example")
    internet.site("edge.cdn.example")
    internet.dns.add("www.xa.example", "CNAME", "edge.cdn.example.")
    internet.web.sites["www.xa.example"] = internet.web.sites["edge.cdn.example"]
    assert internet.ask("www.xa.example").zone == "example"


def test_a_name_that_runs_in_a_circle_has_the_mail_of_its_zone(internet: Internet) -> None:
    internet.dns.zones.append("xa.example")
    internet.dns.add("xa.example", "MX", "10 mx.xa.example.")
    internet.dns.add("www.xa.example", "CNAME", "www.xa.example.")
    answers = internet.ask("www.xa.example")
    assert (answers.zone, answers.mail_domain, answers.mail.values) == ("xa.example", "xa.example", ("mx.xa.example",))


def test_a_zone_of_many_portals_is_asked_once(internet: Internet) -> None:
    names = [f"xa{k}.example" for k in range(5)]
    for name in names:
        internet.site(name)
    internet.dns.add("example", "NS", "ns.example.")
    internet.ask(*names)
    asked = [(name, kind) for name, kind, _ in internet.dns.asked]
    assert asked.count(("example", "NS")) == 1
    assert len(asked) == len(set(asked))


def test_what_was_answered_is_not_asked_again(internet: Internet, tmp_path: Path) -> None:
    internet.site("a.example")
    internet.site("b.example")
    settings, store = internet.settings(), KeptAnswers(AnswerFiles(tmp_path))
    targets = [target_of(text) for text in ("a.example", "b.example", "a.example")]

    def ask(moment: datetime, which: slice = slice(None)) -> int:
        before = len(internet.web.requests)
        ask_portals(targets[which], settings, page_settings(), store, now=moment, tls=internet.tls)
        return len(internet.web.requests) - before

    assert ask(NOW, slice(0, 1)) == 4
    assert ask(NOW) == 4  # b alone, once
    assert ask(NOW + timedelta(days=settings.fresh_days)) == 0
    assert ask(NOW + timedelta(days=settings.fresh_days, seconds=1)) == 8
    next(tmp_path.glob("*.json")).write_bytes(b"{ half")
    assert ask(NOW + timedelta(days=8)) == 4
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".json"]


def test_a_stopped_run_goes_on(internet: Internet, tmp_path: Path) -> None:
    for k in range(4):
        internet.site(f"n{k}.example")
    settings, store = internet.settings(together=1), KeptAnswers(AnswerFiles(tmp_path))
    targets = [target_of(f"n{k}.example") for k in range(4)]

    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_portals(targets, settings, page_settings(), store, now=NOW, progress=stop, tls=internet.tls)
    assert len(store.known(targets)) == 2
    seen = len(internet.web.requests)
    assert len(ask_portals(targets, settings, page_settings(), store, now=NOW, tls=internet.tls)) == 4
    assert len(internet.web.requests) - seen == 8


def test_an_answer_is_not_given_up_for_silence(internet: Internet, tmp_path: Path) -> None:
    internet.site("a.example")
    store, target = KeptAnswers(AnswerFiles(tmp_path)), target_of("a.example")
    first = ask_portals([target], internet.settings(), page_settings(), store, now=NOW, tls=internet.tls)[target]
    internet.dns.behaviour["a.example"] = "silent"
    later = ask_portals([target], internet.settings(), page_settings(), store, now=NOW + timedelta(days=30), tls=internet.tls)[target]
    assert later == first == store.find(target)


def test_when_to_ask_again(internet: Internet) -> None:
    internet.site("a.example")
    settings = internet.settings()
    answers = replace(internet.ask("a.example"), checked_at=NOW.isoformat())
    assert not needs_asking(answers, settings, NOW)
    assert needs_asking(None, settings, NOW)
    assert needs_asking(answers, settings, NOW - timedelta(seconds=1))  # a clock that was wrong
    assert needs_asking(replace(answers, checked_at="yesterday"), settings, NOW)
    assert needs_asking(replace(answers, checked_at="2026-11-01"), settings, NOW)
    assert needs_asking(replace(answers, aaaa=NameAnswer("timeout")), settings, NOW)
    assert needs_asking(replace(answers, machine=replace(answers.machine, ipv6_works=False)), settings, NOW)
    without = replace(answers, aaaa=NameAnswer("no_data"), machine=replace(answers.machine, ipv6_works=False))
    assert not needs_asking(without, settings, NOW)


def test_kept_files_are_named_by_what_was_asked(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path)
    files.write({"host": "../../x", "scheme": ""}, {"a": 1})
    (path,) = tmp_path.iterdir()
    assert path.parent == tmp_path
    assert files.read({"host": "../../x", "scheme": ""}) == {"a": 1}
    assert files.read({"host": "y", "scheme": ""}) is None
    path.write_text('{"form": 1, "asked": {"host": "y"}, "answers": {}}', encoding="utf-8")
    assert files.read({"host": "../../x", "scheme": ""}) is None
    path.write_text("[]", encoding="utf-8")
    assert files.read({"host": "../../x", "scheme": ""}) is None


def test_the_table_has_a_row_for_every_portal(internet: Internet) -> None:
    internet.site("a.example")
    portals = pd.DataFrame(
        {
            "portal_id": ["P1", "P2", "P3", "P4"], "name": ["Một", "Hai", "Ba", "Bốn"], "url": ["https://a.example", "file:///etc/passwd", None, "b.example"],
            "host": ["", "", "a.example", ""], "province_code": "01", "commune_code": ["", "00001", "00001", "00002"], "kind": "portal", "file": "p.csv", "sheet": "", "row": [2, 3, 4, 5],
        }
    )  # fmt: skip
    settings = internet.settings()
    targets = portal_targets(portals, settings)
    assert targets[1] == "not_http"
    asked = unique_targets(targets)
    answers = ask_portals(asked[:1], settings, page_settings(), Kept({}), tls=internet.tls)
    table = judge_portals(portals, answers, settings, page_settings())
    assert table[["portal_id", "verdict", "reason", "row"]].values.tolist() == [
        ["P1", "ready", "", 2], ["P2", "bad_address", "not_http", 3], ["P3", "unknown", "not_asked", 4], ["P4", "unknown", "not_asked", 5],
    ]  # fmt: skip
    assert table.ipv6_title[0] == table.ipv4_title[0] == "Cổng thông tin điện tử"
    assert table.has_aaaa.isna().tolist() == [False, True, True, True]
    assert portals.shape == (4, 10)
