"""Figures of communes of before 01/07/2025 and those of today: one series over the change, each figure with what the change leaves open.

**Old to new.** A commune of today took former ones whole, and parts of some that were divided. Its figure is
sum(n_i f_i v_i) / sum(n_i f_i): v_i the former communes' figures, n_i what they are shares of, f_i the part that it took: 1 of a whole one,
anything from 0 to 1 of a divided one, since nobody published what lives in the parts. The range stated is over all f_i; where the n_i were not
reported over all weights too, which is from the least to the greatest of the figures. It holds if a divided commune was alike throughout.
Where a former commune gave no figure, today's is unknown.

**New to old.** What a former commune would read today is known where it became a commune alone. Where it is a part of one, the whole's figure
stands for it; of a share p of everybody, of whom the part w lives there, the former commune's own lies from (p - (1 - w)) / w to p / w, within 0 and
1 (O. D. Duncan, B. Davis 1953, American Sociological Review 18, 665-666). A mean of speeds has no such bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.former_areas import FormerAreas
from geo.service_quality.periods import period_end, period_name, whole_months
from geo.service_quality.reported import REPORTED_COLUMNS

__all__ = ["CONVERTED_COLUMNS", "SERIES_COLUMNS", "Joined", "figures_of_today", "joined_figure", "part_bounds", "reported_figures_of", "series"]

_F64 = npt.NDArray[np.float64]
#: How a figure came to its area: ``own``; ``same`` (one commune, unchanged); ``joined`` (whole communes);
#: ``joined_divided`` (some of them in part); ``incomplete`` (one gave no figure).
CONVERTED_COLUMNS = ("conversion", "parts", "parts_divided", "parts_missing")
SERIES_COLUMNS = (
    "area_code", "area_level", "area_name", "district_name", "province_name", "period", "rule_id", "rule_title", "indicator", "operator", "technology", "access", "source_kind",
    "statistic", "value", "low", "high", "unit", "n", "threshold", "counted_on", "conversion", "error", "parts", "parts_divided", "parts_missing", "today_codes", "basis", "status",
)  # fmt: skip
_KEY = ["rule_id", "indicator", "operator", "technology", "access", "source_kind", "unit"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A commune's figure made of those of former ones, and the range that it lies in."""

    value: float
    low: float
    high: float


def joined_figure(value: _F64, n: _F64, divided: npt.NDArray[np.bool_]) -> Joined:
    """Return the figure of what several communes became.

    Parameters
    ----------
    value, n : (k,) float64 array
        Their figures, and what those are shares of; without one of the n they weigh alike. One that is a share of nobody weighs nothing.
    divided : (k,) bool array
        Communes of which only a part belongs to it.

    Returns
    -------
    Joined
        The value takes an even part of each divided commune.
    """
    some = n != 0 if (n > 0).any() else np.ones(len(n), dtype=bool)
    value, n, divided = value[some], n[some], divided[some]
    if not len(value) or not np.isfinite(value).all():
        return Joined(float("nan"), float("nan"), float("nan"))
    if len(value) == 1:
        return Joined(float(value[0]), float(value[0]), float(value[0]))
    if not (np.isfinite(n).all() and (n > 0).all()):
        return Joined(float(value.mean()), float(value.min()), float(value.max()))
    weight = np.where(divided, n / 2.0, n)
    middle = float((weight * value).sum() / weight.sum())
    whole = ~divided
    ends = []
    for sign in (1.0, -1.0):
        # The least mean takes the divided communes from the least value on, as long as they pull it down; the greatest likewise.
        total, mass = float((n * value)[whole].sum()), float(n[whole].sum())
        for i in sorted(np.flatnonzero(divided), key=lambda j: sign * value[j]):
            if not mass or sign * value[i] < sign * total / mass:
                total, mass = total + n[i] * value[i], mass + n[i]
        ends.append(total / mass)
    return Joined(middle, float(ends[0]), float(ends[1]))


def part_bounds(share: float, part: float) -> tuple[float, float]:
    """Return between what a part's share lies when everybody's is known (Duncan and Davis 1953).

    Parameters
    ----------
    share : float
        Of all, 0..1.
    part : float
        Of all, who belong to the part; above 0, up to 1.
    """
    return max(0.0, (share - (1.0 - part)) / part), min(1.0, share / part)


