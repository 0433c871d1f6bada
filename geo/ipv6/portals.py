"""A list of portals, what to ask of it, and what came of it: one row per portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from geo.ipv6.answers import HostAnswers
from geo.ipv6.hosts import BadHostError, Target, target_of
from geo.ipv6.settings import AskingSettings, PageSettings
from geo.ipv6.verdicts import Verdict, judge, servers_with_ipv6

__all__ = ["PORTAL_COLUMNS", "judge_portals", "portal_targets", "unique_targets"]

#: Of the list, then of the check.
GIVEN = ("portal_id", "name", "host", "url", "province_code", "commune_code", "kind")
PORTAL_COLUMNS = (
    *GIVEN, "verdict", "reason", "remarks", "has_aaaa", "aaaa", "alias_chain", "scheme",
    "ipv6_result", "ipv6_status", "ipv6_final_url", "ipv6_title", "ipv4_result", "ipv4_status", "ipv4_final_url", "ipv4_title", "likeness",
    "zone", "dnssec", "dnssec_checked", "name_servers", "name_servers_with_aaaa", "name_servers_unknown",
    "mail_domain", "mail_servers", "mail_servers_with_aaaa", "mail_servers_unknown", "mail_port_answers", "checked_at", "file", "sheet", "row",
)  # fmt: skip


def portal_targets(portals: pd.DataFrame, settings: AskingSettings) -> list[Target | str]:
    """Return for each portal what to ask for, or the code of why its text is no address of a page.

    Parameters
    ----------
    portals : DataFrame
        ``url``, ``host``; the first of the two that holds text counts.
    settings : AskingSettings
    """
    found: list[Target | str] = []
    for row in portals.itertuples():
        host = _text(getattr(row, "host", ""))
        text = _text(getattr(row, "url", "")) or host
        text = host if text == f"https://{host}/" else text  # made of the name: nobody said that it has HTTPS
        try:
            found.append(target_of(text, allowed_ports=settings.allowed_ports))
        except BadHostError as error:
            found.append(error.code)
    return found


def judge_portals(
    portals: pd.DataFrame, answers: Mapping[Target, HostAnswers], settings: AskingSettings, pages: PageSettings
) -> pd.DataFrame:
    """Return a row per portal in the order given, with :data:`PORTAL_COLUMNS`.

    Parameters
    ----------
    portals : DataFrame
        ``portal_id``, ``name``, ``host``, ``url``, ``province_code``, ``commune_code``, ``kind``, ``file``, ``sheet``, ``row``; what is missing stays empty.
    answers : mapping of Target to HostAnswers
        A portal without any is unknown, reason ``not_asked``.
    settings : AskingSettings
    pages : PageSettings
    """
    rows = []
    for given, target in zip(portals.to_dict("records"), portal_targets(portals, settings), strict=True):
        found = None if isinstance(target, str) else answers.get(target)
        if isinstance(target, str):
            verdict = Verdict("bad_address", target)
        elif found is None:
            verdict = Verdict("unknown", "not_asked")
        else:
            verdict = judge(found, pages, settings.networks)
        rows.append(
            {name: _text(given.get(name)) for name in (*GIVEN, "file", "sheet")}
            | {"row": given.get("row"), "verdict": verdict.verdict, "reason": verdict.reason, "remarks": "; ".join(verdict.remarks)}
            | {"has_aaaa": verdict.has_aaaa, "likeness": verdict.likeness, "scheme": verdict.scheme}
            | ({} if found is None else _seen(found, verdict, settings))
        )
    frame = pd.DataFrame(rows, columns=list(PORTAL_COLUMNS))
    flags = ("has_aaaa", "dnssec", "dnssec_checked")
    counts = [name for name in PORTAL_COLUMNS if name.endswith(("_servers", "_with_aaaa", "_unknown", "_status", "_answers"))]
    types: dict[str, str] = dict.fromkeys(flags, "boolean") | dict.fromkeys([*counts, "row"], "Int64") | {"likeness": "Float64"}
    frame = frame.astype(types)
    texts = [name for name in PORTAL_COLUMNS if name not in types]
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), "") for name in texts})


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _seen(found: HostAnswers, verdict: Verdict, settings: AskingSettings) -> dict[str, object]:
    out: dict[str, object] = {"aaaa": " ".join(found.aaaa.values), "alias_chain": " ".join(found.aaaa.chain), "checked_at": found.checked_at}
    if verdict.scheme:
        for family, key in ((6, "ipv6"), (4, "ipv4")):
            visit = found.visit(family, verdict.scheme)  # type: ignore[arg-type]
            out |= {f"{key}_result": visit.status, f"{key}_status": visit.http_status, f"{key}_final_url": visit.final_url, f"{key}_title": visit.title}
    out |= {"zone": found.zone, "dnssec": found.signed, "dnssec_checked": found.aaaa.validated, "mail_domain": found.mail_domain}
    for key, listed in (("name_servers", found.name_servers), ("mail_servers", found.mail)):
        if listed.status in {"found", "no_data"}:
            have, lack, unknown = servers_with_ipv6(found, listed, settings.networks)
            out |= {key: have + lack + unknown, f"{key}_with_aaaa": have, f"{key}_unknown": unknown}
    if settings.check_mail_port and found.mail.status == "found":
        out["mail_port_answers"] = sum(found.server(name).port == "answered" for name in found.mail.values)
    return out


def unique_targets(targets: Sequence[Target | str]) -> list[Target]:
    """Return what there is to ask, each once."""
    return list(dict.fromkeys(target for target in targets if not isinstance(target, str)))
