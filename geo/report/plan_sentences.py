"""Sentences of the plan that put figures of several tables together: who pays, what every village would cost, what the choice holds, what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from geo.io.resources import load_toml
from geo.report.print_words import DASH, Words, unknown
from geo.report.printed import Printed
from geo.report.tables import code_words

__all__ = ["GAIN_STEPS", "about_the_plan", "about_the_sharing", "steps_of_sites", "who_pays", "why_nobody"]

_PAYERS = ("budget", "public_utility", "operator")
#: What a site brings besides a first operator.
GAIN_STEPS = ("population_to_4g", "population_second_operator", "population_third_operator")
_FIRST = tuple(f"{what}_gained_{part}" for what in ("population", "villages") for part in ("certain", "uncertain"))


def _numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(frame[column], errors="coerce")


def who_pays(printed: Printed, words: Words) -> str:
    """Return who is asked to pay for how many sites, and how much; empty where no site is planned.

    Parameters
    ----------
    printed : Printed
    words : Words
    """
    frame = printed.planned
    if frame is None or not len(frame):
        return ""
    parts = []
    for payer in _PAYERS:
        cost = _numbers(frame[frame["funding"] == payer], "cost_vnd")
        if len(cost):
            said = words.say("plan", "pays_one", payer=words.of(code_words("proposal_funding", payer)), cost=words.money(cost.sum()) if cost.notna().any() else DASH, n=words.count(len(cost)))
            parts.append(said + (words.say("plan", "pays_unknown", n=words.count(cost.isna().sum())) if cost.isna().any() else ""))
    return words.say("plan", "pays", parts="; ".join(parts)) if parts else ""


def about_the_plan(printed: Printed, words: Words) -> Iterator[str]:
    """Yield what every village that can be reached would cost beside what the plan spends, the range of its cost, how firm the choice is, what is measured.

    Parameters
    ----------
    printed : Printed
    words : Words
    """
    yield from _every_village(printed, words)
    yield from _range(printed, words)
    gains = printed.planned_gains
    if gains is not None and len(gains):
        yield from _kept(gains, words)
        yield from _measured(gains, printed.measurements, words)


def _every_village(printed: Printed, words: Words) -> Iterator[str]:
    found, years = printed.plan_villages, printed.planned_years
    if found is None or not len(found):
        return
    cheapest, unreachable = found[found["kind"] == "cheapest"], int((found["kind"] == "unreachable").sum())
    if len(cheapest):
        money = float(_numbers(cheapest, "cost_vnd").sum())
        curve = printed.price_curve
        # The curve ends where every village that can be is served; it says how many these are.
        whole = None if curve is None or not len(curve) else curve[_numbers(curve, "spent_vnd") >= money]
        fields = {"sites": words.count(len(cheapest)), "cost": words.money(money)}
        if whole is not None and len(whole):
            yield words.say("plan", "every_village", villages=words.count(_numbers(whole, "villages").max()), **fields)
        else:
            yield words.say("plan", "every_reachable", **fields)
    if unreachable:
        yield words.say("plan", "unreachable", n=words.count(unreachable))
    total = None if years is None else years[years["year"].isna()]
    if len(cheapest) and total is not None and len(total) and float(total["spent_vnd"].iloc[0]) > money:
        row = total.iloc[0]
        figures = {name: words.count(row.get(f"population_{name}")) for name in ("to_4g", "second_operator", "third_operator")}
        yield words.say("plan", "why_more", spent=words.money(row["spent_vnd"]), people=words.count(row["population_first_operator"]), **figures)


def _range(printed: Printed, words: Words) -> Iterator[str]:
    frame = printed.planned
    if frame is None or not {"cost_low", "cost_high"} <= set(frame.columns):
        return
    mine = frame[frame["source"] == "proposed"]
    known = mine[~mine[["cost_low", "cost_vnd", "cost_high"]].isna().any(axis=1)]
    if len(known):
        low, central, high = (words.money(_numbers(known, name).sum()) for name in ("cost_low", "cost_vnd", "cost_high"))
        sources = "; ".join(dict.fromkeys(f"{source} ({year})" for source, year in printed.norm_sources))
        yield words.say("plan", "cost_range", n=words.count(len(known)), low=low, central=central, high=high, sources=sources or words.say("plan", "norms_file"))


def _kept(gains: pd.DataFrame, words: Words) -> Iterator[str]:
    least = float(load_toml("paper.toml")["plan"]["kept_share"])
    for name in ("kept_share", "kept_share_draws"):
        tried = _numbers(gains, name).dropna() if name in gains else pd.Series(dtype=float)
        if len(tried):
            yield words.say("plan", name, n=words.count((tried >= least).sum()), total=words.count(len(tried)), share=words.share(least))
        else:
            yield words.say("plan", f"{name}_not_tried")


def _codes(values: Sequence[object]) -> set[str]:
    return {code for value in values if not unknown(value) for code in str(value).split("; ") if code}


def _measured(gains: pd.DataFrame, measurements: pd.DataFrame | None, words: Words) -> Iterator[str]:
    if measurements is None or "village_id" not in measurements:
        return
    first = _codes(list(gains["village_ids_uncertain"]))
    if first:
        visited = first & _codes(list(measurements["village_id"]))
        yield words.say("plan", "measured_first", n=words.count(len(visited)), total=words.count(len(first)), left=words.count(len(first - visited)))


def about_the_sharing(printed: Printed, words: Words) -> Iterator[str]:
    """Yield how many masts could go, what that saves and costs, the share of shared sites beside the target, and what was not computed.

    Parameters
    ----------
    printed : Printed
    words : Words
    """
    clusters, rates = printed.sharing, printed.sharing_rates
    if clusters is not None and len(clusters) and {"masts_saved", "moving_vnd"} <= set(clusters.columns):
        sums = [_numbers(clusters, name) for name in ("saving_vnd", "moving_vnd")]
        saving, moving = (words.money(column.sum()) if column.notna().all() else DASH for column in sums)
        yield words.say("plan", "sharing_sums", clusters=words.count(len(clusters)), masts=words.count(_numbers(clusters, "masts_saved").sum()), saving=saving, moving=moving)
    whole = None if rates is None or not len(rates) else rates[rates["operator"].isna() | (rates["operator"] == "")]
    if whole is not None and len(whole):
        row = whole.iloc[0]
        if "masts_listed" in row and not unknown(row["masts_listed"]):
            yield words.say("plan", "sharing_masts", **{name: words.count(row[f"masts{part}"]) for name, part in (("masts", ""), ("listed", "_listed"), ("unlisted", "_unlisted"))})
        shares = {name: words.share(row[name]) for name in ("shared_share", "shared_share_after", "target_low", "target_high")}
        yield words.say("plan", "sharing_rate", shared=words.count(row["sites_shared"]), sites=words.count(row["sites"]), **shares)
    if clusters is not None and len(clusters):
        yield words.say("plan", "sharing_not_computed")


def steps_of_sites(printed: Printed) -> list[tuple[object, ...]]:
    """Return for each planned site how many people it takes to 4G, to a second and to a third operator; None where no table says.

    Parameters
    ----------
    printed : Printed
        With ``planned``.
    """
    frame = printed.planned
    assert frame is not None  # noqa: S101
    by_site: dict[tuple[str, str], tuple[object, ...]] = {}
    for source, table, key in (("proposed", printed.planned_gains, "site_id"), ("operator_plan", printed.plans, "line_id")):
        if table is not None and {key, *GAIN_STEPS} <= set(table.columns):
            for _, row in table.iterrows():
                by_site[source, str(row[key])] = tuple(row[name] for name in GAIN_STEPS)
    return [by_site.get((str(source), str(site)), (None,) * len(GAIN_STEPS)) for source, site in zip(frame["source"], frame["site_id"], strict=True)]


def why_nobody(printed: Printed, words: Words) -> Iterator[str]:
    """Yield of each planned site that is not seen to bring anybody anything why it is planned all the same, or why that is not known.

    Parameters
    ----------
    printed : Printed
    words : Words
    """
    frame, plans = printed.planned, printed.plans
    assert frame is not None  # noqa: S101
    remarks = {} if plans is None else dict(zip(plans["line_id"].astype(str), plans["remark"], strict=True))
    for (_, row), steps in zip(frame.iterrows(), steps_of_sites(printed), strict=True):
        if any(not unknown(value) and float(value) > 0 for value in (*(row[name] for name in _FIRST), *steps)):
            continue
        remark = remarks.get(str(row["site_id"])) if row["source"] == "operator_plan" else None
        parts = [str(row["reason"])] if not unknown(row.get("reason")) and str(row.get("reason")) else []
        parts += [words.of(code_words("plan_remarks", code)) for code in str(remark).split("; ")] if not unknown(remark) and str(remark) else []
        yield words.say("plan", "why_one", site=str(row["site_id"]), why="; ".join(parts) or words.say("plan", "no_reason"))
