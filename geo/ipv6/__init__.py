"""IPv6 per area: how many can use it, from tests; and whether the portals of state bodies answer over it.

::

    targets = unique_targets(portal_targets(portals, asking))
    answers = ask_portals(targets, asking, page_settings(), KeptAnswers(AnswerFiles(folder)))   # geo.ipv6.asking: the only part on the network
    table = judge_portals(portals, answers, asking, page_settings())
    shares = pd.concat([portal_shares(table, provinces), uptake_shares(tests, provinces, uptake_settings(), evidence_settings())])
    ipv6_table(shares, names)
"""

from geo.ipv6.areas import (
    IPV6_COLUMNS,
    PORTAL_INDICATORS,
    REPORTED_COLUMNS,
    ipv6_table,
    portal_shares,
    reported_figures,
)
from geo.ipv6.keeping import KeptAnswers, answers_of
from geo.ipv6.portals import PORTAL_COLUMNS, judge_portals, portal_targets, unique_targets
from geo.ipv6.settings import (
    AskingSettings,
    PageSettings,
    UptakeSettings,
    asking_settings,
    page_settings,
    uptake_settings,
)
from geo.ipv6.uptake import INDICATORS, SHARE_COLUMNS, uptake_shares
from geo.ipv6.verdicts import VERDICTS, Verdict, judge

__all__ = [
    "INDICATORS",
    "IPV6_COLUMNS",
    "PORTAL_COLUMNS",
    "PORTAL_INDICATORS",
    "REPORTED_COLUMNS",
    "SHARE_COLUMNS",
    "VERDICTS",
    "AskingSettings",
    "KeptAnswers",
    "PageSettings",
    "UptakeSettings",
    "Verdict",
    "answers_of",
    "asking_settings",
    "ipv6_table",
    "judge",
    "judge_portals",
    "page_settings",
    "portal_shares",
    "portal_targets",
    "reported_figures",
    "unique_targets",
    "uptake_settings",
    "uptake_shares",
]
