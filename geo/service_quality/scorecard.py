"""The commune scorecard: every indicator with its figure, bounds, verdict, evidence and rank; rolled up by people.

The roll-up of a province is the mean of its communes' figures weighted by people, sum(w v) over those that have one; how many
of the people they are stands beside it. Its bounds put those of the communes together (method of variance estimates recovery,
G. Zou, A. Donner 2008, Statistics in Medicine 27, 1693-1702): low = v − √(sum w² (v_i − low_i)²), high likewise; only where every
commune that counts has bounds. It is a figure of its own, not the mean of the province's samples, which ``standards`` has.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.service_quality.periods import period_end, period_start, whole_months
from geo.service_quality.ranks import rank_areas
from geo.service_quality.settings import ServiceSettings
from geo.service_quality.verdicts import Areas

__all__ = ["SCORE_COLUMNS", "scorecard"]

SCORE_COLUMNS = (
    "area_code", "area_level", "rule_id", "rule_title", "indicator", "operator", "technology", "access", "period", "source_kind", "statistic", "value", "low", "high",
    "unit", "n", "threshold", "rule_result", "evidence", "rank", "rank_best", "rank_worst", "ties", "rank_note", "areas_ranked", "population_share", "basis", "status",
    "reason", "n_minimum", "area_name", "rule_valid_to", "rule_due", "rule_area_level",
)  # fmt: skip
_KEY = ["rule_id", "operator", "technology", "access", "source_kind"]
_SAME = [*_KEY, "unit"]


def scorecard(
    standards: pd.DataFrame, areas: Areas, settings: ServiceSettings, *, population: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return the scorecard of communes, and its roll-up by province.

    Of rules that are judged month by month the latest month with samples counts, of campaigns the last, of figures that are reported the latest
    period, of a rule with several versions the latest.

    Parameters
    ----------
    standards : DataFrame
        As :func:`~geo.service_quality.verdicts.judge` returns it, with :data:`~geo.service_quality.verdicts.JOINT_COLUMNS`.
    areas : Areas
    settings : ServiceSettings
    population : mapping of str to float, optional
        People of each commune; without it, and where it is not known, nothing is rolled up.
    """
    rows = standards[standards["area_level"] == "commune"]
    if not rows.empty:
        rows = rows[_latest(rows, rows["rule_valid_from"].astype("str"))]
        months = rows["period"].astype("str")
        told = (rows["statistic"] == "reported").to_numpy(dtype=bool)
        monthly = months.map(whole_months).to_numpy(dtype=bool) & ~told
        # Figures that are reported for several periods: the last one, as far as it is known of which period they are.
        which = months.map(period_end).where(monthly | told, "")
        kept = ~(monthly | told) | _latest(rows, which)
        rows = _last_campaign(rows[kept].assign(_of_period=(monthly | told)[kept]))
        rows = _one_each(rows, rows["_of_period"].to_numpy(dtype=bool))
    parts: list[pd.DataFrame] = []
    for _, part in rows.groupby(_SAME, sort=True):
        parts.append(_ranked(part, settings))
        if population is not None:
            parts += _rolled_up(part, areas, population)
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in SCORE_COLUMNS})
    table = pd.concat(parts, ignore_index=True)
    order = ["area_level", "rule_id", "operator", "technology", "access", "source_kind", "area_code"]
    return table.sort_values(order, kind="stable", ignore_index=True)[list(SCORE_COLUMNS)]


