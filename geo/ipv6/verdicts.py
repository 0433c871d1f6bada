"""What a portal's answers mean for IPv6. Each verdict holds whatever was not asked; where that is not enough the verdict is ``unknown``.

===================  ==========================================================================================================
``ready``            answers over IPv6 alone, with the page that it shows over IPv4
``unreachable``      has an AAAA record, answers over IPv4, not over IPv6
``nowhere``          all its AAAA records are addresses that lead nowhere
``another_page``     answers over IPv6 with another page than over IPv4
``http_error``       answers over IPv6 with an error, over IPv4 not
``leads_to_ipv4``    redirects over IPv6 to a name without an AAAA record
``certificate``      shows a certificate over IPv6 that does not hold
``no_aaaa``          has no AAAA record
``name_fault``       its chain of aliases runs in a circle or is too long
``domain_missing``   its name does not exist
``down``             answers over neither, though this machine has both
``bad_address``      the list's text is no address of a page
``unknown``          cannot be said: name servers silent, this machine without IPv6, turned away, not asked
===================  ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.ipv6.addresses import address_kind, is_allowed
from geo.ipv6.answers import CERTIFICATE_FAULTS, Family, HostAnswers, NameAnswer, Visit
from geo.ipv6.pages import Page, resemblance, same_page
from geo.ipv6.settings import Network, PageSettings

__all__ = ["NOT_READY", "REASONS", "REMARKS", "UNDECIDED", "VERDICTS", "Verdict", "judge", "servers_with_ipv6"]

#: Verdicts that say that a portal is not usable over IPv6.
NOT_READY = ("unreachable", "nowhere", "another_page", "http_error", "leads_to_ipv4", "certificate", "no_aaaa", "name_fault", "domain_missing")
#: Verdicts that say nothing of IPv6: the portal as such is down, the row is no portal, or it could not be asked.
UNDECIDED = ("down", "bad_address", "unknown")
VERDICTS = ("ready", *NOT_READY, *UNDECIDED)
#: Reasons beside those of :mod:`geo.ipv6.answers` (after ``dns_`` where a name was not answered for), :mod:`geo.ipv6.addresses`, :mod:`geo.ipv6.hosts`.
REASONS = (
    "alias_leads_nowhere", "error_status", "machine_without_ipv6", "no_address_at_all", "pages_not_told_apart", "server_denies_name", "turned_away",
)  # fmt: skip
REMARKS = (
    "compared_by_address_only", "http_not_over_ipv6", "https_not_over_ipv6", "not_compared", "only_ipv6", "same_over_ipv4", "some_addresses_nowhere",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a portal.

    Attributes
    ----------
    verdict : str
        One of :data:`VERDICTS`.
    reason : str
        A code (several after "; "): a status of :mod:`geo.ipv6.answers`, a kind of address, or one of :data:`REASONS`; empty for ``ready``.
    remarks : tuple of str
        Codes of what besides is worth knowing.
    has_aaaa : bool or None
        Whether the name has an AAAA record that leads somewhere; None where that is not known.
    likeness : float
        Resemblance of the pages of both protocols, 0 to 1; NaN where they have too few words or were not both seen.
    scheme : str
        By which it was judged.
    """

    verdict: str
    reason: str = ""
    remarks: tuple[str, ...] = ()
    has_aaaa: bool | None = None
    likeness: float = float("nan")
    scheme: str = ""


def judge(answers: HostAnswers, pages: PageSettings, networks: Sequence[Network] = ()) -> Verdict:
    """Return what the answers mean.

    Parameters
    ----------
    answers : HostAnswers
    pages : PageSettings
    networks : sequence of network
        Reserved networks that count as somewhere.
    """
    said = _by_name(answers, networks)
    if said is not None:
        return said
    scheme = _scheme(answers)
    six, four = answers.visit(6, scheme), answers.visit(4, scheme)
    remarks = _remarks(answers, scheme, networks)
    if six.status == "answered" and _fine(six):
        return _compared(six, four, remarks, pages)
    verdict, reason, more = _failed(answers, six, four)
    return Verdict(verdict, reason, (*remarks, *more), True, _likeness(six, four, pages), scheme)


def _by_name(answers: HostAnswers, networks: Sequence[Network]) -> Verdict | None:
    """Return what the name alone decides."""
    name = answers.aaaa
    match name.status:
        case "chain_loop" | "chain_too_long":
            return Verdict("name_fault", name.status, has_aaaa=False)
        case "no_domain" if answers.a.status == "found":
            # RFC 4074, 4.2: such servers deny the name when asked for AAAA.
            return Verdict("no_aaaa", "server_denies_name", has_aaaa=False)
        case "no_domain":
            return Verdict("domain_missing", "alias_leads_nowhere" if name.chain else "", has_aaaa=False)
        case "no_data":
            return Verdict("no_aaaa", "no_address_at_all" if answers.a.status in {"no_data", "no_domain"} else "", has_aaaa=False)
        case "found":
            kinds = {kind for a in name.values if (kind := address_kind(a)) != "global" and not is_allowed(a, networks)}
            if not any(is_allowed(a, networks) for a in name.values):
                return Verdict("nowhere", "; ".join(sorted(kinds)), has_aaaa=False)
            return None
        case _:
            return Verdict("unknown", f"dns_{name.status}")


