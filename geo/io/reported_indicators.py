"""Figures that communes and provinces report of themselves: as they came, by period, for today's communes or those of before 01/07/2025.

A row that stands for a time before the change is of a former commune, unless its whole table names today's: then somebody
brought it to today's already. Nobody measured these figures here, and nothing behind this reader says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.areas import AreaIndex, AreaMeant
from geo.former_areas import FormerMatch, Matched
from geo.io.named_areas import state_former_areas
from geo.io.percent_cells import doubtful_percent, percent_marks
from geo.io.places import state_rows
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.service_times import settle_periods, time_rules
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import FieldType, Schema
from geo.service_frames import REPORTED_INDICATORS
from geo.text import clean, fold
from geo.validation import IssueLog
from geo.values import parse_numbers, parse_texts

__all__ = ["read_reported_indicators", "settle_repeats"]

FloatArray = npt.NDArray[np.float64]
_PERCENT = 100.0
_SAME_DIGITS = 12
#: "≥ 40", "trên 40", "40 trở lên", "40+", "< 5": a bound, of which nobody knows how far the value is from it.
_BOUND = re.compile(
    r"[<>≤≥≦≧]|\d\s*%?\s*\+\s*$|\b(?:trên|dưới|hơn|ít nhất|nhiều nhất|tối thiểu|tối đa|không dưới|không quá|chưa đến|gần|trở lên|trở xuống|at least|at most|over|under|or more|or less|more than|less than)\b",
    re.IGNORECASE,
)
_MEASURES = ("percent", "share")
_AREAS = ("commune_code", "commune_name", "district_name", "province_code", "province_name")
_KEY = ["area_level", "area_code", "former_place", "indicator", "period_start", "period_end", "source_kind"]


def read_reported_indicators(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    as_of: pd.Timestamp | None = None,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read reported figures.

    Options beside those of every table, in ``options.extra``: ``period`` of the whole table, ``measure`` (``percent`` or
    ``share``: what the numbers of shares are) and ``source_kind``.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    as_of : Timestamp, optional
        The project's date: no figure is of a later period.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        As :data:`geo.service_frames.REPORTED_INDICATORS`: one row per figure.

    Raises
    ------
    InputError
        If the file cannot be read or lacks the columns.
    """
    schema = load_schema("reported_indicators")
    parts = [
        _read_table(table, schema, options, context, log, as_of)
        for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    ]
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else REPORTED_INDICATORS.empty()


@lru_cache(maxsize=1)
def _settings() -> Mapping[str, Any]:
    return load_toml("reported_indicators.toml")


def _read_table(
    table: Table, schema: Schema, options: TableOptions, context: PositionContext, log: IssueLog, as_of: pd.Timestamp | None
) -> pd.DataFrame:
    frame = convert(table, schema, log)
    frame, start, end = settle_periods(table, frame, clean(options.extra.get("period", "")), time_rules(options, as_of), log, needed=True)
    places = _placed(table, frame, end, context, log)
    header = "; ".join(table.header(n) for n in _AREAS if n in frame.columns)
    kept = log.drop(frame, (places["area_level"] == "").to_numpy(dtype=bool), "reported_place_unknown", table.source, column=header,
                    came=np.array([" ".join(t) for t in zip(*(parse_texts(frame[c]) for c in _AREAS if c in frame.columns), strict=True)], dtype=object))
    figures = _long(table, kept, options, log) if {"indicator", "value"} <= set(kept.columns) else _wide(table, kept, schema, options, log)
    silent = ~kept.index.isin(figures["row"])
    kept = log.drop(kept, silent, "reported_nothing_said", table.source)
    rows = figures["row"].to_numpy(dtype=np.int64)
    given = clean(options.extra.get("source_kind", ""))
    kind = kept.get("source_kind", pd.Series("", index=kept.index, dtype="str"))
    kind = kind.where(kind != "", given if given in _settings()["source_kinds"] else str(_settings()["source_kinds"][0]))
    result = pd.DataFrame(
        {
            **{name: places[name].loc[rows].to_numpy() for name in places.columns},
            "indicator": figures["indicator"], "value": figures["value"], "n": figures["n"],
            "period_start": start.loc[rows].to_numpy(), "period_end": end.loc[rows].to_numpy(), "source_kind": kind.loc[rows].to_numpy(),
            "file": table.source.file, "sheet": table.source.sheet, "row": rows,
        }
    )  # fmt: skip
    log.close("reported_indicators", table.source, rows_in=table.rows_in, rows_used=len(kept))
    return REPORTED_INDICATORS.conform(result)


# -- figures ----------------------------------------------------------------------------------------


