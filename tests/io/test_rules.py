"""Rule files: what ships, what a department lays over it, and what is refused with file, rule and key."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from geo.errors import ProjectFileError
from geo.io.resources import load_toml, resource_names
from geo.io.rules import _TABLES, indicators, read_rules, rules_from
from geo.operators import _KEYS

GOOD: dict[str, Any] = {
    "id": "our_4g", "indicator": "download", "technology": "4G", "access": "mobile", "area_level": "commune", "statistic": "mean", "comparator": ">=",
    "threshold": 50.0, "unit": "Mbit/s", "basis": "scorecard", "document": "Plan 12", "source": "the department", "status": "in force",
}  # fmt: skip


def read(*entries: dict[str, Any], file: str = "our_rules.toml") -> Any:
    return read_rules("vn-2026", {"rules": list(entries)}, file)


def changed(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in {**GOOD, **keys}.items() if value is not None}


# -- what ships -----------------------------------------------------------------------------------


def test_catalogues_are_read_whole() -> None:
    for name in resource_names("rules"):
        content = load_toml(name)
        count = sum(len(load_toml(f"rules/parts/{part}.toml")["rules"]) for part in content["catalogue"]["parts"])
        rules = read_rules(content["catalogue"]["name"]).rules
        assert len(rules) == count > 40
        # A rule that no indicator, or no indicator that any rule, knows of is a slip.
        assert {rule.indicator.name for rule in rules} == set(indicators())


def test_every_rule_says_where_it_is_from_in_both_languages() -> None:
    for rule in read_rules("vn-2026").rules:
        for said in (rule.title, rule.document, rule.source):
            assert said.vi
            assert said.en
        assert rule.valid_from is not None, rule.id


def test_what_is_recalled_is_never_legal() -> None:
    """The recalled values of the domain notes, by hand; none of them decides, none is called legal."""
    recalled = {
        "qcvn81_availability_2g", "qcvn81_availability_3g", "qcvn81_availability_4g", "qcvn81_access_failures", "qcvn81_access_delay",
        "qcvn81_dropped_transfers", "qcvn81_mean_download", "qcvn81_mean_upload", "qcvn81_share_download", "qcvn126_dropped_transfers",
        "qcvn126_availability_5g", "qcvn34_latency", "qcvn34_link_utilisation", "qcvn34_billing_error", "qcvn34_service_availability",
    }  # fmt: skip
    rules = read_rules("vn-2026").rules
    assert recalled <= {rule.id for rule in rules if rule.status == "unverified"}
    for rule in rules:
        assert (rule.stated_basis == "legal") == (rule.basis == "legal" and rule.status == "in force"), rule.id
        if "recalled" in rule.source.en.lower() or "not found" in (rule.source.en + rule.document.en).lower():
            assert rule.status == "unverified", rule.id


def test_values_that_are_not_known_are_not_shipped() -> None:
    rules = read_rules("vn-2026")
    (ss_rsrp,) = rules.get("qcvn126_availability_5g")
    assert ss_rsrp.level is None
    (doubled,) = rules.get("decision912_mean_download_mobile")
    assert (doubled.threshold, doubled.threshold_from) == (None, "")


@pytest.mark.parametrize(
    ("rule_id", "threshold", "minimum_n", "first", "due"),
    [
        ("qcvn126_mean_download", 100.0, 1500, date(2022, 7, 1), None),
        ("qcvn126_mean_upload", 30.0, 1500, date(2022, 7, 1), None),
        ("decision36_mean_download_4g", 40.0, 0, date(2024, 1, 11), date(2025, 12, 31)),
        ("decision1132_population_5g", 0.99, 0, date(2024, 10, 9), date(2030, 12, 31)),
        ("decision912_sites_5g_of_4g", 0.5, 0, date(2025, 5, 18), date(2025, 12, 31)),
        ("resolution01_households_fibre", 0.84, 0, date(2026, 1, 8), date(2026, 12, 31)),
        ("commune_mobile_download", 36.0, 300, date(2023, 8, 2), None),
        ("commune_fixed_download", 91.0, 300, date(2023, 8, 2), None),
    ],
)
def test_values_that_were_found(rule_id: str, threshold: float, minimum_n: int, first: date, due: date | None) -> None:
    (rule,) = read_rules("vn-2026").get(rule_id)
    assert (rule.threshold, rule.minimum_n, rule.valid_from, rule.due, rule.status) == (threshold, minimum_n, first, due, "in force")


def test_rules_of_a_day() -> None:
    """On 1 January 2022 there was no 5G rule, and the fixed one was that of 2019."""
    rules = read_rules("vn-2026")
    day = rules.on(date(2022, 1, 1))
    assert not any(rule.id.startswith("qcvn126") for rule in day.rules)
    (then,), (now,) = day.get("qcvn34_mean_download"), rules.on(date(2026, 11, 1)).get("qcvn34_mean_download")
    assert (then.document.en, now.document.en, now.factor) == ("QCVN 34:2019/BTTTT", "QCVN 34:2022/BTTTT", 0.8)
    assert rules.on(date(2023, 6, 30)).get("qcvn34_mean_download") == (then,)
    assert rules.on(date(2023, 7, 1)).get("qcvn34_mean_download") == (now,)


# -- a department's own ---------------------------------------------------------------------------


def test_a_rule_is_added() -> None:
    (rule,) = read(GOOD).get("our_4g")
    assert (rule.origin, rule.replaces, rule.technologies) == ("our_rules.toml", "", ("4G",))
    assert read_rules("vn-2026", {"province": []}, "x").rules == read_rules("vn-2026").rules


def test_a_rule_is_replaced_and_says_so() -> None:
    rules = read(changed(id="commune_mobile_download", valid_from=date(2026, 1, 1)))
    before, after = rules.get("commune_mobile_download")
    assert (before.threshold, before.valid_to, before.origin) == (36.0, date(2025, 12, 31), "vn-2026/commune_scorecard.toml")
    assert (after.threshold, after.origin, after.replaces) == (50.0, "our_rules.toml", "vn-2026/commune_scorecard.toml")
    assert rules.on(date(2025, 12, 31)).get("commune_mobile_download") == (before,)
    assert rules.on(date(2026, 1, 1)).get("commune_mobile_download") == (after,)


def test_a_rule_replaced_for_a_while_holds_before_and_after() -> None:
    rules = read(changed(id="commune_mobile_download", valid_from=date(2025, 1, 1), valid_to=date(2025, 12, 31)))
    assert [rule.threshold for rule in rules.get("commune_mobile_download")] == [36.0, 50.0, 36.0]
    assert [rules.on(date(y, 6, 1)).get("commune_mobile_download")[0].threshold for y in (2024, 2025, 2026)] == [36.0, 50.0, 36.0]


def test_a_rule_without_days_replaces_all_versions() -> None:
    (rule,) = read(changed(id="qcvn34_mean_download", access="fixed", technology=None)).get("qcvn34_mean_download")
    assert rule.origin == "our_rules.toml"


# -- what is refused ------------------------------------------------------------------------------

OF_SHARE: dict[str, Any] = {"statistic": "share_at_least", "level": 30.0, "threshold": 0.95, "unit": "share"}
OF_SIGNAL: dict[str, Any] = {**OF_SHARE, "indicator": "radio_availability", "level": -110.0}
OF_YES: dict[str, Any] = {"indicator": "ipv6", "statistic": "share", "threshold": 0.5, "unit": "share"}
DECLARED: dict[str, Any] = {"threshold": None, "threshold_from": "declared.vd_mbps"}

REFUSED = [
    ({"comparator": "=>"}, "comparator = '=>'", "allowed: >=, <=, >, <"),
    ({"statistic": "average"}, "statistic = 'average'", "allowed: mean"),
    ({"indicator": "downloads"}, "indicator = 'downloads'", "did you mean 'download'?"),
    ({"unit": "kbit/s"}, "unit = 'kbit/s'", "the unit must be 'Mbit/s'"),
    ({"statistic": "share_at_least", "level": 30.0, "threshold": 0.95}, "unit = 'Mbit/s'", "the unit must be 'share'"),
    ({"statistic": "share_at_least", "level": 30.0, "threshold": 95.0, "unit": "share"}, "threshold = 95.0", "from 0 to 1"),
    ({"threshold": "50"}, "threshold = '50'", "a number is needed"),
    ({"threshold": -5}, "threshold = -5", "above 0"),
    ({"threshold": True}, "threshold = true", "a number is needed"),
    ({"threshold": float("nan")}, "threshold = nan", "a number is needed"),
    ({"threshold_from": "declared.vd_mbps"}, "threshold_from = 'declared.vd_mbps'", "not both"),
    ({"threshold": None, "threshold_from": "declared.vmax"}, "threshold_from = 'declared.vmax'", "allowed: declared.vd_mbps"),
    ({"level": 3.0}, "level = 3.0", "only with share_at_least"),
    ({"statistic": "percentile"}, "percentile", "needed if, and only if"),
    ({"statistic": "percentile", "percentile": 10}, "percentile = 10", "from 0 to 1"),
    ({"percentile": 0.5}, "percentile = 0.5", "needed if, and only if"),
    ({"factor": 0.8}, "factor = 0.8", "only with threshold_from"),
    ({"statistic": "share", "unit": "share", "threshold": 0.5}, "statistic = 'share'", "yes-or-no"),
    ({"indicator": "households_fibre", "unit": "share", "threshold": 0.5}, "statistic = 'mean'", "use 'reported'"),
    ({"indicator": "households_fibre", "unit": "share", "threshold": 0.5, "statistic": "share"}, "statistic = 'share'", "use 'reported'"),
    ({"valid_from": "2026-02-30"}, "valid_from = '2026-02-30'", "a day that exists"),
    ({"valid_from": date(2026, 5, 1), "valid_to": date(2026, 4, 30)}, "valid_to = ", "before valid_from"),
    ({"due": date(2030, 1, 1)}, "due = ", "only with basis = 'target'"),
    ({"basis": "law"}, "basis = 'law'", "allowed: legal"),
    ({"basis": "legal", "status": "setting"}, "status = 'setting'", "cannot be a choice of one's own"),
    ({"status": "valid"}, "status = 'valid'", "allowed: in force"),
    ({"unverified": ["threshold"]}, "status = 'in force'", "must be 'unverified'"),
    ({"minimum_n": 2.5}, "minimum_n = 2.5", "whole number"),
    ({"technology": ["4G", "6G"]}, "technology = ", "allowed: 2G, 3G, 4G, 5G"),
    ({"area_level": "district"}, "area_level = 'district'", "allowed: commune, province"),
    ({"campaign_required": True}, "campaign_required = true", "period = 'campaign' is needed"),
    ({"campaign_required": "yes"}, "campaign_required = 'yes'", "true or false"),
    ({"document": {"vi": "x"}}, "document = ", "text is needed"),
    ({"treshold": 5}, "treshold = 5", "did you mean 'threshold'?"),
    ({"source": None}, "source", "missing"),
    ({"indicator": "planning_level"}, "indicator = 'planning_level'", "levels_dbm"),
    # keys and values that nobody knows
    ({"Source_Kind": ["drive_test"]}, "Source_Kind = ", "did you mean 'source_kinds'? (keys: id, indicator,"),
    ({"xyz": 1}, "xyz = 1", "there is no such key (keys: id, indicator,"),
    ({"title": {"vi": "x", "eng": "y"}}, "title = ", "no key 'eng'; allowed: vi, en"),
    ({"source_kinds": ["drive_tests"]}, "source_kinds = ", "did you mean 'drive_test'?"),
    ({"id": "our 4g; x"}, "id = 'our 4g; x'", "letters, digits"),
    ({"document": "  "}, "document = '  '", "missing"),
    ({"clause": "x" * 501}, "clause = ", "501 characters, 500 at most"),
    # numbers that every figure or none would meet
    ({"threshold": 20000}, "threshold = 20000", "above 0, up to 10,000 Mbit/s"),
    ({"threshold": 0}, "threshold = 0", "above 0"),
    ({**OF_SHARE, "threshold": 0}, "threshold = 0", "always met"),
    ({**OF_SHARE, "comparator": ">", "threshold": 1}, "threshold = 1", "never be met"),
    ({**OF_SHARE, "level": -30.0}, "level = -30.0", "from 0 to 10,000 Mbit/s"),
    ({**OF_SHARE, "level": 0}, "level = 0", "cannot have this level"),
    ({**OF_SHARE, "level": 50000.0}, "level = 50000.0", "cannot have this level"),
    ({**OF_SIGNAL, "level": 100.0}, "level = 100.0", "from -156 to -25 dBm"),
    ({**OF_SIGNAL, "level": -200.0}, "level = -200.0", "from -156 to -25 dBm"),
    ({**OF_YES, "threshold": 80}, "threshold = 80", "from 0 to 1"),
    ({"statistic": "percentile", "percentile": 0}, "percentile = 0", "without these two"),
    ({"statistic": "percentile", "percentile": 1.0}, "percentile = 1.0", "without these two"),
    ({**DECLARED, "factor": 0}, "factor = 0", "above 0, up to 1"),
    ({**DECLARED, "factor": -0.8}, "factor = -0.8", "above 0, up to 1"),
    ({**DECLARED, "factor": 80}, "factor = 80", "80 % is 0.8"),
    ({"factor": 1.0}, "factor = 1.0", "only with threshold_from"),
    ({"threshold": None}, "threshold", "nothing can be judged"),
    ({**OF_SHARE, "level": None}, "level", "needs to know which level"),
    # what no sample could be held against
    ({**OF_SIGNAL, "level": None, "level_from": "declared.vd_mbps"}, "level_from = 'declared.vd_mbps'", "nobody declares one"),
    ({**DECLARED, "threshold_from": "declared.vu_mbps"}, "threshold_from = 'declared.vu_mbps'", "allowed: declared.vd_mbps"),
    ({"indicator": "latency", "unit": "ms", "comparator": "<=", "threshold": None, "threshold_from": "package.download_mbps"}, "threshold_from = ", "nobody declares one"),
    ({**OF_YES, "statistic": "share_at_least", "level": 0.5}, "statistic = 'share_at_least'", "use 'share'"),
    ({"statistic": "reported"}, "statistic = 'reported'", "reported by nobody"),
    ({"access": "fixed"}, "technology = '4G'", "no mobile technology"),
    ({**OF_SIGNAL, "technology": None}, "technology", "its own quantity"),
    ({**OF_SIGNAL, "technology": None, "access": "fixed"}, "access = 'fixed'", "of mobile networks alone"),
    ({"area_level": "road"}, "area_level = 'road'", "not taken by road"),
    ({**OF_SIGNAL, "source_kinds": ["open_tiles", "crowd_test"]}, "source_kinds = ", "measured by these alone: drive_test"),
    ({**OF_SHARE, "source_kinds": ["open_tiles", "aggregate"]}, "source_kinds = ", "no share of samples"),
    # the wrong way round
    ({"comparator": "<="}, "comparator = '<='", "must be >= or >"),
    ({"indicator": "latency", "unit": "ms"}, "comparator = '>='", "must be <= or <"),
    ({**OF_SHARE, "statistic": "share_at_most"}, "comparator = '>='", "must be <= or <"),
    ({"indicator": "only_2g_users", "statistic": "reported", "unit": "share", "threshold": 0.05, "technology": None}, "comparator = '>='", "must be <= or <"),
    # days
    ({"basis": "target", "valid_from": date(2026, 1, 1), "due": date(2025, 12, 31)}, "due = 2025-12-31", "before it is in force"),
    ({"basis": "target", "valid_to": date(2026, 1, 1), "due": date(2027, 12, 31)}, "due = 2027-12-31", "never be judged"),
    ({"valid_from": 2026}, "valid_from = 2026", "a day that exists"),
    # an id that ships, about something else
    ({"id": "commune_mobile_download", "indicator": "upload"}, "'commune_mobile_download' is about upload mobile", "would be gone"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "came", "allowed"), REFUSED, ids=[f"{k}-{c[:30]}" for k, (_, c, _) in enumerate(REFUSED)])
def test_refused_with_file_rule_and_key(keys: dict[str, Any], came: str, allowed: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        read(changed(**keys))
    message = caught.value.message
    assert message.en.lower().startswith("our_rules.toml: rule '")
    assert came in message.en
    assert allowed in message.en
    assert message.vi.lower().startswith("our_rules.toml: quy tắc '")
    if " = " in came:
        assert came in message.vi
    # One fault, one sentence, in each language.
    assert message.en.count("ule '") == message.vi.count("uy tắc '") == 1


@pytest.mark.parametrize("keys", [OF_SHARE, OF_SIGNAL, OF_YES, DECLARED, {**OF_SIGNAL, "level": -156.0}, {**DECLARED, "factor": 1}, {**OF_SHARE, "threshold": 1}])
def test_rules_that_mean_something_are_taken(keys: dict[str, Any]) -> None:
    (rule,) = read(changed(**keys)).get("our_4g")
    assert rule.factor == 1.0


def test_a_rule_that_replaces_one_of_its_matter_is_taken_also_for_one_kind_of_access() -> None:
    (found,) = read(changed(**OF_YES, id="ipv6_only_use_2028", technology=None, basis="target")).get("ipv6_only_use_2028")
    assert (found.access, found.replaces) == ("mobile", "vn-2026/national_targets.toml")
    with pytest.raises(ProjectFileError, match=r"is about download fixed, but the one of that id that ships .* is about download mobile"):
        read(changed(id="commune_mobile_download", access="fixed", technology=None))


UNREAD = [
    ({"rule": [GOOD]}, "there is no [[rule]], did you mean [[rules]]? (tables: [[rules]], [[province]]"),
    ({"Rules": [GOOD]}, "did you mean [[rules]]?"),
    ({"quy_tac": [GOOD]}, "there is no [[quy_tac]] (tables:"),
    ({"operators": [{"name": "A"}]}, "did you mean [[operator]]?"),
    ({"threshold": 60.0}, "there is no 'threshold', is the line [[rules]] missing before it?"),
    ({"rules": GOOD}, "rules must be a list of tables [[rules]]"),
    ({"province": {"code": "99"}}, "province must be a list of tables [[province]]"),
    ({"province": [{"code": "99", "zone": 9210}]}, "[[province]] '99', zone: there is no such key, did you mean 'zone_epsg'?"),
    ({"mast_spacing": [{"id": "x", "distance": 100}]}, "[[mast_spacing]] 'x', distance: there is no such key, did you mean 'distance_m'?"),
    ({"area_classes": [{"area_kind": "x", "class": []}]}, "did you mean 'classes'?"),
]


@pytest.mark.parametrize(("content", "said"), UNREAD)
def test_what_nobody_reads_is_refused(content: dict[str, Any], said: str) -> None:
    """[[rule]] for [[rules]]: the rules of before would go on in silence."""
    with pytest.raises(ProjectFileError) as caught:
        read_rules("vn-2026", content, "our_rules.toml")
    assert said in caught.value.message.en
    assert caught.value.message.vi.startswith("our_rules.toml: ")
    for word in content:
        assert word in caught.value.message.vi


def test_keys_of_operators_are_those_that_are_read() -> None:
    assert set(_TABLES["operator"]) == _KEYS


def test_all_faults_of_a_file_in_one_message() -> None:
    with pytest.raises(ProjectFileError) as caught:
        read(changed(comparator="="), changed(id="", unit="m"))
    assert "Rule 'our_4g', comparator" in caught.value.message.en
    assert "Rule '[[rules]] 2', id" in caught.value.message.en


def test_versions_that_share_a_day_are_refused() -> None:
    with pytest.raises(ProjectFileError, match=r"our_rules.toml: rule 'our_4g' has two versions .*2026-06-01"):
        read(changed(valid_to=date(2026, 6, 1)), changed(valid_from=date(2026, 6, 1)))
    read(changed(valid_to=date(2026, 5, 31)), changed(valid_from=date(2026, 6, 1)))
    with pytest.raises(ProjectFileError, match="two versions"):
        read(GOOD, GOOD)


def test_rules_that_are_no_list_are_refused() -> None:
    with pytest.raises(ProjectFileError, match=r"our_rules.toml: rules must be a list of tables"):
        rules_from({"id": "x"}, "our_rules.toml")