def reported_figures_of(table: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return the reported figures of one level in the form that verdicts are given for.

    Parameters
    ----------
    table : DataFrame
        :data:`geo.service_frames.REPORTED_INDICATORS`.
    level : str
    """
    own = table[table["area_level"] == level]
    nan = np.full(len(own), np.nan)
    found = pd.DataFrame(
        {
            "area_code": own["area_code"], "area_level": level, "indicator": own["indicator"], "value": own["value"].astype(float), "low": nan, "high": nan, "n": own["n"],
            "period": _periods(own), "source_kind": own["source_kind"], "conversion": "own", "parts": np.nan, "parts_divided": np.nan, "parts_missing": np.nan,
            "former_place": own["former_place"],
        }
    )  # fmt: skip
    return found.reset_index(drop=True)


def figures_of_today(reported: pd.DataFrame, former: FormerAreas, communes: Sequence[str]) -> pd.DataFrame:
    """Return figures of former communes as figures of the communes that they became.

    Parameters
    ----------
    reported : DataFrame
        As :func:`reported_figures_of` returns it for ``former_commune``.
    former : FormerAreas
    communes : sequence of str
        Of today, that are wanted.

    Returns
    -------
    DataFrame
        :data:`geo.service_quality.reported.REPORTED_COLUMNS` and :data:`CONVERTED_COLUMNS`; low and high are the range of the
        conversion, NaN where it leaves nothing open.
    """
    wanted = set(communes)
    rows: list[tuple[object, ...]] = []
    for (indicator, period, kind), part in reported.groupby(["indicator", "period", "source_kind"], sort=True):
        places = part["former_place"].to_numpy(dtype=np.int64)
        figures = dict(zip(places.tolist(), part["value"].astype(float).tolist(), strict=True))
        out_of = dict(zip(places.tolist(), part["n"].astype(float).tolist(), strict=True))
        for code in sorted({c for p in figures for c in former.today[p]} & wanted):
            sources = former.sources[code]
            missing = sum(p not in figures for p in sources)
            divided = np.array([len(former.today[p]) > 1 for p in sources], dtype=bool)
            n = np.array([out_of.get(p, np.nan) for p in sources])
            found = joined_figure(np.array([figures.get(p, np.nan) for p in sources]), n, divided)
            how = "incomplete" if missing else "joined_divided" if divided.any() else "same" if len(sources) == 1 else "joined"
            open_ = how.startswith("joined") and found.low != found.high
            total = float(n.sum()) if not divided.any() else np.nan
            rows.append(
                (
                    code, "commune", indicator, found.value, found.low if open_ else np.nan, found.high if open_ else np.nan, total, period, kind,
                    how, len(sources), int(divided.sum()), missing,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=[*REPORTED_COLUMNS, *CONVERTED_COLUMNS])


def series(
    standards: pd.DataFrame,
    reported: pd.DataFrame,
    former: FormerAreas,
    communes: pd.DataFrame,
    *,
    placed_by_name: frozenset[tuple[str, str]] = frozenset(),
) -> pd.DataFrame:
    """Return every figure of every period, for communes of today and for those of before the change.

    Parameters
    ----------
    standards : DataFrame
        Rows of :func:`~geo.service_quality.verdicts.judge` and :func:`~geo.service_quality.reported.judge_reported`, with
        :data:`CONVERTED_COLUMNS` where a figure came from former communes.
    reported : DataFrame
        Own figures of former communes, judged: rows as those of ``standards``, ``area_level`` ``former_commune``, with ``former_place``.
    former : FormerAreas
    communes : DataFrame
        ``commune_code``, ``commune_name``, ``province_name``.
    placed_by_name : frozenset of (commune, period)
        Whose samples of before the change had no position and were placed by the name of a former commune.
    """
    known = standards[(standards["area_level"] == "commune") & standards["value"].notna()]
    # Figures of whatever days had samples are no series.
    known = known[(known["statistic"] == "reported") | known["period"].astype(str).map(whole_months).astype(bool)]
    names = communes.drop_duplicates("commune_code").set_index("commune_code")
    today = _of_today(known, names, former, placed_by_name)
    own = _own_of_former(reported, former)
    carried = _carried(today, own, former, {str(c) for c in names.index})
    parts = [part for part in (today, own, carried) if len(part)]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in SERIES_COLUMNS})
    table = pd.concat([p[list(SERIES_COLUMNS)] for p in parts], ignore_index=True)
    order = ["area_level", "rule_id", "operator", "technology", "access", "source_kind", "area_code", "area_name", "period"]
    return table.sort_values(order, kind="stable", ignore_index=True)


def _of_today(rows: pd.DataFrame, names: pd.DataFrame, former: FormerAreas, by_name: frozenset[tuple[str, str]]) -> pd.DataFrame:
    codes = rows["area_code"].astype(str)
    came = rows.get("conversion", pd.Series("own", index=rows.index)).fillna("own").astype(str)
    numbers = {name: rows.get(name, pd.Series(np.nan, index=rows.index)) for name in CONVERTED_COLUMNS[1:]}
    named = pd.Series([(c, p) in by_name for c, p in zip(codes, rows["period"].astype(str), strict=True)], index=rows.index, dtype=bool)
    sources = codes.map(lambda c: len(former.sources.get(c, ())))
    divided = codes.map(lambda c: sum(len(former.today[p]) > 1 for p in former.sources.get(c, ())))
    # Tests of former communes are put together by their number, which is exact; those of a divided one had no place and were left out.
    how = pd.Series(np.where(~named, came, np.where(divided > 0, "joined_divided", np.where(sources == 1, "same", "joined"))), index=rows.index)
    converted = how.isin(["same", "joined", "joined_divided", "incomplete"])
    ranged = converted & ~named & rows["low"].notna()
    error = np.select([ranged, how == "joined_divided"], ["range", "not_known"], np.where(converted, "none", ""))
    return rows.assign(
        area_name=codes.map(names["commune_name"]).fillna(""), district_name="", province_name=codes.map(names["province_name"]).fillna(""),
        counted_on=np.where(converted, "former", "today"), conversion=how, error=error, today_codes=codes,
        parts=numbers["parts"].where(~named, sources), parts_divided=numbers["parts_divided"].where(~named, divided), parts_missing=numbers["parts_missing"].where(~named, divided),
    )  # fmt: skip


def _own_of_former(reported: pd.DataFrame, former: FormerAreas) -> pd.DataFrame:
    rows = reported[reported["value"].notna()]
    places = rows["former_place"].astype("int64").tolist()
    return rows.assign(**_former_names(places, former), counted_on="former", conversion="own", error="", parts=np.nan, parts_divided=np.nan, parts_missing=np.nan)


def _former_names(places: Sequence[int], former: FormerAreas) -> dict[str, list[str]]:
    return {
        "area_code": [former.codes[p] for p in places], "area_name": [former.names[p] for p in places], "district_name": [former.districts[p] for p in places],
        "province_name": [former.provinces[p] for p in places], "today_codes": ["; ".join(former.today[p]) for p in places],
    }  # fmt: skip


def _carried(today: pd.DataFrame, own: pd.DataFrame, former: FormerAreas, communes: set[str]) -> pd.DataFrame:
    """Return today's figures for the former communes that are in them."""
    rows = today[(today["counted_on"] == "today").to_numpy(dtype=bool)]
    wholes = _last_wholes(own)
    out: list[dict[str, object]] = []
    for code, part in rows.groupby("area_code", sort=True):
        records = [{str(k): v for k, v in record.items()} for record in part.to_dict("records")]
        for place in former.sources.get(str(code), ()):
            if not set(former.today[place]) <= communes:
                continue
            names = {k: v[0] for k, v in _former_names([place], former).items()}
            out += [{**record, **names, **_as_part(record, place, former, wholes), "area_level": "former_commune"} for record in records]
    return pd.DataFrame(out)


def _last_wholes(own: pd.DataFrame) -> Mapping[str, Mapping[int, float]]:
    """Return what each former commune's latest figure was a share of, by indicator."""
    found: dict[str, dict[int, float]] = {}
    if own.empty:
        return found
    for row in own.sort_values("period", kind="stable", key=lambda periods: periods.astype(str).map(period_end)).to_dict("records"):
        if np.isfinite(row["n"]) and row["n"] > 0:
            found.setdefault(str(row["indicator"]), {})[int(row["former_place"])] = float(row["n"])
    return found


def _as_part(record: Mapping[str, object], place: int, former: FormerAreas, wholes: Mapping[str, Mapping[int, float]]) -> dict[str, object]:
    """Return value, range and what is to be said of a figure of today as one of a former commune."""
    nan = float("nan")
    code = str(record["area_code"])
    sources = former.sources[code]
    divided = [p for p in sources if len(former.today[p]) > 1]
    counts: dict[str, object] = {"parts": len(sources), "parts_divided": len(divided), "parts_missing": nan, "counted_on": "today", "n": nan}
    if place in divided:
        return {**counts, "value": nan, "low": nan, "high": nan, "conversion": "divided", "error": "not_known"}
    if len(sources) == 1:
        return {**counts, "n": record["n"], "conversion": "same", "error": "none"}
    value = float(str(record["value"]))
    mine = wholes.get(str(record["indicator"]), {})
    bounds: tuple[float, float] | None = None
    if record["unit"] == "share" and record["statistic"] == "reported" and not divided:
        if all(p in mine for p in sources):
            bounds = part_bounds(value, mine[place] / sum(mine[p] for p in sources))
        elif value in {0.0, 1.0}:
            bounds = (value, value)
    low, high = (nan, nan) if bounds is None else bounds
    return {**counts, "low": low, "high": high, "conversion": "part", "error": "not_known" if bounds is None else "none" if low == high else "range"}


def _periods(rows: pd.DataFrame) -> list[str]:
    """Return the names of periods; empty where none was told."""
    pairs = zip(rows["period_start"], rows["period_end"], strict=True)
    return ["" if pd.isna(first) or pd.isna(last) else period_name(first.date(), last.date()) for first, last in pairs]