def _one_each(rows: pd.DataFrame, of_periods: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return rows of which no commune has two of one indicator: else it would stand twice, and count twice in its province.

    Of a month and a quarter that end together the month stays, as the later one; of single tests beside sums that somebody else made the one with a
    figure, then the one of most tests.
    """
    periods = rows["period"].astype("str")
    ends = {f"_{name}": np.where(of_periods, periods.map(of), "") for name, of in (("end", period_end), ("start", period_start))}
    marked = rows.assign(**ends, _known=rows["value"].notna(), _n=rows["n"].astype(float), _days=periods)
    kept = marked.sort_values(["_end", "_start", "_known", "_n", "_days"], kind="stable").drop_duplicates([*_SAME, "area_code"], keep="last").index
    return rows[rows.index.isin(kept)]


def _last_campaign(rows: pd.DataFrame) -> pd.DataFrame:
    """Return of each indicator the rows of its last campaign: the one whose samples end last."""
    ends = rows.assign(_end=rows["period"].astype("str").map(period_end)).groupby([*_KEY, "campaign"])["_end"].transform("max")
    # Samples of no campaign come after those of one; two campaigns that end on one day are told apart by their names.
    which = (rows["campaign"] != "").astype("int").astype("str") + ends + " " + rows["campaign"].astype("str")
    return rows[which == which.groupby([rows[name] for name in _KEY]).transform("max")]


def _latest(rows: pd.DataFrame, which: pd.Series) -> npt.NDArray[np.bool_]:
    """Return the rows whose ``which`` is the last one of theirs that has samples, or the last of all where none has."""
    keys = [rows[name] for name in _KEY]
    some = np.where(rows["statistic"] == "reported", rows["value"].notna(), rows["n"].to_numpy(dtype=np.float64) > 0)
    with_samples = which.where(some, "").groupby(keys).transform("max")
    last = which.groupby(keys).transform("max")
    return np.asarray(which == with_samples.where(with_samples != "", last), dtype=bool)


def _ranked(part: pd.DataFrame, settings: ServiceSettings) -> pd.DataFrame:
    """Return one indicator's communes with their ranks."""
    value, low, high = (part[name].to_numpy(dtype=np.float64) for name in ("value", "joint_low", "joint_high"))
    better = str(part["comparator"].iloc[0]) in {">=", ">"}
    found = rank_areas(value, low, high, more_is_better=better, ranked_share=settings.ranked_share)
    compared = int(np.isfinite(found.best).sum())
    note = np.where(
        found.ranked, np.where(found.ties > 0, "tied", ""), np.where(np.isfinite(found.best), "cannot_be_ranked", np.where(np.isfinite(value), "no_interval", "no_value"))
    )
    alone = np.isfinite(found.best) & (compared == 1)
    # One commune alone has the first and the last rank: that ranks nothing.
    note = np.where(alone, "only_one", note)
    best, worst, ties = (np.where(alone, np.nan, each) for each in (found.best, found.worst, found.ties))
    return part.assign(
        rank=found.rank, rank_best=best, rank_worst=worst, ties=ties, rank_note=note, areas_ranked=compared, population_share=np.nan
    )


def _rolled_up(part: pd.DataFrame, areas: Areas, population: Mapping[str, float]) -> list[pd.DataFrame]:
    """Return one indicator's rows of the provinces."""
    rows = []
    for province in areas.codes.get("province", ()):
        own = [code for code in areas.codes["commune"] if areas.province_of[code] == province]
        people = {code: float(population.get(code, float("nan"))) for code in own}
        everyone = sum(people.values())
        mine = part[part["area_code"].isin(own) & part["value"].notna()]
        weight = mine["area_code"].map(people).to_numpy(dtype=np.float64)
        usable = np.isfinite(weight) & (weight > 0)
        mine, weight = mine[usable], weight[usable]
        if mine.empty:
            continue
        w = weight / weight.sum()
        value, low, high = (mine[name].to_numpy(dtype=np.float64) for name in ("value", "low", "high"))
        middle = float(w @ value)
        first = mine.iloc[[0]]
        rows.append(
            first.assign(
                area_code=province, area_level="province", area_name=areas.names.get("province", {}).get(province, ""), statistic="population_weighted", period="", value=middle,
                low=middle - float(np.sqrt(np.square(w * (value - low)).sum())), high=middle + float(np.sqrt(np.square(w * (high - value)).sum())),
                n=float(mine["n"].sum()), rule_result="indicative", evidence="not_enough", rank=np.nan, rank_best=np.nan, rank_worst=np.nan, ties=np.nan,
                rank_note="", areas_ranked=len(mine), population_share=weight.sum() / everyone if np.isfinite(everyone) else np.nan, reason="population_weighted",
            )
        )  # fmt: skip
    return rows