def _wide(table: Table, frame: pd.DataFrame, schema: Schema, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Return the figures of a table with a column per indicator."""
    parts = [pd.DataFrame({"row": pd.Series(dtype="int64"), "indicator": pd.Series(dtype="str"), "value": pd.Series(dtype="float64"), "n": pd.Series(dtype="float64")})]
    for name, entry in _settings()["indicators"].items():
        if name not in frame.columns or schema.fields[name].type is not FieldType.RAW:
            continue
        value = _numbers(table, frame[name], name, table.header(name), options, log)
        of = frame.get(str(entry["out_of"]), pd.Series(np.nan, index=frame.index)).to_numpy(dtype=np.float64, na_value=np.nan)
        parts.append(pd.DataFrame({"row": frame.index, "indicator": name, "value": value, "n": of})[np.isfinite(value)])
    return pd.concat(parts, ignore_index=True)


def _long(table: Table, frame: pd.DataFrame, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Return the figures of a table with a row per indicator."""
    units = frame.get("unit", pd.Series("", index=frame.index, dtype="str"))
    values = np.full(len(frame), np.nan)
    for name in sorted(set(frame["indicator"]) - {""}):
        mine = (frame["indicator"] == name).to_numpy(dtype=bool)
        said = " ".join(sorted(set(units[mine])))
        values[mine] = _numbers(table, frame.loc[mine, "value"], name, f"{table.header('value')} {said}".strip(), options, log)
    of = frame.get("n", pd.Series(np.nan, index=frame.index)).to_numpy(dtype=np.float64, na_value=np.nan)
    found = pd.DataFrame({"row": frame.index, "indicator": frame["indicator"].astype("str").to_numpy(), "value": values, "n": of})
    return pd.DataFrame(found[np.isfinite(values)].reset_index(drop=True))


def _numbers(table: Table, cells: pd.Series, name: str, header: str, options: TableOptions, log: IssueLog) -> FloatArray:
    """Return values in the indicator's unit, shares 0..1; what cannot be is unknown."""
    entry = _settings()["indicators"][name]
    texts = cells.astype(object)
    bounds = texts.map(lambda c: isinstance(c, str) and _BOUND.search(clean(c)) is not None).to_numpy(dtype=bool)
    if bounds.any():
        log.add("reported_bound", table.source, rows=cells.index[bounds], column=table.header(name) if name in table.headers else header, came=list(texts[bounds]))
    bare, marked, shown = percent_marks(texts.mask(bounds))
    plain = ~marked & ~shown
    number = parse_numbers(bare, minimum=0, estimates=True)
    for code, mask in (("number_unreadable", number.unreadable), ("number_ambiguous", number.ambiguous), ("number_estimated", number.approximate)):
        if mask.any():
            log.add(code, table.source, rows=cells.index[mask], column=table.header(name) if name in table.headers else header, came=list(texts[mask]), fields={"unit": ""})
    values = number.values.copy()
    most = float(entry["most"])
    if entry["unit"] == "share":
        measure, told = _measure(header, values[plain], options)
        if not measure:
            whole = plain & np.isfinite(values)
            log.add("reported_taken_as_shares", table.source, rows=cells.index[whole], column=header, came=list(texts[whole]))
        if measure == "percent" and not clean(options.extra.get("measure", "")):
            kept, lost = doubtful_percent(table.source.file, values, plain, told=told)
            for code, mask in (("percent_below_one", kept), ("percent_or_share", lost)):
                if mask.any():
                    log.add(code, table.source, rows=cells.index[mask], column=header, came=list(texts[mask].astype(str)))
            values[lost] = np.nan
        values = np.where(marked | (plain & (measure == "percent")), values / _PERCENT, values)
    with np.errstate(invalid="ignore"):
        wrong = (values < 0) | (values > most)
    if wrong.any():
        log.add("reported_value_impossible", table.source, rows=cells.index[wrong], column=header, came=list(texts[wrong]),
                fields={"most": "100 %" if entry["unit"] == "share" else f"{most:g}"})
    return np.where(wrong, np.nan, values)


def _measure(header: str, values: FloatArray, options: TableOptions) -> tuple[str, bool]:
    """Return what a column of shares has, and whether it was told: ``percent`` or ``share``, else as its size says; empty where 1 may be either."""
    given = clean(options.extra.get("measure", ""))
    if given in _MEASURES:
        return given, True
    if "%" in header or any(word in fold(header) for word in _settings()["percent_words"]):
        return "percent", True
    known = values[np.isfinite(values)]
    if not known.size:
        return "share", False
    if known.max() > 1:
        return "percent", False
    return ("share" if ((known > 0) & (known < 1)).any() else ""), False


# -- places -----------------------------------------------------------------------------------------


def _placed(table: Table, frame: pd.DataFrame, end: pd.Series, context: PositionContext, log: IssueLog) -> pd.DataFrame:
    """Return ``area_level`` (empty: not found), ``area_code`` and ``former_place`` of each row."""
    area = context.area
    blank = pd.Series("", index=frame.index, dtype="str")
    texts = {c: parse_texts(frame[c]) if c in frame.columns else blank for c in _AREAS}
    keys = list(zip(*(texts[c] for c in _AREAS), strict=True))
    old = (end <= pd.Timestamp(_settings()["former_until"]["value"])).to_numpy(dtype=bool)
    codes = area.has_former_codes({k[0] for k in keys})
    meant = {key: _meant(area, key, context, former_codes=codes) for key in dict.fromkeys(keys)}
    # Of the rows of before the change: does any name what is no commune today? Else the table was brought to today's.
    was = any(meant[k].match.places or k[2] for k, o in zip(keys, old, strict=True) if o)
    if old.any() and not was and area.former is not None:
        log.add("reported_on_today_s", table.source, rows=frame.index[old])
    found: list[tuple[str, str, int]] = []
    matched: list[AreaMeant] = []
    for key, before in zip(keys, old, strict=True):
        one = meant[key]
        if before and was:
            one = _former(area, key, context) or one
        matched.append(one)
        if one.match.places:
            settled = len(one.match.places) == 1 and one.match.how is not Matched.SPELLING and area.former is not None
            found.append(("former_commune", area.former.codes[one.match.places[0]], one.match.places[0]) if settled and area.former else ("", "", -1))
        elif len(one.units) == 1:
            found.append(("commune", str(area.codes[next(iter(one.units))]), -1))
        else:
            found.append((*_province(area, key), -1))
    state_former_areas(table, frame, area, matched, np.full(len(frame), -1), log)
    return pd.DataFrame(found, columns=["area_level", "area_code", "former_place"], index=frame.index).astype({"former_place": "int64"})


def _meant(area: AreaIndex, key: tuple[str, ...], context: PositionContext, *, former_codes: bool) -> AreaMeant:
    code, name, district, *provinces = key
    province = next((p for p in map(area.province_meant, provinces) if p), "")
    return area.meant(code, name, (province,) if province else context.provinces, district, former_codes=former_codes)


def _former(area: AreaIndex, key: tuple[str, ...], context: PositionContext) -> AreaMeant | None:
    """Return the former commune of the area that a row of before the change names; None if it names none."""
    if area.former is None:
        return None
    code, name, district, province_code, province_name = key
    numbers = {str(c): i for i, c in enumerate(area.codes)}
    found = area.former.by_code(code) if code else FormerMatch(Matched.NONE)
    if not found.places and name:
        found = area.former.find(name, district, province_name or province_code, tuple(context.provinces))
    units = frozenset(numbers[c] for c in area.former.today_of(found) if c in numbers)
    return AreaMeant(units, found) if units else None


def _province(area: AreaIndex, key: tuple[str, ...]) -> tuple[str, str]:
    code, name, _, *provinces = key
    named = next((p for p in map(area.province_meant, provinces) if p), "")
    if not code and not name and named:
        return "province", named
    whole = "" if code else area.province_meant(name)
    return ("province", whole) if whole else ("", "")


# -- several tables ---------------------------------------------------------------------------------


def settle_repeats(frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return each figure once; where several rows give different values of one figure, it is left out. Both are stated."""
    # 79.6 of a hundred and 0.796 are the same figure, whatever their last bit.
    groups = frame.assign(value=frame["value"].round(_SAME_DIGITS)).groupby(_KEY, sort=False, dropna=False)
    several = groups["value"].transform("size").to_numpy() > 1
    differ = several & (groups["value"].transform("nunique").to_numpy() > 1)
    wholes = several & ~differ & (groups["n"].transform("nunique").to_numpy() > 1)
    frame = frame.assign(n=groups["n"].transform("max").where(several & ~wholes, frame["n"]).mask(wholes))
    came = np.array([f"{i}: {v:g}" for i, v in zip(frame["indicator"], frame["value"], strict=True)], dtype=object)
    state_rows("reported_wholes_differ", frame, wholes, log, came=came)
    state_rows("reported_rows_differ", frame, differ, log, came=came)
    again = several & ~differ & frame.duplicated(_KEY).to_numpy(dtype=bool)
    state_rows("reported_row_repeated", frame, again, log, came=came)
    return pd.DataFrame(frame[~differ & ~again].reset_index(drop=True))