def _scheme(answers: HostAnswers) -> str:
    """Return the scheme that the list names, else what the portal is used by: HTTPS where it answers, over whichever protocol."""
    if answers.scheme:
        return answers.scheme
    order: tuple[tuple[Family, str], ...] = ((4, "https"), (4, "http"), (6, "https"), (6, "http"))
    return next((scheme for family, scheme in order if _fine(answers.visit(family, scheme))), "https")


def _fine(visit: Visit) -> bool:
    return visit.status == "answered" and visit.http_status is not None and visit.http_status < 400


def _remarks(answers: HostAnswers, scheme: str, networks: Sequence[Network]) -> tuple[str, ...]:
    other = "http" if scheme == "https" else "https"
    found = []
    if not all(is_allowed(a, networks) for a in answers.aaaa.values):
        found.append("some_addresses_nowhere")
    if _fine(answers.visit(4, other)) and not _fine(answers.visit(6, other)):
        found.append(f"{other}_not_over_ipv6")
    return tuple(found)


def _likeness(six: Visit, four: Visit, pages: PageSettings) -> float:
    return resemblance(six.sketch, four.sketch, pages) if _fine(six) and _fine(four) else float("nan")


def _compared(six: Visit, four: Visit, remarks: tuple[str, ...], pages: PageSettings) -> Verdict:
    likeness = _likeness(six, four, pages)
    if not _fine(four):
        return Verdict("ready", "", (*remarks, "not_compared"), True, likeness, six.scheme)
    alike = same_page(Page(six.title, six.sketch), Page(four.title, four.sketch), pages)
    if alike == "another":
        return Verdict("another_page", "", remarks, True, likeness, six.scheme)
    if alike == "not_told":
        if six.final_url != four.final_url:
            return Verdict("unknown", "pages_not_told_apart", remarks, True, likeness, six.scheme)
        remarks = (*remarks, "compared_by_address_only")
    return Verdict("ready", "", remarks, True, likeness, six.scheme)


def _failed(answers: HostAnswers, six: Visit, four: Visit) -> tuple[str, str, tuple[str, ...]]:
    """Return verdict, reason and remarks of a portal with an AAAA record whose page was not shown over IPv6."""
    if six.status == "answered":
        return _error_answered(six, four)
    if six.status == "not_asked":
        return "unknown", "not_asked", ()
    if six.status == "redirect_without_address":
        return "leads_to_ipv4", six.status, ()
    if six.status in CERTIFICATE_FAULTS:
        return "certificate", six.status, ("same_over_ipv4",) if four.status == six.status else ()
    if six.status in {"redirect_not_allowed", "redirect_name_fault", "too_many_redirects", "address_not_allowed"}:
        return ("http_error", six.status, ()) if _fine(four) else ("unknown", six.status, ())
    if not answers.machine.ipv6_works:
        # Not one connection over IPv6 came about from here: that is the machine's, not the portal's.
        return "unknown", "machine_without_ipv6", ()
    if four.spoke:
        return "unreachable", six.status, ()
    if four.status in {"no_address", "not_asked"}:
        return "unreachable", six.status, ("only_ipv6",) if answers.a.status in {"no_data", "no_domain"} else ("not_compared",)
    if not answers.machine.ipv4_works:
        return "unreachable", six.status, ("not_compared",)
    return "down", four.status, ()


def _error_answered(six: Visit, four: Visit) -> tuple[str, str, tuple[str, ...]]:
    if _fine(four):
        return "http_error", "error_status", ()
    broken = (six.http_status or 0) >= 500
    if four.status == "answered":
        return ("down", "error_status", ()) if broken and (four.http_status or 0) >= 500 else ("unknown", "turned_away", ())
    return ("http_error", "error_status", ("not_compared",)) if broken else ("unknown", "turned_away", ())


def servers_with_ipv6(answers: HostAnswers, listed: NameAnswer, networks: Sequence[Network] = ()) -> tuple[int, int, int]:
    """Return how many of a domain's servers have an AAAA record that leads somewhere, have none, and are not known.

    Parameters
    ----------
    answers : HostAnswers
    listed : NameAnswer
        ``answers.name_servers`` or ``answers.mail``.
    networks : sequence of network
    """
    have = lack = 0
    names = listed.values if listed.status == "found" else ()
    for name in names:
        server = answers.server(name)
        if server.status == "found":
            good = any(is_allowed(address, networks) for address in server.addresses)
            have, lack = have + good, lack + (not good)
        else:
            lack += server.status in {"no_data", "no_domain", "chain_loop", "chain_too_long"}
    return have, lack, len(names) - have - lack
