"""Figures that nobody samples: counted by this analysis, or given by others, against the rules that ask for them.

A figure that is known only between two bounds (villages whose class is undecided) is ``supported`` or ``contradicted`` where both
bounds say the same; one without bounds says nothing of its own truth. What a commune or an operator states of itself is never
evidence, bounds or not: those are of the way from former communes to today's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import InputError
from geo.rules import Rule, RuleSet
from geo.service_quality.periods import period_end
from geo.service_quality.verdicts import JOINT_COLUMNS, STANDARD_COLUMNS, Areas, rule_columns, status_reasons

__all__ = ["BY_PEOPLE", "REPORTED_COLUMNS", "judge_reported", "shared_sites", "villages_with_broadband"]

#: value, low, high: in the indicator's unit; low and high NaN where the figure came without.
REPORTED_COLUMNS = ("area_code", "area_level", "indicator", "value", "low", "high", "n", "period", "source_kind")
#: Kinds of source that tell a figure that nobody measured or counted here: never evidence.
BY_PEOPLE = ("local_report", "operator_statement")
_BROADBAND = ("3G", "4G", "5G")
_UNKNOWN_CLASS = "undecided"
#: Why a commune has no figure among those that were counted here.
_NONE_HERE = {"villages_mobile_broadband": "no_villages_here", "sites_shared": "no_sites_here"}
#: Why none was counted here at all, and nobody reported one either.
_NONE_AT_ALL = {"villages_mobile_broadband": "villages_not_counted", "sites_shared": "sites_not_counted", "portals_ipv6": "portals_not_asked"}
#: What is said of a figure that came from former communes.
_CONVERTED = {"same": "former_same", "joined": "former_joined", "joined_divided": "former_divided", "incomplete": "former_incomplete"}


def judge_reported(reported: pd.DataFrame, areas: Areas, rules: RuleSet, *, on: date, language: str = "vi") -> pd.DataFrame:
    """Return a verdict for each reported figure under each rule that asks for it on a day.

    A rule that nothing was reported for gets one row per area of its level, so that it is not forgotten; so does each commune without a figure under
    a rule on communes.

    Parameters
    ----------
    reported : DataFrame
        :data:`REPORTED_COLUMNS`, and more, which are handed on; ``conversion`` says how a figure came from former communes.
    areas : Areas
    rules : RuleSet
    on : date
    language : {"vi", "en"}
        Of the names of rules and documents.

    Returns
    -------
    DataFrame
        The columns of :func:`~geo.service_quality.verdicts.judge`, and those that were handed on.

    Raises
    ------
    InputError
        If a column is missing.
    """
    more = [name for name in reported.columns if name not in REPORTED_COLUMNS]
    missing = [name for name in REPORTED_COLUMNS if name not in reported.columns]
    if missing:
        raise InputError(f"Số liệu báo cáo thiếu cột: {', '.join(missing)}.", f"Reported figures lack columns: {', '.join(missing)}.")
    rows: list[dict[str, object]] = []
    for rule in rules.on(on).rules:
        if rule.statistic != "reported":
            continue
        own = reported[reported["indicator"] == rule.indicator.name]
        rows += [{**_row(rule, figure, on, language), **{name: figure[name] for name in more}} for figure in own.to_dict("records")]
        of_communes = own[own["area_level"] == "commune"]
        kinds = dict.fromkeys(of_communes["source_kind"].astype(str)) if rule.area_level == "commune" else [k for k in BY_PEOPLE if (own["source_kind"] == k).any()]
        rows += [row for kind in kinds for row in _silent(rule, of_communes[of_communes["source_kind"] == kind], areas, language)]
        level = areas.level_for(rule.area_level)
        if own.empty or (level == "commune" and of_communes.empty):
            why = _NONE_AT_ALL.get(rule.indicator.name, "not_reported")
            rows += [_nothing(rule, level, code, language, why) for code in areas.codes[level]]
    table = pd.DataFrame(rows, columns=[*STANDARD_COLUMNS, *JOINT_COLUMNS, *more])
    return table.assign(area_name=areas.named(table))


def _silent(rule: Rule, told: pd.DataFrame, areas: Areas, language: str) -> list[dict[str, object]]:
    """Return rows of the communes without a figure where others have one, for the latest period."""
    if told.empty or "commune" not in areas.codes:
        return []
    latest = max(told["period"].astype(str), key=period_end)
    mine = told[told["period"].astype(str) == latest]
    here = set(mine["area_code"].astype(str))
    common = {"period": latest, "source_kind": mine["source_kind"].iloc[0]}
    why = _NONE_HERE.get(rule.indicator.name, "") if str(common["source_kind"]) not in BY_PEOPLE else ""
    return [{**_nothing(rule, "commune", code, language, why or "not_reported_here"), **common} for code in areas.codes["commune"] if code not in here]


def _usual(rule: Rule, level: str, code: str, language: str) -> dict[str, object]:
    nan = float("nan")
    numbers = dict.fromkeys(("value", "low", "high", "joint_low", "joint_high", "n_effective", "n_needed", "q_value", "days", "hours", "places", "devices"), nan)
    return {
        **rule_columns(rule, language), **numbers, "area_code": code, "area_level": level, "operator": "", "technology": "; ".join(rule.technologies), "access": rule.access,
        "source_kind": "", "campaign": "", "period": "", "n": 0.0, "threshold": nan if rule.threshold is None else rule.threshold, "unit": rule.unit,
        "rule_result": "not_applicable", "evidence": "not_enough", "tied_with": "",
    }  # fmt: skip


def _nothing(rule: Rule, level: str, code: str, language: str, why: str) -> dict[str, object]:
    reasons = [why, *(["no_threshold_known"] if rule.threshold is None else []), *status_reasons(rule)]
    return {**_usual(rule, level, code, language), "reason": "; ".join(reasons)}


def _row(rule: Rule, figure: Mapping[Hashable, Any], on: date, language: str) -> dict[str, object]:
    value, low, high = (float(figure[name]) for name in ("value", "low", "high"))
    level, kind = str(figure["area_level"]), str(figure["source_kind"])
    by_people, came = kind in BY_PEOPLE, str(figure.get("conversion", ""))
    reasons = []
    if by_people:
        reasons.append("reported_not_measured")
    if came in _CONVERTED:
        reasons.append(_CONVERTED[came])
    if rule.threshold is None:
        reasons.append("no_threshold_known")
    if not np.isfinite(value) and came != "incomplete":
        reasons.append("no_figure")
    elsewhere = [
        ("other_area_level", level != rule.area_level),
        ("other_source_kind", bool(rule.source_kinds and kind not in rule.source_kinds)),
        ("no_campaign", rule.campaign_required),
        # Named by its period, "2026-Q4": what it will be nobody knows before it is over.
        ("period_not_over", period_end(str(figure["period"])) > on.isoformat()),
        ("target_not_due", rule.due is not None and on < rule.due),
        ("former_range" if by_people else "undecided_part", bool(low != high and np.isfinite(low))),
    ]
    reasons += [code for code, holds in elsewhere if holds]
    reasons += status_reasons(rule)
    bounded = bool(np.isfinite(low) and np.isfinite(high))
    if not bounded and not by_people:
        reasons.append("reported_without_spread")
    evidence = "not_enough"
    if rule.threshold is None or not np.isfinite(value):
        result = "not_applicable"
    else:
        sides = {rule.met_by(bound, rule.threshold) for bound in (low, high)} if bounded else {True, False}
        evidence = "not_enough" if len(sides) > 1 or by_people else "supported" if sides == {True} else "contradicted"
        # What lives in the parts of a divided commune nobody published: its figure need not be that of each part.
        if any(holds for _, holds in elsewhere[:5]) or came == "joined_divided" or not rule.confirmed or (bounded and low != high and len(sides) > 1):
            result = "indicative"
        else:
            result = "meets" if rule.met_by(value, rule.threshold) else "fails"
    usual = _usual(rule, level, str(figure["area_code"]), language)
    joint = {} if by_people else {"joint_low": low, "joint_high": high}
    return {
        **usual, **joint, "value": value, "low": low, "high": high, "n": figure["n"], "period": figure["period"],
        "source_kind": kind, "rule_result": result, "evidence": evidence, "reason": "; ".join(reasons),
    }  # fmt: skip


def villages_with_broadband(villages: pd.DataFrame, communes: Sequence[str], on: date) -> pd.DataFrame:
    """Return the share of villages whose representative point has 3G or better of any operator, by commune.

    Villages whose service is undecided are between the bounds; the value is the share of those that are known.

    Parameters
    ----------
    villages : DataFrame
        ``commune_code``, ``class``, ``best_technology`` as the result table has them.
    communes : sequence of str
    on : date
    """
    of = villages["commune_code"].astype("str").to_numpy()
    unknown = (villages["class"].astype("str") == _UNKNOWN_CLASS).to_numpy()
    served = ~unknown & (villages["class"].astype("str") != "white").to_numpy() & villages["best_technology"].astype("str").isin(_BROADBAND).to_numpy()
    rows = []
    for code in communes:
        mine = of == code
        total, yes, open_ = int(mine.sum()), int(served[mine].sum()), int(unknown[mine].sum())
        if total:
            value = yes / (total - open_) if total > open_ else float("nan")
            rows.append((code, "commune", "villages_mobile_broadband", value, yes / total, (yes + open_) / total, float(total), on.isoformat(), ""))
    return pd.DataFrame(rows, columns=list(REPORTED_COLUMNS))


def shared_sites(sites: pd.DataFrame, operators: Sequence[str], communes: Sequence[str], on: date) -> pd.DataFrame:
    """Return the share of sites on air that stand on a mast with another operator's, by commune.

    Without a list of each operator nobody can tell who shares: then nothing is returned.

    Parameters
    ----------
    sites : DataFrame
        ``operator``, ``status``, ``mast_id``, ``commune_code``.
    operators : sequence of str
        The project's.
    communes : sequence of str
    on : date
    """
    empty = pd.DataFrame({name: pd.Series(dtype="object") for name in REPORTED_COLUMNS})
    air = sites[sites["status"] == "on_air"]
    if not set(operators) or not set(operators) <= set(air["operator"]):
        return empty
    users = air.groupby("mast_id")["operator"].nunique()
    shared = (air["mast_id"].map(users) > 1) & (air["mast_id"].astype("str") != "")
    rows = []
    for code in communes:
        mine = (air["commune_code"].astype("str") == code).to_numpy()
        total = int(mine.sum())
        if total:
            share = float(shared.to_numpy()[mine].mean())
            rows.append((code, "commune", "sites_shared", share, share, share, float(total), on.isoformat(), "operator_report"))
    return pd.DataFrame(rows, columns=list(REPORTED_COLUMNS)) if rows else empty
